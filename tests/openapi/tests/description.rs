//! The document by itself: everything is described, and every example is what it is said to be.

#![allow(clippy::unwrap_used)]

use std::collections::BTreeSet;

use openapi::schema::errors;
use openapi::{Operation, document, members, operations, resolve};
use serde_json::Value;

fn described(value: &Value, at: &str, missing: &mut Vec<String>) {
    if value["description"].as_str().is_none_or(|text| text.trim().is_empty()) && value.get("$ref").is_none() {
        missing.push(at.to_owned());
    }
}

#[test]
fn everything_says_what_it_is() {
    let document = document();
    let mut missing = Vec::new();
    for operation in operations(&document) {
        for member in ["summary", "operationId"] {
            assert!(operation.told[member].is_string(), "{} has no {member}", operation.route);
        }
        described(&operation.told, &operation.route, &mut missing);
        for parameter in operation.parameters(&document) {
            described(parameter, &format!("{} {}", operation.route, parameter["name"]), &mut missing);
        }
        for (status, response) in members(&operation.told["responses"]) {
            described(response, &format!("{} {status}", operation.route), &mut missing);
        }
    }
    for (name, schema) in members(&document["components"]["schemas"]) {
        described(schema, name, &mut missing);
        for (member, property) in members(&schema["properties"]) {
            described(property, &format!("{name}.{member}"), &mut missing);
        }
    }
    for kind in ["headers", "parameters", "securitySchemes"] {
        members(&document["components"][kind]).for_each(|(name, value)| described(value, name, &mut missing));
    }
    assert_eq!(missing, Vec::<String>::new());
}

#[test]
fn operation_ids_are_unique_and_tags_are_known() {
    let document = document();
    let operations = operations(&document);
    let ids: BTreeSet<&str> = operations.iter().map(|operation| operation.told["operationId"].as_str().unwrap()).collect();
    assert_eq!(ids.len(), operations.len());
    let tags: Vec<&Value> = document["tags"].as_array().unwrap().iter().map(|tag| &tag["name"]).collect();
    for operation in &operations {
        let used = operation.told["tags"].as_array().unwrap();
        assert!(used.iter().all(|tag| tags.contains(&tag)), "{}", operation.route);
    }
}

#[test]
fn every_reference_names_something_and_everything_named_is_used() {
    let document = document();
    let mut references = BTreeSet::new();
    collect(&document, &mut references);
    for reference in &references {
        let pointer = reference.strip_prefix('#').unwrap();
        assert!(document.pointer(pointer).is_some(), "{reference} names nothing");
    }
    for kind in ["schemas", "headers", "parameters"] {
        for (name, _) in members(&document["components"][kind]) {
            let reference = format!("#/components/{kind}/{name}");
            assert!(references.contains(&reference), "{reference} is used by nobody");
        }
    }
}

fn collect(value: &Value, references: &mut BTreeSet<String>) {
    if let Some(reference) = value.get("$ref").and_then(Value::as_str) {
        references.insert(reference.to_owned());
    }
    members(value).for_each(|(_, member)| collect(member, references));
    value.as_array().into_iter().flatten().for_each(|element| collect(element, references));
}

/// Status, and the schemas and examples that stand under it.
fn contents(operation: &Operation) -> Vec<(u16, Value)> {
    let responses = members(&operation.told["responses"]);
    let contents = responses.flat_map(|(status, response)| {
        members(&response["content"]).map(|(_, content)| (status.parse().unwrap(), content.clone())).collect::<Vec<_>>()
    });
    contents.collect()
}

#[test]
fn every_answer_has_examples_that_are_what_they_are_said_to_be() {
    let document = document();
    for operation in operations(&document) {
        for (status, content) in contents(&operation) {
            assert!(members(&content["examples"]).next().is_some(), "{} {status} has no example", operation.route);
            for (name, example) in members(&content["examples"]) {
                let wrong = errors(&document, &content["schema"], &example["value"]);
                assert_eq!(wrong, Vec::<String>::new(), "{} {status} {name}", operation.route);
                if content["schema"]["$ref"] == "#/components/schemas/Problem" {
                    assert_eq!(example["value"]["status"], status, "{} {name}", operation.route);
                }
            }
        }
    }
}

/// What is asked for in an example that succeeds is what is said that may be asked for.
#[test]
fn every_good_request_is_what_it_is_said_to_be() {
    let document = document();
    for operation in operations(&document) {
        for example in operation.examples(&document).into_iter().filter(|example| example.status < 400) {
            let media = example.media.as_deref().unwrap_or("application/json");
            let body = &operation.told["requestBody"]["content"][media]["schema"];
            let name = format!("{} {}", operation.route, example.name);
            if let Some(sent) = &example.body {
                assert_eq!(errors(&document, body, sent), Vec::<String>::new(), "{name}");
            }
            for parameter in operation.parameters(&document) {
                let key = (parameter["in"].as_str().unwrap().to_owned(), parameter["name"].as_str().unwrap().to_owned());
                match example.parameters.get(&key) {
                    Some(value) => {
                        let schema = resolve(&document, &parameter["schema"]);
                        assert_eq!(errors(&document, schema, value), Vec::<String>::new(), "{name} {key:?}");
                    }
                    None => assert_ne!(parameter["required"], true, "{name} lacks {key:?}"),
                }
            }
        }
    }
}

#[test]
fn examples_of_one_operation_have_names_of_their_own() {
    let document = document();
    for operation in operations(&document) {
        let names: Vec<String> = operation.examples(&document).into_iter().map(|example| example.name).collect();
        let unique: BTreeSet<&String> = names.iter().collect();
        assert_eq!(unique.len(), names.len(), "{}: {names:?}", operation.route);
    }
}
