//! SQS on this machine: standard queues, in memory, with the service's limits.
//!
//! Promise: the JSON protocol's answers for the calls on queues and messages; visibility, delay, long polls, redrive after
//! so many receives, retention; every limit that a sender can break, refused under the name the SDK knows. Ids and disorder
//! come from a seed and the time from a [`Clock`], so a run can be had again.
//!
//! Why not a kept crate: `winterbaume-sqs` reads the machine's clock, draws ids from the system, scans each queue from end to
//! end, and enforces no limits.
//!
//! Shape: [`Sqs::call`] takes a target and a body and answers. Each queue is a state machine over time; only a long poll
//! waits, and it holds no lock while it does. Standard queues may deliver twice and out of order: [`Disorder`] makes this one
//! do so.
//!
//! Bounds: standard queues only; one account; no permissions, tags or message system attributes; a move task is over at once. Failure: what
//! is not served is `UnsupportedOperation`, in words.

mod error;
pub mod limits;
mod message;
mod moving;
mod operations;
mod protocol;
mod queue;
mod receipt;
mod receive;
mod send;
mod settings;
pub(crate) mod store;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::chance::Chance;
use crate::clock::Clock;
use crate::dynamo::usage::counted_since;
use crate::wire::Reply;

use error::SqsError;
use queue::Queue;
pub use store::StoreError;

/// What precedes an operation's name in `x-amz-target`.
pub const TARGET_PREFIX: &str = "AmazonSQS.";

/// The account that owns everything in the local cloud.
pub const ACCOUNT: &str = "000000000000";

/// What a standard queue is allowed to do to its messages.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Disorder {
    /// Hands messages out in an order of its own.
    pub reorder: bool,
    /// How many deliveries in a thousand are repeated without waiting for the visibility time-out.
    pub duplicate_per_mille: u32,
}

/// How the emulated SQS is set up.
#[derive(Clone, Debug)]
pub struct SqsOptions {
    /// What queue URLs begin with, without a slash at the end.
    pub endpoint: String,
    /// The region in queues' names.
    pub region: String,
    /// Seeds message ids and disorder.
    pub seed: u64,
    /// What it does to order and number.
    pub disorder: Disorder,
}

/// How many messages a queue holds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Depth {
    /// Waiting to be received.
    pub ready: usize,
    /// Received and not yet deleted or back.
    pub in_flight: usize,
    /// Not yet visible.
    pub delayed: usize,
}

impl Depth {
    /// All messages.
    pub fn total(&self) -> usize {
        self.ready + self.in_flight + self.delayed
    }
}

/// Calls counted since the start, by queue and operation; the queue's name is empty for calls about none.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SqsUsage {
    /// Calls, refused ones included.
    pub calls: BTreeMap<(String, String), u64>,
    /// What is billed: a request for each started 64 KB of what is sent or received.
    pub billed_requests: BTreeMap<(String, String), u64>,
    /// Receives that brought nothing, by queue.
    pub empty_receives: BTreeMap<String, u64>,
    /// Messages sent, by queue.
    pub messages_sent: BTreeMap<String, u64>,
    /// Messages that [`Disorder`] handed out again at once.
    pub duplicated: u64,
    /// Messages that [`Disorder`] let overtake others.
    pub reordered: u64,
}

impl SqsUsage {
    /// All calls together.
    pub fn total_calls(&self) -> u64 {
        self.calls.values().sum()
    }

    /// What was added since an `earlier` look.
    pub fn since(&self, earlier: &Self) -> Self {
        Self {
            calls: counted_since(&self.calls, &earlier.calls),
            billed_requests: counted_since(&self.billed_requests, &earlier.billed_requests),
            empty_receives: counted_since(&self.empty_receives, &earlier.empty_receives),
            messages_sent: counted_since(&self.messages_sent, &earlier.messages_sent),
            duplicated: self.duplicated - earlier.duplicated,
            reordered: self.reordered - earlier.reordered,
        }
    }
}

/// The emulated SQS. Clones share it.
#[derive(Clone)]
pub struct Sqs {
    parts: Arc<Parts>,
}

struct Parts {
    options: SqsOptions,
    clock: Clock,
    chance: Chance,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    queues: BTreeMap<String, Queue>,
    usage: SqsUsage,
    /// Grows with each call that may have changed something.
    changes: u64,
}

impl Sqs {
    /// An SQS with no queues.
    pub fn new(options: SqsOptions, clock: Clock) -> Self {
        let chance = Chance::seeded(options.seed, "sqs");
        Self { parts: Arc::new(Parts { options, clock, chance, state: Mutex::default() }) }
    }

    /// Answers one call: `target` is the value of `x-amz-target`. A long poll answers when it has something, or at its end.
    pub async fn call(&self, target: &str, body: &[u8]) -> Reply {
        let answer = match target.strip_prefix(TARGET_PREFIX) {
            Some("ReceiveMessage") => receive::receive_message(&self.parts, body).await,
            Some(operation) => operations::run(&self.parts, operation, body),
            None => Err(SqsError::unsupported(&format!("There is no operation {target}."))),
        };
        answer.map_or_else(|error| error.reply(), Reply::ok)
    }

    /// Every queue's depth, by name.
    pub fn depths(&self) -> BTreeMap<String, Depth> {
        let now = self.parts.clock.now_millis();
        let mut state = self.parts.lock();
        let depth = |(name, queue): (&String, &mut Queue)| {
            queue.tick(now);
            (name.clone(), queue.depth())
        };
        state.queues.iter_mut().map(depth).collect()
    }

    /// Waits until the queue named `name` has a message to be received: a long poll without an end. Never returns for a queue that there is not.
    pub async fn ready(&self, name: &str) {
        loop {
            let (arrived, due) = {
                let mut state = self.parts.lock();
                let Some(queue) = state.queues.get_mut(name) else { break };
                queue.tick(self.parts.clock.now_millis());
                if queue.depth().ready > 0 {
                    return;
                }
                // Made under the lock, so that nothing arrives unheard in between.
                (Arc::clone(&queue.arrived).notified_owned(), queue.next_due())
            };
            tokio::select! {
                biased;
                () = arrived => {}
                () = self.due(due) => {}
            }
        }
        std::future::pending().await
    }

    async fn due(&self, at: Option<i64>) {
        match at {
            Some(at) => self.parts.clock.sleep_until(at).await,
            None => std::future::pending().await,
        }
    }

    /// The bodies of a queue's messages, oldest first, wherever they are. Nothing is received.
    pub fn bodies(&self, queue: &str) -> Vec<String> {
        let state = self.parts.lock();
        let messages = state.queues.get(queue).into_iter().flat_map(|queue| queue.messages.values());
        messages.map(|message| message.body.clone()).collect()
    }

    /// The URL of the queue named `name`, whether it exists or not.
    pub fn url(&self, name: &str) -> String {
        self.parts.url(name)
    }

    /// What has been called so far.
    pub fn usage(&self) -> SqsUsage {
        self.parts.lock().usage.clone()
    }

    /// A number that grows with every call that may have changed something, for whoever saves the state.
    pub fn changes(&self) -> u64 {
        self.parts.lock().changes
    }
}

impl Parts {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn url(&self, name: &str) -> String {
        format!("{}/{ACCOUNT}/{name}", self.options.endpoint)
    }

    fn arn(&self, name: &str) -> String {
        format!("arn:aws:sqs:{}:{ACCOUNT}:{name}", self.options.region)
    }
}

impl State {
    /// The queue that a URL names.
    fn queue(&mut self, url: &str) -> Result<&mut Queue, SqsError> {
        self.queues.get_mut(name_of(url)).ok_or_else(SqsError::no_queue)
    }

    fn count_call(&mut self, operation: &str, url: &str, payload_bytes: usize) {
        let key = (name_of(url).to_owned(), operation.to_owned());
        let billed = payload_bytes.div_ceil(limits::BILLED_CHUNK_BYTES).max(1) as u64;
        *self.usage.billed_requests.entry(key.clone()).or_default() += billed;
        *self.usage.calls.entry(key).or_default() += 1;
    }
}

fn name_of(url: &str) -> &str {
    url.rsplit('/').next().unwrap_or_default()
}
