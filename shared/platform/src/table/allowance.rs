//! What givers have used of an offering's limit.
//!
//! `ttl` is a word that DynamoDB keeps for itself: in expressions it is `#ttl`.
//!
//! The first gift of a giver is one put, each further one a put that is refused with what is there, and one conditional update. Both can be repeated without harm, and so can giving
//! back. Where an entry is in somebody's way, the gifts behind all entries are looked at, and those that count no more are given back: so nothing that was left behind by a crash
//! ever keeps anybody from giving.

use std::collections::BTreeMap;

use aws_sdk_dynamodb::operation::update_item::builders::UpdateItemFluentBuilder;
use aws_sdk_dynamodb::types::ReturnValuesOnConditionCheckFailure;
use domain::donation::Donation;
use domain::id::DonationId;
use domain::moment::Moment;
use domain::sacrifice::fairness::{Allowance, Counting, GiverHash};
use domain::sacrifice::{Claim, Standing};
use serde::{Deserialize, Serialize};

use super::error::old_item_of_update;
use super::key::Key;
use super::{Item, Table, TableError, number, read, text};

/// How long an allowance is kept after its sale has closed: until its last refunds. It cleans up and decides nothing, because a sale that is over is not opened again.
const KEPT_SECS: i64 = 180 * 24 * 3_600;

/// An allowance as an item.
#[derive(Serialize, Deserialize)]
struct Row {
    #[serde(flatten)]
    allowance: Allowance,
    ttl: i64,
}

/// A limit, and when its sale closes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limit {
    /// Shares of one giver.
    pub shares: u8,
    /// When the sale closes.
    pub closes_at: Moment,
}

/// How counting a gift went.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Allowing {
    /// It is counted, now or since before.
    Counted,
    /// It would be beyond the limit: this is what is used.
    Full(Allowance),
}

impl Table {
    /// What these givers have used, in no order; who has used nothing is left out.
    ///
    /// # Errors
    /// When the table cannot be reached.
    pub async fn allowances(&self, givers: &[GiverHash]) -> Result<Vec<Allowance>, TableError> {
        self.get_all(&givers.iter().map(Key::allowance).collect::<Vec<_>>()).await
    }

    /// Counts a donation's shares in a giver's allowance, held until then; what is counted already is kept, and counted as long at least.
    ///
    /// # Errors
    /// When the table cannot be reached; whether it was counted is not known then, and counting again tells.
    pub async fn count_shares(
        &self,
        giver: &GiverHash,
        donation: &DonationId,
        (shares, until): (u8, Moment),
        limit: Limit,
    ) -> Result<Allowing, TableError> {
        let counted = self.count_once(giver, donation, (shares, until), limit).await?;
        if let Allowing::Full(there) = &counted
            && self.clear_allowance(there).await?
        {
            return self.count_once(giver, donation, (shares, until), limit).await;
        }
        Ok(counted)
    }

    async fn count_once(
        &self,
        giver: &GiverHash,
        donation: &DonationId,
        (shares, until): (u8, Moment),
        limit: Limit,
    ) -> Result<Allowing, TableError> {
        let claim = Claim { shares, standing: Standing::Held(until) };
        let ttl = limit.closes_at.plus_seconds(KEPT_SECS).seconds();
        let mut there = if shares > limit.shares {
            self.get(&Key::allowance(giver)).await?.unwrap_or(Allowance::unused(*giver))
        } else {
            let first = Row { allowance: Allowance::of(*giver, *donation, claim), ttl };
            match self.put_new(&Key::allowance(giver), &first).await? {
                None => return Ok(Allowing::Counted),
                Some(row) => row.allowance,
            }
        };
        loop {
            let call = match there.counting(donation, (shares, until), limit.shares) {
                Counting::Counted => return Ok(Allowing::Counted),
                Counting::Full => return Ok(Allowing::Full(there)),
                Counting::New => self
                    .allowance_update(giver, donation)
                    .update_expression("SET taken = taken + :more, gifts.#donation = :claim, #ttl = :ttl")
                    .condition_expression("taken <= :most AND attribute_not_exists(gifts.#donation)")
                    .expression_attribute_values(":most", number(limit.shares.saturating_sub(shares)))
                    .expression_attribute_values(":more", number(shares)),
                Counting::Instead { of } => {
                    let more = i16::from(shares) - i16::from(of.shares);
                    // Fewer shares, or as many for longer, are taken whatever the limit is by now.
                    let most = if more > 0 { i64::from(limit.shares) - i64::from(more) } else { i64::from(u32::MAX) };
                    self.allowance_update(giver, donation)
                        .update_expression("SET taken = taken + :more, gifts.#donation = :claim, #ttl = :ttl")
                        .condition_expression("taken <= :most AND gifts.#donation = :of")
                        .expression_attribute_values(":most", number(most))
                        .expression_attribute_values(":more", number(more))
                        .expression_attribute_values(":of", text(of.to_string()))
                }
            };
            let call = call.expression_attribute_names("#ttl", "ttl").expression_attribute_values(":ttl", number(ttl));
            match call.expression_attribute_values(":claim", text(claim.to_string())).send().await {
                Ok(_) => return Ok(Allowing::Counted),
                Err(error) => there = still(old_item_of_update(error)?)?,
            }
        }
    }

    /// Takes a donation's entry that `is_over` out of a giver's allowance; nothing when there is none, or none that is. Whether it did.
    ///
    /// # Errors
    /// When the table cannot be reached.
    pub async fn uncount_shares(
        &self,
        giver: &GiverHash,
        donation: &DonationId,
        is_over: impl Fn(&Claim) -> bool,
    ) -> Result<bool, TableError> {
        let mut there: Option<Allowance> = self.get(&Key::allowance(giver)).await?;
        while let Some(claim) = there.as_ref().and_then(|there| there.gifts.get(donation)).copied().filter(&is_over) {
            let call = self
                .allowance_update(giver, donation)
                .update_expression("SET taken = taken - :shares REMOVE gifts.#donation")
                .condition_expression("gifts.#donation = :claim")
                .expression_attribute_values(":shares", number(claim.shares))
                .expression_attribute_values(":claim", text(claim.to_string()));
            match call.send().await {
                Ok(_) => return Ok(true),
                // It was counted for longer, or taken out meanwhile.
                Err(error) => there = old_item_of_update(error)?.map(read).transpose()?,
            }
        }
        Ok(false)
    }

    /// Takes out what counts no more, as the donations tell; an entry that was made again since the allowance was read stays. Whether something was taken out.
    ///
    /// # Errors
    /// When the table cannot be reached.
    pub async fn clear_allowance(&self, read_before: &Allowance) -> Result<bool, TableError> {
        let ids: Vec<DonationId> = read_before.gifts.keys().copied().collect();
        let donations: BTreeMap<DonationId, Donation> =
            self.donations(&ids).await?.into_iter().map(|donation| (donation.id, donation)).collect();
        let mut cleared = false;
        for (id, counted) in &read_before.gifts {
            if !read_before.counts(donations.get(id)) {
                cleared |= self.uncount_shares(&read_before.giver, id, |claim| claim == counted).await?;
            }
        }
        Ok(cleared)
    }

    fn allowance_update(&self, giver: &GiverHash, donation: &DonationId) -> UpdateItemFluentBuilder {
        self.client
            .update_item()
            .table_name(&self.name)
            .set_key(Some(Key::allowance(giver).item()))
            .expression_attribute_names("#donation", donation.to_string())
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld)
    }
}

/// The allowance that made a condition fail. One that is gone was swept after its time.
fn still(item: Option<Item>) -> Result<Allowance, TableError> {
    match item {
        Some(item) => read(item),
        None => Err(TableError::Transient("the allowance was swept meanwhile".into())),
    }
}
