//! The books, from the archive into a table.

use std::collections::BTreeMap;

use domain::journal::{ChainId, Page, Tail, archive};
use domain::moment::Day;
use domain::totals;
use platform::bucket::Bucket;
use platform::table::{Cursors, DaySeal, Folding, Restored, Table};

use crate::{RebuildError, stated};

/// What was restored.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Archive {
    /// Days, each whole.
    pub days: u64,
    /// Pages that were written.
    pub written: u64,
    /// Pages that stood already.
    pub stood: u64,
}

/// Restores every day of the archive, the earliest first, into the table. Days whose seal is not archived are left out, with all after them: their pages may not be all.
///
/// # Errors
/// When a file is not what it must be, or the table holds other books.
pub async fn restore(table: &Table, bucket: &Bucket, mut told: impl FnMut(Day)) -> Result<Archive, RebuildError> {
    let mut restored = Archive::default();
    let mut tails: Vec<Tail> = ChainId::all().map(Tail::empty).collect();
    let log = stated::log(bucket).await?;
    for (day, files) in days(bucket).await? {
        let Some(seal) = seal(bucket, day).await? else { break };
        for chain in ChainId::all() {
            let first = tails[usize::from(chain.number())];
            let tail = chain_of_day(table, bucket, (chain, first), &files, &mut restored).await?;
            let span = seal.chains.iter().find(|span| span.chain == chain.number());
            let ends_so = match span {
                Some(span) => tail.next_seq == span.seal + 1 && tail.hash.to_string() == span.hash,
                None => tail.next_seq == first.next_seq,
            };
            if !ends_so {
                return Err(RebuildError::Seal { day, chain });
            }
            tails[usize::from(chain.number())] = tail;
        }
        fold(table, &tails).await?;
        table.close_day(&seal).await?;
        stated::restore(table, bucket, &log, day).await?;
        restored.days += 1;
        told(day);
    }
    Ok(restored)
}

/// The keys of each day's files of pages.
async fn days(bucket: &Bucket) -> Result<BTreeMap<Day, Vec<String>>, RebuildError> {
    let mut days: BTreeMap<Day, Vec<String>> = BTreeMap::new();
    for key in bucket.list("archive/").await? {
        let day = key.split('/').nth(1).and_then(|day| day.parse().ok());
        let day: Day = day.ok_or_else(|| RebuildError::Missing(key.clone()))?;
        let files = days.entry(day).or_default();
        if key.ends_with(".cbor") {
            files.push(key);
        }
    }
    Ok(days)
}

async fn seal(bucket: &Bucket, day: Day) -> Result<Option<DaySeal>, RebuildError> {
    let key = format!("{}seal.json", archive::prefix(day));
    let Some(json) = bucket.fetch(&key).await? else { return Ok(None) };
    serde_json::from_slice(&json).map(Some).map_err(|_| RebuildError::Missing(key))
}

/// Puts a chain's pages of a day back; gives back where the chain ends then.
async fn chain_of_day(
    table: &Table,
    bucket: &Bucket,
    (chain, mut tail): (ChainId, Tail),
    files: &[String],
    restored: &mut Archive,
) -> Result<Tail, RebuildError> {
    let part = format!("/chain-{chain}/");
    for key in files.iter().filter(|key| key.contains(&part)) {
        let bytes = bucket.fetch(key).await?.ok_or_else(|| RebuildError::Missing(key.clone()))?;
        let pages = archive::read(&bytes).map_err(|source| RebuildError::File { key: key.clone(), source })?;
        for page in pages {
            let seq = tail.next_seq;
            page.verify(&tail).map_err(|source| RebuildError::Page { chain, seq, source })?;
            match table.restore_page(&page).await? {
                Restored::Written => restored.written += 1,
                Restored::Stood => restored.stood += 1,
                Restored::Other => return Err(RebuildError::OtherBooks { chain, seq }),
            }
            tail = page.tail();
        }
    }
    Ok(tail)
}

/// Folds what the totals have not come to, up to these ends; a portion at a time, so that each fits into a transaction.
async fn fold(table: &Table, tails: &[Tail]) -> Result<(), RebuildError> {
    for tail in tails {
        loop {
            let from = table.cursors().await?;
            let next = from.of(tail.chain);
            if next >= tail.next_seq {
                break;
            }
            let pages = table.pages(tail.chain, next, i32::try_from(archive::MOST_PAGES).unwrap_or(1)).await?;
            let pages: Vec<Page> = pages.into_iter().filter(|page| page.seq < tail.next_seq).collect();
            let Some(last) = pages.last() else { return Err(RebuildError::Beyond { chain: tail.chain, seq: next }) };
            let to: Cursors = {
                let mut to = from.clone();
                to.set(tail.chain, last.seq + 1);
                to
            };
            match table.fold(&from, &to, &totals::fold(&pages)).await? {
                Folding::Folded | Folding::Overtaken => {}
            }
        }
    }
    Ok(())
}
