//! Each rule of the lots at the end is broken once, and told.

#![allow(clippy::unwrap_used)]

use domain::donation::State;
use domain::moment::Moment;
use serde_json::json;
use stage::sample;

use super::*;

const NOW: Moment = Moment::from_millis(1_795_467_600_000);

/// A gift of two shares on lot 0, paid, of which so many riyals went back.
fn paid(number: u8, refunded: u64) -> Donation {
    let json = json!({"state": "partly_refunded", "refunded_minor": refunded * 100, "settled_by": {
        "provider": "moyasar", "payment": format!("p-{number}"), "method": "mada", "captured_at": NOW, "fee_minor": 0,
    }});
    Donation { state: serde_json::from_value(json).unwrap(), ..sample::sacrifice(number, 2, 0, NOW) }
}

fn lot(number: u32, claims: &[(u8, &str)]) -> Lot {
    let claims: BTreeMap<_, domain::sacrifice::Claim> =
        claims.iter().map(|(number, claim)| (DonationId::from_bytes([*number; 16]), claim.parse().unwrap())).collect();
    let taken: u8 = claims.values().map(|claim| claim.shares).sum();
    Lot { free: 7 - taken, claims, ..Lot::new(number, 7) }
}

fn sold(quota: u32, lots: &[Lot]) -> Vec<Sold> {
    vec![(sample::offering(quota, NOW), lots.to_vec())]
}

fn told(sold: &[Sold], donations: &[Donation], missing: bool) -> Vec<String> {
    let mut wrong = Vec::new();
    stand(sold, &mut wrong);
    each_share_has_its_line(sold, donations, |_| missing, &mut wrong);
    in_time(sold, donations, &mut wrong);
    lost(donations, &[], &BTreeSet::new(), &mut wrong);
    wrong
}

#[test]
fn lots_that_stand_as_they_should_are_not_wrong() {
    let lots = [lot(0, &[(1, "2c")]), lot(1, &[])];
    assert_eq!(told(&sold(14, &lots), &[paid(1, 0)], false), [""; 0]);
    assert_eq!(told(&sold(14, &lots), &[paid(1, 999)], false), [""; 0], "what is given back in part keeps its animal");
    let empty = [lot(0, &[]), lot(1, &[])];
    assert_eq!(told(&sold(14, &empty), &[paid(1, 1_000)], false), [""; 0]);
    assert_eq!(told(&sold(14, &empty), &[paid(1, 0)], true), [""; 0], "a person was told");
    assert_eq!(told(&sold(14, &empty), &[Donation { state: State::Expired, ..paid(1, 0) }], false), [""; 0]);
}

#[test]
fn every_rule_that_is_broken_is_told() {
    let mut not_whole = lot(0, &[(1, "2c")]);
    not_whole.free = 6;
    let moved = {
        let gift = paid(1, 0);
        let reservation = gift.reservation.as_ref().unwrap().moved(1);
        Donation { reservation, ..gift }
    };
    let closed = Donation { made_at: NOW, ..sample::sacrifice(1, 2, 0, NOW.plus_seconds(24 * 3_600)) };
    let mut dear = paid(1, 0);
    dear.lines[0].amount_minor = Money::from_riyals(7).unwrap();
    let mut gone = Donation { state: State::Expired, ..paid(1, 0) };
    gone.reservation.as_mut().unwrap().is_lost = true;
    let full = || lot(0, &[(1, "2c")]);
    let table: [(&str, u32, Vec<Lot>, Vec<Donation>); 14] = [
        ("is not whole", 7, vec![not_whole], vec![paid(1, 0)]),
        ("is left with", 7, vec![lot(0, &[(1, "2h1")])], vec![paid(1, 0)]),
        ("its quota is 14", 14, vec![full()], vec![paid(1, 0)]),
        ("its quota is 0", 0, vec![full()], vec![paid(1, 0)]),
        ("2 shares of camels-makkah are sold", 0, vec![full()], vec![paid(1, 0)]),
        ("is settled, pays for", 7, vec![lot(0, &[])], vec![paid(1, 0)]),
        ("is settled, pays for", 7, vec![lot(0, &[(1, "3c")])], vec![paid(1, 0)]),
        ("is settled, pays for", 14, vec![full(), lot(1, &[(1, "2c")])], vec![paid(1, 0)]),
        ("is settled, pays for", 14, vec![full(), lot(1, &[])], vec![moved]),
        ("owns no share any more", 7, vec![full()], vec![paid(1, 1_000)]),
        ("owns no share any more", 7, vec![full()], vec![Donation { state: State::Cancelled, ..paid(1, 0) }]),
        ("which is not in the table", 7, vec![full()], vec![]),
        ("was not sold", 7, vec![lot(0, &[])], vec![closed]),
        ("no payment that came late is kept apart", 7, vec![lot(0, &[])], vec![gone]),
    ];
    for (expected, quota, lots, donations) in table {
        let expected = expected.replace("settled", "partly_refunded");
        let wrong = told(&sold(quota, &lots), &donations, false);
        assert!(wrong.iter().any(|wrong| wrong.contains(&expected)), "{expected}: {wrong:?}");
    }
    assert!(told(&sold(7, &[full()]), &[dear], false).iter().any(|wrong| wrong.contains("pays 7")));
}
