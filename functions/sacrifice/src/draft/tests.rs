#![allow(clippy::unwrap_used)]
use super::*;
use serde_json::json;

fn body() -> Value {
    json!({
        "rite": "adahi",
        "species": "camel",
        "price": "٧٠٠",
        "place": {"name": {"ar": "مسلخ مكة", "en": "Makkah slaughterhouse"}, "country": "SA", "region": "SA-02"},
        "day": {"year": 1448, "day": 11},
        "quota": 700,
        "opens_at": "2027-04-20T09:00:00+03:00",
        "closes_at": "2027-05-16T00:00:00+03:00",
        "wakala": {"version": "2027-1", "wording": {"ar": "وكلت", "en": "I appoint"}},
        "methods": ["mada", "apple_pay", "mada"],
    })
}

fn wrong(change: impl FnOnce(&mut Value)) -> Vec<String> {
    let mut body = body();
    change(&mut body);
    let draft: OfferingDraft = serde_json::from_value(body).unwrap();
    let mut faults = Faults::new(Language::English);
    let _ = draft.read("camel-makkah", &mut faults);
    faults.codes()
}

#[test]
fn a_good_draft_is_read() {
    let draft: OfferingDraft = serde_json::from_value(body()).unwrap();
    let offering = draft.check("camel-makkah", Language::English).unwrap();
    assert_eq!(offering.price_minor, Money::from_riyals(700).unwrap());
    assert_eq!(offering.day.unwrap().gregorian().unwrap().to_string(), "2027-05-17");
    assert_eq!(offering.opens_at.to_string(), "2027-04-20T06:00:00Z");
    assert_eq!(offering.methods, [Method::Mada, Method::ApplePay].into());
    assert!(offering.fairness.is_usual());
}

#[test]
fn what_makes_a_sale_fair_is_read_and_may_be_left_out() {
    let read = |more: Value| {
        let mut body = body();
        body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        let draft: OfferingDraft = serde_json::from_value(body).unwrap();
        draft.check("camel-makkah", Language::English).unwrap().fairness
    };
    let fair = read(json!({"limit": 7, "waiting_room": {"rate": 50}, "brake": {"source": 60, "mobile": 3}}));
    assert_eq!((fair.limit, fair.room.map(|room| room.rate())), (Some(7), Some(50)));
    assert_eq!(fair.brake.map(|brake| (brake.source, brake.mobile)), Some((60, 3)));
    assert!(read(json!({"limit": null, "waiting_room": null, "brake": null})).is_usual());
}

#[test]
fn each_rule_has_its_code_and_place() {
    let table: [(&str, Value, &[&str]); 38] = [
        ("/rite", json!("feast"), &["/rite unknown_code"]),
        ("/rite", json!("aqiqa"), &["/day day_not_of_rite"]),
        ("/species", json!("hen"), &["/species unknown_code"]),
        ("/price", json!("0.5"), &["/price amount_too_small"]),
        ("/price", json!("700.001"), &["/price amount_too_precise"]),
        ("/price", json!("99999999999"), &["/price amount_too_large"]),
        ("/place/name/ar", json!(" "), &["/place/name/ar empty"]),
        ("/place/name/en", json!("\u{202E}x"), &["/place/name/en control_characters"]),
        ("/place/country", json!("Sudan"), &["/place/country unknown_code"]),
        ("/place/country", json!("SD"), &["/place/region region_elsewhere"]),
        ("/place/region", json!("SA-13"), &["/place/region unknown_code"]),
        ("/day", json!(null), &["/day day_needed"]),
        ("/day/day", json!(9), &["/day day_unknown"]),
        ("/day/day", json!(266), &["/day day_unknown"]),
        ("/day/year", json!(2027), &["/day day_unknown"]),
        ("/day/sighted", json!("late"), &["/day/sighted unknown_code"]),
        ("/quota", json!(0), &["/quota number_unusable"]),
        ("/quota", json!(-7), &["/quota number_unusable"]),
        ("/quota", json!(7.5), &["/quota number_unusable"]),
        ("/quota", json!("700"), &["/quota number_unusable"]),
        ("/quota", json!(100_001), &["/quota number_unusable"]),
        ("/quota", json!(100), &["/quota quota_not_whole"]),
        ("/opens_at", json!("2027-04-20"), &["/opens_at time_unreadable"]),
        ("/opens_at", json!("2027-05-16T00:00:00+03:00"), &["/closes_at closes_before_opening"]),
        ("/wakala/version", json!(""), &["/wakala/version malformed_version"]),
        ("/wakala/version", json!("a b"), &["/wakala/version malformed_version"]),
        ("/wakala/wording/en", json!("x".repeat(1_001)), &["/wakala/wording/en too_long"]),
        ("/methods", json!([]), &["/methods methods_missing"]),
        ("/methods", json!(["mada", "sadad"]), &["/methods/1 unknown_code"]),
        ("/methods", json!(["other"]), &["/methods/0 method_too_slow"]),
        ("/methods", json!(vec!["mada"; 99]), &["/methods too_long"]),
        ("/limit", json!(0), &["/limit number_unusable"]),
        ("/limit", json!(101), &["/limit number_unusable"]),
        ("/limit", json!("7"), &["/limit number_unusable"]),
        ("/waiting_room/rate", json!(0), &["/waiting_room/rate number_unusable"]),
        ("/waiting_room/rate", json!(10_001), &["/waiting_room/rate number_unusable"]),
        ("/brake/source", json!(0.5), &["/brake/source number_unusable"]),
        ("/brake/mobile", json!(1_000_001), &["/brake/mobile number_unusable"]),
    ];
    for (place, value, expected) in table {
        let found = wrong(|body| {
            body["day"]["sighted"] = json!(null);
            body["limit"] = json!(null);
            if place.starts_with("/waiting_room") {
                body["waiting_room"] = json!({"rate": 1});
            }
            if place.starts_with("/brake") {
                body["brake"] = json!({"source": 1, "mobile": 1});
            }
            *body.pointer_mut(place).unwrap() = value.clone();
        });
        assert_eq!(found, expected, "{place}: {value}");
    }
}

#[test]
fn a_rite_has_its_own_places() {
    for (rite, region, expected) in [
        ("hady", "SA-02", vec![]),
        ("hady", "SA-01", vec!["/place/region place_not_of_rite"]),
        ("adahi", "SA-01", vec![]),
        ("kaffara", "SA-01", vec!["/place/region place_not_of_rite", "/day day_not_of_rite"]),
    ] {
        let found = wrong(|body| {
            body["rite"] = json!(rite);
            body["place"]["region"] = json!(region);
        });
        assert_eq!(found, expected, "{rite} in {region}");
    }
}

#[test]
fn what_the_close_needs_to_know_is_read() {
    let mut body = body();
    body["place"]["slaughterhouse"] = json!("makkah-1");
    body["place"]["coordinates"] = json!({"latitude": "21.4225", "longitude": "39.8262"});
    body["place"]["utc_offset"] = json!("+03:00");
    body["place"]["prayer_minutes"] = json!(60);
    body["remainder"] = json!("refund");
    let draft: OfferingDraft = serde_json::from_value(body).unwrap();
    let offering = draft.check("camel-makkah", Language::English).unwrap();
    assert_eq!(offering.place.slaughterhouse, Some("makkah-1".parse().unwrap()));
    assert_eq!(offering.place.coordinates.unwrap().latitude_e6(), 21_422_500);
    assert_eq!((offering.place.prayer_minutes, offering.remainder), (Some(60), Remainder::Refund));
    assert!(offering.stage.is_sale());
}

#[test]
fn what_the_close_needs_to_know_is_checked() {
    let with = |member: &str, value: Value| wrong(|body| body["place"][member] = value);
    let point = |latitude: &str, longitude: &str| json!({"latitude": latitude, "longitude": longitude});
    assert_eq!(with("slaughterhouse", json!("../x")), ["/place/slaughterhouse malformed_id"]);
    assert_eq!(with("coordinates", point("78.2", "15")), ["/place/coordinates coordinates_unusable"]);
    assert_eq!(with("coordinates", point("21.4", "181")), ["/place/coordinates coordinates_unusable"]);
    assert_eq!(with("coordinates", point("21.4", "39.8")), ["/place/utc_offset coordinates_and_offset"]);
    assert_eq!(with("utc_offset", json!("+03:00")), ["/place/coordinates coordinates_and_offset"]);
    assert_eq!(with("utc_offset", json!("Asia/Riyadh")), ["/place/utc_offset offset_unusable"]);
    for minutes in [json!(14), json!(241), json!(-1), json!("60"), json!(60.5)] {
        assert_eq!(with("prayer_minutes", minutes), ["/place/prayer_minutes number_unusable"]);
    }
    assert_eq!(wrong(|body| body["remainder"] = json!("keep")), ["/remainder unknown_code"]);
}

#[test]
fn everything_wrong_is_told_at_once() {
    let found = wrong(|body| {
        body["rite"] = json!("");
        body["quota"] = json!(-1);
        body["opens_at"] = json!("soon");
        body["methods"] = json!([]);
    });
    let expected = ["/rite unknown_code", "/quota number_unusable", "/opens_at time_unreadable", "/methods methods_missing"];
    assert_eq!(found, expected);
}
