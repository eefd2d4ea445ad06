//! Another attempt to pay, after a decline or when the checkout was lost.
//!
//! The body names the attempt that it follows: `{"after": 1}` makes the second. So a double click makes one attempt, and needs no key of its own: the
//! second click finds what the first made. Each attempt has its own reference at the provider; a payment of an earlier one that comes
//! after all settles the donation, and a second is given back.
//!
//! What the donation held is given up soon after an attempt has failed: shares of an offering at once. Then this one lets it wait anew and claims again, as long as the sale is open and
//! enough is left.

use domain::donation::{Attempt, Donation, MOST_ATTEMPTS, State};
use domain::moment::Moment;
use domain::purpose::Language;
use platform::http::{Answer, Call, Problem};
use serde_json::Value;

use crate::answer::{Made, View};
use crate::cancel::{MOST_ROUNDS, already_paid, cancelled, expired};
use crate::command::{no_others, whole_number};
use crate::fault::{Found, problem};
use crate::hold::Holding;
use crate::make::{PROVIDER, expires_at};
use crate::{Deps, checkout, hold, shares};

/// Makes the attempt after the one that the body names, or finds it, and answers with its checkout.
pub async fn attempt(deps: &Deps, call: &Call) -> Result<Answer, Problem> {
    let donation = deps.door.holder(call).await?;
    let body: Value = call.json()?;
    let after = after(&body).map_err(|faults| problem(faults, call.language()))?;
    let (donation, attempt) = find_or_make(deps, donation, (after, call.language())).await?;
    // The request that made the donation may have died before it held anything.
    let donation = match hold::hold(deps, donation, false, None).await? {
        Holding::Held(donation) => donation,
        Holding::Over(donation) => return Err(over(&donation, deps)),
        Holding::Refused(faults) => return Err(shares::told(deps, faults, call.language())),
    };
    let page = checkout::page(deps, &donation, &attempt).await?;
    let donation = View::of(&donation, deps.clock.now());
    Ok(Answer::json(201, &Made { donation, checkout_url: Some(page.url), access_token: None }))
}

/// The attempt that the body follows.
///
/// # Errors
/// With each fault and its place.
pub fn after(body: &Value) -> Result<u32, Vec<Found>> {
    whole_number(no_others(body, &["after"])?, "after")
}

async fn find_or_make(
    deps: &Deps,
    mut donation: Donation,
    (after, language): (u32, Language),
) -> Result<(Donation, Attempt), Problem> {
    for _ in 0..MOST_ROUNDS {
        if !donation.state_at(deps.clock.now()).is_payable() {
            return Err(over(&donation, deps));
        }
        let latest = donation.attempt().cloned().ok_or_else(unknown)?;
        if after.checked_add(1) == Some(latest.number) {
            return if donation.has_given_up() { Err(failed()) } else { Ok((donation, latest)) };
        }
        let next = next(deps, &donation, &latest, after).await?;
        let until = waits_until(deps, &donation).await?.map_err(|fault| problem(vec![fault], language))?;
        // Whoever added it, what stands is looked at again.
        deps.table.add_attempt(&donation, &next, until).await?;
        donation = deps.table.donation(&donation.id).await?.ok_or_else(Problem::not_found)?;
    }
    Err(Problem::try_again("the donation kept moving"))
}

async fn next(deps: &Deps, donation: &Donation, latest: &Attempt, after: u32) -> Result<Attempt, Problem> {
    if after != latest.number {
        return Err(unknown());
    }
    if donation.attempts.len() >= MOST_ATTEMPTS {
        return Err(too_many());
    }
    let number = latest.number + 1;
    let reference = deps.door.identifiers().await?.checkout_reference(&donation.id, number);
    Ok(Attempt { number, provider: PROVIDER, reference })
}

/// Until when the donation waits for another attempt: as long as before, unless it has to claim anew.
async fn waits_until(deps: &Deps, donation: &Donation) -> Result<Result<Moment, Found>, Problem> {
    if !donation.has_given_up() {
        return Ok(Ok(donation.expires_at));
    }
    let now = deps.clock.now();
    if let Some(named) = &donation.reservation {
        let offering = deps.table.offering(&named.offering).await?.ok_or_else(Problem::not_found)?;
        if let Some(closed) = shares::closed(&offering, now, "/after") {
            return Ok(Err(closed));
        }
    }
    Ok(Ok(expires_at(now, false, Some(donation))))
}

/// Why it can no longer be paid.
fn over(donation: &Donation, deps: &Deps) -> Problem {
    match donation.state_at(deps.clock.now()) {
        State::Cancelled => cancelled(),
        State::Failed { .. } if donation.dropped => failed(),
        // Payable a moment ago, and not any more.
        State::Awaiting | State::Failed { .. } | State::Expired => expired(),
        State::Settled { .. } | State::PartlyRefunded { .. } | State::Disputed { .. } | State::Refunded { .. } => {
            already_paid()
        }
    }
}

fn unknown() -> Problem {
    let (arabic, english) = ("ليست هذه آخر محاولة دفع", "That is not the latest attempt to pay");
    Problem::new(409, "attempt_unknown", arabic, english)
}

fn failed() -> Problem {
    let (arabic, english) =
        ("فشلت محاولة الدفع هذه؛ اطلب محاولة بعدها", "That attempt to pay has failed; ask for the one after it");
    Problem::new(409, "attempt_failed", arabic, english)
}

fn too_many() -> Problem {
    let (arabic, english) = ("محاولات الدفع أكثر من المسموح", "There were too many attempts to pay");
    Problem::new(409, "too_many_attempts", arabic, english)
}
