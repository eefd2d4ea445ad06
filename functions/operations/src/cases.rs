//! Cases: what was set aside, listed and closed with a note.

use domain::case::Reason;
use domain::case::duty::Owner;
use domain::case::kept::{Closing, Kept, Standing, State};
use platform::auth::Officer;
use platform::http::{Answer, Call, Faults, Page, Parameters, Problem, idempotency_key};
use platform::table::CaseFilter;
use serde::Deserialize;
use serde::Serialize;
use serde_json::json;

use crate::case_view::{CaseView, WholeCase};
use crate::{Deps, MOST_ROUNDS, REPLAYED, fault, note};

/// Characters of a case's id: hex digits.
const ID_LENGTH: usize = 32;

#[derive(Serialize)]
struct Cases<'a> {
    cases: Vec<CaseView<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    next: Option<String>,
}

/// The body of `POST /v1/operations/cases/{id}/close`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ClosingDraft {
    note: String,
}

impl ClosingDraft {
    /// What was done about it.
    ///
    /// # Errors
    /// 422, with what is wrong with the note.
    pub fn check(&self, mut faults: Faults) -> Result<String, Problem> {
        let note = note::check(&self.note, note::CLOSING, &mut faults);
        faults.tell()?;
        note.ok_or_else(|| Problem::ours("a note that is missing was told as a fault"))
    }
}

/// `GET /v1/operations/cases`: those that are open, the one that waits longest first; or those that are closed, the latest first.
///
/// # Errors
/// 401, 403; 422 for a bad filter; 503 when the table is busy.
pub async fn list(deps: &Deps, call: &Call) -> Result<Answer, Problem> {
    Officer::of(call, &["operator", "approver", "auditor"])?;
    let mut faults = Faults::new(call.language());
    let known: Vec<&str> = ["state", "reason", "owner"].into_iter().chain(Page::NAMES).collect();
    let parameters = Parameters::of(call, &known, &mut faults);
    let standing = standing(&parameters, &mut faults);
    let reason: Option<Reason> = parameters.get("reason").and_then(|text| faults.code("?reason", text));
    let owner: Option<Owner> = parameters.get("owner").and_then(|text| faults.code("?owner", text));
    let code = |code: Option<&'static str>| code.unwrap_or("-");
    let filter = [standing.code(), code(reason.map(Reason::code)), code(owner.map(Owner::code))].join("/");
    let page = Page::read(&parameters, format!("cases/{filter}"), &mut faults);
    faults.tell()?;
    let is_wanted =
        |known: &Reason| reason.is_none_or(|reason| reason == *known) && owner.is_none_or(|owner| owner == known.owner());
    let filter = CaseFilter {
        standing,
        reasons: Reason::ALL.iter().copied().filter(is_wanted).collect(),
        latest_first: standing == Standing::Closed,
        after: page.after().map(str::to_owned),
    };
    let found = deps.table.cases(&filter, page.limit()).await?;
    let next = found.next.map(|place| page.cursor(&place));
    Ok(Answer::json(200, &Cases { cases: found.cases.iter().map(CaseView::of).collect(), next }))
}

fn standing(parameters: &Parameters<'_>, faults: &mut Faults) -> Standing {
    match parameters.get("state") {
        None | Some("open") => Standing::Open,
        Some("closed") => Standing::Closed,
        Some(_) => {
            faults.add("?state", "unknown_code", "open أو closed", "open or closed");
            Standing::Open
        }
    }
}

/// `GET /v1/operations/cases/{id}`: with the evidence, and all that was done about it.
///
/// # Errors
/// 401, 403, 404; 503 when the table is busy.
pub async fn show(deps: &Deps, call: &Call) -> Result<Answer, Problem> {
    Officer::of(call, &["operator", "approver", "auditor"])?;
    let kept = deps.case(call.path("id")).await?.ok_or_else(Problem::not_found)?;
    Ok(Answer::json(200, &WholeCase::of(&kept)))
}

/// `POST /v1/operations/cases/{id}/close`: a person has dealt with it, and says how. The same key again finds what it did, even where the matter was opened again since.
///
/// # Errors
/// 401, 403, 404; 400 and 422 for the request; 409 when somebody else closed it; 503 when the table is busy.
pub async fn close(deps: &Deps, call: &Call) -> Result<Answer, Problem> {
    let officer = Officer::of(call, &["operator", "approver"])?;
    let key = idempotency_key(call.header("idempotency-key"))?;
    let note = call.object::<ClosingDraft>()?.check(Faults::new(call.language()))?;
    let case = call.path("id");
    let mut kept = deps.case(case).await?.ok_or_else(Problem::not_found)?;
    let id = deps.identifiers().await?.act("close_case", case, &officer.subject, key);
    for _ in 0..MOST_ROUNDS {
        if let Some(closing) = kept.closing(&id) {
            return closed_before(&kept, closing, &note);
        }
        let (id, by, at) = (id.clone(), officer.subject.clone(), deps.clock.now());
        let closed = kept.close(Closing { id, by, at, note: note.clone() });
        let closed = closed.ok_or_else(|| fault::case_closed(closer(&kept)))?;
        deps.log(call, &officer, "close_case", case, &json!({"note": note})).await?;
        match deps.table.turn_case(&kept, &closed).await? {
            None => return Ok(Answer::json(200, &WholeCase::of(&closed))),
            Some(moved) => kept = moved,
        }
    }
    Err(Problem::try_again("the case kept moving"))
}

/// A key that closed it with another note before is refused.
fn closed_before(kept: &Kept, closing: &Closing, note: &str) -> Result<Answer, Problem> {
    if closing.note != note {
        return Err(fault::key_reused());
    }
    Ok(Answer::json(200, &WholeCase::of(kept)).with_header(REPLAYED, "true"))
}

/// Who closed it.
pub(crate) fn closer(kept: &Kept) -> &str {
    match &kept.state {
        State::Closed(closing) => &closing.by,
        State::Open => "nobody",
    }
}

impl Deps {
    /// A case by its id; what is no id is the id of none.
    pub(crate) async fn case(&self, id: &str) -> Result<Option<Kept>, Problem> {
        let is_id = id.len() == ID_LENGTH && id.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
        if is_id { Ok(self.table.case(id).await?) } else { Ok(None) }
    }
}
