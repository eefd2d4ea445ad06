//! What charities owe again: more went back to donors than was left of an opportunity after its charity had been granted the money.
//!
//! **Promise.** Each overdraft is booked once, as owed by the charity, with a case. A later one of the same opportunity is another matter, with the next number.
//!
//! **Order.** The matter is noted with its number and amount before it is booked, and finished after a person was told: a run that broke off is finished as it was
//! begun, whatever the totals say by then. The next one is begun only once the follower has folded the page of the one before, which is read off its cursors
//! *before* the totals are read: else the same overdraft would be seen twice.

use std::collections::BTreeMap;
use std::time::Duration;

use domain::case::Reason;
use domain::id::OpportunityId;
use domain::journal::{Account, Movement, MovementKind, Transfer};
use domain::message::Message;
use domain::money::Money;
use platform::table::{Cursors, Recall};
use platform::telemetry;
use serde_json::json;

use crate::{Deps, ReconcileError, bank, open};

/// Books what is owed again; gives back how many matters that were.
///
/// # Errors
/// When the table or the queue cannot be reached.
pub async fn run(deps: &Deps) -> Result<usize, ReconcileError> {
    let known = deps.table.recalls().await?;
    let (open, done): (Vec<Recall>, Vec<Recall>) = known.into_iter().partition(|recall| recall.place.is_none());
    for recall in &open {
        finish(deps, recall).await?;
    }
    let cursors = deps.table.cursors().await?;
    let overdrawn = overdrawn(deps).await?;
    let mut begun = 0;
    for (opportunity, amount_minor) in overdrawn {
        if open.iter().any(|recall| recall.opportunity == opportunity) {
            continue;
        }
        let last = done.iter().find(|recall| recall.opportunity == opportunity);
        if last.is_some_and(|last| !is_folded(last, &cursors)) {
            continue;
        }
        let Some(recall) = next(deps, opportunity, amount_minor, last.map_or(1, |last| last.number + 1)).await? else {
            continue;
        };
        if deps.table.begin_recall(&recall).await? {
            finish(deps, &recall).await?;
            begun += 1;
        }
    }
    telemetry::count("reconciliation", "Recalled", (open.len() + begun) as u64);
    Ok(open.len() + begun)
}

/// By how much each opportunity was overdrawn, where one was.
async fn overdrawn(deps: &Deps) -> Result<BTreeMap<OpportunityId, Money>, ReconcileError> {
    let mut left: BTreeMap<OpportunityId, i64> = BTreeMap::new();
    for sums in deps.table.totals("OPP#").await?.into_values() {
        for (name, sum) in sums {
            let (sign, id) = match name.split_once(':') {
                Some(("s", id)) => (1, id),
                Some(("p", id)) => (-1, id),
                _ => continue,
            };
            let id: OpportunityId = id.parse().map_err(|_| ReconcileError::Ours("a total has no opportunity's name"))?;
            *left.entry(id).or_default() += sign * sum;
        }
    }
    let owed = |left: i64| Money::from_halalas(left.unsigned_abs()).ok_or(ReconcileError::Ours("a total is too large"));
    left.into_iter().filter(|(_, left)| *left < 0).map(|(id, left)| Ok((id, owed(left)?))).collect()
}

fn is_folded(recall: &Recall, cursors: &Cursors) -> bool {
    let place = recall.place.and_then(|place| Some((place.chain_id()?, place.seq)));
    place.is_some_and(|(chain, seq)| cursors.of(chain) > seq)
}

/// The next matter of an opportunity. One that the catalogue does not have was never granted anything.
async fn next(
    deps: &Deps,
    opportunity: OpportunityId,
    amount_minor: Money,
    number: u32,
) -> Result<Option<Recall>, ReconcileError> {
    let Some(found) = deps.table.opportunity(&opportunity).await? else {
        tracing::error!(opportunity = opportunity.as_str(), "an opportunity that is overdrawn is not in the catalogue");
        return Ok(None);
    };
    let (fund, charity, found_at) = (found.fund, found.charity, deps.clock.now());
    Ok(Some(Recall { opportunity, number, fund, charity, amount_minor, found_at, place: None }))
}

async fn finish(deps: &Deps, recall: &Recall) -> Result<(), ReconcileError> {
    let owes = Account::Receivable(recall.fund, recall.charity.clone());
    let of = Account::Opportunity(recall.fund, recall.opportunity.clone());
    let transfer = Transfer::new(owes, of, recall.amount_minor);
    let kind = MovementKind::Recalled;
    let movement = Movement {
        kind,
        reference: Movement::reference(kind, &[recall.opportunity.as_str(), &recall.number.to_string()]),
        happened_at: recall.found_at,
        transfers: vec![transfer.map_err(|_| ReconcileError::Ours("what is owed is no transfer"))?],
        payment: None,
    };
    let place = deps.table.book_movement(&movement, &deps.clock, &deps.random).await?;
    deps.journal.send(Message::PageCommitted { chain: place.chain, seq: place.seq }, Duration::ZERO).await?;
    let evidence = json!({
        "opportunity": recall.opportunity,
        "charity": recall.charity,
        "fund": recall.fund,
        "number": recall.number,
    });
    open(deps, &bank::matter(deps, Reason::RefundAfterPayout, recall.amount_minor, &evidence)).await?;
    deps.table.finish_recall(recall, place).await?;
    Ok(())
}
