//! A message as a function sees it: one record of an SQS event.

use aws_sdk_sqs::types::{Message, MessageAttributeValue};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Value, json};

use crate::function::json_bytes;

/// What `{"Records":[…]}` adds to its records, generously.
pub(super) const EVENT_OVERHEAD_BYTES: usize = 64;

/// A received message: what the function gets, and what deletes it.
#[derive(Debug, Clone)]
pub struct Record {
    /// The message's id.
    pub message_id: String,
    /// This receive's handle.
    pub receipt_handle: String,
    /// The size of the record in an event, with the comma after it.
    pub bytes: usize,
    json: Value,
}

impl Record {
    /// The record of a message from the queue `arn` in `region`.
    pub fn new(message: Message, arn: &str, region: &str) -> Self {
        let message_id = message.message_id.clone().unwrap_or_default();
        let receipt_handle = message.receipt_handle.clone().unwrap_or_default();
        let json = as_json(message, arn, region);
        Self { message_id, receipt_handle, bytes: json_bytes(&json) + 1, json }
    }

    /// The record as it stands in the event.
    pub fn json(&self) -> &Value {
        &self.json
    }
}

fn as_json(message: Message, arn: &str, region: &str) -> Value {
    let system = message.attributes.unwrap_or_default();
    let system: Map<String, Value> =
        system.into_iter().map(|(name, value)| (name.as_str().to_owned(), json!(value))).collect();
    let own = message.message_attributes.unwrap_or_default();
    let own: Map<String, Value> = own.into_iter().map(|(name, value)| (name, attribute(value))).collect();
    let mut record = json!({
        "messageId": message.message_id,
        "receiptHandle": message.receipt_handle,
        "body": message.body,
        "attributes": system,
        "messageAttributes": own,
        "md5OfBody": message.md5_of_body,
        "eventSource": "aws:sqs",
        "eventSourceARN": arn,
        "awsRegion": region,
    });
    if let Some(digest) = message.md5_of_message_attributes {
        record["md5OfMessageAttributes"] = json!(digest);
    }
    record
}

fn attribute(value: MessageAttributeValue) -> Value {
    let mut json = json!({ "stringListValues": [], "binaryListValues": [], "dataType": value.data_type });
    if let Some(text) = value.string_value {
        json["stringValue"] = json!(text);
    }
    if let Some(bytes) = value.binary_value {
        json["binaryValue"] = json!(STANDARD.encode(bytes));
    }
    json
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use aws_sdk_sqs::primitives::Blob;
    use aws_sdk_sqs::types::MessageSystemAttributeName as Name;

    #[test]
    fn a_record_has_the_shape_of_the_recorded_one() {
        let text = MessageAttributeValue::builder().data_type("String").string_value("v1").build().unwrap();
        let bytes = MessageAttributeValue::builder().data_type("Binary").binary_value(Blob::new("1100")).build().unwrap();
        let message = Message::builder()
            .message_id("059f36b4-87a3-44ab-83d2-661975830a7d")
            .receipt_handle("AQEBwJnKyrHigUMZj6rYigCgxlaS3SLy0a")
            .body("Test message.")
            .md5_of_body("e4e68fb7bd0e697a0ae8f1bb342846b3")
            .md5_of_message_attributes("582c92c5c5b6ac403040a4f3ab3115c9")
            .attributes(Name::ApproximateReceiveCount, "1")
            .attributes(Name::SentTimestamp, "1545082649183")
            .attributes(Name::SenderId, "AIDAIENQZJOLO23YVJ4VO")
            .attributes(Name::ApproximateFirstReceiveTimestamp, "1545082649185")
            .message_attributes("schema", text)
            .message_attributes("blob", bytes)
            .build();
        let record = Record::new(message, "arn:aws:sqs:us-east-2:123456789012:my-queue", "us-east-2");
        let recorded: Value = serde_json::from_str(include_str!("../../fixtures/sqs-event.json")).unwrap();
        assert_eq!(record.json(), &recorded["Records"][0]);
        assert_eq!(record.bytes, recorded["Records"][0].to_string().len() + 1);
    }
}
