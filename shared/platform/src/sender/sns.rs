//! Amazon SNS: SMS to a number, push to a device.
//!
//! Its query API, version 2010-03-31: <https://docs.aws.amazon.com/sns/latest/api/>. A device is registered each time before it is written to: SNS answers the
//! registration of a known token with the endpoint that it has.

use domain::person::{Device, PushNetwork};
use url::form_urlencoded::Serializer;

use super::signed::Signed;
use super::{SendError, Words, not_taken, optional};
use crate::Platform;
use crate::config::ConfigError;

const VERSION: &str = "2010-03-31";
/// What SNS calls a recipient who cannot be reached, now or later.
const REFUSALS: [&str; 4] = ["InvalidParameter", "InvalidParameterValue", "EndpointDisabled", "OptedOut"];

/// A client of SNS.
pub(super) struct Sns {
    signed: Signed,
    /// What an SMS is shown to be from, where the country's carriers allow it.
    sender_id: Option<String>,
    /// The platform applications that devices are registered with.
    fcm: Option<String>,
    apns: Option<String>,
}

impl Sns {
    pub(super) fn new(platform: &Platform) -> Result<Sns, ConfigError> {
        Ok(Sns {
            signed: Signed::new(platform, "sns", "sns")?,
            sender_id: optional(&platform.settings, "SMS_SENDER_ID"),
            fcm: optional(&platform.settings, "PUSH_FCM"),
            apns: optional(&platform.settings, "PUSH_APNS"),
        })
    }

    pub(super) async fn text(&self, number: &str, words: &Words) -> Result<(), SendError> {
        let mut form = vec![
            ("Action", "Publish"),
            ("PhoneNumber", number),
            ("Message", &words.text),
            ("MessageAttributes.entry.1.Name", "AWS.SNS.SMS.SMSType"),
            ("MessageAttributes.entry.1.Value.DataType", "String"),
            ("MessageAttributes.entry.1.Value.StringValue", "Transactional"),
        ];
        if let Some(sender) = &self.sender_id {
            form.extend([
                ("MessageAttributes.entry.2.Name", "AWS.SNS.SMS.SenderID"),
                ("MessageAttributes.entry.2.Value.DataType", "String"),
                ("MessageAttributes.entry.2.Value.StringValue", sender),
            ]);
        }
        self.call(&form).await.map(|_| ())
    }

    pub(super) async fn push(&self, device: &Device, words: &Words) -> Result<(), SendError> {
        let application = match device.service {
            PushNetwork::Fcm => self.fcm.as_deref(),
            PushNetwork::Apns => self.apns.as_deref(),
        };
        let unknown = || SendError::Refused("no application for this push service".to_owned());
        let application = application.ok_or_else(unknown)?;
        let form = [("Action", "CreatePlatformEndpoint"), ("PlatformApplicationArn", application), ("Token", &device.token)];
        let answer = self.call(&form).await?;
        let endpoint = between(&answer, "<EndpointArn>", "</EndpointArn>");
        let endpoint = endpoint.ok_or_else(|| SendError::NotTaken("SNS named no endpoint".to_owned()))?;
        let form = [("Action", "Publish"), ("TargetArn", endpoint), ("Subject", &words.subject), ("Message", &words.text)];
        self.call(&form).await.map(|_| ())
    }

    async fn call(&self, form: &[(&str, &str)]) -> Result<String, SendError> {
        let body = Serializer::new(String::new()).append_pair("Version", VERSION).extend_pairs(form).finish();
        let answer = self.signed.post("/", "application/x-www-form-urlencoded; charset=utf-8", body.into_bytes()).await?;
        let text = String::from_utf8_lossy(&answer.body).into_owned();
        if answer.status == 200 {
            return Ok(text);
        }
        let code = between(&text, "<Code>", "</Code>");
        Err(match code.filter(|code| answer.status == 400 && REFUSALS.contains(code)) {
            Some(code) => SendError::Refused(code.to_owned()),
            None => not_taken(answer.status, code),
        })
    }
}

/// What stands between two marks. SNS answers with XML of one level, in which nothing that is looked for is ever escaped.
fn between<'t>(text: &'t str, before: &str, after: &str) -> Option<&'t str> {
    let rest = text.split_once(before)?.1;
    Some(rest.split_once(after)?.0)
}
