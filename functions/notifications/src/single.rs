//! One notice to one donor.

use std::time::Duration;

use domain::notice::{Notice, quiet_until};
use domain::sacrifice::Carried;
use platform::batch::{Delivery, Failure};
use platform::http::chain;
use platform::table::Turn;
use platform::telemetry;

use crate::Deps;
use crate::tell::{self, Known, TellError};

/// How long a notice counts as being told: longer than a carrier may take to answer, and as clocks of two environments may differ. A run that died in the
/// middle stands in nobody's way for longer.
pub const BUSY_SECS: i64 = 20;
/// Over how long a morning's messages are spread after a night's quiet.
const MORNING_SPREAD_SECS: u64 = 900;

/// Tells a donor; gives the message back if it has to come again.
pub(crate) async fn tell(deps: &Deps, notice: &Notice, delivery: &Delivery) -> Option<Failure> {
    if let Some(wait) = quiet(deps, notice) {
        return Some(delivery.later(wait));
    }
    match tell_one(deps, notice).await {
        Ok(Turn::Mine | Turn::Over) => None,
        Ok(Turn::Others) => Some(delivery.later(Duration::from_secs(BUSY_SECS.unsigned_abs()))),
        Err(error) => {
            let (donation, notice) = (notice.donation(), notice.name());
            tracing::warn!(%donation, notice, error = chain(&error), "a donor is told later");
            Some(delivery.failure())
        }
    }
}

async fn tell_one(deps: &Deps, notice: &Notice) -> Result<Turn, TellError> {
    // A charge may name a donation that there never was.
    let Some(donation) = deps.table.donation(notice.donation()).await? else { return Ok(Turn::Over) };
    if !is_so_of_its_animal(deps, notice).await? {
        return Ok(Turn::Over);
    }
    let known = Known::of(deps, std::slice::from_ref(&donation)).await?;
    let now = deps.clock.now();
    let turn = deps.table.begin_telling(notice, now, now.plus_seconds(BUSY_SECS)).await?;
    if turn == Turn::Mine {
        if let Err(error) = tell::tell(deps, notice, &donation, &known).await {
            // Whoever tries next need not wait; if this fails as well, they wait for as long as a telling lasts.
            deps.table.give_up_telling(notice).await?;
            return Err(error);
        }
        let told_at = deps.clock.now();
        if let Notice::Sacrifice { received_at, .. } = notice {
            let waited = u64::try_from(told_at.millis_since(*received_at)).unwrap_or(0);
            telemetry::milliseconds("notifications", "SacrificeTold", waited);
        }
        deps.table.note_told(notice, told_at).await?;
    }
    Ok(turn)
}

/// Whether what a notice says of an animal is so now: the last word that a donor hears is to be true, however long another waited.
async fn is_so_of_its_animal(deps: &Deps, notice: &Notice) -> Result<bool, TellError> {
    let (Notice::Sacrifice { offering, number, .. } | Notice::SacrificeTakenBack { offering, number, .. }) = notice else {
        return Ok(true);
    };
    let known = deps.table.carried(&[(offering.clone(), *number)]).await?.pop();
    let is_slaughtered = known.as_ref().is_some_and(Carried::is_slaughtered);
    Ok(match notice {
        Notice::SacrificeTakenBack { retraction, .. } => {
            // It is sent before it is written, to come a minute later: what was not written is not so.
            let is_done = deps.table.retraction(retraction).await?.is_some_and(|retraction| retraction.is_done());
            is_done && !is_slaughtered
        }
        Notice::Sacrifice { again, .. } => {
            is_slaughtered && known.is_some_and(|known| known.slaughters_taken_back() == *again)
        }
        Notice::Thanks { .. } | Notice::Failure { .. } | Notice::Refund { .. } | Notice::ChargeReturned { .. } => true,
    })
}

/// How long the notice waits because people sleep.
fn quiet(deps: &Deps, notice: &Notice) -> Option<Duration> {
    let now = deps.clock.now();
    let until = quiet_until(now).filter(|_| notice.kind().can_wait())?;
    let spread = Duration::from_secs(deps.random.number() % MORNING_SPREAD_SECS);
    Some(Duration::from_millis(u64::try_from(until.millis_since(now)).unwrap_or(0)) + spread)
}
