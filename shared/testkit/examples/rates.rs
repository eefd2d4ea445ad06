//! How fast the emulators are: `cargo run --release -p testkit --example rates`.
//!
//! In process on one thread, then over HTTP with sixteen clients at once. A second each.

#![allow(clippy::unwrap_used)]

use std::time::{Duration, Instant};

use aws_sdk_dynamodb::types::AttributeValue;
use serde_json::{Value, json};
use testkit::dynamo::DynamoOptions;
use testkit::{LocalAws, LocalOptions};

const SPAN: Duration = Duration::from_secs(1);

#[tokio::main]
async fn main() {
    let options = || LocalOptions { dynamo: DynamoOptions::plain(), ..LocalOptions::default() };
    let cloud = LocalAws::in_process(options()).unwrap();
    create_table(&cloud).await;
    println!("in process, one thread, a second:");
    println!("  puts                       {:>8}", rate(async |number| put(&cloud, number).await).await);
    println!("  conditional updates        {:>8}", rate(async |number| update(&cloud, number).await).await);
    println!("  transactions of three puts {:>8}", rate(async |number| transact(&cloud, number).await).await);
    println!("  queue cycles               {:>8}", queue_rate(&cloud).await);
    let cloud = LocalAws::start(options()).await.unwrap();
    create_table(&cloud).await;
    println!("over HTTP, sixteen clients, a second:");
    println!("  puts                       {:>8}", put_rate(&cloud).await);
    cloud.stop().await.unwrap();
}

/// How often `call` is done in a second, one after the other.
async fn rate(mut call: impl AsyncFnMut(u64)) -> u64 {
    let started = Instant::now();
    let mut count = 0;
    while started.elapsed() < SPAN {
        call(count).await;
        count += 1;
    }
    count
}

async fn dynamo(cloud: &LocalAws, operation: &str, body: Value) -> Value {
    let target = format!("DynamoDB_20120810.{operation}");
    let reply = cloud.services().dynamo.call(&target, body.to_string().as_bytes()).await;
    assert_eq!(reply.status, 200, "{:?}", reply.body);
    serde_json::from_slice(&reply.body).unwrap()
}

async fn sqs(cloud: &LocalAws, operation: &str, body: Value) -> Value {
    let target = format!("AmazonSQS.{operation}");
    let reply = cloud.services().sqs.call(&target, body.to_string().as_bytes()).await;
    assert_eq!(reply.status, 200, "{:?}", reply.body);
    serde_json::from_slice(&reply.body).unwrap()
}

async fn create_table(cloud: &LocalAws) {
    let table = json!({
        "TableName": "items",
        "BillingMode": "PAY_PER_REQUEST",
        "AttributeDefinitions": [{ "AttributeName": "pk", "AttributeType": "S" }],
        "KeySchema": [{ "AttributeName": "pk", "KeyType": "HASH" }],
    });
    dynamo(cloud, "CreateTable", table).await;
}

fn item(prefix: &str, number: u64) -> Value {
    json!({ "pk": { "S": format!("{prefix}{number}") }, "text": { "S": "x".repeat(400) } })
}

async fn put(cloud: &LocalAws, number: u64) {
    dynamo(cloud, "PutItem", json!({ "TableName": "items", "Item": item("put", number) })).await;
}

async fn update(cloud: &LocalAws, number: u64) {
    let update = json!({
        "TableName": "items",
        "Key": { "pk": { "S": format!("put{}", number % 50) } },
        "UpdateExpression": "SET amount = :a",
        "ConditionExpression": "attribute_exists(pk)",
        "ExpressionAttributeValues": { ":a": { "N": number.to_string() } },
    });
    dynamo(cloud, "UpdateItem", update).await;
}

async fn transact(cloud: &LocalAws, number: u64) {
    let put = |prefix| {
        let condition = "attribute_not_exists(pk)";
        json!({ "Put": { "TableName": "items", "Item": item(prefix, number), "ConditionExpression": condition } })
    };
    let items = [put("a"), put("b"), put("c")];
    dynamo(cloud, "TransactWriteItems", json!({ "TransactItems": items })).await;
}

/// Messages sent, received and deleted, one by one, with ten thousand others in the queue.
async fn queue_rate(cloud: &LocalAws) -> u64 {
    let url = sqs(cloud, "CreateQueue", json!({ "QueueName": "work" })).await["QueueUrl"].clone();
    let send = || sqs(cloud, "SendMessage", json!({ "QueueUrl": url, "MessageBody": "x".repeat(400) }));
    for _ in 0..10_000 {
        send().await;
    }
    rate(async |_| {
        send().await;
        let got = sqs(cloud, "ReceiveMessage", json!({ "QueueUrl": url })).await;
        let handle = &got["Messages"][0]["ReceiptHandle"];
        sqs(cloud, "DeleteMessage", json!({ "QueueUrl": url, "ReceiptHandle": handle })).await;
    })
    .await
}

async fn put_rate(cloud: &LocalAws) -> u64 {
    let client = aws_sdk_dynamodb::Client::new(&cloud.sdk_config());
    let writers = (0..16).map(|writer| {
        let client = client.clone();
        tokio::spawn(rate(async move |number| {
            let key = AttributeValue::S(format!("http{writer}-{number}"));
            let text = AttributeValue::S("x".repeat(400));
            client.put_item().table_name("items").item("pk", key).item("text", text).send().await.unwrap();
        }))
    });
    let mut count = 0;
    for writer in writers.collect::<Vec<_>>() {
        count += writer.await.unwrap();
    }
    count
}
