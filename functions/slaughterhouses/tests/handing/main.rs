//! Every event in `events/api/slaughterhouses`: who is given which lists.
#![allow(clippy::unwrap_used)]

use std::path::Path;

use domain::hash::Hash;
use domain::sacrifice::list::{FileKind, IssuedList, KEPT_SECS, ListFile};
use platform::table::Issuing;
use serde_json::{Value, json};
use slaughterhouses::{Deps, LINK_SECS, handle};
use stage::{Options, Stage};

fn file(kind: FileKind, name: &str) -> ListFile {
    let sha256 = Hash::of(&[name.as_bytes()]);
    ListFile { kind, name: name.to_owned(), sha256, key: format!("execution/makkah-1/{name}") }
}

fn list(stage: &Stage, house: &str, day: &str, version: u32) -> IssuedList {
    let name = |ending: &str| format!("{house}-{day}-v{version}{ending}");
    IssuedList {
        slaughterhouse: house.parse().unwrap(),
        day: day.parse().unwrap(),
        version,
        fingerprint: Hash::of(&[&version.to_be_bytes()]),
        offerings: Vec::new(),
        animals: 3 * version,
        shares: 21 * version,
        files: vec![
            file(FileKind::Csv, &name(".csv")),
            file(FileKind::Pdf, &name("-01.pdf")),
            file(FileKind::Note, &name(".note")),
        ],
        made_at: stage.now(),
        ttl: stage.now().plus_seconds(KEPT_SECS).seconds(),
    }
}

async fn stage() -> Stage {
    let stage = Stage::new(Options::default()).await.unwrap();
    for (house, day, version) in [
        ("makkah-1", "1448-12-11", 1),
        ("makkah-1", "1448-12-10", 1),
        ("makkah-1", "1448-12-10", 2),
        ("makkah-2", "1448-12-10", 1),
    ] {
        let issued = list(&stage, house, day, version);
        assert_eq!(stage.table.issue_list(&issued, &[], 1).await.unwrap(), Issuing::Done);
    }
    stage
}

fn deps(stage: &Stage) -> Deps {
    Deps::new(&stage.platform("slaughterhouses").unwrap()).unwrap()
}

async fn answer(deps: &Deps, event: Value) -> Value {
    let mut answer = serde_json::to_value(handle(deps, serde_json::from_value(event).unwrap()).await).unwrap();
    answer["body"] = serde_json::from_str(answer["body"].as_str().unwrap()).unwrap_or(Value::Null);
    answer
}

fn event(name: &str) -> Value {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../events/api/slaughterhouses").join(format!("{name}.json"));
    serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
}

/// Signatures are long, and follow from the rest.
fn without_signatures(answer: &mut Value) {
    for list in answer["body"]["lists"].as_array_mut().into_iter().flatten() {
        for file in list["files"].as_array_mut().unwrap() {
            let url = file["url"].as_str().unwrap();
            let (address, query) = url.split_once('?').unwrap();
            assert!(query.contains(&format!("X-Amz-Expires={LINK_SECS}")) && query.contains("X-Amz-Signature="), "{url}");
            assert!(query.contains("response-cache-control=private%2C%20no-store"), "{url}");
            file["url"] = json!(address);
        }
    }
}

#[tokio::test(start_paused = true)]
async fn every_event_is_answered_as_it_was() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../events/api/slaughterhouses");
    let mut names: Vec<String> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path().file_stem().unwrap().to_string_lossy().into_owned())
        .collect();
    names.sort();
    assert!(names.len() >= 12);
    let stage = stage().await;
    for name in names {
        let mut answer = answer(&deps(&stage), event(&name)).await;
        let status = answer["statusCode"].as_i64().unwrap();
        assert_eq!((200..300).contains(&status), name.starts_with("good"), "{name}: {answer}");
        assert!(status < 500, "{name}: {answer}");
        without_signatures(&mut answer);
        let outcome = json!({"status": status, "headers": answer["headers"], "body": answer["body"]});
        insta::assert_json_snapshot!(name, outcome);
    }
}

#[tokio::test(start_paused = true)]
async fn what_is_not_kept_any_more_is_not_handed_out() {
    let stage = stage().await;
    tokio::time::advance(std::time::Duration::from_secs(KEPT_SECS.unsigned_abs())).await;
    let told = answer(&deps(&stage), event("good-own")).await;
    assert_eq!((&told["statusCode"], &told["body"]["lists"]), (&json!(200), &json!([])), "the table may clean up later");
}

#[tokio::test(start_paused = true)]
async fn a_busy_table_says_when_to_try_again() {
    let stage = stage().await;
    let busy = |_: &testkit::faults::Call<'_>| testkit::faults::Fault::Before(testkit::faults::Failure::Throttled);
    stage.cloud.services().set_faults(busy);
    let told = answer(&deps(&stage), event("good-own")).await;
    assert_eq!((&told["statusCode"], &told["body"]["code"]), (&json!(503), &json!("try_again")));
}
