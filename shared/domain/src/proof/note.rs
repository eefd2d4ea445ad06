//! Signed notes: a text, and under it the signatures of those who say it.
//!
//! The form is C2SP's *signed-note* (<https://c2sp.org/signed-note>) with Ed25519 (RFC 8032), so that others' tools verify what is published here: the text, an empty
//! line, and for each signature a line `— <name> <base64 of key id and signature>`. Keys are written as that form has them, too: to verify by
//! `<name>+<key id>+<base64>`, and to sign by `PRIVATE+KEY+<name>+<key id>+<base64>`.
//!
//! **Rotation.** Several keys may sign one note. The new key is put before the old one, and both sign for a while: whoever trusts the old one goes on verifying,
//! learns the new one from the signed list of keys ([`key_list`]), and verifies by that one when the old one is gone. What the old one signed stays signed: its
//! key to verify by serves for good.

use std::fmt;
use std::str::FromStr;

use data_encoding::{BASE64, HEXLOWER};
use ed25519_dalek::{Signature, Signer as _, SigningKey, VerifyingKey};

use crate::hash::Hash;

/// What the form calls Ed25519.
const ED25519: u8 = 1;
/// What a signature's line begins with: an em dash and a space.
const SIGNED: &str = "— ";
/// What a key to sign by begins with.
const PRIVATE: &str = "PRIVATE+KEY+";
/// Bytes of a key's id.
const ID_BYTES: usize = 4;
/// Bytes of a key of either kind.
const KEY_BYTES: usize = 32;

/// What is wrong with a key or a note. No text of a key is in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NoteError {
    /// Not a key of this kind.
    #[error("not a key in the form of signed notes for Ed25519")]
    NotAKey,
    /// No key, or keys of different names.
    #[error("there must be a key, and all of one name")]
    Keys,
    /// Not a signed note.
    #[error("not a signed note")]
    NotANote,
    /// None of the keys that are trusted has signed it.
    #[error("signed by none of the keys that are trusted")]
    Unsigned,
    /// Signed under a trusted key's name and id, but not by it.
    #[error("a signature is false")]
    False,
}

/// The name of a key and its id: four bytes of a hash of name and key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyName {
    /// Whose key it is.
    pub name: String,
    /// Which of theirs.
    pub id: String,
}

impl fmt::Display for KeyName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}+{}", self.name, self.id)
    }
}

/// A key to verify by.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verifier {
    name: String,
    key: VerifyingKey,
}

impl Verifier {
    /// Its name and id.
    pub fn key_name(&self) -> KeyName {
        KeyName { name: self.name.clone(), id: HEXLOWER.encode(&self.id()) }
    }

    fn id(&self) -> [u8; ID_BYTES] {
        let hash = Hash::of(&[self.name.as_bytes(), b"\n", &[ED25519], self.key.as_bytes()]);
        let [a, b, c, d, ..] = *hash.bytes();
        [a, b, c, d]
    }
}

impl fmt::Display for Verifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}+{}", self.key_name(), BASE64.encode(&[&[ED25519], self.key.as_bytes().as_slice()].concat()))
    }
}

impl FromStr for Verifier {
    type Err = NoteError;
    fn from_str(text: &str) -> Result<Verifier, NoteError> {
        let (name, id, key) = parts(text).ok_or(NoteError::NotAKey)?;
        let key = VerifyingKey::from_bytes(&key).map_err(|_| NoteError::NotAKey)?;
        let verifier = Verifier { name, key };
        if verifier.id() == id { Ok(verifier) } else { Err(NoteError::NotAKey) }
    }
}

/// Name, id and key of a text `<name>+<id>+<base64>`.
fn parts(text: &str) -> Option<(String, [u8; ID_BYTES], [u8; KEY_BYTES])> {
    let (name, rest) = text.split_once('+')?;
    let (id, key) = rest.split_once('+')?;
    let is_name = !name.is_empty() && !name.contains(char::is_whitespace);
    let id = HEXLOWER.decode(id.as_bytes()).ok()?.try_into().ok()?;
    let key = BASE64.decode(key.as_bytes()).ok()?;
    let key: [u8; KEY_BYTES] = key.strip_prefix(&[ED25519])?.try_into().ok()?;
    is_name.then(|| (name.to_owned(), id, key))
}

/// A key to sign by; wiped when it is dropped, and never printed.
pub struct Signer {
    name: String,
    key: SigningKey,
}

impl Signer {
    /// The key of this name that these random bytes make.
    ///
    /// # Errors
    /// When a key cannot have the name.
    pub fn new(name: &str, seed: &[u8; KEY_BYTES]) -> Result<Signer, NoteError> {
        let is_name = !name.is_empty() && !name.contains(char::is_whitespace) && !name.contains('+');
        let key = SigningKey::from_bytes(seed);
        if is_name { Ok(Signer { name: name.to_owned(), key }) } else { Err(NoteError::NotAKey) }
    }

    /// The key to verify its signatures by.
    pub fn verifier(&self) -> Verifier {
        Verifier { name: self.name.clone(), key: self.key.verifying_key() }
    }

    /// The key as it is kept: whoever has this text signs in its name.
    pub fn secret(&self) -> String {
        let key = BASE64.encode(&[&[ED25519], self.key.as_bytes().as_slice()].concat());
        format!("{PRIVATE}{}+{key}", self.verifier().key_name())
    }

    fn line(&self, text: &str) -> String {
        format!("{SIGNED}{}\n", self.signature(text))
    }

    /// The signature of a text as its line has it, without the dash before it: for where a text is signed and not sent, such as a header.
    pub fn signature(&self, text: &str) -> String {
        let signature = self.key.sign(text.as_bytes());
        let signed = BASE64.encode(&[self.verifier().id().as_slice(), &signature.to_bytes()].concat());
        format!("{} {signed}", self.name)
    }
}

impl fmt::Debug for Signer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Signer({})", self.verifier().key_name())
    }
}

impl FromStr for Signer {
    type Err = NoteError;
    fn from_str(text: &str) -> Result<Signer, NoteError> {
        let (name, id, seed) = text.strip_prefix(PRIVATE).and_then(parts).ok_or(NoteError::NotAKey)?;
        let signer = Signer::new(&name, &seed)?;
        if signer.verifier().id() == id { Ok(signer) } else { Err(NoteError::NotAKey) }
    }
}

/// Those who sign: one key, or for a while a new one and those before it.
#[derive(Debug)]
pub struct Signers(Vec<Signer>);

impl Signers {
    /// The keys of a text, one a line, the newest first.
    ///
    /// # Errors
    /// When a line is no key, there is none, or they bear different names.
    pub fn read(text: &str) -> Result<Signers, NoteError> {
        let lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
        let signers = lines.map(str::parse).collect::<Result<Vec<Signer>, NoteError>>()?;
        let name = signers.first().map(|first| first.name.clone()).ok_or(NoteError::Keys)?;
        if signers.iter().all(|signer| signer.name == name) { Ok(Signers(signers)) } else { Err(NoteError::Keys) }
    }

    /// The name that they bear.
    pub fn name(&self) -> &str {
        self.0.first().map_or("", |first| &first.name)
    }

    /// The keys to verify by, the newest first.
    pub fn verifiers(&self) -> Vec<Verifier> {
        self.0.iter().map(Signer::verifier).collect()
    }

    /// The note that says this text, signed by all. The same text gives the same bytes: Ed25519 draws nothing.
    pub fn sign(&self, text: &str) -> String {
        let lines: String = self.0.iter().map(|signer| signer.line(text)).collect();
        format!("{text}\n{lines}")
    }
}

/// The text of a note, and the trusted keys that have signed it, at least one.
///
/// # Errors
/// When it is no note, none of the keys has signed it, or a signature under the name and id of one of them is false.
pub fn open<'n>(note: &'n str, trusted: &[Verifier]) -> Result<(&'n str, Vec<KeyName>), NoteError> {
    let (text, lines) = split(note).ok_or(NoteError::NotANote)?;
    let mut signed_by = Vec::new();
    for line in lines.lines() {
        let (name, id, signature) = signature(line).ok_or(NoteError::NotANote)?;
        // Others may have signed as well, in ways of their own: that is none of ours to judge.
        let Some(by) = trusted.iter().find(|key| key.name == name && key.id() == id) else { continue };
        let signature = Signature::from_slice(&signature).map_err(|_| NoteError::False)?;
        by.key.verify_strict(text.as_bytes(), &signature).map_err(|_| NoteError::False)?;
        signed_by.push(by.key_name());
    }
    if signed_by.is_empty() { Err(NoteError::Unsigned) } else { Ok((text, signed_by)) }
}

/// The trusted key that made this signature ([`Signer::signature`]) of a text.
///
/// # Errors
/// When it is no signature, by none of the keys, or false.
pub fn verify(text: &str, signature: &str, trusted: &[Verifier]) -> Result<KeyName, NoteError> {
    let (_, mut signed_by) = open(&with_signature(text, signature), trusted).map(|(text, by)| (text.len(), by))?;
    signed_by.pop().ok_or(NoteError::Unsigned)
}

/// The signed note of a text and a signature of it ([`Signer::signature`]).
pub fn with_signature(text: &str, signature: &str) -> String {
    format!("{text}\n{SIGNED}{signature}\n")
}

/// The text of a note whoever has signed it: nothing is verified.
pub fn text(note: &str) -> Option<&str> {
    split(note).map(|(text, _)| text)
}

/// The text with the line end that is signed with it, and the lines of signatures.
fn split(note: &str) -> Option<(&str, &str)> {
    let end = note.rfind("\n\n")?;
    let (text, lines) = (&note[..=end], &note[end + 2..]);
    (lines.ends_with('\n') && lines.starts_with(SIGNED)).then_some((text, lines))
}

fn signature(line: &str) -> Option<(&str, [u8; ID_BYTES], Vec<u8>)> {
    let (name, signed) = line.strip_prefix(SIGNED)?.split_once(' ')?;
    let bytes = BASE64.decode(signed.as_bytes()).ok()?;
    let (id, signature) = bytes.split_at_checked(ID_BYTES)?;
    Some((name, id.try_into().ok()?, signature.to_vec()))
}

/// The text that names keys to verify by, to be signed by all of them: whoever trusts one of them learns the others.
pub fn key_list(verifiers: &[Verifier]) -> String {
    let name = verifiers.first().map_or("", |first| first.name.as_str());
    let keys: String = verifiers.iter().map(|verifier| format!("{verifier}\n")).collect();
    format!("{name}/keys\n{keys}")
}

/// The keys that a signed list names, if a trusted key has signed it.
///
/// # Errors
/// When it is no such list, or none has.
pub fn learn(note: &str, trusted: &[Verifier]) -> Result<Vec<Verifier>, NoteError> {
    let (text, signed_by) = open(note, trusted)?;
    let (first, keys) = text.split_once('\n').ok_or(NoteError::NotANote)?;
    let keys = keys.lines().map(str::parse).collect::<Result<Vec<Verifier>, NoteError>>()?;
    let name = first.strip_suffix("/keys").ok_or(NoteError::NotANote)?;
    let is_theirs = signed_by.iter().any(|by| by.name == name);
    if is_theirs && keys.iter().all(|key| key.name == name) { Ok(keys) } else { Err(NoteError::Keys) }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn a_note_has_lines_of_signatures_that_end() {
        assert_eq!(split("said\n\n— a b\n"), Some(("said\n", "— a b\n")));
        for note in ["said\n\n— a b", "said\n\na b\n", "said\n— a b\n", ""] {
            assert_eq!(text(note), None, "{note:?}");
        }
    }

    /// A right id does not make a name of it.
    #[test]
    fn a_key_without_a_name_of_one_word_is_none() {
        let key = Signer::new("proofs.example", &[1; KEY_BYTES]).unwrap().key.verifying_key();
        for name in ["", " ", "two words", "a\nb"] {
            let text = Verifier { name: name.to_owned(), key }.to_string();
            assert_eq!(text.parse::<Verifier>(), Err(NoteError::NotAKey), "{name:?}");
        }
        let named = Verifier { name: "proofs.example".to_owned(), key };
        assert_eq!(named.to_string().parse(), Ok(named));
    }
}
