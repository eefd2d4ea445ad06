//! Settlement: payment facts become entries in the books, many in one transaction.
//!
//! **Promise.** Each payment stands in the books once in the end, whatever is delivered twice, late, out of order, or to two environments at once. A
//! message is let go only after its facts stand in the books and what follows from them was told; after a crash anywhere the message
//! comes again, finds the books as they are, and only tells again. A fact is taken to name the same donation each time, or none at first. What named none and
//! comes late is booked a second time, as an orphan; that leaves the books as soon as the capture is told for the donation again. What somebody changes at the provider to another
//! donation afterwards is found by `reconciliation` (`booked_twice`).
//!
//! **Phases**, for a group of up to [`group::MOST_FACTS`] facts:
//! 1. read the donations that the facts name, and the charges kept for their payments (two batch reads; a third where metadata changed since);
//! 2. [`plan`]: what every fact makes of them, purely;
//! 3. open the cases that follow, and have the provider asked once more about what is nobody's (a write and a message each; rare);
//!    and the [`salts`] of their leaves, a multiplication on the curve for each whose donor has a data key, and one write in the table of keys if some have none;
//! 4. [`commit`]: one transaction of a journal page and all that it books;
//! 5. [`consequences`]: tell the queues what followed (one batch call for each queue that has something to hear).
//!
//! **Cost** of an ordinary gift in a group of n: two write units for its donation and its share of the page, about `2·⌈n/7⌉/n`; where its donor has no data key, its share
//! of one write of the salts for each time that the group is planned, which is a unit up to 48 of them and two beyond.
//!
//! **Chains.** An environment stays at a chain for a while and then goes on to the next ([`seat`]), so that no chain is hot, however few or many are at work.
//!
//! **Bounds.** A hundred actions a transaction, [`commit::ROUNDS`] rounds a group. What is not settled by then goes back to the queue.

pub mod commit;
pub mod consequences;
pub mod group;
pub mod plan;
pub mod salts;
pub mod seat;

use std::sync::Mutex;

use aws_lambda_events::event::sqs::{SqsBatchResponse, SqsEvent};
use platform::batch::Batch;
use platform::queue::Queue;
use platform::table::Table;
use platform::{Clock, ConfigError, Platform, Random};

use crate::seat::Seat;

/// What settlement is given, once for each environment.
pub struct Deps {
    table: Table,
    payments: Queue,
    journal: Queue,
    holds: Queue,
    shares: Queue,
    refunds: Queue,
    notices: Queue,
    verification: Queue,
    clock: Clock,
    random: Random,
    /// Where the chains end that this environment has written to, as far as it knows. An invocation takes one out and puts it back, so that
    /// two that run at the same time write to two chains.
    seats: Mutex<Vec<Seat>>,
}

impl Deps {
    /// From the platform's parts.
    ///
    /// # Errors
    /// When a setting is missing.
    pub fn new(platform: &Platform) -> Result<Deps, ConfigError> {
        // The table reads it where it needs it; that it is missing is to show at the start.
        platform.settings.required("KEYS_TABLE")?;
        Ok(Deps {
            table: platform.table()?,
            payments: platform.queue("QUEUE_PAYMENTS")?,
            journal: platform.queue("QUEUE_JOURNAL")?,
            holds: platform.queue("QUEUE_HOLDS")?,
            shares: platform.queue("QUEUE_SHARES")?,
            refunds: platform.queue("QUEUE_REFUNDS")?,
            notices: platform.queue("QUEUE_NOTICES")?,
            verification: platform.queue("QUEUE_VERIFICATION")?,
            clock: platform.clock.clone(),
            random: platform.random.clone(),
            seats: Mutex::default(),
        })
    }
}

/// Settles a batch of payment facts; reports those that have to come again.
pub async fn handle(deps: &Deps, event: SqsEvent) -> SqsBatchResponse {
    let batch = Batch::read(event);
    let mut failures = Vec::new();
    for facts in group::groups(&batch.deliveries, &mut failures) {
        failures.extend(group::settle(deps, facts).await);
    }
    batch.answer(&deps.payments, &deps.random, failures).await
}
