//! Moyasar: mada, Apple Pay, STC Pay, cards.
//!
//! **Shape.** A checkout is an *invoice*: a page of Moyasar's on which the donor may try several cards, each try a payment of its own that
//! carries the invoice's metadata. [`api`] speaks to the API, [`webhook`] reads what is posted to us.
//!
//! **Sure** (the vendor's documents): amounts are integer halalas; HTTP Basic with the secret key as the user and no password;
//! `secret_token` in the body of a webhook, nothing signed; the statuses and the members of a payment.
//!
//! **Not sure**, to be confirmed in the provider's sandbox before going live:
//! - `given_id` is documented as the idempotency key of payments. That it is one of invoices too, and that a repeated one is answered with the
//!   invoice it made, is our reading. Where it is refused instead, the invoice is fetched by it; where it were ignored, a retry would make a second
//!   page, and paying on both would be a second charge, which settlement gives back.
//! - That a payment carries its invoice's metadata. Where it does not, the invoice is fetched and asked.
//! - Whether a partly refunded payment is `paid` or `refunded`. Both are read alike, by the figure.
//! - Whether the bounds of `created[gt]`, `created[lt]`, `updated[gt]` and `updated[lt]` are themselves left out, and how finely they are read. A
//!   window is asked for with its first moment's predecessor, in milliseconds; whoever reads windows lets them overlap.
//! - How `updated_at` moves. It is taken as the time of the capture only while nothing has been refunded.
//!
//! **Not to be had.** An invoice takes no list of methods (<https://docs.moyasar.com/api/invoices/01-create-invoice>: amount, currency, description, addresses, expiry, metadata): its page shows every
//! method that the account has switched on. Only the vendor's payment form, which runs in a browser, can leave some out. So a checkout has no methods in it, and the account of a platform has none switched on that cannot
//! pay while shares are held.
//!
//! An invoice's own `callback_url` is left out on purpose: what is posted there carries no secret, so it would prove nothing and be turned away.

mod api;
mod webhook;

use domain::id::PaymentId;
use domain::money::Money;
use domain::payment::Provider;
use platform::secrets::{Secret, Secrets};
use platform::{ConfigError, Outbound, Platform};
use serde_json::Value;
use url::Url;

use crate::{Asking, Checkout, CheckoutPage, Payment, PaymentPage, PaymentProvider, ProviderError, Webhook, Window};

/// The setting that says where Moyasar's API is.
const URL: &str = "MOYASAR_URL";
/// The secret key of the API.
const KEY: &str = "SECRET_MOYASAR_KEY";
/// The secret that each webhook carries.
const WEBHOOK: &str = "SECRET_MOYASAR_WEBHOOK";

/// Moyasar. Secrets are read at each call, so that a key that is rolled over is taken up as soon as their source has it.
#[derive(Clone)]
pub struct Moyasar {
    url: Option<String>,
    secrets: Secrets,
    outbound: Outbound,
}

impl Moyasar {
    /// For all that it can do.
    ///
    /// # Errors
    /// When a setting is missing or its URL is none.
    pub fn new(platform: &Platform) -> Result<Moyasar, ConfigError> {
        let url = platform.settings.required(URL)?.trim_end_matches('/').to_owned();
        match Url::parse(&url) {
            Ok(parsed) if matches!(parsed.scheme(), "https" | "http") => {}
            _ => return Err(ConfigError::Unusable { name: URL, why: "not the URL of a web server".to_owned() }),
        }
        Ok(Moyasar { url: Some(url), ..Moyasar::for_webhooks(platform)? })
    }

    /// To read webhooks only.
    ///
    /// # Errors
    /// When the source of secrets is not set.
    pub fn for_webhooks(platform: &Platform) -> Result<Moyasar, ConfigError> {
        Ok(Moyasar { url: None, secrets: platform.secrets()?, outbound: platform.outbound.clone() })
    }

    async fn secret(&self, name: &'static str) -> Result<Secret, ProviderError> {
        self.secrets.read(name).await.map_err(ProviderError::NoKey)
    }
}

/// Reads an event again that was found authentic, and kept without what may not be.
pub(crate) fn read_kept(redacted: &Value) -> Webhook {
    webhook::read_kept(redacted)
}

impl PaymentProvider for Moyasar {
    fn provider(&self) -> Provider {
        Provider::Moyasar
    }

    fn make_checkout<'a>(&'a self, checkout: &'a Checkout<'a>) -> Asking<'a, CheckoutPage> {
        Box::pin(api::make_invoice(self, checkout))
    }

    fn payment<'a>(&'a self, id: &'a PaymentId) -> Asking<'a, Payment> {
        Box::pin(api::payment(self, id))
    }

    fn payments(&self, window: Window, page: u32) -> Asking<'_, PaymentPage> {
        Box::pin(api::payments(self, window, page))
    }

    fn refund_to<'a>(&'a self, id: &'a PaymentId, refunded: Money) -> Asking<'a, Payment> {
        Box::pin(api::refund_to(self, id, refunded))
    }

    fn read_webhook<'a>(&'a self, body: &'a [u8]) -> Asking<'a, Webhook> {
        Box::pin(async move { Ok(webhook::read(body, &self.secret(WEBHOOK).await?)) })
    }
}
