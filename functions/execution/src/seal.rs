//! What of a lot is no donation's: free shares are withdrawn, own ones given back where donors need the room, heads given out.

use domain::sacrifice::packing::is_partial;
use domain::sacrifice::{Lot, Offering, Species, animal};
use futures_util::{FutureExt as _, StreamExt as _, TryStreamExt as _, stream};

use crate::close::AT_ONCE;
use crate::{Deps, ExecutionError};

/// Withdraws what is free, and own shares beside animals that are not full. Whether there were any.
///
/// # Errors
/// When the table cannot be reached.
pub(crate) async fn seal(deps: &Deps, offering: &Offering, lots: &[Lot]) -> Result<bool, ExecutionError> {
    adjust(deps, offering, sealed(lots, offering.species)).await
}

/// Tells heads apart. Whether there were any that were not.
///
/// # Errors
/// When the table cannot be reached.
pub(crate) async fn give_out_heads(deps: &Deps, offering: &Offering, lots: &[Lot]) -> Result<bool, ExecutionError> {
    if offering.species.shares() > 1 {
        return Ok(false);
    }
    let told = lots.iter().map(|lot| (lot.clone(), Lot { heads: animal::heads(lot), ..lot.clone() }));
    adjust(deps, offering, told.filter(|(was, is)| was != is).collect()).await
}

/// Changes lots that still have what was read. Whether there were any to be changed; one that others have changed meanwhile is looked at in the next turn.
pub(crate) async fn adjust(deps: &Deps, offering: &Offering, changes: Vec<(Lot, Lot)>) -> Result<bool, ExecutionError> {
    let mut writes = Vec::new();
    for (was, is) in &changes {
        writes.push(deps.table.adjust_lot(&offering.id, was, is).boxed());
    }
    let _: Vec<bool> = stream::iter(writes).buffer_unordered(AT_ONCE).try_collect().await?;
    Ok(!changes.is_empty())
}

/// Lots with what they are to have instead: as many shares as are claimed, and the platform's own only on an animal that is full with them and is the only one that would not be.
fn sealed(lots: &[Lot], species: Species) -> Vec<(Lot, Lot)> {
    let is_completed = |lot: &Lot| lot.own > 0 && lot.free == 0 && lot.confirmed_shares() + lot.own == species.shares();
    let open = lots.iter().filter(|lot| is_partial(lot, species) && !is_completed(lot)).count();
    let completed = lots.iter().filter(|lot| is_completed(lot)).count();
    let keeps_own = |lot: &Lot| is_completed(lot) && open == 0 && completed == 1 && lot.confirmed_shares() > 0;
    let is = |lot: &Lot| {
        let own = if keeps_own(lot) { lot.own } else { 0 };
        let shares = lot.shares - lot.free - (lot.own - own);
        Lot { free: 0, own, shares, ..lot.clone() }
    };
    lots.iter().map(|lot| (lot.clone(), is(lot))).filter(|(was, is)| was != is).collect()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use domain::id::DonationId;

    fn lot(number: u32, confirmed: u8, free: u8, own: u8) -> Lot {
        let id = DonationId::from_bytes([u8::try_from(number).unwrap(); 16]);
        let claims = (confirmed > 0).then(|| (id, format!("{confirmed}c").parse().unwrap()));
        Lot { free, own, claims: claims.into_iter().collect(), ..Lot::new(number, confirmed + free + own) }
    }

    fn changed(lots: &[Lot], species: Species) -> Vec<(u32, u8, u8)> {
        let changes = sealed(lots, species);
        assert!(changes.iter().all(|(_, is)| is.is_whole()));
        changes.into_iter().map(|(_, is)| (is.lot, is.shares, is.own)).collect()
    }

    #[test]
    fn what_nobody_has_claimed_is_withdrawn() {
        let lots = [lot(0, 7, 0, 0), lot(1, 5, 2, 0), lot(2, 0, 7, 0), lot(3, 4, 0, 0)];
        assert_eq!(changed(&lots, Species::Camel), [(1, 5, 0), (2, 0, 0)]);
        assert_eq!(changed(&[lot(0, 3, 13, 0)], Species::Sheep), [(0, 3, 0)]);
    }

    #[test]
    fn the_platforms_shares_stay_only_on_the_one_animal_that_needs_them() {
        assert_eq!(changed(&[lot(0, 7, 0, 0), lot(1, 5, 0, 2)], Species::Camel), []);
        assert_eq!(changed(&[lot(0, 6, 0, 0), lot(1, 5, 0, 2)], Species::Camel), [(1, 5, 0)], "another is not full");
        assert_eq!(changed(&[lot(0, 6, 1, 0), lot(1, 5, 0, 2)], Species::Camel), [(0, 6, 0), (1, 5, 0)]);
        assert_eq!(changed(&[lot(1, 4, 1, 2)], Species::Camel), [(1, 4, 0)], "a gift of it went back");
        assert_eq!(changed(&[lot(1, 0, 0, 7)], Species::Camel), [(1, 0, 0)], "nobody's animal");
    }
}
