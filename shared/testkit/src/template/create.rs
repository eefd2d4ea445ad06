//! Makes what a [`Stack`] describes, with the real SDK clients.
//!
//! What is there already is kept as it is: the second start of a local cloud with a data directory finds its tables. Each
//! thing is asked for by name first. Only queues' attributes follow a template that has changed; nothing is ever removed.

use aws_sdk_dynamodb::Client as DynamoClient;
use aws_sdk_dynamodb::error::DisplayErrorContext;
use aws_sdk_dynamodb::types::{
    AttributeDefinition, BillingMode, GlobalSecondaryIndex, KeySchemaElement, KeyType, Projection as DynamoProjection,
    ProjectionType, ScalarAttributeType, TimeToLiveSpecification,
};
use aws_sdk_s3::types::{BucketLocationConstraint, CreateBucketConfiguration};
use aws_types::SdkConfig;

use super::stack::{Key, KeySchema, Projection, Queue, Stack, Table};
use crate::cloud::REGION;

/// Something could not be made.
#[derive(Debug, thiserror::Error)]
#[error("{what} could not be made: {reason}")]
pub struct CreateError {
    what: String,
    reason: String,
}

/// Makes the stack's tables, queues, buckets and keys where `config` leads.
pub async fn create(stack: &Stack, config: &SdkConfig) -> Result<(), CreateError> {
    let dynamo = DynamoClient::new(config);
    for table in &stack.tables {
        create_table(&dynamo, table).await.map_err(failed(&format!("the table {}", table.name)))?;
    }
    let sqs = aws_sdk_sqs::Client::new(config);
    // Queues for dead letters first: the others name them.
    let (others, last): (Vec<&Queue>, Vec<&Queue>) = stack.queues.iter().partition(|queue| queue.dead_letter_arn.is_none());
    for queue in others.into_iter().chain(last) {
        create_queue(&sqs, queue).await.map_err(failed(&format!("the queue {}", queue.name)))?;
    }
    let s3 = aws_sdk_s3::Client::new(config);
    for bucket in &stack.buckets {
        create_bucket(&s3, &bucket.name).await.map_err(failed(&format!("the bucket {}", bucket.name)))?;
    }
    let kms = aws_sdk_kms::Client::new(config);
    for key in &stack.keys {
        create_key(&kms, key).await.map_err(failed(&format!("the key {}", key.alias)))?;
    }
    Ok(())
}

type Boxed = Box<dyn std::error::Error + Send + Sync>;

fn failed(what: &str) -> impl FnOnce(Boxed) -> CreateError {
    let what = what.to_owned();
    move |error| CreateError { what, reason: DisplayErrorContext(&*error).to_string() }
}

async fn create_table(client: &DynamoClient, table: &Table) -> Result<(), Boxed> {
    let found = client.describe_table().table_name(&table.name).send().await;
    match found {
        Ok(_) => return Ok(()),
        Err(error) if error.as_service_error().is_some_and(|error| error.is_resource_not_found_exception()) => {}
        Err(error) => return Err(error.into()),
    }
    let mut call = client
        .create_table()
        .table_name(&table.name)
        .billing_mode(BillingMode::PayPerRequest)
        .set_key_schema(Some(key_schema(&table.key)?));
    for attribute in &table.attributes {
        let kind = ScalarAttributeType::from(attribute.kind.as_str());
        let definition = AttributeDefinition::builder().attribute_name(&attribute.name).attribute_type(kind);
        call = call.attribute_definitions(definition.build()?);
    }
    for index in &table.indexes {
        let index = GlobalSecondaryIndex::builder()
            .index_name(&index.name)
            .set_key_schema(Some(key_schema(&index.key)?))
            .projection(projection(&index.projection));
        call = call.global_secondary_indexes(index.build()?);
    }
    call.send().await?;
    if let Some(attribute) = &table.ttl_attribute {
        let ttl = TimeToLiveSpecification::builder().attribute_name(attribute).enabled(true).build()?;
        client.update_time_to_live().table_name(&table.name).time_to_live_specification(ttl).send().await?;
    }
    Ok(())
}

fn key_schema(key: &KeySchema) -> Result<Vec<KeySchemaElement>, Boxed> {
    let element = |name: &str, kind| KeySchemaElement::builder().attribute_name(name).key_type(kind).build();
    let mut elements = vec![element(&key.partition, KeyType::Hash)?];
    if let Some(sort) = &key.sort {
        elements.push(element(sort, KeyType::Range)?);
    }
    Ok(elements)
}

fn projection(projection: &Projection) -> DynamoProjection {
    let builder = DynamoProjection::builder();
    match projection {
        Projection::All => builder.projection_type(ProjectionType::All),
        Projection::KeysOnly => builder.projection_type(ProjectionType::KeysOnly),
        Projection::Include(names) => {
            builder.projection_type(ProjectionType::Include).set_non_key_attributes(Some(names.clone()))
        }
    }
    .build()
}

async fn create_queue(client: &aws_sdk_sqs::Client, queue: &Queue) -> Result<(), Boxed> {
    // A queue is found again by name, and by its attributes: the same call is the question and the answer.
    let mut call = client.create_queue().queue_name(&queue.name);
    for (name, value) in &queue.attributes {
        call = call.attributes(name.as_str().into(), value);
    }
    match call.send().await {
        Ok(_) => return Ok(()),
        Err(error) if error.as_service_error().is_some_and(|error| error.is_queue_name_exists()) => {}
        Err(error) => return Err(error.into()),
    }
    // The template has changed since: its word counts, the messages stay.
    let mut call = client.set_queue_attributes().queue_url(&queue.url);
    for (name, value) in &queue.attributes {
        call = call.attributes(name.as_str().into(), value);
    }
    call.send().await?;
    Ok(())
}

async fn create_bucket(client: &aws_sdk_s3::Client, name: &str) -> Result<(), Boxed> {
    if client.head_bucket().bucket(name).send().await.is_ok() {
        return Ok(());
    }
    let place = CreateBucketConfiguration::builder().location_constraint(BucketLocationConstraint::from(REGION)).build();
    client.create_bucket().bucket(name).create_bucket_configuration(place).send().await?;
    Ok(())
}

async fn create_key(client: &aws_sdk_kms::Client, key: &Key) -> Result<(), Boxed> {
    match client.describe_key().key_id(&key.alias).send().await {
        Ok(_) => return Ok(()),
        Err(error) if error.as_service_error().is_some_and(|error| error.is_not_found_exception()) => {}
        Err(error) => return Err(error.into()),
    }
    let made = client.create_key().description(&key.description).send().await?;
    let id = made.key_metadata.map(|metadata| metadata.key_id).unwrap_or_default();
    client.create_alias().alias_name(&key.alias).target_key_id(id).send().await?;
    Ok(())
}
