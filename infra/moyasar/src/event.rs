//! Webhook messages: `{id, type, created_at, secret_token, account_name, live, data}`.

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::payment::{Payment, PaymentView};
use crate::settings::Settings;
use crate::{money, time};

/// What happened to a payment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EventType {
    /// The money is taken.
    PaymentPaid,
    /// The bank refused.
    PaymentFailed,
    /// Undone before settlement.
    PaymentVoided,
    /// The money is held.
    PaymentAuthorized,
    /// Held money was taken.
    PaymentCaptured,
    /// Some or all of it was given back.
    PaymentRefunded,
    /// The payer walked away.
    PaymentAbandoned,
}

impl EventType {
    /// All of them, in the order of `GET /v1/webhooks/available_events`.
    pub const ALL: [Self; 7] = [
        Self::PaymentPaid,
        Self::PaymentFailed,
        Self::PaymentVoided,
        Self::PaymentAuthorized,
        Self::PaymentCaptured,
        Self::PaymentRefunded,
        Self::PaymentAbandoned,
    ];

    /// As on the wire.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::PaymentPaid => "payment_paid",
            Self::PaymentFailed => "payment_failed",
            Self::PaymentVoided => "payment_voided",
            Self::PaymentAuthorized => "payment_authorized",
            Self::PaymentCaptured => "payment_captured",
            Self::PaymentRefunded => "payment_refunded",
            Self::PaymentAbandoned => "payment_abandoned",
        }
    }
}

/// The failed event as one page of the vendor's documents spells it.
const FAILD: &str = "payment_faild";

/// What a forger, or a broken link, makes of a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Forgery {
    /// Ten times the amount.
    Amount,
    /// Somebody else's `secret_token`.
    Secret,
    /// Cut off in the middle.
    Json,
    /// Says paid whatever happened.
    Status,
    /// About a payment that does not exist.
    Payment(Uuid),
}

/// A message to be written.
pub(crate) struct Event<'a> {
    pub(crate) id: Uuid,
    pub(crate) kind: EventType,
    pub(crate) at: u64,
    pub(crate) payment: &'a Payment,
    pub(crate) misspelt: bool,
}

#[derive(Serialize)]
struct Envelope<'a> {
    id: Uuid,
    #[serde(rename = "type")]
    kind: &'a str,
    created_at: String,
    secret_token: &'a str,
    account_name: &'a str,
    live: bool,
    data: PaymentView<'a>,
}

impl Event<'_> {
    /// The `type`, misspelt where it is to be and can be.
    pub(crate) fn name(&self) -> &'static str {
        if self.misspelt && self.kind == EventType::PaymentFailed { FAILD } else { self.kind.name() }
    }

    /// The message as it is posted.
    pub(crate) fn write(&self, settings: &Settings, secret_token: &str) -> String {
        to_text(&self.envelope(settings, secret_token))
    }

    /// The message after somebody had their hands on it.
    pub(crate) fn forge(&self, settings: &Settings, secret_token: &str, forgery: Forgery) -> String {
        let mut envelope = self.envelope(settings, secret_token);
        match forgery {
            Forgery::Amount => {
                envelope.data.amount = self.payment.amount.saturating_mul(10);
                envelope.data.amount_format = money::format(envelope.data.amount, &self.payment.currency);
            }
            Forgery::Secret => envelope.secret_token = "not-the-secret-you-agreed-on",
            Forgery::Status => {
                envelope.kind = EventType::PaymentPaid.name();
                envelope.data.status = "paid";
            }
            Forgery::Payment(id) => envelope.data.id = id,
            Forgery::Json => return cut(to_text(&envelope)),
        }
        to_text(&envelope)
    }

    fn envelope<'a>(&'a self, settings: &'a Settings, secret_token: &'a str) -> Envelope<'a> {
        Envelope {
            id: self.id,
            kind: self.name(),
            created_at: time::write(self.at),
            secret_token,
            account_name: &settings.account_name,
            live: settings.live,
            data: self.payment.view(),
        }
    }
}

/// The first two thirds: past the secret, so that only the form is broken.
fn cut(mut text: String) -> String {
    let mut end = text.len() * 2 / 3;
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    text.truncate(end);
    text
}

/// JSON of what cannot fail to be written: our own structs with string keys.
pub(crate) fn to_text(value: &impl Serialize) -> String {
    serde_json::to_string(value).unwrap_or_default()
}
