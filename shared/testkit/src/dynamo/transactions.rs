//! Transactions: they collide with whatever is in flight on their items, and their tokens expire by our clock.

use dynoxide::actions::transact_get_items::TransactGetItemsRequest;
use dynoxide::actions::transact_write_items::{TransactWriteItem, TransactWriteItemsRequest};
use dynoxide::types::{item_size, write_capacity_units};
use dynoxide::{DynoxideError, Item};

use super::accounting::{shares, table_write_units};
use super::conflicts::{Collision, Flight};
use super::metering::Metered;
use super::refusal::Refusal;
use super::tables::ItemKey;
use super::{Answer, Parts, parse, write};

const WRITE: &str = "TransactWriteItems";
const GET: &str = "TransactGetItems";

/// A transaction costs twice what its writes would.
const FACTOR: u64 = 2;

/// What is known of one action before it runs.
struct Action<'a> {
    table: &'a str,
    named: &'a Item,
    /// Write units if it is a put: the size of the others is not known.
    put_units: Option<u64>,
    kind: Kind,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Writes,
    Deletes,
    Checks,
}

/// Answers `TransactWriteItems`.
pub(super) async fn write_items(parts: &Parts, body: &[u8]) -> Answer {
    let mut request: TransactWriteItemsRequest = parse(body)?;
    let keys = keys(parts, &request.transact_items);
    let callers_token = request.client_request_token.take();
    let is_replay = take_token(parts, &mut request, callers_token.as_deref());
    let flight = if is_replay { None } else { Some(take_off(parts, &request, &keys)) };
    parts.in_flight.serve().await;
    // Whether it collided was decided before the time passed; it is told after.
    let _flight = flight.transpose()?;
    let answer = run(parts, request, keys)?;
    if let Some(token) = callers_token {
        parts.tokens.completed(&token, parts.clock.now_millis());
    }
    Ok(answer)
}

fn run(parts: &Parts, request: TransactWriteItemsRequest, keys: Vec<Option<ItemKey>>) -> Answer {
    let actions: Vec<Action<'_>> = request.transact_items.iter().filter_map(Action::of).collect();
    let appearances: Vec<_> = actions
        .iter()
        .zip(&keys)
        .filter(|(action, _)| action.kind != Kind::Checks)
        .filter_map(|(action, key)| parts.lag.before(parts, key.as_ref(), action.named, action.kind == Kind::Writes))
        .collect();
    let put_units: Vec<Option<u64>> = actions.iter().map(|action| action.put_units).collect();
    let refused = refused_units(&actions);
    let watch = parts.watching.begin(parts, keys.iter().map(Option::as_ref).zip(actions.iter().map(|action| action.named)));
    let outcome = parts.measured(WRITE, request);
    let now_millis = parts.clock.now_millis();
    let (answer, asked) = match outcome {
        Ok(answer) => answer,
        Err(error) => {
            if let (Some(watch), DynoxideError::TransactionCanceledException(..)) = (watch, &error) {
                watch.refused(now_millis, FACTOR);
            }
            return Err(count_refused(parts, now_millis, (keys, refused), error).into());
        }
    };
    let table_units = table_write_units(TransactWriteItemsRequest::capacity(&answer));
    let written = shares(keys, &put_units, table_units);
    if let Some(watch) = watch {
        watch.made(now_millis, &written);
    }
    parts.lag.after(appearances, now_millis);
    parts.accounting.recorded(now_millis, written);
    write(&TransactWriteItemsRequest::trimmed(answer, asked))
}

/// Answers `TransactGetItems`.
pub(super) fn get_items(parts: &Parts, body: &[u8]) -> Answer {
    let request: TransactGetItemsRequest = parse(body)?;
    let keys: Vec<_> = request
        .transact_items
        .iter()
        .map(|item| parts.tables.key(&parts.database, &item.get.table_name, &item.get.key))
        .collect();
    let taken = parts.in_flight.taken(&keys);
    if taken.contains(&true) {
        return Err(Refusal::Cancelled(taken));
    }
    let (answer, asked) = parts.measured(GET, request)?;
    write(&TransactGetItemsRequest::trimmed(answer, asked))
}

/// Puts our token in the place of the caller's. True if the transaction was completed before: then it only reads.
fn take_token(parts: &Parts, request: &mut TransactWriteItemsRequest, token: Option<&str>) -> bool {
    /// DynamoDB's limit; a longer one is passed on to be refused.
    const LONGEST: usize = 36;
    let Some(token) = token else { return false };
    if token.len() > LONGEST {
        request.client_request_token = Some(token.to_owned());
        return false;
    }
    let (own, is_replay) = parts.tokens.own(token, parts.clock.now_millis());
    request.client_request_token = Some(own);
    is_replay
}

fn take_off<'a>(
    parts: &'a Parts,
    request: &TransactWriteItemsRequest,
    keys: &[Option<ItemKey>],
) -> Result<Flight<'a>, Refusal> {
    parts.in_flight.transaction(keys, request.client_request_token.clone()).map_err(|collision| match collision {
        Collision::Items(taken) => Refusal::Cancelled(taken),
        Collision::Token => Refusal::InProgress,
    })
}

fn keys(parts: &Parts, items: &[TransactWriteItem]) -> Vec<Option<ItemKey>> {
    let key = |action: Action<'_>| parts.tables.key(&parts.database, action.table, action.named);
    items.iter().map(|item| Action::of(item).and_then(key)).collect()
}

impl<'a> Action<'a> {
    fn of(item: &'a TransactWriteItem) -> Option<Self> {
        let action = |table, named, kind| Self { table, named, put_units: None, kind };
        if let Some(put) = &item.put {
            let units = write_capacity_units(item_size(&put.item)) as u64 * FACTOR;
            return Some(Self { put_units: Some(units), ..action(&put.table_name, &put.item, Kind::Writes) });
        }
        if let Some(update) = &item.update {
            return Some(action(&update.table_name, &update.key, Kind::Writes));
        }
        if let Some(delete) = &item.delete {
            return Some(action(&delete.table_name, &delete.key, Kind::Deletes));
        }
        let check = item.condition_check.as_ref()?;
        Some(action(&check.table_name, &check.key, Kind::Checks))
    }
}

/// What a cancelled transaction is taken to cost, by table.
fn refused_units(actions: &[Action<'_>]) -> Vec<(String, u64)> {
    actions.iter().map(|action| (action.table.to_owned(), action.put_units.unwrap_or(FACTOR))).collect()
}

fn count_refused(
    parts: &Parts,
    now_millis: i64,
    (keys, refused): (Vec<Option<ItemKey>>, Vec<(String, u64)>),
    error: DynoxideError,
) -> DynoxideError {
    if matches!(error, DynoxideError::TransactionCanceledException(..)) {
        for (table, units) in &refused {
            parts.accounting.count_refused(WRITE, table, *units);
        }
        let of_keys = keys.into_iter().zip(&refused).filter_map(|(key, (_, units))| Some((key?, *units)));
        parts.accounting.recorded(now_millis, of_keys);
    }
    error
}
