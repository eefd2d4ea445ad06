#![allow(clippy::unwrap_used, clippy::panic)]

use super::*;
use crate::MOST_WEBHOOK_BYTES;

const SECRET: &str = "the secret agreed on";

fn secret() -> Secret {
    Secret::from(SECRET.to_owned())
}

/// As the vendor's documents show one, with everything of a person's that it can carry.
fn event() -> Value {
    json!({
        "id": "0b5c2a52-6a0e-4f57-9d0a-3f0c2b1e8d47",
        "type": "payment_paid",
        "created_at": "2026-11-23T21:00:00.000Z",
        "secret_token": SECRET,
        "account_name": "The Platform",
        "live": true,
        "data": {
            "id": "760878ec-d1d3-5f72-9056-191683f55872",
            "status": "paid",
            "amount": 10_050,
            "fee": 250,
            "currency": "SAR",
            "refunded": 0,
            "description": "Donation for Ahmad Al-Harbi",
            "ip": "203.0.113.7",
            "invoice_id": "9d1b4f4e-32f3-4a5c-8d7e-0c2b1e8d4711",
            "metadata": {"donation": "abababababababababababababababab", "attempt": "1", "note": "for my father"},
            "source": {
                "type": "creditcard", "company": "mada", "name": "Ahmad Al-Harbi", "number": "XXXX-XXXX-XXXX-1010",
                "token": "token_abc", "mobile": "0551234567", "response_code": "00",
            },
        },
    })
}

fn read_event(event: &Value) -> Webhook {
    read(event.to_string().as_bytes(), &secret())
}

/// The event with one member of it changed; `null` takes it out.
fn with(pointer: &str, value: Value) -> Value {
    let mut event = event();
    let (parent, name) = pointer.rsplit_once('/').unwrap();
    let members = event.pointer_mut(parent).unwrap().as_object_mut().unwrap();
    match value {
        Value::Null => members.remove(name),
        value => members.insert(name.to_owned(), value),
    };
    event
}

#[test]
fn a_paid_payment_is_reported_and_nothing_more_than_where_to_look() {
    let expected = PaymentReported {
        payment: PaymentRef {
            provider: Provider::Moyasar,
            payment: "760878ec-d1d3-5f72-9056-191683f55872".parse().unwrap(),
        },
        event: "0b5c2a52-6a0e-4f57-9d0a-3f0c2b1e8d47".to_owned(),
        kind: "payment_paid".to_owned(),
        amount_minor: Money::from_halalas(10_050).unwrap(),
        currency: "SAR".to_owned(),
        status: "paid".to_owned(),
    };
    assert_eq!(read_event(&event()), Webhook::Reported(expected));
}

#[test]
fn every_type_that_tells_of_a_payment_is_reported() {
    for kind in OF_PAYMENTS {
        let Webhook::Reported(report) = read_event(&with("/type", json!(kind))) else { panic!("{kind}") };
        let expected = if *kind == "payment_faild" { "payment_failed" } else { kind };
        assert_eq!(report.kind, expected);
    }
}

#[test]
fn what_does_not_carry_the_secret_is_nobodys() {
    let table = [
        with("/secret_token", Value::Null),
        with("/secret_token", json!("")),
        with("/secret_token", json!("the secret agreed o")),
        with("/secret_token", json!("the secret agreed on ")),
        with("/secret_token", json!("THE SECRET AGREED ON")),
        with("/secret_token", json!([SECRET])),
        with("/secret_token", json!({"secret_token": SECRET})),
        with("/data/secret_token", json!(SECRET)).as_object().map(|event| json!({"data": event["data"]})).unwrap(),
        json!([event()]),
        json!(SECRET),
        json!(null),
    ];
    for event in table {
        assert_eq!(read_event(&event), Webhook::Unauthentic, "{event}");
    }
    for body in
        ["", "{", "secret_token", "\"secret_token\":\"the secret agreed on", "\"secret_token\"\"the secret agreed on\""]
    {
        assert_eq!(read(body.as_bytes(), &secret()), Webhook::Unauthentic, "{body}");
    }
    let open = with("/secret_token", json!("")).to_string();
    assert_eq!(read(open.as_bytes(), &Secret::from(String::new())), Webhook::Unauthentic);
}

#[test]
fn what_is_too_large_is_not_even_looked_at() {
    let large = with("/padding", json!("x".repeat(MOST_WEBHOOK_BYTES)));
    assert_eq!(read_event(&large), Webhook::Unauthentic);
}

#[test]
fn what_is_authentic_and_not_of_the_form_is_kept_without_a_person() {
    let table = [
        ("/type", json!(7)),
        ("/type", Value::Null),
        ("/id", Value::Null),
        ("/id", json!("../../v1/refunds")),
        ("/id", json!("x".repeat(65))),
        ("/data", Value::Null),
        ("/data", json!("paid")),
        ("/data/id", json!("760878ec/refund?amount=1")),
        ("/data/id", json!("")),
        ("/data/amount", json!(100.5)),
        ("/data/amount", json!(100.0)),
        ("/data/amount", json!("10050")),
        ("/data/amount", json!(-1)),
        ("/data/amount", json!(u64::MAX)),
        ("/data/status", json!("paid now")),
        ("/data/currency", json!("")),
    ];
    for (pointer, value) in table {
        let event = with(pointer, value);
        let Webhook::Malformed { redacted } = read_event(&event) else { panic!("{event}") };
        assert_nobody_in(&redacted);
    }
}

#[test]
fn types_that_are_not_ours_to_act_upon_are_kept_without_a_person() {
    for kind in ["payout_paid", "balance_transferred", "card_auth_succeeded", "payment_", "PAYMENT_PAID"] {
        let Webhook::UnknownType { redacted } = read_event(&with("/type", json!(kind))) else { panic!("{kind}") };
        assert_nobody_in(&redacted);
        assert_eq!(redacted["type"], kind);
        assert_eq!(redacted["data"]["amount"], 10_050);
    }
}

/// What is kept of an event says as much to us as the event: what the code learns to read, it reads of those that were kept before it had.
#[test]
fn what_is_kept_is_read_as_the_event_itself_would_be() {
    for kind in OF_PAYMENTS {
        let event = with("/type", json!(kind));
        assert_eq!(read_authentic(&redact(&event, KEPT)), read_event(&event), "{kind}");
    }
    let mut renamed = with("/data/amount", Value::Null);
    renamed["data"]["amount_minor"] = json!(10_050);
    renamed["data"]["refund"] = json!({"refund_id": "r-1", "refunded_amount": "10050000", "at": "2026-11-24T09:00:00Z"});
    let Webhook::Malformed { redacted } = read_event(&renamed) else { panic!() };
    assert_nobody_in(&redacted);
    assert_eq!(redacted["data"]["amount_minor"], 10_050);
    assert_eq!(redacted["data"]["refund"], renamed["data"]["refund"]);
}

#[test]
fn a_body_that_was_cut_off_is_kept_by_its_hash_and_its_beginning() {
    let whole = with("/version", json!("1")).to_string();
    let cut = &whole[..whole.len() - 1];
    let Webhook::Malformed { redacted } = read(cut.as_bytes(), &secret()) else { panic!() };
    assert_eq!(redacted["bytes"], cut.len());
    assert_nobody_in(&redacted);
    // What was lost is the last member alone: the event is known from its beginning, and so is the payment to look at.
    assert_eq!(redacted["begins"], redact(&event(), KEPT));
    assert_eq!(read_kept(&redacted), read_event(&event()));
    let Webhook::Malformed { redacted } = read(&cut.as_bytes()[..cut.rfind("\"type\"").unwrap()], &secret()) else {
        panic!()
    };
    assert_nobody_in(&redacted);
    assert!(matches!(read_kept(&redacted), Webhook::Malformed { .. }), "{redacted}");
    let before_the_secret = &whole[..whole.find(SECRET).unwrap()];
    assert_eq!(read(before_the_secret.as_bytes(), &secret()), Webhook::Unauthentic);
}

fn assert_nobody_in(redacted: &Value) {
    let text = redacted.to_string();
    for secret in [SECRET, "Ahmad", "1010", "token_abc", "0551234567", "203.0.113.7", "father", "The Platform"] {
        assert!(!text.contains(secret), "{secret} in {text}");
    }
}
