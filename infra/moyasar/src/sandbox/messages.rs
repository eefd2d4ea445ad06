//! Messages are taken when they are due and acknowledged when they were answered.

use bytes::Bytes;
use uuid::Uuid;

use super::Sandbox;
use crate::outbox::{Fate, Target};

/// A message to be posted now. Acknowledge it, or it stays in flight.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Delivery {
    /// For [`Sandbox::acknowledge`].
    pub id: u64,
    /// Where to post it.
    pub url: String,
    /// What to post, as `application/json`.
    pub body: Bytes,
    /// The `id` of the message: the same in every attempt and duplicate.
    pub event_id: Uuid,
    /// The `type` of the message; `invoice_paid` for the invoice posted to its `callback_url`.
    pub event: String,
    /// From 1 to 6.
    pub attempt: u32,
    /// When it was due, in milliseconds since 1970.
    pub due_ms: u64,
    /// Not by the provider: it is tried once.
    pub forged: bool,
}

impl Sandbox {
    /// The messages that are due now, `most` at the most, each put in flight.
    #[must_use]
    pub fn take_due(&self, most: usize) -> Vec<Delivery> {
        self.at_once(|state, at| {
            let mut due = Vec::new();
            while due.len() < most {
                let Some(parcel) = state.outbox.take(at.now) else {
                    break;
                };
                let url = match &parcel.target {
                    Target::Callback(url) => Some(url.clone()),
                    Target::Webhook(id) => {
                        state.webhooks.iter().find(|webhook| webhook.id == *id).map(|webhook| webhook.url.clone())
                    }
                };
                let Some(url) = url else {
                    state.outbox.forget(parcel.seq);
                    continue;
                };
                due.push(Delivery {
                    id: parcel.seq,
                    url,
                    body: Bytes::from(parcel.body),
                    event_id: parcel.event_id,
                    event: parcel.event,
                    attempt: parcel.attempt,
                    due_ms: parcel.due,
                    forged: parcel.forged,
                });
            }
            due
        })
    }

    /// What came back for a delivery: a status, or `None` if nothing did. Anything but 2xx is tried
    /// again later, six times in all.
    pub fn acknowledge(&self, delivery: &Delivery, status: Option<u16>) {
        self.at_once(|state, at| {
            let attempt = state.new_attempt_id();
            let fate = state.outbox.acknowledge(delivery.id, status, attempt, &at.settings.retry_waits_ms, at.now);
            match fate {
                Some(Fate::Delivered) => state.tally.delivered += 1,
                Some(Fate::TriedAgainLater) => state.tally.failed_attempts += 1,
                Some(Fate::Dropped) => {
                    state.tally.failed_attempts += 1;
                    state.tally.dropped += 1;
                }
                None => {}
            }
        });
    }

    /// When the next message is due, in milliseconds since 1970.
    #[must_use]
    pub fn next_due(&self) -> Option<u64> {
        self.room().state.outbox.next_due()
    }

    /// Messages that wait or are in flight.
    #[must_use]
    pub fn pending(&self) -> usize {
        self.room().state.outbox.len()
    }

    /// Makes every message that waits due now.
    pub fn hurry(&self) {
        self.at_once(|state, at| state.outbox.hurry(at.now));
    }

    /// Ends when a message may have become due since it was last called.
    pub(crate) async fn rung(&self) {
        self.inner.bell.notified().await;
    }
}
