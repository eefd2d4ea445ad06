//! Writing a page at the end of a chain: the whole table of how that can go.
//!
//! | refused | means | then |
//! |---|---|---|
//! | the page, and mine stands there | my own lost reply | it stands |
//! | the page, and another stands there | another environment or a seal was faster | rebase on the tail; after two losses another chain |
//! | a donation or a charge | it has moved on | read again and plan again |
//! | conflict, throttled, or `None` alone | others are writing | the same again after a short random wait |
//! | invalid | one action can never be written | halve the group |
//! | no answer | not known | the same again: same page, same token |

use std::sync::PoisonError;
use std::time::Duration;

use domain::donation::Place;
use domain::journal::{ChainId, Page};
use platform::table::{Booking, Committed, Group, Refusal, TableError};

use crate::Deps;
use crate::group::GroupError;
use crate::plan::{Indexes, Plan, Turn};
use crate::salts::Salts;
use crate::seat::Seat;

/// How often a group is read, planned and written before its messages go back to the queue. Each round is lost only to others who won.
pub const ROUNDS: u32 = 8;
/// How often the same page is written before the group is looked at again.
const TRIES: u32 = 4;
/// Losses on one chain after which another is taken.
const LOSSES: u32 = 2;
/// The unit of waiting between tries: a transaction takes about this long.
const WAIT: Duration = Duration::from_millis(20);

/// How the commit of a plan went.
#[derive(Debug)]
pub enum Outcome {
    /// It stands on this page, or there was nothing to write.
    Stands(Option<Page>),
    /// Something has moved on: read and plan again.
    LookAgain,
}

/// What a cancelled transaction means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Meaning {
    PageTaken,
    MovedOn,
    Busy,
    Invalid,
    Unknown,
}

/// Commits a plan.
///
/// # Errors
/// When the table cannot be reached, refuses the group as invalid, or is too crowded.
pub async fn commit(deps: &Deps, plan: &Plan, round: u32) -> Result<Outcome, GroupError> {
    if plan.entries.is_empty() {
        return Ok(Outcome::Stands(None));
    }
    let Salts { key, salts, kept } = Salts::of(&plan.leaves, &deps.random);
    if let Some(page) = key.as_ref().filter(|_| !kept.is_empty()) {
        // Before the page, whichever it becomes: one that stands has its salts.
        deps.table.keep_salts(page, &kept).await?;
    }
    let mut seat = take_seat(deps).await?;
    let mut losses = 0;
    for _ in 0..ROUNDS {
        let page = seat.tail.write_agreed(plan.entries.clone(), (key, &salts), deps.clock.now());
        let group = group(plan, page);
        match write(deps, &group, round).await? {
            Written::Stands => {
                put_seat(deps, seat.wrote(&group.page));
                return Ok(Outcome::Stands(Some(group.page)));
            }
            Written::MovedOn => {
                put_seat(deps, seat);
                return Ok(Outcome::LookAgain);
            }
            Written::PageTaken => {
                losses += 1;
                let chain = chain_after(losses, seat.tail.chain, deps.random.number());
                seat = Seat::at_end_of(&deps.table, chain).await?;
            }
        }
    }
    Err(GroupError::Crowded(ROUNDS))
}

/// How the writing of one page went.
enum Written {
    Stands,
    PageTaken,
    MovedOn,
}

/// Writes one page, the same bytes under the same token, until it is known how that went.
async fn write(deps: &Deps, group: &Group, round: u32) -> Result<Written, GroupError> {
    let mut last = None;
    for attempt in 0..TRIES {
        match deps.table.commit(group).await {
            Ok(Committed::Done) => return Ok(Written::Stands),
            Ok(Committed::Cancelled(refusals)) => match meaning(&refusals) {
                Meaning::PageTaken if is_mine(&refusals, &group.page)? => return Ok(Written::Stands),
                Meaning::PageTaken => return Ok(Written::PageTaken),
                Meaning::MovedOn => return Ok(Written::MovedOn),
                Meaning::Invalid => return Err(TableError::Invalid(format!("{refusals:?}").into()).into()),
                Meaning::Unknown => return Err(TableError::Other(format!("{refusals:?}").into()).into()),
                Meaning::Busy => last = Some(TableError::Transient("conflict".into())),
            },
            Ok(Committed::Unsure(error)) => last = Some(error),
            Err(error) if error.is_transient() => last = Some(error),
            Err(error) => return Err(error.into()),
        }
        tokio::time::sleep(wait(round, attempt, deps.random.number())).await;
    }
    Err(last.map_or(GroupError::Crowded(TRIES), GroupError::Table))
}

/// The page's refusal goes before all others: if it is mine, the group stands, and what else was refused was refused because of that.
fn meaning(refusals: &[Refusal]) -> Meaning {
    let Some((page, rest)) = refusals.split_first() else { return Meaning::Unknown };
    if matches!(page, Refusal::Condition(_)) {
        return Meaning::PageTaken;
    }
    let mut meaning = match page {
        Refusal::Invalid => Meaning::Invalid,
        Refusal::Unknown(_) => Meaning::Unknown,
        Refusal::None | Refusal::Condition(_) | Refusal::Conflict | Refusal::Throttled => Meaning::Busy,
    };
    for refusal in rest {
        meaning = match refusal {
            Refusal::Condition(_) => return Meaning::MovedOn,
            Refusal::Invalid => Meaning::Invalid,
            Refusal::Unknown(_) if meaning == Meaning::Busy => Meaning::Unknown,
            Refusal::Unknown(_) | Refusal::None | Refusal::Conflict | Refusal::Throttled => meaning,
        };
    }
    meaning
}

fn is_mine(refusals: &[Refusal], page: &Page) -> Result<bool, TableError> {
    let stands = refusals.first().map(Refusal::tail).transpose()?.flatten();
    Ok(stands.is_some_and(|tail| tail.hash == page.hash()))
}

fn group(plan: &Plan, page: Page) -> Group {
    let place =
        |index: usize| Place { chain: page.chain.number(), seq: page.seq, index: u16::try_from(index).unwrap_or(u16::MAX) };
    let booking = |(turn, indexes): &(Turn, Indexes)| {
        let Turn { read, state, mut back } = turn.clone();
        back.booked.extend(indexes.others.iter().copied().map(place));
        Booking { read, state, back, place: indexes.settles.map(place) }
    };
    let donations = plan.booked.iter().map(booking).collect();
    Group { donations, charges: plan.charges.clone(), page }
}

/// A seat that this environment has and nobody in it is using, or one at a chain at random.
async fn take_seat(deps: &Deps) -> Result<Seat, TableError> {
    let free = deps.seats.lock().unwrap_or_else(PoisonError::into_inner).pop();
    match free {
        Some(seat) => seat.or_next(&deps.table).await,
        None => Seat::at_end_of(&deps.table, ChainId::any(deps.random.number())).await,
    }
}

fn put_seat(deps: &Deps, seat: Seat) {
    deps.seats.lock().unwrap_or_else(PoisonError::into_inner).push(seat);
}

/// The chain to go on with after so many losses, the last on this one: each time that enough were lost, one at random.
fn chain_after(losses: u32, lost_on: ChainId, random: u64) -> ChainId {
    if losses.is_multiple_of(LOSSES) { ChainId::any(random) } else { lost_on }
}

/// Growing with each round and each try, and random, so that those who met do not meet again.
fn wait(round: u32, attempt: u32, random: u64) -> Duration {
    let most = WAIT * 2u32.saturating_pow((round + attempt).min(6));
    let micros = u64::try_from(most.as_micros()).unwrap_or(u64::MAX);
    Duration::from_micros(random % micros.max(1))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    /// The whole table of cancellations, in the order of importance.
    #[test]
    fn every_cancellation_has_one_meaning() {
        use Refusal::{Condition, Conflict, Invalid, None, Throttled, Unknown};
        let odd = || Unknown("Odd".to_owned());
        let table = [
            (vec![Condition(Option::None), None], Meaning::PageTaken),
            (vec![Condition(Option::None), Condition(Option::None)], Meaning::PageTaken),
            (vec![Condition(Option::None), Invalid], Meaning::PageTaken),
            (vec![None, Condition(Option::None)], Meaning::MovedOn),
            (vec![Conflict, Condition(Option::None)], Meaning::MovedOn),
            (vec![None, Invalid, Condition(Option::None)], Meaning::MovedOn),
            (vec![Conflict, None], Meaning::Busy),
            (vec![None, Conflict], Meaning::Busy),
            (vec![None, Throttled], Meaning::Busy),
            (vec![None, None], Meaning::Busy),
            (vec![Invalid, None], Meaning::Invalid),
            (vec![None, Invalid, Conflict], Meaning::Invalid),
            (vec![None, Conflict, Invalid, odd()], Meaning::Invalid),
            (vec![None, odd(), Conflict], Meaning::Unknown),
            (vec![odd(), None], Meaning::Unknown),
            (vec![], Meaning::Unknown),
        ];
        for (refusals, expected) in table {
            assert_eq!(meaning(&refusals), expected, "{refusals:?}");
        }
    }

    #[test]
    fn the_wait_grows_with_rounds_and_tries_and_has_an_end() {
        let table = [((0, 0), 1), ((0, 1), 2), ((1, 0), 2), ((1, 1), 4), ((2, 2), 16), ((3, 3), 64), ((7, 3), 64)];
        for ((round, attempt), times) in table {
            let most = WAIT * times;
            let micros = u64::try_from(most.as_micros()).unwrap();
            assert_eq!(wait(round, attempt, micros - 1), most - Duration::from_micros(1), "round {round}, try {attempt}");
            assert_eq!(wait(round, attempt, micros), Duration::ZERO, "round {round}, try {attempt}");
        }
    }

    #[test]
    fn another_chain_is_taken_after_two_losses() {
        let (lost_on, other) = (ChainId::any(3), ChainId::any(8));
        let chains = [1, 2, 3, 4].map(|losses| chain_after(losses, lost_on, 8));
        assert_eq!(chains, [lost_on, other, lost_on, other]);
        assert_ne!(lost_on, other);
    }
}
