//! Closing the day: a seal at the end of every chain.
//!
//! **Promise.** After a day is closed nothing can be booked in it any more, by any environment, whatever its clock says: the day of a page
//! follows from the page before it, and the page before is a seal. A day that stands closed in the table has its seal on every chain
//! that had begun by then, and the follower was asked to fold the seals. Closing can be repeated, and takes up what an earlier run left half done, days that were missed included.
//!
//! **Phases**, for each day from the earliest that is still open up to the one asked for: read where every chain ends; write a seal where
//! one stands in the day, idle chains too (so that no late clock can begin one in it); when all stand, write down the day.
//!
//! When the days are closed, each is [published](publish): its root is signed, with the counts and sums that it covers.
//!
//! **Bounds.** [`MOST_DAYS`] days a run; [`ROUNDS`] lost races on one chain, each lost to a page that was booked in time.

mod publish;

use std::time::Duration;

use domain::journal::{ChainId, Page, PageKind, Tail};
use domain::message::Message;
use domain::moment::Day;
use platform::bucket::Bucket;
use platform::queue::{Queue, QueueError};
use platform::schedule::{self, EventError};
use platform::secrets::Secrets;
use platform::table::{DaySeal, Span, Table, TableError};
use platform::{Clock, ConfigError, Platform, telemetry};
use serde_json::{Value, json};

pub use publish::PublishError;

/// Days closed in one run at most: a month of missed midnights is caught up in one go.
const MOST_DAYS: u32 = 31;
/// Races for one place of a chain before the run gives up and is started again by its schedule.
const ROUNDS: u32 = 50;
/// Pages read at once while looking back for a seal.
const LOOK_BACK: u64 = 32;

/// What closing is given, once for each environment.
pub struct Deps {
    table: Table,
    journal: Queue,
    bucket: Bucket,
    secrets: Secrets,
    clock: Clock,
}

impl Deps {
    /// From the platform's parts.
    ///
    /// # Errors
    /// When a setting is missing.
    pub fn new(platform: &Platform) -> Result<Deps, ConfigError> {
        Ok(Deps {
            table: platform.table()?,
            journal: platform.queue("QUEUE_JOURNAL")?,
            bucket: Bucket::new(&platform.aws, &platform.settings)?,
            secrets: platform.secrets()?,
            clock: platform.clock.clone(),
        })
    }
}

/// Why a day could not be closed.
#[derive(Debug, thiserror::Error)]
pub enum ClosingError {
    /// The event does not say which day.
    #[error("the event")]
    Event(#[from] EventError),
    /// The day is not over yet.
    #[error("{0} is not over yet")]
    NotOver(Day),
    /// The table did not take or give something.
    #[error("the table")]
    Table(#[from] TableError),
    /// The days are closed, but the follower was not asked to fold the seals.
    #[error("a queue")]
    Queue(#[from] QueueError),
    /// Too many others wrote to a chain.
    #[error("chain {0} is too busy to be sealed")]
    Crowded(ChainId),
    /// A chain has left the day, but no seal of the day is on it.
    #[error("chain {0} has no seal of {1}")]
    SealMissing(ChainId, Day),
    /// The days are closed, but one could not be published.
    #[error("the days are closed and not all are published")]
    Unpublished(#[from] PublishError),
}

/// Closes a day and all before it that are still open, and publishes those that are not; answers with the days that it closed and published.
///
/// # Errors
/// When the day is not over, or the table cannot be used; what was done so far stands, and a repeat goes on from there.
pub async fn handle(deps: &Deps, event: Value) -> Result<Value, ClosingError> {
    let day = schedule::day(event)?;
    if day >= deps.clock.now().day() {
        return Err(ClosingError::NotOver(day));
    }
    let mut closed = Vec::new();
    let mut next = earliest(deps, day).await?;
    while next <= day && closed.len() < MOST_DAYS as usize {
        close(deps, next).await?;
        closed.push(next.to_string());
        next = next.next();
    }
    deps.journal.send(Message::FoldRequested {}, Duration::ZERO).await?;
    telemetry::count("closing", "DaysClosed", closed.len() as u64);
    let published = publish::publish(deps, next.previous()).await;
    telemetry::count("closing", "PublishingFailed", u64::from(published.is_err()));
    let published: Vec<String> = published?.iter().map(Day::to_string).collect();
    telemetry::count("closing", "DaysPublished", published.len() as u64);
    Ok(json!({ "closed": closed, "published": published }))
}

/// The earliest day that a chain still stands in, or that is sealed but not written down; at the latest the one asked for.
async fn earliest(deps: &Deps, asked: Day) -> Result<Day, ClosingError> {
    let mut earliest = asked;
    for chain in ChainId::all() {
        if let Some(day) = deps.table.tail(chain).await?.day {
            earliest = earliest.min(day);
        }
    }
    // A run that broke off after the last seal left a day that no chain stands in any more.
    for _ in 0..MOST_DAYS {
        let before = earliest.previous();
        if deps.table.day_seal(before).await?.is_some() || !any_seal(deps, before).await? {
            break;
        }
        earliest = before;
    }
    Ok(earliest)
}

async fn any_seal(deps: &Deps, day: Day) -> Result<bool, ClosingError> {
    for chain in ChainId::all() {
        if find_seal(deps, &deps.table.tail(chain).await?, day).await?.is_some() {
            return Ok(true);
        }
    }
    Ok(false)
}

async fn close(deps: &Deps, day: Day) -> Result<(), ClosingError> {
    let before = deps.table.day_seal(day.previous()).await?;
    let first = |chain: ChainId| {
        let spans = before.iter().flat_map(|seal| &seal.chains);
        spans.filter(|span| span.chain == chain.number()).map(|span| span.seal + 1).next().unwrap_or(0)
    };
    let mut chains = Vec::new();
    for chain in ChainId::all() {
        if let Some(seal) = seal(deps, chain, day).await? {
            chains.push(Span::new(first(chain), &seal));
        }
    }
    deps.table.close_day(&DaySeal::new(day, chains, deps.clock.now())).await?;
    Ok(())
}

/// The chain's seal of the day, written now or before; none if the chain began after the day.
async fn seal(deps: &Deps, chain: ChainId, day: Day) -> Result<Option<Page>, ClosingError> {
    for _ in 0..ROUNDS {
        let tail = deps.table.tail(chain).await?;
        match tail.day {
            Some(stands) if stands > day => return sealed_before(deps, &tail, day).await,
            // An empty chain is begun with the seal, so that no late clock can begin it in the day.
            Some(_) | None => {
                let page = Tail { day: Some(tail.day.unwrap_or(day)), ..tail }.seal(deps.clock.now());
                if deps.table.write_seal(&page).await? && page.day == day {
                    return Ok(Some(page));
                }
            }
        }
    }
    Err(ClosingError::Crowded(chain))
}

async fn sealed_before(deps: &Deps, tail: &Tail, day: Day) -> Result<Option<Page>, ClosingError> {
    if let Some(seal) = find_seal(deps, tail, day).await? {
        return Ok(Some(seal));
    }
    match deps.table.page(tail.chain, 0).await? {
        Some(first) if first.day > day => Ok(None),
        _ => Err(ClosingError::SealMissing(tail.chain, day)),
    }
}

/// Looks back from the chain's end for the day's seal. A run that takes up another finds it a few pages back.
async fn find_seal(deps: &Deps, tail: &Tail, day: Day) -> Result<Option<Page>, ClosingError> {
    let mut end = tail.next_seq;
    while end > 0 {
        let start = end.saturating_sub(LOOK_BACK);
        let most = i32::try_from(end - start).unwrap_or(i32::MAX);
        let pages = deps.table.pages(tail.chain, start, most).await?;
        let found = pages.iter().find(|page| page.day == day && matches!(page.kind, PageKind::Seal));
        if let Some(page) = found {
            return Ok(Some(page.clone()));
        }
        if pages.first().is_none_or(|page| page.day < day) {
            return Ok(None);
        }
        end = start;
    }
    Ok(None)
}
