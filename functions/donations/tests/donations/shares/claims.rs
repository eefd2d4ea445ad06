//! One gift of shares, and what may happen to it.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use domain::donation::State;
use domain::sacrifice::Species;
use futures_util::future::join_all;
use testkit::connector::invocation;
use testkit::faults::{Call, Failure, Fault, Faults, NoFaults};

use super::{CAMELS, Calls, MOBILE, admission, claimed, limited, lots, offer, request, shares_of, shuffle, used, with_room};
use crate::scene::{KEY, Reply, Scene, call, run};

/// The one call that fails, by its number. A look asks every segment at once: of its queries the first stands for all.
pub struct Once {
    pub seen: AtomicUsize,
    pub has_looked: AtomicBool,
    pub at: usize,
    pub fault: Fault,
}

impl Faults for Once {
    fn decide(&self, call: &Call<'_>) -> Fault {
        if call.operation == "Query" && self.has_looked.swap(true, Ordering::Relaxed) {
            return Fault::Pass;
        }
        if self.seen.fetch_add(1, Ordering::Relaxed) == self.at { self.fault } else { Fault::Pass }
    }
}

/// With a limit and a waiting room, so that everything there is is called.
async fn fair_scene() -> (Scene, String) {
    let scene = Scene::bare().await;
    let fairness = domain::sacrifice::Fairness { room: with_room(&scene).room, ..limited(7) };
    offer(&scene, CAMELS, Species::Camel, 14, fairness).await;
    let token = admission(&scene, CAMELS, KEY, scene.stage.now().plus_seconds(600)).await;
    (scene, token)
}

#[test]
fn whatever_call_of_a_gift_of_shares_fails_the_same_request_goes_on() {
    let faults = [
        Fault::CrashBefore,
        Fault::CrashAfter,
        Fault::Before(Failure::Throttled),
        Fault::Before(Failure::Conflict),
        Fault::Before(Failure::Disconnected),
        Fault::ReplyLost(Failure::Disconnected),
        Fault::Duplicate,
    ];
    for fault in faults {
        for at in 0.. {
            let (was_met, asked_for) = (AtomicBool::new(false), format!("{fault:?} at {at}"));
            run(async {
                let (scene, token) = fair_scene().await;
                let event = request(&scene, KEY, &shares_of(CAMELS, 2, MOBILE), &[("admission-token", &token)]);
                let once =
                    std::sync::Arc::new(Once { seen: AtomicUsize::new(0), has_looked: AtomicBool::new(false), at, fault });
                let hook = std::sync::Arc::clone(&once);
                scene.stage.cloud.services().set_faults(move |call: &Call<'_>| hook.decide(call));
                if let Ok(reply) = invocation(call(&scene.another(), event.clone())).await {
                    assert!(matches!(reply.status, 201 | 503), "{asked_for}: {}", reply.body);
                }
                was_met.store(once.seen.load(Ordering::Relaxed) > at, Ordering::Relaxed);
                scene.stage.cloud.services().set_faults(NoFaults);
                let again = call(&scene.another(), event).await;
                assert_eq!(again.status, 201, "{asked_for}: {}", again.body);
                assert!(again.body["checkout_url"].is_string(), "{asked_for}: {}", again.body);
                holds_exactly(&scene, &again, 2, &asked_for).await;
            });
            if !was_met.load(Ordering::Relaxed) {
                assert!(at > 12, "a gift of shares has more calls than {at}");
                break;
            }
        }
    }
}

/// One claim, on the lot that is named, and as many counted.
async fn holds_exactly(scene: &Scene, reply: &Reply, shares: u8, context: &str) {
    let donation = scene.donation(reply.body["id"].as_str().unwrap()).await.unwrap();
    let named = donation.reservation.clone().unwrap();
    let lots = lots(scene, CAMELS).await;
    assert_eq!(claimed(&lots), u32::from(shares), "{context}: {lots:?}");
    let claim = lots.iter().find(|lot| lot.lot == named.lot).and_then(|lot| lot.claims.get(&donation.id));
    assert!(claim.is_some_and(|claim| claim.holds(shares, donation.expires_at)), "{context}: {claim:?}");
    assert_eq!(used(scene).await, [u32::from(shares)], "{context}");
}

#[test]
fn fifty_posts_of_one_key_are_one_claim() {
    for seed in 0..2 {
        run(async {
            let (scene, token) = fair_scene().await;
            let event = request(&scene, KEY, &shares_of(CAMELS, 3, MOBILE), &[("admission-token", &token)]);
            shuffle(&scene, seed);
            let environments: Vec<_> = (0..50).map(|_| scene.another()).collect();
            let replies = join_all(environments.iter().map(|deps| call(deps, event.clone()))).await;
            let made: Vec<&Reply> = replies.iter().filter(|reply| reply.status == 201).collect();
            assert!(!made.is_empty() && made.iter().all(|reply| reply.body["id"] == made[0].body["id"]));
            assert!(replies.iter().all(|reply| matches!(reply.status, 201 | 503)));
            let first = made.iter().filter(|reply| reply.headers["idempotent-replayed"].is_null()).count();
            assert!(first <= 1, "{first} were first");
            holds_exactly(&scene, made[0], 3, &format!("seed {seed}")).await;
        });
    }
}

/// Whatever became of the gift: the same request again reads, and writes nothing, sends nothing, is counted nowhere and needs no admission that still serves.
#[test]
fn a_retry_costs_nothing() {
    run(async {
        let (scene, token) = fair_scene().await;
        let event = request(&scene, KEY, &shares_of(CAMELS, 2, MOBILE), &[("admission-token", &token)]);
        let made = call(&scene.deps, event.clone()).await;
        assert_eq!(made.status, 201, "{}", made.body);
        let id = made.body["id"].as_str().unwrap();
        let paid = State::Settled { settled_by: scene.paid() };
        let standing =
            [("awaiting", None), ("cancelled", Some(State::Cancelled)), ("settled", Some(paid)), ("expired", None)];
        for (state, to) in standing {
            if let Some(to) = to {
                assert!(scene.stage.table.move_donation(&scene.donation(id).await.unwrap(), &to).await.unwrap());
            }
            if state == "expired" {
                let settled = scene.donation(id).await.unwrap();
                assert!(scene.stage.table.move_donation(&settled, &State::Awaiting).await.unwrap());
                scene.stage.clock.sleep(Duration::from_secs(901)).await;
            }
            let calls = Calls::watch(&scene);
            let before = scene.stage.cloud.services().dynamo.usage();
            for deps in [&scene.deps, &scene.another()] {
                let again = call(deps, event.clone()).await;
                assert_eq!((again.status, again.body["state"].as_str()), (201, Some(state)), "{}", again.body);
                assert_eq!(again.headers["idempotent-replayed"], "true");
                assert_eq!(again.body["checkout_url"].is_string(), state == "awaiting");
            }
            let cost = scene.stage.cloud.services().dynamo.usage().since(&before).total();
            assert_eq!((cost.write_units, cost.refused_write_units), (0, 0), "{state}");
            let calls = calls.take();
            assert!(calls.iter().all(|call| call.starts_with("GetItem") || call.starts_with("BatchGetItem")), "{calls:?}");
            let most = if state == "awaiting" { 8 } else { 2 };
            assert!(calls.len() <= most, "{state}: {calls:?}");
        }
        let attempt = scene
            .hold(
                "POST /v1/donations/{id}/attempts",
                id,
                made.body["access_token"].as_str().unwrap(),
                &serde_json::json!({"after": 0}),
            )
            .await;
        assert_eq!((attempt.status, attempt.body["code"].as_str()), (409, Some("expired")), "{}", attempt.body);
    });
}

/// What a gift writes: itself, a message, the allowance where there is a limit, the claim; nothing else.
#[test]
fn a_gift_of_shares_writes_what_it_must_and_nothing_else() {
    run(async {
        let scene = Scene::bare().await;
        offer(&scene, CAMELS, Species::Camel, 14, domain::sacrifice::Fairness::default()).await;
        offer(&scene, "sheep-makkah", Species::Sheep, 16, limited(5)).await;
        for (number, (id, allowance)) in
            [(CAMELS, None), ("sheep-makkah", Some("write: PutItem GIVER#"))].into_iter().enumerate()
        {
            let calls = Calls::watch(&scene);
            let reply = scene.give(&super::key(number), &shares_of(id, 1, MOBILE)).await;
            assert_eq!(reply.status, 201, "{}", reply.body);
            let writes: Vec<String> =
                calls.writes().into_iter().filter(|call| !call.contains("UpdateItem") || call.contains('#')).collect();
            let first = ["write: PutItem DON#", "write: SendMessage"].map(str::to_owned);
            let rest = allowance.into_iter().chain(["write: UpdateItem SEG#"]).map(str::to_owned);
            assert_eq!(writes, first.into_iter().chain(rest).collect::<Vec<_>>(), "{id}");
        }
        assert!(scene.stage.items("BRAKE#").await.unwrap().is_empty(), "whoever tries like a person is counted nowhere");
    });
}
