//! What a step makes of lots and donations: all of it or nothing, and each says of the other what is so.

use domain::donation::{Donation, Line, State};
use domain::purpose::Fund;
use domain::sacrifice::packing::rearrange::{ClaimChange, Obstacle, rearrange};
use domain::sacrifice::{Part, Reservation, Shares};

use super::*;
use crate::given::{NOON, line, riyals, settled_by};

/// The same lots once what is free is withdrawn.
fn sealed(animals: &[Vec<u8>]) -> Vec<Lot> {
    lots(animals).into_iter().map(|lot| Lot { free: 0, shares: lot.shares - lot.free, ..lot }).collect()
}

/// A paid donation of so many shares that names this lot.
fn paid(number: u32, shares: u8, lot: u32) -> Donation {
    let asks = Shares { shares, wakala: "1".to_owned(), accepted_at: NOON };
    let of_camels = Line { sacrifice: Some(asks), ..line(Fund::Adahi, "camel-makkah", riyals(500 * u64::from(shares))) };
    let state = State::Settled { settled_by: settled_by(&format!("p-{number}")) };
    let reservation = Some(Reservation::new("camel-makkah".parse().unwrap(), lot, shares));
    Donation { id: donation(number), reservation, ..crate::given::donation(state, vec![of_camels]) }
}

#[test]
fn a_step_changes_lots_and_donations_together() {
    let before = sealed(&[vec![3], vec![5]]);
    let gifts = [paid(1, 3, 0), paid(2, 5, 1)];
    let step = [Move { donation: donation(1), shares: 2, from: 0, to: 1 }];
    let done = rearrange(&step, &before, &gifts).unwrap();
    let added: Vec<(u32, i16)> = done.lots.iter().map(|lot| (lot.lot, lot.added())).collect();
    assert_eq!(added, [(0, -2), (1, 2)]);
    let [(gift, named)] = done.donations.as_slice() else { panic!("{done:?}") };
    assert_eq!((gift.id, named.places()), (donation(1), vec![Part { lot: 0, shares: 1 }, Part { lot: 1, shares: 2 }]));
}

/// Makes a step of lots and of gifts, as the table does.
fn apply(step: &[Move], lots: &mut [Lot], gifts: &mut [Donation]) {
    let done = rearrange(step, lots, gifts).unwrap();
    for change in done.lots {
        let lot = lots.iter_mut().find(|lot| lot.lot == change.lot).unwrap();
        lot.shares = lot.shares.checked_add_signed(i8::try_from(change.added()).unwrap()).unwrap();
        for ClaimChange { donation, was, is } in change.claims {
            let had = lot.claims.remove(&donation);
            assert_eq!(had.map_or(0, |claim| claim.shares), was);
            lot.claims.extend((is > 0).then(|| (donation, format!("{is}c").parse().unwrap())));
        }
        assert!(lot.is_whole(), "{lot:?}");
    }
    for (gift, named) in done.donations {
        gifts.iter_mut().find(|other| other.id == gift.id).unwrap().reservation = Some(named);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 160, ..ProptestConfig::default() })]

    /// Each step of a plan can be made of lots and gifts as the steps before have left them, and in the end every gift names the lots that it is on.
    #[test]
    fn every_step_of_a_plan_can_be_made(animals in any_animals(prop_oneof![any_sizes(), large_sizes()], 2..24)) {
        let mut lots = sealed(&animals);
        let plan = packing::plan(&lots, Species::Camel);
        let of_lot = |lot: &Lot| lot.confirmed().map(|(id, shares)| (*id, lot.lot, shares)).collect::<Vec<_>>();
        let mut gifts: Vec<Donation> =
            lots.iter().flat_map(of_lot).map(|(id, lot, shares)| Donation { id, ..paid(1, shares, lot) }).collect();
        plan.steps.iter().for_each(|step| apply(step, &mut lots, &mut gifts));
        for gift in gifts {
            let named = gift.reservation.unwrap().places();
            let is_on = lots.iter().filter_map(|lot| Some(Part { lot: lot.lot, shares: lot.claims.get(&gift.id)?.shares }));
            prop_assert_eq!(named, is_on.collect::<Vec<_>>());
        }
    }
}

#[test]
fn a_gift_that_leaves_a_lot_names_it_no_more() {
    let before = sealed(&[vec![5], vec![4], vec![5]]);
    let one = |shares, to| Move { donation: donation(1), shares, from: 0, to };
    let done = rearrange(&[one(3, 1), one(2, 2)], &before, &[paid(1, 5, 0)]).unwrap();
    let parts = [Part { lot: 1, shares: 3 }, Part { lot: 2, shares: 2 }];
    assert_eq!(done.donations[0].1.places(), parts);
    let claims: Vec<&ClaimChange> = done.lots.iter().flat_map(|lot| &lot.claims).collect();
    assert_eq!(claims.iter().map(|claim| (claim.was, claim.is)).collect::<Vec<_>>(), [(5, 0), (0, 3), (0, 2)]);
    // To one lot it goes whole, as if it had never been anywhere else.
    let before = sealed(&[vec![3], vec![4]]);
    let done = rearrange(&[one(3, 1)], &before, &[paid(1, 3, 0)]).unwrap();
    assert_eq!(done.donations[0].1, Reservation::new("camel-makkah".parse().unwrap(), 1, 3));
}

#[test]
fn what_has_gone_meanwhile_is_not_moved() {
    let before = sealed(&[vec![3], vec![5]]);
    let step = [Move { donation: donation(1), shares: 2, from: 0, to: 1 }];
    let gone = Err(Obstacle::Gone(donation(1)));
    let of = |lots: &[Lot], gift: Donation| rearrange(&step, lots, &[gift]).map(|_| ());
    assert_eq!(of(&before, paid(1, 3, 0)), Ok(()));
    assert_eq!(of(&before, paid(1, 3, 1)), gone, "it says that its shares are elsewhere");
    assert_eq!(of(&before, Donation { state: State::Expired, ..paid(1, 3, 0) }), gone);
    let back = |gift: Donation| {
        let settled_by = gift.state.settled_by().unwrap().clone();
        let refunded_minor = gift.total();
        Donation { state: State::Refunded { settled_by, refunded_minor }, ..gift }
    };
    assert_eq!(of(&before, back(paid(1, 3, 0))), gone, "its money has gone back");
    assert_eq!(rearrange(&step, &before, &[]).map(|_| ()), gone);
    assert_eq!(of(&before[..1], paid(1, 3, 0)), Err(Obstacle::NoRoom(1)));
    let full = Lot { shares: 6, ..before[1].clone() };
    assert_eq!(of(&[before[0].clone(), full], paid(1, 3, 0)), Err(Obstacle::NoRoom(1)));
    let held = Lot { claims: [(donation(1), "3h1795500000".parse().unwrap())].into(), ..before[0].clone() };
    assert_eq!(of(&[held, before[1].clone()], paid(1, 3, 0)), gone, "it is not confirmed");
}

/// Gifts whose shares were apart from the beginning, each on up to three animals: their parts are moved like claims of their own, may come together again, and stay where their gift says.
fn apart(animals: &[Vec<u8>], stride: usize) -> (Vec<Lot>, BTreeMap<DonationId, Donation>) {
    let mut lots = sealed(animals);
    let (mut gifts, mut number) = (BTreeMap::new(), 0);
    for first in 0..stride.min(lots.len()) {
        let of: Vec<usize> = (first..lots.len()).step_by(stride).collect();
        for group in of.chunks(3) {
            let mut owners: Vec<Vec<(DonationId, u8)>> =
                group.iter().map(|lot| lots[*lot].confirmed().map(|(id, shares)| (*id, shares)).collect()).collect();
            while owners.iter().any(|claims| !claims.is_empty()) {
                number += 1;
                let taken = owners.iter_mut().zip(group).filter_map(|(claims, lot)| Some((*lot, claims.pop()?)));
                let parts: Vec<(usize, (DonationId, u8))> = taken.collect();
                let places: Vec<Part> =
                    parts.iter().map(|(lot, (_, shares))| Part { lot: lots[*lot].lot, shares: *shares }).collect();
                let mut gift = paid(10_000 + number, places.iter().map(|part| part.shares).sum(), places[0].lot);
                gift.reservation = gift.reservation.map(|named| named.placed(&places));
                for (lot, (old, _)) in parts {
                    let claim = lots[lot].claims.remove(&old).unwrap();
                    lots[lot].claims.insert(gift.id, claim);
                }
                gifts.insert(gift.id, gift);
            }
        }
    }
    (lots, gifts)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, ..ProptestConfig::default() })]

    #[test]
    fn gifts_that_are_apart_before_are_packed_like_others(animals in any_animals(any_sizes(), 0..24), stride in 1..6_usize) {
        let (mut lots, mut gifts) = apart(&animals, stride);
        let before = shares_by_donation(&held(&lots));
        let plan = packing::plan(&lots, Species::Camel);
        prop_assert_eq!(made(&lots, &plan).len(), lots.len());
        for step in &plan.steps {
            let all: Vec<Donation> = gifts.values().cloned().collect();
            let changed = rearrange(step, &lots, &all).unwrap();
            for change in changed.lots {
                let lot = lots.iter_mut().find(|lot| lot.lot == change.lot).unwrap();
                lot.shares = u8::try_from(i16::from(lot.shares) + change.added()).unwrap();
                for claim in &change.claims {
                    prop_assert_eq!(lot.claims.get(&claim.donation).map_or(0, |claim| claim.shares), claim.was);
                    lot.claims.remove(&claim.donation);
                    if claim.is > 0 {
                        lot.claims.insert(claim.donation, format!("{}c", claim.is).parse().unwrap());
                    }
                }
                prop_assert!(lot.is_whole() && lot.shares <= 7, "{lot:?}");
            }
            for (gift, named) in changed.donations {
                gifts.get_mut(&gift.id).unwrap().reservation = Some(named);
            }
        }
        let after = held(&lots);
        prop_assert!(partials(&after).len() <= 1);
        prop_assert_eq!(shares_by_donation(&after), before);
        for (id, gift) in &gifts {
            let mut named: Vec<(u32, u8)> = gift.reservation.as_ref().unwrap().places().iter().map(|part| (part.lot, part.shares)).collect();
            named.sort_unstable();
            let has: Vec<(u32, u8)> = after.iter().filter_map(|(lot, claims)| Some((*lot, *claims.get(id)?))).collect();
            prop_assert_eq!(named, has);
        }
    }
}
