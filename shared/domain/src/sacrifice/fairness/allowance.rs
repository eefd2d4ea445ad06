//! What a giver has used of an offering's limit.
//!
//! A giver is whoever is signed in, and whoever has the mobile number that a gift names; each is known by a hash with a key ([`GiverHash`]), which is another one for each offering, so that
//! nothing says who bought of what. An allowance is one small item for each: the gifts that count, with their shares. Like a claim on a lot an entry is named in its donation before it is
//! made and can be made again without harm; what is not given back by whoever gives the lot's claim back is found out when it is in somebody's way ([`Allowance::counts`]).
//!
//! **Promise.** The gifts that count together never have more shares than the limit at the time of the last of them.

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

use data_encoding::HEXLOWER;
use serde::{Deserialize, Serialize};

use super::super::lot::Claim;
use crate::donation::{Donation, State};
use crate::id::DonationId;
use crate::moment::Moment;

/// Whose allowance it is: 16 bytes of a keyed hash over the offering and the donor or mobile, written as 32 lower-case hex digits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct GiverHash([u8; 16]);

/// A text is no such hash.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not 32 lower-case hex digits")]
pub struct NotAHash;

impl GiverHash {
    /// Of these bytes.
    pub const fn from_bytes(bytes: [u8; 16]) -> GiverHash {
        GiverHash(bytes)
    }
}

impl fmt::Display for GiverHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&HEXLOWER.encode(&self.0))
    }
}

impl FromStr for GiverHash {
    type Err = NotAHash;
    fn from_str(text: &str) -> Result<GiverHash, NotAHash> {
        let bytes = HEXLOWER.decode(text.as_bytes()).map_err(|_| NotAHash)?;
        bytes.try_into().map(GiverHash).map_err(|_| NotAHash)
    }
}

impl TryFrom<String> for GiverHash {
    type Error = NotAHash;
    fn try_from(text: String) -> Result<GiverHash, NotAHash> {
        text.parse()
    }
}

impl From<GiverHash> for String {
    fn from(hash: GiverHash) -> String {
        hash.to_string()
    }
}

/// What a giver has used of a limit.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Allowance {
    /// Whose it is.
    pub giver: GiverHash,
    /// The shares of all gifts together.
    pub taken: u32,
    /// The gifts: each with its shares and the end of its hold when it was counted, written as on a lot.
    pub gifts: BTreeMap<DonationId, Claim>,
}

/// How a gift is to be counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Counting {
    /// It is counted already.
    Counted,
    /// It would be beyond the limit.
    Full,
    /// It is not counted yet, and can be.
    New,
    /// It is counted otherwise: with other shares, or for a hold that ended before.
    Instead {
        /// As it is counted.
        of: Claim,
    },
}

impl Allowance {
    /// Of which nothing is used.
    pub const fn unused(giver: GiverHash) -> Allowance {
        Allowance { giver, taken: 0, gifts: BTreeMap::new() }
    }

    /// Of which one gift has used something.
    pub fn of(giver: GiverHash, gift: DonationId, claim: Claim) -> Allowance {
        Allowance { giver, taken: claim.shares.into(), gifts: [(gift, claim)].into() }
    }

    /// How many shares are left of a limit, for a gift of which what is counted already does not count.
    pub fn left(&self, limit: u8, gift: &DonationId) -> u8 {
        let own = self.gifts.get(gift).map_or(0, |claim| u32::from(claim.shares));
        let left = u32::from(limit).saturating_sub(self.taken.saturating_sub(own));
        u8::try_from(left).unwrap_or(limit)
    }

    /// How to count a gift's shares, held until then, within a limit.
    pub fn counting(&self, gift: &DonationId, (shares, until): (u8, Moment), limit: u8) -> Counting {
        let counted = self.gifts.get(gift).copied();
        if counted.is_some_and(|counted| counted.holds(shares, until)) {
            return Counting::Counted;
        }
        // Fewer than before are never too many, nor are as many for longer.
        let is_more = counted.is_none_or(|counted| counted.shares < shares);
        match counted {
            _ if is_more && self.left(limit, gift) < shares => Counting::Full,
            Some(of) => Counting::Instead { of },
            None => Counting::New,
        }
    }

    /// Whether a gift, as it was read after the allowance, still counts: not when it was given up, has given up its shares because a payment failed, was not paid in time or given back whole, and not when it was made anew for
    /// somebody else. One that is absent never was.
    pub fn counts(&self, gift: Option<&Donation>) -> bool {
        let Some(gift) = gift else { return false };
        let is_named = gift.reservation.as_ref().is_some_and(|named| named.givers.contains(&self.giver));
        is_named
            && match gift.state {
                State::Awaiting | State::Failed { .. } => !gift.has_given_up(),
                State::Cancelled | State::Expired => false,
                State::Settled { .. } | State::PartlyRefunded { .. } | State::Disputed { .. } | State::Refunded { .. } => {
                    gift.keeps_shares()
                }
            }
    }

    /// Whether the sum is that of the gifts.
    pub fn is_whole(&self) -> bool {
        self.gifts.values().map(|claim| u32::from(claim.shares)).sum::<u32>() == self.taken
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::super::super::lot::Standing;
    use super::*;
    use proptest::prelude::*;

    const GIVER: GiverHash = GiverHash::from_bytes([0xAB; 16]);

    fn gift(number: u8) -> DonationId {
        DonationId::from_bytes([number; 16])
    }

    fn at(secs: i64) -> Moment {
        Moment::from_millis(secs * 1_000)
    }

    fn claim(shares: u8, until: i64) -> Claim {
        Claim { shares, standing: Standing::Held(at(until)) }
    }

    #[test]
    fn a_hash_is_thirty_two_digits() {
        assert_eq!(serde_json::to_string(&GIVER).unwrap(), format!("\"{}\"", "ab".repeat(16)));
        assert_eq!("ab".repeat(16).parse(), Ok(GIVER));
        for text in ["", "ab", "AB", &"g".repeat(32), &"ab".repeat(17), &"AB".repeat(16)] {
            assert_eq!(text.parse::<GiverHash>(), Err(NotAHash), "{text}");
        }
    }

    #[test]
    fn gifts_are_counted_once_within_the_limit() {
        let allowance = Allowance::of(GIVER, gift(1), claim(3, 900));
        let table = [
            (1, (3, 900), 5, Counting::Counted),
            (1, (3, 800), 5, Counting::Counted),
            (1, (3, 901), 5, Counting::Instead { of: claim(3, 900) }),
            // The limit was lowered since: what is counted stays, and is held longer.
            (1, (3, 901), 1, Counting::Instead { of: claim(3, 900) }),
            (1, (2, 900), 1, Counting::Instead { of: claim(3, 900) }),
            (1, (5, 900), 5, Counting::Instead { of: claim(3, 900) }),
            (1, (6, 900), 5, Counting::Full),
            (2, (2, 900), 5, Counting::New),
            (2, (3, 900), 5, Counting::Full),
        ];
        for (number, (shares, until), limit, expected) in table {
            let counting = allowance.counting(&gift(number), (shares, at(until)), limit);
            assert_eq!(counting, expected, "{number}: {shares} until {until} of {limit}");
        }
        assert_eq!([gift(1), gift(2)].map(|gift| allowance.left(5, &gift)), [5, 2]);
        assert_eq!(allowance.left(2, &gift(2)), 0);
        assert_eq!(Allowance::unused(GIVER).left(5, &gift(1)), 5);
    }

    #[test]
    fn a_sum_that_is_not_that_of_the_gifts_is_found_out() {
        let allowance = Allowance::of(GIVER, gift(1), claim(3, 900));
        assert!(allowance.is_whole() && Allowance::unused(GIVER).is_whole());
        for taken in [0, 2, 4] {
            assert!(!Allowance { taken, ..allowance.clone() }.is_whole(), "{taken}");
        }
    }

    proptest! {
        /// Gifts that come, come again with more or fewer shares and go, in any order: never more than the limit, and whoever is refused would have been beyond it.
        #[test]
        fn the_limit_is_used_to_the_last_share_and_never_beyond(
            limit in 1..20u8, acts in prop::collection::vec((0..9u8, 0..8u8), 0..80),
        ) {
            let mut allowance = Allowance::unused(GIVER);
            for (number, shares) in acts {
                let id = gift(number);
                let had = allowance.gifts.get(&id).map_or(0, |claim| u32::from(claim.shares));
                if shares == 0 {
                    allowance.gifts.remove(&id);
                    allowance.taken -= had;
                    continue;
                }
                match allowance.counting(&id, (shares, at(900)), limit) {
                    Counting::Counted => prop_assert_eq!(had, u32::from(shares)),
                    Counting::Full => prop_assert!(allowance.taken - had + u32::from(shares) > u32::from(limit)),
                    Counting::New | Counting::Instead { .. } => {
                        allowance.taken = allowance.taken - had + u32::from(shares);
                        allowance.gifts.insert(id, claim(shares, 900));
                    }
                }
                prop_assert!(allowance.is_whole() && allowance.taken <= u32::from(limit));
            }
        }
    }
}
