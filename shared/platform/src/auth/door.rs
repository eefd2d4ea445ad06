//! The door of what belongs to a giver: who calls, where a donor and a guest may, and whose donation it is.
//!
//! The gateway cannot ask for a token on these routes, because a guest has none; so the function does.

use domain::donation::{Donation, Giver};
use domain::id::{DonationId, DonorId};
use tokio::sync::OnceCell;

use super::bearer::{Bearer, BearerError};
use super::{Caller, Identifiers};
use crate::Platform;
use crate::clock::Clock;
use crate::config::ConfigError;
use crate::http::{Call, Problem};
use crate::secrets::Secrets;
use crate::table::Table;

/// Lets givers in, each to their own.
pub struct Door {
    table: Table,
    bearer: Bearer,
    secrets: Secrets,
    /// Made at the first need: their secret comes from where only a call reaches.
    identifiers: OnceCell<Identifiers>,
    clock: Clock,
}

impl Door {
    /// From the platform's parts: the settings `IDENTITY_ISSUER`, `TABLE` and where secrets come from.
    ///
    /// # Errors
    /// When a setting is missing.
    pub fn new(platform: &Platform) -> Result<Door, ConfigError> {
        let issuer = platform.settings.required("IDENTITY_ISSUER")?;
        Ok(Door {
            table: platform.table()?,
            bearer: Bearer::new(issuer, platform.outbound.clone(), platform.clock.clone()),
            secrets: platform.secrets()?,
            identifiers: OnceCell::new(),
            clock: platform.clock.clone(),
        })
    }

    /// Ids and tokens under the secret `SECRET_IDENTIFIERS`.
    ///
    /// # Errors
    /// "One moment" when the secret cannot be had.
    pub async fn identifiers(&self) -> Result<&Identifiers, Problem> {
        let read = || async { self.secrets.read("SECRET_IDENTIFIERS").await.map(Identifiers::new) };
        self.identifiers.get_or_try_init(read).await.map_err(Problem::try_again)
    }

    /// Who gives: exactly one of a bearer token and a guest token. With both it would be left to chance whose gift it is.
    ///
    /// # Errors
    /// 401 without one that serves; "one moment" when that cannot be checked.
    pub async fn giver(&self, call: &Call) -> Result<Caller, Problem> {
        match (bearer_token(call), call.header("guest-token")) {
            (Some(token), None) => self.donor(token).await.map(Caller::Donor),
            (None, Some(token)) => {
                let guest = self.identifiers().await?.guest(token, self.clock.now());
                guest.ok_or_else(Problem::unauthenticated)
            }
            (Some(_), Some(_)) | (None, None) => Err(Problem::unauthenticated()),
        }
    }

    /// The donation of the path, if the caller holds it: its donor, or a guest with its access token. To anyone else it is not there; the
    /// id alone opens nothing.
    ///
    /// # Errors
    /// 404 to whoever does not hold it, 401 for a token that does not serve, "one moment" when that cannot be checked.
    pub async fn holder(&self, call: &Call) -> Result<Donation, Problem> {
        let id: DonationId = call.path("id").parse().map_err(|_| Problem::not_found())?;
        let holder = match (bearer_token(call), call.header("access-token")) {
            (Some(token), None) => Giver::Donor(self.donor(token).await?),
            (None, Some(token)) if self.identifiers().await?.opens(token, &id) => Giver::Guest,
            (None, Some(_) | None) => return Err(Problem::not_found()),
            (Some(_), Some(_)) => return Err(Problem::unauthenticated()),
        };
        let donation = self.table.donation(&id).await?;
        donation.filter(|donation| donation.giver == holder).ok_or_else(Problem::not_found)
    }

    async fn donor(&self, token: &str) -> Result<DonorId, Problem> {
        self.bearer.donor(token).await.map_err(|error| match error {
            BearerError::Invalid => Problem::unauthenticated(),
            BearerError::NoKeys(_) => Problem::try_again(error),
        })
    }
}

fn bearer_token(call: &Call) -> Option<&str> {
    let (scheme, token) = call.header("authorization")?.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
}
