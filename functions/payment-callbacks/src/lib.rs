//! Payment callbacks: what payment providers post to us.
//!
//! **Promise.** A webhook is answered with 200 only once what it tells is safe: in the queue of those who look into it, or, where it cannot
//! be acted upon, in the bucket with a case for a person. Anything else is a 5xx, and the provider posts it again. The same webhook twice
//! does no harm: the queue's consumers take it twice, a document is kept under a name derived from it, and a case opens once.
//!
//! **Order.** Which provider, by the path; how large; authentic over the raw bytes, as the provider signs them; and only then, what it says.
//!
//! **Trust.** A webhook of a provider whose authenticity is weak is a hint where to look: it goes to `verification`, which asks the
//! provider. Nothing of a donor's leaves this function, neither in a message nor in a log line: a message has ids, codes and an amount,
//! and what is kept has gone through the provider's own redaction.
//!
//! **Bounds.** [`MOST_BYTES`] of body. One secret read, one message or one document and one case.

mod set_aside;

use std::time::Duration;

use domain::case::Reason;
use domain::message::{Message, PaymentReported};
use domain::payment::Provider;
use platform::bucket::Bucket;
use platform::http::{Answer, Call, HttpRequest, HttpResponse, Problem, Role, Route, respond};
use platform::queue::Queue;
use platform::table::Table;
use platform::{Clock, ConfigError, Platform, telemetry};
use providers::{Providers, Webhook};

/// The largest webhook that is read, in bytes: a hundred times an honest one.
pub const MOST_BYTES: usize = providers::MOST_WEBHOOK_BYTES;

/// The routes of this function.
pub const ROUTES: &[Route] = &[Route { key: "POST /v1/payments/{provider}/callbacks", role: Role::Provider }];

/// What payment callbacks are given, once for each environment.
pub struct Deps {
    providers: Providers,
    verification: Queue,
    bucket: Bucket,
    table: Table,
    clock: Clock,
}

impl Deps {
    /// From the platform's parts.
    ///
    /// # Errors
    /// When a setting is missing.
    pub fn new(platform: &Platform) -> Result<Deps, ConfigError> {
        Ok(Deps {
            providers: Providers::for_webhooks(platform)?,
            verification: platform.queue("QUEUE_VERIFICATION")?,
            bucket: Bucket::new(&platform.aws, &platform.settings)?,
            table: platform.table()?,
            clock: platform.clock.clone(),
        })
    }
}

/// Takes a webhook.
pub async fn handle(deps: &Deps, request: HttpRequest) -> HttpResponse {
    let call = Call::new(request);
    let answer = receive(deps, &call).await;
    respond(&call, answer)
}

async fn receive(deps: &Deps, call: &Call) -> Result<Answer, Problem> {
    let provider: Provider = call.path("provider").parse().map_err(|_| Problem::not_found())?;
    let body = call.body().ok_or_else(|| Problem::malformed("the body is not valid base64"))?;
    if body.len() > MOST_BYTES {
        return Err(Problem::too_large(MOST_BYTES));
    }
    let webhook = deps.providers.of(provider).read_webhook(&body).await.map_err(Problem::try_again)?;
    match webhook {
        Webhook::Reported(reported) => report(deps, reported).await?,
        Webhook::UnknownType { redacted } => set_aside::keep(deps, provider, Reason::TypeUnknown, redacted).await?,
        Webhook::Malformed { redacted } => set_aside::keep(deps, provider, Reason::Malformed, redacted).await?,
        Webhook::Unauthentic => return Err(unauthentic()),
    }
    Ok(Answer::empty(200))
}

async fn report(deps: &Deps, reported: PaymentReported) -> Result<(), Problem> {
    let (payment, kind) = (reported.payment.payment.to_string(), reported.kind.clone());
    deps.verification.send(Message::PaymentReported(reported), Duration::ZERO).await?;
    tracing::info!(payment, kind, "a payment is to be verified");
    Ok(())
}

/// 401, and not a word on why: whoever forges learns nothing. Counted, because many of them are somebody trying, or a secret that was
/// rolled over at one end only.
fn unauthentic() -> Problem {
    telemetry::count("payment-callbacks", "UnauthenticWebhooks", 1);
    Problem::new(401, "unauthentic", "لم يُقبل الطلب", "The request is not accepted")
}
