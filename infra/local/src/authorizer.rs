//! API Gateway's JWT authorizer: who holds a right token, and what it claims.
//!
//! A token is right when a key of the set signed it (by RS256 or ES256, named by `kid`), `iss` is ours, `aud` (or, without
//! one, `client_id`) is among the audiences, `exp` lies ahead, and `nbf` and `iat`, if there, do not. There is no leeway. A
//! route with scopes wants one of them in `scope` or `scp`. The header may say `Bearer` or hold the bare token.
//!
//! Claims reach the function as API Gateway hands them on: every value is text; a list is `[a b]`.
//! How a nested object is written there is not documented; here it is JSON.

use std::collections::BTreeMap;

use jiff::Timestamp;
use jsonwebtoken::jwk::JwkSet;
use jsonwebtoken::{Algorithm, DecodingKey, Validation};
use serde_json::{Map, Value, json};

/// The authorizer of one API: an issuer, its audiences and its keys.
#[derive(Debug, Clone)]
pub struct Authorizer {
    issuer: String,
    audiences: Vec<String>,
    keys: JwkSet,
}

/// Why a request may not pass.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// It brought no token.
    #[error("no token")]
    NoToken,
    /// Its token is not right; the text says why, as API Gateway does.
    #[error("{0}")]
    BadToken(&'static str),
    /// Its token is right but has none of these scopes.
    #[error("the token has none of the scopes {0}")]
    NoScope(String),
}

impl Refusal {
    /// The `WWW-Authenticate` header to answer with.
    pub fn challenge(&self) -> String {
        match self {
            Refusal::NoToken => "Bearer".to_owned(),
            Refusal::BadToken(why) => format!(r#"Bearer scope="" error="invalid_token" error_description="{why}""#),
            Refusal::NoScope(scopes) => {
                format!(r#"Bearer scope="{scopes}" error="insufficient_scope" error_description="no scope of the route""#)
            }
        }
    }
}

type Claims = Map<String, Value>;

impl Authorizer {
    /// An authorizer that trusts these keys for this issuer.
    pub fn new(issuer: &str, audiences: &[&str], keys: JwkSet) -> Self {
        Self { issuer: issuer.to_owned(), audiences: audiences.iter().map(|&text| text.to_owned()).collect(), keys }
    }

    /// What goes into `requestContext.authorizer.jwt`, or why the request may not pass.
    pub fn authorize(&self, header: Option<&str>, scopes: &[String], now: Timestamp) -> Result<Value, Refusal> {
        let token = header.map(bare).filter(|token| !token.is_empty()).ok_or(Refusal::NoToken)?;
        let claims = self.verify(token)?;
        self.check_claims(&claims, now)?;
        let held = held_scopes(&claims);
        if !scopes.is_empty() && !scopes.iter().any(|scope| held.contains(scope)) {
            return Err(Refusal::NoScope(scopes.join(" ")));
        }
        let claims: BTreeMap<&String, String> = claims.iter().map(|(name, value)| (name, as_text(value))).collect();
        Ok(json!({ "claims": claims, "scopes": if scopes.is_empty() { Value::Null } else { json!(held) } }))
    }

    fn verify(&self, token: &str) -> Result<Claims, Refusal> {
        let bad = Refusal::BadToken;
        let header = jsonwebtoken::decode_header(token).map_err(|_| bad("the token is not a JWT"))?;
        if !matches!(header.alg, Algorithm::RS256 | Algorithm::ES256) {
            return Err(bad("the token is not signed by RS256 or ES256"));
        }
        let kid = header.kid.ok_or(bad("the token names no key"))?;
        let key = self.keys.find(&kid).ok_or(bad("the token's key is not known"))?;
        let key = DecodingKey::from_jwk(key).map_err(|_| bad("the token's key cannot be used"))?;
        // Only the signature is the crate's to check: it would ask the machine for the time.
        let mut validation = Validation::new(header.alg);
        validation.required_spec_claims.clear();
        validation.validate_exp = false;
        validation.validate_aud = false;
        let token = jsonwebtoken::decode::<Claims>(token, &key, &validation);
        token.map(|token| token.claims).map_err(|_| bad("the token's signature is not right"))
    }

    fn check_claims(&self, claims: &Claims, now: Timestamp) -> Result<(), Refusal> {
        let bad = |why| Err(Refusal::BadToken(why));
        if claims.get("iss").and_then(Value::as_str) != Some(&self.issuer) {
            return bad("the token does not have a valid issuer");
        }
        if !self.is_for_us(claims) {
            return bad("the token does not have a valid audience");
        }
        match seconds(claims, "exp") {
            Some(expiry) if now.as_second() < expiry => {}
            _ => return bad("the token has expired"),
        }
        let begins = ["nbf", "iat"].iter().filter_map(|name| seconds(claims, name)).max();
        if begins.is_some_and(|begins| now.as_second() < begins) {
            return bad("the token is not valid yet");
        }
        Ok(())
    }

    fn is_for_us(&self, claims: &Claims) -> bool {
        let ours = |value: &Value| value.as_str().is_some_and(|text| self.audiences.iter().any(|ours| ours == text));
        match claims.get("aud").or_else(|| claims.get("client_id")) {
            Some(Value::Array(audiences)) => audiences.iter().any(ours),
            Some(audience) => ours(audience),
            None => false,
        }
    }
}

fn bare(header: &str) -> &str {
    let header = header.trim();
    match header.split_at_checked(7) {
        Some((scheme, token)) if scheme.eq_ignore_ascii_case("Bearer ") => token.trim(),
        _ if header.eq_ignore_ascii_case("Bearer") => "",
        _ => header,
    }
}

/// A time claim; a fraction of a second is cut off.
fn seconds(claims: &Claims, name: &str) -> Option<i64> {
    let number = claims.get(name)?;
    number.as_i64().or_else(|| number.to_string().split('.').next()?.parse().ok())
}

fn held_scopes(claims: &Claims) -> Vec<String> {
    match claims.get("scope").or_else(|| claims.get("scp")) {
        Some(Value::String(text)) => text.split_whitespace().map(str::to_owned).collect(),
        Some(Value::Array(list)) => list.iter().filter_map(Value::as_str).map(str::to_owned).collect(),
        _ => Vec::new(),
    }
}

fn as_text(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Array(list) => format!("[{}]", list.iter().map(as_text).collect::<Vec<_>>().join(" ")),
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests;
