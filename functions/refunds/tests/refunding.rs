//! Every batch in `events/queues/refunds` against a provider in process, and what may go wrong with money on its way back.

#![allow(clippy::unwrap_used)]

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use domain::donation::{Asked, Dispute, Outcome, Part, RefundReason, SettledBy, State};
use domain::id::{DonationId, RefundId};
use domain::message::Message;
use domain::money::Money;
use domain::payment::{Happening, PaymentRef, Provider};
use moyasar_sandbox::{Deed, Method, OneShot, Payer, PaymentFacts};
use platform::outbound::{Answer, OutboundError, Request};
use platform::{Outbound, Platform};
use providers::{Checkout, Providers};
use refunds::run::BUSY_SECS;
use refunds::{Deps, handle};
use serde_json::{Value, json};
use stage::{Options, RETURN_URL, Stage, event, sample};
use testkit::connector::invocation;
use testkit::faults::{Call, Failure, Fault, NoFaults, Service};

/// What each payment of the fixed provider's was taken, and what of it is refunded, by the last four letters of its id.
type Refunded = Arc<Mutex<BTreeMap<String, (&'static str, u64)>>>;

fn payments() -> Refunded {
    let payments = [("paid", "paid", 0), ("part", "refunded", 2_000), ("done", "refunded", 5_000), ("fail", "failed", 0)];
    Arc::new(Mutex::new(payments.map(|(name, status, refunded)| (name.to_owned(), (status, refunded))).into()))
}

/// A provider that answers slowly, so that whoever asks at the same time sees the same.
fn provider(payments: Refunded) -> Outbound {
    Outbound::InProcess(Arc::new(move |request: Request| {
        let payments = Arc::clone(&payments);
        Box::pin(async move {
            tokio::time::sleep(Duration::from_secs(1)).await;
            let (status, body) = answer(&mut payments.lock().unwrap(), &request);
            Ok::<_, OutboundError>(Answer { status, body: body.to_string().into_bytes() })
        })
    }))
}

fn answer(payments: &mut BTreeMap<String, (&'static str, u64)>, request: &Request) -> (u16, Value) {
    let url = request.url.strip_suffix("/refund").unwrap_or(&request.url);
    let name = &url[url.len() - 4..];
    if name == "down" {
        return (503, json!({}));
    }
    let Some((status, refunded)) = payments.get_mut(name) else { return (404, json!({})) };
    if request.method == "POST" {
        let body: Value = serde_json::from_slice(&request.body).unwrap();
        let amount = body["amount"].as_u64().unwrap();
        if *status == "failed" || *refunded + amount > 5_000 {
            return (400, json!({"type": "invalid_request_error", "message": "cannot exceed the charged amount"}));
        }
        (*status, *refunded) = ("refunded", *refunded + amount);
    }
    let payment = json!({
        "id": format!("0a1b2c3d-0000-4000-8000-00000000{name}"), "status": status, "amount": 5_000, "currency": "SAR",
        "refunded": refunded, "created_at": "2026-11-23T20:59:00Z", "updated_at": "2026-11-23T20:59:30Z",
        "metadata": {"donation": "000102030405060708090a0b0c0d0e0f", "attempt": "1"},
    });
    (200, payment)
}

fn deps(stage: &Stage, outbound: Option<Outbound>) -> Deps {
    let platform = stage.platform("refunds").unwrap();
    let outbound = outbound.unwrap_or_else(|| platform.outbound.clone());
    Deps::new(&Platform { outbound, ..platform }).unwrap()
}

async fn stage() -> Stage {
    Stage::new(Options::default()).await.unwrap()
}

/// Runs a batch; gives back the ids of the messages that come again.
async fn refund(deps: &Deps, event: &Value) -> Vec<String> {
    let answer = handle(deps, serde_json::from_value(event.clone()).unwrap()).await;
    answer.batch_item_failures.into_iter().map(|failure| failure.item_identifier).collect()
}

fn due(payment: &str, riyals: u64) -> Value {
    let payment = PaymentRef { provider: Provider::Moyasar, payment: payment.parse().unwrap() };
    event::messages(&[Message::RefundDue { payment, refunded_minor: Money::from_riyals(riyals).unwrap() }])
}

fn due_of_paid(riyals: u64) -> Value {
    due("0a1b2c3d-0000-4000-8000-00000000paid", riyals)
}

/// The sums that settlement was told.
async fn told(stage: &Stage) -> Vec<u64> {
    let sum = |message| match message {
        Message::PaymentTold(fact) => match fact.happening {
            Happening::Refunded { refunded_minor } => refunded_minor.halalas(),
            other => panic!("{other:?}"),
        },
        other => panic!("{other:?}"),
    };
    stage.take_messages("payments").await.unwrap().into_iter().map(sum).collect()
}

/// A payment of fifty riyals at the provider to play against.
async fn pay(stage: &Stage) -> PaymentFacts {
    let checkout = Checkout {
        reference: "6f6d4a9e-0000-8000-8000-000000000007",
        donation: domain::id::DonationId::from_bytes([7; 16]),
        attempt: 1,
        amount: Money::from_riyals(50).unwrap(),
        description: "تبرع",
        return_url: RETURN_URL,
        expires_at: stage.now().plus_seconds(900),
    };
    let providers = Providers::new(&stage.platform("donations").unwrap()).unwrap();
    providers.of(Provider::Moyasar).make_checkout(&checkout).await.unwrap();
    stage.sandbox.pay(checkout.reference.parse().unwrap(), &Payer::with(Method::Mada)).unwrap()
}

#[tokio::test(start_paused = true)]
async fn every_batch_is_dealt_with_as_it_was() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../events/queues/refunds");
    let mut paths: Vec<_> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    for path in paths {
        let (stage, payments) = (stage().await, payments());
        let deps = deps(&stage, Some(provider(Arc::clone(&payments))));
        let event = serde_json::from_str(&std::fs::read_to_string(&path).unwrap()).unwrap();
        let again = refund(&deps, &event).await;
        let refunded: BTreeMap<String, u64> =
            payments.lock().unwrap().iter().map(|(name, (_, refunded))| (name.clone(), *refunded)).collect();
        let outcome = json!({
            "come_again": again,
            "refunded_at_provider": refunded,
            "told": stage.take_messages("payments").await.unwrap(),
            "begin_anew": stage.cloud.services().sqs.bodies("stage-refunds"),
            "cases": stage.items("CASE#").await.unwrap(),
            "busy": stage.items("PAY#").await.unwrap().iter().filter(|note| !note["busy_until"].is_null()).count(),
        });
        let name = path.file_stem().unwrap().to_string_lossy().into_owned();
        insta::assert_json_snapshot!(name, outcome, {".cases[].opened_at" => "[time]", ".cases[].listed_as" => "[place]"});
    }
}

/// Both see that nothing is refunded yet; only one of them may go on.
#[tokio::test(start_paused = true)]
async fn two_environments_refund_once() {
    let (stage, payments) = (stage().await, payments());
    let one = deps(&stage, Some(provider(Arc::clone(&payments))));
    let two = deps(&stage, Some(provider(Arc::clone(&payments))));
    let message = due_of_paid(20);
    let (first, second) = tokio::join!(refund(&one, &message), refund(&two, &message));
    assert_eq!(first.len() + second.len(), 1);
    assert_eq!(payments.lock().unwrap()["paid"].1, 2_000);
    assert!(refund(&two, &message).await.is_empty());
    assert_eq!(payments.lock().unwrap()["paid"].1, 2_000);
    assert_eq!(told(&stage).await, [2_000, 2_000]);
}

/// An answer is lost, that of the look or that of the deed: the payment stays noted as busy for as long as a deed may still be on its way,
/// and then shows what was done.
#[tokio::test(start_paused = true)]
async fn a_lost_answer_refunds_once() {
    let stage = stage().await;
    let paid = pay(&stage).await;
    let (deps, message) = (deps(&stage, None), due(&paid.id.to_string(), 50));
    for (lost, refunded) in [("fetch_payment", 0), ("refund_payment", 5_000)] {
        stage.sandbox.arm(OneShot { deed: Deed::LoseReply, times: 1, on: Some(lost.to_owned()) });
        assert_eq!(refund(&deps, &message).await.len(), 1);
        assert_eq!(stage.sandbox.payment(paid.id).unwrap().refunded, refunded, "{lost}");
        assert_eq!(refund(&deps, &message).await.len(), 1, "somebody may still be at it");
        stage.clock.sleep(Duration::from_secs(BUSY_SECS.unsigned_abs())).await;
    }
    assert!(refund(&deps, &message).await.is_empty());
    assert_eq!(stage.sandbox.payment(paid.id).unwrap().refunded, 5_000);
    assert_eq!(told(&stage).await, [5_000]);
}

/// Wherever a run dies or is refused, the message that comes again ends with one refund, and settlement knows.
#[tokio::test(start_paused = true)]
async fn a_run_may_die_anywhere() {
    for place in 0..3 {
        for fault in [
            Fault::CrashBefore,
            Fault::CrashAfter,
            Fault::Before(Failure::Throttled),
            Fault::ReplyLost(Failure::Disconnected),
        ] {
            let (stage, payments) = (stage().await, payments());
            let deps = deps(&stage, Some(provider(Arc::clone(&payments))));
            let calls = Mutex::new(0);
            stage.cloud.services().set_faults(move |call: &Call<'_>| {
                let is_ours = call.service == Service::DynamoDb || call.operation == "SendMessageBatch";
                let mut calls = calls.lock().unwrap();
                let now = is_ours && *calls == place;
                *calls += u32::from(is_ours);
                if now { fault } else { Fault::Pass }
            });
            let _ = invocation(refund(&deps, &due_of_paid(20))).await;
            stage.cloud.services().set_faults(NoFaults);
            stage.clock.sleep(Duration::from_secs(BUSY_SECS.unsigned_abs())).await;
            assert!(refund(&deps, &due_of_paid(20)).await.is_empty(), "{place} {fault:?}");
            assert_eq!(payments.lock().unwrap()["paid"].1, 2_000, "{place} {fault:?}");
            assert!(told(&stage).await.contains(&2_000));
        }
    }
}

/// A paid gift whose refund of so many riyals two people agreed to; its payment is the provider's of that name.
async fn agreed(stage: &Stage, payment: &str, riyals: u64) -> DonationId {
    let payment = PaymentRef {
        provider: Provider::Moyasar,
        payment: format!("0a1b2c3d-0000-4000-8000-00000000{payment}").parse().unwrap(),
    };
    let settled_by =
        SettledBy { payment, method: domain::payment::Method::Mada, captured_at: stage.now(), fee_minor: Money::ZERO };
    let mut gift = domain::donation::Donation { state: State::Settled { settled_by }, ..sample::gift(1, stage.now()) };
    let id: RefundId = "01".repeat(16).parse().unwrap();
    let parts = vec![Part { line: 0, amount_minor: Money::from_riyals(riyals).unwrap() }];
    let by = "operator-1".to_owned();
    gift.back =
        gift.ask_refund(Asked { id: id.clone(), parts, reason: RefundReason::DonorAsked, by, at: stage.now() }).unwrap();
    assert!(stage.table.make_donation(&gift).await.unwrap().is_none());
    let back = gift.approve_refund(&id, "approver-1", stage.now()).unwrap();
    assert!(stage.table.turn_donation(&gift, &gift.state, &back).await.unwrap());
    gift.id
}

/// Another refund of the donation's first line that two people agree to.
async fn ask_and_agree(stage: &Stage, donation: &DonationId, id: &RefundId, riyals: u64) {
    let parts = vec![Part { line: 0, amount_minor: Money::from_riyals(riyals).unwrap() }];
    let by = "operator-1".to_owned();
    let asked = Asked { id: id.clone(), parts, reason: RefundReason::DonorAsked, by, at: stage.now() };
    let gift = stage.table.donation(donation).await.unwrap().unwrap();
    let back = gift.ask_refund(asked).unwrap();
    assert!(stage.table.turn_donation(&gift, &gift.state, &back).await.unwrap());
    let gift = stage.table.donation(donation).await.unwrap().unwrap();
    let back = gift.approve_refund(id, "approver-1", stage.now()).unwrap();
    assert!(stage.table.turn_donation(&gift, &gift.state, &back).await.unwrap());
}

async fn stage_of_refund(stage: &Stage, donation: &DonationId) -> String {
    let gift = stage.table.donation(donation).await.unwrap().unwrap();
    gift.back.refunds[0].stage.code().to_owned()
}

#[tokio::test(start_paused = true)]
async fn what_two_people_agreed_to_is_given_back_once() {
    let (stage, payments) = (stage().await, payments());
    let deps = deps(&stage, Some(provider(Arc::clone(&payments))));
    let donation = agreed(&stage, "paid", 20).await;
    let message = event::messages(&[Message::RefundApproved { donation }, Message::RefundApproved { donation }]);
    assert!(refund(&deps, &message).await.is_empty());
    assert!(refund(&deps, &message).await.is_empty());
    assert_eq!(payments.lock().unwrap()["paid"].1, 2_000);
    assert_eq!(told(&stage).await, [2_000, 2_000]);
    assert_eq!(stage_of_refund(&stage, &donation).await, "approved", "until settlement books it");
}

/// The message comes once before the agreement is written; where none was, nothing is given back.
#[tokio::test(start_paused = true)]
async fn what_nobody_agreed_to_is_not_given_back() {
    let (stage, payments) = (stage().await, payments());
    let deps = deps(&stage, Some(provider(Arc::clone(&payments))));
    let gift = sample::gift(1, stage.now());
    assert!(stage.table.make_donation(&gift).await.unwrap().is_none());
    let absent = DonationId::from_bytes([9; 16]);
    let messages = [gift.id, absent].map(|donation| Message::RefundApproved { donation });
    assert!(refund(&deps, &event::messages(&messages)).await.is_empty());
    assert!(told(&stage).await.is_empty() && stage.items("CASE#").await.unwrap().is_empty());
    assert_eq!(payments.lock().unwrap()["paid"].1, 0);
}

/// A provider that does not give back: after eight tries a case, and the refund stands as refused, so that another may be asked for.
#[tokio::test(start_paused = true)]
async fn what_the_provider_refuses_stands_as_refused() {
    let stage = stage().await;
    let deps = deps(&stage, Some(provider(payments())));
    let donation = agreed(&stage, "fail", 20).await;
    let received = |receives: u32| {
        let mut event = event::messages(&[Message::RefundApproved { donation }]);
        event["Records"][0]["attributes"]["ApproximateReceiveCount"] = receives.to_string().into();
        event
    };
    assert_eq!(refund(&deps, &received(1)).await.len(), 1);
    assert_eq!(stage_of_refund(&stage, &donation).await, "approved");
    assert!(refund(&deps, &received(8)).await.is_empty());
    assert_eq!(stage_of_refund(&stage, &donation).await, "refused");
    let cases = stage.items("CASE#").await.unwrap();
    assert_eq!((cases.len(), &cases[0]["donation"]), (1, &json!(donation.to_string())));
    // Another refund of the same sum that is refused too is another matter.
    let first = stage.table.donation(&donation).await.unwrap().unwrap().back.refunds[0].id.clone();
    let again: RefundId = "f".repeat(32).parse().unwrap();
    ask_and_agree(&stage, &donation, &again, 20).await;
    assert!(refund(&deps, &received(8)).await.is_empty());
    assert!(refund(&deps, &received(8)).await.is_empty(), "told again");
    let cases = stage.items("CASE#").await.unwrap();
    let mut refunds: Vec<&str> = cases.iter().map(|case| case["refund"].as_str().unwrap()).collect();
    refunds.sort_unstable();
    let mut expected = [first.as_str(), again.as_str()];
    expected.sort_unstable();
    assert_eq!(refunds, expected, "each names its refund");
}

/// One that is down sets nothing aside: the message begins anew.
#[tokio::test(start_paused = true)]
async fn a_provider_that_is_down_is_waited_for() {
    let stage = stage().await;
    let deps = deps(&stage, Some(provider(payments())));
    let down = agreed(&stage, "down", 20).await;
    let mut event = event::messages(&[Message::RefundApproved { donation: down }]);
    event["Records"][0]["attributes"]["ApproximateReceiveCount"] = "8".into();
    assert!(refund(&deps, &event).await.is_empty());
    let anew = stage.cloud.services().sqs.bodies("stage-refunds");
    assert!(anew.iter().any(|body| body.contains("refund_approved") && body.contains(&down.to_string())), "{anew:?}");
}

/// Between the agreement and the refund the donor's bank took the money: it is not given back as well, and a person is told. What had been given back by then is told to
/// settlement instead.
#[tokio::test(start_paused = true)]
async fn what_does_not_stand_any_more_is_not_given_back() {
    for (payment, expected, sums) in [("paid", "refused", vec![]), ("part", "approved", vec![2_000])] {
        let (stage, payments) = (stage().await, payments());
        let deps = deps(&stage, Some(provider(Arc::clone(&payments))));
        let donation = agreed(&stage, payment, 20).await;
        let gift = stage.table.donation(&donation).await.unwrap().unwrap();
        let mut back = gift.back.clone();
        back.dispute = Some(Dispute { disputed_minor: Money::from_riyals(40).unwrap(), outcome: Outcome::Open });
        assert!(stage.table.turn_donation(&gift, &gift.state, &back).await.unwrap());
        let message = event::messages(&[Message::RefundApproved { donation }]);
        assert!(refund(&deps, &message).await.is_empty());
        let before = if payment == "part" { 2_000 } else { 0 };
        assert_eq!(payments.lock().unwrap()[payment].1, before, "nothing was given back");
        assert_eq!(stage_of_refund(&stage, &donation).await, expected);
        assert_eq!(told(&stage).await, sums);
        assert_eq!(stage.items("CASE#").await.unwrap().len(), usize::from(expected == "refused"));
    }
}
