//! Times as Moyasar writes them: `2016-05-11T17:04:17.000Z`.

use jiff::Timestamp;
use jiff::civil::{Date, DateTime};
use jiff::tz::TimeZone;

/// Milliseconds since 1970 as RFC 3339 with three digits, in UTC.
pub(crate) fn write(ms: u64) -> String {
    let at = i64::try_from(ms).ok().and_then(|ms| Timestamp::from_millisecond(ms).ok());
    at.unwrap_or(Timestamp::MAX).strftime("%Y-%m-%dT%H:%M:%S.%3fZ").to_string()
}

/// A date ("the beginning of the day"), a date and time without an offset (taken as UTC: unsure),
/// or a full timestamp.
pub(crate) fn read(text: &str) -> Option<u64> {
    let at = text.parse::<Timestamp>().ok().or_else(|| civil(text))?;
    u64::try_from(at.as_millisecond()).ok()
}

fn civil(text: &str) -> Option<Timestamp> {
    let local = match text.parse::<Date>() {
        Ok(date) if text.len() == "2017-01-12".len() => date.to_datetime(jiff::civil::Time::midnight()),
        _ => text.parse::<DateTime>().ok()?,
    };
    TimeZone::UTC.to_timestamp(local).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_written_with_three_digits() {
        assert_eq!(write(1_462_986_257_000), "2016-05-11T17:04:17.000Z");
        assert_eq!(write(1_462_986_257_633), "2016-05-11T17:04:17.633Z");
    }

    #[test]
    fn times_are_read_in_the_documented_forms() {
        let table = [
            ("2016-05-11T17:04:17.633Z", Some(1_462_986_257_633)),
            ("2016-05-11T20:04:17.633+03:00", Some(1_462_986_257_633)),
            ("2016-05-11T17:04:17", Some(1_462_986_257_000)),
            ("2016-05-11", Some(1_462_924_800_000)),
            ("yesterday", None),
            ("", None),
        ];
        for (text, expected) in table {
            assert_eq!(read(text), expected, "{text}");
        }
    }
}
