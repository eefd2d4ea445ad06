//! Each event in `events/api/sacrifice`, on a scene of its own: what is answered, and what stands afterwards. Those of tickets have `{words}` where tokens of their scene's go.

use std::path::Path;

use serde_json::{Map, Value, json};

use crate::scene::{Scene, answer};

fn events() -> Vec<(String, String)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../events/api/sacrifice");
    let paths = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let mut found: Vec<(String, String)> = paths
        .map(|path| {
            let event = std::fs::read_to_string(&path).unwrap();
            (path.file_stem().unwrap().to_string_lossy().into_owned(), event)
        })
        .collect();
    found.sort_by(|a, b| a.0.cmp(&b.0));
    found
}

/// What an event changes: items that were not so before. Lots as one line each.
async fn changes(scene: &Scene, before: &[Value]) -> Value {
    let mut changed = Map::new();
    for item in scene.items().await.into_iter().filter(|item| !before.contains(item)) {
        let key = format!("{} / {}", item["pk"].as_str().unwrap(), item["sk"].as_str().unwrap());
        let (name, told) = match item.get("free") {
            Some(free) => (key, json!(format!("{} shares, {free} free, revision {}", item["shares"], item["revision"]))),
            None if key.starts_with("OPS#") => {
                let act = json!({"act": item["act"], "by": item["by"], "on": item["on"], "to": item["to"]});
                ("log".to_owned(), act)
            }
            None => (key, item),
        };
        changed.insert(name, told);
    }
    Value::Object(changed)
}

/// Puts names where tokens are, after a look at their form.
fn name_tokens(body: &mut Value) {
    for (member, name) in [("ticket", "[ticket]"), ("admission_token", "[admission token]")] {
        if let Some(token) = body[member].as_str() {
            assert_eq!(token.split('.').count(), 3, "{token}");
            body[member] = json!(name);
        }
    }
}

#[tokio::test(start_paused = true)]
async fn every_event_is_answered_as_it_was() {
    for (name, event) in events() {
        let (scene, words) =
            if name.contains("ticket") { Scene::waited_for().await } else { (Scene::furnished().await, Vec::new()) };
        let event = words.iter().fold(event, |event, (word, value)| event.replace(&format!("{{{word}}}"), value));
        let before = scene.items().await;
        let mut answer = answer(&scene.deps, serde_json::from_str(&event).unwrap()).await;
        name_tokens(&mut answer["body"]);
        let status = answer["statusCode"].as_i64().unwrap();
        if name.starts_with("good") {
            assert!((200..400).contains(&status), "{name}: {answer}");
        } else {
            assert!(status < 500, "{name}: {answer}");
        }
        let changes = changes(&scene, &before).await;
        assert!(status < 400 || changes == json!({}), "{name} was refused and changed {changes}");
        let mut outcome = json!({"status": status, "headers": answer["headers"], "body": answer["body"]});
        if changes != json!({}) {
            outcome["changes"] = changes;
        }
        insta::assert_json_snapshot!(name, outcome);
    }
}
