//! Messages: their form, their attempts, and `/v1/webhooks`.

use moyasar_sandbox::{Decline, Ending, EventType, Payer, RETRY_WAITS_MS, Readings};
use serde_json::{Value, json};

use crate::play::{Play, SECRET, START_MS, id, json_of, play};

async fn types_after(play: &Play, payer: &Payer) -> Vec<String> {
    let invoice = play.invoice(1_000).await;
    play.sandbox.pay(invoice, payer).unwrap();
    play.receive().iter().map(|event| event["type"].as_str().unwrap().to_owned()).collect()
}

#[tokio::test]
async fn a_message_has_the_documented_form() {
    let play = play();
    let invoice = play.invoice(5_000).await;
    play.sandbox.pay(invoice, &Payer::default()).unwrap();
    let events = play.receive();
    assert_eq!(events.len(), 1);
    insta::assert_json_snapshot!(events[0]);
    assert_eq!(events[0]["data"], play.get(&format!("/v1/payments/{}", id(&events[0]["data"]))).await);
}

#[tokio::test]
async fn every_change_has_its_event() {
    let play = play();
    let table = [
        (Payer::default(), "payment_paid"),
        (Payer::default().declined(Decline::LostCard), "payment_failed"),
        (Payer::default().ending(Ending::Authorized), "payment_authorized"),
        (Payer::default().ending(Ending::Abandoned), "payment_abandoned"),
    ];
    for (payer, expected) in table {
        assert_eq!(types_after(&play, &payer).await, [expected]);
    }
    assert!(types_after(&play, &Payer::default().ending(Ending::Pending)).await.is_empty());
    play.sandbox.set_readings(Readings { spell_faild: true, ..Readings::default() });
    let faild = types_after(&play, &Payer::default().declined(Decline::LostCard)).await;
    assert_eq!(faild, ["payment_faild"]);

    let invoice = play.invoice(1_000).await;
    let held = play.sandbox.pay(invoice, &Payer::default().ending(Ending::Authorized)).unwrap().id;
    play.sandbox.capture(held, None).unwrap();
    play.sandbox.refund(held, Some(1)).unwrap();
    let paid = play.sandbox.pay(play.invoice(1_000).await, &Payer::default()).unwrap().id;
    play.sandbox.void(paid).unwrap();
    play.sandbox.tell(paid, EventType::PaymentPaid).unwrap();
    let types: Vec<Value> = play.receive().into_iter().map(|event| event["type"].clone()).collect();
    let expected =
        ["payment_authorized", "payment_captured", "payment_refunded", "payment_paid", "payment_voided", "payment_paid"];
    assert_eq!(types, expected);
}

#[tokio::test]
async fn a_message_is_tried_six_times_with_growing_waits_and_then_dropped() {
    let play = play();
    let invoice = play.invoice(1_000).await;
    play.sandbox.pay(invoice, &Payer::default()).unwrap();
    let mut body = None;
    for (attempt, wait) in (1_u32..).zip(RETRY_WAITS_MS.into_iter().map(Some).chain([None])) {
        let due = play.sandbox.take_due(10);
        assert_eq!((due.len(), due[0].attempt), (1, attempt));
        assert_eq!(body.get_or_insert_with(|| due[0].body.clone()), &due[0].body);
        assert!(play.sandbox.take_due(10).is_empty(), "it is in flight");
        let status = [None, Some(500), Some(301)][attempt as usize % 3];
        play.sandbox.acknowledge(&due[0], status);
        let Some(wait) = wait else { break };
        play.clock.advance(wait - 1);
        assert!(play.sandbox.take_due(10).is_empty());
        play.clock.advance(1);
    }
    assert_eq!((play.sandbox.pending(), play.sandbox.next_due()), (0, None));
    let tally = play.sandbox.tally();
    assert_eq!((tally.delivered, tally.failed_attempts, tally.dropped), (0, 6, 1));
}

#[tokio::test]
async fn attempts_can_be_read() {
    let play = play();
    let invoice = play.invoice(1_000).await;
    play.sandbox.pay(invoice, &Payer::default()).unwrap();
    let due = play.sandbox.take_due(1);
    play.sandbox.acknowledge(&due[0], Some(503));
    play.clock.advance(60_000);
    play.taken();

    let webhooks = play.get("/v1/webhooks").await;
    let webhook = id(&webhooks["webhooks"][0]);
    let list = play.get(&format!("/v1/webhooks/{webhook}/attempts")).await;
    insta::assert_json_snapshot!(list);
    assert_eq!(play.get("/v1/webhooks/attempts").await, list);
    let newest = &list["webhook_attempts"][0];
    assert_eq!(&play.get(&format!("/v1/webhooks/attempts/{}", id(newest))).await, newest);
    assert_eq!(play.call("GET", "/v1/webhooks/6f1ab2ec-9a4b-4a7f-9d7a-1f6a5d0a9d11/attempts", Value::Null).await.0, 404);
}

#[tokio::test]
async fn webhooks_are_registered_chosen_and_deleted() {
    let play = play();
    let body = json!({"url": "http://other.test/hook", "shared_secret": "theirs", "events": ["payment_refunded"]});
    let (status, webhook) = play.call("POST", "/v1/webhooks", body).await;
    assert_eq!((status, webhook.get("shared_secret")), (201, None));
    let payment = play.sandbox.pay(play.invoice(1_000).await, &Payer::default()).unwrap().id;
    play.sandbox.refund(payment, None).unwrap();
    let told: Vec<(String, String)> = play
        .taken()
        .iter()
        .map(|delivery| (delivery.url.clone(), json_of(delivery)["secret_token"].as_str().unwrap().to_owned()))
        .collect();
    let ours = ("http://shop.test/hook".to_owned(), SECRET.to_owned());
    assert_eq!(told, [ours.clone(), ours, ("http://other.test/hook".to_owned(), "theirs".to_owned())]);

    let path = format!("/v1/webhooks/{}", id(&webhook));
    assert_eq!(play.get(&path).await, webhook);
    assert_eq!(play.call("DELETE", &path, Value::Null).await.0, 200);
    assert_eq!(play.call("GET", &path, Value::Null).await.0, 404);
    assert_eq!(play.get("/v1/webhooks/available_events").await["events"][0], "payment_paid");
}

#[tokio::test]
async fn a_paid_invoice_is_posted_to_its_callback_once_and_without_a_secret() {
    let play = play();
    let body = json!({"amount": 1000, "description": "gift", "callback_url": "http://shop.test/paid"});
    let (_, invoice) = play.call("POST", "/v1/invoices", body).await;
    play.sandbox.pay(id(&invoice), &Payer::default()).unwrap();
    let due = play.sandbox.take_due(10);
    let callback = due.iter().find(|delivery| delivery.url == "http://shop.test/paid").unwrap();
    let posted = json_of(callback);
    assert_eq!((posted["status"].as_str(), posted.get("secret_token")), (Some("paid"), None));
    play.sandbox.acknowledge(callback, None);
    assert_eq!(play.sandbox.next_due(), None);
    assert_eq!(play.sandbox.tally().dropped, 1);
}

#[tokio::test]
async fn messages_take_their_time() {
    let play = crate::play::play_with(|settings| moyasar_sandbox::Settings { latency_ms: (200, 400), ..settings });
    play.sandbox.pay(play.invoice(1_000).await, &Payer::default()).unwrap();
    let due = play.sandbox.next_due().unwrap() - START_MS;
    assert!((200..=400).contains(&due), "{due}");
    play.sandbox.hurry();
    assert_eq!(play.receive().len(), 1);
}
