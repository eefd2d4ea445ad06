//! Whose signatures are trusted, and how a new key is made.

use std::fs::OpenOptions;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use clap::Args;
use domain::proof::note::{self, Signer, Verifier};

use crate::{VerifyError, read};

/// Bytes from which a key is made.
const SEED_BYTES: usize = 32;

/// The keys to verify by.
#[derive(Debug, Args)]
pub struct Trusted {
    /// A key that is trusted, as the platform has made it known: name+id+key, or a file with one a line
    #[arg(long = "key", value_name = "KEY")]
    pub keys: Vec<String>,
    /// A published list of keys, signed by one that is trusted: its keys are trusted from then on
    #[arg(long = "learn", value_name = "FILE")]
    pub lists: Vec<PathBuf>,
}

impl Trusted {
    /// The keys that were given, and those that they have signed.
    ///
    /// # Errors
    /// When there is none, one is none, or a list is not signed by one of those before it.
    pub fn keys(&self) -> Result<Vec<Verifier>, VerifyError> {
        let mut trusted = Vec::new();
        for given in &self.keys {
            let text = if Path::new(given).is_file() { read(Path::new(given))? } else { given.clone() };
            for line in text.lines().map(str::trim).filter(|line| !line.is_empty()) {
                let key = line.parse().map_err(|source| VerifyError::Key { text: line.to_owned(), source })?;
                trusted.push(key);
            }
        }
        if trusted.is_empty() {
            return Err(VerifyError::NoKey);
        }
        for file in &self.lists {
            let learnt = note::learn(&read(file)?, &trusted);
            trusted.extend(learnt.map_err(|source| VerifyError::Learn { file: file.clone(), source })?);
        }
        Ok(trusted)
    }
}

/// Makes a key of this name from this machine's chance, writes it for its owner only, and gives back the key to verify by.
///
/// # Errors
/// When no key can bear the name, or the file is there or cannot be written.
pub fn make(name: &str, secret: &Path) -> Result<String, VerifyError> {
    let mut seed = [0; SEED_BYTES];
    getrandom::fill(&mut seed).map_err(|_| VerifyError::NoChance)?;
    let signer = Signer::new(name, &seed).map_err(|source| VerifyError::Key { text: name.to_owned(), source })?;
    let failed = |source| VerifyError::File { file: secret.to_owned(), source };
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt as _;
        options.mode(0o600);
    }
    let mut file = options.open(secret).map_err(failed)?;
    file.write_all(format!("{}\n", signer.secret()).as_bytes()).map_err(failed)?;
    Ok(signer.verifier().to_string())
}
