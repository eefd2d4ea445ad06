//! The Hijri date of a day, by the calendar of Umm al-Qura.
//!
//! Months begin as the calendar publishes them; the tables are ICU's, from 1300 to 1600 AH. When the moon is sighted a day off, an operator records by
//! how many days, and [`HijriDate::of`] is told: nothing here remembers it.

use std::fmt;

use icu_calendar::Date;
use icu_calendar::cal::{Gregorian, Hijri};
use icu_calendar::types::{Month, YearInput};
use serde::{Deserialize, Serialize};

use crate::moment::Day;
use crate::purpose::Language;

/// The years whose months the calendar has published, as ICU's tables have them.
const PUBLISHED: std::ops::RangeInclusive<i32> = 1300..=1600;

/// Months in Arabic and in English, as they are written in Saudi Arabia.
const MONTHS: [(&str, &str); 12] = [
    ("محرم", "Muharram"),
    ("صفر", "Safar"),
    ("ربيع الأول", "Rabi al-Awwal"),
    ("ربيع الآخر", "Rabi al-Akhir"),
    ("جمادى الأولى", "Jumada al-Ula"),
    ("جمادى الآخرة", "Jumada al-Akhirah"),
    ("رجب", "Rajab"),
    ("شعبان", "Shaban"),
    ("رمضان", "Ramadan"),
    ("شوال", "Shawwal"),
    ("ذو القعدة", "Dhu al-Qadah"),
    ("ذو الحجة", "Dhu al-Hijjah"),
];

/// How many days later than published a month was seen to begin.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Sighted {
    /// A day earlier.
    DayBefore,
    /// As published.
    #[default]
    AsPublished,
    /// A day later.
    DayAfter,
}

/// A date of the Hijri calendar; written `1448-06-13`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct HijriDate {
    year: i32,
    month: u8,
    day: u8,
}

impl HijriDate {
    /// The date of a day.
    ///
    /// ```
    /// use domain::hijri::{HijriDate, Sighted};
    /// let arafah_passed = "2026-05-27".parse()?;
    /// assert_eq!(HijriDate::of(arafah_passed, Sighted::AsPublished).to_string(), "1447-12-10");
    /// # Ok::<(), jiff::Error>(())
    /// ```
    pub fn of(day: Day, sighted: Sighted) -> HijriDate {
        let day = match sighted {
            // The moon came a day early: today is what tomorrow would have been.
            Sighted::DayBefore => day.next(),
            Sighted::AsPublished => day,
            Sighted::DayAfter => day.previous(),
        };
        let (year, month, day) = day.parts();
        let gregorian = Date::try_new_gregorian(i32::from(year), month, day).expect("a day is a date of the calendar");
        let hijri = gregorian.to_calendar(Hijri::new_umm_al_qura());
        HijriDate { year: hijri.year().extended_year(), month: hijri.month().ordinal, day: hijri.day_of_month().0 }
    }

    /// The date of a year from 1300 to 1600, a month from one and a day of the month; none if the published calendar has no such date.
    pub fn new(year: i32, month: u8, day: u8) -> Option<HijriDate> {
        published(year, month, day).map(|_| HijriDate { year, month, day })
    }

    /// The day on which the date falls: the inverse of [`HijriDate::of`]. None before 1300 and after 1600.
    ///
    /// ```
    /// use domain::hijri::{HijriDate, Sighted};
    /// let feast = HijriDate::new(1447, 12, 10).unwrap();
    /// assert_eq!(feast.on(Sighted::AsPublished).unwrap().to_string(), "2026-05-27");
    /// assert_eq!(feast.on(Sighted::DayAfter).unwrap().to_string(), "2026-05-28");
    /// ```
    pub fn on(self, sighted: Sighted) -> Option<Day> {
        let day = published(self.year, self.month, self.day)?;
        Some(match sighted {
            Sighted::DayBefore => day.previous(),
            Sighted::AsPublished => day,
            Sighted::DayAfter => day.next(),
        })
    }

    /// The thirtieth of its month, which a month that was published with twenty-nine days has when the moon of the next is seen a day later.
    pub(crate) const fn thirtieth(self) -> HijriDate {
        HijriDate { day: 30, ..self }
    }

    /// Year, month from one, day of the month.
    pub const fn parts(self) -> (i32, u8, u8) {
        (self.year, self.month, self.day)
    }

    /// The month's name.
    pub fn month_name(self, language: Language) -> &'static str {
        let (arabic, english) = MONTHS[usize::from(self.month - 1)];
        match language {
            Language::Arabic => arabic,
            Language::English => english,
        }
    }
}

/// The day on which the calendar, as published, has a date.
fn published(year: i32, month: u8, day: u8) -> Option<Day> {
    if !PUBLISHED.contains(&year) || !(1..=12).contains(&month) {
        return None;
    }
    let hijri = Date::try_new(YearInput::Extended(year), Month::new(month), day, Hijri::new_umm_al_qura()).ok()?;
    let gregorian = hijri.to_calendar(Gregorian);
    let year = i16::try_from(gregorian.year().extended_year()).ok()?;
    Day::from_parts(year, gregorian.month().ordinal, gregorian.day_of_month().0)
}

impl fmt::Display for HijriDate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:04}-{:02}-{:02}", self.year, self.month, self.day)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use proptest::prelude::*;

    fn hijri(day: &str) -> String {
        HijriDate::of(day.parse().unwrap(), Sighted::AsPublished).to_string()
    }

    /// Dates as they were published, or were announced to come.
    #[test]
    fn feasts_fall_on_the_days_that_were_published() {
        let table = [
            ("2023-06-28", "1444-12-10"),
            ("2024-06-16", "1445-12-10"),
            ("2025-06-06", "1446-12-10"),
            ("2026-05-27", "1447-12-10"),
            ("2027-05-16", "1448-12-10"),
            ("2028-05-05", "1449-12-10"),
            ("2025-03-01", "1446-09-01"),
            ("2026-02-18", "1447-09-01"),
            ("2027-02-08", "1448-09-01"),
        ];
        for (gregorian, expected) in table {
            assert_eq!(hijri(gregorian), expected, "{gregorian}");
        }
    }

    #[test]
    fn a_moon_sighted_a_day_off_moves_the_date_by_a_day() {
        let first: Day = "2026-02-18".parse().unwrap();
        let dates =
            [Sighted::DayBefore, Sighted::AsPublished, Sighted::DayAfter].map(|sighted| HijriDate::of(first, sighted));
        assert_eq!(dates.map(|date| date.to_string()), ["1447-09-02", "1447-09-01", "1447-08-29"]);
    }

    #[test]
    fn months_are_named_in_both_languages() {
        let date = HijriDate::of("2026-02-18".parse().unwrap(), Sighted::AsPublished);
        assert_eq!((date.month_name(Language::Arabic), date.month_name(Language::English)), ("رمضان", "Ramadan"));
        let last = HijriDate::of("2026-05-27".parse().unwrap(), Sighted::AsPublished);
        assert_eq!(last.month_name(Language::Arabic), "ذو الحجة");
    }

    #[test]
    fn there_are_dates_in_published_years_and_no_others() {
        assert_eq!(HijriDate::new(1300, 1, 1).map(|date| date.to_string()).as_deref(), Some("1300-01-01"));
        assert!(HijriDate::new(1600, 12, 29).is_some());
        for (year, month, day) in [(1299, 12, 29), (1601, 1, 1), (1447, 0, 1), (1447, 13, 1), (1447, 12, 0), (1447, 12, 31)]
        {
            assert_eq!(HijriDate::new(year, month, day), None, "{year} {month} {day}");
        }
        let long_ago = HijriDate::of("1800-01-01".parse().unwrap(), Sighted::AsPublished);
        assert_eq!(long_ago.on(Sighted::AsPublished), None);
    }

    proptest! {
        #[test]
        fn a_date_falls_on_the_day_that_has_it(days in 0i64..98_000, off in 0usize..3) {
            let day = crate::moment::Moment::from_millis((days - 25_000) * 86_400_000).day();
            let sighted = [Sighted::DayBefore, Sighted::AsPublished, Sighted::DayAfter][off];
            let date = HijriDate::of(day, sighted);
            let (year, month, of_month) = date.parts();
            prop_assert_eq!(date.on(sighted), Some(day));
            prop_assert_eq!(HijriDate::new(year, month, of_month), Some(date));
        }

        /// From 1900 to 2170: within the tables.
        #[test]
        fn days_follow_one_another(days in 0i64..98_000) {
            let at = |days: i64| crate::moment::Moment::from_millis((days - 25_000) * 86_400_000).day();
            let (before, after) = (HijriDate::of(at(days), Sighted::AsPublished), HijriDate::of(at(days + 1), Sighted::AsPublished));
            let (year, month, day) = before.parts();
            let follows = match after.parts() {
                (y, m, d) if (y, m) == (year, month) => d == day + 1,
                (y, m, 1) if y == year => m == month + 1 && day >= 29,
                (y, 1, 1) => y == year + 1 && month == 12 && day >= 29,
                _ => false,
            };
            prop_assert!(follows && day <= 30, "{before} {after}");
        }
    }
}
