//! Every event in `events/api/donations`, each on a scene of its own, and what is answered, as a snapshot.
//!
//! Events are as API Gateway sends them, but for `{words}` where a token or an id of the scene's goes. What is derived from the scene's secret
//! is named in the snapshot, not repeated.

use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::scene::{Reply, Scene, call, run};

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../events/api/donations")
}

#[test]
fn every_event_is_answered_as_its_snapshot_says() {
    let mut files: Vec<PathBuf> = std::fs::read_dir(folder()).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.retain(|path| path.extension().is_some_and(|extension| extension == "json"));
    files.sort();
    assert!(files.len() > 100, "the events are there");
    let mut settings = insta::Settings::clone_current();
    settings.set_prepend_module_to_snapshot(false);
    settings.set_snapshot_path("snapshots");
    settings.set_omit_expression(true);
    settings.bind(|| files.iter().for_each(|file| replay(file)));
}

fn replay(file: &Path) {
    let name = file.file_stem().unwrap().to_str().unwrap().to_owned();
    let text = std::fs::read_to_string(file).unwrap();
    run(async move {
        let scene = Scene::set().await;
        let filled = scene.words.iter().fold(text, |text, (word, value)| text.replace(&format!("{{{word}}}"), value));
        let reply = call(&scene.deps, serde_json::from_str(&filled).unwrap()).await;
        check_kind(&name, &reply);
        insta::assert_snapshot!(name, shown(&scene, &reply));
    });
}

/// What is good is answered, what is not is refused by a problem document, and nothing is ever our fault.
fn check_kind(name: &str, reply: &Reply) {
    let good = name.starts_with("good-");
    assert_eq!((200..300).contains(&reply.status), good, "{name}: {} {}", reply.status, reply.body);
    assert!(reply.status < 500, "{name}: {}", reply.body);
    if !good {
        let content_type = reply.headers["content-type"].as_str().unwrap();
        assert!(content_type.starts_with("application/problem+json"), "{name}");
    }
}

fn shown(scene: &Scene, reply: &Reply) -> String {
    let mut body = reply.body.clone();
    derived(&mut body);
    let mut text = format!("{}\n", reply.status);
    for (name, value) in reply.headers.as_object().unwrap() {
        text += &format!("{name}: {}\n", value.as_str().unwrap());
    }
    text += &serde_json::to_string_pretty(&body).unwrap();
    let words = scene.words.iter().filter(|(_, value)| value.len() >= 20);
    words.fold(text, |text, (word, value)| text.replace(value.as_str(), &format!("{{{word}}}")))
}

/// Puts names where tokens, ids and addresses are, after a look at their form.
fn derived(value: &mut Value) {
    match value {
        Value::Object(members) => {
            for (name, value) in members.iter_mut() {
                match (name.as_str(), value.as_str()) {
                    ("access_token", Some(token)) => *value = form(token.len() == 43, "[access token]"),
                    ("guest_token", Some(token)) => *value = form(token.split('.').count() == 3, "[guest token]"),
                    ("checkout_url", Some(url)) => {
                        *value = form(url.starts_with("https://") || url.starts_with("http://"), "[checkout url]");
                    }
                    ("id", Some(id)) => *value = form(id.len() == 32, "[id]"),
                    _ => derived(value),
                }
            }
        }
        Value::Array(elements) => elements.iter_mut().for_each(derived),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

fn form(is_right: bool, name: &str) -> Value {
    assert!(is_right, "{name} has another form");
    name.into()
}
