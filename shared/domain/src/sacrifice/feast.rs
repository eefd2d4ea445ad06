//! The days of Eid al-Adha on which animals are sacrificed.

use serde::{Deserialize, Serialize};

use crate::hijri::{HijriDate, Sighted};
use crate::moment::Day;

/// Dhu al-Hijjah.
const MONTH: u8 = 12;
/// The days of the month: the feast and the three that follow it.
pub const DAYS: std::ops::RangeInclusive<u8> = 10..=13;

/// A day of the feast, as an offering promises it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FeastDay {
    /// The Hijri year.
    pub year: i32,
    /// The day of Dhu al-Hijjah, from 10 to 13.
    pub day: u8,
    /// How the month was seen to begin where the animals are: recorded by an operator when the moon is sighted a day off.
    #[serde(default)]
    pub sighted: Sighted,
}

impl FeastDay {
    /// Its Hijri date; none where it is no day of the feast, or the year's months were not published.
    pub fn hijri(&self) -> Option<HijriDate> {
        if DAYS.contains(&self.day) { HijriDate::new(self.year, MONTH, self.day) } else { None }
    }

    /// The day on which it falls.
    ///
    /// ```
    /// use domain::hijri::Sighted;
    /// use domain::sacrifice::FeastDay;
    /// let third = FeastDay { year: 1447, day: 12, sighted: Sighted::AsPublished };
    /// assert_eq!(third.gregorian().unwrap().to_string(), "2026-05-29");
    /// let seen_late = FeastDay { sighted: Sighted::DayAfter, ..third };
    /// assert_eq!(seen_late.gregorian().unwrap().to_string(), "2026-05-30");
    /// ```
    pub fn gregorian(&self) -> Option<Day> {
        self.hijri()?.on(self.sighted)
    }

    /// The Hijri date of any day, as it is counted where the feast is held: in the feast's month from when its moon was seen, at other times as published.
    ///
    /// ```
    /// use domain::hijri::Sighted;
    /// use domain::sacrifice::FeastDay;
    /// let late = FeastDay { year: 1448, day: 10, sighted: Sighted::DayAfter };
    /// assert_eq!(late.hijri_of("2027-05-16".parse()?).to_string(), "1448-12-09");
    /// assert_eq!(late.hijri_of("2027-04-20".parse()?).to_string(), "1448-11-13");
    /// # Ok::<(), jiff::Error>(())
    /// ```
    pub fn hijri_of(&self, day: Day) -> HijriDate {
        let (published, seen) = (HijriDate::of(day, Sighted::AsPublished), HijriDate::of(day, self.sighted));
        let is_of_feast = |date: HijriDate| (date.parts().0, date.parts().1) == (self.year, MONTH);
        match (is_of_feast(seen), is_of_feast(published)) {
            (true, _) => seen,
            // The month was published to begin on this day, and began on the next.
            (false, true) if published.parts().2 == 1 => seen.thirtieth(),
            (false, true) => seen,
            (false, false) => published,
        }
    }

    /// Whether it is the same day of the same feast, however the moon was seen.
    pub const fn is_same_day(&self, other: &FeastDay) -> bool {
        self.year == other.year && self.day == other.day
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn the_feast_has_four_days() {
        let on = |day| FeastDay { year: 1448, day, sighted: Sighted::AsPublished }.gregorian().map(|day| day.to_string());
        let days = ["2027-05-16", "2027-05-17", "2027-05-18", "2027-05-19"].map(|day| Some(day.to_owned()));
        assert_eq!([10, 11, 12, 13].map(on), days);
        assert_eq!([9, 14, 0].map(on), [None, None, None]);
        assert_eq!(FeastDay { year: 1700, day: 10, sighted: Sighted::AsPublished }.gregorian(), None);
    }

    #[test]
    fn dates_of_the_feasts_month_are_counted_from_when_its_moon_was_seen() {
        let of = |sighted, day: &str| FeastDay { year: 1448, day: 10, sighted }.hijri_of(day.parse().unwrap()).to_string();
        // The month is published to begin on 7 May 2027, after one of twenty-nine days or thirty.
        let table = [
            ("2027-04-20", ["1448-11-13", "1448-11-13", "1448-11-13"]),
            ("2027-05-06", ["1448-12-01", "1448-11-29", "1448-11-29"]),
            ("2027-05-07", ["1448-12-02", "1448-12-01", "1448-11-30"]),
            ("2027-05-08", ["1448-12-03", "1448-12-02", "1448-12-01"]),
            ("2027-05-16", ["1448-12-11", "1448-12-10", "1448-12-09"]),
            // Its last day as published is the first of the next one where it began a day sooner.
            ("2027-06-04", ["1448-12-30", "1448-12-29", "1448-12-28"]),
            ("2027-06-05", ["1449-01-01", "1448-12-30", "1448-12-29"]),
            ("2028-05-05", ["1449-12-10", "1449-12-10", "1449-12-10"]),
        ];
        for (day, [before, published, after]) in table {
            assert_eq!(of(Sighted::DayBefore, day), before, "{day}");
            assert_eq!(of(Sighted::AsPublished, day), published, "{day}");
            assert_eq!(of(Sighted::DayAfter, day), after, "{day}");
        }
    }

    #[test]
    fn it_is_kept_as_a_short_object() {
        let day: FeastDay = serde_json::from_str(r#"{"year": 1448, "day": 11}"#).unwrap();
        assert_eq!(day, FeastDay { year: 1448, day: 11, sighted: Sighted::AsPublished });
        let seen = FeastDay { sighted: Sighted::DayBefore, ..day };
        assert_eq!(serde_json::to_string(&seen).unwrap(), r#"{"year":1448,"day":11,"sighted":"day_before"}"#);
        assert!(day.is_same_day(&seen) && day != seen);
        assert!(!day.is_same_day(&FeastDay { year: 1449, ..day }) && !day.is_same_day(&FeastDay { day: 12, ..day }));
    }
}
