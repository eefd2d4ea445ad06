//! What the clock has to do about an offering, and until when.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::feast::FeastDay;
use super::lot::Lot;
use super::offering::{Offering, Remainder, Species, Stage, Stock};
use super::packing::is_partial;
use crate::moment::{Day, Moment};

/// How long an offering without a day is looked after once it is closed, in seconds: a month, in which what it promises is carried out.
pub const UNDATED_SECS: i64 = 30 * 24 * 3_600;
/// How long before its day, in seconds, an animal whose donors are still to be given their money back is filled after all: the list of its slaughterhouse has to go out.
pub const DECIDED_BEFORE_SECS: i64 = 24 * 3_600;
/// The same of an offering without a day, from its close on: a week.
pub const UNDATED_DECIDED_SECS: i64 = 7 * 24 * 3_600;

/// What is to be done about an offering.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Due {
    /// Nothing: it is sold, it was never sold, or its season is over.
    Nothing,
    /// Its animals are to be filled.
    Close,
    /// They were: whether they still are is to be looked at.
    Watch,
}

/// What is to be done about an offering now.
pub fn due(offering: &Offering, now: Moment) -> Due {
    if offering.stock == Stock::Preparing || !offering.is_over(now) || now >= watched_until(offering) {
        return Due::Nothing;
    }
    match offering.stage {
        Stage::Sale | Stage::Closing => Due::Close,
        Stage::Packed | Stage::Listed => Due::Watch,
    }
}

/// Until when an offering is looked after: as long as its animals may be slaughtered, since one that is late is better than none; without a day [`UNDATED_SECS`].
pub fn watched_until(offering: &Offering) -> Moment {
    match offering.day {
        Some(_) => super::carrying::rules::ends(offering),
        None => undated_until(offering),
    }
}

/// Until when an offering without a day is looked after.
pub(crate) fn undated_until(offering: &Offering) -> Moment {
    offering.closes_at.plus_seconds(UNDATED_SECS)
}

/// What becomes of the animal that is not full, decided now: what the offering says, as long as there is time for it. Of a gift that had to be split no part can go back alone, so that an animal with one
/// is always filled.
pub fn remainder(offering: &Offering, is_split: bool, now: Moment) -> Remainder {
    let decided_at = match offering.day.and_then(|day| day.gregorian()) {
        Some(day) => day.start().plus_seconds(-DECIDED_BEFORE_SECS),
        None => offering.closes_at.plus_seconds(UNDATED_DECIDED_SECS),
    };
    if is_split || now >= decided_at { Remainder::Complete } else { offering.remainder }
}

/// Whether every confirmed share of these lots has its animal: nothing is held, no share is left over, animals are full, and heads are told apart.
pub fn is_packed(lots: &[Lot], species: Species) -> bool {
    lots.iter().all(|lot| is_settled(lot, species))
}

/// The same of one lot.
pub fn is_settled(lot: &Lot, species: Species) -> bool {
    let is_full = lot.confirmed_shares() + lot.own == species.shares();
    let animals = is_full || (lot.own == 0 && !is_partial(lot, species));
    let heads = species.shares() > 1 || super::animal::heads(lot) == lot.heads;
    lot.free == 0 && lot.held().next().is_none() && animals && heads
}

/// The day of a list: that of the feast for which animals are promised, however the moon was seen; for what is tied to no day, the day on which its sale was closed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum ListDay {
    /// A day of Dhu al-Hijjah: `1448-12-10`.
    Feast(i32, u8),
    /// A day on which a sale was closed: `2026-11-01`.
    Closed(Day),
}

/// A text is no day of a list.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a day of the feast such as 1448-12-10, nor a date")]
pub struct NotAListDay;

impl ListDay {
    /// The day on whose list an offering is.
    pub fn of(offering: &Offering) -> ListDay {
        match offering.day {
            Some(FeastDay { year, day, .. }) => ListDay::Feast(year, day),
            None => ListDay::Closed(offering.closes_at.day()),
        }
    }
}

impl fmt::Display for ListDay {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ListDay::Feast(year, day) => write!(f, "{year:04}-12-{day:02}"),
            ListDay::Closed(day) => write!(f, "{day}"),
        }
    }
}

impl FromStr for ListDay {
    type Err = NotAListDay;

    /// Hijri years are below 1700, and platforms of this kind are younger.
    fn from_str(text: &str) -> Result<ListDay, NotAListDay> {
        let day: Day = text.parse().map_err(|_| NotAListDay)?;
        let (year, month, number) = day.parts();
        let is_hijri = year < 1700;
        let is_feast = month == 12 && super::feast::DAYS.contains(&number);
        let read = match (is_hijri, is_feast) {
            (true, true) => ListDay::Feast(i32::from(year), number),
            (true, false) => return Err(NotAListDay),
            (false, _) => ListDay::Closed(day),
        };
        if read.to_string() == text { Ok(read) } else { Err(NotAListDay) }
    }
}

impl TryFrom<String> for ListDay {
    type Error = NotAListDay;
    fn try_from(text: String) -> Result<ListDay, NotAListDay> {
        text.parse()
    }
}

impl From<ListDay> for String {
    fn from(day: ListDay) -> String {
        day.to_string()
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn days_of_lists_are_read_as_they_are_written() {
        for text in ["1448-12-10", "1448-12-13", "2026-11-01", "2026-12-10"] {
            assert_eq!(text.parse::<ListDay>().map(|day| day.to_string()), Ok(text.to_owned()));
        }
        assert_eq!("1448-12-10".parse(), Ok(ListDay::Feast(1448, 10)));
        for text in ["", "1448-12-09", "1448-11-10", "2026-11-31", "1448-12-10/..", "2026-11-1", "20261101"] {
            assert_eq!(text.parse::<ListDay>(), Err(NotAListDay), "{text}");
        }
    }

    #[test]
    fn a_lot_is_settled_when_each_confirmed_share_has_its_animal() {
        let lot = |species: Species, free: u8, own: u8, claims: &[&str]| {
            let id = |n| crate::id::DonationId::from_bytes([n; 16]);
            let claims = (1..).zip(claims).map(|(n, claim)| (id(n), claim.parse().unwrap())).collect();
            let lot = Lot { free, own, claims, ..Lot::new(0, species.lot_shares()) };
            Lot { heads: if species.shares() == 1 { super::super::animal::heads(&lot) } else { Default::default() }, ..lot }
        };
        let camel = |free, own, claims: &[&str]| is_settled(&lot(Species::Camel, free, own, claims), Species::Camel);
        assert!(camel(0, 0, &["4c", "3c"]) && camel(0, 0, &[]) && camel(0, 2, &["5c"]));
        assert!(!camel(0, 0, &["5c"]), "two shares are missing");
        assert!(!camel(1, 0, &["5c", "1c"]), "a share was given back");
        assert!(!camel(0, 0, &["4c", "3h1795500000"]), "a share is held");
        assert!(!camel(0, 2, &["4c"]), "one share is missing");
        assert!(is_settled(&lot(Species::Sheep, 0, 0, &["2c", "1c"]), Species::Sheep));
        let unnamed = Lot { heads: Default::default(), ..lot(Species::Sheep, 0, 0, &["2c"]) };
        assert!(!is_settled(&unnamed, Species::Sheep), "whose is which head is not told yet");
    }
}
