//! The opening of a sale: everyone comes at once for limited stock, over HTTP, through the real functions, until the last share is sold.
//!
//! **Shape.** Sheep and camels go on sale, and every buyer comes, so many at a time in flight. Those who have shares pay at the provider, leave, cancel, or pay when their hold has
//! ended; some ask twice with one key; whoever is told "one moment" comes again. Then the clock goes forward until the holds of those who left have ended, and those who were told
//! that nothing is left come back while the shares come free, for each share as many as came for each at the opening: wave after wave, until nothing is free and nothing held. Functions behind queues die between two calls. The designs
//! that most would write are then played side by side, for the same buyers on the same emulated table.
//!
//! **Environments.** `donations` has as many environments as are asked for, each with a memory of its own and one request at a time, as Lambda has them; requests beyond wait in
//! line. In the cloud each has a processor of its own; here a few are shared by all, and what one reads would be seconds old when it writes if thousands ran at once. Functions reach the
//! emulated cloud by the real SDK without sockets. Conflicts of writes in flight are on.
//!
//! **The clock** goes forward only while no function runs and nobody asks: what is under way when time jumps would find its hold ended, which no real clock does to it.
//!
//! **What is measured** comes from what the emulated table was made to write: see [`record`], [`told`], [`heat`], [`payers`]. The opening is the first wave.
//!
//! **Bounds.** [`sale::MOST_WAVES`] waves, and a quarter of an hour for each to come to rest; each design beside is broken off after forty seconds (`counters`).

mod buyers;
mod counters;
mod design;
mod figures;
mod heat;
mod offer;
mod partial;
mod payers;
mod record;
mod sale;
mod shop;
mod told;

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

use domain::moment::Moment;
use testkit::dynamo::KeyWrite;
use testkit::{Clock, connector};

use crate::giving::{Givers, GivingError};
pub use crate::load::Told;
use crate::proof::Proof;
use crate::seed::{self, SeedError};
use crate::stack::{Local, Options, StartError};
use buyers::{Buyers, Kind};
pub use figures::{Figures, Skip};
use payers::Payers;
use record::Record;
use sale::Sale;
use shop::{Shop, Tally};
use told::Refusals;

/// When the emulated clock begins: a morning of Dhu al-Hijjah 1448, so that no midnight comes in between.
const BEGINS_MILLIS: i64 = 1_809_669_600_000;
/// When the sale closes after that: all waves are over by then.
pub(crate) const CLOSES_AFTER_SECS: i64 = 30 * 3_600;
/// Guests: tokens cost a call each and nothing else, so a few serve for all.
const GUESTS: usize = 32;
/// Counters over which the stock is spread in the larger of the designs beside.
const COUNTERS: u64 = 32;

/// What to do.
#[derive(Debug, Clone)]
pub struct Order {
    /// Sheep on sale: a share each.
    pub sheep: u64,
    /// Camels on sale: seven shares each.
    pub camels: u64,
    /// How many come.
    pub buyers: u64,
    /// How many requests are in flight at once.
    pub in_flight: usize,
    /// How many environments `donations` has.
    pub environments: usize,
    /// Of a million who have shares, how many abandon them.
    pub abandoned_per_million: u32,
    /// Of a million buyers, how many send the same request twice.
    pub retried_per_million: u32,
    /// Of a million who have shares, how many pay when the hold has ended.
    pub late_per_million: u32,
    /// Of a million calls of functions behind queues, after how many the invocation dies.
    pub crashed_per_million: u32,
    /// Seeds who wants what and does what.
    pub seed: u64,
    /// Where the figures go.
    pub json: Option<PathBuf>,
}

impl Default for Order {
    fn default() -> Self {
        Self {
            sheep: 10_000,
            camels: 1_000,
            buyers: 60_000,
            in_flight: 2_000,
            environments: 96,
            abandoned_per_million: 200_000,
            retried_per_million: 50_000,
            late_per_million: 20_000,
            crashed_per_million: 1_000,
            seed: 1,
            json: None,
        }
    }
}

impl Order {
    /// The shares of a kind.
    pub fn stock(&self, kind: Kind) -> u64 {
        match kind {
            Kind::Sheep => self.sheep,
            Kind::Camel => self.camels * 7,
        }
    }
}

/// The burst could not be run to its end.
#[derive(Debug, thiserror::Error)]
pub enum BurstError {
    /// The platform did not start or stop.
    #[error(transparent)]
    Start(#[from] StartError),
    /// The offerings were not taken.
    #[error(transparent)]
    Seed(#[from] SeedError),
    /// No guests.
    #[error(transparent)]
    Giving(#[from] GivingError),
    /// The table could not be read.
    #[error("the table cannot be read: {0}")]
    Table(#[from] platform::table::TableError),
    /// A design beside could not be played.
    #[error("the designs side by side: {0}")]
    SideBySide(String),
    /// The figures could not be written.
    #[error("{} cannot be written: {source}", file.display())]
    File {
        /// The file.
        file: PathBuf,
        /// Why.
        source: std::io::Error,
    },
}

/// Runs the burst on a platform of its own, and writes the figures.
///
/// # Errors
/// When it could not be run to its end. A share that is sold twice is no error but a figure.
pub async fn run(order: &Order, told: &impl Told) -> Result<Figures, BurstError> {
    let clock = Clock::starting_at(BEGINS_MILLIS);
    let refusals = Refusals::new(&clock);
    let options = Options {
        clock: Some(clock.clone()),
        seed: Some(order.seed),
        watch: Some(refusals.watcher()),
        crashed_per_million: order.crashed_per_million,
        in_process: true,
        environments: Some(order.environments),
        // Every request in flight has a connection of its own; a second click and the outbox have theirs.
        connections: Some(order.in_flight * 2 + 64),
        ..Options::default()
    };
    let local = Local::start(options).await?;
    let outcome = on(&local, clock, order, &refusals, told).await;
    local.stop().await?;
    let figures = outcome?;
    if let Some(file) = &order.json {
        let text = format!("{:#}\n", figures.json());
        std::fs::write(file, text).map_err(|source| BurstError::File { file: file.clone(), source })?;
    }
    Ok(figures)
}

/// What the opening took.
struct Opening {
    began_millis: i64,
    ended_millis: i64,
    key_writes: Vec<KeyWrite>,
    /// Calls of the table by operation.
    calls: BTreeMap<String, u64>,
}

/// Everything that figures are made of.
struct Outcome {
    opening: Opening,
    notes: record::Notes,
    tally: Tally,
    refusals: Vec<told::Refusal>,
    waves: u64,
    rested: bool,
    held: payers::Held,
    payers: Payers,
    proof: Proof,
    partial_animals: Option<u64>,
    failed_invocations: u64,
    beside: Vec<design::Design>,
    skips: Vec<Skip>,
}

async fn on<T: Told>(
    local: &Local,
    clock: Clock,
    order: &Order,
    refusals: &Refusals,
    told: &T,
) -> Result<Figures, BurstError> {
    let inside = local.inside();
    let dynamo = inside.services().dynamo.clone();
    let record = Record::of(&dynamo);
    let givers = Givers::new(inside);
    let puts = offer::puts(order, Moment::from_millis(clock.now_millis()));
    told.phase("catalogue", puts.len() as u64);
    seed::put(inside, givers.api(), &puts, || told.done(1)).await?;
    let mut guests = Vec::new();
    for _ in 0..GUESTS {
        guests.push(givers.guest().await?);
    }
    let buyers = Arc::new(Buyers::new(order));
    let shop = Arc::new(Shop::new(givers, guests, Arc::clone(&buyers), order.in_flight));
    let mut sale = Sale { inside, clock, told, record, shop, buyers: Arc::clone(&buyers), skips: Vec::new() };

    let (opening, waves, mut rested) = sale.sell().await;
    rested &= sale.rest_for_good().await;
    let lots = sale.lots().await?;
    let quota: BTreeMap<Kind, u64> = Kind::ALL.map(|kind| (kind, order.stock(kind))).into();
    let held = payers::held(&lots, &quota);
    let money = payers::money(&inside.sandbox().payments());
    let gifts = sale.gifts(&money).await?;
    let payers = payers::check(&money, &gifts, &lots);
    let (notes, tally, refusals) = (sale.record.so_far(), sale.shop.so_far(), refusals.all());
    let proof = Proof::take(inside).await?;
    let partial_animals = partial::after_closing(inside, &sale.clock).await?;

    let client = local.cloud().sdk_config().into_builder().http_client(connector::http_client(inside.services())).build();
    let client = aws_sdk_dynamodb::Client::new(&client);
    let mut beside = Vec::new();
    for counters in [1, COUNTERS] {
        told.phase(if counters == 1 { "1 counter" } else { "32 counters" }, buyers.count());
        beside.push(counters::play(&client, &dynamo, order, &buyers, counters, |more| told.done(more)).await?);
    }
    let failed_invocations = inside.functions().map(|function| function.counts().errors).sum();
    let skips = sale.skips;
    Ok(Figures::new(
        order,
        Outcome {
            opening,
            notes,
            tally,
            refusals,
            waves,
            rested,
            held,
            payers,
            proof,
            partial_animals,
            failed_invocations,
            beside,
            skips,
        },
    ))
}
