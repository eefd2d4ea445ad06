//! The pages of a sealed day, read once, each verified against the one before it.
//!
//! **Promise.** Every page of the day is read, in the order of chains and then of numbers, and follows from the one before it up to the seal that was written down. A
//! single changed byte in any of them is found, and the page that it is in is named: a page that reads as one, but not as the one that the page after it
//! names, is the one that was changed, unless the page after it is not the one that *its* successor names.
//!
//! **Cost.** A query for each [`PAGES`] pages of each chain, and a read for each chain's page before the day. Memory: these pages.

use std::collections::BTreeSet;
use std::future::ready;

use domain::hash::Hash;
use domain::journal::{ChainId, Page, PageError, PageKind, Tail};
use domain::moment::Day;
use domain::proof::day::DayTree;
use domain::report::{DayFigures, Disagreement};

use crate::bucket::BucketError;
use crate::table::{DaySeal, Span, Table, TableError};

/// Pages held at once. A page of a hundred gifts is some 30 KB: with these it is within a megabyte, which is what one query gives.
pub const PAGES: i32 = 16;

/// What is wrong with the books of a day, and where.
#[derive(Debug, thiserror::Error)]
pub enum BooksError {
    /// The table did not give a page, or what it gave is none.
    #[error("page {seq} of chain {chain} cannot be read")]
    Unread {
        /// The chain.
        chain: u8,
        /// The page; when the table gave nothing, the first that was asked for.
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
    /// A page is not the one that the page after it names, or that was written down as the seal.
    #[error("page {seq} of chain {chain} was changed after it was written")]
    Changed {
        /// The chain.
        chain: u8,
        /// The page.
        seq: u64,
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
    /// A page could not be kept by whom it was shown to.
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

/// Who is shown the pages of a day as they are read, each after it was verified, the seals too.
pub trait Reader: Send {
    /// The next page of the chain.
    fn page(&mut self, page: Page) -> impl Future<Output = Result<(), BucketError>> + Send;

    /// The chain has no more of the day; the next page is another's.
    fn end_of_chain(&mut self) -> impl Future<Output = Result<(), BucketError>> + Send {
        ready(Ok(()))
    }
}

/// Nobody: only the figures are asked for.
impl Reader for () {
    async fn page(&mut self, _: Page) -> Result<(), BucketError> {
        Ok(())
    }
}

impl Reader for DayTree {
    async fn page(&mut self, page: Page) -> Result<(), BucketError> {
        self.add(&page);
        Ok(())
    }
}

/// The figures of the day that this seal closes.
///
/// # Errors
/// The first page that is missing, unreadable, or not what it must be.
pub async fn read(table: &Table, seal: &DaySeal, reader: &mut impl Reader) -> Result<DayFigures, BooksError> {
    let mut figures = DayFigures::default();
    let mut named = BTreeSet::new();
    for span in &seal.chains {
        let chain = ChainId::new(span.chain).filter(|chain| named.insert(*chain));
        let chain = chain.ok_or(BooksError::NoChain(span.chain))?;
        let walk = Walk { table, day: seal.day, chain, span };
        walk.chain(&mut figures, reader).await?;
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

/// The way through a chain's pages of a day.
struct Walk<'w> {
    table: &'w Table,
    day: Day,
    chain: ChainId,
    span: &'w Span,
}

impl Walk<'_> {
    async fn chain(&self, figures: &mut DayFigures, reader: &mut impl Reader) -> Result<(), BooksError> {
        let Walk { table, day, chain, span } = *self;
        let mut tail = before(table, chain, span.first).await?;
        while tail.next_seq <= span.seal {
            let (seq, left) = (tail.next_seq, span.seal - tail.next_seq + 1);
            let most = i32::try_from(left).unwrap_or(PAGES).min(PAGES);
            let pages = table.pages(chain, seq, most).await.map_err(|source| self.unread(seq, source))?;
            if pages.is_empty() {
                return Err(BooksError::Missing { chain: span.chain, seq });
            }
            for page in pages {
                self.verify(&page, &tail).await?;
                let seq = tail.next_seq;
                figures.add(day, &page).map_err(|source| BooksError::Entry { chain: span.chain, seq, source })?;
                tail = page.tail();
                reader.page(page).await?;
            }
        }
        Ok(reader.end_of_chain().await?)
    }

    async fn verify(&self, page: &Page, tail: &Tail) -> Result<(), BooksError> {
        let (chain, seq) = (self.span.chain, tail.next_seq);
        let verified = page.verify(tail).map_err(|source| BooksError::Page { chain, seq, source });
        if let Err(BooksError::Page { source: PageError::Unlinked, .. }) = &verified {
            // One of the two was changed. If the later one is as its own successor names it, what it says of the earlier one is true.
            let seq = if self.is_named(page).await? { seq.saturating_sub(1) } else { seq };
            return Err(BooksError::Changed { chain, seq });
        }
        verified?;
        if seq == self.span.seal && !is_seal(page, self.span) {
            return Err(BooksError::OtherSeal { chain, seq });
        }
        Ok(())
    }

    /// Whether the page is the one that its successor names, or that was written down as the seal.
    async fn is_named(&self, page: &Page) -> Result<bool, BooksError> {
        if page.seq >= self.span.seal {
            return Ok(is_seal(page, self.span));
        }
        let next = self.table.page(self.chain, page.seq + 1).await;
        match next {
            Ok(next) => Ok(next.is_some_and(|next| next.previous == Hash::of(&[&page.bytes()]))),
            // What is unreadable names nothing, and is found when it is come to; a table that does not answer says nothing.
            Err(source) if source.is_transient() => Err(self.unread(page.seq + 1, source)),
            Err(_) => Ok(false),
        }
    }

    /// The page itself, where the table says which cannot be read.
    fn unread(&self, seq: u64, source: TableError) -> BooksError {
        let seq = match &source {
            TableError::Page { seq, .. } => *seq,
            _ => seq,
        };
        BooksError::Unread { chain: self.span.chain, seq, source }
    }
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
