//! An invoice: an amount, a checkout page to pay it on, and the payments that were tried.

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::error::ApiError;
use crate::input::NewInvoice;
use crate::payment::{Metadata, Payment, PaymentView, Status};
use crate::{money, time};

/// Where an invoice stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum InvoiceStatus {
    /// Waiting to be paid.
    Initiated,
    /// Paid.
    Paid,
    /// Paid, and all of it given back.
    Refunded,
    /// Called off by the merchant.
    Canceled,
    /// Its time has passed unpaid.
    Expired,
    /// Paid, and undone before settlement.
    Voided,
}

impl InvoiceStatus {
    /// As on the wire.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Initiated => "initiated",
            Self::Paid => "paid",
            Self::Refunded => "refunded",
            Self::Canceled => "canceled",
            Self::Expired => "expired",
            Self::Voided => "voided",
        }
    }
}

#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Invoice {
    pub(crate) id: Uuid,
    status: InvoiceStatus,
    pub(crate) amount: u64,
    pub(crate) currency: String,
    pub(crate) description: String,
    pub(crate) callback_url: Option<String>,
    pub(crate) success_url: Option<String>,
    pub(crate) back_url: Option<String>,
    pub(crate) expired_at: Option<u64>,
    pub(crate) created_at: u64,
    pub(crate) updated_at: u64,
    pub(crate) metadata: Option<Metadata>,
    pub(crate) payments: Vec<Uuid>,
    pub(crate) paid_by: Option<Uuid>,
}

impl Invoice {
    pub(crate) fn new(id: Uuid, asked: NewInvoice, now: u64) -> Self {
        Self {
            id,
            status: InvoiceStatus::Initiated,
            amount: asked.amount,
            currency: asked.currency,
            description: asked.description,
            callback_url: asked.callback_url,
            success_url: asked.success_url,
            back_url: asked.back_url,
            expired_at: asked.expired_at,
            created_at: now,
            updated_at: now,
            metadata: asked.metadata,
            payments: Vec::new(),
            paid_by: None,
        }
    }

    /// Whether a repeated request asks for what this invoice already is.
    pub(crate) fn answers(&self, asked: &NewInvoice) -> bool {
        self.amount == asked.amount
            && self.currency == asked.currency
            && self.description == asked.description
            && self.callback_url == asked.callback_url
            && self.success_url == asked.success_url
            && self.back_url == asked.back_url
            && self.expired_at == asked.expired_at
            && self.metadata == asked.metadata
    }

    /// Time alone expires an invoice; nothing has to come by for it.
    pub(crate) fn status(&self, now: u64) -> InvoiceStatus {
        match (self.status, self.expired_at) {
            (InvoiceStatus::Initiated, Some(end)) if end <= now => InvoiceStatus::Expired,
            (status, _) => status,
        }
    }

    pub(crate) fn cancel(&mut self, now: u64) -> Result<(), ApiError> {
        match self.status(now) {
            InvoiceStatus::Initiated => {
                self.status = InvoiceStatus::Canceled;
                self.updated_at = now;
                Ok(())
            }
            status => Err(ApiError::refused(format!("Cancel failed. The Invoice is already {}", status.name()))),
        }
    }

    /// Follows its first payment: a later payment of a paid invoice changes nothing here.
    pub(crate) fn follow(&mut self, payment: &Payment, now: u64) {
        if self.paid_by.is_some_and(|paid_by| paid_by != payment.id) {
            return;
        }
        let status = match payment.status {
            Status::Paid | Status::Captured => InvoiceStatus::Paid,
            Status::Refunded if payment.refunded == payment.taken() => InvoiceStatus::Refunded,
            Status::Voided if self.paid_by.is_some() => InvoiceStatus::Voided,
            Status::Initiated | Status::Authorized | Status::Failed | Status::Refunded | Status::Voided => return,
        };
        self.status = status;
        self.updated_at = now;
        if status == InvoiceStatus::Paid && self.paid_by.is_none() {
            self.paid_by = Some(payment.id);
        }
    }

    pub(crate) fn url(&self, public_url: &str) -> String {
        format!("{public_url}/invoices/{}?lang=en", self.id)
    }

    /// The invoice with every payment that was tried.
    pub(crate) fn view<'a>(&'a self, payments: Vec<PaymentView<'a>>, public_url: &str, now: u64) -> InvoiceView<'a> {
        InvoiceView {
            id: self.id,
            status: self.status(now).name(),
            amount: self.amount,
            currency: &self.currency,
            description: &self.description,
            logo_url: None,
            amount_format: money::format(self.amount, &self.currency),
            url: self.url(public_url),
            callback_url: self.callback_url.as_deref(),
            expired_at: self.expired_at.map(time::write),
            created_at: time::write(self.created_at),
            updated_at: time::write(self.updated_at),
            back_url: self.back_url.as_deref(),
            success_url: self.success_url.as_deref(),
            payments,
            metadata: self.metadata.as_ref(),
        }
    }
}

/// An invoice as it goes over the wire.
#[derive(Serialize)]
pub(crate) struct InvoiceView<'a> {
    id: Uuid,
    status: &'static str,
    amount: u64,
    currency: &'a str,
    description: &'a str,
    logo_url: Option<&'a str>,
    amount_format: String,
    url: String,
    callback_url: Option<&'a str>,
    expired_at: Option<String>,
    created_at: String,
    updated_at: String,
    back_url: Option<&'a str>,
    success_url: Option<&'a str>,
    payments: Vec<PaymentView<'a>>,
    metadata: Option<&'a Metadata>,
}
