//! Bodies of requests, read field by field, so that an error names every field that is wrong.

mod fields;
mod form;
mod source;

use uuid::Uuid;

use crate::error::ApiError;
use crate::payment::Metadata;
use crate::source::{Ending, Method};
use fields::Fields;
pub(crate) use form::as_json;

/// The least an invoice may be over, in minor units: SAR 1.
const LEAST_AMOUNT: u64 = 100;
/// `POST /v1/invoices`.
pub(crate) struct NewInvoice {
    pub(crate) given_id: Option<Uuid>,
    pub(crate) amount: u64,
    pub(crate) currency: String,
    pub(crate) description: String,
    pub(crate) callback_url: Option<String>,
    pub(crate) success_url: Option<String>,
    pub(crate) back_url: Option<String>,
    pub(crate) expired_at: Option<u64>,
    pub(crate) metadata: Option<Metadata>,
}

impl NewInvoice {
    pub(crate) fn read(body: &[u8]) -> Result<Self, ApiError> {
        let mut fields = Fields::read(body)?;
        let asked = Self {
            given_id: fields.uuid("given_id"),
            amount: fields.amount(LEAST_AMOUNT),
            currency: fields.currency(),
            description: fields.required("description"),
            callback_url: fields.url("callback_url"),
            success_url: fields.url("success_url"),
            back_url: fields.url("back_url"),
            expired_at: fields.time("expired_at"),
            metadata: fields.metadata(),
        };
        fields.finish(asked)
    }
}

/// `POST /v1/payments`.
pub(crate) struct NewPayment {
    pub(crate) given_id: Option<Uuid>,
    pub(crate) amount: u64,
    pub(crate) currency: String,
    pub(crate) description: Option<String>,
    pub(crate) callback_url: Option<String>,
    pub(crate) metadata: Option<Metadata>,
    pub(crate) source: NewSource,
}

/// The `source` of `POST /v1/payments`, without what must not be kept.
#[derive(Default)]
pub(crate) struct NewSource {
    pub(crate) method: Method,
    pub(crate) name: Option<String>,
    pub(crate) number: Option<String>,
    pub(crate) mobile: Option<String>,
    pub(crate) branch: Option<String>,
    pub(crate) cashier: Option<String>,
    pub(crate) token: Option<String>,
    pub(crate) manual: bool,
    /// What the bank will say.
    pub(crate) ending: Ending,
    /// The payer has to go to the bank's page first (3-D Secure, or a one-time code).
    pub(crate) by_page: bool,
}

impl NewPayment {
    pub(crate) fn read(body: &[u8]) -> Result<Self, ApiError> {
        let mut fields = Fields::read(body)?;
        let source = fields.source();
        let asked = Self {
            given_id: fields.uuid("given_id"),
            amount: fields.amount(1),
            currency: fields.currency(),
            description: fields.text("description"),
            callback_url: fields.url("callback_url"),
            metadata: fields.metadata(),
            source,
        };
        if asked.source.by_page && asked.source.method != Method::Stcpay && asked.callback_url.is_none() {
            fields.wrong("callback_url", "is required");
        }
        fields.finish(asked)
    }
}

/// `{"amount": …}` or nothing: refund and capture.
pub(crate) fn amount_or_all(body: &[u8]) -> Result<Option<u64>, ApiError> {
    let mut fields = Fields::read(body)?;
    let amount = fields.map.contains_key("amount").then(|| fields.amount(1));
    fields.finish(amount)
}

/// `PUT` of an invoice or a payment: its description and metadata.
pub(crate) struct Change {
    pub(crate) description: Option<String>,
    pub(crate) metadata: Option<Metadata>,
}

impl Change {
    pub(crate) fn read(body: &[u8]) -> Result<Self, ApiError> {
        let mut fields = Fields::read(body)?;
        let change = Self { description: fields.text("description"), metadata: fields.metadata() };
        fields.finish(change)
    }
}

/// `POST /v1/webhooks`.
pub(crate) struct NewWebhook {
    pub(crate) url: String,
    pub(crate) shared_secret: String,
    pub(crate) events: Vec<String>,
}

impl NewWebhook {
    pub(crate) fn read(body: &[u8]) -> Result<Self, ApiError> {
        let mut fields = Fields::read(body)?;
        let asked = Self {
            url: fields.required("url"),
            shared_secret: fields.required("shared_secret"),
            events: fields.texts("events"),
        };
        fields.finish(asked)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use serde_json::{Value, json};

    fn errors_of(body: Value) -> Vec<String> {
        let refusal = NewInvoice::read(body.to_string().as_bytes()).err().unwrap();
        assert_eq!(refusal.status, 400);
        refusal.errors.unwrap().keys().cloned().collect()
    }

    #[test]
    fn every_wrong_field_of_an_invoice_is_named() {
        let good = json!({"amount": 100, "currency": "SAR", "description": "gift"});
        assert!(NewInvoice::read(good.to_string().as_bytes()).is_ok());
        let table = [
            (json!({}), vec!["amount", "description"]),
            (json!({"amount": 99, "description": "x"}), vec!["amount"]),
            (json!({"amount": 10.5, "description": "x"}), vec!["amount"]),
            (json!({"amount": "100", "description": "x"}), vec!["amount"]),
            (json!({"amount": -100, "description": "x"}), vec!["amount"]),
            (json!({"amount": 100, "currency": "sar", "description": "x"}), vec!["currency"]),
            (json!({"amount": 100, "description": "x", "given_id": "7"}), vec!["given_id"]),
            (json!({"amount": 100, "description": "x", "callback_url": "nowhere"}), vec!["callback_url"]),
            (json!({"amount": 100, "description": "x", "expired_at": "soon"}), vec!["expired_at"]),
            (json!({"amount": 100, "description": "x", "metadata": []}), vec!["metadata"]),
            (json!({"amount": 100, "description": "x", "metadata": {"k": "v".repeat(501)}}), vec!["metadata"]),
        ];
        for (body, expected) in table {
            assert_eq!(errors_of(body.clone()), expected, "{body}");
        }
    }

    #[test]
    fn a_card_number_is_masked_before_anything_else_sees_it() {
        let body = json!({"amount": 100, "callback_url": "http://localhost/back", "source":
            {"type": "creditcard", "name": "A B", "number": "4201320111111010", "cvc": "123"}});
        let asked = NewPayment::read(body.to_string().as_bytes()).ok().unwrap();
        assert_eq!(asked.source.number.as_deref(), Some("XXXX-XXXX-XXXX-1010"));
        assert_eq!(asked.source.method, Method::Mada);
    }
}
