//! Amazon SES, API version 2: letters.

use serde_json::{Value, json};

use super::signed::Signed;
use super::{SendError, Words, not_taken};
use crate::Platform;
use crate::config::ConfigError;

const PATH: &str = "/v2/email/outbound-emails";
/// What SES calls a letter that it will not carry to this address, now or later.
const REFUSALS: [&str; 2] = ["BadRequestException", "MessageRejected"];

/// A client of SES.
pub(super) struct Ses {
    signed: Signed,
    from: String,
}

impl Ses {
    pub(super) fn new(platform: &Platform) -> Result<Ses, ConfigError> {
        let from = platform.settings.required("EMAIL_FROM")?.to_owned();
        Ok(Ses { signed: Signed::new(platform, "ses", "email")?, from })
    }

    pub(super) async fn letter(&self, address: &str, words: &Words) -> Result<(), SendError> {
        let utf8 = |text: &str| json!({"Data": text, "Charset": "UTF-8"});
        let letter = json!({
            "FromEmailAddress": self.from,
            "Destination": {"ToAddresses": [address]},
            "Content": {"Simple": {"Subject": utf8(&words.subject), "Body": {"Text": utf8(&words.text)}}},
        });
        let answer = self.signed.post(PATH, "application/json", letter.to_string().into_bytes()).await?;
        if answer.status == 200 {
            return Ok(());
        }
        let body: Value = serde_json::from_slice(&answer.body).unwrap_or_default();
        let code = body["__type"].as_str().or(body["code"].as_str());
        let code = code.and_then(|code| code.rsplit(['#', '.']).next());
        Err(match code.filter(|code| answer.status == 400 && REFUSALS.contains(code)) {
            Some(code) => SendError::Refused(code.to_owned()),
            None => not_taken(answer.status, code),
        })
    }
}
