//! What animals are called: a number within their offering, which follows from the lot and never changes.
//!
//! An animal of seven has its lot's number, counted from one. Of heads sixteen are on a lot, and which of them is whose is written on it when the sale's animals are packed ([`heads`]): a gift that
//! goes back leaves a gap, and moves nobody else's.

use std::collections::{BTreeMap, BTreeSet};

use super::lot::Lot;
use super::offering::{Offering, Species};
use super::reservation::Reservation;
use crate::id::{DonationId, OpportunityId};

/// The number of the animal that is a lot, or is one of its heads.
pub fn number(species: Species, lot: u32, head: u8) -> u32 {
    match species.shares() {
        1 => lot * u32::from(species.lot_shares()) + u32::from(head) + 1,
        _ => lot + 1,
    }
}

/// What the animal is called: `camel-makkah-7`.
pub fn name(offering: &OpportunityId, number: u32) -> String {
    format!("{offering}-{number}")
}

/// Which heads of a lot are whose: as they were, and for who has none yet the lowest ones that nobody has.
pub fn heads(lot: &Lot) -> BTreeMap<DonationId, Vec<u8>> {
    let mut heads: BTreeMap<DonationId, Vec<u8>> = BTreeMap::new();
    let had = |donation: &DonationId, shares: u8| lot.heads.get(donation).filter(|heads| heads.len() == usize::from(shares));
    for (donation, shares) in lot.confirmed() {
        heads.extend(had(donation, shares).map(|heads| (*donation, heads.clone())));
    }
    let mut taken: BTreeSet<u8> = heads.values().flatten().copied().collect();
    for (donation, shares) in lot.confirmed() {
        if !heads.contains_key(donation) {
            let free: Vec<u8> = (0..=u8::MAX).filter(|head| !taken.contains(head)).take(shares.into()).collect();
            taken.extend(&free);
            heads.insert(*donation, free);
        }
    }
    heads
}

/// A donation's animals by their numbers, and how many shares of each are its own; with the lots that its reservation names.
pub fn animals(offering: &Offering, donation: &DonationId, named: &Reservation, lots: &[Lot]) -> BTreeMap<u32, u8> {
    let mut found = BTreeMap::new();
    for part in named.places() {
        let lot = lots.iter().find(|lot| lot.lot == part.lot);
        match offering.species.shares() {
            1 => {
                let heads = lot.and_then(|lot| lot.heads.get(donation)).into_iter().flatten();
                found.extend(heads.map(|head| (number(offering.species, part.lot, *head), 1)));
            }
            _ => drop(found.insert(number(offering.species, part.lot, 0), part.shares)),
        }
    }
    found
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use proptest::prelude::*;

    fn lot(claims: &[(u8, u8)]) -> Lot {
        let claims = claims
            .iter()
            .map(|(donation, shares)| (DonationId::from_bytes([*donation; 16]), format!("{shares}c").parse().unwrap()));
        Lot { free: 0, claims: claims.collect(), ..Lot::new(2, 16) }
    }

    #[test]
    fn numbers_follow_from_the_lot() {
        assert_eq!(number(Species::Camel, 0, 0), 1);
        assert_eq!(number(Species::Sheep, 2, 5), 38);
        assert_eq!(name(&"camel-makkah".parse().unwrap(), 38), "camel-makkah-38");
    }

    #[test]
    fn who_goes_leaves_a_gap_and_who_comes_fills_it() {
        let first = lot(&[(1, 2), (2, 1), (3, 3)]);
        let of = |heads: &BTreeMap<DonationId, Vec<u8>>, donation| heads[&DonationId::from_bytes([donation; 16])].clone();
        let were = heads(&first);
        assert_eq!((of(&were, 1), of(&were, 2), of(&were, 3)), (vec![0, 1], vec![2], vec![3, 4, 5]));
        let mut later = Lot { heads: were, ..lot(&[(1, 2), (3, 3)]) };
        assert_eq!((of(&heads(&later), 3), heads(&later).len()), (vec![3, 4, 5], 2));
        later.claims.insert(DonationId::from_bytes([0; 16]), "2c".parse().unwrap());
        assert_eq!(of(&heads(&later), 0), [2, 6]);
    }

    proptest! {
        #[test]
        fn no_head_is_two_peoples(shares in prop::collection::vec(1..=7_u8, 1..=6), gone in any::<u8>()) {
            let claims: Vec<(u8, u8)> = (1..).zip(shares).scan(0, |sum, (n, shares)| { *sum += shares; (*sum <= 16).then_some((n, shares)) }).collect();
            let first = lot(&claims);
            let were = heads(&first);
            let stays: Vec<(u8, u8)> = claims.iter().copied().filter(|(n, _)| gone >> n & 1 == 0).collect();
            let later = Lot { heads: were.clone(), ..lot(&stays) };
            for (heads, claims) in [(&were, &claims), (&heads(&later), &stays)] {
                let all: Vec<u8> = heads.values().flatten().copied().collect();
                let each: BTreeSet<u8> = all.iter().copied().collect();
                prop_assert_eq!(all.len(), each.len());
                prop_assert_eq!(all.len(), claims.iter().map(|(_, shares)| usize::from(*shares)).sum::<usize>());
                prop_assert!(each.iter().all(|head| *head < 16));
            }
            for (donation, head) in heads(&later) {
                prop_assert_eq!(&were[&donation], &head);
            }
        }
    }
}
