//! The keys, and the names they go by.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::protocol::KmsError;
use crate::sqs::ACCOUNT;

#[derive(Default, Serialize, Deserialize)]
pub(super) struct Keys {
    pub by_id: BTreeMap<String, Key>,
    /// From `alias/…` to the id of a key.
    pub aliases: BTreeMap<String, String>,
}

#[derive(Clone, Serialize, Deserialize)]
pub(super) struct Key {
    pub id: String,
    pub arn: String,
    pub description: String,
    pub made_at_millis: i64,
    pub state: KeyState,
    pub material: [u8; 32],
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum KeyState {
    Enabled,
    Disabled,
    PendingDeletion { at_millis: i64 },
}

impl Key {
    pub fn arn(region: &str, id: &str) -> String {
        format!("arn:aws:kms:{region}:{ACCOUNT}:key/{id}")
    }

    /// The key, if it may be used.
    pub fn usable(&self) -> Result<&Self, KmsError> {
        match self.state {
            KeyState::Enabled => Ok(self),
            KeyState::Disabled => Err(KmsError::disabled(&self.arn)),
            KeyState::PendingDeletion { .. } => Err(KmsError::pending_deletion(&self.arn)),
        }
    }
}

impl Keys {
    /// The key that an id, an ARN, an alias or an alias' ARN names.
    pub fn find(&self, name: &str) -> Result<&Key, KmsError> {
        let id = self.id_of(name).ok_or_else(|| KmsError::not_found(name))?;
        self.by_id.get(&id).ok_or_else(|| KmsError::not_found(name))
    }

    pub fn find_mut(&mut self, name: &str) -> Result<&mut Key, KmsError> {
        let id = self.id_of(name).ok_or_else(|| KmsError::not_found(name))?;
        self.by_id.get_mut(&id).ok_or_else(|| KmsError::not_found(name))
    }

    fn id_of(&self, name: &str) -> Option<String> {
        let local = name.rsplit(':').next().unwrap_or(name);
        if local.starts_with("alias/") {
            return self.aliases.get(local).cloned();
        }
        Some(local.strip_prefix("key/").unwrap_or(local).to_owned())
    }
}
