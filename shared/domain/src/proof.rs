//! Proofs: that a gift is in the books, and that the books grew and did not change.
//!
//! **Promise.** Once a day is closed, its root is signed and published with the counts and sums that it covers, and never another one for that day.
//! Whoever holds a gift can be given its proof, and verify it against the published root without asking us again. It shows nothing of anybody else's
//! gift, and what others erase does not break it. Of two states of the log anyone can verify that the later one has all that the earlier one had.
//!
//! **Shape**, from a gift up to the signature; each tree is RFC 6962's, in which a leaf is hashed with `0x00` before it and two nodes with `0x01`:
//! 1. an entry's leaf is `H(0x00 ‖ salt ‖ entry)`: [`crate::hash::leaf`] over the entry's bytes. The salt is of 16 bytes: it follows
//!    from the page's key and the donor's ([`crate::leaf_key`]), or, where the donor has no data key, it is random and kept where the data keys are;
//! 2. a page's entries make a tree; its leaves are kept on the page ([`crate::journal::Leaves`]), so that no proof needs a neighbour's salt;
//! 3. the pages of a day that have entries make the day's tree, in the order of chains and then of numbers. The leaf of one says where it is and how many
//!    entries it has, and holds its root ([`pages::PageLeaf`]). So a day is closed from its pages alone, and salts are never gathered;
//!    Pages of movements without a donor are no leaves: nobody is given a proof of one; they are counted in the record, and fixed by the seals it names;
//! 4. what is said of the day ([`day::DayRecord`]: root, counts, sums, each chain's seal) is a leaf of the log of all days;
//! 5. the log's [`checkpoint::Checkpoint`] is signed, as a [`note`] that others' tools read. Each day has its own, in which it is the last.
//!
//! **Erasure.** Without its salt a leaf is 32 random bytes to everybody: the gift it stood for cannot be shown, and nobody else's proof uses more of it than those
//! bytes. A salt that follows from a data key is erased with it, in every backup; one that is kept is in none. What is booked of a gift after its salts were erased has one that nobody knows, and so has a payment
//! that is kept apart from the donation it names, of which no proof is given. Payments that belong to no donation that
//! is known have none: there is nobody yet from whom to unlink them, and what is hashed holds the provider's own random id of the payment.
//!
//! **Bounds.** A proof is some 3 KB. The leaves of a day's pages are 32 bytes a page: 5 MB on a day of a million and a half gifts in groups of nine.
//! The log grows by one leaf a day.

pub mod checkpoint;
pub mod day;
pub mod gift;
pub mod log;
pub mod note;
pub mod pages;
pub mod tree;

/// Where in the bucket all that is published stands.
pub mod key {
    use super::note::Verifier;
    use crate::moment::Day;

    /// The log of days: a [`super::log::Log`].
    pub const LOG: &str = "proofs/log.json";
    /// Its checkpoint alone, for whoever watches it.
    pub const CHECKPOINT: &str = "proofs/checkpoint.txt";

    /// What is published of a day: a [`super::log::PublishedDay`].
    pub fn day(day: Day) -> String {
        format!("proofs/day/{day}/day.json")
    }

    /// The leaves of its pages: [`super::pages::bytes`].
    pub fn pages(day: Day) -> String {
        format!("proofs/day/{day}/pages")
    }

    /// The signed list of these keys, the newest first. Lists are kept: the one that the key before has signed leads to the key after it.
    pub fn keys(keys: &[Verifier]) -> String {
        let ids: Vec<String> = keys.iter().map(|key| key.key_name().id).collect();
        format!("proofs/keys/{}.txt", ids.join("-"))
    }
}
