//! Every example of the document is asked of the functions; what they answer is what the document says.
//!
//! Each example has a scene of its own: the catalogue that the examples speak of, some gifts, a guest, a donor. What goes wrong in an
//! example of that name (`busy`, `provider_unavailable`) goes wrong on its scene.

#![allow(clippy::unwrap_used)]

mod ask;
mod compare;
mod corrections;
mod houses;
mod offerings;
mod retractions;
mod scene;

use openapi::{document, operations};

use scene::Scene;

/// Replays the operations whose path begins so.
async fn replay(prefix: &str) {
    let document = document();
    let (mut wrong, mut replayed) = (Vec::new(), 0);
    for operation in operations(&document).into_iter().filter(|operation| operation.route.contains(prefix)) {
        for example in operation.examples(&document) {
            // On the heap: a scene and a function that answers are large, and a test's thread has a small stack.
            let scene = Box::pin(Scene::set(&operation, &example)).await;
            let reply = Box::pin(ask::ask(&scene, &operation, &example)).await;
            wrong.extend(compare::differences(&document, &operation, &example, &reply));
            replayed += 1;
        }
    }
    assert!(replayed > 0, "no operation begins with {prefix}");
    assert!(wrong.is_empty(), "{} of {replayed} examples are not true:\n{}", wrong.len(), wrong.join("\n"));
}

#[tokio::test(start_paused = true)]
async fn opportunities() {
    replay(" /v1/opportunities").await;
}

#[tokio::test(start_paused = true)]
async fn charities() {
    replay(" /v1/charities").await;
}

#[tokio::test(start_paused = true)]
async fn operators_acts_and_the_document_itself() {
    replay(" /v1/operations").await;
    replay(" /v1/openapi.json").await;
}

#[tokio::test(start_paused = true)]
async fn giving() {
    replay(" /v1/guests").await;
    replay(" /v1/donations").await;
    replay(" /v1/notice-preferences").await;
    replay(" /v1/personal-data").await;
}

#[tokio::test(start_paused = true)]
async fn sacrifice() {
    replay(" /v1/sacrifice").await;
}

#[tokio::test(start_paused = true)]
async fn checking_receipts() {
    replay(" /v1/receipts").await;
}

#[tokio::test(start_paused = true)]
async fn callbacks() {
    replay(" /v1/payments").await;
}
