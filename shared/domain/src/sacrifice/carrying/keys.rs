//! The keys by which a slaughterhouse's signatures are verified.
//!
//! An operator registers them; several may stand beside each other, so that a new one is in use before the old one goes. What was signed by one that is gone stays signed.

use serde::{Deserialize, Serialize};

use crate::id::SlaughterhouseId;
use crate::moment::Moment;
use crate::proof::note::{NoteError, Verifier};

/// Keys of one slaughterhouse at most: that of two sites, each with the one before it.
pub const MOST_KEYS: usize = 4;

/// The keys of a slaughterhouse, as an operator registered them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct HouseKeys {
    /// Whose.
    pub slaughterhouse: SlaughterhouseId,
    /// The keys to verify by, as texts: `<slaughterhouse>+<key id>+<base64>`.
    pub keys: Vec<String>,
    /// When they were registered.
    pub changed_at: Moment,
}

/// Why a key is not registered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum KeyError {
    /// It is no key.
    #[error("not a key to verify by")]
    NotAKey,
    /// It bears another name than the slaughterhouse's.
    #[error("the key bears another name")]
    AnothersName,
    /// It stands there twice.
    #[error("the key stands there twice")]
    Twice,
}

impl HouseKeys {
    /// The keys of these texts; what is wrong with which of them otherwise.
    ///
    /// # Errors
    /// For each text that is no key of the slaughterhouse's, with its place.
    pub fn new(
        slaughterhouse: SlaughterhouseId,
        keys: Vec<String>,
        now: Moment,
    ) -> Result<HouseKeys, Vec<(usize, KeyError)>> {
        let check = |(place, text): (usize, &String)| {
            let why = match text.parse::<Verifier>() {
                Err(_) => KeyError::NotAKey,
                Ok(key) if key.key_name().name != slaughterhouse.as_str() => KeyError::AnothersName,
                Ok(_) if keys[..place].contains(text) => KeyError::Twice,
                Ok(_) => return None,
            };
            Some((place, why))
        };
        let wrong: Vec<(usize, KeyError)> = keys.iter().enumerate().filter_map(check).collect();
        if wrong.is_empty() { Ok(HouseKeys { slaughterhouse, keys, changed_at: now }) } else { Err(wrong) }
    }

    /// The keys to verify by.
    ///
    /// # Errors
    /// When what was kept is no key.
    pub fn verifiers(&self) -> Result<Vec<Verifier>, NoteError> {
        self.keys.iter().map(|key| key.parse()).collect()
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::proof::note::Signer;

    #[test]
    fn a_slaughterhouses_keys_bear_its_name() {
        let key = |name: &str, seed| Signer::new(name, &[seed; 32]).unwrap().verifier().to_string();
        let make = |keys: Vec<String>| HouseKeys::new("makkah-1".parse().unwrap(), keys, Moment::from_millis(0));
        let (one, two) = (key("makkah-1", 1), key("makkah-1", 2));
        assert_eq!(make(vec![one.clone(), two]).unwrap().verifiers().unwrap().len(), 2);
        assert!(make(Vec::new()).is_ok(), "none is how all are taken back");
        let wrong = make(vec![one.clone(), "x".to_owned(), key("makkah-2", 1), one]).unwrap_err();
        assert_eq!(wrong, [(1, KeyError::NotAKey), (2, KeyError::AnothersName), (3, KeyError::Twice)]);
        let secret = Signer::new("makkah-1", &[1; 32]).unwrap().secret();
        assert_eq!(make(vec![secret]).unwrap_err(), [(0, KeyError::NotAKey)], "a key to sign by is not taken, nor kept");
    }
}
