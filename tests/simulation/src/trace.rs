//! What happened at every call, as one hash; the faults that were done to them; and, where it is asked for, each step in words.

mod step;

use std::collections::BTreeMap;
use std::future::Future;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use serde_json::Value;
use sha2::{Digest as _, Sha256};
use testkit::Clock;
use testkit::chance::Chance;
use testkit::faults::{Call, Fault, Faults, RandomFaults, Rates, Service};

use crate::days::LISTS_A_DAY;
use crate::plan::Plan;
pub use step::{Step, story};

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

/// Faults at every claim on a lot while everybody comes for a few animals at once: a call that is made twice, or whose answer is lost, is refused when it comes again, by the condition that
/// it has met before.
const RUSH_STORM: Rates = Rates {
    throttled: 150,
    failed: 20,
    conflict: 150,
    reply_lost: 100,
    delayed: 100,
    duplicated: 250,
    crash_before: 40,
    crash_after: 40,
    longest_delay: Duration::from_millis(1_500),
};

/// Of the faults at a question to one of an offering's segments so many are done in a hundred. A look asks all thirty-two at once, and one that is not answered spoils it: at the rate of other
/// calls nearly half of all looks would fail, and most of the calls would be looks that are made again.
const OF_SEGMENTS: u64 = 25;

/// Of the faults at a page of the list of a whole day so many are done in a hundred: it is read in a hundred pages, each of which spoils the run, so that at the rate of other calls hardly
/// any run would come to its end.
const OF_LISTS: u64 = 10;

/// What the partitions of lots begin with.
pub const LOTS: &str = "SEG#";

/// The storm of a sale's opening.
pub const RUSH: &str = "opening: storm";

/// Texts that stand for a person: they may never be seen in a call that is not theirs.
pub const PERSONAL: [&str; 2] = ["Simulated Donor", "+96655"];

tokio::task_local! {
    static ACTING: String;
}

/// Has calls that are made meanwhile be written down as made by `who`.
pub async fn acting<T>(who: &str, doing: impl Future<Output = T>) -> T {
    ACTING.scope(who.to_owned(), doing).await
}

fn who() -> String {
    ACTING.try_with(Clone::clone).unwrap_or_else(|_| "queue".to_owned())
}

/// A fault that was done to a call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Injected {
    /// The call's number.
    pub call: u64,
    /// The fault's kind.
    pub kind: String,
    /// The function that made the call.
    pub function: String,
    /// Whom it was for.
    pub service: String,
    /// What was called.
    pub operation: String,
}

#[derive(Default)]
struct Seen {
    hash: Sha256,
    calls: u64,
    writes: u64,
    leaks: Vec<String>,
    counts: BTreeMap<String, u64>,
    injected: Vec<Injected>,
    steps: Vec<Step>,
}

/// The faults of a storm: one stream for AWS, another for claims at the opening of a sale, a third for everybody else who is called.
#[derive(Clone)]
struct Storm {
    aws: RandomFaults,
    rush: RandomFaults,
    segments: Chance,
    others: Chance,
    lists: Chance,
}

impl Storm {
    fn draw(&self, call: &Call<'_>, is_rush: bool) -> Fault {
        if is_rush {
            return self.rush.decide(call);
        }
        let fault = self.aws.decide(call);
        let is_segment =
            call.operation == "Query" && fault != Fault::Pass && names_lots(&String::from_utf8_lossy(call.body));
        if is_segment && self.segments.below(100) >= OF_SEGMENTS { Fault::Pass } else { fault }
    }
}

fn names_lots(body: &str) -> bool {
    body.contains(LOTS)
}

/// Faults drawn from the seed, and a record of every call. Clones share it.
#[derive(Clone)]
pub struct Trace {
    plan: Arc<Plan>,
    clock: Clock,
    storm: Arc<Mutex<Option<Storm>>>,
    /// From when until when a sale's opening has a storm of its own.
    rush: Arc<Mutex<Option<(i64, i64)>>>,
    seen: Arc<Mutex<Seen>>,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Trace {
    /// With the faults of this plan.
    pub fn new(plan: &Plan, clock: Clock) -> Trace {
        let (plan, storm, rush, seen) = (Arc::new(plan.clone()), Arc::default(), Arc::default(), Arc::default());
        let trace = Trace { plan, clock, storm, rush, seen };
        trace.begin(trace.plan.seed);
        trace
    }

    /// Has a storm break over the claims on lots between two times, unless the plan has none.
    pub fn rush(&self, from: i64, until: i64) {
        if self.plan.has(RUSH) {
            self.count(RUSH);
            *lock(&self.rush) = Some((from, until));
        }
    }

    fn is_rush(&self, call: &Call<'_>, body: &str) -> bool {
        let is_on = lock(&self.rush).is_some_and(|(from, until)| (from..until).contains(&self.clock.now_millis()));
        is_on && call.operation == "UpdateItem" && names_lots(body)
    }

    fn begin(&self, seed: u64) {
        let others = Chance::seeded(seed, "faults of others");
        // The same seed would draw the same for both.
        let rush = RandomFaults::new(RUSH_STORM, seed.wrapping_add(1 << 33));
        let segments = Chance::seeded(seed, "faults of segments");
        let lists = Chance::seeded(seed, "faults of lists");
        *lock(&self.storm) = Some(Storm { aws: RandomFaults::new(STORM, seed), rush, segments, others, lists });
    }

    /// Faults again, others than before.
    pub fn storm_again(&self) {
        self.begin(self.plan.seed.wrapping_add(1 << 32));
    }

    /// No faults from now on.
    pub fn calm(&self) {
        *lock(&self.storm) = None;
    }

    /// Whether a fault of this kind, which is not one of a call's, may be done now.
    pub fn storms(&self, kind: &str) -> bool {
        self.plan.has(kind) && lock(&self.storm).is_some()
    }

    /// Counts a fault that is not one of a call's.
    pub fn count(&self, kind: &str) {
        *lock(&self.seen).counts.entry(kind.to_owned()).or_default() += 1;
    }

    /// Such faults so far, by kind.
    pub fn counts(&self) -> BTreeMap<String, u64> {
        lock(&self.seen).counts.clone()
    }

    /// Writes down what somebody did outside the calls.
    pub fn note(&self, who: &str, what: impl FnOnce() -> String) {
        if self.plan.record {
            let at = self.clock.now_millis();
            lock(&self.seen).steps.push(Step::note(at, who, what()));
        }
    }

    /// Calls so far, and the hash over all of them.
    pub fn so_far(&self) -> (u64, String) {
        let seen = lock(&self.seen);
        let hash = seen.hash.clone().finalize();
        (seen.calls, hash.iter().take(8).map(|byte| format!("{byte:02x}")).collect())
    }

    /// Writes to the table so far.
    pub fn writes(&self) -> u64 {
        lock(&self.seen).writes
    }

    /// Calls in which personal data was seen.
    pub fn leaks(&self) -> Vec<String> {
        lock(&self.seen).leaks.clone()
    }

    /// The faults that were done to calls, in order.
    pub fn injected(&self) -> Vec<Injected> {
        lock(&self.seen).injected.clone()
    }

    /// The steps, if they were to be written down.
    pub fn steps(&self) -> Vec<Step> {
        lock(&self.seen).steps.clone()
    }

    /// Whether to do a fault to a call of somebody who is not AWS; the call is counted and written down.
    pub(crate) fn decide_other(&self, url: &str, body: &[u8]) -> OtherFault {
        let storm = lock(&self.storm).clone();
        let drawn = storm.map_or(OtherFault::Pass, |storm| {
            let drawn = OtherFault::draw(&storm.others);
            let is_spared = url.contains(LISTS_A_DAY) && storm.lists.below(100) >= OF_LISTS;
            if is_spared { OtherFault::Pass } else { drawn }
        });
        let number = lock(&self.seen).calls;
        let fault = if self.plan.allows(drawn.kind(), number) { drawn } else { OtherFault::Pass };
        let done = (fault != OtherFault::Pass).then(|| fault.kind());
        if let Some(kind) = done {
            self.count(kind);
        }
        self.saw("outside", url, body, &format!("{fault:?}"), done);
        fault
    }

    fn saw(&self, what: &str, operation: &str, body: &[u8], fault: &str, kind: Option<&str>) {
        let mut seen = lock(&self.seen);
        let call = seen.calls;
        seen.calls += 1;
        seen.hash.update(operation.as_bytes());
        seen.hash.update(unordered(body));
        seen.hash.update(fault.as_bytes());
        if let Some(kind) = kind {
            let (kind, service, operation) = (kind.to_owned(), what.to_owned(), operation.to_owned());
            seen.injected.push(Injected { call, kind, function: who(), service, operation });
        }
        if self.plan.record {
            let at = self.clock.now_millis();
            seen.steps.push(Step::call(call, at, who(), format!("{what} {operation}"), body, kind));
        }
    }
}

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

impl Faults for Trace {
    fn decide(&self, call: &Call<'_>) -> Fault {
        let storm = lock(&self.storm).clone();
        let body = String::from_utf8_lossy(call.body);
        let is_rush = self.is_rush(call, &body);
        // Drawn even where it is not done, so that leaving one out does not shift the others.
        let drawn = storm.map_or(Fault::Pass, |storm| storm.draw(call, is_rush));
        let number = lock(&self.seen).calls;
        let fault = match drawn.name() {
            Some(kind) if !self.plan.allows(kind, number) => Fault::Pass,
            Some(_) | None => drawn,
        };
        let service = format!("{:?}", call.service);
        self.saw(&service, call.operation, call.body, &format!("{fault:?}"), fault.name());
        let mut seen = lock(&self.seen);
        seen.writes += u64::from(call.service == Service::DynamoDb && call.is_write());
        if PERSONAL.iter().any(|text| body.contains(text)) {
            seen.leaks.push(format!("{service} {}", call.operation));
        }
        fault
    }
}

/// What becomes of a call of somebody who is not AWS.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum OtherFault {
    Pass,
    Delay(Duration),
    /// It never gets there, and the caller waits as long as it does for an answer.
    RequestLost,
    /// It gets there, and the answer does not come.
    ReplyLost,
    CrashBefore,
    CrashAfter,
}

impl OtherFault {
    fn draw(chance: &Chance) -> OtherFault {
        let delay = Duration::from_millis(chance.below(1_500));
        match chance.below(1_000) {
            0..40 => OtherFault::Delay(delay),
            40..48 => OtherFault::RequestLost,
            48..60 => OtherFault::ReplyLost,
            60..66 => OtherFault::CrashBefore,
            66..74 => OtherFault::CrashAfter,
            _ => OtherFault::Pass,
        }
    }

    fn kind(self) -> &'static str {
        match self {
            OtherFault::Pass => "none",
            OtherFault::Delay(_) => "outside: delayed",
            OtherFault::RequestLost => "outside: request lost",
            OtherFault::ReplyLost => "outside: reply lost",
            OtherFault::CrashBefore => "outside: crash before",
            OtherFault::CrashAfter => "outside: crash after",
        }
    }
}
