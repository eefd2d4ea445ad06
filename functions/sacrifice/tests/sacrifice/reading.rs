//! Readers: what is left is told honestly, and cheaply.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde_json::{Value, json};
use stage::event;
use testkit::faults::{Call, Failure, Fault, NoFaults};

use crate::scene::{Scene, answer, donation_of, offering};

fn list() -> Value {
    event::http("GET /v1/sacrifice/offerings", json!({}), json!({}), "")
}

/// Calls by operation, from now on.
fn counted(scene: &Scene) -> Arc<Mutex<BTreeMap<String, usize>>> {
    let counts = Arc::new(Mutex::new(BTreeMap::new()));
    let seen = Arc::clone(&counts);
    scene.stage.cloud.services().set_faults(move |call: &Call<'_>| {
        *seen.lock().unwrap().entry(call.operation.to_owned()).or_default() += 1;
        Fault::Delay(Duration::from_millis(3))
    });
    counts
}

fn of<'a>(told: &'a Value, id: &str) -> &'a Value {
    told["body"]["offerings"].as_array().unwrap().iter().find(|offering| offering["id"] == id).unwrap()
}

#[tokio::test(start_paused = true)]
async fn what_is_left_is_told_as_it_is() {
    let scene = Scene::furnished().await;
    let told = answer(&scene.deps, list()).await;
    assert_eq!(told["headers"]["cache-control"], "public, max-age=1");
    let availability = |id: &str| of(&told, id)["availability"].clone();
    assert_eq!(availability("sheep-makkah"), json!({"standing": "plenty"}));
    assert_eq!(availability("camel-riyadh"), json!({"standing": "few", "left": 10, "largest": 7}));
    assert_eq!(availability("goat-sudan"), json!({"standing": "few", "left": 40}), "before it opens all of it is left");
    assert_eq!(availability("cow-jazan"), Value::Null, "of what is closed nothing can be had");
    assert_eq!(availability("aqiqa-riyadh"), json!({"standing": "sold_out"}));
    let sales = ["sheep-makkah", "goat-sudan", "cow-jazan"].map(|id| of(&told, id)["sale"].clone());
    assert_eq!(sales, ["open", "opens", "closed"]);
}

/// An operator puts off the opening of a sale that was open: what is left then is less than all of it.
#[tokio::test(start_paused = true)]
async fn of_a_sale_that_was_open_and_opens_later_it_is_told_what_is_left() {
    let scene = Scene::empty().await;
    let (id, mut body) = ("camel-riyadh", offering("camel", 21));
    assert_eq!(scene.put(id, &body).await["statusCode"], 201);
    assert!(scene.claim(id, 0, 1, 7).await && scene.claim(id, 1, 2, 5).await);
    body["opens_at"] = json!("2027-05-01T09:00:00+03:00");
    for _ in 0..2 {
        let changed = scene.put(id, &body).await;
        assert_eq!((&changed["statusCode"], &changed["body"]["sale"]), (&json!(200), &json!("opens")), "{changed}");
        let told = scene.get(id).await["body"]["availability"].clone();
        assert_eq!(told, json!({"standing": "few", "left": 9, "largest": 7}));
    }
}

#[tokio::test(start_paused = true)]
async fn shares_that_come_back_are_told_within_two_seconds() {
    let scene = Scene::furnished().await;
    let id = "aqiqa-riyadh";
    assert_eq!(scene.get(id).await["body"]["availability"], json!({"standing": "sold_out"}));
    scene.stage.table.give_shares_back(&id.parse().unwrap(), 0, &donation_of(1), |_| true).await.unwrap();
    assert_eq!(scene.get(id).await["body"]["availability"], json!({"standing": "sold_out"}), "as it was a moment ago");
    tokio::time::advance(Duration::from_millis(1_000)).await;
    assert_eq!(scene.get(id).await["body"]["availability"], json!({"standing": "few", "left": 2}));
}

#[tokio::test(start_paused = true)]
async fn an_environment_looks_once_for_all_who_ask() {
    let scene = Scene::furnished().await;
    let counts = counted(&scene);
    futures_util::future::join_all((0..50).map(|_| answer(&scene.deps, list()))).await;
    // The offerings, and the segments of the three that are open.
    assert_eq!(*counts.lock().unwrap(), BTreeMap::from([("Query".to_owned(), 1 + 3 * 32)]));
    futures_util::future::join_all((0..50).map(|_| scene.get("camel-riyadh"))).await;
    assert_eq!(counts.lock().unwrap()["Query"], 1 + 3 * 32);
    tokio::time::advance(Duration::from_secs(1)).await;
    futures_util::future::join_all((0..50).map(|_| scene.get("goat-sudan"))).await;
    assert_eq!(counts.lock().unwrap()["Query"], 2 + 3 * 32, "those who wait for an opening read no lots");
}

#[tokio::test(start_paused = true)]
async fn what_was_seen_before_is_not_passed_off_as_the_present() {
    let scene = Scene::furnished().await;
    assert_eq!(answer(&scene.deps, list()).await["statusCode"], 200);
    tokio::time::advance(Duration::from_secs(2)).await;
    scene.stage.cloud.services().set_faults(|_: &Call<'_>| Fault::Before(Failure::Throttled));
    let told = answer(&scene.deps, list()).await;
    assert_eq!((&told["statusCode"], &told["body"]["code"]), (&json!(503), &json!("try_again")));
    assert!(told["headers"]["retry-after"].is_string());
    scene.stage.cloud.services().set_faults(NoFaults);
    assert_eq!(answer(&scene.deps, list()).await["statusCode"], 200);
}

#[tokio::test(start_paused = true)]
async fn a_change_is_seen_at_once_where_it_was_made() {
    let scene = Scene::furnished().await;
    assert_eq!(scene.get("sheep-makkah").await["body"]["quota"], 200);
    assert_eq!(scene.put("sheep-makkah", &offering("sheep", 50)).await["statusCode"], 200);
    let told = scene.get("sheep-makkah").await;
    assert_eq!((&told["body"]["quota"], &told["body"]["availability"]["left"]), (&json!(50), &json!(47)));
}
