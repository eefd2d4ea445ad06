//! The names that API Gateway puts into events and answers: account, API, and a number for each request.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE;
use jiff::Timestamp;

/// Who the API is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Identity {
    /// The account's twelve digits.
    pub account: String,
    /// The API's id.
    pub api: String,
    /// The port that clients see.
    pub port: u16,
}

/// A request's number, as API Gateway writes it: eleven random bytes in base64.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RequestId {
    text: String,
    bytes: [u8; Self::BYTES],
}

impl RequestId {
    const BYTES: usize = 11;

    /// A number never used before. Without a source of chance it is all zeros: it names, it does not protect.
    pub fn random() -> Self {
        let mut bytes = [0; Self::BYTES];
        if let Err(error) = getrandom::fill(&mut bytes) {
            tracing::warn!(%error, "no random request id");
        }
        Self::from_bytes(bytes)
    }

    /// The number made of these bytes.
    pub fn from_bytes(bytes: [u8; Self::BYTES]) -> Self {
        Self { text: URL_SAFE.encode(bytes), bytes }
    }

    /// The number as text.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The X-Ray trace header of a request that came at `time`.
    pub(super) fn trace(&self, time: Timestamp) -> String {
        let tail: String = self.bytes.iter().map(|byte| format!("{byte:02x}")).collect();
        format!("Root=1-{:08x}-{tail:0>24}", time.as_second())
    }
}
