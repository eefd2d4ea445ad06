//! A feast: slaughterhouses tell of thousands of animals over HTTP, signed, through the real functions, until every donor has heard of theirs.
//!
//! **Shape.** A list of sheep and camels is out, their donors have paid. On the morning of the 10th of Dhu al-Hijjah all batches are sent at once; some come twice under their key, some rows again under
//! another, and functions behind queues die between two calls. Then it is waited, and where only what a dead invocation had in hand is left, the clock goes forward until it is in view again.
//!
//! **What is measured** is from just before an animal's first row is sent to the note that its donor was told, by the clock that everything shares, what it was moved forward included. A note is written after the
//! message is out, so that whoever is told and dies before the note counts as told later than they were. Messages are counted in the outbox: more than one about an animal to a donor is `told_twice`.
//!
//! **Bounds.** The animals of two offerings; three minutes of standing still before it ends by itself, and what is not told then is `lost`.

mod figures;
mod stand;

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use domain::moment::Moment;
use domain::sacrifice::carrying::Statement;
use domain::sacrifice::carrying::form::Form;
use futures_util::{StreamExt as _, stream};
use http::Method;
use serde_json::{Value, json};
use testkit::Clock;
use testkit::chance::Chance;
use testkit::sqs::Depth;
use tokio::time::Instant;

use crate::client::Client;
use crate::issuer::Role;
pub use crate::load::Told;
use crate::stack::{Inside, Local, Options, StartError};
pub use figures::Figures;
use stand::{HOUSE, Stand, key};

/// Half past seven in Makkah on the 10th of Dhu al-Hijjah 1448.
const BEGINS: &str = "2027-05-16T04:30:00Z";
/// When they were slaughtered, by what is told.
const SLAUGHTERED: &str = "2027-05-16T07:15:00+03:00";
/// How long nothing is told before the clock goes forward.
const STILL: Duration = Duration::from_secs(5);
/// By how much: longer than a queue hides a message that was in hand.
const SKIP: Duration = Duration::from_secs(370);
/// How long nothing moves, though the clock does, before it ends.
const REST: Duration = Duration::from_secs(180);
/// Batches that are sent at the same time.
const AT_ONCE: usize = 8;
/// Tries of one batch, as a slaughterhouse's program makes them.
const TRIES: usize = 5;

/// What to do.
#[derive(Debug, Clone)]
pub struct Order {
    /// How many animals.
    pub animals: u32,
    /// Rows of one batch.
    pub rows: u32,
    /// Of a million batches and rows, how many come twice.
    pub duplicated_per_million: u32,
    /// Of a million calls of functions behind queues, after how many the invocation dies.
    pub crashed_per_million: u32,
    /// Seeds what comes twice.
    pub seed: u64,
    /// Where the figures go.
    pub json: Option<PathBuf>,
}

/// The feast could not be played to its end.
#[derive(Debug, thiserror::Error)]
pub enum FeastError {
    /// The platform did not start or stop.
    #[error(transparent)]
    Start(#[from] StartError),
    /// What is to stand before it could not be put there.
    #[error("the animals and their donors: {0}")]
    Stand(String),
    /// The table could not be read.
    #[error("the table cannot be read: {0}")]
    Table(#[from] platform::table::TableError),
    /// A batch was not taken.
    #[error("a batch was not taken: {0}")]
    NotTaken(String),
    /// The figures could not be written.
    #[error("{} cannot be written: {source}", file.display())]
    File {
        /// The file.
        file: PathBuf,
        /// Why.
        source: std::io::Error,
    },
}

/// When notes of donors that were told were written: by donation and name of the notice.
type Notes = Arc<Mutex<BTreeMap<(String, String), i64>>>;

/// Plays the feast on a platform of its own, and writes the figures.
///
/// # Errors
/// When it could not be played to its end. A donor who heard nothing is no error but a figure.
pub async fn run(order: &Order, told: &impl Told) -> Result<Figures, FeastError> {
    let begins: Moment = BEGINS.parse().map_err(|_| FeastError::Stand("the time it begins".to_owned()))?;
    let clock = Clock::starting_at(begins.millis());
    let options = Options {
        clock: Some(clock.clone()),
        seed: Some(order.seed),
        crashed_per_million: order.crashed_per_million,
        in_process: true,
        outbox: Some(usize::MAX),
        ..Options::default()
    };
    let local = Local::start(options).await?;
    let outcome = on(&local, &clock, order, told).await;
    local.stop().await?;
    let figures = outcome?;
    if let Some(file) = &order.json {
        let text = format!("{:#}\n", figures.json());
        std::fs::write(file, text).map_err(|source| FeastError::File { file: file.clone(), source })?;
    }
    Ok(figures)
}

async fn on(local: &Local, clock: &Clock, order: &Order, told: &impl Told) -> Result<Figures, FeastError> {
    told.phase("donors", u64::from(order.animals));
    let stand = Stand::set(local, order.animals, |more| told.done(more)).await?;
    let notes = watch(local.inside());
    let began = clock.now_millis();
    let batches = batches(order, &stand);
    told.phase("batches", batches.len() as u64);
    let client = Client::new(local.url());
    let token = local.inside().issuer().token(Role::Slaughterhouse, HOUSE);
    let token = token.map_err(|error| FeastError::Stand(error.to_string()))?;
    let mut sending = Vec::new();
    for batch in &batches {
        sending.push(send(&client, &token, clock, batch));
    }
    let mut sent = BTreeMap::new();
    let mut answers = stream::iter(sending).buffer_unordered(AT_ONCE);
    while let Some(answer) = answers.next().await {
        let (at, animals) = answer?;
        for animal in animals {
            let first = sent.entry(animal.clone()).or_insert(at);
            *first = at.min(*first);
        }
        told.done(1);
    }
    drop(answers);
    let ended = clock.now_millis();
    told.phase("told", stand.donors() as u64);
    let skipped = wait(local.inside(), clock, &stand, &notes, told).await;
    let notes = notes.lock().unwrap_or_else(PoisonError::into_inner).clone();
    let carried = stand.carried(local.inside()).await?;
    let rows = batches.iter().map(|batch| batch.animals.len() as u64).sum();
    let taken = figures::Taken { sent, notes, carried, rows, batches: batches.len() as u64, took: ended - began, skipped };
    Ok(Figures::new(order, local.inside(), &stand, taken))
}

/// Hears of every note that a donor was told; the first of each counts.
fn watch(inside: &Inside) -> Notes {
    let notes = Notes::default();
    let seen = Arc::clone(&notes);
    inside.services().dynamo.watch("TOLD#", move |_, written| {
        let at = written.item.as_ref().and_then(|item| item.get("told_at")?.get("N")?.as_str()?.parse::<i64>().ok());
        if let (Some(at), Some(donation)) = (at, written.partition.strip_prefix("TOLD#")) {
            let mut notes = seen.lock().unwrap_or_else(PoisonError::into_inner);
            notes.entry((donation.to_owned(), written.sort.clone())).or_insert(at);
        }
    });
    notes
}

/// Rows under a key.
struct Batch {
    key: String,
    animals: Vec<String>,
}

/// All animals in batches; some twice under their key, some rows again under another.
fn batches(order: &Order, stand: &Stand) -> Vec<Batch> {
    let chance = Chance::seeded(order.seed, "batches");
    let again = |_: &&String| chance.below(1_000_000) < u64::from(order.duplicated_per_million);
    let animals = stand.animals();
    let rows = usize::try_from(order.rows).unwrap_or(usize::MAX);
    let mut batches = Vec::new();
    for (number, chunk) in animals.chunks(rows).enumerate() {
        let key = format!("feast-{}-batch-{number:05}-once", order.seed);
        batches.push(Batch { key: key.clone(), animals: chunk.to_vec() });
        if again(&&key) {
            batches.push(Batch { key, animals: chunk.to_vec() });
        }
        let others: Vec<String> = chunk.iter().filter(again).cloned().collect();
        if !others.is_empty() {
            batches.push(Batch { key: format!("feast-{}-batch-{number:05}-again", order.seed), animals: others });
        }
    }
    batches
}

/// Sends a batch until it is taken; when it was first sent, and what is in it.
async fn send<'b>(client: &Client, token: &str, clock: &Clock, batch: &'b Batch) -> Result<(i64, &'b [String]), FeastError> {
    let rows: Vec<Value> = batch
        .animals
        .iter()
        .map(|animal| json!({"animal": animal, "slaughtered_at": SLAUGHTERED, "by": "LIC-2041"}))
        .collect();
    let body = json!({ "updates": rows });
    let house = HOUSE.parse().map_err(|_| FeastError::Stand("the slaughterhouse's id".to_owned()))?;
    let statement = Statement::of(&house, &batch.key, Form::Json, body.to_string().as_bytes());
    let signature = key().map_err(|error| FeastError::Stand(error.to_string()))?.signature(&statement.to_string());
    let bearer = format!("Bearer {token}");
    let headers =
        [("authorization", bearer.as_str()), ("idempotency-key", batch.key.as_str()), ("ihsan-signature", &signature)];
    let at = clock.now_millis();
    let mut last = String::new();
    for _ in 0..TRIES {
        match client.call(Method::POST, &format!("/v1/sacrifice/slaughterhouses/{HOUSE}/updates"), &headers, &body).await {
            Ok(reply) if reply.status == 202 => return Ok((at, &batch.animals)),
            Ok(reply) => last = format!("{}: {}", reply.status, reply.body),
            Err(error) => last = error.to_string(),
        }
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
    Err(FeastError::NotTaken(last))
}

/// Until every donor was told and nothing is left to do, or nothing moves any more. By how much the clock went forward.
async fn wait(inside: &Inside, clock: &Clock, stand: &Stand, notes: &Notes, told: &impl Told) -> Duration {
    let mut skipped = Duration::ZERO;
    let (mut seen, mut moved, mut until) = (0, Instant::now(), Instant::now() + REST);
    loop {
        tokio::time::sleep(Duration::from_millis(100)).await;
        let count = notes.lock().unwrap_or_else(PoisonError::into_inner).len();
        if count > seen {
            told.done((count - seen) as u64);
            (seen, moved, until) = (count, Instant::now(), Instant::now() + REST);
        }
        let waiting = waiting(inside);
        if (count >= stand.donors() && waiting.total() == 0) || Instant::now() > until {
            return skipped;
        }
        if moved.elapsed() > STILL && waiting.ready == 0 {
            clock.skip(SKIP);
            skipped += SKIP;
            moved = Instant::now();
        }
    }
}

/// What is in the queues of the feast: updates and news.
fn waiting(inside: &Inside) -> Depth {
    let depths = inside.services().sqs.depths().into_iter();
    let of_feast = depths.filter(|(name, _)| name.ends_with("-carrying") || name.ends_with("-notices"));
    of_feast.fold(Depth::default(), |sum, (_, depth)| Depth {
        ready: sum.ready + depth.ready,
        in_flight: sum.in_flight + depth.in_flight,
        delayed: sum.delayed + depth.delayed,
    })
}
