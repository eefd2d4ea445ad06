//! Payment providers, behind one trait.
//!
//! **Promise.** A provider is asked for five things: a page on which a donor pays, what became of a payment, which payments there are, a refund, and what a
//! webhook of its says. Each can be asked again without harm: a checkout has a reference of ours as its idempotency key, and a refund is
//! told as the sum of all refunds that the payment is to have.
//!
//! **Shape.** [`PaymentProvider`] is the trait, [`Providers`] holds one of each, [`moyasar::Moyasar`] is the first. What a payment has
//! become goes out as [`PaymentFact`]s, in the order in which they happened; what is not decided yet is no fact.
//!
//! **Bounds.** One call is bounded by [`platform::Outbound`] in time and size. Nothing is tried twice here: who calls knows how patient
//! to be. Ids from outside are typed before they enter a URL.
//!
//! **Failure.** A [`ProviderError`] says whether trying again may help, and whether the provider may have acted all the same.

use std::future::Future;
use std::pin::Pin;

use domain::id::{DonationId, PaymentId};
use domain::message::PaymentReported;
use domain::moment::Moment;
use domain::money::Money;
use domain::payment::{PaymentFact, PaymentRef, Provider};
use platform::{ConfigError, Platform};

mod error;
pub mod moyasar;
mod redact;

pub use error::ProviderError;

/// The largest webhook that is read, in bytes. An honest one is a hundredth of it; whoever receives one checks before parsing.
pub const MOST_WEBHOOK_BYTES: usize = 256 * 1024;

/// The future of a provider's answer.
pub type Asking<'a, T> = Pin<Box<dyn Future<Output = Result<T, ProviderError>> + Send + 'a>>;

/// A page on which a donor is to pay. The same one asked for again is the same page; so nothing in it may depend on when it is asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Checkout<'a> {
    /// Our reference: a UUID, the provider's idempotency key.
    pub reference: &'a str,
    /// The donation.
    pub donation: DonationId,
    /// The number of the attempt to pay it.
    pub attempt: u32,
    /// How much.
    pub amount: Money,
    /// What the donor reads on the page. No personal data.
    pub description: &'a str,
    /// Where the donor's browser goes afterwards.
    pub return_url: &'a str,
    /// When the page closes.
    pub expires_at: Moment,
}

/// The page that was made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CheckoutPage {
    /// Where the donor pays.
    pub url: String,
}

/// What a payment has become, as its provider answers when asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Payment {
    /// The payment.
    pub payment: PaymentRef,
    /// Its whole amount.
    pub amount_minor: Money,
    /// Its currency, as the provider writes it.
    pub currency: String,
    /// Its status, as the provider writes it.
    pub status: String,
    /// The sum of its refunds so far.
    pub refunded_minor: Money,
    /// When it was begun, which never changes; none where the provider does not tell it in a form that is known.
    pub begun_at: Option<Moment>,
    /// When anything of it changed last.
    pub changed_at: Moment,
    /// What is proven about it, in the order in which it happened; empty while nothing is decided.
    pub facts: Vec<PaymentFact>,
}

/// Payments that are looked for in a provider's list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Window {
    /// By which of their times.
    pub by: Time,
    /// The first moment.
    pub from: Moment,
    /// The moment after the last.
    pub until: Moment,
}

/// A time of a payment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Time {
    /// When it was begun: it never changes.
    Made,
    /// When anything of it changed last.
    Changed,
}

/// A page of a provider's list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PaymentPage {
    /// The payments on it that can be read, as [`PaymentProvider::payment`] would tell them, but that metadata which only stands on the invoice is left out.
    pub payments: Vec<Payment>,
    /// The ids of those that cannot be read, where at least the id can.
    pub unreadable: Vec<PaymentId>,
    /// How many payments the whole list has; another figure on a later page means that the list has changed meanwhile.
    pub all: u64,
    /// How many pages it has.
    pub pages: u32,
}

/// What a webhook says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Webhook {
    /// Something happened to a payment. Where the provider's authenticity is weak, it is to be asked before anything is credited.
    Reported(PaymentReported),
    /// Authentic, and nothing that we act upon; kept for a person.
    UnknownType {
        /// The event without secrets and personal data.
        redacted: serde_json::Value,
    },
    /// Authentic, and not of the form that is documented; kept for a person.
    Malformed {
        /// What of the event may be kept.
        redacted: serde_json::Value,
    },
    /// Not the provider's, as far as can be told. Nothing of it is kept.
    Unauthentic,
}

/// A company that collects money for us.
pub trait PaymentProvider: Send + Sync {
    /// Which one.
    fn provider(&self) -> Provider;

    /// Makes a page on which a donor pays, or finds the one made before with this reference.
    ///
    /// # Errors
    /// When there is none; after one that [may have acted](ProviderError::may_have_acted), asking again finds what was made.
    fn make_checkout<'a>(&'a self, checkout: &'a Checkout<'a>) -> Asking<'a, CheckoutPage>;

    /// What a payment has become.
    ///
    /// # Errors
    /// When the provider cannot be asked, does not know it, or answers something that cannot be read.
    fn payment<'a>(&'a self, id: &'a PaymentId) -> Asking<'a, Payment>;

    /// A page of the payments within a window, the first of which is 1. The pages of a window in which a payment changes meanwhile may leave one out: whoever
    /// reads several compares [`PaymentPage::all`].
    ///
    /// # Errors
    /// As [`PaymentProvider::payment`]; when not even the id of a payment on the page can be read.
    fn payments(&self, window: Window, page: u32) -> Asking<'_, PaymentPage>;

    /// Refunds until the sum of the payment's refunds is `refunded`; nothing, when it is that already. The payment is fetched first, so
    /// that a refund whose answer was lost is not made twice. Two at the same time must not be: one consumer at a time asks for one payment.
    ///
    /// # Errors
    /// As [`PaymentProvider::payment`], and when the provider refuses.
    fn refund_to<'a>(&'a self, id: &'a PaymentId, refunded: Money) -> Asking<'a, Payment>;

    /// Verifies a webhook over its raw bytes, and reads it.
    ///
    /// # Errors
    /// Only when it cannot be told whether it is authentic: the secret could not be read.
    fn read_webhook<'a>(&'a self, body: &'a [u8]) -> Asking<'a, Webhook>;
}

/// Reads a webhook again that was found authentic and kept, redacted, because it could not be read: the code may have learned to since. What was taken out of it is no
/// part of what is read.
pub fn read_kept(provider: Provider, redacted: &serde_json::Value) -> Webhook {
    match provider {
        Provider::Moyasar => moyasar::read_kept(redacted),
    }
}

/// One of each provider.
#[derive(Clone)]
pub struct Providers {
    moyasar: moyasar::Moyasar,
}

impl Providers {
    /// To make checkouts, fetch payments and refund them.
    ///
    /// # Errors
    /// When a setting is missing that says where they are.
    pub fn new(platform: &Platform) -> Result<Providers, ConfigError> {
        Ok(Providers { moyasar: moyasar::Moyasar::new(platform)? })
    }

    /// To read webhooks only: where the providers are need not be known.
    ///
    /// # Errors
    /// When the source of secrets is not set.
    pub fn for_webhooks(platform: &Platform) -> Result<Providers, ConfigError> {
        Ok(Providers { moyasar: moyasar::Moyasar::for_webhooks(platform)? })
    }

    /// The one of that name.
    pub fn of(&self, provider: Provider) -> &dyn PaymentProvider {
        match provider {
            Provider::Moyasar => &self.moyasar,
        }
    }
}
