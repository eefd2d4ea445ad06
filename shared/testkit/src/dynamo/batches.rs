//! Batches of plain writes: an entry that meets a transaction in flight comes back unprocessed, as DynamoDB gives it back.

use dynoxide::Item;
use dynoxide::actions::batch_write_item::{BatchWriteItemRequest, WriteRequest};
use dynoxide::types::{item_size, write_capacity_units};
use serde_json::{Map, Value};

use super::accounting::{shares, table_write_units};
use super::metering::Metered;
use super::tables::{ItemKey, in_order};
use super::{Answer, Parts, parse, write};

const WRITE: &str = "BatchWriteItem";

/// Answers `BatchWriteItem`.
pub(super) async fn write_items(parts: &Parts, body: &[u8]) -> Answer {
    let request: BatchWriteItemRequest = parse(body)?;
    let keys = keys(parts, &request);
    let (_flight, may_go) = parts.in_flight.plain(&keys);
    parts.in_flight.serve().await;
    if !may_go.contains(&false) {
        return run(parts, request, Map::new());
    }
    let (going, staying) = split(body, &may_go)?;
    if going.is_empty() {
        return write(&serde_json::json!({ "UnprocessedItems": staying }));
    }
    let rest = parse(&write(&serde_json::json!({ "RequestItems": going }))?)?;
    let rest = BatchWriteItemRequest { return_consumed_capacity: request.return_consumed_capacity, ..rest };
    run(parts, rest, staying)
}

fn run(parts: &Parts, request: BatchWriteItemRequest, unprocessed: Map<String, Value>) -> Answer {
    let entries = in_order(&request.request_items);
    let appearances: Vec<_> = entries
        .iter()
        .filter_map(|(table, entry)| {
            let named = named(entry)?;
            let key = parts.tables.key(&parts.database, table, named);
            parts.lag.before(parts, key.as_ref(), named, entry.put_request.is_some())
        })
        .collect();
    let keys = keys(parts, &request);
    let put_units: Vec<Option<u64>> = entries.iter().map(|(_, entry)| put_units(entry)).collect();
    let (mut answer, asked) = parts.measured(WRITE, request)?;
    let now_millis = parts.clock.now_millis();
    parts.lag.after(appearances, now_millis);
    let table_units = table_write_units(BatchWriteItemRequest::capacity(&answer));
    parts.accounting.recorded(now_millis, shares(keys, &put_units, table_units));
    answer.unprocessed_items.extend(unprocessed);
    write(&BatchWriteItemRequest::trimmed(answer, asked))
}

fn keys(parts: &Parts, request: &BatchWriteItemRequest) -> Vec<Option<ItemKey>> {
    let key = |(table, entry): (&String, &WriteRequest)| parts.tables.key(&parts.database, table, named(entry)?);
    in_order(&request.request_items).into_iter().map(key).collect()
}

/// Write units of a put; those of a deletion are not known before.
fn put_units(entry: &WriteRequest) -> Option<u64> {
    entry.put_request.as_ref().map(|put| write_capacity_units(item_size(&put.item)) as u64)
}

fn named(entry: &WriteRequest) -> Option<&Item> {
    let put = entry.put_request.as_ref().map(|put| &put.item);
    put.or(entry.delete_request.as_ref().map(|delete| &delete.key))
}

/// Parts the entries of a batch, in the order of [`in_order`], into those that may go and those that may not.
fn split(body: &[u8], may_go: &[bool]) -> dynoxide::Result<(Map<String, Value>, Map<String, Value>)> {
    let batch: Value = parse(body)?;
    let mut tables: Vec<(&String, &Value)> = batch["RequestItems"].as_object().into_iter().flatten().collect();
    tables.sort_by_key(|(table, _)| *table);
    let entries =
        tables.iter().flat_map(|(table, entries)| entries.as_array().into_iter().flatten().map(move |entry| (table, entry)));
    let (mut going, mut staying) = (Map::new(), Map::new());
    for ((table, entry), goes) in entries.zip(may_go) {
        let side = if *goes { &mut going } else { &mut staying };
        let list = side.entry(table.to_string()).or_insert_with(|| Value::Array(Vec::new()));
        if let Value::Array(list) = list {
            list.push(entry.clone());
        }
    }
    Ok((going, staying))
}
