//! Indexes that follow with a delay.

use std::time::Duration;

use aws_sdk_dynamodb::Client;

use crate::{layered, s, table};

const LAG: Duration = Duration::from_secs(2);

async fn shown(client: &Client) -> usize {
    let query = client.query().table_name("items").index_name("by-donor").key_condition_expression("donor = :d");
    let answer = query.expression_attribute_values(":d", s("d")).send().await.unwrap();
    assert_eq!(usize::try_from(answer.count).unwrap(), answer.items().len());
    answer.items().len()
}

async fn write(client: &Client, sort: &str) {
    let item = client.put_item().table_name("items").item("pk", s("p")).item("sk", s(sort)).item("donor", s("d"));
    item.send().await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn new_items_show_within_the_lag_and_some_not_at_once() {
    let cloud = layered(Duration::ZERO, LAG);
    let client = table(&cloud).await;
    for number in 0..20 {
        write(&client, &number.to_string()).await;
    }
    assert!(shown(&client).await < 20);
    tokio::time::sleep(LAG).await;
    assert_eq!(shown(&client).await, 20);
}

#[tokio::test(start_paused = true)]
async fn an_item_that_shows_goes_on_showing_when_it_changes() {
    let cloud = layered(Duration::ZERO, LAG);
    let client = table(&cloud).await;
    write(&client, "a").await;
    tokio::time::sleep(LAG).await;
    write(&client, "a").await;
    assert_eq!(shown(&client).await, 1);
}

#[tokio::test(start_paused = true)]
async fn the_table_itself_does_not_lag() {
    let cloud = layered(Duration::ZERO, LAG);
    let client = table(&cloud).await;
    write(&client, "a").await;
    assert!(crate::dynamo::exists(&client, "a").await);
}
