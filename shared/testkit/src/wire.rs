//! What goes between a client and an emulator: whole requests and whole replies.
//!
//! Bodies are held in memory: the largest that any of the emulated services takes in one call is DynamoDB's 16 MB.

use bytes::Bytes;
use http::header::{CONTENT_TYPE, HeaderName, HeaderValue};
use serde_json::json;

/// A request with its body read.
pub type Request = http::Request<Bytes>;

/// A response with its body whole.
pub type Response = http::Response<Bytes>;

/// The media type of DynamoDB and SQS.
pub(crate) const JSON_1_0: &str = "application/x-amz-json-1.0";
/// The media type of KMS.
pub(crate) const JSON_1_1: &str = "application/x-amz-json-1.1";

/// An answer of a service that speaks JSON.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reply {
    /// HTTP status.
    pub status: u16,
    /// What SQS says in `x-amzn-query-error`, for errors whose older name differs.
    pub query_error: Option<String>,
    /// The JSON document.
    pub body: Bytes,
}

impl Reply {
    /// A success with `body`.
    pub fn ok(body: impl Into<Bytes>) -> Self {
        Self { status: 200, query_error: None, body: body.into() }
    }

    /// An error in the form that the SDKs read.
    pub fn error(status: u16, kind: &str, message: &str) -> Self {
        let body = json!({ "__type": kind, "message": message }).to_string();
        Self { status, query_error: None, body: body.into() }
    }

    /// The reply as an HTTP response of the given media type.
    pub fn into_response(self, media_type: &'static str) -> Response {
        let mut response = Response::new(self.body);
        *response.status_mut() = http::StatusCode::from_u16(self.status).unwrap_or(http::StatusCode::INTERNAL_SERVER_ERROR);
        let headers = response.headers_mut();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static(media_type));
        if let Some(error) = self.query_error.and_then(|error| HeaderValue::from_str(&error).ok()) {
            headers.insert(HeaderName::from_static("x-amzn-query-error"), error);
        }
        response
    }
}
