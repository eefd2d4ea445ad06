//! SQS's limits, each as the service documents it (quotas of standard queues and the reference of each call).

use super::error::SqsError;

/// Entries in a batch, and messages in one receive.
pub const BATCH_ENTRIES: usize = 10;
/// Bytes of a message with its attributes, and of a batch in total: 1 MiB.
pub const MESSAGE_BYTES: usize = 1_048_576;
/// Seconds a message may be delayed.
pub const DELAY_SECS: i64 = 900;
/// Seconds a message may stay invisible after one receive: 12 hours.
pub const VISIBILITY_SECS: i64 = 43_200;
/// Seconds a receive may wait.
pub const WAIT_SECS: i64 = 20;
/// Seconds a message is kept: from one minute to 14 days.
pub const RETENTION_SECS: std::ops::RangeInclusive<i64> = 60..=1_209_600;
/// Messages of a standard queue in flight.
pub const IN_FLIGHT: usize = 120_000;
/// Attributes of a message.
pub const ATTRIBUTES: usize = 10;
/// Characters of a queue's name and of the id of a batch entry.
pub const NAME_CHARS: usize = 80;
/// Receives after which a message may be set aside.
pub const RECEIVE_COUNT: std::ops::RangeInclusive<u32> = 1..=1000;
/// Seconds between two purges.
pub const PURGE_SECS: i64 = 60;
/// Bytes that are billed as one request.
pub const BILLED_CHUNK_BYTES: usize = 65_536;

/// Whether SQS takes every character: the XML 1.0 set.
pub(super) fn check_characters(text: &str) -> Result<(), SqsError> {
    let allowed = |c: char| matches!(c, '\t' | '\n' | '\r' | ' '..='\u{d7ff}' | '\u{e000}'..='\u{fffd}' | '\u{10000}'..);
    match text.chars().all(allowed) {
        true => Ok(()),
        false => Err(SqsError::invalid_contents()),
    }
}

/// Whether `seconds` of `what` are within `0..=limit`.
pub(super) fn check_seconds(what: &str, seconds: i64, limit: i64) -> Result<(), SqsError> {
    match (0..=limit).contains(&seconds) {
        true => Ok(()),
        false => Err(SqsError::invalid_value(&format!(
            "Value {seconds} for parameter {what} is invalid. Reason: Must be between 0 and {limit}."
        ))),
    }
}

/// Whether a name holds only letters, digits, hyphens and underscores, and is not too long.
pub(super) fn is_name(text: &str) -> bool {
    let allowed = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
    (1..=NAME_CHARS).contains(&text.len()) && text.chars().all(allowed)
}
