//! Operators: whatever breaks off, is lost, comes twice or meets another, no escrow ever grants more than the target that stands, and the
//! same change sent again makes everything right.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use catalogue::Deps;
use domain::cap;
use domain::donation::HoldPart;
use domain::id::DonationId;
use domain::money::Money;
use serde_json::{Value, json};
use stage::Options;
use testkit::chance::Chance;
use testkit::connector::invocation;
use testkit::faults::{Call, Failure, Fault, NoFaults};

use crate::scene::{Scene, answer, operators, wells};

const PUT: &str = "PUT /v1/opportunities/{id}";
const ID: &str = "wells-jazan";

/// A first target, what is claimed of it, and another one. Shards: 16 from SAR 16,000 on, one for each SAR 1,000 below.
const CHANGES: [(Option<&str>, u64, &str); 5] = [
    (None, 0, "2500.00"),
    (Some("2500.00"), 900, "50000.00"),
    (Some("50000.00"), 13_000, "20000.00"),
    (Some("50000.00"), 4_000, "4500.00"),
    (Some("5000.00"), 5_000, "6000.00"),
];

async fn scene(first: Option<&str>, claimed_riyals: u64) -> Scene {
    let scene = Scene::empty(Options::default()).await;
    let charity = json!({"name": {"ar": "جمعية البر", "en": "Birr"}, "licence": "1093", "region": "SA-09"});
    assert_eq!(scene.put("PUT /v1/charities/{id}", "birr-jazan", &charity).await["statusCode"], 201);
    if let Some(target) = first {
        assert_eq!(scene.put(PUT, ID, &wells(target)).await["statusCode"], 201);
        scene.claim(ID, Money::from_riyals(claimed_riyals).unwrap()).await;
    }
    scene
}

fn environment(scene: &Scene) -> Deps {
    Deps::new(&scene.stage.platform("catalogue").unwrap()).unwrap()
}

/// What holds at every moment: nothing is granted beyond the target that stands, and nothing taken beyond what is granted.
async fn holds_always(scene: &Scene) {
    let standing = scene.stage.table.opportunity(&ID.parse().unwrap()).await.unwrap();
    let target = standing.and_then(|opportunity| opportunity.target_minor).unwrap_or(Money::ZERO);
    let granted = scene.granted(ID).await;
    assert!(granted <= target, "{granted} granted of a target of {target}");
    for shard in scene.escrow(ID).await {
        let claimed: u64 = shard.claims.values().sum();
        assert_eq!(shard.granted_minor.halalas(), shard.free_minor.halalas() + claimed, "shard {}", shard.shard);
    }
}

/// What holds when a change is done.
async fn holds_at_rest(scene: &Scene, target: Money) {
    holds_always(scene).await;
    assert_eq!(scene.granted(ID).await, target);
    let hidden = scene.escrow(ID).await.into_iter().filter(|shard| shard.shard >= cap::shards(target));
    assert!(hidden.into_iter().all(|shard| shard.free_minor.is_zero()), "money lies where no donation looks");
}

/// A fault at one call of the table's, and only there.
fn at_call(number: usize, fault: Fault) -> (Arc<AtomicUsize>, impl Fn(&Call<'_>) -> Fault) {
    let calls = Arc::new(AtomicUsize::new(0));
    let seen = Arc::clone(&calls);
    let decide = move |_: &Call<'_>| if seen.fetch_add(1, Ordering::Relaxed) == number { fault } else { Fault::Pass };
    (calls, decide)
}

/// Tries the change with a fault at its first call, its second, and so on to the last; after each the same change is sent again.
async fn with_a_fault_anywhere(fault: Fault, first: Option<&str>, claimed: u64, then: &str) {
    for number in 0.. {
        let scene = scene(first, claimed).await;
        let (calls, decide) = at_call(number, fault);
        scene.stage.cloud.services().set_faults(decide);
        let put = operators(PUT, ID, &wells(then), json!({}));
        let outcome = invocation(answer(&environment(&scene), put)).await;
        scene.stage.cloud.services().set_faults(NoFaults);
        holds_always(&scene).await;
        if let Ok(told) = &outcome {
            let status = told["statusCode"].as_i64().unwrap();
            assert!([200, 201, 503].contains(&status), "{fault:?} at {number}: {told}");
        }
        let again = answer(&environment(&scene), operators(PUT, ID, &wells(then), json!({}))).await;
        assert!([200, 201].map(|status| json!(status)).contains(&again["statusCode"]), "{fault:?} at {number}: {again}");
        assert_eq!(again["body"]["target"], then);
        assert_eq!(again["body"]["standing"], "open");
        holds_at_rest(&scene, then.parse().unwrap()).await;
        if calls.load(Ordering::Relaxed) <= number {
            assert!(number > 20, "a change makes more calls than {number}");
            return;
        }
    }
}

/// After each call, which is before the next one too.
#[tokio::test(start_paused = true)]
async fn a_change_may_break_off_anywhere() {
    for (first, claimed, then) in CHANGES {
        with_a_fault_anywhere(Fault::CrashAfter, first, claimed, then).await;
    }
}

#[tokio::test(start_paused = true)]
async fn any_answer_may_be_lost() {
    for (first, claimed, then) in [CHANGES[0], CHANGES[3]] {
        with_a_fault_anywhere(Fault::ReplyLost(Failure::Disconnected), first, claimed, then).await;
    }
}

#[tokio::test(start_paused = true)]
async fn any_call_may_be_made_twice() {
    for (first, claimed, then) in [CHANGES[1], CHANGES[3]] {
        with_a_fault_anywhere(Fault::Duplicate, first, claimed, then).await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_change_that_cannot_be_written_down_is_not_made() {
    let scene = scene(Some("2500.00"), 0).await;
    scene.stage.cloud.services().set_faults(|call: &Call<'_>| {
        let is_log = String::from_utf8_lossy(call.body).contains("OPS#");
        if is_log { Fault::Before(Failure::Internal) } else { Fault::Pass }
    });
    let before = scene.standing().await;
    assert_eq!(scene.put(PUT, ID, &wells("5000.00")).await["statusCode"], 503);
    assert_eq!(scene.standing().await, before);
}

/// Gives every call a delay of its own, so that callers meet in another order for each seed.
fn shuffled(scene: &Scene, seed: u64) {
    let chance = Chance::seeded(seed, "delays");
    let delay = move |_: &Call<'_>| Fault::Delay(Duration::from_millis(1 + chance.below(9)));
    scene.stage.cloud.services().set_faults(delay);
}

/// Looks at what holds always, every millisecond, until the others are done.
async fn while_watched<T>(scene: &Scene, others: impl Future<Output = T>) -> T {
    let watch = async {
        loop {
            holds_always(scene).await;
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    };
    tokio::select! {
        done = others => done,
        () = watch => unreachable!("the watch never ends"),
    }
}

#[tokio::test(start_paused = true)]
async fn operators_who_meet_leave_one_target_and_its_escrow() {
    let mut outcomes = std::collections::BTreeSet::new();
    for seed in 0..24 {
        let scene = scene(Some("20000.00"), 1_000).await;
        shuffled(&scene, seed);
        let targets = ["40000.00", "5000.00", "20000.00"];
        let environments: Vec<Deps> = targets.iter().map(|_| environment(&scene)).collect();
        let puts = targets.iter().zip(&environments).enumerate().map(|(order, (target, deps))| async move {
            tokio::time::sleep(Duration::from_millis(order as u64 * (seed % 20))).await;
            answer(deps, operators(PUT, ID, &wells(target), json!({}))).await
        });
        let answers = while_watched(&scene, futures_util::future::join_all(puts)).await;
        let statuses: Vec<i64> = answers.iter().map(|answer| answer["statusCode"].as_i64().unwrap()).collect();
        for answer in &answers {
            let overtaken = answer["statusCode"] == 409 && answer["body"]["code"] == "changed_meanwhile";
            assert!(answer["statusCode"] == 200 || overtaken, "seed {seed}: {answer}");
        }
        let standing = scene.stage.table.opportunity(&ID.parse().unwrap()).await.unwrap().unwrap();
        holds_at_rest(&scene, standing.target_minor.unwrap()).await;
        outcomes.insert(statuses);
    }
    assert!(outcomes.len() > 2, "the operators hardly met: {outcomes:?}");
}

/// Donors who claim what they can, a little at a time.
async fn donors(scene: &Scene, seed: u64, gifts: u64) -> u64 {
    let chance = Chance::seeded(seed, "donors");
    let mut claimed = 0;
    for gift in 0..gifts {
        tokio::time::sleep(Duration::from_millis(chance.below(4))).await;
        let amount = Money::from_riyals(1 + chance.below(60)).unwrap();
        let shards: Vec<_> = scene.escrow(ID).await.iter().map(platform::table::Escrow::shard).collect();
        let Ok(parts) = cap::plan(&shards, amount, gift as usize) else { continue };
        for (shard, amount_minor) in parts {
            let part = HoldPart { opportunity: ID.parse().unwrap(), shard, amount_minor };
            let mut id = [1; 16];
            id[..8].copy_from_slice(&gift.to_be_bytes());
            let held = scene.stage.claim(DonationId::from_bytes(id), &part).await.unwrap();
            claimed += if held == platform::table::Claiming::Held { amount_minor.halalas() } else { 0 };
        }
    }
    claimed
}

#[tokio::test(start_paused = true)]
async fn a_target_is_lowered_against_gifts_or_refused_with_what_is_taken() {
    let (mut lowered, mut refused) = (0, 0);
    for seed in 0..24 {
        let scene = scene(Some("3000.00"), 0).await;
        shuffled(&scene, seed);
        let deps = environment(&scene);
        let lowering = async {
            tokio::time::sleep(Duration::from_millis(seed)).await;
            answer(&deps, operators(PUT, ID, &wells("1500.00"), json!({"accept-language": "en"}))).await
        };
        let both = async { tokio::join!(lowering, donors(&scene, seed, 80)) };
        let (told, claimed) = while_watched(&scene, both).await;
        let claimed = Money::from_halalas(claimed).unwrap();
        let target = match told["statusCode"].as_i64() {
            Some(200) => {
                lowered += 1;
                Money::from_riyals(1_500).unwrap()
            }
            _ => {
                refused += 1;
                assert_eq!(
                    (&told["statusCode"], &told["body"]["code"]),
                    (&json!(409), &json!("target_below_taken")),
                    "{told}"
                );
                assert!(told["body"]["detail"].as_str().unwrap().ends_with("SAR"));
                Money::from_riyals(3_000).unwrap()
            }
        };
        assert!(claimed <= target, "seed {seed}: {claimed} of {target}");
        holds_at_rest(&scene, target).await;
    }
    assert!(lowered > 0 && refused > 0, "{lowered} lowered, {refused} refused: the race is not a race");
}

#[tokio::test(start_paused = true)]
async fn an_operator_who_has_not_seen_the_latest_is_told() {
    let scene = scene(Some("2500.00"), 0).await;
    let seen = scene.get("/v1/opportunities/{id}", ID, json!({}), json!({})).await["headers"]["etag"].clone();
    let change = |headers: Value| operators(PUT, ID, &wells("3000.00"), headers);
    assert_eq!(answer(&scene.deps, change(json!({"if-match": seen}))).await["statusCode"], 200);
    let told = answer(&scene.deps, change(json!({"if-match": seen}))).await;
    assert_eq!((&told["statusCode"], &told["body"]["code"]), (&json!(412), &json!("precondition_failed")));
    let latest = scene.get("/v1/opportunities/{id}", ID, json!({}), json!({})).await["headers"]["etag"].clone();
    assert_eq!(answer(&scene.deps, change(json!({"if-match": latest}))).await["statusCode"], 200);
}

#[tokio::test(start_paused = true)]
async fn a_body_beyond_what_is_read_is_refused() {
    let scene = scene(Some("2500.00"), 0).await;
    let large = json!("x".repeat(platform::http::MOST_BODY_BYTES));
    assert_eq!(scene.put(PUT, ID, &large).await["statusCode"], 413);
}
