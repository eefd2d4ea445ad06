//! The log grows by every day, and does not change; keys follow one another.

use std::time::Duration;

use closing::{ClosingError, PublishError, handle};
use domain::hash::tree_root;
use domain::proof::checkpoint::Checkpoint;
use domain::proof::day::DayRecord;
use domain::proof::note::{self, NoteError, Signer};
use domain::proof::{key, tree};
use serde_json::json;
use stage::Stage;

use crate::scene::{deps, deps_with_keys, document, give, keys, log, open, published, stage_with_gifts};

const DAYS: [&str; 4] = ["2026-11-23", "2026-11-24", "2026-11-25", "2026-11-26"];

async fn pass_a_day(stage: &Stage, gift: u8) {
    give(stage, gift).await;
    tokio::time::advance(Duration::from_secs(24 * 3_600)).await;
}

#[tokio::test(start_paused = true)]
async fn every_day_is_proven_to_have_grown_out_of_the_one_before() {
    let stage = stage_with_gifts().await;
    handle(&deps(&stage), json!({"day": DAYS[0]})).await.unwrap();
    for (day, gift) in DAYS[1..].iter().zip(11..) {
        pass_a_day(&stage, gift).await;
        handle(&deps(&stage), json!({ "day": day })).await.unwrap();
    }
    let log = log(&stage);
    assert_eq!(log.days.iter().map(|logged| logged.day.to_string()).collect::<Vec<_>>(), DAYS);
    let mut before = None;
    for (number, day) in (0..).zip(DAYS) {
        let told = published(&stage, day);
        let (record, now): (DayRecord, Checkpoint) = (told.record.parse().unwrap(), open(&told.checkpoint));
        assert_eq!((record.number, now.size, record.leaf()), (number, number + 1, log.leaves()[number as usize]));
        if let Some(Checkpoint { size, root, .. }) = before {
            assert_eq!((record.number, record.previous), (size, root));
            assert!(tree::is_grown((size, root), (now.size, now.root), &told.growth));
        }
        before = Some(now);
    }
    // Anyone who kept an earlier checkpoint can hold it against the log.
    let early = open(&published(&stage, DAYS[1]).checkpoint);
    assert_eq!(tree_root(&log.leaves()[..2]), early.root);
}

#[tokio::test(start_paused = true)]
async fn days_that_were_missed_are_published_in_order() {
    let stage = stage_with_gifts().await;
    for gift in 11..14 {
        pass_a_day(&stage, gift).await;
    }
    let answer = handle(&deps(&stage), json!({"day": DAYS[3]})).await.unwrap();
    assert_eq!(answer["published"], json!(DAYS));
    assert_eq!(log(&stage).size(), 4);
}

#[tokio::test(start_paused = true)]
async fn a_log_that_was_lost_is_published_again_in_the_same_bytes() {
    let stage = stage_with_gifts().await;
    handle(&deps(&stage), json!({"day": DAYS[0]})).await.unwrap();
    pass_a_day(&stage, 11).await;
    handle(&deps(&stage), json!({"day": DAYS[1]})).await.unwrap();
    let whole = stage.documents().unwrap();
    let lost = stage.cloud.services().s3.root().join(&stage.stack.buckets[0].name).join(key::LOG);
    std::fs::remove_file(lost).unwrap();
    let answer = handle(&deps(&stage), json!({"day": DAYS[1]})).await.unwrap();
    assert_eq!(answer["published"], json!(DAYS[..2]));
    let json = |documents: std::collections::BTreeMap<String, Vec<u8>>| {
        documents.into_iter().filter(|(name, _)| name.ends_with(".json") && name.contains("/proofs/")).collect::<Vec<_>>()
    };
    assert_eq!(json(stage.documents().unwrap()), json(whole));
}

/// Nothing is signed on top of a log that is not the one that was signed.
#[tokio::test(start_paused = true)]
async fn a_log_that_was_changed_is_found_before_anything_is_signed() {
    let stage = stage_with_gifts().await;
    handle(&deps(&stage), json!({"day": DAYS[0]})).await.unwrap();
    pass_a_day(&stage, 11).await;
    let told = String::from_utf8(document(&stage, key::LOG).unwrap()).unwrap();
    let leaf = log(&stage).days[0].leaf.to_string();
    for changed in [told.replace(&leaf, &"ab".repeat(32)), told.replace("days", "nights"), "{}".to_owned(), String::new()] {
        stage.bucket().unwrap().keep(key::LOG, "application/json", changed.into_bytes()).await.unwrap();
        let error = handle(&deps(&stage), json!({"day": DAYS[1]})).await.unwrap_err();
        assert!(matches!(error, ClosingError::Unpublished(PublishError::Log)), "{error:?}");
    }
    let seal = stage.table.day_seal(DAYS[1].parse().unwrap()).await.unwrap().unwrap();
    assert!(seal.stated.is_none() && seal.checkpoint.is_none(), "closed all the same, and nothing said of it");
    stage.bucket().unwrap().keep(key::LOG, "application/json", told.into_bytes()).await.unwrap();
    handle(&deps(&stage), json!({"day": DAYS[1]})).await.unwrap();
    assert_eq!(log(&stage).size(), 2);
}

/// A new key goes before the old one, both sign, and the old one goes.
#[tokio::test(start_paused = true)]
async fn a_key_is_followed_by_another() {
    let stage = stage_with_gifts().await;
    let (old, new) = (stage::signer(), Signer::new("ihsan.stage", &[8; 32]).unwrap());
    let both = format!("{}\n{}\n", new.secret(), old.secret());
    for (day, keys) in DAYS.iter().zip([old.secret(), both.clone(), new.secret(), new.secret()]) {
        handle(&deps_with_keys(&stage, &keys), json!({ "day": day })).await.unwrap();
        pass_a_day(&stage, 11 + day.as_bytes()[9] - b'0').await;
    }
    let checkpoint = |day: usize| published(&stage, DAYS[day]).checkpoint;
    assert!(Checkpoint::open(&checkpoint(1), &keys()).is_ok());
    assert_eq!(Checkpoint::open(&checkpoint(2), &keys()), Err(NoteError::Unsigned));
    let list = document(&stage, &key::keys(&[new.verifier(), old.verifier()])).unwrap();
    let learnt = note::learn(&String::from_utf8(list).unwrap(), &keys()).unwrap();
    assert!(Checkpoint::open(&checkpoint(2), &learnt).is_ok());
    // What was signed before is signed by whom it was, however often it is published again.
    handle(&deps_with_keys(&stage, &new.secret()), json!({"day": DAYS[0]})).await.unwrap();
    assert!(Checkpoint::open(&checkpoint(0), &keys()).is_ok());
    assert_eq!(Checkpoint::open(&checkpoint(0), &[new.verifier()]), Err(NoteError::Unsigned));
}
