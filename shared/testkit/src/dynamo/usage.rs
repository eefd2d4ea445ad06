//! What the calls cost: the figures behind "write units a gift".
//!
//! Units are those of DynamoDB's `ConsumedCapacity`, indexes included, as the database reports them: one write unit for each
//! started KB of a write, twice that in a transaction; one read unit for each started 4 KB of a strong read, half for an
//! eventual one, twice in a transaction. Reads are kept in halves, so that they stay whole numbers.
//!
//! A refused write consumes too, but the error carries no figure. It is counted apart, in `refused_write_units`, by
//! estimate: a failed condition costs what the item in the way would (at least 1); a cancelled transaction two for each
//! started KB of what it would have put, and two for every other action. A conflict between calls in flight costs nothing here.

use std::collections::BTreeMap;
use std::ops::AddAssign;

/// Capacity consumed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Units {
    /// Write units, indexes included.
    pub write_units: u64,
    /// The part of `write_units` that indexes took.
    pub index_write_units: u64,
    /// Write units of refused writes, estimated; not in `write_units`.
    pub refused_write_units: u64,
    /// Half read units: 2 is one read unit.
    pub read_half_units: u64,
}

impl AddAssign for Units {
    fn add_assign(&mut self, more: Self) {
        self.write_units += more.write_units;
        self.index_write_units += more.index_write_units;
        self.refused_write_units += more.refused_write_units;
        self.read_half_units += more.read_half_units;
    }
}

impl Units {
    fn since(self, earlier: Self) -> Self {
        Self {
            write_units: self.write_units.saturating_sub(earlier.write_units),
            index_write_units: self.index_write_units.saturating_sub(earlier.index_write_units),
            refused_write_units: self.refused_write_units.saturating_sub(earlier.refused_write_units),
            read_half_units: self.read_half_units.saturating_sub(earlier.read_half_units),
        }
    }
}

/// Everything counted since the database was opened.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Usage {
    /// Calls by operation, refused ones included.
    pub calls: BTreeMap<String, u64>,
    /// Refusals by operation and error, the error without its namespace.
    pub errors: BTreeMap<(String, String), u64>,
    /// Capacity by operation and table.
    pub units: BTreeMap<(String, String), Units>,
}

impl Usage {
    /// All operations on all tables together.
    pub fn total(&self) -> Units {
        self.sum(|_, _| true)
    }

    /// All operations on one table.
    pub fn of_table(&self, name: &str) -> Units {
        self.sum(|_, table| table == name)
    }

    /// One operation on all tables.
    pub fn of_operation(&self, name: &str) -> Units {
        self.sum(|operation, _| operation == name)
    }

    /// What was added since an `earlier` look.
    pub fn since(&self, earlier: &Self) -> Self {
        let before = |key| earlier.units.get(key).copied().unwrap_or_default();
        Self {
            calls: counted_since(&self.calls, &earlier.calls),
            errors: counted_since(&self.errors, &earlier.errors),
            units: self.units.iter().map(|(key, units)| (key.clone(), units.since(before(key)))).collect(),
        }
    }

    fn sum(&self, wanted: impl Fn(&str, &str) -> bool) -> Units {
        let mut sum = Units::default();
        for ((operation, table), units) in &self.units {
            if wanted(operation, table) {
                sum += *units;
            }
        }
        sum
    }
}

/// The difference of two counts, without what did not change.
pub(crate) fn counted_since<K: Ord + Clone>(now: &BTreeMap<K, u64>, before: &BTreeMap<K, u64>) -> BTreeMap<K, u64> {
    now.iter()
        .map(|(key, count)| (key.clone(), count.saturating_sub(before.get(key).copied().unwrap_or_default())))
        .filter(|(_, count)| *count > 0)
        .collect()
}

/// One write on one item, a refused one included, for the search for hot keys.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyWrite {
    /// The table.
    pub table: String,
    /// The partition key: DynamoDB's limit of 1,000 units a second is for each of these.
    pub partition: String,
    /// The sort key, empty if the table has none.
    pub sort: String,
    /// When it was written, in milliseconds since 1970.
    pub at_millis: i64,
    /// Write units of the table itself. In a transaction, those of a put are exact and the others share the rest evenly.
    pub units: u64,
}

/// A write of a watched item, as it was made or refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Watched {
    /// The partition key.
    pub partition: String,
    /// The sort key, empty if the table has none.
    pub sort: String,
    /// When, in milliseconds since 1970.
    pub at_millis: i64,
    /// Write units; of a refused write by estimate.
    pub units: u64,
    /// A condition refused it: the item is as it was.
    pub is_refused: bool,
    /// The item after it, in DynamoDB's JSON; nothing if it was refused or took the item away.
    pub item: Option<serde_json::Value>,
}
