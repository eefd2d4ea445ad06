//! The log of days, and what is published of one day.

use serde::{Deserialize, Serialize};

use super::checkpoint::Checkpoint;
use super::tree;
use crate::hash::{Hash, tree_root};
use crate::moment::Day;

/// A day in the log.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct LoggedDay {
    /// The day.
    pub day: Day,
    /// The leaf of its record.
    pub leaf: Hash,
}

/// The log as it is published: every day, and the signed checkpoint of all of them.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Log {
    /// The days in the order in which they were closed, without a gap.
    pub days: Vec<LoggedDay>,
    /// The checkpoint, a signed note; empty while there is no day.
    pub checkpoint: String,
}

/// What is published of one day. It never changes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PublishedDay {
    /// What is said of it: the text of a [`super::day::DayRecord`].
    pub record: String,
    /// The log with this day as its last: a signed note.
    pub checkpoint: String,
    /// The way from the record's leaf to that log's root.
    pub path: Vec<Hash>,
    /// That this log grew out of the one before this day; nothing for the first day.
    pub growth: Vec<Hash>,
}

impl Log {
    /// How many days are in it.
    pub fn size(&self) -> u64 {
        self.days.len() as u64
    }

    /// The leaves of its days.
    pub fn leaves(&self) -> Vec<Hash> {
        self.days.iter().map(|logged| logged.leaf).collect()
    }

    /// The root of its days.
    pub fn root(&self) -> Hash {
        tree_root(&self.leaves())
    }

    /// Its checkpoint under a name, not signed.
    pub fn state(&self, origin: &str) -> Checkpoint {
        Checkpoint { origin: origin.to_owned(), size: self.size(), root: self.root() }
    }

    /// The way from the last day's leaf to the root, and how the log grew by it.
    pub fn last_paths(&self) -> (Vec<Hash>, Vec<Hash>) {
        let leaves = self.leaves();
        let last = leaves.len().saturating_sub(1);
        (tree::path(&leaves, last).unwrap_or_default(), tree::growth(&leaves, last).unwrap_or_default())
    }
}
