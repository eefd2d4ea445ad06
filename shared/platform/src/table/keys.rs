//! The table of data keys: apart from the other, without backups, so that a key that is destroyed is destroyed.
//!
//! An item is one owner's: the wrapped key, if there is one; its generation, which each erasure raises; and when the latest erasure was, a tombstone that stays. What is
//! to be erased again after a restore of the other table is found by the tombstones. Beside them stand the salts of those who have no key ([`super::salts`]).

use aws_sdk_dynamodb::primitives::Blob;
use aws_sdk_dynamodb::types::{AttributeValue, ReturnValuesOnConditionCheckFailure};
use domain::moment::Moment;
use domain::owner::Owner;

use super::error::{classify, old_item_of_update};
use super::{Item, Table, TableError, number, text};

/// The index of tombstones: hash `erased_at`, keys only. Who was never erased is not in it, and no salt.
const ERASED_INDEX: &str = "erased-index";
/// The attribute of the wrapped key; a word that DynamoDB's expressions take under another name only.
const WRAPPED: &str = "wrapped";

/// What is known of an owner's key.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct DataKeyItem {
    /// The wrapped key, while there is one.
    pub wrapped: Option<Vec<u8>>,
    /// How many erasures there were.
    pub generation: u32,
    /// When the latest of them was.
    pub erased_at: Option<Moment>,
}

/// Some of the tombstones.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Tombstones {
    /// Whose.
    pub owners: Vec<Owner>,
    /// Where the next of them begin; none at the end.
    pub next: Option<AfterTombstone>,
}

/// A place in the list of tombstones.
#[derive(Debug, Clone, PartialEq)]
pub struct AfterTombstone(Item);

impl Table {
    /// What is known of the owner's key, strongly consistent; nothing in particular for an owner that never had one.
    ///
    /// # Errors
    /// When the table cannot be reached, or none is set.
    pub async fn data_key(&self, owner: &str) -> Result<DataKeyItem, TableError> {
        let call = self.client.get_item().table_name(self.keys_table()?).key("pk", text(owner)).consistent_read(true);
        Ok(call.send().await.map_err(classify)?.item.as_ref().map(of).unwrap_or_default())
    }

    /// Keeps a wrapped key of this generation if its owner has none and was not erased meanwhile; gives back what is there otherwise.
    ///
    /// # Errors
    /// When the table cannot be reached, or none is set.
    pub async fn keep_data_key(&self, owner: &str, generation: u32, key: &[u8]) -> Result<Option<DataKeyItem>, TableError> {
        let call = self.client.update_item().table_name(self.keys_table()?).key("pk", text(owner));
        let same = if generation == 0 { "attribute_not_exists(generation)" } else { "generation = :generation" };
        let set =
            if generation == 0 { "SET #wrapped = :wrapped" } else { "SET #wrapped = :wrapped, generation = :generation" };
        let mut call = call
            .update_expression(set)
            .condition_expression(format!("attribute_not_exists(#wrapped) AND {same}"))
            .expression_attribute_names("#wrapped", WRAPPED)
            .expression_attribute_values(":wrapped", AttributeValue::B(Blob::new(key)))
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld);
        if generation > 0 {
            call = call.expression_attribute_values(":generation", number(generation));
        }
        match call.send().await {
            Ok(_) => Ok(None),
            Err(error) => Ok(Some(old_item_of_update(error)?.as_ref().map(of).unwrap_or_default())),
        }
    }

    /// Destroys the owner's key, whether there is one or not, and says when in its place.
    ///
    /// # Errors
    /// When the table cannot be reached, or none is set; whether it was destroyed is not known then.
    pub async fn erase_data_key(&self, owner: &Owner, now: Moment) -> Result<(), TableError> {
        let call = self.client.update_item().table_name(self.keys_table()?).key("pk", text(owner.to_string()));
        let call = call
            .update_expression("SET erased_at = :now ADD generation :one REMOVE #wrapped")
            .expression_attribute_names("#wrapped", WRAPPED)
            .expression_attribute_values(":now", number(now.millis()))
            .expression_attribute_values(":one", number(1));
        call.send().await.map_err(classify)?;
        Ok(())
    }

    /// Tombstones, in no order: those from here on, up to a page. The index that has nothing else is read, so that it costs what tombstones there are, and not all keys and salts; it may lag behind by
    /// a moment.
    ///
    /// # Errors
    /// When the table cannot be reached, none is set, or an item belongs to nobody.
    pub async fn tombstones(&self, from: Option<AfterTombstone>) -> Result<Tombstones, TableError> {
        let call = self.client.scan().table_name(self.keys_table()?).index_name(ERASED_INDEX);
        let start = from.map(|AfterTombstone(key)| key);
        let answer = call.set_exclusive_start_key(start).send().await.map_err(classify)?;
        let items = answer.items.unwrap_or_default();
        let owners = items.iter().map(|item| {
            let owner = name(item).and_then(|name| name.parse().ok());
            owner.ok_or_else(|| TableError::Unreadable { expected: "an owner of a key", source: "not one".into() })
        });
        let next = answer.last_evaluated_key.map(AfterTombstone);
        Ok(Tombstones { owners: owners.collect::<Result<_, _>>()?, next })
    }

    pub(super) fn keys_table(&self) -> Result<&str, TableError> {
        self.keys.as_deref().ok_or_else(|| TableError::Other("the setting KEYS_TABLE is missing".into()))
    }
}

fn name(item: &Item) -> Option<&str> {
    item.get("pk").and_then(|value| value.as_s().ok()).map(String::as_str)
}

fn of(item: &Item) -> DataKeyItem {
    let integer = |name: &str| item.get(name).and_then(|value| value.as_n().ok());
    DataKeyItem {
        wrapped: item.get(WRAPPED).and_then(|value| value.as_b().ok()).map(|blob| blob.as_ref().to_vec()),
        generation: integer("generation").and_then(|number| number.parse().ok()).unwrap_or(0),
        erased_at: integer("erased_at").and_then(|number| number.parse().ok()).map(Moment::from_millis),
    }
}
