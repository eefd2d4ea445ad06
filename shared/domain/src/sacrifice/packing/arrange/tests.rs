//! Many animals: nothing is lost, no more is cut than must be, and no plan has fewer moves.
#![allow(clippy::unwrap_used)]

use std::collections::BTreeSet;

use proptest::prelude::*;

use super::super::{claims, exact, few_at_a_time, moves, splits};
use super::*;
use crate::id::DonationId;

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

/// So many animals that are not full, of many small claims, of few large ones or of any.
fn any_animals(count: std::ops::Range<usize>) -> impl Strategy<Value = Vec<Vec<u8>>> {
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
    let animals = move |size| prop::collection::vec(animal(size), count.clone());
    prop_oneof![animals(small.boxed()), animals(large.boxed()), animals((1..=6_u8).boxed())]
}

/// Many animals of one or two kinds, as equal gifts leave them: cuts are dearest there.
fn like_animals() -> impl Strategy<Value = Vec<Vec<u8>>> {
    let kind = prop::collection::vec(1..=6_u8, 1..3).prop_filter("not full", |sizes| sizes.iter().sum::<u8>() < 7);
    prop::collection::vec((kind, 1..30_usize), 1..4)
        .prop_map(|kinds| kinds.into_iter().flat_map(|(sizes, times)| vec![sizes; times]).collect())
}

/// Splits, whether a part of a claim is on the animal that is not full, and moves.
fn cost(partials: &[Partial], pieces: &[Piece]) -> (u32, bool, usize) {
    let mut on = vec![0; partials.len()];
    pieces.iter().for_each(|piece| on[piece.on] += piece.shares);
    let mut places: BTreeMap<usize, BTreeSet<usize>> = BTreeMap::new();
    pieces.iter().for_each(|piece| _ = places.entry(piece.claim).or_default().insert(piece.on));
    let is_left = |lot: &usize| ![0, 7].contains(&on[*lot]);
    let is_part_left = places.values().any(|places| places.len() > 1 && places.iter().any(is_left));
    (splits(pieces), is_part_left, moves(partials, pieces).len())
}

/// Each claim has all its shares somewhere; and what is on each lot.
fn placed(partials: &[Partial], pieces: &[Piece]) -> Result<Vec<u8>, TestCaseError> {
    let sizes: Vec<u8> = partials.iter().flat_map(|partial| &partial.claims).map(|(_, shares)| *shares).collect();
    let (mut of_claims, mut on) = (vec![0; sizes.len()], vec![0; partials.len()]);
    for piece in pieces {
        of_claims[piece.claim] += piece.shares;
        on[piece.on] += piece.shares;
    }
    prop_assert_eq!(of_claims, sizes);
    Ok(on)
}

fn all_are_full_but_one(partials: &[Partial], pieces: &[Piece]) -> Result<(), TestCaseError> {
    let on = placed(partials, pieces)?;
    let over = u8::try_from(partials.iter().map(Partial::shares).sum::<u32>() % 7).unwrap();
    let left: Vec<u8> = on.into_iter().filter(|on| ![0, 7].contains(on)).collect();
    prop_assert_eq!(left, Vec::from_iter(Some(over).filter(|over| *over > 0)));
    Ok(())
}

/// The plan is one, has no cut more than must be, and is proven to have the fewest moves.
fn is_the_best(animals: &[Vec<u8>]) -> Result<(), TestCaseError> {
    let partials = partials(animals);
    let (pieces, least) = arrange(&partials).unwrap();
    all_are_full_but_one(&partials, &pieces)?;
    let mut all = [0; 7];
    partials.iter().for_each(|partial| all.iter_mut().zip(partial.counts()).for_each(|(all, has)| *all += has));
    let (splits, is_part_left) = blocks::shortfall(&all);
    prop_assert_eq!(cost(&partials, &pieces), (splits, is_part_left, least as usize));
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    #[test]
    fn many_animals_are_filled_in_as_few_moves_as_there_can_be(animals in any_animals(6..60)) {
        is_the_best(&animals)?;
    }

    #[test]
    fn so_are_hundreds(animals in any_animals(200..400)) {
        is_the_best(&animals)?;
    }

    #[test]
    fn and_those_that_are_alike(animals in like_animals()) {
        is_the_best(&animals)?;
    }

    /// Against everything that can be done with a few.
    #[test]
    fn for_a_few_it_is_as_good_as_everything_that_is_tried(animals in any_animals(1..5)) {
        let partials = partials(&animals);
        let exact = cost(&partials, &exact::arrange(partials.len(), &claims(&partials)));
        let (pieces, least) = arrange(&partials).unwrap();
        prop_assert_eq!(cost(&partials, &pieces), exact);
        prop_assert!(least as usize <= exact.2);
    }

    /// What is left of each few is one animal, and nothing is lost.
    #[test]
    fn a_few_at_a_time_all_are_filled(animals in any_animals(1..24)) {
        let partials = partials(&animals);
        let pieces = few_at_a_time(&partials);
        let on = placed(&partials, &pieces)?;
        for few in on.chunks(super::super::EXACT_ANIMALS) {
            prop_assert!(few.iter().filter(|on| ![0, 7].contains(*on)).count() <= 1, "{:?}", on);
            prop_assert!(few.iter().all(|on| *on <= 7));
        }
    }
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
    is_the_best(&animals.map(<[u8]>::to_vec)).unwrap();
}
