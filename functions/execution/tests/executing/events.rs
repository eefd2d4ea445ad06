//! Every event in `events/schedule/execution`, on a scene of its own: what is answered, and how far the offering comes.

use std::path::Path;

use execution::handle;
use platform::http::chain;
use serde_json::{Value, json};

use crate::scene::{CAMELS, OVER_SECS, Scene};

#[tokio::test(start_paused = true)]
async fn every_event_is_answered_as_it_was() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../events/schedule/execution");
    let mut paths: Vec<_> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    assert!(paths.len() >= 8);
    for path in paths {
        let scene = Scene::set(1).await;
        scene.sell(&CAMELS, 1).await;
        scene.wait(OVER_SECS).await;
        let event: Value = serde_json::from_str(&std::fs::read_to_string(&path).unwrap()).unwrap();
        let name = path.file_stem().unwrap().to_string_lossy().into_owned();
        let answer = handle(&scene.deps(), event).await;
        assert_eq!(answer.is_ok(), name.starts_with("good"), "{name}: {answer:?}");
        let answer = answer.unwrap_or_else(|error| json!(chain(&error)));
        let stage = scene.standing("camels-makkah").await.stage;
        insta::assert_json_snapshot!(name, json!({"answer": answer, "stage": stage}));
    }
}
