//! The pages of a sealed day, read once, each verified against the one before it.

use std::collections::BTreeSet;

use domain::journal::{ChainId, Page, PageError, PageKind, Tail};
use domain::moment::Day;
use domain::report::{DayFigures, Disagreement};
use platform::bucket::BucketError;
use platform::table::{DaySeal, Span, Table, TableError};

use crate::archive::Archivist;

/// Pages held at once. A page of a hundred gifts is some 30 KB: with these it is within a megabyte, which is what one query gives.
pub const PAGES: i32 = 16;

/// What is wrong with the books of a day, and where.
#[derive(Debug, thiserror::Error)]
pub enum BooksError {
    /// The table did not give a page, or what it gave is none.
    #[error("pages from {seq} on of chain {chain} cannot be read")]
    Unread {
        /// The chain.
        chain: u8,
        /// The first page that was asked for.
        seq: u64,
        /// Why.
        #[source]
        source: TableError,
    },
    /// A page does not follow from the one before it, or breaks a rule.
    #[error("page {seq} of chain {chain}")]
    Page {
        /// The chain.
        chain: u8,
        /// The page.
        seq: u64,
        /// Which rule.
        #[source]
        source: PageError,
    },
    /// A page is of another day, or does not say what its money is for.
    #[error("an entry on page {seq} of chain {chain}")]
    Entry {
        /// The chain.
        chain: u8,
        /// The page.
        seq: u64,
        /// What of it.
        #[source]
        source: Disagreement,
    },
    /// A page that must be there is not.
    #[error("page {seq} of chain {chain} is missing")]
    Missing {
        /// The chain.
        chain: u8,
        /// The page.
        seq: u64,
    },
    /// The last page is not the seal that was written down, or the page before the first is none.
    #[error("page {seq} of chain {chain} is not the seal that it must be")]
    OtherSeal {
        /// The chain.
        chain: u8,
        /// The page.
        seq: u64,
    },
    /// The seal names a chain that there is not, or one twice.
    #[error("the seal must name chain {0} once, and there must be one")]
    NoChain(u8),
    /// A page could not be archived.
    #[error("the archive")]
    Archive(#[from] BucketError),
    /// The seal does not name a chain that had begun by then, or was to be begun by it.
    #[error("the seal does not name chain {0}")]
    Unnamed(u8),
}

impl BooksError {
    /// Whether a repeat may go well: the table or the bucket was not reached.
    pub fn is_transient(&self) -> bool {
        matches!(self, BooksError::Archive(_)) || matches!(self, BooksError::Unread { source, .. } if source.is_transient())
    }
}

/// The figures of the day that this seal closes. Its pages are archived as they are read: what is verified is archived, whatever is wrong elsewhere.
///
/// # Errors
/// The first page that is missing, unreadable, or not what it must be.
pub async fn read(table: &Table, seal: &DaySeal, archive: &mut Archivist<'_>) -> Result<DayFigures, BooksError> {
    let mut figures = DayFigures::default();
    let mut named = BTreeSet::new();
    for span in &seal.chains {
        let chain = ChainId::new(span.chain).filter(|chain| named.insert(*chain));
        let chain = chain.ok_or(BooksError::NoChain(span.chain))?;
        read_chain(table, seal, (chain, span), &mut figures, archive).await?;
    }
    for chain in ChainId::all().filter(|chain| !named.contains(chain)) {
        began_later(table, chain, seal.day).await?;
    }
    Ok(figures)
}

/// A chain that the seal leaves out had not begun by then: closing begins those that are empty.
async fn began_later(table: &Table, chain: ChainId, day: Day) -> Result<(), BooksError> {
    let first = table.page(chain, 0).await;
    let first = first.map_err(|source| BooksError::Unread { chain: chain.number(), seq: 0, source })?;
    let began_later = first.is_some_and(|first| first.day > day);
    if began_later { Ok(()) } else { Err(BooksError::Unnamed(chain.number())) }
}

async fn read_chain(
    table: &Table,
    seal: &DaySeal,
    (chain, span): (ChainId, &Span),
    figures: &mut DayFigures,
    archive: &mut Archivist<'_>,
) -> Result<(), BooksError> {
    let mut tail = before(table, chain, span.first).await?;
    while tail.next_seq <= span.seal {
        let (seq, left) = (tail.next_seq, span.seal - tail.next_seq + 1);
        let most = i32::try_from(left).unwrap_or(PAGES).min(PAGES);
        let pages = table.pages(chain, seq, most).await;
        let pages = pages.map_err(|source| BooksError::Unread { chain: span.chain, seq, source })?;
        if pages.is_empty() {
            return Err(BooksError::Missing { chain: span.chain, seq });
        }
        for page in pages {
            let seq = tail.next_seq;
            page.verify(&tail).map_err(|source| BooksError::Page { chain: span.chain, seq, source })?;
            figures.add(seal.day, &page).map_err(|source| BooksError::Entry { chain: span.chain, seq, source })?;
            if seq == span.seal && !is_seal(&page, span) {
                return Err(BooksError::OtherSeal { chain: span.chain, seq });
            }
            tail = page.tail();
            archive.take(page).await?;
        }
    }
    Ok(archive.end_file().await?)
}

/// Where the chain ended before the day: with a seal, or it had not begun. A span that began later would leave gifts out.
async fn before(table: &Table, chain: ChainId, first: u64) -> Result<Tail, BooksError> {
    let Some(seq) = first.checked_sub(1) else { return Ok(Tail::empty(chain)) };
    let page = table.page(chain, seq).await;
    let page = page.map_err(|source| BooksError::Unread { chain: chain.number(), seq, source })?;
    match page {
        Some(page) if matches!(page.kind, PageKind::Seal) => Ok(page.tail()),
        Some(_) => Err(BooksError::OtherSeal { chain: chain.number(), seq }),
        None => Err(BooksError::Missing { chain: chain.number(), seq }),
    }
}

fn is_seal(page: &Page, span: &Span) -> bool {
    matches!(page.kind, PageKind::Seal) && page.hash().to_string() == span.hash
}
