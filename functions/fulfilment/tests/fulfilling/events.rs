//! Every batch in `events/queues/shares` over the same donations.

use std::path::Path;

use serde_json::{Value, json};
use stage::Options;

use crate::scene::Scene;

#[tokio::test(start_paused = true)]
async fn every_batch_is_dealt_with_as_its_snapshot_says() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../events/queues/shares");
    let mut paths: Vec<_> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    for path in paths {
        let scene = Scene::set(Options::default(), 2).await;
        scene.cast().await;
        let event: Value = serde_json::from_str(&std::fs::read_to_string(&path).unwrap()).unwrap();
        let mut donations = Vec::new();
        for number in 1..=11 {
            donations.push(scene.donation(number).await);
        }
        let before = scene.claims().await;
        let again = scene.run(&event).await;
        let mut changed = Vec::new();
        for was in donations {
            let is = scene.donation(was.id.bytes()[0]).await;
            if is != was {
                let lots: Vec<u32> = is.reservation.iter().flat_map(|named| named.lots()).collect();
                let is_lost = is.reservation.as_ref().is_some_and(|named| named.is_lost);
                changed
                    .push(json!({"donation": is.id.bytes()[0], "state": is.state.code(), "lots": lots, "is_lost": is_lost}));
            }
        }
        let after = scene.claims().await;
        let lots: Vec<String> = after.into_iter().filter(|lot| !before.contains(lot)).collect();
        let cases: Vec<Value> =
            scene.stage.items("CASE#").await.unwrap().into_iter().map(|case| case["reason"].clone()).collect();
        let outcome = json!({
            "come_again": again,
            "donations_changed": changed,
            "lots_changed": lots,
            "payments_told": scene.told().await.len(),
            "cases": cases,
        });
        insta::assert_json_snapshot!(path.file_stem().unwrap().to_string_lossy().into_owned(), outcome);
    }
}
