//! Every total, counted again from the pages.

use std::collections::BTreeSet;

use domain::journal::{ChainId, Page, Tail};
use domain::totals::{self, Delta};
use platform::table::{Cursors, Table};

use crate::{RebuildError, pages};

/// How often the totals are read before the follower is said to be too quick.
const LOOKS: u32 = 20;

/// A total that is not what the pages give.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Difference {
    /// The item of totals.
    pub item: String,
    /// The name in it.
    pub name: String,
    /// As it is kept.
    pub kept: i64,
    /// As the pages give it.
    pub counted: i64,
}

/// What was found.
#[derive(Debug, Clone)]
pub struct Recount {
    /// Pages read, all verified.
    pub pages: u64,
    /// Entries and movements on them.
    pub entries: u64,
    /// Pages to which the follower has not come yet.
    pub behind: u64,
    /// Totals that differ.
    pub differences: Vec<Difference>,
    /// Where the follower stood.
    pub(crate) cursors: Cursors,
    counted: Delta,
}

/// Recounts every total. `told` is told of each portion of pages, for whoever waits.
///
/// # Errors
/// The first page that is unreadable, missing, or not what it must be.
pub async fn recount(table: &Table, mut told: impl FnMut(u64)) -> Result<Recount, RebuildError> {
    let mut found = Count::new();
    for _ in 0..LOOKS {
        let cursors = table.cursors().await?;
        for chain in ChainId::all() {
            found.count(table, chain, cursors.of(chain), &mut told).await?;
        }
        let kept = table.totals("").await?;
        if table.cursors().await? == cursors {
            let behind = found.behind(table, &mut told).await?;
            let differences = differences(&kept, &found.counted);
            let Count { pages, entries, counted, .. } = found;
            return Ok(Recount { pages, entries, behind, differences, cursors, counted });
        }
        // The follower has gone on: what it folded meanwhile is counted too.
    }
    Err(RebuildError::Moving)
}

/// Puts right what differs; gives back what was counted, in which nothing differs any more.
///
/// # Errors
/// As [`recount`]; [`RebuildError::Moving`] when the follower was quicker each time.
pub async fn mend(table: &Table, mut told: impl FnMut(u64)) -> Result<Vec<Difference>, RebuildError> {
    for _ in 0..LOOKS {
        let found = recount(table, &mut told).await?;
        let items: BTreeSet<&String> = found.differences.iter().map(|difference| &difference.item).collect();
        let whole = |item: &String| (item.clone(), found.counted.get(item).cloned().unwrap_or_default());
        let items: Delta = items.into_iter().map(whole).collect();
        if table.put_totals(&found.cursors, &items).await? {
            return Ok(found.differences);
        }
    }
    Err(RebuildError::Moving)
}

struct Count {
    tails: Vec<Tail>,
    pages: u64,
    entries: u64,
    counted: Delta,
}

impl Count {
    fn new() -> Count {
        Count { tails: ChainId::all().map(Tail::empty).collect(), pages: 0, entries: 0, counted: Delta::new() }
    }

    /// Counts a chain's pages up to `end`.
    async fn count(
        &mut self,
        table: &Table,
        chain: ChainId,
        end: u64,
        told: &mut impl FnMut(u64),
    ) -> Result<(), RebuildError> {
        loop {
            let from = self.tail(chain).next_seq;
            if from >= end {
                return Ok(());
            }
            let mut pages = self.next(table, chain, told).await?;
            pages.retain(|page| page.seq < end);
            let Some(last) = pages.last() else { return Err(RebuildError::Beyond { chain, seq: from }) };
            self.tails[usize::from(chain.number())] = last.tail();
            self.entries += pages.iter().map(|page| (page.entries().len() + page.movements().len()) as u64).sum::<u64>();
            merge(&mut self.counted, totals::fold(&pages));
        }
    }

    /// Pages behind which the follower is, verified too.
    async fn behind(&mut self, table: &Table, told: &mut impl FnMut(u64)) -> Result<u64, RebuildError> {
        let mut behind = 0;
        for chain in ChainId::all() {
            loop {
                let pages = self.next(table, chain, told).await?;
                let Some(last) = pages.last() else { break };
                behind += pages.len() as u64;
                self.tails[usize::from(chain.number())] = last.tail();
            }
        }
        Ok(behind)
    }

    fn tail(&self, chain: ChainId) -> Tail {
        self.tails[usize::from(chain.number())]
    }

    /// The next pages of a chain, each verified against the one before it.
    async fn next(&mut self, table: &Table, chain: ChainId, told: &mut impl FnMut(u64)) -> Result<Vec<Page>, RebuildError> {
        let pages = pages::after(table, self.tail(chain)).await?;
        self.pages += pages.len() as u64;
        told(pages.len() as u64);
        Ok(pages)
    }
}

fn merge(into: &mut Delta, other: Delta) {
    for (item, names) in other {
        let kept = into.entry(item).or_default();
        for (name, sum) in names {
            *kept.entry(name).or_default() += sum;
        }
    }
}

/// What is kept and what was counted, name by name; a name that is not there counts as nothing.
fn differences(kept: &Delta, counted: &Delta) -> Vec<Difference> {
    let names = |delta: &Delta| -> BTreeSet<(String, String)> {
        let all = delta.iter().flat_map(|(item, names)| names.keys().map(move |name| (item.clone(), name.clone())));
        all.collect()
    };
    let of = |delta: &Delta, item: &str, name: &str| {
        delta.get(item).and_then(|names| names.get(name)).copied().unwrap_or_default()
    };
    let all: BTreeSet<_> = names(kept).union(&names(counted)).cloned().collect();
    let compared = all.into_iter().map(|(item, name)| {
        let (kept, counted) = (of(kept, &item, &name), of(counted, &item, &name));
        Difference { item, name, kept, counted }
    });
    compared.filter(|difference| difference.kept != difference.counted).collect()
}
