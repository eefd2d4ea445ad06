//! Shares that are still held when their sale is closed.
//!
//! Whoever paid in the last second has paid in time, and the message that confirms the shares may be late: what is paid is confirmed here, as `fulfilment` does. What is not paid is left to `releases`, and so is what was
//! left behind on a lot that the donation does not name any more.
//!
//! A gift that has gone back is nobody's share any more, though the message that frees it may be late as well: it is freed before anything is planned with it.

use std::collections::{BTreeMap, BTreeSet};

use domain::donation::Donation;
use domain::id::DonationId;
use domain::sacrifice::{Lot, Offering};
use platform::table::Confirming;

use crate::close::{Outcome, Turn};
use crate::{Deps, ExecutionError};

/// Confirms what is paid, and says how many shares are to be waited for; nothing where none is held.
///
/// # Errors
/// When the table cannot be reached.
pub(crate) async fn settle(deps: &Deps, offering: &Offering, lots: &[Lot]) -> Result<Option<Turn>, ExecutionError> {
    let held: Vec<(u32, DonationId, u8)> =
        lots.iter().flat_map(|lot| lot.held().map(|(id, claim)| (lot.lot, *id, claim.shares))).collect();
    if held.is_empty() {
        return Ok(None);
    }
    let ids: BTreeSet<DonationId> = held.iter().map(|(_, id, _)| *id).collect();
    let found = deps.table.donations(&ids.into_iter().collect::<Vec<_>>()).await?;
    let donations: BTreeMap<DonationId, Donation> = found.into_iter().map(|donation| (donation.id, donation)).collect();
    let mut left = 0;
    for (lot, id, shares) in held {
        let is_paid = donations.get(&id).is_some_and(|donation| names(donation, lot, shares));
        let is_done = is_paid && {
            let confirming = deps.table.confirm_shares(&offering.id, lot, &id, shares).await?;
            confirming == Confirming::Confirmed
        };
        left += usize::from(if is_done { 0 } else { shares });
    }
    Ok(Some(if left == 0 { Turn::Again } else { Turn::Rests(Outcome::WaitsForHolds(left)) }))
}

/// Frees the shares of gifts that have gone back, of those on these lots. Whether there were any.
///
/// # Errors
/// When the table cannot be reached.
pub(crate) async fn free_gone(deps: &Deps, offering: &Offering, lots: &[&Lot]) -> Result<bool, ExecutionError> {
    let ids: BTreeSet<DonationId> = lots.iter().flat_map(|lot| lot.confirmed().map(|(id, _)| *id)).collect();
    let donations = deps.table.donations(&ids.into_iter().collect::<Vec<_>>()).await?;
    let gone: BTreeSet<DonationId> =
        donations.iter().filter(|donation| !donation.keeps_shares()).map(|donation| donation.id).collect();
    for lot in lots {
        for (id, _) in lot.confirmed().filter(|(id, _)| gone.contains(id)) {
            deps.table.give_shares_back(&offering.id, lot.lot, id, |_| true).await?;
        }
    }
    Ok(!gone.is_empty())
}

/// Whether the donation is paid, stands, and says that it has these shares on this lot.
fn names(donation: &Donation, lot: u32, shares: u8) -> bool {
    let named = donation.reservation.iter().flat_map(domain::sacrifice::Reservation::places);
    donation.keeps_shares() && named.into_iter().any(|part| part.lot == lot && part.shares == shares)
}
