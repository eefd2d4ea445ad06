//! A donor's donations, to take away what is left of the donor when their data key is gone.

use aws_sdk_dynamodb::types::{AttributeValue, ReturnValue, ReturnValuesOnConditionCheckFailure};
use domain::donation::Donation;
use domain::id::{DonationId, DonorId};
use domain::message::Reached;
use domain::moment::Moment;

use super::error::{classify, old_item_of_update};
use super::key::{DONOR_INDEX, Key};
use super::{Item, Table, TableError, donation, number, read, text};

/// Some of a donor's donations.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct OfDonor {
    /// Which, in the order of their making.
    pub donations: Vec<DonationId>,
    /// With which of them it ends, if there may be more.
    pub reached: Option<Reached>,
}

/// A key of the index.
#[derive(serde::Deserialize)]
struct Row {
    pk: String,
    made_at: Moment,
}

impl Row {
    fn reached(self) -> Result<Reached, TableError> {
        let donation = self.pk.strip_prefix("DON#").and_then(|id| id.parse().ok());
        let donation =
            donation.ok_or_else(|| TableError::Unreadable { expected: "a donation's key", source: "not one".into() })?;
        Ok(Reached { donation, made_at: self.made_at })
    }
}

impl Table {
    /// Donations of a donor's that were made up to then, the first first, from after `after` on: at most so many. The index may lag behind by a moment.
    ///
    /// # Errors
    /// When the table cannot be reached.
    pub async fn donations_until(
        &self,
        (donor, until): (&DonorId, Moment),
        after: Option<&Reached>,
        most: i32,
    ) -> Result<OfDonor, TableError> {
        let start = after.map(|Reached { donation, made_at }| {
            let mut start: Item = Key::donation(donation).item();
            start.insert("donor".to_owned(), text(donor.as_str()));
            start.insert("made_at".to_owned(), number(made_at.millis()));
            start
        });
        let call = self.client.query().table_name(&self.name).index_name(DONOR_INDEX).limit(most);
        let call = call
            .key_condition_expression("donor = :donor AND made_at <= :until")
            .expression_attribute_values(":donor", text(donor.as_str()))
            .expression_attribute_values(":until", number(until.millis()));
        let answer = call.set_exclusive_start_key(start).send().await.map_err(classify)?;
        let rows = answer.items.unwrap_or_default().into_iter().map(|item| read::<Row>(item)?.reached());
        let rows = rows.collect::<Result<Vec<_>, _>>()?;
        let reached = answer.last_evaluated_key.map(|key| read::<Row>(key)?.reached()).transpose()?;
        Ok(OfDonor { donations: rows.into_iter().map(|row| row.donation).collect(), reached })
    }

    /// Says of a donation that its donor was erased, so that no salt is kept for it from now on; gives it back as it stands then. Its version grows with that: whoever has read it before and is
    /// about to write it has to read it again, so that either its place in the books is seen here, or the mark is seen there.
    ///
    /// # Errors
    /// When the table cannot be reached; saying it again changes nothing.
    pub async fn forget_donation(&self, id: &DonationId) -> Result<Option<Donation>, TableError> {
        let call = self.client.update_item().table_name(&self.name).set_key(Some(Key::donation(id).item()));
        let call = call
            .update_expression("SET forgotten = :true, version = version + :one")
            .condition_expression("attribute_exists(pk) AND attribute_not_exists(forgotten)")
            .expression_attribute_values(":true", AttributeValue::Bool(true))
            .expression_attribute_values(":one", number(1))
            .return_values(ReturnValue::AllNew)
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld);
        let stands = match call.send().await {
            Ok(answer) => answer.attributes,
            Err(error) => old_item_of_update(error)?,
        };
        stands.map(donation::of).transpose()
    }
}
