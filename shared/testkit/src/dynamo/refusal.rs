//! Why a call was refused: the database's errors, and the two that only arise between calls in flight.

use dynoxide::DynoxideError;
use serde_json::json;

use crate::wire::Reply;

/// What DynamoDB says of an item in a transaction.
const ONGOING: &str = "Transaction is ongoing for the item";

const NAMESPACE: &str = "com.amazonaws.dynamodb.v20120810#";

#[derive(Debug)]
pub(super) enum Refusal {
    Database(DynoxideError),
    /// A plain write met a transaction in flight.
    Conflict,
    /// A transaction met other writes in flight, at the actions that are marked.
    Cancelled(Vec<bool>),
    /// A transaction met itself in flight.
    InProgress,
}

impl From<DynoxideError> for Refusal {
    fn from(error: DynoxideError) -> Self {
        Self::Database(error)
    }
}

impl Refusal {
    /// The error's name without its namespace.
    pub fn name(&self) -> &str {
        match self {
            Self::Database(error) => error.error_type().rsplit('#').next().unwrap_or_default(),
            Self::Conflict => "TransactionConflictException",
            Self::Cancelled(_) => "TransactionCanceledException",
            Self::InProgress => "TransactionInProgressException",
        }
    }

    pub fn reply(&self) -> Reply {
        match self {
            Self::Database(error) => Reply { status: error.status_code(), query_error: None, body: error.to_json().into() },
            Self::Conflict => Reply::error(400, &format!("{NAMESPACE}{}", self.name()), ONGOING),
            Self::Cancelled(taken) => cancelled(taken),
            Self::InProgress => Reply::error(
                400,
                &format!("{NAMESPACE}{}", self.name()),
                "The transaction with the given request token is already in progress.",
            ),
        }
    }
}

/// A cancelled transaction with a conflict at each action that is marked.
fn cancelled(taken: &[bool]) -> Reply {
    let code = |taken: &bool| if *taken { "TransactionConflict" } else { "None" };
    let codes: Vec<&str> = taken.iter().map(code).collect();
    let reason = |taken: &bool| match taken {
        true => json!({ "Code": code(taken), "Message": ONGOING }),
        false => json!({ "Code": code(taken) }),
    };
    let body = json!({
        "__type": format!("{NAMESPACE}TransactionCanceledException"),
        "Message": format!(
            "Transaction cancelled, please refer cancellation reasons for specific reasons [{}]",
            codes.join(", ")
        ),
        "CancellationReasons": taken.iter().map(reason).collect::<Vec<_>>(),
    });
    Reply { status: 400, query_error: None, body: body.to_string().into() }
}
