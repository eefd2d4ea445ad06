//! At which chain an environment writes, and for how long.
//!
//! Where it has written it knows the chain's end, so that the next page needs no read, and others who lost to it are elsewhere: so it stays. But not for good. A partition key takes a
//! thousand write units a second, and one environment alone could fill it; on a quiet day one alone writes everything. After [`MOST_ENTRIES`] entries or [`MOST_PAGES`] pages it goes on to
//! the next chain, which costs one read, so that what is booked is spread over all of them however few are at work. Whoever has just lost to another stays longer: when as many are at work
//! as there are chains, whoever moves gets in another's way.

use domain::journal::{ChainId, Page, Tail};
use platform::table::{Table, TableError};

/// Entries after which the next chain is taken: so many of a hundred and forty bytes, twice for the transaction, are some forty write units.
pub const MOST_ENTRIES: usize = 128;
/// Pages after which it is, however few entries they have: each is two write units at the least.
pub const MOST_PAGES: usize = 16;
/// How many times longer one stays who has lost to another.
pub const LOST_STAYS: usize = 16;

/// The end of a chain, as its writer knows it, and what it has written there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Seat {
    /// Where the chain ends.
    pub tail: Tail,
    entries: usize,
    pages: usize,
    times: usize,
}

impl Seat {
    /// At the end of a chain, which was read.
    pub const fn at(tail: Tail) -> Seat {
        Seat { tail, entries: 0, pages: 0, times: 1 }
    }

    /// At the end of a chain at random.
    ///
    /// # Errors
    /// When the table cannot be reached.
    pub async fn any(table: &Table, random: u64) -> Result<Seat, TableError> {
        Ok(Seat::at(table.tail(ChainId::any(random)).await?))
    }

    /// At the end of a chain, after a page there was lost to another writer.
    ///
    /// # Errors
    /// When the table cannot be reached.
    pub async fn after_loss(table: &Table, chain: ChainId) -> Result<Seat, TableError> {
        Ok(Seat { times: LOST_STAYS, ..Seat::at(table.tail(chain).await?) })
    }

    /// The same seat, or one at the next chain where enough was written at this one.
    ///
    /// # Errors
    /// When the table cannot be reached.
    pub async fn or_next(self, table: &Table) -> Result<Seat, TableError> {
        if self.is_used_up() { Ok(Seat::at(table.tail(self.tail.chain.next()).await?)) } else { Ok(self) }
    }

    /// After this page was written at its end.
    #[must_use]
    pub fn wrote(self, page: &Page) -> Seat {
        let entries = self.entries.saturating_add(page.entries().len());
        Seat { tail: page.tail(), entries, pages: self.pages.saturating_add(1), times: self.times }
    }

    const fn is_used_up(&self) -> bool {
        self.entries >= MOST_ENTRIES.saturating_mul(self.times) || self.pages >= MOST_PAGES.saturating_mul(self.times)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seat(entries: usize, pages: usize, times: usize) -> Seat {
        Seat { entries, pages, times, ..Seat::at(Tail::empty(ChainId::any(3))) }
    }

    #[test]
    fn a_seat_is_left_after_so_many_entries_or_pages_and_later_by_whoever_has_lost() {
        let table = [(0, 0, 1, false), (127, 15, 1, false), (128, 2, 1, true), (16, 16, 1, true)];
        let lost = [(128, 2, LOST_STAYS, false), (2_047, 255, LOST_STAYS, false), (2_048, 30, LOST_STAYS, true)];
        for (entries, pages, times, expected) in table.into_iter().chain(lost) {
            assert_eq!(seat(entries, pages, times).is_used_up(), expected, "{entries} entries, {pages} pages, {times}");
        }
    }
}
