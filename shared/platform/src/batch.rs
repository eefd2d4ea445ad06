//! A batch from SQS: parsed record by record, answered record by record.
//!
//! **Promise.** One bad record never fails its batch. A record that fails is reported as failed and stays in its queue; before that its
//! visibility is changed, so that it comes back after a short, growing, random wait instead of the queue's whole time-out. After the
//! receives that the queue allows it goes to the dead letters.

use std::time::Duration;

use aws_lambda_events::event::sqs::{BatchItemFailure, SqsBatchResponse, SqsEvent, SqsMessage};
use domain::message::{Envelope, Message, VERSION};

use crate::queue::Queue;
use crate::random::Random;

/// The longest wait before a failed message comes back. Ten receives then span more than half an hour: longer than most outages of one
/// service, short enough that a person still hears of it the same hour.
const LONGEST_WAIT_SECS: u64 = 600;

/// A message in hand.
#[derive(Debug, Clone)]
pub struct Delivery {
    /// The queue's id of it.
    pub id: String,
    /// What lets it go or hides it.
    pub receipt: String,
    /// How often it was received, this time included.
    pub receives: u32,
    /// What it says.
    pub message: Message,
}

/// A batch, parsed.
#[derive(Debug, Default)]
pub struct Batch {
    /// What could be read.
    pub deliveries: Vec<Delivery>,
    /// What could not: it fails again and again until it is with the dead letters, where a person finds it.
    unreadable: Vec<Failure>,
}

/// A message that could not be dealt with this time.
#[derive(Debug, Clone)]
pub struct Failure {
    id: String,
    receipt: String,
    receives: u32,
    wait: Option<Duration>,
}

impl Delivery {
    /// The message as one that could not be dealt with.
    pub fn failure(&self) -> Failure {
        Failure { id: self.id.clone(), receipt: self.receipt.clone(), receives: self.receives, wait: None }
    }

    /// The message as one whose time has not come: it comes back after this wait, at most [`crate::queue::LONGEST_VISIBILITY`]. Each time counts as one
    /// of the receives that the queue allows.
    pub fn later(&self, wait: Duration) -> Failure {
        Failure { wait: Some(wait), ..self.failure() }
    }
}

impl Batch {
    /// Reads the records of an event.
    pub fn read(event: SqsEvent) -> Batch {
        let mut batch = Batch::default();
        for record in event.records {
            let failure = failure_of(&record);
            match read_message(record.body.as_deref().unwrap_or_default()) {
                Ok(message) => {
                    let Failure { id, receipt, receives, .. } = failure;
                    batch.deliveries.push(Delivery { id, receipt, receives, message });
                }
                Err(why) => {
                    tracing::error!(message_id = failure.id, why, "a message cannot be read");
                    batch.unreadable.push(failure);
                }
            }
        }
        batch
    }

    /// Answers the batch: these failed, and so did what could not be read; all else is done.
    pub async fn answer(self, queue: &Queue, random: &Random, failures: Vec<Failure>) -> SqsBatchResponse {
        let failures: Vec<Failure> = self.unreadable.into_iter().chain(failures).collect();
        let waits: Vec<(String, Duration)> =
            failures.iter().map(|failure| (failure.receipt.clone(), failure.wait(random))).collect();
        if let Err(error) = queue.hide(&waits).await {
            // Not an error of the batch: what was not hidden comes back after the queue's own time-out.
            tracing::warn!(error = %error, "failed messages come back at the queue's own time");
        }
        let mut answer = SqsBatchResponse::default();
        answer.batch_item_failures = failures.into_iter().map(|failure| failed(failure.id)).collect();
        answer
    }
}

impl Failure {
    fn wait(&self, random: &Random) -> Duration {
        self.wait.unwrap_or_else(|| wait(self.receives, random.number()))
    }
}

fn failed(id: String) -> BatchItemFailure {
    let mut failure = BatchItemFailure::default();
    failure.item_identifier = id;
    failure
}

fn failure_of(record: &SqsMessage) -> Failure {
    Failure {
        id: record.message_id.clone().unwrap_or_default(),
        receipt: record.receipt_handle.clone().unwrap_or_default(),
        receives: record.attributes.get("ApproximateReceiveCount").and_then(|count| count.parse().ok()).unwrap_or(1),
        wait: None,
    }
}

/// Never repeats the body: what cannot be read may hold anything.
fn read_message(body: &str) -> Result<Message, String> {
    let envelope: Envelope =
        serde_json::from_str(body).map_err(|error| format!("{:?} at {}", error.classify(), error.column()))?;
    if envelope.version <= VERSION { Ok(envelope.message) } else { Err(format!("version {}", envelope.version)) }
}

/// Doubling from two seconds, half of it random, so that what failed together does not come back together.
fn wait(receives: u32, random: u64) -> Duration {
    let whole = 2u64.saturating_pow(receives.clamp(1, 16)).min(LONGEST_WAIT_SECS);
    Duration::from_secs(whole / 2 + random % (whole / 2 + 1))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_wait_grows_and_has_an_end() {
        for receives in 0..40 {
            for random in [0, 1, u64::MAX] {
                let wait = wait(receives, random).as_secs();
                assert!((1..=LONGEST_WAIT_SECS).contains(&wait), "{receives} {random}: {wait}");
            }
        }
        assert_eq!(wait(1, 0).as_secs(), 1);
        assert!(wait(8, 0) > wait(4, 0));
    }

    #[test]
    fn one_bad_record_leaves_the_others_readable() {
        let mut event = SqsEvent::default();
        for body in ["{", r#"{"version":1,"fold_requested":{}}"#, r#"{"version":99,"fold_requested":{}}"#] {
            let mut record = SqsMessage::default();
            record.body = Some(body.to_owned());
            event.records.push(record);
        }
        let batch = Batch::read(event);
        assert_eq!((batch.deliveries.len(), batch.unreadable.len()), (1, 2));
    }
}
