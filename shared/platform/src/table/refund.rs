//! Who is refunding a payment just now.
//!
//! A provider without an idempotency key for refunds would give back twice if two asked at the same time, each having seen that nothing was
//! given back yet. So whoever asks first writes down until when; another finds it and comes again later. The time is longer than any run, so
//! that one that crashed stands in nobody's way for good; what it did shows when the payment is fetched the next time.

use domain::moment::Moment;
use domain::payment::PaymentRef;

use super::error::classify;
use super::key::Key;
use super::{Table, TableError, number};

/// How long after its end such a note is cleaned away.
const KEPT_SECS: i64 = 24 * 3_600;

impl Table {
    /// Notes that a payment is being refunded from `now` until `until`, unless somebody else is at it. `false` when somebody is.
    ///
    /// # Errors
    /// When the table cannot be reached; whether it was noted is not known then.
    pub async fn begin_refund(&self, payment: &PaymentRef, now: Moment, until: Moment) -> Result<bool, TableError> {
        let call = self.client.update_item().table_name(&self.name).set_key(Some(Key::refund(payment).item()));
        let call = call
            .update_expression("SET busy_until = :until, #ttl = :ttl")
            .condition_expression("attribute_not_exists(busy_until) OR busy_until <= :now")
            .expression_attribute_names("#ttl", "ttl")
            .expression_attribute_values(":until", number(until.millis()))
            .expression_attribute_values(":now", number(now.millis()))
            .expression_attribute_values(":ttl", number(until.plus_seconds(KEPT_SECS).seconds()));
        match call.send().await {
            Ok(_) => Ok(true),
            Err(error) if error.as_service_error().is_some_and(|e| e.is_conditional_check_failed_exception()) => Ok(false),
            Err(error) => Err(classify(error)),
        }
    }

    /// Notes that the refund begun until `until` is over: its end is known. Nothing when somebody else is at it by now.
    ///
    /// # Errors
    /// When the table cannot be reached; the note ends by itself then.
    pub async fn end_refund(&self, payment: &PaymentRef, until: Moment) -> Result<(), TableError> {
        let call = self.client.update_item().table_name(&self.name).set_key(Some(Key::refund(payment).item()));
        let call = call
            .update_expression("REMOVE busy_until")
            .condition_expression("busy_until = :until")
            .expression_attribute_values(":until", number(until.millis()));
        match call.send().await {
            Ok(_) => Ok(()),
            Err(error) if error.as_service_error().is_some_and(|e| e.is_conditional_check_failed_exception()) => Ok(()),
            Err(error) => Err(classify(error)),
        }
    }
}
