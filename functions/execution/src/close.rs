//! One offering, from what stands of it to its next rest: packed, or waiting for something.
//!
//! It goes by turns. Each reads what stands, does one thing about it and ends; so whatever a run before has left, or another does at the same time, is what the next turn finds.
//!
//! | what stands | then |
//! |---|---|
//! | its sale is over | it is marked, and its lots are taken |
//! | a plan with steps that were neither made nor left | they are made |
//! | shares that are held | those that are paid are confirmed; for the others it is waited |
//! | shares that are free, or the platform's own beside animals that are not full | they are withdrawn |
//! | animals that are not full, with gifts that have gone back | those are freed |
//! | animals that are not full, more than one | it is planned how they are filled |
//! | one that is not full | completed, or its gifts are to go back, for which it is waited |
//! | heads that nobody has been told | they are given out |
//! | nothing of all that | it is packed |

use std::collections::BTreeSet;

use domain::id::OpportunityId;
use domain::sacrifice::packing::{self, Plan, is_partial};
use domain::sacrifice::{Lot, Offering, Stage, Stock};
use futures_util::{FutureExt as _, StreamExt as _, TryStreamExt as _, stream};
use platform::table::Round;
use platform::telemetry;
use serde_json::{Value, json};

use crate::{Deps, ExecutionError, carry, held, remainder, seal, watch};

/// Turns of one run: as many as the largest sale needs, some of them lost to others.
const MOST_TURNS: usize = 200;
/// Writes at the same time.
pub(crate) const AT_ONCE: usize = 32;

/// Where an offering came to rest.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// Every confirmed share has its animal.
    Packed,
    /// So many shares are held: they are paid for, or released.
    WaitsForHolds(usize),
    /// So many gifts are to go back.
    WaitsForRefunds(usize),
}

impl Outcome {
    /// Whether the clock has to bring it on.
    pub const fn waits_for_holds(self) -> bool {
        matches!(self, Outcome::WaitsForHolds(_))
    }

    /// Whether every confirmed share has its animal.
    pub const fn is_packed(self) -> bool {
        matches!(self, Outcome::Packed)
    }

    /// The stable code.
    pub const fn code(self) -> &'static str {
        match self {
            Outcome::Packed => "packed",
            Outcome::WaitsForHolds(_) => "waits_for_holds",
            Outcome::WaitsForRefunds(_) => "waits_for_refunds",
        }
    }

    pub(crate) fn told(self, id: &OpportunityId) -> Value {
        let of = match self {
            Outcome::Packed => None,
            Outcome::WaitsForHolds(count) | Outcome::WaitsForRefunds(count) => Some(count),
        };
        match of {
            None => json!({"offering": id, "outcome": self.code()}),
            Some(count) => json!({"offering": id, "outcome": self.code(), "of": count}),
        }
    }
}

/// How a turn ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Turn {
    /// Something was done, or somebody else was quicker: there may be more to do.
    Again,
    /// There is nothing more to do now.
    Rests(Outcome),
}

/// Brings an offering to its next rest.
///
/// # Errors
/// See [`ExecutionError`]. What was done stands, and the next run goes on from there.
pub async fn close(deps: &Deps, id: &OpportunityId) -> Result<Outcome, ExecutionError> {
    for _ in 0..MOST_TURNS {
        let offering = deps.table.offering(id).await?.ok_or_else(|| ExecutionError::NotDue(id.clone()))?;
        let turn = match offering.stage {
            Stage::Sale => begin(deps, &offering).await?,
            Stage::Closing => fill(deps, &offering).await?,
            Stage::Packed | Stage::Listed => watch::watch(deps, &offering).await?,
        };
        match turn {
            Turn::Again => {}
            Turn::Rests(outcome) => return Ok(outcome),
        }
    }
    Err(ExecutionError::Crowded)
}

/// Writes an offering over what was read of it; whether it was this run that did, the next turn reads.
pub(crate) async fn put(deps: &Deps, offering: Offering) -> Result<Turn, ExecutionError> {
    let offering = Offering { revision: offering.revision + 1, mark: deps.random.number(), ..offering };
    deps.table.put_offering(&offering).await?;
    Ok(Turn::Again)
}

/// Whoever was changing the quota has an earlier revision from here on. What of a change had broken off is not taken up again: what is not sold is of no use any more.
async fn begin(deps: &Deps, offering: &Offering) -> Result<Turn, ExecutionError> {
    let closed_as = Some(offering.revision + 1);
    put(deps, Offering { stage: Stage::Closing, stock: Stock::Ready, closed_as, ..offering.clone() }).await
}

async fn fill(deps: &Deps, offering: &Offering) -> Result<Turn, ExecutionError> {
    let lots = deps.table.all_lots(&offering.id).await?;
    if take(deps, offering, &lots).await? {
        return Ok(Turn::Again);
    }
    if carry::carry_on(deps, offering).await? {
        return Ok(Turn::Again);
    }
    if let Some(turn) = held::settle(deps, offering, &lots).await? {
        return Ok(turn);
    }
    if seal::seal(deps, offering, &lots).await? {
        return Ok(Turn::Again);
    }
    let partials: Vec<&Lot> = lots.iter().filter(|lot| lot.own == 0 && is_partial(lot, offering.species)).collect();
    if held::free_gone(deps, offering, &partials).await? {
        return Ok(Turn::Again);
    }
    let plan = packing::plan(&lots, offering.species);
    if !plan.steps.is_empty() {
        return keep(deps, offering, plan).await;
    }
    match partials.as_slice() {
        [] => {}
        [last] => return remainder::decide(deps, offering, last).await,
        more => return Err(ExecutionError::Unfilled(more.len(), offering.id.clone())),
    }
    if seal::give_out_heads(deps, offering, &lots).await? {
        return Ok(Turn::Again);
    }
    pack(deps, offering).await
}

/// Takes the lots that stand under an earlier revision, and those that an earlier writer may be about to make. Whether there were any.
async fn take(deps: &Deps, offering: &Offering, lots: &[Lot]) -> Result<bool, ExecutionError> {
    let closed_as = offering.closed_as.unwrap_or(offering.revision);
    let taken: BTreeSet<u32> = lots.iter().filter(|lot| lot.revision >= closed_as).map(|lot| lot.lot).collect();
    let known = lots.iter().map(|lot| lot.lot).chain(0..offering.lots);
    let open: BTreeSet<u32> = known.filter(|lot| !taken.contains(lot)).collect();
    let mut takes = Vec::new();
    for lot in &open {
        takes.push(deps.table.take_lot(&offering.id, *lot, closed_as).boxed());
    }
    let _: Vec<Option<Lot>> = stream::iter(takes).buffer_unordered(AT_ONCE).try_collect().await?;
    Ok(!open.is_empty())
}

/// Writes the plan down as the next round. What stands of that number is carried out, by whoever wrote it.
async fn keep(deps: &Deps, offering: &Offering, plan: Plan) -> Result<Turn, ExecutionError> {
    let before = deps.table.last_round(&offering.id).await?.map_or(0, |round| round.round);
    let (round, moves, planned_at) = (before + 1, plan.moves(), deps.clock.now());
    tracing::info!(offering = offering.id.as_str(), round, moves, least = plan.least, "planned");
    let round = Round { round, steps: plan.steps, splits: plan.splits, least: plan.least, planned_at };
    deps.table.keep_round(&offering.id, round).await?;
    Ok(Turn::Again)
}

/// Every confirmed share has its animal.
async fn pack(deps: &Deps, offering: &Offering) -> Result<Turn, ExecutionError> {
    telemetry::count("execution", "OfferingsPacked", 1);
    put(deps, Offering { stage: Stage::Packed, ..offering.clone() }).await
}
