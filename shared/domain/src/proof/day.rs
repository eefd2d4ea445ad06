//! What is said of a day: the root of its tree, and the counts and sums that the root covers.
//!
//! A text of lines, in one form only: what stands in the log is the hash of its bytes. Amounts are whole halalas, hashes lower-case hex.
//!
//! ```text
//! ihsan/day/1
//! day 2026-11-23
//! number 0                         the day's place in the log
//! previous e3b0c442…               the log's root before it
//! pages 2                          leaves of the day's tree: pages with entries
//! root 6e34…                       the day's root
//! entries 3
//! kind settled 2 6050              how many, and what they moved
//! kind refunded 1 1000
//! movement paid_out 1 6000         the same of what moved without a donor: its pages are no leaves, and the seals fix them
//! fund sadaqa 2 6050 1000          gifts, given, given back
//! chain 0 0 1 40581a25…            first page, seal, and the seal's hash: it fixes every page of the chain
//! ```

use std::collections::BTreeMap;
use std::fmt;
use std::str::{FromStr, SplitWhitespace};

use super::pages::PageLeaf;
use crate::hash::{Hash, leaf, tree_root};
use crate::journal::{EntryKind, MovementKind, Page};
use crate::moment::Day;
use crate::purpose::Fund;
use crate::report::Figures;

/// The first line.
const FORM: &str = "ihsan/day/1";

/// Entries or movements of a kind.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Kind {
    /// How many.
    pub count: u64,
    /// What they moved, in halalas.
    pub moved_minor: i64,
}

/// What is given to a fund on the day.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Given {
    /// Gifts with at least one line in the fund.
    pub gifts: u64,
    /// Given, in halalas.
    pub given_minor: i64,
    /// Given back, in halalas.
    pub returned_minor: i64,
}

impl Kind {
    const fn add(&mut self, moved_minor: i64) {
        self.count += 1;
        self.moved_minor += moved_minor;
    }
}

impl From<&Figures> for Given {
    fn from(figures: &Figures) -> Given {
        let Figures { gifts, given_minor, returned_minor, lines: _ } = *figures;
        Given { gifts, given_minor, returned_minor }
    }
}

/// What the day has of one chain.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChainEnd {
    /// The chain's number.
    pub chain: u8,
    /// Its first page of the day; the seal itself when the day has no other.
    pub first: u64,
    /// The seal's number.
    pub seal: u64,
    /// The seal's hash.
    pub hash: Hash,
}

/// What is said of a day, and signed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DayRecord {
    /// The day.
    pub day: Day,
    /// Its place in the log, from zero.
    pub number: u64,
    /// The log's root before it.
    pub previous: Hash,
    /// Leaves of the day's tree: pages with entries.
    pub pages: u64,
    /// The root of the day's tree.
    pub root: Hash,
    /// Entries on those pages.
    pub entries: u64,
    /// By kind; no kind without an entry.
    pub kinds: BTreeMap<EntryKind, Kind>,
    /// Movements without a donor, by kind; no kind without one.
    pub movements: BTreeMap<MovementKind, Kind>,
    /// By fund; no fund to which nothing was given and from which nothing went back.
    pub funds: BTreeMap<Fund, Given>,
    /// What the day has of each chain, in the order of their numbers.
    pub chains: Vec<ChainEnd>,
}

/// A text is no record of a day.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a record of a day, or not in its one form")]
pub struct RecordError;

/// A day's pages while they are read, chain after chain, each in its order: their leaves, and counts by kind.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct DayTree {
    leaves: Vec<Hash>,
    entries: u64,
    kinds: BTreeMap<EntryKind, Kind>,
    movements: BTreeMap<MovementKind, Kind>,
}

impl DayTree {
    /// Adds a page. Only one with entries is a leaf.
    pub fn add(&mut self, page: &Page) {
        for movement in page.movements() {
            let moved_minor = movement.transfers.iter().map(|transfer| transfer.amount().signed_halalas()).sum();
            self.movements.entry(movement.kind).or_default().add(moved_minor);
        }
        let Some(added) = PageLeaf::of(page) else { return };
        self.leaves.push(added.hash());
        self.entries += u64::from(added.entries);
        for entry in page.entries() {
            self.kinds.entry(entry.kind).or_default().add(entry.moved_minor());
        }
    }

    /// The leaves of its pages.
    pub fn leaves(&self) -> &[Hash] {
        &self.leaves
    }

    /// What is said of the day, at this place in the log, with what was given to each fund.
    pub fn record<'f>(
        &self,
        day: Day,
        (number, previous): (u64, Hash),
        funds: impl IntoIterator<Item = (&'f Fund, &'f Figures)>,
        chains: Vec<ChainEnd>,
    ) -> DayRecord {
        let funds = funds.into_iter().map(|(fund, figures)| (*fund, Given::from(figures)));
        DayRecord {
            day,
            number,
            previous,
            pages: self.leaves.len() as u64,
            root: tree_root(&self.leaves),
            entries: self.entries,
            kinds: self.kinds.clone(),
            movements: self.movements.clone(),
            funds: funds.filter(|(_, given)| *given != Given::default()).collect(),
            chains,
        }
    }
}

impl DayRecord {
    /// Its leaf in the log: `H(0x00 ‖ text)`.
    pub fn leaf(&self) -> Hash {
        leaf(&[], self.to_string().as_bytes())
    }
}

impl fmt::Display for DayRecord {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{FORM}\nday {}\nnumber {}\nprevious {}", self.day, self.number, self.previous)?;
        writeln!(f, "pages {}\nroot {}\nentries {}", self.pages, self.root, self.entries)?;
        for (kind, Kind { count, moved_minor }) in &self.kinds {
            writeln!(f, "kind {} {count} {moved_minor}", kind.code())?;
        }
        for (kind, Kind { count, moved_minor }) in &self.movements {
            writeln!(f, "movement {} {count} {moved_minor}", kind.code())?;
        }
        for (fund, Given { gifts, given_minor, returned_minor }) in &self.funds {
            writeln!(f, "fund {fund} {gifts} {given_minor} {returned_minor}")?;
        }
        for ChainEnd { chain, first, seal, hash } in &self.chains {
            writeln!(f, "chain {chain} {first} {seal} {hash}")?;
        }
        Ok(())
    }
}

impl FromStr for DayRecord {
    type Err = RecordError;
    fn from_str(text: &str) -> Result<DayRecord, RecordError> {
        let record = read(text).ok_or(RecordError)?;
        // What can be said in two ways is said in one: the hash is over the bytes.
        if record.to_string() == text { Ok(record) } else { Err(RecordError) }
    }
}

fn read(text: &str) -> Option<DayRecord> {
    let mut lines = text.strip_prefix(FORM)?.strip_prefix('\n')?.lines();
    let mut named = |name: &str| lines.next()?.strip_prefix(name)?.strip_prefix(' ');
    let (day, number, previous) = (named("day")?, named("number")?, named("previous")?);
    let (pages, root, entries) = (named("pages")?, named("root")?, named("entries")?);
    let mut record = DayRecord {
        day: day.parse().ok()?,
        number: number.parse().ok()?,
        previous: previous.parse().ok()?,
        pages: pages.parse().ok()?,
        root: root.parse().ok()?,
        entries: entries.parse().ok()?,
        kinds: BTreeMap::new(),
        movements: BTreeMap::new(),
        funds: BTreeMap::new(),
        chains: Vec::new(),
    };
    for line in lines {
        let mut words = line.split_whitespace();
        match words.next()? {
            "kind" => {
                let code = words.next()?;
                let kind = EntryKind::ALL.into_iter().find(|kind| kind.code() == code)?;
                record.kinds.insert(kind, Kind { count: next(&mut words)?, moved_minor: next(&mut words)? });
            }
            "movement" => {
                let code = words.next()?;
                let kind = MovementKind::ALL.iter().copied().find(|kind| kind.code() == code)?;
                record.movements.insert(kind, Kind { count: next(&mut words)?, moved_minor: next(&mut words)? });
            }
            "fund" => {
                let fund = next(&mut words)?;
                let (gifts, given_minor, returned_minor) = (next(&mut words)?, next(&mut words)?, next(&mut words)?);
                record.funds.insert(fund, Given { gifts, given_minor, returned_minor });
            }
            "chain" => {
                let (chain, first, seal, hash) =
                    (next(&mut words)?, next(&mut words)?, next(&mut words)?, next(&mut words)?);
                record.chains.push(ChainEnd { chain, first, seal, hash });
            }
            _ => return None,
        }
    }
    Some(record)
}

fn next<T: FromStr>(words: &mut SplitWhitespace<'_>) -> Option<T> {
    words.next()?.parse().ok()
}
