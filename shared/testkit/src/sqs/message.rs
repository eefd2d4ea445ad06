//! A message, its attributes, and the checksums that clients check.

use std::collections::BTreeMap;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use data_encoding::HEXLOWER;
use md5::{Digest, Md5};
use serde::{Deserialize, Serialize};

use super::error::SqsError;
use super::limits;

/// An attribute as the JSON protocol writes it: binary values in base64.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Attribute {
    pub data_type: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub string_value: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub binary_value: Option<String>,
}

pub(super) type Attributes = BTreeMap<String, Attribute>;

/// Where a message is. The times are milliseconds since 1970.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum Place {
    Ready,
    Delayed { until: i64 },
    InFlight { received_at: i64, until: i64 },
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Message {
    pub id: String,
    pub body: String,
    pub attributes: Attributes,
    pub sent_at: i64,
    pub first_received_at: Option<i64>,
    pub receives: u32,
    pub place: Place,
    /// Grows with each change of place, so that what was planned for an earlier one is known to be stale.
    pub turn: u32,
    /// The queue that set it aside.
    pub source_arn: Option<String>,
}

impl Message {
    pub fn new(id: String, body: String, attributes: Attributes, sent_at: i64) -> Self {
        Self {
            id,
            body,
            attributes,
            sent_at,
            first_received_at: None,
            receives: 0,
            place: Place::Ready,
            turn: 0,
            source_arn: None,
        }
    }

    pub fn move_to(&mut self, place: Place) {
        self.place = place;
        self.turn += 1;
    }
}

/// The size that counts against the limit: body, and names, types and values of attributes.
pub(super) fn bytes(body: &str, attributes: &Attributes) -> usize {
    let attribute = |(name, attribute): (&String, &Attribute)| {
        let value = attribute.string_value.as_ref().or(attribute.binary_value.as_ref());
        name.len() + attribute.data_type.len() + value.map_or(0, String::len)
    };
    body.len() + attributes.iter().map(attribute).sum::<usize>()
}

/// Checks what a sender wrote.
pub(super) fn check(body: Option<&str>, attributes: &Attributes, limit_bytes: usize) -> Result<(), SqsError> {
    let Some(body) = body.filter(|body| !body.is_empty()) else { return Err(SqsError::missing("MessageBody")) };
    if bytes(body, attributes) > limit_bytes {
        let reason =
            format!("One or more parameters are invalid. Reason: Message must be shorter than {limit_bytes} bytes.");
        return Err(SqsError::invalid_value(&reason));
    }
    if attributes.len() > limits::ATTRIBUTES {
        return Err(SqsError::invalid_value("Number of message attributes exceeds the allowed maximum 10."));
    }
    limits::check_characters(body)?;
    attributes.iter().try_for_each(|(name, attribute)| check_attribute(name, attribute))
}

fn check_attribute(name: &str, attribute: &Attribute) -> Result<(), SqsError> {
    let invalid = |reason: &str| Err(SqsError::invalid_value(&format!("The message attribute '{name}' {reason}")));
    let named =
        (1..=256).contains(&name.len()) && name.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.'));
    if !named {
        return invalid("has an invalid name.");
    }
    match attribute.data_type.split('.').next() {
        Some("String" | "Number") => match attribute.string_value.as_deref() {
            None | Some("") => invalid("must contain a non-empty message attribute value for its type."),
            Some(text) => limits::check_characters(text),
        },
        Some("Binary") => match attribute.binary_value.as_deref().map(|text| STANDARD.decode(text)) {
            Some(Ok(bytes)) if !bytes.is_empty() => Ok(()),
            _ => invalid("must contain a non-empty message attribute value for its type."),
        },
        _ => invalid(
            "has an invalid message attribute type, the set of supported type prefixes is Binary, Number, and String.",
        ),
    }
}

/// The checksum of a body, which SDKs compare.
pub(super) fn md5_of_body(body: &str) -> String {
    HEXLOWER.encode(&Md5::digest(body.as_bytes()))
}

/// The checksum of attributes, as SQS defines it: by name, each part after its length.
pub(super) fn md5_of_attributes(attributes: &Attributes) -> Option<String> {
    if attributes.is_empty() {
        return None;
    }
    let mut hash = Md5::new();
    for (name, attribute) in attributes {
        update_with_length(&mut hash, name.as_bytes());
        update_with_length(&mut hash, attribute.data_type.as_bytes());
        match (&attribute.string_value, &attribute.binary_value) {
            (Some(text), _) => {
                hash.update([1]);
                update_with_length(&mut hash, text.as_bytes());
            }
            (None, Some(text)) => {
                hash.update([2]);
                update_with_length(&mut hash, &STANDARD.decode(text).unwrap_or_default());
            }
            (None, None) => {}
        }
    }
    Some(HEXLOWER.encode(&hash.finalize()))
}

fn update_with_length(hash: &mut Md5, part: &[u8]) {
    hash.update(u32::try_from(part.len()).unwrap_or(u32::MAX).to_be_bytes());
    hash.update(part);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn checksums_are_those_of_the_service() {
        assert_eq!(md5_of_body("This is a test message"), "fafb00f5732ab283681e124bf8747ed1");
        let attribute = |value: &str| Attribute {
            data_type: "String".to_owned(),
            string_value: Some(value.to_owned()),
            binary_value: None,
        };
        assert_eq!(md5_of_attributes(&Attributes::new()), None);
        // The MD5 of 00000001 "a" 00000006 "String" 01 00000001 "b".
        let one = Attributes::from([("a".to_owned(), attribute("b"))]);
        let by_hand = Md5::digest(b"\0\0\0\x01a\0\0\0\x06String\x01\0\0\0\x01b");
        assert_eq!(md5_of_attributes(&one), Some(HEXLOWER.encode(&by_hand)));
    }
}
