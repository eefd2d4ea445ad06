//! The salts of a page's leaves.
//!
//! Made once for each plan, so that a page that is rebuilt at the end of another chain has the same: only one of the pages of a plan ever stands. A group that is
//! planned again gets others. The page's key is wiped as soon as they are made; only its public half goes onto the page.

use domain::donation::Secrecy;
use domain::leaf_key::LeafKey;
use platform::Random;
use platform::privacy::leaf::{PageSecret, Salt};

use crate::plan::Leaf;

/// The salts of a plan's entries.
#[derive(Clone, Default)]
pub struct Salts {
    /// What the page keeps, if any salt is agreed on.
    pub key: Option<LeafKey>,
    /// One for each entry, in the same order.
    pub salts: Vec<Vec<u8>>,
}

impl Salts {
    /// For entries with these leaves.
    pub fn of(leaves: &[Leaf], random: &Random) -> Salts {
        let is_agreed = |leaf: &Leaf| matches!(leaf, Leaf::Of(_, Secrecy::Agreed(_)));
        let secret = leaves.iter().any(is_agreed).then(|| PageSecret::new(random));
        let salt = |(leaf, index): (&Leaf, u16)| match (leaf, &secret) {
            (Leaf::Nobodys, _) => Vec::new(),
            (Leaf::Of(_, Secrecy::Clear(salt)), _) => salt.clone(),
            (Leaf::Of(donation, Secrecy::Agreed(key)), Some(secret)) => {
                secret.salt(key, donation, index).map_or_else(|| nobodys_to_know(random), Vec::from)
            }
            (Leaf::Of(_, Secrecy::Agreed(_) | Secrecy::Erased), _) => nobodys_to_know(random),
        };
        Salts { key: secret.as_ref().map(PageSecret::public), salts: leaves.iter().zip(0..).map(salt).collect() }
    }
}

/// What is booked of a gift after its salt was erased is not to be guessed by its neighbours on the page, who are given its leaf.
fn nobodys_to_know(random: &Random) -> Vec<u8> {
    random.bytes::<{ size_of::<Salt>() }>().to_vec()
}

#[cfg(test)]
mod tests {
    use super::*;
    use domain::id::DonationId;

    #[test]
    fn what_is_booked_after_an_erasure_cannot_be_guessed() {
        let erased = |number| Leaf::Of(DonationId::from_bytes([number; 16]), Secrecy::Erased);
        let Salts { key, salts } = Salts::of(&[erased(1), erased(2), Leaf::Nobodys], &Random::seeded(7));
        assert!(key.is_none(), "nothing is agreed on");
        assert_eq!(salts.iter().map(Vec::len).collect::<Vec<_>>(), [size_of::<Salt>(), size_of::<Salt>(), 0]);
        assert_ne!(salts[0], salts[1]);
    }
}
