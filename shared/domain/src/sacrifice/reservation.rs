//! What a donation holds of an offering.

use serde::{Deserialize, Serialize};

use super::fairness::GiverHash;
use crate::id::OpportunityId;
use crate::moment::Moment;

/// How long shares are held for a donor who pays, in seconds: once a sale has been closed for as long, nothing of it is held any more.
pub const HOLD_SECS: i64 = 900;

/// Lots that one donation names at most, one after another. Each is given up only because others were quicker.
pub const MOST_LOTS: usize = 12;

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

/// Where a donation's shares are claimed. It is named in the donation before the claim is made; only what is named counts, and what is claimed elsewhere is swept.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reservation {
    /// The offering.
    pub offering: OpportunityId,
    /// The lot.
    pub lot: u32,
    /// How many shares.
    pub shares: u8,
    /// Lots that were named before this one; a claim may be left on any of them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub before: Vec<u32>,
    /// A payment came when the shares were given up, and no others were left: it is owed back.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub is_lost: bool,
    /// In whose allowances the shares are counted, where the offering has a limit. Like the lot they are named before they are used.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub givers: Vec<GiverHash>,
    /// The gift was cancelled only because nothing was left for it, and nobody was shown where to pay: it may be asked for anew.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub is_refused: bool,
}

impl Reservation {
    /// The first lot of a donation.
    pub const fn new(offering: OpportunityId, lot: u32, shares: u8) -> Reservation {
        Reservation { offering, lot, shares, before: Vec::new(), is_lost: false, givers: Vec::new(), is_refused: false }
    }

    /// This one for a gift that is made anew: on the lots that it named before something may be claimed still. Nothing when too many were named.
    #[must_use]
    pub fn anew(self, earlier: &Reservation) -> Option<Reservation> {
        let moved = earlier.moved(self.lot)?;
        Some(Reservation { before: moved.before, ..self })
    }

    /// The same on another lot; nothing when too many were named.
    #[must_use]
    pub fn moved(&self, lot: u32) -> Option<Reservation> {
        let mut before: Vec<u32> = self.before.iter().copied().filter(|other| *other != lot).collect();
        if self.lot != lot {
            before.push(self.lot);
        }
        (before.len() < MOST_LOTS).then(|| Reservation { lot, before, is_refused: false, ..self.clone() })
    }

    /// Every lot on which there may be a claim, the named one first.
    pub fn lots(&self) -> impl Iterator<Item = u32> {
        std::iter::once(self.lot).chain(self.before.iter().copied())
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
        assert_eq!(many, Err(15));
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
}
