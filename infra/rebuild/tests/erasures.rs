//! After a restore of the table everything that was erased is erased again.

#![allow(clippy::unwrap_used)]

use domain::donation::Giver;
use domain::message::Message;
use domain::notice::Telling;
use platform::privacy::{Privacy, PrivacyError};
use platform::table::Table;
use rebuild::replay_erasures;
use serde_json::{Value, json};
use stage::{Options, Stage, event, sample};
use testkit::faults::{Call, Failure, Fault, NoFaults};

/// Every item of the table, as a backup keeps them.
async fn backup(stage: &Stage) -> Vec<Value> {
    let table = stage.stack.tables.iter().find(|table| table.logical_id == "Table").unwrap();
    let scan = json!({"TableName": table.name}).to_string();
    let reply = stage.cloud.services().dynamo.call("DynamoDB_20120810.Scan", scan.as_bytes()).await;
    let page: Value = serde_json::from_slice(&reply.body).unwrap();
    page["Items"].as_array().unwrap().clone()
}

async fn restore(stage: &Stage, items: &[Value]) {
    let table = stage.stack.tables.iter().find(|table| table.logical_id == "Table").unwrap();
    for item in items {
        let put = json!({"TableName": table.name, "Item": item}).to_string();
        let reply = stage.cloud.services().dynamo.call("DynamoDB_20120810.PutItem", put.as_bytes()).await;
        let answer: Value = serde_json::from_slice(&reply.body).unwrap();
        assert!(answer.get("__type").is_none(), "{answer}");
    }
}

async fn work(stage: &Stage) -> usize {
    let messages = stage.take_messages("erasures").await.unwrap();
    for message in &messages {
        work_on(stage, message).await;
    }
    messages.len()
}

async fn work_on(stage: &Stage, message: &Message) {
    let deps = erasure::Deps::new(&stage.platform("erasure").unwrap()).unwrap();
    let batch = serde_json::from_value(event::messages(std::slice::from_ref(message))).unwrap();
    assert!(erasure::handle(&deps, batch).await.batch_item_failures.is_empty());
}

#[tokio::test(start_paused = true)]
async fn what_a_backup_brings_back_is_taken_away_again() {
    let stage = Stage::new(Options::default()).await.unwrap();
    let platform = stage.command("donations").unwrap();
    let privacy = Privacy::new(&platform).unwrap();
    let mut gifts = Vec::new();
    for (number, donor) in [(1, Some("donor-1")), (2, None), (3, Some("donor-2"))] {
        let mut gift = sample::gift(number, stage.now());
        gift.giver = donor.map_or(Giver::Guest, |donor| Giver::Donor(donor.parse().unwrap()));
        gift.personal = Some(privacy.seal(gift.owner(), &"somebody").await.unwrap());
        stage.table.make_donation(&gift).await.unwrap();
        stage.settle(&gift.id).await.unwrap();
        gifts.push(gift);
    }
    stage.table.keep_telling(&"donor-1".parse().unwrap(), &Telling::default(), stage.now()).await.unwrap();
    let before = backup(&stage).await;
    for gift in &gifts[..2] {
        privacy.erase(&gift.owner()).await.unwrap();
        work_on(&stage, &Message::ErasureDue { owner: gift.owner(), after: None }).await;
    }

    // The disaster, and the backup of before the erasures.
    restore(&stage, &before).await;
    let salts = async |number: usize| stage.kept_salts(&gifts[number].id).await.unwrap().len();
    let forgotten = async |number: usize| stage.table.donation(&gifts[number].id).await.unwrap().unwrap().forgotten;
    assert!(!forgotten(0).await && !forgotten(1).await && stage.items("DONOR#").await.unwrap().len() == 1);
    assert_eq!([salts(0).await, salts(1).await, salts(2).await], [0, 0, 1], "what was kept does not come back");
    for gift in &gifts[..2] {
        let sealed = gift.personal.as_ref().unwrap();
        let opened = Privacy::new(&platform).unwrap().open::<Value>(sealed).await;
        assert!(matches!(opened, Err(PrivacyError::Erased)), "what a key sealed does not come back");
    }
    let table = Table::new(&platform.aws, &platform.settings).unwrap();
    let queue = platform.queue("QUEUE_ERASURES").unwrap();
    // Broken off at any call, it is begun again.
    for number in 0..2 {
        let calls = std::sync::atomic::AtomicUsize::new(0);
        stage.cloud.services().set_faults(move |_: &Call<'_>| {
            let is_it = calls.fetch_add(1, std::sync::atomic::Ordering::Relaxed) == number;
            if is_it { Fault::ReplyLost(Failure::Disconnected) } else { Fault::Pass }
        });
        let _may_fail = replay_erasures(&table, &queue, |_| {}).await;
        stage.cloud.services().set_faults(NoFaults);
    }
    let mut told = 0;
    assert_eq!(replay_erasures(&table, &queue, |owners| told += owners).await.unwrap(), 2);
    assert_eq!(told, 2);
    assert!(work(&stage).await >= 2);
    assert_eq!([forgotten(0).await, forgotten(1).await, forgotten(2).await], [true, true, false]);
    assert_eq!([salts(0).await, salts(1).await, salts(2).await], [0, 0, 1]);
    assert!(stage.items("DONOR#").await.unwrap().is_empty());
    let others = Privacy::new(&platform).unwrap().open::<Value>(gifts[2].personal.as_ref().unwrap()).await;
    assert_eq!(others.unwrap(), json!("somebody"));
}
