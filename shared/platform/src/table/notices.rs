//! Who was told what.
//!
//! A note that something was told keeps a second telling rare; it is written after the telling, so that a crash between the two tells twice and never not
//! at all. It is cleaned away when no message about it can be in a queue any more.

use domain::journal::ChainId;
use domain::moment::Moment;
use domain::notice::Notice;
use serde::{Deserialize, Serialize};

use super::key::Key;
use super::{Table, TableError};

/// How long such a note is kept: a message lives for fourteen days in a queue, and fourteen more if it is sent back from the dead letters.
const KEPT_SECS: i64 = 30 * 24 * 3_600;

/// Something that is told.
#[derive(Debug, Clone, Copy)]
pub enum Told<'a> {
    /// The donors of a page's gifts are thanked.
    Page(ChainId, u64),
    /// One donor is told this.
    One(&'a Notice),
}

impl Told<'_> {
    fn key(&self) -> Key {
        match self {
            Told::Page(chain, seq) => Key::told_page(*chain, *seq),
            Told::One(notice) => Key::told(notice),
        }
    }
}

/// The note.
#[derive(Serialize, Deserialize)]
struct Note {
    told_at: Moment,
    ttl: i64,
}

impl Table {
    /// Whether this was told.
    ///
    /// # Errors
    /// When the table cannot be reached.
    pub async fn was_told(&self, told: Told<'_>) -> Result<bool, TableError> {
        Ok(self.get::<Note>(&told.key()).await?.is_some())
    }

    /// Notes that this was told.
    ///
    /// # Errors
    /// When the table cannot be reached; it may be told again then.
    pub async fn note_told(&self, told: Told<'_>, now: Moment) -> Result<(), TableError> {
        self.put(&told.key(), &Note { told_at: now, ttl: now.plus_seconds(KEPT_SECS).seconds() }).await
    }
}
