//! Typed ids. One kind is never taken for another, and each is checked where it enters.

use std::fmt;
use std::str::FromStr;

use data_encoding::HEXLOWER;
use serde::{Deserialize, Serialize};

/// Why a text is not an id of its kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{kind} is not well formed: {rule}")]
pub struct IdError {
    kind: &'static str,
    rule: &'static str,
}

/// The id of a donation: 16 bytes, written as 32 lower-case hex digits. It is derived from the caller and the caller's
/// idempotency key, so that a retry lands on the same item; it opens nothing by itself.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, minicbor::Encode, minicbor::Decode)]
#[serde(try_from = "String", into = "String")]
#[cbor(transparent)]
pub struct DonationId(#[cbor(n(0), with = "minicbor::bytes")] [u8; 16]);

impl DonationId {
    /// An id of these bytes.
    pub const fn from_bytes(bytes: [u8; 16]) -> DonationId {
        DonationId(bytes)
    }

    /// The id's bytes.
    pub const fn bytes(&self) -> &[u8; 16] {
        &self.0
    }
}

impl fmt::Display for DonationId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&HEXLOWER.encode(&self.0))
    }
}

impl fmt::Debug for DonationId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl FromStr for DonationId {
    type Err = IdError;
    fn from_str(text: &str) -> Result<DonationId, IdError> {
        let error = IdError { kind: "donation id", rule: "32 lower-case hex digits" };
        let bytes = HEXLOWER.decode(text.as_bytes()).map_err(|_| error)?;
        bytes.try_into().map(DonationId).map_err(|_| error)
    }
}

impl TryFrom<String> for DonationId {
    type Error = IdError;
    fn try_from(text: String) -> Result<DonationId, IdError> {
        text.parse()
    }
}

impl From<DonationId> for String {
    fn from(id: DonationId) -> String {
        id.to_string()
    }
}

macro_rules! text_id {
    ($(#[$doc:meta])* $name:ident, $kind:literal, $rule:literal, $check:expr) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, minicbor::Encode)]
        #[serde(try_from = "String", into = "String")]
        #[cbor(transparent)]
        pub struct $name(#[n(0)] String);

        /// Checked as everywhere else: bytes are no way around the rule.
        impl<'b, C> minicbor::Decode<'b, C> for $name {
            fn decode(decoder: &mut minicbor::Decoder<'b>, _: &mut C) -> Result<$name, minicbor::decode::Error> {
                decoder.str()?.parse().map_err(minicbor::decode::Error::custom)
            }
        }

        impl $name {
            /// The id as it is written.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl FromStr for $name {
            type Err = IdError;
            fn from_str(text: &str) -> Result<$name, IdError> {
                let check: fn(&str) -> bool = $check;
                if check(text) { Ok($name(text.to_owned())) } else { Err(IdError { kind: $kind, rule: $rule }) }
            }
        }

        impl TryFrom<String> for $name {
            type Error = IdError;
            fn try_from(text: String) -> Result<$name, IdError> {
                text.parse()
            }
        }

        impl From<$name> for String {
            fn from(id: $name) -> String {
                id.0
            }
        }
    };
}

/// Three to forty lower-case letters, digits and inner hyphens.
fn is_slug(text: &str) -> bool {
    (3..=40).contains(&text.len())
        && text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
        && !text.starts_with('-')
        && !text.ends_with('-')
}

/// Letters, digits, hyphens and underscores only, so that nothing from outside can change a URL or a key it enters.
fn is_token(text: &str, longest: usize) -> bool {
    (1..=longest).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_')
}

/// Thirty-two lower-case hex digits: sixteen bytes of a keyed hash.
fn is_hex(text: &str) -> bool {
    text.len() == 32 && text.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b))
}

/// Up to 24 capital letters, digits and hyphens, with a digit.
fn is_staff_number(text: &str) -> bool {
    (1..=24).contains(&text.len())
        && text.bytes().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit() || b == b'-')
        && text.bytes().any(|b| b.is_ascii_digit())
}

text_id!(
    /// The id of a refund, derived from the donation and the key of whoever asks for it: 32 lower-case hex digits.
    RefundId, "refund id", "32 lower-case hex digits", is_hex
);
text_id!(
    /// The id of a correction of the books, derived from the key of whoever asks for it: 32 lower-case hex digits.
    CorrectionId, "correction id", "32 lower-case hex digits", is_hex
);
text_id!(
    /// The id of an opportunity, chosen by the operator who publishes it: `wells-jazan-2026`.
    OpportunityId, "opportunity id", "3 to 40 lower-case letters, digits and hyphens", is_slug
);
text_id!(
    /// The id of a charity, chosen by the operator who accepts it.
    CharityId, "charity id", "3 to 40 lower-case letters, digits and hyphens", is_slug
);
text_id!(
    /// The signed-in donor: the subject that the identity provider names. Not a name, a mobile or a national id.
    DonorId, "donor id", "1 to 64 letters, digits, hyphens and underscores", |text| is_token(text, 64)
);
text_id!(
    /// A slaughterhouse: the subject that the identity provider names for its account.
    SlaughterhouseId, "slaughterhouse id", "3 to 40 lower-case letters, digits and hyphens", is_slug
);
text_id!(
    /// Updates that a slaughterhouse sent together, derived from the slaughterhouse and its idempotency key: 32 lower-case hex digits.
    BatchId, "id of a batch", "32 lower-case hex digits", is_hex
);
text_id!(
    /// A photo or video of an animal's slaughter, drawn by chance: 32 lower-case hex digits.
    EvidenceId, "evidence id", "32 lower-case hex digits", is_hex
);
text_id!(
    /// Who slaughtered: a licence or staff number of the slaughterhouse's. Never a name: capital letters and digits alone, and a digit among them.
    StaffNumber, "staff number", "1 to 24 capital letters, digits and hyphens, a digit among them", is_staff_number
);
text_id!(
    /// Who was given meat: a charity's id, or the short name of an organisation.
    ReceiverId, "receiver", "3 to 40 lower-case letters, digits and hyphens", is_slug
);
text_id!(
    /// A payment's id at its provider.
    PaymentId, "payment id", "1 to 64 letters, digits, hyphens and underscores", |text| is_token(text, 64)
);

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn ids_are_checked_where_they_enter() {
        assert!("wells-jazan-2026".parse::<OpportunityId>().is_ok());
        for bad in ["", "ab", "-abc", "abc-", "Abc", "a b", "a/b", "../x", "قرية"] {
            assert!(bad.parse::<OpportunityId>().is_err(), "{bad:?}");
        }
        for bad in ["", "a/b", "a b", "a?b", "a%2fb", "..", &"x".repeat(65)] {
            assert!(bad.parse::<PaymentId>().is_err(), "{bad:?}");
        }
    }

    #[test]
    fn a_donation_id_is_read_as_it_is_written() {
        let id = DonationId::from_bytes(*b"0123456789abcdef");
        assert_eq!(id.to_string().parse(), Ok(id));
        assert!("0123".parse::<DonationId>().is_err());
        let lettered = DonationId::from_bytes([0xab; 16]).to_string();
        assert!(lettered.to_uppercase().parse::<DonationId>().is_err());
    }

    #[test]
    fn lengths_are_bounded_at_both_ends() {
        for (length, fits) in [(2, false), (3, true), (40, true), (41, false)] {
            assert_eq!("a".repeat(length).parse::<OpportunityId>().is_ok(), fits, "{length}");
            assert_eq!("a".repeat(length).parse::<CharityId>().is_ok(), fits, "{length}");
        }
        for (length, fits) in [(0, false), (1, true), (64, true), (65, false)] {
            assert_eq!("a".repeat(length).parse::<DonorId>().is_ok(), fits, "{length}");
            assert_eq!("a".repeat(length).parse::<PaymentId>().is_ok(), fits, "{length}");
        }
    }

    #[test]
    fn no_form_is_a_way_around_the_rule() {
        assert!(serde_json::from_str::<OpportunityId>("\"../x\"").is_err());
        assert!(serde_json::from_str::<DonationId>("\"0123\"").is_err());
        assert!(minicbor::decode::<OpportunityId>(&minicbor::to_vec("../x").unwrap()).is_err());
        assert!(
            minicbor::decode::<DonationId>(&minicbor::to_vec(minicbor::bytes::ByteVec::from(vec![1; 15])).unwrap()).is_err()
        );
    }

    #[test]
    fn an_error_names_the_kind_and_the_rule_and_not_the_text() {
        let error = "<script>".parse::<PaymentId>().unwrap_err().to_string();
        assert_eq!(error, "payment id is not well formed: 1 to 64 letters, digits, hyphens and underscores");
    }

    proptest! {
        #[test]
        fn a_donation_id_survives_every_form(bytes: [u8; 16]) {
            let id = DonationId::from_bytes(bytes);
            prop_assert_eq!(id.to_string().parse(), Ok(id));
            prop_assert_eq!(serde_json::from_str::<DonationId>(&serde_json::to_string(&id).unwrap()).unwrap(), id);
            prop_assert_eq!(minicbor::decode::<DonationId>(&minicbor::to_vec(id).unwrap()).unwrap(), id);
        }

        #[test]
        fn an_id_can_never_change_a_url_or_a_key(text in "\\PC{0,70}") {
            if let Ok(id) = text.parse::<PaymentId>() {
                prop_assert!(id.as_str().bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte)));
            }
            if let Ok(id) = text.parse::<OpportunityId>() {
                prop_assert!(id.as_str().bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-'));
            }
        }
    }
}
