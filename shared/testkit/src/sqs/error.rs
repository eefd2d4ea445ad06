//! SQS's errors under both their names: the JSON protocol's, and the older one that SDKs still report.

use crate::wire::Reply;

/// A call, or an entry of a batch, was refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct SqsError {
    /// The shape in the JSON protocol.
    pub shape: &'static str,
    /// The code of the older query protocol.
    pub code: &'static str,
    pub message: String,
}

impl SqsError {
    fn new(shape: &'static str, code: &'static str, message: impl Into<String>) -> Self {
        Self { shape, code, message: message.into() }
    }

    pub fn reply(&self) -> Reply {
        let mut reply = Reply::error(400, &format!("com.amazonaws.sqs#{}", self.shape), &self.message);
        reply.query_error = Some(format!("{};Sender", self.code));
        reply
    }

    pub fn no_queue() -> Self {
        Self::new("QueueDoesNotExist", "AWS.SimpleQueueService.NonExistentQueue", "The specified queue does not exist.")
    }

    pub fn no_resource() -> Self {
        let message = "The resource that you specified for the SourceArn parameter doesn't exist.";
        Self::new("ResourceNotFoundException", "ResourceNotFoundException", message)
    }

    pub fn queue_exists(name: &str) -> Self {
        let message = format!("A queue already exists with the name {name} and a different value for a given attribute");
        Self::new("QueueNameExists", "QueueAlreadyExists", message)
    }

    pub fn invalid_value(message: &str) -> Self {
        Self::new("InvalidParameterValueException", "InvalidParameterValue", message)
    }

    pub fn missing(parameter: &str) -> Self {
        let message = format!("The request must contain the parameter {parameter}.");
        Self::new("MissingRequiredParameterException", "MissingParameter", message)
    }

    pub fn invalid_attribute_name(name: &str) -> Self {
        Self::new("InvalidAttributeName", "InvalidAttributeName", format!("Unknown Attribute {name}."))
    }

    pub fn invalid_attribute_value(name: &str) -> Self {
        let message = format!("Invalid value for the parameter {name}.");
        Self::new("InvalidAttributeValue", "InvalidAttributeValue", message)
    }

    pub fn invalid_contents() -> Self {
        Self::new(
            "InvalidMessageContents",
            "InvalidMessageContents",
            "Invalid characters found. Valid unicode characters are #x9 | #xA | #xD | #x20 to #xD7FF | #xE000 to #xFFFD | #x10000 to #x10FFFF",
        )
    }

    pub fn invalid_receipt(handle: &str) -> Self {
        let message = format!("The input receipt handle \"{handle}\" is not a valid receipt handle.");
        Self::new("ReceiptHandleIsInvalid", "ReceiptHandleIsInvalid", message)
    }

    pub fn not_in_flight() -> Self {
        Self::new("MessageNotInflight", "AWS.SimpleQueueService.MessageNotInflight", "The message is not in flight.")
    }

    pub fn over_limit() -> Self {
        Self::new("OverLimit", "OverLimit", "Too many messages in flight.")
    }

    pub fn purging() -> Self {
        Self::new(
            "PurgeQueueInProgress",
            "AWS.SimpleQueueService.PurgeQueueInProgress",
            "Only one PurgeQueue operation on a queue is allowed every 60 seconds.",
        )
    }

    pub fn empty_batch() -> Self {
        Self::new(
            "EmptyBatchRequest",
            "AWS.SimpleQueueService.EmptyBatchRequest",
            "There should be at least one entry in the request.",
        )
    }

    pub fn too_many_entries(count: usize) -> Self {
        let message = format!("Maximum number of entries per request are 10. You have sent {count}.");
        Self::new("TooManyEntriesInBatchRequest", "AWS.SimpleQueueService.TooManyEntriesInBatchRequest", message)
    }

    pub fn ids_not_distinct(id: &str) -> Self {
        let message = format!("Id {id} repeated.");
        Self::new("BatchEntryIdsNotDistinct", "AWS.SimpleQueueService.BatchEntryIdsNotDistinct", message)
    }

    pub fn invalid_entry_id() -> Self {
        Self::new(
            "InvalidBatchEntryId",
            "AWS.SimpleQueueService.InvalidBatchEntryId",
            "A batch entry id can only contain alphanumeric characters, hyphens and underscores. It can be at most 80 letters long.",
        )
    }

    pub fn batch_too_long(bytes: usize) -> Self {
        let message = format!(
            "Batch requests cannot be longer than {} bytes. You have sent {bytes} bytes.",
            super::limits::MESSAGE_BYTES
        );
        Self::new("BatchRequestTooLong", "AWS.SimpleQueueService.BatchRequestTooLong", message)
    }

    pub fn unsupported(what: &str) -> Self {
        Self::new("UnsupportedOperation", "AWS.SimpleQueueService.UnsupportedOperation", what)
    }

    pub fn unreadable(reason: &str) -> Self {
        Self::new("SerializationException", "SerializationException", reason)
    }
}
