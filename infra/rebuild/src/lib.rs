//! The books looked at from the outside: every total recounted from the pages, totals put right, and the books restored from the archive.
//!
//! **Promise.** [`recount`] reads every page of every chain, verifies each against the one before it, and tells of every total that is not what the pages give up to
//! where the follower has come; it writes nothing. [`mend`] writes the totals that differ, while the follower may go on. [`restore`] fills a table with the pages
//! and seals of the archive and folds them; it never writes over anything, so it can be repeated, also after it broke off.
//!
//! [`compare`] holds donations, charges and notes of movements against the pages, and [`mend_donations`] brings them to what the pages say, where a backup is behind. [`tell_payments`] has what followed from
//! payments follow again.
//!
//! **What is not in the archive** are donations: what people told of themselves is in the table and its backups alone, sealed. The books hold what was given, by which
//! payment, to what, and what went back.
//!
//! **Erasures.** A backup of the table is older than some erasures, and brings back what the function `erasure` had taken away (what keys had sealed stays noise: the table of keys is
//! not restored). [`replay_erasures`] has it taken away again, for every tombstone.
//!
//! **Memory**: sums, and a hundred pages; for donations see there.

mod donations;
mod erasures;
mod pages;
mod payments;
mod recount;
mod restore;
mod stated;

pub use donations::{About, Anew, Compared, Field, Finding, What, compare, mend_donations};
pub use erasures::replay_erasures;
pub use payments::tell_payments;
pub use recount::{Difference, Recount, mend, recount};
pub use restore::{Archive, restore};

use domain::journal::archive::ArchiveError;
use domain::journal::{ChainId, PageError};
use domain::moment::Day;
use platform::books::BooksError;
use platform::bucket::BucketError;
use platform::queue::QueueError;
use platform::table::TableError;

/// Why the books cannot be looked at, or not be restored.
#[derive(Debug, thiserror::Error)]
pub enum RebuildError {
    /// The table did not answer.
    #[error("the table")]
    Table(#[from] TableError),
    /// A queue did not answer.
    #[error("the queue")]
    Queue(#[from] QueueError),
    /// The bucket did not answer.
    #[error("the bucket")]
    Bucket(#[from] BucketError),
    /// A page in the table is none.
    #[error("page {seq} of chain {chain} cannot be read: its bytes were changed")]
    Unreadable {
        /// The chain.
        chain: ChainId,
        /// The page.
        seq: u64,
    },
    /// A page does not follow from the one before it, or breaks a rule.
    #[error("page {seq} of chain {chain}")]
    Page {
        /// The chain.
        chain: ChainId,
        /// The page.
        seq: u64,
        /// Which rule.
        #[source]
        source: PageError,
    },
    /// The totals stand where the chain has no page.
    #[error("the totals have come to page {seq} of chain {chain}, which is not there")]
    Beyond {
        /// The chain.
        chain: ChainId,
        /// The page.
        seq: u64,
    },
    /// The follower kept moving while the totals were read.
    #[error("the follower kept moving; stop it, or try in a quiet hour")]
    Moving,
    /// A file of the archive is none.
    #[error("the file {key}")]
    File {
        /// Its key.
        key: String,
        /// What is wrong.
        #[source]
        source: ArchiveError,
    },
    /// A file that was listed is gone, or a seal cannot be read.
    #[error("{0} is not there or cannot be read")]
    Missing(String),
    /// The pages of a day are not what its seal says.
    #[error("the archive of {day} does not end in the seal of chain {chain}")]
    Seal {
        /// The day.
        day: Day,
        /// The chain.
        chain: ChainId,
    },
    /// The restored pages of a day cannot be read as a sealed day's.
    #[error("the books of {day}")]
    Books {
        /// The day.
        day: Day,
        /// What of them.
        #[source]
        source: BooksError,
    },
    /// What was published of a day is not what its pages say.
    #[error("what was published of {0} is not what its restored pages say")]
    Published(Day),
    /// The table holds other books.
    #[error("another page {seq} stands on chain {chain}: the table holds other books")]
    OtherBooks {
        /// The chain.
        chain: ChainId,
        /// The page.
        seq: u64,
    },
}
