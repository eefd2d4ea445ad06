//! The shapes of the JSON protocol, and KMS's errors.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Deserializer};

use super::sealing::Context;
use crate::wire::Reply;

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct CreateKey {
    #[serde(default)]
    pub description: String,
    pub key_spec: Option<String>,
    pub key_usage: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct OnKey {
    pub key_id: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct ScheduleKeyDeletion {
    pub key_id: String,
    pub pending_window_in_days: Option<i64>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct CreateAlias {
    pub alias_name: String,
    pub target_key_id: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct GenerateDataKey {
    pub key_id: String,
    #[serde(default)]
    pub encryption_context: Context,
    pub key_spec: Option<String>,
    pub number_of_bytes: Option<usize>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Encrypt {
    pub key_id: String,
    #[serde(deserialize_with = "from_base64")]
    pub plaintext: Vec<u8>,
    #[serde(default)]
    pub encryption_context: Context,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Decrypt {
    pub key_id: Option<String>,
    #[serde(deserialize_with = "from_base64")]
    pub ciphertext_blob: Vec<u8>,
    #[serde(default)]
    pub encryption_context: Context,
}

fn from_base64<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<u8>, D::Error> {
    let text = String::deserialize(deserializer)?;
    STANDARD.decode(text).map_err(serde::de::Error::custom)
}

pub(super) fn base64(bytes: &[u8]) -> String {
    STANDARD.encode(bytes)
}

/// A call was refused.
#[derive(Debug)]
pub(super) struct KmsError {
    shape: &'static str,
    message: String,
}

impl KmsError {
    fn new(shape: &'static str, message: impl Into<String>) -> Self {
        Self { shape, message: message.into() }
    }

    pub fn reply(&self) -> Reply {
        let status = if self.shape == "KMSInternalException" { 500 } else { 400 };
        Reply::error(status, self.shape, &self.message)
    }

    pub fn not_found(name: &str) -> Self {
        Self::new("NotFoundException", format!("Key '{name}' does not exist"))
    }

    pub fn disabled(arn: &str) -> Self {
        Self::new("DisabledException", format!("{arn} is disabled."))
    }

    pub fn pending_deletion(arn: &str) -> Self {
        Self::new("KMSInvalidStateException", format!("{arn} is pending deletion."))
    }

    /// KMS does not say what is wrong with a ciphertext.
    pub fn invalid_ciphertext() -> Self {
        Self::new("InvalidCiphertextException", "")
    }

    pub fn incorrect_key() -> Self {
        let message = "The key ID in the request does not identify a CMK that can perform this operation.";
        Self::new("IncorrectKeyException", message)
    }

    pub fn alias_exists(name: &str) -> Self {
        Self::new("AlreadyExistsException", format!("An alias with the name {name} already exists"))
    }

    pub fn invalid(message: &str) -> Self {
        Self::new("ValidationException", message)
    }

    pub fn unsupported(what: &str) -> Self {
        Self::new("UnsupportedOperationException", what)
    }

    pub fn internal(message: &str) -> Self {
        Self::new("KMSInternalException", message)
    }
}
