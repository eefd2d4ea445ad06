//! Groups of facts, and the way of one through the phases.

use std::time::Duration;

use domain::case::{Case, Reason};
use domain::message::Message;
use domain::payment::{PaymentFact, PaymentRef};
use platform::batch::{Delivery, Failure};
use platform::table::TableError;

use crate::Deps;
use crate::commit::{self, Outcome};
use crate::consequences::{self, Consequences};
use crate::plan::{self, Known, Plan};

/// Facts of one group at most. Nearly each adds one item and one entry at most; with the page that is a transaction's hundred actions. A group of which that is too much is halved.
pub const MOST_FACTS: usize = domain::journal::page::MOST_ENTRIES;

/// How often a refund or a dispute whose capture is not known waits for it: about half an hour. Then a person is told, before the queue sets it aside.
pub const MOST_WAITS: u32 = 9;

/// After so long what is nobody's is looked at once more: longer than a look is on its way that has met no trouble.
pub const LOOK_WAIT: Duration = Duration::from_secs(300);

/// A fact and the message that brought it.
#[derive(Debug, Clone)]
pub struct Told {
    /// The fact.
    pub fact: PaymentFact,
    /// Its message.
    pub delivery: Delivery,
}

/// Why a group could not be settled this time.
#[derive(Debug, thiserror::Error)]
pub enum GroupError {
    /// The table did not take or give something.
    #[error("the table")]
    Table(#[from] TableError),
    /// A queue did not take what follows.
    #[error("a queue")]
    Queue(#[from] platform::queue::QueueError),
    /// An amount of the donation is nothing; no donation is made so.
    #[error("a transfer")]
    Transfer(#[from] domain::journal::TransferError),
    /// Too many others wrote to the same items or chains.
    #[error("{0} rounds were not enough")]
    Crowded(u32),
    /// Payments whose donations were found are two entries each, and a page takes so many.
    #[error("{0} entries are more than a page takes")]
    TooMany(usize),
}

impl GroupError {
    /// Whether fewer facts together may be settled.
    const fn is_of_many(&self) -> bool {
        match self {
            GroupError::Table(error) => error.is_invalid(),
            GroupError::TooMany(_) => true,
            GroupError::Queue(_) | GroupError::Transfer(_) | GroupError::Crowded(_) => false,
        }
    }
}

/// The batch's facts in groups. A message that is not for this queue fails.
pub fn groups(deliveries: &[Delivery], failures: &mut Vec<Failure>) -> Vec<Vec<Told>> {
    let mut facts = Vec::new();
    for delivery in deliveries {
        match &delivery.message {
            Message::PaymentTold(fact) => facts.push(Told { fact: fact.clone(), delivery: delivery.clone() }),
            _ => {
                tracing::error!(message_id = delivery.id, "a message is not for settlement");
                failures.push(delivery.failure());
            }
        }
    }
    facts.chunks(MOST_FACTS).map(<[Told]>::to_vec).collect()
}

/// Settles a group; gives back what has to come again. A group that the table refuses as invalid is halved until the fact that is at fault
/// stands alone; that one is set aside for a person.
pub async fn settle(deps: &Deps, facts: Vec<Told>) -> Vec<Failure> {
    let mut failures = Vec::new();
    let mut work = vec![facts];
    while let Some(mut facts) = work.pop() {
        match settle_once(deps, &facts).await {
            Ok(waiting) => failures.extend(waiting),
            Err(error) if error.is_of_many() && facts.len() > 1 => {
                let rest = facts.split_off(facts.len() / 2);
                work.extend([rest, facts]);
            }
            Err(GroupError::Table(error)) if error.is_invalid() => failures.extend(set_aside(deps, &facts, &error).await),
            Err(error) => {
                tracing::warn!(error = platform::http::chain(&error), facts = facts.len(), "a group comes again");
                failures.extend(facts.iter().map(|told| told.delivery.failure()));
            }
        }
    }
    failures
}

/// One way through the phases; gives back the facts that wait for others.
async fn settle_once(deps: &Deps, facts: &[Told]) -> Result<Vec<Failure>, GroupError> {
    let mut looked_at: Vec<PaymentRef> = Vec::new();
    for round in 0..commit::ROUNDS {
        let known = read(deps, facts).await?;
        let plan = plan::plan(known, facts.iter().map(|told| &told.fact), deps.clock.now())?;
        if plan.entries.len() > MOST_FACTS {
            return Err(GroupError::TooMany(plan.entries.len()));
        }
        for case in &plan.cases {
            deps.table.open_case(case).await?;
        }
        let fresh: Vec<_> = nobodys(&plan).filter(|(payment, _)| !looked_at.contains(payment)).collect();
        looked_at.extend(fresh.iter().map(|(payment, _)| payment.clone()));
        let look = |(payment, case)| (Message::LookRequested { payment, case }, LOOK_WAIT);
        deps.verification.send_all_later(fresh.into_iter().map(look)).await?;
        if !change(deps, &plan).await? {
            continue;
        }
        let page = match commit::commit(deps, &plan, round).await? {
            Outcome::Stands(page) => page,
            Outcome::LookAgain => continue,
        };
        consequences::tell(deps, Consequences::of(&plan, page.as_ref())).await?;
        return wait(deps, plan.waiting.iter().map(|index| &facts[*index])).await;
    }
    Err(GroupError::Crowded(commit::ROUNDS))
}

/// What is nobody's, and its case. It is looked at once more by itself: its metadata may be put right at that very moment, and the look that found none may be an old one. Told before it is booked, so that no crash
/// loses it; a look too many changes nothing.
fn nobodys(plan: &Plan) -> impl Iterator<Item = (PaymentRef, String)> {
    let nobodys = plan.cases.iter().filter(|case| case.reason == Reason::DonationUnknown);
    nobodys.filter_map(|case| Some((case.payment.clone()?, case.id())))
}

/// Phase 1. The charges are read only where they make a difference; and, which is rare, donations that no fact names but whose payment was found to be theirs.
async fn read(deps: &Deps, facts: &[Told]) -> Result<Known, GroupError> {
    let mut ids: Vec<_> = facts.iter().filter_map(|told| told.fact.donation).collect();
    ids.sort_unstable();
    ids.dedup();
    let mut known = Known::default();
    for donation in deps.table.donations(&ids).await? {
        known.donations.insert(donation.id, donation);
    }
    let mut payments: Vec<_> =
        facts.iter().filter(|told| known.needs_charge(&told.fact)).map(|told| told.fact.payment.clone()).collect();
    payments.sort_unstable();
    payments.dedup();
    for charge in deps.table.charges(&payments).await? {
        known.charges.insert(charge.payment.clone(), charge);
    }
    let mut found: Vec<_> = facts.iter().filter_map(|told| known.about(&told.fact)).collect();
    found.retain(|id| ids.binary_search(id).is_err());
    found.sort_unstable();
    found.dedup();
    for donation in deps.table.donations(&found).await? {
        known.donations.insert(donation.id, donation);
    }
    Ok(known)
}

/// Changes of donations that book nothing: a plain conditional write each. `false` when one had moved on.
async fn change(deps: &Deps, plan: &Plan) -> Result<bool, GroupError> {
    for turn in &plan.changed {
        if !deps.table.turn_donation(&turn.read, &turn.state, &turn.back).await? {
            return Ok(false);
        }
    }
    Ok(true)
}

/// What waits for a capture comes again, until it has waited in vain.
async fn wait(deps: &Deps, waiting: impl Iterator<Item = &Told>) -> Result<Vec<Failure>, GroupError> {
    let mut again = Vec::new();
    for told in waiting {
        if told.delivery.receives < MOST_WAITS {
            again.push(told.delivery.failure());
        } else {
            let case = plan::matter(&told.fact, Reason::RefundWithoutCapture, deps.clock.now());
            tracing::warn!(case = case.id(), "a fact has waited in vain for a capture and is set aside");
            deps.table.open_case(&case).await?;
        }
    }
    Ok(again)
}

async fn set_aside(deps: &Deps, facts: &[Told], error: &TableError) -> Vec<Failure> {
    let mut failures = Vec::new();
    for told in facts {
        let case =
            Case { amount_minor: told.fact.amount_minor, ..plan::matter(&told.fact, Reason::Unwritable, deps.clock.now()) };
        tracing::error!(case = case.id(), error = platform::http::chain(error), "a fact cannot be written and is set aside");
        if deps.table.open_case(&case).await.is_err() {
            failures.push(told.delivery.failure());
        }
    }
    failures
}
