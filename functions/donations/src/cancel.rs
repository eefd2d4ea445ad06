//! Giving a donation up.
//!
//! Only while it can be paid. A payment that was under way all the same is settled if the donation held nothing, and owed back if it did:
//! what it held may be somebody else's by then.

use domain::donation::{Donation, State};
use domain::message::Message;
use platform::http::{Answer, Call, Problem};
use std::time::Duration;

use crate::{Deps, show};

/// Rounds of one request: each is lost to another write of the same donation, and there are few of those.
pub const MOST_ROUNDS: usize = 5;

/// Cancels the donation of the path. A second time changes nothing.
pub async fn cancel(deps: &Deps, call: &Call) -> Result<Answer, Problem> {
    let mut donation = deps.door.holder(call).await?;
    for _ in 0..MOST_ROUNDS {
        match donation.state_at(deps.clock.now()) {
            State::Awaiting | State::Failed { .. } => {
                // Whoever moved it, what stands is looked at again.
                deps.table.move_donation(&donation, &State::Cancelled).await?;
            }
            State::Cancelled => {
                drop_hold(deps, &donation).await?;
                return show::answer(deps, &donation).await;
            }
            State::Expired => return Err(expired()),
            State::Settled { .. } | State::PartlyRefunded { .. } | State::Disputed { .. } | State::Refunded { .. } => {
                return Err(already_paid());
            }
        }
        donation = deps.table.donation(&donation.id).await?.ok_or_else(Problem::not_found)?;
    }
    Err(Problem::try_again("the donation kept moving"))
}

/// Told again when cancelled again: the first call may have died before it told.
async fn drop_hold(deps: &Deps, donation: &Donation) -> Result<(), Problem> {
    if donation.holds() {
        deps.holds.send(Message::HoldDropped { donation: donation.id }, Duration::ZERO).await?;
    }
    Ok(())
}

/// 409: it waited too long.
pub fn expired() -> Problem {
    Problem::new(409, "expired", "انتهت مهلة الدفع", "The time to pay is over")
}

/// 409: it was given up.
pub fn cancelled() -> Problem {
    Problem::new(409, "cancelled", "أُلغي هذا التبرع", "This donation was cancelled")
}

/// 409: there is money in it.
pub fn already_paid() -> Problem {
    Problem::new(409, "already_paid", "تم دفع هذا التبرع", "This donation is paid")
}
