//! Writes in flight together.

use std::time::Duration;

use aws_sdk_dynamodb::operation::transact_get_items::TransactGetItemsError;
use aws_sdk_dynamodb::operation::transact_write_items::TransactWriteItemsError;
use aws_sdk_dynamodb::types::{Get, PutRequest, TransactGetItem, Update, WriteRequest};
use testkit::dynamo::DynamoOptions;
use testkit::{LocalAws, LocalOptions};

use crate::dynamo::{exists, put};
use crate::{layered, n, plain, s, table};

const SERVICE_TIME: Duration = Duration::from_millis(10);

fn codes(error: TransactWriteItemsError) -> Vec<String> {
    let TransactWriteItemsError::TransactionCanceledException(cancelled) = error else { panic!("{error:?}") };
    cancelled.cancellation_reasons().iter().map(|reason| reason.code().unwrap().to_owned()).collect()
}

#[tokio::test(start_paused = true)]
async fn of_two_transactions_on_one_item_the_second_is_cancelled() {
    let cloud = layered(SERVICE_TIME, Duration::ZERO);
    let client = table(&cloud).await;
    let first = client.transact_write_items().transact_items(put("a", 1)).transact_items(put("b", 1)).send();
    let second = client.transact_write_items().transact_items(put("c", 1)).transact_items(put("b", 1)).send();
    let (first, second) = tokio::join!(first, second);
    first.unwrap();
    assert_eq!(codes(second.unwrap_err().into_service_error()), ["None", "TransactionConflict"]);
    assert!(exists(&client, "a").await && !exists(&client, "c").await);
    assert_eq!(cloud.services().dynamo.writes_in_flight(), 0);
}

#[tokio::test(start_paused = true)]
async fn a_plain_write_that_meets_a_transaction_is_refused_and_the_other_way_round() {
    let cloud = layered(SERVICE_TIME, Duration::ZERO);
    let client = table(&cloud).await;
    let transaction = || client.transact_write_items().transact_items(put("a", 1)).send();
    let plain = || client.put_item().table_name("items").item("pk", s("p")).item("sk", s("a")).send();
    let (wrote, refused) = tokio::join!(transaction(), plain());
    wrote.unwrap();
    let refused = refused.unwrap_err().into_service_error();
    assert!(refused.is_transaction_conflict_exception(), "{refused:?}");
    let (wrote, refused) = tokio::join!(plain(), transaction());
    wrote.unwrap();
    assert_eq!(codes(refused.unwrap_err().into_service_error()), ["TransactionConflict"]);
}

#[tokio::test(start_paused = true)]
async fn plain_writes_on_one_item_follow_each_other() {
    let cloud = layered(SERVICE_TIME, Duration::ZERO);
    let client = table(&cloud).await;
    let add = || {
        let call = client.update_item().table_name("items").key("pk", s("p")).key("sk", s("a"));
        call.update_expression("ADD amount :one").expression_attribute_values(":one", n(1)).send()
    };
    let (one, two, three) = tokio::join!(add(), add(), add());
    assert!(one.is_ok() && two.is_ok() && three.is_ok());
    let call = client.get_item().table_name("items").key("pk", s("p")).key("sk", s("a")).send().await.unwrap();
    assert_eq!(call.item.unwrap()["amount"], n(3));
}

#[tokio::test(start_paused = true)]
async fn transactions_on_different_items_do_not_meet() {
    let cloud = layered(SERVICE_TIME, Duration::ZERO);
    let client = table(&cloud).await;
    let write = |sort: &'static str| client.transact_write_items().transact_items(put(sort, 1)).send();
    let (one, two) = tokio::join!(write("a"), write("b"));
    assert!(one.is_ok() && two.is_ok());
}

#[tokio::test(start_paused = true)]
async fn a_transaction_that_meets_itself_is_in_progress() {
    let cloud = layered(SERVICE_TIME, Duration::ZERO);
    let client = table(&cloud).await;
    let write = || client.transact_write_items().transact_items(put("a", 1)).client_request_token("one").send();
    let (first, second) = tokio::join!(write(), write());
    first.unwrap();
    let second = second.unwrap_err().into_service_error();
    assert!(second.is_transaction_in_progress_exception(), "{second:?}");
    write().await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_batch_gives_back_what_meets_a_transaction() {
    let cloud = layered(SERVICE_TIME, Duration::ZERO);
    let client = table(&cloud).await;
    let entry = |sort: &str| {
        let put = PutRequest::builder().item("pk", s("p")).item("sk", s(sort)).build().unwrap();
        WriteRequest::builder().put_request(put).build()
    };
    let transaction = client.transact_write_items().transact_items(put("a", 1)).send();
    let batch = client.batch_write_item().request_items("items", vec![entry("a"), entry("b")]).send();
    let (transaction, batch) = tokio::join!(transaction, batch);
    transaction.unwrap();
    let unprocessed = batch.unwrap().unprocessed_items.unwrap();
    assert_eq!(unprocessed["items"].len(), 1);
    assert_eq!(unprocessed["items"][0].put_request().unwrap().item()["sk"], s("a"));
    assert!(exists(&client, "b").await);
}

#[tokio::test(start_paused = true)]
async fn a_transactional_read_does_not_see_a_write_halfway() {
    let cloud = layered(SERVICE_TIME, Duration::ZERO);
    let client = table(&cloud).await;
    let get = Get::builder().table_name("items").key("pk", s("p")).key("sk", s("a")).build().unwrap();
    let read = client.transact_get_items().transact_items(TransactGetItem::builder().get(get).build()).send();
    let (write, read) = tokio::join!(client.transact_write_items().transact_items(put("a", 1)).send(), read);
    write.unwrap();
    let error = read.unwrap_err().into_service_error();
    assert!(matches!(error, TransactGetItemsError::TransactionCanceledException(_)), "{error:?}");
}

#[tokio::test(start_paused = true)]
async fn a_caller_that_goes_away_lets_go_and_writes_nothing() {
    let cloud = layered(SERVICE_TIME, Duration::ZERO);
    let client = table(&cloud).await;
    let write = client.transact_write_items().transact_items(put("a", 1)).send();
    assert!(tokio::time::timeout(SERVICE_TIME / 2, write).await.is_err());
    assert_eq!(cloud.services().dynamo.writes_in_flight(), 0);
    assert!(!exists(&client, "a").await);
    client.transact_write_items().transact_items(put("a", 1)).send().await.unwrap();
}

/// Over HTTP, in real time: a hundred transactions on one item at once, and what got through is what is there.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn over_http_a_hot_item_conflicts_and_counts_right() {
    let cloud = LocalAws::start(LocalOptions { dynamo: DynamoOptions::default(), ..plain() }).await.unwrap();
    let client = table(&cloud).await;
    let writers = (0..100).map(|_| {
        let client = client.clone();
        tokio::spawn(async move {
            let add = Update::builder()
                .table_name("items")
                .key("pk", s("p"))
                .key("sk", s("hot"))
                .update_expression("ADD amount :one")
                .expression_attribute_values(":one", n(1));
            let add = aws_sdk_dynamodb::types::TransactWriteItem::builder().update(add.build().unwrap()).build();
            let call = client.transact_write_items().transact_items(add);
            let off = aws_sdk_dynamodb::config::Builder::new();
            let off = off.retry_config(aws_sdk_dynamodb::config::retry::RetryConfig::disabled());
            call.customize().config_override(off).send().await
        })
    });
    let mut won = 0;
    for writer in writers.collect::<Vec<_>>() {
        match writer.await.unwrap() {
            Ok(_) => won += 1,
            Err(error) => assert_eq!(codes(error.into_service_error()), ["TransactionConflict"]),
        }
    }
    let hot = client.get_item().table_name("items").key("pk", s("p")).key("sk", s("hot")).consistent_read(true);
    assert_eq!(hot.send().await.unwrap().item.unwrap()["amount"], n(won));
    assert!((1..100).contains(&won), "{won} won");
    cloud.stop().await.unwrap();
}
