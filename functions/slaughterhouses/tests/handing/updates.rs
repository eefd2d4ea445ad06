//! Updates are kept as they came, signed, once; whatever breaks off, the same request again is the same batch.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use domain::message::Message;
use domain::proof::note::{self, Signer};
use domain::sacrifice::carrying::{Batch, Form, HouseKeys, Statement};
use serde_json::{Value, json};
use slaughterhouses::handle;
use stage::Stage;
use testkit::connector::invocation;
use testkit::faults::{Call, Failure, Fault, NoFaults};

use crate::{answer, deps, event, signer, stage};

/// What stands of batches and documents.
async fn stands(stage: &Stage) -> (Vec<Value>, Vec<(String, Vec<u8>)>) {
    let documents = stage.documents().unwrap().into_iter();
    let documents = documents.filter(|(name, _)| name.contains("updates/") && !name.contains(".s3s-fs"));
    let items = stage.items("UPDATES#").await.unwrap();
    (items.into_iter().filter(|item| item["sk"].as_str().unwrap().starts_with("BATCH#")).collect(), documents.collect())
}

#[tokio::test(start_paused = true)]
async fn a_body_is_kept_as_it_came_with_a_note_that_anyone_can_verify() {
    let stage = stage().await;
    let sent = event("good-updates-csv");
    let told = answer(&deps(&stage), sent.clone()).await;
    assert_eq!((&told["statusCode"], &told["body"]["rows"]), (&json!(202), &json!(2)));
    assert_eq!(told["headers"]["location"], told["body"]["url"]);
    let (items, documents) = stands(&stage).await;
    assert_eq!((items.len(), documents.len()), (2, 2), "the batch, beside one of before");
    let [body, note] = ["csv", "note"].map(|ending| &documents.iter().find(|(name, _)| name.ends_with(ending)).unwrap().1);
    assert_eq!(body, sent["body"].as_str().unwrap().as_bytes());
    let note = std::str::from_utf8(note).unwrap();
    let (text, signed_by) = note::open(note, &[signer().verifier()]).unwrap();
    let statement: Statement = text.parse().unwrap();
    assert_eq!((statement.form, signed_by), (Form::Csv, vec![signer().verifier().key_name()]));
    assert_eq!(statement.sha256, domain::hash::Hash::of(&[body]));
    let messages = stage.take_messages("carrying").await.unwrap();
    let id = Batch::id(&"makkah-1".parse().unwrap(), &statement.key);
    assert_eq!(messages, [Message::UpdatesKept { slaughterhouse: "makkah-1".parse().unwrap(), batch: id, from: None }]);
}

#[tokio::test(start_paused = true)]
async fn the_same_key_is_the_same_batch_and_another_body_a_conflict() {
    let stage = stage().await;
    let first = answer(&deps(&stage), event("good-updates-json")).await;
    let before = stands(&stage).await;
    let again = answer(&deps(&stage), event("good-updates-json")).await;
    assert_eq!((&again["body"], &again["headers"]["idempotent-replayed"]), (&first["body"], &json!("true")));
    let other = answer(&deps(&stage), event("good-updates-csv")).await;
    assert_eq!((&other["statusCode"], &other["body"]["code"]), (&json!(409), &json!("idempotency_key_reused")));
    assert_eq!(stands(&stage).await, before);
    assert_eq!(stage.take_messages("carrying").await.unwrap().len(), 2, "told again, which does no harm");
}

#[tokio::test(start_paused = true)]
async fn nothing_is_kept_of_what_is_not_signed() {
    let stage = stage().await;
    let before = stands(&stage).await;
    let names = std::fs::read_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/../../events/api/slaughterhouses")).unwrap();
    let names = names.map(|entry| entry.unwrap().path().file_stem().unwrap().to_string_lossy().into_owned());
    for name in names.filter(|name| name.starts_with("bad-updates") || name.starts_with("hostile-updates")) {
        let told = answer(&deps(&stage), event(&name)).await;
        assert!((400..500).contains(&told["statusCode"].as_u64().unwrap()), "{name}: {told}");
    }
    assert_eq!(stands(&stage).await, before);
    assert!(stage.take_messages("carrying").await.unwrap().is_empty());
}

/// Wherever it breaks off, the same request again is answered with 202, and the message is there.
#[tokio::test(start_paused = true)]
async fn what_broke_off_is_finished_by_the_same_request() {
    let whole = {
        let stage = stage().await;
        answer(&deps(&stage), event("good-updates-csv")).await;
        stands(&stage).await
    };
    for fault in
        [Fault::CrashBefore, Fault::CrashAfter, Fault::ReplyLost(Failure::Disconnected), Fault::Before(Failure::Throttled)]
    {
        for broken in 0.. {
            let stage = stage().await;
            let calls = Arc::new(AtomicUsize::new(0));
            let seen = Arc::clone(&calls);
            stage.cloud.services().set_faults(move |_: &Call<'_>| {
                if seen.fetch_add(1, Ordering::Relaxed) == broken { fault } else { Fault::Pass }
            });
            let deps = deps(&stage);
            let request = serde_json::from_value(event("good-updates-csv")).unwrap();
            let _ = invocation(handle(&deps, request)).await;
            stage.cloud.services().set_faults(NoFaults);
            let told = answer(&deps, event("good-updates-csv")).await;
            assert_eq!(told["statusCode"], 202, "{fault:?} at {broken}");
            assert_eq!(stands(&stage).await, whole, "{fault:?} at {broken}");
            assert!(!stage.take_messages("carrying").await.unwrap().is_empty());
            if calls.load(Ordering::Relaxed) <= broken {
                assert!(broken >= 6, "it needs more calls than {broken}");
                break;
            }
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_new_key_serves_beside_the_old_one_and_the_old_one_no_more_once_it_is_left_out() {
    let stage = stage().await;
    let next = Signer::new("makkah-1", &[4; 32]).unwrap();
    for (keys, by_old, by_new) in [
        (vec![signer().verifier()], 202, 403),
        (vec![next.verifier(), signer().verifier()], 202, 202),
        (vec![next.verifier()], 403, 202),
    ] {
        let keys = keys.iter().map(ToString::to_string).collect();
        let keys = HouseKeys::new("makkah-1".parse().unwrap(), keys, stage.now()).unwrap();
        stage.table.keep_house_keys(&keys).await.unwrap();
        let told = answer(&deps(&stage), event("good-updates-json")).await;
        assert_eq!(told["statusCode"], by_old);
        let told = answer(&deps(&stage), event("bad-updates-by-an-unregistered-key")).await;
        assert_eq!(told["statusCode"], by_new);
    }
}

#[tokio::test(start_paused = true)]
async fn more_than_is_taken_is_refused_before_it_is_read() {
    let stage = stage().await;
    let mut large = event("good-updates-csv");
    large["body"] = json!("x".repeat(4 * 1024 * 1024 + 1));
    let told = answer(&deps(&stage), large).await;
    assert_eq!((&told["statusCode"], &told["body"]["code"]), (&json!(413), &json!("too_large")));
}

#[tokio::test(start_paused = true)]
async fn keys_are_registered_once_the_act_is_in_the_log() {
    let stage = stage().await;
    let told = answer(&deps(&stage), event("good-keys-registered")).await;
    assert_eq!(told["statusCode"], 200);
    let acts = stage.table.operations(stage.now().day()).await.unwrap();
    assert_eq!((acts.len(), acts[0].act.as_str(), acts[0].on.as_str()), (1, "put_slaughterhouse_keys", "makkah-1"));
    assert_eq!(acts[0].to, told["body"]["keys"]);
    stage.cloud.services().set_faults(|call: &Call<'_>| {
        let is_log = String::from_utf8_lossy(call.body).contains("OPS#");
        if is_log { Fault::Before(Failure::Throttled) } else { Fault::Pass }
    });
    let told = answer(&deps(&stage), event("good-keys-taken-back")).await;
    assert_eq!(told["statusCode"], 503);
    let keys = stage.table.house_keys(&"makkah-1".parse().unwrap()).await.unwrap().unwrap();
    assert_eq!(keys.keys.len(), 2, "without the log nothing is done");
}
