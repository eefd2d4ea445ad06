//! Reports: the figures of a day that is sealed, as JSON, CSV and a page, in the bucket.
//!
//! **Promise.** A report that stands is of a whole day: it comes from sealed pages alone, each verified against the one before it up to the seal, and
//! it stands only if every proof held. The same day gives the same bytes, whenever and however often it is reported, also after a charity was
//! renamed: the first report keeps the names.
//!
//! **Phases**, and their cost:
//! 1. the day's seal: one read; without one nothing is done;
//! 2. [`platform::books`]: every page of the day, [`platform::books::PAGES`] at a time, folded into sums as it is read: memory for sums, not for gifts; and archived
//!    ([`archive`]), a file for each 64 pages of a chain;
//! 3. the proofs: the figures among themselves, and against the follower's totals: two reads;
//! 4. names: an earlier report, or the catalogue;
//! 5. CSV, page, and last the JSON: who finds the JSON finds all three.
//!
//! **Halfway.** No report is written before every proof held; what is archived are verified pages, the same files each time. A run that breaks off between the documents leaves no JSON, or all; a repeat writes the
//! same bytes over what is there.
//!
//! **Failure.** An error, which Lambda repeats twice within minutes, and which ends in a queue that wakes a person: the day is not sealed yet; the follower is
//! behind; or, for a person, a proof did not hold: which one, and where, is in the error.

pub mod archive;
mod names;

use std::collections::BTreeMap;

use documents::report::{self, ChainSpan, DayReport, FORM};
use domain::moment::Day;
use domain::report::{DayFigures, Disagreement};
use platform::books;
use platform::bucket::{Bucket, BucketError};
use platform::schedule::{self, EventError};
use platform::table::{DaySeal, Table, TableError};
use platform::{ConfigError, Platform, telemetry};
use serde_json::{Value, json};

use archive::Archivist;
pub use platform::books::BooksError;

/// What reports is given, once for each environment.
pub struct Deps {
    table: Table,
    bucket: Bucket,
}

impl Deps {
    /// From the platform's parts.
    ///
    /// # Errors
    /// When a setting is missing.
    pub fn new(platform: &Platform) -> Result<Deps, ConfigError> {
        Ok(Deps { table: platform.table()?, bucket: Bucket::new(&platform.aws, &platform.settings)? })
    }
}

/// Why a day was not reported.
#[derive(Debug, thiserror::Error)]
pub enum ReportError {
    /// The event does not say which day.
    #[error("the event")]
    Event(#[from] EventError),
    /// The day is not closed.
    #[error("{0} is not sealed yet")]
    NotSealed(Day),
    /// The table did not give something.
    #[error("the table")]
    Table(#[from] TableError),
    /// The bucket did not take or give something.
    #[error("the bucket")]
    Bucket(#[from] BucketError),
    /// The pages are not what the seal says.
    #[error("the books of {0}")]
    Books(Day, #[source] BooksError),
    /// The figures do not agree among themselves.
    #[error("the figures of {0}")]
    Figures(Day, #[source] Disagreement),
    /// The follower has not come to the day's end; it will.
    #[error("the totals have not come to the end of {day} on chain {chain}")]
    Behind {
        /// The day.
        day: Day,
        /// The first chain on which it is behind.
        chain: u8,
    },
    /// The follower's running figures of the day are others.
    #[error("{name} of {day} is {kept} in the totals and {folded} in the books")]
    Totals {
        /// The day.
        day: Day,
        /// The figure's name in the totals.
        name: String,
        /// As the follower keeps it.
        kept: i64,
        /// As the books give it.
        folded: i64,
    },
    /// A report of the day stands already and says something else: one of them is wrong.
    #[error("the report of {0} that stands says something else")]
    Differs(Day),
}

/// Where the documents of a day stand in the bucket, before their ending.
pub fn key(day: Day) -> String {
    format!("reports/day/{day}/report")
}

/// Reports a day; answers with where the report stands and what it says in all.
///
/// # Errors
/// See [`ReportError`]. Nothing is written under a final name then, but by a run that had proven everything.
pub async fn handle(deps: &Deps, event: Value) -> Result<Value, ReportError> {
    let day = schedule::day(event)?;
    let seal = deps.table.day_seal(day).await?.ok_or(ReportError::NotSealed(day))?;
    let mut archive = Archivist::new(&deps.bucket, day);
    let figures = books::read(&deps.table, &seal, &mut archive).await;
    let figures = figures.map_err(|error| ReportError::Books(day, error))?;
    archive.seal(&seal).await?;
    figures.check().map_err(|error| ReportError::Figures(day, error))?;
    compare_totals(&deps.table, &seal, &figures).await?;
    let all = figures.all;
    keep(deps, day, figures, chains(&seal)).await?;
    telemetry::count("reports", "DaysReported", 1);
    Ok(json!({ "day": day.to_string(), "report": key(day), "gifts": all.gifts, "net_minor": all.net_minor() }))
}

fn chains(seal: &DaySeal) -> Vec<ChainSpan> {
    let span = |span: &platform::table::Span| ChainSpan {
        chain: span.chain,
        first: span.first,
        seal: span.seal,
        hash: span.hash.clone(),
    };
    seal.chains.iter().map(span).collect()
}

/// What the follower keeps of the day equals the books, once it has folded the last seal.
async fn compare_totals(table: &Table, seal: &DaySeal, figures: &DayFigures) -> Result<(), ReportError> {
    let cursors = table.cursors().await?;
    let behind = |span: &&platform::table::Span| {
        domain::journal::ChainId::new(span.chain).is_none_or(|chain| cursors.of(chain) <= span.seal)
    };
    if let Some(span) = seal.chains.iter().find(behind) {
        return Err(ReportError::Behind { day: seal.day, chain: span.chain });
    }
    let item = format!("DAY#{}", seal.day);
    let kept = table.totals(&item).await?.remove(&item).unwrap_or_default();
    // What only the follower has counts as nothing in the books.
    let mut folded: BTreeMap<String, i64> = kept.keys().map(|name| (name.clone(), 0)).collect();
    folded.insert("s:all".to_owned(), figures.all.net_minor());
    folded.insert("n:all".to_owned(), signed(figures.all.gifts));
    for (fund, figures) in &figures.funds {
        folded.insert(format!("s:{fund}"), figures.net_minor());
        folded.insert(format!("n:{fund}"), signed(figures.gifts));
    }
    for (account, moved) in &figures.accounts {
        folded.insert(format!("d:{account}"), moved.debit_minor);
        folded.insert(format!("c:{account}"), moved.credit_minor);
    }
    for (name, folded) in folded {
        let kept = kept.get(&name).copied().unwrap_or_default();
        if kept != folded {
            return Err(ReportError::Totals { day: seal.day, name, kept, folded });
        }
    }
    Ok(())
}

fn signed(count: u64) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}

/// The JSON last: where it stands, the others do.
async fn keep(deps: &Deps, day: Day, figures: DayFigures, chains: Vec<ChainSpan>) -> Result<(), ReportError> {
    let key = key(day);
    let json_key = format!("{key}.json");
    let earlier = deps.bucket.fetch(&json_key).await?;
    // What is no report of ours says something else, too.
    let kept = earlier.as_deref().map(report::kept_in).transpose().map_err(|_| ReportError::Differs(day))?;
    let names = match &kept {
        Some(kept) => kept.names.clone(),
        None => names::of(&deps.table, &figures).await?,
    };
    let report = DayReport { day, figures, names, chains };
    let json = report::json(&report);
    if kept.is_some_and(|kept| kept.form == FORM) && earlier.as_ref() != Some(&json) {
        return Err(ReportError::Differs(day));
    }
    deps.bucket.keep(&format!("{key}.csv"), "text/csv; charset=utf-8", report::csv(&report)).await?;
    deps.bucket.keep(&format!("{key}.html"), "text/html; charset=utf-8", report::html(&report)).await?;
    deps.bucket.keep(&json_key, "application/json", json).await?;
    Ok(())
}
