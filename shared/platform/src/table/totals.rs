//! Totals, as the follower keeps them and others read them.

use std::collections::BTreeMap;

use aws_sdk_dynamodb::types::{AttributeValue, TransactWriteItem, Update};
use domain::hash::Hash;
use domain::journal::ChainId;
use domain::journal::page::CHAINS;
use domain::totals::Delta;

use super::error::classify;
use super::group::Refusal;
use super::key::{Key, TOTALS, sort_of};
use super::{Committed, Item, Table, TableError, number, text};

/// How far the totals have come: for each chain the number of the next page to fold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cursors([u64; CHAINS as usize]);

/// How a fold went.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Folding {
    /// The totals and the cursors have moved together.
    Folded,
    /// The cursors were not where they were read: another follower was faster.
    Overtaken,
}

impl Cursors {
    /// Before the first page of every chain.
    pub const START: Cursors = Cursors([0; CHAINS as usize]);

    /// The next page to fold of a chain.
    pub const fn of(&self, chain: ChainId) -> u64 {
        self.0[chain.number() as usize]
    }

    /// Moves a chain's cursor.
    pub const fn set(&mut self, chain: ChainId, next: u64) {
        self.0[chain.number() as usize] = next;
    }
}

pub(super) fn cursor_name(chain: ChainId) -> String {
    format!("c{}", chain.number())
}

impl Table {
    /// How far the totals have come.
    ///
    /// # Errors
    /// When the table cannot be reached.
    pub async fn cursors(&self) -> Result<Cursors, TableError> {
        let key = Key::cursors().item();
        let call = self.client.get_item().table_name(&self.name).set_key(Some(key)).consistent_read(true);
        let item = call.send().await.map_err(classify)?.item.unwrap_or_default();
        let mut cursors = Cursors::START;
        for chain in ChainId::all() {
            if let Some(next) = integer(&item, &cursor_name(chain)) {
                cursors.set(chain, u64::try_from(next).unwrap_or(0));
            }
        }
        Ok(cursors)
    }

    /// Moves the cursors and the totals together, if the cursors still stand where they were read.
    ///
    /// # Errors
    /// When the table cannot be reached or is in conflict; whether it was written is not known then, and the cursors tell.
    pub async fn fold(&self, from: &Cursors, to: &Cursors, delta: &Delta) -> Result<Folding, TableError> {
        let mut actions = vec![self.cursor_action(from, to)?];
        for (item, changes) in delta {
            actions.push(self.total_action(item, changes)?);
        }
        // The same fold, the same token: a retry after a lost reply is answered, not refused.
        let token = Hash::of(&[format!("{from:?}{to:?}{delta:?}").as_bytes()]).to_string()[..36].to_owned();
        match self.transact(actions, token).await? {
            Committed::Done => Ok(Folding::Folded),
            Committed::Unsure(error) => Err(error),
            Committed::Cancelled(refusals) => match refusals.first() {
                Some(Refusal::Condition(_)) => Ok(Folding::Overtaken),
                _ => Err(TableError::Transient(format!("the fold was cancelled: {refusals:?}").into())),
            },
        }
    }

    async fn transact(&self, actions: Vec<TransactWriteItem>, token: String) -> Result<Committed, TableError> {
        let call = self.client.transact_write_items().set_transact_items(Some(actions)).client_request_token(token);
        match call.send().await {
            Ok(_) => Ok(Committed::Done),
            Err(error) => super::group::cancelled(error),
        }
    }

    fn cursor_action(&self, from: &Cursors, to: &Cursors) -> Result<TransactWriteItem, TableError> {
        let moved: Vec<ChainId> = ChainId::all().filter(|chain| from.of(*chain) != to.of(*chain)).collect();
        let (mut sets, mut conditions) = (Vec::new(), Vec::new());
        let mut update = Update::builder().table_name(&self.name).set_key(Some(Key::cursors().item()));
        for chain in moved {
            let name = cursor_name(chain);
            sets.push(format!("{name} = :to_{name}"));
            update = update.expression_attribute_values(format!(":to_{name}"), number(to.of(chain)));
            if from.of(chain) == 0 {
                conditions.push(format!("attribute_not_exists({name})"));
            } else {
                conditions.push(format!("{name} = :from_{name}"));
                update = update.expression_attribute_values(format!(":from_{name}"), number(from.of(chain)));
            }
        }
        let update = update
            .update_expression(format!("SET {}", sets.join(", ")))
            .condition_expression(conditions.join(" AND "))
            .build()
            .map_err(|error| TableError::Other(error.into()))?;
        Ok(TransactWriteItem::builder().update(update).build())
    }

    fn total_action(&self, item: &str, changes: &BTreeMap<String, i64>) -> Result<TransactWriteItem, TableError> {
        let mut update = Update::builder().table_name(&self.name).set_key(Some(Key::total(item).item()));
        let mut adds = Vec::new();
        for (index, (name, change)) in changes.iter().enumerate() {
            adds.push(format!("#n{index} :v{index}"));
            update = update.expression_attribute_names(format!("#n{index}"), name);
            update = update.expression_attribute_values(format!(":v{index}"), number(change));
        }
        let update = update.update_expression(format!("ADD {}", adds.join(", "))).build();
        let update = update.map_err(|error| TableError::Other(error.into()))?;
        Ok(TransactWriteItem::builder().update(update).build())
    }

    /// Totals by item and name, of the items whose name begins with `prefix`; all for an empty one. Strongly consistent.
    ///
    /// # Errors
    /// When the table cannot be reached.
    pub async fn totals(&self, prefix: &str) -> Result<Delta, TableError> {
        let mut totals = Delta::new();
        let mut start = None;
        loop {
            let mut call = self.client.query().table_name(&self.name).consistent_read(true);
            call = call.expression_attribute_values(":pk", text(TOTALS));
            call = if prefix.is_empty() {
                call.key_condition_expression("pk = :pk")
            } else {
                call.key_condition_expression("pk = :pk AND begins_with(sk, :prefix)")
                    .expression_attribute_values(":prefix", text(prefix))
            };
            let answer = call.set_exclusive_start_key(start).send().await.map_err(classify)?;
            for item in answer.items.unwrap_or_default() {
                let name = sort_of(&item).unwrap_or_default().to_owned();
                if name != Key::cursors().sort() {
                    totals.insert(name, sums(&item));
                }
            }
            start = answer.last_evaluated_key;
            if start.is_none() {
                return Ok(totals);
            }
        }
    }
}

fn sums(item: &Item) -> BTreeMap<String, i64> {
    item.keys().filter_map(|name| integer(item, name).map(|sum| (name.clone(), sum))).collect()
}

fn integer(item: &Item, name: &str) -> Option<i64> {
    item.get(name).and_then(|value| AttributeValue::as_n(value).ok()).and_then(|number| number.parse().ok())
}
