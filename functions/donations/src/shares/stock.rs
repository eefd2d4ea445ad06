//! What this environment has seen of offerings' lots.
//!
//! **Staying.** A lot that was seen with room less than [`FRESH_MS`] ago is written to straight away: after each claim the table tells what is left. Of an animal of seven only a
//! lot that fits exactly is stayed with; where others would fit better, they are read.
//!
//! **Reading first.** Of the lots that had room when they were last seen, up to [`CANDIDATES`] at random are read at once, strongly consistent, and the best is chosen.
//!
//! **Looking.** Where those have no room, every segment is asked, unless this environment did so less than [`LOOK_AGE_MS`] ago. A look finds lots that were full and have room
//! again, because somebody did not pay.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use domain::id::OpportunityId;
use domain::moment::Moment;
use domain::sacrifice::lot::{choose, largest as largest_of};
use domain::sacrifice::{Room, Species};
use platform::http::Problem;

use super::Asked;
use crate::Deps;

/// How long what was seen of a lot is relied on, in milliseconds: longer, and others have taken it.
pub const FRESH_MS: i64 = 100;
/// How long ago a look at all lots may have begun for *sold out* to be said of it, in milliseconds. Whoever is told so at a moment is told what was so within two seconds
/// before.
pub const LOOK_AGE_MS: i64 = 1_000;
/// Lots that are read at once.
pub const CANDIDATES: usize = 10;
/// How often some are read before all are looked at: what was seen of them may be old.
const READS: u32 = 3;

/// What was found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Found {
    /// This lot had room a moment ago.
    Room(u32),
    /// None has. The most that one could still take.
    None {
        /// In shares.
        largest: u8,
    },
}

/// What is known of one offering's lots.
#[derive(Debug, Clone, Default)]
struct Known {
    species: Option<Species>,
    /// The lot to stay with, and when it was seen so.
    current: Option<(Room, Moment)>,
    /// What was free on each lot when it was last seen, of those that had any.
    free: BTreeMap<u32, u8>,
    /// When the last look began.
    looked_at: Option<Moment>,
}

/// What an environment has seen of all offerings.
#[derive(Debug, Default)]
pub struct Stock(Mutex<BTreeMap<OpportunityId, Known>>);

impl Stock {
    /// The kind of animal of an offering, if it was asked for here before.
    pub fn species(&self, offering: &OpportunityId) -> Option<Species> {
        self.with(offering, |known| known.species)
    }

    /// So much was free on a lot just now.
    pub fn saw(&self, offering: &OpportunityId, lot: u32, free: u8, now: Moment) {
        self.with(offering, |known| {
            known.saw(Room { lot, free });
            known.current = (free > 0).then_some((Room { lot, free }, now));
        });
    }

    fn with<T>(&self, offering: &OpportunityId, act: impl FnOnce(&mut Known) -> T) -> T {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        act(known.entry(offering.clone()).or_default())
    }
}

impl Known {
    fn saw(&mut self, room: Room) {
        if room.free == 0 {
            self.free.remove(&room.lot);
        } else {
            self.free.insert(room.lot, room.free);
        }
    }

    /// The lot to stay with.
    fn stay(&self, asked: &Asked, tried: &[u32], now: Moment) -> Option<u32> {
        let (room, seen_at) = self.current?;
        let fits = match asked.species {
            Species::Sheep | Species::Goat => room.free >= asked.shares,
            // Where something would be left of the animal, others may fit better.
            Species::Cow | Species::Camel => room.free == asked.shares,
        };
        (fits && now.millis_since(seen_at) < FRESH_MS && !tried.contains(&room.lot)).then_some(room.lot)
    }

    /// Lots that had room when they were last seen, some of them at random.
    fn candidates(&self, asked: &Asked, tried: &[u32], mut chance: u64) -> Vec<u32> {
        let has_room = |(lot, free): &(&u32, &u8)| **free >= asked.shares && !tried.contains(lot);
        let mut lots: Vec<u32> = self.free.iter().filter(has_room).map(|(lot, _)| *lot).collect();
        let count = lots.len().min(CANDIDATES);
        for place in 0..count {
            let left = (lots.len() - place) as u64;
            lots.swap(place, place + usize::try_from(chance % left).unwrap_or(0));
            // Another number from the same chance: Knuth's multiplier.
            chance = chance.rotate_left(17).wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        }
        lots.truncate(count);
        lots
    }

    fn is_looked(&self, now: Moment) -> bool {
        self.looked_at.is_some_and(|began| now.millis_since(began) < LOOK_AGE_MS)
    }

    fn largest(&self) -> u8 {
        self.free.values().copied().max().unwrap_or(0)
    }
}

/// A lot with room for what is asked for, none of those that were tried in vain.
///
/// # Errors
/// When the table cannot be reached.
pub async fn find(deps: &Deps, asked: &Asked, tried: &[u32]) -> Result<Found, Problem> {
    let now = deps.clock.now();
    let stay = deps.stock.with(&asked.offering, |known| {
        known.species = Some(asked.species);
        known.stay(asked, tried, now)
    });
    if let Some(lot) = stay {
        return Ok(Found::Room(lot));
    }
    for _ in 0..READS {
        let chance = deps.random.number();
        let candidates = deps.stock.with(&asked.offering, |known| known.candidates(asked, tried, chance));
        if candidates.is_empty() {
            break;
        }
        if let Some(lot) = read(deps, asked, &candidates).await? {
            return Ok(Found::Room(lot));
        }
    }
    look(deps, asked, tried).await
}

/// Reads some lots and chooses among them.
async fn read(deps: &Deps, asked: &Asked, candidates: &[u32]) -> Result<Option<u32>, Problem> {
    let lots = deps.table.lots(&asked.offering, candidates).await?;
    let rooms: Vec<Room> = lots.iter().map(domain::sacrifice::Lot::room).collect();
    let chosen = choose(&rooms, asked.shares, asked.species, deps.random.number());
    deps.stock.with(&asked.offering, |known| rooms.iter().for_each(|room| known.saw(*room)));
    Ok(chosen.map(|room| room.lot))
}

/// Looks at every lot, unless that was done a moment ago: then every lot has been seen without room since.
async fn look(deps: &Deps, asked: &Asked, tried: &[u32]) -> Result<Found, Problem> {
    let began = deps.clock.now();
    let (is_looked, largest) = deps.stock.with(&asked.offering, |known| (known.is_looked(began), known.largest()));
    if is_looked && largest < asked.shares {
        return Ok(Found::None { largest });
    }
    let rooms = deps.table.rooms(&asked.offering).await?;
    deps.stock.with(&asked.offering, |known| {
        known.free = rooms.iter().map(|room| (room.lot, room.free)).collect();
        known.looked_at = Some(began);
    });
    let untried: Vec<Room> = rooms.iter().copied().filter(|room| !tried.contains(&room.lot)).collect();
    Ok(match choose(&untried, asked.shares, asked.species, deps.random.number()) {
        Some(room) => Found::Room(room.lot),
        None => Found::None { largest: largest_of(&rooms).min(asked.shares.saturating_sub(1)) },
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    const NOW: Moment = Moment::from_millis(1_795_500_000_000);

    fn asked(species: Species, shares: u8) -> Asked {
        let (offering, fairness) = ("animals".parse().unwrap(), domain::sacrifice::Fairness::default());
        Asked { line: 0, offering, species, shares, fairness, closes_at: NOW }
    }

    fn later(millis: i64) -> Moment {
        Moment::from_millis(NOW.millis() + millis)
    }

    #[test]
    fn an_environment_stays_with_a_lot_that_it_has_just_seen() {
        let (stock, heads) = (Stock::default(), asked(Species::Sheep, 2));
        stock.saw(&heads.offering, 5, 3, NOW);
        let stay = |asked: &Asked, tried: &[u32], millis| {
            stock.with(&heads.offering, |known| known.stay(asked, tried, later(millis)))
        };
        assert_eq!(stay(&heads, &[], FRESH_MS - 1), Some(5));
        assert_eq!(stay(&heads, &[], FRESH_MS), None, "it was seen too long ago");
        assert_eq!(stay(&heads, &[5], 0), None, "it was tried in vain");
        assert_eq!(stay(&asked(Species::Sheep, 4), &[], 0), None, "it has too little room");
        assert_eq!(stay(&asked(Species::Camel, 2), &[], 0), None, "others may fit better");
        assert_eq!(stay(&asked(Species::Camel, 3), &[], 0), Some(5));
        stock.saw(&heads.offering, 5, 0, NOW);
        assert_eq!(stay(&heads, &[], 0), None, "it is full");
    }

    #[test]
    fn candidates_are_lots_with_room_each_once_and_spread_by_chance() {
        let mut known = Known::default();
        (0..40).for_each(|lot| known.saw(Room { lot, free: u8::try_from(lot % 8).unwrap() }));
        let mut seen = std::collections::BTreeSet::new();
        for chance in 0..200u64 {
            let lots = known.candidates(&asked(Species::Camel, 3), &[3, 4], chance.wrapping_mul(0x9E37_79B9_7F4A_7C15));
            let once: std::collections::BTreeSet<u32> = lots.iter().copied().collect();
            assert!(lots.len() == CANDIDATES && once.len() == CANDIDATES);
            assert!(once.iter().all(|lot| lot % 8 >= 3 && ![3, 4].contains(lot)), "{once:?}");
            seen.extend(once);
        }
        assert_eq!(seen.len(), 23, "every lot with room comes in turn");
    }

    #[test]
    fn a_look_is_relied_on_for_a_second() {
        let known = Known { looked_at: Some(NOW), ..Known::default() };
        assert!(known.is_looked(later(LOOK_AGE_MS - 1)) && !known.is_looked(later(LOOK_AGE_MS)));
        assert!(!Known::default().is_looked(NOW));
    }
}
