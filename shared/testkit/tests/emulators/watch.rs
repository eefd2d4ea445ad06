//! What a watch sees of writes.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use testkit::faults::{Call, Failure, Fault};

use crate::dynamo::put;
use crate::{layered, n, s, table};

#[tokio::test(start_paused = true)]
async fn a_watch_sees_each_item_right_after_it_was_written_and_nothing_that_was_refused() {
    let cloud = layered(Duration::from_millis(10), Duration::ZERO);
    let client = table(&cloud).await;
    let seen = Arc::new(Mutex::new(Vec::new()));
    let told = Arc::clone(&seen);
    cloud.services().dynamo.watch(&["watched"], move |database, written| {
        let item = database.peek(written.table, written.pk, written.sk);
        let amount = item.map(|item| item["amount"]["N"].as_str().unwrap().to_owned());
        told.lock().unwrap().push(format!("{}/{} {amount:?}", written.pk, written.sk));
    });
    let write = |sk: &str, amount| {
        client.put_item().table_name("items").item("pk", s("p")).item("sk", s(sk)).item("amount", n(amount))
    };
    write("watched-1", 1).send().await.unwrap();
    write("other", 1).send().await.unwrap();
    write("watched-1", 9).condition_expression("attribute_not_exists(pk)").send().await.unwrap_err();
    let call = client.transact_write_items().transact_items(put("watched-2", 2)).transact_items(put("beside", 3));
    call.send().await.unwrap();
    // A write whose answer is lost is a write.
    cloud.services().set_faults(|_: &Call<'_>| Fault::ReplyLost(Failure::Internal));
    write("watched-1", 4).send().await.unwrap_err();
    let deletes = client.delete_item().table_name("items").key("pk", s("p")).key("sk", s("watched-2"));
    deletes.send().await.unwrap_err();
    let seen = seen.lock().unwrap().clone();
    let one = |sk: &str, amount: u64| format!("p/{sk} {:?}", Some(amount.to_string()));
    let expected =
        [one("watched-1", 1), one("watched-2", 2), one("beside", 3), one("watched-1", 4), "p/watched-2 None".to_owned()];
    assert_eq!(seen, expected);
}
