//! The local cloud's clock: one time for every emulator, real or simulated.
//!
//! Promise: all emulators that share a [`Clock`] agree on the time, and whoever sleeps on it wakes when it gets there.
//! Shape: a start and the time that tokio says has passed since. On an ordinary runtime that is the real time; on a runtime
//! with `start_paused` it stands still until every task waits, and then jumps to the next timer, so that fourteen days of
//! retention pass in a moment and in the same order each run.
//! Bounds: milliseconds. Failure: none; a time before 1970 reads as 1970.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use aws_smithy_async::time::TimeSource;
use dynoxide::storage_backend::Clock as DatabaseClock;
use tokio::sync::Notify;
use tokio::time::Instant;

/// The time as all emulators see it. Clones share it.
#[derive(Clone, Debug)]
pub struct Clock {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    started_at_millis: i64,
    origin: Instant,
    skipped_millis: AtomicI64,
    skipped: Notify,
}

impl Clock {
    /// The machine's time.
    #[expect(clippy::disallowed_methods, reason = "this is the one place where the local cloud asks the machine")]
    pub fn system() -> Self {
        let since_epoch = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        Self::starting_at(millis(since_epoch))
    }

    /// A clock that begins at `started_at_millis` after 1970 and goes on with tokio's time, paused or not.
    ///
    /// Make it inside the runtime whose time it follows.
    pub fn starting_at(started_at_millis: i64) -> Self {
        Self {
            shared: Arc::new(Shared {
                started_at_millis,
                origin: Instant::now(),
                skipped_millis: AtomicI64::new(0),
                skipped: Notify::new(),
            }),
        }
    }

    /// Milliseconds since 1970.
    pub fn now_millis(&self) -> i64 {
        let passed = millis(self.shared.origin.elapsed());
        self.shared.started_at_millis + passed + self.shared.skipped_millis.load(Ordering::SeqCst)
    }

    /// Moves the time forward at once, for a test on a runtime that is not paused. Sleepers look again.
    pub fn skip(&self, by: Duration) {
        self.shared.skipped_millis.fetch_add(millis(by), Ordering::SeqCst);
        self.shared.skipped.notify_waiters();
    }

    /// Returns at `at_millis`, or at once if that is past.
    pub async fn sleep_until(&self, at_millis: i64) {
        loop {
            let skipped = self.shared.skipped.notified();
            let left = at_millis - self.now_millis();
            let Ok(left @ 1..) = u64::try_from(left) else { return };
            let _ = tokio::time::timeout(Duration::from_millis(left), skipped).await;
        }
    }

    /// Returns after `span`.
    pub async fn sleep(&self, span: Duration) {
        if !span.is_zero() {
            self.sleep_until(self.now_millis() + millis(span)).await;
        }
    }
}

impl TimeSource for Clock {
    fn now(&self) -> SystemTime {
        UNIX_EPOCH + Duration::from_millis(u64::try_from(self.now_millis()).unwrap_or_default())
    }
}

impl DatabaseClock for Clock {
    fn now_unix_secs(&self) -> u64 {
        u64::try_from(self.now_millis() / 1000).unwrap_or_default()
    }

    fn now_unix_secs_f64(&self) -> f64 {
        Duration::from_millis(u64::try_from(self.now_millis()).unwrap_or_default()).as_secs_f64()
    }
}

/// A span in whole milliseconds, as far as they can be counted.
pub(crate) fn millis(span: Duration) -> i64 {
    i64::try_from(span.as_millis()).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn paused_time_jumps_to_the_next_timer() {
        let clock = Clock::starting_at(1_000);
        clock.sleep(Duration::from_secs(14 * 24 * 3600)).await;
        assert_eq!(clock.now_millis(), 1_000 + 14 * 24 * 3600 * 1000);
    }

    #[tokio::test]
    async fn skipping_wakes_sleepers() {
        let clock = Clock::system();
        let sleeper = tokio::spawn({
            let clock = clock.clone();
            async move { clock.sleep(Duration::from_secs(3600)).await }
        });
        tokio::task::yield_now().await;
        clock.skip(Duration::from_secs(3600));
        assert!(tokio::time::timeout(Duration::from_secs(5), sleeper).await.is_ok());
    }
}
