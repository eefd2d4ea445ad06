//! The drills of `infra/drills.md`, played: broken until a message is set aside, mended, sent back, done once.

#![allow(clippy::unwrap_used)]

use std::time::Duration;

use aws_sdk_sqs::Client;
use aws_sdk_sqs::types::{MessageSystemAttributeName, QueueAttributeName};
use domain::catalogue::Opportunity;
use domain::donation::{Donation, HoldPart, SettledBy, State};
use domain::hash::Hash;
use domain::id::{DonationId, SlaughterhouseId};
use domain::message::{Envelope, Message};
use domain::money::Money;
use domain::notice::Notice;
use domain::payment::{Happening, Method, PaymentFact, PaymentRef, Provider};
use domain::sacrifice::carrying::form::{self, Form};
use domain::sacrifice::carrying::update::Told;
use domain::sacrifice::list::IssuedList;
use domain::sacrifice::{ListDay, Offering, Stage as Closed, carrying};
use moyasar_sandbox::{Method as PaidBy, Payer};
use platform::privacy::Privacy;
use platform::table::{Issuing, Taking};
use providers::{Checkout, Providers};
use serde_json::{Value, json};
use simulation::environment::Environment;
use stage::{Options, RETURN_URL, Stage, event, sample};
use testkit::faults::{Call, Failure, Fault, NoFaults, Service};

/// Longer than any message stays hidden after a receive.
const HIDDEN: Duration = Duration::from_secs(1_200);
/// More polls than any message needs: the longest wait is for a morning, and a queue allows twelve receives.
const MOST_ROUNDS: usize = 100;

struct Scene {
    stage: Stage,
    gift: Donation,
    payment: PaymentRef,
}

impl Scene {
    /// A gift that waits, and its payment, which the provider has taken.
    async fn set() -> Scene {
        let stage = Stage::new(Options::default()).await.unwrap();
        let mut gift = sample::gift(1, stage.now());
        let wells = Opportunity { target_minor: Money::from_riyals(1_000), ..sample::wells() };
        stage.publish(&wells).await.unwrap();
        let held = HoldPart { opportunity: wells.id, shard: 0, amount_minor: gift.total() };
        stage.table.claim((&gift).into(), &held).await.unwrap();
        gift.hold = vec![held];
        assert!(stage.table.make_donation(&gift).await.unwrap().is_none());
        let payment = pay(&stage, &gift).await;
        Scene { stage, gift, payment }
    }

    /// The same, and another gift, of shares that are held and paid.
    async fn paid_shares(self) -> Scene {
        let (stage, now) = (&self.stage, self.stage.now());
        let offering = sample::offering(7, now);
        stage.offer(&sample::camels(), &offering).await.unwrap();
        let gift = sample::sacrifice(9, 3, 0, now);
        assert!(stage.table.make_donation(&gift).await.unwrap().is_none());
        let taking = stage.table.take_shares(&offering.id, 0, &gift.id, (3, gift.expires_at)).await.unwrap();
        assert_eq!(taking, Taking::Held(4));
        stage.settle(&gift.id).await.unwrap();
        self
    }

    /// One row about the camel of those shares, tied to no day, and the message that it came in.
    async fn told_by_a_slaughterhouse(&self) -> Message {
        let house: SlaughterhouseId = "makkah-1".parse().unwrap();
        let animals = sample::camels().id;
        self.stage.table.confirm_shares(&animals, 0, &DonationId::from_bytes([9; 16]), 3).await.unwrap();
        let before = self.stage.table.offering(&animals).await.unwrap().unwrap();
        let mut listed = Offering { stage: Closed::Listed, day: None, revision: 2, ..before };
        listed.place.slaughterhouse = Some(house.clone());
        listed.closes_at = self.stage.now().plus_seconds(-3_600);
        assert!(self.stage.table.put_offering(&listed).await.unwrap());
        let now = self.stage.now();
        let list = IssuedList {
            slaughterhouse: house.clone(),
            day: ListDay::of(&listed),
            version: 1,
            fingerprint: Hash::NONE,
            offerings: vec![animals],
            animals: 1,
            shares: 3,
            files: Vec::new(),
            made_at: now,
            ttl: now.plus_seconds(3_600).seconds(),
        };
        assert_eq!(self.stage.table.issue_list(&list, &[], 1).await.unwrap(), Issuing::Done);
        let (slaughtered_at, by) = (now.to_string(), "LIC-1".to_owned());
        let told = Told { animal: "camels-makkah-1".to_owned(), slaughtered_at, by, ..Told::default() };
        let body = form::write(Form::Csv, &[told]);
        let batch = carrying::Batch {
            batch: carrying::Batch::id(&house, "drill"),
            slaughterhouse: house,
            form: Form::Csv,
            sha256: Hash::of(&[&body]),
            rows: 1,
            signed_by: "makkah-1+00000000".to_owned(),
            received_at: now,
        };
        self.stage.bucket().unwrap().keep(&batch.key(), "text/csv", body).await.unwrap();
        assert_eq!(self.stage.table.keep_batch(&batch).await.unwrap(), None);
        Message::UpdatesKept { slaughterhouse: batch.slaughterhouse, batch: batch.batch, from: Some(0) }
    }

    /// The same with the gift settled by that payment.
    async fn settled() -> Scene {
        let scene = Scene::set().await;
        let to = State::Settled {
            settled_by: SettledBy {
                payment: scene.payment.clone(),
                method: Method::Mada,
                captured_at: scene.stage.now(),
                fee_minor: Money::ZERO,
            },
        };
        assert!(scene.stage.table.move_donation(&scene.gift, &to).await.unwrap());
        scene.send("holds", &Message::HoldSpent { donation: scene.gift.id }).await;
        scene.drain("holds").await;
        scene
    }

    fn client(&self) -> Client {
        Client::new(&self.stage.cloud.sdk_config())
    }

    fn depth(&self, queue: &str) -> usize {
        self.stage.cloud.services().sqs.depths()[&format!("stage-{queue}")].total()
    }

    fn start(&self, function: &str) -> Environment {
        Environment::start(function, &self.stage.platform(function).unwrap()).unwrap()
    }

    /// The function behind a queue, by the template.
    fn consumer(&self, queue: &str) -> String {
        let stack = &self.stage.stack;
        let mapping = stack.mappings.iter().find(|mapping| mapping.queue == format!("stage-{queue}")).unwrap();
        stack.functions.iter().find(|function| function.logical_id == mapping.function).unwrap().handler.clone()
    }

    async fn send(&self, queue: &str, message: &Message) {
        let url = self.stage.queue_url(queue).unwrap();
        let body = Envelope::from(message.clone()).write();
        self.client().send_message().queue_url(url).message_body(body).send().await.unwrap();
    }

    /// One poll: what comes is handed to the function, and deleted if it did not fail. How many came.
    async fn poll(&self, queue: &str) -> usize {
        let (client, url) = (self.client(), self.stage.queue_url(queue).unwrap());
        let call = client.receive_message().queue_url(url).max_number_of_messages(10);
        let call = call.message_system_attribute_names(MessageSystemAttributeName::ApproximateReceiveCount);
        let messages = call.send().await.unwrap().messages.unwrap_or_default();
        if messages.is_empty() {
            return 0;
        }
        let records: Vec<Value> = messages
            .iter()
            .map(|message| {
                let receives = &message.attributes().unwrap()[&MessageSystemAttributeName::ApproximateReceiveCount];
                let (id, receipt) = (message.message_id().unwrap(), message.receipt_handle().unwrap());
                event::record(id, receipt, receives, message.body().unwrap())
            })
            .collect();
        let answer = self.start(&self.consumer(queue)).invoke(json!({ "Records": records })).await.unwrap();
        let failed = answer["batchItemFailures"].to_string();
        for message in messages.iter().filter(|message| !failed.contains(message.message_id().unwrap())) {
            client.delete_message().queue_url(url).set_receipt_handle(message.receipt_handle.clone()).send().await.unwrap();
        }
        messages.len()
    }

    /// Polls until the queue is empty; how many receives that took.
    async fn drain(&self, queue: &str) -> usize {
        let mut receives = 0;
        for _ in 0..MOST_ROUNDS {
            if self.depth(queue) == 0 {
                return receives;
            }
            receives += self.poll(queue).await;
            tokio::time::advance(HIDDEN).await;
        }
        panic!("{queue} does not end");
    }

    /// The same for every queue, in the order in which one tells the next.
    async fn drain_all(&self) {
        for queue in ["verification", "refunds", "payments", "journal", "holds", "shares", "carrying", "notices", "erasures"]
        {
            self.drain(queue).await;
        }
    }

    /// Nothing can be read, written or sent; receiving goes on.
    fn break_everything(&self) {
        self.stage.cloud.services().set_faults(|call: &Call<'_>| match (call.service, call.operation) {
            (Service::DynamoDb, _) | (Service::Sqs, "SendMessage" | "SendMessageBatch") => Fault::Before(Failure::Throttled),
            _ => Fault::Pass,
        });
    }

    fn mend(&self) {
        self.stage.cloud.services().set_faults(NoFaults);
    }

    async fn send_back(&self, queue: &str) {
        self.client().start_message_move_task().source_arn(self.dead_arn(queue).await).send().await.unwrap();
    }

    /// What stands: donations, holds, pages, totals, cases, and what went back at the provider.
    async fn stands(&self) -> Value {
        let mut all = serde_json::Map::new();
        for prefix in ["DON#", "CAP#", "SEG#", "JP#", "TOT", "CASE#", "ANIMALS#"] {
            all.insert(prefix.to_owned(), json!(self.stage.items(prefix).await.unwrap()));
        }
        let refunded: Vec<String> = self.stage.sandbox.payments().iter().map(|payment| format!("{payment:?}")).collect();
        all.insert("provider".to_owned(), json!(refunded));
        Value::Object(all)
    }

    async fn dead_arn(&self, queue: &str) -> String {
        let dead = self.stage.queue_url(&format!("{queue}-dlq")).unwrap();
        let attributes = self.client().get_queue_attributes().queue_url(dead).attribute_names(QueueAttributeName::QueueArn);
        attributes.send().await.unwrap().attributes.unwrap()[&QueueAttributeName::QueueArn].clone()
    }

    /// What Lambda sets aside of an event whose run failed three times.
    async fn set_aside(&self, function: &str, payload: &Value) {
        for _ in 0..3 {
            assert!(self.start(function).invoke(payload.clone()).await.is_err(), "{function} fails");
        }
        let record = json!({
            "version": "1.0", "timestamp": "2026-11-23T21:05:00.000Z",
            "requestContext": {"requestId": "r", "condition": "RetriesExhausted", "approximateInvokeCount": 3},
            "requestPayload": payload, "responseContext": {"statusCode": 200, "functionError": "Unhandled"},
        });
        let url = self.stage.queue_url(&format!("{function}-dlq")).unwrap();
        self.client().send_message().queue_url(url).message_body(record.to_string()).send().await.unwrap();
    }

    /// The drill of a schedule: invoked with the event that is in the message, which is deleted after that.
    async fn invoke_again(&self, function: &str) -> Value {
        let (client, url) = (self.client(), self.stage.queue_url(&format!("{function}-dlq")).unwrap());
        assert!(client.start_message_move_task().source_arn(self.dead_arn(function).await).send().await.is_err());
        let got = client.receive_message().queue_url(url).send().await.unwrap().messages.unwrap();
        let body: Value = serde_json::from_str(got[0].body().unwrap()).unwrap();
        let event = if body["requestPayload"].is_null() { body } else { body["requestPayload"].clone() };
        let answer = self.start(function).invoke(event).await.unwrap();
        client.delete_message().queue_url(url).set_receipt_handle(got[0].receipt_handle.clone()).send().await.unwrap();
        assert_eq!(self.depth(&format!("{function}-dlq")), 0);
        answer
    }

    fn fact(&self, happening: Happening) -> PaymentFact {
        PaymentFact {
            payment: self.payment.clone(),
            donation: Some(self.gift.id),
            attempt: 1,
            amount_minor: self.gift.total(),
            currency: "SAR".to_owned(),
            happening,
        }
    }

    fn captured(&self) -> Message {
        let captured_at = self.stage.now();
        Message::PaymentTold(self.fact(Happening::Captured { method: Method::Mada, captured_at, fee_minor: Money::ZERO }))
    }
}

async fn pay(stage: &Stage, gift: &Donation) -> PaymentRef {
    let checkout = Checkout {
        reference: "6f6d4a9e-0000-8000-8000-000000000007",
        donation: gift.id,
        attempt: 1,
        amount: gift.total(),
        description: "تبرع",
        return_url: RETURN_URL,
        expires_at: stage.now().plus_seconds(900),
    };
    let providers = Providers::new(&stage.platform("donations").unwrap()).unwrap();
    providers.of(Provider::Moyasar).make_checkout(&checkout).await.unwrap();
    let paid = stage.sandbox.pay(checkout.reference.parse().unwrap(), &Payer::with(PaidBy::Mada)).unwrap();
    PaymentRef { provider: Provider::Moyasar, payment: paid.id.to_string().parse().unwrap() }
}

/// A queue's scene, and the message that is set aside on it.
async fn scene_of(queue: &str) -> (Scene, Message) {
    match queue {
        "verification" => {
            let scene = Scene::set().await;
            let message = Message::LookRequested { payment: scene.payment.clone(), case: "0".repeat(32) };
            (scene, message)
        }
        "payments" => {
            let scene = Scene::set().await;
            let message = scene.captured();
            (scene, message)
        }
        "journal" => {
            let scene = Scene::set().await;
            scene.stage.settle(&scene.gift.id).await.unwrap();
            (scene, Message::FoldRequested {})
        }
        "holds" => {
            let scene = Scene::set().await;
            tokio::time::advance(Duration::from_secs(25 * 3_600)).await;
            let donation = scene.gift.id;
            (scene, Message::HoldDue { donation })
        }
        "refunds" => {
            let scene = Scene::settled().await;
            let message = Message::RefundDue { payment: scene.payment.clone(), refunded_minor: scene.gift.total() };
            (scene, message)
        }
        "shares" => {
            let scene = Scene::set().await;
            (scene.paid_shares().await, Message::SharesMoved { donation: DonationId::from_bytes([9; 16]) })
        }
        "carrying" => {
            let scene = Scene::set().await.paid_shares().await;
            let message = scene.told_by_a_slaughterhouse().await;
            (scene, message)
        }
        "notices" => {
            let scene = Scene::set().await;
            let donation = scene.gift.id;
            (scene, Message::NoticeDue(Notice::Failure { donation, attempt: 1 }))
        }
        "erasures" => {
            let scene = Scene::set().await;
            let owner = scene.gift.owner();
            Privacy::new(&scene.stage.platform("donations").unwrap()).unwrap().erase(&owner).await.unwrap();
            (scene, Message::ErasureDue { owner, after: None })
        }
        other => panic!("{other} has no drill that is played: write one here and in infra/drills.md"),
    }
}

/// Every queue of the template that sets messages aside.
#[tokio::test(start_paused = true)]
async fn what_was_set_aside_is_sent_back_and_done_once() {
    let template = Scene::set().await.stage;
    let queues: Vec<String> = template.stack.mappings.iter().map(|mapping| mapping.queue.replace("stage-", "")).collect();
    assert!(queues.len() >= 7, "{queues:?}");
    for queue in queues {
        let (scene, message) = scene_of(&queue).await;
        let dead = format!("{queue}-dlq");
        scene.send(&queue, &message).await;
        scene.break_everything();
        let receives = scene.drain(&queue).await;
        assert!(receives >= 10, "{queue}: given up after {receives} receives");
        assert_eq!((scene.depth(&queue), scene.depth(&dead)), (0, 1), "{queue}: set aside and not lost");
        scene.mend();
        let before = scene.stands().await;
        scene.send_back(&queue).await;
        assert_eq!((scene.depth(&queue), scene.depth(&dead)), (1, 0), "{queue}: sent back");
        scene.drain_all().await;
        assert_eq!(scene.depth(&dead), 0, "{queue}: done");
        let after = scene.stands().await;
        // A failure changes nothing but what the donor is told, and this one cannot be told.
        assert!(after != before || queue == "notices", "{queue}: something was done");
        // Sent back twice, or never lost in the first place: done once all the same.
        scene.send(&queue, &message).await;
        scene.drain_all().await;
        assert_eq!(scene.stands().await, after, "{queue}: done once");
    }
}

#[tokio::test(start_paused = true)]
async fn a_midnight_that_was_set_aside_is_made_up_for() {
    let scene = Scene::set().await;
    scene.stage.settle(&scene.gift.id).await.unwrap();
    let midnight = json!({"time": "2026-11-23T21:00:00Z"});
    // The report fails while the day is open, and the day cannot be closed while the table is out.
    scene.set_aside("reports", &midnight).await;
    scene.stage.cloud.services().set_faults(|call: &Call<'_>| match call.service {
        Service::DynamoDb => Fault::Before(Failure::Throttled),
        _ => Fault::Pass,
    });
    scene.set_aside("closing", &midnight).await;
    scene.set_aside("reconciliation", &json!({"compare": "bank"})).await;
    scene.mend();
    let closed = scene.invoke_again("closing").await;
    assert_eq!(closed["closed"], json!(["2026-11-23"]));
    scene.drain_all().await;
    scene.invoke_again("reports").await;
    scene.invoke_again("reconciliation").await;
    let (seals, documents) = (scene.stage.items("SEAL#").await.unwrap(), scene.stage.documents().unwrap());
    assert!(!seals.is_empty() && documents.keys().any(|name| name.contains("2026-11-23")), "{:?}", documents.keys());
    // By another hand once more.
    scene.start("closing").invoke(midnight.clone()).await.unwrap();
    scene.drain_all().await;
    scene.start("reports").invoke(midnight).await.unwrap();
    assert_eq!(scene.stage.documents().unwrap(), documents);
    assert_eq!(scene.stage.items("SEAL#").await.unwrap().len(), seals.len());
}

/// A case from its opening to its end, through the functions themselves: a payment in another amount than its webhook told, looked at again, booked, closed.
#[tokio::test(start_paused = true)]
async fn a_case_is_replayed_through_the_functions_and_closed() {
    let scene = Scene::set().await;
    let told = json!({"version": 1, "payment_reported": {
        "provider": "moyasar", "payment": scene.payment.payment, "event": "e-1", "kind": "payment_paid",
        "amount_minor": 1, "currency": "SAR", "status": "paid",
    }});
    scene.send("verification", &Envelope::read(&told.to_string()).unwrap()).await;
    scene.drain_all().await;
    let cases = scene.stage.items("CASE#").await.unwrap();
    assert_eq!((cases.len(), &cases[0]["reason"]), (1, &json!("provider_disagrees")));
    let id = cases[0]["pk"].as_str().unwrap().trim_start_matches("CASE#").to_owned();
    let act = |route: &str, body: Value| {
        let headers = json!({"idempotency-key": "6f1c9a52-6a0e-4f57-9d0a-3f0c2b1e8d47", "accept-language": "en"});
        let mut event = event::http(route, json!({"id": id}), headers, &body.to_string());
        event["requestContext"]["authorizer"] =
            json!({"jwt": {"claims": {"sub": "operator-1", "role": "operator"}, "scopes": null}});
        event
    };
    let operations = scene.start("operations");
    for _ in 0..2 {
        let replayed = operations.invoke(act("POST /v1/operations/replays", json!({"case": id}))).await.unwrap();
        assert_eq!(replayed["statusCode"], 202, "{replayed}");
    }
    tokio::time::advance(HIDDEN).await;
    scene.drain_all().await;
    let gift = scene.stage.table.donation(&scene.gift.id).await.unwrap().unwrap();
    assert_eq!(gift.state.code(), "settled");
    assert_eq!(scene.stage.items("JP#").await.unwrap().len(), 1);
    let close = act("POST /v1/operations/cases/{id}/close", json!({"note": "The webhook was wrong, the provider right."}));
    assert_eq!(operations.invoke(close).await.unwrap()["statusCode"], 200);
    let kept = scene.stage.table.case(&id).await.unwrap().unwrap();
    assert_eq!((kept.standing().code(), kept.replays.len()), ("closed", 1));
}
