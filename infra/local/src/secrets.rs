//! The secrets of one local platform: made by chance at the first start, never printed, kept only where state is kept.
//!
//! The key of identifiers must outlive a restart with `--data`, or a donor's repeated click would be another donation; so all
//! are kept there, in a file for its owner only.

use std::fmt;
use std::fs;
use std::io::{self, Write as _};
use std::path::Path;

use data_encoding::BASE64URL_NOPAD;
use domain::proof::note::Signer;
use serde::{Deserialize, Serialize};

/// Enough that nobody guesses one, in bytes.
const SECRET_BYTES: usize = 32;
/// The name of the log of days on one machine.
const LOG_NAME: &str = "ihsan.local";

/// What the functions and the payment provider agree on.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Secrets {
    /// The key to the provider's API.
    pub moyasar_key: String,
    /// What the provider puts into its webhooks.
    pub moyasar_webhook: String,
    /// The key of donation ids and tokens.
    pub identifiers: String,
    /// The key that signs the log of days.
    pub proof_keys: String,
}

impl Secrets {
    /// New ones.
    ///
    /// # Errors
    /// When this machine gives no random numbers.
    pub fn new() -> io::Result<Self> {
        Ok(Self {
            moyasar_key: format!("sk_test_{}", random_text()?),
            moyasar_webhook: random_text()?,
            identifiers: random_text()?,
            proof_keys: proof_key()?,
        })
    }

    /// Those kept in `file`; new ones are written there when it is absent.
    ///
    /// # Errors
    /// When the file can be neither read nor written, or holds something else.
    pub fn kept_in(file: &Path) -> io::Result<Self> {
        let bytes = read_or_write(file, || Ok(serde_json::to_vec_pretty(&Self::new()?)?))?;
        Ok(serde_json::from_slice(&bytes)?)
    }
}

impl fmt::Debug for Secrets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secrets(…)")
    }
}

fn random_text() -> io::Result<String> {
    Ok(BASE64URL_NOPAD.encode(&random()?))
}

fn proof_key() -> io::Result<String> {
    let signer = Signer::new(LOG_NAME, &random()?).map_err(io::Error::other)?;
    Ok(signer.secret())
}

fn random() -> io::Result<[u8; SECRET_BYTES]> {
    let mut bytes = [0; SECRET_BYTES];
    getrandom::fill(&mut bytes).map_err(|error| io::Error::other(error.to_string()))?;
    Ok(bytes)
}

/// What is in `file`; when it is absent, what `make` gives, written there for the owner only.
pub(crate) fn read_or_write(file: &Path, make: impl FnOnce() -> io::Result<Vec<u8>>) -> io::Result<Vec<u8>> {
    match fs::read(file) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            let bytes = make()?;
            write_for_owner(file, &bytes)?;
            Ok(bytes)
        }
        read => read,
    }
}

fn write_for_owner(file: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut options = fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt as _;
        options.mode(0o600);
    }
    let mut open = options.open(file)?;
    open.write_all(bytes)?;
    open.sync_all()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn kept_secrets_stay_and_new_ones_differ() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("secrets.json");
        let first = Secrets::kept_in(&file).unwrap();
        assert_eq!(Secrets::kept_in(&file).unwrap(), first);
        assert_ne!(Secrets::new().unwrap(), first);
        assert_eq!(format!("{first:?}"), "Secrets(…)");
        fs::write(&file, "{}").unwrap();
        assert!(Secrets::kept_in(&file).is_err());
    }
}
