//! Moyasar's webhooks: `{id, type, created_at, secret_token, account_name, live, data: {payment}}`.
//!
//! **Promise.** Nothing is read before `secret_token` has been compared, in constant time, with the secret agreed on. It is in the body and
//! nothing is signed, so it proves little: what is [`Webhook::Reported`] is only where to look. Whoever looks asks Moyasar.
//!
//! **Failure.** What is authentic and yet not of the documented form, is kept without anything of the donor's. Of a body that is no JSON at
//! all, cut off on its way for one, the token is looked for in the text; then length and hash are kept, and what stands whole in its beginning.

mod cut;

use domain::hash::Hash;
use domain::id::PaymentId;
use domain::message::PaymentReported;
use domain::money::{Money, halalas};
use domain::payment::{PaymentRef, Provider};
use platform::secrets::Secret;
use serde::Deserialize;
use serde_json::{Value, json};
use subtle::ConstantTimeEq as _;

use crate::redact::redact;
use crate::{MOST_WEBHOOK_BYTES, Webhook};

/// The types that tell of a payment. What has become of it is asked, so all are read alike.
const OF_PAYMENTS: &[&str] = &[
    "payment_paid",
    "payment_failed",
    // As one page of the vendor's documents spells it.
    "payment_faild",
    "payment_voided",
    "payment_authorized",
    "payment_captured",
    "payment_refunded",
    "payment_abandoned",
    "payment_verified",
    "payment_canceled",
    "payment_expired",
];

/// The longest id of an event, name of a status or code of a currency: a UUID is 36.
const LONGEST_WORD: usize = 64;

/// The name under which the beginning of a body that was cut off is kept.
const BEGINS: &str = "begins";

/// What may be kept of an event: ids, codes, amounts, times.
const KEPT: &[&str] = &[
    "id",
    "type",
    "created_at",
    "updated_at",
    "captured_at",
    "refunded_at",
    "voided_at",
    "live",
    "status",
    "amount",
    "fee",
    "currency",
    "refunded",
    "captured",
    "invoice_id",
    "donation",
    "attempt",
    "company",
    "response_code",
    "reference_number",
    "gateway_id",
    // Of a body that is no JSON; see `broken`.
    "bytes",
    "sha256",
];

#[derive(Deserialize)]
struct Event {
    id: String,
    #[serde(rename = "type")]
    kind: String,
    data: Data,
}

#[derive(Deserialize)]
struct Data {
    id: PaymentId,
    status: String,
    #[serde(with = "halalas")]
    amount: Money,
    currency: String,
}

/// Verifies a webhook's raw bytes, and reads it.
pub(super) fn read(body: &[u8], secret: &Secret) -> Webhook {
    // An empty secret would be anyone's.
    if body.len() > MOST_WEBHOOK_BYTES || secret.bytes().is_empty() {
        return Webhook::Unauthentic;
    }
    let Ok(event) = serde_json::from_slice::<Value>(body) else { return broken(body, secret) };
    match event.get("secret_token").and_then(Value::as_str) {
        Some(token) if is_secret(token.as_bytes(), secret) => read_authentic(&event),
        _ => Webhook::Unauthentic,
    }
}

fn is_secret(token: &[u8], secret: &Secret) -> bool {
    bool::from(token.ct_eq(secret.bytes()))
}

/// Reads what was kept of an event; of one that was cut off, its beginning. Whatever that tells is only where to look.
pub(super) fn read_kept(kept: &Value) -> Webhook {
    match kept.get(BEGINS) {
        Some(beginning) if kept.get("sha256").is_some() => read_authentic(beginning),
        Some(_) | None => read_authentic(kept),
    }
}

/// Reads an event that was found authentic.
fn read_authentic(event: &Value) -> Webhook {
    let kind = event.get("type").and_then(Value::as_str);
    match kind {
        Some(kind) if OF_PAYMENTS.contains(&kind) => match report(event) {
            Some(report) => Webhook::Reported(report),
            None => Webhook::Malformed { redacted: redact(event, KEPT) },
        },
        Some(_) => Webhook::UnknownType { redacted: redact(event, KEPT) },
        None => Webhook::Malformed { redacted: redact(event, KEPT) },
    }
}

fn report(event: &Value) -> Option<PaymentReported> {
    let Event { id, kind, data } = Event::deserialize(event).ok()?;
    let plain = [&id, &data.status, &data.currency].into_iter().all(|word| is_word(word));
    plain.then(|| PaymentReported {
        payment: PaymentRef { provider: Provider::Moyasar, payment: data.id },
        event: id,
        kind: if kind == "payment_faild" { "payment_failed".to_owned() } else { kind },
        amount_minor: data.amount,
        currency: data.currency,
        status: data.status,
    })
}

fn is_word(text: &str) -> bool {
    (1..=LONGEST_WORD).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_')
}

/// A body that is no JSON. Authentic if the token stands in it as a whole member would: `"secret_token":"…"`.
fn broken(body: &[u8], secret: &Secret) -> Webhook {
    match token_in(body) {
        Some(token) if is_secret(token, secret) => {
            let mut redacted = json!({"bytes": body.len(), "sha256": Hash::of(&[body]).to_string()});
            if let Some(beginning) = cut::beginning(body) {
                redacted[BEGINS] = redact(&beginning, KEPT);
            }
            Webhook::Malformed { redacted }
        }
        _ => Webhook::Unauthentic,
    }
}

/// The text of the first member `secret_token` of something like JSON.
fn token_in(body: &[u8]) -> Option<&[u8]> {
    const NAME: &[u8] = b"\"secret_token\"";
    let start = body.windows(NAME.len()).position(|window| window == NAME)? + NAME.len();
    let rest = body.get(start..)?.trim_ascii_start().strip_prefix(b":")?.trim_ascii_start().strip_prefix(b"\"")?;
    rest.split(|byte| *byte == b'"').next().filter(|token| token.len() < rest.len())
}

#[cfg(test)]
mod tests;
