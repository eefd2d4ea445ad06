//! Each event in `events/api/catalogue`, on a scene of its own: what is answered, and what stands afterwards.

use std::path::Path;

use serde_json::{Map, Value, json};

use crate::scene::{Scene, answer};

fn events() -> Vec<(String, Value)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../events/api/catalogue");
    let paths = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let mut found: Vec<(String, Value)> = paths
        .map(|path| {
            let event = serde_json::from_str(&std::fs::read_to_string(&path).unwrap()).unwrap();
            (path.file_stem().unwrap().to_string_lossy().into_owned(), event)
        })
        .collect();
    found.sort_by(|a, b| a.0.cmp(&b.0));
    found
}

/// What an event changes: items that were not so before. Shards of escrow as one line each.
async fn changes(scene: &Scene, before: &[Value]) -> Value {
    let mut changed = Map::new();
    for item in scene.standing().await.into_iter().filter(|item| !before.contains(item)) {
        let key = format!("{} / {}", item["pk"].as_str().unwrap(), item["sk"].as_str().unwrap());
        let told = match item.get("granted_minor") {
            Some(granted) => json!(format!("granted {granted}, free {}, revision {}", item["free_minor"], item["revision"])),
            None if key.starts_with("OPS#") => {
                json!({"act": item["act"], "by": item["by"], "on": item["on"], "to": item["to"]})
            }
            None => item,
        };
        let name = if key.starts_with("OPS#") { "log".to_owned() } else { key };
        changed.insert(name, told);
    }
    Value::Object(changed)
}

fn shown(mut answer: Value) -> Value {
    if answer["body"].get("openapi").is_some() {
        answer["body"] = json!("the description of the API");
        answer["headers"]["etag"] = json!("its tag");
    }
    json!({"status": answer["statusCode"], "headers": answer["headers"], "body": answer["body"]})
}

#[tokio::test(start_paused = true)]
async fn every_event_is_answered_as_it_was() {
    for (name, event) in events() {
        let scene = Scene::furnished().await;
        let before = scene.standing().await;
        let answer = answer(&scene.deps, event).await;
        let status = answer["statusCode"].as_i64().unwrap();
        if name.starts_with("good") {
            assert!((200..400).contains(&status), "{name}: {answer}");
        } else {
            assert!(status < 500, "{name}: {answer}");
        }
        let mut outcome = shown(answer);
        let changes = changes(&scene, &before).await;
        assert!(status < 400 || changes == json!({}), "{name} was refused and changed {changes}");
        if changes != json!({}) {
            outcome["changes"] = changes;
        }
        insta::assert_json_snapshot!(name, outcome);
    }
}
