//! What can go wrong with the table, as answers to the questions that callers ask.

use std::error::Error;
use std::fmt::Debug;

use aws_sdk_dynamodb::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_dynamodb::operation::put_item::PutItemError;
use aws_sdk_dynamodb::operation::update_item::UpdateItemError;

use super::Item;

/// A call to the table failed.
#[derive(Debug, thiserror::Error)]
pub enum TableError {
    /// It may work in a moment: throttled, in conflict with another, or no answer. Whether it took effect is not known.
    #[error("the table is busy or did not answer")]
    Transient(#[source] Box<dyn Error + Send + Sync>),
    /// The table refuses the call as it is, and always will.
    #[error("the table refuses the call as invalid")]
    Invalid(#[source] Box<dyn Error + Send + Sync>),
    /// An item is not what it should be.
    #[error("an item cannot be read as {expected}")]
    Unreadable {
        /// The type.
        expected: &'static str,
        /// Why.
        source: Box<dyn Error + Send + Sync>,
    },
    /// A page of the journal is not what it should be.
    #[error("page {seq} of a chain cannot be read")]
    Page {
        /// The number under which it is kept.
        seq: u64,
        /// Why.
        source: Box<dyn Error + Send + Sync>,
    },
    /// Anything else: wrong permissions, a missing table.
    #[error("the table cannot be used")]
    Other(#[source] Box<dyn Error + Send + Sync>),
}

impl TableError {
    /// Whether the same call may work in a moment.
    pub const fn is_transient(&self) -> bool {
        matches!(self, TableError::Transient(_))
    }

    /// Whether the same call will be refused again.
    pub const fn is_invalid(&self) -> bool {
        matches!(self, TableError::Invalid(_))
    }
}

/// Codes of errors after which the same call may work.
const TRANSIENT: &[&str] = &[
    "InternalServerError",
    "InternalServerErrorException",
    "LimitExceededException",
    "ProvisionedThroughputExceededException",
    "RequestLimitExceeded",
    "ServiceUnavailable",
    "ThrottlingException",
    "TransactionConflictException",
    "TransactionInProgressException",
];

pub(super) fn classify<E, R>(error: SdkError<E, R>) -> TableError
where
    E: ProvideErrorMetadata + Error + Send + Sync + 'static,
    R: Debug + Send + Sync + 'static,
{
    let code = error.as_service_error().and_then(ProvideErrorMetadata::code);
    match code {
        Some(code) if TRANSIENT.contains(&code) => TableError::Transient(error.into()),
        Some("ValidationException" | "ItemCollectionSizeLimitExceededException") => TableError::Invalid(error.into()),
        Some(_) => TableError::Other(error.into()),
        // Not an answer of DynamoDB's: a broken connection, a time-out, an answer cut short.
        None => TableError::Transient(error.into()),
    }
}

/// The item that made a conditional put fail; any other failure is an error.
pub(super) fn old_item<R>(error: SdkError<PutItemError, R>) -> Result<Option<Item>, TableError>
where
    R: Debug + Send + Sync + 'static,
{
    match error {
        SdkError::ServiceError(failure) => match failure.into_err() {
            PutItemError::ConditionalCheckFailedException(failed) => Ok(failed.item),
            other => Err(classify_answer(other)),
        },
        other => Err(classify(other)),
    }
}

/// The same for an update.
pub(super) fn old_item_of_update<R>(error: SdkError<UpdateItemError, R>) -> Result<Option<Item>, TableError>
where
    R: Debug + Send + Sync + 'static,
{
    match error {
        SdkError::ServiceError(failure) => match failure.into_err() {
            UpdateItemError::ConditionalCheckFailedException(failed) => Ok(failed.item),
            other => Err(classify_answer(other)),
        },
        other => Err(classify(other)),
    }
}

fn classify_answer<E: ProvideErrorMetadata + Error + Send + Sync + 'static>(error: E) -> TableError {
    match error.code() {
        Some(code) if TRANSIENT.contains(&code) => TableError::Transient(error.into()),
        Some("ValidationException") => TableError::Invalid(error.into()),
        _ => TableError::Other(error.into()),
    }
}
