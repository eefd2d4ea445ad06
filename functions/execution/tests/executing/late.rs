//! A list that is not out two hours before the slaughter may begin: who is told, of which sale, and how often.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use domain::case::Reason;
use domain::sacrifice::{Offering, Remainder, Species};
use execution::handle;
use serde_json::{Value, json};
use testkit::connector::invocation;
use testkit::faults::{Call, Failure, Fault, NoFaults};

use crate::scene::{CAMELS, OVER_SECS, Sale, Scene, asked};

/// Seconds from the beginning of a scene to 02:00 UTC on the 10th: the prayer in Makkah is over at about 03:30.
const LATE_SECS: u64 = 6 * 24 * 3_600 + 17 * 3_600;

/// Camels that are packed, and cows of the same list whose sale is open for a month: it was published before there was a rule.
async fn held_back() -> Scene {
    let scene = Scene::set(1).await;
    scene.sell(&CAMELS, 1).await;
    let open = |offering: Offering| Offering { closes_at: offering.closes_at.plus_seconds(30 * 24 * 3_600), ..offering };
    scene.sell_as(&Sale { id: "cows-makkah", species: Species::Cow, lots: &[&[7]] }, 100, open).await;
    scene.wait(OVER_SECS).await;
    let told = scene.run().await.unwrap();
    assert_eq!((&told["lists"], &told["late"]), (&json!([]), &Value::Null));
    scene
}

async fn told(scene: &Scene) -> Vec<String> {
    scene.cases(Reason::ListLate).await.into_iter().map(|(_, evidence)| evidence).collect()
}

const WAITS: &str = "makkah-1, 1448-12-10: the list waits for cows-makkah";

#[tokio::test(start_paused = true)]
async fn a_sale_that_holds_its_list_back_is_a_case_two_hours_before_the_slaughter() {
    let scene = held_back().await;
    scene.wait(LATE_SECS - OVER_SECS - 3_600).await;
    assert_eq!(scene.run().await.unwrap()["late"], Value::Null, "there is time");
    scene.wait(3_600).await;
    let late = json!([{"slaughterhouse": "makkah-1", "day": "1448-12-10", "waits_for": ["cows-makkah"]}]);
    assert_eq!(scene.run().await.unwrap()["late"], late);
    assert_eq!(told(&scene).await, [WAITS]);
    // It is late as long as it is, and one matter.
    scene.wait(900).await;
    assert_eq!(scene.run().await.unwrap()["late"], late);
    assert_eq!(told(&scene).await, [WAITS]);
    // An operator closes it: the list goes out, and is late no more.
    let standing = scene.standing("cows-makkah").await;
    let closes_at = scene.stage.now().plus_seconds(-900);
    let closed = Offering { revision: standing.revision + 1, closes_at, ..standing };
    assert!(scene.stage.table.put_offering(&closed).await.unwrap());
    let run = scene.run().await.unwrap();
    assert_eq!((run["lists"].as_array().unwrap().len(), &run["late"]), (1, &Value::Null));
}

#[tokio::test(start_paused = true)]
async fn a_list_that_waits_for_its_only_sale_or_for_nobody_is_late_too() {
    let scene = Scene::set(1).await;
    let change = |mut offering: Offering| {
        offering.place.slaughterhouse = None;
        Offering { closes_at: offering.closes_at.plus_seconds(30 * 24 * 3_600), ..offering }
    };
    scene.sell_as(&Sale { lots: &[&[7]], ..CAMELS }, 1, change).await;
    let unsold = |offering: Offering| Offering { closes_at: offering.closes_at.plus_seconds(30 * 24 * 3_600), ..offering };
    scene.sell_as(&Sale { id: "goats-makkah", species: Species::Goat, lots: &[&[]] }, 100, unsold).await;
    scene.wait(LATE_SECS).await;
    let late = json!([{"slaughterhouse": null, "day": "1448-12-10", "waits_for": ["camels-makkah"]}]);
    assert_eq!(scene.run().await.unwrap()["late"], late, "what nobody has a share of is awaited by nobody");
    assert_eq!(told(&scene).await, ["nobody, 1448-12-10: the list waits for camels-makkah"]);
    let one = json!({"offering": "camels-makkah"});
    assert_eq!(handle(&scene.deps(), one).await.unwrap()["late"], late, "asked for by hand");
}

#[tokio::test(start_paused = true)]
async fn what_is_tied_to_no_day_is_due_once_it_is_closed_and_decided() {
    for (remainder, due_secs) in [(Remainder::Complete, 900 + 45 * 60), (Remainder::Refund, 7 * 24 * 3_600 + 45 * 60)] {
        let scene = Scene::set(1).await;
        let change = move |mut offering: Offering| {
            offering.place.slaughterhouse = None;
            Offering { day: None, rite: domain::sacrifice::Rite::Fidya, remainder, ..offering }
        };
        scene.sell_as(&Sale { lots: &[&[7]], ..CAMELS }, 1, change).await;
        scene.wait(24 * 3_600 + due_secs - 1).await;
        assert_eq!(scene.run().await.unwrap()["late"], Value::Null, "{remainder}");
        scene.wait(1).await;
        assert_eq!(scene.run().await.unwrap()["late"][0]["waits_for"], json!(["camels-makkah"]), "{remainder}");
    }
}

/// Wherever a run breaks off, a person is told in the end, once.
#[tokio::test(start_paused = true)]
async fn somebody_is_told_whatever_breaks_off() {
    for fault in [Fault::CrashAfter, Fault::ReplyLost(Failure::Disconnected)] {
        for broken in (0..).step_by(3) {
            let scene = held_back().await;
            scene.wait(LATE_SECS - OVER_SECS).await;
            let calls = Arc::new(AtomicUsize::new(0));
            let seen = Arc::clone(&calls);
            scene.stage.cloud.services().set_faults(move |call: &Call<'_>| {
                let is_look = call.operation == "Query" && String::from_utf8_lossy(call.body).contains("SEG#");
                if !is_look && seen.fetch_add(1, Ordering::Relaxed) == broken { fault } else { Fault::Pass }
            });
            let _ = invocation(handle(&scene.deps(), asked())).await;
            scene.stage.cloud.services().set_faults(NoFaults);
            scene.run().await.unwrap();
            assert_eq!(told(&scene).await, [WAITS], "{fault:?} at {broken}");
            if calls.load(Ordering::Relaxed) <= broken {
                assert!(broken > 3, "a look needs more calls than {broken}");
                break;
            }
        }
    }
}
