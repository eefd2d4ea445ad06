//! What is answered against what the document says.

use openapi::schema::{errors, errors_and_surprises, form};
use openapi::{Example, Operation, members};
use serde_json::Value;

use crate::ask::Reply;

/// Headers that only some answers of a status have.
const SOMETIMES: [&str; 1] = ["idempotent-replayed"];

/// In what the reply is not as the document says.
pub fn differences(document: &Value, operation: &Operation, example: &Example, reply: &Reply) -> Vec<String> {
    let name = format!("{} {}", operation.route, example.name);
    if reply.status != example.status {
        return vec![format!("{name}: {} instead of {}: {}", reply.status, example.status, reply.body)];
    }
    let mut wrong = headers(operation, example, reply);
    match &example.answer {
        Some((media, told)) => wrong.extend(body(document, operation, media, (example, told), reply)),
        None if !reply.body.is_null() => wrong.push(format!("a body that is not described: {}", reply.body)),
        None => {}
    }
    wrong.into_iter().map(|wrong| format!("{name}: {wrong}")).collect()
}

fn headers(operation: &Operation, example: &Example, reply: &Reply) -> Vec<String> {
    let response = &operation.told["responses"][example.status.to_string()];
    let described = members(&response["headers"]).map(|(name, _)| name.to_lowercase());
    let missing = described.filter(|name| reply.headers.get(name).is_none());
    let mut wrong: Vec<String> = missing
        .filter(|name| !SOMETIMES.contains(&name.as_str()) || example.name == "again")
        .map(|name| format!("the header {name} is missing"))
        .collect();
    if let Some((media, _)) = &example.answer
        && reply.headers["content-type"].as_str().is_none_or(|found| !found.starts_with(media.as_str()))
    {
        wrong.push(format!("{} instead of {media}", reply.headers["content-type"]));
    }
    wrong
}

fn body(
    document: &Value,
    operation: &Operation,
    media: &str,
    (example, told): (&Example, &Value),
    reply: &Reply,
) -> Vec<String> {
    let schema = &operation.told["responses"][example.status.to_string()]["content"][media]["schema"];
    // Of the description itself and of a page the document tells only the form.
    if operation.told["operationId"] == "describe" || media == "text/html" {
        return errors(document, schema, &reply.body);
    }
    let mut wrong = errors_and_surprises(document, schema, &reply.body);
    // Ids, tokens, addresses and places in the books are new on each scene; the rest of the API answers the same for the same.
    let made_anew = ["/v1/donations", "/v1/guests", "/tickets", "/lists", "/corrections", "/evidence"];
    let is_literal = made_anew.iter().all(|part| !operation.route.contains(part));
    let is_true = if is_literal || example.status >= 400 { *told == reply.body } else { form(told) == form(&reply.body) };
    if !is_true {
        wrong.push(format!("{} instead of {told}", reply.body));
    }
    wrong
}
