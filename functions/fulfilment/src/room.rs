//! Finding lots with room, for the few who come late.

use domain::donation::Donation;
use domain::sacrifice::{Lot, Reservation, parting};

use crate::{Deps, FulfilmentError};

/// What was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Found {
    /// The reservation where there is room now.
    Room(Reservation),
    /// There is none.
    Nothing,
    /// There is, but only on lots that the donation has not named yet, and it has named as many as it may.
    TooMany,
}

/// Every lot that the donation names or has named.
///
/// # Errors
/// When the table cannot be reached.
pub async fn named_lots(deps: &Deps, named: &Reservation) -> Result<Vec<Lot>, FulfilmentError> {
    Ok(deps.table.lots(&named.offering, &named.lots().collect::<Vec<_>>()).await?)
}

/// The reservation where there is room now, what the donation has on its lots as they were read being kept where it can be: on one lot, or on several where its shares may be parted.
///
/// # Errors
/// When the table cannot be reached.
pub async fn find(deps: &Deps, donation: &Donation, named: &Reservation, lots: &[Lot]) -> Result<Found, FulfilmentError> {
    let mine = parting::mine(lots, &donation.id);
    let kept = parting::kept(&named.places(), &mine);
    if kept.iter().map(|part| part.shares).sum::<u8>() == named.shares {
        return Ok(named.parted(&kept).map_or(Found::TooMany, Found::Room));
    }
    let offering = deps.table.offering(&named.offering).await?.ok_or(FulfilmentError::NoOffering)?;
    let (species, chance) = (offering.species, deps.random.number());
    let mut rooms = deps.table.rooms(&named.offering).await?;
    let asked = (named.shares, named.may_part(species));
    let Some(places) = parting::again((&kept, &mine), &rooms, asked, (species, chance)) else { return Ok(Found::Nothing) };
    if let Some(other) = named.parted(&places) {
        return Ok(Found::Room(other));
    }
    rooms.retain(|room| named.lots().any(|lot| lot == room.lot));
    let places = parting::again((&kept, &mine), &rooms, asked, (species, chance));
    Ok(places.and_then(|places| named.parted(&places)).map_or(Found::TooMany, Found::Room))
}
