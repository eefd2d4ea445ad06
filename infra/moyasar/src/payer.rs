//! The people on the checkout page, and what may be known about payments from outside the wire.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use uuid::Uuid;

use crate::invoice::InvoiceStatus;
use crate::payment::{Payment, Status};
use crate::source::{Decline, Ending, Method};

/// Somebody with an open checkout page.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Payer {
    /// What they pay with.
    pub method: Method,
    /// How it ends.
    pub ending: Ending,
    /// How often they pay, each time a payment of its own. From the second on they insist.
    pub times: u32,
    /// Pays although the invoice is paid, cancelled or expired: the page was open before it was.
    pub insist: bool,
    /// Another amount than the invoice's, in minor units.
    pub amount: Option<u64>,
    /// Another currency than the invoice's.
    pub currency: Option<String>,
}

impl Default for Payer {
    fn default() -> Self {
        Self { method: Method::default(), ending: Ending::default(), times: 1, insist: false, amount: None, currency: None }
    }
}

impl Payer {
    /// Pays with `method`, and the bank agrees.
    #[must_use]
    pub fn with(method: Method) -> Self {
        Self { method, ..Self::default() }
    }

    /// The bank refuses.
    #[must_use]
    pub fn declined(mut self, reason: Decline) -> Self {
        self.ending = Ending::Declined(reason);
        self
    }

    /// It ends like this.
    #[must_use]
    pub fn ending(mut self, ending: Ending) -> Self {
        self.ending = ending;
        self
    }

    /// Pays this many times.
    #[must_use]
    pub fn times(mut self, times: u32) -> Self {
        self.times = times;
        self
    }

    /// Pays although the invoice is closed.
    #[must_use]
    pub fn insisting(mut self) -> Self {
        self.insist = true;
        self
    }
}

/// Why nothing was done to an invoice or a payment by the payer or from the dashboard.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// No such invoice or payment.
    #[error("there is no such invoice or payment")]
    Unknown,
    /// The invoice cannot be paid any more; a payer who insists may.
    #[error("the invoice is {}", .0.name())]
    Closed(InvoiceStatus),
    /// The payment's state does not allow it.
    #[error("{0}")]
    State(String),
}

/// What is true of a payment at the provider: for checkers that compare it with the books.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct PaymentFacts {
    /// The payment.
    pub id: Uuid,
    /// The invoice it pays.
    pub invoice_id: Option<Uuid>,
    /// Where it stands.
    pub status: Status,
    /// Minor units asked for.
    pub amount: u64,
    /// ISO 4217.
    pub currency: String,
    /// Minor units taken, before refunds; 0 unless the money moved. A voided payment took nothing.
    pub taken: u64,
    /// Minor units captured of money that was held before; 0 if it was taken at once, or nothing was captured. A void changes nothing about it.
    pub captured: u64,
    /// Minor units given back so far.
    pub refunded: u64,
    /// What the provider keeps of it, in minor units; it may be more than the payment.
    pub fee: u64,
    /// Milliseconds since 1970.
    pub created_at: u64,
    /// What the merchant hung on it.
    pub metadata: Option<Map<String, Value>>,
}

impl From<&Payment> for PaymentFacts {
    fn from(payment: &Payment) -> Self {
        Self {
            id: payment.id,
            invoice_id: payment.invoice_id,
            status: payment.status,
            amount: payment.amount,
            currency: payment.currency.clone(),
            taken: payment.taken(),
            captured: payment.captured,
            refunded: payment.refunded,
            fee: payment.fee,
            created_at: payment.created_at,
            metadata: payment.metadata.clone(),
        }
    }
}

/// What is true of an invoice at the provider.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct InvoiceFacts {
    /// The invoice.
    pub id: Uuid,
    /// Where it stands now.
    pub status: InvoiceStatus,
    /// Minor units asked for.
    pub amount: u64,
    /// ISO 4217.
    pub currency: String,
    /// Every payment that was tried, oldest first.
    pub payments: Vec<Uuid>,
    /// The payment that settled it.
    pub paid_by: Option<Uuid>,
    /// What the merchant hung on it.
    pub metadata: Option<Map<String, Value>>,
}
