//! What time it is: the only place that asks.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::SystemTime;

use domain::moment::Moment;

/// A source of time.
#[derive(Clone)]
pub enum Clock {
    /// The machine's.
    System,
    /// One that is moved by hand, in milliseconds since 1970: for tests and simulations.
    Manual(Arc<AtomicI64>),
    /// Somebody else's: for simulations, in which every environment's clock goes a little wrong.
    Shared(Arc<dyn Fn() -> Moment + Send + Sync>),
}

impl Clock {
    /// A clock that stands at `moment` until it is moved.
    pub fn manual(moment: Moment) -> Clock {
        Clock::Manual(Arc::new(AtomicI64::new(moment.millis())))
    }

    /// Now.
    #[expect(clippy::disallowed_methods, reason = "this is the one place that asks what time it is")]
    pub fn now(&self) -> Moment {
        match self {
            Clock::System => {
                let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
                Moment::from_millis(i64::try_from(since.as_millis()).unwrap_or(i64::MAX))
            }
            Clock::Manual(millis) => Moment::from_millis(millis.load(Ordering::Relaxed)),
            Clock::Shared(now) => now(),
        }
    }
}

impl std::fmt::Debug for Clock {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Clock::System => "System",
            Clock::Manual(_) => "Manual",
            Clock::Shared(_) => "Shared",
        })
    }
}
