//! What EventBridge Scheduler has reconciliation do: the provider's list, the bank's documents, the sealed day.

use std::sync::Arc;
use std::time::Duration;

use reconciliation::minutes::GRACE_SECS;
use serde_json::{Value, json};
use testkit::chance::Chance;

use crate::clerks;
use crate::days;
use crate::environment::Environment;
use crate::world::{SKEW, World};

/// Between two looks at the provider's list.
const LIST: Duration = Duration::from_secs(300);
/// Between two looks for documents of the bank.
const BANK: Duration = Duration::from_secs(900);
/// Looks for them at the end, when nothing is in the way: one takes them all up, and one finds that nothing is left.
const LAST_LOOKS: u32 = 2;

/// Runs until the world ends.
pub fn start(world: &Arc<World>) {
    tokio::task::spawn_local(list(Arc::clone(world)));
    tokio::task::spawn_local(bank(Arc::clone(world)));
    tokio::task::spawn_local(days::schedule(Arc::clone(world)));
}

/// One run; none when it broke off.
pub async fn run(world: &World, event: Value) -> Option<Value> {
    let environment = world.platform("reconciliation").and_then(|platform| Environment::start("reconciliation", &platform));
    world.invoke("reconciliation", &environment.ok()?, event).await.ok()?.ok()
}

async fn list(world: Arc<World>) {
    loop {
        tokio::time::sleep(LIST).await;
        let _the_next_run_goes_on_from_there = compare(&world).await;
    }
}

/// The bank's documents, from some time in the first minutes on.
async fn bank(world: Arc<World>) {
    let chance = Chance::seeded(world.plan.seed, "the bank's schedule");
    tokio::time::sleep(Duration::from_secs(30 + chance.below(400))).await;
    loop {
        run(&world, json!({"compare": "bank"})).await;
        clerks::look(&world).await;
        tokio::time::sleep(BANK).await;
    }
}

/// How many payments the books lacked; none when the run broke off.
async fn compare(world: &World) -> Option<u64> {
    run(world, json!({"compare": "payments"})).await?["missed"].as_u64()
}

/// Webhooks that never came are found once their time is over, and documents that came last are taken up.
pub async fn make_up_for_what_was_lost(world: &Arc<World>, wrong: &mut Vec<String>) {
    tokio::time::sleep(Duration::from_secs(GRACE_SECS.unsigned_abs()) + Duration::from_millis(2 * SKEW)).await;
    let mut broke_off = compare(world).await.is_none();
    for _ in 0..LAST_LOOKS {
        broke_off |= run(world, json!({"compare": "bank"})).await.is_none();
    }
    clerks::look(world).await;
    if broke_off {
        wrong.push("reconciliation broke off, and nothing was in its way".to_owned());
    }
}

/// Once everything is at rest the books lack nothing of what the provider's list tells.
pub async fn nothing_is_missing(world: &World, wrong: &mut Vec<String>) {
    match compare(world).await {
        Some(0) => {}
        Some(missed) => wrong.push(format!("reconciliation still misses {missed} payments")),
        None => wrong.push("reconciliation broke off, and nothing was in its way".to_owned()),
    }
}
