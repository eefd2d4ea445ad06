//! Offerings of the sacrifice programme.

use aws_sdk_dynamodb::types::ReturnValuesOnConditionCheckFailure;
use domain::id::OpportunityId;
use domain::sacrifice::Offering;

use super::error::old_item;
use super::key::{Key, OFFERINGS};
use super::{Table, TableError, number, read, write};

impl Table {
    /// An offering by its id.
    ///
    /// # Errors
    /// When the table cannot be reached.
    pub async fn offering(&self, id: &OpportunityId) -> Result<Option<Offering>, TableError> {
        self.get(&Key::offering(id)).await
    }

    /// Offerings by their ids, in no order; those that are absent are left out. Nothing is read where none is asked for.
    ///
    /// # Errors
    /// When the table cannot be reached.
    pub async fn offerings_by_id(&self, ids: &[OpportunityId]) -> Result<Vec<Offering>, TableError> {
        self.get_all(&ids.iter().map(Key::offering).collect::<Vec<_>>()).await
    }

    /// Every offering, in the order of their ids.
    ///
    /// # Errors
    /// When the table cannot be reached.
    pub async fn offerings(&self) -> Result<Vec<Offering>, TableError> {
        self.partition(OFFERINGS).await
    }

    /// Writes an offering over the revision before its own; the first over none. `false` when another writing stands there; the same one, whose answer was lost, is written.
    ///
    /// # Errors
    /// When the table cannot be reached; whether it was written is not known then, and writing it again tells.
    pub async fn put_offering(&self, offering: &Offering) -> Result<bool, TableError> {
        let item = write(&Key::offering(&offering.id), offering)?;
        let call = self.client.put_item().table_name(&self.name).set_item(Some(item));
        let call = match offering.revision.checked_sub(1) {
            None | Some(0) => call.condition_expression("attribute_not_exists(pk)"),
            Some(before) => {
                call.condition_expression("revision = :before").expression_attribute_values(":before", number(before))
            }
        };
        let all_old = ReturnValuesOnConditionCheckFailure::AllOld;
        let there: Option<Offering> = match call.return_values_on_condition_check_failure(all_old).send().await {
            Ok(_) => return Ok(true),
            Err(error) => old_item(error)?.map(read).transpose()?,
        };
        Ok(there.as_ref() == Some(offering))
    }
}
