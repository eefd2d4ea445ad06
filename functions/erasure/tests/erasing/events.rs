//! Every batch in `events/queues/erasures` over one set of donations: what is left of them, and what has to come again.

use std::path::{Path, PathBuf};

use domain::donation::Giver;
use domain::notice::Telling;
use platform::bucket::Bucket;
use serde_json::Value;
use stage::sample;

use crate::scene::{Scene, run};

#[test]
fn every_batch_leaves_what_its_snapshot_says() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../events/queues/erasures");
    let mut files: Vec<PathBuf> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    assert!(files.len() > 5, "the events are there");
    let mut settings = insta::Settings::clone_current();
    settings.set_prepend_module_to_snapshot(false);
    settings.set_snapshot_path("snapshots");
    settings.set_omit_expression(true);
    settings.bind(|| files.iter().for_each(|file| replay(file)));
}

/// Gifts 1 and 2 of a donor's who was erased, 3 of a guest's who was, 4 of a guest's and 5 of a donor's who were not; each paid, with a salt that is kept, and a receipt.
async fn fill(scene: &Scene) {
    let bucket = Bucket::new(&scene.stage.cloud.sdk_config(), &scene.stage.platform("receipts").unwrap().settings).unwrap();
    for (number, donor) in [(1, Some("donor-1")), (2, Some("donor-1")), (3, None), (4, None), (5, Some("donor-2"))] {
        let mut gift = sample::gift(number, scene.stage.now());
        gift.giver = donor.map_or(Giver::Guest, |donor| Giver::Donor(donor.parse().unwrap()));
        scene.stage.table.make_donation(&gift).await.unwrap();
        scene.stage.settle(&gift.id).await.unwrap();
        bucket.keep(&format!("receipts/{}/0.pdf", gift.id), "application/pdf", b"a receipt".to_vec()).await.unwrap();
    }
    for donor in ["donor-1", "donor-2"] {
        scene.stage.table.keep_telling(&donor.parse().unwrap(), &Telling::default(), scene.stage.now()).await.unwrap();
    }
    for owner in
        ["donor#donor-1".to_owned(), format!("donation#{}", "03".repeat(16)), format!("donation#{}", "ee".repeat(16))]
    {
        scene.privacy().erase(&owner.parse().unwrap()).await.unwrap();
    }
}

fn replay(file: &Path) {
    let name = file.file_stem().unwrap().to_str().unwrap().to_owned();
    let event: Value = serde_json::from_str(&std::fs::read_to_string(file).unwrap()).unwrap();
    run(async move {
        let scene = Scene::set().await;
        fill(&scene).await;
        let deps = erasure::Deps::new(&scene.platform("erasure")).unwrap();
        let answer = erasure::handle(&deps, serde_json::from_value(event).unwrap()).await;
        let again: Vec<_> = answer.batch_item_failures.iter().map(|failure| &failure.item_identifier).collect();
        assert_eq!(again.is_empty(), name.starts_with("good-"), "{name}: {again:?}");
        let mut text = format!("comes again: {again:?}\n");
        for number in 1..=5 {
            let gift = scene.donation(sample::gift(number, scene.stage.now()).id).await;
            let receipts = scene.stage.versions().unwrap();
            let receipts = receipts.iter().filter(|(key, _)| key.contains(&gift.id.to_string())).count();
            let salts = scene.stage.kept_salts(&gift.id).await.unwrap().len();
            let forgotten = if gift.forgotten { "forgotten, " } else { "" };
            text += &format!("gift {number}: {forgotten}{salts} salts, {receipts} receipts\n");
        }
        let wishes: Vec<String> =
            scene.stage.items("DONOR#").await.unwrap().iter().map(|wish| wish["whose"].to_string()).collect();
        text += &format!("wishes of {}\n", wishes.join(", "));
        insta::assert_snapshot!(name, text);
    });
}
