//! Verifies the platform's proofs, offline: `cargo run -p verify -- FILE --key KEY`.
//!
//! For a donor, a journalist, a regulator: it needs nothing of the platform but what was published, and no network. What is proven, and how, is told by
//! [`domain::proof`].
//!
//! Where to look:
//! - [`cli`]: the command line and its exit codes;
//! - [`gift`]: the proof that a donor was given;
//! - [`growth`]: that one state of the log has all that another had;
//! - [`list`]: that the documents of a slaughterhouse's list are those that were signed;
//! - [`sign`]: a slaughterhouse's signature over what it sends;
//! - [`keys`]: whose signatures are trusted, and how a new key is made.

pub mod cli;
pub mod gift;
pub mod growth;
pub mod keys;
pub mod list;
pub mod sign;

use std::path::{Path, PathBuf};

use domain::proof::gift::ProofError;
use domain::proof::note::NoteError;
use domain::sacrifice::carrying::form::FormError;

/// Why something is not verified.
#[derive(Debug, thiserror::Error)]
pub enum VerifyError {
    /// A file cannot be read or written.
    #[error("{}: {source}", .file.display())]
    File {
        /// The file.
        file: PathBuf,
        /// Why not.
        source: std::io::Error,
    },
    /// A file is not what it should be.
    #[error("{} is not {expected}", .file.display())]
    NotThat {
        /// The file.
        file: PathBuf,
        /// What it should be.
        expected: &'static str,
    },
    /// A text is no key.
    #[error("{text:?}: {source}")]
    Key {
        /// The text, as it was given.
        text: String,
        /// Why not.
        source: NoteError,
    },
    /// The keys of a file cannot be learnt.
    #[error("the keys in {}: {source}", .file.display())]
    Learn {
        /// The file.
        file: PathBuf,
        /// Why not.
        source: NoteError,
    },
    /// No key was given.
    #[error("without a key nothing is verified: give --key")]
    NoKey,
    /// A proof does not hold.
    #[error("proof {number} of {}: {source}{}", .file.display(), because(.source))]
    Proof {
        /// The file.
        file: PathBuf,
        /// Which of its proofs, from one.
        number: usize,
        /// The step that does not hold.
        source: ProofError,
    },
    /// There is nothing to verify.
    #[error("{} proves nothing yet: the days of its entries are not published", .0.display())]
    Nothing(PathBuf),
    /// The checkpoint of a file is not signed by a trusted key.
    #[error("the checkpoint of {}: {source}", .file.display())]
    Checkpoint {
        /// The file.
        file: PathBuf,
        /// Why not.
        source: NoteError,
    },
    /// There is not one signed note of a list, with documents beside it.
    #[error("give the documents of a list and its signed note, one note at a time")]
    NoNote,
    /// A document is not one that was signed, or the note is not.
    #[error("{}: {why}", .file.display())]
    List {
        /// The file.
        file: PathBuf,
        /// What is wrong with it.
        why: String,
    },
    /// One state of the log does not have what the other had.
    #[error("{0}")]
    NotGrown(String),
    /// Rows are not of their form.
    #[error("{}: {source}", .file.display())]
    Updates {
        /// The file.
        file: PathBuf,
        /// What is wrong with it.
        source: FormError,
    },
    /// An idempotency key cannot be used.
    #[error("an idempotency key is visible signs of ASCII, such as a UUID")]
    Unkeyed,
    /// This machine gives no random numbers.
    #[error("this machine gives no random numbers")]
    NoChance,
}

fn because(error: &ProofError) -> String {
    match error {
        ProofError::Checkpoint(source) => format!(": {source}"),
        _ => String::new(),
    }
}

/// A file's text.
///
/// # Errors
/// When it cannot be read, or is no text.
pub(crate) fn read(file: &Path) -> Result<String, VerifyError> {
    std::fs::read_to_string(file).map_err(|source| VerifyError::File { file: file.to_owned(), source })
}
