//! What changed at the provider lately, compared with the books: a webhook that never came is made up for within minutes, and what the provider undoes is a case within minutes.
//!
//! **Promise.** Every payment that changed until [`GRACE_SECS`] ago is compared at least once, however long the provider or this function was down: a cursor in the
//! table says how far, and moves on only after what was missing is in the queue `verification`. Windows overlap, because a list may lag behind the payments themselves.
//!
//! **Bounds.** [`BUDGET_SECS`] for a run; the rest is the next run's. The metric `ListBehind` says how far the list is behind the clock.

use domain::case::{Case, Reason};
use domain::message::{Message, PaymentReported};
use domain::moment::Moment;
use domain::payment::Provider;
use domain::reconcile::payment::{Difference, Standing, Told, compare};
use platform::telemetry;
use providers::{Payment, ProviderError, Time};
use serde_json::{Value, json};

use crate::known::{self, Books};
use crate::list::{Reader, Slice};
use crate::{Deps, ReconcileError, day, open};

/// A payment is left to its webhook for so long.
pub const GRACE_SECS: i64 = 120;
/// How far a run looks back behind where the last one ended.
pub const OVERLAP_SECS: i64 = 600;
/// How far the very first run looks back.
pub const FIRST_LOOK_SECS: i64 = 24 * 3_600;
/// After so long a run begins no further window: less than half of the function's time.
const BUDGET_SECS: i64 = 360;

/// Compares what changed since the last run; answers with how far it came, what was missing and what differs.
///
/// # Errors
/// When the provider, the table or the queue cannot be reached. What was compared before stays compared.
pub async fn run(deps: &Deps) -> Result<Value, ReconcileError> {
    let now = deps.clock.now();
    let until = now.plus_seconds(-GRACE_SECS);
    let provider = Provider::Moyasar;
    let cursor = deps.table.compared_until(provider).await?;
    let from = cursor.map_or(until.plus_seconds(-FIRST_LOOK_SECS), |cursor| cursor.plus_seconds(-OVERLAP_SECS));
    let mut reader = Reader::new(deps.providers.of(provider), Time::Changed, from, until);
    let (mut seen, mut found, mut came_to) = (0, Found::default(), cursor.unwrap_or(from));
    while let Some(slice) = reader.next().await? {
        seen += slice.payments.len();
        let upto = slice.until;
        let more = make_up(deps, provider, slice).await?;
        found = Found { missed: found.missed + more.missed, differ: found.differ + more.differ };
        deps.table.note_compared(provider, upto).await?;
        came_to = came_to.max(upto);
        if deps.clock.now().millis_since(now) > BUDGET_SECS * 1_000 {
            break;
        }
    }
    let Found { missed, differ } = found;
    telemetry::count("reconciliation", "MissedWebhooks", missed as u64);
    telemetry::count("reconciliation", "Differences", differ as u64);
    telemetry::milliseconds("reconciliation", "ListBehind", behind(now, came_to));
    Ok(json!({ "compared_until": came_to.to_string(), "payments": seen, "missed": missed, "differ": differ }))
}

fn behind(now: Moment, came_to: Moment) -> u64 {
    u64::try_from(now.millis_since(came_to)).unwrap_or(0)
}

/// What a slice of the list shows.
#[derive(Debug, Clone, Copy, Default)]
struct Found {
    /// Payments of which verification was told.
    missed: usize,
    /// Payments of which a person is told.
    differ: usize,
}

/// Tells verification of what the books lack, and a person of what telling them again does not put right.
async fn make_up(deps: &Deps, provider: Provider, mut slice: Slice) -> Result<Found, ReconcileError> {
    for id in &slice.unreadable {
        tracing::warn!(payment = id.as_str(), "a payment of the list cannot be read; the day's comparison sets it aside");
    }
    let books = known::look(&deps.table, deps.providers.of(provider), &mut slice.payments).await?;
    let (mut missing, mut differ) = (Vec::new(), 0);
    for payment in &slice.payments {
        match follows(deps, payment, &books).await? {
            Follows::Nothing => {}
            Follows::Tell => {
                tracing::warn!(
                    payment = payment.payment.payment.as_str(),
                    status = payment.status,
                    "the books lack a payment"
                );
                missing.push(report(payment));
            }
            Follows::Ask => differ += usize::from(ask(deps, provider, payment, &books).await?),
        }
    }
    let missed = missing.len();
    deps.verification.send_all(missing).await?;
    Ok(Found { missed, differ })
}

/// What is to be done about a payment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Follows {
    /// Nothing, or all of it was done.
    Nothing,
    /// A webhook would change something: the books lack it, or nobody was told that it cannot be booked.
    Tell,
    /// The books have what the provider does not say any more, or what telling it again does not put right: the list may be older than what was booked, so that the provider is asked.
    Ask,
}

async fn follows(deps: &Deps, payment: &Payment, books: &Books) -> Result<Follows, ReconcileError> {
    let told = books.told(payment);
    let difference = match compare(&told, books.known(&told.payment, told.donation)) {
        Standing::NoMoney | Standing::Matches => return Ok(Follows::Nothing),
        Standing::Behind(_) => return Ok(Follows::Tell),
        Standing::Differs(difference) => difference,
    };
    if deps.table.case(&matter(&told, difference, deps.clock.now()).id()).await?.is_some() {
        return Ok(Follows::Nothing);
    }
    Ok(if is_settlements(difference.reason) { Follows::Tell } else { Follows::Ask })
}

/// Asks the provider for a payment, later than the books were read, and opens a case if they still have what it does not say: a refund that was undone, money that was taken and is denied, a fee that became less.
/// Whether it did.
async fn ask(deps: &Deps, provider: Provider, listed: &Payment, books: &Books) -> Result<bool, ReconcileError> {
    let payment = match deps.providers.of(provider).payment(&listed.payment.payment).await {
        Ok(payment) => payment,
        // What it cannot tell is the day's to find out.
        Err(ProviderError::NotFound | ProviderError::Refused { .. } | ProviderError::Unreadable(_)) => return Ok(false),
        Err(error) => return Err(error.into()),
    };
    let told = books.told(&payment);
    let known = books.known(&told.payment, told.donation);
    let Standing::Differs(difference) = compare(&told, known) else { return Ok(false) };
    if is_settlements(difference.reason) {
        return Ok(false);
    }
    let evidence = day::evidence(&payment, &told, known).to_string();
    open(deps, &day::case(Some(&told.payment), told.donation, difference, evidence, deps.clock.now())).await?;
    Ok(true)
}

/// Whether settlement itself sets a payment aside for this reason, once it is told of it.
const fn is_settlements(reason: Reason) -> bool {
    matches!(reason, Reason::AmountDiffers | Reason::CurrencyDiffers | Reason::VoidAfterCapture | Reason::FeeBeyondCapture)
}

/// The matter of a difference.
pub(crate) fn matter(told: &Told, difference: Difference, now: Moment) -> Case {
    day::case(Some(&told.payment), told.donation, difference, String::new(), now)
}

/// What a webhook would have said: where to look. Verification asks the provider again before anything is believed.
pub(crate) fn report(payment: &Payment) -> Message {
    Message::PaymentReported(PaymentReported {
        payment: payment.payment.clone(),
        event: "reconciliation".to_owned(),
        kind: "payment_listed".to_owned(),
        amount_minor: payment.amount_minor,
        currency: payment.currency.clone(),
        status: payment.status.clone(),
    })
}
