//! A watch over writes: it is told of each item right after it was written, and reads what stands then, before anything else happens.
//!
//! On a single-threaded runtime nothing comes between a write and its watch, so what it sees is every state that the watched items were ever in. Batch writes are not watched.

use std::sync::{Arc, PoisonError, RwLock};

use dynoxide::actions::get_item::GetItemRequest;
use serde_json::{Value, json};

use super::metering::Metered;
use super::{DynamoDb, parse};

/// Operations that are watched.
const WRITES: [&str; 4] = ["PutItem", "UpdateItem", "DeleteItem", "TransactWriteItems"];

/// Whoever watches, if anybody does.
#[derive(Default)]
pub(super) struct Watched(RwLock<Option<Arc<Watch>>>);

struct Watch {
    texts: &'static [&'static str],
    told: Box<dyn Fn(&DynamoDb, &Written<'_>) + Send + Sync>,
}

/// An item that was written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Written<'a> {
    /// The table.
    pub table: &'a str,
    /// The item's partition.
    pub pk: &'a str,
    /// Its name within it.
    pub sk: &'a str,
}

impl DynamoDb {
    /// Has `told` hear of every item that is put, updated or deleted by itself or in a transaction, if its keys are texts called `pk` and `sk` and one of the `texts` stands in the
    /// request; in place of whoever watched before. It is handed the database, so that it need not keep it.
    pub fn watch(&self, texts: &'static [&'static str], told: impl Fn(&DynamoDb, &Written<'_>) + Send + Sync + 'static) {
        let watch = Arc::new(Watch { texts, told: Box::new(told) });
        *self.parts.watched.0.write().unwrap_or_else(PoisonError::into_inner) = Some(watch);
    }

    /// An item as it stands, in DynamoDB's own JSON. It does not count as a call.
    pub fn peek(&self, table: &str, pk: &str, sk: &str) -> Option<Value> {
        let request = json!({"TableName": table, "Key": {"pk": {"S": pk}, "sk": {"S": sk}}, "ConsistentRead": true});
        let request: GetItemRequest = parse(request.to_string().as_bytes()).ok()?;
        let answer = serde_json::to_value(request.run(&self.parts.database).ok()?).ok()?;
        answer.get("Item").filter(|item| !item.is_null()).cloned()
    }

    pub(super) fn tell_watch(&self, operation: &str, body: &[u8]) {
        if !WRITES.contains(&operation) {
            return;
        }
        let watch = self.parts.watched.0.read().unwrap_or_else(PoisonError::into_inner).clone();
        let Some(watch) = watch else { return };
        let text = String::from_utf8_lossy(body);
        if !watch.texts.iter().any(|searched| text.contains(searched)) {
            return;
        }
        let request: Value = serde_json::from_slice(body).unwrap_or_default();
        match &request["TransactItems"] {
            Value::Array(actions) => {
                let actions = actions.iter().filter_map(Value::as_object).flatten();
                let writes = actions.filter(|(kind, _)| *kind != "ConditionCheck");
                writes.for_each(|(_, action)| self.tell(&watch, action));
            }
            _ => self.tell(&watch, &request),
        }
    }

    fn tell(&self, watch: &Watch, write: &Value) {
        let named = if write["Item"].is_null() { &write["Key"] } else { &write["Item"] };
        let keys = (write["TableName"].as_str(), named["pk"]["S"].as_str(), named["sk"]["S"].as_str());
        if let (Some(table), Some(pk), Some(sk)) = keys {
            (watch.told)(self, &Written { table, pk, sk });
        }
    }
}
