//! Reading offerings: all of them, or one.

use std::sync::Arc;

use domain::sacrifice::{Offering, Rite, Species, Stock};
use futures_util::future::try_join_all;
use http::header::{CONTENT_LANGUAGE, ETAG};
use platform::http::{Answer, Call, Faults, Parameters, Problem, etag};
use serde::Serialize;

use crate::kept::FRESH_SECS;
use crate::looks::left;
use crate::view::{self, OfferingView};
use crate::{Deps, publish};

/// What the list can be narrowed by.
const NAMES: [&str; 2] = ["rite", "species"];

#[derive(Serialize)]
struct Offerings<'a> {
    offerings: Vec<OfferingView<'a>>,
    now: String,
}

/// `GET /v1/sacrifice/offerings`: all that stand, by id.
///
/// # Errors
/// 422 for a bad filter, 503 when the table is busy.
pub async fn offerings(deps: &Deps, call: &Call) -> Result<Answer, Problem> {
    let mut faults = Faults::new(call.language());
    let parameters = Parameters::of(call, &NAMES, &mut faults);
    let rite: Option<Rite> = parameters.get("rite").and_then(|text| faults.code("?rite", text));
    let species: Option<Species> = parameters.get("species").and_then(|text| faults.code("?species", text));
    faults.tell()?;
    let standing = standing(deps).await?;
    let lets_through = |offering: &&Offering| {
        is_shown(offering)
            && rite.is_none_or(|rite| rite == offering.rite)
            && species.is_none_or(|species| species == offering.species)
    };
    let shown: Vec<&Offering> = standing.iter().filter(lets_through).collect();
    let lefts = try_join_all(shown.iter().map(|offering| left(deps, offering))).await?;
    let now = deps.clock.now();
    let offerings = shown.into_iter().zip(lefts).map(|(offering, left)| view::offering(offering, left, now)).collect();
    let answer = Answer::json(200, &Offerings { offerings, now: now.to_string() });
    Ok(answer.cached(FRESH_SECS).with_header(CONTENT_LANGUAGE, publish::LANGUAGES))
}

/// `GET /v1/sacrifice/offerings/{id}`.
///
/// # Errors
/// 404 where there is none, 503 when the table is busy.
pub async fn offering(deps: &Deps, call: &Call) -> Result<Answer, Problem> {
    let standing = standing(deps).await?;
    let found = standing.iter().find(|offering| is_shown(offering) && offering.id.as_str() == call.path("id"));
    let offering = found.ok_or_else(Problem::not_found)?;
    let left = left(deps, offering).await?;
    let body = publish::written(&view::one(offering, left, deps.clock.now()))?;
    let tag = etag::revised(offering.revision, &body);
    let answer = Answer::text(200, etag::JSON, body).cached(FRESH_SECS).with_header(ETAG, &tag);
    Ok(answer.with_header(CONTENT_LANGUAGE, publish::LANGUAGES))
}

/// An offering is shown once there is something of it to be had.
pub(crate) fn is_shown(offering: &Offering) -> bool {
    offering.stock != Stock::Preparing
}

/// All offerings, as this environment has them in memory.
pub(crate) async fn standing(deps: &Deps) -> Result<Arc<Vec<Offering>>, Problem> {
    Ok(deps.offerings.fresh(&deps.clock, deps.table.offerings()).await?)
}
