//! Offerings of the sacrifice programme.

use domain::id::OpportunityId;
use domain::sacrifice::Offering;

use super::key::{Key, OFFERINGS};
use super::{Table, TableError, number, write};
use crate::table::error::classify;

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

    /// Writes an offering over the revision before its own; the first over none. `false` when another revision stands there.
    ///
    /// # Errors
    /// When the table cannot be reached; whether it was written is not known then.
    pub async fn put_offering(&self, offering: &Offering) -> Result<bool, TableError> {
        let item = write(&Key::offering(&offering.id), offering)?;
        let call = self.client.put_item().table_name(&self.name).set_item(Some(item));
        let call = match offering.revision.checked_sub(1) {
            None | Some(0) => call.condition_expression("attribute_not_exists(pk)"),
            Some(before) => {
                call.condition_expression("revision = :before").expression_attribute_values(":before", number(before))
            }
        };
        match call.send().await {
            Ok(_) => Ok(true),
            Err(error) if error.as_service_error().is_some_and(|e| e.is_conditional_check_failed_exception()) => Ok(false),
            Err(error) => Err(classify(error)),
        }
    }
}
