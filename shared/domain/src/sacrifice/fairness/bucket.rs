//! How often something may be tried: so many times a minute, at once or one after another.
//!
//! A bucket holds a minute's attempts and is filled evenly. Integers throughout: an attempt is [`ATTEMPT`] units, and each millisecond brings as many units as there are attempts a
//! minute, so that nothing is lost by rounding.

use crate::moment::Moment;

/// Milliseconds of a minute, and units of an attempt.
const ATTEMPT: u64 = 60_000;

/// A bucket of attempts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bucket {
    units: u64,
    at: Moment,
}

impl Bucket {
    /// A full one.
    pub fn full(per_minute: u32, now: Moment) -> Bucket {
        Bucket { units: u64::from(per_minute) * ATTEMPT, at: now }
    }

    /// Takes an attempt out. A clock that is put back brings nothing, and takes nothing.
    ///
    /// # Errors
    /// After how many seconds there is one, where there is none now.
    ///
    /// ```
    /// use domain::moment::Moment;
    /// use domain::sacrifice::fairness::Bucket;
    /// let at = |millis| Moment::from_millis(millis);
    /// let mut bucket = Bucket::full(2, at(0));
    /// assert_eq!((bucket.take(2, at(0)), bucket.take(2, at(1))), (Ok(()), Ok(())));
    /// assert_eq!(bucket.take(2, at(2)), Err(30));
    /// assert_eq!(bucket.take(2, at(30_000)), Ok(()));
    /// ```
    pub fn take(&mut self, per_minute: u32, now: Moment) -> Result<(), u32> {
        let rate = u64::from(per_minute);
        let passed = u64::try_from(now.millis_since(self.at)).unwrap_or(0);
        self.units = self.units.saturating_add(passed.saturating_mul(rate)).min(rate * ATTEMPT);
        self.at = now;
        match self.units.checked_sub(ATTEMPT) {
            Some(rest) => {
                self.units = rest;
                Ok(())
            }
            None => {
                let millis = (ATTEMPT - self.units).div_ceil(rate.max(1));
                Err(u32::try_from(millis.div_ceil(1_000)).unwrap_or(u32::MAX))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn at(millis: i64) -> Moment {
        Moment::from_millis(millis)
    }

    #[test]
    fn a_clock_that_is_moved_brings_no_more_than_a_minute_and_never_less_than_nothing() {
        let mut bucket = Bucket::full(3, at(1_000_000));
        assert_eq!([0; 3].map(|_| bucket.take(3, at(1_000_000))), [Ok(()); 3]);
        assert_eq!(bucket.take(3, at(999_000)), Err(20), "put back by a second");
        assert_eq!(bucket.take(3, at(1_018_999)), Err(1));
        assert_eq!(bucket.take(3, at(1_019_000)), Ok(()), "twenty seconds after it was put back");
        assert_eq!([0; 4].map(|_| bucket.take(3, at(i64::MAX))), [Ok(()), Ok(()), Ok(()), Err(20)], "a leap");
        assert_eq!(bucket.take(3, at(i64::MIN)), Err(20));
    }

    proptest! {
        /// In any span of time no more pass than a full bucket and what the span brings; and whoever waits as long as they are told to passes.
        #[test]
        fn no_more_pass_than_are_allowed(
            per_minute in 1..500u32, gaps in prop::collection::vec(0..3_000i64, 1..400),
        ) {
            let mut bucket = Bucket::full(per_minute, at(0));
            let (mut now, mut passed) = (0, 0u64);
            for gap in gaps {
                now += gap;
                match bucket.take(per_minute, at(now)) {
                    Ok(()) => passed += 1,
                    Err(secs) => {
                        let mut later = bucket;
                        prop_assert_eq!(later.take(per_minute, at(now + i64::from(secs) * 1_000)), Ok(()));
                        let mut sooner = bucket;
                        prop_assert!(sooner.take(per_minute, at(now + i64::from(secs - 1) * 1_000)).is_err());
                    }
                }
                let brought = u64::from(per_minute) * now.unsigned_abs() / 60_000;
                prop_assert!(passed <= u64::from(per_minute) + brought);
            }
        }
    }
}
