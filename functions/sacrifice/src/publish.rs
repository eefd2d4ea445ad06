//! An operator's change, from the request to lots that hold the quota.
//!
//! **Phases.** Read what is sent and what stands; let the rules decide; write to the log; write the interim form under a new revision, which shuts earlier writers out; bring the
//! lots to the quota; write the final form.
//!
//! **Halfway.** Nothing that broke off sells more than the quota that is shown: see [`crate::rules::interim`]. The same request sent again begins with a new revision and finishes
//! everything, whoever sends it.

use domain::catalogue::Opportunity;
use domain::id::OpportunityId;
use domain::moment::Moment;
use domain::sacrifice::fairness::WaitingRoom;
use domain::sacrifice::{Fairness, Offering, Stock};
use http::header::{CONTENT_LANGUAGE, ETAG};
use platform::auth::Officer;
use platform::http::{Answer, Call, Faults, Problem, etag};
use platform::table::Operation;
use serde::Serialize;

use crate::draft::OfferingDraft;
use crate::lots::{self, Settling};
use crate::{Deps, rules, view};

/// Who may change offerings.
const OPERATORS: &[&str] = &["operator"];

/// The languages of every answer but problems.
pub const LANGUAGES: &str = "ar, en";

/// `PUT /v1/sacrifice/offerings/{id}`.
///
/// # Errors
/// 401, 403; 400 and 422 for the body; 412 by `If-Match`; 409 for a change that the rules or what is taken do not allow, and when overtaken; 503 when the table is busy.
pub async fn offering(deps: &Deps, call: &Call) -> Result<Answer, Problem> {
    let officer = Officer::of(call, OPERATORS)?;
    let wished = call.object::<OfferingDraft>()?.check(call.path("id"), call.language())?;
    let before = deps.table.offering(&wished.id).await?;
    etag::require(call, before.as_ref().map(|before| before.revision))?;
    let opportunity = deps.table.opportunity(&wished.id).await?;
    let now = deps.clock.now();
    fits(call, &wished, (before.as_ref(), opportunity.as_ref()), now)?;
    let mut wished = wished;
    if let Some(before) = &before {
        let taken = lots::taken_of(&deps.table, &wished.id).await?;
        wished.was_open = before.was_open || before.opens_at <= now || taken > 0;
        rules::allow(before, &wished, taken, now, Faults::new(call.language()))?;
    }
    let operation = Operation::new(call, officer, deps.clock.now(), "put_offering", wished.id.as_str(), &wished)?;
    deps.table.log_operation(&operation, deps.random.number()).await?;
    let published = publish(deps, before.as_ref(), &wished).await;
    forget(deps, &wished.id).await;
    answer(deps, &published?, before.is_none())
}

/// Whether the opportunity through which the money goes is one for this rite, and limited by the quota alone; and whether the sale closes early enough.
fn fits(
    call: &Call,
    wished: &Offering,
    (before, opportunity): (Option<&Offering>, Option<&Opportunity>),
    now: Moment,
) -> Result<(), Problem> {
    let mut faults = Faults::new(call.language());
    match opportunity {
        None => {
            let english = "Publish the opportunity of this id first: money is given through it";
            faults.add("{id}", "opportunity_unknown", "انشر فرصة التبرع بهذا الرمز أولًا", english);
        }
        Some(opportunity) if opportunity.programme != wished.rite.rules().programme => {
            let english = "The opportunity of this id belongs to another programme";
            faults.add("/rite", "rite_not_of_programme", "فرصة التبرع بهذا الرمز لبرنامج آخر", english);
        }
        Some(opportunity) if opportunity.is_capped() => {
            let english = "The opportunity of this id has a target; an offering is limited by its quota alone";
            faults.add("{id}", "opportunity_capped", "لفرصة التبرع هدف، والعرض تحدّه حصته وحدها", english);
        }
        Some(_) => {}
    }
    rules::in_time(before, wished, now, &mut faults);
    faults.tell()
}

/// Writes an offering and brings its lots to its quota; gives what stands then.
async fn publish(deps: &Deps, before: Option<&Offering>, wished: &Offering) -> Result<Offering, Problem> {
    let interim = rules::interim(before, wished);
    let interim = Offering { revision: before.map_or(1, |before| before.revision + 1), ..interim };
    let interim = put(deps, before, interim).await?;
    if interim.stock == Stock::Ready {
        return Ok(interim);
    }
    let made_before = before.map_or(0, |before| before.lots);
    if !lots::take(&deps.table, &interim.id, made_before, interim.revision).await? {
        return Err(rules::overtaken());
    }
    let refused = match lots::settle(&deps.table, &interim, wished.quota).await? {
        Settling::Done => return put(deps, Some(&interim), rules::finished(wished, &interim)).await,
        Settling::Overtaken => return Err(rules::overtaken()),
        Settling::Below(below) => rules::below_taken(below.taken),
        Settling::Busy { taken } => rules::taken_meanwhile(taken),
    };
    // What was withdrawn by then goes back on sale: the offering stands as it was.
    match lots::settle(&deps.table, &interim, interim.quota).await? {
        Settling::Done => {}
        Settling::Overtaken => return Err(rules::overtaken()),
        Settling::Below(_) | Settling::Busy { .. } => {
            return Err(Problem::try_again("the shares that were withdrawn could not be given back yet"));
        }
    }
    put(deps, Some(&interim), rules::finished(&interim, &interim)).await?;
    Err(refused)
}

/// Writes an offering over the one that stands. Its waiting room goes on from there: what an operator says is the rate, and who is admitted follows from when it is written.
async fn put(deps: &Deps, standing: Option<&Offering>, offering: Offering) -> Result<Offering, Problem> {
    let room = room(deps, standing, &offering).await?;
    let fairness = Fairness { room, ..offering.fairness.clone() };
    let offering = Offering { fairness, mark: deps.random.number(), ..offering };
    if deps.table.put_offering(&offering).await? { Ok(offering) } else { Err(rules::overtaken()) }
}

async fn room(deps: &Deps, standing: Option<&Offering>, next: &Offering) -> Result<Option<WaitingRoom>, Problem> {
    let Some(wished) = &next.fairness.room else { return Ok(None) };
    let before = standing.and_then(|standing| Some((standing.fairness.room.as_ref()?, standing.opens_at)));
    let Some((room, opened)) = before else {
        let taken = deps.table.tickets_taken(&next.id).await?;
        return Ok(Some(WaitingRoom::opened(wished.rate(), next.opens_at, taken, deps.clock.now())));
    };
    Ok(Some(room.changed(wished.rate(), (opened, next.opens_at), deps.clock.now())))
}

async fn forget(deps: &Deps, id: &OpportunityId) {
    deps.offerings.forget().await;
    deps.looks.forget(id).await;
}

/// A view as JSON.
///
/// # Errors
/// When it cannot be written: a fault of ours.
pub fn written(view: &impl Serialize) -> Result<String, Problem> {
    serde_json::to_string(view).map_err(Problem::ours)
}

fn answer(deps: &Deps, offering: &Offering, is_new: bool) -> Result<Answer, Problem> {
    let body = written(&view::one(offering, None, deps.clock.now()))?;
    let tag = etag::revised(offering.revision, &body);
    let status = if is_new { 201 } else { 200 };
    Ok(Answer::text(status, etag::JSON, body).with_header(ETAG, &tag).with_header(CONTENT_LANGUAGE, LANGUAGES))
}
