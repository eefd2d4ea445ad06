//! Every batch in `events/queues/notices`: what is told, and what has to come again.

use std::path::Path;

use notifications::handle;
use serde_json::{Value, json};

use crate::scene::{Scene, somebody};

#[tokio::test(start_paused = true)]
async fn every_batch_is_answered_as_its_snapshot_says() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../events/queues/notices");
    let mut files: Vec<_> = std::fs::read_dir(folder).unwrap().map(|file| file.unwrap().path()).collect();
    files.sort();
    assert!(files.len() >= 8);
    let mut settings = insta::Settings::clone_current();
    settings.set_prepend_module_to_snapshot(false);
    settings.set_omit_expression(true);
    for file in files {
        let name = file.file_stem().unwrap().to_str().unwrap().to_owned();
        let scene = Scene::set().await;
        // Donation 01…: settled, on page 0 of chain 3. 02…: its first attempt failed. 03…: half given back.
        scene.settled(1, somebody(), |_| {}).await;
        let failed = scene.give(2, somebody(), |_| {}).await;
        scene.failed(failed).await;
        let (returned, _) = scene.settled(3, somebody(), |_| {}).await;
        scene.stage.give_back(&returned, "25".parse().unwrap()).await.unwrap();
        let event: Value = serde_json::from_slice(&std::fs::read(&file).unwrap()).unwrap();
        let answer = handle(&scene.deps, serde_json::from_value(event).unwrap()).await;
        let again: Vec<_> = answer.batch_item_failures.into_iter().map(|failure| failure.item_identifier).collect();
        assert_eq!(again.is_empty(), name.starts_with("good"), "{name}: {again:?}");
        let told = json!({"again": again, "told": scene.texts()});
        settings.bind(|| insta::assert_json_snapshot!(name, told));
    }
}
