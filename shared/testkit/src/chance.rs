//! Seeded randomness, so that one seed is one run.
//!
//! Promise: two [`Chance`]s of one seed and one label give the same values in the same order; labels keep the streams of
//! different emulators apart, so that a further call to one does not shift another.
//! Bounds: ChaCha with 8 rounds: good enough for the local cloud's keys and ids, which protect nothing.

use std::sync::{Arc, Mutex, PoisonError};

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};
use sha2::{Digest, Sha256};

/// A shared stream of random values.
#[derive(Clone, Debug)]
pub struct Chance {
    stream: Arc<Mutex<ChaCha8Rng>>,
}

impl Chance {
    /// The stream of `seed` for one purpose.
    pub fn seeded(seed: u64, label: &str) -> Self {
        let mut hash = Sha256::new();
        hash.update(seed.to_be_bytes());
        hash.update(label.as_bytes());
        Self { stream: Arc::new(Mutex::new(ChaCha8Rng::from_seed(hash.finalize().into()))) }
    }

    /// Fills `bytes`.
    pub fn fill(&self, bytes: &mut [u8]) {
        self.stream.lock().unwrap_or_else(PoisonError::into_inner).fill_bytes(bytes);
    }

    /// A value in `0..bound`; 0 if `bound` is 0.
    pub fn below(&self, bound: u64) -> u64 {
        let mut bytes = [0; 8];
        self.fill(&mut bytes);
        u64::from_be_bytes(bytes).checked_rem(bound).unwrap_or_default()
    }

    /// True `per_mille` times in a thousand.
    pub fn happens(&self, per_mille: u32) -> bool {
        per_mille > 0 && self.below(1000) < u64::from(per_mille)
    }

    /// A random UUID, version 4, in its usual spelling.
    pub fn uuid(&self) -> String {
        let mut bytes = [0; 16];
        self.fill(&mut bytes);
        bytes[6] = bytes[6] & 0x0f | 0x40;
        bytes[8] = bytes[8] & 0x3f | 0x80;
        let hex = data_encoding::HEXLOWER.encode(&bytes);
        format!("{}-{}-{}-{}-{}", &hex[..8], &hex[8..12], &hex[12..16], &hex[16..20], &hex[20..])
    }
}

/// A seed nobody chose, for the local cloud outside tests.
pub(crate) fn fresh_seed() -> Result<u64, getrandom::Error> {
    let mut bytes = [0; 8];
    getrandom::fill(&mut bytes)?;
    Ok(u64::from_be_bytes(bytes))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_seed_is_one_stream_and_labels_keep_apart() {
        assert_eq!(Chance::seeded(7, "a").uuid(), Chance::seeded(7, "a").uuid());
        assert_ne!(Chance::seeded(7, "a").uuid(), Chance::seeded(7, "b").uuid());
    }
}
