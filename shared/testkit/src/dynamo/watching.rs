//! Shows writes to whoever watches the items: in the order in which they are made, each with the item as it is then.
//!
//! While somebody watches an item, its write, the look at it afterwards and the watcher are one step that no other write of a watched item comes between. So a
//! watcher sees every state that an item has had, once, and can reckon with them. It runs within the call, so it must be quick; it may [`Peek`] at other
//! items, and must not call the database otherwise.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};

use dynoxide::Item;
use dynoxide::actions::get_item::GetItemRequest;
use dynoxide::types::AttributeValue;
use serde_json::Value;

use super::Parts;
use super::tables::ItemKey;
use super::usage::Watched;

type See = dyn Fn(&Peek<'_>, Watched) + Send + Sync;

/// The table as it stands right after a write.
pub struct Peek<'a> {
    parts: &'a Parts,
    table: &'a str,
}

impl Peek<'_> {
    /// An item by its keys, which are texts called `pk` and `sk`, in DynamoDB's own JSON. It does not count as a call.
    pub fn item(&self, pk: &str, sk: &str) -> Option<Value> {
        let key = [("pk", pk), ("sk", sk)].map(|(name, value)| (name.to_owned(), AttributeValue::S(value.to_owned())));
        look(self.parts, self.table, Item::from(key))
    }
}

fn look(parts: &Parts, table: &str, key: Item) -> Option<Value> {
    let request = GetItemRequest { table_name: table.to_owned(), key, ..GetItemRequest::default() };
    serde_json::to_value(parts.database.get_item(request).ok()?.item?).ok()
}

/// Who watches.
#[derive(Default)]
pub(super) struct Watching {
    order: Mutex<()>,
    watchers: RwLock<Vec<Watcher>>,
}

#[derive(Clone)]
struct Watcher {
    partitions: String,
    see: Arc<See>,
}

/// A write of watched items that is about to be made.
pub(super) struct Watch<'a> {
    parts: &'a Parts,
    watched: Vec<(Watcher, ItemKey, Item)>,
    _order: MutexGuard<'a, ()>,
}

impl Watching {
    pub fn add(&self, partitions: &str, see: impl Fn(&Peek<'_>, Watched) + Send + Sync + 'static) {
        let watcher = Watcher { partitions: partitions.to_owned(), see: Arc::new(see) };
        self.watchers.write().unwrap_or_else(PoisonError::into_inner).push(watcher);
    }

    /// Takes the turn of a write of these items, each with what names it, if any of them is watched.
    pub fn begin<'a, 'k>(
        &'a self,
        parts: &'a Parts,
        items: impl IntoIterator<Item = (Option<&'k ItemKey>, &'k Item)>,
    ) -> Option<Watch<'a>> {
        let watchers = self.watchers.read().unwrap_or_else(PoisonError::into_inner);
        if watchers.is_empty() {
            return None;
        }
        let mut watched = Vec::new();
        for (key, named) in items {
            let Some(key) = key else { continue };
            let of = watchers.iter().filter(|watcher| key.partition.starts_with(&watcher.partitions));
            watched.extend(of.map(|watcher| (watcher.clone(), key.clone(), named.clone())));
        }
        let _order = (!watched.is_empty()).then(|| self.order.lock().unwrap_or_else(PoisonError::into_inner))?;
        Some(Watch { parts, watched, _order })
    }
}

impl Watch<'_> {
    /// The write was made; it cost this on each item.
    pub fn made(self, at_millis: i64, units: &[(ItemKey, u64)]) {
        for (watcher, key, named) in &self.watched {
            let of = units.iter().find(|(other, _)| other == key).map_or(0, |(_, units)| *units);
            (watcher.see)(&self.peek(key), seen(key, at_millis, of, false, self.read(key, named)));
        }
    }

    /// The write was refused by a condition; it cost this on each item.
    pub fn refused(self, at_millis: i64, units: u64) {
        for (watcher, key, _) in &self.watched {
            (watcher.see)(&self.peek(key), seen(key, at_millis, units, true, None));
        }
    }

    fn read(&self, key: &ItemKey, named: &Item) -> Option<Value> {
        let schema = self.parts.tables.schema(&self.parts.database, &key.table)?;
        look(self.parts, &key.table, schema.only_key(named))
    }

    fn peek<'a>(&'a self, key: &'a ItemKey) -> Peek<'a> {
        Peek { parts: self.parts, table: &key.table }
    }
}

fn seen(key: &ItemKey, at_millis: i64, units: u64, is_refused: bool, item: Option<Value>) -> Watched {
    Watched { partition: key.partition.clone(), sort: key.sort.clone(), at_millis, units, is_refused, item }
}
