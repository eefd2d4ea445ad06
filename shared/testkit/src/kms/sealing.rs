//! Sealing and opening: AES-256-GCM under a key's material, with the encryption context as additional data.
//!
//! A sealed blob is a version, the key's id, a nonce and the ciphertext. The context is written with the length before each
//! part, so that no two contexts are the same bytes.

use std::collections::BTreeMap;

use aes_gcm::aead::{Aead, KeyInit, Payload};
use aes_gcm::{Aes256Gcm, Nonce};

use super::keys::Key;
use crate::chance::Chance;

const VERSION: u8 = 1;
const ID_BYTES: usize = 36;
const NONCE_BYTES: usize = 12;

pub(super) type Context = BTreeMap<String, String>;

pub(super) fn seal(key: &Key, plaintext: &[u8], context: &Context, chance: &Chance) -> Option<Vec<u8>> {
    let mut nonce = [0; NONCE_BYTES];
    chance.fill(&mut nonce);
    let payload = Payload { msg: plaintext, aad: &additional_data(context) };
    let sealed = Aes256Gcm::new(&key.material.into()).encrypt(&Nonce::from(nonce), payload).ok()?;
    let mut blob = vec![VERSION];
    blob.extend_from_slice(key.id.as_bytes());
    blob.extend_from_slice(&nonce);
    blob.extend_from_slice(&sealed);
    Some(blob)
}

/// The id of the key that sealed `blob`.
pub(super) fn key_id(blob: &[u8]) -> Option<&str> {
    let (version, rest) = blob.split_first()?;
    let id = rest.get(..ID_BYTES).filter(|_| *version == VERSION)?;
    std::str::from_utf8(id).ok()
}

pub(super) fn open(key: &Key, blob: &[u8], context: &Context) -> Option<Vec<u8>> {
    let (nonce, sealed) = blob.get(1 + ID_BYTES..)?.split_at_checked(NONCE_BYTES)?;
    let nonce: [u8; NONCE_BYTES] = nonce.try_into().ok()?;
    let payload = Payload { msg: sealed, aad: &additional_data(context) };
    Aes256Gcm::new(&key.material.into()).decrypt(&Nonce::from(nonce), payload).ok()
}

fn additional_data(context: &Context) -> Vec<u8> {
    let parts = context.iter().flat_map(|(name, value)| [name, value]);
    parts.fold(Vec::new(), |mut bytes, part| {
        bytes.extend_from_slice(&(part.len() as u64).to_be_bytes());
        bytes.extend_from_slice(part.as_bytes());
        bytes
    })
}
