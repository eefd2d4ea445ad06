//! Documents from the bank: read, booked once and in order, and kept.
//!
//! Whoever brings them puts them under [`INCOMING`]; the name does not matter. Each is copied to [`KEPT`] under a hash of its bytes before anything else, and is
//! removed from where it came in once it is dealt with.
//!
//! | a document | then |
//! |---|---|
//! | can be read, and begins where the account's last statement ended | its lines are booked; what nobody explains in suspense, with a case each |
//! | is the first of its account | the same, and its opening balance stands in suspense, with a case |
//! | begins elsewhere | case `statement_gap`, once; it stays and is tried again each time: the one before it may come yet |
//! | was booked before | removed |
//! | cannot be read, is too large, or does not add up | case `statement_unreadable`; nothing of it is booked |
//!
//! **Once, in order.** An account has at most one statement in hand, taken on condition that it begins where the last one ended; its lines are booked under references of
//! document, statement and line; then the account ends where it ends. A run that breaks off is resumed by the document, which still stands where it came in.

use domain::case::{Case, Reason};
use domain::hash::Hash;
use domain::journal::MovementKind;
use domain::message::Message;
use domain::money::Money;
use domain::reconcile::bank::{BankLine, Direction, LinePlace, Statement, movement};
use platform::telemetry;
use serde_json::{Value, json};

use crate::statement::{self, Unreadable};
use crate::{Deps, ReconcileError, open, recalls};

/// Where documents come in.
pub const INCOMING: &str = "statements/incoming/";
/// Where they stay.
pub const KEPT: &str = "statements/kept/";
/// Documents that a run takes up; the rest is the next run's.
const MOST_DOCUMENTS: usize = 100;

/// What became of the documents.
#[derive(Debug, Default)]
struct Outcome {
    booked: usize,
    unreadable: usize,
    unexplained: usize,
}

/// A statement that cannot be booked yet.
struct Gap {
    kept: String,
    hash: String,
    statement: u32,
    opening_minor: i64,
}

/// Books what came in, and what charities owe again; answers with what became of it.
///
/// # Errors
/// When the table, the bucket or the queue cannot be reached.
pub async fn run(deps: &Deps) -> Result<Value, ReconcileError> {
    let recalled = recalls::run(deps).await?;
    let mut waiting: Vec<String> = deps.bucket.list(INCOMING).await?;
    waiting.retain(|key| !key.ends_with('/'));
    waiting.truncate(MOST_DOCUMENTS);
    let mut outcome = Outcome::default();
    // A document that was not to be booked may be once another was.
    let gaps = loop {
        let (mut gaps, mut left) = (Vec::new(), Vec::new());
        let before = waiting.len();
        for key in waiting {
            if let Some(gap) = take(deps, &key, &mut outcome).await? {
                gaps.push(gap);
                left.push(key);
            }
        }
        if left.is_empty() || left.len() == before {
            break gaps;
        }
        waiting = left;
    };
    for gap in &gaps {
        tell_gap(deps, gap).await?;
    }
    telemetry::count("reconciliation", "StatementsSetAside", (outcome.unreadable + gaps.len()) as u64);
    telemetry::count("reconciliation", "UnexplainedLines", outcome.unexplained as u64);
    Ok(json!({
        "documents": outcome.booked,
        "unreadable": outcome.unreadable,
        "waiting": gaps.len(),
        "unexplained": outcome.unexplained,
        "recalled": recalled,
    }))
}

/// Deals with a document; gives back why it has to wait, if it has.
async fn take(deps: &Deps, key: &str, outcome: &mut Outcome) -> Result<Option<Gap>, ReconcileError> {
    let Some(length) = deps.bucket.length(key).await? else { return Ok(None) };
    if length > statement::MOST_BYTES {
        let kept = format!("{KEPT}{}", Hash::of(&[key.as_bytes(), &length.to_be_bytes()]));
        deps.bucket.copy(key, &kept).await?;
        return set_aside(deps, key, &kept, &Unreadable::because("the document is too large"), outcome).await;
    }
    let Some(bytes) = deps.bucket.fetch(key).await? else { return Ok(None) };
    let hash = Hash::of(&[&bytes]).to_string();
    let kept = format!("{KEPT}{hash}");
    deps.bucket.copy(key, &kept).await?;
    let statements = match statement::read(&bytes) {
        Ok(statements) => statements,
        Err(why) => return set_aside(deps, key, &kept, &why, outcome).await,
    };
    let done = deps.table.document(&hash).await?.booked;
    for (number, statement) in (0..).zip(&statements).skip(usize::try_from(done).unwrap_or(usize::MAX)) {
        if !book(deps, &hash, number, statement, outcome).await? {
            return Ok(Some(Gap { kept, hash, statement: number, opening_minor: statement.opening_minor }));
        }
    }
    deps.bucket.remove(key).await?;
    outcome.booked += 1;
    Ok(None)
}

async fn set_aside(
    deps: &Deps,
    key: &str,
    kept: &str,
    why: &Unreadable,
    outcome: &mut Outcome,
) -> Result<Option<Gap>, ReconcileError> {
    let evidence = json!({ "document": kept, "why": why.to_string() });
    open(deps, &matter(deps, Reason::StatementUnreadable, Money::ZERO, &evidence)).await?;
    deps.bucket.remove(key).await?;
    outcome.unreadable += 1;
    Ok(None)
}

/// Books a statement; `false` when it does not begin where the account's last one ended, or another is in hand.
async fn book(
    deps: &Deps,
    hash: &str,
    number: u32,
    statement: &Statement,
    outcome: &mut Outcome,
) -> Result<bool, ReconcileError> {
    let claim = format!("{hash}#{number}");
    if !deps.table.claim_statement(&statement.account, statement.opening_minor, &claim).await? {
        return Ok(false);
    }
    let account = deps.table.bank_account(&statement.account).await?;
    let is_first = account.is_none_or(|account| account.closing_minor.is_none());
    let opening = is_first.then(|| opening(statement)).flatten();
    let lines = opening.iter().map(|line| (0, line)).chain((1..).zip(&statement.lines));
    for (index, line) in lines {
        let place = LinePlace { document: hash, statement: usize::try_from(number).unwrap_or(usize::MAX), line: index };
        outcome.unexplained += usize::from(book_line(deps, place, line).await?);
    }
    let ends = (statement.closing_minor, statement.closes_on);
    let token = format!("{:032x}", u128::from_be_bytes(deps.random.bytes()));
    deps.table.finish_statement(&statement.account, &claim, ends, (hash, number + 1), &token).await?;
    Ok(true)
}

/// What an account held before its first statement, as a line: the books know nothing of it.
fn opening(statement: &Statement) -> Option<BankLine> {
    let direction = if statement.opening_minor < 0 { Direction::Out } else { Direction::In };
    let amount_minor = Money::from_halalas(statement.opening_minor.unsigned_abs()).filter(|amount| !amount.is_zero())?;
    let day = statement.lines.first().map_or(statement.closes_on, |line| line.booked_on);
    let (booked_on, value_on, references) = (day, day, Vec::new());
    Some(BankLine { amount_minor, direction, is_reversal: false, booked_on, value_on, references })
}

/// Books a line, tells the follower, and opens a case when nobody explains it; gives back whether nobody does.
async fn book_line(deps: &Deps, place: LinePlace<'_>, line: &BankLine) -> Result<bool, ReconcileError> {
    let Some(movement) = movement(place, line, deps.payers.payer(line)) else { return Ok(false) };
    let stands = deps.table.book_movement(&movement, &deps.clock, &deps.random).await?;
    deps.journal.send(Message::PageCommitted { chain: stands.chain, seq: stands.seq }, std::time::Duration::ZERO).await?;
    if movement.kind != MovementKind::Unexplained {
        return Ok(false);
    }
    let evidence = json!({
        "document": format!("{KEPT}{}", place.document),
        "statement": place.statement,
        "line": place.line,
        "direction": line.direction,
        "is_reversal": line.is_reversal,
        "booked_on": line.booked_on,
        "value_on": line.value_on,
    });
    open(deps, &matter(deps, Reason::BankUnexplained, line.amount_minor, &evidence)).await?;
    Ok(true)
}

/// Once for each statement that waits, however often it is tried.
async fn tell_gap(deps: &Deps, gap: &Gap) -> Result<(), ReconcileError> {
    if deps.table.document(&gap.hash).await?.gap_at == Some(gap.statement) {
        return Ok(());
    }
    let amount = Money::from_halalas(gap.opening_minor.unsigned_abs()).unwrap_or(Money::ZERO);
    let evidence = json!({ "document": gap.kept, "statement": gap.statement, "opens_with_minor": gap.opening_minor });
    open(deps, &matter(deps, Reason::StatementGap, amount, &evidence)).await?;
    deps.table.note_gap(&gap.hash, gap.statement).await?;
    Ok(())
}

pub(crate) fn matter(deps: &Deps, reason: Reason, amount_minor: Money, evidence: &Value) -> Case {
    let (payment, donation, refund, opened_at) = (None, None, None, deps.clock.now());
    Case { reason, payment, donation, refund, amount_minor, evidence: evidence.to_string(), opened_at }
}
