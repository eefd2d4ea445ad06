//! What a sandbox is told when it is made.

use serde::{Deserialize, Serialize};

/// Moyasar's published spacing: one, ten and thirty minutes, one hour, two hours. With the first
/// attempt that makes six; then the message is dropped.
pub const RETRY_WAITS_MS: [u64; 5] = [60_000, 600_000, 1_800_000, 3_600_000, 7_200_000];

/// What a sandbox is told when it is made. Nothing here is saved with the state.
#[derive(Clone)]
pub struct Settings {
    /// The user of HTTP Basic authentication, `sk_test_…`; the password is empty.
    pub secret_key: String,
    /// A key that may only create payments, `pk_test_…`; none by default.
    pub publishable_key: Option<String>,
    /// `account_name` of webhooks.
    pub account_name: String,
    /// `live` of webhooks.
    pub live: bool,
    /// Where this sandbox is reached, without a slash at the end; the invoices' `url` begins with it.
    pub public_url: String,
    /// The webhook registered from the beginning.
    pub webhook: Option<WebhookTarget>,
    /// Waits between the attempts to deliver a webhook.
    pub retry_waits_ms: [u64; 5],
    /// Between an event and the first attempt to deliver it: from, to.
    pub latency_ms: (u64, u64),
    /// How to read Moyasar where its documents are silent.
    pub readings: Readings,
    /// Where all chance comes from.
    pub seed: u64,
}

/// A webhook as registered in the dashboard.
#[derive(Clone)]
pub struct WebhookTarget {
    /// Where to post. The sandbox takes plain HTTP, which the real one does not.
    pub url: String,
    /// Sent back in every message as `secret_token`.
    pub secret_token: String,
}

/// How to read Moyasar where its documents are silent. Turn one to see whether the caller minds.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Readings {
    /// Ignore `given_id` of invoices: only payments are documented to be idempotent.
    pub ignore_invoice_given_id: bool,
    /// Answer a repeated `given_id` of a payment with 400 instead of the payment.
    pub refuse_repeated_given_id: bool,
    /// Leave a partly refunded payment `paid` instead of `refunded`.
    pub partial_refund_keeps_status: bool,
    /// Refuse a second refund of a payment.
    pub refuse_second_refund: bool,
    /// Payments of an invoice carry none of its metadata.
    pub no_metadata_on_payments: bool,
    /// Post no invoice to its `callback_url` when it is paid.
    pub no_invoice_callback: bool,
    /// Spell the failed event as the webhook reference does: `payment_faild`.
    pub spell_faild: bool,
}

impl Settings {
    /// A test account reached at `public_url`, without a webhook and without mischief.
    #[must_use]
    pub fn new(public_url: impl Into<String>, secret_key: impl Into<String>) -> Self {
        Self {
            secret_key: secret_key.into(),
            publishable_key: None,
            account_name: "Sandbox".to_owned(),
            live: false,
            public_url: public_url.into().trim_end_matches('/').to_owned(),
            webhook: None,
            retry_waits_ms: RETRY_WAITS_MS,
            latency_ms: (0, 0),
            readings: Readings::default(),
            seed: 0,
        }
    }

    /// With a webhook registered from the beginning.
    #[must_use]
    pub fn webhook(mut self, url: impl Into<String>, secret_token: impl Into<String>) -> Self {
        self.webhook = Some(WebhookTarget { url: url.into(), secret_token: secret_token.into() });
        self
    }

    /// With another seed.
    #[must_use]
    pub fn seed(mut self, seed: u64) -> Self {
        self.seed = seed;
        self
    }
}

impl std::fmt::Debug for Settings {
    /// Without the keys.
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.debug_struct("Settings")
            .field("public_url", &self.public_url)
            .field("webhook", &self.webhook.as_ref().map(|webhook| &webhook.url))
            .field("readings", &self.readings)
            .field("seed", &self.seed)
            .finish_non_exhaustive()
    }
}
