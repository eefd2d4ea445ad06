//! What was said of a restored day, from what was published of it.
//!
//! A day may be archived before it is published, and then its archived seal does not say what was signed. Without that the function `closing` would find its own log unknown, and could publish no day after it. What was
//! published is believed only where the restored pages make it again, byte for byte; the signature is kept as it was published, and is for `verify` to prove.

use domain::hash::Hash;
use domain::moment::Day;
use domain::proof::checkpoint::Checkpoint;
use domain::proof::day::{ChainEnd, DayTree};
use domain::proof::log::{Log, PublishedDay};
use domain::proof::{key, note};
use platform::books;
use platform::bucket::Bucket;
use platform::table::{DaySeal, Span, Stated, Table};

use crate::RebuildError;

/// The log as it is published; an empty one if there is none.
pub(crate) async fn log(bucket: &Bucket) -> Result<Log, RebuildError> {
    let Some(bytes) = bucket.fetch(key::LOG).await? else { return Ok(Log::default()) };
    serde_json::from_slice(&bytes).map_err(|_| RebuildError::Missing(key::LOG.to_owned()))
}

/// Writes down what was said of a day that the log has, if the table does not say it. A day that is not published yet is left to `closing`.
pub(crate) async fn restore(table: &Table, bucket: &Bucket, log: &Log, day: Day) -> Result<(), RebuildError> {
    let Some(number) = log.days.iter().position(|logged| logged.day == day) else { return Ok(()) };
    let Some(seal) = table.day_seal(day).await? else { return Ok(()) };
    if seal.stated.is_some() && seal.checkpoint.is_some() {
        return Ok(());
    }
    let key = key::day(day);
    let published = bucket.fetch(&key).await?.ok_or_else(|| RebuildError::Missing(key.clone()))?;
    let published: PublishedDay = serde_json::from_slice(&published).map_err(|_| RebuildError::Missing(key))?;
    let with = Log { days: log.days[..=number].to_vec(), checkpoint: String::new() };
    let stated = stated(table, &seal, &with).await?;
    let state = note::text(&published.checkpoint).and_then(Checkpoint::read);
    let is_signed = state.is_some_and(|state| (state.size, state.root) == (with.size(), with.root()));
    if stated.as_ref().is_none_or(|stated| stated.record != published.record) || !is_signed {
        return Err(RebuildError::Published(day));
    }
    if let Some(stated) = stated {
        table.state_day(day, &stated).await?;
    }
    table.sign_day(day, &published.checkpoint).await?;
    Ok(())
}

/// What the pages say of the last day of this log; none when the log has another leaf for it.
async fn stated(table: &Table, seal: &DaySeal, with: &Log) -> Result<Option<Stated>, RebuildError> {
    let Some((last, earlier)) = with.days.split_last() else { return Ok(None) };
    let before = Log { days: earlier.to_vec(), checkpoint: String::new() };
    let mut tree = DayTree::default();
    let figures =
        books::read(table, seal, &mut tree).await.map_err(|source| RebuildError::Books { day: seal.day, source })?;
    let end = |span: &Span| {
        let hash: Hash = span.hash.parse().ok()?;
        Some(ChainEnd { chain: span.chain, first: span.first, seal: span.seal, hash })
    };
    let chains = seal.chains.iter().filter_map(end).collect();
    let record = tree.record(seal.day, (before.size(), before.root()), &figures.funds, chains);
    let (tree_size, root, log_root) = (record.pages, record.root, with.root());
    Ok((record.leaf() == last.leaf).then(|| Stated { tree_size, root, record: record.to_string(), log_root }))
}
