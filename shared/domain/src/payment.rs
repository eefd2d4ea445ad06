//! What payment providers tell us, as facts in the past tense, without personal data.
//!
//! A fact says what is so at the provider; figures are cumulative there, so that the same fact told twice, late, or out of
//! order changes nothing (a refund of 30 told after a refund of 50 is old news).

use serde::{Deserialize, Serialize};

use crate::id::{DonationId, PaymentId};
use crate::moment::Moment;
use crate::money::{Money, halalas};
pub use crate::purpose::UnknownCode;
use crate::purpose::codes;

codes!(
    /// A company that collects money for us.
    Provider, "provider" {
        /// mada, Apple Pay, STC Pay and cards.
        Moyasar = 0 "moyasar",
    }
);

codes!(
    /// How the donor paid.
    Method, "method" {
        /// The national debit network.
        Mada = 0 "mada",
        /// Visa.
        Visa = 1 "visa",
        /// Mastercard.
        Mastercard = 2 "mastercard",
        /// American Express.
        Amex = 3 "amex",
        /// Apple Pay, whatever the card behind it.
        ApplePay = 4 "apple_pay",
        /// Samsung Pay, whatever the card behind it.
        SamsungPay = 5 "samsung_pay",
        /// STC Pay wallet.
        StcPay = 6 "stc_pay",
        /// A means that the provider names and we do not know.
        Other = 7 "other",
    }
);

/// A payment at its provider.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, minicbor::Encode, minicbor::Decode)]
#[cbor(array)]
pub struct PaymentRef {
    /// The provider.
    #[n(0)]
    pub provider: Provider,
    /// Its id there.
    #[n(1)]
    pub payment: PaymentId,
}

/// What happened to a payment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "what")]
pub enum Happening {
    /// The money was taken from the donor and is with the provider.
    Captured {
        /// How it was paid.
        method: Method,
        /// When the provider took it.
        captured_at: Moment,
        /// What the provider keeps for it, as far as it has told: in all, so that the same told twice changes nothing.
        #[serde(default, with = "halalas", skip_serializing_if = "halalas::is_nothing")]
        fee_minor: Money,
    },
    /// The attempt failed: declined, abandoned, or timed out at the provider.
    Failed {
        /// The provider's reason, shortened; never anything of the donor's.
        reason: String,
    },
    /// The authorisation was given back before any money moved.
    Voided,
    /// Money was given back: in all, since the payment was made.
    Refunded {
        /// The sum of all refunds so far.
        #[serde(with = "halalas")]
        refunded_minor: Money,
    },
    /// The donor has asked their bank for money back; the provider keeps it until that is decided.
    Disputed {
        /// How much of the payment.
        #[serde(with = "halalas")]
        disputed_minor: Money,
    },
    /// A dispute was decided for us.
    DisputeWon {
        /// How much of the payment it was about.
        #[serde(with = "halalas")]
        disputed_minor: Money,
    },
    /// A dispute was decided for the donor.
    DisputeLost {
        /// How much of the payment it was about.
        #[serde(with = "halalas")]
        disputed_minor: Money,
    },
}

/// A fact about one payment, as the provider tells it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PaymentFact {
    /// The payment.
    #[serde(flatten)]
    pub payment: PaymentRef,
    /// The donation that the payment's metadata names; none when it names none that is well formed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub donation: Option<DonationId>,
    /// The checkout attempt that the metadata names; zero when it names none.
    #[serde(default)]
    pub attempt: u32,
    /// The payment's whole amount.
    #[serde(with = "halalas")]
    pub amount_minor: Money,
    /// The payment's currency, as the provider writes it.
    pub currency: String,
    /// What happened.
    #[serde(flatten)]
    pub happening: Happening,
}

/// The only currency we book.
pub const CURRENCY: &str = "SAR";
