//! Personal data: encrypted with a key of its owner's, wrapped by KMS.
//!
//! **Promise.** Without the owner's data key a sealed text is noise, everywhere at once: in the table, in its backups, in exports. The owner
//! ([`domain::owner::Owner`]) is a donor (`donor#…`) or, for guests, one donation (`donation#…`); it is bound into the KMS call as encryption context and into the
//! ciphertext as additional data, so that neither can be moved to another owner. The salts of the owner's leaves in the books follow from the same key ([`leaf`]).
//!
//! **Erasure.** [`Privacy::erase`] takes the wrapped key out of its item, for good: the table of keys is never backed up. What is left is a tombstone, the moment
//! and a generation. Whoever gives again afterwards gets another key, of the next generation; a sealed text names its own (`donor#…` for the first,
//! `donor#…#2` for the one after two erasures), so what an earlier key sealed reads as [`PrivacyError::Erased`] and never as broken.
//!
//! **How soon.** What erases drops its own copy at once. Other environments may open texts with a key they have unwrapped before for up to [`KEPT_SECS`].
//! Sealing, deriving and proving read the key's item each time, so nothing new comes to be under a key that is gone, and no proof is made with it.
//!
//! **Cost.** The first seal for an owner is a read, one call of KMS and one write; a later one is a read, and a call of KMS once in [`KEPT_SECS`]. Unwrapped keys are wiped from
//! memory when dropped.

pub mod leaf;
mod name;

use std::collections::HashMap;
use std::fmt::Display;
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
use domain::id::DonationId;
use domain::leaf_key::LeafKey;
use domain::moment::Moment;
use domain::owner::Owner;
use leaf::{DonorSecret, Salt};
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
/// How often a key is made for one owner before it is given up: each time, another was faster to keep or to erase.
const MOST_ROUNDS: u32 = 4;
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

/// An owner's data key, in hand.
pub struct OwnerKey {
    /// The owner, and the generation after the first.
    name: String,
    key: DataKey,
}

impl OwnerKey {
    /// What a donation of the owner's keeps in place of a salt.
    pub fn leaf_key(&self) -> LeafKey {
        DonorSecret::of(&self.key).public()
    }

    /// The salt of the entry at `index` of the page with this key, of this donation, if the donation keeps this key's [`OwnerKey::leaf_key`]; none if it keeps that of a key before it.
    pub fn salt(&self, donors: LeafKey, page: &LeafKey, donation: &DonationId, index: u16) -> Option<Salt> {
        let secret = DonorSecret::of(&self.key);
        if secret.public() == donors { secret.salt(page, donation, index) } else { None }
    }
}

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
    pub async fn seal(&self, owner: impl Display, value: &impl Serialize) -> Result<Sealed, PrivacyError> {
        self.seal_with(&self.key(owner).await?, value)
    }

    /// Seals a value with a key in hand.
    ///
    /// # Errors
    /// When the value cannot be written as JSON.
    pub fn seal_with(&self, key: &OwnerKey, value: &impl Serialize) -> Result<Sealed, PrivacyError> {
        let plain = Zeroizing::new(serde_json::to_vec(value).map_err(|error| PrivacyError::Kms(error.into()))?);
        let nonce: [u8; NONCE] = self.random.bytes();
        let payload = Payload { msg: &plain, aad: key.name.as_bytes() };
        let cipher = Aes256Gcm::new(&(*key.key).into());
        let sealed = cipher.encrypt(&nonce.into(), payload).map_err(|_| PrivacyError::Broken)?;
        Ok(Sealed { key: key.name.clone(), text: BASE64_STANDARD.encode([nonce.as_slice(), &sealed].concat()) })
    }

    /// Opens what was sealed.
    ///
    /// # Errors
    /// [`PrivacyError::Erased`] when the key that sealed it is destroyed; others as for sealing.
    pub async fn open<T: DeserializeOwned>(&self, sealed: &Sealed) -> Result<T, PrivacyError> {
        let key = match self.kept_key(&sealed.key) {
            Some(key) => key,
            None => {
                let found = self.existing(name::owner(&sealed.key)).await?;
                found.filter(|found| found.name == sealed.key).ok_or(PrivacyError::Erased)?.key
            }
        };
        let bytes = BASE64_STANDARD.decode(&sealed.text).map_err(|_| PrivacyError::Broken)?;
        let (nonce, text) = bytes.split_first_chunk::<NONCE>().ok_or(PrivacyError::Broken)?;
        let payload = Payload { msg: text, aad: sealed.key.as_bytes() };
        let plain = Aes256Gcm::new(&(*key).into()).decrypt(&(*nonce).into(), payload);
        let plain = Zeroizing::new(plain.map_err(|_| PrivacyError::Broken)?);
        serde_json::from_slice(&plain).map_err(|_| PrivacyError::Broken)
    }

    /// The owner's key, which is made if there is none. Of two who make one at the same time, both use the one that was kept first.
    ///
    /// # Errors
    /// When the table of keys or KMS cannot be used.
    pub async fn key(&self, owner: impl Display) -> Result<OwnerKey, PrivacyError> {
        let owner = owner.to_string();
        let mut item = self.table.data_key(&owner).await?;
        for _ in 0..MOST_ROUNDS {
            let name = name::of(&owner, item.generation);
            if let Some(wrapped) = item.wrapped {
                return self.unwrapped(name, wrapped).await;
            }
            let call = self.kms.generate_data_key().key_id(&self.master).key_spec(DataKeySpec::Aes256);
            let made = call.encryption_context("owner", &name).send().await;
            let made = made.map_err(|error| PrivacyError::Kms(error.into()))?;
            let wrapped = made.ciphertext_blob.map(Blob::into_inner).unwrap_or_default();
            match self.table.keep_data_key(&owner, item.generation, &wrapped).await? {
                None => {
                    let key = data_key(made.plaintext)?;
                    self.keep(&name, &key);
                    return Ok(OwnerKey { name, key });
                }
                Some(other) => item = other,
            }
        }
        Err(PrivacyError::Kms("the owner's key does not stay".into()))
    }

    /// The owner's key, if there is one now.
    ///
    /// # Errors
    /// When the table of keys or KMS cannot be used.
    pub async fn existing(&self, owner: impl Display) -> Result<Option<OwnerKey>, PrivacyError> {
        let owner = owner.to_string();
        let item = self.table.data_key(&owner).await?;
        let name = name::of(&owner, item.generation);
        match item.wrapped {
            Some(wrapped) => self.unwrapped(name, wrapped).await.map(Some),
            None => {
                self.forget(&name);
                Ok(None)
            }
        }
    }

    /// Destroys the owner's key, if there is one, and leaves a tombstone. Again takes away what was made since.
    ///
    /// # Errors
    /// When the table of keys cannot be reached; whether it was destroyed is not known then.
    pub async fn erase(&self, owner: &Owner) -> Result<Moment, PrivacyError> {
        let now = self.clock.now();
        let erased = self.table.erase_data_key(owner, now).await;
        self.kept.lock().unwrap_or_else(PoisonError::into_inner).retain(|name, _| name::owner(name) != owner.to_string());
        erased?;
        Ok(now)
    }

    async fn unwrapped(&self, name: String, wrapped: Vec<u8>) -> Result<OwnerKey, PrivacyError> {
        let key = match self.kept_key(&name) {
            Some(key) => key,
            None => self.unwrap_key(&name, wrapped).await?,
        };
        self.keep(&name, &key);
        Ok(OwnerKey { name, key })
    }

    async fn unwrap_key(&self, name: &str, wrapped: Vec<u8>) -> Result<DataKey, PrivacyError> {
        let call = self.kms.decrypt().key_id(&self.master).ciphertext_blob(Blob::new(wrapped));
        let answer = call.encryption_context("owner", name).send().await;
        data_key(answer.map_err(|error| PrivacyError::Kms(error.into()))?.plaintext)
    }

    fn kept_key(&self, name: &str) -> Option<DataKey> {
        let kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        kept.get(name).filter(|(_, until)| *until > self.clock.now()).map(|(key, _)| key.clone())
    }

    /// Kept from the first unwrapping on, however often it is used since.
    fn keep(&self, name: &str, key: &DataKey) {
        let now = self.clock.now();
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        if kept.len() >= MOST_KEPT {
            kept.clear();
        }
        let entry = kept.entry(name.to_owned());
        let until = (key.clone(), now.plus_seconds(KEPT_SECS));
        entry.and_modify(|(_, end)| *end = if *end > now { *end } else { until.1 }).or_insert(until.clone());
    }

    fn forget(&self, name: &str) {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner).remove(name);
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
