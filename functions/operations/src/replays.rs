//! Replays: what was set aside is sent on its way again, after what was wrong is put right.
//!
//! It goes where it would have gone, and whoever takes it decides anew; every consumer bears it twice. So it is sent first and noted in the case after that: a note says
//! that it was sent. It is sent a little later than at once, so that the note stands when it is taken up, and what comes of it is told after the note.

use std::time::Duration;

use domain::case::duty::Remedy;
use domain::case::kept::{Kept, Replay, State};
use domain::case::{Case, Reason, provider_of};
use domain::message::{Envelope, Message};
use domain::payment::{Happening, PaymentFact};
use platform::auth::Officer;
use platform::http::{Answer, Call, Faults, Problem, idempotency_key};
use platform::queue::Queue;
use providers::Webhook;
use serde::{Deserialize, Serialize};

use crate::cases::closer;
use crate::{Deps, MOST_ROUNDS, REPLAYED, fault};

/// How much later it is taken up than it was sent.
pub const SOON: Duration = Duration::from_secs(2);

/// The body of `POST /v1/operations/replays`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ReplayDraft {
    /// The case's id.
    pub case: String,
}

/// Where a replay goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum To {
    Verification,
    Payments,
    Refunds,
}

#[derive(Serialize)]
struct Replayed<'a> {
    case: &'a str,
    queue: &'static str,
    by: &'a str,
    at: String,
}

impl To {
    const fn name(self) -> &'static str {
        match self {
            To::Verification => "verification",
            To::Payments => "payments",
            To::Refunds => "refunds",
        }
    }

    const fn queue(self, deps: &Deps) -> &Queue {
        match self {
            To::Verification => &deps.verification,
            To::Payments => &deps.payments,
            To::Refunds => &deps.refunds,
        }
    }
}

/// Sends what a case is about on its way again. The same key again sends nothing more.
///
/// # Errors
/// 401, 403; 400 and 422 for the request; 409 for a case that is closed or that a replay cannot help; 503 when something is busy.
pub async fn replay(deps: &Deps, call: &Call) -> Result<Answer, Problem> {
    let officer = Officer::of(call, &["operator"])?;
    let key = idempotency_key(call.header("idempotency-key"))?;
    let ReplayDraft { case } = call.object()?;
    let Some(kept) = deps.case(&case).await? else { return Err(unknown(call)) };
    let id = deps.identifiers().await?.act("replay_case", &case, &officer.subject, key);
    let (to, message) = match (kept.replay(&id), &kept.state) {
        (Some(replay), _) => return Ok(answer(&case, destination(&kept.case), replay).with_header(REPLAYED, "true")),
        (None, State::Closed(_)) => return Err(fault::case_closed(closer(&kept))),
        (None, State::Open) => message(deps, &case, &kept.case).await?,
    };
    deps.log(call, &officer, "replay_case", &case, &serde_json::json!({"queue": to.name()})).await?;
    to.queue(deps).send(message, SOON).await?;
    let replay = Replay { id, by: officer.subject, at: deps.clock.now() };
    note(deps, kept, &replay).await?;
    Ok(answer(&case, to, &replay))
}

fn answer(case: &str, to: To, replay: &Replay) -> Answer {
    Answer::json(202, &Replayed { case, queue: to.name(), by: &replay.by, at: replay.at.to_string() })
}

fn unknown(call: &Call) -> Problem {
    let mut faults = Faults::new(call.language());
    faults.add("/case", "case_unknown", "لا توجد حالة بهذا المعرف", "There is no such case");
    Problem::invalid(faults.into_list())
}

/// Notes it in the case, however that stands by now: it was sent.
async fn note(deps: &Deps, mut kept: Kept, replay: &Replay) -> Result<(), Problem> {
    for _ in 0..MOST_ROUNDS {
        if kept.replay(&replay.id).is_some() {
            return Ok(());
        }
        match deps.table.turn_case(&kept, &kept.replayed(replay.clone())).await? {
            None => return Ok(()),
            Some(moved) => kept = moved,
        }
    }
    Err(Problem::try_again("the case kept moving"))
}

/// How a case is taken up again. No provider answers with a dispute: one that waited for its capture in vain is told again itself.
fn remedy(case: &Case) -> Remedy {
    let is_dispute = || {
        fact(case).is_ok_and(|message| match message {
            Message::PaymentTold(fact) => matches!(
                fact.happening,
                Happening::Disputed { .. } | Happening::DisputeWon { .. } | Happening::DisputeLost { .. }
            ),
            _ => false,
        })
    };
    if case.reason == Reason::RefundWithoutCapture && is_dispute() { Remedy::TellAgain } else { case.reason.remedy() }
}

/// Where a case's replay goes: [`message`] sends no other way.
fn destination(case: &Case) -> To {
    match remedy(case) {
        Remedy::LookAgain | Remedy::None => To::Verification,
        Remedy::TellAgain => To::Payments,
        Remedy::RefundAgain => To::Refunds,
    }
}

/// Whether a replay has something to send. Whether it can be read is known when it is tried.
pub(crate) fn is_replayable(case: &Case) -> bool {
    match remedy(case) {
        Remedy::LookAgain => case.payment.is_some() || provider_of(&case.evidence).is_some(),
        Remedy::TellAgain => fact(case).is_ok(),
        Remedy::RefundAgain => owed(case).is_ok(),
        Remedy::None => false,
    }
}

/// What is sent, and where.
async fn message(deps: &Deps, id: &str, case: &Case) -> Result<(To, Message), Problem> {
    let message = match remedy(case) {
        Remedy::LookAgain => match &case.payment {
            Some(payment) => Message::LookRequested { payment: payment.clone(), case: id.to_owned() },
            None => document(deps, case).await?,
        },
        Remedy::TellAgain => fact(case)?,
        Remedy::RefundAgain => owed(case)?,
        Remedy::None => return Err(fault::replay_cannot_help(case.reason)),
    };
    Ok((destination(case), message))
}

/// What could not be read, read again.
async fn document(deps: &Deps, case: &Case) -> Result<Message, Problem> {
    let provider = provider_of(&case.evidence).ok_or_else(fault::nothing_to_replay)?;
    let bytes = deps.bucket.fetch(&case.evidence).await.map_err(Problem::try_again)?;
    let bytes = bytes.ok_or_else(fault::nothing_to_replay)?;
    let redacted = serde_json::from_slice(&bytes).map_err(Problem::ours)?;
    match providers::read_kept(provider, &redacted) {
        Webhook::Reported(reported) => Ok(Message::PaymentReported(reported)),
        Webhook::UnknownType { .. } | Webhook::Malformed { .. } | Webhook::Unauthentic => Err(fault::still_unreadable()),
    }
}

fn fact(case: &Case) -> Result<Message, Problem> {
    let fact: PaymentFact = serde_json::from_str(&case.evidence).map_err(|_| fault::nothing_to_replay())?;
    Ok(Message::PaymentTold(fact))
}

/// What is owed of a payment anyway. What two people agreed to is asked for again by people.
fn owed(case: &Case) -> Result<Message, Problem> {
    #[derive(Deserialize)]
    struct Evidence {
        message: Option<String>,
    }
    if case.refund.is_some() {
        return Err(fault::replay_cannot_help(case.reason));
    }
    let evidence: Evidence = serde_json::from_str(&case.evidence).map_err(|_| fault::nothing_to_replay())?;
    let message = evidence.message.and_then(|text| Envelope::read(&text).ok());
    message.filter(|message| matches!(message, Message::RefundDue { .. })).ok_or_else(fault::nothing_to_replay)
}
