//! The salts of leaves that die with a data key.
//!
//! A donation keeps the public half of a key that is derived from its owner's data key; each page of the books has a key of its own, of which only the public
//! half is kept. A leaf's salt follows from what the two agree on (X25519), so settlement makes it without the data key, and whoever has the data key makes it again
//! from the page. Where neither secret half is left, the salt is gone: see [`domain::leaf_key`].
//!
//! **Cost.** One multiplication on the curve for a page and one for each entry.

use domain::id::DonationId;
use domain::leaf_key::LeafKey;
use domain::proof::gift::SALT_BYTES;
use hkdf::Hkdf;
use sha2::Sha256;
use x25519_dalek::{PublicKey, SharedSecret, StaticSecret};
use zeroize::Zeroizing;

use crate::random::Random;

/// What the donor's key is derived for: never the same as for anything else that a data key is used for.
const DONORS: &[u8] = b"ihsan leaf key v1";
/// What the agreed secret is derived for.
const SALTS: &[u8] = b"ihsan leaf salt v1";

/// A salt.
pub type Salt = [u8; SALT_BYTES];

/// A page's key. Its secret half is wiped when it is dropped, and kept nowhere.
pub struct PageSecret(StaticSecret);

impl PageSecret {
    /// A new one.
    pub fn new(random: &Random) -> PageSecret {
        PageSecret(StaticSecret::from(*Zeroizing::new(random.bytes::<32>())))
    }

    /// What the page keeps.
    pub fn public(&self) -> LeafKey {
        public(&self.0)
    }

    /// The salt of the page's entry at `index`, of this donation, whose key is `donors`. None for a key that agrees on the same with everybody; we make none.
    pub fn salt(&self, donors: &LeafKey, donation: &DonationId, index: u16) -> Option<Salt> {
        let shared = self.0.diffie_hellman(&PublicKey::from(*donors.bytes()));
        derive(&shared, [&self.public(), donors], donation, index)
    }
}

/// A donor's key, as it follows from a data key.
pub(super) struct DonorSecret(StaticSecret);

impl DonorSecret {
    pub(super) fn of(data_key: &[u8; 32]) -> DonorSecret {
        DonorSecret(StaticSecret::from(*expanded::<32>(data_key, &[DONORS])))
    }

    pub(super) fn public(&self) -> LeafKey {
        public(&self.0)
    }

    pub(super) fn salt(&self, pages: &LeafKey, donation: &DonationId, index: u16) -> Option<Salt> {
        let shared = self.0.diffie_hellman(&PublicKey::from(*pages.bytes()));
        derive(&shared, [pages, &self.public()], donation, index)
    }
}

fn public(secret: &StaticSecret) -> LeafKey {
    LeafKey::from_bytes(PublicKey::from(secret).to_bytes())
}

fn derive(shared: &SharedSecret, [page, donor]: [&LeafKey; 2], donation: &DonationId, index: u16) -> Option<Salt> {
    let info = [SALTS, page.bytes(), donor.bytes(), donation.bytes(), &index.to_be_bytes()];
    shared.was_contributory().then(|| *expanded(shared.as_bytes(), &info))
}

fn expanded<const N: usize>(secret: &[u8], info: &[&[u8]]) -> Zeroizing<[u8; N]> {
    let mut bytes = Zeroizing::new([0; N]);
    let expanding = Hkdf::<Sha256>::new(None, secret).expand_multi_info(info, bytes.as_mut_slice());
    expanding.expect("far fewer bytes than HKDF gives");
    bytes
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    const GIFT: DonationId = DonationId::from_bytes([7; 16]);

    #[test]
    fn both_halves_make_the_same_salt_and_nothing_else_does() {
        let page = PageSecret::new(&Random::seeded(1));
        let donor = DonorSecret::of(&[3; 32]);
        let salt = page.salt(&donor.public(), &GIFT, 5).unwrap();
        assert_eq!(donor.salt(&page.public(), &GIFT, 5), Some(salt));
        let others = [
            donor.salt(&page.public(), &GIFT, 6),
            donor.salt(&page.public(), &DonationId::from_bytes([8; 16]), 5),
            donor.salt(&PageSecret::new(&Random::seeded(2)).public(), &GIFT, 5),
            DonorSecret::of(&[4; 32]).salt(&page.public(), &GIFT, 5),
        ];
        assert!(others.iter().all(|other| other.is_some_and(|other| other != salt)));
    }

    /// Donations of years ago keep what was derived then: a change here takes their proofs away.
    #[test]
    fn keys_and_salts_are_what_they_were() {
        let (page, donor) = (PageSecret::new(&Random::seeded(1)), DonorSecret::of(&[3; 32]));
        let salt = data_encoding::HEXLOWER.encode(&page.salt(&donor.public(), &GIFT, 5).unwrap());
        let all = [page.public().to_string(), donor.public().to_string(), salt];
        let known = [
            "c9561fe32c63944f32911110e14dc210d15c4c3402f82a05f1c5c8334172216b",
            "0af4dc9aa8ca03d0badaaf5e3a366fbce90b6360049464a16de5a0a16e053246",
            "c19f7813e337d743ced78b1761c61b39",
        ];
        assert_eq!(all, known);
    }

    #[test]
    fn a_key_that_agrees_with_everybody_gives_no_salt() {
        let page = PageSecret::new(&Random::seeded(1));
        assert_eq!(page.salt(&LeafKey::from_bytes([0; 32]), &GIFT, 0), None);
    }
}
