//! Every webhook in `events/webhooks`, and what goes wrong on the way on.

#![allow(clippy::unwrap_used)]

use std::path::Path;

use payment_callbacks::{Deps, MOST_BYTES, handle};
use serde_json::{Value, json};
use stage::{Options, Stage, WEBHOOK_SECRET, event};
use testkit::faults::{Call, Failure, Fault, Service};

/// What stands in the events of a donor's, and must stand nowhere else.
const PERSONAL: [&str; 7] = ["Ahmad", "Sara", "0501234567", "966501234567", "ahmad@example.com", "4201", "SA03800000"];

async fn stage() -> Stage {
    Stage::new(Options::default()).await.unwrap()
}

/// What the function answers, and what it left behind.
async fn outcome(stage: &Stage, event: &Value) -> Value {
    let deps = Deps::new(&stage.platform("payment-callbacks").unwrap()).unwrap();
    let answer = serde_json::to_value(handle(&deps, serde_json::from_value(event.clone()).unwrap()).await).unwrap();
    let mut cases = stage.items("CASE#").await.unwrap();
    for case in &mut cases {
        for of_the_moment in ["opened_at", "listed_as"] {
            case.as_object_mut().unwrap().remove(of_the_moment);
        }
    }
    let kept: serde_json::Map<String, Value> =
        stage.documents().unwrap().into_iter().map(|(key, bytes)| (key, serde_json::from_slice(&bytes).unwrap())).collect();
    let body = answer["body"].as_str().unwrap();
    json!({
        "status": answer["statusCode"],
        "body": serde_json::from_str(body).unwrap_or(Value::Null),
        "told": stage.take_messages("verification").await.unwrap(),
        "kept": kept,
        "cases": cases,
    })
}

fn events(folder: &str) -> Vec<(String, Value)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../events").join(folder);
    let mut found: Vec<(String, Value)> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .map(|path| {
            let event = serde_json::from_str(&std::fs::read_to_string(&path).unwrap()).unwrap();
            (path.file_stem().unwrap().to_string_lossy().into_owned(), event)
        })
        .collect();
    found.sort_by(|a, b| a.0.cmp(&b.0));
    found
}

fn good() -> Value {
    events("webhooks").into_iter().find(|(name, _)| name == "good-paid").unwrap().1
}

fn unknown_type() -> Value {
    events("webhooks").into_iter().find(|(name, _)| name == "set-aside-type-unknown").unwrap().1
}

fn with_body(body: &str) -> Value {
    event::http("POST /v1/payments/{provider}/callbacks", json!({"provider": "moyasar"}), json!({}), body)
}

#[tokio::test(start_paused = true)]
async fn every_webhook_is_answered_as_it_was() {
    for (name, event) in events("webhooks") {
        let outcome = outcome(&stage().await, &event).await;
        let text = outcome.to_string();
        for personal in PERSONAL.iter().chain([&WEBHOOK_SECRET]) {
            assert!(!text.contains(personal), "{name} leaves {personal} behind");
        }
        insta::assert_json_snapshot!(name, outcome);
    }
}

#[tokio::test(start_paused = true)]
async fn the_size_is_checked_before_anything_else() {
    let stage = stage().await;
    let large = outcome(&stage, &with_body(&"x".repeat(MOST_BYTES + 1))).await;
    assert_eq!(large["status"], 413);
    let largest = outcome(&stage, &with_body(&"x".repeat(MOST_BYTES))).await;
    assert_eq!(largest["status"], 401);
}

#[tokio::test(start_paused = true)]
async fn a_webhook_is_not_taken_before_the_queue_has_it() {
    for fault in
        [Fault::Before(Failure::Throttled), Fault::Before(Failure::Internal), Fault::ReplyLost(Failure::Disconnected)]
    {
        let stage = stage().await;
        let deps = Deps::new(&stage.platform("payment-callbacks").unwrap()).unwrap();
        stage
            .cloud
            .services()
            .set_faults(move |call: &Call<'_>| if call.service == Service::Sqs { fault } else { Fault::Pass });
        let answer = handle(&deps, serde_json::from_value(good()).unwrap()).await;
        assert_eq!(answer.status_code, 503, "{fault:?}");
        stage.cloud.services().set_faults(testkit::faults::NoFaults);
        let answer = handle(&deps, serde_json::from_value(good()).unwrap()).await;
        assert_eq!(answer.status_code, 200);
        // Told once, or twice after a lost reply: never not at all.
        let told = stage.take_messages("verification").await.unwrap().len();
        assert_eq!(told, if matches!(fault, Fault::ReplyLost(_)) { 2 } else { 1 });
    }
}

#[tokio::test(start_paused = true)]
async fn what_cannot_be_kept_is_not_taken_and_what_comes_twice_is_kept_once() {
    for service in [Service::S3, Service::DynamoDb] {
        let stage = stage().await;
        stage.cloud.services().set_faults(move |call: &Call<'_>| {
            if call.service == service && call.is_write() { Fault::ReplyLost(Failure::Disconnected) } else { Fault::Pass }
        });
        assert_eq!(outcome(&stage, &unknown_type()).await["status"], 503, "{service:?}");
        stage.cloud.services().set_faults(testkit::faults::NoFaults);
        for _ in 0..2 {
            let outcome = outcome(&stage, &unknown_type()).await;
            assert_eq!(outcome["status"], 200);
            assert_eq!(outcome["cases"].as_array().unwrap().len(), 1);
            assert_eq!(outcome["kept"].as_object().unwrap().len(), 1);
        }
    }
}
