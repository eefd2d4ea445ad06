//! HTTP as API Gateway hands it over, and as we answer it.
//!
//! A handler takes a [`Call`] and gives an answer or a [`Problem`]; both become an answer of API Gateway's payload 2.0. Problems are RFC
//! 9457 documents with a stable `code`, a sentence in the caller's language, and what is wrong with each part of the request.

mod call;
mod cursor;
pub mod etag;
mod faults;
mod key;
mod parameters;
mod problem;
mod route;
mod source;

pub use call::{Call, MOST_BODY_BYTES};
pub use faults::{Faults, unusable};
pub use key::{FEWEST_DISTINCT, LONGEST_KEY, SHORTEST_KEY, idempotency_key};
pub use parameters::{MOST_LIMIT, Page, Parameters, USUAL_LIMIT};
pub use problem::{Fault, Problem, chain};
pub use route::{Role, Route};

use aws_lambda_events::encodings::Body;
use aws_lambda_events::event::apigw::ApiGatewayV2httpResponse;
pub use http::HeaderName;
use http::{HeaderMap, HeaderValue};

/// What an HTTP function takes.
pub type HttpRequest = aws_lambda_events::event::apigw::ApiGatewayV2httpRequest;
/// What an HTTP function gives.
pub type HttpResponse = ApiGatewayV2httpResponse;

/// An answer of JSON.
#[derive(Debug, Clone)]
pub struct Answer {
    status: u16,
    headers: HeaderMap,
    body: String,
}

impl Answer {
    /// An answer with this status and body. Not to be kept by anyone on the way, unless [`Answer::cached`] says so.
    pub fn json(status: u16, body: &impl serde::Serialize) -> Answer {
        let body = serde_json::to_string(body).expect("an answer of ours can be written as JSON");
        Answer::text(status, "application/json; charset=utf-8", body)
    }

    /// An answer whose body is written already.
    pub fn text(status: u16, content_type: &'static str, body: String) -> Answer {
        let mut headers = HeaderMap::new();
        headers.insert(http::header::CONTENT_TYPE, HeaderValue::from_static(content_type));
        headers.insert(http::header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
        headers.insert(http::header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
        Answer { status, headers, body }
    }

    /// An answer without a body.
    pub fn empty(status: u16) -> Answer {
        let mut answer = Answer::text(status, "application/json; charset=utf-8", String::new());
        answer.headers.remove(http::header::CONTENT_TYPE);
        answer
    }

    /// The same, to be kept by anyone for that many seconds.
    pub fn cached(self, seconds: u32) -> Answer {
        self.with_header(http::header::CACHE_CONTROL, &format!("public, max-age={seconds}"))
    }

    /// The same with a header more; a value that is no header value is left out.
    pub fn with_header(mut self, name: HeaderName, value: &str) -> Answer {
        if let Ok(value) = HeaderValue::from_str(value) {
            self.headers.insert(name, value);
        }
        self
    }
}

impl From<Answer> for HttpResponse {
    fn from(answer: Answer) -> HttpResponse {
        let mut response = HttpResponse::default();
        response.status_code = i64::from(answer.status);
        response.headers = answer.headers;
        response.body = Some(Body::Text(answer.body));
        response
    }
}

/// What a handler decided, as API Gateway takes it. A problem of ours (5xx) is logged with its whole chain; what the caller did wrong is
/// the caller's business and is only counted by the gateway.
pub fn respond(call: &Call, result: Result<Answer, Problem>) -> HttpResponse {
    match result {
        Ok(answer) => answer.into(),
        Err(problem) => {
            problem.log(call);
            problem.answer(call.language()).into()
        }
    }
}
