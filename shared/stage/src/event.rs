//! Events as AWS hands them to functions.

use domain::message::{Envelope, Message};
use serde_json::{Value, json};

/// An event of API Gateway's, payload 2.0.
pub fn http(route: &str, path: Value, headers: Value, body: &str) -> Value {
    let (method, raw) = route.split_once(' ').unwrap_or(("GET", route));
    json!({
        "version": "2.0",
        "routeKey": route,
        "rawPath": raw,
        "rawQueryString": "",
        "headers": headers,
        "pathParameters": path,
        "requestContext": {
            "accountId": "000000000000", "apiId": "stage", "domainName": "api.stage", "domainPrefix": "api",
            "http": {"method": method, "path": raw, "protocol": "HTTP/1.1", "sourceIp": "192.0.2.1", "userAgent": "stage"},
            "requestId": "stage", "routeKey": route, "stage": "$default",
            "time": "23/Nov/2026:21:00:00 +0000", "timeEpoch": 1_795_467_600_000_u64
        },
        "body": body,
        "isBase64Encoded": false
    })
}

/// An event of SQS's with these bodies; each message's id is its place.
pub fn sqs(bodies: &[String]) -> Value {
    let records: Vec<Value> =
        bodies.iter().enumerate().map(|(place, body)| record(&place.to_string(), "", "1", body)).collect();
    json!({ "Records": records })
}

/// An event of SQS's with these messages.
///
/// # Panics
/// Never: every message can be written.
pub fn messages(messages: &[Message]) -> Value {
    let bodies: Vec<String> = messages
        .iter()
        .map(|message| serde_json::to_string(&Envelope::from(message.clone())).expect("a message can be written"))
        .collect();
    sqs(&bodies)
}

/// One record of an event of SQS's.
pub fn record(id: &str, receipt: &str, receives: &str, body: &str) -> Value {
    json!({
        "messageId": id,
        "receiptHandle": receipt,
        "body": body,
        "attributes": {"ApproximateReceiveCount": receives},
        "messageAttributes": {},
        "eventSource": "aws:sqs",
    })
}
