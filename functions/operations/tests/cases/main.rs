//! Cases and corrections against the emulated cloud: every event, listings by page, two who close, a matter that comes again, replays, two people who correct the books; crashes
//! and lost replies at every call.

#![allow(clippy::unwrap_used)]

mod agreeing;
mod closing;
mod correcting;
mod replaying;
mod retracting;
mod scene;
mod suspense;

use std::path::{Path, PathBuf};
use std::time::Duration;

use domain::case::kept::Standing;
use domain::case::{Case, Reason};
use domain::message::{Envelope, Message};
use domain::money::Money;
use platform::table::CaseFilter;
use serde_json::json;

use scene::{APPROVE, ASK, DECLINE, KEY, OPERATOR, OTHER_KEY, Scene, call, money, moved, payment};

#[tokio::test(start_paused = true)]
async fn every_event_is_answered_as_its_snapshot_says() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../events/api/operations");
    let mut files: Vec<PathBuf> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    let mut settings = insta::Settings::clone_current();
    settings.set_prepend_module_to_snapshot(false);
    settings.set_omit_expression(true);
    let mut asked = 0;
    for file in files {
        let name = file.file_stem().unwrap().to_str().unwrap();
        let mut text = std::fs::read_to_string(&file).unwrap();
        if !text.contains("/v1/operations/") {
            continue;
        }
        let scene = Scene::set().await;
        scene.keep(suspense::orphan("50", "0")).await;
        let owed = Message::RefundDue { payment: payment("p-2"), refunded_minor: money("50") };
        let owed = json!({"owed_minor": 5_000, "why": "it is down", "message": Envelope::from(owed).write()}).to_string();
        let cases = [
            ("{case}", scene.open_for(Reason::AmountDiffers).await),
            ("{fact}", scene.open_for(Reason::Unwritable).await),
            ("{booked}", scene.open_for(Reason::DisputeOpened).await),
            ("{closed}", scene.open_for(Reason::VoidAfterCapture).await),
            ("{document}", scene.open_document(&json!({"id": "e-1", "type": "payment_paid", "data": "[redacted]"})).await),
            (
                "{owed}",
                scene.open(&Case { payment: Some(payment("p-2")), ..scene.case(Reason::RefundRefused, &owed) }).await,
            ),
        ];
        assert_eq!(scene.close(("operator-2", "operator"), &cases[3].1, OTHER_KEY, "The books were right.").await.0, 200);
        let corrections =
            if text.contains("/v1/operations/corrections") { corrections(&scene, &cases[0].1).await } else { Vec::new() };
        for (word, id) in cases.iter().chain(&corrections) {
            // Not the names of the route.
            text = text
                .replace(&format!("\"{word}\""), &format!("\"{id}\""))
                .replace(&format!("\\\"{word}\\\""), &format!("\\\"{id}\\\""));
        }
        let (status, body) = call(&scene.deps(), serde_json::from_str(&text).unwrap()).await;
        let good = name.starts_with("good-");
        assert_eq!((200..300).contains(&status), good, "{name}: {status} {body}");
        assert!(status < 500, "{name}: {body}");
        let shown = format!("{status}\n{}", serde_json::to_string_pretty(&body).unwrap());
        settings.bind(|| insta::assert_snapshot!(name, shown));
        asked += 1;
    }
    assert!(asked >= 60, "the events are there");
}

/// Corrections about a case, by what the events call them: one that waits, one that the operator of the events asked for, one that is booked, one that was declined.
async fn corrections(scene: &Scene, case: &str) -> Vec<(&'static str, String)> {
    scene.furnish().await;
    let mut made = Vec::new();
    let asked = [("{asked}", "operator-2"), ("{own}", "operator-1"), ("{done}", "operator-2"), ("{declined}", "operator-2")];
    for (number, (word, asker)) in (1..).zip(asked) {
        let (key, body) = (format!("{number:04}-6a0e-4f57-9d0a-3f0c2b1e8d47"), moved(case, &format!("{number}.00")));
        let (status, correction) = scene.act((asker, "operator"), ASK, &key, ("", &body)).await;
        assert_eq!(status, 201, "{correction}");
        let id = correction["id"].as_str().unwrap().to_owned();
        let route = if word == "{done}" { APPROVE } else { DECLINE };
        if matches!(word, "{done}" | "{declined}") {
            let (status, decided) = scene.act(("approver-2", "approver"), route, KEY, (&id, &json!({}))).await;
            assert_eq!(status, 200, "{decided}");
        }
        made.push((word, id));
        tokio::time::advance(Duration::from_secs(1)).await;
    }
    made
}

#[tokio::test(start_paused = true)]
async fn listings_are_in_order_whole_and_by_page() {
    let scene = Scene::set().await;
    let mut opened: Vec<(Reason, String)> = Vec::new();
    for number in 0..23u64 {
        let reason = Reason::ALL[number as usize % 5];
        let amount_minor = Money::from_halalas(number + 1).unwrap();
        opened.push((reason, scene.open(&Case { amount_minor, ..scene.case(reason, "{}") }).await));
        // Some in the same moment.
        tokio::time::advance(Duration::from_millis(number % 3)).await;
    }
    let of = |wanted: &dyn Fn(Reason) -> bool| -> Vec<String> {
        opened.iter().filter(|(reason, _)| wanted(*reason)).map(|(_, id)| id.clone()).collect()
    };
    let sorted = |mut ids: Vec<String>| {
        ids.sort();
        ids
    };
    for limit in ["1", "4", "22", "23", "100"] {
        let all = scene.all(json!({"limit": limit})).await;
        assert_eq!(sorted(all.clone()), sorted(of(&|_| true)), "pages of {limit}");
        let mut times = Vec::new();
        for id in &all {
            times.push(scene.kept(id).await.since());
        }
        assert!(times.is_sorted(), "the one that waits longest first");
    }
    for reason in Reason::ALL {
        let listed = scene.all(json!({"reason": reason.code(), "limit": "2"})).await;
        assert_eq!(sorted(listed), sorted(of(&|known| known == *reason)));
    }
    for owner in ["payments", "finance", "engineering", "donor_care"] {
        let listed = scene.all(json!({"owner": owner, "limit": "3"})).await;
        assert_eq!(sorted(listed), sorted(of(&|reason| reason.owner().code() == owner)));
    }
    assert!(scene.all(json!({"owner": "engineering", "reason": "amount_differs"})).await.is_empty());
    // What is closed between two pages is not shown, and nothing else is skipped or repeated.
    let first = scene.list(json!({"limit": "5"})).await;
    let order = scene.all(json!({})).await;
    assert_eq!(scene.close(OPERATOR, &order[6], KEY, "Done.").await.0, 200);
    let rest = scene.all(json!({"limit": "5", "cursor": first["next"]})).await;
    assert_eq!(rest, [&order[5..6], &order[7..]].concat());
    tokio::time::advance(Duration::from_secs(1)).await;
    assert_eq!(scene.close(OPERATOR, &order[2], KEY, "Done.").await.0, 200);
    assert_eq!(
        scene.all(json!({"state": "closed", "limit": "1"})).await,
        [order[2].clone(), order[6].clone()],
        "the latest first"
    );
}

/// A case of before there were states, versions and lists is open, and can be closed; then it is in the list.
#[tokio::test(start_paused = true)]
async fn a_case_of_an_earlier_form_is_open_and_can_be_closed() {
    let scene = Scene::set().await;
    let case = scene.case(Reason::AmountDiffers, "{}");
    let table = &scene.stage.stack.tables.iter().find(|table| table.logical_id == "Table").unwrap().name;
    let item = json!({
        "pk": {"S": format!("CASE#{}", case.id())}, "sk": {"S": "CASE"}, "reason": {"S": "amount_differs"},
        "payment": {"M": {"provider": {"S": "moyasar"}, "payment": {"S": "p-1"}}},
        "donation": {"S": "01010101010101010101010101010101"}, "amount_minor": {"N": "5000"}, "evidence": {"S": "{}"},
        "opened_at": {"N": case.opened_at.millis().to_string()},
    });
    let put = json!({"TableName": table, "Item": item});
    let reply = scene.stage.cloud.services().dynamo.call("DynamoDB_20120810.PutItem", put.to_string().as_bytes()).await;
    assert_eq!(reply.status, 200);
    assert_eq!(scene.show(&case.id()).await["state"], "open");
    assert_eq!(scene.close(OPERATOR, &case.id(), KEY, "Done.").await.0, 200);
    let filter =
        CaseFilter { standing: Standing::Closed, reasons: vec![Reason::AmountDiffers], latest_first: true, after: None };
    assert_eq!(scene.stage.table.cases(&filter, 1).await.unwrap().cases.len(), 1);
}
