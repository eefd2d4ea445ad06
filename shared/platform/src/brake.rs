//! A brake on attempts: so many a minute, and not more.
//!
//! **In memory first.** Each environment keeps, for whoever tries, a bucket of a minute's attempts. Whoever tries no more often than an ordinary person ([`ordinary`]) costs nothing beyond
//! that.
//!
//! **Then together.** Who has tried more often in a minute in one environment is counted in the table, by steps ([`step`]): a hundredth of what is allowed, so that however many come
//! from one address, some hundreds of writes a minute count them. Who is over by that count waits for the next minute, and is not counted any more.
//!
//! **What is promised.** One environment never lets more pass than are allowed, all at once and evenly after that. All environments together let pass what is allowed in a minute and, in
//! each of them, what is not worth telling: with a hundred of them about twice as many. What is counted is a hash; no address and no number is kept.
//!
//! **Failure.** A table out of reach fails the attempt: it is made again.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use domain::moment::Moment;
use domain::sacrifice::fairness::Bucket;

use crate::table::{Table, TableError};

/// How many are kept in memory: some megabytes. Of more nobody is braked by memory until those of a minute ago are forgotten.
const MOST_KEPT: usize = 20_000;
/// What an ordinary person tries at most in a minute: a slip, another, and then it is right.
const ORDINARY: u64 = 3;
/// Into how many steps what is allowed is divided when it is counted together.
const STEPS: u64 = 100;
/// A minute in milliseconds.
const MINUTE: i64 = 60_000;

/// What becomes of an attempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Braking {
    /// It may go on.
    Passes,
    /// It has to wait for so many seconds.
    Waits(u32),
}

/// What an environment knows of all who try.
#[derive(Debug, Default)]
pub struct Brake(Mutex<HashMap<String, Tries>>);

/// What it knows of one.
#[derive(Debug, Clone, Copy)]
struct Tries {
    bucket: Bucket,
    /// The minute that the following are of, counted from 1970.
    minute: i64,
    /// Attempts here.
    here: u64,
    /// Those of them that the table was told of.
    told: u64,
    /// All that the table knew of when it was told the last time.
    together: u64,
}

/// What is to be done about an attempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Step {
    Decided(Braking),
    /// The table is to be told of so many.
    Tell {
        minute: i64,
        count: u64,
    },
}

/// Attempts of a minute in one environment of which the table is not told.
fn ordinary(per_minute: u32) -> u64 {
    ORDINARY.max(step(per_minute))
}

/// Attempts of which the table is told together.
fn step(per_minute: u32) -> u64 {
    (u64::from(per_minute) / STEPS).max(1)
}

/// Whole seconds to the end of a minute.
fn rest_of(minute: i64, now: Moment) -> u32 {
    let left = minute.saturating_add(1).saturating_mul(MINUTE).saturating_sub(now.millis());
    u32::try_from(left.clamp(1, MINUTE)).unwrap_or(60).div_ceil(1_000)
}

impl Brake {
    /// One attempt of somebody, of so many a minute.
    ///
    /// # Errors
    /// When the table cannot be reached where it has to be told.
    pub async fn tries(&self, table: &Table, who: &str, per_minute: u32, now: Moment) -> Result<Braking, TableError> {
        let (minute, count) = match self.with(who, per_minute, now, |tries| tries.once(per_minute, now)) {
            Step::Decided(braking) => return Ok(braking),
            Step::Tell { minute, count } => (minute, count),
        };
        let together = table.add_attempts(who, minute, count).await?;
        Ok(self.with(who, per_minute, now, |tries| tries.learn(minute, together, per_minute, now)))
    }

    fn with<T>(&self, who: &str, per_minute: u32, now: Moment, act: impl FnOnce(&mut Tries) -> T) -> T {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if kept.len() >= MOST_KEPT && !kept.contains_key(who) {
            let minute = now.millis().div_euclid(MINUTE);
            kept.retain(|_, tries| tries.minute >= minute);
            if kept.len() >= MOST_KEPT {
                kept.clear();
            }
        }
        act(kept.entry(who.to_owned()).or_insert_with(|| Tries::none(per_minute, now)))
    }
}

impl Tries {
    fn none(per_minute: u32, now: Moment) -> Tries {
        let minute = now.millis().div_euclid(MINUTE);
        Tries { bucket: Bucket::full(per_minute, now), minute, here: 0, told: 0, together: 0 }
    }

    fn once(&mut self, per_minute: u32, now: Moment) -> Step {
        let minute = now.millis().div_euclid(MINUTE);
        if self.minute != minute {
            *self = Tries { bucket: self.bucket, ..Tries::none(per_minute, now) };
        }
        if self.together + (self.here - self.told) >= u64::from(per_minute) {
            return Step::Decided(Braking::Waits(rest_of(minute, now)));
        }
        if let Err(secs) = self.bucket.take(per_minute, now) {
            return Step::Decided(Braking::Waits(secs));
        }
        self.here += 1;
        let count = self.here - self.told;
        if self.here <= ordinary(per_minute) || count < step(per_minute) {
            return Step::Decided(Braking::Passes);
        }
        self.told = self.here;
        Step::Tell { minute, count }
    }

    fn learn(&mut self, minute: i64, together: u64, per_minute: u32, now: Moment) -> Braking {
        if self.minute == minute {
            self.together = self.together.max(together);
        }
        if together > u64::from(per_minute) { Braking::Waits(rest_of(minute, now)) } else { Braking::Passes }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PASSES: Step = Step::Decided(Braking::Passes);

    fn waits(secs: u32) -> Step {
        Step::Decided(Braking::Waits(secs))
    }

    fn at(secs: i64) -> Moment {
        Moment::from_millis(1_800_000_000_000 + secs * 1_000)
    }

    #[test]
    fn whoever_tries_like_a_person_is_told_to_nobody() {
        let mut tries = Tries::none(10, at(0));
        assert_eq!([0; 3].map(|_| tries.once(10, at(0))), [PASSES; 3]);
        let minute = at(0).millis() / MINUTE;
        assert_eq!(tries.once(10, at(1)), Step::Tell { minute, count: 4 });
        assert_eq!(tries.learn(minute, 9, 10, at(1)), Braking::Passes, "others had five");
        assert_eq!(tries.once(10, at(2)), Step::Tell { minute, count: 1 });
        assert_eq!(tries.learn(minute, 11, 10, at(2)), Braking::Waits(58));
        assert_eq!(tries.once(10, at(3)), waits(57), "known to be over, and told to nobody any more");
        assert_eq!(tries.once(10, at(60)), PASSES, "another minute");
    }

    #[test]
    fn a_large_allowance_is_told_by_hundredths() {
        let mut tries = Tries::none(1_000, at(0));
        let told: Vec<u64> = (0..100)
            .filter_map(|_| match tries.once(1_000, at(0)) {
                Step::Tell { count, .. } => Some(count),
                Step::Decided(_) => None,
            })
            .collect();
        assert_eq!(told, [11, 10, 10, 10, 10, 10, 10, 10, 10]);
    }

    #[test]
    fn one_environment_lets_a_minutes_attempts_pass_at_once_and_then_evenly() {
        let mut tries = Tries::none(4, at(50));
        let mut passed = |secs: i64| match tries.once(4, at(secs)) {
            Step::Decided(Braking::Passes) | Step::Tell { .. } => true,
            Step::Decided(Braking::Waits(_)) => false,
        };
        assert_eq!([50, 50, 50, 50, 50].map(&mut passed), [true, true, true, true, false]);
        assert_eq!([60, 64, 65, 66, 80].map(&mut passed), [false, false, true, false, true], "one in fifteen seconds");
        assert_eq!([20, 21].map(&mut passed), [false, false], "a clock that was put back brings nothing");
        assert_eq!([35, 36].map(&mut passed), [true, false]);
    }

    #[test]
    fn what_is_kept_is_bounded() {
        let brake = Brake::default();
        for number in 0..=MOST_KEPT {
            brake.with(&number.to_string(), 10, at(0), |tries| tries.once(10, at(0)));
        }
        let kept = brake.0.lock().unwrap_or_else(PoisonError::into_inner).len();
        assert!(kept <= MOST_KEPT, "{kept}");
    }
}
