//! The issuer's signing key: P-256 for ES256, made by chance, kept as PKCS #8.

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

use jsonwebtoken::jwk::{Jwk, JwkSet, PublicKeyUse, ThumbprintHash};
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use p256::SecretKey;
use p256::pkcs8::EncodePrivateKey as _;
use serde_json::Value;

use crate::secrets::read_or_write;

/// Why there is no key.
#[derive(Debug, thiserror::Error)]
pub enum KeyError {
    /// The machine gives no random numbers.
    #[error("this machine gives no random numbers")]
    Chance(#[source] getrandom::Error),
    /// The key's file cannot be read or written.
    #[error("the key file {} cannot be used", file.display())]
    File {
        /// Which file.
        file: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// The file holds something else than such a key.
    #[error("the key file {} holds no P-256 key; delete it to have a new one made", .0.display())]
    NotAKey(PathBuf),
    /// A key just made could not be used.
    #[error("a key could not be made")]
    Unusable,
}

/// A private key and what is public of it.
pub(super) struct SigningKey {
    private: EncodingKey,
    public: Jwk,
    kid: String,
}

impl SigningKey {
    pub(super) fn generate() -> Result<Self, KeyError> {
        Self::from_der(&random_der()?).ok_or(KeyError::Unusable)
    }

    /// The key in `file`; a new one is written there when there is none.
    pub(super) fn read_or_generate(file: &Path) -> Result<Self, KeyError> {
        let made = || random_der().map_err(io::Error::other);
        let der = read_or_write(file, made).map_err(|source| KeyError::File { file: file.to_owned(), source })?;
        Self::from_der(&der).ok_or_else(|| KeyError::NotAKey(file.to_owned()))
    }

    fn from_der(der: &[u8]) -> Option<Self> {
        let private = EncodingKey::from_ec_der(der);
        let mut public = Jwk::from_encoding_key(&private, Algorithm::ES256).ok()?;
        let kid = public.thumbprint(ThumbprintHash::SHA256).ok()?;
        public.common.key_id = Some(kid.clone());
        public.common.public_key_use = Some(PublicKeyUse::Signature);
        let key = Self { private, public, kid };
        // Signing once tells now whether the key is good, not at the first token.
        key.sign(&Value::Null).map(|_| key)
    }

    pub(super) fn public(&self) -> JwkSet {
        JwkSet { keys: vec![self.public.clone()] }
    }

    pub(super) fn sign(&self, claims: &Value) -> Option<String> {
        let header = Header { kid: Some(self.kid.clone()), ..Header::new(Algorithm::ES256) };
        jsonwebtoken::encode(&header, claims, &self.private).ok()
    }
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SigningKey").field("kid", &self.kid).finish_non_exhaustive()
    }
}

fn random_der() -> Result<Vec<u8>, KeyError> {
    let mut scalar = [0; 32];
    // Fewer than one in four thousand million draws lies outside the group's order; two in a row do not happen.
    for _ in 0..2 {
        getrandom::fill(&mut scalar).map_err(KeyError::Chance)?;
        if let Ok(key) = SecretKey::from_slice(&scalar) {
            let der = key.to_pkcs8_der().map_err(|_| KeyError::Unusable)?;
            return Ok(der.as_bytes().to_vec());
        }
    }
    Err(KeyError::Unusable)
}
