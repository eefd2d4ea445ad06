//! `/v1/invoices`.

use moyasar_sandbox::{Decline, Method, Payer, Readings, Refusal};
use serde_json::{Value, json};

use crate::play::{KEY, Play, id, play};

#[tokio::test]
async fn a_new_invoice_has_the_documented_shape() {
    let play = play();
    let (status, invoice) = play
        .call(
            "POST",
            "/v1/invoices",
            json!({"amount": 7000, "currency": "SAR", "description": "gift", "callback_url": "http://shop.test/paid",
                   "success_url": "http://shop.test/thanks", "back_url": "http://shop.test/", "expired_at":
                   "2026-02-25T07:00:00.000Z", "metadata": {"donation": "D1"}}),
        )
        .await;
    assert_eq!(status, 201);
    insta::assert_json_snapshot!(invoice);
    assert_eq!(play.get(&format!("/v1/invoices/{}", id(&invoice))).await, invoice);
}

#[tokio::test]
async fn a_paid_invoice_shows_its_payment() {
    let play = play();
    let invoice = play.invoice(5_000).await;
    play.sandbox.pay(invoice, &Payer::with(Method::Mada)).unwrap();
    insta::assert_json_snapshot!(play.get(&format!("/v1/invoices/{invoice}")).await);
}

#[tokio::test]
async fn the_key_decides_before_anything_else() {
    let play = play();
    let table = [
        (None, "/v1/invoices"),
        (Some("sk_test_other"), "/v1/invoices"),
        (Some(""), "/v1/invoices"),
        (Some("sk_test_other"), "/v1/nowhere"),
    ];
    for (key, path) in table {
        let (status, body) = play.raw("GET", path, key, Vec::new()).await.unwrap();
        let body: Value = serde_json::from_slice(&body).unwrap();
        assert_eq!(status, 401, "{key:?} {path}");
        assert_eq!(
            body,
            json!({"type": "authentication_error", "message": "Invalid authorization credentials", "errors": null})
        );
    }
    let with_password = format!("{KEY}:password");
    assert_eq!(play.raw("GET", "/v1/invoices", Some(&with_password), Vec::new()).await.unwrap().0, 401);
}

#[tokio::test]
async fn unknown_paths_and_ids_are_404() {
    let play = play();
    let table = [
        ("GET", "/v1/nowhere"),
        ("GET", "/v1/invoices/7"),
        ("GET", "/v1/invoices/00000000-0000-4000-8000-000000000000"),
        ("PUT", "/v1/invoices/00000000-0000-4000-8000-000000000000/cancel"),
        ("POST", "/v1/invoices/00000000-0000-4000-8000-000000000000/cancel"),
        ("GET", "/v1/payments/00000000-0000-4000-8000-000000000000"),
        ("POST", "/v1/payments/00000000-0000-4000-8000-000000000000/refund"),
        ("DELETE", "/v1/payments"),
    ];
    for (verb, path) in table {
        let (status, body) = play.call(verb, path, Value::Null).await;
        assert_eq!((status, body["type"].as_str()), (404, Some("record_not_found")), "{verb} {path}");
    }
}

#[tokio::test]
async fn what_is_wrong_is_named_by_field() {
    let play = play();
    let (status, body) = play.call("POST", "/v1/invoices", json!({"amount": "1.5"})).await;
    assert_eq!(status, 400);
    assert_eq!(body["errors"], json!({"amount": ["must be an integer"], "description": ["is required"]}));
    let (status, _) = play.raw("POST", "/v1/invoices", Some(KEY), b"{".to_vec()).await.unwrap();
    assert_eq!(status, 400);
    let past = json!({"amount": 100, "description": "x", "expired_at": "2020-01-01"});
    assert_eq!(play.call("POST", "/v1/invoices", past).await.0, 400);
}

const GIVEN: &str = "6f1ab2ec-9a4b-4a7f-9d7a-1f6a5d0a9d11";

async fn twice(play: &Play, second: Value) -> ((u16, Value), (u16, Value)) {
    let first = json!({"given_id": GIVEN, "amount": 100, "currency": "SAR", "description": "gift", "metadata": {"a": "b"}});
    (play.call("POST", "/v1/invoices", first).await, play.call("POST", "/v1/invoices", second).await)
}

#[tokio::test]
async fn a_given_id_makes_one_invoice() {
    let same = json!({"given_id": GIVEN, "amount": 100, "currency": "SAR", "description": "gift", "metadata": {"a": "b"}});
    let play = play();
    let (first, again) = twice(&play, same.clone()).await;
    assert_eq!(first.1["id"], GIVEN);
    assert_eq!(first, again);
    assert_eq!(play.get("/v1/invoices").await["meta"]["total_count"], 1);

    for (field, value) in [("amount", json!(200)), ("description", json!("other")), ("metadata", json!({"a": "c"}))] {
        let mut other = same.clone();
        other[field] = value;
        let (status, body) = play.call("POST", "/v1/invoices", other).await;
        assert_eq!((status, body["errors"]["given_id"].is_array()), (400, true), "{field}");
    }
}

#[tokio::test]
async fn a_given_id_of_an_invoice_may_be_ignored() {
    let play = play();
    play.sandbox.set_readings(Readings { ignore_invoice_given_id: true, ..Readings::default() });
    let same = json!({"given_id": GIVEN, "amount": 100, "description": "gift"});
    let (first, again) = twice(&play, same).await;
    assert_ne!(first.1["id"], again.1["id"]);
}

#[tokio::test]
async fn an_invoice_is_paid_cancelled_or_expires_and_then_stays_closed() {
    let play = play();
    let (paid, cancelled) = (play.invoice(100).await, play.invoice(100).await);
    let late = json!({"amount": 100, "description": "x", "expired_at": "2026-02-25T06:14:20Z"});
    let late = id(&play.call("POST", "/v1/invoices", late).await.1);
    play.sandbox.pay(paid, &Payer::default()).unwrap();
    let (status, body) = play.call("PUT", &format!("/v1/invoices/{cancelled}/cancel"), Value::Null).await;
    assert_eq!((status, body["status"].as_str()), (200, Some("canceled")));
    play.clock.advance(60_000);
    for (invoice, expected) in [(paid, "paid"), (cancelled, "canceled"), (late, "expired")] {
        assert_eq!(play.get(&format!("/v1/invoices/{invoice}")).await["status"], expected);
        let (status, body) = play.call("PUT", &format!("/v1/invoices/{invoice}/cancel"), Value::Null).await;
        assert_eq!((status, body["type"].as_str()), (400, Some("invalid_request_error")), "{expected}");
        assert!(matches!(play.sandbox.pay(invoice, &Payer::default()), Err(Refusal::Closed(_))), "{expected}");
        assert!(play.sandbox.pay(invoice, &Payer::default().insisting()).is_ok(), "{expected}");
    }
}

#[tokio::test]
async fn a_declined_invoice_can_be_paid_again_and_follows_its_payments() {
    let play = play();
    let invoice = play.invoice(1_000).await;
    play.sandbox.pay(invoice, &Payer::default().declined(Decline::InsufficientFunds)).unwrap();
    assert_eq!(play.sandbox.invoice(invoice).unwrap().status.name(), "initiated");
    let payment = play.sandbox.pay(invoice, &Payer::default()).unwrap();
    play.sandbox.refund(payment.id, Some(400)).unwrap();
    assert_eq!(play.sandbox.invoice(invoice).unwrap().status.name(), "paid");
    play.sandbox.refund(payment.id, None).unwrap();
    assert_eq!(play.sandbox.invoice(invoice).unwrap().status.name(), "refunded");
}

#[tokio::test]
async fn the_list_has_windows_filters_and_pages() {
    let play = play();
    for _ in 0..45 {
        play.invoice(100).await;
        play.clock.advance(1_000);
    }
    let marked = json!({"amount": 900, "description": "x", "metadata": {"attempt": "A 7"}});
    let marked = id(&play.call("POST", "/v1/invoices", marked).await.1);
    play.sandbox.pay(marked, &Payer::default()).unwrap();

    let table = [
        ("", 46, 40),
        ("?page=2", 46, 6),
        ("?status=paid", 1, 1),
        ("?metadata[attempt]=A%207", 1, 1),
        ("?metadata%5Battempt%5D=A+7&status=initiated", 0, 0),
        ("?created[gt]=2026-02-25T06:13:30Z", 35, 35),
        ("?created[gt]=2026-02-25T06:13:30Z&created[lt]=2026-02-25T06:13:35Z", 4, 4),
        ("?created%5Blt%5D=2026-02-25", 0, 0),
    ];
    for (query, total, rows) in table {
        let list = play.get(&format!("/v1/invoices{query}")).await;
        assert_eq!(list["meta"]["total_count"], total, "{query}");
        assert_eq!(list["invoices"].as_array().unwrap().len(), rows, "{query}");
    }
    assert_eq!(play.call("GET", "/v1/invoices?created[gt]=soon", Value::Null).await.0, 400);
    let newest = &play.get("/v1/invoices").await["invoices"][0];
    assert_eq!(id(newest), marked);
    assert_eq!(newest["payments"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn description_and_metadata_can_be_changed() {
    let play = play();
    let invoice = play.invoice(100).await;
    let change = json!({"metadata": {"donation": "D2"}});
    let (status, body) = play.call("PUT", &format!("/v1/invoices/{invoice}"), change).await;
    assert_eq!((status, &body["metadata"], &body["description"]), (200, &json!({"donation": "D2"}), &json!("gift")));
}
