//! Each kind of mischief, armed once; then by odds.

use moyasar_sandbox::{CERTAIN, Decline, Deed, Down, Mischief, OneShot, Payer};
use serde_json::{Value, json};

use crate::play::{Play, START_MS, json_of, play};

async fn pay_with(play: &Play, deed: Deed, payer: &Payer) {
    let invoice = play.invoice(1_000).await;
    play.sandbox.next(deed);
    play.sandbox.pay(invoice, payer).unwrap();
    assert_eq!(play.sandbox.tally().deeds.get(&deed), Some(&1), "{deed:?}");
}

/// Everything that will ever come, hurried.
fn all(play: &Play) -> Vec<Value> {
    play.sandbox.hurry();
    play.receive()
}

#[tokio::test]
async fn a_duplicate_is_the_same_message_later() {
    let play = play();
    pay_with(&play, Deed::Duplicate, &Payer::default()).await;
    let first = play.taken();
    assert_eq!(first.len(), 1);
    play.clock.advance(5_000);
    let second = play.taken();
    assert_eq!((second.len(), &second[0].body, second[0].event_id), (1, &first[0].body, first[0].event_id));
}

#[tokio::test]
async fn a_delayed_message_is_late_and_a_lost_one_never_comes() {
    let play = play();
    pay_with(&play, Deed::Delay, &Payer::default()).await;
    assert!(play.receive().is_empty());
    assert!(play.sandbox.next_due().unwrap() <= START_MS + 30_000);
    play.clock.advance(30_000);
    assert_eq!(play.receive().len(), 1);

    pay_with(&play, Deed::Lose, &Payer::default()).await;
    assert!(all(&play).is_empty());
}

#[tokio::test]
async fn a_message_that_is_kept_back_comes_after_the_next_one() {
    let play = play();
    let payment = {
        pay_with(&play, Deed::Reorder, &Payer::default()).await;
        play.sandbox.payments()[0].id
    };
    assert!(play.receive().is_empty());
    play.sandbox.refund(payment, None).unwrap();
    play.clock.advance(1);
    let types: Vec<Value> = play.receive().into_iter().map(|event| event["type"].clone()).collect();
    assert_eq!(types, ["payment_refunded", "payment_paid"]);

    play.sandbox.next(Deed::Reorder);
    play.sandbox.pay(play.invoice(100).await, &Payer::default()).unwrap();
    play.clock.advance(10_000);
    assert_eq!(play.receive().len(), 1, "nothing follows: it goes by itself");
}

#[tokio::test]
async fn forgeries_go_before_the_true_message_and_are_tried_once() {
    let table = [Deed::ForgeAmount, Deed::ForgeSecret, Deed::ForgeStatus, Deed::ForgePayment, Deed::ForgeJson];
    for deed in table {
        let play = play();
        pay_with(&play, deed, &Payer::default().declined(Decline::Declined)).await;
        let due = play.sandbox.take_due(10);
        let [forged, honest] = due.as_slice() else { panic!("{deed:?}: {due:?}") };
        assert!(forged.forged && !honest.forged, "{deed:?}");
        let honest = json_of(honest);
        let Ok(said) = serde_json::from_slice::<Value>(&forged.body) else {
            assert_eq!(deed, Deed::ForgeJson);
            continue;
        };
        let field = match deed {
            Deed::ForgeAmount => "/data/amount",
            Deed::ForgeSecret => "/secret_token",
            Deed::ForgeStatus => "/data/status",
            _ => "/data/id",
        };
        assert_ne!(said.pointer(field), honest.pointer(field), "{deed:?}");
        assert_eq!(said["id"], honest["id"]);
        play.sandbox.acknowledge(forged, Some(401));
        assert_eq!(play.sandbox.next_due(), None);
    }
}

#[tokio::test]
async fn a_forgery_may_take_the_place_of_the_true_message() {
    let play = play();
    play.sandbox.set_mischief(Mischief { forged_instead: true, ..Mischief::default() });
    pay_with(&play, Deed::ForgeAmount, &Payer::default()).await;
    let events = all(&play);
    assert_eq!((events.len(), events[0]["data"]["amount"].as_u64()), (1, Some(10_000)));
}

#[tokio::test]
async fn a_failed_payment_may_be_misspelt() {
    let play = play();
    play.sandbox.next(Deed::Misspell);
    play.sandbox.pay(play.invoice(100).await, &Payer::default()).unwrap();
    assert_eq!(all(&play)[0]["type"], "payment_paid", "it waits for one that fails");
    play.sandbox.pay(play.invoice(100).await, &Payer::default().declined(Decline::Declined)).unwrap();
    assert_eq!(all(&play)[0]["type"], "payment_faild");
}

#[tokio::test]
async fn a_payer_may_pay_twice() {
    let play = play();
    pay_with(&play, Deed::PayTwice, &Payer::default()).await;
    assert_eq!((play.sandbox.payments().len(), all(&play).len()), (2, 2));
}

#[tokio::test]
async fn calls_fail_before_anything_is_done() {
    let play = play();
    for (deed, expected) in [(Deed::Fail, 500), (Deed::Throttle, 429)] {
        play.sandbox.next(deed);
        let (status, body) = play.call("POST", "/v1/invoices", json!({"amount": 100, "description": "x"})).await;
        assert_eq!((status, body["message"].is_string()), (expected, true));
    }
    assert_eq!(play.get("/v1/invoices").await["meta"]["total_count"], 0);
}

#[tokio::test]
async fn a_lost_reply_leaves_the_deed_done() {
    let play = play();
    play.sandbox.arm(OneShot { deed: Deed::LoseReply, times: 1, on: Some("create_invoice".to_owned()) });
    assert_eq!(play.get("/v1/invoices").await["meta"]["total_count"], 0, "another operation is let be");
    let lost = play.try_call("POST", "/v1/invoices", json!({"amount": 100, "description": "x"})).await;
    assert!(lost.is_err());
    assert_eq!(play.get("/v1/invoices").await["meta"]["total_count"], 1);
}

#[tokio::test(start_paused = true)]
async fn a_slow_answer_comes_late_and_the_deed_is_done_at_once() {
    let play = play();
    play.sandbox.set_mischief(Mischief { slow_ms: 5_000, ..Mischief::default() }.with(Deed::Slow, CERTAIN));
    let before = tokio::time::Instant::now();
    let (status, _) = play.call("POST", "/v1/invoices", json!({"amount": 100, "description": "x"})).await;
    let waited = before.elapsed().as_millis();
    assert_eq!(status, 201);
    assert!((1..=5_001).contains(&waited), "{waited}");
}

#[tokio::test]
async fn the_api_is_down_for_a_time() {
    let play = play();
    play.sandbox.go_down(60_000, Down::Unavailable);
    assert_eq!(play.call("GET", "/v1/invoices", Value::Null).await.0, 503);
    play.sandbox.go_down(60_000, Down::Refuse);
    assert!(play.try_call("GET", "/v1/invoices", Value::Null).await.is_err());
    play.clock.advance(60_000);
    play.get("/v1/invoices").await;
    play.sandbox.go_down(60_000, Down::Unavailable);
    play.sandbox.come_up();
    play.get("/v1/invoices").await;
    assert_eq!(play.sandbox.tally().down, 2);
}

#[tokio::test(start_paused = true)]
async fn the_message_may_come_before_the_call_returns() {
    let apple = json!({"amount": 100, "source": {"type": "applepay", "token": "{}"}});
    let mada = json!({"amount": 100, "callback_url": "http://shop.test/", "source":
        {"type": "creditcard", "name": "A", "number": "4201320111111010"}});
    let table = [
        ("/v1/invoices", json!({"amount": 100, "description": "x"}), "initiated"),
        ("/v1/payments", apple, "paid"),
        ("/v1/payments", mada, "initiated"),
    ];
    for (path, body, answered) in table {
        let play = play();
        play.sandbox.next(Deed::EarlyWebhook);
        let call = play.call("POST", path, body);
        tokio::pin!(call);
        let soon = tokio::time::timeout(std::time::Duration::from_millis(100), &mut call).await;
        assert!(soon.is_err(), "{path}: the answer is still held");
        assert_eq!(play.receive()[0]["type"], "payment_paid", "{path}");
        let (status, body) = call.await;
        assert_eq!((status, body["status"].as_str()), (201, Some(answered)), "{path}");
    }
}

#[tokio::test]
async fn odds_are_kept_and_counted() {
    let play = play();
    play.sandbox.set_mischief(Mischief::default().with(Deed::Lose, 2_500).with(Deed::Duplicate, 1_000));
    for _ in 0..2_000 {
        play.sandbox.pay(play.invoice(100).await, &Payer::default()).unwrap();
    }
    let came = all(&play).len() as u64;
    let tally = play.sandbox.tally();
    let (lost, doubled) = (tally.deeds[&Deed::Lose], tally.deeds[&Deed::Duplicate]);
    assert!((400..600).contains(&lost) && (100..200).contains(&doubled), "{lost} {doubled}");
    assert_eq!((came, tally.delivered), (2_000 - lost + doubled, came));
    play.sandbox.behave();
    assert_eq!(play.sandbox.mischief(), Mischief::default());
}
