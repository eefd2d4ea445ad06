//! An SMS gateway over HTTP, as local carriers offer them: a POST of JSON with a bearer token.
//!
//! ```text
//! POST <SMS_GATEWAY_URL>
//! Authorization: Bearer <SECRET_SMS_GATEWAY>
//! Idempotency-Key: <the message's own reference>
//! {"to": "+9665…", "text": "…", "from": "<SMS_SENDER_ID>"}
//! ```
//! Any 2xx means taken; 400 and 422 that it never will be for this number; 409 that a message of this reference was taken before.

use serde_json::json;
use tokio::sync::OnceCell;

use super::{SendError, Words, not_taken, optional};
use crate::Platform;
use crate::config::ConfigError;
use crate::outbound::{Outbound, Request};
use crate::secrets::{Secret, Secrets};

/// A client of the gateway.
pub(super) struct Gateway {
    url: String,
    from: Option<String>,
    secrets: Secrets,
    token: OnceCell<Secret>,
    outbound: Outbound,
}

impl Gateway {
    pub(super) fn new(platform: &Platform) -> Result<Gateway, ConfigError> {
        Ok(Gateway {
            url: platform.settings.required("SMS_GATEWAY_URL")?.to_owned(),
            from: optional(&platform.settings, "SMS_SENDER_ID"),
            secrets: platform.secrets()?,
            token: OnceCell::new(),
            outbound: platform.outbound.clone(),
        })
    }

    pub(super) async fn text(&self, number: &str, words: &Words, reference: &str) -> Result<(), SendError> {
        let token = self.token.get_or_try_init(|| self.secrets.read("SECRET_SMS_GATEWAY")).await?;
        let message = json!({"to": number, "text": words.text, "from": self.from});
        let request = Request::post_json(&self.url, &message)
            .with_header("authorization", &format!("Bearer {}", token.text()))
            .with_header("idempotency-key", reference);
        match self.outbound.call(request).await?.status {
            200..=299 | 409 => Ok(()),
            status @ (400 | 422) => Err(SendError::Refused(status.to_string())),
            status => Err(not_taken(status, None)),
        }
    }
}
