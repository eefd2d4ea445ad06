//! The table of data keys: apart from the other, without backups, so that a key that is destroyed is destroyed.

use aws_sdk_dynamodb::primitives::Blob;
use aws_sdk_dynamodb::types::{AttributeValue, ReturnValuesOnConditionCheckFailure};

use super::error::{classify, old_item};
use super::{Item, Table, TableError, text};

impl Table {
    /// A wrapped data key by its owner's name.
    ///
    /// # Errors
    /// When the table cannot be reached, or none is set.
    pub async fn wrapped_key(&self, owner: &str) -> Result<Option<Vec<u8>>, TableError> {
        let call = self.client.get_item().table_name(self.keys_table()?).key("pk", text(owner)).consistent_read(true);
        Ok(call.send().await.map_err(classify)?.item.and_then(|item| wrapped(&item)))
    }

    /// Keeps a wrapped data key if its owner has none; gives back the one that is there.
    ///
    /// # Errors
    /// When the table cannot be reached, or none is set.
    pub async fn keep_wrapped_key(&self, owner: &str, key: &[u8]) -> Result<Option<Vec<u8>>, TableError> {
        let call = self.client.put_item().table_name(self.keys_table()?).item("pk", text(owner));
        let call = call
            .item("wrapped", AttributeValue::B(Blob::new(key)))
            .condition_expression("attribute_not_exists(pk)")
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld);
        match call.send().await {
            Ok(_) => Ok(None),
            Err(error) => Ok(old_item(error)?.and_then(|item| wrapped(&item))),
        }
    }

    fn keys_table(&self) -> Result<&str, TableError> {
        self.keys.as_deref().ok_or_else(|| TableError::Other("the setting KEYS_TABLE is missing".into()))
    }
}

fn wrapped(item: &Item) -> Option<Vec<u8>> {
    item.get("wrapped").and_then(|value| value.as_b().ok()).map(|blob| blob.as_ref().to_vec())
}
