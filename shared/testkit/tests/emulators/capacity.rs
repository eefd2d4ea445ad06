//! What calls cost, as DynamoDB bills it.

use std::sync::{Arc, Mutex};

use aws_sdk_dynamodb::types::{PutRequest, ReturnConsumedCapacity, WriteRequest};
use testkit::LocalAws;
use testkit::dynamo::Units;

use crate::dynamo::put;
use crate::{both, n, plain, s, table};

fn written(write_units: u64, index_write_units: u64) -> Units {
    Units { write_units, index_write_units, ..Units::default() }
}

#[tokio::test]
async fn writes_cost_by_the_kilobyte_and_twice_in_a_transaction() {
    both(async |cloud: &LocalAws| {
        let client = table(cloud).await;
        let usage = || cloud.services().dynamo.usage();
        let item = |sort: &str| client.put_item().table_name("items").item("pk", s("p")).item("sk", s(sort));

        item("small").send().await.unwrap();
        assert_eq!(usage().of_operation("PutItem"), written(1, 0));

        let before = usage();
        item("large").item("text", s(&"x".repeat(1500))).send().await.unwrap();
        assert_eq!(usage().since(&before).total(), written(2, 0));

        let before = usage();
        item("indexed").item("donor", s("d")).send().await.unwrap();
        assert_eq!(usage().since(&before).total(), written(2, 1));

        let before = usage();
        let two = client.transact_write_items().transact_items(put("a", 1)).transact_items(put("b", 1));
        two.send().await.unwrap();
        assert_eq!(usage().since(&before).total(), written(4, 0));
        assert_eq!(usage().calls["TransactWriteItems"], 1);
    })
    .await;
}

#[tokio::test]
async fn reads_are_counted_in_halves() {
    let cloud = LocalAws::in_process(plain()).unwrap();
    let client = table(&cloud).await;
    let usage = || cloud.services().dynamo.usage();
    let get = || client.get_item().table_name("items").key("pk", s("p")).key("sk", s("a"));
    get().send().await.unwrap();
    assert_eq!(usage().total().read_half_units, 1);
    get().consistent_read(true).send().await.unwrap();
    assert_eq!(usage().total().read_half_units, 3);
}

#[tokio::test]
async fn a_replayed_transaction_costs_reads() {
    let cloud = LocalAws::in_process(plain()).unwrap();
    let client = table(&cloud).await;
    let write = || client.transact_write_items().transact_items(put("a", 1)).client_request_token("one").send();
    write().await.unwrap();
    write().await.unwrap();
    let total = cloud.services().dynamo.usage().total();
    assert_eq!((total.write_units, total.read_half_units), (2, 4));
}

#[tokio::test]
async fn refused_writes_are_counted_apart() {
    let cloud = LocalAws::in_process(plain()).unwrap();
    let client = table(&cloud).await;
    let usage = || cloud.services().dynamo.usage();
    let write = || {
        let item = client.put_item().table_name("items").item("pk", s("p")).item("sk", s("a"));
        item.item("text", s(&"x".repeat(1500))).condition_expression("attribute_not_exists(pk)").send()
    };
    write().await.unwrap();
    write().await.unwrap_err();
    assert_eq!(usage().total(), Units { write_units: 2, refused_write_units: 2, ..Units::default() });
    assert_eq!(usage().errors[&("PutItem".to_owned(), "ConditionalCheckFailedException".to_owned())], 1);
    client.transact_write_items().transact_items(put("a", 1)).transact_items(put("b", 1)).send().await.unwrap_err();
    assert_eq!(usage().of_operation("TransactWriteItems").refused_write_units, 4);
}

#[tokio::test]
async fn figures_are_given_to_those_who_ask() {
    both(async |cloud: &LocalAws| {
        let client = table(cloud).await;
        let item = || client.put_item().table_name("items").item("pk", s("p")).item("sk", s("a")).item("donor", s("d"));
        assert!(item().send().await.unwrap().consumed_capacity.is_none());
        let total = item().return_consumed_capacity(ReturnConsumedCapacity::Total).send().await.unwrap();
        let total = total.consumed_capacity.unwrap();
        assert!(total.table.is_none() && total.capacity_units.is_some());
        let indexes = item().return_consumed_capacity(ReturnConsumedCapacity::Indexes).send().await.unwrap();
        assert!(indexes.consumed_capacity.unwrap().table.is_some());
        let error = item().return_consumed_capacity("SOME".into()).send().await.unwrap_err();
        assert_eq!(error.into_service_error().meta().code(), Some("ValidationException"));
    })
    .await;
}

#[tokio::test]
async fn keys_are_recorded_when_wanted() {
    let cloud = LocalAws::in_process(plain()).unwrap();
    let client = table(&cloud).await;
    let dynamo = &cloud.services().dynamo;
    client.transact_write_items().transact_items(put("unseen", 1)).send().await.unwrap();
    dynamo.record_keys(true);
    client.transact_write_items().transact_items(put("a", 1)).transact_items(put("b", 1)).send().await.unwrap();
    client.put_item().table_name("items").item("pk", s("q")).item("sk", s("c")).item("n", n(1)).send().await.unwrap();
    let writes = dynamo.take_key_writes();
    let seen: Vec<_> = writes.iter().map(|write| (write.partition.as_str(), write.sort.as_str(), write.units)).collect();
    assert_eq!(seen, [("p", "a", 2), ("p", "b", 2), ("q", "c", 1)]);
    assert!(dynamo.take_key_writes().is_empty());
}

#[tokio::test]
async fn refused_writes_are_recorded_too() {
    let cloud = LocalAws::in_process(plain()).unwrap();
    let client = table(&cloud).await;
    let dynamo = &cloud.services().dynamo;
    client.transact_write_items().transact_items(put("a", 1)).send().await.unwrap();
    dynamo.record_keys(true);
    let again = client.put_item().table_name("items").item("pk", s("p")).item("sk", s("a"));
    again.condition_expression("attribute_not_exists(pk)").send().await.unwrap_err();
    let seen: Vec<_> = dynamo.take_key_writes().into_iter().map(|write| (write.sort, write.units)).collect();
    assert_eq!(seen, [("a".to_owned(), 1)]);
}

#[tokio::test]
async fn watched_items_are_shown_as_they_are_after_each_write() {
    let cloud = LocalAws::in_process(plain()).unwrap();
    let client = table(&cloud).await;
    let seen = Arc::new(Mutex::new(Vec::new()));
    let notes = Arc::clone(&seen);
    cloud.services().dynamo.watch("p", move |_, write| {
        let n = write.item.as_ref().map(|item| item["n"]["N"].as_str().unwrap_or("?").to_owned());
        notes.lock().unwrap().push((write.sort, write.units, write.is_refused, n));
    });
    let item = |pk: &str, value: u64| {
        client.put_item().table_name("items").item("pk", s(pk)).item("sk", s("a")).item("n", n(value))
    };
    item("p", 1).send().await.unwrap();
    item("q", 7).send().await.unwrap();
    item("p", 2).condition_expression("attribute_not_exists(pk)").send().await.unwrap_err();
    let add = || {
        let call = client.update_item().table_name("items").key("pk", s("p")).key("sk", s("a"));
        call.update_expression("ADD n :one").expression_attribute_values(":one", n(1)).send()
    };
    tokio::join!(add(), add(), add()).0.unwrap();
    client.transact_write_items().transact_items(put("b", 1)).send().await.unwrap();
    client.delete_item().table_name("items").key("pk", s("p")).key("sk", s("a")).send().await.unwrap();
    let seen = seen.lock().unwrap();
    let of: Vec<_> = seen.iter().map(|(sort, units, refused, n)| (sort.as_str(), *units, *refused, n.as_deref())).collect();
    let expected = [
        ("a", 1, false, Some("1")),
        ("a", 1, true, None),
        ("a", 1, false, Some("2")),
        ("a", 1, false, Some("3")),
        ("a", 1, false, Some("4")),
        ("b", 2, false, Some("?")),
        ("a", 1, false, None),
    ];
    assert_eq!(of, expected);
}

#[tokio::test]
async fn batches_cost_the_sum() {
    let cloud = LocalAws::in_process(plain()).unwrap();
    let client = table(&cloud).await;
    let entry = |sort: &str| {
        let put = PutRequest::builder().item("pk", s("p")).item("sk", s(sort)).build().unwrap();
        WriteRequest::builder().put_request(put).build()
    };
    client.batch_write_item().request_items("items", vec![entry("a"), entry("b")]).send().await.unwrap();
    assert_eq!(cloud.services().dynamo.usage().of_table("items"), written(2, 0));
}
