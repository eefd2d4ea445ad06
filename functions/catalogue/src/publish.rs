//! An operator's change, from the request to what stands in the catalogue.
//!
//! **Phases.** Read what is sent and what stands; let the rules decide; write to the log; write. For a capped opportunity writing is: the
//! interim form under a new revision (which shuts earlier writers out), the escrow, and the final form where it differs.
//!
//! **Halfway.** Nothing that broke off promises more than the escrow grants: see [`crate::rules::interim`]. The same request sent again
//! begins with a new revision and finishes everything, whoever sends it.

use domain::catalogue::{Charity, Opportunity};
use domain::id::OpportunityId;
use domain::money::Money;
use http::header::{CONTENT_LANGUAGE, ETAG};
use platform::auth::Officer;
use platform::http::{Answer, Call, Faults, Problem, etag};
use platform::table::{Operation, Revised, Revising};
use serde::Serialize;

use crate::draft::{CharityDraft, OpportunityDraft};
use crate::escrow::{self, Settling};
use crate::rules::{self, Given};
use crate::snapshot::{Sums, total_item};
use crate::{Deps, view};

/// Who may change the catalogue.
const OPERATORS: &[&str] = &["operator"];

/// `PUT /v1/charities/{id}`.
///
/// # Errors
/// 401, 403; 400 and 422 for the body; 412 by `If-Match`; 409 when overtaken; 503 when the table is busy.
pub async fn charity(deps: &Deps, call: &Call) -> Result<Answer, Problem> {
    let officer = Officer::of(call, OPERATORS)?;
    let after: Charity = call.object::<CharityDraft>()?.check(call.path("id"), call.language())?;
    let before = deps.table.revised_charity(&after.id).await?;
    let revision = before.map(|before| before.revision);
    etag::require(call, revision)?;
    log(deps, call, officer, "put_charity", after.id.as_str(), &after).await?;
    let after = Revised { revision: next(revision), mark: mark(deps), value: after };
    stands(deps.table.revise_charity(&after).await?)?;
    deps.kept.forget().await;
    Ok(answer(revision.is_none(), after.revision, &view::charity(&after.value)))
}

/// `PUT /v1/opportunities/{id}`.
///
/// # Errors
/// As [`charity`]; and 409 for a change that the rules do not allow.
pub async fn opportunity(deps: &Deps, call: &Call) -> Result<Answer, Problem> {
    let officer = Officer::of(call, OPERATORS)?;
    let after: Opportunity = call.object::<OpportunityDraft>()?.check(call.path("id"), call.language())?;
    let before = deps.table.revised_opportunity(&after.id).await?;
    etag::require(call, before.as_ref().map(|before| before.revision))?;
    let charity = deps.table.charity(&after.charity).await?.ok_or_else(|| unknown_charity(call))?;
    let sums = sums(deps, &after.id).await?;
    if let Some(before) = &before {
        let taken = if before.value.is_capped() { escrow::taken(&deps.table, &after.id).await? } else { Money::ZERO };
        rules::allow(&before.value, &after, Given { gifts: sums.gifts, taken }, Faults::new(call.language()))?;
    }
    log(deps, call, officer, "put_opportunity", after.id.as_str(), &after).await?;
    let revision = publish(deps, before.as_ref(), &after).await;
    deps.kept.forget().await;
    Ok(answer(before.is_none(), revision?, &view::opportunity(&after, &charity, &sums)))
}

/// Writes an opportunity and brings its escrow to its target; gives the revision that stands then.
async fn publish(deps: &Deps, before: Option<&Revised<Opportunity>>, after: &Opportunity) -> Result<u64, Problem> {
    let interim = Revised {
        revision: next(before.map(|before| before.revision)),
        mark: mark(deps),
        value: rules::interim(before.map(|before| &before.value), after),
    };
    stands(deps.table.revise_opportunity(&interim).await?)?;
    if let Some(target) = after.target_minor {
        let shown = interim.value.target_minor.unwrap_or(target);
        settle(deps, &after.id, interim.revision, target, shown).await?;
    }
    if interim.value == *after {
        return Ok(interim.revision);
    }
    let last = Revised { revision: next(Some(interim.revision)), mark: mark(deps), value: after.clone() };
    stands(deps.table.revise_opportunity(&last).await?)?;
    Ok(last.revision)
}

/// Brings the escrow to the target, or back to the one that is shown where gifts were faster than a lowering.
async fn settle(deps: &Deps, id: &OpportunityId, revision: u64, target: Money, shown: Money) -> Result<(), Problem> {
    let refused = match escrow::settle(&deps.table, id, revision, target).await? {
        Settling::Done => return Ok(()),
        Settling::Overtaken => return Err(rules::overtaken()),
        Settling::Below(below) => rules::below_taken(below.taken),
        Settling::Busy => Problem::try_again("gifts took what was to be withdrawn, round after round"),
    };
    escrow::settle(&deps.table, id, revision, shown).await?;
    Err(refused)
}

async fn sums(deps: &Deps, id: &OpportunityId) -> Result<Sums, Problem> {
    Ok(Sums::of(&deps.table.totals(&total_item(id)).await?, id))
}

fn unknown_charity(call: &Call) -> Problem {
    let mut faults = Faults::new(call.language());
    faults.add("/charity", "charity_unknown", "لا توجد جهة بهذا الرمز", "There is no such charity");
    Problem::invalid(faults.into_list())
}

/// Writes the act down before it is done. What is in the log may have been refused after all, where another was faster; what stands in
/// the catalogue without a line in the log cannot be.
async fn log(deps: &Deps, call: &Call, by: Officer, act: &str, on: &str, to: &impl Serialize) -> Result<(), Problem> {
    let operation = Operation::new(call, by, deps.clock.now(), act, on, to)?;
    Ok(deps.table.log_operation(&operation, deps.random.number()).await?)
}

const fn next(revision: Option<u64>) -> u64 {
    match revision {
        Some(revision) => revision + 1,
        None => 1,
    }
}

fn mark(deps: &Deps) -> u64 {
    deps.random.number()
}

fn stands(revising: Revising) -> Result<(), Problem> {
    match revising {
        Revising::Written => Ok(()),
        Revising::Overtaken => Err(rules::overtaken()),
    }
}

fn answer(is_new: bool, revision: u64, body: &impl Serialize) -> Answer {
    let body = view::written(body);
    let tag = etag::revised(revision, &body);
    let status = if is_new { 201 } else { 200 };
    Answer::text(status, etag::JSON, body).with_header(ETAG, &tag).with_header(CONTENT_LANGUAGE, "ar, en")
}
