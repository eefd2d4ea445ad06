//! The least of a run that still breaks the same rule: fewer donors, fewer kinds of faults, fewer faults.
//!
//! Each try is a run of its own, and another run than the one before: what is left out shifts what comes after it. So this finds *a* smaller run that
//! breaks the rule, not the smallest there is.

use std::cell::Cell;
use std::collections::BTreeSet;

use crate::plan::{ALL, Plan};
use crate::run::Report;

/// Runs that are tried at most.
pub const MOST_TRIES: u32 = 200;
/// Words by which a sentence about what is wrong is known again.
const WORDS: usize = 6;

/// Plays a plan.
pub trait Play: Fn(&Plan) -> anyhow::Result<Report> {}
impl<F: Fn(&Plan) -> anyhow::Result<Report>> Play for F {}

/// What a failing run was brought down to.
#[derive(Debug)]
pub struct Shrunk {
    /// The least that was found.
    pub plan: Plan,
    /// What came of it, with its steps.
    pub report: Report,
    /// Runs that were tried.
    pub tries: u32,
}

/// Brings a run that failed with these violations down to less.
///
/// # Errors
/// When the last run cannot be played again.
pub fn shrink(plan: &Plan, report: &Report, play: &impl Play) -> anyhow::Result<Shrunk> {
    let rules: Vec<String> = report.violations.iter().map(|wrong| rule(wrong)).collect();
    let tries = Cell::new(0);
    // The same rule is broken, and not only something.
    let broken = |plan: &Plan| {
        if tries.get() >= MOST_TRIES {
            return None;
        }
        tries.set(tries.get() + 1);
        let report = play(plan).ok()?;
        report.violations.iter().any(|wrong| rules.contains(&rule(wrong))).then_some(report)
    };
    let mut least = plan.clone();
    least.donors =
        fewest(least.donors.clone(), |donors| broken(&Plan { donors: donors.to_vec(), ..least.clone() }).is_some());
    let kinds: Vec<String> = report.faults.keys().cloned().collect();
    let all = least.without.clone();
    let without = |left: &[String]| match left {
        [] => BTreeSet::from([ALL.to_owned()]),
        _ => all.iter().chain(kinds.iter().filter(|kind| !left.contains(kind))).cloned().collect(),
    };
    let left = fewest(kinds.clone(), |left| broken(&Plan { without: without(left), ..least.clone() }).is_some());
    least.without = without(&left);
    if let Some(report) = broken(&least) {
        let calls: Vec<u64> = report.injected.iter().map(|injected| injected.call).collect();
        let only = |calls: &[u64]| Plan { only: Some(calls.iter().copied().collect()), ..least.clone() };
        if !calls.is_empty() {
            let calls = fewest(calls, |calls| broken(&only(calls)).is_some());
            least = only(&calls);
        }
    }
    least.donors =
        fewest(least.donors.clone(), |donors| broken(&Plan { donors: donors.to_vec(), ..least.clone() }).is_some());
    least.record = true;
    let report = play(&least)?;
    least.record = false;
    Ok(Shrunk { plan: least, report, tries: tries.get() })
}

/// The sentence without the names and figures in it.
fn rule(wrong: &str) -> String {
    let plain = |word: &&str| !word.contains(|letter: char| letter.is_ascii_digit());
    wrong.split_whitespace().filter(plain).take(WORDS).collect::<Vec<_>>().join(" ")
}

/// A small part of the items for which it is `still` so: halves are left out, then quarters, then single ones. The items themselves are known to do.
pub fn fewest<T: Clone>(items: Vec<T>, mut still: impl FnMut(&[T]) -> bool) -> Vec<T> {
    if items.is_empty() || still(&[]) {
        return Vec::new();
    }
    let mut left = items;
    let mut size = left.len().div_ceil(2);
    loop {
        let mut from = 0;
        while from < left.len() && left.len() > 1 {
            let end = (from + size).min(left.len());
            let rest: Vec<T> = left[..from].iter().chain(&left[end..]).cloned().collect();
            if !rest.is_empty() && still(&rest) {
                left = rest;
            } else {
                from = end;
            }
        }
        if size == 1 {
            return left;
        }
        size = size.div_ceil(2);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_fewest_are_those_that_matter() {
        let mut tries = 0;
        let left = fewest((0..300).collect(), |numbers| {
            tries += 1;
            numbers.contains(&17) && numbers.contains(&230)
        });
        assert_eq!(left, [17, 230]);
        assert!(tries < 60, "{tries} tries");
        assert!(fewest(vec![1, 2], |_| true).is_empty());
        assert_eq!(fewest(vec![1, 2], |numbers| numbers.len() == 2), [1, 2]);
    }

    #[test]
    fn a_rule_is_known_by_its_words() {
        assert_eq!(rule("payment 7f3a of 100.00 was booked 2 times"), rule("payment b2 of 7 was booked 3 times"));
        assert_ne!(rule("payment 7f3a of 1 was booked 2 times"), rule("charge 7f3a still owes 1"));
    }
}
