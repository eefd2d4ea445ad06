//! A slaughterhouse, as the examples speak of it: its key, what it sent before, and what it has told of its animals.

use domain::hash::Hash;
use domain::moment::Moment;
use domain::proof::note::Signer;
use domain::sacrifice::carrying::carried::Source;
use domain::sacrifice::carrying::update::Told;
use domain::sacrifice::carrying::{Batch, Carried, Form, HouseKeys, Part, Refusal, RefusedRow};
use domain::sacrifice::list::IssuedList;
use domain::sacrifice::{AnimalName, Offering, Stage as Closed};
use openapi::Operation;
use platform::table::{Adding, Issuing};
use stage::sample;

use crate::scene::{KEY, Scene};

/// The body of the example `json`, byte for byte.
fn body(operation: &Operation) -> Vec<u8> {
    operation.told["requestBody"]["content"]["application/json"]["examples"]["json"]["value"].to_string().into_bytes()
}

/// An hour before the examples.
fn before(scene: &Scene) -> Moment {
    Moment::from_millis(1_795_467_600_000).plus_seconds(-3_600).min(scene.stage.now())
}

/// What stands before an example of this operation.
pub async fn furnish(scene: &Scene, operation: &Operation, example: &str) {
    let signer = Signer::new("slaughterhouse-7", &[3; 32]).unwrap();
    let house = "slaughterhouse-7".parse().unwrap();
    let keys = HouseKeys::new(house, vec![signer.verifier().to_string()], before(scene)).unwrap();
    scene.stage.table.keep_house_keys(&keys).await.unwrap();
    let sha256 = match (example, operation.told["operationId"].as_str()) {
        ("idempotency_key_reused", _) => Some(Hash::of(&[b"another body"])),
        ("again", _) => Some(Hash::of(&[&body(operation)])),
        (_, Some("showUpdates")) => Some(shown()),
        _ => None,
    };
    if let Some(sha256) = sha256 {
        let rows = if operation.told["operationId"] == "showUpdates" { 3 } else { 2 };
        let house = &keys.slaughterhouse;
        let batch = Batch {
            slaughterhouse: house.clone(),
            batch: Batch::id(house, KEY),
            form: Form::Json,
            sha256,
            rows,
            signed_by: signer.verifier().key_name().to_string(),
            received_at: before(scene),
        };
        scene.stage.table.keep_batch(&batch).await.unwrap();
        let row = |row, animal: Option<&str>, why| RefusedRow { row, animal: animal.map(str::to_owned), why };
        let refused = vec![row(2, Some("camel-makkah-9"), Refusal::OutsideSeason), row(3, None, Refusal::AnimalMalformed)];
        if operation.told["operationId"] == "showUpdates" {
            let part = Part { from: 0, rows, refused, done_at: scene.stage.now() };
            scene.stage.table.keep_part(&batch.batch, &part).await.unwrap();
        }
    }
    if operation.told["operationId"] == "listAnimalsLeft" {
        animals(scene, &keys).await;
    }
}

/// The hash that the examples of a batch show: of the body that is sent in the examples of updates.
fn shown() -> Hash {
    let document = openapi::document();
    let operations = openapi::operations(&document);
    let updates = operations.iter().find(|operation| operation.told["operationId"] == "sendUpdates").unwrap();
    Hash::of(&[&body(updates)])
}

/// Two camels on a list, of which one is done.
async fn animals(scene: &Scene, keys: &HouseKeys) {
    let now = scene.stage.now();
    let camels = domain::catalogue::Opportunity { id: "camel-makkah".parse().unwrap(), ..sample::camels() };
    let offering = Offering { id: camels.id.clone(), stage: Closed::Listed, ..sample::offering(14, now) };
    scene.stage.offer(&camels, &offering).await.unwrap();
    for lot in 0..2 {
        let gift = sample::sacrifice(7, 7, lot, now).id;
        scene.stage.table.take_shares(&offering.id, lot, &gift, (7, now.plus_seconds(900))).await.unwrap();
        scene.stage.table.confirm_shares(&offering.id, lot, &gift, 7).await.unwrap();
    }
    let list = IssuedList {
        slaughterhouse: keys.slaughterhouse.clone(),
        day: "1448-12-11".parse().unwrap(),
        version: 1,
        fingerprint: Hash::NONE,
        offerings: vec![offering.id],
        animals: 2,
        shares: 14,
        files: Vec::new(),
        made_at: now,
        ttl: now.plus_seconds(3_600).seconds(),
    };
    assert_eq!(scene.stage.table.issue_list(&list, &[], 1).await.unwrap(), Issuing::Done);
    let animal: AnimalName = "camel-makkah-1".parse().unwrap();
    let told = Told {
        animal: animal.to_string(),
        slaughtered_at: "2027-05-16T07:15:00+03:00".to_owned(),
        by: "LIC-1".to_owned(),
        ..Told::default()
    };
    let batch = Batch::id(&keys.slaughterhouse, KEY);
    let source = Source { slaughterhouse: &keys.slaughterhouse, batch: &batch, row: 1, received_at: now };
    let nothing = Carried::nothing(&animal, &keys.slaughterhouse);
    let carried = nothing.with(&told.read(animal).unwrap(), &[], source).unwrap();
    assert_eq!(scene.stage.table.add_carried(&carried).await.unwrap(), Adding::Done);
}
