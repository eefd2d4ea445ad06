#![allow(clippy::unwrap_used, clippy::panic)]

use std::sync::{Arc, Mutex};

use domain::moment::Moment;
use domain::payment::{Happening, Method, Provider};
use platform::outbound::OutboundError;
use platform::secrets::Secrets;
use platform::{Outbound, Settings};
use serde_json::Value;

use super::*;
use crate::PaymentProvider as _;

const PAYMENT: &str = "760878ec-d1d3-5f72-9056-191683f55872";
const INVOICE: &str = "9d1b4f4e-32f3-4a5c-8d7e-0c2b1e8d4711";
const DONATION: &str = "abababababababababababababababab";

/// What was asked: method and path, and the body.
type Asked = Arc<Mutex<Vec<(String, String)>>>;

/// Moyasar as it answers these, one after another: a status and a body, or none for a broken connection.
fn moyasar(answers: Vec<Option<(u16, Value)>>) -> (Moyasar, Asked) {
    let asked = Asked::default();
    let answers = Arc::new(Mutex::new(answers.into_iter()));
    let seen = Arc::clone(&asked);
    let outbound = Outbound::InProcess(Arc::new(move |request| {
        let key = request.headers.iter().find(|(name, _)| name == "authorization").map(|(_, value)| value.clone());
        assert_eq!(key.as_deref(), Some("Basic c2tfdGVzdF8xOg=="), "the key as user, no password");
        let path = request.url.strip_prefix("https://api.example").unwrap().to_owned();
        let body = String::from_utf8(request.body).unwrap();
        seen.lock().unwrap().push((format!("{} {path}", request.method), body));
        let answer = answers.lock().unwrap().next().unwrap();
        Box::pin(async move {
            let (status, body) = answer.ok_or(OutboundError::Late)?;
            Ok(Answer { status, body: body.to_string().into_bytes() })
        })
    }));
    let settings: Settings = [("SECRET_MOYASAR_KEY", "sk_test_1")].into_iter().collect();
    let secrets = Secrets::Environment(settings);
    (Moyasar { url: Some("https://api.example".to_owned()), secrets, outbound }, asked)
}

fn checkout() -> Checkout<'static> {
    Checkout {
        reference: INVOICE,
        donation: DONATION.parse().unwrap(),
        attempt: 2,
        amount: Money::from_halalas(10_050).unwrap(),
        description: "تبرع abababab",
        return_url: "https://give.example/thanks",
        expires_at: "2026-11-23T21:15:00Z".parse().unwrap(),
    }
}

fn invoice() -> Value {
    json!({
        "id": INVOICE, "status": "initiated", "amount": 10_050, "currency": "SAR",
        "url": "https://checkout.example/invoices/1", "metadata": {"donation": DONATION, "attempt": "2"},
    })
}

fn paid() -> Value {
    json!({
        "id": PAYMENT, "status": "paid", "amount": 10_050, "fee": 1, "currency": "SAR", "refunded": 0, "captured": 0,
        "captured_at": null, "created_at": "2026-11-23T21:00:00.000Z", "updated_at": "2026-11-23T21:01:00.500Z",
        "invoice_id": INVOICE, "metadata": {"donation": DONATION, "attempt": "2"},
        "source": {"type": "creditcard", "company": "mada", "message": "APPROVED", "response_code": "00"},
    })
}

/// The payment with some members changed.
fn paid_with(changes: Value) -> Value {
    let mut payment = paid();
    for (name, value) in changes.as_object().unwrap() {
        payment[name] = value.clone();
    }
    payment
}

fn id() -> PaymentId {
    PAYMENT.parse().unwrap()
}

fn halalas(halalas: u64) -> Money {
    Money::from_halalas(halalas).unwrap()
}

#[tokio::test]
async fn a_checkout_is_an_invoice_under_our_reference() {
    let (moyasar, asked) = moyasar(vec![Some((201, invoice()))]);
    let page = moyasar.make_checkout(&checkout()).await.unwrap();
    assert_eq!(page.url, "https://checkout.example/invoices/1");
    let asked = asked.lock().unwrap();
    assert_eq!(asked[0].0, "POST /v1/invoices");
    let body: Value = serde_json::from_str(&asked[0].1).unwrap();
    let expected = json!({
        "given_id": INVOICE, "amount": 10_050, "currency": "SAR", "description": "تبرع abababab",
        "success_url": "https://give.example/thanks", "back_url": "https://give.example/thanks",
        "expired_at": "2026-11-23T21:15:00Z", "metadata": {"donation": DONATION, "attempt": "2"},
    });
    assert_eq!(body, expected);
}

#[tokio::test]
async fn a_reference_that_is_taken_is_the_invoice_that_an_earlier_call_made() {
    let refusal = json!({"type": "validation_error", "message": "…", "errors": {"given_id": ["has already been taken"]}});
    let (found, asked) = moyasar(vec![Some((400, refusal.clone())), Some((200, invoice()))]);
    assert!(found.make_checkout(&checkout()).await.is_ok());
    assert_eq!(asked.lock().unwrap()[1].0, format!("GET /v1/invoices/{INVOICE}"));

    let (missing, _) = moyasar(vec![Some((400, refusal)), Some((404, json!({})))]);
    let error = missing.make_checkout(&checkout()).await.unwrap_err();
    assert!(matches!(&error, ProviderError::Refused { status: 400, kind } if kind == "validation_error"), "{error:?}");
    assert!(!error.retry_may_help() && !error.may_have_acted());
}

#[tokio::test]
async fn an_invoice_that_is_not_the_one_asked_for_is_none() {
    let mut others = vec![];
    for (name, value) in [
        ("amount", json!(10_051)),
        ("amount", json!(10_050.0)),
        ("currency", json!("USD")),
        ("metadata", json!(null)),
        ("metadata", json!({"donation": "cdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcd"})),
        ("id", json!("../payments")),
        ("url", json!("javascript:alert(1)")),
        ("url", json!("http://checkout.example/")),
        ("url", json!("")),
    ] {
        let mut other = invoice();
        other[name] = value;
        others.push(other);
    }
    for other in others {
        let (moyasar, _) = moyasar(vec![Some((201, other.clone()))]);
        let error = moyasar.make_checkout(&checkout()).await.unwrap_err();
        assert!(matches!(error, ProviderError::Unreadable(_)) && error.may_have_acted(), "{other}: {error:?}");
    }
}

#[tokio::test]
async fn statuses_and_what_they_prove() {
    let captured_for = |fee, at: &str| Happening::Captured {
        method: Method::Mada,
        captured_at: at.parse::<Moment>().unwrap(),
        fee_minor: halalas(fee),
    };
    let captured = |at: &str| captured_for(1, at);
    let refunded = |minor| Happening::Refunded { refunded_minor: halalas(minor) };
    let (updated, created) = ("2026-11-23T21:01:00.500Z", "2026-11-23T21:00:00.000Z");
    let table = [
        (json!({}), vec![captured(updated)]),
        (json!({"status": "captured", "captured": 10_050, "captured_at": created}), vec![captured(created)]),
        (json!({"fee": 273}), vec![captured_for(273, updated)]),
        (json!({"fee": 0}), vec![captured_for(0, updated)]),
        (json!({"status": "paid", "refunded": 50}), vec![captured(created), refunded(50)]),
        (json!({"status": "refunded", "refunded": 50}), vec![captured(created), refunded(50)]),
        (json!({"status": "refunded", "refunded": 10_050}), vec![captured(created), refunded(10_050)]),
        (json!({"status": "refunded"}), vec![captured(updated), refunded(10_050)]),
        (json!({"status": "initiated"}), vec![]),
        (json!({"status": "authorized"}), vec![]),
        (json!({"status": "verified"}), vec![]),
        (json!({"status": "voided"}), vec![Happening::Voided]),
        (json!({"status": "abandoned"}), vec![Happening::Failed { reason: "abandoned".to_owned() }]),
        (
            json!({"status": "failed", "source": {"message": "DECLINED: card 4111 of 0551234567", "response_code": "05"}}),
            vec![Happening::Failed { reason: "05 DECLINED: card  of".to_owned() }],
        ),
        (json!({"status": "failed", "source": {}}), vec![Happening::Failed { reason: "failed".to_owned() }]),
    ];
    for (changes, expected) in table {
        let (moyasar, _) = moyasar(vec![Some((200, paid_with(changes.clone())))]);
        let payment = moyasar.payment(&id()).await.unwrap();
        let happenings: Vec<Happening> = payment.facts.iter().map(|fact| fact.happening.clone()).collect();
        assert_eq!(happenings, expected, "{changes}");
        for fact in &payment.facts {
            assert_eq!((fact.payment.provider, fact.payment.payment.as_str()), (Provider::Moyasar, PAYMENT));
            assert_eq!((fact.donation, fact.attempt), (Some(DONATION.parse().unwrap()), 2));
            assert_eq!((fact.amount_minor, fact.currency.as_str()), (halalas(10_050), "SAR"));
        }
    }
}

#[tokio::test]
async fn less_captured_than_authorised_shows_as_another_amount() {
    let partly = paid_with(json!({"status": "captured", "captured": 5_000, "captured_at": "2026-11-23T21:00:00Z"}));
    let (moyasar, _) = moyasar(vec![Some((200, partly))]);
    let payment = moyasar.payment(&id()).await.unwrap();
    assert_eq!(payment.facts[0].amount_minor, halalas(5_000));
    assert_eq!(payment.amount_minor, halalas(10_050));
}

#[tokio::test]
async fn methods() {
    let table = [
        ("creditcard", "mada", Method::Mada),
        ("creditcard", "visa", Method::Visa),
        ("token", "master", Method::Mastercard),
        ("creditcard", "amex", Method::Amex),
        ("creditcard", "unionpay", Method::Other),
        ("applepay", "mada", Method::ApplePay),
        ("samsungpay", "visa", Method::SamsungPay),
        ("stcpay", "", Method::StcPay),
        ("barter", "", Method::Other),
    ];
    for (kind, company, expected) in table {
        let source = json!({"source": {"type": kind, "company": company}});
        let (moyasar, _) = moyasar(vec![Some((200, paid_with(source)))]);
        let payment = moyasar.payment(&id()).await.unwrap();
        assert!(matches!(payment.facts[0].happening, Happening::Captured { method, .. } if method == expected), "{kind}");
    }
}

#[tokio::test]
async fn a_payment_without_metadata_is_asked_for_at_its_invoice() {
    let (found, asked) = moyasar(vec![Some((200, paid_with(json!({"metadata": null})))), Some((200, invoice()))]);
    let payment = found.payment(&id()).await.unwrap();
    assert_eq!((payment.facts[0].donation, payment.facts[0].attempt), (Some(DONATION.parse().unwrap()), 2));
    assert_eq!(asked.lock().unwrap()[1].0, format!("GET /v1/invoices/{INVOICE}"));

    for changes in
        [json!({"metadata": null, "invoice_id": null}), json!({"metadata": {"donation": "x"}, "invoice_id": "../x"})]
    {
        let (orphan, asked) = moyasar(vec![Some((200, paid_with(changes)))]);
        assert_eq!(orphan.payment(&id()).await.unwrap().facts[0].donation, None);
        assert_eq!(asked.lock().unwrap().len(), 1);
    }
    let (gone, _) = moyasar(vec![Some((200, paid_with(json!({"metadata": {}})))), Some((404, json!({})))]);
    assert_eq!(gone.payment(&id()).await.unwrap().facts[0].donation, None);
}

#[tokio::test]
async fn an_answer_that_is_not_of_the_form_is_no_fact() {
    for changes in [
        json!({"id": "another"}),
        json!({"status": "sort of paid"}),
        json!({"amount": 100.5}),
        json!({"amount": "10050"}),
        json!({"amount": -1}),
        json!({"refunded": -1}),
        json!({"currency": "RIYAL"}),
        json!({"updated_at": "yesterday"}),
        json!({"source": "card"}),
    ] {
        let (moyasar, _) = moyasar(vec![Some((200, paid_with(changes.clone())))]);
        let error = moyasar.payment(&id()).await.unwrap_err();
        assert!(matches!(error, ProviderError::Unreadable(_)), "{changes}: {error:?}");
    }
}

#[tokio::test]
async fn a_refund_asks_for_what_is_missing_to_the_sum_and_for_nothing_twice() {
    let refunded = |minor: u64| Some((200, paid_with(json!({"status": "refunded", "refunded": minor}))));
    let (part, asked) = moyasar(vec![refunded(50), refunded(100)]);
    assert_eq!(part.refund_to(&id(), halalas(100)).await.unwrap().refunded_minor, halalas(100));
    let expected =
        ("POST /v1/payments/760878ec-d1d3-5f72-9056-191683f55872/refund".to_owned(), r#"{"amount":50}"#.to_owned());
    assert_eq!(asked.lock().unwrap()[1], expected);

    for there in [100, 200] {
        let (done, asked) = moyasar(vec![refunded(there)]);
        assert_eq!(done.refund_to(&id(), halalas(100)).await.unwrap().refunded_minor, halalas(there));
        assert_eq!(asked.lock().unwrap().len(), 1);
    }
}

#[tokio::test]
async fn errors_say_whether_to_try_again_and_whether_it_may_be_done() {
    let table = [
        (None, true, true),
        (Some((500, json!({}))), true, true),
        (Some((503, json!({}))), true, true),
        (Some((429, json!({}))), true, false),
        (Some((401, json!({}))), true, false),
        (Some((403, json!({}))), true, false),
        (Some((404, json!({}))), false, false),
        (Some((400, json!({"type": "invalid_request_error"}))), false, false),
        (Some((200, json!([]))), true, true),
        (Some((302, json!({}))), true, true),
    ];
    for (answer, retry, acted) in table {
        let (moyasar, _) = moyasar(vec![answer.clone()]);
        let error = moyasar.payment(&id()).await.unwrap_err();
        assert_eq!((error.retry_may_help(), error.may_have_acted()), (retry, acted), "{answer:?}: {error:?}");
    }
}

#[tokio::test]
async fn a_refusal_never_repeats_what_was_sent() {
    let body = json!({"type": "x 4111 1111", "message": "name Ahmad"});
    let (moyasar, _) = moyasar(vec![Some((400, body))]);
    let text = format!("{:?}", moyasar.payment(&id()).await.unwrap_err());
    assert!(text.contains("unnamed") && !text.contains("4111") && !text.contains("Ahmad"), "{text}");
}

fn listed(payments: Vec<Value>, page: u32) -> Value {
    let meta = json!({"current_page": page, "next_page": null, "prev_page": null, "total_pages": 3, "total_count": 90});
    json!({"payments": payments, "meta": meta})
}

fn window(by: Time) -> Window {
    Window { by, from: "2026-11-23T21:00:00Z".parse().unwrap(), until: "2026-11-23T21:15:00Z".parse().unwrap() }
}

#[tokio::test]
async fn a_page_of_the_list_is_asked_for_by_time_and_number() {
    let (moyasar, asked) = moyasar(vec![Some((200, listed(vec![paid()], 2))), Some((200, listed(vec![], 1)))]);
    let page = moyasar.payments(window(Time::Changed), 2).await.unwrap();
    assert_eq!((page.all, page.pages, page.unreadable.len()), (90, 3, 0));
    let payment = &page.payments[0];
    assert_eq!(
        (payment.payment.payment.as_str(), payment.changed_at.to_string().as_str()),
        (PAYMENT, "2026-11-23T21:01:00.5Z")
    );
    assert!(payment.begun_at.is_some_and(|begun_at| begun_at < payment.changed_at));
    assert!(matches!(payment.facts[0].happening, Happening::Captured { .. }));
    assert!(moyasar.payments(window(Time::Made), 1).await.unwrap().payments.is_empty());
    let times = "%5Bgt%5D=2026-11-23T20:59:59.999Z";
    let expected = ["page=2&updated", "page=1&created"].map(|start| {
        let (_, name) = start.split_once('&').unwrap();
        format!("GET /v1/payments?{start}{times}&{name}%5Blt%5D=2026-11-23T21:15:00Z")
    });
    assert_eq!(asked.lock().unwrap().iter().map(|(path, _)| path.clone()).collect::<Vec<_>>(), expected);
}

#[tokio::test]
async fn a_payment_of_the_list_that_cannot_be_read_hides_no_other() {
    let odd =
        [json!({"amount": "100.50"}), json!({"status": "melted"}), json!({"currency": "riyals"}), json!({"updated_at": 7})];
    let mut rows: Vec<Value> = odd.into_iter().map(paid_with).collect();
    rows.push(paid());
    let (moyasar, _) = moyasar(vec![Some((200, listed(rows, 1)))]);
    let page = moyasar.payments(window(Time::Changed), 1).await.unwrap();
    assert_eq!((page.payments.len(), page.unreadable.len()), (1, 4));
    assert!(page.unreadable.iter().all(|id| id.as_str() == PAYMENT));
}

#[tokio::test]
async fn a_list_that_is_not_of_its_form_is_none() {
    let bad = [
        listed(vec![paid()], 2),
        listed(vec![paid_with(json!({"id": "../../v1/invoices"}))], 1),
        listed(vec![paid_with(json!({"id": null}))], 1),
        listed(vec![paid(); 101], 1),
        json!({"payments": []}),
        json!([]),
    ];
    for answer in bad {
        let (moyasar, _) = moyasar(vec![Some((200, answer.clone()))]);
        let error = moyasar.payments(window(Time::Changed), 1).await.unwrap_err();
        assert!(matches!(error, ProviderError::Unreadable(_)), "{answer}");
    }
}
