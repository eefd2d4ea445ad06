//! Whose an animal is, and which are a donation's: what is told to a donor, and what a slaughterhouse's word is about.

use std::collections::BTreeMap;

use domain::sacrifice::animal::{self, animals, owners, place};
use domain::sacrifice::offering::{Offering, Species};
use domain::sacrifice::{Lot, Part, Reservation};
use proptest::prelude::*;

use crate::given::any_of;
use crate::sale::{camels, giver, lot};

fn sheep() -> Offering {
    Offering { species: Species::Sheep, id: "sheep-makkah".parse().unwrap(), ..camels(None) }
}

/// A lot of heads on which everybody has theirs.
fn flock(number: u32, claims: &[(u8, &str)]) -> Lot {
    let told = Lot { shares: 16, ..lot(number, claims) };
    Lot { heads: animal::heads(&told), ..told }
}

fn named(lot: u32, shares: u8) -> Reservation {
    Reservation::new("camel-makkah".parse().unwrap(), lot, shares)
}

#[test]
fn a_donation_has_shares_of_the_animal_that_its_lot_is() {
    let lots = [lot(0, &[(1, "4c"), (2, "3c")]), lot(6, &[(3, "7c")])];
    let of = |number, lot, shares| animals(&camels(None), &giver(number), &named(lot, shares), &lots);
    assert_eq!(of(1, 0, 4), BTreeMap::from([(1, 4)]));
    assert_eq!(of(2, 0, 3), BTreeMap::from([(1, 3)]));
    assert_eq!(of(3, 6, 7), BTreeMap::from([(7, 7)]));
    let cows = Offering { species: Species::Cow, ..camels(None) };
    assert_eq!(animals(&cows, &giver(3), &named(6, 7), &lots), BTreeMap::from([(7, 7)]));
}

#[test]
fn a_donation_that_was_parted_has_shares_of_each_animal() {
    let parted = named(0, 5).placed(&[Part { lot: 3, shares: 2 }, Part { lot: 8, shares: 3 }]);
    let lots = [lot(3, &[(1, "2c"), (2, "5c")]), lot(8, &[(1, "3c"), (3, "4c")])];
    assert_eq!(animals(&camels(None), &giver(1), &parted, &lots), BTreeMap::from([(4, 2), (9, 3)]));
}

#[test]
fn of_heads_each_is_a_whole_animal() {
    let lots = [flock(0, &[(1, "2c"), (2, "3c")]), flock(2, &[(3, "1c")])];
    let of = |number, lot, shares| animals(&sheep(), &giver(number), &named(lot, shares), &lots);
    assert_eq!(of(1, 0, 2), BTreeMap::from([(1, 1), (2, 1)]));
    assert_eq!(of(2, 0, 3), BTreeMap::from([(3, 1), (4, 1), (5, 1)]));
    assert_eq!(of(3, 2, 1), BTreeMap::from([(33, 1)]), "the third lot begins with the thirty-third head");
    let goats = Offering { species: Species::Goat, ..sheep() };
    assert_eq!(animals(&goats, &giver(3), &named(2, 1), &lots), BTreeMap::from([(33, 1)]));
}

#[test]
fn before_heads_are_told_apart_a_donation_has_none_yet() {
    let untold = Lot { shares: 16, ..lot(0, &[(1, "2c")]) };
    assert_eq!(animals(&sheep(), &giver(1), &named(0, 2), &[untold]), BTreeMap::new());
    assert_eq!(
        animals(&sheep(), &giver(1), &named(0, 2), &[flock(1, &[(1, "2c")])]),
        BTreeMap::new(),
        "it names another lot"
    );
    assert_eq!(animals(&sheep(), &giver(2), &named(0, 2), &[flock(0, &[(1, "2c")])]), BTreeMap::new(), "others have them");
}

proptest! {
    /// Whoever has an animal is among those whose it is, and has no more heads than shares: both questions have one answer.
    #[test]
    fn what_is_a_donations_is_told_to_be_its(
        species in any_of(Species::ALL), number in 0..500_u32, first in 1..=4_u8, second in 1..=3_u8,
    ) {
        let claims = [(1, format!("{first}c")), (2, format!("{second}c"))];
        let claims = claims.each_ref().map(|(of, claim)| (*of, claim.as_str()));
        let lots = [if species.shares() == 1 { flock(number, &claims) } else { lot(number, &claims) }];
        let offering = Offering { species, ..camels(None) };
        for (of, shares) in [(1, first), (2, second)] {
            let has = animals(&offering, &giver(of), &named(number, shares), &lots);
            prop_assert_eq!(has.values().sum::<u8>(), shares);
            for animal in has.keys() {
                let (on, head) = place(species, *animal).unwrap();
                prop_assert_eq!(on, number);
                prop_assert!(owners(species, &lots[0], head).contains(&giver(of)));
            }
        }
    }
}
