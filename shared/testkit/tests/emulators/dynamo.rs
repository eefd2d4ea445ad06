//! Answers of DynamoDB, tokens and time to live.

use std::time::Duration;

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::operation::transact_write_items::TransactWriteItemsError;
use aws_sdk_dynamodb::types::{
    ConditionCheck, Put, ReturnValuesOnConditionCheckFailure, TimeToLiveSpecification, TransactWriteItem,
};
use testkit::LocalAws;

use crate::{both, layered, n, plain, s, table};

pub fn put(sort: &str, amount: u64) -> TransactWriteItem {
    let put = Put::builder().table_name("items").item("pk", s("p")).item("sk", s(sort)).item("amount", n(amount));
    let put = put
        .condition_expression("attribute_not_exists(pk)")
        .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld);
    TransactWriteItem::builder().put(put.build().unwrap()).build()
}

pub async fn exists(client: &Client, sort: &str) -> bool {
    let call = client.get_item().table_name("items").key("pk", s("p")).key("sk", s(sort)).consistent_read(true);
    call.send().await.unwrap().item.is_some()
}

#[tokio::test]
async fn a_cancelled_transaction_tells_each_reason_and_writes_nothing() {
    both(async |cloud: &LocalAws| {
        let client = table(cloud).await;
        client.transact_write_items().transact_items(put("a", 1)).send().await.unwrap();
        let again = client.transact_write_items().transact_items(put("b", 2)).transact_items(put("a", 3));
        let error = again.send().await.unwrap_err().into_service_error();
        let TransactWriteItemsError::TransactionCanceledException(cancelled) = error else { panic!("{error:?}") };
        let reasons = cancelled.cancellation_reasons();
        let codes: Vec<_> = reasons.iter().map(|reason| reason.code().unwrap()).collect();
        assert_eq!(codes, ["None", "ConditionalCheckFailed"]);
        assert_eq!(reasons[1].item().unwrap()["amount"], n(1));
        assert!(!exists(&client, "b").await);
    })
    .await;
}

#[tokio::test]
async fn a_token_makes_a_transaction_happen_once() {
    both(async |cloud: &LocalAws| {
        let client = table(cloud).await;
        let write = |amount| client.transact_write_items().transact_items(put("a", amount)).client_request_token("one");
        write(1).send().await.unwrap();
        // Its own condition would fail now: the token answers, not the table.
        write(1).send().await.unwrap();
        let error = write(2).send().await.unwrap_err().into_service_error();
        assert!(error.is_idempotent_parameter_mismatch_exception(), "{error:?}");
    })
    .await;
}

#[tokio::test]
async fn a_token_is_forgotten_after_ten_minutes_of_the_clouds_time() {
    let cloud = layered(Duration::ZERO, Duration::ZERO);
    let client = table(&cloud).await;
    let write = || client.transact_write_items().transact_items(put("a", 1)).client_request_token("one").send();
    write().await.unwrap();
    cloud.services().clock().skip(Duration::from_secs(599));
    write().await.unwrap();
    cloud.services().clock().skip(Duration::from_secs(2));
    let error = write().await.unwrap_err().into_service_error();
    assert!(error.is_transaction_canceled_exception(), "{error:?}");
}

#[tokio::test]
async fn a_failed_condition_returns_the_old_item_only_if_asked() {
    both(async |cloud: &LocalAws| {
        let client = table(cloud).await;
        let write = || {
            let item = client.put_item().table_name("items").item("pk", s("p")).item("sk", s("a"));
            item.condition_expression("attribute_not_exists(pk)")
        };
        write().send().await.unwrap();
        let error = write().send().await.unwrap_err().into_service_error();
        let aws_sdk_dynamodb::operation::put_item::PutItemError::ConditionalCheckFailedException(failed) = error else {
            panic!("{error:?}")
        };
        assert!(failed.item().is_none());
        let asked = write().return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld);
        let error = asked.send().await.unwrap_err().into_service_error();
        let aws_sdk_dynamodb::operation::put_item::PutItemError::ConditionalCheckFailedException(failed) = error else {
            panic!("{error:?}")
        };
        assert_eq!(failed.item().unwrap()["sk"], s("a"));
    })
    .await;
}

#[tokio::test]
async fn errors_have_the_names_that_the_sdk_knows() {
    both(async |cloud: &LocalAws| {
        let client = table(cloud).await;
        let error = client.get_item().table_name("none").key("pk", s("p")).send().await.unwrap_err();
        assert!(error.into_service_error().is_resource_not_found_exception());
        let error = client.put_item().table_name("items").item("pk", s("p")).send().await.unwrap_err();
        let error = error.into_service_error();
        assert_eq!(error.meta().code(), Some("ValidationException"), "{error:?}");
        let check = ConditionCheck::builder().table_name("items").key("pk", s("p")).key("sk", s("a"));
        let check = check.condition_expression("nonsense(").build().unwrap();
        let check = TransactWriteItem::builder().condition_check(check).build();
        let error = client.transact_write_items().transact_items(check).send().await.unwrap_err();
        assert_eq!(error.into_service_error().meta().code(), Some("ValidationException"));
        let error = client.execute_statement().statement("SELECT * FROM items").send().await.unwrap_err();
        assert_eq!(error.into_service_error().meta().code(), Some("UnknownOperationException"));
    })
    .await;
}

#[tokio::test]
async fn expired_items_are_swept_by_the_clouds_time() {
    let cloud = layered(Duration::ZERO, Duration::ZERO);
    let client = table(&cloud).await;
    let ttl = TimeToLiveSpecification::builder().attribute_name("ttl").enabled(true).build().unwrap();
    client.update_time_to_live().table_name("items").time_to_live_specification(ttl).send().await.unwrap();
    let at_secs = u64::try_from(cloud.services().clock().now_millis()).unwrap() / 1000 + 60;
    let item = client.put_item().table_name("items").item("pk", s("p")).item("sk", s("a")).item("ttl", n(at_secs));
    item.send().await.unwrap();
    assert_eq!(cloud.services().dynamo.sweep_expired().unwrap(), 0);
    cloud.services().clock().skip(Duration::from_secs(61));
    assert_eq!(cloud.services().dynamo.sweep_expired().unwrap(), 1);
    assert!(!exists(&client, "a").await);
}

#[tokio::test]
async fn what_was_answered_is_there_after_a_restart() {
    let directory = tempfile::tempdir().unwrap();
    let options = || testkit::LocalOptions { data: Some(directory.path().to_owned()), ..plain() };
    let cloud = LocalAws::start(options()).await.unwrap();
    let client = table(&cloud).await;
    client.transact_write_items().transact_items(put("a", 1)).send().await.unwrap();
    cloud.stop().await.unwrap();
    let cloud = LocalAws::start(options()).await.unwrap();
    let client = aws_sdk_dynamodb::Client::new(&cloud.sdk_config());
    assert!(exists(&client, "a").await);
    cloud.stop().await.unwrap();
}
