//! The parts of one run.

use std::collections::BTreeMap;
use std::future::Future;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use domain::catalogue::{Bilingual, Charity, Opportunity, Standing};
use domain::id::{CharityId, DonationId};
use domain::moment::Moment;
use domain::money::Money;
use domain::purpose::{Fund, Programme, Region, Track};
use serde_json::Value;
use stage::{Options, Stage};
use testkit::connector::{Crashed, invocation};
use testkit::dynamo::DynamoOptions;
use testkit::sqs::Disorder;

use crate::bank::Bank;
use crate::days::Days;
use crate::deeds::Deeds;
use crate::environment::Environment;
use crate::ledger::Ledger;
use crate::offerings::Sales;
use crate::outside;
use crate::plan::Plan;
use crate::sale::Sale;
use crate::trace::{Trace, acting};

/// When runs begin: two minutes before a midnight in Riyadh, so that each has one in its middle.
pub const BEGINS: &str = "2026-11-23T20:58:00Z";

/// How wrong an environment's clock is at most, in milliseconds.
pub const SKEW: u64 = 2_000;

/// An environment whose clock is wrong.
const WRONG_CLOCK: &str = "clock skew";
/// A message that a queue hands out twice.
const DUPLICATED: &str = "queue: delivered twice";
/// A message that a queue hands out before an older one.
const REORDERED: &str = "queue: delivered out of order";
/// Whoever carries notices takes none.
const REFUSED: &str = "sender: refuses";
/// Whoever carries notices takes one, and says nothing.
const SILENT: &str = "sender: reply lost";
/// An invocation that was killed.
const KILLED: &str = "invocation killed";

/// Everything that one run consists of.
pub struct World {
    /// The platform's surroundings.
    pub stage: Stage,
    /// Which run it is.
    pub plan: Plan,
    /// Faults and the record.
    pub trace: Trace,
    /// What was done that a person has to be told of.
    pub deeds: Deeds,
    /// What the bank has written.
    pub bank: Bank,
    /// What was told of the sealed day.
    pub days: Days,
    /// What can be given to.
    pub opportunities: Vec<Opportunity>,
    /// What is sold by the share.
    pub sales: Sales,
    /// What was seen of that.
    pub sale: Sale,
    /// What was seen of the books.
    pub ledger: Ledger,
    /// Environments that are used again, by function.
    warm: Mutex<BTreeMap<String, Vec<Environment>>>,
    made: Mutex<Vec<DonationId>>,
    answers: Mutex<BTreeMap<String, u64>>,
    silent: AtomicBool,
    errands: Arc<AtomicU64>,
}

impl World {
    /// The parts for a plan, with its catalogue.
    ///
    /// # Errors
    /// When a part cannot be made: a fault of the simulation, not of the platform.
    pub async fn new(plan: &Plan) -> anyhow::Result<World> {
        let seed = plan.seed;
        let duplicate_per_mille = if plan.has(DUPLICATED) { 30 } else { 0 };
        let stage = Stage::new(Options {
            seed,
            begins: BEGINS.parse::<Moment>()?,
            dynamo: DynamoOptions { seed, ..DynamoOptions::default() },
            disorder: Disorder { reorder: plan.has(REORDERED), duplicate_per_mille },
            // Shorter than the real waits, so that a run takes minutes of simulated time and not hours.
            retry_waits_ms: [1_000, 5_000, 20_000, 60_000, 120_000],
        })
        .await?;
        let sale = Sale::watch(&stage);
        let opportunities = catalogue(&stage).await?;
        let ledger = Ledger::watch(&stage, &opportunities);
        let sales = Sales::drawn(plan, stage.now())?;
        sales.publish(&stage).await?;
        let trace = Trace::new(plan, stage.clock.clone());
        if let Some((from, until)) = sales.rush {
            trace.rush(from, until);
        }
        stage.cloud.services().set_faults(trace.clone());
        Ok(World {
            stage,
            plan: plan.clone(),
            trace,
            deeds: Deeds::default(),
            bank: Bank::default(),
            days: Days::default(),
            opportunities,
            sales,
            sale,
            ledger,
            warm: Mutex::default(),
            made: Mutex::default(),
            answers: Mutex::default(),
            silent: AtomicBool::new(false),
            errands: Arc::default(),
        })
    }

    /// What a new environment of a function is given; its clock is a little wrong.
    ///
    /// # Errors
    /// When the template does not name the function.
    pub fn platform(&self, function: &str) -> anyhow::Result<platform::Platform> {
        let is_wrong = self.plan.has(WRONG_CLOCK);
        if is_wrong {
            self.trace.count(WRONG_CLOCK);
        }
        let mut platform = self.stage.platform_with_skew(function, if is_wrong { SKEW } else { 0 })?;
        platform.outbound = outside::faulty(platform.outbound, &self.trace);
        Ok(platform)
    }

    /// An environment of a function that has served before, if one is at rest.
    pub fn warm(&self, function: &str) -> Option<Environment> {
        self.warm.lock().unwrap_or_else(PoisonError::into_inner).get_mut(function)?.pop()
    }

    /// Keeps an environment for another call.
    pub fn keep_warm(&self, function: &str, environment: Environment) {
        let mut warm = self.warm.lock().unwrap_or_else(PoisonError::into_inner);
        warm.entry(function.to_owned()).or_default().push(environment);
    }

    /// Has whoever carries notices refuse some, and lose some replies.
    pub fn disturb_senders(&self) {
        let (refuses, silent) = (self.plan.has(REFUSED), self.plan.has(SILENT));
        self.stage.outbox.misbehave(if refuses { 30 } else { 0 }, if silent { 20 } else { 0 });
    }

    /// One invocation of a function in this environment; what it calls is written down under the function's name.
    ///
    /// # Errors
    /// When the invocation was killed between two of its calls. What the function itself answers is inside.
    pub async fn invoke(&self, function: &str, to: &Environment, event: Value) -> Result<anyhow::Result<Value>, Crashed> {
        let done = acting(function, invocation(Box::pin(to.invoke(event)))).await;
        if done.is_err() {
            self.trace.count(KILLED);
        }
        done
    }

    /// Has somebody go about something while the run goes on; nothing is at rest before they are done.
    pub fn send_out(&self, errand: impl Future<Output = ()> + 'static) {
        let underway = Underway::begin(&self.errands);
        tokio::task::spawn_local(async move {
            errand.await;
            drop(underway);
        });
    }

    /// Errands that are not done.
    pub fn errands(&self) -> u64 {
        self.errands.load(Ordering::Relaxed)
    }

    /// The provider tells nothing from now on, or tells what it has kept back.
    pub fn is_silent(&self, silent: bool) {
        self.silent.store(silent, Ordering::Relaxed);
    }

    /// Whether the provider may tell something.
    pub fn may_tell(&self) -> bool {
        !self.silent.load(Ordering::Relaxed)
    }

    /// What went wrong on purpose, by kind.
    pub fn faults(&self) -> BTreeMap<String, u64> {
        let services = self.stage.cloud.services();
        let mut faults = self.trace.counts();
        faults.extend(services.fault_counts().into_iter().map(|(name, count)| (name.to_owned(), count)));
        let queues = services.sqs.usage();
        faults.extend([(DUPLICATED.to_owned(), queues.duplicated), (REORDERED.to_owned(), queues.reordered)]);
        let tally = self.stage.sandbox.tally();
        faults.extend(tally.deeds.into_iter().map(|(deed, count)| (crate::provider::named(deed), count)));
        let (refused, silent) = self.stage.outbox.misbehaved();
        faults.extend([(REFUSED.to_owned(), refused), (SILENT.to_owned(), silent)]);
        faults.insert("provider: call while down".to_owned(), tally.down);
        faults.retain(|_, count| *count > 0);
        faults
    }

    /// A donor was told of this donation.
    pub fn told_of(&self, donation: DonationId) {
        self.made.lock().unwrap_or_else(PoisonError::into_inner).push(donation);
    }

    /// A donor's app was answered so.
    pub fn answered(&self, route: &str, status: u64, code: &str) {
        let mut answers = self.answers.lock().unwrap_or_else(PoisonError::into_inner);
        *answers.entry(format!("{route}: {status} {code}").trim_end().to_owned()).or_default() += 1;
    }

    /// How often donors' apps were answered how.
    pub fn answers(&self) -> BTreeMap<String, u64> {
        self.answers.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// The donations that donors were told of.
    pub fn made(&self) -> Vec<DonationId> {
        self.made.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

/// An errand that is not done.
struct Underway(Arc<AtomicU64>);

impl Underway {
    fn begin(errands: &Arc<AtomicU64>) -> Underway {
        errands.fetch_add(1, Ordering::Relaxed);
        Underway(Arc::clone(errands))
    }
}

impl Drop for Underway {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

/// Eight opportunities over three funds; the last two capped, one of them so low that it fills.
async fn catalogue(stage: &Stage) -> anyhow::Result<Vec<Opportunity>> {
    let charity: CharityId = "birr-riyadh".parse()?;
    let (name, licence) = (both("البر", "Birr"), "1001".to_owned());
    stage.table.put_charity(&Charity { id: charity.clone(), name, licence, region: Region::Riyadh }).await?;
    let funds = [(Fund::Zakat, Programme::Zakat), (Fund::Sadaqa, Programme::Projects), (Fund::Waqf, Programme::Waqf)];
    let targets = [None, None, None, None, None, None, Some(600), Some(20_000)];
    let mut opportunities = Vec::new();
    for (number, target) in targets.into_iter().enumerate() {
        let (fund, programme) = funds[number % funds.len()];
        let opportunity = Opportunity {
            id: format!("opportunity-{number}").parse()?,
            charity: charity.clone(),
            title: both("مشروع", "Project"),
            description: both("وصف", "Description"),
            licence: "2002".to_owned(),
            fund,
            programme,
            track: Track::Care,
            region: Region::ALL[number],
            target_minor: target.and_then(Money::from_riyals),
            standing: Standing::Open,
        };
        stage.publish(&opportunity).await?;
        opportunities.push(opportunity);
    }
    Ok(opportunities)
}

fn both(ar: &str, en: &str) -> Bilingual {
    Bilingual { ar: ar.to_owned(), en: en.to_owned() }
}
