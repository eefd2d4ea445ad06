//! Corrections of the books, as the examples speak of them.

use openapi::Operation;
use serde_json::{Value, json};

use crate::ask::{self, Reply};
use crate::scene::Scene;

const ASK: &str = "POST /v1/operations/corrections";
const APPROVE: &str = "POST /v1/operations/corrections/{id}/approve";
const DECLINE: &str = "POST /v1/operations/corrections/{id}/decline";

/// What was asked for before, about this case, and what became of it.
pub async fn ask(scene: &mut Scene, operation: &Operation, example: &str, case: &str) {
    if !operation.route.contains("/corrections") || example == "absent" {
        return;
    }
    match operation.told["operationId"].as_str() {
        Some("askCorrection") if matches!(example, "again" | "idempotency_key_reused") => {
            one(scene, "operator-7", case).await;
        }
        Some("askCorrection") => {}
        Some("listCorrections") => {
            for asker in ["operator-8", "operator-9", "operator-10"] {
                scene.correction = one(scene, asker, case).await;
                tokio::time::advance(std::time::Duration::from_secs(1)).await;
            }
            decide(scene, APPROVE).await;
        }
        Some(of_one) => {
            let asker = if example == "same_person" { "approver-7" } else { "operator-8" };
            scene.correction = one(scene, asker, case).await;
            match (of_one, example) {
                ("approveCorrection", "correction_over") => decide(scene, DECLINE).await,
                ("showCorrection", _)
                | ("approveCorrection", "agreed_before")
                | ("declineCorrection", "correction_over") => {
                    decide(scene, APPROVE).await;
                }
                _ => {}
            }
        }
        None => {}
    }
}

/// The correction that the examples speak of, asked for by this person.
async fn one(scene: &Scene, asker: &str, case: &str) -> String {
    let transfer = json!({"debit": "sadaqa:wells-jazan", "credit": "sadaqa:homes-asir", "amount": "500.00"});
    let body = json!({"case": case, "transfers": [transfer], "note": "The gift was for the homes in Asir."});
    let asked: Reply = ask::on_case(scene, (asker, "operator"), ASK, "", &body).await;
    assert_eq!(asked.status, 201, "{}", asked.body);
    asked.body["id"].as_str().unwrap().to_owned()
}

async fn decide(scene: &Scene, route: &str) {
    let decided = ask::on_case(scene, ("approver-8", "approver"), route, &scene.correction, &Value::Null).await;
    assert_eq!(decided.status, 200, "{}", decided.body);
}
