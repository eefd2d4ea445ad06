//! The salts of a page's leaves.
//!
//! Made once for each plan, so that a page that is rebuilt at the end of another chain has the same: only one of the pages of a plan ever stands. A group that is
//! planned again gets others, and another page key. The page's secret is wiped as soon as they are made; only its public half goes onto the page.
//!
//! A salt that follows from a donor's data key needs no place. One of a donor who has none is kept in the table of keys, under the page's key, before the page is written.

use domain::donation::Secrecy;
use domain::leaf_key::LeafKey;
use platform::Random;
use platform::privacy::leaf::{PageSecret, Salt};

use crate::plan::Leaf;

/// The salts of a plan's entries.
#[derive(Clone, Default)]
pub struct Salts {
    /// What the page keeps, if anybody is to find a salt again.
    pub key: Option<LeafKey>,
    /// One for each entry, in the same order.
    pub salts: Vec<Vec<u8>>,
    /// Those that are to be kept, with the indexes of their entries.
    pub kept: Vec<(u16, Salt)>,
}

impl Salts {
    /// For entries with these leaves.
    pub fn of(leaves: &[Leaf], random: &Random) -> Salts {
        let is_found = |leaf: &Leaf| matches!(leaf, Leaf::Of(_, Secrecy::Agreed(_) | Secrecy::Kept));
        let secret = leaves.iter().any(is_found).then(|| PageSecret::new(random));
        let mut made = Salts { key: secret.as_ref().map(PageSecret::public), ..Salts::default() };
        for (leaf, index) in leaves.iter().zip(0..) {
            let salt = match leaf {
                Leaf::Nobodys => None,
                Leaf::Of(donation, Secrecy::Agreed(key)) => {
                    let agreed = secret.as_ref().and_then(|secret| secret.salt(key, donation, index));
                    Some(agreed.unwrap_or_else(|| random.bytes()))
                }
                Leaf::Of(_, Secrecy::Kept) => {
                    let salt = random.bytes();
                    made.kept.push((index, salt));
                    Some(salt)
                }
                // Not to be guessed by its neighbours on the page, who are given its leaf.
                Leaf::Of(_, Secrecy::Erased) | Leaf::Apart => Some(random.bytes()),
            };
            made.salts.push(salt.map_or_else(Vec::new, Vec::from));
        }
        made
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use domain::id::DonationId;

    fn of(number: u8, secrecy: Secrecy) -> Leaf {
        Leaf::Of(DonationId::from_bytes([number; 16]), secrecy)
    }

    #[test]
    fn what_is_booked_after_an_erasure_or_apart_cannot_be_guessed() {
        let leaves = [of(1, Secrecy::Erased), of(2, Secrecy::Erased), Leaf::Apart, Leaf::Nobodys];
        let Salts { key, salts, kept } = Salts::of(&leaves, &Random::seeded(7));
        assert!(key.is_none() && kept.is_empty(), "nobody finds any of them again");
        let bytes = size_of::<Salt>();
        assert_eq!(salts.iter().map(Vec::len).collect::<Vec<_>>(), [bytes, bytes, bytes, 0]);
        assert!(salts[0] != salts[1] && salts[1] != salts[2]);
    }

    #[test]
    fn a_salt_is_kept_for_each_entry_of_those_without_a_data_key_and_for_nobody_else() {
        let agreed = Secrecy::Agreed(PageSecret::new(&Random::seeded(1)).public());
        let leaves = [of(1, agreed), of(2, Secrecy::Kept), Leaf::Apart, of(2, Secrecy::Kept), of(3, Secrecy::Erased)];
        let made = Salts::of(&leaves, &Random::seeded(7));
        assert!(made.key.is_some());
        assert_eq!(
            made.kept.iter().map(|(index, salt)| (*index, salt.to_vec())).collect::<Vec<_>>(),
            [(1, made.salts[1].clone()), (3, made.salts[3].clone())]
        );
        assert_ne!(made.salts[1], made.salts[3], "one for each entry");
        let others = Salts::of(&leaves, &Random::seeded(8));
        assert_ne!(made.key, others.key, "another plan, another item");
    }
}
