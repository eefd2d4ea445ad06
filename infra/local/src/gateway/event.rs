//! A request as the function sees it: API Gateway's payload format 2.0.
//!
//! Built as API Gateway builds it, the surprising parts included:
//! - `rawPath` is percent-*decoded* and ends before a decoded `?`; `rawQueryString` stays as it was sent;
//! - header names are in lower case, repeated headers joined by commas; the `cookie` header moves to `cookies`;
//! - a repeated query parameter is joined by commas, in `queryStringParameters` only;
//! - the body is text only for `text/*`, `application/json`, `application/xml` and `application/javascript`: everything else,
//!   forms and requests without a content type included, comes in base64;
//! - fields that have no value (`cookies`, `queryStringParameters`, `pathParameters`, `authorizer`, `body`) are left out.
//!
//! Different on purpose: `x-forwarded-proto` says `http`, because that is what it was.

use std::collections::BTreeMap;
use std::net::IpAddr;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use http::header::{self, HeaderMap, HeaderName};
use jiff::Timestamp;
use jiff::tz::TimeZone;
use percent_encoding::percent_decode_str;
use serde_json::{Map, Value, json};

use super::PathParameters;
use super::identity::{Identity, RequestId};

/// Everything an event is made of.
#[derive(Debug)]
pub struct Incoming<'r> {
    /// The request's line and headers.
    pub parts: &'r http::request::Parts,
    /// Its body, empty when it had none.
    pub body: &'r Bytes,
    /// The path, decoded by [`decoded_path`].
    pub path: &'r str,
    /// Where the request came from.
    pub source: IpAddr,
    /// The number that the request gets.
    pub id: &'r RequestId,
    /// When it came.
    pub time: Timestamp,
    /// The chosen route's key, as text.
    pub route_key: &'r str,
    /// The chosen route's path variables.
    pub path_parameters: PathParameters,
    /// What the JWT authorizer found, `{"claims": …, "scopes": …}`.
    pub jwt: Option<Value>,
}

/// The path as API Gateway sees it: percent-decoded, cut at a decoded question mark. `None` when it is not UTF-8.
pub fn decoded_path(raw: &str) -> Option<String> {
    let decoded = percent_decode_str(raw).decode_utf8().ok()?;
    Some(decoded.split('?').next().unwrap_or_default().to_owned())
}

/// The event for the function.
pub fn payload(identity: &Identity, request: &Incoming<'_>) -> Value {
    let query = request.parts.uri.query().unwrap_or_default();
    let mut event = Map::new();
    event.insert("version".to_owned(), json!("2.0"));
    event.insert("routeKey".to_owned(), json!(request.route_key));
    event.insert("rawPath".to_owned(), json!(request.path));
    event.insert("rawQueryString".to_owned(), json!(query));
    insert_unless_empty(&mut event, "cookies", cookies(&request.parts.headers));
    event.insert("headers".to_owned(), json!(headers(identity, request)));
    insert_unless_empty(&mut event, "queryStringParameters", query_parameters(query));
    event.insert("requestContext".to_owned(), context(identity, request));
    insert_unless_empty(&mut event, "pathParameters", &request.path_parameters);
    insert_body(&mut event, &request.parts.headers, request.body);
    Value::Object(event)
}

fn insert_unless_empty(event: &mut Map<String, Value>, name: &str, value: impl serde::Serialize) {
    let value = json!(value);
    if !matches!(&value, Value::Array(list) if list.is_empty()) && !matches!(&value, Value::Object(map) if map.is_empty()) {
        event.insert(name.to_owned(), value);
    }
}

fn insert_body(event: &mut Map<String, Value>, headers: &HeaderMap, body: &Bytes) {
    let text = is_text(headers).then(|| std::str::from_utf8(body).ok()).flatten();
    let encoded = !body.is_empty() && text.is_none();
    if !body.is_empty() {
        event.insert("body".to_owned(), json!(text.map_or_else(|| STANDARD.encode(body), str::to_owned)));
    }
    event.insert("isBase64Encoded".to_owned(), json!(encoded));
}

/// The split was found by trial on the real service; the documentation says only "binary".
fn is_text(headers: &HeaderMap) -> bool {
    let value = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let media_type = value.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    media_type.starts_with("text/")
        || matches!(media_type.as_str(), "application/json" | "application/xml" | "application/javascript")
}

fn cookies(headers: &HeaderMap) -> Vec<String> {
    let lines = headers.get_all(header::COOKIE).into_iter();
    let text: Vec<String> = lines.map(|line| String::from_utf8_lossy(line.as_bytes()).into_owned()).collect();
    let cookies = text.iter().flat_map(|line| line.split(';')).map(str::trim);
    cookies.filter(|cookie| !cookie.is_empty()).map(str::to_owned).collect()
}

fn headers(identity: &Identity, request: &Incoming<'_>) -> BTreeMap<String, String> {
    let mut joined = BTreeMap::<String, String>::new();
    for (name, value) in &request.parts.headers {
        if name == header::COOKIE || is_hop_by_hop(name) {
            continue;
        }
        let value = String::from_utf8_lossy(value.as_bytes());
        let line = joined.entry(name.as_str().to_owned()).or_default();
        if !line.is_empty() {
            line.push(',');
        }
        line.push_str(&value);
    }
    joined.insert("content-length".to_owned(), request.body.len().to_string());
    joined.insert("x-amzn-trace-id".to_owned(), request.id.trace(request.time));
    joined.insert("x-forwarded-port".to_owned(), identity.port.to_string());
    joined.insert("x-forwarded-proto".to_owned(), "http".to_owned());
    let source = request.source.to_string();
    let forwarded = joined.entry("x-forwarded-for".to_owned()).or_default();
    *forwarded = if forwarded.is_empty() { source } else { format!("{forwarded}, {source}") };
    joined
}

fn is_hop_by_hop(name: &HeaderName) -> bool {
    [header::CONNECTION, header::TRANSFER_ENCODING, header::UPGRADE, header::TE, header::TRAILER].contains(name)
}

fn query_parameters(query: &str) -> BTreeMap<String, String> {
    let mut joined = BTreeMap::<String, String>::new();
    for (name, value) in url::form_urlencoded::parse(query.as_bytes()) {
        joined
            .entry(name.into_owned())
            .and_modify(|values| {
                values.push(',');
                values.push_str(&value);
            })
            .or_insert_with(|| value.clone().into_owned());
    }
    joined
}

fn context(identity: &Identity, request: &Incoming<'_>) -> Value {
    let header = |name| request.parts.headers.get(name).map(|value| String::from_utf8_lossy(value.as_bytes()));
    let host = header(header::HOST).unwrap_or_default();
    let domain = host.rsplit_once(':').map_or(&*host, |(domain, _)| domain);
    let mut context = json!({
        "accountId": identity.account,
        "apiId": identity.api,
        "domainName": domain,
        "domainPrefix": domain.split('.').next(),
        "http": {
            "method": request.parts.method.as_str(),
            "path": request.path,
            "protocol": format!("{:?}", request.parts.version),
            "sourceIp": request.source.to_string(),
            "userAgent": header(header::USER_AGENT).unwrap_or_default(),
        },
        "requestId": request.id.as_str(),
        "routeKey": request.route_key,
        "stage": "$default",
        "time": common_log_time(request.time),
        "timeEpoch": request.time.as_millisecond(),
    });
    if let Some(jwt) = &request.jwt {
        context["authorizer"] = json!({ "jwt": jwt });
    }
    context
}

fn common_log_time(time: Timestamp) -> String {
    time.to_zoned_datetime(TimeZone::UTC).strftime("%d/%b/%Y:%H:%M:%S %z").to_string()
}
