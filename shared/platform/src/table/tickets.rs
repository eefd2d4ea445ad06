//! Numbers of the waiting rooms' tickets, and how often somebody tried.
//!
//! `ttl` is a word that DynamoDB keeps for itself: in expressions it is `#ttl`. Both are plain additions, which never conflict; one whose answer was lost is counted, and costs a few
//! numbers or attempts.

use aws_sdk_dynamodb::types::ReturnValue;
use domain::id::OpportunityId;
use serde::Deserialize;

use super::error::classify;
use super::key::Key;
use super::{Item, Table, TableError, number, read};

/// How long attempts of a minute are kept after it.
const KEPT_SECS: i64 = 3_600;

#[derive(Deserialize)]
struct Taken {
    taken: u64,
}

impl Table {
    /// Takes so many numbers of an offering's waiting room, which nobody else has; the last of them is given back.
    ///
    /// # Errors
    /// When the table cannot be reached; the numbers may be lost then, and nobody has them.
    pub async fn take_tickets(&self, offering: &OpportunityId, count: u32) -> Result<u64, TableError> {
        let call = self.client.update_item().table_name(&self.name).set_key(Some(Key::tickets(offering).item()));
        let call = call
            .update_expression("ADD taken :count")
            .expression_attribute_values(":count", number(count))
            .return_values(ReturnValue::UpdatedNew);
        taken(call.send().await.map_err(classify)?.attributes)
    }

    /// How many numbers were taken of an offering's waiting room.
    ///
    /// # Errors
    /// When the table cannot be reached.
    pub async fn tickets_taken(&self, offering: &OpportunityId) -> Result<u64, TableError> {
        let there: Option<Taken> = self.get(&Key::tickets(offering)).await?;
        Ok(there.map_or(0, |there| there.taken))
    }

    /// Adds attempts of somebody in a minute, counted from 1970; how many that makes in all environments.
    ///
    /// # Errors
    /// When the table cannot be reached; whether they were added is not known then.
    pub async fn add_attempts(&self, who: &str, minute: i64, count: u64) -> Result<u64, TableError> {
        let ttl = minute.saturating_add(1).saturating_mul(60).saturating_add(KEPT_SECS);
        let call = self.client.update_item().table_name(&self.name).set_key(Some(Key::attempts(who, minute).item()));
        let call = call
            .update_expression("ADD taken :count SET #ttl = :ttl")
            .expression_attribute_names("#ttl", "ttl")
            .expression_attribute_values(":count", number(count))
            .expression_attribute_values(":ttl", number(ttl))
            .return_values(ReturnValue::UpdatedNew);
        taken(call.send().await.map_err(classify)?.attributes)
    }
}

fn taken(attributes: Option<Item>) -> Result<u64, TableError> {
    let missing = || TableError::Unreadable { expected: "what was taken", source: "no attributes".into() };
    let Taken { taken } = read(attributes.ok_or_else(missing)?)?;
    Ok(taken)
}
