//! Corrections of the books: asked for by one, agreed to or declined by another.
//!
//! Agreeing is one write: the movement, its page, and the correction as done with its place. The follower is told of the page after that; a crash between the two is
//! made up for by the same request again, by any approver's, or within a minute by the follower's own look for pages that nobody told of.
//!
//! What a correction takes out of suspense is of the payment that its case is about, and is taken from what stands there of it in the same write; what went another way meanwhile is not there any more, and
//! agreeing is refused. What was taken out by mistake is brought back in the same way.
//!
//! The case is not touched. Whether a correction settles the matter is for a person to say, and they say it by closing the case with a note: several corrections may belong to
//! one case, and one may be asked for about a case that was closed before somebody saw that the books were wrong.

use std::time::Duration;

use domain::correction::{Act, Correction, CorrectionStage, Step};
use domain::message::Message;
use platform::auth::Officer;
use platform::http::{Answer, Call, Faults, Page, Parameters, Problem, idempotency_key};
use platform::table::{Correcting, CorrectionFilter};
use serde::Serialize;
use serde_json::json;

use crate::correction_draft::{CorrectionDraft, Wanted};
use crate::correction_view::CorrectionView;
use crate::{Deps, MOST_ROUNDS, REPLAYED, fault};

#[derive(Serialize)]
struct Corrections<'a> {
    corrections: Vec<CorrectionView<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    next: Option<String>,
}

/// `POST /v1/operations/corrections`: asks for a correction; the same key again finds the same one.
///
/// # Errors
/// 401, 403; 400 and 422 for the request; 503 when the table is busy.
pub async fn ask(deps: &Deps, call: &Call) -> Result<Answer, Problem> {
    let officer = Officer::of(call, &["operator"])?;
    let key = idempotency_key(call.header("idempotency-key"))?;
    let wanted = call.object::<CorrectionDraft>()?.check(Faults::new(call.language()))?;
    let id = deps.identifiers().await?.correction(&officer.subject, key);
    // A retry finds what it made, whatever became of the case and the accounts since.
    if let Some(before) = deps.table.correction(&id).await? {
        return replayed(&before, &wanted);
    }
    let payment = wanted.exists(deps, Faults::new(call.language())).await?;
    let Wanted { case, transfers, note } = wanted.clone();
    let (asked_by, asked_at) = (officer.subject.clone(), deps.clock.now());
    let stage = CorrectionStage::Asked;
    let asked = Correction { id, case, payment, transfers, note, asked_by, asked_at, version: 1, stage };
    let view = CorrectionView::of(&asked);
    deps.log(call, &officer, "ask_correction", asked.id.as_str(), &view).await?;
    match deps.table.ask_correction(&asked).await? {
        None => Ok(Answer::json(201, &view)),
        Some(before) => replayed(&before, &wanted),
    }
}

/// A key that asked for another correction before is refused.
fn replayed(before: &Correction, wanted: &Wanted) -> Result<Answer, Problem> {
    if before.case != wanted.case || before.transfers != wanted.transfers || before.note != wanted.note {
        return Err(fault::key_reused());
    }
    Ok(Answer::json(200, &CorrectionView::of(before)).with_header(REPLAYED, "true"))
}

/// `GET /v1/operations/corrections`: those that wait for another person, the one that waits longest first; or those that are done or declined, the latest first.
///
/// # Errors
/// 401, 403; 422 for a bad filter; 503 when the table is busy.
pub async fn list(deps: &Deps, call: &Call) -> Result<Answer, Problem> {
    Officer::of(call, &["operator", "approver", "auditor"])?;
    let mut faults = Faults::new(call.language());
    let known: Vec<&str> = ["state"].into_iter().chain(Page::NAMES).collect();
    let parameters = Parameters::of(call, &known, &mut faults);
    let stage = stage(&parameters, &mut faults);
    let page = Page::read(&parameters, format!("corrections/{stage}"), &mut faults);
    faults.tell()?;
    let latest_first = stage != CorrectionStage::Asked.code();
    let filter = CorrectionFilter { stage, latest_first, after: page.after().map(str::to_owned) };
    let found = deps.table.corrections(&filter, page.limit()).await?;
    let next = found.next.map(|place| page.cursor(&place));
    Ok(Answer::json(200, &Corrections { corrections: found.corrections.iter().map(CorrectionView::of).collect(), next }))
}

/// How far what is listed has come.
pub(crate) fn stage(parameters: &Parameters<'_>, faults: &mut Faults) -> &'static str {
    let asked = CorrectionStage::Asked.code();
    let Some(text) = parameters.get("state") else { return asked };
    let known = CorrectionStage::CODES.into_iter().find(|code| *code == text);
    known.unwrap_or_else(|| {
        faults.add("?state", "unknown_code", "asked أو done أو declined", "asked, done or declined");
        asked
    })
}

/// `GET /v1/operations/corrections/{id}`.
///
/// # Errors
/// 401, 403, 404; 503 when the table is busy.
pub async fn show(deps: &Deps, call: &Call) -> Result<Answer, Problem> {
    Officer::of(call, &["operator", "approver", "auditor"])?;
    Ok(Answer::json(200, &CorrectionView::of(&deps.correction(call).await?)))
}

/// `POST /v1/operations/corrections/{id}/approve`: another person agrees, and it is booked. Agreeing again, by whomever, answers the same and tells the follower again.
///
/// # Errors
/// 401, 404; 403 for whoever asked; 409 for one that was declined, or whose money is not in suspense any more; 503 when something is busy: the same request again goes on.
pub async fn approve(deps: &Deps, call: &Call) -> Result<Answer, Problem> {
    let officer = Officer::of(call, &["approver"])?;
    for _ in 0..MOST_ROUNDS {
        let asked = deps.correction(call).await?;
        if asked.act(Act::Approve, &officer.subject).map_err(fault::correction)? == Step::Repeat {
            return told(deps, &asked).await;
        }
        deps.log(call, &officer, "approve_correction", asked.id.as_str(), &json!({})).await?;
        let (by, at) = (officer.subject.as_str(), deps.clock.now());
        match deps.table.book_correction(&asked, (by, at), &deps.clock, &deps.random).await? {
            Correcting::Done(done) => return told(deps, &done).await,
            Correcting::Stood(place) => {
                // Booked by somebody who was faster, and done with it: the next look finds it so. Only where the item was brought back from before that is it marked here.
                let done = asked.turned(CorrectionStage::Done { by: by.to_owned(), at, place });
                if deps.table.turn_correction(&asked, &done).await? {
                    return told(deps, &done).await;
                }
            }
            Correcting::Moved => {}
            Correcting::Spent => return Err(fault::suspense_spent()),
        }
    }
    Err(Problem::try_again("the correction kept moving"))
}

/// Tells the follower of the page on which a correction is booked, and answers with it.
async fn told(deps: &Deps, done: &Correction) -> Result<Answer, Problem> {
    if let CorrectionStage::Done { place, .. } = &done.stage {
        let committed = Message::PageCommitted { chain: place.chain, seq: place.seq };
        deps.journal.send(committed, Duration::ZERO).await?;
    }
    Ok(Answer::json(200, &CorrectionView::of(done)))
}

/// `POST /v1/operations/corrections/{id}/decline`: an approver does not agree, or an operator takes back what they asked for. Declining again changes nothing.
///
/// # Errors
/// 401, 404; 403 for an operator who did not ask for it; 409 for one that is done, or that somebody else declined; 503 when the table is busy.
pub async fn decline(deps: &Deps, call: &Call) -> Result<Answer, Problem> {
    let officer = Officer::of(call, &["operator", "approver"])?;
    for _ in 0..MOST_ROUNDS {
        let asked = deps.correction(call).await?;
        if officer.role == "operator" && asked.asked_by != officer.subject {
            return Err(Problem::forbidden());
        }
        if asked.act(Act::Decline, &officer.subject).map_err(fault::correction)? == Step::Repeat {
            return Ok(Answer::json(200, &CorrectionView::of(&asked)));
        }
        deps.log(call, &officer, "decline_correction", asked.id.as_str(), &json!({})).await?;
        let declined = CorrectionStage::Declined { by: officer.subject.clone(), at: deps.clock.now() };
        let declined = asked.turned(declined);
        if deps.table.turn_correction(&asked, &declined).await? {
            return Ok(Answer::json(200, &CorrectionView::of(&declined)));
        }
    }
    Err(Problem::try_again("the correction kept moving"))
}

impl Deps {
    /// The correction of the path; what is no id is the id of none.
    async fn correction(&self, call: &Call) -> Result<Correction, Problem> {
        let id = call.path("id").parse().map_err(|_| Problem::not_found())?;
        self.table.correction(&id).await?.ok_or_else(Problem::not_found)
    }
}
