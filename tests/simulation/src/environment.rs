//! Environments of functions, as Lambda keeps them: made cold, used for one invocation after another, lost in a crash.

use platform::Platform;
use serde_json::Value;

/// A function's environment.
pub enum Environment {
    /// `donations`
    Donations(donations::Deps),
    /// `payment-callbacks`
    PaymentCallbacks(payment_callbacks::Deps),
    /// `verification`
    Verification(verification::Deps),
    /// `settlement`
    Settlement(settlement::Deps),
    /// `totals`
    Totals(totals::Deps),
    /// `releases`
    Releases(releases::Deps),
    /// `erasure`
    Erasure(erasure::Deps),
    /// `fulfilment`
    Fulfilment(fulfilment::Deps),
    /// `refunds`
    Refunds(refunds::Deps),
    /// `closing`
    Closing(closing::Deps),
    /// `notifications`
    Notifications(notifications::Deps),
    /// `operations`
    Operations(operations::Deps),
    /// `receipts`
    Receipts(receipts::Deps),
    /// `sacrifice`
    Sacrifice(sacrifice::Deps),
    /// `execution`
    Execution(execution::Deps),
    /// `slaughterhouses`
    Slaughterhouses(slaughterhouses::Deps),
    /// `carrying`
    Carrying(carrying::Deps),
    /// `reconciliation`
    Reconciliation(reconciliation::Deps),
    /// `reports`
    Reports(reports::Deps),
}

impl Environment {
    /// A cold start of the function that the template names.
    ///
    /// # Errors
    /// When a setting is missing, or no such function is simulated.
    pub fn start(function: &str, platform: &Platform) -> anyhow::Result<Environment> {
        Ok(match function {
            "donations" => Environment::Donations(donations::Deps::new(platform)?),
            "payment-callbacks" => Environment::PaymentCallbacks(payment_callbacks::Deps::new(platform)?),
            "verification" => Environment::Verification(verification::Deps::new(platform)?),
            "settlement" => Environment::Settlement(settlement::Deps::new(platform)?),
            "totals" => Environment::Totals(totals::Deps::new(platform)?),
            "releases" => Environment::Releases(releases::Deps::new(platform)?),
            "erasure" => Environment::Erasure(erasure::Deps::new(platform)?),
            "fulfilment" => Environment::Fulfilment(fulfilment::Deps::new(platform)?),
            "refunds" => Environment::Refunds(refunds::Deps::new(platform)?),
            "closing" => Environment::Closing(closing::Deps::new(platform)?),
            "notifications" => Environment::Notifications(notifications::Deps::new(platform)?),
            "operations" => Environment::Operations(operations::Deps::new(platform)?),
            "receipts" => Environment::Receipts(receipts::Deps::new(platform)?),
            "sacrifice" => Environment::Sacrifice(sacrifice::Deps::new(platform)?),
            "execution" => Environment::Execution(execution::Deps::new(platform)?),
            "slaughterhouses" => Environment::Slaughterhouses(slaughterhouses::Deps::new(platform)?),
            "carrying" => Environment::Carrying(carrying::Deps::new(platform)?),
            "reconciliation" => Environment::Reconciliation(reconciliation::Deps::new(platform)?),
            "reports" => Environment::Reports(reports::Deps::new(platform)?),
            other => anyhow::bail!("the function {other} is not simulated"),
        })
    }

    /// One invocation, with the event and the answer as Lambda carries them.
    ///
    /// # Errors
    /// When the function answers with an error.
    pub async fn invoke(&self, event: Value) -> anyhow::Result<Value> {
        Ok(match self {
            Environment::Donations(deps) => json(donations::handle(deps, read(event)?).await)?,
            Environment::PaymentCallbacks(deps) => json(payment_callbacks::handle(deps, read(event)?).await)?,
            Environment::Verification(deps) => json(verification::handle(deps, read(event)?).await)?,
            Environment::Settlement(deps) => json(settlement::handle(deps, read(event)?).await)?,
            Environment::Totals(deps) => json(totals::handle(deps, read(event)?).await)?,
            Environment::Releases(deps) => json(releases::handle(deps, read(event)?).await)?,
            Environment::Erasure(deps) => json(erasure::handle(deps, read(event)?).await)?,
            Environment::Fulfilment(deps) => json(fulfilment::handle(deps, read(event)?).await)?,
            Environment::Refunds(deps) => json(refunds::handle(deps, read(event)?).await)?,
            Environment::Notifications(deps) => json(notifications::handle(deps, read(event)?).await)?,
            Environment::Operations(deps) => json(operations::handle(deps, read(event)?).await)?,
            Environment::Receipts(deps) => json(receipts::handle(deps, read(event)?).await)?,
            Environment::Sacrifice(deps) => json(sacrifice::handle(deps, read(event)?).await)?,
            Environment::Closing(deps) => closing::handle(deps, event).await?,
            Environment::Slaughterhouses(deps) => json(slaughterhouses::handle(deps, read(event)?).await)?,
            Environment::Carrying(deps) => json(carrying::handle(deps, read(event)?).await)?,
            Environment::Execution(deps) => execution::handle(deps, event).await?,
            Environment::Reconciliation(deps) => reconciliation::handle(deps, event).await?,
            Environment::Reports(deps) => reports::handle(deps, event).await?,
        })
    }
}

fn read<T: serde::de::DeserializeOwned>(event: Value) -> anyhow::Result<T> {
    Ok(serde_json::from_value(event)?)
}

fn json(answer: impl serde::Serialize) -> anyhow::Result<Value> {
    Ok(serde_json::to_value(answer)?)
}
