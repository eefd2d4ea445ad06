//! What reconciliation remembers between its runs.
//!
//! - how far a provider's list was compared: it only ever moves on;
//! - the balance with which the statements of an account ended, and which statement is being booked on it: one at a time, the one that begins there;
//! - how many statements of a document were booked: written together with the balance, so that neither is ahead of the other;
//! - what a charity owes of an opportunity again: named and of a fixed amount before it is booked, so that a run which broke off is finished as it was begun.

use aws_sdk_dynamodb::types::{TransactWriteItem, Update};
use domain::donation::Place;
use domain::id::{CharityId, OpportunityId};
use domain::moment::{Day, Moment};
use domain::money::{Money, halalas};
use domain::payment::Provider;
use domain::purpose::Fund;
use serde::{Deserialize, Serialize};

use super::error::classify;
use super::group::{Committed, Refusal, cancelled};
use super::key::{BANK_ACCOUNTS, Key, RECALLS};
use super::{Table, TableError, attribute, number, text, write};

/// An account at the bank, as its statements left it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BankAccount {
    /// The balance with which the last statement ended, in halalas; none while the first is being booked.
    #[serde(default)]
    pub closing_minor: Option<i64>,
    /// The day on which it ended.
    #[serde(default)]
    pub closes_on: Option<Day>,
    /// The statement that is being booked: the hash of its document, and its number there.
    #[serde(default)]
    pub claimed: Option<String>,
}

/// A document with statements, as far as it was booked.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Document {
    /// How many of its statements were booked.
    #[serde(default)]
    pub booked: u32,
    /// The number of the statement that was found to be after a gap, if one was: its matter is open already.
    #[serde(default)]
    pub gap_at: Option<u32>,
}

/// Money of an opportunity that its charity owes again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Recall {
    /// The opportunity.
    pub opportunity: OpportunityId,
    /// How often it was owed again, this time included: each is another matter.
    pub number: u32,
    /// The fund that restricts the money.
    pub fund: Fund,
    /// Who owes it.
    pub charity: CharityId,
    /// How much.
    #[serde(with = "halalas")]
    pub amount_minor: Money,
    /// When that was found.
    pub found_at: Moment,
    /// Where it stands in the books; none until it is booked and a person was told.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub place: Option<Place>,
}

#[derive(Serialize, Deserialize)]
struct ListCursor {
    compared_until: Moment,
}

impl Table {
    /// Until when a provider's list was compared with the books.
    ///
    /// # Errors
    /// When the table cannot be reached.
    pub async fn compared_until(&self, provider: Provider) -> Result<Option<Moment>, TableError> {
        Ok(self.get::<ListCursor>(&Key::list_cursor(provider)).await?.map(|cursor| cursor.compared_until))
    }

    /// Notes that a provider's list was compared until then. A note of an earlier moment changes nothing.
    ///
    /// # Errors
    /// When the table cannot be reached; it is compared again then.
    pub async fn note_compared(&self, provider: Provider, until: Moment) -> Result<(), TableError> {
        let cursor = ListCursor { compared_until: until };
        let call = self.client.put_item().table_name(&self.name);
        let call = call.set_item(Some(write(&Key::list_cursor(provider), &cursor)?));
        let call = call
            .condition_expression("attribute_not_exists(pk) OR compared_until < :until")
            .expression_attribute_values(":until", number(until.millis()));
        match call.send().await {
            Ok(_) => Ok(()),
            Err(error) if error.as_service_error().is_some_and(|e| e.is_conditional_check_failed_exception()) => Ok(()),
            Err(error) => Err(classify(error)),
        }
    }

    /// An account at the bank; none before its first statement.
    ///
    /// # Errors
    /// When the table cannot be reached.
    pub async fn bank_account(&self, account: &str) -> Result<Option<BankAccount>, TableError> {
        self.get(&Key::bank_account(account)).await
    }

    /// Every account at the bank.
    ///
    /// # Errors
    /// When the table cannot be reached.
    pub async fn bank_accounts(&self) -> Result<Vec<BankAccount>, TableError> {
        self.partition(BANK_ACCOUNTS).await
    }

    /// Takes a statement in hand, if it begins where the one before ended, or is the account's first, and no other is in hand. `false` when it cannot be.
    ///
    /// # Errors
    /// When the table cannot be reached; whether it was taken is not known then, and taking it again tells.
    pub async fn claim_statement(&self, account: &str, opening_minor: i64, claim: &str) -> Result<bool, TableError> {
        let call = self.client.update_item().table_name(&self.name).set_key(Some(Key::bank_account(account).item()));
        let call = call
            .update_expression("SET claimed = :claim")
            .condition_expression(
                "(attribute_not_exists(claimed) OR claimed = :claim) AND (attribute_not_exists(closing_minor) OR closing_minor = :opening)",
            )
            .expression_attribute_values(":claim", text(claim))
            .expression_attribute_values(":opening", number(opening_minor));
        match call.send().await {
            Ok(_) => Ok(true),
            Err(error) if error.as_service_error().is_some_and(|e| e.is_conditional_check_failed_exception()) => Ok(false),
            Err(error) => Err(classify(error)),
        }
    }

    /// How far a document was booked.
    ///
    /// # Errors
    /// When the table cannot be reached.
    pub async fn document(&self, hash: &str) -> Result<Document, TableError> {
        Ok(self.get(&Key::document(hash)).await?.unwrap_or_default())
    }

    /// Notes that a statement of a document comes after a gap.
    ///
    /// # Errors
    /// When the table cannot be reached.
    pub async fn note_gap(&self, hash: &str, statement: u32) -> Result<(), TableError> {
        let call = self.client.update_item().table_name(&self.name).set_key(Some(Key::document(hash).item()));
        let call = call.update_expression("SET gap_at = :at").expression_attribute_values(":at", number(statement));
        call.send().await.map_err(classify)?;
        Ok(())
    }

    /// Notes that a statement in hand was booked: the account ends with it, and so many of its document's are booked. One that was noted before is noted. The token is the call's own: a statement that
    /// moves nothing may be taken in hand again after it was noted, and the same token would be answered and leave it there.
    ///
    /// # Errors
    /// When the table cannot be reached, or the statement was not in hand.
    pub async fn finish_statement(
        &self,
        account: &str,
        claim: &str,
        (closing_minor, closes_on): (i64, Day),
        (document, booked): (&str, u32),
        token: &str,
    ) -> Result<(), TableError> {
        let ends = Update::builder()
            .table_name(&self.name)
            .set_key(Some(Key::bank_account(account).item()))
            .update_expression("SET closing_minor = :closing, closes_on = :on REMOVE claimed")
            .condition_expression("claimed = :claim")
            .expression_attribute_values(":closing", number(closing_minor))
            .expression_attribute_values(":on", attribute(&closes_on)?)
            .expression_attribute_values(":claim", text(claim));
        let counts = Update::builder()
            .table_name(&self.name)
            .set_key(Some(Key::document(document).item()))
            .update_expression("SET booked = :booked REMOVE gap_at")
            .expression_attribute_values(":booked", number(booked));
        let mut actions = Vec::new();
        for update in [ends, counts] {
            let update = update.build().map_err(|error| TableError::Other(error.into()))?;
            actions.push(TransactWriteItem::builder().update(update).build());
        }
        let call = self.client.transact_write_items().client_request_token(token).set_transact_items(Some(actions));
        let committed = match call.send().await {
            Ok(_) => Committed::Done,
            Err(error) => cancelled(error)?,
        };
        match committed {
            Committed::Done => Ok(()),
            Committed::Unsure(error) => Err(error),
            Committed::Cancelled(refusals) => match refusals.first() {
                Some(Refusal::Condition(_)) if self.document(document).await?.booked >= booked => Ok(()),
                _ => Err(TableError::Transient("the statement is not in hand, or in conflict".into())),
            },
        }
    }

    /// All that charities owe again, or owed.
    ///
    /// # Errors
    /// When the table cannot be reached.
    pub async fn recalls(&self) -> Result<Vec<Recall>, TableError> {
        self.partition(RECALLS).await
    }

    /// Notes that something is owed again, if it is the next matter of its opportunity. `false` when another was faster.
    ///
    /// # Errors
    /// When the table cannot be reached; whether it was noted is not known then.
    pub async fn begin_recall(&self, recall: &Recall) -> Result<bool, TableError> {
        let call = self.client.put_item().table_name(&self.name);
        let call = call.set_item(Some(write(&Key::recall(&recall.opportunity), recall)?));
        let call = match recall.number.checked_sub(1).filter(|before| *before > 0) {
            None => call.condition_expression("attribute_not_exists(pk)"),
            Some(before) => call
                .condition_expression("#number = :before AND attribute_exists(place)")
                .expression_attribute_names("#number", "number")
                .expression_attribute_values(":before", number(before)),
        };
        match call.send().await {
            Ok(_) => Ok(true),
            Err(error) if error.as_service_error().is_some_and(|e| e.is_conditional_check_failed_exception()) => Ok(false),
            Err(error) => Err(classify(error)),
        }
    }

    /// Notes where it stands in the books.
    ///
    /// # Errors
    /// When the table cannot be reached; noting it again changes nothing.
    pub async fn finish_recall(&self, recall: &Recall, place: Place) -> Result<(), TableError> {
        let call = self.client.update_item().table_name(&self.name).set_key(Some(Key::recall(&recall.opportunity).item()));
        let call = call
            .update_expression("SET place = :place")
            .condition_expression("#number = :number")
            .expression_attribute_names("#number", "number")
            .expression_attribute_values(":place", attribute(&place)?)
            .expression_attribute_values(":number", number(recall.number));
        match call.send().await {
            Ok(_) => Ok(()),
            // The next matter was begun, which it is only after this one was finished.
            Err(error) if error.as_service_error().is_some_and(|e| e.is_conditional_check_failed_exception()) => Ok(()),
            Err(error) => Err(classify(error)),
        }
    }
}
