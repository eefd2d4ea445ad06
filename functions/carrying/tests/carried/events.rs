//! Every batch of messages in `events/queues/carrying` over the same slaughterhouse.

use std::path::Path;

use serde_json::{Value, json};

use crate::scene::{Scene, all_done, done};
use domain::sacrifice::carrying::update::Told;

#[tokio::test(start_paused = true)]
async fn every_batch_is_dealt_with_as_its_snapshot_says() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../events/queues/carrying");
    let mut paths: Vec<_> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    assert!(paths.len() >= 6);
    for path in paths {
        let scene = Scene::set(1).await;
        scene.receive("all", &all_done()).await;
        let early = Told { slaughtered_at: "2027-05-16T05:00:00+03:00".to_owned(), ..done("camel-makkah-1") };
        scene.receive("early", &[early, done("camel-makkah-9"), done("camel-makkah-2")]).await;
        let event: Value = serde_json::from_str(&std::fs::read_to_string(&path).unwrap()).unwrap();
        let deps = scene.deps();
        let answer = carrying::handle(&deps, serde_json::from_value(event).unwrap()).await;
        let mut again: Vec<String> = answer.batch_item_failures.into_iter().map(|failure| failure.item_identifier).collect();
        again.sort();
        let parts = scene.stage.take_messages("carrying").await.unwrap();
        let told: Vec<String> =
            scene.news().await.into_iter().map(|((animal, _), times)| format!("{animal} × {times}")).collect();
        let done = scene
            .stage
            .items("BATCH#")
            .await
            .unwrap()
            .into_iter()
            .map(|part| json!({"rows": part["rows"], "refused": part["refused"]}));
        let outcome = json!({
            "come_again": again,
            "parts_sent": parts.len(),
            "parts_done": done.collect::<Vec<_>>(),
            "told": told,
            "cases": scene.cases().await,
        });
        insta::assert_json_snapshot!(path.file_stem().unwrap().to_string_lossy().into_owned(), outcome);
    }
}
