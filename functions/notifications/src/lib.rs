//! Notifications: donors are told what became of their gifts, by SMS, push or e-mail, in their language.
//!
//! **Promise.** Whoever left a way to be told is told at least once, and rarely twice: thanks with the receipt when the gift is settled, that a payment
//! failed, that money was given back, that their animal was slaughtered, that this is taken back. Whoever asked not to be told something is not. What can wait does not come at night.
//!
//! **Phases** of a page of the books (`PageCommitted`, one message for all its gifts):
//! 1. was it told before? (one read);
//! 2. the page, its donations, and the names of what they were given to (three reads);
//! 3. for each donor, ten at a time: the way to them ([`tell`]: their data key, and what they do not want to be told), the [`words`], the sending;
//! 4. who could not be told this time becomes a message of their own;
//! 5. the note that the page was told (one write unit for all its gifts).
//!
//! A `NoticeDue` goes the same way alone.
//!
//! **Halfway.** A crash before 5 tells again those who were told. A crash never leaves anybody untold: the message goes only after the note.
//!
//! **Failure.** A carrier that is down is waited for: twelve receives, more than half an hour, then the DLQ wakes a person. An address that the carrier refuses
//! is counted, and the notice is done.

pub mod single;
pub mod tell;
pub mod thanks;
pub mod words;

use aws_lambda_events::event::sqs::{SqsBatchResponse, SqsEvent};
use domain::message::Message;
use futures_util::{StreamExt as _, stream};
use platform::auth::Identifiers;
use platform::batch::{Batch, Delivery, Failure};
use platform::privacy::Privacy;
use platform::queue::Queue;
use platform::secrets::Secrets;
use platform::sender::Senders;
use platform::table::Table;
use platform::{Clock, ConfigError, Platform, Random};
use tokio::sync::OnceCell;

/// Messages of a batch that are worked on at the same time. Each page tells up to [`thanks::AT_ONCE`] donors at once.
const AT_ONCE: usize = 4;

/// What notifications are given, once for each environment.
pub struct Deps {
    table: Table,
    notices: Queue,
    privacy: Privacy,
    senders: Senders,
    secrets: Secrets,
    /// Made at the first need: their secret comes from where only a call reaches.
    identifiers: OnceCell<Identifiers>,
    /// Where the API is reached by anyone, without a slash at its end.
    public_url: String,
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
            table: platform.table()?,
            notices: platform.queue("QUEUE_NOTICES")?,
            privacy: Privacy::new(platform)?,
            senders: Senders::new(platform)?,
            secrets: platform.secrets()?,
            identifiers: OnceCell::new(),
            public_url: platform.settings.required("PUBLIC_URL")?.trim_end_matches('/').to_owned(),
            clock: platform.clock.clone(),
            random: platform.random.clone(),
        })
    }
}

/// Tells what a batch asks for; reports the messages that have to come again.
pub async fn handle(deps: &Deps, event: SqsEvent) -> SqsBatchResponse {
    let batch = Batch::read(event);
    let mut work = Vec::new();
    for delivery in &batch.deliveries {
        work.push(Box::pin(one(deps, delivery)));
    }
    let failures: Vec<Option<Failure>> = stream::iter(work).buffer_unordered(AT_ONCE).collect().await;
    batch.answer(&deps.notices, &deps.random, failures.into_iter().flatten().collect()).await
}

/// One message; gives it back if it has to come again.
async fn one(deps: &Deps, delivery: &Delivery) -> Option<Failure> {
    match &delivery.message {
        Message::PageCommitted { chain, seq } => thanks::thank(deps, *chain, *seq, delivery).await,
        Message::NoticeDue(notice) => single::tell(deps, notice, delivery).await,
        _ => {
            tracing::error!(message_id = delivery.id, "a message is not for notifications");
            Some(delivery.failure())
        }
    }
}
