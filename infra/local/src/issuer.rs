//! A small OpenID Connect issuer for one machine: a signing key of its own and tokens for the asking.
//!
//! It stands in for the identity provider of the cloud. Anyone who reaches it gets any role: it binds the loopback interface
//! (through the gateway) and its key is trusted by this machine's gateway alone. The key is ES256, made at the first start; it is
//! kept in memory, or in a file readable by its owner only, so that tokens outlive a restart.
//!
//! Pages, under the issuer's prefix (`/local/issuer`) and `/local/token`:
//!
//! | page | answer |
//! |---|---|
//! | `/.well-known/openid-configuration` | discovery: issuer and key set |
//! | `/.well-known/jwks.json` | the public key |
//! | `/local/token?role=donor&sub=…` | a token as plain text; `hours` (1 to 24, 12 unless told) is how long it is valid |

mod key;

use std::path::Path;
use std::str::FromStr;
use std::sync::Arc;

use bytes::Bytes;
use http::{Method, Response, StatusCode, header};
use jiff::{SignedDuration, Timestamp};
use jsonwebtoken::jwk::JwkSet;
use serde_json::json;

use crate::clock::Clock;
use crate::gateway::{Page, PageRequest, answer};
pub use key::KeyError;
use key::SigningKey;

/// The audience of every token: the platform's name.
pub const AUDIENCE: &str = "ihsan";
/// Where the issuer stands on the gateway; its URL is the gateway's with this behind it.
pub const ISSUER_PATH: &str = "/local/issuer";
/// Where tokens are had.
pub const TOKEN_PATH: &str = "/local/token";
/// How long a token is valid unless told: a working day, and a little.
const DEFAULT_HOURS: i64 = 12;
/// The longest that can be asked for: a forgotten token should not outlive a day.
const MAX_HOURS: i64 = 24;
/// Long enough for any identity provider's subject, short enough for a log line.
const MAX_SUBJECT_BYTES: usize = 128;

/// What a token's holder is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Role {
    /// Gives.
    Donor,
    /// Publishes projects and is paid out.
    Charity,
    /// Slaughters and gives evidence.
    Slaughterhouse,
    /// Runs the platform.
    Operator,
    /// Agrees to what an operator asks.
    Approver,
    /// Reads everything, changes nothing.
    Auditor,
}

impl Role {
    /// All roles, in the order in which they are listed to people.
    pub const ALL: [Role; 6] =
        [Role::Donor, Role::Charity, Role::Slaughterhouse, Role::Operator, Role::Approver, Role::Auditor];

    /// The role as the `role` claim has it.
    pub fn as_str(self) -> &'static str {
        match self {
            Role::Donor => "donor",
            Role::Charity => "charity",
            Role::Slaughterhouse => "slaughterhouse",
            Role::Operator => "operator",
            Role::Approver => "approver",
            Role::Auditor => "auditor",
        }
    }
}

/// Why no token was made.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TokenError {
    /// There is no such role.
    #[error("`role` is one of donor, charity, slaughterhouse, operator, approver, auditor")]
    Role,
    /// The subject cannot be one.
    #[error("`sub` has 1 to {MAX_SUBJECT_BYTES} letters, digits, `-`, `_`, `.`, `:`, `@` or `|`")]
    Subject,
    /// The time asked for is out of bounds.
    #[error("`hours` is a whole number from 1 to {MAX_HOURS}")]
    Hours,
    /// The key failed, which it did not when it was tried at the start.
    #[error("the token could not be signed")]
    Unsigned,
}

impl FromStr for Role {
    type Err = TokenError;

    fn from_str(text: &str) -> Result<Self, TokenError> {
        Role::ALL.into_iter().find(|role| role.as_str() == text).ok_or(TokenError::Role)
    }
}

/// An issuer with its key. Clones share the key.
#[derive(Debug, Clone)]
pub struct Issuer {
    url: Arc<str>,
    key: Arc<SigningKey>,
    clock: Clock,
}

impl Issuer {
    /// An issuer whose key is forgotten with it. `url` is the issuer's name in tokens, and where its pages are.
    pub fn in_memory(url: &str, clock: Clock) -> Result<Self, KeyError> {
        Ok(Self { url: url.into(), key: Arc::new(SigningKey::generate()?), clock })
    }

    /// An issuer whose key is kept in `file`, which is made when it is not there.
    pub fn on_disk(url: &str, file: &Path, clock: Clock) -> Result<Self, KeyError> {
        Ok(Self { url: url.into(), key: Arc::new(SigningKey::read_or_generate(file)?), clock })
    }

    /// The issuer's name.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// The public keys.
    pub fn keys(&self) -> JwkSet {
        self.key.public()
    }

    /// A token for `subject` in `role`, valid for half a day.
    pub fn token(&self, role: Role, subject: &str) -> Result<String, TokenError> {
        self.token_for(role, subject, DEFAULT_HOURS)
    }

    fn token_for(&self, role: Role, subject: &str, hours: i64) -> Result<String, TokenError> {
        if !is_subject(subject) {
            return Err(TokenError::Subject);
        }
        if !(1..=MAX_HOURS).contains(&hours) {
            return Err(TokenError::Hours);
        }
        let now = self.clock.now();
        let expiry = now.saturating_add(SignedDuration::from_hours(hours)).unwrap_or(Timestamp::MAX);
        let claims = json!({
            "iss": &*self.url, "aud": AUDIENCE, "sub": subject, "role": role.as_str(),
            "iat": now.as_second(), "exp": expiry.as_second(),
        });
        self.key.sign(&claims).ok_or(TokenError::Unsigned)
    }

    /// The issuer's pages for the gateway.
    pub fn pages(&self) -> [Page; 2] {
        let (about, tokens) = (self.clone(), self.clone());
        [
            Page::new(ISSUER_PATH, move |request| std::future::ready(about.describe(&request))),
            Page::new(TOKEN_PATH, move |request| std::future::ready(tokens.hand_out(&request))),
        ]
    }

    fn describe(&self, request: &PageRequest) -> Response<Bytes> {
        match (&request.method, request.path.as_str()) {
            (&Method::GET, "/.well-known/openid-configuration") => as_json(&json!({
                "issuer": &*self.url,
                "jwks_uri": format!("{}/.well-known/jwks.json", self.url),
                "token_endpoint": format!("{}{TOKEN_PATH}", self.url.trim_end_matches(ISSUER_PATH)),
                "response_types_supported": ["token"],
                "subject_types_supported": ["public"],
                "id_token_signing_alg_values_supported": ["ES256"],
                "claims_supported": ["iss", "aud", "sub", "role", "iat", "exp"],
            })),
            (&Method::GET, "/.well-known/jwks.json") => as_json(&json!(self.keys())),
            _ => answer::own(StatusCode::NOT_FOUND, "Not Found"),
        }
    }

    fn hand_out(&self, request: &PageRequest) -> Response<Bytes> {
        if request.method != Method::GET || !request.path.is_empty() {
            return answer::own(StatusCode::NOT_FOUND, "Not Found");
        }
        match self.asked_for(request) {
            Ok(token) => as_text(format!("{token}\n")),
            Err(error) => answer::own(StatusCode::BAD_REQUEST, &error.to_string()),
        }
    }

    fn asked_for(&self, request: &PageRequest) -> Result<String, TokenError> {
        let role = request.parameter("role").ok_or(TokenError::Role)?.parse()?;
        let hours = request.parameter("hours").map(str::parse).transpose().map_err(|_| TokenError::Hours)?;
        let subject = request.parameter("sub").ok_or(TokenError::Subject)?;
        self.token_for(role, subject, hours.unwrap_or(DEFAULT_HOURS))
    }
}

fn is_subject(text: &str) -> bool {
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.:@|".contains(&byte);
    (1..=MAX_SUBJECT_BYTES).contains(&text.len()) && text.bytes().all(allowed)
}

fn as_json(value: &serde_json::Value) -> Response<Bytes> {
    with_type("application/json", value.to_string())
}

fn as_text(text: String) -> Response<Bytes> {
    with_type("text/plain;charset=UTF-8", text)
}

fn with_type(content_type: &'static str, body: String) -> Response<Bytes> {
    let mut response = Response::new(Bytes::from(body));
    response.headers_mut().insert(header::CONTENT_TYPE, header::HeaderValue::from_static(content_type));
    response
}

#[cfg(test)]
mod tests;
