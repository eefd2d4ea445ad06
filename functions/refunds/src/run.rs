//! A batch: each payment asked for once, different payments at the same time.

use std::collections::BTreeMap;
use std::time::Duration;

use domain::case::{Case, Reason};
use domain::id::{DonationId, RefundId};
use domain::message::{Envelope, Message};
use domain::money::Money;
use domain::payment::PaymentRef;
use futures_util::{FutureExt as _, StreamExt as _, stream};
use platform::batch::{Delivery, Failure};
use platform::http::chain;
use platform::outbound::OutboundError;
use platform::queue::LONGEST_DELAY;
use platform::table::TableError;
use platform::telemetry;
use providers::{Payment, ProviderError};
use serde_json::json;

use crate::Deps;
use crate::decide::{MOST_TRIES, Verdict, decide};

/// Payments that are asked for at the same time: a whole batch.
const AT_ONCE: usize = 10;
/// The longest wait for one payment, however many calls it takes; a third of the function's time is left to tell.
pub const LONGEST: Duration = Duration::from_secs(20);
/// How long a payment counts as being refunded: longer than [`LONGEST`] by as much as an answer of the provider's may take, and as clocks of
/// two environments may differ.
pub const BUSY_SECS: i64 = 30;

/// A payment, what is owed back of it, and the messages that say so.
struct Owed<'a> {
    payment: PaymentRef,
    amount: Money,
    /// The donation and its refund that was asked for and agreed to, if that is why.
    asked_of: Option<(DonationId, RefundId)>,
    /// Less stands of that donation by now, after a dispute or a refund from the dashboard: nothing is given back any more.
    is_void: bool,
    deliveries: Vec<&'a Delivery>,
}

/// Why a payment was not asked for.
enum Unasked {
    Table(TableError),
    Busy,
    /// What two people agreed to is another matter by now.
    Changed,
}

/// Gives back what the messages ask for; gives back those that have to come again.
pub(crate) async fn run(deps: &Deps, deliveries: &[Delivery]) -> Vec<Failure> {
    let mut failures = Vec::new();
    let owed = owed(deps, deliveries, &mut failures).await;
    let mut settled = Vec::new();
    for owed in owed {
        settled.push(settle(deps, owed).boxed());
    }
    let done = stream::iter(settled).buffer_unordered(AT_ONCE);
    failures.extend(done.collect::<Vec<_>>().await.into_iter().flatten());
    failures
}

/// One entry for each payment. Messages ask for sums, so the largest holds the others. A message that is not for this queue fails.
async fn owed<'a>(deps: &Deps, deliveries: &'a [Delivery], failures: &mut Vec<Failure>) -> Vec<Owed<'a>> {
    let mut payments: BTreeMap<PaymentRef, Owed<'a>> = BTreeMap::new();
    for delivery in deliveries {
        let asked = match &delivery.message {
            Message::RefundDue { payment, refunded_minor } => {
                Some(Agreed { payment: payment.clone(), target: *refunded_minor, of: None, is_void: false })
            }
            Message::RefundApproved { donation } => match approved(deps, *donation).await {
                Ok(asked) => asked,
                Err(error) => {
                    tracing::warn!(%donation, error = chain(&error), "a refund that was agreed to comes again");
                    failures.push(delivery.failure());
                    None
                }
            },
            _ => {
                tracing::error!(message_id = delivery.id, "a message is not for refunds");
                failures.push(delivery.failure());
                None
            }
        };
        let Some(Agreed { payment, target, of, is_void }) = asked else { continue };
        let key = payment.clone();
        let none = || Owed { payment, amount: Money::ZERO, asked_of: None, is_void: false, deliveries: Vec::new() };
        let owed = payments.entry(key).or_insert_with(none);
        owed.amount = owed.amount.max(target);
        owed.asked_of = owed.asked_of.take().or(of);
        owed.is_void |= is_void;
        owed.deliveries.push(delivery);
    }
    payments.into_values().collect()
}

/// What a message asks for.
struct Agreed {
    payment: PaymentRef,
    /// The sum that the payment's refunds are to come to.
    target: Money,
    /// The donation and its refund, where two people agreed.
    of: Option<(DonationId, RefundId)>,
    is_void: bool,
}

/// What is to be given back of the donation's payment by two people's agreement. Nothing when nobody has agreed after all, or it is done: the message is sent before the
/// agreement is written, so that none is ever forgotten.
async fn approved(deps: &Deps, id: DonationId) -> Result<Option<Agreed>, TableError> {
    let Some(donation) = deps.table.donation(&id).await? else { return Ok(None) };
    let agreed = donation.back.approved().zip(donation.state.settled_by());
    Ok(agreed.map(|((refund, target), by)| Agreed {
        payment: by.payment.clone(),
        target,
        of: Some((id, refund.id.clone())),
        // What was refunded since counts towards the target.
        is_void: target.minus(donation.refunded()).is_some_and(|missing| missing > donation.stands()),
    }))
}

/// The way of one payment; gives back its messages if they have to come again.
async fn settle(deps: &Deps, owed: Owed<'_>) -> Vec<Failure> {
    let answer = match refund(deps, &owed).await {
        Ok(answer) => answer,
        Err(Unasked::Table(error)) => return again(&owed, &chain(&error)),
        Err(Unasked::Busy) => return again(&owed, "somebody else is refunding it"),
        Err(Unasked::Changed) => return again(&owed, "what was agreed to has changed"),
    };
    let receives = owed.deliveries.iter().map(|delivery| delivery.receives).max().unwrap_or(1);
    let less = if owed.is_void { "less stands than was agreed to" } else { "refunded by less than is owed" };
    let why = answer.as_ref().err().map_or(less.to_owned(), |error| chain(error));
    // What is void is not asked for again.
    let tries = if owed.is_void { MOST_TRIES } else { receives };
    match decide(owed.amount, tries, &answer) {
        Verdict::Tell(fact) => match deps.payments.send_all([Message::PaymentTold(fact)]).await {
            Ok(()) => Vec::new(),
            Err(error) => again(&owed, &chain(&error)),
        },
        Verdict::AskAgain => again(&owed, &why),
        Verdict::Wait if receives < MOST_TRIES => again(&owed, &why),
        Verdict::Wait => start_over(deps, &owed).await,
        Verdict::SetAside => set_aside(deps, &owed, &answer, &why).await,
    }
}

/// Asks the provider, if nobody else is at it. The note stays where it is not known what the provider did.
async fn refund(deps: &Deps, owed: &Owed<'_>) -> Result<Result<Payment, ProviderError>, Unasked> {
    let now = deps.clock.now();
    let until = now.plus_seconds(BUSY_SECS);
    if !deps.table.begin_refund(&owed.payment, now, until).await.map_err(Unasked::Table)? {
        return Err(Unasked::Busy);
    }
    if !still_stands(deps, owed).await.map_err(Unasked::Table)? {
        let _ends_by_itself = deps.table.end_refund(&owed.payment, until).await;
        return Err(Unasked::Changed);
    }
    let provider = deps.providers.of(owed.payment.provider);
    let (id, sum) = (&owed.payment.payment, owed.amount);
    // What is void is only looked at: it may have been given back before it was.
    let asking = if owed.is_void { provider.payment(id) } else { provider.refund_to(id, sum) };
    let answer = tokio::time::timeout(LONGEST, asking).await;
    let answer = answer.unwrap_or(Err(ProviderError::NoAnswer(OutboundError::Late)));
    let is_known = answer.as_ref().err().is_none_or(|error| !error.may_have_acted());
    if is_known && let Err(error) = deps.table.end_refund(&owed.payment, until).await {
        // Not an error of the refund: the note ends by itself.
        tracing::warn!(
            payment = owed.payment.payment.as_str(),
            error = chain(&error),
            "a note of a refund stays for a while"
        );
    }
    Ok(answer)
}

/// Looked at again by whoever is alone at it: another may have finished it between the first look and the note.
async fn still_stands(deps: &Deps, owed: &Owed<'_>) -> Result<bool, TableError> {
    let Some((donation, _)) = &owed.asked_of else { return Ok(true) };
    let now = approved(deps, *donation).await?;
    Ok(now.is_some_and(|now| now.of == owed.asked_of && now.target == owed.amount && now.is_void == owed.is_void))
}

fn again(owed: &Owed<'_>, why: &str) -> Vec<Failure> {
    tracing::warn!(payment = owed.payment.payment.as_str(), why, "a refund comes again");
    owed.deliveries.iter().map(|delivery| delivery.failure()).collect()
}

/// A message that waits for a provider's recovery begins anew before its receives run out: an outage sets nothing aside.
async fn start_over(deps: &Deps, owed: &Owed<'_>) -> Vec<Failure> {
    match deps.refunds.send(anew(owed), LONGEST_DELAY).await {
        Ok(()) => Vec::new(),
        Err(error) => again(owed, &chain(&error)),
    }
}

fn anew(owed: &Owed<'_>) -> Message {
    match owed.asked_of {
        Some((donation, _)) => Message::RefundApproved { donation },
        None => Message::RefundDue { payment: owed.payment.clone(), refunded_minor: owed.amount },
    }
}

async fn set_aside(deps: &Deps, owed: &Owed<'_>, answer: &Result<Payment, ProviderError>, why: &str) -> Vec<Failure> {
    let payment = answer.as_ref().ok();
    let refunded = payment.map(|payment| payment.refunded_minor.halalas());
    let asked_of = owed.asked_of.as_ref().map(|(donation, _)| *donation);
    let mut evidence = json!({"owed_minor": owed.amount.halalas(), "refunded_minor": refunded, "why": why});
    // What two people agreed to is asked for again by people; what is owed anyway can be sent on its way again as it came.
    if owed.asked_of.is_none() {
        evidence["message"] = Envelope::from(anew(owed)).write().into();
    }
    let case = Case {
        reason: Reason::RefundRefused,
        payment: Some(owed.payment.clone()),
        donation: asked_of.or(payment.and_then(|payment| payment.facts.first()).and_then(|fact| fact.donation)),
        refund: owed.asked_of.as_ref().map(|(_, refund)| refund.clone()),
        amount_minor: owed.amount,
        evidence: evidence.to_string(),
        opened_at: deps.clock.now(),
    };
    tracing::error!(case = case.id(), payment = owed.payment.payment.as_str(), why, "a refund is set aside");
    telemetry::count("refunds", "SetAside", 1);
    let set_aside = async {
        deps.table.open_case(&case).await?;
        match asked_of {
            Some(donation) => refuse(deps, donation).await,
            None => Ok(true),
        }
    };
    match set_aside.await {
        Ok(true) => Vec::new(),
        Ok(false) => again(owed, "the donation has moved on"),
        Err(error) => again(owed, &chain(&error)),
    }
}

/// What was agreed to is not given back: another refund may be asked for. `false` when the donation has moved on.
async fn refuse(deps: &Deps, id: DonationId) -> Result<bool, TableError> {
    let Some(donation) = deps.table.donation(&id).await? else { return Ok(true) };
    match donation.refuse_refund(deps.clock.now()) {
        Some(back) => deps.table.turn_donation(&donation, &donation.state, &back).await,
        None => Ok(true),
    }
}
