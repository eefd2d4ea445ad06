//! Erasure: what is left of a person's data when their data key is destroyed is taken away.
//!
//! **Promise.** Once the key's tombstone stands, every version of the receipts that were set for the owner's gifts is deleted, their wish how to be told is forgotten, and so are the salts that
//! are kept of gifts without a data key. What the key sealed needs nothing: it is noise already. The books are not touched.
//!
//! **Message.** `ErasureDue` of an owner ([`domain::owner::Owner`]). The tombstone decides: without one nothing is done, because the message is sent before the key is destroyed as
//! well, and whoever asked has no answer yet then. What was made more than [`domain::owner::SLACK_SECS`] after the erasure is a gift of somebody who gives again, and stays as it is.
//!
//! **Phases**, and their cost:
//! 1. the tombstone (a read);
//! 2. up to [`MOST_DONATIONS`] of the owner's donations (a query of the index and a batch read);
//! 3. for each: if it has no data key, a mark, and for each of its entries a read of the page and a write in the table of keys; its receipts (a listing, a call for each version);
//! 4. if there are more, a message for the rest.
//!
//! **Halfway.** Each step can be repeated, and a message goes only after the one for the rest was sent. Whatever else is written to a gift at the same moment is written before its mark, or reads it:
//! the mark grows the gift's version.
//!
//! **After a restore** of the table, `rebuild erasures` sends a message for every tombstone: the table of keys is not restored with it.
//!
//! **Failure.** Whatever cannot be reached makes its message come again; after ten receives it wakes a person.

mod run;

use aws_lambda_events::event::sqs::{SqsBatchResponse, SqsEvent};
use platform::batch::Batch;
use platform::bucket::Bucket;
use platform::queue::Queue;
use platform::table::Table;
use platform::{ConfigError, Platform, Random};

pub use run::MOST_DONATIONS;

/// What erasure is given, once for each environment.
pub struct Deps {
    table: Table,
    bucket: Bucket,
    erasures: Queue,
    random: Random,
}

impl Deps {
    /// From the platform's parts.
    ///
    /// # Errors
    /// When a setting is missing.
    pub fn new(platform: &Platform) -> Result<Deps, ConfigError> {
        // Read by the table where it is needed; missed here and not by the first message.
        platform.settings.required("KEYS_TABLE")?;
        Ok(Deps {
            table: platform.table()?,
            bucket: Bucket::new(&platform.aws, &platform.settings)?,
            erasures: platform.queue("QUEUE_ERASURES")?,
            random: platform.random.clone(),
        })
    }
}

/// Takes away what a batch asks for; reports the messages that have to come again.
pub async fn handle(deps: &Deps, event: SqsEvent) -> SqsBatchResponse {
    let batch = Batch::read(event);
    let mut failures = Vec::new();
    for delivery in &batch.deliveries {
        failures.extend(run::run(deps, delivery).await);
    }
    batch.answer(&deps.erasures, &deps.random, failures).await
}
