//! AWS's cron: six fields, `minutes hours day-of-month month day-of-week year`.
//!
//! | field | values | also |
//! |---|---|---|
//! | minutes | 0–59 | `, - * /` |
//! | hours | 0–23 | `, - * /` |
//! | day of month | 1–31 | `, - * / ? L W` |
//! | month | 1–12, JAN–DEC | `, - * /` |
//! | day of week | 1–7, SUN–SAT | `, - * ? L #` |
//! | year | 1970–2199 | `, - * /` |
//!
//! Exactly one of the two day fields is `?`. `L` is the month's last day, or with a weekday (`6L`) its last such day; `15W` is the
//! weekday nearest to the 15th within the month, where the week's end is Saturday and Sunday, as AWS has it; `3#2` is the second Tuesday.
//!
//! No crate that was looked at takes this form whole (the `?` rule, years, 1 for Sunday), so it is read here.

use std::collections::BTreeSet;
use std::str::FromStr;

use jiff::civil::{Date, Weekday};
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan as _};

use super::expression::in_zone;

const MONTHS: [&str; 12] = ["JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"];
const WEEKDAYS: [&str; 7] = ["SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"];
const FIRST_YEAR: i16 = 1970;
const LAST_YEAR: i16 = 2199;

/// A calendar rule. No time zone: that is the schedule's.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cron {
    minutes: BTreeSet<i16>,
    hours: BTreeSet<i16>,
    days: Days,
    months: BTreeSet<i16>,
    years: BTreeSet<i16>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Days {
    OfMonth(BTreeSet<i16>),
    LastOfMonth,
    NearestWeekday(i16),
    OfWeek(BTreeSet<i16>),
    LastOfWeek(i16),
    NthOfWeek(i16, i16),
}

impl Cron {
    /// The first time after `after`, if there is one before the year 2200.
    pub fn next_after(&self, zone: &TimeZone, after: Timestamp) -> Option<Timestamp> {
        let mut date = after.to_zoned_datetime(zone.clone()).date();
        while date.year() <= LAST_YEAR {
            if !self.years.contains(&date.year()) {
                date = Date::new(date.year() + 1, 1, 1).ok()?;
            } else if !self.months.contains(&i16::from(date.month())) {
                date = date.last_of_month().tomorrow().ok()?;
            } else {
                if let Some(time) = self.on(date, zone, after) {
                    return Some(time);
                }
                date = date.tomorrow().ok()?;
            }
        }
        None
    }

    fn on(&self, date: Date, zone: &TimeZone, after: Timestamp) -> Option<Timestamp> {
        if !self.days.contain(date) {
            return None;
        }
        let times = self.hours.iter().flat_map(|hour| self.minutes.iter().map(move |minute| (*hour, *minute)));
        let instants = times
            .filter_map(|(hour, minute)| in_zone(zone, date.at(i8::try_from(hour).ok()?, i8::try_from(minute).ok()?, 0, 0)));
        instants.filter(|time| *time > after).min()
    }
}

impl Days {
    fn contain(&self, date: Date) -> bool {
        let day = i16::from(date.day());
        match self {
            Days::OfMonth(days) => days.contains(&day),
            Days::LastOfMonth => date == date.last_of_month(),
            Days::NearestWeekday(wanted) => nearest_weekday(date, *wanted) == Some(date),
            Days::OfWeek(days) => days.contains(&number(date.weekday())),
            Days::LastOfWeek(wanted) => number(date.weekday()) == *wanted && day + 7 > i16::from(date.days_in_month()),
            Days::NthOfWeek(wanted, nth) => number(date.weekday()) == *wanted && (day - 1) / 7 + 1 == *nth,
        }
    }
}

/// AWS's number of a weekday: Sunday is 1.
fn number(weekday: Weekday) -> i16 {
    i16::from(weekday.to_sunday_one_offset())
}

/// The working day nearest to a day of the date's month, never in another month.
fn nearest_weekday(date: Date, day: i16) -> Option<Date> {
    let wanted = Date::new(date.year(), date.month(), i8::try_from(day).ok()?).ok()?;
    let moved = match wanted.weekday() {
        Weekday::Saturday if day == 1 => wanted + 2.days(),
        Weekday::Saturday => wanted - 1.day(),
        Weekday::Sunday if wanted == wanted.last_of_month() => wanted - 2.days(),
        Weekday::Sunday => wanted + 1.day(),
        _ => wanted,
    };
    Some(moved)
}

impl FromStr for Cron {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let fields: Vec<&str> = text.split_whitespace().collect();
        let [minutes, hours, day_of_month, month, day_of_week, year] = fields[..] else {
            return Err("it has not six fields".to_owned());
        };
        Ok(Self {
            minutes: set("minutes", minutes, 0, 59, &[])?,
            hours: set("hours", hours, 0, 23, &[])?,
            days: days(day_of_month, day_of_week)?,
            months: set("month", month, 1, 12, &MONTHS)?,
            years: set("year", year, FIRST_YEAR, LAST_YEAR, &[])?,
        })
    }
}

fn days(of_month: &str, of_week: &str) -> Result<Days, String> {
    match (of_month, of_week) {
        ("?", "?") => Err("one of day of month and day of week must be given".to_owned()),
        ("?", of_week) => days_of_week(of_week),
        (of_month, "?") => days_of_month(of_month),
        _ => Err("one of day of month and day of week must be `?`".to_owned()),
    }
}

fn days_of_month(text: &str) -> Result<Days, String> {
    if text == "L" {
        return Ok(Days::LastOfMonth);
    }
    match text.strip_suffix('W') {
        Some(day) => Ok(Days::NearestWeekday(value("day of month", day, 1, 31, &[])?)),
        None => set("day of month", text, 1, 31, &[]).map(Days::OfMonth),
    }
}

fn days_of_week(text: &str) -> Result<Days, String> {
    let weekday = |text| value("day of week", text, 1, 7, &WEEKDAYS);
    if text == "L" {
        return Ok(Days::OfWeek(BTreeSet::from([7])));
    }
    if let Some((day, nth)) = text.split_once('#') {
        return Ok(Days::NthOfWeek(weekday(day)?, value("number of the week", nth, 1, 5, &[])?));
    }
    match text.strip_suffix('L') {
        Some(day) => Ok(Days::LastOfWeek(weekday(day)?)),
        None => set("day of week", text, 1, 7, &WEEKDAYS).map(Days::OfWeek),
    }
}

/// The values of a field: a list of single values, ranges, and either with a step.
fn set(field: &str, text: &str, min: i16, max: i16, names: &[&str]) -> Result<BTreeSet<i16>, String> {
    let mut values = BTreeSet::new();
    for part in text.split(',') {
        let (range, step) = part.split_once('/').map_or((part, None), |(range, step)| (range, Some(step)));
        let (first, last) = match range.split_once('-') {
            _ if range == "*" => (min, max),
            Some((first, last)) => (value(field, first, min, max, names)?, value(field, last, min, max, names)?),
            None => {
                let first = value(field, range, min, max, names)?;
                (first, if step.is_some() { max } else { first })
            }
        };
        if first > last {
            return Err(format!("{field}: the range `{range}` runs backwards"));
        }
        let step = step.map_or(Ok(1), |step| value(field, step, 1, max, &[]))?;
        values.extend((first..=last).step_by(usize::try_from(step).unwrap_or(1)));
    }
    Ok(values)
}

fn value(field: &str, text: &str, min: i16, max: i16, names: &[&str]) -> Result<i16, String> {
    let named = names.iter().zip(min..).find(|(name, _)| name.eq_ignore_ascii_case(text)).map(|(_, number)| number);
    let number = named.or_else(|| text.parse().ok()).filter(|number| (min..=max).contains(number));
    number.ok_or_else(|| format!("{field}: `{text}` is not within {min} and {max}"))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn following(cron: &str, zone: &str, after: &str, count: usize) -> Vec<String> {
        let cron: Cron = cron.parse().unwrap();
        let zone = TimeZone::get(zone).unwrap();
        let next = |time: &Timestamp| cron.next_after(&zone, *time);
        let first = next(&after.parse().unwrap());
        std::iter::successors(first, next).take(count).map(|time| time.to_string()).collect()
    }

    #[test]
    fn calendar_table() {
        let after = "2026-02-27T12:00:00Z"; // a Friday
        for (cron, expected) in [
            ("0 21 * * ? *", ["2026-02-27T21:00:00Z", "2026-02-28T21:00:00Z"]),
            ("0/20 * * * ? *", ["2026-02-27T12:20:00Z", "2026-02-27T12:40:00Z"]),
            ("0 12 * * ? *", ["2026-02-28T12:00:00Z", "2026-03-01T12:00:00Z"]),
            ("15 10 ? * MON-FRI *", ["2026-03-02T10:15:00Z", "2026-03-03T10:15:00Z"]),
            ("15 10 ? * 2-6 *", ["2026-03-02T10:15:00Z", "2026-03-03T10:15:00Z"]),
            ("0 8 1 * ? *", ["2026-03-01T08:00:00Z", "2026-04-01T08:00:00Z"]),
            ("0 0 L * ? *", ["2026-02-28T00:00:00Z", "2026-03-31T00:00:00Z"]),
            ("0 10 ? * 6L *", ["2026-03-27T10:00:00Z", "2026-04-24T10:00:00Z"]),
            ("0 10 ? * TUE#2 *", ["2026-03-10T10:00:00Z", "2026-04-14T10:00:00Z"]),
            ("0 10 1W * ? *", ["2026-03-02T10:00:00Z", "2026-04-01T10:00:00Z"]),
            ("0 10 15W 8 ? *", ["2026-08-14T10:00:00Z", "2027-08-16T10:00:00Z"]),
            ("30 5 29 2 ? *", ["2028-02-29T05:30:00Z", "2032-02-29T05:30:00Z"]),
            ("0 0,12 1 JAN,JUL ? 2027-2028", ["2026-12-31", "2027"]),
            ("0 6 ? * L *", ["2026-02-28T06:00:00Z", "2026-03-07T06:00:00Z"]),
        ] {
            if cron.ends_with("2028") {
                let expected = ["2027-01-01T00:00:00Z", "2027-01-01T12:00:00Z", "2027-07-01T00:00:00Z"];
                assert_eq!(following(cron, "UTC", after, 3), expected);
                continue;
            }
            assert_eq!(following(cron, "UTC", after, 2), expected, "{cron}");
        }
    }

    #[test]
    fn a_year_that_is_over_never_comes() {
        assert!(following("0 0 1 1 ? 2020", "UTC", "2026-01-01T00:00:00Z", 1).is_empty());
    }

    #[test]
    fn midnight_in_riyadh() {
        let expected = ["2026-03-18T21:00:00Z", "2026-03-19T21:00:00Z"];
        assert_eq!(following("0 0 * * ? *", "Asia/Riyadh", "2026-03-18T20:59:59Z", 2), expected);
        assert_eq!(following("0 21 * * ? *", "UTC", "2026-03-18T20:59:59Z", 2), expected);
    }

    /// A zone with daylight saving: a skipped time does not come, a repeated one comes once.
    #[test]
    fn daylight_saving() {
        let spring = following("30 2 * * ? *", "Europe/Berlin", "2026-03-28T00:00:00Z", 2);
        assert_eq!(spring, ["2026-03-28T01:30:00Z", "2026-03-30T00:30:00Z"]);
        let autumn = following("30 2 * * ? *", "Europe/Berlin", "2026-10-24T12:00:00Z", 2);
        assert_eq!(autumn, ["2026-10-25T00:30:00Z", "2026-10-26T01:30:00Z"]);
    }

    #[test]
    fn bad_rules_say_why() {
        for (cron, reason) in [
            ("0 21 * * *", "six fields"),
            ("0 21 * * * *", "must be `?`"),
            ("0 21 ? * ? *", "must be given"),
            ("60 21 * * ? *", "minutes: `60`"),
            ("0 24 * * ? *", "hours: `24`"),
            ("0 0 32 * ? *", "day of month: `32`"),
            ("0 0 * 13 ? *", "month: `13`"),
            ("0 0 ? * 0 *", "day of week: `0`"),
            ("0 0 ? * MON#6 *", "number of the week"),
            ("0 0 * * ? 1969", "year: `1969`"),
            ("0 9-8 * * ? *", "runs backwards"),
            ("0/0 * * * ? *", "minutes: `0`"),
        ] {
            let error = cron.parse::<Cron>().unwrap_err();
            assert!(error.contains(reason), "{cron}: {error}");
        }
    }
}
