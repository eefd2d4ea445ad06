//! A load of gifts through the whole path: posted to the gateway, paid at the provider, settled and folded.
//!
//! **Open loop.** Gift number n is posted n/R seconds after the start, whether or not earlier ones were answered; its latency
//! counts from then, so a stall is seen by all who would have waited in it. Each is paid through the provider's control API as soon as its
//! checkout is there. Opportunities are drawn by Zipf's law with exponent 1, from a seed.
//!
//! **What is measured.** `settle` is from just before the payment to the end of the settlement invocation whose answer does not name
//! the message as failed: commit and publication included. Units and calls are the emulators' own counts over the run, from the first
//! post until the totals have come to the end of the journal, so that intake, pages and totals are all in them; units of refused writes
//! are in `write_units_per_settled` too, as they are billed. Looking is left out: the journal is read only after the counts are taken.
//!
//! **Disturbances**, if they are asked for: webhooks that come twice or never, and invocations of functions behind queues that die between two of their calls. Afterwards
//! the clock goes forward until what was in hand is in view again and reconciliation has found what never came.
//!
//! **Bounds.** N gifts, the time that they take at rate R, and two minutes for the rest to come to rest; then it ends by itself, and what is not
//! settled is `lost`. Statistics are in whole numbers: microseconds, and thousandths where a figure has a fraction.

mod figures;
mod plan;
mod tally;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use moyasar_sandbox::{Deed, Mischief};
use serde_json::json;
use testkit::Clock;
use tokio::task::JoinSet;
use tokio::time::Instant;

use crate::giving::{Giver, Givers, GivingError};
use crate::proof::{self, Proof};
use crate::seed::{self, SeedError};
use crate::stack::{Inside, Local, Options, StartError};
pub use figures::{Done, Figures};
use plan::{Plan, Planned};
use tally::Tally;

/// How long the last gifts may take to be settled and folded.
const REST: Duration = Duration::from_secs(120);
/// How long nothing is settled before the clock goes forward, in a load that is disturbed.
const STILL: Duration = Duration::from_secs(5);
/// By how much it goes: longer than a queue hides a message that was in hand, and longer than reconciliation leaves a payment to its webhook.
const SKIP: Duration = Duration::from_secs(370);
/// By how much it goes in all, at most.
const MOST_SKIPPED: Duration = Duration::from_secs(3 * 3_600);
/// The provider draws its mischief in parts of ten thousand: so many millionths are one of them.
const ODDS: u32 = 100;
/// Guests who give: tokens cost a call each and nothing else, so a few serve for all.
const GUESTS: usize = 32;

/// What to do.
#[derive(Debug, Clone)]
pub struct Order {
    /// How many gifts.
    pub gifts: u64,
    /// How many are posted a second.
    pub rate: u64,
    /// Over how many opportunities.
    pub opportunities: u64,
    /// How many gifts in a hundred go to capped opportunities.
    pub capped_percent: u64,
    /// Of a million webhooks, how many come twice.
    pub duplicated_per_million: u32,
    /// Of a million webhooks, how many never come.
    pub lost_per_million: u32,
    /// Of a million calls of functions behind queues, after how many the invocation dies.
    pub crashed_per_million: u32,
    /// Seeds who gives what to whom.
    pub seed: u64,
    /// Where the figures go.
    pub json: Option<PathBuf>,
}

/// The load could not be run to its end.
#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    /// The platform did not start or stop.
    #[error(transparent)]
    Start(#[from] StartError),
    /// The catalogue was not taken.
    #[error(transparent)]
    Seed(#[from] SeedError),
    /// No guests.
    #[error(transparent)]
    Giving(#[from] GivingError),
    /// The table could not be read.
    #[error("the table cannot be read: {0}")]
    Table(#[from] platform::table::TableError),
    /// The figures could not be written.
    #[error("{} cannot be written: {source}", file.display())]
    File {
        /// The file.
        file: PathBuf,
        /// Why.
        source: std::io::Error,
    },
}

/// Told while the load goes on: how many gifts have been posted, and how many are settled.
pub trait Told {
    /// What is being done now.
    fn phase(&self, name: &str, steps: u64);
    /// So many steps of it are done.
    fn done(&self, steps: u64);
}

/// Runs the load on a platform of its own, and writes the figures.
///
/// # Errors
/// When it could not be run to its end. Lost gifts are no error but a figure.
pub async fn run(order: &Order, told: &impl Told) -> Result<Figures, LoadError> {
    let tally = Arc::new(Tally::new(order.gifts));
    let clock = Clock::system();
    let options = Options {
        clock: Some(clock.clone()),
        seed: Some(order.seed),
        watch: Some(tally.watcher()),
        crashed_per_million: order.crashed_per_million,
        ..Options::default()
    };
    let local = Local::start(options).await?;
    let outcome = on(&local, &clock, order, &tally, told).await;
    local.stop().await?;
    let figures = outcome?;
    if let Some(file) = &order.json {
        let text = format!("{:#}\n", figures.json());
        std::fs::write(file, text).map_err(|source| LoadError::File { file: file.clone(), source })?;
    }
    Ok(figures)
}

async fn on(
    local: &Local,
    clock: &Clock,
    order: &Order,
    tally: &Arc<Tally>,
    told: &impl Told,
) -> Result<Figures, LoadError> {
    let inside = local.inside();
    let plan = Plan::new(order);
    let givers = Givers::new(inside);
    told.phase("catalogue", plan.catalogue().len() as u64);
    seed::put(inside, givers.api(), plan.catalogue(), || told.done(1)).await?;
    let mut guests = Vec::new();
    for _ in 0..GUESTS {
        guests.push(givers.guest().await?);
    }
    let (writes, sqs) = (inside.services().dynamo.usage(), inside.services().sqs.usage());
    let begun = Instant::now();
    let odds = |per_million: u32| per_million.div_ceil(ODDS);
    let mischief = Mischief::default().with(Deed::Duplicate, odds(order.duplicated_per_million));
    inside.sandbox().set_mischief(mischief.with(Deed::Lose, odds(order.lost_per_million)));
    told.phase("gifts", order.gifts);
    post_all(order, &plan, &givers, &guests, tally, told).await;
    inside.sandbox().behave();
    told.phase("settling", tally.paid());
    let skipped = wait(inside, clock, order, tally, told).await?;
    let done = Done::of(inside, skipped);
    let writes = inside.services().dynamo.usage().since(&writes);
    let sqs = inside.services().sqs.usage().since(&sqs);
    let proof = Proof::take(inside).await?;
    let booked = proof::settled_counts(inside.table()).await?;
    Ok(Figures::new(order, tally, begun, &done, &writes, &sqs, &proof, &booked))
}

/// Posts each gift at its time, and pays it; waits for all of them.
async fn post_all(order: &Order, plan: &Plan, givers: &Givers, guests: &[Giver], tally: &Arc<Tally>, told: &impl Told) {
    let begun = Instant::now();
    let mut under_way = JoinSet::new();
    for (number, guest) in (0..order.gifts).zip(guests.iter().cycle()) {
        let at = begun + Duration::from_micros(number * 1_000_000 / order.rate.max(1));
        tokio::time::sleep_until(at).await;
        under_way.spawn(one(givers.clone(), guest.clone(), plan.gift(number), Arc::clone(tally), at));
        while under_way.try_join_next().is_some() {
            told.done(1);
        }
    }
    while under_way.join_next().await.is_some() {
        told.done(1);
    }
}

/// One gift: posted, then paid.
async fn one(givers: Givers, guest: Giver, planned: Planned, tally: Arc<Tally>, at: Instant) {
    let body = json!({"lines": [{"opportunity": planned.opportunity, "amount": planned.riyals}]});
    let gift = match givers.give(&guest, &givers.key(), body).await {
        Ok(gift) => gift,
        Err(error) => return tally.failed(&error),
    };
    tally.posted(at.elapsed());
    let paying = Instant::now();
    match givers.pay(&gift, &json!({"method": "mada"})).await {
        Ok(_) => tally.pay(&gift.id, paying),
        Err(error) => tally.failed(&error),
    }
}

/// Until all paid gifts are settled and folded, or it has taken too long. Where something was lost on purpose, and nothing is settled for a while, the clock goes forward:
/// what a dead invocation had in hand is in view again, and reconciliation looks for webhooks that never came. Gives back by how much it went.
async fn wait(
    inside: &Inside,
    clock: &Clock,
    order: &Order,
    tally: &Tally,
    told: &impl Told,
) -> Result<Duration, LoadError> {
    let is_disturbed = order.lost_per_million + order.crashed_per_million > 0;
    let mut skipped = Duration::ZERO;
    let mut until = Instant::now() + REST;
    let (mut seen, mut moved) = (0, Instant::now());
    let is_done = || tally.settled() >= tally.paid() && (!is_disturbed || inside.is_quiet());
    while !is_done() && Instant::now() < until {
        tokio::time::sleep(Duration::from_millis(100)).await;
        let settled = tally.settled();
        told.done(settled - seen);
        if settled > seen {
            (seen, moved) = (settled, Instant::now());
        }
        if is_disturbed && moved.elapsed() > STILL && skipped < MOST_SKIPPED {
            clock.skip(SKIP);
            skipped += SKIP;
            (moved, until) = (Instant::now(), Instant::now() + REST);
        }
    }
    // The totals follow within their window; they are waited for by the queues alone, which costs no reads.
    while !inside.is_quiet() && Instant::now() < until {
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    Ok(skipped)
}
