//! Pages of the journal, as they are read.

use domain::hash::Hash;
use domain::journal::{ChainId, Page, Tail};
use domain::moment::{Day, Moment};
use serde::{Deserialize, Serialize};

use super::error::classify;
use super::key::{Key, chain_partition};
use super::{Item, Table, TableError, text};

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
    let unreadable = |why: String| TableError::Unreadable { expected: "a page", source: why.into() };
    let body = item.get("body").and_then(|value| value.as_b().ok());
    let body = body.ok_or_else(|| unreadable("it has no body".to_owned()))?;
    Page::read(body.as_ref()).map_err(|error| unreadable(error.to_string()))
}
