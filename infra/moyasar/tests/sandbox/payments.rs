//! `/v1/payments`.

use moyasar_sandbox::{Decline, Ending, Method, Payer, Readings, Refusal};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::play::{Play, id, play, play_with};

async fn paid(play: &Play, amount: u64) -> Uuid {
    let invoice = play.invoice(amount).await;
    play.sandbox.pay(invoice, &Payer::default()).unwrap().id
}

fn card(number: &str) -> Value {
    json!({"amount": 5000, "currency": "SAR", "description": "gift", "callback_url": "http://shop.test/back?order=7",
           "source": {"type": "creditcard", "name": "A B", "number": number, "month": 1, "year": 2030, "cvc": "123"}})
}

#[tokio::test]
async fn a_card_payment_waits_for_the_bank_and_ends_as_the_test_card_says() {
    let table = [
        ("4201320111111010", "paid", "APPROVED", "mada"),
        ("4201320000311101", "failed", "INSUFFICIENT FUNDS", "mada"),
        ("4111111111111111", "paid", "APPROVED", "visa"),
        ("4000000000000002", "failed", "UNSPECIFIED FAILURE", "visa"),
        ("5421080101000000", "paid", "APPROVED", "master"),
    ];
    let play = play();
    for (number, status, message, company) in table {
        let (code, payment) = play.call("POST", "/v1/payments", card(number)).await;
        assert_eq!((code, payment["status"].as_str()), (201, Some("initiated")), "{number}");
        let page = payment["source"]["transaction_url"].as_str().unwrap();
        assert_eq!(page, format!("http://provider.test/transactions/{}", id(&payment)));
        play.sandbox.finish(id(&payment), None).unwrap();
        let payment = play.get(&format!("/v1/payments/{}", id(&payment))).await;
        let source = &payment["source"];
        assert_eq!(
            (payment["status"].as_str(), source["message"].as_str(), source["company"].as_str()),
            (Some(status), Some(message), Some(company)),
            "{number}"
        );
        assert_eq!(play.sandbox.finish(id(&payment), None), Err(Refusal::State(format!("the payment is {status}"))));
    }
}

#[tokio::test]
async fn each_source_begins_as_it_does_there() {
    let table = [
        (json!({"type": "applepay", "token": "{}"}), "paid"),
        (json!({"type": "samsungpay", "token": "{}"}), "paid"),
        (json!({"type": "stcpay", "mobile": "0500000000"}), "initiated"),
        (json!({"type": "token", "token": "token_x"}), "initiated"),
        (json!({"type": "token", "token": "token_x", "3ds": false}), "paid"),
        (json!({"type": "applepay", "token": "{}", "manual": true}), "authorized"),
    ];
    let play = play();
    for (source, status) in table {
        let body = json!({"amount": 100, "currency": "SAR", "callback_url": "http://shop.test/", "source": source});
        let (code, payment) = play.call("POST", "/v1/payments", body).await;
        assert_eq!((code, payment["status"].as_str()), (201, Some(status)), "{source}");
        assert_eq!(
            payment["source"]["type"],
            if source["type"] == "token" { json!("creditcard") } else { source["type"].clone() }
        );
    }
    let stcpay = json!({"amount": 100, "source": {"type": "stcpay", "mobile": "0500000000", "branch": "3"}});
    insta::assert_json_snapshot!(play.call("POST", "/v1/payments", stcpay).await.1["source"]);
}

#[tokio::test]
async fn a_wrong_source_is_named() {
    let play = play();
    let table = [
        (json!({}), "source"),
        (json!({"source": {"type": "cheque"}}), "source.type"),
        (json!({"source": {"type": "creditcard", "name": "A", "number": "12"}}), "source.number"),
        (json!({"source": {"type": "token", "token": "tok_x"}}), "source.token"),
        (json!({"source": {"type": "token", "token": "token_x"}}), "callback_url"),
        (json!({"source": {"type": "stcpay"}}), "source.mobile"),
    ];
    for (mut body, field) in table {
        body["amount"] = json!(100);
        let (status, answer) = play.call("POST", "/v1/payments", body.clone()).await;
        assert_eq!((status, answer["errors"][field].is_array()), (400, true), "{body} {answer}");
    }
}

#[tokio::test]
async fn a_given_id_takes_money_once() {
    let given = "6f1ab2ec-9a4b-4a7f-9d7a-1f6a5d0a9d11";
    let body = |amount: u64| json!({"given_id": given, "amount": amount, "source": {"type": "applepay", "token": "{}"}});
    let play = play();
    let first = play.call("POST", "/v1/payments", body(100)).await;
    assert_eq!((first.0, first.1["id"].as_str()), (201, Some(given)));
    assert_eq!(play.call("POST", "/v1/payments", body(100)).await, first);
    assert_eq!(play.call("POST", "/v1/payments", body(200)).await.0, 400);
    assert_eq!((play.sandbox.payments().len(), play.receive().len()), (1, 1));

    play.sandbox.set_readings(Readings { refuse_repeated_given_id: true, ..Readings::default() });
    assert_eq!(play.call("POST", "/v1/payments", body(100)).await.0, 400);
}

#[tokio::test]
async fn refunds_add_up_and_stop_at_what_was_taken() {
    let play = play();
    let payment = paid(&play, 1_000).await;
    let path = format!("/v1/payments/{payment}/refund");
    let table = [
        (json!({"amount": 1001}), 400, 0),
        (json!({"amount": 0}), 400, 0),
        (json!({"amount": "10"}), 400, 0),
        (json!({"amount": 300}), 200, 300),
        (json!({"amount": 701}), 400, 300),
        (json!({"amount": 200}), 200, 500),
        (Value::Null, 200, 1_000),
        (json!({"amount": 1}), 400, 1_000),
    ];
    for (body, expected, refunded) in table {
        let (status, answer) = play.call("POST", &path, body.clone()).await;
        assert_eq!(status, expected, "{body} {answer}");
        let payment = play.get(&format!("/v1/payments/{payment}")).await;
        assert_eq!(payment["refunded"], refunded, "{body}");
        assert_eq!(payment["status"], if refunded == 0 { "paid" } else { "refunded" });
    }
    let events: Vec<Value> = play.receive().into_iter().map(|event| event["data"]["refunded"].clone()).collect();
    assert_eq!(events, [json!(0), json!(300), json!(500), json!(1_000)]);
}

#[tokio::test]
async fn silent_documents_about_refunds_can_be_read_otherwise() {
    let keeps = Readings { partial_refund_keeps_status: true, ..Readings::default() };
    let play = play_with(|settings| moyasar_sandbox::Settings { readings: keeps, ..settings });
    let payment = paid(&play, 1_000).await;
    let path = format!("/v1/payments/{payment}/refund");
    assert_eq!(play.call("POST", &path, json!({"amount": 300})).await.1["status"], "paid");
    assert_eq!(play.call("POST", &path, Value::Null).await.1["status"], "refunded");

    play.sandbox.set_readings(Readings { refuse_second_refund: true, ..Readings::default() });
    let payment = paid(&play, 1_000).await;
    let path = format!("/v1/payments/{payment}/refund");
    assert_eq!(play.call("POST", &path, json!({"amount": 300})).await.0, 200);
    assert_eq!(play.call("POST", &path, json!({"amount": 300})).await.0, 400);
}

#[tokio::test]
async fn a_payment_carries_its_invoices_metadata_or_not() {
    let play = play();
    let carried = paid(&play, 100).await;
    play.sandbox.set_readings(Readings { no_metadata_on_payments: true, ..Readings::default() });
    let bare = paid(&play, 100).await;
    assert_eq!(play.get(&format!("/v1/payments/{carried}")).await["metadata"], json!({"donation": "D1"}));
    assert_eq!(play.get(&format!("/v1/payments/{bare}")).await["metadata"], Value::Null);
}

#[tokio::test]
async fn metadata_are_lost_and_put_right_on_the_dashboard() {
    let play = play();
    let invoice = play.invoice(100).await;
    let metadata = play.sandbox.invoice(invoice).unwrap().metadata;
    assert!(metadata.is_some());
    play.sandbox.describe_invoice(invoice, None).unwrap();
    let payment = play.sandbox.pay(invoice, &Payer::default()).unwrap();
    assert_eq!((payment.metadata, payment.captured), (None, 0));
    let told = play.receive().len();
    let put_right = play.sandbox.describe(payment.id, metadata.clone()).unwrap();
    assert_eq!(put_right.metadata, metadata);
    assert_eq!(play.get(&format!("/v1/payments/{}", payment.id)).await["metadata"], json!({"donation": "D1"}));
    assert_eq!(play.get(&format!("/v1/invoices/{invoice}")).await["metadata"], Value::Null);
    assert!(told > 0 && play.receive().is_empty(), "no message tells of it");
    assert_eq!(play.sandbox.describe(Uuid::nil(), None), Err(Refusal::Unknown));
    assert_eq!(play.sandbox.describe_invoice(Uuid::nil(), None), Err(Refusal::Unknown));
}

/// What each state allows: (refund, capture, void).
#[tokio::test]
async fn each_state_allows_what_it_should() {
    let play = play();
    let table = [
        (Ending::Pending, (400, 400, 400)),
        (Ending::Declined(Decline::Declined), (400, 400, 400)),
        (Ending::Paid, (200, 400, 200)),
        (Ending::Authorized, (400, 200, 200)),
    ];
    for (ending, (refund, capture, void)) in table {
        for (act, expected) in [("refund", refund), ("capture", capture), ("void", void)] {
            let invoice = play.invoice(1_000).await;
            let payment = play.sandbox.pay(invoice, &Payer::default().ending(ending)).unwrap().id;
            let (status, _) = play.call("POST", &format!("/v1/payments/{payment}/{act}"), Value::Null).await;
            assert_eq!(status, expected, "{ending:?} {act}");
        }
    }
}

#[tokio::test]
async fn a_capture_takes_part_and_only_that_can_be_given_back() {
    let play = play();
    let invoice = play.invoice(1_000).await;
    let payment = play.sandbox.pay(invoice, &Payer::default().ending(Ending::Authorized)).unwrap().id;
    let path = format!("/v1/payments/{payment}");
    assert_eq!(play.call("POST", &format!("{path}/capture"), json!({"amount": 1001})).await.0, 400);
    let (_, captured) = play.call("POST", &format!("{path}/capture"), json!({"amount": 600})).await;
    assert_eq!((captured["status"].as_str(), captured["captured"].as_u64()), (Some("captured"), Some(600)));
    assert_eq!(play.call("POST", &format!("{path}/refund"), json!({"amount": 601})).await.0, 400);
    assert_eq!(play.call("POST", &format!("{path}/refund"), Value::Null).await.1["refunded"], 600);
    assert_eq!(play.sandbox.payment(payment).unwrap().taken, 600);
    assert_eq!(play.call("POST", &format!("{path}/void"), Value::Null).await.0, 400);
}

#[tokio::test]
async fn an_invoice_can_be_paid_twice() {
    let play = play();
    let invoice = play.invoice(500).await;
    play.sandbox.pay(invoice, &Payer::with(Method::Stcpay).times(2)).unwrap();
    play.sandbox.pay(invoice, &Payer::default().insisting()).unwrap();
    let shown = play.get(&format!("/v1/invoices/{invoice}")).await;
    assert_eq!(shown["payments"].as_array().unwrap().len(), 3);
    assert_eq!(play.sandbox.tally().taken, 1_500);
    let facts = play.sandbox.invoice(invoice).unwrap();
    assert_eq!(facts.paid_by, facts.payments.first().copied());
}

#[tokio::test]
async fn the_list_is_newest_first_with_windows_and_filters() {
    let play = play();
    let mut made = Vec::new();
    for _ in 0..5 {
        made.push(paid(&play, 1_000).await);
        play.clock.advance(60_000);
    }
    play.sandbox.refund(made[0], None).unwrap();
    let table = [
        (String::new(), vec![4, 3, 2, 1, 0]),
        ("?status=refunded".to_owned(), vec![0]),
        (format!("?id={}", made[3]), vec![3]),
        ("?created[gt]=2026-02-25T06:14:20.000Z&created[lt]=2026-02-25T06:17:20.000Z".to_owned(), vec![3, 2]),
        ("?updated%5Bgt%5D=2026-02-25T06:17:20Z".to_owned(), vec![0]),
        ("?metadata[donation]=D1&status=paid&page=1".to_owned(), vec![4, 3, 2, 1]),
        ("?metadata[donation]=D2".to_owned(), vec![]),
        ("?card_last_digits=none".to_owned(), vec![]),
    ];
    for (query, expected) in table {
        let list = play.get(&format!("/v1/payments{query}")).await;
        let ids: Vec<Uuid> = list["payments"].as_array().unwrap().iter().map(id).collect();
        let expected: Vec<Uuid> = expected.into_iter().map(|place: usize| made[place]).collect();
        assert_eq!(ids, expected, "{query}");
        assert_eq!(list["meta"]["total_count"], ids.len(), "{query}");
    }
    insta::assert_json_snapshot!(play.get("/v1/payments?status=refunded").await);
}

#[tokio::test]
async fn a_publishable_key_only_makes_payments() {
    let play =
        play_with(|settings| moyasar_sandbox::Settings { publishable_key: Some("pk_test_play".to_owned()), ..settings });
    let body = json!({"amount": 100, "source": {"type": "applepay", "token": "{}"}}).to_string().into_bytes();
    let key = Some("pk_test_play");
    assert_eq!(play.raw("POST", "/v1/payments", key, body).await.unwrap().0, 201);
    let (status, body) = play.raw("GET", "/v1/payments", key, Vec::new()).await.unwrap();
    assert_eq!(status, 403);
    assert_eq!(serde_json::from_slice::<Value>(&body).unwrap()["message"], "User not authorized");
}
