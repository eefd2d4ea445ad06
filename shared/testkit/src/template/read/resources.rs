//! Each kind of resource that stands by itself.

use std::collections::BTreeMap;

use serde_json::Value;

use super::super::TemplateError;
use super::super::evaluate::scalar_text;
use super::super::stack::{Attribute, Bucket, Function, Index, Key, KeySchema, Projection, Queue, Table};
use super::node::{Node, number};
use crate::roles::{Role, Statement};

type Result<T> = std::result::Result<T, TemplateError>;

/// Attributes of a queue that go to `CreateQueue` under the same name.
const QUEUE_ATTRIBUTES: [&str; 6] = [
    "VisibilityTimeout",
    "MessageRetentionPeriod",
    "DelaySeconds",
    "ReceiveMessageWaitTimeSeconds",
    "MaximumMessageSize",
    "SqsManagedSseEnabled",
];

/// Lambda's own when the template does not say.
const DEFAULT_MEMORY_MB: u32 = 128;
const DEFAULT_TIMEOUT_SECS: u32 = 3;
pub(super) fn table(resource: &Node<'_>) -> Result<Table> {
    let attributes = resource.required("AttributeDefinitions")?;
    let attribute = |value: &Value| {
        let text = |name: &str| value[name].as_str().map(str::to_owned);
        Some(Attribute { name: text("AttributeName")?, kind: text("AttributeType")? })
    };
    let attributes: Option<Vec<Attribute>> = attributes.as_array().into_iter().flatten().map(attribute).collect();
    let indexes = resource.optional("GlobalSecondaryIndexes")?.unwrap_or_default();
    let ttl = resource.optional("TimeToLiveSpecification")?.unwrap_or_default();
    let recovery = resource.optional("PointInTimeRecoverySpecification")?.unwrap_or_default();
    let is_on = |value: &Value| scalar_text(value).is_some_and(|text| text == "true");
    Ok(Table {
        logical_id: resource.logical_id.to_owned(),
        name: resource.reference()?,
        attributes: attributes.ok_or_else(|| resource.problem("AttributeDefinitions", "a name or type is missing"))?,
        key: key_schema(&resource.required("KeySchema")?, resource, "KeySchema")?,
        indexes: indexes.as_array().into_iter().flatten().map(|value| index(value, resource)).collect::<Result<_>>()?,
        ttl_attribute: scalar_text(&ttl["AttributeName"]).filter(|_| is_on(&ttl["Enabled"])),
        point_in_time_recovery: is_on(&recovery["PointInTimeRecoveryEnabled"]),
    })
}

fn key_schema(value: &Value, resource: &Node<'_>, property: &str) -> Result<KeySchema> {
    let attribute = |kind: &str| {
        let element = value.as_array()?.iter().find(|element| element["KeyType"] == kind)?;
        element["AttributeName"].as_str().map(str::to_owned)
    };
    let partition = attribute("HASH").ok_or_else(|| resource.problem(property, "there is no HASH key"))?;
    Ok(KeySchema { partition, sort: attribute("RANGE") })
}

fn index(value: &Value, resource: &Node<'_>) -> Result<Index> {
    const PROPERTY: &str = "GlobalSecondaryIndexes";
    let name = value["IndexName"].as_str().ok_or_else(|| resource.problem(PROPERTY, "an IndexName is missing"))?;
    let attributes = || value["Projection"]["NonKeyAttributes"].as_array().into_iter().flatten();
    let projection = match value["Projection"]["ProjectionType"].as_str() {
        Some("ALL") => Projection::All,
        Some("KEYS_ONLY") => Projection::KeysOnly,
        Some("INCLUDE") => Projection::Include(attributes().filter_map(scalar_text).collect()),
        _ => return Err(resource.problem(PROPERTY, "a ProjectionType is missing or unknown")),
    };
    let key = key_schema(&value["KeySchema"], resource, PROPERTY)?;
    Ok(Index { name: name.to_owned(), key, projection })
}

pub(super) fn queue(resource: &Node<'_>) -> Result<Queue> {
    let mut attributes = BTreeMap::new();
    for name in QUEUE_ATTRIBUTES {
        if let Some(value) = resource.optional(name)?.as_ref().and_then(scalar_text) {
            attributes.insert(name.to_owned(), value);
        }
    }
    let redrive = resource.optional("RedrivePolicy")?;
    if let Some(policy) = &redrive {
        attributes.insert("RedrivePolicy".to_owned(), policy.to_string());
    }
    Ok(Queue {
        logical_id: resource.logical_id.to_owned(),
        name: resource.attribute("QueueName")?,
        url: resource.reference()?,
        arn: resource.attribute("Arn")?,
        attributes,
        dead_letter_arn: redrive.as_ref().and_then(|policy| scalar_text(&policy["deadLetterTargetArn"])),
        max_receive_count: redrive.as_ref().and_then(|policy| number(&policy["maxReceiveCount"])),
    })
}

pub(super) fn bucket(resource: &Node<'_>) -> Result<Bucket> {
    Ok(Bucket { logical_id: resource.logical_id.to_owned(), name: resource.reference()? })
}

pub(super) fn key(resource: &Node<'_>) -> Result<Key> {
    let description = resource.optional("Description")?;
    Ok(Key {
        logical_id: resource.logical_id.to_owned(),
        alias: resource.reference()?,
        description: description.as_ref().and_then(scalar_text).unwrap_or_default(),
    })
}

pub(super) fn function(resource: &Node<'_>) -> Result<Function> {
    if resource.body["Properties"].get("Events").is_some() {
        return Err(resource.problem("Events", "not supported: write the mapping or the route out"));
    }
    let code = resource.text("CodeUri")?;
    let file = code.trim_end_matches('/').rsplit('/').next().unwrap_or_default();
    let amount = |property: &str, default: u32| -> Result<u32> {
        Ok(resource.of_function(property)?.as_ref().and_then(number).unwrap_or(default))
    };
    Ok(Function {
        logical_id: resource.logical_id.to_owned(),
        name: resource.reference()?,
        handler: file.strip_suffix(".zip").unwrap_or(file).to_owned(),
        environment: environment(resource)?,
        role: scalar_text(&resource.body["Properties"]["Role"]["Fn::GetAtt"][0]).unwrap_or_default(),
        memory_mb: amount("MemorySize", DEFAULT_MEMORY_MB)?,
        timeout_secs: amount("Timeout", DEFAULT_TIMEOUT_SECS)?,
    })
}

fn environment(resource: &Node<'_>) -> Result<BTreeMap<String, String>> {
    let mut variables = BTreeMap::new();
    let global = &resource.evaluator.template["Globals"]["Function"]["Environment"]["Variables"];
    let own = &resource.body["Properties"]["Environment"]["Variables"];
    for (name, value) in [global, own].into_iter().filter_map(Value::as_object).flatten() {
        let place = resource.place(&format!("Environment.Variables.{name}"));
        if let Some(value) = resource.evaluator.resolve(value, &place)? {
            let text = scalar_text(&value).ok_or_else(|| TemplateError::at(place, "expected a text"))?;
            variables.insert(name.clone(), text);
        }
    }
    Ok(variables)
}

/// What a role allows of DynamoDB and SQS.
pub(super) fn role(resource: &Node<'_>) -> Result<Role> {
    let mut statements = Vec::new();
    let policies = resource.body["Properties"]["Policies"].as_array();
    for policy in policies.into_iter().flatten() {
        for statement in policy["PolicyDocument"]["Statement"].as_array().into_iter().flatten() {
            let actions: Vec<String> = one_or_more(&statement["Action"]).filter_map(scalar_text).collect();
            if actions.iter().any(|action| action.starts_with("dynamodb:") || action.starts_with("sqs:")) {
                statements.push(allowed(resource, statement, actions)?);
            }
        }
    }
    Ok(Role { logical_id: resource.logical_id.to_owned(), statements })
}

fn allowed(resource: &Node<'_>, statement: &Value, actions: Vec<String>) -> Result<Statement> {
    let place = resource.place("Policies");
    if statement["Effect"] != "Allow" {
        return Err(TemplateError::at(place, "a statement that does not allow is not supported"));
    }
    let resources = one_or_more(&statement["Resource"]).map(|arn| resource.evaluator.text(arn, &place));
    let leading_keys = match statement.get("Condition") {
        None => None,
        Some(condition) => {
            let keys = &condition["ForAllValues:StringLike"]["dynamodb:LeadingKeys"];
            let is_all = condition.as_object().is_some_and(|all| all.len() == 1) && keys.is_array();
            if !is_all {
                return Err(TemplateError::at(place, "no condition but on leading keys is supported"));
            }
            Some(one_or_more(keys).filter_map(scalar_text).collect())
        }
    };
    Ok(Statement { actions, resources: resources.collect::<Result<_>>()?, leading_keys })
}

fn one_or_more(value: &Value) -> impl Iterator<Item = &Value> {
    let all = value.as_array().map(Vec::as_slice);
    all.unwrap_or(std::slice::from_ref(value)).iter()
}
