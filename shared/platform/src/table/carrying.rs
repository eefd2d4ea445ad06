//! What slaughterhouses sent, and what is known of the carrying out of animals.
//!
//! An animal's item is written whole, on condition of the version that was read: one write of one unit for a row. The keys of animals are spread over partitions, so that ten thousand rows a minute heat none.

use aws_sdk_dynamodb::types::ReturnValuesOnConditionCheckFailure;
use domain::id::{BatchId, OpportunityId, SlaughterhouseId};
use domain::moment::Moment;
use domain::sacrifice::carrying::{Batch, Carried, HouseKeys, Part};
use serde::{Deserialize, Serialize};

use super::error::old_item;
use super::key::{Key, parts_partition};
use super::{Table, TableError, number, read, write};

/// How an addition to an animal went.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Adding {
    /// It stands.
    Done,
    /// Somebody else added something since it was read: this is what stands.
    Moved(Option<Box<Carried>>),
}

/// The note that all animals of an offering were slaughtered.
#[derive(Serialize, Deserialize)]
struct AllCarried {
    seen_at: Moment,
}

impl Table {
    /// The keys that are registered for a slaughterhouse.
    ///
    /// # Errors
    /// When the table cannot be reached.
    pub async fn house_keys(&self, slaughterhouse: &SlaughterhouseId) -> Result<Option<HouseKeys>, TableError> {
        self.get(&Key::house_keys(slaughterhouse)).await
    }

    /// Registers keys in place of those before.
    ///
    /// # Errors
    /// When the table cannot be reached; registering them again changes nothing.
    pub async fn keep_house_keys(&self, keys: &HouseKeys) -> Result<(), TableError> {
        self.put(&Key::house_keys(&keys.slaughterhouse), keys).await
    }

    /// A batch by its id.
    ///
    /// # Errors
    /// When the table cannot be reached.
    pub async fn batch(&self, slaughterhouse: &SlaughterhouseId, batch: &BatchId) -> Result<Option<Batch>, TableError> {
        self.get(&Key::batch(slaughterhouse, batch)).await
    }

    /// Writes a batch down if there is none of its id; gives back the one that is there.
    ///
    /// # Errors
    /// When the table cannot be reached; whether it was written is not known then, and writing it again tells.
    pub async fn keep_batch(&self, batch: &Batch) -> Result<Option<Batch>, TableError> {
        self.put_new(&Key::batch(&batch.slaughterhouse, &batch.batch), batch).await
    }

    /// What became of one part of a batch, if it is done.
    ///
    /// # Errors
    /// When the table cannot be reached.
    pub async fn part(&self, batch: &BatchId, from: u32) -> Result<Option<Part>, TableError> {
        self.get(&Key::part(batch, from)).await
    }

    /// What became of the parts of a batch that are done, in their order.
    ///
    /// # Errors
    /// When the table cannot be reached.
    pub async fn parts(&self, batch: &BatchId) -> Result<Vec<Part>, TableError> {
        self.partition(&parts_partition(batch)).await
    }

    /// Writes down what became of a part, unless that was done before.
    ///
    /// # Errors
    /// When the table cannot be reached; writing it again changes nothing.
    pub async fn keep_part(&self, batch: &BatchId, part: &Part) -> Result<(), TableError> {
        self.put_new(&Key::part(batch, part.from), part).await.map(|_| ())
    }

    /// What is known of these animals, in no order; those of which nothing is are left out.
    ///
    /// # Errors
    /// When the table cannot be reached.
    pub async fn carried(&self, animals: &[(OpportunityId, u32)]) -> Result<Vec<Carried>, TableError> {
        self.get_all(&animals.iter().map(|(offering, number)| Key::carried(offering, *number)).collect::<Vec<_>>()).await
    }

    /// Writes what is known of an animal over the version before it; the first over none.
    ///
    /// # Errors
    /// When the table cannot be reached; whether it was written is not known then, and reading tells.
    pub async fn add_carried(&self, carried: &Carried) -> Result<Adding, TableError> {
        let item = write(&Key::carried(&carried.offering, carried.number), carried)?;
        let call = self.client.put_item().table_name(&self.name).set_item(Some(item));
        let call = match carried.version.checked_sub(1) {
            None | Some(0) => call.condition_expression("attribute_not_exists(pk)"),
            Some(before) => {
                let call = call.condition_expression("#version = :before");
                call.expression_attribute_names("#version", "version").expression_attribute_values(":before", number(before))
            }
        };
        let all_old = ReturnValuesOnConditionCheckFailure::AllOld;
        match call.return_values_on_condition_check_failure(all_old).send().await {
            Ok(_) => Ok(Adding::Done),
            Err(error) => Ok(Adding::Moved(old_item(error)?.map(read).transpose()?.map(Box::new))),
        }
    }

    /// Whether all animals of an offering were seen to be slaughtered.
    ///
    /// # Errors
    /// When the table cannot be reached.
    pub async fn is_all_carried(&self, offering: &OpportunityId) -> Result<bool, TableError> {
        Ok(self.get::<AllCarried>(&Key::all_carried(offering)).await?.is_some())
    }

    /// Notes that all animals of an offering were slaughtered: nobody looks again.
    ///
    /// # Errors
    /// When the table cannot be reached; noting it again does no harm.
    pub async fn note_all_carried(&self, offering: &OpportunityId, now: Moment) -> Result<(), TableError> {
        self.put_new(&Key::all_carried(offering), &AllCarried { seen_at: now }).await.map(|_| ())
    }
}
