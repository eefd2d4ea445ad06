//! What a function says about its batch, read as Lambda reads it when `ReportBatchItemFailures` is on.
//!
//! | the answer | means |
//! |---|---|
//! | nothing, `null`, `{}`, an empty or null `batchItemFailures` | the whole batch succeeded |
//! | a list of the ids of messages in the batch | those failed, the others succeeded |
//! | not an object; an item without a text under `itemIdentifier`; an empty or unknown id | the whole batch failed |

use std::collections::HashSet;

use serde_json::Value;

use super::record::Record;

/// How a batch went.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// All of it succeeded.
    Succeeded,
    /// All of it failed.
    Failed,
    /// These messages failed, by id; the others succeeded.
    Partly(HashSet<String>),
}

impl Outcome {
    /// The messages to delete.
    pub fn to_delete<'b>(&self, batch: &'b [Record]) -> Vec<&'b Record> {
        match self {
            Outcome::Succeeded => batch.iter().collect(),
            Outcome::Failed => Vec::new(),
            Outcome::Partly(failed) => batch.iter().filter(|record| !failed.contains(&record.message_id)).collect(),
        }
    }
}

/// How the batch went by the function's answer.
pub fn outcome(answer: &Value, batch: &[Record]) -> Outcome {
    let listed = match answer {
        Value::Null => return Outcome::Succeeded,
        Value::Object(answer) => answer.get("batchItemFailures").unwrap_or(&Value::Null),
        _ => return Outcome::Failed,
    };
    match listed {
        Value::Null => Outcome::Succeeded,
        Value::Array(items) if items.is_empty() => Outcome::Succeeded,
        Value::Array(items) => failed_ids(items, batch).map_or(Outcome::Failed, Outcome::Partly),
        _ => Outcome::Failed,
    }
}

fn failed_ids(items: &[Value], batch: &[Record]) -> Option<HashSet<String>> {
    let known: HashSet<&str> = batch.iter().map(|record| record.message_id.as_str()).collect();
    let id = |item: &Value| item.get("itemIdentifier")?.as_str().filter(|id| known.contains(id)).map(str::to_owned);
    items.iter().map(id).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use aws_sdk_sqs::types::Message;
    use serde_json::json;

    fn batch() -> Vec<Record> {
        ["a", "b", "c"].map(|id| Record::new(Message::builder().message_id(id).build(), "arn", "region")).to_vec()
    }

    #[test]
    fn every_answer_has_its_meaning() {
        let partly = |ids: &[&str]| Outcome::Partly(ids.iter().map(|&id| id.to_owned()).collect());
        for (answer, expected) in [
            (json!(null), Outcome::Succeeded),
            (json!({}), Outcome::Succeeded),
            (json!({"batchItemFailures": []}), Outcome::Succeeded),
            (json!({"batchItemFailures": null}), Outcome::Succeeded),
            (json!({"other": 1}), Outcome::Succeeded),
            (json!({"batchItemFailures": [{"itemIdentifier": "b"}]}), partly(&["b"])),
            (json!({"batchItemFailures": [{"itemIdentifier": "b"}, {"itemIdentifier": "b"}]}), partly(&["b"])),
            (json!({"batchItemFailures": [{"itemIdentifier": "a"}, {"itemIdentifier": "c"}]}), partly(&["a", "c"])),
            (json!({"batchItemFailures": [{"itemIdentifier": "b"}, {"itemIdentifier": "z"}]}), Outcome::Failed),
            (json!({"batchItemFailures": [{"itemIdentifier": ""}]}), Outcome::Failed),
            (json!({"batchItemFailures": [{"itemIdentifier": null}]}), Outcome::Failed),
            (json!({"batchItemFailures": [{"itemIdentifier": 7}]}), Outcome::Failed),
            (json!({"batchItemFailures": [{"messageId": "a"}]}), Outcome::Failed),
            (json!({"batchItemFailures": ["a"]}), Outcome::Failed),
            (json!({"batchItemFailures": "a"}), Outcome::Failed),
            (json!("done"), Outcome::Failed),
            (json!([]), Outcome::Failed),
            (json!(true), Outcome::Failed),
        ] {
            assert_eq!(outcome(&answer, &batch()), expected, "{answer}");
        }
    }

    #[test]
    fn only_successes_are_deleted() {
        let batch = batch();
        let ids = |outcome: Outcome| outcome.to_delete(&batch).iter().map(|r| r.message_id.clone()).collect::<Vec<_>>();
        assert_eq!(ids(Outcome::Succeeded), ["a", "b", "c"]);
        assert_eq!(ids(Outcome::Partly(HashSet::from(["b".to_owned()]))), ["a", "c"]);
        assert!(ids(Outcome::Failed).is_empty());
    }
}
