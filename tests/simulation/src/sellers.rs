//! Operators who sell: they publish what opens, raise and lower quotas while it sells, two of them at once now and then, and send again what broke off.

use std::sync::Arc;
use std::time::Duration;

use domain::id::OpportunityId;
use domain::sacrifice::{Offering, Stock};
use serde_json::json;
use stage::event;
use testkit::chance::Chance;

use crate::app::{self, Reply};
use crate::offerings::Offered;
use crate::world::World;

const PUT: &str = "PUT /v1/sacrifice/offerings/{id}";
const ONE: &str = "GET /v1/sacrifice/offerings/{id}";
const ALL: &str = "GET /v1/sacrifice/offerings";

/// Seeds in a thousand in which a quota is changed; in half of them twice.
const CHANGES: u32 = 600;
/// How often the change that finishes an offering is sent at the end, when nothing is in its way.
const FINISHES: u32 = 3;

/// Sends the operators of a run about their work.
pub fn start(world: &Arc<World>) {
    for offered in world.sales.all.iter().filter(|offered| offered.opens) {
        world.send_out(publish(Arc::clone(world), offered.clone()));
    }
    let chance = Chance::seeded(world.plan.seed, "sellers");
    if world.sales.all.is_empty() {
        return;
    }
    let changes = if chance.happens(CHANGES) { 1 + chance.below(2) } else { 0 };
    for number in 0..changes {
        let chance = Chance::seeded(world.plan.seed, &format!("seller {number}"));
        world.send_out(change(Arc::clone(world), chance));
    }
    // Somebody looks at the whole list now and then.
    if chance.happens(120) {
        let (world_of_theirs, after) = (Arc::clone(world), Duration::from_millis(chance.below(240_000)));
        world.send_out(async move {
            tokio::time::sleep(after).await;
            list(&world_of_theirs, &chance).await;
        });
    }
}

/// Publishes what opens later, half a minute before at the least.
async fn publish(world: Arc<World>, Offered { offering, .. }: Offered) {
    let chance = Chance::seeded(world.plan.seed, &format!("publisher of {}", offering.id));
    tokio::time::sleep(Duration::from_millis(chance.below(5_000))).await;
    put(&world, &chance, "operator-1", &offering, offering.quota).await;
}

/// Raises or lowers a quota; in every third case another operator wants another quota at the same moment.
async fn change(world: Arc<World>, chance: Chance) {
    tokio::time::sleep(Duration::from_millis(20_000 + chance.below(280_000))).await;
    let Some(Offered { offering, .. }) = world.sales.chosen(&chance) else { return };
    let Ok(Some(stands)) = world.stage.table.offering(&offering.id).await else { return };
    let (one, other) = (another_quota(&stands, &chance), another_quota(&stands, &chance));
    world.trace.note("operator", || format!("{} of {} is to be {one}", stands.quota, stands.id));
    if chance.happens(300) {
        let others = Chance::seeded(world.plan.seed, &format!("another at {}", chance.uuid()));
        let one = put(&world, &chance, "operator-1", &stands, one);
        tokio::join!(one, put(&world, &others, "operator-2", &stands, other));
    } else {
        put(&world, &chance, "operator-1", &stands, one).await;
    }
}

/// Whole animals more or fewer, sometimes a lot of sheep.
fn another_quota(stands: &Offering, chance: &Chance) -> u32 {
    let animal = u32::from(stands.species.shares());
    let heads = if animal == 1 { [1, 2, 5, 16] } else { [1, 1, 1, 2] };
    let step = animal * heads[usize::try_from(chance.below(4)).unwrap_or(0)];
    if chance.happens(500) { stands.quota + step } else { stands.quota.saturating_sub(step).max(animal) }
}

/// An offering as an operator sends it, with this quota.
async fn put(world: &World, chance: &Chance, subject: &str, offering: &Offering, quota: u32) -> Reply {
    let day = offering.day.as_ref().map(|day| json!({"year": day.year, "day": day.day}));
    let body = json!({
        "rite": offering.rite.code(),
        "species": offering.species.code(),
        "price": offering.price_minor.to_string(),
        "place": {
            "name": offering.place.name,
            "country": offering.place.country.to_string(),
            "region": offering.place.region.map(|region| region.code()),
        },
        "day": day,
        "quota": quota,
        "opens_at": offering.opens_at.to_string(),
        "closes_at": offering.closes_at.to_string(),
        "wakala": offering.wakala,
        "methods": offering.methods,
        "brake": offering.fairness.attempts(),
    });
    let mut event = event::http(PUT, json!({"id": offering.id}), json!({}), &body.to_string());
    event["requestContext"]["authorizer"] = json!({"jwt": {"claims": {"sub": subject, "role": "operator"}, "scopes": null}});
    app::call(world, chance, "sacrifice", PUT, event).await
}

/// Somebody looks at an offering.
pub async fn look(world: &World, chance: &Chance, id: &OpportunityId) {
    app::call(world, chance, "sacrifice", ONE, event::http(ONE, json!({"id": id}), json!({}), "")).await;
}

async fn list(world: &World, chance: &Chance) {
    app::call(world, chance, "sacrifice", ALL, event::http(ALL, json!({}), json!({}), "")).await;
}

/// Sends again what broke off on the way: afterwards every offering is ready. Only once nothing is in the way.
///
/// # Errors
/// When the table cannot be read.
pub async fn finish(world: &World, wrong: &mut Vec<String>) -> anyhow::Result<()> {
    let chance = Chance::seeded(world.plan.seed, "finishing");
    for Offered { offering, .. } in &world.sales.all {
        for _ in 0..FINISHES {
            let stands = world.stage.table.offering(&offering.id).await?;
            match &stands {
                Some(stands) if stands.stock == Stock::Ready => break,
                Some(stands) => put(world, &chance, "operator-1", stands, stands.quota).await,
                None => put(world, &chance, "operator-1", offering, offering.quota).await,
            };
        }
        let stands = world.stage.table.offering(&offering.id).await?;
        if stands.is_none_or(|stands| stands.stock != Stock::Ready) {
            wrong.push(format!("{} cannot be finished", offering.id));
        }
    }
    Ok(())
}
