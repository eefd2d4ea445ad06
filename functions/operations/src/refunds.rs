//! Refunds: asked for by one, agreed to or declined by another.

use std::time::Duration;

use domain::donation::{Asked, Back, Donation, MOST_LINES, Part, Refund, RefundFault, RefundReason, RefundStage};
use domain::id::RefundId;
use domain::message::Message;
use domain::money::Money;
use platform::auth::Officer;
use platform::http::{Answer, Call, Faults, Problem, idempotency_key};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::view::{Asking, Standing};
use crate::{Deps, MOST_ROUNDS, REPLAYED, fault};

/// How long the message waits that is sent before an agreement is written: by then it is written, or never will be, because no run of this function lasts so long.
pub const LATER: Duration = Duration::from_secs(60);
/// The least that is given back of a line, and that a correction moves.
pub(crate) const LEAST: Money = match Money::from_halalas(1) {
    Some(halala) => halala,
    None => Money::ZERO,
};

/// The body of `POST /v1/donations/{id}/refunds`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RefundDraft {
    reason: String,
    #[serde(default)]
    lines: Vec<PartDraft>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct PartDraft {
    line: u8,
    amount: Value,
}

impl RefundDraft {
    /// The parts that are asked for, of everything where there are none, and why.
    ///
    /// # Errors
    /// 422, with each fault and its place.
    pub fn check(self, mut faults: Faults) -> Result<(Vec<Part>, RefundReason), Problem> {
        if self.lines.len() > MOST_LINES {
            faults.add("/lines", "too_many_lines", "البنود أكثر من المسموح", "There are more lines than one gift may have");
        }
        let reason = faults.code("/reason", &self.reason);
        let mut parts = Vec::new();
        for (number, part) in self.lines.into_iter().enumerate().take(MOST_LINES) {
            let amount = faults.amount(&format!("/lines/{number}/amount"), &part.amount, LEAST);
            parts.extend(amount.map(|amount_minor| Part { line: part.line, amount_minor }));
        }
        faults.tell()?;
        Ok((parts, reason.ok_or_else(|| Problem::ours("a part that is missing was told as a fault"))?))
    }
}

/// Asks for a refund of the path's donation; the same key again finds the same refund.
///
/// # Errors
/// 401, 403, 404; 400 and 422 for the request; 409 for what does not stand; 503 when the table is busy.
pub async fn ask(deps: &Deps, call: &Call) -> Result<Answer, Problem> {
    let officer = Officer::of(call, &["operator"])?;
    let key = idempotency_key(call.header("idempotency-key"))?;
    let (parts, reason) = call.object::<RefundDraft>()?.check(Faults::new(call.language()))?;
    let mut donation = deps.donation(call).await?;
    let id = deps.identifiers().await?.refund(&donation.id, &officer.subject, key);
    for _ in 0..MOST_ROUNDS {
        if let Some(refund) = donation.back.refund(&id) {
            return replayed(refund, &parts, reason);
        }
        let (by, at) = (officer.subject.clone(), deps.clock.now());
        let asked = Asked { id: id.clone(), parts: parts.clone(), reason, by, at };
        let back = donation.ask_refund(asked).map_err(|fault| fault::problem(fault, call.language()))?;
        let view = back.refund(&id).map(Asking::of);
        deps.log(call, &officer, "ask_refund", &format!("{}/{id}", donation.id), &view).await?;
        if turn(deps, &donation, &back).await? {
            return Ok(Answer::json(201, &view));
        }
        donation = deps.donation(call).await?;
    }
    Err(Problem::try_again("the donation kept moving"))
}

/// A key that asked for another refund before is refused.
fn replayed(refund: &Refund, parts: &[Part], reason: RefundReason) -> Result<Answer, Problem> {
    let is_same = if parts.is_empty() { refund.everything } else { !refund.everything && refund.parts == parts };
    if refund.reason != reason || !is_same {
        return Err(fault::key_reused());
    }
    Ok(Answer::json(200, &Asking::of(refund)).with_header(REPLAYED, "true"))
}

/// What was asked for of the path's donation, and what stands of it.
///
/// # Errors
/// 401, 403, 404; 503 when the table is busy.
pub async fn list(deps: &Deps, call: &Call) -> Result<Answer, Problem> {
    Officer::of(call, &["operator", "approver", "auditor"])?;
    let donation = deps.donation(call).await?;
    Ok(Answer::json(200, &Standing::of(&donation)))
}

/// Another person agrees: the refund is given back. Agreeing again sends for it again.
///
/// # Errors
/// As [`ask`]; 403 for whoever asked.
pub async fn approve(deps: &Deps, call: &Call) -> Result<Answer, Problem> {
    let officer = Officer::of(call, &["approver"])?;
    for _ in 0..MOST_ROUNDS {
        let donation = deps.donation(call).await?;
        let id = refund_id(call)?;
        let approved = Message::RefundApproved { donation: donation.id };
        if let Some(refund) = donation.back.refund(&id) {
            match &refund.stage {
                // Any approver may send for it again.
                RefundStage::Approved { .. } => {
                    deps.refunds.send(approved, Duration::ZERO).await?;
                    return Ok(Answer::json(200, &Asking::of(refund)));
                }
                RefundStage::Done { by, .. } if *by == officer.subject => {
                    return Ok(Answer::json(200, &Asking::of(refund)));
                }
                RefundStage::Asked
                | RefundStage::Done { .. }
                | RefundStage::Declined { .. }
                | RefundStage::Refused { .. } => {}
            }
        }
        let back = donation.approve_refund(&id, &officer.subject, deps.clock.now());
        let back = back.map_err(|fault| fault::problem(fault, call.language()))?;
        deps.log(call, &officer, "approve_refund", &format!("{}/{id}", donation.id), &json!({})).await?;
        // Before it is written, so that a crash right after that forgets nothing.
        deps.refunds.send(approved.clone(), LATER).await?;
        if turn(deps, &donation, &back).await? {
            deps.refunds.send(approved, Duration::ZERO).await?;
            return Ok(Answer::json(200, &back.refund(&id).map(Asking::of)));
        }
    }
    Err(Problem::try_again("the donation kept moving"))
}

/// An approver does not agree, or an operator takes back what they asked for. Declining again changes nothing.
///
/// # Errors
/// As [`approve`].
pub async fn decline(deps: &Deps, call: &Call) -> Result<Answer, Problem> {
    let officer = Officer::of(call, &["operator", "approver"])?;
    for _ in 0..MOST_ROUNDS {
        let donation = deps.donation(call).await?;
        let id = refund_id(call)?;
        let refund = donation.back.refund(&id).ok_or_else(Problem::not_found)?;
        if officer.role == "operator" && refund.asked_by != officer.subject {
            return Err(Problem::forbidden());
        }
        if matches!(&refund.stage, RefundStage::Declined { by, .. } if *by == officer.subject) {
            return Ok(Answer::json(200, &Asking::of(refund)));
        }
        let back = donation.decline_refund(&id, &officer.subject, deps.clock.now());
        let back = back.map_err(|fault| fault::problem(fault, call.language()))?;
        deps.log(call, &officer, "decline_refund", &format!("{}/{id}", donation.id), &json!({})).await?;
        if turn(deps, &donation, &back).await? {
            return Ok(Answer::json(200, &back.refund(&id).map(Asking::of)));
        }
    }
    Err(Problem::try_again("the donation kept moving"))
}

fn refund_id(call: &Call) -> Result<RefundId, Problem> {
    call.path("refund").parse().map_err(|_| fault::problem(RefundFault::NoSuchRefund, call.language()))
}

async fn turn(deps: &Deps, donation: &Donation, back: &Back) -> Result<bool, Problem> {
    Ok(deps.table.turn_donation(donation, &donation.state, back).await?)
}
