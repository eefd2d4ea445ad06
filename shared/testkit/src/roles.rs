//! What a function's role in the template allows, held against the calls that the function makes.
//!
//! Promise: a call of DynamoDB or SQS that no statement of the role allows is refused with AWS's `AccessDeniedException`, before any fault is done to it. So a test that plays a function plays its role too. It is stricter than AWS in one thing: what names no partition is refused where partitions are named.
//!
//! Of a statement the actions, the resources and the partition keys (`dynamodb:LeadingKeys` under `ForAllValues:StringLike`) are held; any other condition is a [`TemplateError`](crate::template::TemplateError) when the
//! template is read. A transaction and a batch need what each of their items needs.
//!
//! Bounds: KMS and S3 are not held, nor a caller over HTTP ([`server`](crate::server)); a partition key is called `pk`, as in all tables of the template; only what a test calls is held.

use std::collections::BTreeMap;

use serde_json::Value;

/// A role of the template.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Role {
    /// The name in the template.
    pub logical_id: String,
    /// What it allows of DynamoDB and SQS.
    pub statements: Vec<Statement>,
}

/// What a statement allows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Statement {
    /// Actions, as `dynamodb:GetItem`.
    pub actions: Vec<String>,
    /// ARNs.
    pub resources: Vec<String>,
    /// Patterns of partition keys; none where all are allowed.
    pub leading_keys: Option<Vec<String>>,
}

/// What a call needs to be allowed.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Need {
    action: String,
    /// The end of an ARN.
    resource: String,
    key: Option<String>,
}

impl Role {
    /// Why a call is refused; none if it is allowed, or is of a service that is not held.
    pub fn refusal(&self, target: &str, body: &[u8]) -> Option<String> {
        let body: Value = serde_json::from_slice(body).unwrap_or_default();
        let needs = if let Some(operation) = target.strip_prefix(crate::dynamo::TARGET_PREFIX) {
            of_dynamo(operation, &body)
        } else {
            let operation = target.strip_prefix(crate::sqs::TARGET_PREFIX)?;
            vec![of_sqs(operation, &body)]
        };
        let refused = needs.into_iter().find(|need| !self.statements.iter().any(|statement| statement.allows(need)))?;
        let Need { action, resource, key } = refused;
        let of = key.map(|key| format!(" of {key}")).unwrap_or_default();
        Some(format!("{} is not authorized to perform {action}{of} on {resource}", self.logical_id))
    }
}

impl Statement {
    fn allows(&self, need: &Need) -> bool {
        let is_of = |arn: &String| arn.strip_suffix(&need.resource).is_some_and(|rest| rest.ends_with([':', '/']));
        let is_key = match (&self.leading_keys, &need.key) {
            (None, _) => true,
            (Some(patterns), Some(key)) => patterns.iter().any(|pattern| is_like(key, pattern)),
            // What names no partition is of all of them.
            (Some(_), None) => false,
        };
        self.actions.contains(&need.action) && self.resources.iter().any(is_of) && is_key
    }
}

/// Whether a text is like a pattern, in which a star stands for anything.
fn is_like(text: &str, pattern: &str) -> bool {
    let Some((first, rest)) = pattern.split_once('*') else { return text == pattern };
    let Some(text) = text.strip_prefix(first) else { return false };
    text.char_indices().map(|(at, _)| at).chain([text.len()]).any(|at| is_like(&text[at..], rest))
}

fn of_sqs(operation: &str, body: &Value) -> Need {
    let queue = body["QueueUrl"].as_str().and_then(|url| url.rsplit('/').next()).unwrap_or_default();
    // A batch is allowed by the action of one.
    let operation = operation.strip_suffix("Batch").unwrap_or(operation);
    Need { action: format!("sqs:{operation}"), resource: queue.to_owned(), key: None }
}

fn of_dynamo(operation: &str, body: &Value) -> Vec<Need> {
    let need = |operation: &str, body: &Value, key: Option<String>| {
        let table = body["TableName"].as_str().unwrap_or_default();
        let index = body["IndexName"].as_str().map(|index| format!("/index/{index}")).unwrap_or_default();
        Need { action: format!("dynamodb:{operation}"), resource: format!("{table}{index}"), key }
    };
    match operation {
        "Query" => vec![need(operation, body, queried(body))],
        "TransactWriteItems" => {
            let items = body["TransactItems"].as_array().into_iter().flatten().filter_map(Value::as_object).flatten();
            let action =
                |kind: &str| if kind == "ConditionCheck" { "ConditionCheckItem".to_owned() } else { format!("{kind}Item") };
            items.map(|(kind, item)| need(&action(kind), item, partition(item))).collect()
        }
        "TransactGetItems" => {
            let items = body["TransactItems"].as_array().into_iter().flatten();
            items.map(|item| need("GetItem", &item["Get"], partition(&item["Get"]))).collect()
        }
        "BatchGetItem" | "BatchWriteItem" => {
            let mut needs = Vec::new();
            for (table, rows) in body["RequestItems"].as_object().into_iter().flatten() {
                let keys = rows["Keys"].as_array().or(rows.as_array()).into_iter().flatten();
                needs.extend(keys.map(|row| Need {
                    action: format!("dynamodb:{operation}"),
                    resource: table.clone(),
                    key: partition(row.get("PutRequest").or(row.get("DeleteRequest")).unwrap_or(row)),
                }));
            }
            needs
        }
        _ => vec![need(operation, body, partition(body))],
    }
}

/// The partition key of an item, or of what names one.
fn partition(of: &Value) -> Option<String> {
    let item = of.get("Item").or(of.get("Key")).unwrap_or(of);
    item["pk"]["S"].as_str().map(str::to_owned)
}

/// The partition that is queried.
fn queried(body: &Value) -> Option<String> {
    let names: BTreeMap<String, String> =
        serde_json::from_value(body["ExpressionAttributeNames"].clone()).unwrap_or_default();
    let words: Vec<&str> = body["KeyConditionExpression"].as_str()?.split_whitespace().collect();
    words.windows(3).find_map(|words| {
        let [name, "=", value] = words else { return None };
        let name = names.get(*name).map_or(*name, String::as_str);
        (name == "pk").then(|| body["ExpressionAttributeValues"][*value]["S"].as_str().map(str::to_owned))?
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn role() -> Role {
        let texts = |all: &[&str]| all.iter().map(|one| (*one).to_owned()).collect::<Vec<_>>();
        let statement = |actions: &[&str], resource: &str, keys: Option<&[&str]>| Statement {
            actions: texts(actions),
            resources: texts(&[resource]),
            leading_keys: keys.map(texts),
        };
        Role {
            logical_id: "GiftsRole".to_owned(),
            statements: vec![
                statement(
                    &["dynamodb:GetItem", "dynamodb:PutItem", "dynamodb:Query"],
                    "arn:aws:dynamodb:r:a:table/t",
                    Some(&["DON#*", "OFFERING"]),
                ),
                statement(
                    &["dynamodb:ConditionCheckItem", "dynamodb:BatchGetItem"],
                    "arn:aws:dynamodb:r:a:table/t",
                    Some(&["CAP#*#*"]),
                ),
                statement(&["dynamodb:Query"], "arn:aws:dynamodb:r:a:table/t/index/i", None),
                statement(&["sqs:SendMessage"], "arn:aws:sqs:r:a:payments", None),
            ],
        }
    }

    #[test]
    fn what_no_statement_allows_is_refused() {
        let key = |key: &str| json!({"TableName": "t", "Key": {"pk": {"S": key}, "sk": {"S": "x"}}});
        let query = |expression: &str, key: &str| json!({"TableName": "t", "KeyConditionExpression": expression, "ExpressionAttributeNames": {"#p": "pk"}, "ExpressionAttributeValues": {":pk": {"S": key}}});
        let of_index = json!({"TableName": "t", "IndexName": "i", "KeyConditionExpression": "listed_in = :pk"});
        let put = |key: &str| json!({"Put": {"TableName": "t", "Item": {"pk": {"S": key}}}});
        let check = |key: &str| json!({"ConditionCheck": {"TableName": "t", "Key": {"pk": {"S": key}}}});
        let both = |first: Value, second: Value| json!({ "TransactItems": [first, second] });
        let batch = |keys: [&str; 2]| json!({"RequestItems": {"t": {"Keys": keys.map(|key| json!({"pk": {"S": key}}))}}});
        let table = [
            ("DynamoDB_20120810.GetItem", key("DON#1"), true),
            ("DynamoDB_20120810.GetItem", key("OFFERING"), true),
            ("DynamoDB_20120810.GetItem", key("OFFERING#1"), false),
            ("DynamoDB_20120810.GetItem", json!({"TableName": "keys-t", "Key": {"pk": {"S": "DON#1"}}}), false),
            ("DynamoDB_20120810.UpdateItem", key("DON#1"), false),
            ("DynamoDB_20120810.Query", query("pk = :pk AND sk > :sk", "DON#1"), true),
            ("DynamoDB_20120810.Query", query("#p = :pk", "DON#1"), true),
            ("DynamoDB_20120810.Query", query("#p = :pk", "PAY#1"), false),
            ("DynamoDB_20120810.Query", of_index, true),
            ("DynamoDB_20120810.Scan", json!({"TableName": "t"}), false),
            ("DynamoDB_20120810.TransactWriteItems", both(put("DON#1"), check("CAP#wells#3")), true),
            ("DynamoDB_20120810.TransactWriteItems", both(put("DON#1"), put("PAY#1")), false),
            ("DynamoDB_20120810.TransactWriteItems", both(put("DON#1"), check("CAP#wells")), false),
            ("DynamoDB_20120810.BatchGetItem", batch(["CAP#wells#1", "CAP#wells#2"]), true),
            ("DynamoDB_20120810.BatchGetItem", batch(["CAP#wells#1", "DON#1"]), false),
            ("AmazonSQS.SendMessageBatch", json!({"QueueUrl": "http://cloud/a/payments"}), true),
            ("AmazonSQS.SendMessage", json!({"QueueUrl": "http://cloud/a/refunds"}), false),
            ("TrentService.Decrypt", json!({}), true),
        ];
        for (target, body, is_allowed) in table {
            let refusal = role().refusal(target, body.to_string().as_bytes());
            assert_eq!(refusal.is_none(), is_allowed, "{target} {body}: {refusal:?}");
        }
        let refusal = role().refusal("DynamoDB_20120810.UpdateItem", key("DON#1").to_string().as_bytes());
        assert_eq!(refusal.unwrap(), "GiftsRole is not authorized to perform dynamodb:UpdateItem of DON#1 on t");
    }
}
