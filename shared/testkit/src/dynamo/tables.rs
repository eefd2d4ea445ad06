//! What the layers must know of a table: its keys, and whether it has an index.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, PoisonError, RwLock};

use dynoxide::types::{GlobalSecondaryIndex, KeySchemaElement, KeyType};
use dynoxide::{AttributeValue, Database, Item};

/// One item, wherever it is named.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) struct ItemKey {
    pub table: String,
    pub partition: String,
    pub sort: String,
}

/// A table's key attributes, and those of its indexes.
#[derive(Debug)]
pub(super) struct Schema {
    partition: String,
    sort: Option<String>,
    has_index: bool,
}

/// The schemas met so far.
#[derive(Default)]
pub(super) struct Tables {
    known: RwLock<BTreeMap<String, Arc<Schema>>>,
}

impl Tables {
    /// The schema of `table`, if there is such a table.
    pub fn schema(&self, database: &Database, table: &str) -> Option<Arc<Schema>> {
        if let Some(schema) = self.known.read().unwrap_or_else(PoisonError::into_inner).get(table) {
            return Some(Arc::clone(schema));
        }
        let schema = Arc::new(read(database, table)?);
        let mut known = self.known.write().unwrap_or_else(PoisonError::into_inner);
        known.insert(table.to_owned(), Arc::clone(&schema));
        Some(schema)
    }

    /// The key of an item of `table`, given the item or its key alone. `None` if the table or an attribute is missing:
    /// the database will say so.
    pub fn key(&self, database: &Database, table: &str, item: &Item) -> Option<ItemKey> {
        self.schema(database, table)?.key(table, item)
    }

    pub fn forget(&self) {
        self.known.write().unwrap_or_else(PoisonError::into_inner).clear();
    }
}

impl Schema {
    pub fn key(&self, table: &str, item: &Item) -> Option<ItemKey> {
        let sort = match &self.sort {
            Some(name) => text(item.get(name)?)?,
            None => String::new(),
        };
        Some(ItemKey { table: table.to_owned(), partition: text(item.get(&self.partition)?)?, sort })
    }

    /// The key attributes of `item` alone.
    pub fn only_key(&self, item: &Item) -> Item {
        let is_key = |name: &String| *name == self.partition || self.sort.as_ref() == Some(name);
        item.iter().filter(|(name, _)| is_key(name)).map(|(name, value)| (name.clone(), value.clone())).collect()
    }

    pub fn has_index(&self) -> bool {
        self.has_index
    }
}

fn read(database: &Database, table: &str) -> Option<Schema> {
    let metadata = database.get_table_metadata(table).ok().flatten()?;
    let keys: Vec<KeySchemaElement> = serde_json::from_str(&metadata.key_schema).ok()?;
    let indexes: Vec<GlobalSecondaryIndex> =
        metadata.gsi_definitions.and_then(|text| serde_json::from_str(&text).ok()).unwrap_or_default();
    Some(Schema {
        partition: attribute(&keys, &KeyType::HASH)?,
        sort: attribute(&keys, &KeyType::RANGE),
        has_index: !indexes.is_empty(),
    })
}

fn attribute(keys: &[KeySchemaElement], kind: &KeyType) -> Option<String> {
    keys.iter().find(|key| &key.key_type == kind).map(|key| key.attribute_name.clone())
}

/// A key value as text that tells types apart.
fn text(value: &AttributeValue) -> Option<String> {
    match value {
        AttributeValue::S(text) => Some(text.clone()),
        AttributeValue::N(number) => Some(format!("N:{number}")),
        AttributeValue::B(bytes) => Some(format!("B:{}", data_encoding::HEXLOWER.encode(bytes))),
        _ => None,
    }
}

/// The items named by their keys, in an order that does not depend on hashing.
pub(super) fn in_order<T>(by_table: &HashMap<String, Vec<T>>) -> Vec<(&String, &T)> {
    let mut tables: Vec<_> = by_table.iter().collect();
    tables.sort_by_key(|(table, _)| *table);
    tables.into_iter().flat_map(|(table, entries)| entries.iter().map(move |entry| (table, entry))).collect()
}
