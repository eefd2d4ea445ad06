//! Bringing the lots of an offering to its quota.
//!
//! A writer first takes every lot under the offering's revision; from then on the table refuses the changes of those with an earlier one. Claims neither read nor write the
//! revision, and go on all the while. Each change keeps free, held and confirmed together the lot's shares.

use std::collections::HashMap;

use aws_sdk_dynamodb::types::{AttributeValue, ReturnValue, ReturnValuesOnConditionCheckFailure};
use domain::id::OpportunityId;
use domain::sacrifice::Lot;
use domain::sacrifice::quota::Change;

use super::error::old_item_of_update;
use super::key::Key;
use super::{Table, TableError, number, read};

/// How a change of a lot's shares went.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Resizing {
    /// It has them, now or since before.
    Done,
    /// Claims took what was to be withdrawn.
    Claimed,
    /// A writer with a later revision has taken the lot.
    Overtaken,
}

impl Table {
    /// Takes a lot for the writer of a revision, making it without a share if there is none, and reads it as it stands from then on. `None` when the writer of a later revision
    /// has taken it.
    ///
    /// # Errors
    /// When the table cannot be reached; taking it again does no harm.
    pub async fn take_lot(&self, offering: &OpportunityId, lot: u32, revision: u64) -> Result<Option<Lot>, TableError> {
        let call = self.client.update_item().table_name(&self.name).set_key(Some(Key::lot(offering, lot).item()));
        let call = call
            .update_expression(
                "SET revision = :revision, lot = :lot, shares = if_not_exists(shares, :zero), \
                 #free = if_not_exists(#free, :zero), claims = if_not_exists(claims, :none)",
            )
            .condition_expression("attribute_not_exists(revision) OR revision <= :revision")
            .expression_attribute_values(":revision", number(revision))
            .expression_attribute_names("#free", "free")
            .expression_attribute_values(":lot", number(lot))
            .expression_attribute_values(":zero", number(0))
            .expression_attribute_values(":none", AttributeValue::M(HashMap::new()))
            .return_values(ReturnValue::AllNew);
        match call.send().await {
            Ok(answer) => answer.attributes.map(read).transpose(),
            Err(error) => old_item_of_update(error).map(|_| None),
        }
    }

    /// Makes a lot that nobody has made before, with its shares and under the revision that it names.
    ///
    /// # Errors
    /// When the table cannot be reached; making it again tells.
    pub async fn make_lot_of(&self, offering: &OpportunityId, lot: &Lot) -> Result<Resizing, TableError> {
        let there: Option<Lot> = self.put_new(&Key::lot(offering, lot.lot), lot).await?;
        // The same revision is this writer, whose answer was lost; claims may have come since.
        let is_mine = there.is_none_or(|there| there.revision == lot.revision && there.shares == lot.shares);
        Ok(if is_mine { Resizing::Done } else { Resizing::Overtaken })
    }

    /// Gives a lot free shares, or withdraws free ones, if it still has the shares that were read and no later writer has taken it.
    ///
    /// # Errors
    /// When the table cannot be reached; whether it was changed is not known then, and changing it again tells.
    pub async fn resize_lot(
        &self,
        offering: &OpportunityId,
        change: &Change,
        revision: u64,
    ) -> Result<Resizing, TableError> {
        let added = i16::from(change.to) - i16::from(change.from);
        let call = self.client.update_item().table_name(&self.name).set_key(Some(Key::lot(offering, change.lot).item()));
        let call = call
            .update_expression("SET shares = :to, #free = #free + :added")
            .condition_expression("shares = :from AND #free >= :least AND revision = :revision")
            .expression_attribute_names("#free", "free")
            .expression_attribute_values(":from", number(change.from))
            .expression_attribute_values(":to", number(change.to))
            .expression_attribute_values(":added", number(added))
            .expression_attribute_values(":least", number((-added).max(0)))
            .expression_attribute_values(":revision", number(revision))
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld);
        let there = match call.send().await {
            Ok(_) => return Ok(Resizing::Done),
            Err(error) => old_item_of_update(error)?.map(read::<Lot>).transpose()?,
        };
        Ok(match there {
            Some(there) if there.revision == revision && there.shares == change.to => Resizing::Done,
            Some(there) if there.revision == revision => Resizing::Claimed,
            Some(_) | None => Resizing::Overtaken,
        })
    }
}
