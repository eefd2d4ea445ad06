//! When animals may be slaughtered: from the prayer of the Eid on the 10th to sunset on the 13th, where they are.
//!
//! **Promise.** What is told to be within the season is: every time is rounded to the safe side, later in the morning and earlier in the evening, by more than the reckoning of the sun can be wrong.
//!
//! **The prayer** has no time that could be computed: it is held when the sun stands a spear's length above the horizon, a quarter of an hour after sunrise, and with its sermon it takes about half an
//! hour. [`PRAYER_MINUTES`] after sunrise it is over; a place that is known to be later has its own number ([`Site::prayer_minutes`]).
//!
//! **Days.** An offering promises a day. On it animals are slaughtered by daylight, which every school allows and most ask for: from the prayer on the 10th, from sunrise on the other days, to
//! sunset. The season is longer than its days together, by the nights between them.

mod sun;

use super::feast::{DAYS, FeastDay};
use super::site::Site;
use crate::hijri::Sighted;
use crate::moment::Moment;

/// How long after sunrise the prayer of the Eid is over, in minutes: fifteen until it begins, thirty for it and its sermon.
pub const PRAYER_MINUTES: u8 = 45;
/// The least and the most that a place may have instead, in minutes.
pub const PRAYER_RANGE: std::ops::RangeInclusive<u8> = 15..=240;

/// A time from one moment to another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Span {
    /// Its first moment.
    pub from: Moment,
    /// The first moment after it.
    pub until: Moment,
}

impl Span {
    /// Whether a moment is within it.
    pub fn has(&self, at: Moment) -> bool {
        (self.from..self.until).contains(&at)
    }
}

/// The season of a Hijri year at a place, the month seen there as it was; none where the place's coordinates are not known.
///
/// ```
/// use domain::catalogue::Bilingual;
/// use domain::hijri::Sighted;
/// use domain::sacrifice::{Country, Site, season, site::Coordinates};
/// let name = Bilingual { ar: "مكة".to_owned(), en: "Makkah".to_owned() };
/// let makkah = Site { coordinates: Coordinates::parse("21.4225", "39.8262"), ..Site::new(name, Country::SAUDI_ARABIA, None) };
/// let season = season::season(&makkah, 1448, Sighted::AsPublished).unwrap();
/// assert!(!season.has("2027-05-16T03:00:00Z".parse().unwrap()), "before the prayer");
/// assert!(season.has("2027-05-16T04:00:00Z".parse().unwrap()) && season.has("2027-05-19T15:00:00Z".parse().unwrap()));
/// assert!(!season.has("2027-05-19T16:00:00Z".parse().unwrap()), "after sunset");
/// ```
pub fn season(site: &Site, year: i32, sighted: Sighted) -> Option<Span> {
    let on = |day| daylight(site, &FeastDay { year, day, sighted });
    Some(Span { from: on(*DAYS.start())?.from, until: on(*DAYS.end())?.until })
}

/// The daylight of a day of the feast at a place, on the 10th from the prayer on; none where its coordinates are not known.
pub fn daylight(site: &Site, day: &FeastDay) -> Option<Span> {
    let (coordinates, date) = (site.coordinates?, day.gregorian()?);
    let rises = sun::rises(coordinates, date)?;
    let prayer = i64::from(site.prayer_minutes.unwrap_or(PRAYER_MINUTES)) * 60;
    let from = if day.day == *DAYS.start() { rises.plus_seconds(prayer) } else { rises };
    Some(Span { from, until: sun::sets(coordinates, date)? })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::catalogue::Bilingual;
    use crate::sacrifice::{Coordinates, Country};
    use proptest::prelude::*;

    fn site(latitude: &str, longitude: &str) -> Site {
        let name = Bilingual { ar: "م".to_owned(), en: "m".to_owned() };
        let coordinates = Some(Coordinates::parse(latitude, longitude).unwrap());
        Site { coordinates, ..Site::new(name, Country::SAUDI_ARABIA, None) }
    }

    fn on(site: &Site, year: i32, day: u8, sighted: Sighted) -> Span {
        daylight(site, &FeastDay { year, day, sighted }).unwrap()
    }

    #[test]
    fn the_tenth_begins_after_the_prayer_and_each_day_ends_at_sunset() {
        let makkah = site("21.4225", "39.8262");
        let tenth = on(&makkah, 1448, 10, Sighted::AsPublished);
        let eleventh = on(&makkah, 1448, 11, Sighted::AsPublished);
        let minutes = |from: Moment, to: Moment| to.millis_since(from) / 60_000;
        // From one day to the next the sun moves by less than a minute; times are whole minutes.
        let about = |minutes: i64, expected: i64| (expected - 1..=expected + 1).contains(&minutes);
        assert!(about(minutes(tenth.from, eleventh.from), 24 * 60 - i64::from(PRAYER_MINUTES)));
        assert!(about(minutes(tenth.until, eleventh.until), 24 * 60));
        let late = Site { prayer_minutes: Some(90), ..makkah.clone() };
        assert_eq!(minutes(tenth.from, on(&late, 1448, 10, Sighted::AsPublished).from), 45);
        let seen_late = on(&makkah, 1448, 10, Sighted::DayAfter);
        assert_eq!(seen_late.until, eleventh.until, "the moon seen a day later: the next day is the tenth");
        let season = season(&makkah, 1448, Sighted::AsPublished).unwrap();
        assert_eq!((season.from, season.until), (tenth.from, on(&makkah, 1448, 13, Sighted::AsPublished).until));
        let unknown = Site { coordinates: None, ..makkah };
        assert_eq!(daylight(&unknown, &FeastDay { year: 1448, day: 10, sighted: Sighted::AsPublished }), None);
    }

    proptest! {
        /// Wherever and whenever, the day's light is within the season, in the order of the days, and not longer than a day.
        #[test]
        fn days_are_within_the_season(latitude in -65_i32..=65, longitude in -180_i32..=180, year in 1440_i32..1500, prayer in 15_u8..=240) {
            let site = Site { prayer_minutes: Some(prayer), ..site(&latitude.to_string(), &longitude.to_string()) };
            let season = season(&site, year, Sighted::AsPublished).unwrap();
            let mut before = None;
            for day in DAYS {
                let light = on(&site, year, day, Sighted::AsPublished);
                prop_assert!(before.is_none_or(|before| before < light.from));
                prop_assert!(season.from <= light.from && light.until <= season.until);
                prop_assert!(light.until.millis_since(light.from) < 24 * 3_600_000);
                before = Some(light.until.max(light.from));
            }
            let length = season.until.millis_since(season.from) / 3_600_000;
            prop_assert!((70..=96).contains(&length), "{length} hours");
        }
    }
}
