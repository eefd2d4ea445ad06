//! What shares are held against before anything is written for them: how often somebody tries, whose turn it is, and how many one giver may have.
//!
//! **Order.** The brake first, so that nothing else can be tried without end; then the waiting room; then the limit, as it stands: it is held for good only when the gift is counted
//! ([`crate::shares::allowance`]). A gift that is known already is never asked again: its retry costs nothing here.
//!
//! **Cost.** In memory, and a read where there is a limit. A write only of who tries more often than an ordinary person ([`platform::brake`]).

use domain::id::{DonationId, OpportunityId};
use domain::sacrifice::fairness::GiverHash;
use platform::auth::{Admission, Caller, Identifiers, Who};
use platform::brake::Braking;
use platform::http::{Call, Problem};
use platform::telemetry;

use crate::Deps;
use crate::fault::{Found, LIMIT_REACHED};
use crate::shares::{Asked, allowance};

/// Who asks for shares.
pub struct Asker<'a> {
    /// The gift that they would be of.
    pub donation: &'a DonationId,
    /// Who gives.
    pub caller: &'a Caller,
    /// The mobile number that the gift names.
    pub mobile: Option<&'a str>,
    /// The call.
    pub call: &'a Call,
}

/// Lets somebody ask for shares, and says in whose allowances they are to be counted; or what is wrong with the number that is asked for.
///
/// # Errors
/// 429 for who tries too often, 403 without a turn, 503 when the table is busy.
pub async fn pass(deps: &Deps, asker: &Asker<'_>, asked: &Asked) -> Result<Result<Vec<GiverHash>, Found>, Problem> {
    let ids = deps.door.identifiers().await?;
    brake(deps, ids, asker, asked).await?;
    admit(deps, ids, asker, asked)?;
    let Some(limit) = asked.limit() else { return Ok(Ok(Vec::new())) };
    let givers = givers(ids, asker, &asked.offering);
    let left = allowance::left(deps, (asker.donation, asked.shares), &givers, limit).await?;
    Ok(if left < asked.shares { Err(limit_reached(asked, left)) } else { Ok(givers) })
}

/// Whoever is signed in, and whoever has the mobile.
fn givers(ids: &Identifiers, asker: &Asker<'_>, offering: &OpportunityId) -> Vec<GiverHash> {
    let donor = match asker.caller {
        Caller::Donor(donor) => Some(Who::Donor(donor)),
        Caller::Guest(_) => None,
    };
    donor.into_iter().chain(asker.mobile.map(Who::Mobile)).map(|who| ids.giver(offering, who)).collect()
}

async fn brake(deps: &Deps, ids: &Identifiers, asker: &Asker<'_>, asked: &Asked) -> Result<(), Problem> {
    let (allowed, source) = (asked.fairness.attempts(), asker.call.source());
    let mobile = asker.mobile.map(|mobile| (Who::Mobile(mobile), allowed.mobile, "BrakedByMobile"));
    let tries = [(Who::Source(&source), allowed.source, "BrakedBySource")].into_iter().chain(mobile);
    for (who, per_minute, metric) in tries {
        let who = ids.tries("gift", who);
        match deps.brake.tries(&deps.table, &who, per_minute, deps.clock.now()).await? {
            Braking::Passes => {}
            Braking::Waits(secs) => {
                telemetry::count("donations", metric, 1);
                return Err(Problem::slow_down(secs));
            }
        }
    }
    Ok(())
}

fn admit(deps: &Deps, ids: &Identifiers, asker: &Asker<'_>, asked: &Asked) -> Result<(), Problem> {
    if asked.fairness.room.is_none() {
        return Ok(());
    }
    let Some(token) = asker.call.header("admission-token") else { return Err(turned_away(&MISSING, &asked.offering)) };
    match ids.admits(token, &asked.offering, asker.donation, deps.clock.now()) {
        Admission::Serves => Ok(()),
        Admission::Over => Err(turned_away(&OVER, &asked.offering)),
        Admission::Foreign => Err(turned_away(&FOREIGN, &asked.offering)),
    }
}

/// Why somebody is not let in: a code, and a sentence in Arabic and in English.
type Why = (&'static str, &'static str, &'static str);

const MISSING: Why = (
    "admission_required",
    "خذ رقمًا من غرفة الانتظار أولًا",
    "Take a ticket of the waiting room first, and send its Admission-Token",
);
const OVER: Why = ("admission_over", "انتهى دورك؛ خذ رقمًا آخر", "Your turn is over: take another ticket");
const FOREIGN: Why = (
    "admission_foreign",
    "هذا الدور لتبرع آخر؛ خذ رقمًا لهذا التبرع",
    "This admission is not for this gift: take a ticket for it, with the same caller and Idempotency-Key",
);

/// 403, with where a ticket is to be had: now, because nobody gets here before the sale is open.
fn turned_away((code, arabic, english): &Why, offering: &OpportunityId) -> Problem {
    Problem::new(403, code, arabic, english).with_detail(&format!("POST /v1/sacrifice/offerings/{offering}/tickets"))
}

/// So many are not left of what one giver may have.
pub fn limit_reached(asked: &Asked, left: u8) -> Found {
    let at = format!("/lines/{}/sacrifice/shares", asked.line);
    Found { remains: Some(left.to_string()), allowed: asked.fairness.limit, ..LIMIT_REACHED.at(at) }
}
