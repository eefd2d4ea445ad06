//! The lots of an offering's stock.
//!
//! `free` is a word that DynamoDB keeps for itself: in expressions it is `#free`.
//!
//! A claim is one conditional update of one small item. It can be repeated without harm, and so can its release and its confirmation; settlement never touches a lot.

use aws_sdk_dynamodb::error::SdkError;
use aws_sdk_dynamodb::operation::update_item::UpdateItemError;
use aws_sdk_dynamodb::operation::update_item::builders::UpdateItemFluentBuilder;
use aws_sdk_dynamodb::types::{ReturnValue, ReturnValuesOnConditionCheckFailure};
use domain::id::{DonationId, OpportunityId};
use domain::moment::Moment;
use domain::sacrifice::lot::SEGMENTS;
use domain::sacrifice::{Claim, Lot, Room, Standing};
use futures_util::future::try_join_all;
use serde::Deserialize;

use super::error::{classify, old_item_of_update};
use super::key::{Key, segment_partition};
use super::{Item, Table, TableError, number, read, text};

/// How a claim on a lot went.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Taking {
    /// The donation has the shares there, now or since before; so much is free besides, as far as that is known.
    Held(u8),
    /// Too few are free: so many.
    Gone(u8),
}

/// How a confirmation went.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Confirming {
    /// The claim is confirmed, now or since before.
    Confirmed,
    /// There is no claim of the donation on the lot.
    Missing,
}

/// What is read of a lot to find room.
#[derive(Deserialize)]
struct Free {
    lot: u32,
    free: u8,
}

impl Table {
    /// Makes a lot, if there is none of its number.
    ///
    /// # Errors
    /// When the table cannot be reached.
    pub async fn make_lot(&self, offering: &OpportunityId, lot: &Lot) -> Result<(), TableError> {
        self.put_new(&Key::lot(offering, lot.lot), lot).await.map(|_| ())
    }

    /// Lots by their numbers, in the order of those.
    ///
    /// # Errors
    /// When the table cannot be reached.
    pub async fn lots(&self, offering: &OpportunityId, numbers: &[u32]) -> Result<Vec<Lot>, TableError> {
        let keys: Vec<Key> = numbers.iter().map(|lot| Key::lot(offering, *lot)).collect();
        let mut lots: Vec<Lot> = self.get_all(&keys).await?;
        lots.sort_by_key(|lot| lot.lot);
        Ok(lots)
    }

    /// Every lot of an offering, in the order of their numbers: for those who have time.
    ///
    /// # Errors
    /// When the table cannot be reached.
    pub async fn all_lots(&self, offering: &OpportunityId) -> Result<Vec<Lot>, TableError> {
        let segments =
            (0..SEGMENTS).map(|segment| async move { self.partition::<Lot>(&segment_partition(offering, segment)).await });
        let mut lots: Vec<Lot> = try_join_all(segments).await?.into_iter().flatten().collect();
        lots.sort_by_key(|lot| lot.lot);
        Ok(lots)
    }

    /// The lots of an offering on which something is free, strongly consistent, all segments at once.
    ///
    /// # Errors
    /// When the table cannot be reached.
    pub async fn rooms(&self, offering: &OpportunityId) -> Result<Vec<Room>, TableError> {
        let segments = (0..SEGMENTS).map(|segment| self.rooms_of(offering, segment));
        Ok(try_join_all(segments).await?.into_iter().flatten().collect())
    }

    async fn rooms_of(&self, offering: &OpportunityId, segment: u8) -> Result<Vec<Room>, TableError> {
        let (mut found, mut start) = (Vec::new(), None);
        loop {
            let call = self.client.query().table_name(&self.name).key_condition_expression("pk = :pk");
            let call = call
                .expression_attribute_values(":pk", text(segment_partition(offering, segment)))
                .expression_attribute_values(":none", number(0))
                .expression_attribute_names("#free", "free")
                .filter_expression("#free > :none")
                .projection_expression("lot, #free")
                .consistent_read(true);
            let answer = call.set_exclusive_start_key(start).send().await.map_err(classify)?;
            for item in answer.items.unwrap_or_default() {
                let Free { lot, free } = read(item)?;
                found.push(Room { lot, free });
            }
            start = answer.last_evaluated_key;
            if start.is_none() {
                return Ok(found);
            }
        }
    }

    /// Claims shares of a lot for a donation, held until then. A claim of as many that it has there already is kept, and held as long at least; one of more or fewer is left over from a
    /// gift that was made anew, and in the way.
    ///
    /// # Errors
    /// When the table cannot be reached; whether it was claimed is not known then, and claiming again tells.
    pub async fn take_shares(
        &self,
        offering: &OpportunityId,
        lot: u32,
        donation: &DonationId,
        (shares, until): (u8, Moment),
    ) -> Result<Taking, TableError> {
        let claim = Claim { shares, standing: Standing::Held(until) };
        let call = self
            .lot_update(offering, lot, donation)
            .update_expression("SET #free = #free - :shares, claims.#donation = :claim")
            .condition_expression("#free >= :shares AND attribute_not_exists(claims.#donation)")
            .expression_attribute_names("#free", "free")
            .expression_attribute_values(":shares", number(shares))
            .expression_attribute_values(":claim", text(claim.to_string()))
            .return_values(ReturnValue::UpdatedNew);
        let mut there = match call.send().await {
            Ok(answer) => return Ok(Taking::Held(free_in(answer.attributes))),
            Err(error) => refused(error)?,
        };
        let of_as_many = |there: &Option<Lot>| {
            let claim = there.as_ref().and_then(|there| there.claims.get(donation)).copied();
            claim.filter(|claim| claim.shares == shares)
        };
        while let Some(has) = of_as_many(&there) {
            match has.standing {
                Standing::Held(ends) if ends.seconds() < until.seconds() => {
                    let call = self
                        .lot_update(offering, lot, donation)
                        .update_expression("SET claims.#donation = :claim")
                        .condition_expression("claims.#donation = :has")
                        .expression_attribute_values(":has", text(has.to_string()))
                        .expression_attribute_values(":claim", text(Claim { standing: claim.standing, ..has }.to_string()))
                        .return_values(ReturnValue::AllNew);
                    match call.send().await {
                        Ok(answer) => return Ok(Taking::Held(free_in(answer.attributes))),
                        Err(error) => there = refused(error)?,
                    }
                }
                Standing::Held(_) | Standing::Confirmed => return Ok(Taking::Held(there.map_or(0, |there| there.free))),
            }
        }
        Ok(Taking::Gone(there.map_or(0, |there| there.free)))
    }

    /// Takes a claim away that `is_over`, and gives free what it had; nothing when there is none, or none that is. Gives back how many shares are free again by it.
    ///
    /// # Errors
    /// When the table cannot be reached.
    pub async fn give_shares_back(
        &self,
        offering: &OpportunityId,
        lot: u32,
        donation: &DonationId,
        is_over: impl Fn(&Claim) -> bool,
    ) -> Result<u8, TableError> {
        let mut there = self.lots(offering, &[lot]).await?.pop();
        while let Some(claim) = there.as_ref().and_then(|there| there.claims.get(donation)).copied().filter(&is_over) {
            let call = self
                .lot_update(offering, lot, donation)
                .update_expression("SET #free = #free + :shares REMOVE claims.#donation")
                .expression_attribute_names("#free", "free")
                .condition_expression("claims.#donation = :claim")
                .expression_attribute_values(":shares", number(claim.shares))
                .expression_attribute_values(":claim", text(claim.to_string()));
            match call.send().await {
                Ok(_) => return Ok(claim.shares),
                // It was confirmed, held longer or taken away meanwhile.
                Err(error) => there = refused(error)?,
            }
        }
        Ok(0)
    }

    /// Confirms the claim of a donation on a lot. Told again, as one in thirteen was in a burst, it writes what is there: that costs as much as to be refused, and less than to read it first each time.
    ///
    /// # Errors
    /// When the table cannot be reached; whether it was confirmed is not known then, and confirming again tells.
    pub async fn confirm_shares(
        &self,
        offering: &OpportunityId,
        lot: u32,
        donation: &DonationId,
        shares: u8,
    ) -> Result<Confirming, TableError> {
        let confirmed = Claim { shares, standing: Standing::Confirmed };
        let call = self
            .lot_update(offering, lot, donation)
            .update_expression("SET claims.#donation = :confirmed")
            .condition_expression("begins_with(claims.#donation, :held) OR claims.#donation = :confirmed")
            .expression_attribute_values(":held", text(format!("{shares}h")))
            .expression_attribute_values(":confirmed", text(confirmed.to_string()));
        match call.send().await {
            Ok(_) => Ok(Confirming::Confirmed),
            Err(error) => refused(error).map(|_| Confirming::Missing),
        }
    }

    fn lot_update(&self, offering: &OpportunityId, lot: u32, donation: &DonationId) -> UpdateItemFluentBuilder {
        self.client
            .update_item()
            .table_name(&self.name)
            .set_key(Some(Key::lot(offering, lot).item()))
            .expression_attribute_names("#donation", donation.to_string())
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld)
    }
}

/// What is free on a lot after it was written.
fn free_in(attributes: Option<Item>) -> u8 {
    let free = attributes.and_then(|mut new| new.remove("free"));
    free.and_then(|free| free.as_n().ok()?.parse().ok()).unwrap_or(0)
}

/// The lot as it stood when the condition failed.
fn refused(error: SdkError<UpdateItemError>) -> Result<Option<Lot>, TableError> {
    old_item_of_update(error)?.map(read).transpose()
}
