//! The outbox of one machine: messages are posted to `OUTBOX_URL` as JSON, and can be looked at there.

use serde_json::json;

use super::{Address, SendError, Words, not_taken};
use crate::Platform;
use crate::config::ConfigError;
use crate::outbound::{Outbound, Request};

/// A client of the outbox.
pub(super) struct Outbox {
    url: String,
    outbound: Outbound,
}

impl Outbox {
    pub(super) fn new(platform: &Platform) -> Result<Outbox, ConfigError> {
        Ok(Outbox { url: platform.settings.required("OUTBOX_URL")?.to_owned(), outbound: platform.outbound.clone() })
    }

    pub(super) async fn put(&self, to: &Address, words: &Words, reference: &str) -> Result<(), SendError> {
        let address = match to {
            Address::Sms(number) => number,
            Address::Push(device) => &device.token,
            Address::Email(address) => address,
        };
        let message = json!({
            "channel": to.channel(), "to": address, "subject": words.subject, "text": words.text, "reference": reference,
        });
        match self.outbound.call(Request::post_json(&self.url, &message)).await?.status {
            200..=299 => Ok(()),
            status => Err(not_taken(status, None)),
        }
    }
}
