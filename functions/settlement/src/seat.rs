//! At which chain an environment writes, and for how long.
//!
//! Where it has written it knows the chain's end, so that the next page needs no read: so it stays for small pages. But not for long. A partition key takes a thousand write units a second, and
//! one environment alone could fill it; on a quiet day one alone writes everything. After [`MOST_ENTRIES`] entries or [`MOST_PAGES`] pages it goes on to the next chain, for one read, so that
//! what is booked is spread over all of them however few are at work. Two that meet at a chain cost one of them a page: when as many are at work as there are chains, each with two full pages a
//! second that take some forty milliseconds from that read to the end of the write, it is by reckoning one page in ten.

use domain::journal::{ChainId, Page, Tail};
use platform::table::{Table, TableError};

/// Entries after which the next chain is taken: so many are some twenty to thirty write units. A full page has more.
pub const MOST_ENTRIES: usize = 64;
/// Pages after which it is, however few entries they have: each is two write units at the least.
pub const MOST_PAGES: usize = 16;

/// The end of a chain, as its writer knows it, and what it has written there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Seat {
    /// Where the chain ends.
    pub tail: Tail,
    entries: usize,
    pages: usize,
}

impl Seat {
    /// At the end of a chain, which is read.
    ///
    /// # Errors
    /// When the table cannot be reached.
    pub async fn at_end_of(table: &Table, chain: ChainId) -> Result<Seat, TableError> {
        Ok(Seat::at(table.tail(chain).await?))
    }

    const fn at(tail: Tail) -> Seat {
        Seat { tail, entries: 0, pages: 0 }
    }

    /// The same seat, or one at the next chain where enough was written at this one.
    ///
    /// # Errors
    /// When the table cannot be reached.
    pub async fn or_next(self, table: &Table) -> Result<Seat, TableError> {
        if self.is_used_up() { Seat::at_end_of(table, self.tail.chain.next()).await } else { Ok(self) }
    }

    /// After this page was written at its end.
    #[must_use]
    pub fn wrote(self, page: &Page) -> Seat {
        let entries = self.entries.saturating_add(page.entries().len());
        Seat { tail: page.tail(), entries, pages: self.pages.saturating_add(1) }
    }

    const fn is_used_up(&self) -> bool {
        self.entries >= MOST_ENTRIES || self.pages >= MOST_PAGES
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seat_is_left_after_so_many_entries_or_pages() {
        let seat = |(entries, pages)| Seat { entries, pages, ..Seat::at(Tail::empty(ChainId::any(3))) };
        let left = [(0, 0), (63, 15), (64, 1), (16, 16), (99, 1)].map(|written| seat(written).is_used_up());
        assert_eq!(left, [false, false, true, true, true]);
    }
}
