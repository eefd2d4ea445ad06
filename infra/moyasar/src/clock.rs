//! Where the sandbox's time comes from: the machine, a test's hand, or somebody else's clock.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// A source of time in milliseconds since 1970.
///
/// The simulation and the tests move time themselves; the local platform takes the machine's.
#[derive(Clone)]
pub enum Clock {
    /// The machine's clock.
    System,
    /// Time that stands still until it is moved: see [`Clock::manual`], [`Clock::advance`].
    Manual(Arc<AtomicU64>),
    /// Somebody else's clock, in milliseconds since 1970.
    Shared(Arc<dyn Fn() -> u64 + Send + Sync>),
}

impl Clock {
    /// A clock that stands at `start_ms` until it is moved.
    #[must_use]
    pub fn manual(start_ms: u64) -> Self {
        Self::Manual(Arc::new(AtomicU64::new(start_ms)))
    }

    /// Milliseconds since 1970.
    #[must_use]
    pub fn now_ms(&self) -> u64 {
        match self {
            Self::System => u64::try_from(machine_time().as_millisecond()).unwrap_or(0),
            Self::Manual(at) => at.load(Ordering::SeqCst),
            Self::Shared(now) => now(),
        }
    }

    /// Moves a manual clock forward; the others go by themselves, and this leaves them alone.
    pub fn advance(&self, by_ms: u64) {
        if let Self::Manual(at) = self {
            at.fetch_add(by_ms, Ordering::SeqCst);
        }
    }
}

impl std::fmt::Debug for Clock {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let name = match self {
            Self::System => "Clock::System",
            Self::Manual(_) => "Clock::Manual",
            Self::Shared(_) => "Clock::Shared",
        };
        write!(out, "{name}({})", self.now_ms())
    }
}

/// The one place that reads the machine's clock.
#[expect(clippy::disallowed_methods, reason = "the play provider has a clock of its own, and this is where it is read")]
fn machine_time() -> jiff::Timestamp {
    jiff::Timestamp::now()
}
