//! Books and totals put right from the outside: for the command `rebuild`, and for no function.

use std::collections::BTreeMap;

use aws_sdk_dynamodb::types::{ConditionCheck, Delete, Put, TransactWriteItem};
use domain::hash::Hash;
use domain::journal::{ChainId, Page};
use domain::totals::Delta;

use super::group::{Committed, cancelled};
use super::key::Key;
use super::totals::cursor_name;
use super::{Cursors, Table, TableError, number};

/// Items of totals put right in one transaction: with the cursors a hundred at the most.
const MOST_ITEMS: usize = 99;

/// How putting a page back went.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Restored {
    /// It stands now.
    Written,
    /// The very same page stood there already.
    Stood,
    /// Another page stands there.
    Other,
}

impl Table {
    /// Puts a page back where it belongs, if none stands there.
    ///
    /// # Errors
    /// When the table cannot be reached, or what stands there cannot be read.
    pub async fn restore_page(&self, page: &Page) -> Result<Restored, TableError> {
        if self.write_seal(page).await? {
            return Ok(Restored::Written);
        }
        let stands = self.page(page.chain, page.seq).await?;
        Ok(if stands.is_some_and(|stands| stands == *page) { Restored::Stood } else { Restored::Other })
    }

    /// Writes items of totals as they are to be, whole, if the cursors stand where `at` says: what the follower folds afterwards goes on from there.
    /// `false` when they do not, and then nothing or a part is written, each item of it right at `at`.
    ///
    /// # Errors
    /// When the table cannot be reached.
    pub async fn put_totals(&self, at: &Cursors, items: &Delta) -> Result<bool, TableError> {
        let items: Vec<(&String, &BTreeMap<String, i64>)> = items.iter().collect();
        for chunk in items.chunks(MOST_ITEMS) {
            let mut actions = vec![self.cursors_stand(at)?];
            for (name, sums) in chunk {
                actions.push(self.put_total(name, sums)?);
            }
            let token = Hash::of(&[format!("{at:?}{chunk:?}").as_bytes()]).to_string()[..36].to_owned();
            let call = self.client.transact_write_items().set_transact_items(Some(actions)).client_request_token(token);
            let committed = match call.send().await {
                Ok(_) => Committed::Done,
                Err(error) => cancelled(error)?,
            };
            match committed {
                Committed::Done => {}
                Committed::Cancelled(_) => return Ok(false),
                Committed::Unsure(error) => return Err(error),
            }
        }
        Ok(true)
    }

    fn cursors_stand(&self, at: &Cursors) -> Result<TransactWriteItem, TableError> {
        let mut check = ConditionCheck::builder().table_name(&self.name).set_key(Some(Key::cursors().item()));
        let mut conditions = Vec::new();
        for chain in ChainId::all() {
            let name = cursor_name(chain);
            if at.of(chain) == 0 {
                conditions.push(format!("attribute_not_exists({name})"));
            } else {
                conditions.push(format!("{name} = :{name}"));
                check = check.expression_attribute_values(format!(":{name}"), number(at.of(chain)));
            }
        }
        let check = check.condition_expression(conditions.join(" AND ")).build();
        let check = check.map_err(|error| TableError::Other(error.into()))?;
        Ok(TransactWriteItem::builder().condition_check(check).build())
    }

    /// An item of nothing is none.
    fn put_total(&self, name: &str, sums: &BTreeMap<String, i64>) -> Result<TransactWriteItem, TableError> {
        let key = Key::total(name).item();
        if sums.is_empty() {
            let delete = Delete::builder().table_name(&self.name).set_key(Some(key)).build();
            let delete = delete.map_err(|error| TableError::Other(error.into()))?;
            return Ok(TransactWriteItem::builder().delete(delete).build());
        }
        let mut item = key;
        item.extend(sums.iter().map(|(name, sum)| (name.clone(), number(sum))));
        let put = Put::builder().table_name(&self.name).set_item(Some(item)).build();
        let put = put.map_err(|error| TableError::Other(error.into()))?;
        Ok(TransactWriteItem::builder().put(put).build())
    }
}
