//! Messages on their way: when each is due, how often it was tried, what came back.
//!
//! Promise: a message is handed out when it is due, again after each refusal with growing waits,
//! and dropped after the sixth. Handed out means in flight: it is not handed out again before it
//! is acknowledged. What was in flight when the state was saved is due again when it is loaded.

use std::collections::{BTreeMap, VecDeque};

use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// Attempts that are remembered for `GET /v1/webhooks/attempts`; older ones are forgotten.
const REMEMBERED: usize = 10_000;

/// Where a message goes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Target {
    /// A registered webhook: tried up to six times.
    Webhook(Uuid),
    /// An invoice's `callback_url`: tried once, for no retries are documented.
    Callback(String),
}

/// A message and its fate so far.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Parcel {
    pub(crate) seq: u64,
    pub(crate) due: u64,
    pub(crate) attempt: u32,
    pub(crate) event_id: Uuid,
    pub(crate) event: String,
    pub(crate) target: Target,
    pub(crate) body: String,
    pub(crate) forged: bool,
}

/// One try, as `GET /v1/webhooks/:id/attempts` tells it.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Attempt {
    pub(crate) id: Uuid,
    pub(crate) webhook_id: Uuid,
    pub(crate) event_id: Uuid,
    pub(crate) event: String,
    pub(crate) retry_number: u32,
    pub(crate) status: Option<u16>,
    pub(crate) at: u64,
}

/// What became of an acknowledged message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fate {
    Delivered,
    TriedAgainLater,
    Dropped,
}

/// Messages on their way.
#[derive(Default, Clone, Serialize, Deserialize)]
#[serde(from = "Saved", into = "Saved")]
pub(crate) struct Outbox {
    next_seq: u64,
    waiting: BTreeMap<(u64, u64), Parcel>,
    in_flight: BTreeMap<u64, Parcel>,
    kept_back: Vec<(u64, u64)>,
    attempts: VecDeque<Attempt>,
}

impl Outbox {
    /// Takes a message in. Whatever was kept back to be overtaken goes right after it.
    pub(crate) fn post(&mut self, mut parcel: Parcel) {
        self.next_seq += 1;
        parcel.seq = self.next_seq;
        let due = parcel.due;
        self.waiting.insert((due, parcel.seq), parcel);
        for place in std::mem::take(&mut self.kept_back) {
            if let Some(mut kept) = self.waiting.remove(&place) {
                kept.due = due + 1;
                self.waiting.insert((kept.due, kept.seq), kept);
            }
        }
    }

    /// Takes a message in that is to be overtaken by the next one.
    pub(crate) fn keep_back(&mut self, parcel: Parcel) {
        let due = parcel.due;
        self.post(parcel);
        self.kept_back.push((due, self.next_seq));
    }

    /// The first message that is due, put in flight.
    pub(crate) fn take(&mut self, now: u64) -> Option<Parcel> {
        let (place, _) = self.waiting.first_key_value()?;
        let place = *place;
        if place.0 > now {
            return None;
        }
        let parcel = self.waiting.remove(&place)?;
        self.in_flight.insert(parcel.seq, parcel.clone());
        Some(parcel)
    }

    /// Lets a message go without a trace: its webhook is gone.
    pub(crate) fn forget(&mut self, seq: u64) {
        self.in_flight.remove(&seq);
    }

    /// What came back for a message in flight; `None` if it is not in flight.
    pub(crate) fn acknowledge(
        &mut self,
        seq: u64,
        status: Option<u16>,
        attempt_id: Uuid,
        waits: &[u64; 5],
        now: u64,
    ) -> Option<Fate> {
        let parcel = self.in_flight.remove(&seq)?;
        self.remember(&parcel, status, attempt_id, now);
        if status.is_some_and(|status| (200..300).contains(&status)) {
            return Some(Fate::Delivered);
        }
        let wait = usize::try_from(parcel.attempt - 1).ok().and_then(|tries| waits.get(tries));
        let again = matches!(parcel.target, Target::Webhook(_)) && !parcel.forged;
        match wait.filter(|_| again) {
            None => Some(Fate::Dropped),
            Some(wait) => {
                let due = now + wait;
                let attempt = parcel.attempt + 1;
                self.waiting.insert((due, seq), Parcel { due, attempt, ..parcel });
                Some(Fate::TriedAgainLater)
            }
        }
    }

    fn remember(&mut self, parcel: &Parcel, status: Option<u16>, id: Uuid, at: u64) {
        let Target::Webhook(webhook_id) = parcel.target else {
            return;
        };
        if self.attempts.len() == REMEMBERED {
            self.attempts.pop_front();
        }
        self.attempts.push_back(Attempt {
            id,
            webhook_id,
            event_id: parcel.event_id,
            event: parcel.event.clone(),
            retry_number: parcel.attempt,
            status,
            at,
        });
    }

    /// When the next message is due.
    pub(crate) fn next_due(&self) -> Option<u64> {
        self.waiting.first_key_value().map(|((due, _), _)| *due)
    }

    /// Makes everything that waits due at `now`, in the order it would have gone.
    pub(crate) fn hurry(&mut self, now: u64) {
        self.kept_back.clear();
        for (_, mut parcel) in std::mem::take(&mut self.waiting) {
            parcel.due = parcel.due.min(now);
            self.next_seq += 1;
            parcel.seq = self.next_seq;
            self.waiting.insert((parcel.due, parcel.seq), parcel);
        }
    }

    /// Messages waiting and in flight.
    pub(crate) fn len(&self) -> usize {
        self.waiting.len() + self.in_flight.len()
    }

    /// What waits, soonest first.
    pub(crate) fn waiting(&self) -> impl Iterator<Item = &Parcel> {
        self.waiting.values()
    }

    /// The remembered attempts, newest first.
    pub(crate) fn attempts(&self) -> impl Iterator<Item = &Attempt> {
        self.attempts.iter().rev()
    }
}

/// The outbox in a file.
#[derive(Serialize, Deserialize)]
struct Saved {
    next_seq: u64,
    parcels: Vec<Parcel>,
    attempts: VecDeque<Attempt>,
}

impl From<Outbox> for Saved {
    fn from(outbox: Outbox) -> Self {
        Self {
            next_seq: outbox.next_seq,
            parcels: outbox.in_flight.into_values().chain(outbox.waiting.into_values()).collect(),
            attempts: outbox.attempts,
        }
    }
}

impl From<Saved> for Outbox {
    fn from(saved: Saved) -> Self {
        Self {
            next_seq: saved.next_seq,
            waiting: saved.parcels.into_iter().map(|parcel| ((parcel.due, parcel.seq), parcel)).collect(),
            attempts: saved.attempts,
            ..Self::default()
        }
    }
}
