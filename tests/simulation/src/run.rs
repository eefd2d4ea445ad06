//! One seed, played from beginning to end.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use aws_sdk_sqs::Client;
use domain::message::{Envelope, Message};
use serde::Serialize;
use serde_json::json;
use testkit::chance::Chance;
use tokio::task::JoinSet;

use crate::checks::books::Books;
use crate::donors::Donor;
use crate::environment::Environment;
use crate::plan::Plan;
use crate::trace::{Injected, Step};
use crate::world::World;
use crate::{bank, checks, dashboard, days, filling, paper, pollers, provider, reconciling, sellers};

/// The longest that a run waits for everything to come to rest.
const LONGEST_REST: Duration = Duration::from_secs(6 * 3_600);
/// Between two looks whether everything is at rest.
const REST_LOOK: Duration = Duration::from_secs(7);
/// Looks in a row that must find nothing under way. Between them lie fourteen seconds: longer than any pause in the middle of something, and shorter
/// than the clock's, whose request to fold would be there at every other look for good.
const QUIET_LOOKS: u32 = 3;
/// Between two requests to fold, as the schedule has it.
const MINUTE: Duration = Duration::from_secs(60);
/// So many donors for each stranger.
const DONORS_A_STRANGER: usize = 12;
/// How often everything is read again while the run goes on: what a write itself shows is looked at with it.
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
    /// Faults that were done to calls, by whose they were.
    pub struck: BTreeMap<String, u64>,
    /// Answers to donors' apps, by route, status and code; 0 is no answer.
    pub answers: BTreeMap<String, u64>,
    /// Donations by state.
    pub donations: BTreeMap<String, u64>,
    /// Entries in the books.
    pub entries: u64,
    /// Notices that donors were sent, and how many of them again.
    pub told: (usize, usize),
    /// Cases by reason.
    pub cases: BTreeMap<String, u64>,
    /// Shares of animals: `sold` and paid at the end; `released` by the clock or a donor; `given back` after they were paid; `sold again` after they had been somebody's;
    /// `late found` and `late lost` for payments that came when the hold was over; `moved` of gifts that had named another lot before; `taken by the platform` to fill
    /// the last animals.
    pub shares: BTreeMap<String, u64>,
    /// What else was played, by what became of it: money that was only held, payments whose donation was found, the bank's documents.
    pub besides: BTreeMap<String, u64>,
    /// Rules that were broken.
    pub violations: Vec<String>,
    /// The faults that were done to calls, in order.
    #[serde(skip)]
    pub injected: Vec<Injected>,
    /// Each step, if the plan has them recorded.
    #[serde(skip)]
    pub steps: Vec<Step>,
}

/// Plays a seed with this many donors.
///
/// # Errors
/// As [`play`].
pub fn run(seed: u64, donors: u64) -> anyhow::Result<Report> {
    play(&Plan::new(seed, donors))
}

/// Plays a plan.
///
/// # Errors
/// When the simulation itself cannot go on; what the platform does wrong is in the report.
pub fn play(plan: &Plan) -> anyhow::Result<Report> {
    play_meddled(plan, async |_: &World| Ok(()))
}

/// Plays a plan, and has somebody meddle with it once everything is at rest, before it is looked at: so that a test can break a rule on purpose.
///
/// # Errors
/// As [`play`], and whatever the meddler's are.
pub fn play_meddled(plan: &Plan, meddle: impl AsyncFnOnce(&World) -> anyhow::Result<()>) -> anyhow::Result<Report> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build()?;
    tokio::task::LocalSet::new().block_on(&runtime, played(plan, meddle))
}

async fn played(plan: &Plan, meddle: impl AsyncFnOnce(&World) -> anyhow::Result<()>) -> anyhow::Result<Report> {
    let world = Arc::new(World::new(plan).await?);
    let mut wrong = Vec::new();
    provider::misbehave(&world.stage.sandbox, plan);
    world.disturb_senders();
    provider::start(&world);
    pollers::start(&world)?;
    tokio::task::spawn_local(clock(Arc::clone(&world)));
    reconciling::start(&world);
    world.send_out(bank::business(Arc::clone(&world)));
    world.send_out(midnight(Arc::clone(&world)));
    sellers::start(&world);
    let books = give(&world, &mut wrong).await?;
    world.trace.calm();
    world.stage.sandbox.behave();
    world.stage.outbox.misbehave(0, 0);
    rest(&world, Night::Sleeps, &mut wrong).await?;
    sellers::finish(&world, &mut wrong).await?;
    reconciling::make_up_for_what_was_lost(&world, &mut wrong).await;
    rest(&world, Night::Sleeps, &mut wrong).await?;
    reconciling::nothing_is_missing(&world, &mut wrong).await;
    wait_for_the_morning(&world);
    days::finish(&world, &mut wrong).await;
    rest(&world, Night::IsOver, &mut wrong).await?;
    meddle(world.as_ref()).await?;
    let Checked { entries, states, cases, mut shares, besides } = check_all(&world, &books, &mut wrong).await?;
    let own = filling::close_sales(&world, &mut wrong).await?;
    shares.extend((own > 0).then(|| ("taken by the platform".to_owned(), own)));
    wrong.extend(world.sale.wrong());
    wrong.extend(world.ledger.wrong());
    wrong.extend(world.trace.leaks().into_iter().map(|leak| format!("personal data in a call: {leak}")));
    let (events, trace) = world.trace.so_far();
    let donations = states.into_iter().map(|(state, count)| (state.to_owned(), count)).collect();
    Ok(Report {
        seed: plan.seed,
        events,
        trace,
        faults: world.faults(),
        struck: struck(&world.trace.injected()),
        answers: world.answers(),
        donations,
        entries,
        told: checks::counted(&world.stage.outbox.messages()),
        cases,
        shares,
        besides,
        violations: wrong,
        injected: world.trace.injected(),
        steps: world.trace.steps(),
    })
}

fn struck(injected: &[Injected]) -> BTreeMap<String, u64> {
    let mut struck = BTreeMap::new();
    for fault in injected {
        *struck.entry(fault.service.clone()).or_default() += 1;
    }
    struck
}

/// The donors' visits and what goes on besides, with a look at the books from time to time; gives back what was read of them.
async fn give(world: &Arc<World>, wrong: &mut Vec<String>) -> anyhow::Result<Books> {
    let (seed, mut visits) = (world.plan.seed, JoinSet::new());
    for &number in &world.plan.donors {
        visits.spawn_local(Donor::new(world, seed, number).visit());
    }
    for number in 0..world.plan.donors.len().div_ceil(DONORS_A_STRANGER) {
        let chance = Chance::seeded(seed, &format!("stranger {number}"));
        visits.spawn_local(dashboard::stranger(Arc::clone(world), chance));
    }
    visits.spawn_local(dashboard::outage(Arc::clone(world), Chance::seeded(seed, "outage")));
    let (mut books, mut looked_at) = (Books::default(), None);
    let mut look = tokio::time::interval(LOOK);
    loop {
        tokio::select! {
            biased;
            visit = visits.join_next() => match visit {
                Some(visit) => visit?,
                None => return Ok(books),
            },
            _ = look.tick() => {
                let writes = world.trace.writes();
                // Where nothing was written nothing has changed.
                if looked_at.replace(writes) != Some(writes) {
                    books.catch_up(&world.stage.table, wrong).await?;
                    checks::books::totals(&world.stage.table, &books.pages, wrong).await?;
                }
            }
        }
    }
}

/// What EventBridge Scheduler does each minute: a request to fold. Where nothing was written since the last one there is nothing to fold, and most of the minutes of a run only wait for
/// the end of holds.
async fn clock(world: Arc<World>) {
    let mut asked_at = None;
    loop {
        tokio::time::sleep(MINUTE).await;
        let writes = world.trace.writes();
        if asked_at != Some(writes) && send(&world, "journal", &Envelope::from(Message::FoldRequested {})).await.is_ok() {
            asked_at = Some(writes);
        }
    }
}

/// What it does at midnight: the closing of the day, again each minute until it succeeds.
async fn midnight(world: Arc<World>) {
    let closes = world.stage.now().day().next().start();
    world.stage.clock.sleep_until(closes.millis()).await;
    while !close(&world, json!({"time": closes.to_string()})).await {
        tokio::time::sleep(MINUTE).await;
    }
}

async fn close(world: &World, event: serde_json::Value) -> bool {
    let environment = world.platform("closing").and_then(|platform| Environment::start("closing", &platform));
    let Ok(environment) = environment else { return false };
    matches!(world.invoke("closing", &environment, event).await, Ok(Ok(_)))
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
        let is_idle = world.errands() == 0 && world.stage.cloud.services().dynamo.writes_in_flight() == 0;
        let is_quiet = is_idle && under_way(world, night).is_empty() && world.stage.sandbox.pending() == 0;
        quiet = if is_quiet { quiet + 1 } else { 0 };
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
    let depths = world.stage.cloud.services().sqs.depths();
    for queue in &world.stage.stack.queues {
        let Some(dead) = world.stage.stack.queues.iter().find(|dead| Some(&dead.arn) == queue.dead_letter_arn.as_ref())
        else {
            continue;
        };
        if depths.get(&dead.name).is_none_or(|depth| depth.ready == 0) {
            continue;
        }
        let got = client.receive_message().queue_url(&dead.url).max_number_of_messages(10).send().await?;
        for message in got.messages.unwrap_or_default() {
            client.send_message().queue_url(&queue.url).set_message_body(message.body).send().await?;
            client.delete_message().queue_url(&dead.url).set_receipt_handle(message.receipt_handle).send().await?;
        }
    }
    Ok(())
}

/// What was counted while everything was looked at.
struct Checked {
    entries: u64,
    states: BTreeMap<&'static str, u64>,
    cases: BTreeMap<String, u64>,
    shares: BTreeMap<String, u64>,
    besides: BTreeMap<String, u64>,
}

async fn check_all(world: &World, read_before: &Books, wrong: &mut Vec<String>) -> anyhow::Result<Checked> {
    checks::at_rest(world, wrong);
    let looked = checks::money::money(world, wrong).await?;
    read_before.stand_in(&looked.books, wrong);
    let (pages, donations, cases) = (looked.pages(), &looked.donations, &looked.cases);
    let messages = world.stage.outbox.messages();
    checks::told(world, donations, &messages, wrong);
    checks::told_of_returns(world, &looked.charges, donations, &messages, wrong);
    let shares = checks::lots::lots(world, (donations, pages), cases, wrong).await?;
    world.trace.storm_again();
    paper::report(world, pages, wrong).await?;
    paper::hand_out(world, pages, wrong).await?;
    checks::erased::proofs(world, (donations, pages), wrong).await?;
    world.trace.calm();
    world.ledger.look_away(true);
    checks::rebuilt::rebuilt(world, pages, wrong).await?;
    world.ledger.look_away(false);
    let entries = pages.iter().map(|page| page.entries().len() as u64).sum();
    let besides = checks::besides(world, &looked);
    Ok(Checked { entries, states: checks::states(donations), cases: cases.counted(), shares, besides })
}
