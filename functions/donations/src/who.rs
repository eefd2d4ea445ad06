//! Who calls: a donor by a bearer token, a guest by a guest token, or whoever holds a donation.

use domain::donation::{Donation, Giver};
use domain::id::{DonationId, DonorId};
use platform::auth::Caller;
use platform::auth::bearer::BearerError;
use platform::http::{Answer, Call, Problem};

use crate::Deps;
use crate::answer::Guest;

/// A new guest token. It says nothing about a person; it keeps one guest's idempotency keys apart from another's.
pub async fn greet(deps: &Deps) -> Result<Answer, Problem> {
    let (guest_token, until) = deps.identifiers().await?.guest_token(&deps.random, deps.clock.now());
    Ok(Answer::json(201, &Guest { guest_token, expires_at: until.to_string() }))
}

/// Who gives: exactly one of a bearer token and a guest token. With both it would be left to chance whose gift it is.
pub async fn giver(deps: &Deps, call: &Call) -> Result<Caller, Problem> {
    match (bearer_token(call), call.header("guest-token")) {
        (Some(token), None) => donor(deps, token).await.map(Caller::Donor),
        (None, Some(token)) => {
            let guest = deps.identifiers().await?.guest(token, deps.clock.now());
            guest.ok_or_else(Problem::unauthenticated)
        }
        (Some(_), Some(_)) | (None, None) => Err(Problem::unauthenticated()),
    }
}

/// The donation of the path, if the caller holds it: its donor, or a guest with its access token. To anyone else it is not there; the id
/// alone opens nothing.
pub async fn holder(deps: &Deps, call: &Call) -> Result<Donation, Problem> {
    let id: DonationId = call.path("id").parse().map_err(|_| Problem::not_found())?;
    let holder = match (bearer_token(call), call.header("access-token")) {
        (Some(token), None) => Giver::Donor(donor(deps, token).await?),
        (None, Some(token)) if deps.identifiers().await?.opens(token, &id) => Giver::Guest,
        (None, Some(_) | None) => return Err(Problem::not_found()),
        (Some(_), Some(_)) => return Err(Problem::unauthenticated()),
    };
    let donation = deps.table.donation(&id).await?;
    donation.filter(|donation| donation.giver == holder).ok_or_else(Problem::not_found)
}

async fn donor(deps: &Deps, token: &str) -> Result<DonorId, Problem> {
    deps.bearer.donor(token).await.map_err(|error| match error {
        BearerError::Invalid => Problem::unauthenticated(),
        BearerError::NoKeys(_) => Problem::try_again(error),
    })
}

fn bearer_token(call: &Call) -> Option<&str> {
    let (scheme, token) = call.header("authorization")?.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
}
