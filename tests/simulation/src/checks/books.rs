//! The books by themselves: pages, chains, totals, accounts.

use std::collections::{BTreeMap, BTreeSet};

use domain::donation::Place;
use domain::journal::{ChainId, EntryKind, Page, Tail};
use domain::receipt::Serial;
use domain::totals::{self, Delta};
use platform::table::{Cursors, Table, TableError};

/// Pages read at once.
const PAGES: i32 = 500;

/// Every page that was read so far.
#[derive(Debug, Default)]
pub struct Books {
    tails: BTreeMap<u8, Tail>,
    /// The pages, those of one chain in order.
    pub pages: Vec<Page>,
}

impl Books {
    /// Every page of every chain, each verified against the one before it.
    ///
    /// # Errors
    /// When the table cannot be read, which without faults it always can.
    pub async fn read(table: &Table, wrong: &mut Vec<String>) -> Result<Books, TableError> {
        let mut books = Books::default();
        books.catch_up(table, wrong).await?;
        Ok(books)
    }

    /// Reads what was written since; each page is verified against the one before it, once.
    ///
    /// # Errors
    /// As [`Books::read`].
    pub async fn catch_up(&mut self, table: &Table, wrong: &mut Vec<String>) -> Result<(), TableError> {
        for chain in ChainId::all() {
            let tail = self.tails.entry(chain.number()).or_insert_with(|| Tail::empty(chain));
            loop {
                let pages = match table.pages(chain, tail.next_seq, PAGES).await {
                    Ok(pages) if pages.is_empty() => break,
                    Ok(pages) => pages,
                    // Nobody can read on from here; what stands after it is missed by whoever looks for it.
                    Err(TableError::Page { seq, source }) => {
                        wrong.push(format!("page {seq} of chain {chain} cannot be read: {source}"));
                        break;
                    }
                    Err(error) => return Err(error),
                };
                for page in pages {
                    if let Err(error) = page.verify(tail) {
                        wrong.push(format!("page {} of chain {chain}: {error}", page.seq));
                    }
                    *tail = page.tail();
                    self.pages.push(page);
                }
            }
        }
        Ok(())
    }

    /// What was read while the run went on stands unchanged at its end.
    pub fn stand_in(&self, end: &Books, wrong: &mut Vec<String>) {
        let place = |page: &Page| (page.chain.number(), page.seq, page.hash().to_string());
        let standing: BTreeSet<_> = end.pages.iter().map(place).collect();
        for page in self.pages.iter().filter(|page| !standing.contains(&place(page))) {
            wrong.push(format!("page {} of chain {} is not what it was", page.seq, page.chain));
        }
    }
}

/// Totals equal the journal up to the cursors, at any moment.
///
/// # Errors
/// As [`Books::read`].
pub async fn totals(table: &Table, pages: &[Page], wrong: &mut Vec<String>) -> Result<(), TableError> {
    // The follower may fold between two reads; then they are read again.
    for _ in 0..20 {
        let before = table.cursors().await?;
        let kept = table.totals("").await?;
        if before != table.cursors().await? {
            continue;
        }
        let folded = totals::fold(pages.iter().filter(|page| page.seq < before.of(page.chain)));
        if without_zeros(kept.clone()) != without_zeros(folded.clone()) {
            wrong.push(format!("totals differ from the journal up to the cursors: {kept:?} and {folded:?}"));
        }
        return Ok(());
    }
    Ok(())
}

fn without_zeros(mut delta: Delta) -> Delta {
    for names in delta.values_mut() {
        names.retain(|_, sum| *sum != 0);
    }
    delta.retain(|_, names| !names.is_empty());
    delta
}

/// The follower has come to the end of every chain, and not beyond it.
pub fn followed(cursors: &Cursors, pages: &[Page], wrong: &mut Vec<String>) {
    for page in pages {
        if page.seq >= cursors.of(page.chain) {
            wrong.push(format!("page {} of chain {} is not folded", page.seq, page.chain));
        }
    }
    for chain in ChainId::all() {
        // What comes next would never be folded.
        let end = pages.iter().filter(|page| page.chain == chain).map(|page| page.seq + 1).max().unwrap_or(0);
        if cursors.of(chain) > end {
            wrong.push(format!("{} pages are folded beyond the end of chain {chain}", cursors.of(chain) - end));
        }
    }
}

/// The books balance: what the providers hold for us is what was given, is owed back, or is in suspense.
pub fn balance(pages: &[Page], wrong: &mut Vec<String>) {
    let mut net: BTreeMap<String, i64> = BTreeMap::new();
    for transfer in pages.iter().flat_map(Page::transfers) {
        *net.entry(transfer.debit().to_string()).or_default() -= transfer.amount().signed_halalas();
        *net.entry(transfer.credit().to_string()).or_default() += transfer.amount().signed_halalas();
    }
    if net.values().sum::<i64>() != 0 {
        wrong.push(format!("the books do not balance: {net:?}"));
    }
    for (account, sum) in net {
        if sum < 0 && !may_be_negative(&account) {
            wrong.push(format!("{account} stands at {sum}"));
        }
    }
}

/// Whether an account may stand below nothing: what is owed to us, what is in the bank or left it unexplained, and what went back before it is known from where.
pub fn may_be_negative(account: &str) -> bool {
    ["clearing", "refunds_suspense", "disputes", "fees", "bank", "own"].iter().any(|name| account.starts_with(name))
}

/// Each settled gift has a receipt's number of its own.
pub fn serials(pages: &[Page], wrong: &mut Vec<String>) {
    let mut seen = BTreeSet::new();
    for page in pages {
        for (index, entry) in (0..).zip(page.entries()) {
            let place = Place { chain: page.chain.number(), seq: page.seq, index };
            let serial = Serial::new(page.day, place).to_string();
            if entry.kind == EntryKind::Settled && !seen.insert(serial.clone()) {
                wrong.push(format!("two gifts have the receipt {serial}"));
            }
        }
    }
}
