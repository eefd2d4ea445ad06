//! Carrying: what slaughterhouses tell of their animals is written down, and each donor hears of theirs.
//!
//! **Promise.** Each row of a batch that was answered with 202 is either in its animal or refused with a code; the first word about an animal stands, and nothing is written over. Every donor with shares of an animal
//! that is written as slaughtered is told at least once: their notices are sent after the fact is written and before its message is let go. What was slaughtered outside the season is a matter for a person, always, and
//! nobody is told of it.
//!
//! **Messages**, each to be had twice, late, and in any order:
//! - `UpdatesKept` without a row: a batch came in. Each part of a hundred rows that is not done yet is sent a message of its own, so that ten thousand rows depend on no single invocation, and the last row waits
//!   for no other;
//! - `UpdatesKept` with a row: the [`part`] that begins there.
//!
//! **Phases** of a part, and their cost:
//! 1. the batch, and whether the part is done (two reads); the body (one fetch; an environment keeps the last one it has read);
//! 2. what its rows speak of ([`ground`]): the slaughterhouse's lists (one query), offerings, lots and animals (a batch read each, or a few), evidence (a look at the bucket for each piece);
//! 3. each animal: the rules, purely, then **one write unit**, on condition of the version that was read;
//! 4. the notices, ten in a call;
//! 5. the matters for a person, one for each reason;
//! 6. what became of the part (one write), put if absent.
//!
//! **Halfway.** A crash before 6 brings the message again: rows that are written are found to say what is known, whatever the rules say by then, and their donors are told again, which `notifications` finds out; the
//! matters are the same. An animal that cannot be written leaves its part undone, and neither the others' news nor the matters wait for it.
//!
//! **Failure.** Whatever cannot be reached makes its message come again; everything here can be repeated. One animal that cannot be written holds up its part and no other.

pub mod ground;
pub mod part;

use std::sync::{Arc, Mutex, PoisonError};

use aws_lambda_events::event::sqs::{SqsBatchResponse, SqsEvent};
use domain::id::{BatchId, SlaughterhouseId};
use domain::message::Message;
use domain::sacrifice::carrying::Row;
use futures_util::{FutureExt as _, StreamExt as _, stream};
use platform::batch::{Batch, Delivery, Failure};
use platform::bucket::{Bucket, BucketError};
use platform::http::chain;
use platform::queue::{Queue, QueueError};
use platform::table::{Table, TableError};
use platform::{Clock, ConfigError, Platform, Random};

/// Parts that are worked on at the same time: each has its own writes at the same time.
const AT_ONCE: usize = 4;

/// What carrying is given, once for each environment.
pub struct Deps {
    table: Table,
    bucket: Bucket,
    carrying: Queue,
    notices: Queue,
    clock: Clock,
    random: Random,
    /// The rows of the batch that was read last: its other parts come next.
    read: Mutex<Option<(BatchId, Arc<Vec<Row>>)>>,
}

impl Deps {
    /// From the platform's parts.
    ///
    /// # Errors
    /// When a setting is missing.
    pub fn new(platform: &Platform) -> Result<Deps, ConfigError> {
        Ok(Deps {
            table: platform.table()?,
            bucket: Bucket::new(&platform.aws, &platform.settings)?,
            carrying: platform.queue("QUEUE_CARRYING")?,
            notices: platform.queue("QUEUE_NOTICES")?,
            clock: platform.clock.clone(),
            random: platform.random.clone(),
            read: Mutex::default(),
        })
    }

    fn rows_of(&self, batch: &BatchId) -> Option<Arc<Vec<Row>>> {
        let read = self.read.lock().unwrap_or_else(PoisonError::into_inner);
        read.as_ref().filter(|(known, _)| known == batch).map(|(_, rows)| Arc::clone(rows))
    }

    fn keep_rows(&self, batch: &BatchId, rows: &Arc<Vec<Row>>) {
        *self.read.lock().unwrap_or_else(PoisonError::into_inner) = Some((batch.clone(), Arc::clone(rows)));
    }
}

/// Why a message has to come again.
#[derive(Debug, thiserror::Error)]
pub enum CarryingError {
    /// The table did not take or give something.
    #[error("the table")]
    Table(#[from] TableError),
    /// A queue did not take something.
    #[error("a queue")]
    Queue(#[from] QueueError),
    /// The bucket did not give something.
    #[error("the bucket")]
    Bucket(#[from] BucketError),
    /// There is no such batch, or no such part of it.
    #[error("the batch is not there, or has no such part")]
    Gone,
    /// The body that is kept is not the one that was received.
    #[error("the body is not there as it was received")]
    BodyDiffers,
    /// Others wrote to an animal in every round.
    #[error("others were quicker in every round")]
    Crowded,
    /// A message for another queue.
    #[error("the message is not for carrying")]
    NotOurs,
}

/// Carries out what a batch of messages asks for; reports the messages that have to come again.
pub async fn handle(deps: &Deps, event: SqsEvent) -> SqsBatchResponse {
    let batch = Batch::read(event);
    let mut work = Vec::new();
    for delivery in &batch.deliveries {
        work.push(run(deps, delivery).boxed());
    }
    let failures: Vec<Failure> = stream::iter(work).buffer_unordered(AT_ONCE).filter_map(std::future::ready).collect().await;
    batch.answer(&deps.carrying, &deps.random, failures).await
}

async fn run(deps: &Deps, delivery: &Delivery) -> Option<Failure> {
    let done = match &delivery.message {
        Message::UpdatesKept { slaughterhouse, batch, from: None } => share_out(deps, slaughterhouse, batch).await,
        Message::UpdatesKept { slaughterhouse, batch, from: Some(from) } => {
            part::carry(deps, (slaughterhouse, batch), *from).await
        }
        Message::PaymentReported(_)
        | Message::LookRequested { .. }
        | Message::PaymentTold(_)
        | Message::PageCommitted { .. }
        | Message::FoldRequested {}
        | Message::HoldDue { .. }
        | Message::HoldSpent { .. }
        | Message::HoldDropped { .. }
        | Message::SharesMoved { .. }
        | Message::SharesSought(_)
        | Message::RefundDue { .. }
        | Message::RefundApproved { .. }
        | Message::ErasureDue { .. }
        | Message::NoticeDue(_) => Err(CarryingError::NotOurs),
    };
    match done {
        Ok(()) => None,
        Err(error) => {
            tracing::warn!(message_id = delivery.id, error = chain(&error), "a message comes again");
            Some(delivery.failure())
        }
    }
}

/// Sends each part of a batch that is not done a message of its own.
async fn share_out(deps: &Deps, slaughterhouse: &SlaughterhouseId, id: &BatchId) -> Result<(), CarryingError> {
    let batch = deps.table.batch(slaughterhouse, id).await?.ok_or(CarryingError::Gone)?;
    let parts = deps.table.parts(id).await?;
    let open = batch.parts().filter(|from| parts.iter().all(|part| part.from != *from));
    let message =
        |from| Message::UpdatesKept { slaughterhouse: slaughterhouse.clone(), batch: id.clone(), from: Some(from) };
    Ok(deps.carrying.send_all(open.map(message)).await?)
}
