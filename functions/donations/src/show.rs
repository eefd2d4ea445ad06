//! Showing a donation to its holder.

use domain::donation::Donation;
use domain::person::Person;
use platform::http::{Answer, Call, Problem};
use platform::privacy::PrivacyError;

use crate::answer::{Held, View};
use crate::{Deps, animals};

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
    let animals = animals::of(deps, donation).await?;
    Ok(Answer::json(200, &Held { donation: View::of(donation, deps.clock.now()), animals, donor }))
}
