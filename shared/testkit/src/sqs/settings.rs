//! A queue's attributes: read from strings, as the API gives them, checked, and shown again.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::error::SqsError;
use super::limits;

/// Attributes that are kept and shown but change nothing on one machine.
const KEPT: [&str; 5] =
    ["Policy", "RedriveAllowPolicy", "KmsMasterKeyId", "KmsDataKeyReusePeriodSeconds", "SqsManagedSseEnabled"];

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Settings {
    pub visibility_secs: i64,
    pub retention_secs: i64,
    pub delay_secs: i64,
    pub wait_secs: i64,
    pub message_bytes: usize,
    pub redrive: Option<Redrive>,
    pub kept: BTreeMap<String, String>,
}

/// After how many receives a message is set aside, and where.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Redrive {
    pub target_arn: String,
    pub max_receives: u32,
}

/// The policy as it is written; the count comes as a number or as a string.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct RedrivePolicy {
    dead_letter_target_arn: String,
    max_receive_count: serde_json::Value,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            visibility_secs: 30,
            retention_secs: 345_600,
            delay_secs: 0,
            wait_secs: 0,
            message_bytes: limits::MESSAGE_BYTES,
            redrive: None,
            kept: BTreeMap::new(),
        }
    }
}

impl Settings {
    /// These settings with `attributes` changed.
    pub fn with(&self, attributes: &BTreeMap<String, String>) -> Result<Self, SqsError> {
        let mut settings = self.clone();
        for (name, value) in attributes {
            settings.set(name, value)?;
        }
        Ok(settings)
    }

    fn set(&mut self, name: &str, value: &str) -> Result<(), SqsError> {
        match name {
            "VisibilityTimeout" => self.visibility_secs = seconds(name, value, 0..=limits::VISIBILITY_SECS)?,
            "MessageRetentionPeriod" => self.retention_secs = seconds(name, value, limits::RETENTION_SECS)?,
            "DelaySeconds" => self.delay_secs = seconds(name, value, 0..=limits::DELAY_SECS)?,
            "ReceiveMessageWaitTimeSeconds" => self.wait_secs = seconds(name, value, 0..=limits::WAIT_SECS)?,
            "MaximumMessageSize" => {
                let bytes: usize = value.parse().map_err(|_| SqsError::invalid_attribute_value(name))?;
                if !(1024..=limits::MESSAGE_BYTES).contains(&bytes) {
                    return Err(SqsError::invalid_attribute_value(name));
                }
                self.message_bytes = bytes;
            }
            "RedrivePolicy" => self.redrive = redrive(value)?,
            "FifoQueue" | "ContentBasedDeduplication" => {
                return Err(SqsError::unsupported("Only standard queues are emulated."));
            }
            _ if KEPT.contains(&name) => {
                self.kept.insert(name.to_owned(), value.to_owned());
            }
            _ => return Err(SqsError::invalid_attribute_name(name)),
        }
        Ok(())
    }

    /// The settings as the API shows them.
    pub fn shown(&self) -> BTreeMap<String, String> {
        let mut shown = self.kept.clone();
        let mut show = |name: &str, value: String| shown.insert(name.to_owned(), value);
        show("VisibilityTimeout", self.visibility_secs.to_string());
        show("MessageRetentionPeriod", self.retention_secs.to_string());
        show("DelaySeconds", self.delay_secs.to_string());
        show("ReceiveMessageWaitTimeSeconds", self.wait_secs.to_string());
        show("MaximumMessageSize", self.message_bytes.to_string());
        if let Some(redrive) = &self.redrive {
            let policy = serde_json::json!({
                "deadLetterTargetArn": redrive.target_arn,
                "maxReceiveCount": redrive.max_receives,
            });
            show("RedrivePolicy", policy.to_string());
        }
        shown
    }
}

fn seconds(name: &str, value: &str, range: std::ops::RangeInclusive<i64>) -> Result<i64, SqsError> {
    let seconds = value.parse().ok().filter(|seconds| range.contains(seconds));
    seconds.ok_or_else(|| SqsError::invalid_attribute_value(name))
}

fn redrive(value: &str) -> Result<Option<Redrive>, SqsError> {
    let invalid = || SqsError::invalid_attribute_value("RedrivePolicy");
    if value.is_empty() {
        return Ok(None);
    }
    let policy: RedrivePolicy = serde_json::from_str(value).map_err(|_| invalid())?;
    let count = match &policy.max_receive_count {
        serde_json::Value::String(text) => text.parse().ok(),
        number => number.as_u64().and_then(|count| u32::try_from(count).ok()),
    };
    let max_receives = count.filter(|count| limits::RECEIVE_COUNT.contains(count)).ok_or_else(invalid)?;
    Ok(Some(Redrive { target_arn: policy.dead_letter_target_arn, max_receives }))
}
