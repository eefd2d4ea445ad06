//! What is sold: its kinds of animals, its stock, the wording that is agreed to, and how all of it is kept.

use std::collections::BTreeSet;

use domain::purpose::Programme;
use domain::sacrifice::lot::{Room, choose, largest};
use domain::sacrifice::offering::{self, LONGEST_VERSION_BYTES, Offering, Remainder, Species, Stage, is_version};
use domain::sacrifice::rite::{Days, Meat};
use domain::sacrifice::{Lot, Part, Rite, animal, parting};
use proptest::prelude::*;

use crate::given::any_of;
use crate::sale::{camels, giver, lot};

/// Of each kind: its shares, those of a lot, and the age that it has at the least, in months.
const KINDS: [(Species, u8, u8, u8); 4] =
    [(Species::Sheep, 1, 16, 6), (Species::Goat, 1, 16, 12), (Species::Cow, 7, 7, 24), (Species::Camel, 7, 7, 60)];

#[test]
fn each_kind_has_its_shares_and_its_age() {
    for (species, shares, of_a_lot, months) in KINDS {
        assert_eq!(
            (species.shares(), species.lot_shares(), species.least_age_months()),
            (shares, of_a_lot, months),
            "{species}"
        );
    }
    assert_eq!(KINDS.len(), Species::ALL.len());
}

#[test]
fn an_offering_is_made_with_the_lots_of_its_quota() {
    for (quota, expected) in [(0, vec![]), (7, vec![(0, 7)]), (8, vec![(0, 7), (1, 1)]), (21, vec![(0, 7), (1, 7), (2, 7)])]
    {
        assert_eq!(Offering { quota, ..camels(None) }.lots().collect::<Vec<_>>(), expected, "{quota}");
    }
    let largest = Offering { species: Species::Sheep, quota: offering::MOST_QUOTA, ..camels(None) };
    assert_eq!(largest.lots().last(), Some((6_249, 16)), "a hundred thousand heads are sixteen on each lot");
}

#[test]
fn what_is_not_usual_of_an_offering_is_kept() {
    let read = |offering: &Offering| serde_json::from_str::<Offering>(&serde_json::to_string(offering).unwrap()).unwrap();
    for remainder in Remainder::ALL {
        for stage in [Stage::Sale, Stage::Closing, Stage::Packed, Stage::Listed] {
            let offering = Offering { remainder: *remainder, stage, closed_as: Some(9), ..camels(Some(10)) };
            assert_eq!(read(&offering), offering);
        }
    }
}

#[test]
fn what_the_platform_takes_and_whose_heads_are_is_kept_of_a_lot() {
    let read = |lot: &Lot| serde_json::from_str::<Lot>(&serde_json::to_string(lot).unwrap()).unwrap();
    let filled = Lot { own: 2, ..lot(3, &[(1, "5c")]) };
    assert_eq!(read(&filled), filled);
    let heads = Lot { shares: 16, ..lot(4, &[(1, "5c"), (2, "2h1795500000")]) };
    let told = Lot { heads: animal::heads(&heads), ..heads };
    assert_eq!(read(&told), told);
}

#[test]
fn a_wording_has_a_short_version_without_blanks() {
    let longest = "v".repeat(LONGEST_VERSION_BYTES);
    for version in ["1", "1448.2", "2027-05-01", "~", &longest] {
        assert!(is_version(version), "{version}");
    }
    for text in ["", " ", "1 2", "1\n", "١", "نص", "\u{7f}", &format!("{longest}v")] {
        assert!(!is_version(text), "{text:?}");
    }
}

fn rooms(free: &[u8]) -> Vec<Room> {
    (0..).zip(free).map(|(lot, free)| Room { lot, free: *free }).collect()
}

#[test]
fn the_largest_request_is_that_of_the_most_room() {
    for (free, expected) in [(vec![], 0), (vec![0, 0], 0), (vec![1], 1), (vec![2, 5, 3], 5), (vec![7, 16], 16)] {
        assert_eq!(largest(&rooms(&free)), expected, "{free:?}");
    }
}

proptest! {
    /// What is told to be the largest request finds a lot; one share more finds none.
    #[test]
    fn the_largest_request_finds_room_and_no_larger_one(
        free in prop::collection::vec(0..=16_u8, 1..20), species in any_of(Species::ALL), chance in any::<u64>(),
    ) {
        let rooms = rooms(&free);
        prop_assert!(choose(&rooms, largest(&rooms), species, chance).is_some());
        prop_assert_eq!(choose(&rooms, largest(&rooms) + 1, species, chance), None);
    }

    /// Those who choose at the same moment are spread over all lots that are as good.
    #[test]
    fn chance_leads_to_every_lot_that_is_as_good(equal in 1..40_u32, free in 1..=7_u8, from in any::<u32>(), species in any_of(Species::ALL)) {
        let rooms = rooms(&vec![free; equal as usize]);
        let chances = (0..u64::from(equal)).map(|chance| chance + u64::from(from));
        let chosen: BTreeSet<u32> = chances.filter_map(|chance| choose(&rooms, free, species, chance)).map(|room| room.lot).collect();
        prop_assert_eq!(chosen, (0..equal).collect::<BTreeSet<u32>>());
    }
}

/// The table at the head of `rite`.
#[test]
fn each_rite_has_its_programme_days_and_meat() {
    let table = [
        (Rite::Adahi, Programme::Adahi, Days::Feast, Meat::Household),
        (Rite::Hady, Programme::Adahi, Days::Feast, Meat::Household),
        (Rite::Aqiqa, Programme::Adahi, Days::Any, Meat::Household),
        (Rite::Kaffara, Programme::Kaffara, Days::Any, Meat::PoorOfMakkah),
        (Rite::Fidya, Programme::Kaffara, Days::Any, Meat::Poor),
    ];
    for (rite, programme, days, meat) in table {
        let rules = rite.rules();
        assert_eq!((rules.programme, rules.days, rules.meat), (programme, days, meat), "{rite:?}");
    }
}

fn parts(of: &[(u32, u8)]) -> Vec<Part> {
    of.iter().map(|(lot, shares)| Part { lot: *lot, shares: *shares }).collect()
}

#[test]
fn what_a_gift_has_is_told_of_each_lot() {
    let lots = [lot(0, &[(1, "4c"), (2, "3c")]), lot(1, &[(2, "2h1795500000")]), lot(2, &[(1, "1c")])];
    assert_eq!(parting::mine(&lots, &giver(2)), parts(&[(0, 3), (1, 2)]));
    assert_eq!(parting::mine(&lots, &giver(3)), []);
}

/// Where a place that is named has none of it, as many on a lot that is named no more are kept instead, once.
#[test]
fn a_claim_that_is_left_from_before_stands_for_one_that_is_missing() {
    let named = parts(&[(0, 3), (1, 2), (2, 2)]);
    for (mine, kept) in [
        (parts(&[(0, 3), (1, 2), (5, 2)]), parts(&[(0, 3), (1, 2), (5, 2)])),
        (parts(&[(0, 3), (5, 2)]), parts(&[(0, 3), (5, 2)])),
        (parts(&[(0, 3), (5, 2), (6, 2)]), parts(&[(0, 3), (5, 2), (6, 2)])),
        (parts(&[(0, 3), (1, 2), (5, 3)]), parts(&[(0, 3), (1, 2)])),
        (parts(&[(0, 2), (1, 3)]), Vec::new()),
    ] {
        assert_eq!(parting::kept(&named, &mine), kept, "{mine:?}");
    }
}

#[test]
fn shares_that_may_not_be_parted_come_to_one_lot_other_than_their_own_where_there_is_one() {
    let rooms = |free: &[u8]| (0..).zip(free).map(|(lot, free)| Room { lot, free: *free }).collect::<Vec<_>>();
    let find = |kept: &[(u32, u8)], mine: &[(u32, u8)], free: &[u8]| {
        parting::again((&parts(kept), &parts(mine)), &rooms(free), (4, false), (Species::Camel, 0))
    };
    assert_eq!(find(&[(0, 2)], &[(0, 2)], &[0, 5]), Some(parts(&[(1, 4)])), "not two here and two there");
    assert_eq!(find(&[], &[(2, 1)], &[0, 6, 3]), Some(parts(&[(1, 4)])), "what it has of another number stays as it is");
}
