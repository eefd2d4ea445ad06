//! What stands in the table and the bucket, for tests that look at it.

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::Context as _;
use serde_json::{Map, Value, json};
use testkit::dynamo;

use crate::Stage;

/// The table right after a write.
pub struct Peek<'a>(&'a dynamo::Peek<'a>);

impl Peek<'_> {
    /// An item as it stands, as plain JSON.
    pub fn item(&self, pk: &str, sk: &str) -> Option<Value> {
        Some(plain(&json!({ "M": self.0.item(pk, sk)? })))
    }
}

impl Stage {
    /// Has `told` hear of every item whose partition key begins so right after it was written, with its keys and as plain JSON; past the faults or not. Of several in one
    /// transaction each is told by itself.
    pub fn watch(&self, partitions: &str, told: impl Fn(&Peek<'_>, (&str, &str), Value) + Send + Sync + 'static) {
        self.cloud.services().dynamo.watch(partitions, move |peek, written| {
            if let Some(item) = written.item {
                told(&Peek(peek), (&written.partition, &written.sort), plain(&json!({ "M": item })));
            }
        });
    }

    /// Every item whose partition key begins so, as plain JSON in the order of their keys.
    ///
    /// # Errors
    /// When the table cannot be read in one page of a megabyte.
    pub async fn items(&self, prefix: &str) -> anyhow::Result<Vec<Value>> {
        let table =
            self.stack.tables.iter().find(|table| table.logical_id == "Table").context("the template has no Table")?;
        let scan = json!({
            "TableName": table.name,
            "FilterExpression": "begins_with(pk, :prefix)",
            "ExpressionAttributeValues": {":prefix": {"S": prefix}},
        });
        let reply = self.cloud.services().dynamo.call("DynamoDB_20120810.Scan", scan.to_string().as_bytes()).await;
        let page: Value = serde_json::from_slice(&reply.body)?;
        anyhow::ensure!(page["LastEvaluatedKey"].is_null(), "the table is larger than a page");
        let items = page["Items"].as_array().context("no items")?;
        let mut items: Vec<Value> = items.iter().map(|item| plain(&json!({ "M": item }))).collect();
        items.sort_by_key(|item| (item["pk"].to_string(), item["sk"].to_string()));
        Ok(items)
    }

    /// Every version of every document in the buckets, the earlier ones among them, with their keys.
    ///
    /// # Errors
    /// As [`Stage::documents`].
    pub fn versions(&self) -> anyhow::Result<Vec<(String, Vec<u8>)>> {
        let earlier = self.cloud.services().s3.earlier_versions().into_iter().map(|(key, body)| (key, body.to_vec()));
        Ok(self.documents()?.into_iter().chain(earlier).collect())
    }

    /// Every document in the buckets, by key.
    ///
    /// # Errors
    /// When the directory behind the buckets cannot be read.
    pub fn documents(&self) -> anyhow::Result<BTreeMap<String, Vec<u8>>> {
        let mut found = BTreeMap::new();
        for bucket in &self.stack.buckets {
            let root = self.cloud.services().s3.root().join(&bucket.name);
            collect(&root, &root, &mut found)?;
        }
        Ok(found)
    }
}

fn collect(root: &Path, folder: &Path, found: &mut BTreeMap<String, Vec<u8>>) -> anyhow::Result<()> {
    for entry in std::fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            collect(root, &path, found)?;
        } else {
            found.insert(path.strip_prefix(root)?.to_string_lossy().into_owned(), std::fs::read(&path)?);
        }
    }
    Ok(())
}

/// An attribute's value without its type; numbers that are whole stay numbers.
fn plain(attribute: &Value) -> Value {
    let Some((kind, value)) = attribute.as_object().and_then(|typed| typed.iter().next()) else { return Value::Null };
    match (kind.as_str(), value) {
        ("M", Value::Object(members)) => {
            Value::Object(members.iter().map(|(name, value)| (name.clone(), plain(value))).collect::<Map<_, _>>())
        }
        ("L", Value::Array(elements)) => Value::Array(elements.iter().map(plain).collect()),
        ("N", Value::String(number)) => match (number.parse::<i64>(), number.parse::<u64>()) {
            (Ok(number), _) => Value::from(number),
            (Err(_), Ok(number)) => Value::from(number),
            (Err(_), Err(_)) => value.clone(),
        },
        _ => value.clone(),
    }
}
