//! The emulators as the real SDK clients see them, over HTTP and in process.

#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs)]

mod capacity;
mod cloud;
mod conflicts;
mod dynamo;
mod faults;
mod kms;
mod lag;
mod s3;
mod sqs;
mod sqs_limits;
mod template;

use std::time::Duration;

use aws_sdk_dynamodb::types::{
    AttributeDefinition, AttributeValue, BillingMode, GlobalSecondaryIndex, KeySchemaElement, KeyType, Projection,
    ProjectionType, ScalarAttributeType,
};
use testkit::dynamo::DynamoOptions;
use testkit::{Clock, LocalAws, LocalOptions};

/// Runs a test over HTTP and in process.
async fn both(test: impl AsyncFn(&LocalAws)) {
    let http = LocalAws::start(plain()).await.unwrap();
    test(&http).await;
    http.stop().await.unwrap();
    test(&LocalAws::in_process(plain()).unwrap()).await;
}

/// No conflicts, no lag, one seed.
fn plain() -> LocalOptions {
    LocalOptions { seed: Some(1), dynamo: DynamoOptions::plain(), ..LocalOptions::default() }
}

/// The layers of DynamoDB on, in process, on a clock of its own.
fn layered(service_time: Duration, index_lag: Duration) -> LocalAws {
    let dynamo = DynamoOptions { service_time, index_lag, seed: 1 };
    let clock = Some(Clock::starting_at(1_700_000_000_000));
    LocalAws::in_process(LocalOptions { seed: Some(1), clock, dynamo, ..LocalOptions::default() }).unwrap()
}

fn s(text: &str) -> AttributeValue {
    AttributeValue::S(text.to_owned())
}

fn n(number: u64) -> AttributeValue {
    AttributeValue::N(number.to_string())
}

/// A table `items` with keys `pk` and `sk` and a sparse index `by-donor`.
async fn table(cloud: &LocalAws) -> aws_sdk_dynamodb::Client {
    let client = aws_sdk_dynamodb::Client::new(&cloud.sdk_config());
    let attribute = |name: &str| {
        AttributeDefinition::builder().attribute_name(name).attribute_type(ScalarAttributeType::S).build().unwrap()
    };
    let key = |name: &str, kind| KeySchemaElement::builder().attribute_name(name).key_type(kind).build().unwrap();
    let index = GlobalSecondaryIndex::builder()
        .index_name("by-donor")
        .key_schema(key("donor", KeyType::Hash))
        .projection(Projection::builder().projection_type(ProjectionType::KeysOnly).build())
        .build()
        .unwrap();
    client
        .create_table()
        .table_name("items")
        .billing_mode(BillingMode::PayPerRequest)
        .attribute_definitions(attribute("pk"))
        .attribute_definitions(attribute("sk"))
        .attribute_definitions(attribute("donor"))
        .key_schema(key("pk", KeyType::Hash))
        .key_schema(key("sk", KeyType::Range))
        .global_secondary_indexes(index)
        .send()
        .await
        .unwrap();
    client
}

/// A queue, and a client for it.
async fn queue(cloud: &LocalAws, name: &str, attributes: &[(&str, &str)]) -> (aws_sdk_sqs::Client, String) {
    let client = aws_sdk_sqs::Client::new(&cloud.sdk_config());
    let mut call = client.create_queue().queue_name(name);
    for (name, value) in attributes {
        call = call.attributes((*name).into(), *value);
    }
    let url = call.send().await.unwrap().queue_url.unwrap();
    (client, url)
}
