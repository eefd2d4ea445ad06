//! The stock of an offering, in lots; and where to claim.
//!
//! A claim is one conditional update of one lot: enough is free and the donation has none there yet → what is free goes down, the claim goes in. No index, no counter, no
//! transaction. This module decides where to claim; it never writes.
//!
//! **Promise.** On every lot what is free, held and confirmed is the lot's shares.

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::offering::Species;
use crate::id::DonationId;
use crate::moment::Moment;

/// The partitions over which the lots of one offering are spread. A partition takes a thousand writes a second; a sale's opening brings several thousand.
pub const SEGMENTS: u8 = 32;

/// The partition of a lot.
pub fn segment(lot: u32) -> u8 {
    u8::try_from(lot % u32::from(SEGMENTS)).unwrap_or(0)
}

/// How a claim stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// Held while the donor pays, until then.
    Held(Moment),
    /// Paid.
    Confirmed,
}

/// What a donation has of a lot; in a lot's item a short text, so that sixteen fit in a kilobyte: `2h1795500000` is held, until a second since 1970, and `2c` confirmed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Claim {
    /// How many shares.
    pub shares: u8,
    /// How it stands.
    pub standing: Standing,
}

impl Claim {
    /// Whether it was held, and no longer than until then: a hold that began later is another one.
    pub fn is_over(&self, until: Moment) -> bool {
        match self.standing {
            Standing::Held(ends) => ends.seconds() <= until.seconds(),
            Standing::Confirmed => false,
        }
    }

    /// Whether it is of so many shares, and confirmed or held until then at least.
    pub fn holds(&self, shares: u8, until: Moment) -> bool {
        let is_held = match self.standing {
            Standing::Held(ends) => ends.seconds() >= until.seconds(),
            Standing::Confirmed => true,
        };
        is_held && self.shares == shares
    }
}

/// A text is no claim.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a claim on a lot")]
pub struct NotAClaim;

impl fmt::Display for Claim {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.standing {
            Standing::Held(until) => write!(f, "{}h{}", self.shares, until.seconds()),
            Standing::Confirmed => write!(f, "{}c", self.shares),
        }
    }
}

impl FromStr for Claim {
    type Err = NotAClaim;

    fn from_str(text: &str) -> Result<Claim, NotAClaim> {
        let at = text.find(['h', 'c']).ok_or(NotAClaim)?;
        let (shares, standing) = text.split_at(at);
        let shares = shares.parse().map_err(|_| NotAClaim)?;
        let standing = match standing.split_at(1) {
            ("c", "") => Standing::Confirmed,
            ("h", until) => {
                let seconds: i64 = until.parse().map_err(|_| NotAClaim)?;
                Standing::Held(Moment::from_millis(seconds.checked_mul(1_000).ok_or(NotAClaim)?))
            }
            _ => return Err(NotAClaim),
        };
        Ok(Claim { shares, standing })
    }
}

impl TryFrom<String> for Claim {
    type Error = NotAClaim;

    fn try_from(text: String) -> Result<Claim, NotAClaim> {
        text.parse()
    }
}

impl From<Claim> for String {
    fn from(claim: Claim) -> String {
        claim.to_string()
    }
}

/// A lot as it stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Lot {
    /// Its number within the offering.
    pub lot: u32,
    /// The shares it has.
    pub shares: u8,
    /// Those that nobody has claimed.
    pub free: u8,
    /// The claims on it, by donation.
    pub claims: BTreeMap<DonationId, Claim>,
    /// The revision of the offering whose writer was the last to take the lot. No earlier one changes its shares any more.
    #[serde(default)]
    pub revision: u64,
    /// Shares that the platform has taken for itself, so that an animal is full.
    #[serde(default, skip_serializing_if = "is_nothing")]
    pub own: u8,
    /// Of heads, which of the lot's are a donation's: given when the sale's animals are packed, and kept from then on.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub heads: BTreeMap<DonationId, Vec<u8>>,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks with a reference")]
fn is_nothing(shares: &u8) -> bool {
    *shares == 0
}

impl Lot {
    /// A lot of which nothing is claimed.
    pub const fn new(lot: u32, shares: u8) -> Lot {
        Lot { lot, shares, free: shares, claims: BTreeMap::new(), revision: 0, own: 0, heads: BTreeMap::new() }
    }

    /// What is free on it.
    pub const fn room(&self) -> Room {
        Room { lot: self.lot, free: self.free }
    }

    /// Whether what is free, held, confirmed and the platform's own is what it has.
    pub fn is_whole(&self) -> bool {
        let claimed: u32 = self.claims.values().map(|claim| u32::from(claim.shares)).sum();
        claimed + u32::from(self.free) + u32::from(self.own) == u32::from(self.shares)
    }

    /// The claims that are held.
    pub fn held(&self) -> impl Iterator<Item = (&DonationId, &Claim)> {
        self.claims.iter().filter(|(_, claim)| matches!(claim.standing, Standing::Held(_)))
    }

    /// The confirmed shares on it, by donation.
    pub fn confirmed(&self) -> impl Iterator<Item = (&DonationId, u8)> {
        let confirmed = self.claims.iter().filter(|(_, claim)| claim.standing == Standing::Confirmed);
        confirmed.map(|(donation, claim)| (donation, claim.shares))
    }

    /// How many shares of it are confirmed.
    pub fn confirmed_shares(&self) -> u8 {
        self.confirmed().map(|(_, shares)| shares).sum()
    }
}

/// What is free on a lot, as it was read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Room {
    /// The lot.
    pub lot: u32,
    /// Its free shares.
    pub free: u8,
}

/// Where to claim so many shares, by what was read of some lots; nothing where none has room.
///
/// An animal of seven is chosen by the best fit, the smallest room that is enough, so that large requests still find room and few animals are partial at the close. Of heads
/// the lot with the most room is chosen, which others are the least likely to empty first. `chance` spreads those who choose at the same time.
///
/// ```
/// use domain::sacrifice::lot::{Room, choose};
/// use domain::sacrifice::Species;
/// let rooms = [Room { lot: 3, free: 7 }, Room { lot: 4, free: 2 }, Room { lot: 5, free: 3 }];
/// assert_eq!(choose(&rooms, 2, Species::Camel, 0).map(|room| room.lot), Some(4));
/// assert_eq!(choose(&rooms, 2, Species::Sheep, 0).map(|room| room.lot), Some(3));
/// assert_eq!(choose(&rooms, 8, Species::Camel, 0), None);
/// ```
pub fn choose(rooms: &[Room], shares: u8, species: Species, chance: u64) -> Option<Room> {
    let enough = rooms.iter().filter(|room| room.free >= shares);
    let best = match species {
        Species::Cow | Species::Camel => enough.clone().map(|room| room.free).min()?,
        Species::Sheep | Species::Goat => enough.clone().map(|room| room.free).max()?,
    };
    let equal: Vec<&Room> = enough.filter(|room| room.free == best).collect();
    let index = usize::try_from(chance % equal.len() as u64).unwrap_or(0);
    equal.get(index).map(|room| **room)
}

/// The largest request that one lot could still take.
pub fn largest(rooms: &[Room]) -> u8 {
    rooms.iter().map(|room| room.free).max().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn claims_are_short_texts() {
        let held = Claim { shares: 2, standing: Standing::Held(Moment::from_millis(1_795_500_000_000)) };
        let table = [(held, "2h1795500000"), (Claim { shares: 7, standing: Standing::Confirmed }, "7c")];
        for (claim, text) in table {
            assert_eq!((claim.to_string().as_str(), text.parse()), (text, Ok(claim)));
        }
        for text in ["", "h", "2", "2h", "c", "2cc", "2c1", "x2c", "300c", "2h99999999999999999999", "-1c", "2h1h"] {
            assert_eq!(text.parse::<Claim>(), Err(NotAClaim), "{text}");
        }
    }

    #[test]
    fn a_hold_is_over_when_it_ends_no_later() {
        let claim: Claim = "1h1795500000".parse().unwrap();
        let at = |seconds: i64| Moment::from_millis(seconds * 1_000 + 999);
        let over = [1_795_499_999, 1_795_500_000, 1_795_500_001].map(|until| claim.is_over(at(until)));
        assert_eq!(over, [false, true, true]);
        assert!(!"1c".parse::<Claim>().unwrap().is_over(at(i64::MAX / 2_000)));
        let holds = [1_795_499_999, 1_795_500_000, 1_795_500_001].map(|until| claim.holds(1, at(until)));
        assert_eq!(holds, [true, true, false]);
        assert!("1c".parse::<Claim>().unwrap().holds(1, at(i64::MAX / 2_000)) && !claim.holds(2, at(0)));
    }

    #[test]
    fn a_lot_that_adds_up_is_whole() {
        let mut lot = Lot::new(5, 7);
        assert!(lot.is_whole());
        lot.free = 5;
        assert!(!lot.is_whole());
        lot.claims.insert(DonationId::from_bytes([1; 16]), "2c".parse().unwrap());
        assert!(lot.is_whole());
        (lot.free, lot.own) = (2, 3);
        assert!(lot.is_whole());
    }

    #[test]
    fn what_lots_were_before_animals_were_packed_is_still_read() {
        let lot: Lot = serde_json::from_str(r#"{"lot": 3, "shares": 7, "free": 7, "claims": {}}"#).unwrap();
        assert_eq!(lot, Lot::new(3, 7));
        assert_eq!(serde_json::to_string(&lot).unwrap(), r#"{"lot":3,"shares":7,"free":7,"claims":{},"revision":0}"#);
    }

    #[test]
    fn what_is_held_is_told_from_what_is_confirmed() {
        let mut lot = Lot { free: 3, ..Lot::new(1, 7) };
        lot.claims.insert(DonationId::from_bytes([1; 16]), "1h1795500000".parse().unwrap());
        lot.claims.insert(DonationId::from_bytes([2; 16]), "3c".parse().unwrap());
        assert_eq!((lot.held().count(), lot.confirmed_shares(), lot.confirmed().count()), (1, 3, 1));
    }

    #[test]
    fn lots_that_follow_each_other_stand_in_other_segments() {
        let segments: std::collections::BTreeSet<u8> = (0..u32::from(SEGMENTS)).map(segment).collect();
        assert_eq!(segments.len(), usize::from(SEGMENTS));
        assert_eq!(segment(u32::from(SEGMENTS)), segment(0));
    }

    proptest! {
        #[test]
        fn what_is_chosen_has_room_and_fits_best(
            free in prop::collection::vec(0..=16u8, 0..40), shares in 1..=7u8, chance in any::<u64>(),
            species in prop::sample::select(Species::ALL),
        ) {
            let rooms: Vec<Room> = (0..).zip(&free).map(|(lot, free)| Room { lot, free: *free }).collect();
            match choose(&rooms, shares, species, chance) {
                None => prop_assert!(largest(&rooms) < shares),
                Some(room) => {
                    prop_assert!(rooms.contains(&room) && room.free >= shares);
                    let is_better = |other: &Room| match species.shares() {
                        1 => other.free > room.free,
                        _ => other.free >= shares && other.free < room.free,
                    };
                    prop_assert!(!rooms.iter().any(is_better));
                }
            }
        }

        /// Sixteen claims of heads and seven of an animal, on an offering with the longest id, fit in what one write unit carries. Which heads are whose comes later, when nobody
        /// claims any more.
        #[test]
        fn a_full_lot_is_within_a_kilobyte(species in prop::sample::select(Species::ALL), until in 1_700_000_000i64..4_000_000_000) {
            let until = Standing::Held(Moment::from_millis(until * 1_000));
            let claims = (0..species.lot_shares()).map(|n| (DonationId::from_bytes([n; 16]), Claim { shares: 1, standing: until }));
            let lot = Lot { free: 0, claims: claims.collect(), revision: u64::MAX, ..Lot::new(999_999, species.lot_shares()) };
            let keys = "SEG##31LOT#999999".len() + 40;
            let attributes: usize = lot.claims.iter().map(|(id, claim)| id.to_string().len() + claim.to_string().len() + 1).sum();
            // By DynamoDB's rule: names and texts by their bytes, numbers by half their digits and one, a map three and one a member.
            let size = keys + "pksklotsharesfreeclaimsrevision".len() + attributes + 40;
            prop_assert!(size <= 1_024, "{size}");
        }
    }
}
