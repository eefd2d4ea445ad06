//! What was told of animals and is taken back by two people.
//!
//! **Promise.** A retraction that is done is written into its animal, and one that is written is done: both are one transaction, on condition of the versions that were read. So one that somebody declines at the same moment, or
//! whose animal a slaughterhouse tells more of, is written or not, and never in part.
//!
//! **Listing.** As corrections: in the index of cases, in a partition for each stage.

use std::collections::BTreeMap;

use aws_sdk_dynamodb::types::{Put, ReturnValuesOnConditionCheckFailure, TransactWriteItem};
use domain::id::CorrectionId;
use domain::sacrifice::Carried;
use domain::sacrifice::carrying::Retraction;
use serde::{Deserialize, Serialize};

use super::correction::CorrectionFilter;
use super::error;
use super::group::{Committed, Refusal, cancelled};
use super::key::{Key, case_place, retraction_partition};
use super::{Item, Table, TableError, number, write};

/// A retraction as an item: itself, and where the index has it.
#[derive(Serialize, Deserialize)]
struct Row {
    listed_in: String,
    listed_as: String,
    #[serde(flatten)]
    retraction: Retraction,
}

/// A part of a list of retractions.
#[derive(Debug, Clone, Default)]
pub struct RetractionPage {
    /// The retractions as they stand.
    pub retractions: Vec<Retraction>,
    /// The place after which the list goes on, if it does.
    pub next: Option<String>,
}

impl Table {
    /// Writes a retraction that is asked for, if there is none of its id; gives back the one that there is.
    ///
    /// # Errors
    /// When the table cannot be reached.
    pub async fn ask_retraction(&self, retraction: &Retraction) -> Result<Option<Retraction>, TableError> {
        let there = self.put_new(&Key::retraction(&retraction.id), &row(retraction)).await?;
        Ok(there.map(|row| row.retraction))
    }

    /// A retraction.
    ///
    /// # Errors
    /// When the table cannot be reached.
    pub async fn retraction(&self, id: &CorrectionId) -> Result<Option<Retraction>, TableError> {
        Ok(self.get::<Row>(&Key::retraction(id)).await?.map(|row| row.retraction))
    }

    /// Writes an animal without what is taken back, and the retraction as done, over the versions before them. `false` when one of the two is not as it was read.
    ///
    /// # Errors
    /// When the table cannot be reached or is too busy; whether it was written is not known then, and reading tells.
    pub async fn take_words_back(&self, animal: &Carried, done: &Retraction) -> Result<bool, TableError> {
        let animal = write(&Key::carried(&animal.offering, animal.number), animal)
            .and_then(|item| self.put_over(item, animal.version.saturating_sub(1)))?;
        let done = self.put_over(item(done)?, done.version.saturating_sub(1))?;
        let sent = self.client.transact_write_items().set_transact_items(Some(vec![animal, done])).send().await;
        let refusals = match sent.map_or_else(cancelled, |_| Ok(Committed::Done))? {
            Committed::Done => return Ok(true),
            Committed::Unsure(error) => return Err(error),
            Committed::Cancelled(refusals) => refusals,
        };
        if refusals.iter().any(|refusal| matches!(refusal, Refusal::Condition(_))) {
            return Ok(false);
        }
        Err(TableError::Transient("in conflict with another write".into()))
    }

    fn put_over(&self, item: Item, before: u64) -> Result<TransactWriteItem, TableError> {
        let put = Put::builder()
            .table_name(&self.name)
            .set_item(Some(item))
            .condition_expression("#version = :before")
            .expression_attribute_names("#version", "version")
            .expression_attribute_values(":before", number(before));
        let put = put.build().map_err(|error| TableError::Other(error.into()))?;
        Ok(TransactWriteItem::builder().put(put).build())
    }

    /// Changes a retraction, if it still has the version before. `false` when it has not.
    ///
    /// # Errors
    /// When the table cannot be reached; whether it was written is not known then.
    pub async fn turn_retraction(&self, to: &Retraction) -> Result<bool, TableError> {
        let call = self.client.put_item().table_name(&self.name).set_item(Some(item(to)?));
        let call = call
            .condition_expression("version = :before")
            .expression_attribute_values(":before", number(to.version.saturating_sub(1)))
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld);
        match call.send().await {
            Ok(_) => Ok(true),
            Err(failed) => error::old_item(failed).map(|_| false),
        }
    }

    /// Up to `most` retractions, in the order since when they stand so.
    ///
    /// # Errors
    /// When the table cannot be reached.
    pub async fn retractions(&self, filter: &CorrectionFilter, most: usize) -> Result<RetractionPage, TableError> {
        let (partition, after) = (retraction_partition(filter.stage), filter.after.as_deref());
        // One more than is shown, to know whether the list goes on.
        let mut places = self.listed_in(partition, filter.latest_first, after, most + 1).await?;
        let goes_on = places.len() > most;
        places.truncate(most);
        let next = places.last().filter(|_| goes_on).cloned();
        let ids = places.iter().filter_map(|place| place.split_once('#')?.1.parse().ok());
        let rows: Vec<Row> = self.get_all(&ids.map(|id| Key::retraction(&id)).collect::<Vec<_>>()).await?;
        let mut by_place: BTreeMap<String, Retraction> =
            rows.into_iter().map(|row| (row.listed_as, row.retraction)).collect();
        let retractions = places.iter().filter_map(|place| by_place.remove(place));
        // One that moved on since, within the moment in which it was asked for, stands in another list.
        let retractions = retractions.filter(|retraction| retraction.stage.code() == filter.stage).collect();
        Ok(RetractionPage { retractions, next })
    }
}

fn row(retraction: &Retraction) -> Row {
    Row {
        listed_in: retraction_partition(retraction.stage.code()),
        listed_as: case_place(retraction.since(), retraction.id.as_str()),
        retraction: retraction.clone(),
    }
}

fn item(retraction: &Retraction) -> Result<Item, TableError> {
    write(&Key::retraction(&retraction.id), &row(retraction))
}
