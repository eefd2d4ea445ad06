//! The forms in which Moyasar answers, and what they prove.
//!
//! Amounts are read as whole numbers and nothing else: a fraction or a text is not of the form. Of what is a person's (name, card, mobile,
//! address) nothing is read at all.

use domain::id::{DonationId, PaymentId};
use domain::moment::Moment;
use domain::money::{Money, halalas};
use domain::payment::{CURRENCY, Happening, Method, PaymentFact, PaymentRef, Provider};
use serde::Deserialize;
use serde_json::{Map, Value};
use url::{Host, Url};

use crate::{Checkout, CheckoutPage, Payment, PaymentPage, ProviderError};

/// The longest reason of a failure that is kept, in characters: Moyasar's own are half of it.
const LONGEST_REASON_CHARS: usize = 60;
/// A currency's code, by ISO 4217.
const CURRENCY_CHARS: usize = 3;
/// The most payments of one page; forty are documented.
const MOST_ON_PAGE: usize = 100;
/// The length of a UUID as text.
const UUID_CHARS: usize = 36;

type Metadata = Map<String, Value>;

#[derive(Deserialize)]
pub(super) struct InvoiceForm {
    id: String,
    #[serde(with = "halalas")]
    amount: Money,
    currency: String,
    url: String,
    #[serde(default)]
    metadata: Option<Metadata>,
}

impl InvoiceForm {
    /// The page to pay on, if the invoice is the one that was asked for.
    pub(super) fn page(self, checkout: &Checkout<'_>) -> Result<CheckoutPage, ProviderError> {
        // Not compared with our reference: where `given_id` is not taken up, the invoice has an id of its own.
        if !is_uuid(&self.id) {
            return Err(ProviderError::Unreadable("the invoice's id is none"));
        }
        let named = self.metadata.as_ref().and_then(donation_of);
        if self.amount != checkout.amount || self.currency != CURRENCY || named != Some(checkout.donation) {
            return Err(ProviderError::Unreadable("the invoice is another than was asked for"));
        }
        let url = Url::parse(&self.url).map_err(|_| ProviderError::Unreadable("the invoice has no address"))?;
        if url.scheme() == "https" || url.scheme() == "http" && is_loopback(&url) {
            Ok(CheckoutPage { url: self.url })
        } else {
            Err(ProviderError::Unreadable("the invoice's address is not safe"))
        }
    }
}

fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        Some(Host::Domain(name)) => name == "localhost",
        None => false,
    }
}

#[derive(Deserialize)]
pub(super) struct PaymentForm {
    id: String,
    status: String,
    #[serde(with = "halalas")]
    amount: Money,
    currency: String,
    #[serde(default, with = "halalas")]
    refunded: Money,
    #[serde(default, with = "halalas")]
    captured: Money,
    #[serde(default, with = "halalas")]
    fee: Money,
    #[serde(default)]
    captured_at: Option<String>,
    created_at: String,
    updated_at: String,
    #[serde(default)]
    invoice_id: Option<String>,
    #[serde(default)]
    metadata: Option<Metadata>,
    #[serde(default)]
    source: SourceForm,
}

/// A page of the list: `{"payments": […], "meta": {"current_page", "next_page", "prev_page", "total_pages", "total_count"}}`.
#[derive(Deserialize)]
pub(super) struct ListForm {
    payments: Vec<Value>,
    meta: MetaForm,
}

#[derive(Deserialize)]
struct MetaForm {
    current_page: u32,
    total_pages: u32,
    total_count: u64,
}

impl ListForm {
    /// What is on it. A payment that cannot be read is named, if it can be: one of them does not hide the others.
    pub(super) fn page(self, asked: u32) -> Result<PaymentPage, ProviderError> {
        if self.meta.current_page != asked {
            return Err(ProviderError::Unreadable("the page is another than was asked for"));
        }
        if self.payments.len() > MOST_ON_PAGE {
            return Err(ProviderError::Unreadable("the page has more payments than a page has"));
        }
        let (mut payments, mut unreadable) = (Vec::new(), Vec::new());
        for listed in self.payments {
            let id = listed.get("id").and_then(Value::as_str).and_then(|id| id.parse::<PaymentId>().ok());
            let id = id.ok_or(ProviderError::Unreadable("a payment of the list has no id"))?;
            match PaymentForm::deserialize(listed).map(|form| form.payment(&id)) {
                Ok(Ok(payment)) => payments.push(payment),
                Ok(Err(_)) | Err(_) => unreadable.push(id),
            }
        }
        Ok(PaymentPage { payments, unreadable, all: self.meta.total_count, pages: self.meta.total_pages })
    }
}

#[derive(Default, Deserialize)]
struct SourceForm {
    #[serde(default, rename = "type")]
    kind: Option<String>,
    #[serde(default)]
    company: Option<String>,
    #[serde(default)]
    message: Option<String>,
    #[serde(default)]
    response_code: Option<String>,
}

impl PaymentForm {
    pub(super) fn names_a_donation(&self) -> bool {
        self.metadata.as_ref().and_then(donation_of).is_some()
    }

    /// The id of the invoice it was made on, if that is one that may enter a URL.
    pub(super) fn invoice(&self) -> Option<&str> {
        self.invoice_id.as_deref().filter(|id| is_uuid(id))
    }

    pub(super) fn take_metadata(&mut self, invoice: InvoiceForm) {
        self.metadata = invoice.metadata;
    }

    /// What it proves, if it is the payment that was asked for.
    pub(super) fn payment(self, asked: &PaymentId) -> Result<Payment, ProviderError> {
        if self.id != asked.as_str() {
            return Err(ProviderError::Unreadable("the payment is another than was asked for"));
        }
        if self.currency.chars().count() != CURRENCY_CHARS {
            return Err(ProviderError::Unreadable("the payment's currency is none"));
        }
        let facts = self.happenings()?.into_iter().map(|happening| self.fact(asked, happening)).collect();
        Ok(Payment {
            payment: PaymentRef { provider: Provider::Moyasar, payment: asked.clone() },
            amount_minor: self.amount,
            refunded_minor: self.refunded_so_far(),
            currency: self.currency,
            status: self.status,
            begun_at: self.created_at.parse().ok(),
            changed_at: self.updated_at.parse().map_err(|_| ProviderError::Unreadable("the payment's time is none"))?,
            facts,
        })
    }

    /// The documented statuses, one by one; a refund is read by its figure, whatever the status says of it.
    fn happenings(&self) -> Result<Vec<Happening>, ProviderError> {
        match self.status.as_str() {
            "initiated" | "authorized" | "verified" => Ok(Vec::new()),
            "paid" | "captured" | "refunded" => self.captured(),
            "failed" => Ok(vec![Happening::Failed { reason: self.reason() }]),
            // Not among the documented statuses, but there are webhooks of these names.
            "abandoned" | "canceled" | "expired" => Ok(vec![Happening::Failed { reason: self.status.clone() }]),
            "voided" => Ok(vec![Happening::Voided]),
            _ => Err(ProviderError::Unreadable("the payment's status is not a documented one")),
        }
    }

    fn captured(&self) -> Result<Vec<Happening>, ProviderError> {
        let (method, captured_at) = (self.source.method(), self.captured_at()?);
        let mut happenings = vec![Happening::Captured { method, captured_at, fee_minor: self.fee }];
        let refunded = self.refunded_so_far();
        if !refunded.is_zero() {
            happenings.push(Happening::Refunded { refunded_minor: refunded });
        }
        Ok(happenings)
    }

    /// Refunded, and no figure: the whole, by the documents' older examples.
    fn refunded_so_far(&self) -> Money {
        if self.status == "refunded" && self.refunded.is_zero() { self.taken() } else { self.refunded }
    }

    /// What was taken of the donor: the whole amount, unless less than was authorised was captured. Then the difference from the gift shows,
    /// and is set aside.
    fn taken(&self) -> Money {
        if self.captured.is_zero() { self.amount } else { self.captured }
    }

    fn captured_at(&self) -> Result<Moment, ProviderError> {
        let told = match &self.captured_at {
            Some(at) => at,
            None if self.refunded.is_zero() => &self.updated_at,
            None => &self.created_at,
        };
        told.parse().map_err(|_| ProviderError::Unreadable("the payment's time is none"))
    }

    fn fact(&self, id: &PaymentId, happening: Happening) -> PaymentFact {
        let metadata = self.metadata.as_ref();
        PaymentFact {
            payment: PaymentRef { provider: Provider::Moyasar, payment: id.clone() },
            donation: metadata.and_then(donation_of),
            attempt: metadata.and_then(attempt_of).unwrap_or(0),
            amount_minor: self.taken(),
            currency: self.currency.clone(),
            happening,
        }
    }

    /// The bank's code and words: letters only, so that nothing of the donor's can stand in them.
    fn reason(&self) -> String {
        let code = self.source.response_code.as_deref().unwrap_or_default();
        let code = code.chars().filter(char::is_ascii_alphanumeric).take(4);
        let words = self.source.message.as_deref().unwrap_or_default();
        let words = words.chars().filter(|c| c.is_ascii_alphabetic() || matches!(c, ' ' | ':' | '-'));
        let reason: String = code.chain([' ']).chain(words).take(LONGEST_REASON_CHARS).collect();
        let reason = reason.trim();
        if reason.is_empty() { "failed".to_owned() } else { reason.to_owned() }
    }
}

impl SourceForm {
    fn method(&self) -> Method {
        match (self.kind.as_deref(), self.company.as_deref()) {
            (Some("applepay"), _) => Method::ApplePay,
            (Some("samsungpay"), _) => Method::SamsungPay,
            (Some("stcpay"), _) => Method::StcPay,
            (Some("creditcard" | "token"), Some("mada")) => Method::Mada,
            (Some("creditcard" | "token"), Some("visa")) => Method::Visa,
            (Some("creditcard" | "token"), Some("master")) => Method::Mastercard,
            (Some("creditcard" | "token"), Some("amex")) => Method::Amex,
            _ => Method::Other,
        }
    }
}

fn donation_of(metadata: &Metadata) -> Option<DonationId> {
    metadata.get("donation")?.as_str()?.parse().ok()
}

/// Written as a text, because metadata are texts; read as a number too, because the documents' examples have some.
fn attempt_of(metadata: &Metadata) -> Option<u32> {
    match metadata.get("attempt")? {
        Value::String(text) => text.parse().ok(),
        Value::Number(number) => number.as_u64().and_then(|number| u32::try_from(number).ok()),
        Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => None,
    }
}

/// Hexadecimal digits and hyphens, as long as a UUID: nothing that could change a URL.
fn is_uuid(text: &str) -> bool {
    text.len() == UUID_CHARS && text.bytes().all(|byte| byte.is_ascii_hexdigit() || byte == b'-')
}

/// A refusal: `{"type", "message", "errors"}`.
#[derive(Deserialize)]
pub(super) struct ErrorForm {
    #[serde(default, rename = "type")]
    kind: String,
}

impl ErrorForm {
    /// The refusal's name, as far as it is a plain word; the message may repeat what was sent, and is left.
    pub(super) fn kind_of(body: &[u8]) -> String {
        let kind = serde_json::from_slice::<ErrorForm>(body).map(|form| form.kind).unwrap_or_default();
        let plain = kind.len() <= LONGEST_REASON_CHARS && kind.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_');
        if plain && !kind.is_empty() { kind } else { "unnamed".to_owned() }
    }
}
