//! What happened at every call, as one hash; and the faults that were done to them.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use serde_json::Value;
use sha2::{Digest as _, Sha256};
use testkit::faults::{Call, Fault, Faults, RandomFaults, Rates};

/// Faults at every call while the storm lasts, in a thousand calls each.
const STORM: Rates = Rates {
    throttled: 8,
    failed: 5,
    conflict: 15,
    reply_lost: 12,
    delayed: 60,
    duplicated: 5,
    crash_before: 4,
    crash_after: 6,
    longest_delay: Duration::from_millis(1_500),
};

/// A body in which the order of members and of list elements makes no difference: the SDK writes some of both in an order of chance.
fn unordered(body: &[u8]) -> Vec<u8> {
    match serde_json::from_slice::<Value>(body) {
        Ok(value) => sorted(value).to_string().into_bytes(),
        Err(_) => body.to_vec(),
    }
}

fn sorted(value: Value) -> Value {
    match value {
        Value::Object(members) => {
            let members: BTreeMap<String, Value> = members.into_iter().map(|(name, value)| (name, sorted(value))).collect();
            Value::Object(members.into_iter().collect())
        }
        Value::Array(elements) => {
            let mut elements: Vec<Value> = elements.into_iter().map(sorted).collect();
            elements.sort_by_cached_key(Value::to_string);
            Value::Array(elements)
        }
        other => other,
    }
}

/// Texts that stand for a person: they may never be seen in a call that is not theirs.
pub const PERSONAL: [&str; 2] = ["Simulated Donor", "+96655"];

#[derive(Default)]
struct Seen {
    hash: Sha256,
    calls: u64,
    leaks: Vec<String>,
}

/// Faults drawn from the seed, and a record of every call. Clones share it.
#[derive(Clone)]
pub struct Trace {
    seed: u64,
    storm: Arc<Mutex<Option<RandomFaults>>>,
    seen: Arc<Mutex<Seen>>,
}

impl Trace {
    /// With the faults of this seed.
    pub fn new(seed: u64) -> Trace {
        Trace { seed, storm: Arc::new(Mutex::new(Some(RandomFaults::new(STORM, seed)))), seen: Arc::default() }
    }

    /// Faults again, others than before.
    pub fn storm_again(&self) {
        let storm = RandomFaults::new(STORM, self.seed.wrapping_add(1 << 32));
        *self.storm.lock().unwrap_or_else(PoisonError::into_inner) = Some(storm);
    }

    /// No faults from now on.
    pub fn calm(&self) {
        *self.storm.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }

    /// Calls so far, and the hash over all of them.
    pub fn so_far(&self) -> (u64, String) {
        let seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        let hash = seen.hash.clone().finalize();
        (seen.calls, hash.iter().take(8).map(|byte| format!("{byte:02x}")).collect())
    }

    /// Calls in which personal data was seen.
    pub fn leaks(&self) -> Vec<String> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner).leaks.clone()
    }
}

impl Faults for Trace {
    fn decide(&self, call: &Call<'_>) -> Fault {
        let storm = self.storm.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let fault = storm.map_or(Fault::Pass, |storm| storm.decide(call));
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        seen.calls += 1;
        seen.hash.update(call.operation.as_bytes());
        seen.hash.update(unordered(call.body));
        seen.hash.update(format!("{fault:?}").as_bytes());
        let body = String::from_utf8_lossy(call.body);
        if PERSONAL.iter().any(|text| body.contains(text)) {
            seen.leaks.push(format!("{:?} {}", call.service, call.operation));
        }
        fault
    }
}
