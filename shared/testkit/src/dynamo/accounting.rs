//! Counts calls, refusals and capacity as they happen.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use dynoxide::types::{CapacityDetail, ConsumedCapacity};

use super::tables::ItemKey;
use super::usage::{KeyWrite, Units, Usage};

#[derive(Default)]
pub(super) struct Accounting {
    usage: Mutex<Usage>,
    records_keys: AtomicBool,
    key_writes: Mutex<Vec<KeyWrite>>,
}

impl Accounting {
    pub fn count_call(&self, operation: &str) {
        *self.lock().calls.entry(operation.to_owned()).or_default() += 1;
    }

    pub fn count_error(&self, operation: &str, kind: &str) {
        *self.lock().errors.entry((operation.to_owned(), kind.to_owned())).or_default() += 1;
    }

    pub fn count_capacity(&self, operation: &str, figures: &[ConsumedCapacity]) {
        let mut usage = self.lock();
        for figure in figures {
            *usage.units.entry((operation.to_owned(), figure.table_name.clone())).or_default() += units(operation, figure);
        }
    }

    pub fn count_refused(&self, operation: &str, table: &str, write_units: u64) {
        let units = Units { refused_write_units: write_units, ..Units::default() };
        *self.lock().units.entry((operation.to_owned(), table.to_owned())).or_default() += units;
    }

    pub fn usage(&self) -> Usage {
        self.lock().clone()
    }

    pub fn record_keys(&self, on: bool) {
        self.records_keys.store(on, Ordering::Relaxed);
    }

    pub fn recorded(&self, at_millis: i64, writes: impl IntoIterator<Item = (ItemKey, u64)>) {
        if !self.records_keys.load(Ordering::Relaxed) {
            return;
        }
        let writes = writes.into_iter().map(|(ItemKey { table, partition, sort }, units)| KeyWrite {
            table,
            partition,
            sort,
            at_millis,
            units,
        });
        self.key_writes.lock().unwrap_or_else(PoisonError::into_inner).extend(writes);
    }

    pub fn take_key_writes(&self) -> Vec<KeyWrite> {
        std::mem::take(&mut *self.key_writes.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn lock(&self) -> MutexGuard<'_, Usage> {
        self.usage.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn units(operation: &str, figure: &ConsumedCapacity) -> Units {
    let total = half_units(figure.capacity_units);
    // A transaction whose token is known already is answered by a read, and says so.
    let reads = figure.read_capacity_units.is_some_and(|units| units > 0.0)
        || matches!(operation, "GetItem" | "BatchGetItem" | "Query" | "Scan" | "TransactGetItems");
    if reads {
        return Units { read_half_units: total, ..Units::default() };
    }
    let table = figure.table.as_ref().map_or(total, of_detail);
    Units { write_units: total / 2, index_write_units: total.saturating_sub(table) / 2, ..Units::default() }
}

/// Write units of the tables themselves, without their indexes.
pub(super) fn table_write_units(figures: &[ConsumedCapacity]) -> u64 {
    figures.iter().map(|figure| figure.table.as_ref().map_or(half_units(figure.capacity_units), of_detail) / 2).sum()
}

fn of_detail(detail: &CapacityDetail) -> u64 {
    half_units(detail.capacity_units)
}

/// The database gives capacity as a float that is a multiple of one half.
fn half_units(units: f64) -> u64 {
    let whole = units as u64;
    whole * 2 + u64::from(units > whole as f64)
}

/// Spreads what a call cost over its items: puts by their size, the others evenly over the rest.
pub(super) fn shares(keys: Vec<Option<ItemKey>>, put_units: &[Option<u64>], total: u64) -> Vec<(ItemKey, u64)> {
    let puts: u64 = put_units.iter().flatten().sum();
    let others = put_units.iter().filter(|units| units.is_none()).count() as u64;
    let each = total.saturating_sub(puts).checked_div(others).unwrap_or_default();
    let units = put_units.iter().map(|units| units.unwrap_or(each));
    keys.into_iter().zip(units).filter_map(|(key, units)| Some((key?, units))).collect()
}
