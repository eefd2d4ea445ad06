//! Showing a donation to its holder.

use domain::donation::Donation;
use domain::person::Person;
use domain::sacrifice::{Stage, animal};
use platform::http::{Answer, Call, Problem};
use platform::privacy::PrivacyError;

use crate::Deps;
use crate::answer::{AnimalView, Held, View};

/// The donation of the path, as it stands now.
pub async fn show(deps: &Deps, call: &Call) -> Result<Answer, Problem> {
    let donation = deps.door.holder(call).await?;
    answer(deps, &donation).await
}

/// A donation, with what its donor told of themselves.
///
/// # Errors
/// When the key service cannot be used. What was erased is no error: it is not there.
pub async fn answer(deps: &Deps, donation: &Donation) -> Result<Answer, Problem> {
    let donor: Option<Person> = match &donation.personal {
        None => None,
        Some(sealed) => match deps.privacy.open(sealed).await {
            Ok(person) => Some(person),
            Err(PrivacyError::Erased) => None,
            Err(error) => return Err(error.into()),
        },
    };
    let animals = animals(deps, donation).await?;
    Ok(Answer::json(200, &Held { donation: View::of(donation, deps.clock.now()), animals, donor }))
}

/// The donation's animals, once its sale's are packed: a read of the offering, and of lots where heads are told apart.
async fn animals(deps: &Deps, donation: &Donation) -> Result<Vec<AnimalView>, Problem> {
    let Some(named) = donation.reservation.as_ref().filter(|_| donation.keeps_shares()) else { return Ok(Vec::new()) };
    let Some(offering) = deps.table.offering(&named.offering).await? else { return Ok(Vec::new()) };
    match offering.stage {
        Stage::Sale | Stage::Closing => return Ok(Vec::new()),
        Stage::Packed | Stage::Listed => {}
    }
    let lots = match offering.species.shares() {
        1 => deps.table.lots(&offering.id, &[named.lot]).await?,
        _ => Vec::new(),
    };
    let animals = animal::animals(&offering, &donation.id, named, &lots);
    let view = |(number, shares)| AnimalView { name: animal::name(&offering.id, number), number, shares };
    Ok(animals.into_iter().map(view).collect())
}
