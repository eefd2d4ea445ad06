//! What counts against a giver's limit: what they hold and have paid, and nothing that was given up or has gone back.

use domain::donation::{Donation, State};
use domain::money::Money;
use domain::sacrifice::Reservation;
use domain::sacrifice::fairness::{Allowance, GiverHash};

use crate::given::{riyals, settled_by};
use crate::sale::gift;

const GIVER: GiverHash = GiverHash::from_bytes([1; 16]);
const ANOTHER: GiverHash = GiverHash::from_bytes([2; 16]);

/// A gift of two camels' shares, a thousand riyals, that is counted in these givers' allowances.
fn counted(state: State, givers: &[GiverHash]) -> Donation {
    let gift = gift(1, state, 3, 2);
    let reservation = gift.reservation.clone().map(|named| Reservation { givers: givers.to_vec(), ..named });
    Donation { reservation, ..gift }
}

fn counts(gift: Option<&Donation>) -> bool {
    Allowance::unused(GIVER).counts(gift)
}

#[test]
fn what_is_held_or_paid_counts_and_what_is_given_up_or_back_does_not() {
    let settled_by = || settled_by("p-1");
    let refunded = |riyals_of: u64| (settled_by(), riyals(riyals_of));
    let (partly, whole) = (refunded(400), refunded(1_000));
    let table = [
        (State::Awaiting, true),
        (State::Failed { reason: "declined".to_owned() }, true),
        (State::Cancelled, false),
        (State::Expired, false),
        (State::Settled { settled_by: settled_by() }, true),
        (State::PartlyRefunded { settled_by: partly.0, refunded_minor: partly.1 }, true),
        (State::Disputed { settled_by: settled_by(), refunded_minor: Money::ZERO }, true),
        (State::Refunded { settled_by: whole.0, refunded_minor: whole.1 }, false),
    ];
    for (state, expected) in table {
        assert_eq!(counts(Some(&counted(state.clone(), &[ANOTHER, GIVER]))), expected, "{state:?}");
    }
    assert!(!counts(None), "a gift that is not there never was");
}

#[test]
fn what_a_failed_payment_gave_up_does_not_count_until_it_is_being_claimed_anew() {
    for (state, expected) in [(State::Awaiting, true), (State::Failed { reason: "declined".to_owned() }, false)] {
        let held = counted(state, &[GIVER]);
        let given_up = counts(Some(&Donation { dropped: true, ..held.clone() }));
        assert_eq!((counts(Some(&held)), given_up), (true, expected), "{held:?}");
    }
}

#[test]
fn a_gift_counts_only_where_it_says_that_it_is_counted() {
    let paid = |givers: &[GiverHash]| counted(State::Settled { settled_by: settled_by("p-1") }, givers);
    assert!(counts(Some(&paid(&[GIVER]))) && counts(Some(&paid(&[ANOTHER, GIVER]))));
    assert!(!counts(Some(&paid(&[ANOTHER]))), "it was made anew for somebody else");
    assert!(!counts(Some(&paid(&[]))), "there was no limit when it was made");
    assert!(!counts(Some(&Donation { reservation: None, ..paid(&[GIVER]) })));
}
