//! Every event in `events/api/slaughterhouses`: who is given which lists, and whose updates are taken.
#![allow(clippy::unwrap_used, missing_docs)]

mod evidence;
mod updates;

use std::path::Path;

use domain::hash::Hash;
use domain::proof::note::Signer;
use domain::sacrifice::carrying::carried::Source;
use domain::sacrifice::carrying::update::Told;
use domain::sacrifice::carrying::{Batch, Carried, Form, HouseKeys, Part, Refusal, RefusedRow};
use domain::sacrifice::list::{FileKind, IssuedList, KEPT_SECS, ListFile};
use domain::sacrifice::{AnimalName, Offering, Stage as Closed};
use platform::table::Adding;
use platform::table::Issuing;
use serde_json::{Value, json};
use slaughterhouses::{Deps, LINK_SECS, handle};
use stage::{Options, Stage, sample};

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

/// The key that has signed the events' updates.
pub fn signer() -> Signer {
    Signer::new("makkah-1", &[3; 32]).unwrap()
}

/// Its key, a batch of which three rows were refused, and camels of a day of which one is done.
async fn furnish(stage: &Stage) {
    let house = "makkah-1".parse().unwrap();
    let keys = HouseKeys::new(house, vec![signer().verifier().to_string()], stage.now()).unwrap();
    stage.table.keep_house_keys(&keys).await.unwrap();
    let house = keys.slaughterhouse;
    let batch = Batch {
        batch: Batch::id(&house, "done"),
        slaughterhouse: house.clone(),
        form: Form::Csv,
        sha256: Hash::of(&[b"done"]),
        rows: 250,
        signed_by: signer().verifier().key_name().to_string(),
        received_at: stage.now(),
    };
    stage.table.keep_batch(&batch).await.unwrap();
    let refused = |row, animal: Option<&str>, why| RefusedRow { row, animal: animal.map(str::to_owned), why };
    let rows = vec![
        refused(1, None, Refusal::AnimalMalformed),
        refused(2, Some("camel-makkah-2"), Refusal::OutsideSeason),
        refused(90, Some("camel-makkah-90"), Refusal::OutsideSeason),
    ];
    stage.table.keep_part(&batch.batch, &Part { from: 0, rows: 100, refused: rows, done_at: stage.now() }).await.unwrap();
    let offering = Offering { stage: Closed::Listed, ..sample::offering(21, stage.now()) };
    stage.offer(&sample::camels(), &offering).await.unwrap();
    for lot in 0..2 {
        let gift = sample::sacrifice(7, 7, lot, stage.now()).id;
        stage.table.take_shares(&offering.id, lot, &gift, (7, stage.now().plus_seconds(900))).await.unwrap();
        stage.table.confirm_shares(&offering.id, lot, &gift, 7).await.unwrap();
    }
    let listed = IssuedList { offerings: vec![offering.id.clone()], ..list(stage, "makkah-1", "1448-12-12", 1) };
    assert_eq!(stage.table.issue_list(&listed, &[], 1).await.unwrap(), Issuing::Done);
    let animal: AnimalName = "camels-makkah-1".parse().unwrap();
    let told = Told {
        animal: animal.to_string(),
        slaughtered_at: "2027-05-16T07:15:00+03:00".to_owned(),
        by: "LIC-1".to_owned(),
        ..Told::default()
    };
    let source = Source { slaughterhouse: &house, batch: &batch.batch, row: 3, received_at: stage.now() };
    let carried = Carried::nothing(&animal, &house).with(&told.read(animal.clone()).unwrap(), &[], source).unwrap();
    assert_eq!(stage.table.add_carried(&carried).await.unwrap(), Adding::Done);
}

pub async fn stage() -> Stage {
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
    furnish(&stage).await;
    stage
}

pub fn deps(stage: &Stage) -> Deps {
    Deps::new(&stage.platform("slaughterhouses").unwrap()).unwrap()
}

pub async fn answer(deps: &Deps, event: Value) -> Value {
    let mut answer = serde_json::to_value(handle(deps, serde_json::from_value(event).unwrap()).await).unwrap();
    answer["body"] = serde_json::from_str(answer["body"].as_str().unwrap()).unwrap_or(Value::Null);
    answer
}

pub fn event(name: &str) -> Value {
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
    if let Some(fields) = answer["body"].get_mut("fields").and_then(Value::as_object_mut) {
        for field in ["policy", "x-amz-signature"] {
            assert!(fields.remove(field).is_some());
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
    for name in names {
        let stage = stage().await;
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
