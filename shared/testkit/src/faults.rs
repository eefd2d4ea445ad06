//! Faults: what can go wrong between a caller and the cloud, decided call by call.
//!
//! Promise: a [`Faults`] hook sees every call (service, operation, body) before it is made and says what becomes of it;
//! [`FaultCounts`] says how often each kind was done. The same hook serves the in-process connector and the HTTP server.
//!
//! Shape: [`NoFaults`] lets everything pass, [`RandomFaults`] draws from a seed, and any `Fn(&Call) -> Fault` is a hook.
//! Bodies are JSON whose objects have no order: compare or hash them by [`Call::canonical_body`].

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use serde_json::Value;

use crate::chance::Chance;

/// The emulated services.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Service {
    /// DynamoDB.
    DynamoDb,
    /// SQS.
    Sqs,
    /// KMS.
    Kms,
    /// S3.
    S3,
}

/// A call about to be made.
#[derive(Clone, Copy, Debug)]
pub struct Call<'a> {
    /// Whom it is for.
    pub service: Service,
    /// The operation; for S3 the method and the path.
    pub operation: &'a str,
    /// What is sent.
    pub body: &'a [u8],
}

impl Call<'_> {
    /// The body with the members of its objects in order, if it is JSON: equal for equal calls.
    pub fn canonical_body(&self) -> Cow<'_, [u8]> {
        match serde_json::from_slice::<Value>(self.body) {
            Ok(mut value) => {
                value.sort_all_objects();
                Cow::Owned(value.to_string().into_bytes())
            }
            Err(_) => Cow::Borrowed(self.body),
        }
    }

    /// Whether the call changes something.
    pub fn is_write(&self) -> bool {
        match self.service {
            Service::DynamoDb => !matches!(
                self.operation,
                "GetItem" | "BatchGetItem" | "Query" | "Scan" | "TransactGetItems" | "DescribeTable" | "ListTables"
            ),
            Service::Sqs => !self.operation.starts_with("Get") && !self.operation.starts_with("List"),
            Service::Kms => self.operation.starts_with("Create"),
            Service::S3 => !self.operation.starts_with("GET ") && !self.operation.starts_with("HEAD "),
        }
    }
}

/// How a call that fails is answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Failure {
    /// The service's error for too many calls.
    Throttled,
    /// The service's error for its own fault, HTTP 500.
    Internal,
    /// Another write is in flight on the item. For writes of DynamoDB; `Internal` for everything else.
    Conflict,
    /// No answer: the connection breaks.
    Disconnected,
}

/// What becomes of a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// It is made and answered.
    Pass,
    /// It is not made, and answered so.
    Before(Failure),
    /// It is made, but the caller is told otherwise.
    ReplyLost(Failure),
    /// It is made after a while.
    Delay(Duration),
    /// It is made twice; the caller has the second answer.
    Duplicate,
    /// The caller dies before it is made. See [`crate::connector::invocation`].
    CrashBefore,
    /// It is made, and the caller dies before it knows.
    CrashAfter,
}

impl Fault {
    /// What a test does to one call after another of what must survive them all. Conflicts and delays are for tests about those.
    pub const EACH: [Fault; 6] = [
        Fault::CrashBefore,
        Fault::CrashAfter,
        Fault::Before(Failure::Throttled),
        Fault::Before(Failure::Disconnected),
        Fault::ReplyLost(Failure::Disconnected),
        Fault::Duplicate,
    ];

    /// The kind's name, for counting; `None` for [`Fault::Pass`].
    pub fn name(&self) -> Option<&'static str> {
        Some(match self {
            Self::Pass => return None,
            Self::Before(Failure::Throttled) => "throttled",
            Self::Before(Failure::Internal) => "failed",
            Self::Before(Failure::Conflict) => "conflict",
            Self::Before(Failure::Disconnected) => "request lost",
            Self::ReplyLost(_) => "reply lost",
            Self::Delay(_) => "delayed",
            Self::Duplicate => "duplicated",
            Self::CrashBefore => "crash before",
            Self::CrashAfter => "crash after",
        })
    }
}

/// Decides about every call.
pub trait Faults: Send + Sync {
    /// What becomes of `call`.
    fn decide(&self, call: &Call<'_>) -> Fault;
}

impl<F: Fn(&Call<'_>) -> Fault + Send + Sync> Faults for F {
    fn decide(&self, call: &Call<'_>) -> Fault {
        self(call)
    }
}

/// Lets everything pass.
#[derive(Clone, Copy, Debug, Default)]
pub struct NoFaults;

impl Faults for NoFaults {
    fn decide(&self, _: &Call<'_>) -> Fault {
        Fault::Pass
    }
}

/// How often each kind happens, in a thousand calls.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Rates {
    /// [`Failure::Throttled`] before.
    pub throttled: u32,
    /// [`Failure::Internal`] before.
    pub failed: u32,
    /// [`Failure::Conflict`] before, on writes of DynamoDB.
    pub conflict: u32,
    /// [`Fault::ReplyLost`] with a broken connection, on writes.
    pub reply_lost: u32,
    /// [`Fault::Delay`] of up to `longest_delay`.
    pub delayed: u32,
    /// [`Fault::Duplicate`], on writes.
    pub duplicated: u32,
    /// [`Fault::CrashBefore`].
    pub crash_before: u32,
    /// [`Fault::CrashAfter`], on writes.
    pub crash_after: u32,
    /// The longest delay.
    pub longest_delay: Duration,
}

/// Faults drawn from a seed.
#[derive(Clone, Debug)]
pub struct RandomFaults {
    rates: Rates,
    chance: Chance,
}

impl RandomFaults {
    /// Faults at these rates.
    pub fn new(rates: Rates, seed: u64) -> Self {
        Self { rates, chance: Chance::seeded(seed, "faults") }
    }
}

impl Faults for RandomFaults {
    fn decide(&self, call: &Call<'_>) -> Fault {
        let rates = &self.rates;
        let writes = |rate: u32| if call.is_write() { rate } else { 0 };
        let conflict = if call.service == Service::DynamoDb { writes(rates.conflict) } else { 0 };
        let longest = u64::try_from(rates.longest_delay.as_millis()).unwrap_or(u64::MAX);
        // Drawn even when not used, so that changing one rate does not shift the rest of the run.
        let delay = Duration::from_millis(self.chance.below(longest.saturating_add(1)));
        let mut left = self.chance.below(1000);
        let kinds = [
            (rates.throttled, Fault::Before(Failure::Throttled)),
            (rates.failed, Fault::Before(Failure::Internal)),
            (conflict, Fault::Before(Failure::Conflict)),
            (writes(rates.reply_lost), Fault::ReplyLost(Failure::Disconnected)),
            (rates.delayed, Fault::Delay(delay)),
            (writes(rates.duplicated), Fault::Duplicate),
            (rates.crash_before, Fault::CrashBefore),
            (writes(rates.crash_after), Fault::CrashAfter),
        ];
        for (rate, fault) in kinds {
            match left.checked_sub(u64::from(rate)) {
                Some(rest) => left = rest,
                None => return fault,
            }
        }
        Fault::Pass
    }
}

/// How often each kind was done. Clones share it.
#[derive(Clone, Debug, Default)]
pub struct FaultCounts {
    counts: Arc<Mutex<BTreeMap<&'static str, u64>>>,
}

impl FaultCounts {
    /// The counts so far, by kind.
    pub fn snapshot(&self) -> BTreeMap<&'static str, u64> {
        self.counts.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub(crate) fn count(&self, fault: &Fault) {
        if let Some(name) = fault.name() {
            *self.counts.lock().unwrap_or_else(PoisonError::into_inner).entry(name).or_default() += 1;
        }
    }
}
