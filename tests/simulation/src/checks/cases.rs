//! Each case explained: it has a cause among what the simulation did, and each such cause has its case.

use std::collections::BTreeMap;

use domain::journal::{Entry, EntryKind, Page};
use moyasar_sandbox::{Deed, PaymentFacts, Status};
use serde_json::Value;

use super::payments::{charged, refused};
use crate::deeds::Lie;
use crate::world::World;

/// Every case.
#[derive(Debug)]
pub struct Cases(Vec<Value>);

impl Cases {
    /// As they stand in the table.
    ///
    /// # Errors
    /// When it cannot be read.
    pub async fn read(world: &World) -> anyhow::Result<Cases> {
        Ok(Cases(world.stage.items("CASE#").await?))
    }

    /// Whether there is one for this reason about a payment.
    pub fn about(&self, reason: &str, payment: &str) -> bool {
        self.0.iter().any(|case| case["reason"] == reason && case["payment"]["payment"] == payment)
    }

    /// Whether there is one for this reason about a donation.
    pub fn of(&self, reason: &str, donation: &str) -> bool {
        self.0.iter().any(|case| case["reason"] == reason && case["donation"] == donation)
    }

    /// All for one reason.
    pub fn for_reason(&self, reason: &str) -> impl Iterator<Item = &Value> {
        self.0.iter().filter(move |case| case["reason"] == reason)
    }

    /// How many there are, by reason.
    pub fn counted(&self) -> BTreeMap<String, u64> {
        let mut counts = BTreeMap::new();
        for case in &self.0 {
            *counts.entry(case["reason"].as_str().unwrap_or_default().to_owned()).or_default() += 1;
        }
        counts
    }
}

/// Every case has a cause, and every cause has its case.
pub fn explained(world: &World, pages: &[Page], cases: &Cases, wrong: &mut Vec<String>) {
    let truth: BTreeMap<String, PaymentFacts> =
        world.stage.sandbox.payments().into_iter().map(|payment| (payment.id.to_string(), payment)).collect();
    let lies = world.deeds.lies();
    for case in &cases.0 {
        if !has_cause(world, case, &truth, &lies) {
            wrong.push(format!("a case without a cause: {case}"));
        }
    }
    for lie in lies.iter().filter(|lie| lie.was_taken && lie.is_unsigned) {
        wrong.push(format!("a message without our secret was taken: {lie:?}"));
    }
    for lie in lies.iter().filter(|lie| lie.was_taken && contradicts(lie, truth.get(&lie.payment))) {
        if !cases.about("provider_disagrees", &lie.payment) {
            wrong.push(format!("a lie about payment {} has no case: {lie:?}", lie.payment));
        }
    }
    let has = |reason: &str| cases.0.iter().any(|case| case["reason"] == reason);
    if world.deeds.cut().1 > 0 && !has("malformed") {
        wrong.push("a message that was cut off was taken, and has no case".to_owned());
    }
    for (id, payment) in &truth {
        // What was put right before anybody had looked was never a stranger's.
        let is_orphan = |entry: &Entry| entry.kind == EntryKind::Orphan && entry.payment.payment.as_str() == id;
        let is_nameless = payment.metadata.is_none() || pages.iter().flat_map(Page::entries).any(is_orphan);
        let is_strange = is_nameless && payment.taken > 0 && payment.currency == "SAR";
        if is_strange && !cases.about("donation_unknown", id) {
            wrong.push(format!("a stranger paid {id}, and there is no case"));
        }
    }
}

fn has_cause(world: &World, case: &Value, truth: &BTreeMap<String, PaymentFacts>, lies: &[Lie]) -> bool {
    let id = case["payment"]["payment"].as_str().unwrap_or_default();
    let payment = truth.get(id);
    let differs = payment.and_then(|payment| refused(&world.stage.sandbox, payment));
    let donation = case["donation"].as_str().and_then(|id| id.parse().ok());
    let is_disputed = || donation.is_some_and(|id| world.deeds.is_disputed(&id));
    let is_denied =
        || payment.is_some_and(|payment| payment.status == Status::Voided && !world.deeds.was_let_go(payment.id));
    let was_lost = |payment| world.deeds.found().contains_key(&payment);
    let is_touched = || is_denied() || payment.is_some_and(|payment| world.deeds.given_back(payment.id) > 0);
    match case["reason"].as_str().unwrap_or_default() {
        reason @ ("amount_differs" | "currency_differs") => differs == Some(reason),
        "donation_unknown" => payment.is_some_and(|payment| payment.metadata.is_none() || was_lost(payment.id)),
        "provider_disagrees" => lies.iter().any(|lie| lie.payment == id && !lie.is_unsigned),
        "malformed" => world.deeds.cut().0 > 0,
        "type_unknown" => world.stage.sandbox.tally().deeds.contains_key(&Deed::Misspell),
        "fee_beyond_capture" => payment.is_some_and(|payment| payment.fee > charged(payment)),
        "void_after_capture" => is_denied(),
        // The provider undid what was booked: its list tells another sum from then on.
        "capture_differs" | "fee_differs" => is_denied(),
        "refund_differs" => is_denied() || world.days.was_behind(id),
        // The day was compared while it was an orphan beside its gift, or people gave that back.
        "booked_twice" => {
            let was_twice = world.days.was_twice(id) || world.ledger.was_taken_out(id);
            payment.is_some_and(|payment| was_lost(payment.id)) && was_twice
        }
        // The day was compared before everything had come in.
        "payment_missing" => world.days.was_behind(id),
        // Which they are, and of how much, is told by `bank` and `days`.
        "payout_differs" => !world.bank.statements().is_empty(),
        reason @ ("bank_unexplained" | "statement_unreadable" | "statement_gap") => {
            let evidence = case["evidence"].as_str().unwrap_or_default();
            world.bank.explains(reason, &serde_json::from_str(evidence).unwrap_or_default())
        }
        "refund_unassigned" | "refund_refused" | "refund_beyond_capture" => is_touched() || is_disputed(),
        "dispute_opened" | "dispute_differs" | "dispute_of_charge" => is_disputed(),
        // A write that the table will never take, and whatever is new: the simulation does nothing of that kind.
        _ => false,
    }
}

/// Whether what was told can never have been so.
fn contradicts(lie: &Lie, truth: Option<&PaymentFacts>) -> bool {
    truth.is_none_or(|truth| lie.amount != truth.amount || (lie.status == "paid" && truth.status == Status::Failed))
}
