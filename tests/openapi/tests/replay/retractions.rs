//! What was told of an animal and is taken back, as the examples speak of it.

use domain::sacrifice::AnimalName;
use domain::sacrifice::carrying::carried::Source;
use domain::sacrifice::carrying::update::Told;
use domain::sacrifice::carrying::{Carried, Evidence, MediaType};
use openapi::Operation;
use platform::table::Adding;
use serde_json::{Value, json};

use crate::ask::{self, Reply};
use crate::scene::Scene;

const ASK: &str = "POST /v1/operations/retractions";
const APPROVE: &str = "POST /v1/operations/retractions/{id}/approve";
const DECLINE: &str = "POST /v1/operations/retractions/{id}/decline";

/// What was told of a camel, what was asked for before, and what became of it.
pub async fn ask(scene: &mut Scene, operation: &Operation, example: &str) {
    if !operation.route.contains("/retractions") || example == "absent" {
        return;
    }
    tell(scene).await;
    match operation.told["operationId"].as_str() {
        Some("askRetraction") if matches!(example, "again" | "idempotency_key_reused") => {
            one(scene, "operator-7").await;
        }
        Some("askRetraction") => {}
        Some("listRetractions") => {
            for asker in ["operator-8", "operator-9", "operator-10"] {
                scene.correction = one(scene, asker).await;
                tokio::time::advance(std::time::Duration::from_secs(1)).await;
            }
            decide(scene, APPROVE).await;
        }
        Some(of_one) => {
            let asker = if example == "same_person" { "approver-7" } else { "operator-8" };
            scene.correction = one(scene, asker).await;
            match (of_one, example) {
                ("approveRetraction", "correction_over") => decide(scene, DECLINE).await,
                ("showRetraction", _)
                | ("approveRetraction", "agreed_before")
                | ("declineRetraction", "correction_over") => decide(scene, APPROVE).await,
                _ => {}
            }
        }
        None => {}
    }
}

async fn tell(scene: &Scene) {
    let animal: AnimalName = "camel-makkah-1".parse().unwrap();
    let told = Told {
        animal: animal.to_string(),
        slaughtered_at: "2027-05-16T07:15:00+03:00".to_owned(),
        by: "LIC-1".to_owned(),
        distributed_to: "birr-jazan".to_owned(),
        country: "SA".to_owned(),
        portions: Some(120),
        ..Told::default()
    };
    let (house, batch) = ("slaughterhouse-7".parse().unwrap(), "a".repeat(32).parse().unwrap());
    let source = Source { slaughterhouse: &house, batch: &batch, row: 1, received_at: scene.stage.now() };
    let id = "5f2c9b1d07e3a8465f2c9b1d07e3a846".parse().unwrap();
    let photo = Evidence { id, media_type: MediaType::Jpeg, etag: None };
    let carried = Carried::nothing(&animal, &house).with(&told.read(animal).unwrap(), &[photo], source).unwrap();
    assert_eq!(scene.stage.table.add_carried(&carried).await.unwrap(), Adding::Done);
}

async fn one(scene: &Scene, asker: &str) -> String {
    let body = json!({"animal": "camel-makkah-1", "slaughter": true, "note": "Another animal was meant."});
    let asked: Reply = ask::on_case(scene, (asker, "operator"), ASK, "", &body).await;
    assert_eq!(asked.status, 201, "{}", asked.body);
    asked.body["id"].as_str().unwrap().to_owned()
}

async fn decide(scene: &Scene, route: &str) {
    let decided = ask::on_case(scene, ("approver-8", "approver"), route, &scene.correction, &Value::Null).await;
    assert_eq!(decided.status, 200, "{}", decided.body);
}
