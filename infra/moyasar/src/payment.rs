//! A payment: its states, what may be done to it, and its shape on the wire.
//!
//! Pure: every act takes the time as an argument and answers with what it did or why not.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use uuid::Uuid;

use crate::error::ApiError;
use crate::settings::Readings;
use crate::source::{Ending, Source, SourceView};
use crate::{money, time};

/// What the merchant hung on an object: up to 30 keys.
pub(crate) type Metadata = Map<String, Value>;

/// Where a payment stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Status {
    /// Begun; the payer is on the bank's page.
    Initiated,
    /// The money is taken.
    Paid,
    /// The money is held.
    Authorized,
    /// Refused.
    Failed,
    /// Some or all of it was given back.
    Refunded,
    /// Held money was taken.
    Captured,
    /// Undone before settlement.
    Voided,
}

impl Status {
    /// As on the wire.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Initiated => "initiated",
            Self::Paid => "paid",
            Self::Authorized => "authorized",
            Self::Failed => "failed",
            Self::Refunded => "refunded",
            Self::Captured => "captured",
            Self::Voided => "voided",
        }
    }
}

#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Payment {
    pub(crate) id: Uuid,
    pub(crate) status: Status,
    pub(crate) amount: u64,
    pub(crate) fee: u64,
    pub(crate) currency: String,
    pub(crate) refunded: u64,
    pub(crate) refunded_at: Option<u64>,
    pub(crate) captured: u64,
    pub(crate) captured_at: Option<u64>,
    pub(crate) voided_at: Option<u64>,
    pub(crate) description: Option<String>,
    pub(crate) invoice_id: Option<Uuid>,
    pub(crate) ip: Option<String>,
    pub(crate) callback_url: Option<String>,
    pub(crate) created_at: u64,
    pub(crate) updated_at: u64,
    pub(crate) metadata: Option<Metadata>,
    pub(crate) source: Source,
    /// How it will end when the payer comes back from the bank's page; a test card decides it early.
    pub(crate) ending: Ending,
}

impl Payment {
    /// Initiated → paid, authorized or failed. Abandoned and pending change nothing but the time.
    pub(crate) fn end(&mut self, ending: Ending, now: u64) {
        self.updated_at = now;
        self.status = match ending {
            Ending::Paid => Status::Paid,
            Ending::Authorized => Status::Authorized,
            Ending::Declined(_) => Status::Failed,
            Ending::Abandoned | Ending::Pending => Status::Initiated,
        };
        if ending == Ending::Paid {
            self.fee = money::fee(self.amount, self.source.method.company());
        }
    }

    /// What the merchant has of it, before refunds.
    pub(crate) fn taken(&self) -> u64 {
        match self.status {
            Status::Paid | Status::Captured | Status::Refunded if self.captured > 0 => self.captured,
            Status::Paid | Status::Captured | Status::Refunded => self.amount,
            Status::Initiated | Status::Authorized | Status::Failed | Status::Voided => 0,
        }
    }

    /// Gives back `amount`, or all that is left. `refunded` is the running total.
    pub(crate) fn refund(&mut self, amount: Option<u64>, readings: &Readings, now: u64) -> Result<(), ApiError> {
        self.may_be_refunded(readings)?;
        let left = self.taken() - self.refunded;
        let amount = amount.unwrap_or(left);
        if amount == 0 {
            return Err(ApiError::field("amount", "must be greater than 0"));
        }
        if amount > left {
            return Err(ApiError::field("amount", "cannot exceed the charged amount"));
        }
        self.refunded += amount;
        self.refunded_at = Some(now);
        self.updated_at = now;
        if self.refunded == self.taken() || !readings.partial_refund_keeps_status {
            // The taken amount is remembered by `captured` or `amount`; the status may go.
            self.status = Status::Refunded;
        }
        Ok(())
    }

    fn may_be_refunded(&self, readings: &Readings) -> Result<(), ApiError> {
        match self.status {
            Status::Paid | Status::Captured => Ok(()),
            Status::Refunded if self.refunded < self.taken() && !readings.refuse_second_refund => Ok(()),
            Status::Refunded => Err(ApiError::refused("Refund failed. The Payment is already refunded")),
            Status::Initiated | Status::Authorized | Status::Failed | Status::Voided => {
                Err(ApiError::refused(format!("Refund failed. The Payment is {}", self.status.name())))
            }
        }
    }

    /// Takes held money, all of it or less.
    pub(crate) fn capture(&mut self, amount: Option<u64>, now: u64) -> Result<(), ApiError> {
        if self.status != Status::Authorized {
            return Err(ApiError::refused(format!("Capture failed. The Payment is {}", self.status.name())));
        }
        let amount = amount.unwrap_or(self.amount);
        if amount == 0 || amount > self.amount {
            return Err(ApiError::field("amount", "must be within the authorized amount"));
        }
        self.status = Status::Captured;
        self.captured = amount;
        self.captured_at = Some(now);
        self.updated_at = now;
        self.fee = money::fee(amount, self.source.method.company());
        Ok(())
    }

    /// Undoes a payment that is not settled yet. A partly refunded one can no longer be undone.
    pub(crate) fn void(&mut self, now: u64) -> Result<(), ApiError> {
        let open = match self.status {
            Status::Paid | Status::Authorized | Status::Captured => self.refunded == 0,
            Status::Initiated | Status::Failed | Status::Refunded | Status::Voided => false,
        };
        if !open {
            return Err(ApiError::refused(format!("Void failed. The Payment is {}", self.status.name())));
        }
        self.status = Status::Voided;
        self.voided_at = Some(now);
        self.updated_at = now;
        Ok(())
    }

    pub(crate) fn view(&self) -> PaymentView<'_> {
        PaymentView {
            id: self.id,
            status: self.status.name(),
            amount: self.amount,
            fee: self.fee,
            currency: &self.currency,
            refunded: self.refunded,
            refunded_at: self.refunded_at.map(time::write),
            captured: self.captured,
            captured_at: self.captured_at.map(time::write),
            voided_at: self.voided_at.map(time::write),
            description: self.description.as_deref(),
            amount_format: money::format(self.amount, &self.currency),
            fee_format: money::format(self.fee, &self.currency),
            refunded_format: money::format(self.refunded, &self.currency),
            captured_format: money::format(self.captured, &self.currency),
            invoice_id: self.invoice_id,
            ip: self.ip.as_deref(),
            callback_url: self.callback_url.as_deref(),
            created_at: time::write(self.created_at),
            updated_at: time::write(self.updated_at),
            metadata: self.metadata.as_ref(),
            source: self.source.view(),
        }
    }
}

/// A payment as it goes over the wire. Forgeries change its fields before it is written.
#[derive(Serialize)]
pub(crate) struct PaymentView<'a> {
    pub(crate) id: Uuid,
    pub(crate) status: &'static str,
    pub(crate) amount: u64,
    fee: u64,
    currency: &'a str,
    refunded: u64,
    refunded_at: Option<String>,
    captured: u64,
    captured_at: Option<String>,
    voided_at: Option<String>,
    description: Option<&'a str>,
    pub(crate) amount_format: String,
    fee_format: String,
    refunded_format: String,
    captured_format: String,
    invoice_id: Option<Uuid>,
    ip: Option<&'a str>,
    callback_url: Option<&'a str>,
    created_at: String,
    updated_at: String,
    metadata: Option<&'a Metadata>,
    source: SourceView<'a>,
}
