//! The names of what was given to, as the catalogue has them now.

use std::collections::BTreeMap;

use documents::report::{Names, TOP_OPPORTUNITIES};
use domain::catalogue::Bilingual;
use domain::id::{CharityId, OpportunityId};
use domain::report::DayFigures;
use platform::table::{Table, TableError};

/// Of every charity that was given to, and of the opportunities that are told by name. One that the catalogue does not have is left out, and is
/// told by its id.
pub(crate) async fn of(table: &Table, figures: &DayFigures) -> Result<Names, TableError> {
    let shelf = table.shelf().await?;
    let charities = shelf.charities.into_iter().map(|charity| (charity.value.id, charity.value.name));
    let charities = charities.filter(|(id, _)| figures.charities.contains_key(id));
    let told: Vec<&OpportunityId> = figures.top(TOP_OPPORTUNITIES).into_iter().map(|(id, _)| id).collect();
    let opportunities = shelf.opportunities.into_iter().map(|opportunity| (opportunity.value.id, opportunity.value.title));
    let opportunities = opportunities.filter(|(id, _)| told.contains(&id));
    Ok(Names {
        charities: charities.collect::<BTreeMap<CharityId, Bilingual>>(),
        opportunities: opportunities.collect::<BTreeMap<OpportunityId, Bilingual>>(),
    })
}
