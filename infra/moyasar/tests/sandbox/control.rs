//! The control API and the checkout page.

use bytes::Bytes;
use http::{Request, Response};
use serde_json::{Value, json};

use crate::play::{Play, id, play};

#[tokio::test]
async fn payers_and_the_dashboard_act_over_http() {
    let play = play();
    let invoice = play.invoice(1_000).await;
    let pay = format!("/sandbox/invoices/{invoice}/pay");
    let declined = json!({"method": "visa", "ending": {"declined": "insufficient_funds"}});
    assert_eq!(play.call("POST", &pay, declined).await.1["status"], "failed");
    let (status, payment) = play.call("POST", &pay, Value::Null).await;
    assert_eq!((status, payment["taken"].as_u64()), (200, Some(1_000)));
    assert_eq!(play.call("POST", &pay, Value::Null).await.0, 409);
    assert_eq!(play.call("POST", &pay, json!({"insist": true, "times": 2})).await.0, 200);
    assert_eq!(
        play.call("GET", &format!("/sandbox/invoices/{invoice}"), Value::Null).await.1["payments"].as_array().unwrap().len(),
        4
    );

    let payment = format!("/sandbox/payments/{}", id(&payment));
    assert_eq!(play.call("POST", &format!("{payment}/refund"), json!({"amount": 400})).await.1["refunded"], 400);
    assert_eq!(play.call("POST", &format!("{payment}/refund"), json!({"amount": 601})).await.0, 409);
    assert_eq!(play.call("POST", &format!("{payment}/void"), Value::Null).await.0, 409);
    assert_eq!(play.call("POST", &format!("{payment}/tell"), json!({"event": "payment_paid"})).await.0, 200);
    assert_eq!(play.call("GET", &payment, Value::Null).await.1["refunded"], 400);
    assert_eq!(play.receive().len(), 6);
}

#[tokio::test]
async fn a_pending_payment_is_finished() {
    let play = play();
    let invoice = play.invoice(1_000).await;
    let (_, payment) = play.call("POST", &format!("/sandbox/invoices/{invoice}/pay"), json!({"ending": "pending"})).await;
    assert_eq!(payment["status"], "initiated");
    let path = format!("/sandbox/payments/{}/finish", id(&payment));
    assert_eq!(play.call("POST", &path, json!({"ending": "paid"})).await.1["status"], "paid");
    assert_eq!(play.call("POST", &path, json!({"ending": "paid"})).await.0, 409);
}

#[tokio::test]
async fn mischief_is_asked_for_over_http() {
    let play = play();
    let (status, asked) = play.call("PUT", "/sandbox/mischief", json!({"odds": {"duplicate": 500}, "delay_ms": 10})).await;
    assert_eq!((status, &asked["mischief"]["odds"]), (200, &json!({"duplicate": 500})));
    let (_, asked) =
        play.call("POST", "/sandbox/mischief/next", json!({"deed": "lose", "times": 2, "on": "payment_paid"})).await;
    assert_eq!(asked["armed"][0]["times"], 2);
    let (_, asked) = play.call("POST", "/sandbox/down", json!({"for_ms": 1000, "how": "refuse"})).await;
    assert_eq!(asked["down"], "refuse");
    assert_eq!(play.call("DELETE", "/sandbox/down", Value::Null).await.1["down"], Value::Null);
    let (_, asked) = play.call("DELETE", "/sandbox/mischief", Value::Null).await;
    assert_eq!((&asked["armed"], &asked["mischief"]["odds"]), (&json!([]), &json!({})));
}

#[tokio::test]
async fn wrong_requests_are_told_so() {
    let play = play();
    let table = [
        ("GET", "/sandbox/nowhere", Value::Null, 404),
        ("PUT", "/sandbox/mischief", json!({"odds": {"mayhem": 1}}), 400),
        ("PUT", "/sandbox/mischief", json!({"delays": 1}), 400),
        ("POST", "/sandbox/invoices/7/pay", Value::Null, 404),
        ("POST", "/sandbox/payments/6f1ab2ec-9a4b-4a7f-9d7a-1f6a5d0a9d11/refund", Value::Null, 404),
        ("PUT", "/sandbox/readings", json!({"spell_faild": 1}), 400),
    ];
    for (verb, path, body, expected) in table {
        let (status, answer) = play.call(verb, path, body).await;
        assert_eq!((status, answer["error"].is_string()), (expected, true), "{verb} {path}");
    }
}

#[tokio::test]
async fn the_overview_the_outbox_and_the_settings_can_be_seen_and_changed() {
    let play = play();
    let invoice = play.invoice(1_000).await;
    play.call("PUT", "/sandbox/webhook", json!({"url": "http://new.test/hook", "secret_token": "new"})).await;
    play.call("PUT", "/sandbox/readings", json!({"spell_faild": true})).await;
    play.call("POST", &format!("/sandbox/invoices/{invoice}/pay"), json!({"ending": {"declined": "lost_card"}})).await;
    let (_, overview) = play.call("GET", "/sandbox", Value::Null).await;
    assert_eq!(overview["webhooks"], json!(["http://new.test/hook"]));
    assert_eq!((overview["invoices"].as_u64(), overview["messages_waiting"].as_u64()), (Some(1), Some(1)));
    let (_, outbox) = play.call("GET", "/sandbox/outbox", Value::Null).await;
    assert_eq!(outbox["waiting"][0]["event"], "payment_faild");
    play.call("POST", "/sandbox/outbox/hurry", Value::Null).await;
    assert_eq!(play.receive()[0]["secret_token"], "new");
    assert_eq!(play.call("GET", "/sandbox/tally", Value::Null).await.1["delivered"], 1);
}

async fn page(play: &Play, verb: &str, path: &str, form: &'static str) -> Response<Bytes> {
    let request = Request::builder().method(verb).uri(path).body(Bytes::from(form)).unwrap();
    play.sandbox.call(request).await.unwrap()
}

fn text(response: &Response<Bytes>) -> String {
    String::from_utf8(response.body().to_vec()).unwrap()
}

#[tokio::test]
async fn the_checkout_page_takes_a_payer_from_the_url_to_the_shop() {
    let play = play();
    let body = json!({"amount": 5000, "description": "<b>صدقة</b>", "success_url": "http://shop.test/thanks?x=1", "back_url": "http://shop.test/"});
    let (_, invoice) = play.call("POST", "/v1/invoices", body).await;
    let url = invoice["url"].as_str().unwrap();
    let path = url.strip_prefix("http://provider.test").unwrap();
    let shown = page(&play, "GET", path, "").await;
    let html = text(&shown);
    assert_eq!(shown.status(), 200);
    assert!(html.contains("50.00 SAR") && html.contains("&lt;b&gt;صدقة") && html.contains("dir=rtl"), "{html}");

    let pay = format!("/invoices/{}/pay", id(&invoice));
    let refused = page(&play, "POST", &pay, "method=visa&ending=declined").await;
    assert!(text(&refused).contains("The bank refused"));
    let paid = page(&play, "POST", &pay, "method=stcpay&ending=paid").await;
    let location = paid.headers()["location"].to_str().unwrap();
    assert_eq!(paid.status(), 303);
    assert!(location.starts_with("http://shop.test/thanks?x=1&id="), "{location}");
    assert!(location.ends_with("&status=paid&message=APPROVED"), "{location}");
    let again = page(&play, "POST", &pay, "method=mada&ending=paid").await;
    assert!(text(&again).contains("Paid. Thank you."), "a closed invoice is only shown");
    assert_eq!(play.sandbox.payments().len(), 2);
}

#[tokio::test]
async fn the_banks_page_ends_a_card_payment() {
    let play = play();
    let body = json!({"amount": 100, "callback_url": "http://shop.test/back", "source":
        {"type": "creditcard", "name": "A", "number": "4201320111111010"}});
    let (_, payment) = play.call("POST", "/v1/payments", body).await;
    let path = format!("/transactions/{}", id(&payment));
    assert!(text(&page(&play, "GET", &path, "").await).contains("Confirm"));
    let done = page(&play, "POST", &format!("{path}/finish"), "ending=paid").await;
    let location = done.headers()["location"].to_str().unwrap();
    assert!(location.starts_with("http://shop.test/back?id=") && location.contains("status=paid"), "{location}");
    assert_eq!(page(&play, "GET", "/transactions/7", "").await.status(), 404);
    assert_eq!(page(&play, "GET", "/favicon.ico", "").await.status(), 404);
}
