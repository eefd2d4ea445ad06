//! The document: what is in it, when it is set, where it is kept, and how it is fetched.

use std::sync::{Arc, Mutex};

use bytes::Bytes;
use testkit::faults::{Call, Fault, NoFaults, Service};
use testkit::services::Outcome;

use crate::scene::{NAME, Reply, Scene, call, money, run};

/// The document that the reply's URL gives, and its headers.
async fn fetched(scene: &Scene, reply: &Reply) -> (http::HeaderMap, Vec<u8>) {
    let url = reply.json()["url"].as_str().unwrap().to_owned();
    let request = http::Request::get(url).body(Bytes::new()).unwrap();
    let Outcome::Answered(answer) = scene.stage.cloud.services().call(request).await else { panic!("no answer") };
    assert_eq!(answer.status(), 200);
    let (parts, body) = answer.into_parts();
    (parts.headers, body.to_vec())
}

fn text_of(pdf: &[u8]) -> String {
    pdf_extract::extract_text_from_mem(pdf).unwrap().split_whitespace().collect::<Vec<_>>().join(" ")
}

/// How a reader that knows nothing of Arabic takes a word out, if it has no lam before alef.
fn turned(word: &str) -> String {
    word.chars().rev().collect()
}

#[test]
fn the_url_gives_the_document_as_an_attachment_that_nobody_keeps() {
    run(async {
        let scene = Scene::set().await;
        let reply = call(&scene.deps, scene.asked("paid")).await;
        assert_eq!(reply.status, 200, "{}", reply.text);
        assert_eq!(reply.headers["cache-control"], "no-store");
        let (headers, pdf) = fetched(&scene, &reply).await;
        let header = |name: &str| headers[name].to_str().unwrap().to_owned();
        let serial = reply.json()["serial"].as_str().unwrap().to_owned();
        assert_eq!(header("content-type"), "application/pdf");
        assert_eq!(header("content-disposition"), format!("attachment; filename=\"receipt-{serial}.pdf\""));
        assert_eq!(header("cache-control"), "private, no-store");
        let text = text_of(&pdf);
        for said in [serial.as_str(), "50.00", "FR-2026-0117", "1093", &turned(NAME)] {
            assert!(text.contains(said), "{said} is not in {text}");
        }
    });
}

/// Once set, a receipt is only asked for.
#[test]
fn the_second_time_nothing_is_set_or_written() {
    run(async {
        let scene = Scene::set().await;
        let seen: Arc<Mutex<Vec<String>>> = Arc::default();
        let writing = Arc::clone(&seen);
        scene.stage.cloud.services().set_faults(move |call: &Call<'_>| {
            if call.service == Service::S3 || call.is_write() {
                writing.lock().unwrap().push(call.operation.split(' ').next().unwrap().to_owned());
            }
            Fault::Pass
        });
        for expected in [&["HEAD", "PUT"][..], &["HEAD"], &["HEAD"]] {
            let reply = call(&scene.deps, scene.asked("paid")).await;
            assert_eq!(reply.status, 200, "{}", reply.text);
            assert_eq!(std::mem::take(&mut *seen.lock().unwrap()), expected);
        }
        // Another environment finds it too, and sets nothing.
        assert_eq!(call(&scene.another(), scene.asked("paid")).await.status, 200);
        assert_eq!(*seen.lock().unwrap(), ["HEAD"]);
        scene.stage.cloud.services().set_faults(NoFaults);
        assert_eq!(scene.kept().len(), 1);
    });
}

/// What was given back, or is called otherwise now, is another document under another key; the number and the code stay.
#[test]
fn the_receipt_says_what_is_so_now() {
    run(async {
        let scene = Scene::set().await;
        let before = call(&scene.deps, scene.asked("paid")).await.json();
        let id = scene.words["paid"].parse().unwrap();
        scene.stage.give_back(&id, money("12.50")).await.unwrap();
        let reply = call(&scene.deps, scene.asked("paid")).await;
        let (_, pdf) = fetched(&scene, &reply).await;
        let text = text_of(&pdf);
        assert!(text.contains("12.50") && text.contains("37.50"), "{text}");
        let after = reply.json();
        assert_eq!((&before["serial"], &before["code"]), (&after["serial"], &after["code"]));
        let mut charity = stage::sample::charity();
        charity.licence = "4711".to_owned();
        scene.stage.table.put_charity(&charity).await.unwrap();
        let reply = call(&scene.deps, scene.asked("paid")).await;
        let (_, pdf) = fetched(&scene, &reply).await;
        assert!(text_of(&pdf).contains("4711"));
        assert_eq!(scene.kept().len(), 3);
    });
}

/// Anonymity belongs to the donation; what was erased is not there any more.
#[test]
fn a_name_is_shown_only_where_it_may_be() {
    run(async {
        let mut scene = Scene::set().await;
        let hidden = scene.give("hidden", 9, Some("donation#09"), |gift| gift.anonymous = true).await;
        scene.settle("hidden", &hidden).await;
        for (word, is_shown) in [("paid", true), ("hidden", false), ("erased", false)] {
            let reply = call(&scene.deps, scene.asked(word)).await;
            let (_, pdf) = fetched(&scene, &reply).await;
            assert_eq!(text_of(&pdf).contains(&turned(NAME)), is_shown, "{word}");
        }
    });
}

/// A catalogue that has lost a thing still gives a receipt: by its id.
#[test]
fn what_the_catalogue_does_not_have_is_told_by_its_id() {
    run(async {
        let mut scene = Scene::set().await;
        let elsewhere = scene
            .give("elsewhere", 9, None, |gift| {
                gift.lines[0].opportunity = "tents-tabuk".parse().unwrap();
                gift.lines[0].purpose.charity = "tabuk-society".parse().unwrap();
            })
            .await;
        scene.settle("elsewhere", &elsewhere).await;
        let reply = call(&scene.deps, scene.asked("elsewhere")).await;
        let (_, pdf) = fetched(&scene, &reply).await;
        let text = text_of(&pdf);
        assert!(text.contains("tents-tabuk") && text.contains("tabuk-society"), "{text}");
    });
}

/// A code that is not ours is refused before anything is read: guessing costs us nothing but the guess.
#[test]
fn a_forged_code_reads_nothing() {
    run(async {
        let scene = Scene::set().await;
        let calls = Arc::new(Mutex::new(0));
        let counted = Arc::clone(&calls);
        scene.stage.cloud.services().set_faults(move |_: &Call<'_>| {
            *counted.lock().unwrap() += 1;
            Fault::Pass
        });
        for code in [scene.words["forged_code"].as_str(), &scene.words["moved_code"], "", "receipt", &"0".repeat(10_000)] {
            let event =
                stage::event::http("GET /v1/receipts/{code}", serde_json::json!({"code": code}), serde_json::json!({}), "");
            assert_eq!(call(&scene.deps, event).await.status, 404, "{code}");
        }
        assert_eq!(*calls.lock().unwrap(), 0);
    });
}
