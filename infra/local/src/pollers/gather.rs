//! Gathers one batch after another from a queue.

use std::collections::VecDeque;
use std::time::Duration;

use aws_sdk_sqs::types::{Message, MessageSystemAttributeName};
use tokio::time::Instant;

use super::counters::Counters;
use super::record::{EVENT_OVERHEAD_BYTES, Record};
use super::{Mapping, OUTAGE_PAUSE, Queue, SQS_BATCH};
use crate::function::PAYLOAD_LIMIT_BYTES;

/// The longest long poll that SQS offers.
const LONGEST_POLL: Duration = Duration::from_secs(20);

/// One poller's view of its queue: messages received and not yet in a batch stay here.
pub(super) struct Gatherer<'p> {
    queue: &'p Queue,
    mapping: &'p Mapping,
    counters: &'p Counters,
    waiting: VecDeque<Record>,
}

impl<'p> Gatherer<'p> {
    pub(super) fn new(queue: &'p Queue, mapping: &'p Mapping, counters: &'p Counters) -> Self {
        Self { queue, mapping, counters, waiting: VecDeque::new() }
    }

    /// Waits for the next batch: never empty. May be dropped halfway: what was received stays here.
    ///
    /// Messages left over from the last batch, which was full by size, begin the next one at once.
    pub(super) async fn next(&mut self) -> Vec<Record> {
        while self.waiting.is_empty() {
            self.receive(LONGEST_POLL).await;
        }
        let end = Instant::now() + self.mapping.window;
        while self.has_room() {
            let left = end.saturating_duration_since(Instant::now());
            if left.is_zero() {
                break;
            }
            let wanted = self.wanted();
            if self.receive(left).await < wanted {
                tokio::time::sleep((self.mapping.window / 4).min(end.saturating_duration_since(Instant::now()))).await;
            }
        }
        self.cut()
    }

    fn wanted(&self) -> usize {
        self.mapping.batch_size.saturating_sub(self.waiting.len()).min(SQS_BATCH)
    }

    fn has_room(&self) -> bool {
        let bytes: usize = self.waiting.iter().map(|record| record.bytes).sum();
        self.wanted() > 0 && bytes + EVENT_OVERHEAD_BYTES < PAYLOAD_LIMIT_BYTES
    }

    /// Takes as many waiting messages as fit one invocation, none if none wait; a single one that does not fit goes alone, and fails.
    pub(super) fn cut(&mut self) -> Vec<Record> {
        let mut batch = Vec::new();
        let mut bytes = EVENT_OVERHEAD_BYTES;
        while batch.len() < self.mapping.batch_size.max(1) {
            let Some(record) = self.waiting.front() else { break };
            bytes += record.bytes;
            if bytes > PAYLOAD_LIMIT_BYTES && !batch.is_empty() {
                break;
            }
            batch.extend(self.waiting.pop_front());
        }
        batch
    }

    /// One receive that waits up to `wait`, in whole seconds as SQS does; answers how many messages came.
    async fn receive(&mut self, wait: Duration) -> usize {
        let seconds = wait.min(LONGEST_POLL).as_millis().div_ceil(1_000);
        let wanted = self.wanted().max(1);
        let call = self.queue.client.receive_message().queue_url(&self.queue.url);
        let call = call.message_system_attribute_names(MessageSystemAttributeName::All).message_attribute_names("All");
        let call = call.max_number_of_messages(as_i32(wanted)).wait_time_seconds(as_i32(seconds));
        self.counters.call();
        match call.send().await {
            Ok(answer) => self.keep(answer.messages.unwrap_or_default()),
            Err(error) => {
                let error = aws_sdk_sqs::error::DisplayErrorContext(error);
                tracing::warn!(queue = self.queue.url, %error, "the queue does not answer");
                self.counters.outage();
                tokio::time::sleep(OUTAGE_PAUSE).await;
                0
            }
        }
    }

    fn keep(&mut self, messages: Vec<Message>) -> usize {
        let count = messages.len();
        self.counters.received(count);
        let records = messages.into_iter().map(|message| Record::new(message, &self.queue.arn, &self.queue.region));
        self.waiting.extend(records);
        count
    }
}

fn as_i32<N: TryInto<i32>>(number: N) -> i32 {
    number.try_into().unwrap_or(i32::MAX)
}
