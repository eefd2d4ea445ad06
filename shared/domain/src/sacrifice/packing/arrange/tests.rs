//! Many animals: nothing is lost, no more is cut than must be, and no two animals could be divided better.
#![allow(clippy::unwrap_used)]

use proptest::prelude::*;

use super::super::blocks::{least_splits, shortfall};
use super::super::splits;
use super::*;
use crate::id::DonationId;

/// Claims of these sizes.
fn sizes(of: &[usize]) -> Sizes {
    let mut sizes = [0; 7];
    of.iter().for_each(|size| sizes[*size] += 1);
    sizes
}

/// Animals with claims of these sizes, each of another donation.
fn partials(animals: &[Vec<u8>]) -> Vec<Partial> {
    let mut number = 0_u64;
    let mut claim = |shares: &u8| {
        number += 1;
        let mut id = [0; 16];
        id[..8].copy_from_slice(&number.to_be_bytes());
        (DonationId::from_bytes(id), *shares)
    };
    let of = |(lot, sizes): (u32, &Vec<u8>)| Partial { lot, claims: sizes.iter().map(&mut claim).collect() };
    (0..).zip(animals).map(of).collect()
}

/// More animals that are not full than are arranged exactly, of many small claims or of few large ones.
fn any_animals() -> impl Strategy<Value = Vec<Vec<u8>>> {
    let small = prop_oneof![4 => Just(1), 3 => Just(2), 2 => Just(3), 1 => 4..=6_u8];
    let large = prop_oneof![1 => Just(2), 2 => Just(4), 2 => Just(5), 3 => Just(6_u8)];
    let animal = |size: BoxedStrategy<u8>| {
        (1..=6_u8, prop::collection::vec(size, 6)).prop_map(|(most, sizes)| {
            let mut left = most;
            let fit = sizes.into_iter().map_while(|size| {
                let part = size.min(left);
                left -= part;
                (part > 0).then_some(part)
            });
            fit.collect::<Vec<u8>>()
        })
    };
    let animals = |size| prop::collection::vec(animal(size), 6..40);
    prop_oneof![animals(small.boxed()), animals(large.boxed())]
}

/// On which animal each claim is, and its shares.
fn claims_of(animals: &[Vec<u8>]) -> Vec<(usize, u8)> {
    let of = |(home, sizes): (usize, &Vec<u8>)| sizes.iter().map(|size| (home, *size)).collect::<Vec<_>>();
    animals.iter().enumerate().flat_map(of).collect()
}

/// What each animal has had of these pieces, and what it has now.
fn kinds(animals: &[Vec<u8>], pieces: &[Piece]) -> Vec<Kind> {
    let claims = claims_of(animals);
    let mut kinds: Vec<Kind> = vec![Kind::default(); animals.len()];
    for piece in pieces {
        kinds[claims[piece.claim].0].0[usize::from(piece.shares)] += 1;
        kinds[piece.on].1[usize::from(piece.shares)] += 1;
    }
    kinds
}

/// Whether a part of a claim is on the animal that is not full, and the rest of it elsewhere.
fn is_part_left(animals: &[Vec<u8>], pieces: &[Piece]) -> bool {
    let (claims, kinds) = (claims_of(animals), kinds(animals, pieces));
    let is_left = |piece: &&Piece| ![0, 7].contains(&shares_of(&kinds[piece.on].1));
    let mut on_it: BTreeMap<usize, u8> = BTreeMap::new();
    pieces.iter().filter(is_left).for_each(|piece| *on_it.entry(piece.claim).or_default() += piece.shares);
    on_it.iter().any(|(claim, shares)| *shares < claims[*claim].1)
}

/// The most pieces that can stay of two animals that have these between them, each as many shares as it has now; by trying every division.
fn most((one, first): &Kind, (other, second): &Kind) -> u32 {
    let mut best = 0;
    let both: Vec<u8> = first.iter().zip(second).map(|(first, second)| first + second).collect();
    let mut parts: Vec<Vec<u8>> = vec![Vec::new()];
    for count in &both {
        parts = parts.iter().flat_map(|part| (0..=*count).map(move |of| [part.clone(), vec![of]].concat())).collect();
    }
    for part in parts {
        let part: Sizes = part.try_into().unwrap();
        let rest: Sizes = std::array::from_fn(|size| both[size] - part[size]);
        if shares_of(&part) == shares_of(first) || shares_of(&part) == shares_of(second) {
            let stays = |home: &Sizes, has: &Sizes| (0..7).map(|size| u32::from(home[size].min(has[size]))).sum::<u32>();
            best = best.max(stays(one, &part) + stays(other, &rest));
        }
    }
    best
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    #[test]
    fn every_claim_is_placed_and_all_animals_but_one_are_full_or_empty(animals in any_animals()) {
        let pieces = arrange(&partials(&animals));
        let claims = claims_of(&animals);
        let mut placed = vec![0; claims.len()];
        pieces.iter().for_each(|piece| placed[piece.claim] += piece.shares);
        prop_assert_eq!(placed, claims.iter().map(|(_, shares)| *shares).collect::<Vec<_>>());
        let others = kinds(&animals, &pieces).into_iter().filter(|(_, has)| ![0, 7].contains(&shares_of(has)));
        let left = animals.iter().flatten().map(|size| u32::from(*size)).sum::<u32>() % 7;
        prop_assert_eq!(others.map(|(_, has)| shares_of(&has)).collect::<Vec<_>>(), [left].iter().copied().filter(|left| *left > 0).collect::<Vec<_>>());
    }

    /// No more claims are cut than must be; and where that needs none of the parts to be on the animal that is not full, none is.
    #[test]
    fn no_claim_is_cut_that_need_not_be(animals in any_animals()) {
        let pieces = arrange(&partials(&animals));
        let all = counts(animals.iter().map(|animal| sizes(&animal.iter().map(|size| usize::from(*size)).collect::<Vec<_>>())));
        prop_assert_eq!(splits(&pieces), least_splits(&all));
        prop_assert_eq!(is_part_left(&animals, &pieces), shortfall(&all).1);
    }

    #[test]
    fn no_two_animals_could_be_divided_better(animals in any_animals()) {
        let kinds = kinds(&animals, &arrange(&partials(&animals)));
        let full: Vec<&Kind> = kinds.iter().filter(|(_, has)| [0, 7].contains(&shares_of(has))).collect();
        let mut seen = BTreeSet::new();
        for (place, one) in full.iter().enumerate() {
            for other in full[place + 1..].iter().filter(|other| seen.insert((*one, **other))) {
                let stays = stay(&one.0, &one.1) + stay(&other.0, &other.1);
                prop_assert_eq!(most(one, other), stays, "{:?} and {:?}", one, other);
            }
        }
    }

    /// Each animal of a layout has a lot, and every other lot is emptied.
    #[test]
    fn each_lot_has_one_animal_or_none(animals in any_animals()) {
        let homes: Vec<Sizes> = animals.iter().map(|animal| sizes(&animal.iter().map(|size| usize::from(*size)).collect::<Vec<_>>())).collect();
        let layout = layout(&counts(homes.iter().copied()));
        let hosts = hosts(tally(homes.iter().copied()), &layout);
        prop_assert!(hosts.values().all(|times| *times > 0), "{:?}", hosts);
        let (mut lots, mut laid) = (BTreeMap::new(), BTreeMap::new());
        for ((home, content), times) in &hosts {
            *lots.entry(*home).or_default() += times;
            *laid.entry(*content).or_default() += times;
        }
        prop_assert_eq!(lots, tally(homes.iter().copied()));
        laid.remove(&[0; 7]);
        let mut wanted: BTreeMap<Sizes, u32> = BTreeMap::new();
        layout.animals.iter().for_each(|(animal, times)| *wanted.entry(narrow(animal)).or_default() += times);
        prop_assert_eq!(laid, wanted);
    }
}

#[test]
fn of_all_divisions_the_best_is_chosen() {
    let (one, other) = (sizes(&[1, 2, 3]), sizes(&[4]));
    // The one keeps its three only, though it could keep its two smaller ones, and the other its four.
    let now = ((one, sizes(&[3, 4])), (other, sizes(&[1, 2])));
    let best = (sizes(&[1, 2]), sizes(&[3, 4]));
    assert_eq!(better(&now.0, &now.1), Some(best));
    assert_eq!(better(&(one, best.0), &(other, best.1)), None, "nothing is better than the best");
}

/// One share is over, and eight donors have given one; but a part of a claim of two is at home on the animal that is not full.
#[test]
fn a_part_that_is_at_home_on_the_animal_that_is_not_full_makes_room_for_a_whole_claim() {
    let animals: [&[u8]; 15] = [
        &[1],
        &[2, 2],
        &[2, 2],
        &[2],
        &[4, 1],
        &[2, 2, 1],
        &[2, 2, 1],
        &[2, 1],
        &[2, 2, 2],
        &[2, 2],
        &[6],
        &[2, 2, 1],
        &[2, 2, 1],
        &[2, 2],
        &[2, 2, 1],
    ];
    let animals = animals.map(<[u8]>::to_vec);
    assert!(!is_part_left(&animals, &arrange(&partials(&animals))));
}

/// A claim of two is cut, and a part of it at home on the animal that is not full; others have given one.
#[test]
fn what_is_moved_anyway_changes_places_with_a_part() {
    let held = |of: &[(usize, u8)]| of.iter().map(|(claim, shares)| Held { claim: *claim, shares: *shares }).collect();
    let homes: [Vec<Held>; 5] = [held(&[(0, 1), (0, 1), (3, 1)]), held(&[(1, 1)]), held(&[]), held(&[(2, 1)]), held(&[])];
    let piece = |claim, on| Piece { claim, on, shares: 1 };
    let left = |pieces: &[(usize, usize)]| {
        let pieces = with_whole(pieces.iter().map(|(claim, on)| piece(*claim, *on)).collect(), &homes);
        pieces.iter().map(|piece| (piece.claim, piece.on)).collect::<Vec<_>>()
    };
    // The first stands where it was, the second has come from elsewhere; the third is at home on the animal itself.
    assert_eq!(left(&[(0, 0), (1, 1), (2, 2)]), [(0, 2), (1, 1), (2, 0)]);
    assert_eq!(left(&[(0, 0), (2, 2), (1, 1)]), [(0, 2), (2, 0), (1, 1)]);
    assert_eq!(left(&[(0, 0), (3, 4), (2, 2)]), [(0, 4), (3, 0), (2, 2)]);
    assert_eq!(left(&[(0, 0), (0, 1)]), [(0, 0), (0, 1)], "nobody else has given one");
    assert_eq!(left(&[(3, 0), (2, 2)]), [(3, 0), (2, 2)], "it is whole already");
}
