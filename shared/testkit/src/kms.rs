//! KMS on this machine: symmetric keys that wrap data keys.
//!
//! Promise: what is encrypted under a key and an encryption context is decrypted only under both; data keys of 1 to 1024
//! bytes; aliases; keys disabled or set for deletion refuse to work. AES-256-GCM with the context as additional data, so a
//! wrong context fails as in the service: `InvalidCiphertextException`, without saying why.
//!
//! Why not a kept crate: `winterbaume-kms` draws keys and nonces from the system, so that a simulation could not be had
//! again, and joins the context with `=` and `,`, so that `{a: "b,c=d"}` opens what `{a: b, c: d}` sealed.
//!
//! Shape: [`Kms::call`] takes a target and a body and answers at once. Bounds: symmetric keys, one account, no grants,
//! policies or rotation. Failure: what is not served is `UnsupportedOperationException`, in words.

mod keys;
mod operations;
mod protocol;
mod sealing;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::chance::Chance;
use crate::clock::Clock;
use crate::sqs::{StoreError, store};
use crate::wire::Reply;

use keys::Keys;
use protocol::KmsError;

/// What precedes an operation's name in `x-amz-target`.
pub const TARGET_PREFIX: &str = "TrentService.";

/// How the emulated KMS is set up.
#[derive(Clone, Debug)]
pub struct KmsOptions {
    /// The region in keys' names.
    pub region: String,
    /// Seeds keys, data keys and nonces.
    pub seed: u64,
}

/// The emulated KMS. Clones share it.
#[derive(Clone)]
pub struct Kms {
    parts: Arc<Parts>,
}

struct Parts {
    options: KmsOptions,
    clock: Clock,
    chance: Chance,
    keys: Mutex<Keys>,
    file: Option<PathBuf>,
    calls: Mutex<BTreeMap<String, u64>>,
}

impl Kms {
    /// A KMS with no keys.
    pub fn new(options: KmsOptions, clock: Clock) -> Self {
        Self::over(Keys::default(), None, options, clock)
    }

    /// A KMS that keeps its keys in the file at `path`, in the clear: they are the local cloud's. A call that changes a key
    /// is answered when the file is written.
    pub fn on_disk(path: &Path, options: KmsOptions, clock: Clock) -> Result<Self, StoreError> {
        let keys = store::read_file(path)?.unwrap_or_default();
        Ok(Self::over(keys, Some(path.to_owned()), options, clock))
    }

    fn over(keys: Keys, file: Option<PathBuf>, options: KmsOptions, clock: Clock) -> Self {
        let chance = Chance::seeded(options.seed, "kms");
        let parts = Parts { options, clock, chance, keys: Mutex::new(keys), file, calls: Mutex::default() };
        Self { parts: Arc::new(parts) }
    }

    /// Answers one call: `target` is the value of `x-amz-target`.
    pub fn call(&self, target: &str, body: &[u8]) -> Reply {
        let operation = target.strip_prefix(TARGET_PREFIX).unwrap_or(target);
        *self.parts.calls.lock().unwrap_or_else(PoisonError::into_inner).entry(operation.to_owned()).or_default() += 1;
        operations::run(&self.parts, operation, body).map_or_else(|error| error.reply(), Reply::ok)
    }

    /// Calls counted since the start, by operation.
    pub fn calls(&self) -> BTreeMap<String, u64> {
        self.parts.calls.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl Parts {
    /// Writes the keys to their file, if they have one.
    fn save(&self, keys: &Keys) -> Result<(), KmsError> {
        let written = self.file.as_deref().map_or(Ok(()), |file| store::write_file(file, keys));
        written.map_err(|error| KmsError::internal(&error.to_string()))
    }

    fn keys(&self) -> MutexGuard<'_, Keys> {
        self.keys.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
