//! The leaves of a day's tree: one for each page with entries.

use crate::hash::Hash;
use crate::journal::{ChainId, Page};

/// What the day's tree has of a page: where it is, how many entries are on it, and the root of their leaves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PageLeaf {
    /// Its chain.
    pub chain: ChainId,
    /// Its number in the chain.
    pub seq: u64,
    /// How many entries are on it.
    pub entries: u16,
    /// The root of their leaves.
    pub root: Hash,
}

impl PageLeaf {
    /// That of a page; none for a seal.
    pub fn of(page: &Page) -> Option<PageLeaf> {
        let root = page.root()?;
        // A page holds 99 at most.
        let entries = u16::try_from(page.entries().len()).ok()?;
        Some(PageLeaf { chain: page.chain, seq: page.seq, entries, root })
    }

    /// `H(0x00 ‖ chain ‖ seq ‖ entries ‖ root)`: 1, 8, 2 and 32 bytes, numbers with the highest byte first.
    pub fn hash(&self) -> Hash {
        let PageLeaf { chain, seq, entries, root } = self;
        Hash::of(&[&[0, chain.number()], &seq.to_be_bytes(), &entries.to_be_bytes(), root.bytes()])
    }
}

/// The leaves of a day's pages as they are published: 32 bytes each, one after another.
pub fn bytes(leaves: &[Hash]) -> Vec<u8> {
    leaves.iter().flat_map(Hash::bytes).copied().collect()
}

/// The leaves in such bytes; none when they are no whole number of leaves.
pub fn read(bytes: &[u8]) -> Option<Vec<Hash>> {
    let (leaves, rest) = bytes.as_chunks::<32>();
    rest.is_empty().then(|| leaves.iter().filter_map(|leaf| Hash::from_bytes(leaf)).collect())
}
