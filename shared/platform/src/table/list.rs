//! Lists of what slaughterhouses are to carry out.
//!
//! A list goes out in one transaction: it is written down, if there is none of its number, and each of its offerings is marked, on condition of the revision that was read. Whoever would move shares of one at
//! the same moment has to write that offering too: one of the two is refused.

use aws_sdk_dynamodb::types::{ConditionCheck, Put, ReturnValuesOnConditionCheckFailure, TransactWriteItem, Update};
use domain::id::SlaughterhouseId;
use domain::sacrifice::list::IssuedList;
use domain::sacrifice::{ListDay, Offering, Stage};

use super::group::{Committed, Refusal, cancelled};
use super::key::{Key, lists_of, lists_partition};
use super::{Table, TableError, attribute, number, read, write};

/// How a list's going out went.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Issuing {
    /// It is out.
    Done,
    /// Another of its number went out before: this one.
    Before(Box<IssuedList>),
    /// An offering is not as it was read.
    Moved,
}

impl Table {
    /// Every list of a slaughterhouse that is kept, by day and number.
    ///
    /// # Errors
    /// When the table cannot be reached.
    pub async fn lists_of(&self, slaughterhouse: &SlaughterhouseId) -> Result<Vec<IssuedList>, TableError> {
        self.partition(&lists_partition(slaughterhouse)).await
    }

    /// The latest list of a slaughterhouse for a day.
    ///
    /// # Errors
    /// When the table cannot be reached.
    pub async fn last_list(
        &self,
        slaughterhouse: &SlaughterhouseId,
        day: ListDay,
    ) -> Result<Option<IssuedList>, TableError> {
        self.last_of(&lists_partition(slaughterhouse), &lists_of(day)).await
    }

    /// Lets a list go out that has the animals of these offerings, as they were read. `mark` is chance that marks the writing.
    ///
    /// # Errors
    /// When the table cannot be reached or is busy; whether it went out is not known then, and again tells.
    pub async fn issue_list(&self, list: &IssuedList, offerings: &[Offering], mark: u64) -> Result<Issuing, TableError> {
        let put = Put::builder()
            .table_name(&self.name)
            .set_item(Some(write(&Key::list(&list.slaughterhouse, list.day, list.version), list)?))
            .condition_expression("attribute_not_exists(pk)")
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld);
        let put = put.build().map_err(|error| TableError::Other(error.into()))?;
        let mut actions = vec![TransactWriteItem::builder().put(put).build()];
        for offering in offerings {
            actions.push(self.marking(offering, mark)?);
        }
        match self.client.transact_write_items().set_transact_items(Some(actions)).send().await {
            Ok(_) => Ok(Issuing::Done),
            Err(error) => issuing(cancelled(error)?),
        }
    }

    fn marking(&self, offering: &Offering, mark: u64) -> Result<TransactWriteItem, TableError> {
        let other = |error: aws_sdk_dynamodb::error::BuildError| TableError::Other(error.into());
        let key = Some(Key::offering(&offering.id).item());
        if offering.stage == Stage::Listed {
            let check =
                ConditionCheck::builder().table_name(&self.name).set_key(key).condition_expression("revision = :revision");
            let check = check.expression_attribute_values(":revision", number(offering.revision)).build().map_err(other)?;
            return Ok(TransactWriteItem::builder().condition_check(check).build());
        }
        let update = Update::builder()
            .table_name(&self.name)
            .set_key(key)
            .update_expression("SET #stage = :listed, revision = :next, #mark = :mark")
            .condition_expression("revision = :revision")
            .expression_attribute_names("#stage", "stage")
            .expression_attribute_names("#mark", "mark")
            .expression_attribute_values(":listed", attribute(&Stage::Listed)?)
            .expression_attribute_values(":mark", number(mark))
            .expression_attribute_values(":revision", number(offering.revision))
            .expression_attribute_values(":next", number(offering.revision + 1));
        let update = update.build().map_err(other)?;
        Ok(TransactWriteItem::builder().update(update).build())
    }
}

/// The list's refusal goes before the offerings': whoever let it go out marked them.
fn issuing(committed: Committed) -> Result<Issuing, TableError> {
    let refusals = match committed {
        Committed::Done => return Ok(Issuing::Done),
        Committed::Unsure(error) => return Err(error),
        Committed::Cancelled(refusals) => refusals,
    };
    match refusals.as_slice() {
        [Refusal::Condition(Some(there)), ..] => Ok(Issuing::Before(Box::new(read(there.clone())?))),
        [_, offerings @ ..] if offerings.iter().any(|refusal| matches!(refusal, Refusal::Condition(_))) => {
            Ok(Issuing::Moved)
        }
        _ => Err(TableError::Transient("in conflict with another write".into())),
    }
}
