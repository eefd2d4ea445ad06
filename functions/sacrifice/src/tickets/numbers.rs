//! Numbers of tickets, in blocks: an environment takes some at once from the one count there is, and gives them out.
//!
//! **Promise.** No number is given twice. Whoever comes a second or more after another has a later number, in whichever environment: what is left of a block after [`BLOCK_MS`] is not given
//! any more.
//!
//! **Cost.** One write for each block. The first has one number; while blocks are used up before their time each is twice as large as the one before, up to [`MOST_BLOCK`], and otherwise
//! as large as what was used lately. So thousands of tickets a second are a write or two a second of each environment, and numbers that nobody was given are few.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use domain::id::OpportunityId;
use domain::moment::Moment;
use platform::Clock;
use platform::table::{Table, TableError};

/// How long numbers of a block are given out, in milliseconds.
pub const BLOCK_MS: i64 = 1_000;
/// The most numbers of a block: more than one environment gives out in a second, one call after another.
pub const MOST_BLOCK: u32 = 1_024;

/// Numbers that were taken together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Block {
    /// The next to be given.
    next: u64,
    /// The last of them.
    last: u64,
    size: u32,
    /// When taking them began.
    taken_at: Moment,
}

/// The blocks of this environment, by offering. Of callers who come at the same time one takes a block, and the others wait for it.
#[derive(Debug, Default)]
pub struct Numbers(Mutex<BTreeMap<OpportunityId, Arc<tokio::sync::Mutex<Option<Block>>>>>);

impl Numbers {
    /// The next number of an offering.
    ///
    /// # Errors
    /// When the table cannot be reached where a block has to be taken.
    pub async fn next(&self, table: &Table, clock: &Clock, offering: &OpportunityId) -> Result<u64, TableError> {
        let place = self.of(offering);
        let mut block = place.lock().await;
        let now = clock.now();
        if let Some(number) = block.as_mut().and_then(|block| block.give(now)) {
            return Ok(number);
        }
        let size = block.map_or(1, |block| block.following(now));
        // Before the call: if its answer is lost, what is left of the old block is not given after what others take meanwhile.
        *block = None;
        let last = table.take_tickets(offering, size).await?;
        let first = last.saturating_sub(u64::from(size)) + 1;
        *block = Some(Block { next: first + 1, last, size, taken_at: now });
        Ok(first)
    }

    fn of(&self, offering: &OpportunityId) -> Arc<tokio::sync::Mutex<Option<Block>>> {
        let mut blocks = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(blocks.entry(offering.clone()).or_default())
    }
}

impl Block {
    /// The next number, while its time lasts.
    fn give(&mut self, now: Moment) -> Option<u64> {
        let is_fresh = (0..BLOCK_MS).contains(&now.millis_since(self.taken_at));
        let number = self.next;
        (is_fresh && number <= self.last).then(|| {
            self.next += 1;
            number
        })
    }

    /// How many to take after this one.
    fn following(&self, now: Moment) -> u32 {
        let lasted = now.millis_since(self.taken_at);
        let left = u32::try_from((self.last + 1).saturating_sub(self.next)).unwrap_or(self.size);
        let used = u64::from(self.size.saturating_sub(left));
        if left == 0 && lasted < BLOCK_MS {
            return self.size.saturating_mul(2).min(MOST_BLOCK);
        }
        let lately = used * BLOCK_MS.unsigned_abs() / lasted.max(BLOCK_MS).unsigned_abs();
        u32::try_from(lately).unwrap_or(MOST_BLOCK).clamp(1, MOST_BLOCK)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(millis: i64) -> Moment {
        Moment::from_millis(1_000_000 + millis)
    }

    fn block(size: u32, used: u64) -> Block {
        Block { next: 101 + used, last: 100 + u64::from(size), size, taken_at: at(0) }
    }

    #[test]
    fn numbers_are_given_in_order_for_a_second() {
        let mut three = block(3, 0);
        assert_eq!([0, 5, 999, 999].map(|millis| three.give(at(millis))), [Some(101), Some(102), Some(103), None]);
        assert_eq!([BLOCK_MS, -1].map(|millis| block(3, 0).give(at(millis))), [None, None]);
    }

    #[test]
    fn blocks_grow_with_demand_and_shrink_with_it() {
        let table = [
            (1, 1, 5, 2),
            (64, 64, 999, 128),
            (MOST_BLOCK, 1_024, 10, MOST_BLOCK),
            // Used up, but not sooner than it had to be.
            (64, 64, 2_000, 32),
            (64, 64, 3_600_000, 1),
            (64, 20, 1_000, 20),
            (64, 0, 1_000, 1),
            // A clock that was put back.
            (64, 20, -5, 20),
        ];
        for (size, used, lasted, expected) in table {
            assert_eq!(block(size, used).following(at(lasted)), expected, "{used} of {size} in {lasted} ms");
        }
    }
}
