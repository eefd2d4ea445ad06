//! Uploads by forms (POST Object): `s3s` takes them without a signature or with a store of keys of its own, and by the machine's clock. Here the policy and its signature are checked against the one key that the
//! emulators' clients sign with, and by the emulators' clock; what passes is put as any object is.
//!
//! Checked as S3 does: the signature over the policy; its end; that every field of the form is named by a condition and fits it; the bytes; and a SHA-256, where one is sent.
//! Bounds: the fields before the file, one file, no redirects.

use std::collections::BTreeMap;
use std::time::{Duration, SystemTime};

use aws_sigv4::sign::v4::{calculate_signature, generate_signing_key};
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use bytes::Bytes;
use http::header::CONTENT_TYPE;
use http::{Method, StatusCode};
use serde_json::Value;
use sha2::{Digest as _, Sha256};

use super::error;
use crate::cloud::{KEY_ID, REGION, SECRET_KEY};
use crate::wire::{Request, Response};

/// What may stand in a form beside what its policy names.
const FREE: [&str; 3] = ["x-amz-signature", "policy", "file"];

/// A form that was posted.
pub(super) struct Form {
    bucket: String,
    /// By their names in small letters.
    fields: BTreeMap<String, String>,
    file: Bytes,
}

/// An object that a form puts.
pub(super) struct Posted {
    pub(super) bucket: String,
    pub(super) key: String,
    pub(super) content_type: String,
    pub(super) body: Bytes,
}

/// Why a form is refused: status, S3's code and a sentence.
type Refused = (StatusCode, &'static str, &'static str);

/// Whether a request is an upload by a form.
pub(super) fn is_form(request: &Request) -> bool {
    let kind = request.headers().get(CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default();
    request.method() == Method::POST && kind.to_ascii_lowercase().starts_with("multipart/form-data")
}

/// What the form puts, if it may; S3's refusal otherwise.
pub(super) fn read(request: &Request, now_millis: i64) -> Result<Posted, Box<Response>> {
    let checked = Form::of(request).and_then(|form| form.check(now_millis));
    checked.map_err(|(status, code, why)| Box::new(error(status, code, why)))
}

const MALFORMED: Refused = (
    StatusCode::BAD_REQUEST,
    "MalformedPOSTRequest",
    "The body of your POST request is not well-formed multipart/form-data.",
);
const BAD_POLICY: Refused = (StatusCode::BAD_REQUEST, "InvalidPolicyDocument", "The policy is not one.");

const fn denied(why: &'static str) -> Refused {
    (StatusCode::FORBIDDEN, "AccessDenied", why)
}

impl Form {
    fn of(request: &Request) -> Result<Form, Refused> {
        let kind = request.headers().get(CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default();
        let boundary = kind.split_once("boundary=").map(|(_, boundary)| boundary.trim_matches('"')).ok_or(MALFORMED)?;
        let parting = format!("\r\n--{boundary}");
        let body = [b"\r\n", request.body().as_ref()].concat();
        let mut form =
            Form { bucket: request.uri().path().trim_matches('/').to_owned(), fields: BTreeMap::new(), file: Bytes::new() };
        let mut rest = after(&body, parting.as_bytes()).ok_or(MALFORMED)?;
        while let Some(part) = rest.strip_prefix(b"\r\n") {
            let end = find(part, parting.as_bytes()).ok_or(MALFORMED)?;
            let (head, content) = part[..end].split_at(find(&part[..end], b"\r\n\r\n").ok_or(MALFORMED)?);
            let content = &content[4..];
            let name = name_of(head).ok_or(MALFORMED)?;
            rest = &part[end + parting.len()..];
            if name == "file" {
                form.file = Bytes::copy_from_slice(content);
                return Ok(form);
            }
            let value = std::str::from_utf8(content).map_err(|_| MALFORMED)?;
            form.fields.insert(name, value.to_owned());
        }
        Err((StatusCode::BAD_REQUEST, "InvalidArgument", "POST requires exactly one file upload per request."))
    }

    fn field(&self, name: &str) -> &str {
        self.fields.get(name).map(String::as_str).unwrap_or_default()
    }

    fn check(self, now_millis: i64) -> Result<Posted, Refused> {
        self.is_signed()?;
        let policy = BASE64_STANDARD.decode(self.field("policy")).map_err(|_| BAD_POLICY)?;
        let policy: Value = serde_json::from_slice(&policy).map_err(|_| BAD_POLICY)?;
        let ends: domain::moment::Moment =
            policy["expiration"].as_str().and_then(|ends| ends.parse().ok()).ok_or(BAD_POLICY)?;
        if now_millis >= ends.millis() {
            return Err(denied("Invalid according to Policy: Policy expired."));
        }
        self.fits(policy["conditions"].as_array().ok_or(BAD_POLICY)?)?;
        let sent = self.field("x-amz-checksum-sha256");
        if !sent.is_empty() && sent != BASE64_STANDARD.encode(Sha256::digest(&self.file)) {
            return Err((StatusCode::BAD_REQUEST, "BadDigest", "The SHA256 you specified did not match what we received."));
        }
        let (key, content_type) = (self.field("key").to_owned(), self.field("content-type").to_owned());
        if key.is_empty() {
            return Err((StatusCode::BAD_REQUEST, "InvalidArgument", "Bucket POST must contain a field named 'key'."));
        }
        Ok(Posted { bucket: self.bucket, key, content_type, body: self.file })
    }

    fn is_signed(&self) -> Result<(), Refused> {
        let wrong = (StatusCode::FORBIDDEN, "SignatureDoesNotMatch", "The signature does not match.");
        let scope: Vec<&str> = self.field("x-amz-credential").split('/').collect();
        let [KEY_ID, day, REGION, "s3", "aws4_request"] = scope.as_slice() else { return Err(wrong) };
        let date: domain::moment::Day = format!(
            "{}-{}-{}",
            day.get(..4).unwrap_or_default(),
            day.get(4..6).unwrap_or_default(),
            day.get(6..).unwrap_or_default()
        )
        .parse()
        .map_err(|_| wrong)?;
        // Noon of the day, wherever: only the date is signed.
        let noon = date.start().plus_seconds(12 * 3_600).seconds().unsigned_abs();
        let key = generate_signing_key(SECRET_KEY, SystemTime::UNIX_EPOCH + Duration::from_secs(noon), REGION, "s3");
        let signature = calculate_signature(key, self.field("policy").as_bytes());
        if self.field("x-amz-date").starts_with(*day) && signature == self.field("x-amz-signature") {
            Ok(())
        } else {
            Err(wrong)
        }
    }

    fn fits(&self, conditions: &[Value]) -> Result<(), Refused> {
        let mut named = Vec::new();
        for condition in conditions {
            match condition {
                Value::Object(exact) => {
                    for (name, value) in exact {
                        self.is_so(name, "eq", value, &mut named)?;
                    }
                }
                Value::Array(parts) => match parts.as_slice() {
                    [kind, least, most] if kind == "content-length-range" => {
                        let (least, most) = (least.as_u64().ok_or(BAD_POLICY)?, most.as_u64().ok_or(BAD_POLICY)?);
                        self.is_within(least, most)?;
                    }
                    [kind, name, value] => {
                        let name = name.as_str().and_then(|name| name.strip_prefix('$')).ok_or(BAD_POLICY)?;
                        self.is_so(name, kind.as_str().unwrap_or_default(), value, &mut named)?;
                    }
                    _ => return Err(BAD_POLICY),
                },
                _ => return Err(BAD_POLICY),
            }
        }
        let is_free = |name: &String| FREE.contains(&name.as_str()) || name.starts_with("x-ignore-");
        if self.fields.keys().all(|name| is_free(name) || named.contains(name)) {
            Ok(())
        } else {
            Err(denied("Invalid according to Policy: Extra input fields."))
        }
    }

    fn is_within(&self, least: u64, most: u64) -> Result<(), Refused> {
        let bytes = self.file.len() as u64;
        if bytes > most {
            Err((StatusCode::BAD_REQUEST, "EntityTooLarge", "Your proposed upload exceeds the maximum allowed size."))
        } else if bytes < least {
            Err((
                StatusCode::BAD_REQUEST,
                "EntityTooSmall",
                "Your proposed upload is smaller than the minimum allowed size.",
            ))
        } else {
            Ok(())
        }
    }

    fn is_so(&self, name: &str, kind: &str, value: &Value, named: &mut Vec<String>) -> Result<(), Refused> {
        let (name, value) = (name.to_ascii_lowercase(), value.as_str().ok_or(BAD_POLICY)?);
        let sent = if name == "bucket" { self.bucket.as_str() } else { self.field(&name) };
        let fits = match kind {
            "eq" => sent == value,
            "starts-with" => sent.starts_with(value),
            _ => return Err(BAD_POLICY),
        };
        named.push(name);
        if fits { Ok(()) } else { Err(denied("Invalid according to Policy: Policy Condition failed.")) }
    }
}

/// The name of a part, in small letters, by its `Content-Disposition`.
fn name_of(head: &[u8]) -> Option<String> {
    let head = std::str::from_utf8(head).ok()?;
    let line = head.lines().find(|line| line.to_ascii_lowercase().starts_with("content-disposition:"))?;
    let (_, rest) = line.split_once(" name=\"").or_else(|| line.split_once(";name=\""))?;
    Some(rest.split_once('"')?.0.to_ascii_lowercase())
}

fn find(text: &[u8], what: &[u8]) -> Option<usize> {
    text.windows(what.len()).position(|window| window == what)
}

fn after<'t>(text: &'t [u8], what: &[u8]) -> Option<&'t [u8]> {
    find(text, what).map(|at| &text[at + what.len()..])
}
