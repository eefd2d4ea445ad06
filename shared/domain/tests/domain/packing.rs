//! Filling animals: every confirmed share is placed, no animal ever has more than seven, no claim is split that need not be, and no plan has fewer moves.

mod rearranging;

use std::collections::{BTreeMap, BTreeSet};

use domain::id::DonationId;
use domain::sacrifice::packing::{self, EXACT_ANIMALS, MOST_AT_ONCE, Move, Plan, is_partial};
use domain::sacrifice::{Lot, Species};
use proptest::prelude::*;

/// What is on each lot, by donation.
type Held = BTreeMap<u32, BTreeMap<DonationId, u8>>;

fn donation(number: u32) -> DonationId {
    let mut id = [0; 16];
    id[..4].copy_from_slice(&number.to_be_bytes());
    DonationId::from_bytes(id)
}

/// Lots with claims of these sizes, each of another donation.
fn lots(animals: &[Vec<u8>]) -> Vec<Lot> {
    let mut number = 0;
    let mut claim = |shares: &u8| {
        number += 1;
        (donation(number), format!("{shares}c").parse().unwrap())
    };
    let lot = |(lot, sizes): (u32, &Vec<u8>)| {
        let shares: u8 = sizes.iter().sum();
        Lot { free: 7 - shares, claims: sizes.iter().map(&mut claim).collect(), ..Lot::new(lot, 7) }
    };
    (0..).zip(animals).map(lot).collect()
}

fn held(lots: &[Lot]) -> Held {
    lots.iter().map(|lot| (lot.lot, lot.confirmed().map(|(id, shares)| (*id, shares)).collect())).collect()
}

/// Makes the moves as the table does, step after step; after each no animal has more than seven shares.
fn made(lots: &[Lot], plan: &Plan) -> Held {
    let mut held = held(lots);
    for step in &plan.steps {
        assert!((1..=MOST_AT_ONCE).contains(&step.len()));
        for Move { donation, shares, from, to } in step {
            let has = held.get_mut(from).unwrap().get_mut(donation).expect("only what is there moves");
            *has = has.checked_sub(*shares).expect("no more than is there moves");
            *held.get_mut(to).unwrap().entry(*donation).or_default() += shares;
        }
        held.values_mut().for_each(|claims| claims.retain(|_, shares| *shares > 0));
        assert!(held.values().all(|claims| claims.values().sum::<u8>() <= 7), "{held:?}");
    }
    held
}

/// Lots as they stand then.
fn again(held: Held) -> Vec<Lot> {
    let lot = |(lot, claims): (u32, BTreeMap<DonationId, u8>)| {
        let shares = claims.values().sum::<u8>();
        let claims = claims.into_iter().map(|(id, shares)| (id, format!("{shares}c").parse().unwrap())).collect();
        Lot { free: 7 - shares, claims, ..Lot::new(lot, 7) }
    };
    held.into_iter().map(lot).collect()
}

fn shares_by_donation(held: &Held) -> BTreeMap<DonationId, u32> {
    let mut found = BTreeMap::new();
    for (id, shares) in held.values().flatten() {
        *found.entry(*id).or_default() += u32::from(*shares);
    }
    found
}

/// Claims that are on more animals than one; each animal more counts.
fn splits(held: &Held) -> u32 {
    let mut places: BTreeMap<DonationId, u32> = BTreeMap::new();
    held.values().flat_map(BTreeMap::keys).for_each(|id| *places.entry(*id).or_default() += 1);
    places.values().map(|places| places - 1).sum()
}

fn partials(held: &Held) -> Vec<&BTreeMap<DonationId, u8>> {
    held.values().filter(|claims| claims.values().sum::<u8>() % 7 != 0).collect()
}

/// Sizes of claims on animals that are not full, of a kind of sale.
fn any_animals(
    sizes: impl Strategy<Value = u8> + Clone,
    count: std::ops::Range<usize>,
) -> impl Strategy<Value = Vec<Vec<u8>>> {
    let animal = (1..=6_u8, prop::collection::vec(sizes, 7)).prop_map(|(most, sizes)| {
        let mut left = most;
        let fit = sizes.into_iter().map_while(|size| {
            let part = size.min(left);
            left -= part;
            (part > 0).then_some(part)
        });
        fit.collect::<Vec<u8>>()
    });
    prop::collection::vec(animal, count)
}

fn any_sizes() -> impl Strategy<Value = u8> + Clone {
    prop_oneof![4 => Just(1), 3 => Just(2), 2 => Just(3), 1 => 4..=6_u8]
}

/// Claims that leave gaps which few others fill.
fn large_sizes() -> impl Strategy<Value = u8> + Clone {
    prop_oneof![1 => Just(2), 2 => Just(4), 2 => Just(5), 3 => Just(6)]
}

/// Claims of more than one share that leave room for one.
const TIGHT: &[&[u8]] = &[&[2, 4], &[2, 2, 2], &[3, 3], &[6]];

/// The least that can be: splits, whether a part is on the animal that is not full, moves. By trying every layout of every claim, with nothing left out but what is dearer already.
struct Brute {
    claims: Vec<(usize, u8)>,
    over: u8,
    best: (u32, bool, u32),
}

impl Brute {
    fn least(animals: &[Vec<u8>]) -> (u32, bool, u32) {
        let of = |(home, sizes): (usize, &Vec<u8>)| sizes.iter().map(|size| (home, *size)).collect::<Vec<_>>();
        let claims: Vec<(usize, u8)> = animals.iter().enumerate().flat_map(of).collect();
        let over = claims.iter().map(|(_, size)| size).sum::<u8>() % 7;
        let mut brute = Brute { claims, over, best: (u32::MAX, true, u32::MAX) };
        brute.lay(0, &mut vec![0; animals.len()], &mut Vec::new());
        brute.best
    }

    fn cost(&self, spreads: &[Vec<u8>], remainder: Option<usize>) -> (u32, bool, u32) {
        let (mut splits, mut is_part, mut moves) = (0, false, 0);
        for ((home, _), spread) in self.claims.iter().zip(spreads) {
            let parts = u32::try_from(spread.iter().filter(|part| **part > 0).count()).unwrap();
            splits += parts - 1;
            moves += parts - u32::from(spread[*home] > 0);
            is_part |= parts > 1 && remainder.is_some_and(|lot| spread[lot] > 0);
        }
        (splits, is_part, moves)
    }

    fn lay(&mut self, claim: usize, on: &mut Vec<u8>, spreads: &mut Vec<Vec<u8>>) {
        if self.cost(spreads, None) >= self.best {
            return;
        }
        if claim == self.claims.len() {
            let left: Vec<usize> = (0..on.len()).filter(|lot| ![0, 7].contains(&on[*lot])).collect();
            if left.len() <= 1 && left.iter().all(|lot| on[*lot] == self.over) {
                self.best = self.best.min(self.cost(spreads, left.first().copied()));
            }
            return;
        }
        for spread in spread(self.claims[claim].1, on.len()) {
            if on.iter().zip(&spread).all(|(has, part)| has + part <= 7) {
                on.iter_mut().zip(&spread).for_each(|(has, part)| *has += part);
                spreads.push(spread.clone());
                self.lay(claim + 1, on, spreads);
                spreads.pop();
                on.iter_mut().zip(&spread).for_each(|(has, part)| *has -= part);
            }
        }
    }
}

/// Every way to lay out so many shares over so many animals.
fn spread(shares: u8, animals: usize) -> Vec<Vec<u8>> {
    if animals == 1 {
        return vec![vec![shares]];
    }
    let with = |first: u8| spread(shares - first, animals - 1).into_iter().map(move |rest| [vec![first], rest].concat());
    (0..=shares).flat_map(with).collect()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 160, ..ProptestConfig::default() })]

    #[test]
    fn every_share_is_placed_and_all_animals_but_one_are_full(animals in any_animals(any_sizes(), 0..60)) {
        let lots = lots(&animals);
        let plan = packing::plan(&lots, Species::Camel);
        let after = made(&lots, &plan);
        prop_assert_eq!(shares_by_donation(&after), shares_by_donation(&held(&lots)));
        prop_assert!(partials(&after).len() <= 1);
        prop_assert_eq!(splits(&after), plan.splits);
        prop_assert_eq!(u32::try_from(plan.moves()).unwrap(), plan.least);
        prop_assert_eq!(&packing::plan(&lots, Species::Camel), &plan, "the same lots, the same plan");
    }

    #[test]
    fn claims_that_hardly_fit_are_placed_too(animals in any_animals(large_sizes(), 0..60)) {
        let lots = lots(&animals);
        let plan = packing::plan(&lots, Species::Cow);
        let after = made(&lots, &plan);
        prop_assert_eq!(shares_by_donation(&after), shares_by_donation(&held(&lots)));
        prop_assert!(partials(&after).len() <= 1);
        prop_assert_eq!(splits(&after), plan.splits);
        prop_assert_eq!(u32::try_from(plan.moves()).unwrap(), plan.least);
    }

    /// Lots that have hardly any room.
    #[test]
    fn lots_that_wait_for_each_other_are_filled_in_the_fewest_moves(
        animals in prop::collection::vec(prop::sample::select(TIGHT), 30..300),
    ) {
        let lots = lots(&animals.into_iter().map(<[u8]>::to_vec).collect::<Vec<_>>());
        let plan = packing::plan(&lots, Species::Camel);
        let after = made(&lots, &plan);
        prop_assert!(partials(&after).len() <= 1);
        prop_assert_eq!(splits(&after), plan.splits);
        prop_assert_eq!(u32::try_from(plan.moves()).unwrap(), plan.least);
    }

    /// What a plan makes needs no other; wherever it breaks off, the next one finishes it.
    #[test]
    fn a_plan_that_broke_off_is_finished_by_the_next(animals in any_animals(any_sizes(), 0..20), done in 0_usize..30) {
        let before = lots(&animals);
        let whole = packing::plan(&before, Species::Camel);
        let begun = Plan { steps: whole.steps.iter().take(done).cloned().collect(), ..whole };
        let halfway = again(made(&before, &begun));
        let rest = packing::plan(&halfway, Species::Camel);
        let after = made(&halfway, &rest);
        prop_assert!(partials(&after).len() <= 1);
        prop_assert_eq!(shares_by_donation(&after), shares_by_donation(&held(&before)));
    }

    /// Against everything that can be done.
    #[test]
    fn for_few_animals_nothing_is_better(animals in any_animals(prop_oneof![any_sizes(), 3..=6_u8], 1..4)) {
        prop_assume!(animals.iter().map(Vec::len).sum::<usize>() <= 7);
        let lots = lots(&animals);
        let plan = packing::plan(&lots, Species::Camel);
        let after = made(&lots, &plan);
        let whole: BTreeSet<DonationId> = after.values().flatten().map(|(id, _)| *id).filter(|id| {
            after.values().filter(|claims| claims.contains_key(id)).count() == 1
        }).collect();
        let is_part = partials(&after).iter().any(|claims| claims.keys().any(|id| !whole.contains(id)));
        let found = (plan.splits, is_part, u32::try_from(plan.moves()).unwrap());
        prop_assert_eq!(found, Brute::least(&animals));
        prop_assert_eq!(plan.least, found.2);
    }

    #[test]
    fn moves_are_short_texts(shares in 1..=7_u8, from in any::<u32>(), to in any::<u32>(), number in any::<u32>()) {
        let one = Move { donation: donation(number), shares, from, to };
        prop_assert_eq!(one.to_string().parse(), Ok(one));
        let kept = serde_json::to_string(&one).unwrap();
        prop_assert_eq!(&kept, &format!("\"{shares} {from}>{to} {}\"", one.donation));
        prop_assert_eq!(serde_json::from_str::<Move>(&kept).unwrap(), one);
    }
}

proptest! {
    // Every arrangement of five animals is tried for each.
    #![proptest_config(ProptestConfig { cases: 12, ..ProptestConfig::default() })]

    /// The plan for many has no more splits than everything that can be done with few of them: as many animals as can be tried exactly, and one more.
    #[test]
    fn many_animals_need_no_more_splits_than_few(animals in any_animals(large_sizes(), EXACT_ANIMALS..EXACT_ANIMALS + 1)) {
        let few = packing::plan(&lots(&animals), Species::Camel);
        // Besides, animals that fit each other and nothing else: seven and seven in two moves of their own.
        let more: Vec<Vec<u8>> = animals.iter().cloned().chain([vec![1], vec![6]]).collect();
        let many = packing::plan(&lots(&more), Species::Camel);
        prop_assert!(many.splits <= few.splits, "{} and {}", many.splits, few.splits);
    }
}

#[test]
fn nothing_moves_that_need_not() {
    let table: [(&[&[u8]], usize, u32); 10] = [
        (&[], 0, 0),
        (&[&[7], &[3, 4]], 0, 0),
        (&[&[5]], 0, 0),
        (&[&[5], &[2]], 1, 0),
        (&[&[1, 1, 1, 1, 1], &[2]], 1, 0),
        (&[&[4, 2], &[3], &[5]], 2, 0),
        (&[&[4], &[4], &[4]], 2, 1),
        // In one move fewer a part of a claim would be on the animal that is not full.
        (&[&[4], &[5, 1], &[5, 1]], 3, 1),
        (&[&[3, 1], &[6], &[5, 1]], 3, 1),
        (&[&[6], &[6], &[6], &[6], &[6], &[6], &[1, 1, 1, 1, 1, 1]], 6, 0),
    ];
    for (animals, moves, splits) in table {
        let plan = packing::plan(&lots(&animals.iter().map(|sizes| sizes.to_vec()).collect::<Vec<_>>()), Species::Camel);
        assert_eq!((plan.moves(), plan.splits), (moves, splits), "{animals:?}: {plan:?}");
    }
}

/// Of more animals than are tried one plan after another.
#[test]
fn how_many_moves_there_must_be_is_told() {
    for (animals, least) in [
        (vec![vec![6]; 7], 6),
        (vec![vec![1, 1]; 7], 10),
        (vec![vec![4]; 14], 12),
        ([vec![vec![1, 1]; 5], vec![vec![2]; 3]].concat(), 7),
        ([vec![vec![6]; 6], vec![vec![1; 6]]].concat(), 6),
    ] {
        let plan = packing::plan(&lots(&animals), Species::Camel);
        assert_eq!((plan.moves(), plan.least), (least as usize, least), "{animals:?}");
    }
}

/// A lowered quota leaves lots of fewer than seven shares: they are filled all the same.
#[test]
fn lots_of_fewer_shares_are_filled_like_others() {
    let mut lots = lots(&[vec![3, 1], vec![3]]);
    lots.iter_mut().for_each(|lot| (lot.shares, lot.free) = (lot.shares - lot.free, 0));
    let plan = packing::plan(&lots, Species::Camel);
    assert_eq!((plan.moves(), partials(&made(&lots, &plan)).len()), (1, 0));
}

#[test]
fn heads_are_never_moved() {
    let lot = Lot { free: 13, claims: [(donation(1), "3c".parse().unwrap())].into(), ..Lot::new(0, 16) };
    assert!(!is_partial(&lot, Species::Sheep));
    assert_eq!(packing::plan(&[lot], Species::Sheep), Plan::default());
}

/// As many as the largest sale leaves partial: all but one are filled, and in no more moves than there must be.
#[test]
fn thousands_of_animals_are_filled_in_the_fewest_moves() {
    let sizes = [1_u8, 2, 2, 3, 1, 4, 1, 5, 2, 6, 1, 3];
    let animal = |number: usize| {
        let most = [6_u8, 5, 6, 4, 3, 6, 5, 2][number % 8];
        let mut left = most;
        let fit = (0..7).map_while(|place| {
            let part = sizes[(number * 7 + place * 5) % sizes.len()].min(left);
            left -= part;
            (part > 0).then_some(part)
        });
        fit.collect::<Vec<u8>>()
    };
    let lots = lots(&(0..4_000).map(animal).collect::<Vec<_>>());
    let plan = packing::plan(&lots, Species::Camel);
    assert!(partials(&made(&lots, &plan)).len() <= 1);
    assert_eq!(u32::try_from(plan.moves()).unwrap(), plan.least);
}

/// Every lot has six shares, and none of them is alone: nothing can move before something else has. For all that no more wait for each other than are moved at once.
#[test]
fn lots_that_all_wait_for_each_other_are_filled_too() {
    for turn in 0..8 {
        let kinds: [&[u8]; 3] = [&[2, 4], &[2, 2, 2], &[3, 3]];
        let animals: Vec<Vec<u8>> =
            (0..210).map(|number: usize| kinds[(number * (turn + 1) + number / 7) % 3].to_vec()).collect();
        let before = lots(&animals);
        let plan = packing::plan(&before, Species::Camel);
        assert_eq!(plan.moves(), plan.least as usize, "turn {turn}");
        let after = made(&before, &plan);
        assert!(partials(&after).len() <= 1, "turn {turn}: {} are not full", partials(&after).len());
        assert_eq!(splits(&after), plan.splits);
        assert_eq!(shares_by_donation(&after), shares_by_donation(&held(&before)));
    }
}
