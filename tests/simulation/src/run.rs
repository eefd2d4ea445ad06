//! One seed, played from beginning to end.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use aws_sdk_sqs::Client;
use domain::journal::Page;
use domain::message::{Envelope, Message};
use moyasar_sandbox::EventType;
use serde::Serialize;
use serde_json::json;
use testkit::connector::invocation;
use tokio::task::JoinSet;

use crate::donors::Donor;
use crate::environment::Environment;
use crate::world::World;
use crate::{checks, paper, pollers, provider};

/// The longest that a run waits for everything to come to rest.
const LONGEST_REST: Duration = Duration::from_secs(6 * 3_600);
/// Between two looks whether everything is at rest. No part of it and of the clock's rhythm of twenty seconds meet each time: else its request
/// to fold, which is taken up within three, could be there at every other look for good.
const REST_LOOK: Duration = Duration::from_secs(7);
/// Looks in a row that must find nothing under way. Between them lie fourteen seconds: longer than the longest pause of a poller.
const QUIET_LOOKS: u32 = 3;
/// How often the rules that always hold are checked while the run goes on.
const LOOK: Duration = Duration::from_secs(30);

/// What came of a run.
#[derive(Debug, Clone, Serialize, PartialEq, Eq)]
pub struct Report {
    /// The seed.
    pub seed: u64,
    /// Calls of AWS.
    pub events: u64,
    /// The hash over all calls: the same for the same seed.
    pub trace: String,
    /// Faults by kind.
    pub faults: BTreeMap<String, u64>,
    /// Answers to donors' apps, by route, status and code; 0 is no answer.
    pub answers: BTreeMap<String, u64>,
    /// Donations by state.
    pub donations: BTreeMap<String, u64>,
    /// Entries in the books.
    pub entries: u64,
    /// Notices that donors were sent, and how many of them again.
    pub told: (usize, usize),
    /// Rules that were broken.
    pub violations: Vec<String>,
}

/// Plays a seed with this many donors.
///
/// # Errors
/// When the simulation itself cannot go on; what the platform does wrong is in the report.
pub fn run(seed: u64, donors: u64) -> anyhow::Result<Report> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build()?;
    tokio::task::LocalSet::new().block_on(&runtime, play(seed, donors))
}

async fn play(seed: u64, donors: u64) -> anyhow::Result<Report> {
    let world = Arc::new(World::new(seed).await?);
    let mut wrong = Vec::new();
    provider::misbehave(&world.stage.sandbox);
    world.stage.outbox.misbehave(30, 20);
    provider::start(&world);
    pollers::start(&world)?;
    tokio::task::spawn_local(clock(Arc::clone(&world)));
    give(&world, seed, donors, &mut wrong).await?;
    world.trace.calm();
    world.stage.sandbox.behave();
    world.stage.outbox.misbehave(0, 0);
    rest(&world, Night::Sleeps, &mut wrong).await?;
    tell_what_was_lost(&world).await?;
    rest(&world, Night::Sleeps, &mut wrong).await?;
    wait_for_the_morning(&world);
    rest(&world, Night::IsOver, &mut wrong).await?;
    let (entries, states) = check_all(&world, &mut wrong).await?;
    wrong.extend(world.trace.leaks().into_iter().map(|leak| format!("personal data in a call: {leak}")));
    let (events, trace) = world.trace.so_far();
    let faults = world.stage.cloud.services().fault_counts().into_iter().map(|(name, count)| (name.to_owned(), count));
    let deeds = world.stage.sandbox.tally().deeds.into_iter().map(|(deed, count)| (format!("provider: {deed:?}"), count));
    let donations = states.into_iter().map(|(state, count)| (state.to_owned(), count)).collect();
    Ok(Report {
        seed,
        events,
        trace,
        faults: faults.chain(deeds).collect(),
        answers: world.answers(),
        donations,
        entries,
        told: checks::counted(&world.stage.outbox.messages()),
        violations: wrong,
    })
}

/// The donors' visits, with a look at the books from time to time.
async fn give(world: &Arc<World>, seed: u64, donors: u64, wrong: &mut Vec<String>) -> anyhow::Result<()> {
    let mut visits = JoinSet::new();
    for number in 0..donors {
        visits.spawn_local(Donor::new(world, seed, number).visit());
    }
    let mut look = tokio::time::interval(LOOK);
    loop {
        tokio::select! {
            biased;
            visit = visits.join_next() => match visit {
                Some(visit) => visit?,
                None => return Ok(()),
            },
            _ = look.tick() => {
                let pages = checks::pages(&world.stage.table, wrong).await?;
                checks::totals(&world.stage.table, &pages, wrong).await?;
                checks::claims(world, wrong).await?;
            }
        }
    }
}

/// What EventBridge Scheduler does: a request to fold each minute, and at midnight the closing of the day, again until it succeeds.
async fn clock(world: Arc<World>) {
    let closes = world.stage.now().day().next().start();
    let mut closed = false;
    loop {
        tokio::time::sleep(Duration::from_secs(20)).await;
        if !closed && world.stage.now() >= closes {
            closed = close(&world, json!({"time": closes.to_string()})).await;
        }
        let _next_minute_is_soon = send(&world, "journal", &Envelope::from(Message::FoldRequested {})).await;
    }
}

async fn close(world: &World, event: serde_json::Value) -> bool {
    let environment = world.platform("closing").and_then(|platform| Environment::start("closing", &platform));
    let Ok(environment) = environment else { return false };
    matches!(invocation(environment.invoke(event)).await, Ok(Ok(_)))
}

async fn send(world: &World, queue: &str, message: &Envelope) -> anyhow::Result<()> {
    let queue =
        world.stage.stack.queues.iter().find(|known| known.name.ends_with(queue)).context("the queue is in the template")?;
    let client = Client::new(&world.stage.cloud.sdk_config());
    client.send_message().queue_url(&queue.url).message_body(serde_json::to_string(message)?).send().await?;
    Ok(())
}

/// Waits until nothing is under way: no message, no webhook. Dead letters are sent back to where they came from, as in the drill. What never
/// comes to rest breaks a rule like any other.
async fn rest(world: &World, night: Night, wrong: &mut Vec<String>) -> anyhow::Result<()> {
    let mut quiet = 0;
    let until = tokio::time::Instant::now() + LONGEST_REST;
    while tokio::time::Instant::now() < until {
        tokio::time::sleep(REST_LOOK).await;
        world.stage.sandbox.hurry();
        redrive(world).await?;
        quiet = if under_way(world, night).is_empty() && world.stage.sandbox.pending() == 0 { quiet + 1 } else { 0 };
        if quiet == QUIET_LOOKS {
            return Ok(());
        }
    }
    wrong.push(format!("no rest within {} h: {:?}", LONGEST_REST.as_secs() / 3_600, under_way(world, night)));
    Ok(())
}

/// Whether what donors are told may still wait for the morning.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Night {
    Sleeps,
    IsOver,
}

/// How many messages each queue that is not empty holds; at night without those that are hidden from view until people are awake.
fn under_way(world: &World, night: Night) -> BTreeMap<String, usize> {
    let waits = |name: &str| night == Night::Sleeps && name.ends_with("-notices");
    let depths = world.stage.cloud.services().sqs.depths().into_iter();
    let depths = depths.map(|(name, depth)| (name.clone(), if waits(&name) { depth.ready } else { depth.total() }));
    depths.filter(|(_, waiting)| *waiting > 0).collect()
}

/// A quarter past eight in Riyadh, when the last notice of the night is in view again.
fn wait_for_the_morning(world: &World) {
    let now = world.stage.now();
    let morning = now.day().start().plus_seconds(8 * 3_600 + 900);
    if let Ok(left @ 1..) = u64::try_from(morning.millis_since(now)) {
        world.stage.clock.skip(Duration::from_millis(left));
    }
}

async fn redrive(world: &World) -> anyhow::Result<()> {
    let client = Client::new(&world.stage.cloud.sdk_config());
    for queue in &world.stage.stack.queues {
        let Some(dead) = world.stage.stack.queues.iter().find(|dead| Some(&dead.arn) == queue.dead_letter_arn.as_ref())
        else {
            continue;
        };
        let got = client.receive_message().queue_url(&dead.url).max_number_of_messages(10).send().await?;
        for message in got.messages.unwrap_or_default() {
            client.send_message().queue_url(&queue.url).set_message_body(message.body).send().await?;
            client.delete_message().queue_url(&dead.url).set_receipt_handle(message.receipt_handle).send().await?;
        }
    }
    Ok(())
}

/// Webhooks that never came are found by reconciliation; here the provider is made to tell again what is not in the books.
async fn tell_what_was_lost(world: &World) -> anyhow::Result<()> {
    let pages = checks::pages(&world.stage.table, &mut Vec::new()).await?;
    for payment in world.stage.sandbox.payments() {
        let of = |entry: &&domain::journal::Entry| {
            entry.payment.payment.as_str() == payment.id.to_string() && checks::is_of_payment(entry.kind)
        };
        let entries = pages.iter().flat_map(Page::entries).filter(of).count();
        let expected = usize::from(payment.taken > 0) + usize::from(payment.refunded > 0);
        if entries < expected {
            let event = if payment.refunded > 0 { EventType::PaymentRefunded } else { EventType::PaymentPaid };
            world.stage.sandbox.tell(payment.id, event)?;
        }
    }
    Ok(())
}

async fn check_all(world: &World, wrong: &mut Vec<String>) -> anyhow::Result<(u64, BTreeMap<&'static str, u64>)> {
    let pages = checks::pages(&world.stage.table, wrong).await?;
    checks::totals(&world.stage.table, &pages, wrong).await?;
    checks::followed(&world.stage.table.cursors().await?, &pages, wrong);
    checks::payments(&pages, &world.stage.sandbox.payments(), wrong);
    checks::balance(&pages, wrong);
    let donations = checks::donations(world, &pages, wrong).await?;
    checks::back(world, &donations, &pages, wrong).await?;
    checks::serials(&pages, wrong);
    checks::told(&donations, &world.stage.outbox.messages(), wrong);
    checks::escrow(world, &pages, wrong).await?;
    checks::charges(world, &pages, wrong).await?;
    checks::day(world, &pages, wrong).await?;
    world.trace.storm_again();
    paper::report(world, &pages, wrong).await?;
    paper::hand_out(world, &pages, wrong).await?;
    world.trace.calm();
    let entries = pages.iter().map(|page| page.entries().len() as u64).sum();
    Ok((entries, checks::states(&donations)))
}
