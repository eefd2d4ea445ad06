//! The public keys between which the salts of leaves are agreed on.
//!
//! No donation keeps a salt. That of a donor who told something of themselves keeps the public half of a key that is derived from its owner's data key, and a page of
//! the books keeps the public half of one that was made for it and forgotten. The salt follows from either secret half and the other's public half: settlement
//! makes it by the page's, the proof by the donor's. With the data key destroyed nobody can, from no backup. The curve is X25519; who computes on it is
//! `platform::privacy`.
//!
//! A donor who told nothing has no data key. Salts of theirs are numbers of chance, one for each entry, that settlement keeps under the page's key in the table of data keys, which has no
//! backups (`platform::table`); an erasure takes them out of it.

use std::fmt;
use std::str::FromStr;

use data_encoding::HEXLOWER;
use serde::{Deserialize, Serialize};

/// A public key on X25519; written as 64 lower-case hex digits, in CBOR as its bytes.
#[derive(Clone, Copy, PartialEq, Eq, Serialize, Deserialize, minicbor::Encode, minicbor::Decode)]
#[serde(try_from = "String", into = "String")]
#[cbor(transparent)]
pub struct LeafKey(#[cbor(n(0), with = "minicbor::bytes")] [u8; 32]);

impl LeafKey {
    /// The key of these bytes.
    pub const fn from_bytes(bytes: [u8; 32]) -> LeafKey {
        LeafKey(bytes)
    }

    /// Its bytes.
    pub const fn bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

/// A text is no such key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not 64 lower-case hex digits")]
pub struct LeafKeyError;

impl FromStr for LeafKey {
    type Err = LeafKeyError;
    fn from_str(text: &str) -> Result<LeafKey, LeafKeyError> {
        let bytes = HEXLOWER.decode(text.as_bytes()).map_err(|_| LeafKeyError)?;
        bytes.try_into().map(LeafKey).map_err(|_| LeafKeyError)
    }
}

impl TryFrom<String> for LeafKey {
    type Error = LeafKeyError;
    fn try_from(text: String) -> Result<LeafKey, LeafKeyError> {
        text.parse()
    }
}

impl From<LeafKey> for String {
    fn from(key: LeafKey) -> String {
        key.to_string()
    }
}

impl fmt::Display for LeafKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&HEXLOWER.encode(&self.0))
    }
}

impl fmt::Debug for LeafKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}
