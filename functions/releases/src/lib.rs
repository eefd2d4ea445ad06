//! Releases: what a gift holds of a capped opportunity is given back when it was not paid, and spent when it was.
//!
//! **Promise.** Each claim on an escrow shard ends exactly once: released, so that others can give, or spent, because its gift is in the
//! books. Nothing is ever released from under a gift that was paid: a claim is released only after its donation stands as expired,
//! cancelled or given up in the table, which no payment settles any more once it has held something; not before the same is held again.
//!
//! **Messages**, each to be had twice, late, and in any order:
//! - `HoldDue`, delayed to the hold's end, sent before the first claim: the one that misses nothing. It comes too early as often as
//!   SQS's longest delay is shorter than the hold; the rest is waited for again. When it is due, an unpaid donation expires, and then
//!   *every* claim of the donation is looked for, named by it or not: a call of the donations function may have died between naming
//!   another shard and giving back the first.
//! - `HoldSpent`, from settlement: the named claims are spent at once, so that shards stay small.
//! - `HoldDropped`, from the donations function when a gift is cancelled: the named claims are free at once. From settlement when a payment has failed: the donation says that it has
//!   given them up, and then they are.
//!
//! **Why due is a minute after the end.** From its end on a donation reads as expired, and no call begins to claim or to pay for it. What
//! began before may still arrive: a claim, and the news of a payment in the last second. [`decide::GRACE_SECS`] outlasts it. Then
//! nothing changes any more but by a payment that comes late, and looking once is enough.
//!
//! **Shares of an offering** are given back on the same messages, on every lot that the donation has named. A claim that is held longer than the donation was read to wait
//! belongs to a payment that came late and found other shares: it stays. Of a paid donation nothing is given back before its claim is confirmed where it should be, by
//! `fulfilment`: until then what it has elsewhere may be what it paid for. At the hold's end, when nobody is at work any more, the rest is swept. Where the offering has a
//! limit a donation that was not paid is taken out of its givers' allowances likewise.
//!
//! **Cost.** One batch read for a batch of up to a hundred messages. A spent or dropped part is one write. A due hold is one batch read of
//! its opportunities' shards, shared by the whole batch, a write for the expiry, and a write for each claim that still stands; for a paid donation that had named other lots
//! a batch read of these.
//!
//! **Failure.** Whatever cannot be reached makes its messages come again; everything here can be repeated. A donation that is told to be
//! paid and does not read so makes its message come again too.

pub mod claims;
pub mod decide;
mod run;

use aws_lambda_events::event::sqs::{SqsBatchResponse, SqsEvent};
use platform::batch::Batch;
use platform::queue::Queue;
use platform::table::Table;
use platform::{Clock, ConfigError, Platform, Random};

/// What releases is given, once for each environment.
pub struct Deps {
    table: Table,
    holds: Queue,
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
            holds: platform.queue("QUEUE_HOLDS")?,
            clock: platform.clock.clone(),
            random: platform.random.clone(),
        })
    }
}

/// Ends the holds that a batch tells of; reports the messages that have to come again.
pub async fn handle(deps: &Deps, event: SqsEvent) -> SqsBatchResponse {
    let batch = Batch::read(event);
    let failures = run::run(deps, &batch.deliveries).await;
    batch.answer(&deps.holds, &deps.random, failures).await
}
