//! What is said of a day is signed once and published, whatever breaks off in between.

use std::collections::BTreeMap;
use std::sync::Mutex;

use closing::{ClosingError, PublishError, handle};
use domain::hash::Hash;
use domain::proof::day::DayRecord;
use domain::proof::{key, pages, tree};
use domain::purpose::Fund;
use platform::table::{DaySeal, Stated};
use serde_json::{Value, json};
use stage::Stage;
use testkit::connector::invocation;
use testkit::faults::{Call, Failure, Fault, NoFaults};

use crate::scene::{day, deps, document, log, open, published, stage, stage_with_gifts};

const DAY: &str = "2026-11-23";

fn asked() -> Value {
    json!({"time": "2026-11-23T21:00:00Z"})
}

/// Documents by key, without the bucket's name.
fn documents(stage: &Stage) -> BTreeMap<String, Vec<u8>> {
    let proofs = stage.documents().unwrap().into_iter().filter(|(name, _)| !name.contains(".s3s-fs"));
    let named = proofs.filter_map(|(name, bytes)| Some((name[name.find("proofs/")?..].to_owned(), bytes)));
    named.collect()
}

async fn seal(stage: &Stage) -> DaySeal {
    stage.table.day_seal(day(DAY)).await.unwrap().unwrap()
}

#[tokio::test(start_paused = true)]
async fn a_days_root_is_published_with_the_counts_and_sums_that_it_covers() {
    let stage = stage_with_gifts().await;
    let answer = handle(&deps(&stage), asked()).await.unwrap();
    assert_eq!(answer, json!({"closed": [DAY], "published": [DAY]}));
    let told = published(&stage, DAY);
    let record: DayRecord = told.record.parse().unwrap();
    assert_eq!((record.day, record.number, record.pages, record.entries), (day(DAY), 0, 4, 4));
    assert_eq!(record.chains.len(), 16, "idle chains too");
    let counts: Vec<_> = record.kinds.iter().map(|(kind, of)| (kind.code(), of.count, of.moved_minor)).collect();
    assert_eq!(counts, [("settled", 3, 15_000), ("refunded", 1, 2_000)]);
    let sadaqa = record.funds[&Fund::Sadaqa];
    assert_eq!((sadaqa.gifts, sadaqa.given_minor, sadaqa.returned_minor), (3, 15_000, 2_000));
    // The leaves of its pages are there, and make its root; the log has it, and is signed.
    let leaves = pages::read(&document(&stage, &key::pages(day(DAY))).unwrap()).unwrap();
    assert_eq!(domain::hash::tree_root(&leaves), record.root);
    let state = open(&told.checkpoint);
    assert_eq!(tree::root_of(record.leaf(), 0, state.size, &told.path), Some(state.root));
    assert_eq!((log(&stage).checkpoint, state.origin.as_str()), (told.checkpoint.clone(), "ihsan.stage"));
    assert_eq!(document(&stage, key::CHECKPOINT).unwrap(), told.checkpoint.clone().into_bytes());
    // As the design has it, the seal has tree size, root and signature.
    let seal = seal(&stage).await;
    let stated = seal.stated.unwrap();
    assert_eq!((stated.tree_size, stated.root, stated.log_root), (4, record.root, state.root));
    assert_eq!((stated.record, seal.checkpoint), (told.record, Some(told.checkpoint)));
}

#[tokio::test(start_paused = true)]
async fn a_day_without_any_gift_is_published_too() {
    let stage = stage().await;
    handle(&deps(&stage), asked()).await.unwrap();
    let record: DayRecord = published(&stage, DAY).record.parse().unwrap();
    assert_eq!((record.pages, record.entries, record.root), (0, 0, Hash::of(&[])));
    assert_eq!(document(&stage, &key::pages(day(DAY))).unwrap(), Vec::<u8>::new());
}

#[tokio::test(start_paused = true)]
async fn a_repeat_writes_the_same_bytes_also_over_what_was_lost_or_changed() {
    let stage = stage_with_gifts().await;
    handle(&deps(&stage), asked()).await.unwrap();
    let (first, seal) = (documents(&stage), seal(&stage).await);
    handle(&deps(&stage), asked()).await.unwrap();
    assert_eq!(documents(&stage), first);
    let bucket = stage.bucket().unwrap();
    for name in [key::day(day(DAY)), key::pages(day(DAY))] {
        bucket.keep(&name, "text/plain", b"something else".to_vec()).await.unwrap();
    }
    handle(&deps(&stage), json!({ "day": DAY })).await.unwrap();
    assert_eq!(documents(&stage), first);
    assert_eq!(self::seal(&stage).await, seal, "nothing else is said or signed");
}

/// Wherever publishing breaks off, the next run ends with the same bytes; whatever stood in between is what stands in the end.
#[tokio::test(start_paused = true)]
async fn a_run_that_breaks_off_is_taken_up_by_the_next() {
    let (whole, kept) = {
        let stage = stage_with_gifts().await;
        handle(&deps(&stage), asked()).await.unwrap();
        (documents(&stage), seal(&stage).await)
    };
    for fault in [Fault::CrashBefore, Fault::CrashAfter, Fault::ReplyLost(Failure::Disconnected)] {
        for broken in 0.. {
            let stage = stage_with_gifts().await;
            // What publishing calls, which begins when the follower has been asked to fold.
            let (calls, begun) = (Mutex::new(0), Mutex::new(false));
            stage.cloud.services().set_faults(move |call: &Call<'_>| {
                let mut begun = begun.lock().unwrap();
                if !*begun {
                    *begun = call.operation == "SendMessage" || call.operation == "SendMessageBatch";
                    return Fault::Pass;
                }
                let mut calls = calls.lock().unwrap();
                *calls += 1;
                if *calls - 1 == broken { fault } else { Fault::Pass }
            });
            let first = invocation(handle(&deps(&stage), asked())).await;
            stage.cloud.services().set_faults(NoFaults);
            let halfway = seal(&stage).await;
            let is_part = |(name, bytes): (&String, &Vec<u8>)| whole.get(name) == Some(bytes);
            assert!(documents(&stage).iter().all(is_part), "{fault:?} at {broken}: nothing else is ever published");
            handle(&deps(&stage), asked()).await.unwrap();
            assert_eq!(documents(&stage), whole, "{fault:?} at {broken}");
            let stands = seal(&stage).await;
            assert!(halfway.stated.is_none() || halfway.stated == stands.stated, "{fault:?} at {broken}");
            assert!(halfway.checkpoint.is_none() || halfway.checkpoint == stands.checkpoint, "{fault:?} at {broken}");
            assert_eq!((stands.stated, stands.checkpoint), (kept.stated.clone(), kept.checkpoint.clone()));
            if first.is_ok() && matches!(fault, Fault::CrashBefore) {
                assert!(broken > 25, "every call was broken: {broken}");
                break;
            }
            if broken > 35 {
                break;
            }
        }
    }
}

#[tokio::test(start_paused = true)]
async fn two_runs_at_once_say_one_thing() {
    let stage = stage_with_gifts().await;
    let (one, two) = (deps(&stage), deps(&stage));
    let (first, second) = tokio::join!(handle(&one, asked()), handle(&two, asked()));
    assert!(first.is_ok() || second.is_ok());
    handle(&deps(&stage), asked()).await.unwrap();
    let told = published(&stage, DAY);
    assert_eq!((seal(&stage).await.checkpoint, log(&stage).size()), (Some(told.checkpoint), 1));
}

/// One who says something else than what stands is refused: nothing of it is signed or published.
#[tokio::test(start_paused = true)]
async fn no_second_root_is_ever_signed_for_a_day() {
    let stage = stage_with_gifts().await;
    // Closed, and not published: the keys are none.
    let unsigned = crate::scene::deps_with_keys(&stage, "no key");
    let error = handle(&unsigned, asked()).await.unwrap_err();
    assert!(matches!(error, ClosingError::Unpublished(PublishError::Keys(_))), "{error:?}");
    assert!(documents(&stage).is_empty());
    let other = Stated { tree_size: 9, root: Hash::of(&[b"x"]), record: "another".to_owned(), log_root: Hash::of(&[b"y"]) };
    stage.table.state_day(day(DAY), &other).await.unwrap();
    let error = handle(&deps(&stage), asked()).await.unwrap_err();
    assert!(matches!(error, ClosingError::Unpublished(PublishError::Differs(_))), "{error:?}");
    assert!(documents(&stage).is_empty() && seal(&stage).await.checkpoint.is_none());
}
