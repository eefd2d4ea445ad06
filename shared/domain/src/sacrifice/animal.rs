//! What animals are called: a number within their offering, which follows from the lot and never changes.
//!
//! An animal of seven has its lot's number, counted from one. Of heads sixteen are on a lot, and which of them is whose is written on it when the sale's animals are packed ([`heads`]): a gift that
//! goes back leaves a gap, and moves nobody else's.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::str::FromStr;

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

/// The name of an animal, read.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct AnimalName {
    /// Of which offering it is.
    pub offering: OpportunityId,
    /// Its number within the offering.
    pub number: u32,
}

/// A text is no name of an animal.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not an animal's name such as camel-makkah-7")]
pub struct NotAnAnimal;

impl fmt::Display for AnimalName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&name(&self.offering, self.number))
    }
}

impl FromStr for AnimalName {
    type Err = NotAnAnimal;

    fn from_str(text: &str) -> Result<AnimalName, NotAnAnimal> {
        let (offering, number) = text.rsplit_once('-').ok_or(NotAnAnimal)?;
        let offering = offering.parse().map_err(|_| NotAnAnimal)?;
        let read = AnimalName { offering, number: number.parse().map_err(|_| NotAnAnimal)? };
        // The same in other signs is no name: `+7`, `07`.
        if read.number > 0 && read.to_string() == text { Ok(read) } else { Err(NotAnAnimal) }
    }
}

/// The lot that the animal of this number is on, and which head of it.
pub fn place(species: Species, number: u32) -> Option<(u32, u8)> {
    let of = number.checked_sub(1)?;
    match species.shares() {
        1 => {
            let heads = u32::from(species.lot_shares());
            Some((of / heads, u8::try_from(of % heads).ok()?))
        }
        _ => Some((of, 0)),
    }
}

/// Whose an animal is: the donations with shares of it. None of one that is nobody's, whatever the platform has of it.
pub fn owners(species: Species, lot: &Lot, head: u8) -> Vec<DonationId> {
    match species.shares() {
        1 => lot.heads.iter().filter(|(_, heads)| heads.contains(&head)).map(|(donation, _)| *donation).collect(),
        _ => lot.confirmed().map(|(donation, _)| *donation).collect(),
    }
}

/// The numbers of all animals of these lots that are somebody's, in order.
pub fn numbers(species: Species, lots: &[Lot]) -> Vec<u32> {
    let of_lot = |lot: &Lot| -> Vec<u32> {
        match species.shares() {
            1 => lot.heads.values().flatten().map(|head| number(species, lot.lot, *head)).collect(),
            _ => lot.confirmed().next().map(|_| number(species, lot.lot, 0)).into_iter().collect(),
        }
    };
    let mut numbers: Vec<u32> = lots.iter().flat_map(of_lot).collect();
    numbers.sort_unstable();
    numbers
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
    fn names_are_read_as_they_are_written() {
        for (text, offering, number) in [("camel-makkah-38", "camel-makkah", 38), ("sheep-1448-1", "sheep-1448", 1)] {
            let read: AnimalName = text.parse().unwrap();
            assert_eq!((read.offering.as_str(), read.number, read.to_string().as_str()), (offering, number, text));
        }
        for text in [
            "",
            "7",
            "camel-makkah",
            "camel-makkah-0",
            "camel-makkah-07",
            "camel-makkah-+7",
            "camel-makkah--7",
            "-7",
            "ab-7",
            "camel-makkah-4294967296",
        ] {
            assert_eq!(text.parse::<AnimalName>(), Err(NotAnAnimal), "{text}");
        }
    }

    #[test]
    fn animals_are_somebodys_or_not_counted() {
        let first = lot(&[(1, 2), (3, 1)]);
        let told = Lot { heads: heads(&first), ..first.clone() };
        assert_eq!(numbers(Species::Sheep, std::slice::from_ref(&told)), [33, 34, 35]);
        assert_eq!(numbers(Species::Camel, &[first.clone(), Lot::new(4, 7)]), [3]);
        assert_eq!(owners(Species::Sheep, &told, 2), [DonationId::from_bytes([3; 16])]);
        assert_eq!(owners(Species::Sheep, &told, 3), []);
        assert_eq!(owners(Species::Camel, &first, 0).len(), 2);
        for (species, number_of, lot_of, head) in
            [(Species::Sheep, 38, 2, 5), (Species::Sheep, 1, 0, 0), (Species::Camel, 7, 6, 0)]
        {
            assert_eq!(place(species, number_of), Some((lot_of, head)));
            assert_eq!(number(species, lot_of, head), number_of);
        }
        assert_eq!(place(Species::Camel, 0), None);
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
