//! The close of what was sold: when all sales are over, `execution` fills their animals, with faults again at every call and two runs at a time.
//!
//! What is held against it: every confirmed share has its animal, and all animals are full; each gift that stands has its shares just where it says, as many as it pays for; nothing is free or held any more;
//! what the platform took itself is less than an animal for each sale. It is booked once a list is out, and no list is played here.

use std::sync::Arc;
use std::time::Duration;

use domain::donation::Donation;
use domain::sacrifice::close::is_packed;
use domain::sacrifice::reservation::HOLD_SECS;
use domain::sacrifice::{Lot, Offering, Stage};
use serde_json::{Value, json};

use crate::checks::cases::Cases;
use crate::checks::lots::{Sold, each_share_has_its_line};
use crate::environment::Environment;
use crate::world::{SKEW, World};

/// Rounds with faults, each of two runs at once.
const STORMY: u32 = 4;
/// Rounds without; the first one that finds everything packed is the last.
const CALM: u32 = 6;
/// Between two rounds, as the schedule has it.
const QUARTER: Duration = Duration::from_secs(900);

/// Closes everything that was sold, and looks at it; gives back how many shares the platform took itself.
///
/// # Errors
/// When the function cannot be started, or the table cannot be read.
pub async fn close_sales(world: &Arc<World>, wrong: &mut Vec<String>) -> anyhow::Result<u64> {
    let offerings = world.stage.table.offerings().await?;
    let Some(over) = offerings.iter().map(Offering::holds_end).max() else { return Ok(0) };
    // By whichever clock, the last hold has ended then.
    let over = over.plus_seconds(HOLD_SECS).millis() + i64::try_from(2 * SKEW).unwrap_or(0);
    if let Ok(left @ 1..) = u64::try_from(over - world.stage.now().millis()) {
        world.stage.clock.skip(Duration::from_millis(left));
    }
    world.trace.storm_again();
    for _ in 0..STORMY {
        let (_one, _other) = tokio::join!(run(world), run(world));
        tokio::time::sleep(QUARTER).await;
    }
    world.trace.calm();
    for _ in 0..CALM {
        if let Err(error) = run(world).await {
            wrong.push(format!("execution failed, and nothing was in its way: {error}"));
        }
        let offerings = world.stage.table.offerings().await?;
        if offerings.iter().all(|offering| offering.stage == Stage::Packed) {
            return check(world, &offerings, wrong).await;
        }
        tokio::time::sleep(QUARTER).await;
    }
    let left = world.stage.table.offerings().await?;
    let left = left.iter().filter(|offering| offering.stage != Stage::Packed);
    wrong.extend(left.map(|offering| format!("{} is {:?} long after its close", offering.id, offering.stage)));
    Ok(0)
}

async fn run(world: &World) -> anyhow::Result<Value> {
    let environment = Environment::start("execution", &world.platform("execution")?)?;
    let event = json!({"time": world.stage.now().to_string()});
    world.invoke("execution", &environment, event).await.map_err(|_| anyhow::anyhow!("it was killed"))?
}

async fn check(world: &World, offerings: &[Offering], wrong: &mut Vec<String>) -> anyhow::Result<u64> {
    let mut sold: Vec<Sold> = Vec::new();
    for offering in offerings {
        let lots = world.stage.table.all_lots(&offering.id).await?;
        if lots != world.sale.lots(&offering.id) {
            wrong.push(format!("after the close the lots of {} are not what was seen of them", offering.id));
        }
        sold.push((offering.clone(), lots));
    }
    let mut ids = world.made();
    ids.extend(sold.iter().flat_map(|(_, lots)| lots).flat_map(|lot| lot.claims.keys().copied()));
    ids.sort_unstable();
    ids.dedup();
    let donations: Vec<Donation> = world.stage.table.donations(&ids).await?;
    let cases = Cases::read(world).await?;
    packed(&sold, wrong);
    each_share_has_its_line(&sold, &donations, |id| cases.of("shares_missing", &id.to_string()), wrong);
    let own = |lots: &[Lot]| lots.iter().map(|lot| u64::from(lot.own)).sum::<u64>();
    Ok(sold.iter().map(|(_, lots)| own(lots)).sum())
}

fn packed(sold: &[Sold], wrong: &mut Vec<String>) {
    for (offering, lots) in sold {
        let (id, species) = (&offering.id, offering.species);
        if !is_packed(lots, species) {
            wrong.push(format!("{id} is called packed, and it is not: {lots:?}"));
        }
        let own: u32 = lots.iter().map(|lot| u32::from(lot.own)).sum();
        if own >= u32::from(species.shares()) {
            wrong.push(format!("the platform took {own} shares of {id}, a whole animal or more"));
        }
        wrong.extend(lots.iter().filter(|lot| !lot.is_whole()).map(|lot| format!("lot {} of {id} is not whole", lot.lot)));
    }
}
