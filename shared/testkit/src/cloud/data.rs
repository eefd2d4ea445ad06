//! The data directory: which file is whose, and the lock that keeps it to one process.

use std::fs::{File, TryLockError};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::LocalError;
use crate::services::Services;

/// An open data directory. Clones share the lock, which goes with the last.
#[derive(Clone)]
pub(super) struct Data {
    path: PathBuf,
    _lock: Arc<File>,
}

impl Data {
    pub fn open(path: &Path) -> Result<Self, LocalError> {
        let unusable = |source| LocalError::Directory { path: path.to_owned(), source };
        std::fs::create_dir_all(path).map_err(unusable)?;
        let lock = File::create(path.join("lock")).map_err(unusable)?;
        match lock.try_lock() {
            Ok(()) => Ok(Self { path: path.to_owned(), _lock: Arc::new(lock) }),
            Err(TryLockError::WouldBlock) => Err(LocalError::InUse { path: path.to_owned() }),
            Err(TryLockError::Error(source)) => Err(unusable(source)),
        }
    }

    pub fn dynamo(&self) -> PathBuf {
        self.path.join("dynamodb.sqlite")
    }

    pub fn sqs(&self) -> PathBuf {
        self.path.join("sqs.json")
    }

    pub fn kms(&self) -> PathBuf {
        self.path.join("kms.json")
    }

    pub fn s3(&self) -> PathBuf {
        self.path.join("s3")
    }

    /// Writes what is not on disk by itself.
    pub fn save(&self, services: &Services) -> Result<(), LocalError> {
        Ok(services.sqs.save(&self.sqs())?)
    }
}
