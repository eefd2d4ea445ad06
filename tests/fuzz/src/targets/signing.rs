//! Bearer tokens, and the keys by which they are checked.

use std::sync::{Arc, LazyLock};

use domain::id::DonorId;
use domain::moment::Moment;
use platform::auth::bearer::Bearer;
use platform::outbound::{Answer, OutboundError, Request};
use platform::{Clock, Outbound};
use serde_json::{Value, json};
use stage::identity::{ISSUER, beside, token};

use super::wait;

/// Who has the token.
const DONOR: &str = "donor-1";
/// When it was given, in seconds since 1970.
const GIVEN_SECS: i64 = 1_795_424_400;

/// The token that was given.
pub(crate) static TOKEN: LazyLock<String> = LazyLock::new(|| token(DONOR, "donor", GIVEN_SECS));

/// The key set that it is checked by.
pub(crate) static KEYS: LazyLock<Value> = LazyLock::new(|| {
    let nobody = Outbound::InProcess(Arc::new(|_| Box::pin(async { Err(OutboundError::Late) })));
    let answer = wait(beside(nobody).call(Request::get(&format!("{ISSUER}/keys")))).expect("they are told");
    serde_json::from_slice(&answer.body).expect("they are JSON")
});

fn bearer_by(answer: impl Fn(&str) -> Vec<u8> + Send + Sync + 'static) -> Bearer {
    let outbound = Outbound::InProcess(Arc::new(move |request: Request| {
        let body = answer(&request.url);
        Box::pin(async move { Ok(Answer { status: 200, body }) })
    }));
    Bearer::new(ISSUER, outbound, Clock::manual(Moment::from_millis(GIVEN_SECS * 1_000)))
}

fn configuration() -> Vec<u8> {
    json!({"jwks_uri": format!("{ISSUER}/keys")}).to_string().into_bytes()
}

/// Whose token it is, if it is one of our issuer's.
pub fn donor(token: &str) -> Option<DonorId> {
    let keys = KEYS.to_string().into_bytes();
    let checks = bearer_by(move |url| if url.ends_with("/keys") { keys.clone() } else { configuration() });
    wait(checks.donor(token)).ok()
}

/// A bearer token. What our issuer's key has not signed is nobody's.
pub fn bearer(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    if let Some(donor) = donor(text) {
        assert_eq!(text.rsplit_once('.').map(|parts| parts.0), TOKEN.rsplit_once('.').map(|parts| parts.0), "{text}");
        assert_eq!(donor.as_str(), DONOR);
    }
}

/// Whether these keys take the token that was given.
pub fn takes(keys: &[u8]) -> bool {
    let answer = keys.to_vec();
    let checks = bearer_by(move |url| if url.ends_with("/keys") { answer.clone() } else { configuration() });
    wait(checks.donor(&TOKEN)).is_ok()
}

/// The issuer's key set, or its configuration. A token is taken only by a set that has the key that signed it.
pub fn key_set(bytes: &[u8]) {
    let answer = bytes.to_vec();
    let by_everything = wait(bearer_by(move |_| answer.clone()).donor(&TOKEN));
    if takes(bytes) || by_everything.is_ok() {
        let set: Value = serde_json::from_slice(bytes).expect("it was read");
        let has = |name: &str| {
            let keys = set.get("keys").and_then(Value::as_array);
            keys.is_some_and(|keys| keys.iter().any(|key| key.get(name) == KEYS["keys"][0].get(name)))
        };
        assert!(has("x") && has("y"), "{set}");
    }
}
