//! Errors in Moyasar's form: `{"type", "message", "errors"}`.
//!
//! The vendor's pages disagree on the names of types (`invalid_request_error`, `invalid_request`,
//! `validation_error`). These are the ones its sandbox is reported to answer with; a client should
//! go by the HTTP status alone.

use serde::Serialize;
use serde_json::{Map, Value};

/// A refusal, as it goes over the wire.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct ApiError {
    #[serde(skip)]
    pub(crate) status: u16,
    #[serde(rename = "type")]
    pub(crate) kind: &'static str,
    pub(crate) message: String,
    pub(crate) errors: Option<Map<String, Value>>,
}

impl ApiError {
    fn new(status: u16, kind: &'static str, message: impl Into<String>) -> Self {
        Self { status, kind, message: message.into(), errors: None }
    }

    /// 401: no key, or not ours.
    pub(crate) fn unauthorized() -> Self {
        Self::new(401, "authentication_error", "Invalid authorization credentials")
    }

    /// 403: a publishable key where the secret one is due.
    pub(crate) fn forbidden() -> Self {
        Self::new(403, "api_error", "User not authorized")
    }

    /// 404: nothing has this id, or no such path.
    pub(crate) fn not_found() -> Self {
        Self::new(404, "record_not_found", "Object not found")
    }

    /// 400: fields are missing or wrong; `errors` maps each field to what is wrong with it.
    pub(crate) fn invalid(errors: Map<String, Value>) -> Self {
        Self { errors: Some(errors), ..Self::new(400, "validation_error", "Validation Failed") }
    }

    /// 400: one field is wrong.
    pub(crate) fn field(name: &str, problem: &str) -> Self {
        let mut errors = Map::new();
        errors.insert(name.to_owned(), Value::from(vec![problem]));
        Self::invalid(errors)
    }

    /// 400: the object's state does not allow it.
    pub(crate) fn refused(message: impl Into<String>) -> Self {
        Self::new(400, "invalid_request_error", message)
    }

    /// 429.
    pub(crate) fn throttled() -> Self {
        Self::new(429, "rate_limit_error", "Too many requests hit the API too quickly")
    }

    /// 500, before anything was done.
    pub(crate) fn broken() -> Self {
        Self::new(500, "api_error", "We had a problem with our server. Try again later.")
    }

    /// 503.
    pub(crate) fn offline() -> Self {
        Self::new(503, "api_error", "We are temporarily offline for maintenance. Please try again later.")
    }
}
