//! Claims of a donation that others may be at work on too: made and taken back only while the donation is as it was read.
//!
//! Whoever made a donation claims plainly, with [`Table::claim`]: one write, and nobody else knows of the donation yet. Whoever comes to it
//! later, by a repeated request for one, may meet the maker, or somebody who already named other shards. Then claim and donation go into one
//! transaction: four write units instead of one, on a path that is rarely taken.

use aws_sdk_dynamodb::types::{
    AttributeValue, ConditionCheck, ReturnValuesOnConditionCheckFailure, TransactWriteItem, Update,
};
use domain::donation::{Donation, Freeing, HoldPart};
use domain::id::OpportunityId;
use domain::sacrifice::{Claim, Lot, Part, Standing};

use super::cap::Escrow;
use super::error::classify;
use super::group::{Committed, Refusal, cancelled};
use super::key::Key;
use super::{Item, Table, TableError, attribute, number, read, text};

/// How a guarded change of a shard went.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Guarded {
    /// It is so, now or since before.
    Done,
    /// The shard is not such that it can be done.
    Gone,
    /// The donation is no longer as it was read.
    Moved,
}

impl Table {
    /// Claims a part of a shard for a donation, if the donation still has the version that was read.
    ///
    /// # Errors
    /// When the table cannot be reached or is busy; whether it was claimed is not known then, and claiming again tells.
    pub async fn claim_while(&self, donation: &Donation, part: &HoldPart, token: &str) -> Result<Guarded, TableError> {
        let update = self
            .shard_update(donation, part)
            .update_expression("SET free_minor = free_minor - :amount, claims.#donation = :amount");
        let update = update.condition_expression("free_minor >= :amount AND attribute_not_exists(claims.#donation)");
        match self.guarded(donation, update, token).await? {
            Guard::Done => Ok(Guarded::Done),
            Guard::Moved => Ok(Guarded::Moved),
            Guard::Refused(there) => {
                let there: Option<Escrow> = there.map(read).transpose()?;
                let claimed = there.and_then(|escrow| escrow.claims.get(&donation.id).copied());
                Ok(if claimed == Some(part.amount_minor.halalas()) { Guarded::Done } else { Guarded::Gone })
            }
        }
    }

    /// Takes a claim back and gives free what it held, if the donation still has the version that was read.
    ///
    /// # Errors
    /// As [`Table::claim_while`].
    pub async fn release_while(&self, donation: &Donation, part: &HoldPart, token: &str) -> Result<Guarded, TableError> {
        let update = self
            .shard_update(donation, part)
            .update_expression("SET free_minor = free_minor + :amount REMOVE claims.#donation");
        let update = update.condition_expression("claims.#donation = :amount");
        match self.guarded(donation, update, token).await? {
            Guard::Done => Ok(Guarded::Done),
            Guard::Moved => Ok(Guarded::Moved),
            Guard::Refused(_) => Ok(Guarded::Gone),
        }
    }

    /// The same by whoever is to claim other parts for the donation, which says so from then on: it has another version, and no payment settles it before everything that it names is claimed
    /// ([`Table::keep_hold`]). Without that another who claims for it, and has found the part claimed, would take it for held.
    ///
    /// # Errors
    /// As [`Table::claim_while`].
    pub async fn take_back(&self, donation: &mut Donation, part: &HoldPart, token: &str) -> Result<Guarded, TableError> {
        let shard = self
            .shard_update(donation, part)
            .update_expression("SET free_minor = free_minor + :amount REMOVE claims.#donation")
            .condition_expression("claims.#donation = :amount");
        let given_up = Update::builder()
            .table_name(&self.name)
            .set_key(Some(Key::donation(&donation.id).item()))
            .update_expression("SET dropped = :yes, version = :next")
            .condition_expression("version = :version")
            .expression_attribute_values(":yes", AttributeValue::Bool(true))
            .expression_attribute_values(":version", number(donation.version))
            .expression_attribute_values(":next", number(donation.version + 1));
        let given_up = given_up.build().map_err(|error| TableError::Other(error.into()))?;
        let given_up = TransactWriteItem::builder().update(given_up).build();
        Ok(match self.with_donation(shard, given_up, token).await? {
            Guard::Done => {
                (donation.dropped, donation.version) = (true, donation.version + 1);
                Guarded::Done
            }
            Guard::Moved => Guarded::Moved,
            Guard::Refused(_) => Guarded::Gone,
        })
    }

    /// Gives free what a paid gift no longer takes of capped opportunities, and says so in the donation, if it still has the version that was read. `false` when it has moved on, or a shard is gone.
    ///
    /// # Errors
    /// As [`Table::claim_while`].
    pub async fn free_again(&self, donation: &Donation, freeing: &Freeing, token: &str) -> Result<bool, TableError> {
        let mut call = self.client.transact_write_items().client_request_token(token);
        for part in &freeing.parts {
            let update = Update::builder()
                .table_name(&self.name)
                .set_key(Some(Key::cap(&part.opportunity, part.shard).item()))
                .update_expression("SET free_minor = free_minor + :amount")
                .condition_expression("attribute_exists(free_minor)")
                .expression_attribute_values(":amount", number(part.amount_minor.halalas()));
            let update = update.build().map_err(|error| TableError::Other(error.into()))?;
            call = call.transact_items(TransactWriteItem::builder().update(update).build());
        }
        let update = Update::builder()
            .table_name(&self.name)
            .set_key(Some(Key::donation(&donation.id).item()))
            .update_expression("SET freed = :freed, version = :next")
            .condition_expression("version = :version")
            .expression_attribute_values(":freed", attribute(&freeing.freed)?)
            .expression_attribute_values(":version", number(donation.version))
            .expression_attribute_values(":next", number(donation.version + 1));
        let update = update.build().map_err(|error| TableError::Other(error.into()))?;
        call = call.transact_items(TransactWriteItem::builder().update(update).build());
        match call.send().await {
            Ok(_) => Ok(true),
            Err(error) if error.as_service_error().is_some_and(|e| e.is_transaction_canceled_exception()) => {
                match cancelled(error)? {
                    Committed::Cancelled(refusals)
                        if refusals.iter().any(|refusal| matches!(refusal, Refusal::Condition(_))) =>
                    {
                        Ok(false)
                    }
                    _ => Err(TableError::Transient("in conflict with another write".into())),
                }
            }
            Err(error) => Err(classify(error)),
        }
    }

    /// Makes the claim that a donation `has` on a lot into one of as many shares as this part says, held as long as the donation waits; if the donation still has the version that was read. A claim of another number
    /// is in the way of a plain one: it was made before the donation named this lot with this number, and a request that is late may still be at work with what was named then.
    ///
    /// # Errors
    /// As [`Table::claim_while`].
    pub async fn resize_claim_while(
        &self,
        donation: &Donation,
        (offering, part): (&OpportunityId, Part),
        has: Claim,
        token: &str,
    ) -> Result<Guarded, TableError> {
        let claim = Claim { shares: part.shares, standing: Standing::Held(donation.expires_at) };
        let more = i16::from(part.shares) - i16::from(has.shares);
        let update = Update::builder()
            .table_name(&self.name)
            .set_key(Some(Key::lot(offering, part.lot).item()))
            .update_expression("SET #free = #free - :more, claims.#donation = :claim")
            .condition_expression("claims.#donation = :has AND #free >= :more")
            .expression_attribute_names("#free", "free")
            .expression_attribute_names("#donation", donation.id.to_string())
            .expression_attribute_values(":more", number(more))
            .expression_attribute_values(":has", text(has.to_string()))
            .expression_attribute_values(":claim", text(claim.to_string()))
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld);
        match self.guarded(donation, update, token).await? {
            Guard::Done => Ok(Guarded::Done),
            Guard::Moved => Ok(Guarded::Moved),
            Guard::Refused(there) => {
                let there: Option<Lot> = there.map(read).transpose()?;
                let claimed = there.and_then(|lot| lot.claims.get(&donation.id).copied());
                let is_held = claimed.is_some_and(|claimed| claimed.holds(part.shares, donation.expires_at));
                Ok(if is_held { Guarded::Done } else { Guarded::Gone })
            }
        }
    }

    fn shard_update(&self, donation: &Donation, part: &HoldPart) -> aws_sdk_dynamodb::types::builders::UpdateBuilder {
        Update::builder()
            .table_name(&self.name)
            .set_key(Some(Key::cap(&part.opportunity, part.shard).item()))
            .expression_attribute_names("#donation", donation.id.to_string())
            .expression_attribute_values(":amount", number(part.amount_minor.halalas()))
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld)
    }

    async fn guarded(
        &self,
        donation: &Donation,
        update: aws_sdk_dynamodb::types::builders::UpdateBuilder,
        token: &str,
    ) -> Result<Guard, TableError> {
        let check = ConditionCheck::builder()
            .table_name(&self.name)
            .set_key(Some(Key::donation(&donation.id).item()))
            .condition_expression("version = :version")
            .expression_attribute_values(":version", number(donation.version))
            .build()
            .map_err(|error| TableError::Other(error.into()))?;
        let check = TransactWriteItem::builder().condition_check(check).build();
        self.with_donation(update, check, token).await
    }

    /// An update of a shard or a lot, and what is to be so of its donation.
    async fn with_donation(
        &self,
        update: aws_sdk_dynamodb::types::builders::UpdateBuilder,
        of_donation: TransactWriteItem,
        token: &str,
    ) -> Result<Guard, TableError> {
        let update = update.build().map_err(|error| TableError::Other(error.into()))?;
        let call = self.client.transact_write_items().client_request_token(token);
        let call = call.transact_items(TransactWriteItem::builder().update(update).build()).transact_items(of_donation);
        match call.send().await {
            Ok(_) => Ok(Guard::Done),
            Err(error) if error.as_service_error().is_some_and(|e| e.is_transaction_canceled_exception()) => {
                guard(cancelled(error)?)
            }
            Err(error) => Err(classify(error)),
        }
    }
}

enum Guard {
    Done,
    Refused(Option<Item>),
    Moved,
}

/// The donation's refusal goes before the shard's: what the shard says about another version is of no use.
fn guard(committed: Committed) -> Result<Guard, TableError> {
    let Committed::Cancelled(refusals) = committed else {
        return Err(TableError::Transient("whether it was written is not known".into()));
    };
    match refusals.as_slice() {
        [_, Refusal::Condition(_)] => Ok(Guard::Moved),
        [Refusal::Condition(there), _] => Ok(Guard::Refused(there.clone())),
        _ => Err(TableError::Transient("in conflict with another write".into())),
    }
}
