//! Brings the lots of an offering to its quota.
//!
//! **Promise.** Of several writers the one with the latest revision prevails: it takes every lot first, those included that an earlier one may be about to make, and from then
//! on the changes of earlier ones are refused by the table. The lots never hold more than the larger of what they held and the quota. Claims go on all the while, and nothing
//! of theirs is touched.
//!
//! **Phases.** Take every lot. Then, repeated when claims took what was to be withdrawn, [`ROUNDS`] times at the most: read them, [`plan`], write.
//!
//! **Halfway** the lots hold something between what they held and the quota. The same change sent again finishes it.

use std::collections::BTreeMap;

use domain::id::OpportunityId;
use domain::sacrifice::quota::{BelowTaken, Change, Portion, plan, taken};
use domain::sacrifice::{Lot, Offering};
use futures_util::{StreamExt, TryStreamExt, stream};
use platform::table::{Resizing, Table, TableError};

/// Rounds before the caller is told that buyers were faster. One is enough unless they take the very shares that are being withdrawn.
const ROUNDS: u32 = 8;

/// Writes at the same time: as many as keep one environment's processor busy; fifteen thousand lots are then made within one call.
const WRITES_AT_ONCE: usize = 64;

/// How it went.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Settling {
    /// The lots add up to the quota.
    Done,
    /// More is held and paid than the quota.
    Below(BelowTaken),
    /// A writer with a later revision has taken over.
    Overtaken,
    /// Buyers were faster, round after round.
    Busy {
        /// What is held and paid by now, in shares.
        taken: u32,
    },
}

/// What is held and paid of an offering, in shares.
///
/// # Errors
/// When the table cannot be reached.
pub async fn taken_of(table: &Table, offering: &OpportunityId) -> Result<u32, TableError> {
    let lots = table.all_lots(offering).await?;
    Ok(taken(&lots.iter().map(Portion::from).collect::<Vec<_>>()))
}

/// Takes every lot that was made or that an earlier writer may be making. `false` when a later writer has taken one.
///
/// # Errors
/// When the table cannot be reached; taking them again does no harm.
pub async fn take(table: &Table, id: &OpportunityId, lots: u32, revision: u64) -> Result<bool, TableError> {
    let takes = (0..lots).map(|lot| table.take_lot(id, lot, revision));
    stream::iter(takes).buffer_unordered(WRITES_AT_ONCE).try_all(|lot| async move { lot.is_some() }).await
}

/// Makes the lots that the offering names add up to a quota, once they are taken under its revision.
///
/// # Errors
/// When the table cannot be reached; what was written by then is finished by the next writer.
pub async fn settle(table: &Table, offering: &Offering, quota: u32) -> Result<Settling, TableError> {
    let mut taken_by_now = 0;
    for _ in 0..ROUNDS {
        let lots: BTreeMap<u32, Lot> = table.all_lots(&offering.id).await?.into_iter().map(|lot| (lot.lot, lot)).collect();
        if lots.values().any(|lot| lot.revision > offering.revision) {
            return Ok(Settling::Overtaken);
        }
        let portions = portions(&lots, offering.lots);
        let changes = match plan(&portions, offering.species, quota) {
            Ok(changes) => changes,
            Err(below) => return Ok(Settling::Below(below)),
        };
        taken_by_now = taken(&portions);
        let outcomes = write(table, offering, &lots, &changes).await?;
        if outcomes.contains(&Resizing::Overtaken) {
            return Ok(Settling::Overtaken);
        }
        if outcomes.iter().all(|outcome| *outcome == Resizing::Done) {
            return Ok(Settling::Done);
        }
    }
    Ok(Settling::Busy { taken: taken_by_now })
}

/// What each lot has; those that are still to be made have nothing.
fn portions(lots: &BTreeMap<u32, Lot>, count: u32) -> Vec<Portion> {
    let there = lots.values().map(Portion::from);
    let missing = (0..count).filter(|lot| !lots.contains_key(lot)).map(|lot| Portion { lot, shares: 0, free: 0 });
    there.chain(missing).collect()
}

async fn write(
    table: &Table,
    offering: &Offering,
    lots: &BTreeMap<u32, Lot>,
    changes: &[Change],
) -> Result<Vec<Resizing>, TableError> {
    // Collected, so that the future of all of them can be sent between threads.
    let writes: Vec<_> = changes.iter().map(|change| write_one(table, offering, lots, change)).collect();
    stream::iter(writes).buffer_unordered(WRITES_AT_ONCE).try_collect().await
}

async fn write_one(
    table: &Table,
    offering: &Offering,
    lots: &BTreeMap<u32, Lot>,
    change: &Change,
) -> Result<Resizing, TableError> {
    if lots.contains_key(&change.lot) {
        table.resize_lot(&offering.id, change, offering.revision).await
    } else {
        let lot = Lot { revision: offering.revision, ..Lot::new(change.lot, change.to) };
        table.make_lot_of(&offering.id, &lot).await
    }
}
