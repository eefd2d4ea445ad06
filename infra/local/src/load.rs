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
//! **Bounds.** N gifts, the time that they take at rate R, and two minutes for the rest to come to rest; then it ends by itself, and what is not
//! settled is `lost`. Statistics are in whole numbers: microseconds, and thousandths where a figure has a fraction.

mod figures;
mod plan;
mod tally;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use serde_json::json;
use tokio::task::JoinSet;
use tokio::time::Instant;

use crate::giving::{Giver, Givers, GivingError};
use crate::proof::{self, Proof};
use crate::seed::{self, SeedError};
use crate::stack::{Inside, Local, Options, StartError};
pub use figures::Figures;
use plan::{Plan, Planned};
use tally::Tally;

/// How long the last gifts may take to be settled and folded.
const REST: Duration = Duration::from_secs(120);
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
    let options = Options { seed: Some(order.seed), watch: Some(tally.watcher()), ..Options::default() };
    let local = Local::start(options).await?;
    let outcome = on(&local, order, &tally, told).await;
    local.stop().await?;
    let figures = outcome?;
    if let Some(file) = &order.json {
        let text = format!("{:#}\n", figures.json());
        std::fs::write(file, text).map_err(|source| LoadError::File { file: file.clone(), source })?;
    }
    Ok(figures)
}

async fn on(local: &Local, order: &Order, tally: &Arc<Tally>, told: &impl Told) -> Result<Figures, LoadError> {
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
    told.phase("gifts", order.gifts);
    post_all(order, &plan, &givers, &guests, tally, told).await;
    told.phase("settling", tally.paid());
    wait(inside, tally, told).await?;
    let writes = inside.services().dynamo.usage().since(&writes);
    let sqs = inside.services().sqs.usage().since(&sqs);
    let proof = Proof::take(inside).await?;
    let booked = proof::settled_counts(inside.table()).await?;
    Ok(Figures::new(order, tally, begun, &writes, &sqs, &proof, &booked))
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

/// Until all paid gifts are settled and folded, or it has taken too long.
async fn wait(inside: &Inside, tally: &Tally, told: &impl Told) -> Result<(), LoadError> {
    let until = Instant::now() + REST;
    let mut seen = 0;
    while tally.settled() < tally.paid() && Instant::now() < until {
        tokio::time::sleep(Duration::from_millis(100)).await;
        let settled = tally.settled();
        told.done(settled - seen);
        seen = settled;
    }
    // The totals follow within their window; they are waited for by the queues alone, which costs no reads.
    while !inside.is_quiet() && Instant::now() < until {
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    Ok(())
}
