//! Reading the catalogue: listings by page, single things, and the description of the API.

use domain::purpose::Region;
use platform::http::{Answer, Call, Faults, Page, Parameters, Problem, etag};
use serde::Serialize;

use crate::filter::{self, Filter};
use crate::snapshot::{FRESH_SECS, Listed};
use crate::view::{self, CharityView, OpportunityView};
use crate::{Deps, OPENAPI};

/// How long the description of the API may be kept: it changes with a deployment, and who builds against it can wait as long.
const DESCRIPTION_SECS: u32 = 300;

#[derive(Serialize)]
struct Opportunities<'a> {
    opportunities: Vec<OpportunityView<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    next: Option<String>,
}

#[derive(Serialize)]
struct Charities<'a> {
    charities: Vec<CharityView<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    next: Option<String>,
}

/// `GET /v1/opportunities`: those that the filter lets through, by id, a page at a time.
///
/// # Errors
/// 422 for a bad filter, 503 when the table is busy.
pub async fn opportunities(deps: &Deps, call: &Call) -> Result<Answer, Problem> {
    let mut faults = Faults::new(call.language());
    let known: Vec<&str> = filter::NAMES.into_iter().chain(Page::NAMES).collect();
    let parameters = Parameters::of(call, &known, &mut faults);
    let filter = Filter::read(&parameters, &mut faults);
    let page = Page::read(&parameters, format!("opportunities/{}", filter.text()), &mut faults);
    faults.tell()?;
    let snapshot = deps.kept.fresh(&deps.table, &deps.clock).await?;
    let matching = snapshot.opportunities.iter().filter(|listed| filter.lets_through(listed));
    let (shown, next) = page.cut(matching, |listed| listed.revised.value.id.as_str());
    Ok(answer(call, None, &Opportunities { opportunities: shown.into_iter().map(shown_opportunity).collect(), next }))
}

/// `GET /v1/charities`: all of them or those of a region, by id, a page at a time.
///
/// # Errors
/// As [`opportunities`].
pub async fn charities(deps: &Deps, call: &Call) -> Result<Answer, Problem> {
    let mut faults = Faults::new(call.language());
    let known: Vec<&str> = ["region"].into_iter().chain(Page::NAMES).collect();
    let parameters = Parameters::of(call, &known, &mut faults);
    let region: Option<Region> = parameters.get("region").and_then(|text| faults.code("?region", text));
    let page = Page::read(&parameters, format!("charities/{}", region.map_or("-", Region::code)), &mut faults);
    faults.tell()?;
    let snapshot = deps.kept.fresh(&deps.table, &deps.clock).await?;
    let matching = snapshot.charities.iter().filter(|charity| region.is_none_or(|region| charity.value.region == region));
    let (shown, next) = page.cut(matching, |charity| charity.value.id.as_str());
    let charities = shown.into_iter().map(|charity| view::charity(&charity.value)).collect();
    Ok(answer(call, None, &Charities { charities, next }))
}

/// `GET /v1/opportunities/{id}`.
///
/// # Errors
/// 404 where there is none, 503 when the table is busy.
pub async fn opportunity(deps: &Deps, call: &Call) -> Result<Answer, Problem> {
    let snapshot = deps.kept.fresh(&deps.table, &deps.clock).await?;
    let listed = snapshot.opportunity(call.path("id")).ok_or_else(Problem::not_found)?;
    Ok(answer(call, Some(listed.revised.revision), &shown_opportunity(listed)))
}

/// `GET /v1/charities/{id}`.
///
/// # Errors
/// As [`opportunity`].
pub async fn charity(deps: &Deps, call: &Call) -> Result<Answer, Problem> {
    let snapshot = deps.kept.fresh(&deps.table, &deps.clock).await?;
    let charity = snapshot.charity(call.path("id")).ok_or_else(Problem::not_found)?;
    Ok(answer(call, Some(charity.revision), &view::charity(&charity.value)))
}

/// `GET /v1/openapi.json`.
pub fn description(call: &Call) -> Answer {
    etag::answer(call, &etag::of(OPENAPI), OPENAPI.to_owned(), DESCRIPTION_SECS)
}

fn shown_opportunity(listed: &Listed) -> OpportunityView<'_> {
    view::opportunity(&listed.revised.value, &listed.charity, &listed.sums)
}

fn answer(call: &Call, revision: Option<u64>, body: &impl Serialize) -> Answer {
    let body = view::written(body);
    let tag = revision.map_or_else(|| etag::of(&body), |revision| etag::revised(revision, &body));
    etag::answer(call, &tag, body, FRESH_SECS)
}
