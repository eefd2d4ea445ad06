//! Indexes that follow their table with a delay.
//!
//! An item that was not there before shows in an index only some time after its write, a random time up to the limit, so
//! that items may show out of order, as in DynamoDB. What is not imitated: a change or a removal shows at once. Count-only
//! queries and projections without the table's key cannot be told apart by item and show all.

use std::collections::{HashMap, HashSet};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use dynoxide::actions::get_item::GetItemRequest;
use dynoxide::actions::query::QueryRequest;
use dynoxide::actions::scan::ScanRequest;
use dynoxide::{Database, Item};

use crate::chance::Chance;
use crate::clock::millis;

use super::metering::Metered;
use super::tables::{ItemKey, Schema};
use super::{Answer, Parts, parse, write};

/// When this many items wait to show, those whose time has come are dropped.
const SWEEP_AT: usize = 10_000;

pub(super) struct IndexLag {
    limit_millis: u64,
    chance: Chance,
    /// Whether the table may hold items that were written before this process.
    has_past: bool,
    seen: Mutex<Seen>,
}

#[derive(Default)]
struct Seen {
    /// Hashes of the keys of items that exist: eight bytes an item.
    known: HashSet<u64>,
    shows_at_millis: HashMap<ItemKey, i64>,
    sweep_at: usize,
}

/// A write about to be applied on a table with an index.
pub(super) struct Appearance {
    key: ItemKey,
    is_new: bool,
    stays: bool,
}

impl IndexLag {
    pub fn new(limit: Duration, chance: Chance, has_past: bool) -> Self {
        let limit_millis = u64::try_from(millis(limit)).unwrap_or_default();
        Self { limit_millis, chance, has_past, seen: Mutex::default() }
    }

    /// Looks at an item before it is written: `raw_key` holds its key attributes, `stays` is false for a deletion.
    pub fn before(&self, parts: &Parts, key: Option<&ItemKey>, raw_key: &Item, stays: bool) -> Option<Appearance> {
        let key = key?;
        let schema = parts.tables.schema(&parts.database, &key.table)?;
        if self.limit_millis == 0 || !schema.has_index() {
            return None;
        }
        let known = self.lock().known.contains(&hash(key));
        let existed = known || self.has_past && exists(&parts.database, &schema, key, raw_key);
        Some(Appearance { key: key.clone(), is_new: !existed, stays })
    }

    /// The writes were applied.
    pub fn after(&self, appearances: impl IntoIterator<Item = Appearance>, now_millis: i64) {
        for Appearance { key, is_new, stays } in appearances {
            let mut seen = self.lock();
            if !stays {
                seen.known.remove(&hash(&key));
                seen.shows_at_millis.remove(&key);
                continue;
            }
            seen.known.insert(hash(&key));
            if is_new {
                let lag = i64::try_from(self.chance.below(self.limit_millis + 1)).unwrap_or_default();
                seen.sweep(now_millis);
                seen.shows_at_millis.insert(key, now_millis + lag);
            }
        }
    }

    fn shows(&self, key: Option<ItemKey>, now_millis: i64) -> bool {
        let Some(key) = key else { return true };
        self.lock().shows_at_millis.get(&key).is_none_or(|at| *at <= now_millis)
    }

    fn lock(&self) -> MutexGuard<'_, Seen> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Seen {
    fn sweep(&mut self, now_millis: i64) {
        if self.shows_at_millis.len() >= self.sweep_at.max(SWEEP_AT) {
            self.shows_at_millis.retain(|_, at| *at > now_millis);
            self.sweep_at = self.shows_at_millis.len() * 2;
        }
    }
}

/// Answers a query; on an index, without what does not show yet.
pub(super) fn query(parts: &Parts, body: &[u8]) -> Answer {
    let request: QueryRequest = parse(body)?;
    let (table, lags) = (request.table_name.clone(), request.index_name.is_some());
    let (mut answer, asked) = parts.measured("Query", request)?;
    if lags && let Some(items) = &mut answer.items {
        keep_shown(parts, &table, items);
        answer.count = items.len();
    }
    write(&QueryRequest::trimmed(answer, asked))
}

/// Answers a scan; of an index, without what does not show yet.
pub(super) fn scan(parts: &Parts, body: &[u8]) -> Answer {
    let request: ScanRequest = parse(body)?;
    let (table, lags) = (request.table_name.clone(), request.index_name.is_some());
    let (mut answer, asked) = parts.measured("Scan", request)?;
    if lags && let Some(items) = &mut answer.items {
        keep_shown(parts, &table, items);
        answer.count = items.len();
    }
    write(&ScanRequest::trimmed(answer, asked))
}

fn keep_shown(parts: &Parts, table: &str, items: &mut Vec<Item>) {
    let now_millis = parts.clock.now_millis();
    items.retain(|item| parts.lag.shows(parts.tables.key(&parts.database, table, item), now_millis));
}

fn exists(database: &Database, schema: &Schema, key: &ItemKey, raw_key: &Item) -> bool {
    let request =
        GetItemRequest { table_name: key.table.clone(), key: schema.only_key(raw_key), ..GetItemRequest::default() };
    database.get_item(request).is_ok_and(|answer| answer.item.is_some())
}

fn hash(key: &ItemKey) -> u64 {
    let mut hasher = DefaultHasher::new();
    key.hash(&mut hasher);
    hasher.finish()
}
