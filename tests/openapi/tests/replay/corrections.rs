//! Corrections of the books, as the examples speak of them.

use domain::case::Case;
use domain::donation::{Charge, ChargeKind};
use domain::money::Money;
use domain::payment::Method;
use openapi::Operation;
use serde_json::{Value, json};

use crate::ask::{self, Reply};
use crate::scene::Scene;

const ASK: &str = "POST /v1/operations/corrections";
const APPROVE: &str = "POST /v1/operations/corrections/{id}/approve";
const DECLINE: &str = "POST /v1/operations/corrections/{id}/decline";

/// What was asked for before, about this case, and what became of it.
pub async fn ask(scene: &mut Scene, operation: &Operation, example: &str, about: &Case) {
    if !operation.route.contains("/corrections") || example == "absent" {
        return;
    }
    let case = &about.id();
    let orphan = orphan(about);
    let in_suspense = ["out_of_suspense", "suspense_exceeded", "suspense_spent"].contains(&example);
    if let Some(orphan) = orphan.as_ref().filter(|_| in_suspense) {
        assert!(scene.stage.table.restore_charge(orphan).await.unwrap());
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
            scene.correction = if in_suspense {
                asked(scene, asker, case, ("suspense", "bank_suspense", "500.00")).await
            } else {
                one(scene, asker, case).await
            };
            match (of_one, example) {
                ("approveCorrection", "suspense_spent") => {
                    let orphan = orphan.unwrap();
                    let gone = Charge { refunded_minor: orphan.captured_minor, version: 1, ..orphan };
                    assert!(scene.stage.table.restore_charge(&gone).await.unwrap());
                }
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
    asked(scene, asker, case, ("sadaqa:wells-jazan", "sadaqa:homes-asir", "500.00")).await
}

async fn asked(scene: &Scene, asker: &str, case: &str, (debit, credit, amount): (&str, &str, &str)) -> String {
    let transfer = json!({"debit": debit, "credit": credit, "amount": amount});
    let body = json!({"case": case, "transfers": [transfer], "note": "The gift was for the homes in Asir."});
    let asked: Reply = ask::on_case(scene, (asker, "operator"), ASK, "", &body).await;
    assert_eq!(asked.status, 201, "{}", asked.body);
    asked.body["id"].as_str().unwrap().to_owned()
}

/// The payment of a case, kept as one of no known donation.
fn orphan(about: &Case) -> Option<Charge> {
    Some(Charge {
        payment: about.payment.clone()?,
        kind: ChargeKind::Orphan,
        donation: None,
        captured_minor: about.amount_minor,
        refunded_minor: Money::ZERO,
        taken_out_minor: Money::ZERO,
        brought_back_minor: Money::ZERO,
        fee_minor: Money::ZERO,
        method: Method::Mada,
        version: 0,
    })
}

async fn decide(scene: &Scene, route: &str) {
    let decided = ask::on_case(scene, ("approver-8", "approver"), route, &scene.correction, &Value::Null).await;
    assert_eq!(decided.status, 200, "{}", decided.body);
}
