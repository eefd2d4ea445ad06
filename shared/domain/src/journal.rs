//! The books: accounts, transfers, entries, pages and chains.
//!
//! **Promise.** What stands on a page is never changed; a correction is a new entry. Every transfer takes from one account
//! exactly what it gives to another, so a page balances by construction. Money of one fund never enters another, by no chain of transfers. Each page
//! names the hash of the page before it, so a changed byte anywhere is found.
//!
//! **Shape.** A *chain* is a sequence of pages, numbered from zero without a gap. A *page* holds the entries of up to
//! [`page::MOST_ENTRIES`] gifts, movements without a donor, or seals a day. An *entry* is what happened to one payment, a *movement* what happened at the
//! bank or with a charity, both as one or more *transfers*; which accounts each kind moves money between is fixed by [`rules`]. Pages
//! are kept as deterministic CBOR (RFC 8949); the numbers of fields and codes in it are never reused. Bytes that say the same in another
//! way are refused, so that one page has one form and one hash.
//!
//! **Leaves.** A page keeps the salted leaf of each of its entries ([`crate::proof`] says what for): 32 bytes each. The salts are the donors' own and
//! may be erased (they follow from a key of the donor's and one of the page's, of which the page keeps the public half, or are kept under that: [`crate::leaf_key`]); a proof of one entry needs the leaves of its neighbours, and would die with the salt of any of them if leaves were made anew from salts. On the page
//! they are covered by its hash and written with it. In a page of 99 small gifts they are a fifth of its bytes, and a sixteenth of a write unit a gift;
//! a document beside the page would be another write for every page, and could be lost between the two.
//!
//! **Days.** The day of a page is decided by its chain: the first page of a chain takes the day of its time, or as a seal
//! that of an earlier day; every other the day of the page before, or the day after it when that page is a seal. No clock can put an entry into a day that is sealed.

mod account;
pub mod archive;
mod entry;
mod leaves;
mod movement;
pub mod page;
pub mod rules;
mod transfer;

pub use account::{Account, UnknownAccount};
pub use entry::{Entry, EntryKind};
pub use leaves::Leaves;
pub use movement::{Movement, MovementKind};
pub use page::{ChainId, Page, PageError, PageKind, Tail};
pub use transfer::{Transfer, TransferError};
