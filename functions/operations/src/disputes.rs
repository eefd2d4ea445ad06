//! Disputes: what a provider tells people and not programs.
//!
//! Some providers tell by e-mail or on their dashboard alone that a donor has asked their bank for the money, and how that ended. An operator reports it here, and it takes
//! the way of every other fact: settlement books it. The provider's own webhook, where there is one, says the same, and is then a repeat.

use std::time::Duration;

use domain::donation::{Decision, decide};
use domain::message::Message;
use domain::money::Money;
use domain::payment::{CURRENCY, Happening, PaymentFact};
use platform::auth::Officer;
use platform::http::{Answer, Call, Faults, Problem};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::{Deps, fault};

/// The body of `POST /v1/donations/{id}/disputes`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DisputeDraft {
    outcome: String,
    amount: Value,
}

#[derive(Serialize)]
struct Reported<'a> {
    donation: String,
    outcome: &'a str,
    amount: Money,
}

impl DisputeDraft {
    /// What happened, and to how much of the gift.
    ///
    /// # Errors
    /// 422, with each fault and its place.
    pub fn check(&self, mut faults: Faults) -> Result<(Happening, Money), Problem> {
        let least = Money::from_halalas(1).unwrap_or(Money::ZERO);
        let amount = faults.amount("/amount", &self.amount, least).unwrap_or_default();
        let happening = match self.outcome.as_str() {
            "open" => Some(Happening::Disputed { disputed_minor: amount }),
            "won" => Some(Happening::DisputeWon { disputed_minor: amount }),
            "lost" => Some(Happening::DisputeLost { disputed_minor: amount }),
            _ => {
                faults.add("/outcome", "unknown_code", "open أو won أو lost", "open, won or lost");
                None
            }
        };
        faults.tell()?;
        Ok((happening.ok_or_else(|| Problem::ours("a part that is missing was told as a fault"))?, amount))
    }
}

/// Reports how a dispute about the path's donation stands. The same again changes nothing.
///
/// # Errors
/// 401, 403, 404; 400 and 422 for the request; 409 for what contradicts what is known; 503 when something is busy.
pub async fn report(deps: &Deps, call: &Call) -> Result<Answer, Problem> {
    let officer = Officer::of(call, &["operator"])?;
    let draft: DisputeDraft = call.object()?;
    let (happening, amount) = draft.check(Faults::new(call.language()))?;
    let donation = deps.donation(call).await?;
    let settled_by = donation.state.settled_by().ok_or_else(fault::not_paid)?;
    let fact = PaymentFact {
        payment: settled_by.payment.clone(),
        donation: Some(donation.id),
        attempt: donation.attempt().map_or(0, |attempt| attempt.number),
        amount_minor: donation.total(),
        currency: CURRENCY.to_owned(),
        happening,
    };
    // What settlement would set aside is told at once to whoever can put it right.
    if let Decision::SetAside(reason) = decide(Some(&donation), None, &fact, deps.clock.now()).map_err(Problem::ours)? {
        return Err(fault::contradicts(reason));
    }
    let reported = Reported { donation: donation.id.to_string(), outcome: &draft.outcome, amount };
    deps.log(call, &officer, "report_dispute", &reported.donation, &reported).await?;
    deps.payments.send(Message::PaymentTold(fact), Duration::ZERO).await?;
    Ok(Answer::json(202, &reported))
}
