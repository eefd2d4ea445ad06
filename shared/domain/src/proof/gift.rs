//! The proof of a gift: made for its donor, verified by anyone.

use data_encoding::{BASE64, HEXLOWER};
use serde::{Deserialize, Serialize};

use super::checkpoint::Checkpoint;
use super::day::DayRecord;
use super::log::PublishedDay;
use super::note::{KeyName, NoteError, Verifier};
use super::pages::PageLeaf;
use super::tree;
use crate::hash::{Hash, leaf};
use crate::id::DonationId;
use crate::journal::{ChainId, Entry, EntryKind, Page};
use crate::moment::Day;
use crate::money::Money;

/// The form of a file of proofs.
pub const FORM: u8 = 1;
/// Bytes of a salt: with another number, bytes of the entry could pass for some of the salt's.
pub const SALT_BYTES: usize = 16;

/// What a donor is given: the proof of each entry of the donation that is published, and which are still to be.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ProofFile {
    /// The form: [`FORM`].
    pub form: u8,
    /// The donation.
    pub donation: DonationId,
    /// The proofs, in the order in which the entries were booked.
    pub proofs: Vec<EntryProof>,
    /// Entries of days that are not published yet.
    pub waiting: Vec<Waiting>,
}

/// An entry whose day is not published yet.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Waiting {
    /// What kind of entry: the code of [`EntryKind::code`].
    pub kind: String,
    /// Its day, which is published in the night after it.
    pub day: Day,
}

/// The proof of one entry.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EntryProof {
    /// What kind of entry, for the eye.
    pub kind: String,
    /// What moved, in SAR, for the eye.
    pub amount: String,
    /// The day of the books, for the eye.
    pub day: Day,
    /// The entry's bytes, in base64.
    pub entry: String,
    /// Its salt, in hex.
    pub salt: String,
    /// Its page.
    pub page: OnPage,
    /// The page in the day's tree, which has as many leaves as the record has pages.
    pub tree: InTree,
    /// What is said of the day: the text of a [`DayRecord`].
    pub record: String,
    /// The way from the record's leaf to the log's root, the lowest hash first.
    pub log_path: Vec<Hash>,
    /// The checkpoint of the log with this day as its last: a signed note.
    pub checkpoint: String,
}

/// Where on its page an entry stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OnPage {
    /// The page's chain.
    pub chain: u8,
    /// The page's number.
    pub seq: u64,
    /// How many entries it has.
    pub entries: u16,
    /// The entry's index among them, from zero.
    pub index: u16,
    /// The way from its leaf to the page's root, the lowest hash first.
    pub path: Vec<Hash>,
}

/// Where in the day's tree a page stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct InTree {
    /// The page's index, from zero.
    pub index: u64,
    /// The way from its leaf to the day's root, the lowest hash first.
    pub path: Vec<Hash>,
}

/// What is published does not fit the page: one of them is not what it was.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum MakeError {
    /// There is no such entry on the page, or the page keeps no leaves.
    #[error("the page has no leaf of such an entry")]
    NoLeaf,
    /// The salt and the entry do not make the leaf.
    #[error("the salt is not that of the entry's leaf")]
    OtherSalt,
    /// The record cannot be read.
    #[error("the day's record cannot be read")]
    NoRecord,
    /// The page is not among the day's.
    #[error("the page is not in the day's tree")]
    NotInTree,
    /// The pages that are published make another root.
    #[error("the leaves of the day's pages make another root than its record says")]
    OtherRoot,
}

/// What a proof has proven.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Proven {
    /// The entry.
    pub entry: Entry,
    /// What is said of its day.
    pub record: DayRecord,
    /// The log's state that was signed.
    pub checkpoint: Checkpoint,
    /// The trusted keys that have signed it.
    pub signed_by: Vec<KeyName>,
}

/// Why a proof proves nothing: the first step that does not hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ProofError {
    /// The file is of another form.
    #[error("the file is of a form that is not known")]
    Form,
    /// The entry is no entry.
    #[error("the entry is not one of the books")]
    Entry,
    /// The entry is of another donation.
    #[error("the entry is not of this donation")]
    OtherDonation,
    /// What stands beside the entry is not what the entry says.
    #[error("kind, amount or day are not what is proven")]
    Told,
    /// The salt is no salt.
    #[error("the salt is not of {SALT_BYTES} bytes")]
    Salt,
    /// Its place on the page cannot be.
    #[error("the way from the entry to its page's root does not fit the page")]
    Page,
    /// The record cannot be read.
    #[error("the day's record is not in its form")]
    Record,
    /// The entry, with its salt, is not in the day's tree.
    #[error("the entry is not in the tree of the day")]
    Day,
    /// The record is not in the log.
    #[error("the day's record is not in the log that was signed")]
    Log,
    /// The checkpoint is not signed, or not by a trusted key.
    #[error("the log's checkpoint")]
    Checkpoint(#[source] NoteError),
}

impl EntryProof {
    /// The proof of the entry at `index` of a page, by what is published of its day and the leaves of its pages.
    ///
    /// # Errors
    /// When one does not fit the other.
    pub fn make(
        (page, index): (&Page, u16),
        salt: &[u8],
        published: &PublishedDay,
        pages: &[Hash],
    ) -> Result<EntryProof, MakeError> {
        let at = usize::from(index);
        let entry = page.entries().get(at).ok_or(MakeError::NoLeaf)?;
        let leaves = page.leaves().ok_or(MakeError::NoLeaf)?.hashes();
        let path = tree::path(leaves, at).ok_or(MakeError::NoLeaf)?;
        if leaves.get(at) != Some(&entry.leaf(salt)) {
            return Err(MakeError::OtherSalt);
        }
        let record: DayRecord = published.record.parse().map_err(|_| MakeError::NoRecord)?;
        let leaf = PageLeaf::of(page).ok_or(MakeError::NoLeaf)?;
        let place = pages.iter().position(|other| *other == leaf.hash()).ok_or(MakeError::NotInTree)?;
        let tree = InTree { index: place as u64, path: tree::path(pages, place).ok_or(MakeError::NotInTree)? };
        if tree::root_of(leaf.hash(), tree.index, record.pages, &tree.path) != Some(record.root) {
            return Err(MakeError::OtherRoot);
        }
        Ok(EntryProof {
            kind: entry.kind.code().to_owned(),
            amount: amount(entry),
            day: page.day,
            entry: BASE64.encode(&entry.bytes()),
            salt: HEXLOWER.encode(salt),
            page: OnPage { chain: page.chain.number(), seq: page.seq, entries: leaf.entries, index, path },
            tree,
            record: published.record.clone(),
            log_path: published.path.clone(),
            checkpoint: published.checkpoint.clone(),
        })
    }

    /// What it proves, if the checkpoint is signed by a trusted key.
    ///
    /// # Errors
    /// The first step that does not hold.
    pub fn verify(&self, donation: DonationId, trusted: &[Verifier]) -> Result<Proven, ProofError> {
        let entry = BASE64.decode(self.entry.as_bytes()).ok().and_then(|bytes| Entry::read(&bytes));
        let entry = entry.ok_or(ProofError::Entry)?;
        if entry.donation != Some(donation) {
            return Err(ProofError::OtherDonation);
        }
        let record: DayRecord = self.record.parse().map_err(|_| ProofError::Record)?;
        if (self.kind.as_str(), &self.amount, self.day) != (entry.kind.code(), &amount(&entry), record.day) {
            return Err(ProofError::Told);
        }
        if self.day_root(&entry, &record)? != record.root {
            return Err(ProofError::Day);
        }
        let (checkpoint, signed_by) = Checkpoint::open(&self.checkpoint, trusted).map_err(ProofError::Checkpoint)?;
        let root = tree::root_of(record.leaf(), record.number, checkpoint.size, &self.log_path);
        if root != Some(checkpoint.root) {
            return Err(ProofError::Log);
        }
        Ok(Proven { entry, record, checkpoint, signed_by })
    }

    fn day_root(&self, entry: &Entry, record: &DayRecord) -> Result<Hash, ProofError> {
        let salt = HEXLOWER.decode(self.salt.as_bytes()).map_err(|_| ProofError::Salt)?;
        if salt.len() != SALT_BYTES {
            return Err(ProofError::Salt);
        }
        let OnPage { chain, seq, entries, index, path } = &self.page;
        let root = tree::root_of(leaf(&salt, &entry.bytes()), u64::from(*index), u64::from(*entries), path);
        let (root, chain) = (root.ok_or(ProofError::Page)?, ChainId::new(*chain).ok_or(ProofError::Page)?);
        let page = PageLeaf { chain, seq: *seq, entries: *entries, root };
        tree::root_of(page.hash(), self.tree.index, record.pages, &self.tree.path).ok_or(ProofError::Day)
    }
}

impl ProofFile {
    /// What each of its proofs proves.
    ///
    /// # Errors
    /// The index of the first that proves nothing, and why.
    pub fn verify(&self, trusted: &[Verifier]) -> Result<Vec<Proven>, (usize, ProofError)> {
        if self.form != FORM {
            return Err((0, ProofError::Form));
        }
        let verify =
            |(index, proof): (usize, &EntryProof)| proof.verify(self.donation, trusted).map_err(|error| (index, error));
        self.proofs.iter().enumerate().map(verify).collect()
    }
}

impl Waiting {
    /// An entry of this kind on this day.
    pub fn new(kind: EntryKind, day: Day) -> Waiting {
        Waiting { kind: kind.code().to_owned(), day }
    }
}

fn amount(entry: &Entry) -> String {
    let moved = u64::try_from(entry.moved_minor()).unwrap_or(0);
    Money::from_halalas(moved).unwrap_or(Money::ZERO).to_string()
}
