//! Every batch in `events/queues/verification` against a provider whose answers are fixed, and the function against one to play with.

#![allow(clippy::unwrap_used)]

use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use domain::id::DonationId;
use domain::message::{Message, PaymentReported};
use domain::money::Money;
use domain::payment::{Happening, PaymentRef, Provider};
use moyasar_sandbox::{Method, Payer};
use platform::outbound::{Answer, OutboundError, Request};
use platform::{Outbound, Platform};
use providers::{Checkout, Providers};
use serde_json::{Value, json};
use stage::{Options, RETURN_URL, Stage, event};
use testkit::faults::{Call, Failure, Fault, Service};
use verification::status::{Standing, compare};
use verification::{Deps, handle};

/// A payment's id as it stands in the events: the last four letters tell it apart.
fn payment_id(name: &str) -> String {
    format!("0a1b2c3d-0000-4000-8000-00000000{name}")
}

fn payment(name: &str, status: &str) -> Value {
    json!({
        "id": payment_id(name), "status": status, "amount": 5_000, "fee": 88, "currency": "SAR", "refunded": 0, "captured": 0,
        "created_at": "2026-11-23T20:59:00.000Z", "updated_at": "2026-11-23T20:59:30.000Z",
        "metadata": {"donation": "000102030405060708090a0b0c0d0e0f", "attempt": "1"},
        "source": {"type": "creditcard", "company": "mada", "name": "Ahmad", "message": "51: INSUFFICIENT FUNDS"},
    })
}

/// What the provider answers about a payment.
fn answer(name: &str) -> (u16, Value) {
    let changed = |mut payment: Value, field: &str, value: Value| {
        payment[field] = value;
        (200, payment)
    };
    match name {
        "paid" | "slow" => (200, payment(name, "paid")),
        "fail" => (200, payment(name, "failed")),
        "init" => (200, payment(name, "initiated")),
        "part" => changed(payment(name, "refunded"), "refunded", json!(2_000)),
        "none" => changed(payment(name, "paid"), "metadata", Value::Null),
        "euro" => changed(payment(name, "paid"), "currency", json!("EUR")),
        "odd0" => changed(payment(name, "paid"), "amount", json!("50.00")),
        "no00" => (422, json!({"type": "invalid_request", "message": "no"})),
        "key0" => (401, json!({})),
        "down" => (503, json!({})),
        _ => (404, json!({})),
    }
}

/// A provider in process; counts the calls. The payment `slow` takes ten seconds.
fn provider(calls: Arc<AtomicUsize>) -> Outbound {
    Outbound::InProcess(Arc::new(move |request: Request| {
        calls.fetch_add(1, Ordering::Relaxed);
        let name = request.url[request.url.len() - 4..].to_owned();
        Box::pin(async move {
            if name == "slow" {
                tokio::time::sleep(Duration::from_secs(10)).await;
            }
            let (status, body) = answer(&name);
            Ok::<_, OutboundError>(Answer { status, body: body.to_string().into_bytes() })
        })
    }))
}

fn deps(stage: &Stage, outbound: Option<Outbound>) -> Deps {
    let platform = stage.platform("verification").unwrap();
    let outbound = outbound.unwrap_or_else(|| platform.outbound.clone());
    Deps::new(&Platform { outbound, ..platform }).unwrap()
}

async fn stage() -> Stage {
    Stage::new(Options::default()).await.unwrap()
}

/// Runs a batch; gives back the ids of the messages that come again.
async fn verify(deps: &Deps, event: &Value) -> Vec<String> {
    let answer = handle(deps, serde_json::from_value(event.clone()).unwrap()).await;
    answer.batch_item_failures.into_iter().map(|failure| failure.item_identifier).collect()
}

fn told(name: &str, status: &str) -> Message {
    Message::PaymentReported(PaymentReported {
        payment: PaymentRef { provider: Provider::Moyasar, payment: payment_id(name).parse().unwrap() },
        event: "event-1".to_owned(),
        kind: format!("payment_{status}"),
        amount_minor: Money::from_riyals(50).unwrap(),
        currency: "SAR".to_owned(),
        status: status.to_owned(),
    })
}

#[tokio::test(start_paused = true)]
async fn every_batch_is_dealt_with_as_it_was() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../events/queues/verification");
    let mut paths: Vec<_> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    for path in paths {
        let stage = stage().await;
        let deps = deps(&stage, Some(provider(Arc::default())));
        let event = serde_json::from_str(&std::fs::read_to_string(&path).unwrap()).unwrap();
        let again = verify(&deps, &event).await;
        let outcome = json!({
            "come_again": again,
            "told": stage.take_messages("payments").await.unwrap(),
            "begin_anew": stage.cloud.services().sqs.bodies("stage-verification"),
            "cases": stage.items("CASE#").await.unwrap(),
        });
        assert!(!outcome.to_string().contains("Ahmad"));
        let name = path.file_stem().unwrap().to_string_lossy().into_owned();
        insta::assert_json_snapshot!(name, outcome, {".cases[].opened_at" => "[time]", ".cases[].listed_as" => "[place]"});
    }
}

/// An operator asks after a case was opened: what the provider answers counts, whatever was told; that it did not help is told in the case, and opens no other.
#[tokio::test(start_paused = true)]
async fn what_an_operator_asks_for_is_told_or_goes_back_into_its_case() {
    let stage = stage().await;
    let deps = deps(&stage, Some(provider(Arc::default())));
    // Told in another amount than was answered.
    let Message::PaymentReported(report) = told("paid", "paid") else { panic!() };
    let wrong = Message::PaymentReported(PaymentReported { amount_minor: Money::from_riyals(500).unwrap(), ..report });
    assert!(verify(&deps, &event::messages(&[wrong])).await.is_empty());
    assert!(stage.take_messages("payments").await.unwrap().is_empty());
    let cases = stage.items("CASE#").await.unwrap();
    let case = cases[0]["pk"].as_str().unwrap().trim_start_matches("CASE#").to_owned();
    let look = |name: &str| {
        let payment = PaymentRef { provider: Provider::Moyasar, payment: payment_id(name).parse().unwrap() };
        Message::LookRequested { payment, case: case.clone() }
    };
    assert!(verify(&deps, &event::messages(&[look("paid"), look("paid")])).await.is_empty());
    let [Message::PaymentTold(fact)] = &stage.take_messages("payments").await.unwrap()[..] else { panic!("one fact") };
    assert_eq!(fact.amount_minor, Money::from_riyals(50).unwrap());
    // In vain, at every call: before the case was told the message is not let go.
    tokio::time::advance(Duration::from_secs(120)).await;
    let mut in_vain = event::messages(&[look("gone")]);
    in_vain["Records"][0]["attributes"]["ApproximateReceiveCount"] = json!("4");
    for operation in ["GetItem", "PutItem"] {
        stage.cloud.services().set_faults(move |call: &Call<'_>| {
            if call.operation == operation { Fault::Before(Failure::Throttled) } else { Fault::Pass }
        });
        assert_eq!(verify(&deps, &in_vain).await, ["0"]);
    }
    stage.cloud.services().set_faults(testkit::faults::NoFaults);
    assert!(verify(&deps, &in_vain).await.is_empty());
    let cases = stage.items("CASE#").await.unwrap();
    assert_eq!((cases.len(), &cases[0]["told_at"]), (1, &json!(stage.now().millis())));
    assert!(stage.take_messages("payments").await.unwrap().is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_payment_told_often_is_fetched_once() {
    let (stage, calls) = (stage().await, Arc::<AtomicUsize>::default());
    let deps = deps(&stage, Some(provider(Arc::clone(&calls))));
    let batch = event::messages(&[told("paid", "paid"), told("paid", "initiated"), told("paid", "paid")]);
    assert!(verify(&deps, &batch).await.is_empty());
    assert_eq!(calls.load(Ordering::Relaxed), 1);
    assert_eq!(stage.take_messages("payments").await.unwrap().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_slow_payment_holds_up_no_other() {
    let stage = stage().await;
    let deps = deps(&stage, Some(provider(Arc::default())));
    let (clock, begun) = (stage.clock.clone(), stage.clock.now_millis());
    let sent: Arc<Mutex<Vec<i64>>> = Arc::default();
    let times = Arc::clone(&sent);
    stage.cloud.services().set_faults(move |call: &Call<'_>| {
        if call.service == Service::Sqs {
            times.lock().unwrap().push(clock.now_millis() - begun);
        }
        Fault::Pass
    });
    let batch = event::messages(&[told("slow", "paid"), told("paid", "paid"), told("part", "paid")]);
    assert!(verify(&deps, &batch).await.is_empty());
    let sent = sent.lock().unwrap().clone();
    assert_eq!(sent.len(), 2, "one call for the quick ones, one for the slow one: {sent:?}");
    assert!(sent[0] < 1_000 && sent[1] >= 10_000, "{sent:?}");
    // A capture each, and a refund.
    assert_eq!(stage.take_messages("payments").await.unwrap().len(), 4);
}

#[tokio::test(start_paused = true)]
async fn a_message_is_kept_until_settlement_or_a_person_was_told() {
    for fault in [Fault::Before(Failure::Throttled), Fault::ReplyLost(Failure::Disconnected)] {
        let stage = stage().await;
        let deps = deps(&stage, Some(provider(Arc::default())));
        stage.cloud.services().set_faults(move |_: &Call<'_>| fault);
        let batch = event::messages(&[told("paid", "paid"), told("fail", "paid"), told("init", "initiated")]);
        // The last has nothing to tell yet, but is told of in one call with the first.
        assert_eq!(verify(&deps, &batch).await.len(), 3, "{fault:?}");
        stage.cloud.services().set_faults(testkit::faults::NoFaults);
        assert!(verify(&deps, &batch).await.is_empty());
        let told = stage.take_messages("payments").await.unwrap();
        assert!(!told.is_empty() && told.iter().all(|message| *message == told[0]), "{told:?}");
        assert_eq!(stage.items("CASE#").await.unwrap().len(), 1);
    }
}

/// The whole way with the provider to play against: a checkout is paid, and partly refunded from the dashboard.
#[tokio::test(start_paused = true)]
async fn the_facts_are_those_of_the_provider() {
    let stage = stage().await;
    let donation = DonationId::from_bytes([7; 16]);
    let checkout = Checkout {
        reference: "6f6d4a9e-0000-8000-8000-000000000007",
        donation,
        attempt: 2,
        amount: Money::from_riyals(50).unwrap(),
        description: "تبرع",
        return_url: RETURN_URL,
        expires_at: stage.now().plus_seconds(900),
    };
    let providers = Providers::new(&stage.platform("donations").unwrap()).unwrap();
    providers.of(Provider::Moyasar).make_checkout(&checkout).await.unwrap();
    let paid = stage.sandbox.pay(checkout.reference.parse().unwrap(), &Payer::with(Method::Applepay)).unwrap();
    stage.sandbox.refund(paid.id, Some(2_000)).unwrap();
    let Message::PaymentReported(report) = told("paid", "paid") else { unreachable!() };
    let payment = PaymentRef { provider: Provider::Moyasar, payment: paid.id.to_string().parse().unwrap() };
    let report = Message::PaymentReported(PaymentReported { payment: payment.clone(), ..report });
    assert!(verify(&deps(&stage, None), &event::messages(&[report])).await.is_empty());
    let facts: Vec<_> = stage.take_messages("payments").await.unwrap();
    assert_eq!(facts.len(), 2);
    for fact in facts {
        let Message::PaymentTold(fact) = fact else { panic!("{fact:?}") };
        assert_eq!((fact.payment, fact.donation, fact.attempt), (payment.clone(), Some(donation), 2));
        match fact.happening {
            Happening::Captured { method, .. } => assert_eq!(method, domain::payment::Method::ApplePay),
            Happening::Refunded { refunded_minor } => assert_eq!(refunded_minor.halalas(), 2_000),
            other => panic!("{other:?}"),
        }
    }
}

/// Told across, fetched down the rows: what each pair of statuses means.
#[test]
fn every_pair_of_statuses_has_one_meaning() {
    use Standing::{Agrees, Behind, Contradicts};
    const STATUSES: [&str; 7] = ["initiated", "authorized", "paid", "captured", "refunded", "voided", "failed"];
    let table = [
        ("initiated", [Agrees, Behind, Behind, Behind, Behind, Behind, Behind]),
        ("authorized", [Agrees, Agrees, Behind, Behind, Behind, Behind, Behind]),
        ("paid", [Agrees, Agrees, Agrees, Agrees, Behind, Behind, Contradicts]),
        ("captured", [Agrees, Agrees, Agrees, Agrees, Behind, Behind, Contradicts]),
        ("refunded", [Agrees, Agrees, Agrees, Agrees, Agrees, Contradicts, Contradicts]),
        ("voided", [Agrees, Agrees, Agrees, Agrees, Contradicts, Agrees, Contradicts]),
        ("failed", [Agrees, Agrees, Contradicts, Contradicts, Contradicts, Contradicts, Agrees]),
    ];
    for (fetched, expected) in table {
        assert_eq!(STATUSES.map(|told| compare(told, fetched)), expected, "{fetched}");
    }
    assert_eq!((compare("odd", "odd"), compare("odd", "paid"), compare("paid", "odd")), (Agrees, Contradicts, Contradicts));
}
