//! What happened to the gifts of a load, noted as it happens.

use std::collections::HashMap;
use std::collections::HashSet;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use serde_json::Value;
use tokio::time::Instant;

use crate::function::Watcher;
use crate::giving::GivingError;

/// How many different failures are remembered by their words.
const REMEMBERED: usize = 5;

/// Notes of a load. Shared by all who take part.
#[derive(Debug, Default)]
pub struct Tally {
    notes: Mutex<Notes>,
}

#[derive(Debug, Default)]
struct Notes {
    posts: Vec<Duration>,
    paid: HashMap<String, Instant>,
    settled: HashMap<String, Instant>,
    failures: u64,
    words: Vec<String>,
}

impl Tally {
    pub(super) fn new(gifts: u64) -> Self {
        let room = usize::try_from(gifts).unwrap_or(0);
        let notes = Notes { posts: Vec::with_capacity(room), ..Notes::default() };
        Self { notes: Mutex::new(notes) }
    }

    fn notes(&self) -> MutexGuard<'_, Notes> {
        self.notes.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn posted(&self, after: Duration) {
        self.notes().posts.push(after);
    }

    pub(super) fn pay(&self, donation: &str, at: Instant) {
        self.notes().paid.insert(donation.to_owned(), at);
    }

    pub(super) fn failed(&self, error: &GivingError) {
        let mut notes = self.notes();
        notes.failures += 1;
        if notes.words.len() < REMEMBERED {
            notes.words.push(error.to_string());
        }
    }

    /// Looks at invocations of the settlement: what it does not name as failed is settled.
    pub(super) fn watcher(self: &Arc<Self>) -> Watcher {
        let tally = Arc::clone(self);
        Watcher::new(move |function, event, answer| {
            if function.ends_with("-settlement") {
                tally.note_settled(&settled_by(event, answer));
            }
        })
    }

    fn note_settled(&self, donations: &[String]) {
        let now = Instant::now();
        let mut notes = self.notes();
        for donation in donations {
            notes.settled.entry(donation.clone()).or_insert(now);
        }
    }

    /// Paid gifts.
    pub(super) fn paid(&self) -> u64 {
        self.notes().paid.len() as u64
    }

    /// Gifts whose settlement has been seen.
    pub(super) fn settled(&self) -> u64 {
        self.notes().settled.len() as u64
    }

    /// Gifts that could not be posted or paid.
    pub(super) fn failures(&self) -> u64 {
        self.notes().failures
    }

    /// The first failures, in words.
    pub(super) fn words(&self) -> Vec<String> {
        self.notes().words.clone()
    }

    /// The ids of the paid gifts.
    pub(super) fn paid_ids(&self) -> HashSet<String> {
        self.notes().paid.keys().cloned().collect()
    }

    /// The posts' latencies in microseconds, in order.
    pub(super) fn post_micros(&self) -> Vec<u64> {
        sorted(self.notes().posts.iter().map(micros))
    }

    /// The times from payment to settlement in microseconds, in order.
    pub(super) fn settle_micros(&self) -> Vec<u64> {
        let notes = self.notes();
        let times = notes.paid.iter().filter_map(|(id, paid)| Some(notes.settled.get(id)?.duration_since(*paid)));
        sorted(times.map(|time| micros(&time)))
    }

    /// When the last gift was settled.
    pub(super) fn last_settled(&self) -> Option<Instant> {
        self.notes().settled.values().max().copied()
    }
}

fn micros(time: &Duration) -> u64 {
    u64::try_from(time.as_micros()).unwrap_or(u64::MAX)
}

fn sorted(times: impl Iterator<Item = u64>) -> Vec<u64> {
    let mut times: Vec<u64> = times.collect();
    times.sort_unstable();
    times
}

/// The donations whose payments a settlement's answer does not name as failed.
fn settled_by(event: &Value, answer: &Value) -> Vec<String> {
    let failed: HashSet<&str> =
        items(&answer["batchItemFailures"]).filter_map(|item| item["itemIdentifier"].as_str()).collect();
    let done = items(&event["Records"]).filter(|record| !failed.contains(record["messageId"].as_str().unwrap_or_default()));
    done.filter_map(|record| {
        let message: Value = serde_json::from_str(record["body"].as_str()?).ok()?;
        Some(message["payment_told"]["donation"].as_str()?.to_owned())
    })
    .collect()
}

fn items(list: &Value) -> impl Iterator<Item = &Value> {
    list.as_array().into_iter().flatten()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn what_is_not_named_as_failed_is_settled() {
        let record = |id: &str, donation: &str| {
            let body = json!({"version": 1, "payment_told": {"donation": donation}}).to_string();
            json!({"messageId": id, "body": body})
        };
        let event = json!({"Records": [record("1", "a"), record("2", "b"), {"messageId": "3", "body": "?"}]});
        assert_eq!(settled_by(&event, &json!({"batchItemFailures": []})), ["a", "b"]);
        assert_eq!(settled_by(&event, &json!({"batchItemFailures": [{"itemIdentifier": "1"}]})), ["b"]);
    }
}
