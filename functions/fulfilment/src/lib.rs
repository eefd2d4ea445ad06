//! Fulfilment: shares that are paid are confirmed on their lot; what was given up is looked for again when the money comes after all.
//!
//! **Promise.** Every paid donation of an offering has, on exactly one lot or, where they are parted, on each of several, a confirmed claim of its shares, or a person was told that none is left. A payment that came too
//! late has other shares if some were left and its giver's limit still allows them, and is told to settlement again, which settles it; if none were, the donation says so, and settlement keeps the payment apart and
//! owes it back. Nothing of the books is decided here, and settlement never touches a lot.
//!
//! **Messages**, each to be had twice, late, and in any order:
//! - `SharesMoved`: a donation was settled, or money went back of it. Paid: the claim on the named lot is confirmed, one plain update; on each of them where its shares had to be parted. Gone back whole: the
//!   shares are free again. When animals are filled shares move and the donation says where to, in one write; what is not where the donation said is looked for only after it was read again.
//! - `SharesSought`, with a payment: the donation had expired or was cancelled before, or had given up what it held because another payment of it failed. [`seek`]
//!
//! **Halfway.** Of a payment that came late the donation is written before the claim, as when it was made; whatever was claimed on the way to another lot is swept at the end of the
//! hold, of which a message is sent before the first claim. Of a paid one, whose claim the clock never sweeps, donation and claim are written in one transaction.
//!
//! **Failure.** Whatever cannot be reached makes its message come again; everything here can be repeated.

pub mod caps;
pub mod confirm;
pub mod room;
pub mod seek;

use aws_lambda_events::event::sqs::{SqsBatchResponse, SqsEvent};
use data_encoding::HEXLOWER;
use domain::message::Message;
use futures_util::{FutureExt as _, StreamExt as _, stream};
use platform::batch::{Batch, Delivery, Failure};
use platform::http::chain;
use platform::queue::{Queue, QueueError};
use platform::table::{Table, TableError};
use platform::{Clock, ConfigError, Platform, Random};

/// Messages that are dealt with at the same time: each is a read and a write or two, on lots of their own.
const AT_ONCE: usize = 16;

/// What fulfilment is given, once for each environment.
pub struct Deps {
    table: Table,
    shares: Queue,
    payments: Queue,
    holds: Queue,
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
            shares: platform.queue("QUEUE_SHARES")?,
            payments: platform.queue("QUEUE_PAYMENTS")?,
            holds: platform.queue("QUEUE_HOLDS")?,
            clock: platform.clock.clone(),
            random: platform.random.clone(),
        })
    }
}

impl Deps {
    /// A new token for each transaction: the same one again would be answered with what it did before.
    fn token(&self) -> String {
        HEXLOWER.encode(&self.random.bytes::<16>())
    }
}

/// Why a message has to come again.
#[derive(Debug, thiserror::Error)]
pub enum FulfilmentError {
    /// The table did not take or give something.
    #[error("the table")]
    Table(#[from] TableError),
    /// A queue did not take something.
    #[error("a queue")]
    Queue(#[from] QueueError),
    /// There is no such donation.
    #[error("the donation is not there")]
    Gone,
    /// There is no such offering.
    #[error("the offering is not there")]
    NoOffering,
    /// It was told as paid, and does not read so.
    #[error("the donation is not paid")]
    NotPaid,
    /// Others wrote to it, or took the shares, in every round.
    #[error("others were quicker in every round")]
    Crowded,
    /// A message for another queue.
    #[error("the message is not for fulfilment")]
    NotOurs,
}

/// Confirms and looks for what a batch asks for; reports the messages that have to come again.
pub async fn handle(deps: &Deps, event: SqsEvent) -> SqsBatchResponse {
    let batch = Batch::read(event);
    let mut work = Vec::new();
    for delivery in &batch.deliveries {
        work.push(run(deps, delivery).boxed());
    }
    let failures: Vec<Failure> = stream::iter(work).buffer_unordered(AT_ONCE).filter_map(std::future::ready).collect().await;
    batch.answer(&deps.shares, &deps.random, failures).await
}

async fn run(deps: &Deps, delivery: &Delivery) -> Option<Failure> {
    let done = match &delivery.message {
        Message::SharesMoved { donation } => confirm::moved(deps, donation).await,
        Message::SharesSought(fact) => seek::seek(deps, fact).await,
        Message::PaymentReported(_)
        | Message::LookRequested { .. }
        | Message::PaymentTold(_)
        | Message::PageCommitted { .. }
        | Message::FoldRequested {}
        | Message::HoldDue { .. }
        | Message::HoldSpent { .. }
        | Message::HoldDropped { .. }
        | Message::RefundDue { .. }
        | Message::RefundApproved { .. }
        | Message::ErasureDue { .. }
        | Message::UpdatesKept { .. }
        | Message::NoticeDue(_) => Err(FulfilmentError::NotOurs),
    };
    match done {
        Ok(()) => None,
        Err(error) => {
            tracing::warn!(message_id = delivery.id, error = chain(&error), "a message comes again");
            Some(delivery.failure())
        }
    }
}
