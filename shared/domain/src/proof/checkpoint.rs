//! Where the log of days stands: how many days are in it, and their root.
//!
//! The text is C2SP's *tlog-checkpoint* (<https://c2sp.org/tlog-checkpoint>): the log's name, its size, its root in base64, a line each. It is published as a signed
//! [`note`].

use std::fmt;

use data_encoding::BASE64;

use super::note::{self, KeyName, NoteError, Verifier};
use crate::hash::Hash;

/// A state of the log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Checkpoint {
    /// The log's name: that of the keys that sign it.
    pub origin: String,
    /// How many days are in it.
    pub size: u64,
    /// The root of their records.
    pub root: Hash,
}

impl fmt::Display for Checkpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}\n{}\n{}", self.origin, self.size, BASE64.encode(self.root.bytes()))
    }
}

impl Checkpoint {
    /// Reads the text of a checkpoint; none for another text, or the same in other bytes.
    pub fn read(text: &str) -> Option<Checkpoint> {
        let mut lines = text.lines();
        let (origin, size, root) = (lines.next()?, lines.next()?, lines.next()?);
        let root = Hash::from_bytes(&BASE64.decode(root.as_bytes()).ok()?)?;
        let checkpoint = Checkpoint { origin: origin.to_owned(), size: size.parse().ok()?, root };
        (checkpoint.to_string() == text).then_some(checkpoint)
    }

    /// The checkpoint of a note that a trusted key has signed, and the keys that have. The log's name is that of the keys.
    ///
    /// # Errors
    /// When it is no note, no checkpoint, or not signed by a trusted key of the log's name.
    pub fn open(note: &str, trusted: &[Verifier]) -> Result<(Checkpoint, Vec<KeyName>), NoteError> {
        let (text, mut signed_by) = note::open(note, trusted)?;
        let checkpoint = Checkpoint::read(text).ok_or(NoteError::NotANote)?;
        signed_by.retain(|by| by.name == checkpoint.origin);
        if signed_by.is_empty() { Err(NoteError::Unsigned) } else { Ok((checkpoint, signed_by)) }
    }
}
