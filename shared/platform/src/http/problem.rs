//! What went wrong, told to two audiences: the caller gets a stable code and a sentence, the operator the whole chain.

use std::error::Error;

use domain::purpose::Language;
use http::header::{HeaderName, RETRY_AFTER, WWW_AUTHENTICATE};
use serde::Serialize;

use super::{Answer, Call};
use crate::config::ConfigError;
use crate::queue::QueueError;
use crate::table::TableError;

/// What is wrong with one part of a request.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Fault {
    /// Where in the body: a JSON pointer (RFC 6901), such as `/lines/0/amount`.
    pub pointer: String,
    /// A stable code.
    pub code: &'static str,
    /// A sentence in the caller's language.
    pub detail: String,
    /// What could still be given, in SAR, where that is what is wrong.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub remains: Option<String>,
}

/// A problem: an RFC 9457 document in the making.
#[derive(Debug)]
pub struct Problem(Box<Parts>);

/// Boxed, so that a result with a problem in it is no larger than one without.
#[derive(Debug)]
struct Parts {
    status: u16,
    code: &'static str,
    arabic: &'static str,
    english: &'static str,
    detail: Option<String>,
    faults: Vec<Fault>,
    headers: Vec<(HeaderName, String)>,
    cause: Option<Box<dyn Error + Send + Sync>>,
}

#[derive(Serialize)]
struct Document<'a> {
    r#type: String,
    title: &'a str,
    status: u16,
    code: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    detail: Option<&'a str>,
    #[serde(skip_serializing_if = "<[Fault]>::is_empty")]
    errors: &'a [Fault],
}

impl Problem {
    /// A problem with a stable code and a sentence in both languages.
    pub fn new(status: u16, code: &'static str, arabic: &'static str, english: &'static str) -> Problem {
        let (detail, faults, headers, cause) = (None, Vec::new(), Vec::new(), None);
        Problem(Box::new(Parts { status, code, arabic, english, detail, faults, headers, cause }))
    }

    /// 400: the request cannot be read; `detail` says where, and never repeats what was sent.
    pub fn malformed(detail: &str) -> Problem {
        Problem::new(400, "malformed", "لا يمكن قراءة الطلب", "The request cannot be read").with_detail(detail)
    }

    /// 413: larger than what is read.
    pub fn too_large(most: usize) -> Problem {
        Problem::new(413, "too_large", "الطلب أكبر من المسموح", "The request is too large")
            .with_detail(&format!("at most {most} bytes"))
    }

    /// 401: who calls is not known.
    pub fn unauthenticated() -> Problem {
        Problem::new(401, "unauthenticated", "يلزم تسجيل الدخول", "Sign in first").with_header(WWW_AUTHENTICATE, "Bearer")
    }

    /// 403: who calls may not.
    pub fn forbidden() -> Problem {
        Problem::new(403, "forbidden", "ليست لديك صلاحية", "You may not do this")
    }

    /// 404: there is no such thing, or it is not the caller's.
    pub fn not_found() -> Problem {
        Problem::new(404, "not_found", "غير موجود", "There is no such thing")
    }

    /// 422: readable, but something in it is wrong.
    pub fn invalid(faults: Vec<Fault>) -> Problem {
        Problem::new(422, "invalid", "في الطلب ما يحتاج إلى تصحيح", "Something in the request is wrong").with_faults(faults)
    }

    /// 429: too many attempts; so many seconds bring another.
    pub fn slow_down(seconds: u32) -> Problem {
        Problem::new(429, "slow_down", "محاولات كثيرة؛ نرجو الانتظار قليلًا", "Too many attempts, please wait a moment")
            .retry_after(seconds)
    }

    /// 503: try again in a moment; nothing was lost.
    pub fn try_again(cause: impl Into<Box<dyn Error + Send + Sync>>) -> Problem {
        Problem::new(503, "try_again", "نرجو المحاولة بعد لحظات", "One moment, please try again")
            .retry_after(2)
            .caused_by(cause)
    }

    /// 500: our own fault.
    pub fn ours(cause: impl Into<Box<dyn Error + Send + Sync>>) -> Problem {
        Problem::new(500, "internal", "حدث خطأ لدينا", "Something went wrong on our side").caused_by(cause)
    }

    /// The same with what is wrong with parts of the request.
    pub fn with_faults(mut self, faults: Vec<Fault>) -> Problem {
        self.0.faults = faults;
        self
    }

    /// The same with a detail.
    pub fn with_detail(mut self, detail: &str) -> Problem {
        self.0.detail = Some(detail.to_owned());
        self
    }

    /// The same with a header of the answer.
    pub fn with_header(mut self, name: HeaderName, value: &str) -> Problem {
        self.0.headers.push((name, value.to_owned()));
        self
    }

    /// The same with the time after which to try again.
    pub fn retry_after(self, seconds: u32) -> Problem {
        self.with_header(RETRY_AFTER, &seconds.to_string())
    }

    /// The same with its cause, for the operator only.
    pub fn caused_by(mut self, cause: impl Into<Box<dyn Error + Send + Sync>>) -> Problem {
        self.0.cause = Some(cause.into());
        self
    }

    /// The stable code.
    pub fn code(&self) -> &'static str {
        self.0.code
    }

    /// The status.
    pub fn status(&self) -> u16 {
        self.0.status
    }

    pub(super) fn answer(&self, language: Language) -> Answer {
        let title = match language {
            Language::Arabic => self.0.arabic,
            Language::English => self.0.english,
        };
        let document = Document {
            r#type: format!("urn:ihsan:problem:{}", self.0.code),
            title,
            status: self.0.status,
            code: self.0.code,
            detail: self.0.detail.as_deref(),
            errors: &self.0.faults,
        };
        let body = serde_json::to_string(&document).expect("a problem can be written as JSON");
        let answer = Answer::text(self.0.status, "application/problem+json; charset=utf-8", body);
        self.0.headers.iter().fold(answer, |answer, (name, value)| answer.with_header(name.clone(), value))
    }

    pub(super) fn log(&self, call: &Call) {
        if let Some(cause) = &self.0.cause {
            let chain = chain(cause.as_ref());
            tracing::error!(route = call.route(), request = call.id(), code = self.0.code, chain, "a call failed");
        }
    }
}

/// The texts of an error and all its causes.
pub fn chain(error: &(dyn Error + 'static)) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text = format!("{text}: {error}");
        cause = error.source();
    }
    text
}

impl From<TableError> for Problem {
    fn from(error: TableError) -> Problem {
        if error.is_transient() { Problem::try_again(error) } else { Problem::ours(error) }
    }
}

impl From<QueueError> for Problem {
    fn from(error: QueueError) -> Problem {
        Problem::try_again(error)
    }
}

impl From<ConfigError> for Problem {
    fn from(error: ConfigError) -> Problem {
        Problem::ours(error)
    }
}
