//! What Lambda's event source mapping does, at the pace of the simulation: receive, invoke, delete what succeeded.
//!
//! Each poller has one environment of its function. A crash in the middle of an invocation loses the environment, and the messages come
//! back by themselves.

use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use aws_sdk_sqs::Client;
use aws_sdk_sqs::types::{DeleteMessageBatchRequestEntry, Message, MessageSystemAttributeName};
use serde_json::{Value, json};
use testkit::chance::Chance;

use crate::environment::Environment;
use crate::world::World;

/// Pollers of one queue. Two write to the same chains and the same items often enough to get into each other's way.
const POLLERS: usize = 2;
/// How long a poller waits when it was not told what there is.
const IDLE: Duration = Duration::from_millis(200);
/// In a thousand batches, how many are let go in part only, as if the others had failed.
const PARTLY: u32 = 150;
/// A batch of which a part comes again.
const PARTIAL: &str = "partial batch failure";
/// The same, by the function's own answer.
const REPORTED: &str = "partial batch failure: reported by the function";

/// Starts the pollers of every mapping in the template; they run until the world ends.
///
/// # Errors
/// When a mapping names what the template lacks.
pub fn start(world: &Arc<World>) -> anyhow::Result<()> {
    for mapping in &world.stage.stack.mappings {
        let function = world.stage.stack.functions.iter().find(|function| function.logical_id == mapping.function);
        let function = function.context("a mapping's function is in the template")?.handler.clone();
        let queue = world.stage.stack.queues.iter().find(|queue| queue.name == mapping.queue);
        let queue = queue.context("a mapping's queue is in the template")?;
        for number in 0..POLLERS {
            let chance = Chance::seeded(world.plan.seed, &format!("poller {number} of {}", queue.name));
            let (queue, url) = (queue.name.clone(), queue.url.clone());
            let poller = Poller { world: Arc::clone(world), function: function.clone(), queue, url, chance };
            tokio::task::spawn_local(poller.run(Duration::from_millis(17 * number as u64)));
        }
    }
    Ok(())
}

struct Poller {
    world: Arc<World>,
    function: String,
    queue: String,
    url: String,
    chance: Chance,
}

impl Poller {
    async fn run(self, delay: Duration) {
        tokio::time::sleep(delay).await;
        let client = Client::new(&self.world.stage.cloud.sdk_config());
        let mut environment = None;
        loop {
            // Nobody learns anything from receives that bring nothing, and they would be most of the calls.
            self.world.stage.cloud.services().sqs.ready(&self.queue).await;
            let messages = self.receive(&client).await;
            if messages.is_empty() {
                tokio::time::sleep(IDLE).await;
                continue;
            }
            let warm = match environment.take() {
                Some(warm) => warm,
                None => self.cold_start(),
            };
            // A crash loses the environment; an error keeps it. Either way the messages come back.
            if let Ok(answer) = self.world.invoke(&self.function, &warm, event(&messages)).await {
                environment = Some(warm);
                if let Ok(answer) = answer {
                    self.delete(&client, &messages, &answer).await;
                }
            }
        }
    }

    fn cold_start(&self) -> Environment {
        let started = self.world.platform(&self.function).and_then(|p| Environment::start(&self.function, &p));
        started.expect("a function of the template starts with the template's settings")
    }

    async fn receive(&self, client: &Client) -> Vec<Message> {
        let call = client.receive_message().queue_url(&self.url).max_number_of_messages(10);
        let call = call.message_system_attribute_names(MessageSystemAttributeName::ApproximateReceiveCount);
        call.send().await.map(|answer| answer.messages.unwrap_or_default()).unwrap_or_default()
    }

    async fn delete(&self, client: &Client, messages: &[Message], answer: &Value) {
        let failed: Vec<&str> = answer["batchItemFailures"]
            .as_array()
            .map(|failures| failures.iter().filter_map(|failure| failure["itemIdentifier"].as_str()).collect())
            .unwrap_or_default();
        let mut call = client.delete_message_batch().queue_url(&self.url);
        let mut done: Vec<&Message> = messages.iter().collect();
        done.retain(|message| !failed.contains(&message.message_id().unwrap_or_default()));
        if !failed.is_empty() && !done.is_empty() {
            self.world.trace.count(REPORTED);
        }
        if done.len() > 1 && self.chance.happens(PARTLY) && self.world.trace.storms(PARTIAL) {
            self.world.trace.count(PARTIAL);
            done.truncate(done.len() / 2);
        }
        for (index, message) in done.into_iter().enumerate() {
            let entry = DeleteMessageBatchRequestEntry::builder().id(index.to_string());
            let entry = entry.set_receipt_handle(message.receipt_handle.clone()).build();
            call = call.entries(entry.expect("an id and a receipt are set"));
        }
        if call.get_entries().as_ref().is_some_and(|entries| !entries.is_empty()) {
            // What is not deleted comes again, as it does in Lambda's own pollers.
            let _lost_is_fine = call.send().await;
        }
    }
}

fn event(messages: &[Message]) -> Value {
    let records: Vec<Value> = messages
        .iter()
        .map(|message| {
            let receives = message
                .attributes()
                .and_then(|attributes| attributes.get(&MessageSystemAttributeName::ApproximateReceiveCount));
            stage::event::record(
                message.message_id().unwrap_or_default(),
                message.receipt_handle().unwrap_or_default(),
                receives.map_or("1", String::as_str),
                message.body().unwrap_or_default(),
            )
        })
        .collect();
    json!({ "Records": records })
}
