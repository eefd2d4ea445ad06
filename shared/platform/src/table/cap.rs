//! The escrow shards of capped opportunities.
//!
//! A claim is one conditional update on one item: `free >= :amount` and the donation not among the claims → `free` goes down, the claim
//! goes in. Taking it back is the reverse, on condition that the claim is there. Both can be repeated without harm. Settlement never
//! touches a shard.
//!
//! **A claim that comes late.** A claim that is spent leaves no trace by which the same claim, delayed on its way, would be known again: it
//! would take what nobody pays for. So whoever spends one leaves the moment at which its donation was made, `spent_until`, and a shard
//! takes no plain claim of a donation made until then any more. One number for a whole shard: a claim that it refuses without need is
//! claimed with its donation in one transaction ([`Table::claim_while`]), which no delay can deceive.

use std::collections::{BTreeMap, HashMap};

use aws_sdk_dynamodb::error::SdkError;
use aws_sdk_dynamodb::operation::update_item::builders::UpdateItemFluentBuilder;
use aws_sdk_dynamodb::operation::update_item::{UpdateItemError, UpdateItemOutput};
use aws_sdk_dynamodb::types::{AttributeValue, ReturnValue, ReturnValuesOnConditionCheckFailure};
use domain::cap::Shard;
use domain::donation::{Donation, HoldPart};
use domain::id::{DonationId, OpportunityId};
use domain::moment::Moment;
use domain::money::{Money, halalas};
use serde::{Deserialize, Serialize};

use super::error::{classify, old_item_of_update};
use super::key::Key;
use super::{Table, TableError, number};

/// One shard of an opportunity's escrow.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Escrow {
    /// The shard's number.
    pub shard: u8,
    /// What of the target this shard was given.
    #[serde(with = "halalas")]
    pub granted_minor: Money,
    /// What nobody has claimed.
    #[serde(with = "halalas")]
    pub free_minor: Money,
    /// Claims in halalas, by donation.
    pub claims: BTreeMap<DonationId, u64>,
    /// The revision of the opportunity whose writer was the last to take the shard. No earlier one grants anything any more.
    #[serde(default)]
    pub revision: u64,
    /// No plain claim of a donation made until then is taken: one made at that moment had its claim spent here. It only grows.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub spent_until: Option<Moment>,
}

impl Escrow {
    /// What is free, for the planning of a claim.
    pub const fn shard(&self) -> Shard {
        Shard { number: self.shard, free: self.free_minor }
    }

    /// Whether a plain claim of a donation made then comes too late.
    fn is_late(&self, made: Moment) -> bool {
        self.spent_until.is_some_and(|until| until >= made)
    }
}

/// For whom something is claimed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Claimant {
    /// The donation.
    pub donation: DonationId,
    /// When it was made.
    pub made_at: Moment,
}

impl From<&Donation> for Claimant {
    fn from(donation: &Donation) -> Claimant {
        Claimant { donation: donation.id, made_at: donation.made_at }
    }
}

/// How a claim went.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Claiming {
    /// The donation holds the part, now or since before.
    Held,
    /// The shard has too little left.
    Gone,
    /// Nothing was claimed, and plainly nothing can be: a donation made at the same time or later has had its claim spent. Whether there
    /// is enough left is not known.
    Late,
}

impl Table {
    /// The shards of an opportunity's escrow, in the order of their numbers.
    ///
    /// # Errors
    /// When the table cannot be reached.
    pub async fn escrow(&self, opportunity: &OpportunityId, shards: u8) -> Result<Vec<Escrow>, TableError> {
        let keys: Vec<Key> = (0..shards).map(|shard| Key::cap(opportunity, shard)).collect();
        let mut found: Vec<Escrow> = self.get_all(&keys).await?;
        found.sort_by_key(|escrow| escrow.shard);
        Ok(found)
    }

    /// Makes a shard with nothing on it, if there is none.
    ///
    /// # Errors
    /// When the table cannot be reached.
    pub async fn make_escrow(&self, opportunity: &OpportunityId, shard: u8) -> Result<(), TableError> {
        let empty = Escrow {
            shard,
            granted_minor: Money::ZERO,
            free_minor: Money::ZERO,
            claims: BTreeMap::new(),
            revision: 0,
            spent_until: None,
        };
        self.put_new(&Key::cap(opportunity, shard), &empty).await.map(|_| ())
    }

    /// Takes a shard for the writer of a revision, making it if there is none, and reads it as it stands from then on. `None` when the
    /// writer of a later revision has taken it. Claims are not hindered; grants of earlier writers are refused from now on.
    ///
    /// # Errors
    /// When the table cannot be reached; taking it again does no harm.
    pub async fn take_escrow(
        &self,
        opportunity: &OpportunityId,
        shard: u8,
        revision: u64,
    ) -> Result<Option<Escrow>, TableError> {
        let call = self.client.update_item().table_name(&self.name).set_key(Some(Key::cap(opportunity, shard).item()));
        let call = call
            .update_expression(
                "SET revision = :revision, #shard = :shard, granted_minor = if_not_exists(granted_minor, :zero), \
                 free_minor = if_not_exists(free_minor, :zero), claims = if_not_exists(claims, :none)",
            )
            .condition_expression("attribute_not_exists(revision) OR revision <= :revision")
            .expression_attribute_names("#shard", "shard")
            .expression_attribute_values(":revision", number(revision))
            .expression_attribute_values(":shard", number(shard))
            .expression_attribute_values(":zero", number(0))
            .expression_attribute_values(":none", AttributeValue::M(HashMap::new()))
            .return_values(ReturnValue::AllNew);
        match call.send().await {
            Ok(answer) => answer.attributes.map(super::read).transpose(),
            Err(error) if error.as_service_error().is_some_and(|e| e.is_conditional_check_failed_exception()) => Ok(None),
            Err(error) => Err(classify(error)),
        }
    }

    /// Gives a shard another part of the target, if it still has the part that was read, as much is free as goes, and no later writer
    /// has taken it. `false` when not.
    ///
    /// # Errors
    /// When the table cannot be reached; whether it was written is not known then.
    pub async fn grant(&self, opportunity: &OpportunityId, read: &Escrow, granted: Money) -> Result<bool, TableError> {
        let change = granted.signed_halalas() - read.granted_minor.signed_halalas();
        let call = self.client.update_item().table_name(&self.name);
        let call = call
            .set_key(Some(Key::cap(opportunity, read.shard).item()))
            .update_expression("SET granted_minor = :granted, free_minor = free_minor + :change")
            .condition_expression("granted_minor = :read AND free_minor >= :least AND revision = :revision")
            .expression_attribute_values(":revision", number(read.revision))
            .expression_attribute_values(":granted", number(granted.halalas()))
            .expression_attribute_values(":change", number(change))
            .expression_attribute_values(":read", number(read.granted_minor.halalas()))
            .expression_attribute_values(":least", number((-change).max(0)));
        match call.send().await {
            Ok(_) => Ok(true),
            Err(error) if error.as_service_error().is_some_and(|e| e.is_conditional_check_failed_exception()) => Ok(false),
            Err(error) => Err(classify(error)),
        }
    }

    /// Claims a part of a shard for a donation.
    ///
    /// # Errors
    /// When the table cannot be reached; whether it was claimed is not known then, and claiming again tells.
    pub async fn claim(&self, by: Claimant, part: &HoldPart) -> Result<Claiming, TableError> {
        let call = self
            .claim_update(&by.donation, part)
            .update_expression("SET free_minor = free_minor - :amount, claims.#donation = :amount")
            .condition_expression(
                "free_minor >= :amount AND attribute_not_exists(claims.#donation) \
                 AND (attribute_not_exists(spent_until) OR spent_until < :made)",
            )
            .expression_attribute_values(":made", number(by.made_at.millis()))
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld);
        Ok(match wrote(call.send().await)? {
            Wrote::Done => Claiming::Held,
            Wrote::Refused(Some(escrow)) if escrow.claims.contains_key(&by.donation) => Claiming::Held,
            Wrote::Refused(Some(escrow)) if escrow.is_late(by.made_at) => Claiming::Late,
            Wrote::Refused(Some(_) | None) => Claiming::Gone,
        })
    }

    /// Takes a claim away and gives back what it held; nothing when it is gone already.
    ///
    /// # Errors
    /// When the table cannot be reached.
    pub async fn release_claim(&self, donation: &DonationId, part: &HoldPart) -> Result<(), TableError> {
        let call = self
            .claim_update(donation, part)
            .update_expression("SET free_minor = free_minor + :amount REMOVE claims.#donation")
            .condition_expression("claims.#donation = :amount");
        wrote(call.send().await).map(|_| ())
    }

    /// Takes a claim away for good: its gift is paid. Nothing when it is gone already.
    ///
    /// The donation's moment stays on the shard, if no later one is there; that is known when the first write is refused, and a second one is
    /// needed.
    ///
    /// # Errors
    /// When the table cannot be reached.
    pub async fn spend_claim(&self, by: Claimant, part: &HoldPart) -> Result<(), TableError> {
        let call = self
            .claim_update(&by.donation, part)
            .update_expression("SET spent_until = :made REMOVE claims.#donation")
            .condition_expression(
                "claims.#donation = :amount AND (attribute_not_exists(spent_until) OR spent_until < :made)",
            )
            .expression_attribute_values(":made", number(by.made_at.millis()))
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld);
        match wrote(call.send().await)? {
            Wrote::Refused(Some(escrow)) if escrow.claims.contains_key(&by.donation) && escrow.is_late(by.made_at) => {}
            Wrote::Done | Wrote::Refused(Some(_) | None) => return Ok(()),
        }
        let call = self
            .claim_update(&by.donation, part)
            .update_expression("REMOVE claims.#donation")
            .condition_expression("claims.#donation = :amount");
        wrote(call.send().await).map(|_| ())
    }

    fn claim_update(&self, donation: &DonationId, part: &HoldPart) -> UpdateItemFluentBuilder {
        let call = self.client.update_item().table_name(&self.name);
        call.set_key(Some(Key::cap(&part.opportunity, part.shard).item()))
            .expression_attribute_names("#donation", donation.to_string())
            .expression_attribute_values(":amount", number(part.amount_minor.halalas()))
    }
}

/// How a write on a shard went.
enum Wrote {
    Done,
    /// Its condition did not hold; the shard as it stands, if that was asked for and there is one.
    Refused(Option<Escrow>),
}

fn wrote(sent: Result<UpdateItemOutput, SdkError<UpdateItemError>>) -> Result<Wrote, TableError> {
    match sent {
        Ok(_) => Ok(Wrote::Done),
        Err(error) => Ok(Wrote::Refused(old_item_of_update(error)?.map(super::read).transpose()?)),
    }
}
