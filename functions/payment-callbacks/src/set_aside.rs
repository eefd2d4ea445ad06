//! What is authentic and cannot be acted upon: kept for a person.

use domain::case::{Case, Reason};
use domain::hash::Hash;
use domain::money::Money;
use domain::payment::Provider;
use platform::http::Problem;
use serde_json::Value;

use crate::Deps;

/// The name under which an event is kept. Derived from what is kept, so that the same event again is the same document, and two who keep it
/// at the same time write the same bytes.
///
/// ```
/// use domain::payment::Provider;
/// let key = payment_callbacks::set_aside::key(Provider::Moyasar, b"{}");
/// assert!(key.starts_with("set-aside/moyasar/44136fa355b3678a") && key.ends_with(".json"));
/// ```
pub fn key(provider: Provider, document: &[u8]) -> String {
    format!("set-aside/{provider}/{}.json", Hash::of(&[document]))
}

/// Keeps an event, which has been redacted, and opens a case that says where. First the document: a case never leads nowhere.
pub(crate) async fn keep(deps: &Deps, provider: Provider, reason: Reason, redacted: Value) -> Result<(), Problem> {
    let document = redacted.to_string().into_bytes();
    let key = key(provider, &document);
    deps.bucket.keep(&key, "application/json", document).await.map_err(Problem::try_again)?;
    tracing::warn!(reason = reason.code(), key, "a webhook is set aside");
    let case = Case {
        reason,
        payment: None,
        donation: None,
        amount_minor: Money::ZERO,
        evidence: key,
        opened_at: deps.clock.now(),
    };
    deps.table.open_case(&case).await?;
    Ok(())
}
