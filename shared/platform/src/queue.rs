//! Sending to SQS, and letting a message wait longer.
//!
//! SQS's limits are constants here; what would break one is an error before anything is sent. Sending in batches is at least once: a
//! lost reply is sent again, so every consumer takes the same message twice.

use std::time::Duration;

use aws_sdk_sqs::Client;
use aws_sdk_sqs::config::Builder;
use aws_sdk_sqs::types::{ChangeMessageVisibilityBatchRequestEntry, SendMessageBatchRequestEntry};
use aws_types::SdkConfig;
use domain::message::{Envelope, Message};
use futures_util::future::try_join_all;

/// Entries of one batch call at most, by SQS.
pub const MOST_ENTRIES: usize = 10;
/// Bytes of one batch call at most, by SQS; the limit of a single message is the same.
pub const MOST_BYTES: usize = 1024 * 1024;
/// The longest delay of a message, by SQS.
pub const LONGEST_DELAY: Duration = Duration::from_secs(900);
/// The longest that a message can be kept from view, by SQS.
pub const LONGEST_VISIBILITY: Duration = Duration::from_secs(43_200);

/// A message did not get into its queue for sure, or its visibility was not changed.
#[derive(Debug, thiserror::Error)]
pub enum QueueError {
    /// The call failed; whether it took effect is not known.
    #[error("the queue could not be reached")]
    Unreachable(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// The queue took the call and refused some entries.
    #[error("the queue refused {0} entries")]
    Refused(usize),
    /// A message is larger than SQS takes.
    #[error("a message of {0} bytes is larger than the queue takes")]
    TooLarge(usize),
}

/// One queue.
#[derive(Clone)]
pub struct Queue {
    client: Client,
    url: String,
}

impl Queue {
    /// The queue at this URL.
    pub fn new(aws: &SdkConfig, url: &str) -> Queue {
        Queue { client: Client::from_conf(Builder::from(aws).build()), url: url.to_owned() }
    }

    /// Sends one message, to be seen after `delay`.
    ///
    /// # Errors
    /// When the queue did not confirm it.
    pub async fn send(&self, message: Message, delay: Duration) -> Result<(), QueueError> {
        let Entry { body, delay_secs } = Entry::new(&message, delay)?;
        let call = self.client.send_message().queue_url(&self.url).message_body(body);
        let call = if delay_secs > 0 { call.delay_seconds(delay_secs) } else { call };
        call.send().await.map_err(|error| QueueError::Unreachable(error.into()))?;
        Ok(())
    }

    /// Sends many messages, in as few calls as SQS allows.
    ///
    /// # Errors
    /// When the queue did not confirm all of them; some may have got in.
    pub async fn send_all(&self, messages: impl IntoIterator<Item = Message>) -> Result<(), QueueError> {
        self.send_all_later(messages.into_iter().map(|message| (message, Duration::ZERO))).await
    }

    /// Sends many messages, each to be seen after a delay of its own, in as few calls as SQS allows.
    ///
    /// # Errors
    /// As [`Queue::send_all`].
    pub async fn send_all_later(&self, messages: impl IntoIterator<Item = (Message, Duration)>) -> Result<(), QueueError> {
        let entries = messages.into_iter().map(|(message, delay)| Entry::new(&message, delay));
        let entries = entries.collect::<Result<Vec<_>, _>>()?;
        try_join_all(batches(entries).into_iter().map(|batch| self.send_batch(batch))).await?;
        Ok(())
    }

    async fn send_batch(&self, entries: Vec<Entry>) -> Result<(), QueueError> {
        let mut call = self.client.send_message_batch().queue_url(&self.url);
        for (index, Entry { body, delay_secs }) in entries.into_iter().enumerate() {
            let delay_secs = (delay_secs > 0).then_some(delay_secs);
            let entry = SendMessageBatchRequestEntry::builder().id(index.to_string()).message_body(body);
            let entry = entry.set_delay_seconds(delay_secs).build();
            call = call.entries(entry.map_err(|error| QueueError::Unreachable(error.into()))?);
        }
        let answer = call.send().await.map_err(|error| QueueError::Unreachable(error.into()))?;
        match answer.failed().len() {
            0 => Ok(()),
            refused => Err(QueueError::Refused(refused)),
        }
    }

    /// Keeps received messages from view for a while each: how a failed one backs off.
    ///
    /// # Errors
    /// When the queue did not confirm all; the others come back after the queue's own time.
    pub async fn hide(&self, receipts: &[(String, Duration)]) -> Result<(), QueueError> {
        try_join_all(receipts.chunks(MOST_ENTRIES).map(|chunk| self.hide_batch(chunk))).await?;
        Ok(())
    }

    async fn hide_batch(&self, receipts: &[(String, Duration)]) -> Result<(), QueueError> {
        let mut call = self.client.change_message_visibility_batch().queue_url(&self.url);
        for (index, (receipt, wait)) in receipts.iter().enumerate() {
            let seconds = i32::try_from((*wait).min(LONGEST_VISIBILITY).as_secs()).unwrap_or(0);
            let entry = ChangeMessageVisibilityBatchRequestEntry::builder()
                .id(index.to_string())
                .receipt_handle(receipt)
                .visibility_timeout(seconds)
                .build();
            call = call.entries(entry.map_err(|error| QueueError::Unreachable(error.into()))?);
        }
        let answer = call.send().await.map_err(|error| QueueError::Unreachable(error.into()))?;
        match answer.failed().len() {
            0 => Ok(()),
            refused => Err(QueueError::Refused(refused)),
        }
    }
}

/// A message as it is sent.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Entry {
    body: String,
    delay_secs: i32,
}

impl Entry {
    fn new(message: &Message, delay: Duration) -> Result<Entry, QueueError> {
        let envelope = Envelope::from(message.clone());
        let body = serde_json::to_string(&envelope).map_err(|error| QueueError::Unreachable(error.into()))?;
        let delay_secs = i32::try_from(delay.min(LONGEST_DELAY).as_secs()).unwrap_or(0);
        if body.len() <= MOST_BYTES { Ok(Entry { body, delay_secs }) } else { Err(QueueError::TooLarge(body.len())) }
    }
}

/// As few batches as the limits on entries and bytes allow, in order.
fn batches(entries: Vec<Entry>) -> Vec<Vec<Entry>> {
    let mut batches: Vec<Vec<Entry>> = Vec::new();
    let mut bytes = 0;
    for entry in entries {
        match batches.last_mut() {
            Some(last) if last.len() < MOST_ENTRIES && bytes + entry.body.len() <= MOST_BYTES => {
                bytes += entry.body.len();
                last.push(entry);
            }
            _ => {
                bytes = entry.body.len();
                batches.push(vec![entry]);
            }
        }
    }
    batches
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn batches_keep_both_limits_and_the_order() {
        let entries: Vec<Entry> = (0..25).map(|n| Entry { body: n.to_string(), delay_secs: n }).collect();
        let batches = batches(entries.clone());
        assert_eq!(batches.iter().map(Vec::len).collect::<Vec<_>>(), [10, 10, 5]);
        assert_eq!(batches.concat(), entries);
        let large = vec![Entry { body: "x".repeat(MOST_BYTES / 2 + 1), delay_secs: 0 }; 3];
        assert_eq!(super::batches(large).len(), 3);
    }
}
