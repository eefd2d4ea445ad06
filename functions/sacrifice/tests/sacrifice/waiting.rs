//! The waiting room: numbers that nobody else has, in the order in which people came; and turns that come by the rate, whatever an operator changes.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use domain::id::OpportunityId;
use domain::moment::Moment;
use futures_util::future::join_all;
use platform::auth::{Admission, Ticket};
use sacrifice::Deps;
use serde_json::{Value, json};
use stage::event;
use testkit::chance::Chance;
use testkit::connector::invocation;
use testkit::faults::{Call, Fault, NoFaults, RandomFaults, Rates};

use crate::scene::{KEY, Scene, answer, offering};

const SHEEP: &str = "sheep-makkah";
const TAKE: &str = "POST /v1/sacrifice/offerings/{id}/tickets";
const SHOW: &str = "GET /v1/sacrifice/offerings/{id}/tickets/{ticket}";

/// Sheep that are sold after so many seconds, with a room of this rate and no brake to speak of.
fn sheep(scene: &Scene, opens_in: i64, rate: u32) -> Value {
    let mut body = offering("sheep", 200);
    body["opens_at"] = json!(scene.stage.now().plus_seconds(opens_in).to_string());
    body["waiting_room"] = json!({"rate": rate});
    body["brake"] = json!({"source": 1_000_000, "mobile": 10});
    body
}

async fn waiting_scene(opens_in: i64, rate: u32) -> (Scene, Value) {
    let scene = Scene::empty().await;
    let body = sheep(&scene, opens_in, rate);
    assert_eq!(scene.put(SHEEP, &body).await["statusCode"], 201);
    (scene, body)
}

fn taking(token: &str, number: usize) -> Value {
    let headers = json!({"guest-token": token, "idempotency-key": format!("{KEY}-{number}"), "accept-language": "en"});
    event::http(TAKE, json!({"id": SHEEP}), headers, "")
}

async fn show(deps: &Deps, ticket: &str) -> Value {
    answer(deps, event::http(SHOW, json!({"id": SHEEP, "ticket": ticket}), json!({"accept-language": "en"}), "")).await
}

fn number(answer: &Value) -> u64 {
    assert_eq!(answer["statusCode"], 201, "{answer}");
    answer["body"]["number"].as_u64().unwrap()
}

/// Counts the writes of the counter from now on.
fn counted(scene: &Scene, delays: Option<u64>) -> Arc<AtomicU64> {
    let (writes, seen) = (Arc::new(AtomicU64::new(0)), Arc::new(AtomicU64::new(0)));
    let chance = Chance::seeded(delays.unwrap_or(0), "delays");
    let count = Arc::clone(&writes);
    scene.stage.cloud.services().set_faults(move |call: &Call<'_>| {
        seen.fetch_add(1, Ordering::Relaxed);
        if call.is_write() && String::from_utf8_lossy(call.body).contains("ROOM#") {
            count.fetch_add(1, Ordering::Relaxed);
        }
        if delays.is_some() { Fault::Delay(Duration::from_millis(1 + chance.below(9))) } else { Fault::Pass }
    });
    writes
}

/// Twelve environments with forty takers each, in any order: no number twice, and whoever comes a second later comes after all of them.
#[tokio::test(start_paused = true)]
async fn numbers_are_given_once_and_in_the_order_of_seconds() {
    for seed in 0..4 {
        let (scene, _) = waiting_scene(600, 10).await;
        let (_, token) = scene.guest().await;
        let writes = counted(&scene, Some(seed));
        let environments: Vec<Deps> = (0..12).map(|_| scene.another()).collect();
        let (mut seen, mut last) = (BTreeSet::new(), 0);
        for round in 0..4 {
            let calls = environments.iter().enumerate().flat_map(|(place, deps)| {
                let token = &token;
                (0..10).map(move |n| answer(deps, taking(token, ((round * 12) + place) * 10 + n)))
            });
            let numbers: Vec<u64> = join_all(calls).await.iter().map(number).collect();
            assert!(numbers.iter().all(|number| seen.insert(*number)), "seed {seed}: a number was given twice");
            assert!(numbers.iter().all(|number| *number > last), "seed {seed}: {last} was given a second ago");
            last = *seen.last().unwrap();
            tokio::time::sleep(Duration::from_millis(1_000)).await;
        }
        assert_eq!(seen.len(), 480);
        let writes = writes.load(Ordering::Relaxed);
        assert!(writes <= 480 / 2, "seed {seed}: {writes} writes");
        assert!(last <= 960, "seed {seed}: {last} numbers for 480 tickets");
    }
}

/// Three thousand tickets from one environment within a second are a dozen writes; then people come one by one, and each has a write of their own.
#[tokio::test(start_paused = true)]
async fn thousands_of_tickets_are_a_few_writes() {
    let (scene, _) = waiting_scene(600, 10).await;
    let (_, token) = scene.guest().await;
    let writes = counted(&scene, None);
    for n in 0..3_000 {
        assert_eq!(number(&answer(&scene.deps, taking(&token, n)).await), n as u64 + 1);
    }
    let of_the_burst = writes.swap(0, Ordering::Relaxed);
    assert!(of_the_burst <= 13, "{of_the_burst} writes");
    for n in 0..5 {
        tokio::time::sleep(Duration::from_secs(20)).await;
        number(&answer(&scene.deps, taking(&token, 5_000 + n)).await);
    }
    assert_eq!(writes.load(Ordering::Relaxed), 5);
    assert!(scene.stage.table.tickets_taken(&SHEEP.parse().unwrap()).await.unwrap() < 4_200);
}

/// Crashes, throttles and lost answers while numbers are taken: some are lost, none is given twice.
#[tokio::test(start_paused = true)]
async fn no_number_is_given_twice_whatever_happens() {
    let rates = Rates {
        throttled: 100,
        failed: 50,
        reply_lost: 100,
        duplicated: 50,
        crash_before: 30,
        crash_after: 30,
        delayed: 200,
        longest_delay: Duration::from_millis(800),
        ..Rates::default()
    };
    for seed in 0..6 {
        let (scene, _) = waiting_scene(600, 10).await;
        let (_, token) = scene.guest().await;
        scene.stage.cloud.services().set_faults(RandomFaults::new(rates, seed));
        let given = Mutex::new(BTreeSet::new());
        let environments: Vec<Deps> = (0..6).map(|_| scene.another()).collect();
        let calls = (0..120).map(|n| {
            let (deps, token, given) = (&environments[n % 6], &token, &given);
            async move {
                tokio::time::sleep(Duration::from_millis(n as u64 * 37)).await;
                if let Ok(reply) = invocation(answer(deps, taking(token, n))).await {
                    assert!(reply["statusCode"] == 201 || reply["statusCode"] == 503, "{reply}");
                    if reply["statusCode"] == 201 {
                        assert!(given.lock().unwrap().insert(number(&reply)), "seed {seed}: twice {reply}");
                    }
                }
            }
        });
        join_all(calls).await;
        scene.stage.cloud.services().set_faults(NoFaults);
        assert!(given.lock().unwrap().len() > 40, "seed {seed}: hardly anybody was served");
    }
}

/// Everybody has taken a ticket before the hour. From then on so many are let in each second, in the order of their numbers, each for their own gift and for ten minutes; and however many
/// look, nothing is written and the offerings are read once a second.
#[tokio::test(start_paused = true)]
async fn turns_come_by_the_rate_and_a_look_writes_nothing() {
    let (scene, _) = waiting_scene(60, 10).await;
    let (caller, token) = scene.guest().await;
    let (ids, opens_at) = (scene.identifiers().await, scene.stage.now().plus_seconds(60));
    let mut tickets = Vec::new();
    for n in 0..60 {
        let taken = answer(&scene.deps, taking(&token, n)).await;
        let body = &taken["body"];
        assert_eq!((body["standing"].as_str(), body["ahead"].as_u64()), (Some("waiting"), Some(n as u64)));
        tickets.push(body["ticket"].as_str().unwrap().to_owned());
    }
    let calls = Arc::new(Mutex::new(Vec::new()));
    let seen = Arc::clone(&calls);
    scene.stage.cloud.services().set_faults(move |call: &Call<'_>| {
        seen.lock().unwrap().push(call.operation.to_owned());
        Fault::Pass
    });
    let sheep: OpportunityId = SHEEP.parse().unwrap();
    let mut seconds = 0;
    while scene.stage.now() < opens_at.plus_seconds(8) {
        let now = scene.stage.now();
        let allowed = u64::try_from(now.millis_since(opens_at)).unwrap_or(0) * 10 / 1_000;
        for (n, ticket) in tickets.iter().enumerate() {
            let shown = show(&scene.deps, ticket).await;
            let body = &shown["body"];
            let is_in = body["standing"] == "admitted";
            assert_eq!(is_in, (n as u64) < allowed, "{n} at {now}: {body}");
            if let Some(admission) = body["admission_token"].as_str() {
                let gift = ids.donation(&caller, &format!("{KEY}-{n}"));
                let ends = opens_at.plus_seconds(600).millis() + (n as i64 + 1) * 100;
                let judged = |gift, millis| ids.admits(admission, &sheep, &gift, Moment::from_millis(millis));
                assert_eq!(judged(gift, now.millis()), Admission::Serves);
                assert_eq!(judged(gift, ends), Admission::Over);
                assert_eq!(
                    judged(ids.donation(&caller, KEY), now.millis()),
                    Admission::Foreign,
                    "another gift of the same guest"
                );
            } else {
                let wait = body["wait_secs"].as_u64().unwrap();
                let looks_again = body["poll_after_secs"].as_u64().unwrap();
                assert!((2..=30).contains(&looks_again) && looks_again <= wait.max(2), "{body}");
            }
        }
        seconds += 1;
        tokio::time::sleep(Duration::from_secs(1)).await;
    }
    let calls = calls.lock().unwrap().clone();
    assert!(calls.iter().all(|operation| operation == "Query") && calls.len() <= seconds, "{calls:?}");
    scene.stage.clock.sleep(Duration::from_secs(600)).await;
    assert_eq!(show(&scene.deps, &tickets[0]).await["body"]["standing"], "over");
}

/// What each environment tells of each ticket.
async fn standings(deps: &Deps, tickets: &[String]) -> Vec<bool> {
    let mut told = Vec::new();
    for ticket in tickets {
        let shown = show(deps, ticket).await;
        told.push(shown["body"]["standing"] == "admitted");
    }
    told
}

/// An operator changes the rate again and again while two hundred wait: nobody who was let in is put back, the order stays, never are more let in than the fastest rate has it, and an
/// environment that has not heard of a change yet says the same as one that has.
#[tokio::test(start_paused = true)]
async fn a_rate_is_changed_while_people_wait() {
    let (scene, mut body) = waiting_scene(2, 20).await;
    let ids = scene.identifiers().await;
    let (caller, sheep) = (scene.guest().await.0, SHEEP.parse().unwrap());
    let ticket = |number| ids.ticket(&sheep, &Ticket { number, donation: ids.donation(&caller, &number.to_string()) });
    let tickets: Vec<String> = (1..=200).map(ticket).collect();
    let environments = [scene.another(), scene.another()];
    let mut before = 0;
    for step in 0..100_u32 {
        if step % 13 == 12 {
            body["waiting_room"]["rate"] = json!([3, 50, 1, 20][(step / 13) as usize % 4]);
            assert_eq!(scene.put(SHEEP, &body).await["statusCode"], 200);
        }
        let deps = &environments[(step % 2) as usize];
        let told = standings(deps, &tickets).await;
        let now = told.iter().take_while(|is_in| **is_in).count();
        assert!(told[now..].iter().all(|is_in| !is_in), "step {step}: the order of numbers stays");
        assert!(now >= before, "step {step}: {before} were in, and now {now}");
        assert!(now - before <= 50 * 200 / 1_000 + 1, "step {step}: {before} and then {now}");
        let other = standings(&environments[1 - (step % 2) as usize], &tickets).await;
        assert_eq!(told, other, "step {step}: all environments agree");
        before = now;
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
    assert!(before > 60, "{before}");
}

#[tokio::test(start_paused = true)]
async fn a_room_that_is_switched_off_and_on_again_lets_those_of_before_in_first() {
    let (scene, mut body) = waiting_scene(-60, 1).await;
    let (_, token) = scene.guest().await;
    let mut tickets = Vec::new();
    for n in 0..50 {
        let taken = answer(&scene.deps, taking(&token, n)).await;
        tickets.push(taken["body"]["ticket"].as_str().unwrap().to_owned());
    }
    assert_eq!(show(&scene.deps, &tickets[49]).await["body"]["standing"], "waiting");
    let room = body.as_object_mut().unwrap().remove("waiting_room").unwrap();
    assert_eq!(scene.put(SHEEP, &body).await["statusCode"], 200);
    for reply in [show(&scene.deps, &tickets[49]).await, answer(&scene.deps, taking(&token, 60)).await] {
        assert_eq!((&reply["statusCode"], &reply["body"]["code"]), (&json!(409), &json!("no_waiting_room")));
    }
    body["waiting_room"] = room;
    assert_eq!(scene.put(SHEEP, &body).await["statusCode"], 200);
    assert_eq!(show(&scene.deps, &tickets[49]).await["body"]["standing"], "admitted");
    tokio::time::sleep(Duration::from_secs(2)).await;
    let late = answer(&scene.deps, taking(&token, 61)).await;
    assert!(number(&late) > 50);
}

/// Tickets are braked by their source: turns that nobody uses keep others waiting.
#[tokio::test(start_paused = true)]
async fn who_takes_tickets_without_end_is_braked() {
    let (scene, mut body) = waiting_scene(600, 10).await;
    body["brake"] = json!({"source": 20, "mobile": 10});
    assert_eq!(scene.put(SHEEP, &body).await["statusCode"], 200);
    let (_, token) = scene.guest().await;
    let mut statuses = Vec::new();
    for n in 0..25 {
        statuses.push(answer(&scene.deps, taking(&token, n)).await["statusCode"].as_i64().unwrap());
    }
    assert_eq!(statuses.iter().filter(|status| **status == 201).count(), 20, "{statuses:?}");
    let braked = answer(&scene.deps, taking(&token, 30)).await;
    assert_eq!((&braked["statusCode"], &braked["body"]["code"]), (&json!(429), &json!("slow_down")));
    assert!(braked["headers"]["retry-after"].is_string(), "{braked}");
    let ticket = answer(&scene.deps, taking(&token, 0)).await;
    assert_eq!(ticket["statusCode"], 429, "asked for again it would be another ticket");
    tokio::time::sleep(Duration::from_secs(60)).await;
    number(&answer(&scene.deps, taking(&token, 31)).await);
}
