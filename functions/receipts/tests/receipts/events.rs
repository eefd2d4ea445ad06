//! Every event in `events/api/receipts`, and what is answered, as a snapshot.
//!
//! Events are as API Gateway sends them, but for `{words}` where a token, an id or a code of the scene's goes. What is derived from the scene's secret
//! is named in the snapshot, not repeated.

use std::path::{Path, PathBuf};

use domain::proof::gift::ProofFile;
use serde_json::Value;

use crate::scene::{NAME, Reply, Scene, call, run};

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../events/api/receipts")
}

#[test]
fn every_event_is_answered_as_its_snapshot_says() {
    let mut files: Vec<PathBuf> = std::fs::read_dir(folder()).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.retain(|path| path.extension().is_some_and(|extension| extension == "json"));
    files.sort();
    assert!(files.len() >= 25, "the events are there");
    let mut settings = insta::Settings::clone_current();
    settings.set_prepend_module_to_snapshot(false);
    settings.set_snapshot_path("snapshots");
    settings.set_omit_expression(true);
    // One scene for all: nothing that is asked here changes it.
    run(async {
        let scene = Scene::set().await;
        for file in files {
            let name = file.file_stem().unwrap().to_str().unwrap();
            let text = std::fs::read_to_string(&file).unwrap();
            let filled = scene.words.iter().fold(text, |text, (word, value)| text.replace(&format!("{{{word}}}"), value));
            let reply = call(&scene.deps, serde_json::from_str(&filled).unwrap()).await;
            check_kind(name, &reply);
            settings.bind(|| insta::assert_snapshot!(name, shown(&scene, &reply)));
        }
    });
}

/// What is good is answered, what is not is refused, nothing is ever our fault, and nobody's name is in an answer.
fn check_kind(name: &str, reply: &Reply) {
    let good = name.starts_with("good-");
    assert_eq!((200..300).contains(&reply.status), good, "{name}: {} {}", reply.status, reply.text);
    assert!(reply.status < 500, "{name}: {}", reply.text);
    assert!(!reply.text.contains(NAME) && !reply.headers.to_string().contains(NAME), "{name}");
}

fn shown(scene: &Scene, reply: &Reply) -> String {
    let mut text = format!("{}\n", reply.status);
    for (name, value) in reply.headers.as_object().unwrap() {
        text += &format!("{name}: {}\n", value.as_str().unwrap());
    }
    text += &body(&reply.text);
    // The longest first: a code is part of none of the others, but may be of what is made of it.
    let mut words: Vec<_> = scene.words.iter().filter(|(_, value)| value.len() >= 20).collect();
    words.sort_by_key(|(_, value)| std::cmp::Reverse(value.len()));
    words.into_iter().fold(text, |text, (word, value)| {
        text.replace(value.as_str(), &format!("{{{word}}}")).replace(&value.to_uppercase(), &format!("{{{word}}}"))
    })
}

fn body(text: &str) -> String {
    let Ok(mut body) = serde_json::from_str::<Value>(text) else { return text.to_owned() };
    if let Some(url) = body["url"].as_str() {
        let parts =
            ["/receipts/", ".pdf?", "X-Amz-Expires=60", "X-Amz-Signature=", "response-content-disposition=attachment"];
        assert!(parts.iter().all(|part| url.contains(part)), "{url}");
        body["url"] = "[signed url]".into();
    }
    if let Ok(file) = serde_json::from_value::<ProofFile>(body.clone()) {
        file.verify(&[stage::signer().verifier()]).unwrap();
        for proof in body["proofs"].as_array_mut().unwrap() {
            for name in ["entry", "salt", "record", "checkpoint"] {
                proof[name] = format!("[{name}]").into();
            }
            for at in ["page", "tree"] {
                proof[at]["path"] = format!("[{} hashes]", proof[at]["path"].as_array().unwrap().len()).into();
            }
        }
    }
    serde_json::to_string_pretty(&body).unwrap()
}
