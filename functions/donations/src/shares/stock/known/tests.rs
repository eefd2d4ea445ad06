//! What an environment does next, by what it knows.
#![allow(clippy::unwrap_used)]
use std::collections::BTreeSet;

use proptest::prelude::*;

use super::*;

const NOW: Moment = Moment::from_millis(1_795_500_000_000);

fn asked(species: Species, shares: u8) -> Asked {
    let (offering, fairness) = ("animals".parse().unwrap(), domain::sacrifice::Fairness::default());
    Asked { line: 0, offering, species, shares, apart: false, fairness, closes_at: NOW }
}

fn later(millis: i64) -> Moment {
    Moment::from_millis(NOW.millis() + millis)
}

/// Lots numbered from nothing, with so much free.
fn rooms(free: impl IntoIterator<Item = u8>) -> Vec<Room> {
    (0..).zip(free).map(|(lot, free)| Room { lot, free }).collect()
}

fn looked(free: impl IntoIterator<Item = u8>) -> Known {
    let mut known = Known::default();
    known.saw_all(&rooms(free).into_iter().filter(|room| room.free > 0).collect::<Vec<_>>(), NOW);
    known
}

#[test]
fn an_environment_stays_with_a_lot_that_it_has_just_claimed_on() {
    let mut known = Known::default();
    known.claimed(Room { lot: 5, free: 3 }, NOW);
    let next = |known: &Known, asked: &Asked, tried: &[u32], millis| known.next(asked, tried, READS, (later(millis), 0));
    let heads = asked(Species::Sheep, 2);
    assert_eq!(next(&known, &heads, &[], FRESH_MS - 1), Next::Stay(5));
    assert_eq!(next(&known, &heads, &[], FRESH_MS), Next::Look, "it was seen too long ago");
    assert_eq!(next(&known, &heads, &[5], 0), Next::Look, "it was tried in vain");
    assert_eq!(next(&known, &asked(Species::Sheep, 4), &[], 0), Next::Look, "it has too little room");
    assert_eq!(next(&known, &asked(Species::Camel, 2), &[], 0), Next::Look, "others may fit better");
    assert_eq!(next(&known, &asked(Species::Camel, 3), &[], 0), Next::Stay(5));
    known.claimed(Room { lot: 5, free: 0 }, NOW);
    assert_eq!(next(&known, &heads, &[], 0), Next::Look, "it is full");
}

#[test]
fn candidates_are_lots_with_room_each_once_and_spread_by_chance() {
    let known = looked((0..40).map(|lot| lot % 8));
    let mut seen = BTreeSet::new();
    for chance in 0..200u64 {
        let chance = chance.wrapping_mul(0x9E37_79B9_7F4A_7C15);
        let Next::Read { lots, among } = known.next(&asked(Species::Camel, 3), &[3, 4], 0, (NOW, chance)) else {
            panic!("they are read");
        };
        let once: BTreeSet<u32> = lots.iter().copied().collect();
        assert!(lots.len() == CANDIDATES && once.len() == CANDIDATES && among == 23);
        assert!(once.iter().all(|lot| lot % 8 >= 3 && ![3, 4].contains(lot)), "{once:?}");
        seen.extend(once);
    }
    assert_eq!(seen.len(), 23, "every lot with room comes in turn");
}

#[test]
fn a_look_is_relied_on_for_a_second() {
    let known = looked([0, 1, 2]);
    let three = asked(Species::Camel, 3);
    assert_eq!(known.next(&three, &[], 0, (later(LOOK_AGE_MS - 1), 0)), Next::Nothing { largest: 2, began: later(0) });
    assert_eq!(known.next(&three, &[], 0, (later(LOOK_AGE_MS), 0)), Next::Look);
    assert_eq!(known.next(&three, &[], 0, (later(-1), 0)), Next::Look, "a clock that was put back");
    assert_eq!(Known::default().next(&three, &[], 0, (NOW, 0)), Next::Look);
    assert!(known.is_looked_since(NOW) && !known.is_looked_since(later(1)));
}

#[test]
fn where_plenty_is_left_a_lot_with_slack_is_claimed_on_straight_away() {
    let (known, one) = (looked([16; 80]), asked(Species::Sheep, 1));
    assert_eq!(known.step(&one, 7, false, (later(FRESH_MS - 1), 1)), Step::Claim);
    assert_eq!(known.step(&one, 7, false, (later(FRESH_MS), 1)), Step::Read, "it was seen too long ago");
    assert_eq!(known.step(&one, 99, false, (NOW, 1)), Step::Meet, "nothing is known of it");
    let tight = looked((0..80).map(|lot| if lot == 7 { SLACK_SHARES } else { 16 }));
    assert_eq!(tight.step(&one, 7, false, (NOW, 1)), Step::Read, "another may take what is left of it");
    assert_eq!(looked([7; 1_200]).step(&asked(Species::Camel, 7), 7, false, (NOW, 1)), Step::Read, "it fits exactly");
}

#[test]
fn where_little_is_left_an_environment_waits_before_it_reads() {
    let few = looked(vec![1; SCARCE_TURNS]);
    let one = asked(Species::Sheep, 1);
    for chance in [0, 1, 2, 1 << 40, u64::MAX] {
        assert_eq!(few.step(&one, 7, false, (NOW, chance)), Step::Wait(few.pace.wait_ms(chance)));
    }
    assert_eq!(few.step(&one, 7, true, (NOW, 1)), Step::Read, "it has waited before it found this one");
    assert_eq!(looked(vec![1; SCARCE_TURNS + 1]).step(&one, 7, false, (NOW, 1)), Step::Read, "one more is plenty");
    assert_eq!(few.step(&one, 9_999, false, (NOW, 1)), Step::Meet, "nothing is known of it: it may be claimed already");
}

#[test]
fn after_a_lot_that_is_gone_another_is_aimed_at() {
    let one = asked(Species::Sheep, 1);
    assert_eq!(looked([16; 80]).aim(&one, &[7], (NOW, 1)), Aim::Best);
    let two = looked([1, 1]);
    for chance in 0..20u64 {
        let at = Aim::At { lot: 1, wait_ms: two.pace.wait_ms(chance.rotate_left(32)) };
        assert_eq!(two.aim(&one, &[0], (later(LOOK_AGE_MS - 1), chance)), at);
    }
    assert!(matches!(two.aim(&one, &[0, 1], (NOW, 1)), Aim::At { .. }), "they may have room again");
    assert_eq!(two.aim(&one, &[0], (later(LOOK_AGE_MS), 1)), Aim::Nowhere, "it was seen too long ago");
    assert_eq!(two.aim(&asked(Species::Sheep, 2), &[], (NOW, 1)), Aim::Nowhere);
}

#[test]
fn where_little_is_left_others_are_read_beside_a_lot() {
    let one = asked(Species::Sheep, 1);
    let beside = looked([1; 40]).beside(&one, 7, 3);
    assert_eq!((beside.len(), beside[0], beside.iter().collect::<BTreeSet<_>>().len()), (CANDIDATES, 7, CANDIDATES));
    assert_eq!(looked([1, 0, 1]).beside(&one, 7, 3).len(), 3);
    assert_eq!(looked([16; 80]).beside(&one, 7, 3), [7]);
}

/// What was seen long ago says that thousands are left; of ten that are read, two have room.
#[test]
fn what_is_left_is_told_by_what_was_read_and_not_by_memory() {
    let (mut known, one) = (looked([16; 600]), asked(Species::Sheep, 1));
    assert!(!known.is_scarce(1));
    let read = rooms([0, 0, 1, 0, 0, 0, 1, 0, 0, 0]);
    let chosen = known.saw_some(&one, &read, 600, (NOW, 3)).unwrap();
    assert!([2, 6].contains(&chosen) && known.is_scarce(1));
    assert_eq!(known.sample.turns(1), 120);
}

#[test]
fn a_lot_that_was_tried_in_vain_is_chosen_again_where_there_is_no_other() {
    let (known, one) = (looked([0, 0, 0, 2]), asked(Species::Sheep, 1));
    assert_eq!(known.after_look(&one, &[3], 1), Ok(3));
    assert_eq!(looked([1, 0, 0, 2]).after_look(&one, &[3], 1), Ok(0));
    assert_eq!(looked([1, 0, 0, 1]).after_look(&asked(Species::Sheep, 2), &[], 1), Err(1));
}

proptest! {
    /// Nothing is said to be gone while a lot is known to have room for it, whatever was tried; and what is chosen has room.
    #[test]
    fn what_is_chosen_has_room_and_nothing_is_hidden(
        free in prop::collection::vec(0..=16u8, 0..400), tried in prop::collection::vec(0..400u32, 0..6), shares in 1..=7u8,
        species in prop::sample::select(Species::ALL), chance in any::<u64>(),
    ) {
        let (known, wanted) = (looked(free.iter().copied()), asked(species, shares));
        let has_room = |lot: u32| free.get(lot as usize).is_some_and(|free| *free >= shares);
        match known.after_look(&wanted, &tried, chance) {
            Ok(lot) => prop_assert!(has_room(lot)),
            Err(largest) => prop_assert!(largest < shares && free.iter().all(|free| *free <= largest)),
        }
        match known.next(&wanted, &[], READS, (NOW, chance)) {
            Next::Nothing { largest, .. } => prop_assert!(free.iter().all(|free| *free <= largest) && largest < shares),
            Next::Look => prop_assert!(free.iter().any(|free| *free >= shares)),
            other => prop_assert!(false, "{other:?}"),
        }
    }

    /// Whoever is many claims on many lots: where little is left, every lot with room is as likely as another.
    #[test]
    fn where_little_is_left_those_who_come_spread_over_all_that_have_room(count in 2..40usize, species in prop::sample::select(Species::ALL)) {
        let known = looked((0..count).map(|lot| 1 + u8::try_from(lot % 7).unwrap()));
        let random = platform::Random::seeded(count as u64);
        let chosen: BTreeSet<Result<u32, u8>> =
            (0..count * 60).map(|_| known.after_look(&asked(species, 1), &[], random.number())).collect();
        prop_assert_eq!(chosen.len(), count);
    }
}
