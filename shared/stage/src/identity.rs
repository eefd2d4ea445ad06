//! An identity provider: one key, its public half where the platform looks for it, and tokens.

use std::sync::Arc;

use jsonwebtoken::jwk::{Jwk, JwkSet};
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use p256::SecretKey;
use p256::pkcs8::EncodePrivateKey as _;
use platform::Outbound;
use platform::outbound::Answer;
use serde_json::{Value, json};

/// Where it is.
pub const ISSUER: &str = "http://issuer.stage";
const KID: &str = "test";

fn key() -> EncodingKey {
    let secret = SecretKey::from_slice(&[7; 32]).expect("any 32 bytes but nothing are a key");
    EncodingKey::from_ec_der(secret.to_pkcs8_der().expect("a key can be written").as_bytes())
}

fn public() -> JwkSet {
    let mut public = Jwk::from_encoding_key(&key(), Algorithm::ES256).expect("the key is for this");
    public.common.key_id = Some(KID.to_owned());
    JwkSet { keys: vec![public] }
}

/// A token of somebody's in a role, serving for an hour from `now_secs`.
///
/// # Panics
/// Never: the key is right.
pub fn token(subject: &str, role: &str, now_secs: i64) -> String {
    let header = Header { kid: Some(KID.to_owned()), ..Header::new(Algorithm::ES256) };
    let claims = json!({"iss": ISSUER, "aud": "ihsan", "sub": subject, "role": role, "exp": now_secs + 3_600});
    jsonwebtoken::encode(&header, &claims, &key()).expect("claims can be signed")
}

/// The way out, with the identity provider on it.
pub fn beside(others: Outbound) -> Outbound {
    Outbound::InProcess(Arc::new(move |request| {
        let others = others.clone();
        Box::pin(async move {
            let body: Value = match request.url.strip_prefix(ISSUER) {
                None => return others.call(request).await,
                Some("/.well-known/openid-configuration") => json!({"jwks_uri": format!("{ISSUER}/keys")}),
                Some("/keys") => serde_json::json!(public()),
                Some(_) => return Ok(Answer { status: 404, body: Vec::new() }),
            };
            Ok(Answer { status: 200, body: body.to_string().into_bytes() })
        })
    }))
}
