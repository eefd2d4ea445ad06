//! Finding a lot with room, for the few who come late.

use domain::id::OpportunityId;
use domain::sacrifice::Reservation;
use domain::sacrifice::lot::choose;

use crate::{Deps, FulfilmentError};

/// The reservation on a lot that has room now; none when no lot has.
///
/// # Errors
/// When the table cannot be reached.
pub async fn find(deps: &Deps, named: &Reservation) -> Result<Option<Reservation>, FulfilmentError> {
    let offering = &named.offering;
    let species = species(deps, offering).await?;
    let rooms = deps.table.rooms(offering).await?;
    let room = choose(&rooms, named.shares, species, deps.random.number());
    Ok(room.and_then(|room| named.moved(room.lot)))
}

async fn species(deps: &Deps, offering: &OpportunityId) -> Result<domain::sacrifice::Species, FulfilmentError> {
    Ok(deps.table.offering(offering).await?.ok_or(FulfilmentError::NoOffering)?.species)
}
