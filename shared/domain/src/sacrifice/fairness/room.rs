//! The waiting room: whose turn it is, by the number of a ticket and the time alone.
//!
//! **Numbers** are given one after another. From the opening on so many of them are admitted each second, in their order; so who is admitted is computed, and whoever looks writes
//! nothing. A turn that nobody uses is lost time, not stock: the next one comes as soon as it would have.
//!
//! **A turn** begins when its number is admitted and lasts [`TURN_SECS`]. Both follow from the room; nothing is kept for a ticket.
//!
//! **Promise.** Whatever an operator changes and whenever: nobody who was admitted is put back, the order of numbers stays, and never are more admitted than the rate has it.
//! A change counts from [`CHANGE_SECS`] after it was made, when nobody has the room in memory any more as it was: until then both forms of it say the same. So all
//! environments agree on whose turn it is at each moment.

use serde::{Deserialize, Serialize};

use crate::moment::Moment;

/// How long before the opening tickets are given: whoever comes for the hour has one before it strikes.
pub const TICKETS_BEFORE_SECS: i64 = 3_600;
/// How long a turn lasts: long enough to be told of it, to choose names, and to send the gift twice.
pub const TURN_SECS: i64 = 600;
/// How long after a change of the room it counts: longer than readers keep an offering in memory (a second), and clocks that differ.
pub const CHANGE_SECS: i64 = 3;
/// The shortest and the longest time after which whoever waits is to look again.
pub const LOOK_AGAIN_SECS: std::ops::RangeInclusive<u64> = 2..=30;

/// How fast those who wait are let in, from a moment on until the next pace's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pace {
    /// From then on.
    pub since: Moment,
    /// The number up to which all were admitted by then.
    pub base: u64,
    /// Admissions a second.
    pub rate: u32,
}

impl Pace {
    fn admitted(&self, now: Moment) -> u64 {
        let millis = u64::try_from(now.millis_since(self.since)).unwrap_or(0);
        self.base.saturating_add(millis.saturating_mul(self.rate.into()) / 1_000)
    }

    /// When this pace admits a number beyond its base.
    fn comes(&self, number: u64) -> Moment {
        let millis = number.saturating_sub(self.base).saturating_mul(1_000).div_ceil(u64::from(self.rate).max(1));
        Moment::from_millis(self.since.millis().saturating_add(i64::try_from(millis).unwrap_or(i64::MAX)))
    }
}

/// A waiting room: its paces, one after another, of which those are kept that may still matter.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct WaitingRoom {
    /// In the order of time. The last one stays.
    pub paces: Vec<Pace>,
}

/// Where a ticket stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Turn {
    /// Its number is not admitted yet.
    Waits {
        /// Numbers before it that are not either.
        ahead: u64,
        /// When it will be.
        comes: Moment,
    },
    /// It is admitted.
    Come {
        /// Until then.
        ends: Moment,
    },
    /// It was admitted, and its time is over.
    Over,
}

impl WaitingRoom {
    /// A room that is opened now, for a sale that opens then. The tickets that were taken before it was closed the last time are admitted first.
    pub fn opened(rate: u32, opens_at: Moment, taken: u64, now: Moment) -> WaitingRoom {
        WaitingRoom { paces: vec![Pace { since: opens_at.max(now), base: taken, rate }] }
    }

    /// Admissions a second, as they are to be in the end.
    pub fn rate(&self) -> u32 {
        self.paces.last().map_or(0, |pace| pace.rate)
    }

    /// The number up to which all are admitted.
    pub fn admitted(&self, now: Moment) -> u64 {
        self.paces.iter().rev().find(|pace| pace.since <= now).map_or(0, |pace| pace.admitted(now))
    }

    /// When a number's turn begins.
    pub fn begins(&self, number: u64) -> Option<Moment> {
        let first = self.paces.first()?;
        if number <= first.base {
            return Some(first.since);
        }
        let ends = self.paces.iter().skip(1).map(|next| next.base).chain([u64::MAX]);
        // A pause ends at the number at which it began, so that none is found in it.
        let (pace, _) = self.paces.iter().zip(ends).find(|(_, end)| number <= *end)?;
        Some(pace.comes(number))
    }

    /// Where a number stands.
    pub fn turn(&self, number: u64, now: Moment) -> Turn {
        let Some(comes) = self.begins(number) else { return Turn::Over };
        let ends = comes.plus_seconds(TURN_SECS);
        if now < comes {
            Turn::Waits { ahead: number.saturating_sub(self.admitted(now)).saturating_sub(1), comes }
        } else if now < ends {
            Turn::Come { ends }
        } else {
            Turn::Over
        }
    }

    /// The room with another rate, or for a sale that opens at another time: itself where neither changes. Where an opening that has passed is put off, those whose turn
    /// has begun have it all the same, though there is nothing to be had meanwhile.
    #[must_use]
    pub fn changed(&self, rate: u32, (opened, opens_at): (Moment, Moment), now: Moment) -> WaitingRoom {
        if rate == self.rate() && opened == opens_at {
            return self.clone();
        }
        let begun = self.paces.first().filter(|first| first.since <= now);
        if begun.is_none() {
            let taken = self.paces.first().map_or(0, |first| first.base);
            return WaitingRoom::opened(rate, opens_at, taken, now);
        }
        let from = now.plus_seconds(CHANGE_SECS);
        let base = self.admitted(from);
        let mut paces: Vec<Pace> = self.paces.iter().copied().filter(|pace| pace.since < from).collect();
        if opens_at > from {
            paces.push(Pace { since: from, base, rate: 0 });
        }
        paces.push(Pace { since: from.max(opens_at), base, rate });
        // A pace is of no use once every turn that it gave is over.
        let used = paces.windows(2).take_while(|pair| pair[1].since.plus_seconds(TURN_SECS) <= now).count();
        WaitingRoom { paces: paces.split_off(used) }
    }
}

/// After how many seconds whoever waits until then is to look again: half of the way, so that few look often, and all in time.
pub fn look_again_secs(comes: Moment, now: Moment) -> u64 {
    let secs = u64::try_from(comes.millis_since(now)).unwrap_or(0).div_ceil(1_000);
    (secs / 2).clamp(*LOOK_AGAIN_SECS.start(), *LOOK_AGAIN_SECS.end())
}

#[cfg(test)]
mod tests;
