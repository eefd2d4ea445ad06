use proptest::prelude::*;
use serde_json::json;

use super::*;

const KEPT: &[&str] = &["id", "status", "amount", "type"];

#[test]
fn only_what_is_known_to_be_harmless_stays() {
    let event = json!({
        "id": "e-1", "secret_token": "s", "status": "Ahmad Al-Harbi", "amount": 100,
        "data": {"source": {"type": "creditcard", "name": "A B", "number": "4111", "mobile": 966500000000u64}},
        "list": [{"id": "e-2", "name": "x"}, "0500000000"],
        "اسم": "x",
    });
    let expected = json!({
        "id": "e-1", "secret_token": "[redacted]", "status": "[redacted]", "amount": 100,
        "data": {"source": {"type": "creditcard", "name": "[redacted]", "number": "[redacted]", "mobile": "[redacted]"}},
        "list": [{"id": "e-2", "name": "[redacted]"}, "[redacted]"],
        "[redacted]": 1,
    });
    assert_eq!(redact(&event, KEPT), expected);
}

/// What a provider adds, or calls otherwise from one day to the next, is there for whoever teaches the code to read it.
#[test]
fn what_nobody_knew_of_before_stays_where_it_cannot_be_a_persons() {
    let stays = [
        ("payment_id", json!("760878ec-d1d3-5f72-9056-191683f55872")),
        ("eventType", json!("payment_settled")),
        ("amount_halalas", json!(95_000_000_000_u64)),
        ("amount", json!("10050000")),
        ("totalAmount", json!("100.50")),
        ("paid_at", json!("2026-11-23T20:59:31.000Z")),
        ("settledAt", json!(1_795_467_571)),
        ("captured_on", json!("2026-11-23T20:59:31Z")),
        ("reason_code", json!("fraud")),
        ("installments", json!(3)),
        ("three_d_secure", json!(true)),
        ("related", json!(["760878ec-d1d3-5f72-9056-191683f55872", 7, null, false])),
        ("money", json!({"currency_code": "SAR", "minor": 10_050})),
    ];
    for (name, value) in stays {
        let event = json!({"data": {name: value}});
        assert_eq!(redact(&event, KEPT), event);
    }
}

#[test]
fn what_may_be_a_persons_does_not_stay() {
    let goes = [
        ("payer", json!("Ahmad")),
        ("paid_by", json!("Ahmad")),
        ("firstName", json!("Ahmad")),
        ("cardholder", json!("Ahmad")),
        ("holder_type", json!("Ahmad")),
        ("national_id", json!("1012345678")),
        ("civilId", json!(12_345)),
        ("reference_id", json!(966_500_000_000_u64)),
        ("reference_id", json!("0500000000")),
        ("phone_at", json!("0500000000")),
        ("called_at", json!("Ahmad")),
        ("reference_code", json!("055-123-4567")),
        ("reference_code", json!("4111-1111-1111-1111")),
        ("due_amount", json!("0500000000")),
        ("due_amount", json!("966500000000")),
        ("due_amount", json!("+966500000000")),
        ("born", json!("1980-01-01")),
        ("anything", json!(5_012_345)),
        ("anything", json!("Ahmad")),
        ("reply_code", json!("ahmad@example.com")),
        ("exp_month", json!(11)),
        ("cvv", json!(123)),
    ];
    for (name, value) in goes {
        assert_eq!(redact(&json!({"data": {name: value}}), KEPT), json!({"data": {name: "[redacted]"}}), "{name}");
    }
    let of_a_person = json!({"customer": {"id": "c-1", "score": 7, "is_new": true, "since_at": 1_795_467_571}});
    let kept = json!({"customer": {"id": "c-1", "score": "[redacted]", "is_new": "[redacted]", "since_at": "[redacted]"}});
    assert_eq!(redact(&of_a_person, KEPT), kept);
    let names = json!({"0551234567": 1, "055-123-4567": 2, "ahmad@example.com": 3, "a b": 4});
    assert_eq!(redact(&names, KEPT), json!({"[redacted]": 4}));
}

#[test]
fn what_is_nested_too_deep_is_taken_out_whole() {
    let mut event = json!({"id": "x"});
    for _ in 0..100 {
        event = json!({"deeper": event});
    }
    assert!(redact(&event, KEPT).to_string().len() < 300);
}

#[test]
fn however_much_stands_beside_it_what_is_known_stays_and_the_rest_is_counted() {
    let mut event: Map<String, Value> = (0..1_000).map(|number| (format!("a{number}"), number.into())).collect();
    event.insert("type".to_owned(), "payment_paid".into());
    event.insert("many".to_owned(), (0..1_000).collect());
    let kept = redact(&event.into(), KEPT);
    assert_eq!((&kept["type"], &kept["[redacted]"]), (&json!("payment_paid"), &json!(745)));
    assert!(kept["many"].is_null(), "names are taken in their order");
    let kept = redact(&json!({"many": (0..1_000).collect::<Value>()}), KEPT);
    assert_eq!((kept["many"].as_array().map(Vec::len), &kept["many"][256]), (Some(257), &json!("[redacted]")));
}

proptest! {
    #[test]
    fn redacted_again_it_is_the_same(event in any_event()) {
        let once = redact(&event, KEPT);
        prop_assert_eq!(redact(&once, KEPT), once);
    }
}

fn any_event() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        "\\PC{0,12}|[0-9]{1,13}|[a-z_]{1,12}".prop_map(Value::from),
    ];
    let name = prop_oneof![
        prop::sample::select(vec!["id", "amount", "paid_at", "customer", "eventType", "x", "[redacted]"])
            .prop_map(str::to_owned),
        "\\PC{0,12}|[0-9]{1,13}|[a-zA-Z_$-]{1,12}",
    ];
    leaf.prop_recursive(5, 60, 8, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..6).prop_map(Value::from),
            prop::collection::vec((name.clone(), inner), 0..8).prop_map(|pairs| pairs.into_iter().collect()),
        ]
    })
}

/// Wherever a provider may put it.
#[test]
fn no_number_of_a_persons_stays_inside_a_word() {
    let event = |text: &str| json!({ "id": text });
    for text in [
        "x0551234567",
        "pay_966551234567",
        "0001020420-4201-XXXX-XXXX-1010",
        "4201********1010",
        "a-4201xx1010",
        "tel:055-123-4567",
        "(055)1234567",
        "t055.123.4567",
    ] {
        assert_eq!(redact(&event(text), &["id"]), event("[redacted]"), "{text}");
    }
    for name in ["m0551234567", "user_1012345678"] {
        assert_eq!(redact(&json!({ name: true }), &["id"]), json!({ "[redacted]": 1 }), "{name}");
    }
    let hex = ["369d50ea58669fc8e9a0b38ec7e960e7c115237213f9d206a355465f5dce2ae7", "0123456789012345678901234567890a"];
    hex.iter().for_each(|text| assert_eq!(redact(&event(text), &["id"]), event(text), "{text}"));
    for text in ["0a1b2000-0000-4000-8000-000000000001", "pay_12345678", "2026-11-23T20:59:31.000Z", "creditcard", "XXL"] {
        assert_eq!(redact(&event(text), &["id"]), event(text), "{text}");
    }
}
