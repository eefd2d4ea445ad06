//! Pages of the journal, as they are read.

use aws_sdk_dynamodb::types::AttributeValue;
use domain::hash::Hash;
use domain::journal::{ChainId, Page, Tail};
use domain::moment::{Day, Moment};
use serde::{Deserialize, Serialize};

use super::error::classify;
use super::key::{Key, chain_partition, sort_of};
use super::{Item, Table, TableError, attribute, text};

/// What a day has of one chain.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Span {
    /// The chain's number.
    pub chain: u8,
    /// The first page of the day; the seal itself when the day has no other.
    pub first: u64,
    /// The seal's number.
    pub seal: u64,
    /// The seal's hash, in hex: with it the whole chain up to it is fixed.
    pub hash: String,
}

/// A day that is closed: every chain has its seal.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DaySeal {
    /// The day.
    pub day: Day,
    /// What it has of each chain, in the order of their numbers.
    pub chains: Vec<Span>,
    /// When it was closed.
    pub closed_at: Moment,
    /// What is said of the day, once that is settled: nothing else is ever said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stated: Option<Stated>,
    /// The log with this day as its last, signed: a checkpoint as a note. Kept once, never replaced.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub checkpoint: Option<String>,
}

/// What is said of a day.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stated {
    /// Leaves of the day's tree.
    pub tree_size: u64,
    /// The root of the day's tree.
    pub root: Hash,
    /// The record: the text of a [`domain::proof::day::DayRecord`].
    pub record: String,
    /// The root of the log with this day as its last.
    pub log_root: Hash,
}

impl DaySeal {
    /// A day that is closed and of which nothing is said yet.
    pub const fn new(day: Day, chains: Vec<Span>, closed_at: Moment) -> DaySeal {
        DaySeal { day, chains, closed_at, stated: None, checkpoint: None }
    }
}

impl Table {
    /// Where a chain ends.
    ///
    /// # Errors
    /// When the table cannot be reached, or the last page cannot be read.
    pub async fn tail(&self, chain: ChainId) -> Result<Tail, TableError> {
        let call = self.client.query().table_name(&self.name).key_condition_expression("pk = :pk");
        let call = call.expression_attribute_values(":pk", text(chain_partition(chain))).consistent_read(true);
        let answer = call.scan_index_forward(false).limit(1).send().await.map_err(classify)?;
        match answer.items.unwrap_or_default().pop() {
            Some(item) => Ok(page(item)?.tail()),
            None => Ok(Tail::empty(chain)),
        }
    }

    /// Up to `most` pages of a chain from `seq` on, in order.
    ///
    /// # Errors
    /// When the table cannot be reached, or a page cannot be read.
    pub async fn pages(&self, chain: ChainId, seq: u64, most: i32) -> Result<Vec<Page>, TableError> {
        let first = Key::page(chain, seq);
        let call = self.client.query().table_name(&self.name).key_condition_expression("pk = :pk AND sk >= :sk");
        let call = call
            .expression_attribute_values(":pk", text(first.partition()))
            .expression_attribute_values(":sk", text(first.sort()))
            .consistent_read(true);
        let answer = call.limit(most).send().await.map_err(classify)?;
        answer.items.unwrap_or_default().into_iter().map(page).collect()
    }

    /// One page.
    ///
    /// # Errors
    /// When the table cannot be reached, or the page cannot be read.
    pub async fn page(&self, chain: ChainId, seq: u64) -> Result<Option<Page>, TableError> {
        let key = Key::page(chain, seq).item();
        let call = self.client.get_item().table_name(&self.name).set_key(Some(key)).consistent_read(true);
        call.send().await.map_err(classify)?.item.map(page).transpose()
    }

    /// Writes down that a day is closed, if that is not written already.
    ///
    /// # Errors
    /// When the table cannot be reached.
    pub async fn close_day(&self, seal: &DaySeal) -> Result<Option<DaySeal>, TableError> {
        self.put_new(&Key::seal(seal.day), seal).await
    }

    /// Settles what is said of a closed day, if that is not settled already; gives back the day as it stands then.
    ///
    /// # Errors
    /// When the table cannot be reached, or the day is not closed.
    pub async fn state_day(&self, day: Day, stated: &Stated) -> Result<DaySeal, TableError> {
        self.add_to_seal(day, "stated", attribute(stated)?).await
    }

    /// Keeps the signed checkpoint of a closed day, if none is kept already; gives back the day as it stands then.
    ///
    /// # Errors
    /// As [`Table::state_day`].
    pub async fn sign_day(&self, day: Day, checkpoint: &str) -> Result<DaySeal, TableError> {
        self.add_to_seal(day, "checkpoint", text(checkpoint)).await
    }

    async fn add_to_seal(&self, day: Day, name: &str, value: AttributeValue) -> Result<DaySeal, TableError> {
        let call = self.client.update_item().table_name(&self.name).set_key(Some(Key::seal(day).item()));
        let call = call
            .update_expression("SET #name = :value")
            .condition_expression("attribute_exists(pk) AND attribute_not_exists(#name)")
            .expression_attribute_names("#name", name)
            .expression_attribute_values(":value", value);
        match call.send().await {
            Ok(_) => {}
            Err(error) if error.as_service_error().is_some_and(|e| e.is_conditional_check_failed_exception()) => {}
            Err(error) => return Err(classify(error)),
        }
        let missing = || TableError::Unreadable { expected: "a closed day", source: format!("{day} is none").into() };
        self.day_seal(day).await?.ok_or_else(missing)
    }

    /// A closed day.
    ///
    /// # Errors
    /// When the table cannot be reached.
    pub async fn day_seal(&self, day: Day) -> Result<Option<DaySeal>, TableError> {
        self.get(&Key::seal(day)).await
    }
}

impl Span {
    /// What a day has of a chain that begins at `first` and is closed by `seal`.
    pub fn new(first: u64, seal: &Page) -> Span {
        Span { chain: seal.chain.number(), first, seal: seal.seq, hash: Hash::to_string(&seal.hash()) }
    }
}

/// The page in an item.
pub(super) fn page(item: Item) -> Result<Page, TableError> {
    let seq = sort_of(&item).and_then(|sort| sort.parse().ok()).unwrap_or_default();
    let unreadable = |why: String| TableError::Page { seq, source: why.into() };
    let body = item.get("body").and_then(|value| value.as_b().ok());
    let body = body.ok_or_else(|| unreadable("it has no body".to_owned()))?;
    Page::read(body.as_ref()).map_err(|error| unreadable(error.to_string()))
}
