//! Chance: the only place that asks for it.

use std::sync::{Arc, Mutex, PoisonError};

use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::{Rng as _, SeedableRng as _};

/// A source of random bytes.
#[derive(Clone)]
pub enum Random {
    /// The operating system's, fit for keys.
    System,
    /// A seeded one, for tests and simulations only.
    Seeded(Arc<Mutex<ChaCha20Rng>>),
}

impl Random {
    /// A source that always gives the same bytes for the same seed.
    pub fn seeded(seed: u64) -> Random {
        Random::Seeded(Arc::new(Mutex::new(ChaCha20Rng::seed_from_u64(seed))))
    }

    /// `N` random bytes.
    ///
    /// # Panics
    /// When the operating system has none to give; nothing that needs a key may go on then.
    pub fn bytes<const N: usize>(&self) -> [u8; N] {
        let mut bytes = [0; N];
        match self {
            Random::System => getrandom::fill(&mut bytes).expect("the operating system gives random bytes"),
            Random::Seeded(source) => source.lock().unwrap_or_else(PoisonError::into_inner).fill_bytes(&mut bytes),
        }
        bytes
    }

    /// A random number.
    pub fn number(&self) -> u64 {
        u64::from_le_bytes(self.bytes())
    }
}
