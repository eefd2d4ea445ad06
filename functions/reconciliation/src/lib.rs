//! Reconciliation: the provider's list, the books and the bank's statements, held against each other by the clock.
//!
//! **Promise.** What a provider took is in the books within minutes, whether or not its webhook came. What does not agree is a case, with the money it is about;
//! nothing is corrected here. What the bank's statement shows is in the books: a payout of the provider's as such, anything else in suspense, with a case. The
//! raw statement stays.
//!
//! **Shape.** One event for each kind of work: `{"compare": "payments"}`, `"bank"` or `"day"`.
//! - [`minutes`]: what changed at the provider lately, by its list; what the books lack is told to `verification`, as a webhook would have;
//! - [`bank`]: documents that came in, [`statement`]s read from them, each booked once and in order; [`recalls`]: what charities owe after a refund;
//! - [`day`]: a sealed day, three ways, written down as one document.
//!
//! [`list`] reads windows of a provider's list, [`known`] what the table knows of payments, by their keys: nothing is scanned.
//!
//! **Halfway.** Every write is on a condition or under a key derived from what it is about; a run that breaks off is begun again by the clock and ends the same.
//!
//! **Failure.** An error, which Lambda repeats, and which ends in a queue that wakes a person. A provider that is down leaves the cursor where it was: the next
//! run goes on from there.

pub mod bank;
pub mod day;
pub mod known;
pub mod list;
pub mod minutes;
pub mod recalls;
pub mod statement;
mod twice;

use domain::case::Case;
use domain::moment::Day;
use domain::payment::Provider;
use domain::reconcile::bank::Payers;
use platform::books::BooksError;
use platform::bucket::{Bucket, BucketError};
use platform::queue::{Queue, QueueError};
use platform::schedule::EventError;
use platform::table::{Table, TableError};
use platform::{Clock, ConfigError, Platform, Random};
use providers::{ProviderError, Providers};
use serde::Deserialize;
use serde_json::Value;

/// What reconciliation is given, once for each environment.
pub struct Deps {
    table: Table,
    bucket: Bucket,
    providers: Providers,
    verification: Queue,
    journal: Queue,
    payers: Payers,
    clock: Clock,
    random: Random,
}

impl Deps {
    /// From the platform's parts.
    ///
    /// # Errors
    /// When a setting is missing.
    pub fn new(platform: &Platform) -> Result<Deps, ConfigError> {
        let named = platform.settings.required("MOYASAR_PAYER")?.to_owned();
        Ok(Deps {
            table: platform.table()?,
            bucket: Bucket::new(&platform.aws, &platform.settings)?,
            providers: Providers::new(platform)?,
            verification: platform.queue("QUEUE_VERIFICATION")?,
            journal: platform.queue("QUEUE_JOURNAL")?,
            payers: Payers::new([(Provider::Moyasar, named)]),
            clock: platform.clock.clone(),
            random: platform.random.clone(),
        })
    }
}

/// Why something was not compared, or not to its end.
#[derive(Debug, thiserror::Error)]
pub enum ReconcileError {
    /// The event does not say what to compare.
    #[error("the event: {0}")]
    What(String),
    /// The event does not say which day.
    #[error("the event")]
    Event(#[from] EventError),
    /// The day is not closed.
    #[error("{0} is not sealed yet")]
    NotSealed(Day),
    /// The pages are not what the seal says.
    #[error("the books of {0}")]
    Books(Day, #[source] BooksError),
    /// Payments that changed a moment ago: what is told of them is still on its way into the books.
    #[error("{0} payments have just changed; they are compared when they are at rest")]
    InFlight(usize),
    /// The follower has not folded all pages: balances are not known.
    #[error("the totals have not come to the end of the books")]
    Behind,
    /// The provider did not give something.
    #[error("the provider")]
    Provider(#[from] ProviderError),
    /// The provider's list kept changing while it was read, or is too long.
    #[error("the provider's list: {0}")]
    List(&'static str),
    /// The table did not take or give something.
    #[error("the table")]
    Table(#[from] TableError),
    /// The bucket did not take or give something.
    #[error("the bucket")]
    Bucket(#[from] BucketError),
    /// A queue did not take something.
    #[error("the queue")]
    Queue(#[from] QueueError),
    /// Something that cannot be written: a fault of ours.
    #[error("{0}")]
    Ours(&'static str),
}

#[derive(Deserialize)]
#[serde(rename_all = "snake_case")]
enum Compare {
    Payments,
    Bank,
    Day,
}

/// What an event asks for, read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Asked {
    /// The provider's list of the last minutes against the books.
    Payments,
    /// The bank's documents that came in.
    Bank,
    /// This day, three ways.
    Day(Day),
}

impl Asked {
    /// Reads an event.
    ///
    /// # Errors
    /// [`ReconcileError::What`] and [`ReconcileError::Event`].
    pub fn of(event: Value) -> Result<Asked, ReconcileError> {
        let missing = || ReconcileError::What("it does not say what to compare".to_owned());
        let what = event.get("compare").ok_or_else(missing)?;
        Ok(match Compare::deserialize(what).map_err(|error| ReconcileError::What(error.to_string()))? {
            Compare::Payments => Asked::Payments,
            Compare::Bank => Asked::Bank,
            Compare::Day => Asked::Day(platform::schedule::day(event)?),
        })
    }
}

/// Compares what the event asks for; answers with what came of it.
///
/// # Errors
/// See [`ReconcileError`]. What was done before it stays done, and is not done twice.
pub async fn handle(deps: &Deps, event: Value) -> Result<Value, ReconcileError> {
    match Asked::of(event)? {
        Asked::Payments => minutes::run(deps).await,
        Asked::Bank => bank::run(deps).await,
        Asked::Day(day) => day::run(deps, day).await,
    }
}

/// Sets a matter aside; gives back its id.
async fn open(deps: &Deps, case: &Case) -> Result<String, TableError> {
    let id = case.id();
    tracing::warn!(case = id, reason = case.reason.code(), amount_minor = case.amount_minor.halalas(), "the sides differ");
    deps.table.open_case(case).await?;
    Ok(id)
}
