//! The one table: use cases, not reads and writes.
//!
//! Every key is written in [`key`]. Every write that matters is on a condition, and what the condition found is given back as a value, so
//! that a repeat is told from a conflict. Nothing here decides; `domain` does.
//!
//! Amounts are integers of halalas, because DynamoDB's numbers forget the scale of a decimal. Reads on which money depends are strongly
//! consistent. `ttl` cleans up and never decides.

mod allowance;
mod cap;
mod carrying;
mod case;
mod catalogue;
mod correction;
mod donation;
mod erasure;
mod error;
mod group;
mod guarded;
mod journal;
pub mod key;
mod keys;
mod list;
mod lot;
mod movement;
mod notices;
mod offering;
mod operation;
mod packing;
mod place;
mod quota;
mod rebuilt;
mod reconcile;
mod refund;
mod restore;
mod retraction;
mod salts;
mod tickets;
mod totals;

use std::collections::HashMap;

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::config::Builder;
use aws_sdk_dynamodb::types::{AttributeValue, KeysAndAttributes, ReturnValuesOnConditionCheckFailure};
use aws_types::SdkConfig;
use serde::Serialize;
use serde::de::DeserializeOwned;

pub use allowance::{Allowing, Limit};
pub use cap::{Claimant, Claiming, Escrow};
pub use carrying::Adding;
pub use case::{CaseFilter, CasePage};
pub use catalogue::{Revised, Revising, Shelf};
pub use correction::{Correcting, CorrectionFilter, CorrectionPage};
pub use erasure::OfDonor;
pub use error::TableError;
pub use group::{Booking, Committed, Group, Refusal};
pub use guarded::Guarded;
pub use journal::{DaySeal, Span, Stated};
pub use keys::{AfterTombstone, DataKeyItem, Tombstones};
pub use list::Issuing;
pub use lot::{Confirming, Taking};
pub use notices::Turn;
pub use operation::Operation;
pub use packing::{Rearranging, Round, Stepped};
pub use place::Placing;
pub use quota::Resizing;
pub use rebuilt::{Kept, KeptPage};
pub use reconcile::{BankAccount, Document, Recall};
pub use restore::Restored;
pub use retraction::RetractionPage;
pub use totals::{Cursors, Folding};

use crate::config::{ConfigError, Settings};
use key::Key;

/// An item as the SDK has it.
pub type Item = HashMap<String, AttributeValue>;

/// Keys of one `BatchGetItem` at most, by DynamoDB.
const MOST_KEYS: usize = 100;

/// The one table, and the table of data keys beside it.
#[derive(Clone)]
pub struct Table {
    client: Client,
    name: String,
    keys: Option<String>,
}

impl Table {
    /// The table that the setting `TABLE` names, and that of data keys, if `KEYS_TABLE` does.
    ///
    /// # Errors
    /// When `TABLE` is not set.
    pub fn new(aws: &SdkConfig, settings: &Settings) -> Result<Table, ConfigError> {
        let client = Client::from_conf(Builder::from(aws).build());
        let keys = settings.get("KEYS_TABLE").map(str::to_owned);
        Ok(Table { client, name: settings.required("TABLE")?.to_owned(), keys })
    }

    /// Reads one item, strongly consistent.
    async fn get<T: DeserializeOwned>(&self, key: &Key) -> Result<Option<T>, TableError> {
        let call = self.client.get_item().table_name(&self.name).set_key(Some(key.item())).consistent_read(true);
        let answer = call.send().await.map_err(error::classify)?;
        answer.item.map(read).transpose()
    }

    /// Reads many items, strongly consistent, in no order; those that are absent are left out.
    async fn get_all<T: DeserializeOwned>(&self, keys: &[Key]) -> Result<Vec<T>, TableError> {
        let mut found = Vec::with_capacity(keys.len());
        for chunk in keys.chunks(MOST_KEYS) {
            let mut wanted: Vec<Item> = chunk.iter().map(Key::item).collect();
            while !wanted.is_empty() {
                let request = KeysAndAttributes::builder().consistent_read(true).set_keys(Some(wanted)).build();
                let request = request.map_err(|error| TableError::Other(error.into()))?;
                let answer = self.client.batch_get_item().request_items(&self.name, request).send().await;
                let answer = answer.map_err(error::classify)?;
                for item in answer.responses.unwrap_or_default().into_values().flatten() {
                    found.push(read(item)?);
                }
                let rest = answer.unprocessed_keys.unwrap_or_default().remove(&self.name);
                wanted = rest.map(|rest| rest.keys).unwrap_or_default();
            }
        }
        Ok(found)
    }

    /// Writes an item if there is none; gives back the one that is there.
    async fn put_new<T: Serialize + DeserializeOwned>(&self, key: &Key, value: &T) -> Result<Option<T>, TableError> {
        let call = self.client.put_item().table_name(&self.name).set_item(Some(write(key, value)?));
        let call = call
            .condition_expression("attribute_not_exists(pk)")
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld);
        match call.send().await {
            Ok(_) => Ok(None),
            Err(error) => error::old_item(error)?.map(read).transpose(),
        }
    }

    /// Writes an item, whatever is there.
    async fn put<T: Serialize>(&self, key: &Key, value: &T) -> Result<(), TableError> {
        let call = self.client.put_item().table_name(&self.name).set_item(Some(write(key, value)?));
        call.send().await.map_err(error::classify)?;
        Ok(())
    }

    /// Reads the last item of a partition whose sort key begins so, strongly consistent.
    async fn last_of<T: DeserializeOwned>(&self, pk: &str, begins: &str) -> Result<Option<T>, TableError> {
        let call = self.client.query().table_name(&self.name).key_condition_expression("pk = :pk AND begins_with(sk, :sk)");
        let call = call.expression_attribute_values(":pk", text(pk)).expression_attribute_values(":sk", text(begins));
        let answer = call.consistent_read(true).scan_index_forward(false).limit(1).send().await.map_err(error::classify)?;
        answer.items.unwrap_or_default().pop().map(read).transpose()
    }

    /// Reads every item of a partition, page by page, strongly consistent.
    async fn partition<T: DeserializeOwned>(&self, pk: &str) -> Result<Vec<T>, TableError> {
        self.beginning(pk, "").await
    }

    /// The same of those whose sort key begins so.
    async fn beginning<T: DeserializeOwned>(&self, pk: &str, begins: &str) -> Result<Vec<T>, TableError> {
        let mut found = Vec::new();
        let mut start = None;
        loop {
            let call = self.client.query().table_name(&self.name).expression_attribute_values(":pk", text(pk));
            let call = if begins.is_empty() {
                call.key_condition_expression("pk = :pk")
            } else {
                let call = call.key_condition_expression("pk = :pk AND begins_with(sk, :sk)");
                call.expression_attribute_values(":sk", text(begins))
            };
            let call = call.consistent_read(true);
            let answer = call.set_exclusive_start_key(start).send().await.map_err(error::classify)?;
            for item in answer.items.unwrap_or_default() {
                found.push(read(item)?);
            }
            start = answer.last_evaluated_key;
            if start.is_none() {
                return Ok(found);
            }
        }
    }
}

/// An item as a value. An item that cannot be read is an error that names what was expected, never a default.
fn read<T: DeserializeOwned>(item: Item) -> Result<T, TableError> {
    serde_dynamo::from_item(item)
        .map_err(|source| TableError::Unreadable { expected: std::any::type_name::<T>(), source: source.into() })
}

/// A value as an item under its key.
fn write<T: Serialize>(key: &Key, value: &T) -> Result<Item, TableError> {
    let mut item: Item = serde_dynamo::to_item(value).map_err(|error| TableError::Other(error.into()))?;
    item.extend(key.item());
    Ok(item)
}

/// One attribute.
fn attribute<T: Serialize>(value: &T) -> Result<AttributeValue, TableError> {
    serde_dynamo::to_attribute_value(value).map_err(|error| TableError::Other(error.into()))
}

fn text(value: impl Into<String>) -> AttributeValue {
    AttributeValue::S(value.into())
}

fn number(value: impl ToString) -> AttributeValue {
    AttributeValue::N(value.to_string())
}
