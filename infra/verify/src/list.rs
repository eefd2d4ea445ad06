//! That the documents of a slaughterhouse's list are those that were signed, byte for byte.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use domain::hash::Hash;
use domain::proof::note::{self, Verifier};
use domain::sacrifice::list::Statement;

use crate::VerifyError;

/// A file, and what is in it.
struct Given<'a> {
    path: &'a Path,
    bytes: Vec<u8>,
}

impl<'a> Given<'a> {
    fn read(path: &'a Path) -> Result<Given<'a>, VerifyError> {
        let bytes = std::fs::read(path).map_err(|source| VerifyError::File { file: path.to_owned(), source })?;
        Ok(Given { path, bytes })
    }

    /// Its text and what it states, if it is the note of a list.
    fn note(&self) -> Option<(&str, Statement)> {
        let text = std::str::from_utf8(&self.bytes).ok()?;
        Some((text, note::text(text)?.parse().ok()?))
    }

    fn wrong(&self, why: impl Into<String>) -> VerifyError {
        VerifyError::List { file: self.path.to_owned(), why: why.into() }
    }
}

/// Verifies the documents by the note among them; gives back what was proven, for people.
///
/// # Errors
/// When there is no note or several, none that is trusted has signed it, or a document is not one that it names.
pub fn verify(files: &[PathBuf], trusted: &[Verifier]) -> Result<String, VerifyError> {
    let given = files.iter().map(|path| Given::read(path)).collect::<Result<Vec<_>, VerifyError>>()?;
    let (notes, documents): (Vec<&Given<'_>>, Vec<&Given<'_>>) = given.iter().partition(|file| file.note().is_some());
    let [note] = notes.as_slice() else { return Err(VerifyError::NoNote) };
    let Some((text, statement)) = note.note().filter(|_| !documents.is_empty()) else { return Err(VerifyError::NoNote) };
    let (_, signed_by) = note::open(text, trusted).map_err(|source| note.wrong(source.to_string()))?;
    if !signed_by.iter().any(|by| by.name == statement.by) {
        return Err(note.wrong("it speaks in another name than it is signed in"));
    }
    for document in &documents {
        is_named(document, &statement)?;
    }
    let signers: Vec<String> = signed_by.iter().map(ToString::to_string).collect();
    let Statement { slaughterhouse, day, version, animals, shares, files, .. } = &statement;
    let mut told = format!("VERIFIED: list {version} of {slaughterhouse} for {day}, {animals} animals, {shares} shares");
    let _ = write!(
        told,
        "\n  {} of its {} documents are as they were signed by {}",
        documents.len(),
        files.len(),
        signers.join(", ")
    );
    Ok(told)
}

fn is_named(document: &Given<'_>, statement: &Statement) -> Result<(), VerifyError> {
    let hash = Hash::of(&[&document.bytes]);
    if statement.files.iter().any(|(_, signed)| *signed == hash) {
        return Ok(());
    }
    let name = document.path.file_name().map(|name| name.to_string_lossy()).unwrap_or_default();
    let is_known = statement.files.iter().any(|(known, _)| *known == name);
    Err(document.wrong(if is_known { "it is not as it was signed" } else { "it is none of the documents that were signed" }))
}
