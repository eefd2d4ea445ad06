//! The drills of `infra/drills.md`, played: broken until a message is set aside, mended, sent back, done once.

#![allow(clippy::unwrap_used)]

use std::time::Duration;

use aws_sdk_sqs::Client;
use aws_sdk_sqs::types::{MessageSystemAttributeName, QueueAttributeName};
use domain::case::{Case, Reason};
use domain::donation::{Donation, SettledBy, State};
use domain::message::{Envelope, Message, PaymentReported};
use domain::money::Money;
use domain::notice::Notice;
use domain::payment::{Happening, Method, PaymentFact, PaymentRef, Provider};
use moyasar_sandbox::Payer;
use providers::{Checkout, Providers};
use serde_json::{Value, json};
use simulation::environment::Environment;
use stage::{Options, RETURN_URL, Stage, event, sample};
use testkit::faults::{Call, Failure, Fault, NoFaults, Service};

/// Longer than any message stays hidden after a receive.
const HIDDEN: Duration = Duration::from_secs(1_200);
/// More receives than any queue of the template allows.
const MOST_RECEIVES: usize = 40;

struct Scene {
    stage: Stage,
    gift: Donation,
    payment: PaymentRef,
}

impl Scene {
    /// A gift that waits, and its payment, which the provider has taken.
    async fn set() -> Scene {
        let stage = Stage::new(Options::default()).await.unwrap();
        let gift = sample::gift(1, stage.now());
        stage.publish(&sample::wells()).await.unwrap();
        assert!(stage.table.make_donation(&gift).await.unwrap().is_none());
        let payment = pay(&stage, &gift).await;
        Scene { stage, gift, payment }
    }

    /// The same with the gift settled by that payment.
    async fn settled() -> Scene {
        let scene = Scene::set().await;
        let to = State::Settled { settled_by: SettledBy { payment: scene.payment.clone(), method: Method::Mada, captured_at: scene.stage.now() } };
        assert!(scene.stage.table.move_donation(&scene.gift, &to).await.unwrap());
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
        while self.depth(queue) > 0 {
            receives += self.poll(queue).await;
            assert!(receives < MOST_RECEIVES, "{queue} does not end");
            tokio::time::advance(HIDDEN).await;
        }
        receives
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
        let client = self.client();
        let dead = self.stage.queue_url(&format!("{queue}-dlq")).unwrap();
        let attributes = client.get_queue_attributes().queue_url(dead).attribute_names(QueueAttributeName::QueueArn);
        let attributes = attributes.send().await.unwrap().attributes.unwrap();
        client.start_message_move_task().source_arn(&attributes[&QueueAttributeName::QueueArn]).send().await.unwrap();
    }

    /// What stands: donations, charges, pages, notes of tellings, and what was sent on and to donors.
    async fn stands(&self) -> Value {
        let mut all = serde_json::Map::new();
        for prefix in ["DON#", "PAY#", "JP#", "TOT", "CASE#"] {
            all.insert(prefix.to_owned(), json!(self.stage.items(prefix).await.unwrap()));
        }
        Value::Object(all)
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
    let providers = Providers::new(&stage.platform("donations").unwrap()).unwrap();
    let page = providers.of(Provider::Moyasar).make_checkout(&Checkout {
        reference: "0a1b2c3d-0000-4000-8000-000000000001",
        donation: gift.id,
        attempt: 1,
        amount: gift.total(),
        description: "a gift",
        return_url: RETURN_URL,
        expires_at: stage.now().plus_seconds(3_600),
    });
    let page = page.await.unwrap();
    let paid = stage.sandbox.pay(page.url.rsplit('/').next().unwrap(), &Payer::default()).await.unwrap();
    PaymentRef { provider: Provider::Moyasar, payment: paid.id.parse().unwrap() }
}
