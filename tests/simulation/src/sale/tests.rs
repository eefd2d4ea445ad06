//! Each rule of the sale is broken once, and told.

#![allow(clippy::unwrap_used)]

use domain::donation::State;
use serde_json::json;
use stage::sample;

use super::*;

const NOW: i64 = 1_795_467_600_000;

fn at(millis: i64) -> Moment {
    Moment::from_millis(NOW + millis)
}

fn id() -> OpportunityId {
    sample::camels().id
}

/// A donation of so many shares on lot 0.
fn gift(number: u8, shares: u8) -> Donation {
    sample::sacrifice(number, shares, 0, at(0))
}

fn lot(shares: u8, free: u8, claims: &[(u8, &str)]) -> Lot {
    let claims = claims.iter().map(|(number, claim)| (DonationId::from_bytes([*number; 16]), claim.parse().unwrap()));
    Lot { claims: claims.collect(), free, ..Lot::new(0, shares) }
}

/// Of an offering of so many shares these states of its first lot were seen, a second each, with these donations in the table.
fn seen(quota: u32, lots: &[Lot], donations: &[Donation]) -> Watched {
    let mut watched = Watched::default();
    watched.saw_offering(sample::offering(quota, at(-60_000)), at(0));
    let read = |pk: &str, _: &str| {
        let donation = donations.iter().find(|donation| pk == format!("DON#{}", donation.id));
        donation.map(|donation| serde_json::to_value(donation).unwrap())
    };
    for (second, lot) in (0..).zip(lots) {
        watched.saw_lot(&read, &id(), lot.clone(), at(second * 1_000));
    }
    watched
}

fn held(shares: u8) -> String {
    format!("{shares}h{}", gift(1, shares).expires_at.seconds())
}

fn paid(gift: Donation) -> Donation {
    let json = json!({"state": "settled", "settled_by": {
        "provider": "moyasar", "payment": "p-1", "method": "mada", "captured_at": NOW, "fee_minor": 0,
    }});
    Donation { state: serde_json::from_value(json).unwrap(), ..gift }
}

#[test]
fn a_sale_that_goes_as_it_should_is_not_wrong_and_what_is_sold_again_is_counted() {
    let (one, other) = (Donation { state: State::Expired, ..gift(1, 3) }, paid(gift(2, 5)));
    let states =
        [lot(7, 7, &[]), lot(7, 4, &[(1, &held(3))]), lot(7, 7, &[]), lot(7, 2, &[(2, &held(5))]), lot(7, 2, &[(2, "5c")])];
    let watched = seen(7, &states, &[one, other]);
    assert_eq!(watched.wrong, [""; 0]);
    // Three of the five had been taken before, and two never.
    assert_eq!(watched.counts, [("released", 3), ("sold again", 3)].into());
}

#[test]
fn every_rule_that_is_broken_is_told() {
    let expired = Donation { state: State::Expired, ..gift(1, 3) };
    let elsewhere = sample::sacrifice(1, 3, 4, at(0));
    let whole = lot(7, 7, &[]);
    let claimed = lot(7, 4, &[(1, &held(3))]);
    let confirmed = lot(7, 4, &[(1, "3c")]);
    let table: [(&str, u32, Vec<Lot>, Vec<Donation>); 8] = [
        ("is not whole", 7, vec![lot(7, 5, &[(1, &held(3))])], vec![gift(1, 3)]),
        ("is not whole", 14, vec![lot(8, 8, &[])], vec![]),
        ("its quota is 6", 6, vec![whole.clone()], vec![]),
        ("does not name it", 7, vec![whole.clone(), claimed.clone()], vec![]),
        ("does not name it", 7, vec![whole.clone(), claimed.clone()], vec![elsewhere]),
        ("was taken from under", 7, vec![claimed.clone(), whole.clone()], vec![gift(1, 3)]),
        ("was taken from under", 7, vec![claimed.clone(), whole.clone()], vec![paid(gift(1, 3))]),
        ("was taken from under", 7, vec![confirmed, whole.clone()], vec![paid(gift(1, 3))]),
    ];
    for (told, quota, lots, donations) in table {
        let wrong = seen(quota, &lots, &donations).wrong;
        assert!(wrong.iter().any(|wrong| wrong.contains(told)), "{told}: {wrong:?}");
    }
    assert_eq!(seen(7, &[claimed.clone(), whole.clone()], &[expired]).wrong, [""; 0]);
    // The hold before the one that waits now.
    let renewed = Donation { expires_at: at(0).plus_seconds(1_800), ..gift(1, 3) };
    assert_eq!(seen(7, &[claimed, whole], &[renewed]).wrong, [""; 0]);
}

/// In one transaction three shares go from one lot to another: of the two the fuller one is seen first.
#[test]
fn what_a_transaction_has_written_is_looked_at_whole() {
    let states = [lot(4, 0, &[(2, "4c")]), lot(3, 0, &[(1, "3c")])];
    let other = Lot { lot: 1, ..states[1].clone() };
    let moved = Lot {
        shares: 7,
        claims: [(gift(1, 3).id, "3c".parse().unwrap()), (gift(2, 4).id, "4c".parse().unwrap())].into(),
        ..states[0].clone()
    };
    let gone = Lot { shares: 0, claims: [].into(), ..other.clone() };
    for (stands, expected) in [(gone, 0), (other.clone(), 1)] {
        let mut watched = Watched::default();
        watched.saw_offering(Offering { quota: 9, ..sample::offering(9, at(0)) }, at(0));
        let item = serde_json::to_value(&stands).unwrap();
        let named = |id: &str| {
            let gifts = [paid(gift(1, 3)), paid(gift(2, 4))];
            gifts.into_iter().find(|gift| id == format!("DON#{}", gift.id)).map(|gift| serde_json::to_value(gift).unwrap())
        };
        let read = |pk: &str, sk: &str| {
            let is_other = sk == "LOT#000001";
            if is_other { Some(item.clone()) } else { named(pk) }
        };
        let id = sample::camels().id;
        watched.saw_lot(&read, &id, states[0].clone(), at(1));
        watched.saw_lot(&read, &id, other.clone(), at(1));
        watched.wrong.clear();
        watched.saw_lot(&read, &id, moved.clone(), at(2));
        let beyond = watched.wrong.iter().filter(|wrong| wrong.contains("its quota is 9")).count();
        assert_eq!(beyond, expected, "{:?}", watched.wrong);
    }
}

fn answered(code: &str, remains: Option<&str>, span: (i64, i64)) -> Vec<String> {
    asked(json!({"shares": 4}), (code, remains), span)
}

fn asked(sacrifice: serde_json::Value, (code, remains): (&str, Option<&str>), (began, ended): (i64, i64)) -> Vec<String> {
    let full = lot(7, 0, &[(1, &held(7))]);
    let watched = seen(7, &[lot(7, 7, &[]), full, lot(7, 4, &[(1, &held(3))])], &[gift(1, 7)]);
    let body = json!({"lines": [{"opportunity": "camels-makkah", "sacrifice": sacrifice}]}).to_string();
    let (event, body) = (json!({ "body": body }), json!({"errors": [{"code": code, "remains": remains}]}));
    let (began, ended) = (at(began), at(ended));
    let heard = Heard { route: "POST /v1/donations", event: &event, status: 409, body: &body, began, ended };
    honest::dishonest(&watched.shelves, &heard)
}

/// Those who let their shares be apart are told how many are left in all, and nobody else.
#[test]
fn too_few_is_told_to_whoever_may_have_them_apart() {
    let apart = |shares: u8, remains| {
        asked(json!({"shares": shares, "apart": true}), ("too_few_left", Some(remains)), (4_000, 4_100))
    };
    assert_eq!(apart(5, "4"), [""; 0]);
    assert_eq!(apart(5, "5").len(), 1, "four were left");
    assert_eq!(apart(4, "3").len(), 1, "there was room for four");
    assert_eq!(asked(json!({"shares": 5}), ("too_few_left", Some("4")), (4_000, 4_100)).len(), 1, "not apart");
    assert_eq!(asked(json!({"shares": 5, "apart": true}), ("no_room_in_one", Some("4")), (4_000, 4_100)).len(), 1);
}

/// Seven are free for a second, none for a second, then four.
#[test]
fn sold_out_is_true_only_where_there_was_a_moment_without_room() {
    for (span, is_true) in [((1_500, 1_600), true), ((3_900, 4_000), true), ((4_000, 4_100), false), ((2_500, 4_100), true)]
    {
        assert_eq!(answered("sold_out", None, span).is_empty(), is_true, "{span:?}");
    }
    assert!(answered("no_room_in_one", Some("3"), (1_500, 1_600)).is_empty());
    assert_eq!(answered("no_room_in_one", Some("5"), (4_000, 4_100)).len(), 1, "there was room for four");
    assert_eq!(answered("no_room_in_one", Some("5"), (3_900, 3_950)).len(), 1, "no lot had five");
    assert_eq!(answered("sale_not_open", None, (1_500, 1_600)).len(), 1);
    assert_eq!(answered("sale_closed", None, (1_500, 1_600)).len(), 1);
}

#[test]
fn what_is_shown_to_be_left_was_left() {
    let watched = seen(7, &[lot(7, 7, &[]), lot(7, 4, &[(1, &held(3))])], &[gift(1, 3)]);
    let told = |availability: serde_json::Value, quota: u32| {
        let body = json!({"id": "camels-makkah", "sale": "open", "quota": quota, "availability": availability});
        let (route, event) = ("GET /v1/sacrifice/offerings/{id}", json!({}));
        let (began, ended) = (at(4_000), at(4_100));
        honest::dishonest(&watched.shelves, &Heard { route, event: &event, status: 200, body: &body, began, ended }).len()
    };
    assert_eq!(told(json!({"standing": "few", "left": 4, "largest": 4}), 7), 0);
    assert_eq!(told(json!({"standing": "few", "left": 4, "largest": 4}), 14), 1);
    assert_eq!(told(json!({"standing": "few", "left": 7, "largest": 4}), 7), 1);
    assert_eq!(told(json!({"standing": "few", "left": 4, "largest": 7}), 7), 1);
    assert_eq!(told(json!({"standing": "sold_out"}), 7), 1);
    assert_eq!(told(json!({"standing": "plenty", "largest": 4}), 7), 1);
}

#[test]
fn who_pays_late_is_told_that_nothing_is_left_only_where_nothing_was() {
    let mut watched = seen(7, &[lot(7, 7, &[]), lot(7, 2, &[(1, &held(5))])], &[gift(1, 5)]);
    let mut late = Donation { state: State::Expired, ..gift(3, 3) };
    late.reservation.as_mut().unwrap().is_lost = true;
    watched.saw_donation(&late, at(6_000));
    assert_eq!(watched.wrong, [""; 0]);
    let mut other = Donation { state: State::Expired, ..gift(4, 2) };
    other.reservation.as_mut().unwrap().is_lost = true;
    watched.saw_donation(&other, at(6_000));
    watched.saw_donation(&other, at(7_000));
    assert_eq!(watched.wrong.len(), 1, "{:?}", watched.wrong);
}
