//! The bank's statements, held against the books: each line is booked once, what nobody explains has its case, and nothing else is booked in the bank.

use std::collections::{BTreeMap, BTreeSet};

use domain::hash::Hash;
use domain::journal::{Account, Movement, MovementKind, Page};
use serde_json::Value;

use super::cases::Cases;
use crate::bank::statement::Statement;
use crate::world::World;

/// Where documents stay.
const KEPT: &str = "statements/kept/";

/// What is booked in the bank is what its statements say.
///
/// # Errors
/// When the bucket cannot be read.
pub async fn bank(world: &World, pages: &[Page], cases: &Cases, wrong: &mut Vec<String>) -> anyhow::Result<()> {
    let mut booked = lines(pages, wrong);
    let mut closing = 0;
    let mut told = BTreeMap::new();
    for (statement, documents) in world.bank.statements() {
        closing = statement.closing();
        // Of one that moves nothing nothing shows.
        if documents.first().is_some_and(|document| statement.movements(document).is_empty()) {
            continue;
        }
        let is_of = |document: &&String| is_booked(&statement, document, &booked);
        let of: Vec<&String> = documents.iter().filter(is_of).collect();
        let [document] = of[..] else {
            wrong.push(format!("statement {} of the bank is booked {} times", statement.number, of.len()));
            continue;
        };
        for (line, expected) in statement.movements(document) {
            if booked.remove(&expected.reference) != Some(&expected) {
                wrong.push(format!("line {line} of statement {} is not booked as it stands there", statement.number));
            }
            if expected.kind == MovementKind::Unexplained {
                let transfer = expected.transfers.first();
                let sum = transfer.map_or(0, |of| of.amount().halalas());
                let is_in = transfer.is_some_and(|of| *of.debit() == Account::Bank);
                told.insert((document.clone(), u64::from(line)), (sum, if is_in { "in" } else { "out" }));
            }
        }
    }
    let left = booked.into_values().map(|movement| format!("{} is booked, and no statement says so", movement.reference));
    wrong.extend(left);
    let stands = net(pages, &Account::Bank);
    if stands != closing {
        wrong.push(format!("{stands} are booked in the bank, and its last statement ends with {closing}"));
    }
    have_cases(cases, told, wrong);
    documents(world, cases, wrong).await
}

/// Debits less credits of an account, on these pages.
pub fn net<'p>(pages: impl IntoIterator<Item = &'p Page>, account: &Account) -> i64 {
    let side = |of: &Account| i64::from(of == account);
    let transfers = pages.into_iter().flat_map(Page::transfers);
    transfers.map(|of| of.amount().signed_halalas() * (side(of.debit()) - side(of.credit()))).sum()
}

/// What was booked off a statement, each reference once.
fn lines<'p>(pages: &'p [Page], wrong: &mut Vec<String>) -> BTreeMap<Hash, &'p Movement> {
    let mut booked = BTreeMap::new();
    for movement in pages.iter().flat_map(Page::movements) {
        match movement.kind {
            MovementKind::PaidOut | MovementKind::Unexplained => {
                if booked.insert(movement.reference, movement).is_some() {
                    wrong.push(format!("the bank's line {} is booked a second time", movement.reference));
                }
            }
            // By people: see `corrections`.
            MovementKind::Corrected => {}
            other => wrong.push(format!("a movement that nobody makes here: {} {}", other.code(), movement.reference)),
        }
    }
    booked
}

fn is_booked(statement: &Statement, document: &str, booked: &BTreeMap<Hash, &Movement>) -> bool {
    statement.movements(document).iter().any(|(_, movement)| booked.contains_key(&movement.reference))
}

/// Each line that nobody explains has its case, and no other has one.
fn have_cases(cases: &Cases, mut told: BTreeMap<(String, u64), (u64, &str)>, wrong: &mut Vec<String>) {
    for case in cases.for_reason("bank_unexplained") {
        let evidence = evidence(case);
        let line = (document(&evidence), evidence["line"].as_u64().unwrap_or(u64::MAX));
        let says = (case["amount_minor"].as_u64().unwrap_or(0), evidence["direction"].as_str().unwrap_or_default());
        match told.remove(&line) {
            None => wrong.push(format!("a line of the bank's has a case, once more or without being there: {line:?}")),
            Some(is) if is != says => wrong.push(format!("a line of the bank's is {is:?}, and its case says {says:?}")),
            Some(_) => {}
        }
    }
    wrong.extend(told.into_keys().map(|line| format!("a line that nobody explains has no case: {line:?}")));
}

/// What stands behind a case.
fn evidence(case: &Value) -> Value {
    serde_json::from_str(case["evidence"].as_str().unwrap_or_default()).unwrap_or_default()
}

fn document(evidence: &Value) -> String {
    evidence["document"].as_str().unwrap_or_default().trim_start_matches(KEPT).to_owned()
}

/// Every document is kept as it came; what could not be read has its case; and what is left where they come in says what another has said, which a person knows.
async fn documents(world: &World, cases: &Cases, wrong: &mut Vec<String>) -> anyhow::Result<()> {
    let bucket = world.stage.bucket()?;
    let of = |reason: &'static str| -> BTreeSet<String> {
        cases.for_reason(reason).map(|case| document(&evidence(case))).collect()
    };
    let (unreadable, waiting) = (of("statement_unreadable"), of("statement_gap"));
    for (hash, bytes) in world.bank.documents() {
        if bucket.fetch(&format!("{KEPT}{hash}")).await? != Some(bytes) {
            wrong.push(format!("the bank's document {hash} is not kept as it came"));
        }
        if world.bank.cut().contains(&hash) != unreadable.contains(&hash) {
            wrong.push(format!("the bank's document {hash} was cut off, and nobody is told, or the other way round"));
        }
    }
    for key in bucket.list(crate::bank::INCOMING).await? {
        let hash = bucket.fetch(&key).await?.map(|bytes| crate::bank::statement::hash(&bytes)).unwrap_or_default();
        if !world.bank.waited().contains(&hash) || !waiting.contains(&hash) {
            wrong.push(format!("the bank's document {hash} was left lying"));
        }
    }
    Ok(())
}
