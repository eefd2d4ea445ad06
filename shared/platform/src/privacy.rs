//! Personal data: encrypted with a key of its owner's, wrapped by KMS.
//!
//! **Promise.** Without the owner's data key a sealed text is noise, everywhere at once: in the table, in its backups, in exports.
//! Destroying the item that holds the wrapped key is the erasure. The owner is a donor (`donor#…`) or, for guests, one donation
//! (`donation#…`); it is bound into the KMS call as encryption context and into the ciphertext as additional data, so that neither
//! can be moved to another owner.
//!
//! **Cost.** The first seal for an owner is one KMS call and one write; later ones in the same environment are free. Unwrapped keys are cached
//! for [`KEPT_SECS`] and wiped from memory when dropped.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use aes_gcm::aead::{Aead as _, Payload};
use aes_gcm::{Aes256Gcm, KeyInit as _};
use aws_sdk_kms::Client;
use aws_sdk_kms::config::Builder;
use aws_sdk_kms::primitives::Blob;
use aws_sdk_kms::types::DataKeySpec;
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use domain::donation::Sealed;
use domain::moment::Moment;
use serde::Serialize;
use serde::de::DeserializeOwned;
use zeroize::Zeroizing;

use crate::Platform;
use crate::clock::Clock;
use crate::config::ConfigError;
use crate::random::Random;
use crate::table::{Table, TableError};

/// How long an unwrapped key is kept in memory: long enough for a donor's visit, short against an erasure.
pub const KEPT_SECS: i64 = 300;
/// How many unwrapped keys are kept at most; beyond it all are dropped. An environment serves one call at a time.
const MOST_KEPT: usize = 1_000;
/// Bytes of AES-GCM's nonce.
const NONCE: usize = 12;

/// Personal data could not be sealed or opened.
#[derive(Debug, thiserror::Error)]
pub enum PrivacyError {
    /// The owner has no key any more: the data was erased.
    #[error("the data was erased")]
    Erased,
    /// The text does not open with the owner's key.
    #[error("the sealed text does not open")]
    Broken,
    /// The table of keys cannot be used.
    #[error("the table of keys cannot be used")]
    Table(#[from] TableError),
    /// KMS cannot be used.
    #[error("the key service cannot be used")]
    Kms(#[source] Box<dyn std::error::Error + Send + Sync>),
}

type DataKey = Zeroizing<[u8; 32]>;

/// Seals and opens personal data.
#[derive(Clone)]
pub struct Privacy {
    kms: Client,
    master: String,
    table: Table,
    clock: Clock,
    random: Random,
    kept: Arc<Mutex<HashMap<String, (DataKey, Moment)>>>,
}

impl Privacy {
    /// With the KMS key that the setting `KMS_KEY` names.
    ///
    /// # Errors
    /// When it or the table is not set.
    pub fn new(platform: &Platform) -> Result<Privacy, ConfigError> {
        Ok(Privacy {
            kms: Client::from_conf(Builder::from(&platform.aws).build()),
            master: platform.settings.required("KMS_KEY")?.to_owned(),
            table: platform.table()?,
            clock: platform.clock.clone(),
            random: platform.random.clone(),
            kept: Arc::default(),
        })
    }

    /// Seals a value with its owner's key, which is made if there is none.
    ///
    /// # Errors
    /// When the table of keys or KMS cannot be used.
    pub async fn seal(&self, owner: &str, value: &impl Serialize) -> Result<Sealed, PrivacyError> {
        let plain = Zeroizing::new(serde_json::to_vec(value).map_err(|error| PrivacyError::Kms(error.into()))?);
        let key = match self.key(owner).await? {
            Some(key) => key,
            None => self.make_key(owner).await?,
        };
        let nonce: [u8; NONCE] = self.random.bytes();
        let payload = Payload { msg: &plain, aad: owner.as_bytes() };
        let cipher = Aes256Gcm::new(&(*key).into());
        let sealed = cipher.encrypt(&nonce.into(), payload).map_err(|_| PrivacyError::Broken)?;
        Ok(Sealed { key: owner.to_owned(), text: BASE64_STANDARD.encode([nonce.as_slice(), &sealed].concat()) })
    }

    /// Opens what was sealed.
    ///
    /// # Errors
    /// [`PrivacyError::Erased`] when the owner's key is destroyed; others as for sealing.
    pub async fn open<T: DeserializeOwned>(&self, sealed: &Sealed) -> Result<T, PrivacyError> {
        let key = self.key(&sealed.key).await?.ok_or(PrivacyError::Erased)?;
        let bytes = BASE64_STANDARD.decode(&sealed.text).map_err(|_| PrivacyError::Broken)?;
        let (nonce, text) = bytes.split_first_chunk::<NONCE>().ok_or(PrivacyError::Broken)?;
        let payload = Payload { msg: text, aad: sealed.key.as_bytes() };
        let plain = Aes256Gcm::new(&(*key).into()).decrypt(&(*nonce).into(), payload);
        let plain = Zeroizing::new(plain.map_err(|_| PrivacyError::Broken)?);
        serde_json::from_slice(&plain).map_err(|_| PrivacyError::Broken)
    }

    async fn key(&self, owner: &str) -> Result<Option<DataKey>, PrivacyError> {
        if let Some(key) = self.kept_key(owner) {
            return Ok(Some(key));
        }
        let Some(wrapped) = self.table.wrapped_key(owner).await? else { return Ok(None) };
        let key = self.unwrap_key(owner, wrapped).await?;
        self.keep(owner, &key);
        Ok(Some(key))
    }

    /// Of two who make a key for one owner at the same time, both use the one that was kept first.
    async fn make_key(&self, owner: &str) -> Result<DataKey, PrivacyError> {
        let call = self.kms.generate_data_key().key_id(&self.master).key_spec(DataKeySpec::Aes256);
        let made = call.encryption_context("owner", owner).send().await.map_err(|error| PrivacyError::Kms(error.into()))?;
        let wrapped = made.ciphertext_blob.map(Blob::into_inner).unwrap_or_default();
        let key = match self.table.keep_wrapped_key(owner, &wrapped).await? {
            Some(earlier) => self.unwrap_key(owner, earlier).await?,
            None => data_key(made.plaintext)?,
        };
        self.keep(owner, &key);
        Ok(key)
    }

    async fn unwrap_key(&self, owner: &str, wrapped: Vec<u8>) -> Result<DataKey, PrivacyError> {
        let call = self.kms.decrypt().key_id(&self.master).ciphertext_blob(Blob::new(wrapped));
        let answer = call.encryption_context("owner", owner).send().await;
        data_key(answer.map_err(|error| PrivacyError::Kms(error.into()))?.plaintext)
    }

    fn kept_key(&self, owner: &str) -> Option<DataKey> {
        let kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        kept.get(owner).filter(|(_, until)| *until > self.clock.now()).map(|(key, _)| key.clone())
    }

    fn keep(&self, owner: &str, key: &DataKey) {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        if kept.len() >= MOST_KEPT {
            kept.clear();
        }
        kept.insert(owner.to_owned(), (key.clone(), self.clock.now().plus_seconds(KEPT_SECS)));
    }
}

fn data_key(plain: Option<Blob>) -> Result<DataKey, PrivacyError> {
    let bytes = Zeroizing::new(plain.map(Blob::into_inner).unwrap_or_default());
    let key: [u8; 32] = bytes.as_slice().try_into().map_err(|_| PrivacyError::Kms("not a key of 32 bytes".into()))?;
    Ok(Zeroizing::new(key))
}

impl From<PrivacyError> for crate::http::Problem {
    fn from(error: PrivacyError) -> crate::http::Problem {
        match error {
            PrivacyError::Table(error) => error.into(),
            PrivacyError::Kms(_) => crate::http::Problem::try_again(error),
            PrivacyError::Erased | PrivacyError::Broken => crate::http::Problem::ours(error),
        }
    }
}
