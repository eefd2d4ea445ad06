//! Readers: pages that neither repeat nor skip, filters that agree with what is shown, snapshots that age.

use std::collections::BTreeSet;
use std::time::Duration;

use catalogue::snapshot::FRESH_SECS;
use serde_json::{Value, json};
use stage::{Options, event};
use testkit::faults::{Call, Failure, Fault};

use crate::scene::{Scene, answer, operators, wells};

const OPPORTUNITIES: &str = "/v1/opportunities";

fn ids(answer: &Value) -> Vec<String> {
    let listed = answer["body"]["opportunities"].as_array().unwrap();
    listed.iter().map(|shown| shown["id"].as_str().unwrap().to_owned()).collect()
}

async fn list(scene: &Scene, query: Value) -> Value {
    let answer = scene.get(OPPORTUNITIES, "", query, json!({})).await;
    assert_eq!(answer["statusCode"], 200, "{answer}");
    answer
}

/// Queries made so far.
fn queries(scene: &Scene) -> u64 {
    scene.stage.cloud.services().dynamo.usage().calls.get("Query").copied().unwrap_or(0)
}

async fn all_pages(scene: &Scene, filter: &Value, limit: usize) -> Vec<String> {
    let mut found = Vec::new();
    let mut query = filter.clone();
    query["limit"] = json!(limit.to_string());
    loop {
        let answer = list(scene, query.clone()).await;
        let page = ids(&answer);
        assert!(page.len() <= limit);
        found.extend(page);
        match answer["body"].get("next") {
            Some(next) => query["cursor"] = next.clone(),
            None => return found,
        }
    }
}

#[tokio::test(start_paused = true)]
async fn pages_of_any_size_show_everything_once_in_order() {
    let scene = Scene::furnished().await;
    for filter in [json!({}), json!({"standing": "any"}), json!({"track": "care"}), json!({"remaining": "true"})] {
        let whole = ids(&list(&scene, filter.clone()).await);
        assert!(whole.is_sorted());
        for limit in 1..=whole.len() + 1 {
            assert_eq!(all_pages(&scene, &filter, limit).await, whole, "{filter} by {limit}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn filters_part_the_catalogue() {
    let scene = Scene::furnished().await;
    let everything: BTreeSet<String> = ids(&list(&scene, json!({"standing": "any"})).await).into_iter().collect();
    assert_eq!(everything.len(), 5);
    for (name, values) in [
        ("standing", &["open", "closed"][..]),
        ("track", &["care", "development"]),
        ("remaining", &["true", "false"]),
        ("charity", &["birr-jazan", "imam-qassim"]),
        ("fund", &["zakat", "sadaqa", "waqf", "kaffara", "adahi"]),
    ] {
        let mut parts = Vec::new();
        for value in values {
            let mut query = json!({"standing": "any"});
            query[name] = json!(value);
            parts.extend(ids(&list(&scene, query).await));
        }
        assert_eq!(parts.len(), everything.len(), "{name}");
        assert_eq!(parts.into_iter().collect::<BTreeSet<_>>(), everything, "{name}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_snapshot_serves_for_a_few_seconds_and_then_is_read_again() {
    let scene = Scene::furnished().await;
    let other = catalogue::Deps::new(&scene.stage.platform("catalogue").unwrap()).unwrap();
    let seen = list(&scene, json!({})).await;
    let before = queries(&scene);
    for _ in 0..50 {
        assert_eq!(list(&scene, json!({})).await, seen);
    }
    assert_eq!(queries(&scene), before, "readers cost nothing while the snapshot is fresh");
    let put = operators("PUT /v1/opportunities/{id}", "wells-jazan", &wells("60000"), json!({}));
    assert_eq!(answer(&other, put).await["statusCode"], 200);
    assert_eq!(list(&scene, json!({})).await, seen, "another environment's change is seen a moment later");
    tokio::time::advance(Duration::from_secs(u64::from(FRESH_SECS))).await;
    let later = list(&scene, json!({})).await;
    let wells = &later["body"]["opportunities"][3];
    assert_eq!((&wells["id"], &wells["target"]), (&json!("wells-jazan"), &json!("60000.00")));
}

#[tokio::test(start_paused = true)]
async fn many_readers_at_once_read_the_catalogue_once() {
    let scene = Scene::furnished().await;
    let deps = catalogue::Deps::new(&scene.stage.platform("catalogue").unwrap()).unwrap();
    let before = queries(&scene);
    let reads = (0..40).map(|_| answer(&deps, event::http("GET /v1/opportunities", json!({}), json!({}), "")));
    let answers = futures_util::future::join_all(reads).await;
    assert!(answers.iter().all(|answer| answer["statusCode"] == 200));
    assert_eq!(queries(&scene) - before, 10);
}

#[tokio::test(start_paused = true)]
async fn what_a_reader_has_is_not_sent_again_until_it_changes() {
    let scene = Scene::furnished().await;
    for (route, id) in [(OPPORTUNITIES, ""), ("/v1/opportunities/{id}", "wells-jazan"), ("/v1/openapi.json", "")] {
        let first = scene.get(route, id, json!({}), json!({})).await;
        let tag = first["headers"]["etag"].clone();
        let again = scene.get(route, id, json!({}), json!({"if-none-match": tag})).await;
        assert_eq!(again["statusCode"], 304, "{route}");
        assert_eq!(again["body"], Value::Null);
        assert_eq!(again["headers"]["etag"], tag);
        assert_eq!(again["headers"]["cache-control"], first["headers"]["cache-control"]);
    }
    let first = scene.get("/v1/opportunities/{id}", "wells-jazan", json!({}), json!({})).await;
    scene.put("PUT /v1/opportunities/{id}", "wells-jazan", &wells("60000")).await;
    let headers = json!({"if-none-match": first["headers"]["etag"]});
    assert_eq!(scene.get("/v1/opportunities/{id}", "wells-jazan", json!({}), headers).await["statusCode"], 200);
}

#[tokio::test(start_paused = true)]
async fn a_busy_table_is_told_with_a_time_to_try_again() {
    let scene = Scene::empty(Options::default()).await;
    scene.stage.cloud.services().set_faults(|_: &Call<'_>| Fault::Before(Failure::Throttled));
    let answer = scene.get(OPPORTUNITIES, "", json!({}), json!({})).await;
    assert_eq!(answer["statusCode"], 503);
    assert_eq!(answer["body"]["code"], "try_again");
    assert_eq!(answer["headers"]["retry-after"], "2");
    scene.stage.cloud.services().set_faults(testkit::faults::NoFaults);
    assert_eq!(list(&scene, json!({})).await["body"], json!({"opportunities": []}));
}
