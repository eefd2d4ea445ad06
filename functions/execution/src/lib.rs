//! Execution: a sale that is over is closed, its animals are filled, and each slaughterhouse is given its list.
//!
//! **Promise.** Once a sale's last hold has ended, its confirmed shares are moved until every one of them has its animal and all animals are full; the last one is completed by the platform, or what was given for it goes back.
//! No share is lost or had twice on the way, whatever breaks off, comes twice or meets another: on every lot free, held, confirmed and own shares are the lot's at every moment, and a donation and its
//! shares never part. A list that went out is never changed: another one supersedes it.
//!
//! **Phases** of an offering, each looked at anew in each run, so that a run can break off anywhere ([`close`]):
//! 1. it is marked under a new revision, and its lots are taken under it: whoever was about to change its quota is refused by the table;
//! 2. what is held is waited for ([`held`]); what is paid and not confirmed yet is confirmed;
//! 3. what is free is withdrawn ([`seal`]): nobody finds room any more;
//! 4. a plan is written down, once, and carried out ([`carry`]), until none is needed;
//! 5. the animal that is not full ([`remainder`]);
//! 6. it is packed. From then on it is watched ([`watch`]): a gift that goes back leaves a place.
//!
//! Until then holds that were missed are asked for again ([`missed`]). After the season what was never told as slaughtered is a matter for a person ([`undone`]).
//!
//! When all offerings of a slaughterhouse and a day are packed, their list is made and signed ([`lists`]); one that is not out in time is a matter for a person, and an alarm ([`late`]). Then what the platform has of their animals is booked ([`own`]).
//!
//! **Why a plan is written down** and not made anew from what stands: two runs that look at different moments would plan differently, and move shares against each other. What was planned is one, whoever carries
//! it out; each step is written down with its move, so that none is made twice, and one that was held up makes it no more.
//!
//! **Cost.** A look at all offerings, every quarter of an hour: one query. Of each that is sold, is to be closed, or is packed and its day not over: a query for each segment of its lots. Each move: two reads and a
//! transaction of four items.
//!
//! **Failure.** What cannot be reached ends one offering's run, not the others'; the next run goes on from what stands.

pub mod carry;
pub mod close;
pub mod event;
pub mod held;
pub mod late;
pub mod lists;
pub mod missed;
pub mod own;
pub mod remainder;
pub mod rows;
pub mod seal;
pub mod undone;
pub mod watch;

use std::collections::BTreeSet;
use std::sync::OnceLock;

use documents::list::{Fonts, Press, PressError};
use domain::id::OpportunityId;
use domain::journal::TransferError;
use domain::proof::note::NoteError;
use domain::sacrifice::carrying::rules::is_to_be_counted;
use domain::sacrifice::{Due, Offering, close::due};
use platform::bucket::{Bucket, BucketError};
use platform::http::chain;
use platform::privacy::{Privacy, PrivacyError};
use platform::queue::{Queue, QueueError};
use platform::secrets::{SecretError, Secrets};
use platform::table::{Table, TableError};
use platform::{Clock, ConfigError, Platform, Random, telemetry};
use serde_json::{Value, json};

use close::Outcome;
pub use event::EventError;

/// What execution is given, once for each environment.
pub struct Deps {
    table: Table,
    bucket: Bucket,
    privacy: Privacy,
    secrets: Secrets,
    journal: Queue,
    holds: Queue,
    /// Made at the first need: most runs set nothing.
    press: OnceLock<Press>,
    fonts: Option<String>,
    clock: Clock,
    random: Random,
}

impl Deps {
    /// From the platform's parts.
    ///
    /// # Errors
    /// When a setting is missing.
    pub fn new(platform: &Platform) -> Result<Deps, ConfigError> {
        Ok(Deps {
            table: platform.table()?,
            bucket: Bucket::new(&platform.aws, &platform.settings)?,
            privacy: Privacy::new(platform)?,
            secrets: platform.secrets()?,
            journal: platform.queue("QUEUE_JOURNAL")?,
            holds: platform.queue("QUEUE_HOLDS")?,
            press: OnceLock::new(),
            fonts: platform.settings.get("FONTS").map(str::to_owned),
            clock: platform.clock.clone(),
            random: platform.random.clone(),
        })
    }

    fn press(&self) -> &Press {
        self.press.get_or_init(|| Press::new(Fonts::with_folder(self.fonts.as_deref())))
    }
}

/// Why something was not done; the next run goes on.
#[derive(Debug, thiserror::Error)]
pub enum ExecutionError {
    /// The event cannot be followed.
    #[error("the event")]
    Event(#[from] EventError),
    /// There is no such offering, or nothing is to be done about it.
    #[error("{0} is no offering of which anything is to be done")]
    NotDue(OpportunityId),
    /// The table did not take or give something.
    #[error("the table")]
    Table(#[from] TableError),
    /// The bucket did not take something.
    #[error("the bucket")]
    Bucket(#[from] BucketError),
    /// The queue did not take something.
    #[error("the queue")]
    Queue(#[from] QueueError),
    /// What the platform gives is no transfer: its price is nothing.
    #[error("what the platform gives itself")]
    Transfer(TransferError),
    /// Names could not be read.
    #[error("the names on a list")]
    Privacy(#[from] PrivacyError),
    /// The keys that sign lists could not be read.
    #[error("the keys that sign lists")]
    Secret(#[from] SecretError),
    /// They are no keys.
    #[error("the keys that sign lists")]
    Keys(#[from] NoteError),
    /// A document could not be set.
    #[error("a list's document")]
    Press(#[from] PressError),
    /// Others wrote to the same things in every round.
    #[error("others were quicker in every round")]
    Crowded,
    /// Animals are left that no plan fills: a fault of the planning.
    #[error("{0} animals of {1} are not full, and no move is planned")]
    Unfilled(usize, OpportunityId),
    /// More offerings than one list can have.
    #[error("{0} offerings are more than go on one list")]
    TooMany(usize),
    /// Of several things some failed; this is the first.
    #[error("{count} of the offerings and lists failed, {what} first")]
    Some {
        /// How many.
        count: usize,
        /// Which failed first.
        what: String,
        /// Why.
        source: Box<ExecutionError>,
    },
}

/// Closes what is to be closed, watches what was, and lets lists go out; answers with what was done.
///
/// # Errors
/// When the event cannot be followed, or something failed. What did not fail was done.
pub async fn handle(deps: &Deps, event: Value) -> Result<Value, ExecutionError> {
    let asked = event::offering(event)?;
    let now = deps.clock.now();
    let mut offerings = deps.table.offerings().await?;
    let is_asked = |offering: &&Offering| asked.as_ref().is_none_or(|asked| offering.id == *asked);
    let counted = offerings.iter().filter(is_asked).filter(|offering| is_to_be_counted(offering, now));
    let counted: Vec<Offering> = counted.cloned().collect();
    let sold = offerings.iter().filter(is_asked).filter(|offering| missed::may_hold(offering, now));
    let sold: Vec<Offering> = sold.cloned().collect();
    let late = late::of(&offerings, asked.as_ref(), now);
    offerings.retain(|offering| due(offering, now) != Due::Nothing);
    if let Some(asked) = asked {
        offerings.retain(|offering| offering.id == asked);
        if offerings.is_empty() && counted.is_empty() && late.is_empty() {
            return Err(ExecutionError::NotDue(asked));
        }
    }
    let mut run = Run::default();
    for offering in &sold {
        if let Err(error) = Box::pin(missed::ask(deps, offering)).await {
            run.failed(offering.id.as_str(), error);
        }
    }
    for offering in &offerings {
        // In a box: the futures of the SDK nest so deep that the compiler gives up on the layout of all of them together.
        match Box::pin(close::close(deps, &offering.id)).await {
            Ok(outcome) => run.closed(deps, offering, &outcome),
            Err(error) => run.failed(offering.id.as_str(), error),
        }
    }
    list_all(deps, &offerings, &mut run).await?;
    for list in &late {
        match Box::pin(late::tell(deps, list)).await {
            Ok(None) => {}
            Ok(Some(waits_for)) => run.late.push(list.told(&waits_for)),
            Err(error) => run.failed(&list.name(), error),
        }
    }
    for offering in &counted {
        match Box::pin(undone::count(deps, offering)).await {
            Ok(None | Some(0)) => {}
            Ok(Some(left)) => run.undone.push(json!({"offering": offering.id, "left": left})),
            Err(error) => run.failed(offering.id.as_str(), error),
        }
    }
    run.tell()
}

/// Lets the lists go out that the offerings are on.
async fn list_all(deps: &Deps, looked_at: &[Offering], run: &mut Run) -> Result<(), ExecutionError> {
    let days: BTreeSet<_> = looked_at.iter().filter_map(lists::list_of).collect();
    if days.is_empty() {
        return Ok(());
    }
    let standing = deps.table.offerings().await?;
    for (house, day) in days {
        match Box::pin(lists::issue(deps, &house, day, &standing)).await {
            Ok(None) => {}
            Ok(Some(version)) => {
                run.lists.push(json!({"slaughterhouse": house, "day": day, "version": version}));
                let is_on_it = |offering: &&Offering| lists::list_of(offering) == Some((house.clone(), day));
                let on_it: Vec<Offering> = standing.iter().filter(is_on_it).cloned().collect();
                book(deps, &on_it, run).await;
            }
            Err(error) => run.failed(&format!("{house}/{day}"), error),
        }
    }
    Ok(())
}

/// Books what the platform has of the animals on a list that went out.
async fn book(deps: &Deps, offerings: &[Offering], run: &mut Run) {
    for offering in offerings {
        let booked = async {
            let lots = deps.table.all_lots(&offering.id).await?;
            own::book(deps, offering, &lots).await
        };
        // The next run looks again.
        if let Err(error) = Box::pin(booked).await {
            run.failed(offering.id.as_str(), error);
        }
    }
}

/// What a run did.
#[derive(Default)]
struct Run {
    offerings: Vec<Value>,
    lists: Vec<Value>,
    /// Offerings whose season is over, with animals that were never told as slaughtered.
    undone: Vec<Value>,
    /// Lists that are not out, and should be.
    late: Vec<Value>,
    failures: Vec<(String, ExecutionError)>,
    waits_ms: u64,
}

impl Run {
    fn closed(&mut self, deps: &Deps, offering: &Offering, outcome: &Outcome) {
        let waited = deps.clock.now().millis_since(offering.holds_end());
        // Animals without a slaughterhouse wait for an operator to name one.
        if outcome.waits_for_holds() || (outcome.is_packed() && offering.place.slaughterhouse.is_none()) {
            self.waits_ms = self.waits_ms.max(u64::try_from(waited).unwrap_or(0));
            tracing::warn!(offering = offering.id.as_str(), outcome = outcome.code(), waited, "a closed sale waits");
        }
        self.offerings.push(outcome.told(&offering.id));
    }

    fn failed(&mut self, what: &str, error: ExecutionError) {
        tracing::error!(what, error = chain(&error), "something was not done; the next run goes on");
        // What fails twice of one thing is one failure.
        if self.failures.iter().all(|(known, _)| known != what) {
            self.failures.push((what.to_owned(), error));
        }
    }

    fn tell(mut self) -> Result<Value, ExecutionError> {
        telemetry::milliseconds("execution", "CloseWaits", self.waits_ms);
        telemetry::count("execution", "ListsLate", self.late.len() as u64);
        if self.failures.is_empty() {
            let mut told = json!({"offerings": self.offerings, "lists": self.lists});
            if !self.undone.is_empty() {
                told["undone"] = json!(self.undone);
            }
            if !self.late.is_empty() {
                told["late"] = json!(self.late);
            }
            return Ok(told);
        }
        let count = self.failures.len();
        let (what, source) = self.failures.swap_remove(0);
        Err(ExecutionError::Some { count, what, source: Box::new(source) })
    }
}
