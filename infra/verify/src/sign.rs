//! A slaughterhouse signs the updates that it sends: the value of the header `Ihsan-Signature`.

use std::path::Path;

use clap::ValueEnum;
use domain::proof::note::Signer;
use domain::sacrifice::carrying::Statement;
use domain::sacrifice::carrying::form::{self, Form};

use crate::{VerifyError, read};

/// The forms in which updates are sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Sent {
    /// `{"updates":[…]}`
    Json,
    /// A line for each row under a line of names
    Csv,
}

impl From<Sent> for Form {
    fn from(sent: Sent) -> Form {
        match sent {
            Sent::Json => Form::Json,
            Sent::Csv => Form::Csv,
        }
    }
}

/// The signature of a file of updates, by the slaughterhouse's key, for the idempotency key under which it is sent. The form is that of the file's ending, where none is named.
///
/// # Errors
/// When the file or the key cannot be used, or the rows are not of the form: better found here than at the other end.
pub fn sign(file: &Path, secret: &Path, key: &str, sent: Option<Sent>) -> Result<String, VerifyError> {
    let failed = |source| VerifyError::File { file: file.to_owned(), source };
    let not_that = |expected| VerifyError::NotThat { file: file.to_owned(), expected };
    let by_ending = match file.extension().and_then(|ending| ending.to_str()) {
        Some("json") => Some(Form::Json),
        Some("csv") => Some(Form::Csv),
        _ => None,
    };
    let form = sent.map(Form::from).or(by_ending).ok_or(not_that("named .json or .csv; say --form"))?;
    let body = std::fs::read(file).map_err(failed)?;
    let rows = form::read(form, &body).map_err(|error| VerifyError::Updates { file: file.to_owned(), source: error })?;
    let text = read(secret)?;
    let wrong = |source| VerifyError::Key { text: secret.display().to_string(), source };
    let signer: Signer = text.trim().parse().map_err(wrong)?;
    let name = signer.verifier().key_name().name;
    let house = name.parse().map_err(|_| VerifyError::NotThat {
        file: secret.to_owned(),
        expected: "the key of a slaughterhouse: its name is the slaughterhouse's id",
    })?;
    if key.is_empty() || !key.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Err(VerifyError::Unkeyed);
    }
    let unreadable = rows.iter().filter(|row| row.update.is_err()).count();
    if unreadable > 0 {
        eprintln!("verify: {unreadable} of {} rows will be refused as they are", rows.len());
    }
    Ok(signer.signature(&Statement::of(&house, key, form, &body).to_string()))
}
