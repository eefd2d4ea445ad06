//! What an environment knows of one offering's lots, and what it does next: pure.
//!
//! | what is known | next |
//! |---|---|
//! | a lot with enough room, claimed on a moment ago | stay with it |
//! | lots that had room when they were last seen | read some of them |
//! | nothing of the kind | look at all |
//! | a look a moment ago found no room | there is none |
//!
//! and before the claim itself:
//!
//! | what is known | step |
//! |---|---|
//! | nothing of the lot: another request has named it | read it, then as below |
//! | plenty is left, the lot was seen a moment ago, and some would be left on it | claim |
//! | plenty is left | read the lot, then claim |
//! | little is left | wait, read the lot, then claim; if it is gone, wait before another is named |

use std::collections::BTreeMap;

use domain::moment::Moment;
use domain::sacrifice::lot::choose;
use domain::sacrifice::{Room, Species};

use super::patience::Pace;
use super::{CANDIDATES, FRESH_MS, LOOK_AGE_MS, READS, SCARCE_TURNS, SLACK_SHARES};
use crate::shares::Asked;

/// What is known of one offering's lots.
#[derive(Debug, Clone, Default)]
pub(super) struct Known {
    pub species: Option<Species>,
    /// How this environment's calls and claims go.
    pub pace: Pace,
    /// The lot that was claimed on last.
    current: Option<u32>,
    /// The lots that had room when they were last seen.
    lots: BTreeMap<u32, Seen>,
    /// What is left, by the last reading.
    sample: Sample,
    /// When the last look began.
    looked_at: Option<Moment>,
}

#[derive(Debug, Clone, Copy)]
struct Seen {
    free: u8,
    at: Moment,
}

/// What was free on lots that were read, and of how many they stand for.
#[derive(Debug, Clone, Default)]
struct Sample {
    free: Vec<u8>,
    among: usize,
}

impl Sample {
    /// How many more requests for so many shares there is room for, as far as the sample tells.
    fn turns(&self, shares: u8) -> usize {
        let turns: usize = self.free.iter().map(|free| usize::from(free / shares.max(1))).sum();
        (turns * self.among).div_ceil(self.free.len().max(1))
    }
}

/// Where to look for room.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Next {
    /// On this lot.
    Stay(u32),
    /// On these; so many like them are known.
    Read { lots: Vec<u32>, among: usize },
    /// On every lot.
    Look,
    /// There is none. The most that one lot could still take is so much.
    Nothing {
        largest: u8,
        /// When the look began by which that is known.
        began: Moment,
    },
}

/// Which lot to try after another that was gone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Aim {
    /// The best of some that are read now: plenty is left.
    Best,
    /// This one, if it still has room after a wait.
    At { lot: u32, wait_ms: u64 },
    /// None is known to have room.
    Nowhere,
}

/// What to do before a lot is claimed on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Step {
    /// Nothing.
    Claim,
    /// Read it: nothing is known of it here, and it may be claimed already.
    Meet,
    /// Read it.
    Read,
    /// Wait for so many milliseconds, then read it.
    Wait(u64),
}

impl Known {
    /// Where to look for room.
    pub fn next(&self, asked: &Asked, tried: &[u32], reads: u32, (now, chance): (Moment, u64)) -> Next {
        if let Some(lot) = self.current.filter(|lot| !tried.contains(lot) && self.is_to_stay(asked, *lot, now)) {
            return Next::Stay(lot);
        }
        let had_room = |(lot, seen): (&u32, &Seen)| (seen.free >= asked.shares && !tried.contains(lot)).then_some(*lot);
        let lots: Vec<u32> = self.lots.iter().filter_map(had_room).collect();
        if reads < READS && !lots.is_empty() {
            let among = lots.len();
            return Next::Read { lots: some(lots, chance), among };
        }
        match (self.looked_at, self.largest()) {
            (Some(began), largest) if self.is_looked(now) && largest < asked.shares => Next::Nothing { largest, began },
            _ => Next::Look,
        }
    }

    /// Of an animal of seven only a lot that fits exactly: where something would be left of it, others may fit better.
    fn is_to_stay(&self, asked: &Asked, lot: u32, now: Moment) -> bool {
        self.fresh(lot, now).is_some_and(|free| match asked.species {
            Species::Sheep | Species::Goat => free >= asked.shares,
            Species::Cow | Species::Camel => free == asked.shares,
        })
    }

    /// What to do before this lot is claimed on. `has_waited` when that was done before it was found.
    pub fn step(&self, asked: &Asked, lot: u32, has_waited: bool, (now, chance): (Moment, u64)) -> Step {
        let Some(seen) = self.lots.get(&lot) else { return Step::Meet };
        if self.is_scarce(asked.shares) {
            return if has_waited { Step::Read } else { Step::Wait(self.pace.wait_ms(chance)) };
        }
        let has_slack = seen.free >= asked.shares + SLACK_SHARES;
        if has_slack && self.fresh(lot, now).is_some() { Step::Claim } else { Step::Read }
    }

    /// Which lot to try next, those being tried in vain. Where little is left only what was seen within a second is aimed at.
    pub fn aim(&self, asked: &Asked, tried: &[u32], (now, chance): (Moment, u64)) -> Aim {
        if !self.is_scarce(asked.shares) {
            return Aim::Best;
        }
        let is_recent = |seen: &Seen| (0..LOOK_AGE_MS).contains(&now.millis_since(seen.at));
        match self.choose_known(asked, tried, chance, is_recent) {
            Some(lot) => Aim::At { lot, wait_ms: self.pace.wait_ms(chance.rotate_left(32)) },
            None => Aim::Nowhere,
        }
    }

    /// A lot that is to be read, and where little is left others that had room, in case it has none.
    pub fn beside(&self, asked: &Asked, lot: u32, chance: u64) -> Vec<u32> {
        let mut lots = vec![lot];
        if self.is_scarce(asked.shares) {
            let others = self.lots.iter().filter(|(other, seen)| **other != lot && seen.free >= asked.shares);
            lots.extend(some(others.map(|(other, _)| *other).collect(), chance));
            lots.truncate(CANDIDATES);
        }
        lots
    }

    /// Whether so little is left that many may want the same.
    fn is_scarce(&self, shares: u8) -> bool {
        self.sample.turns(shares) <= SCARCE_TURNS
    }

    /// So much was free on a lot just now.
    pub fn saw(&mut self, room: Room, now: Moment) {
        if room.free == 0 {
            self.lots.remove(&room.lot);
        } else {
            self.lots.insert(room.lot, Seen { free: room.free, at: now });
        }
    }

    /// This lot was claimed on, and so much is left of it.
    pub fn claimed(&mut self, room: Room, now: Moment) {
        self.saw(room, now);
        self.current = (room.free > 0).then_some(room.lot);
    }

    /// Some of so many lots were read: the one to claim on.
    pub fn saw_some(&mut self, asked: &Asked, rooms: &[Room], among: usize, (now, chance): (Moment, u64)) -> Option<u32> {
        rooms.iter().for_each(|room| self.saw(*room, now));
        self.sample = Sample { free: rooms.iter().map(|room| room.free).collect(), among };
        self.choose(asked, rooms, chance)
    }

    /// All lots with room were read.
    pub fn saw_all(&mut self, rooms: &[Room], began: Moment) {
        self.lots = rooms.iter().map(|room| (room.lot, Seen { free: room.free, at: began })).collect();
        self.sample = Sample { free: rooms.iter().map(|room| room.free).collect(), among: rooms.len() };
        self.looked_at = Some(began);
    }

    /// The lot to claim on after a look, or the most that one lot could still take.
    pub fn after_look(&self, asked: &Asked, tried: &[u32], chance: u64) -> Result<u32, u8> {
        self.choose_known(asked, tried, chance, |_| true).ok_or(self.largest().min(asked.shares.saturating_sub(1)))
    }

    /// The lot to claim on of those that are known; one that was tried in vain only where there is no other: it may have room again.
    fn choose_known(&self, asked: &Asked, tried: &[u32], chance: u64, is_believed: impl Fn(&Seen) -> bool) -> Option<u32> {
        let believed = self.lots.iter().filter(|(_, seen)| is_believed(seen));
        let rooms = believed.map(|(lot, seen)| Room { lot: *lot, free: seen.free });
        let (tried, others): (Vec<Room>, Vec<Room>) = rooms.partition(|room| tried.contains(&room.lot));
        self.choose(asked, &others, chance).or_else(|| self.choose(asked, &tried, chance))
    }

    /// Where little is left, any lot with room: those who all wait for the best would meet on it. Else the best of some.
    fn choose(&self, asked: &Asked, rooms: &[Room], chance: u64) -> Option<u32> {
        let enough: Vec<Room> = rooms.iter().copied().filter(|room| room.free >= asked.shares).collect();
        let some = some(enough, chance);
        if self.is_scarce(asked.shares) {
            return some.first().map(|room| room.lot);
        }
        choose(&some, asked.shares, asked.species, chance).map(|room| room.lot)
    }

    /// What is free on a lot that was seen a moment ago.
    fn fresh(&self, lot: u32, now: Moment) -> Option<u8> {
        let seen = self.lots.get(&lot)?;
        (0..FRESH_MS).contains(&now.millis_since(seen.at)).then_some(seen.free)
    }

    fn is_looked(&self, now: Moment) -> bool {
        self.looked_at.is_some_and(|began| (0..LOOK_AGE_MS).contains(&now.millis_since(began)))
    }

    /// When the last look began, if what it found may still be told.
    pub fn looked(&self, now: Moment) -> Option<Moment> {
        self.looked_at.filter(|_| self.is_looked(now))
    }

    /// The lots that had room when they were last seen: every one of them after a look.
    pub fn rooms(&self) -> Vec<Room> {
        self.lots.iter().map(|(lot, seen)| Room { lot: *lot, free: seen.free }).collect()
    }

    /// Whether a look began then or later.
    pub fn is_looked_since(&self, then: Moment) -> bool {
        self.looked_at.is_some_and(|began| began.millis_since(then) >= 0)
    }

    fn largest(&self) -> u8 {
        self.lots.values().map(|seen| seen.free).max().unwrap_or(0)
    }
}

/// Up to [`CANDIDATES`] of these by chance, in an order by chance.
fn some<T>(mut all: Vec<T>, mut chance: u64) -> Vec<T> {
    let count = all.len().min(CANDIDATES);
    for place in 0..count {
        let left = (all.len() - place) as u64;
        all.swap(place, place + usize::try_from(chance % left).unwrap_or(0));
        // Another number from the same chance: Knuth's multiplier.
        chance = chance.rotate_left(17).wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
    }
    all.truncate(count);
    all
}

#[cfg(test)]
mod tests;
