//! Validators (RFC 9110, section 8.8): what clients have already, and what operators have seen.
//!
//! The tag of one thing is `"<revision>.<digest>"`: the digest changes with every gift, which makes 304 right; `If-Match` compares the
//! revision alone, because a gift that came in between is no reason to refuse an operator's change.

use domain::hash::Hash;
use http::header::{CONTENT_LANGUAGE, ETAG};

use super::{Answer, Call, Problem};

/// Hex digits of a digest in a tag: 64 bits tell the few forms of one answer apart.
const DIGEST_CHARS: usize = 16;

/// The content type of our answers.
pub const JSON: &str = "application/json; charset=utf-8";

/// The tag of a text.
pub fn of(text: &str) -> String {
    format!("\"{}\"", digest(text))
}

/// The tag of a thing with a revision, written as this text.
pub fn revised(revision: u64, text: &str) -> String {
    format!("\"{revision}.{}\"", digest(text))
}

fn digest(text: &str) -> String {
    let mut hex = Hash::of(&[text.as_bytes()]).to_string();
    hex.truncate(DIGEST_CHARS);
    hex
}

/// 200 with the body, or 304 where the caller has it already; either may be kept for that many seconds.
pub fn answer(call: &Call, tag: &str, body: String, seconds: u32) -> Answer {
    let answer = match call.header("if-none-match") {
        Some(known) if tags(known).any(|known| known == "*" || known == tag) => Answer::empty(304),
        _ => Answer::text(200, JSON, body).with_header(CONTENT_LANGUAGE, "ar, en"),
    };
    answer.cached(seconds).with_header(ETAG, tag)
}

/// Holds a change against `If-Match` and `If-None-Match: *`, where the caller sent them. `current` is the revision that stands.
///
/// # Errors
/// 412 when the thing is not as the caller has seen it.
pub fn require(call: &Call, current: Option<u64>) -> Result<(), Problem> {
    let seen = |tag: &str| tag == "*" || revision(tag) == current;
    let matches = call.header("if-match").is_none_or(|known| current.is_some() && tags(known).any(seen));
    let is_new = call.header("if-none-match").is_none_or(|known| current.is_none() || tags(known).all(|tag| tag != "*"));
    if matches && is_new { Ok(()) } else { Err(not_as_seen()) }
}

fn not_as_seen() -> Problem {
    let arabic = "تغيّر منذ أن اطّلعت عليه";
    Problem::new(412, "precondition_failed", arabic, "It has changed since you have seen it")
}

/// The tags of a header; a weak one is compared as a strong one, as section 13.1.2 has it.
fn tags(header: &str) -> impl Iterator<Item = &str> {
    header.split(',').map(|tag| tag.trim().trim_start_matches("W/"))
}

fn revision(tag: &str) -> Option<u64> {
    tag.strip_prefix('"')?.split('.').next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::{HttpRequest, HttpResponse};

    fn call(name: &'static str, value: &str) -> Call {
        let mut request = HttpRequest::default();
        request.headers.insert(name, value.parse().expect("a header value"));
        Call::new(request)
    }

    #[test]
    fn a_change_is_held_against_what_the_operator_has_seen() {
        let table = [
            ("x-none", "", Some(3), true),
            ("if-match", "\"3.0011223344556677\"", Some(3), true),
            ("if-match", "\"3.0011223344556677\"", Some(4), false),
            ("if-match", "\"1.aa\", W/\"4.bb\"", Some(4), true),
            ("if-match", "\"3.0011223344556677\"", None, false),
            ("if-match", "*", Some(1), true),
            ("if-match", "*", None, false),
            ("if-match", "3", Some(3), false),
            ("if-none-match", "*", None, true),
            ("if-none-match", "*", Some(1), false),
            ("if-none-match", "\"3.aa\"", Some(3), true),
        ];
        for (name, value, current, passes) in table {
            let result = require(&call(name, value), current);
            assert_eq!(result.is_ok(), passes, "{name}: {value} against {current:?}");
        }
    }

    #[test]
    fn what_the_caller_has_is_not_sent_again() {
        let tag = revised(2, "body");
        for (known, status) in [(tag.as_str(), 304), ("*", 304), ("\"2.0\"", 200), ("", 200)] {
            let response: HttpResponse = answer(&call("if-none-match", known), &tag, "body".to_owned(), 5).into();
            assert_eq!(response.status_code, status, "{known}");
        }
    }
}
