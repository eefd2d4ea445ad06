//! Operators: whatever breaks off, is lost or comes twice, the lots never hold more than the quota that stands, nothing that is taken is touched, and the same change sent again
//! makes everything right.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use domain::sacrifice::{Selling, Stock};
use serde_json::{Value, json};
use testkit::connector::invocation;
use testkit::faults::{Call, Failure, Fault, NoFaults};

use crate::scene::{Scene, answer, donation_of, offering, operators};

const ID: &str = "camel-riyadh";

/// A change of quota: the kind of animal, the first quota, claims by lot and shares, the quota then.
struct Change {
    species: &'static str,
    first: Option<u32>,
    claims: &'static [(u32, u8)],
    then: u32,
}

const CHANGES: [Change; 6] = [
    Change { species: "camel", first: None, claims: &[], then: 21 },
    Change { species: "sheep", first: None, claims: &[], then: 40 },
    Change { species: "sheep", first: Some(20), claims: &[(0, 7), (1, 4)], then: 50 },
    Change { species: "sheep", first: Some(50), claims: &[(0, 7), (1, 4), (1, 5)], then: 17 },
    Change { species: "camel", first: Some(28), claims: &[(0, 2), (1, 3), (2, 6)], then: 14 },
    Change { species: "camel", first: Some(14), claims: &[(0, 7), (1, 7)], then: 35 },
];

async fn scene(change: &Change) -> Scene {
    let scene = Scene::empty().await;
    if let Some(first) = change.first {
        let answer = scene.put(ID, &offering(change.species, first)).await;
        assert_eq!(answer["statusCode"], 201, "{answer}");
        for (number, (lot, shares)) in (0..).zip(change.claims) {
            assert!(scene.claim(ID, *lot, number, *shares).await);
        }
    }
    scene
}

/// What holds at every moment: the lots hold no more than the quota that stands, each of them adds up, and a sale is not open before its lots stand.
pub async fn holds_always(scene: &Scene, id: &str) {
    let Some(before) = scene.standing(id).await else { return };
    let lots = scene.lots(id).await;
    for lot in &lots {
        assert!(lot.is_whole() && lot.shares <= before.species.lot_shares(), "{lot:?}");
    }
    if scene.standing(id).await.as_ref() != Some(&before) {
        // It was changed while the lots were read.
        return;
    }
    let shares: u32 = lots.iter().map(|lot| u32::from(lot.shares)).sum();
    assert!(shares <= before.quota || before.stock == Stock::Preparing, "{shares} of a quota of {}", before.quota);
    if before.stock == Stock::Ready {
        assert_eq!(shares, before.quota);
    }
    if before.stock == Stock::Preparing {
        assert!(matches!(before.selling(scene.stage.now()), Selling::Opens(_)));
    }
}

/// What holds when a change is done.
pub async fn holds_at_rest(scene: &Scene, id: &str, quota: u32) {
    holds_always(scene, id).await;
    let standing = scene.standing(id).await.unwrap();
    assert_eq!((standing.quota, standing.stock), (quota, Stock::Ready));
}

/// Nothing of what was claimed is touched.
async fn claims_stand(scene: &Scene, change: &Change) {
    let lots = scene.lots(ID).await;
    for (number, (lot, shares)) in (0..).zip(change.claims) {
        let claim = lots.iter().find(|found| found.lot == *lot).unwrap().claims[&donation_of(number)];
        assert_eq!(claim.shares, *shares);
    }
}

/// A fault at one call, and only there. Of the queries of all segments, which are alike, one is as good as another.
fn at_call(number: usize, fault: Fault) -> (Arc<AtomicUsize>, impl Fn(&Call<'_>) -> Fault) {
    let calls = Arc::new(AtomicUsize::new(0));
    let seen = Arc::clone(&calls);
    let decide = move |call: &Call<'_>| {
        let is_like_another = call.operation == "Query" && !String::from_utf8_lossy(call.body).contains("#7\"");
        if !is_like_another && seen.fetch_add(1, Ordering::Relaxed) == number { fault } else { Fault::Pass }
    };
    (calls, decide)
}

/// Tries the change with a fault at its first call, its second, and so on to the last; after each the same change is sent again.
async fn with_a_fault_anywhere(fault: Fault, change: &Change) {
    for number in 0.. {
        let scene = scene(change).await;
        let body = offering(change.species, change.then);
        let (calls, decide) = at_call(number, fault);
        scene.stage.cloud.services().set_faults(decide);
        let outcome = invocation(answer(&scene.another(), operators(ID, &body, json!({})))).await;
        scene.stage.cloud.services().set_faults(NoFaults);
        holds_always(&scene, ID).await;
        if let Ok(told) = &outcome {
            let status = told["statusCode"].as_i64().unwrap();
            assert!([200, 201, 503].contains(&status), "{fault:?} at {number}: {told}");
        }
        let again = answer(&scene.another(), operators(ID, &body, json!({}))).await;
        assert!([200, 201].map(|status| json!(status)).contains(&again["statusCode"]), "{fault:?} at {number}: {again}");
        assert_eq!(again["body"]["quota"], change.then);
        holds_at_rest(&scene, ID, change.then).await;
        claims_stand(&scene, change).await;
        if calls.load(Ordering::Relaxed) <= number {
            assert!(number > 5, "a change makes more calls than {number}");
            return;
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_change_may_break_off_anywhere() {
    for change in &CHANGES {
        with_a_fault_anywhere(Fault::CrashAfter, change).await;
    }
}

#[tokio::test(start_paused = true)]
async fn any_answer_may_be_lost() {
    for change in [&CHANGES[1], &CHANGES[3], &CHANGES[5]] {
        with_a_fault_anywhere(Fault::ReplyLost(Failure::Disconnected), change).await;
    }
}

#[tokio::test(start_paused = true)]
async fn any_call_may_be_made_twice_or_throttled() {
    for fault in [Fault::Duplicate, Fault::Before(Failure::Throttled), Fault::Before(Failure::Conflict)] {
        for change in [&CHANGES[1], &CHANGES[4]] {
            with_a_fault_anywhere(fault, change).await;
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_change_that_cannot_be_written_down_is_not_made() {
    let scene = scene(&CHANGES[2]).await;
    scene.stage.cloud.services().set_faults(|call: &Call<'_>| {
        let is_log = String::from_utf8_lossy(call.body).contains("OPS#");
        if is_log { Fault::Before(Failure::Internal) } else { Fault::Pass }
    });
    let before = scene.items().await;
    assert_eq!(scene.put(ID, &offering("sheep", 50)).await["statusCode"], 503);
    assert_eq!(scene.items().await, before);
}

#[tokio::test(start_paused = true)]
async fn nothing_is_sold_before_the_lots_stand() {
    let scene = Scene::empty().await;
    scene.stage.cloud.services().set_faults(|call: &Call<'_>| {
        if String::from_utf8_lossy(call.body).contains("LOT#000001") {
            Fault::Before(Failure::Internal)
        } else {
            Fault::Pass
        }
    });
    assert_eq!(scene.put(ID, &offering("camel", 21)).await["statusCode"], 503);
    scene.stage.cloud.services().set_faults(NoFaults);
    let standing = scene.standing(ID).await.unwrap();
    assert_eq!(standing.selling(scene.stage.now()), Selling::Opens(scene.stage.now()));
    assert_eq!(scene.get(ID).await["statusCode"], 404, "what cannot be had yet is not shown");
    assert_eq!(scene.put(ID, &offering("camel", 21)).await["statusCode"], 200);
    assert_eq!(scene.get(ID).await["body"]["sale"], "open", "an opening that has passed opens at once");
}

#[tokio::test(start_paused = true)]
async fn a_quota_is_lowered_to_what_is_taken_and_not_below() {
    let scene = scene(&CHANGES[3]).await;
    let told = scene.put(ID, &offering("sheep", 15)).await;
    assert_eq!((&told["statusCode"], &told["body"]["code"]), (&json!(409), &json!("quota_below_taken")), "{told}");
    assert_eq!(told["body"]["detail"], "16");
    holds_at_rest(&scene, ID, 50).await;
    assert_eq!(scene.put(ID, &offering("sheep", 16)).await["statusCode"], 200);
    holds_at_rest(&scene, ID, 16).await;
    claims_stand(&scene, &CHANGES[3]).await;
}

/// A change of anything but the quota writes to no lot.
#[tokio::test(start_paused = true)]
async fn lots_are_left_alone_where_the_quota_stays() {
    let scene = scene(&CHANGES[4]).await;
    let lots = scene.lots(ID).await;
    let mut body = offering("camel", 28);
    body["price"] = json!("950.00");
    let told = scene.put(ID, &body).await;
    assert_eq!((&told["statusCode"], &told["body"]["price"]), (&json!(200), &json!("950.00")));
    assert_eq!(scene.lots(ID).await, lots);
}

#[tokio::test(start_paused = true)]
async fn an_operator_who_has_not_seen_the_latest_is_told() {
    let scene = scene(&CHANGES[2]).await;
    let seen = scene.get(ID).await["headers"]["etag"].clone();
    let change = |headers: Value| operators(ID, &offering("sheep", 30), headers);
    assert_eq!(answer(&scene.deps, change(json!({"if-match": seen}))).await["statusCode"], 200);
    let told = answer(&scene.deps, change(json!({"if-match": seen}))).await;
    assert_eq!((&told["statusCode"], &told["body"]["code"]), (&json!(412), &json!("precondition_failed")));
    let latest = scene.get(ID).await["headers"]["etag"].clone();
    assert_eq!(answer(&scene.deps, change(json!({"if-match": latest}))).await["statusCode"], 200);
}
