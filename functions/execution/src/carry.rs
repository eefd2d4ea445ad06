//! Carrying a round out.
//!
//! Each step reads what its lots and donations have now, and is made in one transaction; one that cannot be made any more, because a gift went back since it was planned, is written down as left. Steps that touch
//! the same lots are made in their order; others at the same time. Several runs may be at the same round: of each step one record is written, by whoever is first.

use std::collections::BTreeSet;
use std::time::Duration;

use domain::id::DonationId;
use domain::sacrifice::Offering;
use domain::sacrifice::packing::Move;
use domain::sacrifice::packing::rearrange::rearrange;
use futures_util::{FutureExt as _, StreamExt as _, stream};
use platform::table::{Rearranging, Round, Stepped};
use platform::telemetry;

use crate::close::AT_ONCE;
use crate::{Deps, ExecutionError};

/// How often one step may lose to others who write to the same lots or donations, or to a table that is busy.
const ROUNDS: usize = 12;
/// The longest wait before it is tried again: a conflict is over in milliseconds.
const LONGEST_WAIT: Duration = Duration::from_millis(250);

/// A step that is neither made nor left, with its number.
type Open<'r> = (u32, &'r [Move]);

/// Makes what is open of the latest round. Whether anything was.
///
/// # Errors
/// When the table cannot be reached, or others were quicker each time; what was made stands.
pub(crate) async fn carry_on(deps: &Deps, offering: &Offering) -> Result<bool, ExecutionError> {
    let Some(round) = deps.table.last_round(&offering.id).await? else { return Ok(false) };
    let taken: BTreeSet<u32> = deps.table.steps(&offering.id, round.round).await?.iter().map(|step| step.step).collect();
    let numbered = (0..).zip(&round.steps).map(|(number, step)| (number, step.as_slice()));
    let open: Vec<Open<'_>> = numbered.filter(|(number, _)| !taken.contains(number)).collect();
    let is_open = !open.is_empty();
    let mut work = Vec::new();
    for chain in chains(open) {
        work.push(in_order(deps, offering, &round, chain).boxed());
    }
    let done: Vec<Result<(), ExecutionError>> = stream::iter(work).buffer_unordered(AT_ONCE).collect().await;
    done.into_iter().collect::<Result<(), _>>()?;
    Ok(is_open)
}

/// Steps by what they touch: those that share a lot or a donation, directly or through others, in their order.
fn chains(open: Vec<Open<'_>>) -> Vec<Vec<Open<'_>>> {
    let mut chains: Vec<(BTreeSet<u32>, BTreeSet<DonationId>, Vec<Open<'_>>)> = Vec::new();
    for step in open {
        let lots: BTreeSet<u32> = step.1.iter().flat_map(|one| [one.from, one.to]).collect();
        let donations: BTreeSet<DonationId> = step.1.iter().map(|one| one.donation).collect();
        let (touching, others): (Vec<_>, Vec<_>) =
            chains.into_iter().partition(|(known, owners, _)| !known.is_disjoint(&lots) || !owners.is_disjoint(&donations));
        let mut joined = (lots, donations, vec![step]);
        for (known, owners, steps) in touching {
            joined.0.extend(known);
            joined.1.extend(owners);
            joined.2.extend(steps);
        }
        joined.2.sort_by_key(|(number, _)| *number);
        chains = others;
        chains.push(joined);
    }
    chains.into_iter().map(|(_, _, steps)| steps).collect()
}

async fn in_order(deps: &Deps, offering: &Offering, round: &Round, chain: Vec<Open<'_>>) -> Result<(), ExecutionError> {
    for (number, moves) in chain {
        make(deps, offering, (round.round, number), moves).await?;
    }
    Ok(())
}

/// Makes a step, or leaves it.
async fn make(deps: &Deps, offering: &Offering, at: (u32, u32), moves: &[Move]) -> Result<(), ExecutionError> {
    let lots: BTreeSet<u32> = moves.iter().flat_map(|one| [one.from, one.to]).collect();
    let donations: BTreeSet<DonationId> = moves.iter().map(|one| one.donation).collect();
    let (lots, donations): (Vec<u32>, Vec<DonationId>) = (lots.into_iter().collect(), donations.into_iter().collect());
    let record = |is_made| Stepped { round: at.0, step: at.1, moves: moves.to_vec(), is_made, at: deps.clock.now() };
    for _ in 0..ROUNDS {
        let read = (deps.table.lots(&offering.id, &lots).await?, deps.table.donations(&donations).await?);
        let changes = match rearrange(moves, &read.0, &read.1) {
            Ok(changes) => changes,
            Err(why) => {
                tracing::info!(offering = offering.id.as_str(), round = at.0, step = at.1, %why, "a step is left");
                return Ok(deps.table.leave_step(&offering.id, &record(false)).await?);
            }
        };
        match deps.table.rearrange(&offering.id, &changes, &record(true)).await {
            Ok(Rearranging::Done) => {
                telemetry::count("execution", "SharesMoved", moves.iter().map(|one| u64::from(one.shares)).sum());
                return Ok(());
            }
            Ok(Rearranging::Before) => return Ok(()),
            Ok(Rearranging::Moved) => {}
            // Whether it was made is not known: the record tells.
            Err(error) if error.is_transient() => tokio::time::sleep(wait(deps)).await,
            Err(error) => return Err(error.into()),
        }
    }
    Err(ExecutionError::Crowded)
}

/// Some of [`LONGEST_WAIT`], so that two that met do not meet again.
fn wait(deps: &Deps) -> Duration {
    LONGEST_WAIT / 1_000 * u32::try_from(deps.random.number() % 1_000).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeMap;

    #[test]
    fn steps_that_share_nothing_are_apart_and_the_others_in_order() {
        let one = |donation: u8, from, to| [Move { donation: DonationId::from_bytes([donation; 16]), shares: 1, from, to }];
        let steps = [one(1, 1, 2), one(2, 3, 4), one(3, 5, 6), one(4, 2, 3), one(3, 7, 8)];
        let open = (0..).zip(&steps).map(|(number, step)| (number, step.as_slice())).collect();
        let numbers: Vec<Vec<u32>> =
            chains(open).into_iter().map(|chain| chain.into_iter().map(|(number, _)| number).collect()).collect();
        let numbers: BTreeMap<usize, Vec<u32>> = numbers.into_iter().map(|chain| (chain.len(), chain)).collect();
        assert_eq!(numbers, BTreeMap::from([(2, vec![2, 4]), (3, vec![0, 1, 3])]), "the last two are one donation's");
    }
}
