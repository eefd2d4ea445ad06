//! Verification: a payment that a provider's webhook tells of is fetched back from the provider before anything is believed.
//!
//! **Promise.** What goes on to settlement is what the provider answers when asked, and only where that agrees with what was told in id,
//! amount, currency and status. What does not is set aside for a person and never credited. A message is let go only after its facts are
//! in the queue `payments`, or its case is open.
//!
//! **Phases**, for a batch:
//! 1. each payment of the batch is fetched once, however often it was told of, all of them at the same time;
//! 2. [`judge`]: what each answer makes of each report, purely;
//! 3. facts are sent as they come in, those that come within [`run::LINGER`] together: a payment that is slow to be fetched holds up
//!    no other;
//! 4. cases are opened.
//!
//! **Patience.** Providers post before their own API shows it: an answer that is *behind* what was told is asked for again, as is one that
//! does not know the payment. A provider that is down is waited for without end: before a message runs out of receives, it goes back into
//! its queue as a new one.
//!
//! **Asked for.** An operator may have a payment of a case looked at again, after what was wrong is put right; settlement has it looked at that books what is nobody's. Nothing was told then that could be compared: what the provider answers
//! goes on. If that does not help, it is told in the case.
//!
//! **Bounds.** One or two calls a payment; [`run::LONGEST`] for each. **Failure.** Whatever cannot be reached makes its messages come again.

pub mod judge;
pub mod run;
pub mod status;

use aws_lambda_events::event::sqs::{SqsBatchResponse, SqsEvent};
use platform::batch::Batch;
use platform::queue::Queue;
use platform::table::Table;
use platform::{Clock, ConfigError, Platform, Random};
use providers::Providers;

/// What verification is given, once for each environment.
pub struct Deps {
    providers: Providers,
    table: Table,
    verification: Queue,
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
            verification: platform.queue("QUEUE_VERIFICATION")?,
            payments: platform.queue("QUEUE_PAYMENTS")?,
            clock: platform.clock.clone(),
            random: platform.random.clone(),
        })
    }
}

/// Verifies what a batch tells of; reports the messages that have to come again.
pub async fn handle(deps: &Deps, event: SqsEvent) -> SqsBatchResponse {
    let batch = Batch::read(event);
    let failures = run::run(deps, &batch.deliveries).await;
    batch.answer(&deps.verification, &deps.random, failures).await
}
