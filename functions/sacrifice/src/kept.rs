//! What an environment has read, and keeps for a moment.
//!
//! Of callers who come at the same time one reads, and the others wait for it.

use std::future::Future;
use std::sync::Arc;

use domain::moment::Moment;
use platform::Clock;
use tokio::sync::Mutex;

/// How long what was read serves. Whoever keeps the answer keeps it as long again: two seconds are the most that anything told is old.
pub const FRESH_SECS: u32 = 1;

/// Something that was read.
#[derive(Debug)]
pub struct Kept<T>(Mutex<Option<(Arc<T>, Moment)>>);

impl<T> Default for Kept<T> {
    fn default() -> Kept<T> {
        Kept(Mutex::new(None))
    }
}

impl<T> Kept<T> {
    /// What was read at most [`FRESH_SECS`] ago; otherwise what is read now.
    ///
    /// # Errors
    /// When reading fails; what was read before is not passed off as the present.
    pub async fn fresh<E>(&self, clock: &Clock, read: impl Future<Output = Result<T, E>>) -> Result<Arc<T>, E> {
        let mut kept = self.0.lock().await;
        // What is read is at least as old as the moment at which reading began.
        let began = clock.now();
        if let Some((value, at)) = kept.as_ref()
            && (0..i64::from(FRESH_SECS) * 1_000).contains(&began.millis_since(*at))
        {
            return Ok(Arc::clone(value));
        }
        let value = Arc::new(read.await?);
        *kept = Some((Arc::clone(&value), began));
        Ok(value)
    }

    /// Lets go of it, so that a change is seen at once where it was made.
    pub async fn forget(&self) {
        *self.0.lock().await = None;
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use std::sync::atomic::{AtomicU32, Ordering};

    #[tokio::test(start_paused = true)]
    async fn one_reads_for_all_and_nothing_old_is_told() {
        let (kept, reads) = (Kept::default(), AtomicU32::new(0));
        let read = || async {
            tokio::time::sleep(std::time::Duration::from_millis(5)).await;
            Ok::<u32, ()>(reads.fetch_add(1, Ordering::Relaxed))
        };
        let at = |millis: i64| Clock::manual(Moment::from_millis(millis));
        let (now, soon) = (at(10_000), at(10_999));
        let told = tokio::join!(kept.fresh(&now, read()), kept.fresh(&now, read()), kept.fresh(&soon, read()));
        assert_eq!((told.0.unwrap(), told.1.unwrap(), told.2.unwrap()), (Arc::new(0), Arc::new(0), Arc::new(0)));
        assert_eq!(kept.fresh(&at(11_000), read()).await, Ok(Arc::new(1)), "a second later");
        assert_eq!(kept.fresh(&at(10_500), read()).await, Ok(Arc::new(2)), "a clock that was put back");
        kept.forget().await;
        assert_eq!(kept.fresh(&at(10_500), async { Err::<u32, ()>(()) }).await, Err(()));
        assert_eq!(kept.fresh(&at(10_500), read()).await, Ok(Arc::new(3)));
    }
}
