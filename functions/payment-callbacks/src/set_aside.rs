//! What is authentic and cannot be acted upon: kept for a person.

use domain::case::{Case, Reason, document};
use domain::money::Money;
use domain::payment::Provider;
use platform::http::Problem;
use serde_json::Value;

use crate::Deps;

/// Keeps an event, which has been redacted, and opens a case that says where. First the document: a case never leads nowhere.
pub(crate) async fn keep(deps: &Deps, provider: Provider, reason: Reason, redacted: Value) -> Result<(), Problem> {
    let bytes = redacted.to_string().into_bytes();
    let key = document(provider, &bytes);
    deps.bucket.keep(&key, "application/json", bytes).await.map_err(Problem::try_again)?;
    tracing::warn!(reason = reason.code(), key, "a webhook is set aside");
    let case = Case {
        reason,
        payment: None,
        donation: None,
        refund: None,
        amount_minor: Money::ZERO,
        evidence: key,
        opened_at: deps.clock.now(),
    };
    deps.table.open_case(&case).await?;
    Ok(())
}
