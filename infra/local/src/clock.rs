//! The time as the local cloud's parts see it: a function that answers it, handed in once.
//!
//! The parts never ask the machine; whoever assembles them decides whether time is the machine's or a test's.

use std::sync::Arc;

use jiff::Timestamp;

/// Answers the time now. Cheap to clone; every clone answers alike.
#[derive(Clone)]
pub struct Clock(Arc<dyn Fn() -> Timestamp + Send + Sync>);

impl Clock {
    /// A clock that asks `now` each time.
    pub fn new(now: impl Fn() -> Timestamp + Send + Sync + 'static) -> Self {
        Self(Arc::new(now))
    }

    /// A clock that stands still, for tests of single decisions.
    pub fn standing_at(time: Timestamp) -> Self {
        Self::new(move || time)
    }

    /// The time now.
    pub fn now(&self) -> Timestamp {
        (self.0)()
    }
}

impl std::fmt::Debug for Clock {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Clock").field(&self.now()).finish()
    }
}
