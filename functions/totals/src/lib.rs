//! The follower: folds the pages of the journal into totals, in order, each once.
//!
//! **Promise.** At any moment the totals equal the journal up to the cursors: a fold moves both in one transaction, on condition that the
//! cursors stand where they were read. A crash, a lost reply or a second follower changes nothing: whoever comes next reads the cursors
//! and goes on from there.
//!
//! **Phases** of a round: read the cursors; read what stands behind them on the chains that were told of (on all when the clock asks);
//! fold, purely; write. Rounds follow until nothing stands behind.
//!
//! **Cost.** Two write units for each item of totals touched, at most 64 of them for opportunities however many gifts the pages hold: the
//! longer the batching window, the cheaper the gift. At 200 gifts a second and a window of five seconds, about a quarter of a unit a gift.
//!
//! **Bounds.** [`MOST_PAGES`] pages of a chain a round, fewer when the table says that the transaction is too large; [`ROUNDS`] rounds.

use std::collections::BTreeSet;

use aws_lambda_events::event::sqs::{SqsBatchResponse, SqsEvent};
use domain::journal::{ChainId, Page};
use domain::message::Message;
use domain::moment::Moment;
use domain::totals;
use platform::batch::{Batch, Delivery};
use platform::queue::Queue;
use platform::table::{Cursors, Folding, Table, TableError};
use platform::{Clock, ConfigError, Platform, Random, telemetry};

/// Pages read of one chain in one round at most: some seconds of the highest peak, a few hundred KB.
const MOST_PAGES: i32 = 64;
/// Rounds of one invocation at most: what is left then is told of by other messages, or found by the clock's.
const ROUNDS: u32 = 50;

/// What the follower is given, once for each environment.
pub struct Deps {
    table: Table,
    journal: Queue,
    clock: Clock,
    random: Random,
}

impl Deps {
    /// From the platform's parts.
    ///
    /// # Errors
    /// When a setting is missing.
    pub fn new(platform: &Platform) -> Result<Deps, ConfigError> {
        Ok(Deps {
            table: platform.table()?,
            journal: platform.queue("QUEUE_JOURNAL")?,
            clock: platform.clock.clone(),
            random: platform.random.clone(),
        })
    }
}

/// Why the totals could not be brought up.
#[derive(Debug, thiserror::Error)]
pub enum FollowError {
    /// The table did not take or give something.
    #[error("the table")]
    Table(#[from] TableError),
    /// A page is not where it should be. The books are looked at by a person before anything is folded over the gap.
    #[error("page {expected} of chain {chain} is missing or out of place")]
    Gap {
        /// The chain.
        chain: ChainId,
        /// The number that should follow.
        expected: u64,
    },
}

/// Folds what the messages tell of; reports all of them as failed when that did not succeed.
pub async fn handle(deps: &Deps, event: SqsEvent) -> SqsBatchResponse {
    let batch = Batch::read(event);
    let chains = chains(&batch.deliveries);
    let failures = match follow(deps, &chains).await {
        Ok(()) => Vec::new(),
        Err(error) => {
            tracing::warn!(error = platform::http::chain(&error), "the totals could not be brought up");
            batch.deliveries.iter().map(Delivery::failure).collect()
        }
    };
    batch.answer(&deps.journal, &deps.random, failures).await
}

/// The chains that the messages tell of; all when the clock asks.
fn chains(deliveries: &[Delivery]) -> BTreeSet<ChainId> {
    let mut chains = BTreeSet::new();
    for delivery in deliveries {
        match &delivery.message {
            Message::PageCommitted { chain, .. } => chains.extend(ChainId::new(*chain)),
            Message::FoldRequested {} => chains.extend(ChainId::all()),
            _ => tracing::error!(message_id = delivery.id, "a message is not for the follower"),
        }
    }
    chains
}

/// Brings the totals up to the end of these chains.
///
/// # Errors
/// When the table cannot be reached, or a page is missing.
pub async fn follow(deps: &Deps, chains: &BTreeSet<ChainId>) -> Result<(), FollowError> {
    let mut most = MOST_PAGES;
    for _ in 0..ROUNDS {
        let from = deps.table.cursors().await?;
        let pages = behind(deps, &from, chains, most).await?;
        if pages.is_empty() {
            return Ok(());
        }
        let to = beyond(&from, &pages)?;
        match deps.table.fold(&from, &to, &totals::fold(&pages)).await {
            Ok(Folding::Folded) => report(&pages, deps.clock.now()),
            Ok(Folding::Overtaken) => {}
            // Too much for one transaction: half as much is tried, down to a page of each chain.
            Err(error) if error.is_invalid() && most > 1 => most /= 2,
            Err(error) => return Err(error.into()),
        }
    }
    Ok(())
}

async fn behind(deps: &Deps, from: &Cursors, chains: &BTreeSet<ChainId>, most: i32) -> Result<Vec<Page>, FollowError> {
    let mut pages = Vec::new();
    for chain in chains {
        pages.extend(deps.table.pages(*chain, from.of(*chain), most).await?);
    }
    Ok(pages)
}

/// Where the cursors stand after these pages; every page must follow the one before it.
fn beyond(from: &Cursors, pages: &[Page]) -> Result<Cursors, FollowError> {
    let mut to = from.clone();
    for page in pages {
        let expected = to.of(page.chain);
        if page.seq != expected {
            return Err(FollowError::Gap { chain: page.chain, expected });
        }
        to.set(page.chain, expected + 1);
    }
    Ok(to)
}

/// How far the totals were behind: the age of the oldest page that was folded.
fn report(pages: &[Page], now: Moment) {
    let oldest = pages.iter().map(|page| now.millis_since(page.written_at)).max().unwrap_or(0);
    telemetry::milliseconds("totals", "JournalLag", u64::try_from(oldest).unwrap_or(0));
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use domain::journal::Tail;

    #[test]
    fn cursors_move_page_by_page_and_never_over_a_gap() {
        let chain = ChainId::new(3).unwrap();
        let now = Moment::from_millis(1_000);
        let first = Tail::empty(chain).seal(now);
        let second = first.tail().seal(now);
        let third = second.tail().seal(now);
        let to = beyond(&Cursors::START, &[first.clone(), second]).unwrap();
        assert_eq!(to.of(chain), 2);
        assert!(matches!(beyond(&Cursors::START, &[first, third]), Err(FollowError::Gap { expected: 1, .. })));
    }
}
