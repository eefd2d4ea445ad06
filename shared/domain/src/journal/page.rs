//! Pages and the chains they make.

use std::fmt;

use super::{Entry, Leaves, Movement, Transfer, TransferError, rules};
use crate::hash::Hash;
use crate::leaf_key::LeafKey;
use crate::moment::{Day, Moment};

/// How many entries a page holds at most. A page is written in one transaction with the donations it settles, and a transaction
/// takes a hundred actions: the page is one of them.
pub const MOST_ENTRIES: usize = 99;

/// How many chains there are. As many as consumers write at the same time at the peak; each more costs one seal a day.
pub const CHAINS: u8 = 16;

/// The form of the page that this code writes. A reader refuses a form it does not know.
const FORM: u8 = 3;
/// The form of before, which is still read: no salt of its pages is agreed on.
const FORM_WITHOUT_KEY: u8 = 2;
/// The first form, which is still read: its pages keep the root of their leaves, but not the leaves.
const FORM_WITHOUT_LEAVES: u8 = 1;

/// The number of a chain, from zero up to [`CHAINS`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, minicbor::Encode, minicbor::Decode)]
#[cbor(transparent)]
pub struct ChainId(#[n(0)] u8);

impl ChainId {
    /// The chain of this number; `None` beyond [`CHAINS`].
    pub const fn new(number: u8) -> Option<ChainId> {
        if number < CHAINS { Some(ChainId(number)) } else { None }
    }

    /// Every chain.
    pub fn all() -> impl Iterator<Item = ChainId> {
        (0..CHAINS).map(ChainId)
    }

    /// A chain for a random number.
    pub const fn any(random: u64) -> ChainId {
        // The remainder is below CHAINS, which is a u8.
        ChainId((random % CHAINS as u64) as u8)
    }

    /// The chain after this one, the first after the last.
    pub const fn next(self) -> ChainId {
        ChainId((self.0 + 1) % CHAINS)
    }

    /// Its number.
    pub const fn number(self) -> u8 {
        self.0
    }
}

impl fmt::Display for ChainId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:02}", self.0)
    }
}

/// What a page is.
#[derive(Debug, Clone, PartialEq, Eq, minicbor::Encode, minicbor::Decode)]
pub enum PageKind {
    /// Entries, and the root of their salted leaves.
    #[n(0)]
    Entries {
        /// What happened, in order.
        #[n(0)]
        entries: Vec<Entry>,
        /// The root of the tree of the entries' leaves.
        #[n(1)]
        root: Hash,
        /// The leaves themselves, in the order of the entries: with them an entry is proven without the salts of its neighbours. None on
        /// pages of the first form.
        #[n(2)]
        leaves: Option<Leaves>,
        /// The public half of the key that was made for this page and forgotten; none where no entry's salt can be found again, and on pages of earlier forms.
        /// See [`crate::leaf_key`].
        #[n(3)]
        key: Option<LeafKey>,
    },
    /// The page's day is closed on this chain: the next page belongs to the day after.
    #[n(1)]
    Seal,
    /// Money that moved without a donor: there is nobody's data to salt.
    #[n(2)]
    Movements {
        /// What happened, in order.
        #[n(0)]
        movements: Vec<Movement>,
    },
}

/// A page of a chain. See the [module](super) for what pages promise.
#[derive(Debug, Clone, PartialEq, Eq, minicbor::Encode, minicbor::Decode)]
#[cbor(array)]
pub struct Page {
    #[n(0)]
    form: u8,
    /// Its chain.
    #[n(1)]
    pub chain: ChainId,
    /// Its number in the chain, from zero without a gap.
    #[n(2)]
    pub seq: u64,
    /// The hash of the page before; [`Hash::NONE`] for the first.
    #[n(3)]
    pub previous: Hash,
    /// The day of the books to which it belongs.
    #[n(4)]
    pub day: Day,
    /// When it was written; never before the page before it.
    #[n(5)]
    pub written_at: Moment,
    /// What it is.
    #[n(6)]
    pub kind: PageKind,
}

/// Where a chain ends: all that is needed to write its next page.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Tail {
    /// The chain.
    pub chain: ChainId,
    /// The number of the next page.
    pub next_seq: u64,
    /// The hash of the last page.
    pub hash: Hash,
    /// The day of the next page; none while the chain is empty.
    pub day: Option<Day>,
    /// When the last page was written; none while the chain is empty.
    pub written_at: Option<Moment>,
}

/// Why bytes are not the page that they should be.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PageError {
    /// Not readable as a page.
    #[error("cannot be read as a page: {0}")]
    Unreadable(String),
    /// Readable, but not the bytes that we write for it.
    #[error("the page is not in its one deterministic form")]
    NotCanonical,
    /// Written in a form that this code does not know.
    #[error("form {0} is not known")]
    FormUnknown(u8),
    /// Not the number that follows.
    #[error("page {found} stands where {expected} should")]
    OutOfSequence {
        /// The number that should follow.
        expected: u64,
        /// The number that the page bears.
        found: u64,
    },
    /// Its chain is not the one it stands in.
    #[error("the page belongs to chain {0}")]
    WrongChain(ChainId),
    /// The page before is not the one it names.
    #[error("the page before it has another hash")]
    Unlinked,
    /// The day does not follow from the page before.
    #[error("the day {0} does not follow")]
    WrongDay(Day),
    /// Written before the page before it.
    #[error("the page is older than the one before it")]
    TimeBackwards,
    /// A transfer breaks a rule.
    #[error("entry {entry} breaks a rule")]
    BadTransfer {
        /// The entry's index on the page.
        entry: usize,
        /// The rule.
        #[source]
        source: TransferError,
    },
    /// An entry or movement moves money between accounts that its kind has nothing to do with.
    #[error("entry {entry} moves money between accounts that are not of its kind")]
    NotOfItsKind {
        /// The entry's or movement's index on the page.
        entry: usize,
    },
    /// There are not as many leaves as entries, or their root is another than the page's.
    #[error("the leaves are not those of the page's root")]
    WrongLeaves,
    /// A key stands on a page of a form that had none.
    #[error("the page has a key that its form does not have")]
    KeyBeforeItsForm,
    /// No entries, more than a page holds, or an entry without transfers.
    #[error("the page holds no or too many entries, or an empty one")]
    BadCount,
}

impl Tail {
    /// The end of a chain that has no page yet.
    pub const fn empty(chain: ChainId) -> Tail {
        Tail { chain, next_seq: 0, hash: Hash::NONE, day: None, written_at: None }
    }

    /// The next page with these entries and the salts of their leaves, in the same order. Its time is `now`, or that of the page
    /// before when the clock stands behind it.
    ///
    /// # Panics
    /// When there are not as many salts as entries: a root that leaves a gift out must never be written.
    pub fn write(&self, entries: Vec<Entry>, salts: &[Vec<u8>], now: Moment) -> Page {
        self.write_agreed(entries, (None, salts), now)
    }

    /// The same, with the key by which some of the salts are found again.
    ///
    /// # Panics
    /// As [`Tail::write`].
    pub fn write_agreed(&self, entries: Vec<Entry>, (key, salts): (Option<LeafKey>, &[Vec<u8>]), now: Moment) -> Page {
        assert_eq!(entries.len(), salts.len(), "every entry has a salt");
        let leaves: Leaves = entries.iter().zip(salts).map(|(entry, salt)| entry.leaf(salt)).collect();
        self.page(PageKind::Entries { entries, root: leaves.root(), leaves: Some(leaves), key }, now)
    }

    /// The next page with these movements.
    pub fn write_movements(&self, movements: Vec<Movement>, now: Moment) -> Page {
        self.page(PageKind::Movements { movements }, now)
    }

    /// The next page as a seal: closes the day that the chain stands in. An empty chain stands in the day of `now`; to begin one after
    /// midnight with the seal of the day that is over, set the tail's `day` first.
    pub fn seal(&self, now: Moment) -> Page {
        self.page(PageKind::Seal, now)
    }

    /// The day that the chain stands in: an empty chain stands in the day of `now`.
    pub fn open_day(&self, now: Moment) -> Day {
        self.day.unwrap_or_else(|| now.day())
    }

    fn page(&self, kind: PageKind, now: Moment) -> Page {
        let written_at = self.written_at.map_or(now, |last| last.max(now));
        let (chain, seq, previous, day) = (self.chain, self.next_seq, self.hash, self.open_day(now));
        Page { form: FORM, chain, seq, previous, day, written_at, kind }
    }
}

impl Page {
    /// The page's bytes, the same for the same page.
    pub fn bytes(&self) -> Vec<u8> {
        minicbor::to_vec(self).expect("every field can be written, and memory takes it")
    }

    /// The page's hash: over all its bytes, the hash of the page before among them.
    pub fn hash(&self) -> Hash {
        Hash::of(&[&self.bytes()])
    }

    /// Reads a page.
    ///
    /// # Errors
    /// When the bytes are no page, one of a form that is not known, or not the very bytes that this page is written as.
    pub fn read(bytes: &[u8]) -> Result<Page, PageError> {
        let page: Page = minicbor::decode(bytes).map_err(|error| PageError::Unreadable(error.to_string()))?;
        if !(FORM_WITHOUT_LEAVES..=FORM).contains(&page.form) {
            return Err(PageError::FormUnknown(page.form));
        }
        // CBOR can say one thing in several ways, and the hash is taken over the one way in which we say it: without this,
        // bytes could be changed or added unseen.
        if page.bytes() == bytes { Ok(page) } else { Err(PageError::NotCanonical) }
    }

    /// The page's entries; none for a seal.
    pub fn entries(&self) -> &[Entry] {
        match &self.kind {
            PageKind::Entries { entries, .. } => entries,
            PageKind::Movements { .. } | PageKind::Seal => &[],
        }
    }

    /// The page's movements; none for a page of entries or a seal.
    pub fn movements(&self) -> &[Movement] {
        match &self.kind {
            PageKind::Movements { movements } => movements,
            PageKind::Entries { .. } | PageKind::Seal => &[],
        }
    }

    /// Every transfer on the page, in order.
    pub fn transfers(&self) -> impl Iterator<Item = &Transfer> {
        let of_entries = self.entries().iter().flat_map(|entry| &entry.transfers);
        of_entries.chain(self.movements().iter().flat_map(|movement| &movement.transfers))
    }

    /// The root of its entries' leaves; none for movements or a seal.
    pub const fn root(&self) -> Option<Hash> {
        match self.kind {
            PageKind::Entries { root, .. } => Some(root),
            PageKind::Movements { .. } | PageKind::Seal => None,
        }
    }

    /// Its entries' leaves; none for movements or a seal, and for a page of the first form.
    pub const fn leaves(&self) -> Option<&Leaves> {
        match &self.kind {
            PageKind::Entries { leaves, .. } => leaves.as_ref(),
            PageKind::Movements { .. } | PageKind::Seal => None,
        }
    }

    /// The key by which salts of its entries were agreed on, or are kept, if any were.
    pub const fn key(&self) -> Option<LeafKey> {
        match self.kind {
            PageKind::Entries { key, .. } => key,
            PageKind::Movements { .. } | PageKind::Seal => None,
        }
    }

    /// Where the chain ends after this page.
    pub fn tail(&self) -> Tail {
        let day = match self.kind {
            PageKind::Entries { .. } | PageKind::Movements { .. } => self.day,
            PageKind::Seal => self.day.next(),
        };
        Tail {
            chain: self.chain,
            next_seq: self.seq + 1,
            hash: self.hash(),
            day: Some(day),
            written_at: Some(self.written_at),
        }
    }

    /// Whether the page follows `tail` and keeps every rule of the books.
    ///
    /// # Errors
    /// The first rule that it breaks.
    pub fn verify(&self, tail: &Tail) -> Result<(), PageError> {
        self.verify_place(tail)?;
        match &self.kind {
            PageKind::Entries { entries, root, leaves, key } => {
                verify_all(entries.iter().map(Held::from))?;
                if key.is_some() && self.form < FORM {
                    return Err(PageError::KeyBeforeItsForm);
                }
                self.verify_leaves(entries.len(), *root, leaves.as_ref())
            }
            PageKind::Movements { movements } => verify_all(movements.iter().map(Held::from)),
            PageKind::Seal => Ok(()),
        }
    }

    fn verify_leaves(&self, entries: usize, root: Hash, leaves: Option<&Leaves>) -> Result<(), PageError> {
        let are_right = match leaves {
            Some(leaves) => self.form >= FORM_WITHOUT_KEY && leaves.hashes().len() == entries && leaves.root() == root,
            None => self.form == FORM_WITHOUT_LEAVES,
        };
        if are_right { Ok(()) } else { Err(PageError::WrongLeaves) }
    }

    fn verify_place(&self, tail: &Tail) -> Result<(), PageError> {
        if self.chain != tail.chain {
            return Err(PageError::WrongChain(self.chain));
        }
        if self.seq != tail.next_seq {
            return Err(PageError::OutOfSequence { expected: tail.next_seq, found: self.seq });
        }
        if self.previous != tail.hash {
            return Err(PageError::Unlinked);
        }
        if !self.follows_in_days(tail.day) {
            return Err(PageError::WrongDay(self.day));
        }
        if tail.written_at.is_some_and(|last| last > self.written_at) {
            return Err(PageError::TimeBackwards);
        }
        Ok(())
    }

    /// A page bears the day that its chain stands in. The first takes the day of its time, but a seal may be first for an earlier
    /// day: the closer runs after midnight, and closes idle chains too.
    fn follows_in_days(&self, stands_in: Option<Day>) -> bool {
        match (stands_in, &self.kind) {
            (Some(day), PageKind::Entries { .. } | PageKind::Movements { .. } | PageKind::Seal) => self.day == day,
            (None, PageKind::Entries { .. } | PageKind::Movements { .. }) => self.day == self.written_at.day(),
            (None, PageKind::Seal) => self.day <= self.written_at.day(),
        }
    }
}

/// What a page holds, as far as the rules ask.
struct Held<'p> {
    transfers: &'p [Transfer],
    is_of_its_kind: bool,
}

impl<'p> From<&'p Entry> for Held<'p> {
    fn from(entry: &'p Entry) -> Held<'p> {
        let is_allowed = |transfer: &Transfer| rules::of_entry(entry.kind, transfer.debit(), transfer.credit());
        Held { transfers: &entry.transfers, is_of_its_kind: entry.transfers.iter().all(is_allowed) }
    }
}

impl<'p> From<&'p Movement> for Held<'p> {
    fn from(movement: &'p Movement) -> Held<'p> {
        Held { transfers: &movement.transfers, is_of_its_kind: movement.is_of_its_kind() }
    }
}

fn verify_all<'p>(held: impl ExactSizeIterator<Item = Held<'p>>) -> Result<(), PageError> {
    if held.len() == 0 || held.len() > MOST_ENTRIES {
        return Err(PageError::BadCount);
    }
    for (entry, held) in held.enumerate() {
        if held.transfers.is_empty() {
            return Err(PageError::BadCount);
        }
        for transfer in held.transfers {
            transfer.check().map_err(|source| PageError::BadTransfer { entry, source })?;
        }
        if !held.is_of_its_kind {
            return Err(PageError::NotOfItsKind { entry });
        }
    }
    Ok(())
}
