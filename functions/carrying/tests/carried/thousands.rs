//! Batches of thousands: each part by itself, none waiting for another, with one write for each row.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use domain::message::Message;
use domain::sacrifice::Species;
use domain::sacrifice::carrying::Refusal;
use domain::sacrifice::carrying::update::Told;
use testkit::faults::{Call, Fault, Service};

use crate::scene::{Scene, done, house};

const CAMELS: u16 = 250;

async fn scene() -> Scene {
    let scene = Scene::bare(1).await;
    let gifts: Vec<[(u16, u8); 1]> = (1..=CAMELS).map(|number| [(number, 7)]).collect();
    let lots: Vec<&[(u16, u8)]> = gifts.iter().map(<[_; 1]>::as_slice).collect();
    scene.sell("camel-makkah", Species::Camel, &lots).await;
    scene.list(&house(), &["camel-makkah"]).await;
    scene
}

fn rows() -> Vec<Told> {
    (1..=CAMELS).map(|number| done(&format!("camel-makkah-{number}"))).collect()
}

#[tokio::test(start_paused = true)]
async fn a_batch_is_worked_off_in_parts_in_any_order_with_one_write_for_each_row() {
    let scene = scene().await;
    let (batch, message) = scene.receive("key", &rows()).await;
    assert_eq!(scene.run(std::slice::from_ref(&message)).await.unwrap(), Vec::<usize>::new());
    let mut parts = scene.stage.take_messages("carrying").await.unwrap();
    let first = |message: &Message| match message {
        Message::UpdatesKept { from, .. } => *from,
        other => panic!("{other:?}"),
    };
    parts.sort_by_key(first);
    assert_eq!(parts.iter().map(first).collect::<Vec<_>>(), [Some(0), Some(100), Some(200)]);
    let puts = Arc::new(AtomicUsize::new(0));
    let seen = Arc::clone(&puts);
    scene.stage.cloud.services().set_faults(move |call: &Call<'_>| {
        if call.service == Service::DynamoDb && call.operation == "PutItem" {
            seen.fetch_add(1, Ordering::Relaxed);
        }
        Fault::Pass
    });
    for part in parts.iter().rev() {
        assert_eq!(scene.run(std::slice::from_ref(part)).await.unwrap(), Vec::<usize>::new());
    }
    assert_eq!(puts.load(Ordering::Relaxed), usize::from(CAMELS) + 3, "each animal, and each part");
    assert_eq!(scene.told().await.len(), usize::from(CAMELS));
    assert_eq!(scene.refused(&batch).await, []);
    // The batch comes again: nothing is written, nothing sent, nobody told.
    assert_eq!(scene.run(&[message]).await.unwrap(), Vec::<usize>::new());
    assert!(scene.stage.take_messages("carrying").await.unwrap().is_empty() && scene.news().await.is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_thousand_rows_outside_the_season_are_one_case() {
    let scene = scene().await;
    let early = |told: Told| Told { slaughtered_at: "2027-05-16T05:00:00+03:00".to_owned(), ..told };
    let (batch, message) = scene.receive("key", &rows().into_iter().map(early).collect::<Vec<_>>()).await;
    scene.carry(message).await;
    let refused = scene.refused(&batch).await;
    assert!(refused.len() == usize::from(CAMELS) && refused.iter().all(|(_, why)| *why == Refusal::OutsideSeason));
    let cases = scene.cases().await;
    assert_eq!(cases.len(), 1);
    assert_eq!(cases[0].1, format!("makkah-1, updates {batch}"), "whichever part found it first");
    assert!(scene.news().await.is_empty());
}

#[tokio::test(start_paused = true)]
async fn what_is_no_batch_or_no_part_of_one_fails() {
    let scene = scene().await;
    let (batch, _) = scene.receive("key", &rows()).await;
    let part =
        |batch: &domain::id::BatchId, from| Message::UpdatesKept { slaughterhouse: house(), batch: batch.clone(), from };
    let unknown = "0".repeat(32).parse().unwrap();
    let messages = [
        part(&unknown, None),
        part(&unknown, Some(0)),
        part(&batch, Some(50)),
        part(&batch, Some(300)),
        Message::FoldRequested {},
    ];
    let mut failed = scene.run(&messages).await.unwrap();
    failed.sort_unstable();
    assert_eq!(failed, [0, 1, 2, 3, 4]);
}

#[tokio::test(start_paused = true)]
async fn a_body_that_is_not_as_it_was_received_is_not_read() {
    let scene = scene().await;
    let (batch, message) = scene.receive("key", &rows()).await;
    let kept = scene.stage.table.batch(&house(), &batch).await.unwrap().unwrap();
    scene.stage.bucket().unwrap().keep(&kept.key(), "application/json", b"{\"updates\":[]}".to_vec()).await.unwrap();
    assert_eq!(scene.run(&[message]).await.unwrap(), Vec::<usize>::new());
    let parts = scene.stage.take_messages("carrying").await.unwrap();
    assert_eq!(scene.run(&parts[..1]).await.unwrap(), [0]);
    assert!(scene.news().await.is_empty());
}
