//! When a schedule fires: `cron(…)`, `rate(…)` and `at(…)` as EventBridge Scheduler writes them.
//!
//! ```
//! use local::scheduler::Expression;
//! use jiff::{Timestamp, tz::TimeZone};
//!
//! let midnight_in_riyadh: Expression = "cron(0 0 * * ? *)".parse()?;
//! let riyadh = TimeZone::get("Asia/Riyadh")?;
//! let now: Timestamp = "2026-03-01T12:00:00Z".parse()?;
//! let next = midnight_in_riyadh.next_after(&riyadh, now, now);
//! assert_eq!(next, Some("2026-03-01T21:00:00Z".parse()?));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

use std::str::FromStr;

use jiff::civil::DateTime;
use jiff::tz::{AmbiguousOffset, TimeZone};
use jiff::{SignedDuration, Timestamp};

use super::cron::Cron;

/// A schedule expression.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Expression {
    /// On the calendar, in the schedule's zone.
    Cron(Cron),
    /// Every so often, counted from when the schedule begins.
    Rate(SignedDuration),
    /// Once, in the schedule's zone.
    At(DateTime),
}

/// Why a text is no schedule expression.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{text}` is no schedule expression: {reason}")]
pub struct BadExpression {
    text: String,
    reason: String,
}

impl Expression {
    /// The first time after `after`, if there is one. A local time that a zone skips does not come; one that comes twice
    /// counts the first time.
    pub fn next_after(&self, zone: &TimeZone, begun: Timestamp, after: Timestamp) -> Option<Timestamp> {
        match self {
            Expression::Cron(cron) => cron.next_after(zone, after),
            Expression::Rate(period) => next_of_rate(*period, begun, after),
            Expression::At(time) => in_zone(zone, *time).filter(|time| *time > after),
        }
    }
}

fn next_of_rate(period: SignedDuration, begun: Timestamp, after: Timestamp) -> Option<Timestamp> {
    let elapsed = after.duration_since(begun).max(SignedDuration::ZERO).as_secs();
    let steps = elapsed / period.as_secs() + 1;
    begun.checked_add(SignedDuration::from_secs(steps.checked_mul(period.as_secs())?)).ok()
}

/// The instant of a local time; `None` when the zone skips it.
pub(super) fn in_zone(zone: &TimeZone, time: DateTime) -> Option<Timestamp> {
    let ambiguous = zone.to_ambiguous_timestamp(time);
    match ambiguous.offset() {
        AmbiguousOffset::Gap { .. } => None,
        AmbiguousOffset::Unambiguous { .. } | AmbiguousOffset::Fold { .. } => ambiguous.earlier().ok(),
    }
}

impl FromStr for Expression {
    type Err = BadExpression;

    fn from_str(text: &str) -> Result<Self, BadExpression> {
        let bad = |reason: String| BadExpression { text: text.to_owned(), reason };
        let inner = |name: &str| text.strip_prefix(name)?.strip_prefix('(')?.strip_suffix(')');
        if let Some(fields) = inner("cron") {
            return fields.parse().map(Expression::Cron).map_err(bad);
        }
        if let Some(rate) = inner("rate") {
            return period(rate).map(Expression::Rate).map_err(|reason| bad(reason.to_owned()));
        }
        match inner("at") {
            Some(time) => time.parse().map(Expression::At).map_err(|error: jiff::Error| bad(error.to_string())),
            None => Err(bad("it begins with none of cron(, rate( and at(".to_owned())),
        }
    }
}

fn period(text: &str) -> Result<SignedDuration, &'static str> {
    let (value, unit) = text.trim().split_once(' ').ok_or("a rate is a number and a unit")?;
    let value: i64 = value.parse().ok().filter(|value| *value > 0).ok_or("a rate's number is a whole one above zero")?;
    let seconds = match (value, unit.trim()) {
        (1, "minute") | (2.., "minutes") => 60,
        (1, "hour") | (2.., "hours") => 3_600,
        (1, "day") | (2.., "days") => 86_400,
        _ => return Err("a rate's unit is minute, hour or day, with an s after any number but 1"),
    };
    value.checked_mul(seconds).map(SignedDuration::from_secs).ok_or("the rate is too long")
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn next(expression: &str, zone: &str, begun: &str, after: &str) -> String {
        let expression: Expression = expression.parse().unwrap();
        let next = expression.next_after(&TimeZone::get(zone).unwrap(), begun.parse().unwrap(), after.parse().unwrap());
        next.map_or_else(|| "never".to_owned(), |time| time.to_string())
    }

    #[test]
    fn rates_count_from_the_beginning() {
        let begun = "2026-01-01T00:00:30Z";
        for (rate, after, expected) in [
            ("rate(1 minute)", begun, "2026-01-01T00:01:30Z"),
            ("rate(1 minute)", "2026-01-01T00:01:29Z", "2026-01-01T00:01:30Z"),
            ("rate(1 minute)", "2026-01-01T00:01:30Z", "2026-01-01T00:02:30Z"),
            ("rate(5 minutes)", "2026-01-01T01:00:00Z", "2026-01-01T01:00:30Z"),
            ("rate(2 days)", "2026-01-04T12:00:00Z", "2026-01-05T00:00:30Z"),
            ("rate(12 hours)", "2025-12-01T00:00:00Z", "2026-01-01T12:00:30Z"),
        ] {
            assert_eq!(next(rate, "UTC", begun, after), expected, "{rate} after {after}");
        }
    }

    #[test]
    fn at_comes_once_in_its_zone() {
        let (zone, begun) = ("Asia/Riyadh", "2026-01-01T00:00:00Z");
        assert_eq!(next("at(2026-05-27T06:00:00)", zone, begun, begun), "2026-05-27T03:00:00Z");
        assert_eq!(next("at(2026-05-27T06:00:00)", zone, begun, "2026-05-27T03:00:00Z"), "never");
    }

    #[test]
    fn bad_expressions_say_why() {
        for (text, reason) in [
            ("0 21 * * ? *", "begins with none"),
            ("rate(1 minutes)", "with an s"),
            ("rate(5 minute)", "with an s"),
            ("rate(0 minutes)", "above zero"),
            ("rate(minutes)", "a number and a unit"),
            ("rate(1 week)", "unit is minute"),
            ("at(tomorrow)", "failed to parse"),
            ("cron(0 21 * * *)", "six fields"),
        ] {
            let error = text.parse::<Expression>().unwrap_err().to_string();
            assert!(error.contains(reason), "{text}: {error}");
        }
    }
}
