//! The parts of one run.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use domain::catalogue::{Bilingual, Charity, Opportunity, Standing};
use domain::id::{CharityId, DonationId};
use domain::moment::Moment;
use domain::money::Money;
use domain::purpose::{Fund, Programme, Region, Track};
use stage::{Options, Stage};
use testkit::dynamo::DynamoOptions;
use testkit::sqs::Disorder;

use crate::trace::Trace;

/// When runs begin: two minutes before a midnight in Riyadh, so that each has one in its middle.
pub const BEGINS: &str = "2026-11-23T20:58:00Z";

/// How wrong an environment's clock is at most, in milliseconds.
const SKEW: u64 = 2_000;

/// Everything that one run consists of.
pub struct World {
    /// The platform's surroundings.
    pub stage: Stage,
    /// Faults and the record.
    pub trace: Trace,
    /// What can be given to.
    pub opportunities: Vec<Opportunity>,
    made: Mutex<Vec<DonationId>>,
    answers: Mutex<BTreeMap<String, u64>>,
}

impl World {
    /// The parts for a seed, with its catalogue.
    ///
    /// # Errors
    /// When a part cannot be made: a fault of the simulation, not of the platform.
    pub async fn new(seed: u64) -> anyhow::Result<World> {
        let stage = Stage::new(Options {
            seed,
            begins: BEGINS.parse::<Moment>()?,
            dynamo: DynamoOptions { seed, ..DynamoOptions::default() },
            disorder: Disorder { reorder: true, duplicate_per_mille: 30 },
            // Shorter than the real waits, so that a run takes minutes of simulated time and not hours.
            retry_waits_ms: [1_000, 5_000, 20_000, 60_000, 120_000],
        })
        .await?;
        let opportunities = catalogue(&stage).await?;
        let trace = Trace::new(seed);
        stage.cloud.services().set_faults(trace.clone());
        Ok(World { stage, trace, opportunities, made: Mutex::default(), answers: Mutex::default() })
    }

    /// What a new environment of a function is given; its clock is a little wrong.
    ///
    /// # Errors
    /// When the template does not name the function.
    pub fn platform(&self, function: &str) -> anyhow::Result<platform::Platform> {
        self.stage.platform_with_skew(function, SKEW)
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
