//! The books: accounts, transfers, entries, pages and chains.
//!
//! **Promise.** What stands on a page is never changed; a correction is a new entry. Every transfer takes from one account
//! exactly what it gives to another, so a page balances by construction. Money of one fund never enters another. Each page
//! names the hash of the page before it, so a changed byte anywhere is found.
//!
//! **Shape.** A *chain* is a sequence of pages, numbered from zero without a gap. A *page* holds the entries of up to
//! [`page::MOST_ENTRIES`] gifts, or seals a day. An *entry* is what happened to one payment, as one or more *transfers*. Pages
//! are kept as deterministic CBOR (RFC 8949); the numbers of fields and codes in it are never reused. Bytes that say the same in another
//! way are refused, so that one page has one form and one hash.
//!
//! **Days.** The day of a page is decided by its chain: the first page of a chain takes the day of its time, or as a seal
//! that of an earlier day; every other the day of the page before, or the day after it when that page is a seal. No clock can put an entry into a day that is sealed.

mod account;
mod entry;
pub mod page;
mod transfer;

pub use account::Account;
pub use entry::{Entry, EntryKind};
pub use page::{ChainId, Page, PageError, PageKind, Tail};
pub use transfer::{Transfer, TransferError};
