//! What EventBridge Scheduler does: calls a function, or sends a message, when a schedule says so.
//!
//! Each schedule has a task of its own that sleeps until the next time its [`Expression`] gives, but never longer than
//! [`LOOK`]: so a clock that a test moves is noticed. A time that has come is fired once, with its input's context
//! attributes filled in ([`input`]), and tried again up to [`ATTEMPTS`] times with doubling pauses; then it is counted as
//! failed and the schedule goes on with its next time.
//!
//! Times that were slept through (a laptop's lid, a clock moved forward) are made up for in order, the last [`MISSED`] of the
//! last day: EventBridge, too, gives an event up after a day.

pub mod cron;
pub mod expression;
pub mod input;

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::Duration;

use aws_sdk_sqs::error::DisplayErrorContext;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use serde_json::Value;
use tokio::sync::watch;
use tokio::task::JoinSet;

use crate::clock::Clock;
use crate::function::Function;
pub use expression::{BadExpression, Expression};
use input::Occasion;

/// The longest sleep between two looks at the clock.
pub const LOOK: Duration = Duration::from_millis(250);
/// How many missed times of one schedule are made up for: a month of days, half an hour of minutes.
pub const MISSED: usize = 31;
/// The oldest time that is still made up for.
const OLDEST: SignedDuration = SignedDuration::from_hours(24);
/// How often a time is tried in all.
pub const ATTEMPTS: u32 = 4;
/// The pause after the first failure; it doubles.
const FIRST_PAUSE: Duration = Duration::from_millis(500);

/// Where a schedule's input goes.
#[derive(Debug, Clone)]
pub enum Target {
    /// Invokes a function with it.
    Function(Function),
    /// Sends it to a queue.
    Queue {
        /// The client to send with.
        client: aws_sdk_sqs::Client,
        /// The queue.
        url: String,
    },
}

/// One schedule.
#[derive(Debug, Clone)]
pub struct Schedule {
    /// Its name.
    pub name: String,
    /// Its ARN, for the context attribute.
    pub arn: String,
    /// When it fires.
    pub expression: Expression,
    /// In which zone the expression is meant.
    pub time_zone: TimeZone,
    /// What it fires at.
    pub target: Target,
    /// What it sends: JSON with context attributes for a function, any text for a queue; the default event without.
    pub input: Option<String>,
}

/// Why a schedule did not reach its target.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the schedule {schedule} for {time} failed: {reason}")]
pub struct FireError {
    schedule: String,
    time: Timestamp,
    reason: String,
}

/// What a schedule did so far.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counts {
    /// Times that reached their target.
    pub fired: u64,
    /// Times that were given up.
    pub failed: u64,
}

#[derive(Debug)]
struct Entry {
    schedule: Schedule,
    fired: AtomicU64,
    failed: AtomicU64,
}

/// Schedules at work. Dropping it stops them, without waiting.
#[derive(Debug)]
pub struct Scheduler {
    bell: Bell,
    stop: watch::Sender<bool>,
    work: JoinSet<()>,
}

impl Scheduler {
    /// Begins; the first times are those after now.
    pub fn start(clock: &Clock, schedules: Vec<Schedule>) -> Self {
        let begun = clock.now();
        let (stop, stopped) = watch::channel(false);
        let mut work = JoinSet::new();
        let entry = |schedule| Arc::new(Entry { schedule, fired: AtomicU64::new(0), failed: AtomicU64::new(0) });
        let entries: Vec<_> = schedules.into_iter().map(entry).collect();
        for entry in &entries {
            work.spawn(keep(Arc::clone(entry), clock.clone(), begun, stopped.clone()));
        }
        Self { bell: Bell(entries.into()), stop, work }
    }

    /// A way to fire schedules by hand and look at their counters.
    pub fn bell(&self) -> &Bell {
        &self.bell
    }

    /// Lets what is being fired finish its attempt, and ends.
    pub async fn stop(mut self) {
        self.stop.send_replace(true);
        while let Some(ended) = self.work.join_next().await {
            if let Err(error) = ended {
                tracing::warn!(%error, "a schedule did not end well");
            }
        }
    }
}

/// Fires schedules by hand, and looks at what they did. Clones are the same.
#[derive(Debug, Clone)]
pub struct Bell(Arc<[Arc<Entry>]>);

impl Bell {
    /// Fires a schedule now as if `time` had come, and waits for it. `None` when no schedule has that name.
    pub async fn fire(&self, name: &str, time: Timestamp) -> Option<Result<(), FireError>> {
        let entry = self.0.iter().find(|entry| entry.schedule.name == name)?;
        Some(entry.fire(time).await)
    }

    /// The schedules' names with what they did.
    pub fn counts(&self) -> Vec<(&str, Counts)> {
        let counts = |entry: &Arc<Entry>| Counts { fired: entry.fired.load(Relaxed), failed: entry.failed.load(Relaxed) };
        self.0.iter().map(|entry| (entry.schedule.name.as_str(), counts(entry))).collect()
    }
}

async fn keep(entry: Arc<Entry>, clock: Clock, begun: Timestamp, mut stopped: watch::Receiver<bool>) {
    let mut last = begun;
    loop {
        let now = clock.now();
        for time in entry.schedule.due(begun, last, now) {
            // The outcome is counted and logged where it is known.
            let _ = entry.fire(time).await;
            if *stopped.borrow() {
                return;
            }
        }
        last = last.max(now);
        let next = entry.schedule.next_after(begun, last);
        let wait = next.map_or(LOOK, |next| Duration::try_from(next.duration_since(now)).unwrap_or_default().min(LOOK));
        tokio::select! {
            () = tokio::time::sleep(wait) => {}
            _ = stopped.wait_for(|stopped| *stopped) => return,
        }
    }
}

impl Schedule {
    /// The first time after `after`; rates count from `begun`.
    pub fn next_after(&self, begun: Timestamp, after: Timestamp) -> Option<Timestamp> {
        self.expression.next_after(&self.time_zone, begun, after)
    }

    /// The times after `last` up to `now`, the latest [`MISSED`] of them, in order.
    pub fn due(&self, begun: Timestamp, last: Timestamp, now: Timestamp) -> VecDeque<Timestamp> {
        let oldest = now.saturating_sub(OLDEST).unwrap_or(Timestamp::MIN);
        let mut due = VecDeque::new();
        let mut after = last.max(oldest);
        while let Some(time) = self.next_after(begun, after).filter(|time| *time <= now) {
            if due.len() == MISSED {
                due.pop_front();
            }
            due.push_back(time);
            after = time;
        }
        due
    }

    async fn send(&self, input: String) -> Result<(), String> {
        match &self.target {
            Target::Function(function) => {
                let event: Value = serde_json::from_str(&input).map_err(|error| format!("its input is no JSON: {error}"))?;
                function.invoke(event).await.map(drop).map_err(|error| error.to_string())
            }
            Target::Queue { client, url } => {
                let sent = client.send_message().queue_url(url).message_body(input).send().await;
                sent.map(drop).map_err(|error| DisplayErrorContext(error).to_string())
            }
        }
    }
}

impl Entry {
    async fn fire(&self, time: Timestamp) -> Result<(), FireError> {
        let mut pause = FIRST_PAUSE;
        let mut outcome = Ok(());
        for attempt in 1..=ATTEMPTS {
            let occasion = Occasion::new(&self.schedule.arn, time, attempt);
            outcome = self.schedule.send(occasion.input(self.schedule.input.as_deref())).await;
            if outcome.is_ok() || attempt == ATTEMPTS {
                break;
            }
            tokio::time::sleep(pause).await;
            pause *= 2;
        }
        let counter = if outcome.is_ok() { &self.fired } else { &self.failed };
        counter.fetch_add(1, Relaxed);
        outcome.map_err(|reason| {
            let error = FireError { schedule: self.schedule.name.clone(), time, reason };
            tracing::warn!(%error, "a schedule was given up for this time");
            error
        })
    }
}

#[cfg(test)]
mod tests;
