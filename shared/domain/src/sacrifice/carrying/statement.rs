//! What a slaughterhouse signs of its updates.
//!
//! The text names the slaughterhouse, the key under which the updates are sent, their form and the hash of the body's bytes. It is signed as a signed note is ([`crate::proof::note`]), by a key that an operator has
//! registered for the slaughterhouse ([`super::keys`]). A header takes no em dash, so that the signature's line is sent without it.

use std::fmt;
use std::str::FromStr;

use super::form::Form;
use crate::hash::Hash;
use crate::id::SlaughterhouseId;

/// What the statement is about: it stands behind the slaughterhouse's name.
const SUBJECT: &str = "/sacrifice-updates";

/// What is signed of a body of updates.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Statement {
    /// Who says it.
    pub slaughterhouse: SlaughterhouseId,
    /// The key under which it is sent: visible signs of ASCII.
    pub key: String,
    /// The body's form.
    pub form: Form,
    /// The hash of the body's bytes.
    pub sha256: Hash,
}

impl Statement {
    /// What is signed of this body.
    pub fn of(slaughterhouse: &SlaughterhouseId, key: &str, form: Form, body: &[u8]) -> Statement {
        Statement { slaughterhouse: slaughterhouse.clone(), key: key.to_owned(), form, sha256: Hash::of(&[body]) }
    }
}

impl fmt::Display for Statement {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}{SUBJECT}\nkey {}", self.slaughterhouse, self.key)?;
        writeln!(f, "form {}\nsha256 {}", self.form, self.sha256)
    }
}

/// A text is no statement about updates.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a statement about a slaughterhouse's updates")]
pub struct NotAStatement;

impl FromStr for Statement {
    type Err = NotAStatement;

    fn from_str(text: &str) -> Result<Statement, NotAStatement> {
        let statement = read(text).ok_or(NotAStatement)?;
        // The same in other bytes is another text.
        if statement.to_string() == text { Ok(statement) } else { Err(NotAStatement) }
    }
}

fn read(text: &str) -> Option<Statement> {
    let mut lines = text.lines();
    let slaughterhouse = lines.next()?.strip_suffix(SUBJECT)?.parse().ok()?;
    let mut field = |name: &str| lines.next()?.strip_prefix(name)?.strip_prefix(' ');
    let key = field("key")?;
    let is_key = !key.is_empty() && key.bytes().all(|byte| byte.is_ascii_graphic());
    let (form, sha256) = (field("form")?.parse().ok()?, field("sha256")?.parse().ok()?);
    is_key.then(|| Statement { slaughterhouse, key: key.to_owned(), form, sha256 })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use proptest::prelude::*;

    use super::*;
    use crate::proof::note::{self, NoteError, Signer};

    fn statement() -> Statement {
        let house = "makkah-1".parse().unwrap();
        Statement::of(&house, "6f1c9a52-6a0e-4f57-9d0a-3f0c2b1e8d47", Form::Csv, b"animal\n")
    }

    #[test]
    fn a_statement_is_read_as_it_is_written_and_in_no_other_bytes() {
        let text = statement().to_string();
        assert_eq!(text.parse(), Ok(statement()));
        assert!(text.starts_with("makkah-1/sacrifice-updates\nkey 6f1c9a52-6a0e-4f57-9d0a-3f0c2b1e8d47\nform csv\nsha256 "));
        for other in [
            text.replace("form csv", "form xml"),
            text.replace("key ", "key  "),
            text.replace("/sacrifice-updates", "/execution-list"),
            text.trim_end().to_owned(),
            format!("{text}x\n"),
            String::new(),
        ] {
            assert_eq!(other.parse::<Statement>(), Err(NotAStatement), "{other}");
        }
    }

    #[test]
    fn a_signature_is_of_one_body_key_form_and_slaughterhouse() {
        let signer = Signer::new("makkah-1", &[3; 32]).unwrap();
        let trusted = [signer.verifier()];
        let signature = signer.signature(&statement().to_string());
        assert!(signature.is_ascii() && signature.starts_with("makkah-1 "), "it is a header's value");
        assert_eq!(note::verify(&statement().to_string(), &signature, &trusted), Ok(signer.verifier().key_name()));
        for other in [
            Statement { sha256: Hash::of(&[b"animal"]), ..statement() },
            Statement { key: "another".to_owned(), ..statement() },
            Statement { form: Form::Json, ..statement() },
            Statement { slaughterhouse: "makkah-2".parse().unwrap(), ..statement() },
        ] {
            assert_eq!(note::verify(&other.to_string(), &signature, &trusted), Err(NoteError::False), "{other}");
        }
        let stranger = Signer::new("makkah-1", &[4; 32]).unwrap().signature(&statement().to_string());
        assert_eq!(note::verify(&statement().to_string(), &stranger, &trusted), Err(NoteError::Unsigned));
        for none in ["", "makkah-1", "makkah-1 !", "makkah-1 AAAA", "— makkah-1 AAAA"] {
            assert!(note::verify(&statement().to_string(), none, &trusted).is_err(), "{none}");
        }
    }

    proptest! {
        #[test]
        fn every_statement_is_read_as_it_is_written(key in "[!-~]{1,60}", json in any::<bool>(), body in prop::collection::vec(any::<u8>(), 0..50)) {
            let form = if json { Form::Json } else { Form::Csv };
            let statement = Statement::of(&"makkah-1".parse().unwrap(), &key, form, &body);
            prop_assert_eq!(statement.to_string().parse(), Ok(statement));
        }
    }
}
