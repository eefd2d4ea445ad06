//! What the function said, as an HTTP answer: API Gateway's response format 2.0.
//!
//! An object with a `statusCode` is taken at its word; anything else is a 200 whose body is that JSON (a string is the body
//! as it stands). What does not fit the format is the caller's 500, never a guess. Headers about the connection are
//! left to the server.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use http::header::{self, HeaderName, HeaderValue};
use http::{HeaderMap, Response, StatusCode};
use serde_json::{Map, Value, json};

/// The content type of an answer that has a `statusCode` and names none.
const DEFAULT_CONTENT_TYPE: HeaderValue = HeaderValue::from_static("text/plain;charset=UTF-8");
const JSON: HeaderValue = HeaderValue::from_static("application/json");

/// What in the function's answer does not fit response format 2.0.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the function's answer does not fit: {0}")]
pub struct Malformed(&'static str);

/// An answer of API Gateway's own: `{"message": …}`.
pub fn own(status: StatusCode, message: &str) -> Response<Bytes> {
    let mut response = Response::new(Bytes::from(json!({ "message": message }).to_string()));
    *response.status_mut() = status;
    response.headers_mut().insert(header::CONTENT_TYPE, JSON);
    response
}

/// The HTTP answer for what a function said.
pub fn from_function(said: Value) -> Result<Response<Bytes>, Malformed> {
    match said {
        Value::Object(mut answer) => match answer.remove("statusCode") {
            Some(status) => structured(&status, answer),
            None => Ok(inferred(Value::Object(answer))),
        },
        other => Ok(inferred(other)),
    }
}

fn inferred(said: Value) -> Response<Bytes> {
    let body = match said {
        Value::String(text) => text,
        other => other.to_string(),
    };
    let mut response = Response::new(Bytes::from(body));
    response.headers_mut().insert(header::CONTENT_TYPE, JSON);
    response
}

fn structured(status: &Value, mut answer: Map<String, Value>) -> Result<Response<Bytes>, Malformed> {
    let mut headers = HeaderMap::new();
    add_headers(&mut headers, answer.remove("headers"))?;
    add_cookies(&mut headers, answer.remove("cookies"))?;
    headers.entry(header::CONTENT_TYPE).or_insert(DEFAULT_CONTENT_TYPE);
    let encoded = match answer.remove("isBase64Encoded") {
        None | Some(Value::Null) => false,
        Some(Value::Bool(encoded)) => encoded,
        Some(_) => return Err(Malformed("isBase64Encoded is no truth value")),
    };
    let mut response = Response::new(body(answer.remove("body"), encoded)?);
    *response.status_mut() = self::status(status)?;
    *response.headers_mut() = headers;
    Ok(response)
}

fn status(value: &Value) -> Result<StatusCode, Malformed> {
    let code = value.as_u64().and_then(|code| u16::try_from(code).ok()).filter(|code| (100..600).contains(code));
    code.and_then(|code| StatusCode::from_u16(code).ok()).ok_or(Malformed("statusCode is no status"))
}

fn body(value: Option<Value>, encoded: bool) -> Result<Bytes, Malformed> {
    match value {
        None | Some(Value::Null) => Ok(Bytes::new()),
        Some(Value::String(text)) if encoded => {
            STANDARD.decode(text).map(Bytes::from).map_err(|_| Malformed("the body is not base64"))
        }
        Some(Value::String(text)) => Ok(Bytes::from(text)),
        Some(_) => Err(Malformed("the body is no text")),
    }
}

fn add_headers(headers: &mut HeaderMap, value: Option<Value>) -> Result<(), Malformed> {
    let lines = match value {
        None | Some(Value::Null) => return Ok(()),
        Some(Value::Object(lines)) => lines,
        Some(_) => return Err(Malformed("headers is no object")),
    };
    for (name, value) in lines {
        let text = match value {
            Value::String(text) => text,
            Value::Number(_) | Value::Bool(_) => value.to_string(),
            _ => return Err(Malformed("a header's value is no text")),
        };
        let name = name.parse::<HeaderName>().map_err(|_| Malformed("a header's name is not allowed"))?;
        if !is_for_the_server(&name) {
            headers.insert(name, line(&text)?);
        }
    }
    Ok(())
}

fn add_cookies(headers: &mut HeaderMap, value: Option<Value>) -> Result<(), Malformed> {
    let cookies = match value {
        None | Some(Value::Null) => return Ok(()),
        Some(Value::Array(cookies)) => cookies,
        Some(_) => return Err(Malformed("cookies is no list")),
    };
    for cookie in cookies {
        let text = cookie.as_str().ok_or(Malformed("a cookie is no text"))?;
        headers.append(header::SET_COOKIE, line(text)?);
    }
    Ok(())
}

fn line(text: &str) -> Result<HeaderValue, Malformed> {
    HeaderValue::from_str(text).map_err(|_| Malformed("a header's value has characters that are not allowed"))
}

fn is_for_the_server(name: &HeaderName) -> bool {
    [header::CONTENT_LENGTH, header::CONNECTION, header::TRANSFER_ENCODING, header::UPGRADE, header::DATE].contains(name)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn shown(said: Value) -> (u16, Vec<String>, String) {
        let (parts, body) = from_function(said).unwrap().into_parts();
        let line = |(name, value): (&HeaderName, &HeaderValue)| format!("{name}: {}", value.to_str().unwrap());
        (parts.status.as_u16(), parts.headers.iter().map(line).collect(), String::from_utf8(body.to_vec()).unwrap())
    }

    #[test]
    fn a_full_answer_is_taken_at_its_word() {
        let said = json!({
            "statusCode": 201, "headers": {"Content-Type": "application/json", "X-N": 7, "connection": "close"},
            "cookies": ["a=1; Secure", "b=2"], "body": "eyJhIjoxfQ==", "isBase64Encoded": true,
        });
        let expected = ["content-type: application/json", "x-n: 7", "set-cookie: a=1; Secure", "set-cookie: b=2"];
        assert_eq!(shown(said), (201, expected.map(str::to_owned).to_vec(), r#"{"a":1}"#.to_owned()));
    }

    #[test]
    fn without_a_status_the_json_is_the_body() {
        let json = vec!["content-type: application/json".to_owned()];
        assert_eq!(shown(json!({"message": "hello"})), (200, json.clone(), r#"{"message":"hello"}"#.to_owned()));
        assert_eq!(shown(json!("Hello from Lambda!")), (200, json.clone(), "Hello from Lambda!".to_owned()));
        assert_eq!(shown(json!([1, 2])), (200, json.clone(), "[1,2]".to_owned()));
    }

    #[test]
    fn a_bare_status_has_an_empty_text_body() {
        let (status, headers, body) = shown(json!({"statusCode": 204, "headers": null, "body": null}));
        assert_eq!((status, body.as_str()), (204, ""));
        assert_eq!(headers, ["content-type: text/plain;charset=UTF-8"]);
    }

    #[test]
    fn what_does_not_fit_is_refused() {
        for said in [
            json!({"statusCode": "ok"}),
            json!({"statusCode": 99}),
            json!({"statusCode": 1000}),
            json!({"statusCode": 200, "body": {"a": 1}}),
            json!({"statusCode": 200, "body": "%%%", "isBase64Encoded": true}),
            json!({"statusCode": 200, "headers": ["a"]}),
            json!({"statusCode": 200, "headers": {"a": ["b"]}}),
            json!({"statusCode": 200, "headers": {"a": "b\r\nc: d"}}),
            json!({"statusCode": 200, "headers": {"a b": "c"}}),
            json!({"statusCode": 200, "cookies": "a=1"}),
        ] {
            assert!(from_function(said.clone()).is_err(), "{said}");
        }
    }
}
