//! A batch: fetched at the same time, told as it comes in.

use std::collections::BTreeMap;
use std::pin::pin;
use std::time::Duration;

use domain::case::{Case, Reason};
use domain::message::{Message, PaymentReported};
use domain::payment::{PaymentFact, PaymentRef};
use futures_util::{FutureExt as _, Stream, StreamExt as _, stream};
use platform::batch::{Delivery, Failure};
use platform::http::chain;
use platform::outbound::OutboundError;
use platform::queue::LONGEST_DELAY;
use platform::telemetry;
use providers::{Payment, ProviderError};
use serde_json::json;

use crate::Deps;
use crate::judge::{MOST_LOOKS, Verdict, judge};

/// Payments that are fetched at the same time: a whole batch.
const AT_ONCE: usize = 10;
/// The longest wait for one payment, however many calls it takes; a third of the function's time is left to tell.
pub const LONGEST: Duration = Duration::from_secs(20);
/// How long an answer waits for others, to be told in one call with them.
pub const LINGER: Duration = Duration::from_millis(100);

/// Why a payment is fetched.
#[derive(Clone, Copy)]
enum Cause<'a> {
    /// Its provider told this of it.
    Told(&'a PaymentReported),
    /// An operator wants to know, after it was set aside in this case.
    Asked(&'a PaymentRef, &'a str),
}

impl<'a> Cause<'a> {
    const fn payment(self) -> &'a PaymentRef {
        match self {
            Cause::Told(told) => &told.payment,
            Cause::Asked(payment, _) => payment,
        }
    }

    const fn told(self) -> Option<&'a PaymentReported> {
        match self {
            Cause::Told(told) => Some(told),
            Cause::Asked(..) => None,
        }
    }
}

/// A cause and the message that brought it.
type Report<'a> = (&'a Delivery, Cause<'a>);
/// The reports of one payment, and what the provider answered.
type Answered<'a> = (Vec<Report<'a>>, Result<Payment, ProviderError>);

/// Verifies what the messages tell of; gives back those that have to come again.
pub(crate) async fn run(deps: &Deps, deliveries: &[Delivery]) -> Vec<Failure> {
    let mut failures = Vec::new();
    let mut fetches = Vec::new();
    for (payment, reports) in by_payment(deliveries, &mut failures) {
        fetches.push(fetch(deps, payment, reports).boxed());
    }
    let mut answers = pin!(stream::iter(fetches).buffer_unordered(AT_ONCE));
    while let Some(first) = answers.next().await {
        let answered = with_those_close_behind(first, &mut answers).await;
        failures.extend(follow(deps, answered).await);
    }
    failures
}

async fn fetch<'a>(deps: &Deps, payment: &PaymentRef, reports: Vec<Report<'a>>) -> Answered<'a> {
    let answer = tokio::time::timeout(LONGEST, deps.providers.of(payment.provider).payment(&payment.payment)).await;
    (reports, answer.unwrap_or(Err(ProviderError::NoAnswer(OutboundError::Late))))
}

/// One entry for each payment, so that each is fetched once. A message that is not for this queue fails.
fn by_payment<'a>(deliveries: &'a [Delivery], failures: &mut Vec<Failure>) -> BTreeMap<&'a PaymentRef, Vec<Report<'a>>> {
    let mut payments: BTreeMap<&PaymentRef, Vec<Report<'_>>> = BTreeMap::new();
    for delivery in deliveries {
        let cause = match &delivery.message {
            Message::PaymentReported(told) => Cause::Told(told),
            Message::LookRequested { payment, case } => Cause::Asked(payment, case),
            _ => {
                tracing::error!(message_id = delivery.id, "a message is not for verification");
                failures.push(delivery.failure());
                continue;
            }
        };
        payments.entry(cause.payment()).or_default().push((delivery, cause));
    }
    payments
}

async fn with_those_close_behind<T>(first: T, more: &mut (impl Stream<Item = T> + Unpin)) -> Vec<T> {
    let mut gathered = vec![first];
    let gathering = async {
        while let Some(next) = more.next().await {
            gathered.push(next);
        }
    };
    // Either way what came in is told now: all, or those that came in time.
    let _ = tokio::time::timeout(LINGER, gathering).await;
    gathered
}

/// Does what the verdicts say: one call for the facts of all, a write for each case.
async fn follow(deps: &Deps, answered: Vec<Answered<'_>>) -> Vec<Failure> {
    let mut failures = Vec::new();
    let (mut told, mut facts, mut waiting) = (Vec::new(), Vec::new(), Vec::new());
    for (reports, answer) in answered {
        let mut own: Vec<PaymentFact> = Vec::new();
        for (delivery, cause) in reports {
            match judge(cause.told(), delivery.receives, &answer) {
                Verdict::Tell(found) => {
                    told.push(delivery);
                    own = found;
                }
                Verdict::AskAgain => failures.push(again(delivery, cause, &answer)),
                Verdict::Wait if delivery.receives < MOST_LOOKS => failures.push(again(delivery, cause, &answer)),
                Verdict::Wait => waiting.push(delivery),
                Verdict::SetAside(reason) => failures.extend(set_aside(deps, delivery, cause, &answer, reason).await),
            }
        }
        facts.extend(own.into_iter().map(Message::PaymentTold));
    }
    failures.extend(tell(deps, &told, facts).await);
    failures.extend(start_over(deps, &waiting).await);
    failures
}

fn again(delivery: &Delivery, cause: Cause<'_>, answer: &Result<Payment, ProviderError>) -> Failure {
    let payment = cause.payment().payment.as_str();
    let told = cause.told().map(|told| told.status.as_str());
    match answer {
        Ok(fetched) => tracing::info!(payment, told, fetched = fetched.status, "the provider is behind"),
        Err(error) => tracing::warn!(payment, error = chain(error), "a payment cannot be verified yet"),
    }
    delivery.failure()
}

async fn tell(deps: &Deps, told: &[&Delivery], facts: Vec<Message>) -> Vec<Failure> {
    match deps.payments.send_all(facts).await {
        Ok(()) => Vec::new(),
        Err(error) => {
            tracing::warn!(error = chain(&error), payments = told.len(), "settlement could not be told");
            told.iter().map(|delivery| delivery.failure()).collect()
        }
    }
}

/// A message that waits for a provider's recovery begins anew before its receives run out: an outage sets nothing aside.
async fn start_over(deps: &Deps, waiting: &[&Delivery]) -> Vec<Failure> {
    let anew = waiting.iter().map(|delivery| (delivery.message.clone(), LONGEST_DELAY));
    match deps.verification.send_all_later(anew).await {
        Ok(()) => Vec::new(),
        Err(error) => {
            tracing::warn!(error = chain(&error), "messages that wait for a provider keep their count");
            waiting.iter().map(|delivery| delivery.failure()).collect()
        }
    }
}

/// What was told goes into a case. What was asked for has one: it is told there that looking again did not help.
async fn set_aside(
    deps: &Deps,
    delivery: &Delivery,
    cause: Cause<'_>,
    answer: &Result<Payment, ProviderError>,
    reason: Reason,
) -> Option<Failure> {
    let payment = cause.payment().payment.as_str();
    let opened = match cause {
        Cause::Told(told) => {
            let case = case(deps, told, answer, reason);
            tracing::error!(case = case.id(), payment, reason = reason.code(), "a report is set aside");
            deps.table.open_case(&case).await
        }
        Cause::Asked(_, case) => {
            tracing::error!(case, payment, reason = reason.code(), "a payment is looked at again in vain");
            deps.table.reopen_case(case, deps.clock.now()).await
        }
    };
    telemetry::count("verification", "SetAside", 1);
    match opened {
        Ok(()) => None,
        Err(error) => {
            tracing::warn!(error = chain(&error), "a case could not be opened");
            Some(delivery.failure())
        }
    }
}

fn case(deps: &Deps, told: &PaymentReported, answer: &Result<Payment, ProviderError>, reason: Reason) -> Case {
    let fetched = answer.as_ref().ok();
    Case {
        reason,
        payment: Some(told.payment.clone()),
        donation: fetched.and_then(|payment| payment.facts.first()).and_then(|fact| fact.donation),
        refund: None,
        amount_minor: told.amount_minor,
        evidence: evidence(told, answer),
        opened_at: deps.clock.now(),
    }
}

/// What was told and what was answered, side by side. Neither has personal data.
fn evidence(report: &PaymentReported, answer: &Result<Payment, ProviderError>) -> String {
    let told = json!({
        "event": report.event,
        "kind": report.kind,
        "amount_minor": report.amount_minor.halalas(),
        "currency": report.currency,
        "status": report.status,
    });
    let answered = match answer {
        Ok(payment) => json!({
            "amount_minor": payment.amount_minor.halalas(),
            "currency": payment.currency,
            "status": payment.status,
            "refunded_minor": payment.refunded_minor.halalas(),
        }),
        Err(error) => json!({"error": chain(error)}),
    };
    json!({"told": told, "answered": answered}).to_string()
}
