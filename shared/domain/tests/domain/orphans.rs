//! Orphans: payments that are kept apart until their donation is found, or that are booked beside their own gift.

use domain::case::Reason;
use domain::donation::{Charge, ChargeKind, Decision, Donation, State, decide, donation_of};
use domain::id::DonationId;
use domain::journal::{Account, EntryKind};
use domain::money::Money;
use domain::payment::{Happening, PaymentFact, Provider};
use domain::purpose::Fund;

use crate::conservation::gift;
use crate::given::{DONATION, NOON, captured, captured_for, charge, fact, line, payment, riyals};
use crate::world::{Step, World};

/// Somebody finds out whose it is and writes it into the metadata at the provider, which tells the payment again: it settles the donation, once, and goes back from there.
#[test]
fn an_orphan_whose_donation_is_found_settles_it_once() {
    let named = |happening| Step::Told(fact("orphan", riyals(100), happening));
    let nameless = PaymentFact { donation: None, ..fact("orphan", riyals(100), captured_for(riyals(1))) };
    let mut world = World::new(Some(gift(State::Awaiting)));
    world.live(vec![Step::Told(nameless.clone())]);
    assert_eq!((world.balance(&Account::Suspense), world.given()), (-10_000, 0));
    world.live(vec![named(captured_for(riyals(3))), named(captured_for(riyals(3))), Step::Told(nameless.clone())]);
    assert_eq!((world.balance(&Account::Suspense), world.given(), world.entries.len()), (0, 10_000, 3));
    assert_eq!(world.balance(&Account::Fees(Provider::Moyasar)), 300, "the rest of the fee, once");
    world.live(vec![named(Happening::Refunded { refunded_minor: riyals(100) }), Step::Told(nameless)]);
    assert_eq!((world.balance(&Account::Suspense), world.given()), (0, 0));
    assert_eq!(world.balance(&Account::Clearing(Provider::Moyasar)), -300, "which is what the provider keeps");
    let state = world.donation.unwrap().state;
    assert_eq!(state.code(), "refunded");
}

/// A look that found no donation is on its way while another settles the gift: the payment is an orphan besides, of which a part goes back before the capture is told again.
#[test]
fn an_orphan_beside_its_own_gift_leaves_the_books_with_its_fee() {
    let named = |happening| Step::Told(fact("twice", riyals(100), happening));
    let nameless = |happening| Step::Told(PaymentFact { donation: None, ..fact("twice", riyals(100), happening) });
    for parts in [0, 30, 100] {
        let mut world = World::new(Some(gift(State::Awaiting)));
        world.live(vec![named(captured_for(riyals(3))), nameless(captured_for(riyals(2)))]);
        assert_eq!((world.balance(&Account::Suspense), world.given()), (-10_000, 10_000));
        let refunded = Happening::Refunded { refunded_minor: riyals(parts) };
        world.live(vec![nameless(refunded.clone()), named(refunded)]);
        // What is new of the fee comes with the capture that takes it out; a look that comes later still is about the gift.
        world.live(vec![named(captured_for(riyals(4))), named(captured_for(riyals(3))), nameless(captured_for(riyals(5)))]);
        let back = riyals(parts).signed_halalas();
        assert_eq!((world.balance(&Account::Suspense), world.given()), (0, 10_000 - back), "{parts}");
        assert_eq!(world.balance(&Account::Fees(Provider::Moyasar)), 500, "{parts}");
        assert_eq!(world.balance(&Account::Clearing(Provider::Moyasar)), 10_000 - back - 500, "{parts}");
        let (charge, settled) = (world.charges.pop_first().unwrap().1, world.donation.clone().unwrap());
        assert_eq!((charge.kind, charge.donation, charge.stands()), (ChargeKind::Assigned, Some(settled.id), false));
        assert_eq!((charge.fee_minor, charge.refunded_minor), (Money::ZERO, riyals(parts)), "{parts}");
        assert_eq!(world.entries.iter().filter(|entry| entry.kind == EntryKind::Assigned).count(), 1, "{parts}");
    }
}

/// The provider denies it: it is not there twice in any case, and a person sees to the rest.
#[test]
fn an_orphan_beside_its_own_gift_leaves_the_books_when_its_payment_is_voided() {
    let named = |happening| Step::Told(fact("twice", riyals(100), happening));
    let nameless = PaymentFact { donation: None, ..fact("twice", riyals(100), captured_for(riyals(2))) };
    let mut world = World::new(Some(gift(State::Awaiting)));
    world.live(vec![
        named(captured_for(riyals(2))),
        Step::Told(nameless),
        named(Happening::Voided),
        named(Happening::Voided),
    ]);
    assert_eq!((world.balance(&Account::Suspense), world.given()), (0, 10_000));
    assert_eq!(world.balance(&Account::Fees(Provider::Moyasar)), 200);
    let cases: Vec<Reason> = world.cases.into_iter().map(|(_, reason)| reason).collect();
    assert_eq!(cases, [Reason::DonationUnknown, Reason::VoidAfterCapture]);
}

/// All of it went back, and no fee was kept of it: nothing of it is left to take out.
#[test]
fn an_orphan_beside_its_own_gift_that_went_back_whole_stays_as_it_is() {
    let gone = charge(ChargeKind::Orphan, "twice", riyals(100), riyals(100));
    let mut world = World::new(Some(gift(State::Awaiting)));
    world.live(vec![Step::Told(fact("twice", riyals(100), captured()))]);
    let decided = decide(world.donation.as_ref(), Some(&gone), &fact("twice", riyals(100), captured()), NOON).unwrap();
    assert_eq!(decided, Decision::Repeat);
}

/// Its metadata is changed once more, to a donation that waits: that one is not settled by it.
#[test]
fn an_orphan_whose_donation_was_found_settles_no_other() {
    let assigned = charge(ChargeKind::Assigned, "orphan", riyals(100), Money::ZERO);
    let other = gift(State::Awaiting);
    let decided = |happening| decide(Some(&other), Some(&assigned), &fact("orphan", riyals(100), happening), NOON).unwrap();
    assert_eq!(decided(captured_for(riyals(3))), Decision::Repeat);
    let refunded = decided(Happening::Refunded { refunded_minor: riyals(100) });
    assert_eq!(refunded, Decision::SetAside(Reason::ProviderDisagrees));
}

/// Of an orphan of another amount, or of which some went back already, nothing is given by itself.
#[test]
fn an_orphan_that_is_not_what_the_donation_asks_for_stays_one() {
    let whole = charge(ChargeKind::Orphan, "orphan", riyals(100), Money::ZERO);
    let of_other = Donation { lines: vec![line(Fund::Zakat, "wells", riyals(90))], ..gift(State::Awaiting) };
    let told = fact("orphan", riyals(100), captured());
    assert_eq!(decide(Some(&of_other), Some(&whole), &told, NOON).unwrap(), Decision::SetAside(Reason::AmountDiffers));
    for part in [Charge { refunded_minor: riyals(1), ..whole.clone() }, whole.taken_out(100).unwrap()] {
        assert_eq!(decide(Some(&gift(State::Awaiting)), Some(&part), &told, NOON).unwrap(), Decision::Repeat);
    }
}

/// People took a part of it out of suspense: what is left may go back, and more is for a person.
#[test]
fn what_was_taken_out_by_hand_does_not_go_back_besides() {
    let taken = charge(ChargeKind::Orphan, "orphan", riyals(100), riyals(20)).taken_out(5_000).unwrap();
    let told = |sum| fact("orphan", riyals(100), Happening::Refunded { refunded_minor: riyals(sum) });
    let decided = |sum| decide(None, Some(&taken), &told(sum), NOON).unwrap();
    assert_eq!(decided(20), Decision::Repeat);
    for (sum, told_of) in [(50, None), (51, Some(Reason::RefundBeyondCapture))] {
        let Decision::Keep { charge, entry, case } = decided(sum) else { panic!("{:?}", decided(sum)) };
        assert_eq!((charge.refunded_minor, charge.rest(), case), (riyals(50), Money::ZERO, told_of));
        let [back] = &entry.transfers[..] else { panic!("{entry:?}") };
        assert_eq!((back.debit(), back.amount()), (&Account::Suspense, riyals(30)));
        let again = decide(None, Some(&charge), &told(51), NOON).unwrap();
        assert_eq!(again, Decision::SetAside(Reason::RefundBeyondCapture));
    }
    // Beside its own gift, what people left of it leaves the books; what they took was given back, and the gift stands: a person is told.
    let mut world = World::new(Some(gift(State::Awaiting)));
    world.live(vec![Step::Told(fact("orphan", riyals(100), captured()))]);
    let settled = fact("orphan", riyals(100), captured());
    let decided = decide(world.donation.as_ref(), Some(&taken), &settled, NOON).unwrap();
    let Decision::Assign { found, charge, case, .. } = decided else { panic!("{decided:?}") };
    assert_eq!(found.transfers.iter().map(|transfer| transfer.amount()).collect::<Vec<_>>(), [riyals(30)]);
    assert_eq!((charge.kind, case), (ChargeKind::Assigned, Some(Reason::BookedTwice)));
    assert_eq!(decide(world.donation.as_ref(), Some(&charge), &settled, NOON).unwrap(), Decision::Repeat);
    let all = taken.taken_out(3_000).unwrap();
    let decided = |fee| {
        let told = fact("orphan", riyals(100), captured_for(riyals(fee)));
        decide(world.donation.as_ref(), Some(&all), &told, NOON).unwrap()
    };
    assert_eq!(decided(0), Decision::SetAside(Reason::BookedTwice));
    let Decision::Book { entry, case, .. } = decided(3) else { panic!("{:?}", decided(3)) };
    assert_eq!((entry.kind, case), (EntryKind::FeeCharged, Some(Reason::BookedTwice)));
}

/// What is told of a payment is about the donation that it settled, else about the one that it was found to be, else about the one that it names.
#[test]
fn what_is_told_is_about_the_donation_that_the_payment_settled_or_was_found_to_be() {
    let found = charge(ChargeKind::Assigned, "p", riyals(100), Money::ZERO);
    let id = DonationId::from_bytes([9; 16]);
    let settled = |by: &str| {
        let mut world = World::new(Some(gift(State::Awaiting)));
        world.live(vec![Step::Told(fact(by, riyals(100), captured()))]);
        Donation { id, ..world.donation.unwrap() }
    };
    let waits = Donation { id, ..gift(State::Awaiting) };
    let about = |donation: Option<&Donation>, charge: Option<&Charge>| {
        donation_of(&payment("p"), donation.map(|donation| donation.id), (donation, charge))
    };
    assert_eq!(about(None, Some(&found)), Some(DONATION));
    assert_eq!(about(Some(&waits), Some(&found)), Some(DONATION));
    assert_eq!(about(Some(&settled("another")), Some(&found)), Some(DONATION));
    assert_eq!(about(Some(&settled("p")), Some(&found)), Some(id));
    let orphan = charge(ChargeKind::Orphan, "p", riyals(100), Money::ZERO);
    for charge in [None, Some(&orphan)] {
        assert_eq!(about(Some(&waits), charge), Some(id));
        assert_eq!(about(None, charge), None);
    }
}
