//! Refunds: what is owed back of a payment is given back at its provider.
//!
//! **Promise.** After a message is let go the payment's refunds add up to what the message asks for, at the provider, and settlement was
//! told; or a case is open. Nothing is given back twice, although the provider has no idempotency key for refunds and may act without
//! its answer ever coming: a message asks for a *sum*, the payment is fetched before each refund, and only one at a time asks for a payment.
//!
//! **One at a time.** Within a batch each payment is asked for once. Between environments a note in the table says who is at it and until
//! when ([`run::BUSY_SECS`]); it outlasts any call of a run that died, and is taken back as soon as the outcome is known. Where it is not
//! known the note stays: a refund that is still on its way must not be missed by the next look.
//!
//! **Asked for.** A refund that an operator asked for and another agreed to stands in its donation; the message only says where to look.
//!
//! **Phases**, for each payment: note, fetch and refund what is missing (one call to find that nothing is, two or three otherwise), take the
//! note back, tell settlement how much is refunded now.
//!
//! **Failure.** A provider that is down is waited for without end, as in verification. One that refuses may have a reason that passes (too
//! little on the account): it is asked [`decide::MOST_TRIES`] times, then it is for a person.

pub mod decide;
pub mod run;

use aws_lambda_events::event::sqs::{SqsBatchResponse, SqsEvent};
use platform::batch::Batch;
use platform::queue::Queue;
use platform::table::Table;
use platform::{Clock, ConfigError, Platform, Random};
use providers::Providers;

/// What refunds are given, once for each environment.
pub struct Deps {
    providers: Providers,
    table: Table,
    refunds: Queue,
    payments: Queue,
    clock: Clock,
    random: Random,
}

impl Deps {
    /// From the platform's parts.
    ///
    /// # Errors
    /// When a setting is missing.
    pub fn new(platform: &Platform) -> Result<Deps, ConfigError> {
        Ok(Deps {
            providers: Providers::new(platform)?,
            table: platform.table()?,
            refunds: platform.queue("QUEUE_REFUNDS")?,
            payments: platform.queue("QUEUE_PAYMENTS")?,
            clock: platform.clock.clone(),
            random: platform.random.clone(),
        })
    }
}

/// Gives back what a batch asks for; reports the messages that have to come again.
pub async fn handle(deps: &Deps, event: SqsEvent) -> SqsBatchResponse {
    let batch = Batch::read(event);
    let failures = run::run(deps, &batch.deliveries).await;
    batch.answer(&deps.refunds, &deps.random, failures).await
}
