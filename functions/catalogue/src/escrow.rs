//! Brings the escrow of a capped opportunity to its target.
//!
//! **Promise.** Of several writers the one with the latest revision prevails: it takes every shard first, and from then on the grants of
//! earlier ones are refused by the table. The grants together never exceed the larger of what they were and the target. Claims go
//! on all the while.
//!
//! **Phases**, repeated when claims took what was to be withdrawn, [`ROUNDS`] times at the most: take and read every shard, at the same
//! time; [`grants::plan`]; withdraw; grant.
//!
//! **Halfway** less is granted than the target: nobody gives too much, some may be told too early that nothing remains. The same change
//! sent again finishes it.

use domain::cap::MOST_SHARDS;
use domain::id::OpportunityId;
use domain::money::Money;
use futures_util::future::try_join_all;
use platform::table::{Escrow, Table, TableError};

use crate::grants::{self, BelowTaken, Change, Share};

/// Rounds before the caller is told to try again. One is enough unless gifts take the very money that is being withdrawn.
const ROUNDS: u32 = 8;

/// How it went.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Settling {
    /// The grants add up to the target.
    Done,
    /// More is held and paid than the target.
    Below(BelowTaken),
    /// A writer with a later revision has taken over.
    Overtaken,
    /// Gifts were faster, round after round.
    Busy,
}

/// What is held and paid by the escrow, as far as it exists.
///
/// # Errors
/// When the table cannot be reached.
pub async fn taken(table: &Table, opportunity: &OpportunityId) -> Result<Money, TableError> {
    let shards = table.escrow(opportunity, MOST_SHARDS).await?;
    Ok(grants::taken(&shares(&shards)))
}

/// Makes the grants add up to the target.
///
/// # Errors
/// When the table cannot be reached; what was written by then is finished by the next writer.
pub async fn settle(
    table: &Table,
    opportunity: &OpportunityId,
    revision: u64,
    target: Money,
) -> Result<Settling, TableError> {
    for _ in 0..ROUNDS {
        let Some(shards) = take(table, opportunity, revision).await? else { return Ok(Settling::Overtaken) };
        let plan = match grants::plan(&shares(&shards), target) {
            Ok(plan) => plan,
            Err(below) => return Ok(Settling::Below(below)),
        };
        let withdrawn = write(table, opportunity, &shards, &plan.withdrawals).await?;
        if withdrawn && write(table, opportunity, &shards, &plan.additions).await? {
            return Ok(Settling::Done);
        }
    }
    Ok(Settling::Busy)
}

/// Every shard that an opportunity can have, those that the target does not use yet or any more included: an earlier writer may be about
/// to grant on any of them.
async fn take(table: &Table, opportunity: &OpportunityId, revision: u64) -> Result<Option<Vec<Escrow>>, TableError> {
    let shards = (0..MOST_SHARDS).map(|shard| table.take_escrow(opportunity, shard, revision));
    Ok(try_join_all(shards).await?.into_iter().collect())
}

/// Whether all the changes stand.
async fn write(
    table: &Table,
    opportunity: &OpportunityId,
    shards: &[Escrow],
    changes: &[Change],
) -> Result<bool, TableError> {
    let writes = changes.iter().filter_map(|change| {
        let read = shards.get(change.shard)?;
        Some(table.grant(opportunity, read, change.granted))
    });
    Ok(try_join_all(writes).await?.into_iter().all(|written| written))
}

fn shares(shards: &[Escrow]) -> Vec<Share> {
    shards.iter().map(|shard| Share { granted: shard.granted_minor, free: shard.free_minor }).collect()
}
