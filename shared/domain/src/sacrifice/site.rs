//! Where animals are slaughtered.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::catalogue::Bilingual;
use crate::purpose::Region;

/// A country by the two letters of ISO 3166-1, such as `SA`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Country([u8; 2]);

/// A text is no code of a country.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not two capital letters")]
pub struct NotACountry;

impl Country {
    /// The Kingdom.
    pub const SAUDI_ARABIA: Country = Country(*b"SA");
}

impl FromStr for Country {
    type Err = NotACountry;

    fn from_str(text: &str) -> Result<Country, NotACountry> {
        let letters: [u8; 2] = text.as_bytes().try_into().map_err(|_| NotACountry)?;
        if letters.iter().all(u8::is_ascii_uppercase) { Ok(Country(letters)) } else { Err(NotACountry) }
    }
}

impl fmt::Display for Country {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|letter| write!(f, "{}", char::from(*letter)))
    }
}

impl TryFrom<String> for Country {
    type Error = NotACountry;
    fn try_from(text: String) -> Result<Country, NotACountry> {
        text.parse()
    }
}

impl From<Country> for String {
    fn from(country: Country) -> String {
        country.to_string()
    }
}

/// A slaughterhouse, a region or a country.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Site {
    /// What it is called.
    pub name: Bilingual,
    /// The country it lies in.
    pub country: Country,
    /// The region, within the Kingdom.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub region: Option<Region>,
}

impl Site {
    /// Whether it lies in the same country and region, whatever it is called.
    pub fn is_same_place(&self, other: &Site) -> bool {
        self.country == other.country && self.region == other.region
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn a_country_is_two_capital_letters() {
        assert_eq!("SA".parse(), Ok(Country::SAUDI_ARABIA));
        assert_eq!(serde_json::to_string(&Country::SAUDI_ARABIA).unwrap(), "\"SA\"");
        for text in ["", "S", "sa", "SAU", "S1", "س"] {
            assert_eq!(text.parse::<Country>(), Err(NotACountry), "{text}");
        }
    }

    #[test]
    fn a_place_is_the_same_under_another_name() {
        let site = |name: &str, region| Site {
            name: Bilingual { ar: name.to_owned(), en: name.to_owned() },
            country: Country::SAUDI_ARABIA,
            region,
        };
        let makkah = site("Makkah", Some(Region::Makkah));
        assert!(makkah.is_same_place(&site("Makkah slaughterhouse", Some(Region::Makkah))));
        assert!(!makkah.is_same_place(&site("Makkah", Some(Region::Jazan))));
        assert!(!makkah.is_same_place(&Site { country: "SD".parse().unwrap(), ..makkah.clone() }));
    }
}
