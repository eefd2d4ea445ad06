//! Publishing what is said of a closed day: its root, the counts and sums that the root covers, and the log that grew by it, signed.
//!
//! [`domain::proof`] tells what is published and what it proves.
//!
//! **Promise.** Of a day one root is signed, and never another: what is said of it is settled in the table by the first who says it, and only what stands there is
//! signed, and only the signature that stands there is published. A repeat writes the same bytes over what is there.
//!
//! **Phases** of a day:
//! 1. its pages, each verified ([`books`]), make the leaves of its tree and its figures, which must balance: a query for each 16 pages;
//! 2. what is said of the day is settled in the table (a write, on condition that nothing is);
//! 3. the leaves of its pages are kept in the bucket;
//! 4. the list of keys is kept in the bucket, the log with the day as its last is signed, and the signature kept in the table (on the same condition);
//! 5. the day, the log's checkpoint and the log are written to the bucket. The log is last: what is in it is published whole.
//!
//! **Halfway.** The log says which days are published; the next run goes on with the day after the last of them. One that breaks off after 2 left
//! what the next one finds, and cannot say otherwise. Of two runs at once both write the same; the slower one may put back a log that is a day shorter,
//! until the next night; nothing but the next run reads it.
//!
//! **Failure.** An error that names the day, and the page if one is wrong; the seals stand, and the day before stays the last that is published.

use domain::hash::Hash;
use domain::moment::Day;
use domain::proof::checkpoint::Checkpoint;
use domain::proof::day::{ChainEnd, DayRecord, DayTree};
use domain::proof::log::{Log, LoggedDay, PublishedDay};
use domain::proof::note::{self, NoteError, Signers};
use domain::proof::{key, pages};
use domain::report::Disagreement;
use platform::books::{self, BooksError};
use platform::bucket::BucketError;
use platform::secrets::SecretError;
use platform::table::{DaySeal, Span, Stated, TableError};
use serde::Serialize;

use crate::{Deps, MOST_DAYS};

const JSON: &str = "application/json";
const TEXT: &str = "text/plain; charset=utf-8";
const BYTES: &str = "application/octet-stream";

/// Why a day was not published.
#[derive(Debug, thiserror::Error)]
pub enum PublishError {
    /// The table did not take or give something.
    #[error("the table")]
    Table(#[from] TableError),
    /// The bucket did not take or give something.
    #[error("the bucket")]
    Bucket(#[from] BucketError),
    /// The keys could not be read.
    #[error("the keys that sign the log")]
    Secret(#[from] SecretError),
    /// They are no keys.
    #[error("the keys that sign the log")]
    Keys(#[from] NoteError),
    /// The day is not closed.
    #[error("{0} is not closed")]
    NotClosed(Day),
    /// The pages are not what the seal says.
    #[error("the books of {0}")]
    Books(Day, #[source] BooksError),
    /// The figures do not agree among themselves.
    #[error("the figures of {0}")]
    Figures(Day, #[source] Disagreement),
    /// Something else was said of the day already: one of the two is wrong.
    #[error("what stands of {0} says something else")]
    Differs(Day),
    /// The published log is not the one that was signed, or cannot be read.
    #[error("the log that is published is not the one that was signed")]
    Log,
}

/// Publishes every closed day up to `asked` that is not published yet, in order, and `asked` again if it is; answers with those days.
///
/// # Errors
/// See [`PublishError`]. The days before the one that it is about are published.
pub(crate) async fn publish(deps: &Deps, asked: Day) -> Result<Vec<Day>, PublishError> {
    let signers = Signers::read(deps.secrets.read("SECRET_PROOF_KEYS").await?.text())?;
    let log = published_log(deps).await?;
    if let Some(at) = log.days.iter().position(|logged| logged.day == asked) {
        let before = Log { days: log.days[..at].to_vec(), checkpoint: String::new() };
        publish_day(deps, &signers, before, asked).await?;
        return Ok(vec![asked]);
    }
    let mut next = match log.days.last() {
        Some(last) => last.day.next(),
        None => first_closed(deps, asked).await?,
    };
    let (mut log, mut published) = (log, Vec::new());
    while next <= asked && published.len() < MOST_DAYS as usize {
        log = publish_day(deps, &signers, log, next).await?;
        deps.bucket.keep(key::CHECKPOINT, TEXT, log.checkpoint.clone().into_bytes()).await?;
        deps.bucket.keep(key::LOG, JSON, json(&log)).await?;
        published.push(next);
        next = next.next();
    }
    Ok(published)
}

/// The log as it is published, once it is the one that was signed last; empty if there is none.
async fn published_log(deps: &Deps) -> Result<Log, PublishError> {
    let Some(bytes) = deps.bucket.fetch(key::LOG).await? else { return Ok(Log::default()) };
    let log: Log = serde_json::from_slice(&bytes).map_err(|_| PublishError::Log)?;
    let last = log.days.last().ok_or(PublishError::Log)?.day;
    let stated = deps.table.day_seal(last).await?.and_then(|seal| seal.stated);
    if stated.is_some_and(|stated| stated.log_root == log.root()) { Ok(log) } else { Err(PublishError::Log) }
}

/// The earliest of the closed days up to this one, without a gap: where the log begins.
async fn first_closed(deps: &Deps, asked: Day) -> Result<Day, PublishError> {
    let mut first = asked;
    while deps.table.day_seal(first.previous()).await?.is_some() {
        first = first.previous();
    }
    Ok(first)
}

/// Publishes a day behind the log before it; gives back the log with it.
async fn publish_day(deps: &Deps, signers: &Signers, before: Log, day: Day) -> Result<Log, PublishError> {
    let seal = deps.table.day_seal(day).await?.ok_or(PublishError::NotClosed(day))?;
    let (tree, record) = record(deps, &seal, &before).await?;
    let mut log = before;
    log.days.push(LoggedDay { day, leaf: record.leaf() });
    let stated = Stated { tree_size: record.pages, root: record.root, record: record.to_string(), log_root: log.root() };
    let seal = deps.table.state_day(day, &stated).await?;
    if seal.stated.as_ref() != Some(&stated) {
        return Err(PublishError::Differs(day));
    }
    deps.bucket.keep(&key::pages(day), BYTES, pages::bytes(tree.leaves())).await?;
    log.checkpoint = sign(deps, signers, &seal, &log).await?;
    let (path, growth) = log.last_paths();
    let published = PublishedDay { record: stated.record, checkpoint: log.checkpoint.clone(), path, growth };
    deps.bucket.keep(&key::day(day), JSON, json(&published)).await?;
    Ok(log)
}

/// The day's tree and what is to be said of it, from its pages.
async fn record(deps: &Deps, seal: &DaySeal, log: &Log) -> Result<(DayTree, DayRecord), PublishError> {
    let day = seal.day;
    let mut tree = DayTree::default();
    let figures = books::read(&deps.table, seal, &mut tree).await;
    let figures = figures.map_err(|error| PublishError::Books(day, error))?;
    figures.check().map_err(|error| PublishError::Figures(day, error))?;
    let end = |span: &Span| {
        let hash: Hash = span.hash.parse().ok()?;
        Some(ChainEnd { chain: span.chain, first: span.first, seal: span.seal, hash })
    };
    // Read above as the hashes of the seals that they are.
    let chains = seal.chains.iter().filter_map(end).collect();
    let record = tree.record(day, (log.size(), log.root()), &figures.funds, chains);
    Ok((tree, record))
}

/// The signature that stands for this day, whatever keys there are now; made by those if there is none.
async fn sign(deps: &Deps, signers: &Signers, seal: &DaySeal, log: &Log) -> Result<String, PublishError> {
    let day = seal.day;
    let checkpoint = match &seal.checkpoint {
        Some(stands) => stands.clone(),
        None => {
            let keys = signers.verifiers();
            let list = signers.sign(&note::key_list(&keys));
            deps.bucket.keep(&key::keys(&keys), TEXT, list.into_bytes()).await?;
            let signed = signers.sign(&log.state(signers.name()).to_string());
            deps.table.sign_day(day, &signed).await?.checkpoint.ok_or(PublishError::Differs(day))?
        }
    };
    let state = note::text(&checkpoint).and_then(Checkpoint::read);
    let is_of_log = state.is_some_and(|state| (state.size, state.root) == (log.size(), log.root()));
    if is_of_log { Ok(checkpoint) } else { Err(PublishError::Differs(day)) }
}

fn json(published: &impl Serialize) -> Vec<u8> {
    serde_json::to_vec_pretty(published).expect("what is published can be written")
}
