//! After the season: animals that were never told as slaughtered are a matter for a person, so that no donor is left without one.
//!
//! It is looked from [`WAITED_FOR_SECS`](domain::sacrifice::carrying::rules::WAITED_FOR_SECS) after the season's end on, for two days. An offering of which some are left is one matter, whose evidence names the slaughterhouse, the day and the
//! offering; so is one that was sold and never came onto a list, whose shares nobody can have carried out; which animals they are, is asked for at `GET …/slaughterhouses/{id}/animals`, where it is told as it stands. Once all are done that is noted, and nobody looks again.

use std::collections::BTreeSet;

use domain::case::{Case, Reason};
use domain::id::OpportunityId;
use domain::money::Money;
use domain::sacrifice::{Carried, ListDay, Offering, Stage, animal};

use crate::{Deps, ExecutionError};

/// Whether all animals of an offering whose season is over were told as slaughtered; a person is told, once, if not. Of one that never came onto a list nobody can have told anything: its shares are left, each of them.
///
/// # Errors
/// When the table cannot be reached.
pub(crate) async fn count(deps: &Deps, offering: &Offering) -> Result<Option<usize>, ExecutionError> {
    if deps.table.is_all_carried(&offering.id).await? {
        return Ok(None);
    }
    let lots = deps.table.all_lots(&offering.id).await?;
    if offering.stage != Stage::Listed {
        // Held ones count, too: whoever has paid in the last second is confirmed by the close that never came to its end.
        let left: usize = lots.iter().flat_map(|lot| lot.claims.values()).map(|claim| usize::from(claim.shares)).sum();
        if left > 0 {
            tell(deps, offering, left).await?;
        }
        return Ok(Some(left));
    }
    let numbers = animal::numbers(offering.species, &lots);
    let keys: Vec<(OpportunityId, u32)> = numbers.iter().map(|number| (offering.id.clone(), *number)).collect();
    let known = deps.table.carried(&keys).await?;
    let done: BTreeSet<u32> =
        known.iter().filter(|known| known.is_slaughtered()).map(|Carried { number, .. }| *number).collect();
    let left = numbers.iter().filter(|number| !done.contains(number)).count();
    if left == 0 {
        deps.table.note_all_carried(&offering.id, deps.clock.now()).await?;
    } else {
        tell(deps, offering, left).await?;
    }
    Ok(Some(left))
}

/// The matter is the offering: more or fewer animals are the same one, and whoever has closed it is not told again.
async fn tell(deps: &Deps, offering: &Offering, left: usize) -> Result<(), ExecutionError> {
    let house = offering.place.slaughterhouse.as_ref().map_or("nobody", |house| house.as_str());
    let case = Case {
        reason: Reason::NotSlaughtered,
        payment: None,
        donation: None,
        refund: None,
        amount_minor: Money::ZERO,
        evidence: format!("{house}, {}: {}", ListDay::of(offering), left_of(offering)),
        opened_at: deps.clock.now(),
    };
    if deps.table.case(&case.id()).await?.is_none() {
        tracing::warn!(case = case.id(), offering = offering.id.as_str(), left, "the season is over, and animals are left");
        deps.table.open_case(&case).await?;
    }
    Ok(())
}

/// What is left of it. How many is not said: more or fewer are the same matter.
fn left_of(offering: &Offering) -> String {
    match offering.stage {
        Stage::Listed => format!("animals of {} were not told as slaughtered", offering.id),
        Stage::Sale | Stage::Closing | Stage::Packed => format!("{} never came onto a list, and has shares", offering.id),
    }
}
