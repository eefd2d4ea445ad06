//! DynamoDB on this machine: `dynoxide` behind the layers it lacks.
//!
//! Promise: the answers of DynamoDB's JSON protocol for the operations on tables and items, with the right cancellation
//! reasons, client tokens and capacity figures; and beside them what an emulator that answers one call at a time cannot
//! show by itself:
//! - [conflicts](DynamoOptions::service_time): two writes on one item at a time, one of them in a transaction, collide;
//! - [index lag](DynamoOptions::index_lag): a new item is not at once in an index;
//! - client tokens that live ten minutes of *our* [`Clock`], whatever the machine's time;
//! - [usage](DynamoDb::usage): what every call cost, by operation and table;
//! - [watching](DynamoDb::watch): every state that chosen items have had, in order.
//!
//! Shape: [`DynamoDb::call`] takes a target and a body and answers; a server and the in-process connector both use it.
//! Requests are dispatched into the database in process, each whole on the calling thread, so a single-threaded run with
//! one seed is the same every time.
//!
//! Bounds: PartiQL, streams, backups and vector search are not served (`UnknownOperationException`). The index lag delays
//! the appearance of items, not their change or removal. Refused writes are counted by estimate (see [`usage`]).
//! Failure: whatever goes wrong is an answer with a status, never a panic.

mod accounting;
mod administration;
mod batches;
mod conflicts;
mod lag;
mod metering;
mod refusal;
mod tables;
mod tokens;
mod transactions;
pub mod usage;
mod watching;
mod writes;

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use dynoxide::{Database, DynoxideError};
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::chance::Chance;
use crate::clock::Clock;
use crate::wire::Reply;

use accounting::Accounting;
use conflicts::InFlight;
use lag::IndexLag;
use metering::Metered;
use refusal::Refusal;
use tables::Tables;
use tokens::Tokens;
pub use usage::{KeyWrite, Units, Usage, Watched};
pub use watching::Peek;
use watching::Watching;

/// What precedes an operation's name in `x-amz-target`.
pub const TARGET_PREFIX: &str = "DynamoDB_20120810.";

/// How the emulated table behaves beyond its answers.
#[derive(Clone, Debug)]
pub struct DynamoOptions {
    /// How long a write is in flight, and so can conflict. Zero turns the layer off. 10 ms is what a transaction takes in a
    /// region under load.
    pub service_time: Duration,
    /// How long, at most, a new item takes to appear in an index. Zero turns the layer off.
    pub index_lag: Duration,
    /// Seeds the lag of each item.
    pub seed: u64,
}

impl Default for DynamoOptions {
    fn default() -> Self {
        Self { service_time: Duration::from_millis(10), index_lag: Duration::from_secs(2), seed: 0 }
    }
}

impl DynamoOptions {
    /// No conflicts and no lag: the plain database.
    pub fn plain() -> Self {
        Self { service_time: Duration::ZERO, index_lag: Duration::ZERO, seed: 0 }
    }
}

/// The emulated DynamoDB. Clones share it.
#[derive(Clone)]
pub struct DynamoDb {
    parts: Arc<Parts>,
}

/// A JSON document, or why there is none.
type Answer = Result<Vec<u8>, Refusal>;

struct Parts {
    database: Database,
    clock: Clock,
    tables: Tables,
    in_flight: InFlight,
    lag: IndexLag,
    tokens: Tokens,
    accounting: Accounting,
    watching: Watching,
}

/// The database could not be opened or swept.
#[derive(Debug, thiserror::Error)]
#[error("the local DynamoDB failed: {0}")]
pub struct DatabaseError(#[from] DynoxideError);

impl DynamoDb {
    /// A database in memory on the machine's time.
    pub fn memory(options: &DynamoOptions) -> Result<Self, DatabaseError> {
        Self::memory_with_clock(options, Clock::system())
    }

    /// A database in memory that reads time from `clock`: a simulation moves it.
    pub fn memory_with_clock(options: &DynamoOptions, clock: Clock) -> Result<Self, DatabaseError> {
        let database = Database::memory_with_clock(Arc::new(clock.clone()))?;
        Ok(Self::over(database, options, clock, false))
    }

    /// A database in the file at `path`, which is created if absent. What was answered is on disk. The sweep of expired items
    /// goes by the machine's time here, whatever `clock` says.
    pub fn on_disk(path: &Path, options: &DynamoOptions, clock: Clock) -> Result<Self, DatabaseError> {
        let database = Database::new(&path.to_string_lossy())?;
        Ok(Self::over(database, options, clock, true))
    }

    fn over(database: Database, options: &DynamoOptions, clock: Clock, has_past: bool) -> Self {
        let chance = Chance::seeded(options.seed, "index lag");
        Self {
            parts: Arc::new(Parts {
                tables: Tables::default(),
                in_flight: InFlight::new(options.service_time),
                lag: IndexLag::new(options.index_lag, chance, has_past),
                tokens: Tokens::default(),
                accounting: Accounting::default(),
                watching: Watching::default(),
                database,
                clock,
            }),
        }
    }

    /// Answers one call: `target` is the value of `x-amz-target`.
    pub async fn call(&self, target: &str, body: &[u8]) -> Reply {
        let Some(operation) = target.strip_prefix(TARGET_PREFIX) else {
            return unknown_operation();
        };
        let parts = &*self.parts;
        parts.accounting.count_call(operation);
        let answer = match operation {
            "PutItem" => writes::put(parts, body).await,
            "UpdateItem" => writes::update(parts, body).await,
            "DeleteItem" => writes::delete(parts, body).await,
            "TransactWriteItems" => transactions::write_items(parts, body).await,
            "TransactGetItems" => transactions::get_items(parts, body),
            "BatchWriteItem" => batches::write_items(parts, body).await,
            "GetItem" => parts.metered::<dynoxide::actions::get_item::GetItemRequest>(operation, body),
            "BatchGetItem" => parts.metered::<dynoxide::actions::batch_get_item::BatchGetItemRequest>(operation, body),
            "Query" => lag::query(parts, body),
            "Scan" => lag::scan(parts, body),
            _ => match administration::run(parts, operation, body) {
                Some(answer) => answer,
                None => return unknown_operation(),
            },
        };
        answer.map_or_else(|refusal| parts.refuse(operation, &refusal), Reply::ok)
    }

    /// What has been called and consumed so far.
    pub fn usage(&self) -> Usage {
        self.parts.accounting.usage()
    }

    /// Starts or stops recording each key's writes, for finding hot keys. Off at first: it costs memory by the write.
    pub fn record_keys(&self, on: bool) {
        self.parts.accounting.record_keys(on);
    }

    /// The writes recorded since the last time they were taken.
    pub fn take_key_writes(&self) -> Vec<KeyWrite> {
        self.parts.accounting.take_key_writes()
    }

    /// Shows every write, plain or in a transaction, of items whose partition keys begin so, in the order in which they are made. It runs within the call, so it
    /// must be quick; other items can be looked at as they stand then.
    pub fn watch(&self, partitions: &str, see: impl Fn(&Peek<'_>, Watched) + Send + Sync + 'static) {
        self.parts.watching.add(partitions, see);
    }

    /// Deletes what its time to live says is over, as DynamoDB does within days. Returns how many items went.
    pub fn sweep_expired(&self) -> Result<usize, DatabaseError> {
        Ok(self.parts.database.sweep_ttl()?)
    }

    /// The time by its clock, in milliseconds since 1970.
    pub fn now_millis(&self) -> i64 {
        self.parts.clock.now_millis()
    }

    /// The number of writes in flight: 0 when quiet.
    pub fn writes_in_flight(&self) -> usize {
        self.parts.in_flight.len()
    }
}

impl Parts {
    /// Reads, runs and accounts one operation that no layer is interested in.
    fn metered<R: Metered + DeserializeOwned>(&self, operation: &str, body: &[u8]) -> Answer {
        let (answer, asked) = self.measured(operation, parse::<R>(body)?)?;
        write(&R::trimmed(answer, asked))
    }

    /// Runs one operation with its capacity figures on, and accounts them.
    fn measured<R: Metered>(&self, operation: &str, mut request: R) -> dynoxide::Result<(R::Answer, metering::Asked)> {
        let asked = request.ask_for_capacity();
        let answer = request.run(&self.database)?;
        self.accounting.count_capacity(operation, R::capacity(&answer));
        Ok((answer, asked))
    }

    fn refuse(&self, operation: &str, refusal: &Refusal) -> Reply {
        self.accounting.count_error(operation, refusal.name());
        refusal.reply()
    }
}

/// Reads a request, telling malformed ones apart as DynamoDB does.
fn parse<R: DeserializeOwned>(body: &[u8]) -> dynoxide::Result<R> {
    serde_json::from_slice(body).map_err(|error| malformed(&error.to_string()))
}

/// `dynoxide` marks in the text of an error which of DynamoDB's two classes it belongs to.
fn malformed(text: &str) -> DynoxideError {
    let plain = text.split(" at line ").next().unwrap_or(text);
    if let Some(message) = plain.strip_prefix("SERIALIZATION:").or(plain.strip_prefix("SERIALIZATION_AS_READ:")) {
        return DynoxideError::SerializationException(message.to_owned());
    }
    let marked = ["VALIDATION_REQUEST:", "VALIDATION_AS_READ:", "VALIDATION:"];
    if let Some(message) = marked.iter().find_map(|mark| plain.strip_prefix(mark)) {
        return DynoxideError::ValidationException(message.to_owned());
    }
    let validation = ["missing field", "unknown variant", "invalid type: null", "AttributeValue"];
    if validation.iter().any(|sign| plain.contains(sign)) {
        return DynoxideError::ValidationException(plain.to_owned());
    }
    DynoxideError::SerializationException(plain.to_owned())
}

fn write<A: Serialize>(answer: &A) -> Answer {
    serde_json::to_vec(answer).map_err(|error| DynoxideError::InternalServerError(error.to_string()).into())
}

fn unknown_operation() -> Reply {
    Reply::error(400, "com.amazon.coral.service#UnknownOperationException", "")
}

/// What DynamoDB says to a transaction that conflicts at one of its actions. Which one depends on the request's length
/// alone: the same for the same request, whatever the order of its members.
pub(crate) fn conflict_at_one_action(body: &[u8]) -> Reply {
    let request: serde_json::Value = serde_json::from_slice(body).unwrap_or_default();
    let actions = request["TransactItems"].as_array().map_or(1, Vec::len).max(1);
    let taken: Vec<bool> = (0..actions).map(|index| index == body.len() % actions).collect();
    Refusal::Cancelled(taken).reply()
}

/// What DynamoDB says to a plain write that conflicts with a transaction.
pub(crate) fn conflict_on_item() -> Reply {
    Refusal::Conflict.reply()
}
