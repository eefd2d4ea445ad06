//! An offering whose animals are packed: whether they still are.
//!
//! A gift that goes back leaves a place. Before the list went out the animals are packed again. After it nothing is moved any more: an animal of seven is completed by the platform, and finance is told; an
//! animal that nobody has a share of any more, and a head whose gift went back, are struck off; and the next list says so.

use domain::sacrifice::close::{is_packed, is_settled};
use domain::sacrifice::{Lot, Offering, Stage, animal};

use crate::close::{Outcome, Turn, put};
use crate::{Deps, ExecutionError, held, own, seal};

/// Looks whether every confirmed share has its animal, and sees to it.
///
/// # Errors
/// When the table cannot be reached.
pub(crate) async fn watch(deps: &Deps, offering: &Offering) -> Result<Turn, ExecutionError> {
    let lots = deps.table.all_lots(&offering.id).await?;
    if is_packed(&lots, offering.species) {
        if offering.stage == Stage::Listed {
            own::book(deps, offering, &lots).await?;
        }
        return Ok(Turn::Rests(Outcome::Packed));
    }
    match offering.stage {
        Stage::Sale | Stage::Closing => Ok(Turn::Again),
        Stage::Packed => put(deps, Offering { stage: Stage::Closing, ..offering.clone() }).await,
        Stage::Listed => mend(deps, offering, &lots).await,
    }
}

/// Mends each lot where it is.
async fn mend(deps: &Deps, offering: &Offering, lots: &[Lot]) -> Result<Turn, ExecutionError> {
    if let Some(turn) = held::settle(deps, offering, lots).await? {
        return Ok(turn);
    }
    let mut changes = Vec::new();
    for was in lots.iter().filter(|lot| !is_settled(lot, offering.species)) {
        changes.push((was.clone(), mended(offering, was)));
    }
    seal::adjust(deps, offering, changes).await?;
    Ok(Turn::Again)
}

/// What a lot is to have once a gift of it has gone back after the list went out.
fn mended(offering: &Offering, lot: &Lot) -> Lot {
    let (confirmed, animal) = (lot.confirmed_shares(), offering.species.shares());
    let is = Lot { free: 0, own: 0, shares: confirmed, ..lot.clone() };
    if animal == 1 {
        Lot { heads: animal::heads(lot), ..is }
    } else if confirmed == 0 {
        is
    } else {
        Lot { own: animal - confirmed, shares: animal, ..is }
    }
}
