//! Payments that are kept apart from their donation: money that is in, and belongs to nobody's gift.

use serde::{Deserialize, Serialize};

use crate::id::DonationId;
use crate::journal::{Account, EntryKind};
use crate::money::{Money, halalas};
use crate::payment::{Method, PaymentRef};

/// Why a payment is kept apart from its donation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ChargeKind {
    /// Its donation was settled by another payment.
    Second,
    /// It came after its donation had given up what it held.
    Late,
    /// Its donation is not known.
    Orphan,
    /// It was an orphan, and its donation was found: it is that one's settling payment, and kept so that it settles no other.
    Assigned,
}

/// A payment that is not its donation's settling one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Charge {
    /// The payment.
    #[serde(flatten)]
    pub payment: PaymentRef,
    /// Why it is kept apart.
    pub kind: ChargeKind,
    /// The donation that it names.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub donation: Option<DonationId>,
    /// What was taken.
    #[serde(with = "halalas")]
    pub captured_minor: Money,
    /// What was given back so far.
    #[serde(with = "halalas")]
    pub refunded_minor: Money,
    /// What people took of it out of suspense by corrections, in all: it went back by another way, or never came.
    #[serde(default, with = "halalas", skip_serializing_if = "halalas::is_nothing")]
    pub taken_out_minor: Money,
    /// What they brought back of that, in all.
    #[serde(default, with = "halalas", skip_serializing_if = "halalas::is_nothing")]
    pub brought_back_minor: Money,
    /// What the provider keeps of it, as far as that is booked: of one whose donation was found, what was booked until then. In all it is the donation's to say.
    #[serde(default, with = "halalas", skip_serializing_if = "halalas::is_nothing")]
    pub fee_minor: Money,
    /// How it was paid.
    pub method: Method,
    /// How often it was written.
    pub version: u32,
}

impl Charge {
    /// What is still owed back to the donor by itself: nothing of an orphan, which waits for a person, or of one whose donation was found.
    pub fn due(&self) -> Money {
        match self.kind {
            ChargeKind::Second | ChargeKind::Late => self.rest(),
            ChargeKind::Orphan | ChargeKind::Assigned => Money::ZERO,
        }
    }

    /// Whether it waits for its donation to be found, and all of it is there.
    pub fn is_orphan(&self) -> bool {
        self.kind == ChargeKind::Orphan && self.rest() == self.captured_minor
    }

    /// The donation that it was found to be, if it was.
    pub fn found(&self) -> Option<DonationId> {
        self.donation.filter(|_| self.kind == ChargeKind::Assigned)
    }

    /// Whether it is an orphan of which something stands in the books yet: if its donation is settled by the same payment, that was booked twice.
    pub fn stands(&self) -> bool {
        self.kind == ChargeKind::Orphan && (!self.rest().is_zero() || !self.fee_minor.is_zero())
    }

    /// What was taken, has not gone back and is not out of suspense by hand.
    pub fn rest(&self) -> Money {
        let gone = self.refunded_minor.plus(self.out());
        gone.and_then(|gone| self.captured_minor.minus(gone)).unwrap_or(Money::ZERO)
    }

    /// What people took out of suspense and have not brought back.
    pub fn out(&self) -> Money {
        self.taken_out_minor.minus(self.brought_back_minor).unwrap_or(Money::ZERO)
    }

    /// The same when people have taken so many halalas of it out of suspense, or, below nothing, have brought them back; none if so much does not stand there, or is not out.
    pub fn taken_out(&self, halalas: i64) -> Option<Charge> {
        let (is_out, amount) = (halalas >= 0, Money::from_halalas(halalas.unsigned_abs())?);
        let most = if is_out { self.rest() } else { self.out() };
        if self.kind != ChargeKind::Orphan || amount > most {
            return None;
        }
        let mut charge = Charge { version: self.version + 1, ..self.clone() };
        let sum = if is_out { &mut charge.taken_out_minor } else { &mut charge.brought_back_minor };
        *sum = sum.plus(amount)?;
        Some(charge)
    }

    pub(super) const fn account(&self) -> Account {
        match self.kind {
            ChargeKind::Second | ChargeKind::Late => Account::RefundsPayable,
            ChargeKind::Orphan | ChargeKind::Assigned => Account::Suspense,
        }
    }

    pub(super) const fn entry_kind(&self) -> EntryKind {
        match self.kind {
            ChargeKind::Second => EntryKind::SecondCharge,
            ChargeKind::Late => EntryKind::LateCharge,
            ChargeKind::Orphan | ChargeKind::Assigned => EntryKind::Orphan,
        }
    }
}
