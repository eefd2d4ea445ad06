//! By when a sale has to be closed, and its list out, so that its animals can be slaughtered on the day that was promised.
//!
//! ```text
//! closes_at ── last hold ──▶ holds end ── closing ──▶ list is due ── two hours ──▶ slaughter may begin
//! ```
//!
//! **What is tied to a day** is slaughtered from the prayer of the Eid on the 10th, or from sunrise on the other days, where the place is. Where that is not known it is taken to begin when the day does: in
//! the Kingdom by its own clocks, elsewhere as early as there is any place with the date.
//!
//! **What is tied to no day** may be slaughtered from its close on, so there is always room: its list is due once it is closed and its last hold has ended, or a gift whose animal is not full was decided about.

use super::close::{DECIDED_BEFORE_SECS, UNDATED_DECIDED_SECS};
use super::feast::FeastDay;
use super::offering::{Offering, Remainder};
use super::reservation::HOLD_SECS;
use super::season;
use super::site::{Country, Site};
use crate::moment::Moment;

/// From the end of the last hold to the list, in seconds: three runs of the clock that closes sales, so that one may fail and one may wait for a hold that was missed.
pub const CLOSING_SECS: i64 = 45 * 60;
/// How long before the slaughter may begin a list is to be out, in seconds: a slaughterhouse prints it and brings the animals up; and somebody who is woken because it is not has time to act.
pub const LIST_BEFORE_SECS: i64 = 2 * 3_600;
/// How long two people have to give back the gifts of an animal that is not full, in seconds: whatever the hour at which the sale is closed, a working day is in it.
pub const GIVING_BACK_SECS: i64 = 86_400;
/// How much earlier than in Riyadh a day begins at the easternmost clocks of the earth, in seconds: these are fourteen hours ahead of UTC, Riyadh's three.
const EARLIEST_SECS: i64 = 11 * 3_600;

/// When the slaughter of a day may begin at a place; none where the day is none of the calendar.
pub fn slaughter_begins(place: &Site, day: &FeastDay) -> Option<Moment> {
    if let Some(daylight) = season::daylight(place, day) {
        return Some(daylight.from);
    }
    let begins = day.gregorian()?.start();
    Some(if place.country == Country::SAUDI_ARABIA { begins } else { begins.plus_seconds(-EARLIEST_SECS) })
}

/// The latest time at which a sale for that day and place may close. Where the gifts of an animal that is not full are to go back, people need their time to see to it as well. None where the day is none of the
/// calendar.
pub fn latest_close(place: &Site, day: &FeastDay, remainder: Remainder) -> Option<Moment> {
    let list = slaughter_begins(place, day)?.plus_seconds(-LIST_BEFORE_SECS);
    let decided = match remainder {
        Remainder::Complete => list,
        Remainder::Refund => list.min(day.gregorian()?.start().plus_seconds(-(DECIDED_BEFORE_SECS + GIVING_BACK_SECS))),
    };
    Some(decided.plus_seconds(-(CLOSING_SECS + HOLD_SECS)))
}

/// When the list with an offering's animals is to be out at the latest.
pub fn list_due(offering: &Offering) -> Moment {
    let dated = offering.day.as_ref().and_then(|day| slaughter_begins(&offering.place, day));
    match (dated, offering.remainder) {
        (Some(begins), _) => begins.plus_seconds(-LIST_BEFORE_SECS),
        (None, Remainder::Complete) => offering.holds_end().plus_seconds(CLOSING_SECS),
        (None, Remainder::Refund) => offering.closes_at.plus_seconds(UNDATED_DECIDED_SECS + CLOSING_SECS),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::catalogue::Bilingual;
    use crate::hijri::Sighted;
    use crate::sacrifice::Coordinates;
    use proptest::prelude::*;

    fn site(country: &str) -> Site {
        let name = Bilingual { ar: "م".to_owned(), en: "m".to_owned() };
        Site::new(name, country.parse().unwrap(), None)
    }

    fn day(day: u8, sighted: Sighted) -> FeastDay {
        FeastDay { year: 1448, day, sighted }
    }

    #[test]
    fn a_sale_closes_early_enough_for_its_list() {
        let makkah = Site { coordinates: Coordinates::parse("21.4225", "39.8262"), ..site("SA") };
        let latest = |place: &Site, day: FeastDay, remainder| latest_close(place, &day, remainder).unwrap().to_string();
        let (complete, refund) = (Remainder::Complete, Remainder::Refund);
        // The 10th of 1448 is 16 May 2027: the prayer in Makkah is over at about 03:25 UTC, and the sun rises at about 02:40.
        assert_eq!(&latest(&makkah, day(10, Sighted::AsPublished), complete)[..13], "2027-05-16T00");
        assert_eq!(&latest(&makkah, day(11, Sighted::AsPublished), complete)[..13], "2027-05-16T23");
        assert_eq!(&latest(&makkah, day(10, Sighted::DayAfter), complete)[..13], "2027-05-17T00");
        assert_eq!(latest(&makkah, day(10, Sighted::AsPublished), refund), "2027-05-13T20:00:00Z");
        // Where the place lies is not known: from when the day begins.
        assert_eq!(latest(&site("SA"), day(10, Sighted::AsPublished), complete), "2027-05-15T18:00:00Z");
        assert_eq!(latest(&site("SD"), day(10, Sighted::AsPublished), complete), "2027-05-15T07:00:00Z");
        assert_eq!(latest_close(&makkah, &day(14, Sighted::AsPublished), complete), None);
    }

    proptest! {
        /// Wherever the place is, what is taken where that is not known is never later than where it is.
        #[test]
        fn what_is_not_known_is_on_the_safe_side(latitude in -65_i32..=65, longitude in -180_i32..=180, number in 10_u8..=13, prayer in 15_u8..=240) {
            let known = Site {
                coordinates: Coordinates::parse(&latitude.to_string(), &longitude.to_string()),
                prayer_minutes: Some(prayer),
                ..site("ID")
            };
            let day = day(number, Sighted::AsPublished);
            // The date of a place follows from its clocks; of a place on the other side of the date line the day is the one before.
            let begins = slaughter_begins(&known, &day).unwrap();
            prop_assert!(slaughter_begins(&site("ID"), &day).unwrap() <= begins);
            for remainder in [Remainder::Complete, Remainder::Refund] {
                let latest = latest_close(&known, &day, remainder).unwrap();
                prop_assert!(latest.plus_seconds(HOLD_SECS + CLOSING_SECS + LIST_BEFORE_SECS) <= begins);
            }
        }
    }
}
