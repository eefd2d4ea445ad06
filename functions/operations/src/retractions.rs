//! Taking back what a slaughterhouse told of an animal: asked for by one, agreed to or declined by another.
//!
//! Agreeing is one write: the animal without those words, which stand in its history from then on, and the retraction as done. Donors who were told of a slaughter that is none hear of it: their notices are sent
//! before the write, to come a minute later, and once more after it; `notifications` tells of nothing that was not written.

use domain::case::{Case, Reason};
use domain::correction::{Act, Step};
use domain::id::DonationId;
use domain::message::Message;
use domain::money::Money;
use domain::notice::Notice;
use domain::sacrifice::carrying::{Retraction, RetractionStage, rules};
use domain::sacrifice::{Carried, ListDay, animal};
use platform::auth::Officer;
use platform::http::{Answer, Call, Faults, Page, Parameters, Problem, idempotency_key};
use platform::table::CorrectionFilter;
use serde::Serialize;
use serde_json::json;
use std::time::Duration;

use crate::refunds::LATER;
use crate::retraction_draft::{RetractionDraft, Wanted};
use crate::retraction_view::RetractionView;
use crate::{Deps, MOST_ROUNDS, REPLAYED, fault};

#[derive(Serialize)]
struct Retractions<'a> {
    retractions: Vec<RetractionView<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    next: Option<String>,
}

/// `POST /v1/operations/retractions`: asks for it; the same key again finds the same one.
///
/// # Errors
/// 401, 403; 400 and 422 for the request; 503 when the table is busy.
pub async fn ask(deps: &Deps, call: &Call) -> Result<Answer, Problem> {
    let officer = Officer::of(call, &["operator"])?;
    let key = idempotency_key(call.header("idempotency-key"))?;
    let wanted = call.object::<RetractionDraft>()?.check(Faults::new(call.language()))?;
    let id = deps.identifiers().await?.correction(&officer.subject, key);
    // A retry finds what it made, whatever became of the animal since.
    if let Some(before) = deps.table.retraction(&id).await? {
        return replayed(&before, &wanted);
    }
    let known = deps.known(&wanted.animal.offering, wanted.animal.number).await?;
    let words = wanted.words(known.as_ref(), Faults::new(call.language()))?;
    let asked = Retraction {
        id,
        offering: wanted.animal.offering.clone(),
        number: wanted.animal.number,
        words,
        note: wanted.note.clone(),
        asked_by: officer.subject.clone(),
        asked_at: deps.clock.now(),
        version: 1,
        stage: RetractionStage::Asked,
    };
    let view = RetractionView::of(&asked);
    deps.log(call, &officer, "ask_retraction", asked.id.as_str(), &view).await?;
    match deps.table.ask_retraction(&asked).await? {
        None => Ok(Answer::json(201, &view)),
        Some(before) => replayed(&before, &wanted),
    }
}

/// A key that asked for another one before is refused.
fn replayed(before: &Retraction, wanted: &Wanted) -> Result<Answer, Problem> {
    if !wanted.is(before) {
        return Err(fault::key_reused());
    }
    Ok(Answer::json(200, &RetractionView::of(before)).with_header(REPLAYED, "true"))
}

/// `GET /v1/operations/retractions`: those that wait for another person, the one that waits longest first; or those that are done or declined, the latest first.
///
/// # Errors
/// 401, 403; 422 for a bad filter; 503 when the table is busy.
pub async fn list(deps: &Deps, call: &Call) -> Result<Answer, Problem> {
    Officer::of(call, &["operator", "approver", "auditor"])?;
    let mut faults = Faults::new(call.language());
    let known: Vec<&str> = ["state"].into_iter().chain(Page::NAMES).collect();
    let parameters = Parameters::of(call, &known, &mut faults);
    let stage = crate::corrections::stage(&parameters, &mut faults);
    let page = Page::read(&parameters, format!("retractions/{stage}"), &mut faults);
    faults.tell()?;
    let latest_first = stage != RetractionStage::Asked.code();
    let filter = CorrectionFilter { stage, latest_first, after: page.after().map(str::to_owned) };
    let found = deps.table.retractions(&filter, page.limit()).await?;
    let next = found.next.map(|place| page.cursor(&place));
    Ok(Answer::json(200, &Retractions { retractions: found.retractions.iter().map(RetractionView::of).collect(), next }))
}

/// `GET /v1/operations/retractions/{id}`.
///
/// # Errors
/// 401, 403, 404; 503 when the table is busy.
pub async fn show(deps: &Deps, call: &Call) -> Result<Answer, Problem> {
    Officer::of(call, &["operator", "approver", "auditor"])?;
    Ok(Answer::json(200, &RetractionView::of(&deps.retraction(call).await?)))
}

/// `POST /v1/operations/retractions/{id}/approve`: another person agrees, and it is taken back. Agreeing again, by whomever, answers the same and tells the donors again.
///
/// # Errors
/// 401, 404; 403 for whoever asked; 409 for one that was declined, and where something else stands of the animal by now; 503 when something is busy: the same request again goes on.
pub async fn approve(deps: &Deps, call: &Call) -> Result<Answer, Problem> {
    let officer = Officer::of(call, &["approver"])?;
    for _ in 0..MOST_ROUNDS {
        let asked = deps.retraction(call).await?;
        if asked.act(Act::Approve, &officer.subject).map_err(fault::correction)? == Step::Repeat {
            deps.tell_person(&asked).await?;
            deps.tell_owners(&asked, Duration::ZERO).await?;
            return Ok(Answer::json(200, &RetractionView::of(&asked)));
        }
        let known = deps.known(&asked.offering, asked.number).await?;
        let at = deps.clock.now();
        let without = known.and_then(|known| known.without(&asked.words, &asked.id, at)).ok_or_else(fault::words_moved)?;
        deps.log(call, &officer, "approve_retraction", asked.id.as_str(), &json!({})).await?;
        // Before it is written, so that a crash right after that forgets nobody.
        deps.tell_person(&asked).await?;
        deps.tell_owners(&asked, LATER).await?;
        let done = asked.turned(RetractionStage::Done { by: officer.subject.clone(), at });
        if deps.table.take_words_back(&without, &done).await? {
            deps.tell_owners(&done, Duration::ZERO).await?;
            return Ok(Answer::json(200, &RetractionView::of(&done)));
        }
    }
    Err(Problem::try_again("the animal kept moving"))
}

/// `POST /v1/operations/retractions/{id}/decline`: an approver does not agree, or an operator takes back what they asked for. Declining again changes nothing.
///
/// # Errors
/// 401, 404; 403 for an operator who did not ask for it; 409 for one that is done, or that somebody else declined; 503 when the table is busy.
pub async fn decline(deps: &Deps, call: &Call) -> Result<Answer, Problem> {
    let officer = Officer::of(call, &["operator", "approver"])?;
    for _ in 0..MOST_ROUNDS {
        let asked = deps.retraction(call).await?;
        if officer.role == "operator" && asked.asked_by != officer.subject {
            return Err(Problem::forbidden());
        }
        if asked.act(Act::Decline, &officer.subject).map_err(fault::correction)? == Step::Repeat {
            return Ok(Answer::json(200, &RetractionView::of(&asked)));
        }
        deps.log(call, &officer, "decline_retraction", asked.id.as_str(), &json!({})).await?;
        let declined = RetractionStage::Declined { by: officer.subject.clone(), at: deps.clock.now() };
        let declined = asked.turned(declined);
        if deps.table.turn_retraction(&declined).await? {
            return Ok(Answer::json(200, &RetractionView::of(&declined)));
        }
    }
    Err(Problem::try_again("the retraction kept moving"))
}

impl Deps {
    /// The retraction of the path; what is no id is the id of none.
    async fn retraction(&self, call: &Call) -> Result<Retraction, Problem> {
        let id = call.path("id").parse().map_err(|_| Problem::not_found())?;
        self.table.retraction(&id).await?.ok_or_else(Problem::not_found)
    }

    /// What is known of an animal.
    async fn known(&self, offering: &domain::id::OpportunityId, number: u32) -> Result<Option<Carried>, Problem> {
        Ok(self.table.carried(&[(offering.clone(), number)]).await?.pop())
    }

    /// Sends the news of a slaughter that is none to whoever has shares of the animal: they were told otherwise. Of evidence and receivers nobody was told.
    async fn tell_owners(&self, retraction: &Retraction, wait: Duration) -> Result<(), Problem> {
        if retraction.words.slaughter.is_none() {
            return Ok(());
        }
        for donation in self.owners(retraction).await? {
            let (offering, number) = (retraction.offering.clone(), retraction.number);
            let notice = Notice::SacrificeTakenBack { donation, offering, number, retraction: retraction.id.clone() };
            self.notices.send(Message::NoticeDue(notice), wait).await?;
        }
        Ok(())
    }

    /// Once the season is over nobody may slaughter it any more, and whoever counts has counted: that its owners have no animal is a matter for a person.
    async fn tell_person(&self, retraction: &Retraction) -> Result<(), Problem> {
        let Some(offering) = self.table.offering(&retraction.offering).await? else { return Ok(()) };
        let now = self.clock.now();
        if retraction.words.slaughter.is_none() || now < rules::ends(&offering) {
            return Ok(());
        }
        let (day, animal) = (ListDay::of(&offering), retraction.animal());
        let case = Case {
            reason: Reason::NotSlaughtered,
            payment: None,
            donation: None,
            refund: None,
            amount_minor: Money::ZERO,
            evidence: format!("{animal}, {day}: that it was slaughtered is taken back, and the season is over"),
            opened_at: now,
        };
        self.table.open_case(&case).await?;
        Ok(())
    }

    async fn owners(&self, retraction: &Retraction) -> Result<Vec<DonationId>, Problem> {
        let Some(offering) = self.table.offering(&retraction.offering).await? else { return Ok(Vec::new()) };
        let Some((lot, head)) = animal::place(offering.species, retraction.number) else { return Ok(Vec::new()) };
        let lots = self.table.lots(&offering.id, &[lot]).await?;
        Ok(lots.iter().flat_map(|lot| animal::owners(offering.species, lot, head)).collect())
    }
}
