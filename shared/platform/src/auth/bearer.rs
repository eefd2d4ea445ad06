//! A bearer token checked by the function itself, where a route takes guests as well as donors and the gateway can demand neither.
//!
//! The identity provider's public keys are fetched at the first need and again when a token names a key that is not among them, at most
//! once in [`REFETCH_SECS`], so that forged names of keys cost the provider nothing.

use std::sync::{Arc, Mutex, PoisonError};

use domain::id::DonorId;
use domain::moment::Moment;
use jsonwebtoken::jwk::JwkSet;
use jsonwebtoken::{Algorithm, DecodingKey, Validation};
use serde::Deserialize;

use crate::clock::Clock;
use crate::outbound::{Outbound, Request};

/// Least time between two fetches of the keys.
const REFETCH_SECS: i64 = 60;
/// The audience that our tokens name.
const AUDIENCE: &str = "ihsan";
/// How far the issuer's clock may stand from ours.
const LEEWAY_SECS: i64 = 30;

/// Why a bearer token was not taken.
#[derive(Debug, thiserror::Error)]
pub enum BearerError {
    /// It is not genuine, not for us, or over.
    #[error("the token is not valid")]
    Invalid,
    /// The identity provider's keys could not be fetched.
    #[error("the identity provider's keys could not be fetched: {0}")]
    NoKeys(String),
}

#[derive(Deserialize)]
struct Claims {
    sub: String,
    #[serde(default)]
    role: String,
    exp: i64,
    #[serde(default)]
    nbf: Option<i64>,
}

/// Checks tokens of one issuer.
#[derive(Clone)]
pub struct Bearer {
    issuer: String,
    outbound: Outbound,
    clock: Clock,
    keys: Arc<Mutex<Option<(JwkSet, Moment)>>>,
}

impl Bearer {
    /// Tokens of this issuer.
    pub fn new(issuer: &str, outbound: Outbound, clock: Clock) -> Bearer {
        Bearer { issuer: issuer.trim_end_matches('/').to_owned(), outbound, clock, keys: Arc::default() }
    }

    /// The donor whose token this is.
    ///
    /// # Errors
    /// When the token is not valid, or the keys to check it cannot be had.
    pub async fn donor(&self, token: &str) -> Result<DonorId, BearerError> {
        let header = jsonwebtoken::decode_header(token).map_err(|_| BearerError::Invalid)?;
        let algorithm = header.alg;
        if !matches!(algorithm, Algorithm::RS256 | Algorithm::ES256) {
            return Err(BearerError::Invalid);
        }
        let key = self.key(&header.kid.ok_or(BearerError::Invalid)?).await?;
        let mut validation = Validation::new(algorithm);
        validation.set_audience(&[AUDIENCE]);
        validation.set_issuer(&[&self.issuer]);
        // Checked below against our own clock.
        validation.validate_exp = false;
        let claims = jsonwebtoken::decode::<Claims>(token, &key, &validation).map_err(|_| BearerError::Invalid)?.claims;
        let now = self.clock.now().seconds();
        // Saturating: an end of time that an issuer writes as the largest number is one.
        let until = claims.exp.saturating_add(LEEWAY_SECS);
        let serves = now < until && claims.nbf.is_none_or(|from| from.saturating_sub(LEEWAY_SECS) <= now);
        if !serves || claims.role != "donor" {
            return Err(BearerError::Invalid);
        }
        claims.sub.parse().map_err(|_| BearerError::Invalid)
    }

    async fn key(&self, kid: &str) -> Result<DecodingKey, BearerError> {
        if let Some(key) = self.known(kid)? {
            return Ok(key);
        }
        let fetched = self.fetched_at();
        if fetched.is_some_and(|at| self.clock.now().millis_since(at) < REFETCH_SECS * 1_000) {
            return Err(BearerError::Invalid);
        }
        self.fetch().await?;
        self.known(kid)?.ok_or(BearerError::Invalid)
    }

    fn known(&self, kid: &str) -> Result<Option<DecodingKey>, BearerError> {
        let keys = self.keys.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(jwk) = keys.as_ref().and_then(|(keys, _)| keys.find(kid)) else { return Ok(None) };
        DecodingKey::from_jwk(jwk).map(Some).map_err(|_| BearerError::Invalid)
    }

    fn fetched_at(&self) -> Option<Moment> {
        self.keys.lock().unwrap_or_else(PoisonError::into_inner).as_ref().map(|(_, at)| *at)
    }

    /// By OpenID Connect Discovery: the issuer's configuration names where its keys are.
    async fn fetch(&self) -> Result<(), BearerError> {
        #[derive(Deserialize)]
        struct Configuration {
            jwks_uri: String,
        }
        let configuration: Configuration =
            self.fetch_json(&format!("{}/.well-known/openid-configuration", self.issuer)).await?;
        let keys: JwkSet = self.fetch_json(&configuration.jwks_uri).await?;
        *self.keys.lock().unwrap_or_else(PoisonError::into_inner) = Some((keys, self.clock.now()));
        Ok(())
    }

    async fn fetch_json<T: serde::de::DeserializeOwned>(&self, url: &str) -> Result<T, BearerError> {
        let answer = self.outbound.call(Request::get(url)).await.map_err(|error| BearerError::NoKeys(error.to_string()))?;
        if answer.status != 200 {
            return Err(BearerError::NoKeys(format!("status {}", answer.status)));
        }
        serde_json::from_slice(&answer.body).map_err(|error| BearerError::NoKeys(error.to_string()))
    }
}
