//! Seeded chance: the same seed gives the same ids and the same mischief, run after run.
//!
//! SplitMix64, because its whole state is one number that can be saved with the rest. It is not
//! for secrets: ids of a play provider may be guessed.

use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// The odds are written in parts of this many: 10,000 is always, 1 is once in ten thousand.
pub const CERTAIN: u32 = 10_000;

/// One stream of numbers.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Chance {
    state: u64,
}

impl Chance {
    /// A stream of its own for each purpose, so that asking for mischief does not change the ids.
    pub(crate) fn new(seed: u64, stream: u64) -> Self {
        let mut chance = Self { state: seed ^ stream.wrapping_mul(0xD134_2543_DE82_EF95) };
        chance.next();
        chance
    }

    pub(crate) fn next(&mut self) -> u64 {
        self.state = self.state.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.state;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    /// A number from 0 to `bound - 1`; 0 when the bound is 0.
    pub(crate) fn below(&mut self, bound: u64) -> u64 {
        if bound == 0 { 0 } else { self.next() % bound }
    }

    /// A number from `low` to `high`, both included.
    pub(crate) fn between(&mut self, low: u64, high: u64) -> u64 {
        low + self.below(high.saturating_sub(low).saturating_add(1))
    }

    /// True `odds` times in [`CERTAIN`]. Impossible odds draw nothing.
    pub(crate) fn hits(&mut self, odds: u32) -> bool {
        odds > 0 && self.below(u64::from(CERTAIN)) < u64::from(odds)
    }

    /// A UUID of version 4 in form.
    pub(crate) fn uuid(&mut self) -> Uuid {
        let bits = (u128::from(self.next()) << 64) | u128::from(self.next());
        uuid::Builder::from_random_bytes(bits.to_be_bytes()).into_uuid()
    }

    /// `length` decimal digits, for reference numbers.
    pub(crate) fn digits(&mut self, length: usize) -> String {
        (0..length).map(|_| char::from(b'0' + u8::try_from(self.below(10)).unwrap_or(0))).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_seed_gives_the_same_stream_and_streams_differ() {
        let mut one = Chance::new(7, 1);
        let mut same = Chance::new(7, 1);
        let mut other = Chance::new(7, 2);
        let ids: Vec<Uuid> = (0..4).map(|_| one.uuid()).collect();
        assert_eq!(ids, (0..4).map(|_| same.uuid()).collect::<Vec<_>>());
        assert_ne!(ids, (0..4).map(|_| other.uuid()).collect::<Vec<_>>());
        assert!(ids.iter().all(|id| id.get_version_num() == 4));
    }

    #[test]
    fn odds_are_kept() {
        let mut chance = Chance::new(1, 1);
        assert!((0..100).all(|_| !chance.hits(0)));
        assert!((0..100).all(|_| chance.hits(CERTAIN)));
        let hits = (0..10_000).filter(|_| chance.hits(2_500)).count();
        assert!((2_300..2_700).contains(&hits), "{hits}");
    }
}
