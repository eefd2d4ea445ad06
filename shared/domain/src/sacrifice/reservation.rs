//! What a donation holds of an offering.

use serde::{Deserialize, Serialize};

use super::fairness::GiverHash;
use super::offering::Species;
use crate::id::OpportunityId;
use crate::moment::Moment;

/// How long shares are held for a donor who pays, in seconds: once a sale has been closed for as long, nothing of it is held any more.
pub const HOLD_SECS: i64 = 900;

/// Lots that one donation names at most, at once and one after another. Each is given up only because others were quicker; a gift of seven heads may have each on a lot of its own, and find others when it is paid late.
pub const MOST_LOTS: usize = 24;

/// What a line asks for of an offering, and what its donor agreed to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Shares {
    /// How many.
    pub shares: u8,
    /// The version of the wakala's wording that was accepted.
    pub wakala: String,
    /// When it was accepted.
    pub accepted_at: Moment,
}

/// Shares of a donation that are on one lot.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Part {
    /// The lot.
    pub lot: u32,
    /// How many.
    pub shares: u8,
}

/// Where a donation's shares are claimed. It is named in the donation before the claim is made; only what is named counts, and what is claimed elsewhere is swept.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reservation {
    /// The offering.
    pub offering: OpportunityId,
    /// The lot.
    pub lot: u32,
    /// How many shares.
    pub shares: u8,
    /// Where they are if they are parted, because no lot had room for all or when the sale's animals were packed: all of them, by lots. Empty while they are together.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub parts: Vec<Part>,
    /// Lots that were named before this one; a claim may be left on any of them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub before: Vec<u32>,
    /// A payment came when the shares were given up, and no others were left: it is owed back.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub is_lost: bool,
    /// In whose allowances the shares are counted, where the offering has a limit. Like the lot they are named before they are used.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub givers: Vec<GiverHash>,
    /// The donor lets shares of an animal of seven be apart. Of heads each is by itself anyway.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub apart: bool,
    /// The gift was cancelled only because nothing was left for it, and nobody was shown where to pay: it may be asked for anew.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub is_refused: bool,
}

impl Reservation {
    /// The first lot of a donation.
    pub const fn new(offering: OpportunityId, lot: u32, shares: u8) -> Reservation {
        Reservation {
            offering,
            lot,
            shares,
            parts: Vec::new(),
            before: Vec::new(),
            is_lost: false,
            givers: Vec::new(),
            apart: false,
            is_refused: false,
        }
    }

    /// Whether its shares may be on several lots: heads, what its donor lets be apart, and what is apart already.
    pub const fn may_part(&self, species: Species) -> bool {
        self.apart || species.shares() == 1 || !self.parts.is_empty()
    }

    /// This one for a gift that is made anew: on the lots that it named before something may be claimed still. Nothing when too many were named.
    #[must_use]
    pub fn anew(self, earlier: &Reservation) -> Option<Reservation> {
        let moved = earlier.parted(&self.places())?;
        Some(Reservation { before: moved.before, ..self })
    }

    /// Where its shares are.
    pub fn places(&self) -> Vec<Part> {
        if self.parts.is_empty() { vec![Part { lot: self.lot, shares: self.shares }] } else { self.parts.clone() }
    }

    /// The same with its shares in these places, by lots; where they are whole the reservation is as it would be if they had never been anywhere else. None of these lots
    /// is one of before any more: the claims were moved with the name.
    ///
    /// ```
    /// use domain::sacrifice::reservation::{Part, Reservation};
    /// let whole = Reservation::new("camel-makkah".parse().unwrap(), 3, 3);
    /// let parted = whole.placed(&[Part { lot: 5, shares: 1 }, Part { lot: 9, shares: 2 }]);
    /// assert_eq!((parted.lot, parted.places().len()), (5, 2));
    /// assert_eq!(parted.placed(&[Part { lot: 3, shares: 3 }]), whole);
    /// ```
    #[must_use]
    pub fn placed(&self, places: &[Part]) -> Reservation {
        let is_here = |lot: &u32| places.iter().any(|part| part.lot == *lot);
        let lot = places.first().map_or(self.lot, |part| part.lot);
        let parts = if places.len() > 1 { places.to_vec() } else { Vec::new() };
        let before = self.before.iter().copied().filter(|lot| !is_here(lot)).collect();
        Reservation { lot, parts, before, ..self.clone() }
    }

    /// The same on another lot; nothing when too many were named.
    #[must_use]
    pub fn moved(&self, lot: u32) -> Option<Reservation> {
        self.parted(&[Part { lot, shares: self.shares }])
    }

    /// The same with its shares in these places, by lots, where claims were not moved with the name: each lot that it names no more is one of before. Nothing when too many were named.
    ///
    /// ```
    /// use domain::sacrifice::reservation::{Part, Reservation};
    /// let whole = Reservation::new("sheep-makkah".parse().unwrap(), 3, 3);
    /// let parted = whole.parted(&[Part { lot: 5, shares: 1 }, Part { lot: 9, shares: 2 }]).unwrap();
    /// assert_eq!(parted.lots().collect::<Vec<_>>(), [5, 9, 3]);
    /// let other = parted.parted(&[Part { lot: 3, shares: 2 }, Part { lot: 5, shares: 1 }]).unwrap();
    /// assert_eq!(other.lots().collect::<Vec<_>>(), [3, 5, 9]);
    /// ```
    #[must_use]
    pub fn parted(&self, places: &[Part]) -> Option<Reservation> {
        let is_here = |lot: &u32| places.iter().any(|part| part.lot == *lot);
        let left = self.places().into_iter().map(|part| part.lot).filter(|lot| !is_here(lot));
        let before: Vec<u32> = self.before.iter().copied().filter(|lot| !is_here(lot)).chain(left).collect();
        let named = Reservation { before, is_refused: false, ..self.placed(places) };
        (named.lots().count() <= MOST_LOTS).then_some(named)
    }

    /// Every lot on which there may be a claim, the named ones first.
    pub fn lots(&self) -> impl Iterator<Item = u32> {
        self.places().into_iter().map(|part| part.lot).chain(self.before.iter().copied())
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn each_lot_is_named_once_and_none_is_forgotten() {
        let first = Reservation::new("camel-makkah".parse().unwrap(), 3, 2);
        let back = first.moved(5).unwrap().moved(9).unwrap().moved(3).unwrap();
        assert_eq!(back.lots().collect::<Vec<_>>(), [3, 5, 9]);
        assert_eq!(first.moved(3), Some(first.clone()));
        let many = (4..)
            .try_fold(first, |reservation, lot| if lot < 40 { reservation.moved(lot).ok_or(lot) } else { Ok(reservation) });
        assert_eq!(many, Err(27));
    }

    #[test]
    fn a_gift_that_is_made_anew_forgets_no_lot() {
        let first = Reservation::new("camel-makkah".parse().unwrap(), 3, 2).moved(5).unwrap();
        let refused = Reservation { is_refused: true, is_lost: true, ..first };
        let giver = GiverHash::from_bytes([1; 16]);
        let anew = Reservation { givers: vec![giver], ..Reservation::new(refused.offering.clone(), 9, 1) };
        let anew = anew.anew(&refused).unwrap();
        assert_eq!((anew.lots().collect::<Vec<_>>(), anew.shares, &anew.givers[..]), (vec![9, 3, 5], 1, &[giver][..]));
        assert!(!anew.is_refused && !anew.is_lost && !refused.moved(4).unwrap().is_refused);
    }

    #[test]
    fn what_may_be_parted_is_so_by_its_kind_or_by_will() {
        let whole = Reservation::new("camel-makkah".parse().unwrap(), 3, 4);
        let may = |named: &Reservation| Species::ALL.iter().map(|species| named.may_part(*species)).collect::<Vec<_>>();
        assert_eq!(may(&whole), Species::ALL.iter().map(|species| species.shares() == 1).collect::<Vec<_>>());
        let is_apart = whole.placed(&[Part { lot: 5, shares: 1 }, Part { lot: 9, shares: 3 }]);
        assert!(
            [Reservation { apart: true, ..whole.clone() }, is_apart].iter().all(|named| may(named).iter().all(|may| *may))
        );
        assert!(!serde_json::to_string(&whole).unwrap().contains("apart"), "what was written before reads the same");
    }

    #[test]
    fn a_parted_reservation_names_all_its_lots() {
        let first = Reservation::new("camel-makkah".parse().unwrap(), 3, 4).moved(5).unwrap().moved(9).unwrap();
        let parted = first.placed(&[Part { lot: 5, shares: 1 }, Part { lot: 11, shares: 3 }]);
        assert_eq!(
            parted.lots().collect::<Vec<_>>(),
            [5, 11, 3],
            "a lot of before that has shares again is no more one of before"
        );
        let text = serde_json::to_string(&parted).unwrap();
        assert_eq!(serde_json::from_str::<Reservation>(&text).unwrap(), parted);
        let old = r#"{"offering":"camel-makkah","lot":3,"shares":4}"#;
        assert_eq!(serde_json::from_str::<Reservation>(old).unwrap().places(), [Part { lot: 3, shares: 4 }]);
    }
}
