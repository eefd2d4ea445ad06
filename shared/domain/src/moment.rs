//! Points in time and days, as values: nothing here knows what time it is.
//!
//! A day of giving is a day in Riyadh, which is three hours ahead of UTC all year round.

use std::fmt;
use std::str::FromStr;

use jiff::civil::{Date, Time};
use jiff::tz::Offset;
use jiff::{Timestamp, ToSpan};
use serde::{Deserialize, Serialize};

/// Riyadh's distance from UTC. Saudi Arabia keeps no summer time, so a constant serves and no time zone data is needed.
const RIYADH: Offset = Offset::constant(3);

/// A point in time, in milliseconds since 1970 (UTC); on the wire the same integer.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, minicbor::Encode, minicbor::Decode,
)]
#[serde(transparent)]
#[cbor(transparent)]
pub struct Moment(#[n(0)] i64);

impl Moment {
    /// The moment that many milliseconds after the start of 1970.
    pub const fn from_millis(millis: i64) -> Moment {
        Moment(millis)
    }

    /// Milliseconds since the start of 1970.
    pub const fn millis(self) -> i64 {
        self.0
    }

    /// Whole seconds since the start of 1970.
    pub const fn seconds(self) -> i64 {
        self.0.div_euclid(1_000)
    }

    /// The moment `seconds` later.
    pub const fn plus_seconds(self, seconds: i64) -> Moment {
        Moment(self.0.saturating_add(seconds.saturating_mul(1_000)))
    }

    /// Milliseconds from `earlier` to this moment; negative when it is the other way round.
    pub const fn millis_since(self, earlier: Moment) -> i64 {
        self.0.saturating_sub(earlier.0)
    }

    /// The day in Riyadh on which the moment falls.
    pub fn day(self) -> Day {
        let date = RIYADH.to_datetime(self.timestamp()).date();
        Day(date)
    }

    fn timestamp(self) -> Timestamp {
        Timestamp::from_millisecond(self.0).unwrap_or(Timestamp::UNIX_EPOCH)
    }
}

impl fmt::Display for Moment {
    /// RFC 3339 in UTC, as the API writes times.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.timestamp())
    }
}

/// RFC 3339 in UTC or with an offset.
impl FromStr for Moment {
    type Err = jiff::Error;
    fn from_str(text: &str) -> Result<Moment, jiff::Error> {
        text.parse::<Timestamp>().map(|timestamp| Moment(timestamp.as_millisecond()))
    }
}

/// A calendar day in Riyadh; on the wire `2026-11-23`.
///
/// ```
/// use domain::moment::{Day, Moment};
/// let ten_in_the_evening_utc: Moment = "2026-11-23T22:00:00Z".parse()?;
/// assert_eq!(ten_in_the_evening_utc.day().to_string(), "2026-11-24");
/// # Ok::<(), jiff::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Day(Date);

impl Day {
    /// The day after.
    pub fn next(self) -> Day {
        Day(self.0.saturating_add(1.day()))
    }

    /// The day before.
    pub fn previous(self) -> Day {
        Day(self.0.saturating_sub(1.day()))
    }

    /// The day of this year, month from one and day of the month; none if the calendar has no such day.
    pub fn from_parts(year: i16, month: u8, day: u8) -> Option<Day> {
        Date::new(year, i8::try_from(month).ok()?, i8::try_from(day).ok()?).ok().map(Day)
    }

    /// Year, month from one, day of the month.
    pub fn parts(self) -> (i16, u8, u8) {
        // A calendar's months and days are positive.
        (self.0.year(), self.0.month().unsigned_abs(), self.0.day().unsigned_abs())
    }

    /// The first moment of the day in Riyadh.
    pub fn start(self) -> Moment {
        let midnight = RIYADH.to_timestamp(self.0.to_datetime(Time::midnight()));
        Moment(midnight.map_or(0, |timestamp| timestamp.as_millisecond()))
    }
}

impl fmt::Display for Day {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)
    }
}

impl FromStr for Day {
    type Err = jiff::Error;
    fn from_str(text: &str) -> Result<Day, jiff::Error> {
        text.parse().map(Day)
    }
}

impl<C> minicbor::Encode<C> for Day {
    fn encode<W: minicbor::encode::Write>(
        &self,
        encoder: &mut minicbor::Encoder<W>,
        _: &mut C,
    ) -> Result<(), minicbor::encode::Error<W::Error>> {
        encoder.str(&self.to_string())?.ok()
    }
}

impl<'b, C> minicbor::Decode<'b, C> for Day {
    fn decode(decoder: &mut minicbor::Decoder<'b>, _: &mut C) -> Result<Day, minicbor::decode::Error> {
        decoder.str()?.parse().map_err(|_| minicbor::decode::Error::message("not a day"))
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_day_begins_at_nine_in_the_evening_utc() {
        let day: Day = "2026-11-24".parse().unwrap();
        assert_eq!(day.start().to_string(), "2026-11-23T21:00:00Z");
        assert_eq!(day.start().day(), day);
        assert_eq!(Moment::from_millis(day.start().millis() - 1).day(), day.previous());
        assert_eq!(day.previous().next(), day);
    }

    #[test]
    fn times_are_written_in_utc_and_read_with_any_offset() {
        let noon: Moment = "2026-11-23T12:00:00+03:00".parse().unwrap();
        assert_eq!(noon.to_string(), "2026-11-23T09:00:00Z");
        assert_eq!(noon.to_string().parse::<Moment>().unwrap(), noon);
        assert_eq!(serde_json::to_string(&noon).unwrap(), "1795424400000");
        assert_eq!(serde_json::to_string(&noon.day()).unwrap(), "\"2026-11-23\"");
        for bad in ["", "2026-11-23", "2026-11-23T12:00:00", "2026-13-01T00:00:00Z", "now"] {
            assert!(bad.parse::<Moment>().is_err(), "{bad:?}");
        }
        for bad in ["", "2026-02-29", "23-11-2026", "today"] {
            assert!(bad.parse::<Day>().is_err(), "{bad:?}");
        }
    }

    #[test]
    fn a_day_is_made_of_its_parts() {
        let day: Day = "2028-02-29".parse().unwrap();
        let (year, month, of_month) = day.parts();
        assert_eq!(Day::from_parts(year, month, of_month), Some(day));
        for (year, month, day) in [(2026, 2, 29), (2026, 0, 1), (2026, 13, 1), (2026, 1, 0), (2026, 1, 255), (2026, 255, 1)]
        {
            assert_eq!(Day::from_parts(year, month, day), None, "{year} {month} {day}");
        }
    }

    #[test]
    fn seconds_are_whole_and_rounded_down_on_both_sides_of_1970() {
        let seconds = [1_999, 1_000, 999, 0, -1, -1_000, -1_001].map(|millis| Moment::from_millis(millis).seconds());
        assert_eq!(seconds, [1, 1, 0, 0, -1, -1, -2]);
    }

    /// A time from outside may be anything: the arithmetic stops at the ends instead of coming round.
    #[test]
    fn the_ends_of_time_are_no_panic() {
        for millis in [i64::MIN, i64::MAX] {
            let moment = Moment::from_millis(millis);
            let _ = (moment.to_string(), moment.day().next().previous().start(), moment.seconds());
            let _ =
                (moment.plus_seconds(i64::MAX), moment.plus_seconds(i64::MIN), moment.millis_since(Moment::from_millis(0)));
        }
        let last: Day = "9999-12-31".parse().unwrap();
        let _ = (last.next(), last.start(), last.start().day());
    }

    /// From 1900 to 2100.
    fn any_moment() -> impl Strategy<Value = Moment> {
        (-2_208_988_800_000i64..4_102_444_800_000).prop_map(Moment::from_millis)
    }

    proptest! {
        #[test]
        fn each_moment_is_in_one_day(moment in any_moment()) {
            let day = moment.day();
            prop_assert!(day.start() <= moment && moment < day.next().start());
            prop_assert_eq!(day.next().start().millis_since(day.start()), 86_400_000, "no summer time");
            prop_assert_eq!(day.to_string().parse::<Day>().unwrap(), day);
            prop_assert_eq!(moment.to_string().parse::<Moment>().unwrap(), moment);
        }

        #[test]
        fn days_follow_moments(a in any_moment(), b in any_moment()) {
            prop_assert!(a > b || a.day() <= b.day());
            prop_assert_eq!(a.millis_since(b), -b.millis_since(a));
        }
    }
}
