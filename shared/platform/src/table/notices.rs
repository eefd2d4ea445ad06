//! Who was told what, and how donors want to be told.
//!
//! A note that something was told keeps a second telling rare; it is written after the telling, so that a crash between the two tells twice and never not
//! at all. The donors of a page have one note together. A single notice is often asked for by two at the same moment (the provider's webhook, and whoever asked for
//! the refund), so whoever tells it first says that it is at it. Notes stay: a provider may tell of a payment again after months, with
//! all that was ever true of it, and nobody is thanked again for that.

use std::collections::HashMap;

use domain::id::DonorId;
use domain::journal::ChainId;
use domain::moment::Moment;
use domain::notice::{Notice, Telling};
use serde::{Deserialize, Serialize};

use super::error::classify;
use super::key::Key;
use super::{Table, TableError, number};

/// How long the mark is kept that somebody was at it: a message lives for fourteen days in a queue, and fourteen more if it is sent back from the dead letters.
const KEPT_SECS: i64 = 30 * 24 * 3_600;

/// The note.
#[derive(Serialize, Deserialize)]
struct Note {
    /// When it was told; absent while somebody is at it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    told_at: Option<Moment>,
}

/// How a donor wants to be told of all their gifts. It says whose it is, because many are read at once, in no order.
#[derive(Serialize, Deserialize)]
struct Wish {
    whose: DonorId,
    /// When they said so; absent where it was said before this was kept.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    said_at: Option<Moment>,
    #[serde(flatten)]
    telling: Telling,
}

/// Who may tell a notice now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Turn {
    /// Whoever asked.
    Mine,
    /// Somebody else, who is at it.
    Others,
    /// Nobody: it was told.
    Over,
}

impl Table {
    /// How these donors want to be told of their gifts; who never said is left out.
    ///
    /// # Errors
    /// When the table cannot be reached.
    pub async fn tellings(&self, donors: &[DonorId]) -> Result<HashMap<DonorId, Telling>, TableError> {
        let keys: Vec<Key> = donors.iter().map(Key::telling).collect();
        let wishes = self.get_all::<Wish>(&keys).await?;
        Ok(wishes.into_iter().map(|wish| (wish.whose, wish.telling)).collect())
    }

    /// Keeps how a donor wants to be told of their gifts, in place of what they said before.
    ///
    /// # Errors
    /// When the table cannot be reached; keeping it again changes nothing.
    pub async fn keep_telling(&self, donor: &DonorId, telling: &Telling, now: Moment) -> Result<(), TableError> {
        self.put(&Key::telling(donor), &Wish { whose: donor.clone(), said_at: Some(now), telling: telling.clone() }).await
    }

    /// Forgets how a donor wants to be told of their gifts, if they said it up to then.
    ///
    /// # Errors
    /// When the table cannot be reached; forgetting it again changes nothing.
    pub async fn forget_telling(&self, donor: &DonorId, until: Moment) -> Result<(), TableError> {
        let call = self.client.delete_item().table_name(&self.name).set_key(Some(Key::telling(donor).item()));
        let call = call
            .condition_expression("attribute_not_exists(said_at) OR said_at <= :until")
            .expression_attribute_values(":until", number(until.millis()));
        match call.send().await {
            Ok(_) => Ok(()),
            Err(error) if error.as_service_error().is_some_and(|e| e.is_conditional_check_failed_exception()) => Ok(()),
            Err(error) => Err(classify(error)),
        }
    }

    /// Whether the donors of a page were told.
    ///
    /// # Errors
    /// When the table cannot be reached.
    pub async fn was_page_told(&self, chain: ChainId, seq: u64) -> Result<bool, TableError> {
        Ok(self.get::<Note>(&Key::told_page(chain, seq)).await?.is_some())
    }

    /// Notes that the donors of a page were told.
    ///
    /// # Errors
    /// When the table cannot be reached; they may be told again then.
    pub async fn note_page_told(&self, chain: ChainId, seq: u64, now: Moment) -> Result<(), TableError> {
        self.put(&Key::told_page(chain, seq), &note(now)).await
    }

    /// Says that a notice is being told from `now` until `until`, unless somebody is at it or it was told.
    ///
    /// # Errors
    /// When the table cannot be reached; whether it was said is not known then.
    pub async fn begin_telling(&self, notice: &Notice, now: Moment, until: Moment) -> Result<Turn, TableError> {
        let call = self.client.update_item().table_name(&self.name).set_key(Some(Key::told(notice).item()));
        let call = call
            .update_expression("SET busy_until = :until, #ttl = :ttl")
            .condition_expression(
                "attribute_not_exists(told_at) AND (attribute_not_exists(busy_until) OR busy_until <= :now)",
            )
            .expression_attribute_names("#ttl", "ttl")
            .expression_attribute_values(":until", number(until.millis()))
            .expression_attribute_values(":now", number(now.millis()))
            .expression_attribute_values(":ttl", number(until.plus_seconds(KEPT_SECS).seconds()));
        match call.send().await {
            Ok(_) => Ok(Turn::Mine),
            Err(error) if error.as_service_error().is_some_and(|e| e.is_conditional_check_failed_exception()) => {
                let note = self.get::<Note>(&Key::told(notice)).await?;
                Ok(if note.is_some_and(|note| note.told_at.is_some()) { Turn::Over } else { Turn::Others })
            }
            Err(error) => Err(classify(error)),
        }
    }

    /// Says that a notice is not being told any more, and was not.
    ///
    /// # Errors
    /// When the table cannot be reached; it counts as being told until its end then.
    pub async fn give_up_telling(&self, notice: &Notice) -> Result<(), TableError> {
        let call = self.client.update_item().table_name(&self.name).set_key(Some(Key::told(notice).item()));
        call.update_expression("REMOVE busy_until").send().await.map_err(classify)?;
        Ok(())
    }

    /// Notes that a notice was told.
    ///
    /// # Errors
    /// When the table cannot be reached; it may be told again then.
    pub async fn note_told(&self, notice: &Notice, now: Moment) -> Result<(), TableError> {
        self.put(&Key::told(notice), &note(now)).await
    }
}

fn note(now: Moment) -> Note {
    Note { told_at: Some(now) }
}
