//! Salts that are kept, because nobody has a data key from which they would follow: in the table of data keys, so that no backup has them.
//!
//! An item is one page's, `SALTS#` and the page's key, with an attribute for each entry whose salt it keeps. It is written before the page, so that whatever page stands has
//! its salts. Each plan of settlement has a page key of its own, whichever chain it ends on: nobody else writes the same item.
//!
//! **What is left over.** A plan that never comes to stand leaves its item: after a crash, and each time that a donation moved on while its group was written. Nobody asks for it, nobody knows which
//! those are, and they are not looked for: numbers of chance, two kilobytes at most.

use aws_sdk_dynamodb::primitives::Blob;
use aws_sdk_dynamodb::types::AttributeValue;
use domain::leaf_key::LeafKey;

use super::error::{classify, old_item, old_item_of_update};
use super::{Item, Table, TableError, text};
use crate::privacy::leaf::Salt;

/// The key of a page's item.
fn item(page: &LeafKey) -> (&'static str, AttributeValue) {
    ("pk", text(format!("SALTS#{page}")))
}

/// The attribute of an entry's salt.
fn of(index: u16) -> String {
    format!("s{index}")
}

impl Table {
    /// Keeps salts of the page with this key, by the indexes of their entries, once: what was forgotten of them since does not come back by a request that was late.
    ///
    /// # Errors
    /// When the table cannot be reached, or none is set; whether they were kept is not known then.
    pub async fn keep_salts(&self, page: &LeafKey, salts: &[(u16, Salt)]) -> Result<(), TableError> {
        let (name, key) = item(page);
        let salts = salts.iter().map(|(index, salt)| (of(*index), AttributeValue::B(Blob::new(*salt))));
        let all: Item = salts.chain([(name.to_owned(), key)]).collect();
        let call = self.client.put_item().table_name(self.keys_table()?).set_item(Some(all));
        match call.condition_expression("attribute_not_exists(pk)").send().await {
            Ok(_) => Ok(()),
            // They stand already: a reply was lost.
            Err(error) => old_item(error).map(|_| ()),
        }
    }

    /// The salt that is kept of an entry of the page with this key, strongly consistent.
    ///
    /// # Errors
    /// When the table cannot be reached, or none is set.
    pub async fn kept_salt(&self, page: &LeafKey, index: u16) -> Result<Option<Salt>, TableError> {
        let (name, key) = item(page);
        let call = self.client.get_item().table_name(self.keys_table()?).key(name, key).consistent_read(true);
        let found = call.projection_expression(of(index)).send().await.map_err(classify)?.item.unwrap_or_default();
        let salt = found.get(&of(index)).and_then(|value| value.as_b().ok());
        Ok(salt.and_then(|salt| salt.as_ref().try_into().ok()))
    }

    /// Forgets the salt of an entry of the page with this key, if one is kept.
    ///
    /// # Errors
    /// When the table cannot be reached, or none is set; forgetting it again changes nothing.
    pub async fn forget_salt(&self, page: &LeafKey, index: u16) -> Result<(), TableError> {
        let (name, key) = item(page);
        let call = self.client.update_item().table_name(self.keys_table()?).key(name, key);
        let call = call.update_expression(format!("REMOVE {}", of(index))).condition_expression("attribute_exists(pk)");
        match call.send().await {
            Ok(_) => Ok(()),
            // Of this page none is kept.
            Err(error) => old_item_of_update(error).map(|_| ()),
        }
    }
}
