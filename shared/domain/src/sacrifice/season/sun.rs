//! Sunrise and sunset, by the crate `sunrise` (the sunrise equation). The only floats of the domain: degrees go in, whole minutes come out.
//!
//! The equation is within two minutes of almanacs below [`super::super::site::MOST_LATITUDE`], mountains and the weather aside. [`MARGIN_SECS`] goes beyond that, to the safe side.
#![expect(
    clippy::float_arithmetic,
    reason = "angles of the sun; what comes out is rounded to whole minutes, to the safe side"
)]

use chrono::NaiveDate;
use sunrise::{SolarDay, SolarEvent};

use crate::moment::{Day, Moment};
use crate::sacrifice::site::Coordinates;

/// What the sun may be away from where it is reckoned to be, in seconds.
const MARGIN_SECS: i64 = 180;
const MINUTE_SECS: i64 = 60;

/// When the sun has risen for certain on a day of the place's calendar.
pub(super) fn rises(at: Coordinates, day: Day) -> Option<Moment> {
    let seconds = event(at, day, SolarEvent::Sunrise)? + MARGIN_SECS;
    Some(minute(seconds + MINUTE_SECS - 1))
}

/// When the sun has not set yet for certain.
pub(super) fn sets(at: Coordinates, day: Day) -> Option<Moment> {
    Some(minute(event(at, day, SolarEvent::Sunset)? - MARGIN_SECS))
}

/// The beginning of the minute.
fn minute(seconds: i64) -> Moment {
    Moment::from_millis(seconds.div_euclid(MINUTE_SECS) * MINUTE_SECS * 1_000)
}

fn event(at: Coordinates, day: Day, event: SolarEvent) -> Option<i64> {
    let degrees = |millionths: i32| f64::from(millionths) / 1_000_000.0;
    let at = sunrise::Coordinates::new(degrees(at.latitude_e6()), degrees(at.longitude_e6()))?;
    let (year, month, day) = day.parts();
    let date = NaiveDate::from_ymd_opt(i32::from(year), u32::from(month), u32::from(day))?;
    SolarDay::new(at, date).event_time(event).map(|time| time.timestamp())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    /// Of every day of a year, so that all seconds of a minute come.
    #[test]
    fn times_are_whole_minutes_and_lose_no_more_than_one_to_the_safe_side() {
        let makkah = Coordinates::parse("21.4225", "39.8262").unwrap();
        let mut day: Day = "2027-01-01".parse().unwrap();
        for _ in 0..365 {
            let (rises, sets) = (rises(makkah, day).unwrap().seconds(), sets(makkah, day).unwrap().seconds());
            assert_eq!((rises % MINUTE_SECS, sets % MINUTE_SECS), (0, 0), "{day}");
            let certain = event(makkah, day, SolarEvent::Sunrise).unwrap() + MARGIN_SECS;
            assert!((certain..certain + MINUTE_SECS).contains(&rises), "{day}: {rises} of {certain}");
            let certain = event(makkah, day, SolarEvent::Sunset).unwrap() - MARGIN_SECS;
            assert!((certain - MINUTE_SECS + 1..=certain).contains(&sets), "{day}: {sets} of {certain}");
            day = day.next();
        }
    }

    /// Almanacs' times, in UTC: each is on the other side of what is reckoned, by no more than seven minutes.
    #[test]
    fn the_sun_rises_earlier_and_sets_later_than_is_reckoned() {
        let table = [
            ("Makkah", "21.4225", "39.8262", "2026-05-27", "02:38", "15:58"),
            ("Makkah", "21.4225", "39.8262", "2026-12-21", "03:53", "14:43"),
            ("Riyadh", "24.7136", "46.6753", "2026-06-21", "02:04", "15:45"),
            ("Jakarta", "-6.2088", "106.8456", "2026-06-21", "23:02", "10:47"),
            ("London", "51.5074", "-0.1278", "2026-06-21", "03:43", "20:21"),
        ];
        for (place, latitude, longitude, day, sunrise, sunset) in table {
            let (at, day): (_, Day) = (Coordinates::parse(latitude, longitude).unwrap(), day.parse().unwrap());
            let of_day = |moment: Moment| moment.seconds().rem_euclid(86_400) / 60;
            let told = |text: &str| text[..2].parse::<i64>().unwrap() * 60 + text[3..].parse::<i64>().unwrap();
            let (after, before) =
                (of_day(rises(at, day).unwrap()) - told(sunrise), told(sunset) - of_day(sets(at, day).unwrap()));
            assert!((0..=7).contains(&after) && (0..=7).contains(&before), "{place} {day}: {after} after, {before} before");
        }
    }
}
