//! Plays seeds of the simulation and says what they broke.

use std::collections::{BTreeMap, BTreeSet};
use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};

use clap::Parser;
use indicatif::{ProgressBar, ProgressStyle};
use serde::Serialize;
use simulation::plan::{self, DONORS, SACRIFICES};
use simulation::trace::story;
use simulation::{Plan, Report, play, shrink};

/// Plays the platform against itself: production code, donors who get into each other's way, animals sold to the last share, and every fault, all from a seed.
///
/// A seed that breaks a rule is told at once, brought down to fewer donors and faults that break the same rule, and told with the steps that matter and
/// the command that plays them again. Every tenth seed is played twice: a run that is not the same again is broken itself. Ends with exit code 1 when
/// a rule was broken.
#[derive(Parser)]
struct Arguments {
    /// How many seeds to play.
    #[arg(long, default_value_t = 10)]
    seeds: u64,
    /// The first seed.
    #[arg(long, default_value_t = 1)]
    first: u64,
    /// Donors in each: how many, or which (`3..5,17`).
    #[arg(long, default_value_t = DONORS.to_string())]
    donors: String,
    /// How many of a hundred donors come for a sacrifice; without any nothing is sold by the share.
    #[arg(long, default_value_t = SACRIFICES, value_parser = clap::value_parser!(u64).range(..=100))]
    sacrifices: u64,
    /// Kinds of faults to leave out, as `faults` in the JSON names them, with commas between them.
    #[arg(long, value_delimiter = ',')]
    without: Vec<String>,
    /// The only calls to do faults to, by number (`120,400..455`).
    #[arg(long)]
    only: Option<String>,
    /// Tell every step of each seed, faults or not.
    #[arg(long)]
    steps: bool,
    /// Do not look for a shorter run where one fails.
    #[arg(long)]
    as_it_is: bool,
    /// How many seeds to play at the same time; as many as there are cores if absent.
    #[arg(long)]
    jobs: Option<NonZeroUsize>,
    /// Where to write what came of it, as JSON: seeds, events (calls of AWS and of others), faults by kind, violations, and more.
    #[arg(long)]
    json: Option<PathBuf>,
}

impl Arguments {
    fn plan(&self, seed: u64) -> anyhow::Result<Plan> {
        let only = self.only.as_deref().map(plan::read_spans).transpose().map_err(anyhow::Error::msg)?;
        Ok(Plan {
            donors: plan::read_donors(&self.donors).map_err(anyhow::Error::msg)?,
            sacrifices: self.sacrifices,
            without: self.without.iter().cloned().collect(),
            only: only.map(BTreeSet::from_iter),
            record: self.steps,
            ..Plan::new(seed, 0)
        })
    }
}

/// What came of all seeds.
#[derive(Default, Serialize)]
struct Summary {
    seeds: u64,
    /// Seeds that were played twice.
    repeated: u64,
    events: u64,
    entries: u64,
    /// Notices that donors were sent, and how many of them had been sent before.
    told: usize,
    told_again: usize,
    faults: BTreeMap<String, u64>,
    /// Faults that were done to calls, by whose they were.
    struck: BTreeMap<String, u64>,
    answers: BTreeMap<String, u64>,
    donations: BTreeMap<String, u64>,
    cases: BTreeMap<String, u64>,
    /// Shares of animals: sold, given up and sold again, found and lost for payments that came late.
    shares: BTreeMap<String, u64>,
    /// What else was played, by what became of it.
    besides: BTreeMap<String, u64>,
    violations: Vec<String>,
    /// For each seed that broke a rule, the shortest run that was found to break it too.
    again: Vec<String>,
}

impl Summary {
    fn add(&mut self, Played { report, again, repeated }: Played) {
        self.seeds += 1;
        self.repeated += u64::from(repeated);
        self.events += report.events;
        self.entries += report.entries;
        self.told += report.told.0;
        self.told_again += report.told.1;
        let counts = [
            (&mut self.faults, report.faults),
            (&mut self.struck, report.struck),
            (&mut self.answers, report.answers),
            (&mut self.donations, report.donations),
            (&mut self.cases, report.cases),
            (&mut self.shares, report.shares),
            (&mut self.besides, report.besides),
        ];
        for (sums, counts) in counts {
            for (name, count) in counts {
                *sums.entry(name).or_default() += count;
            }
        }
        self.violations.extend(report.violations.into_iter().map(|wrong| format!("seed {}: {wrong}", report.seed)));
        self.again.extend(again);
    }
}

/// One seed that was played.
struct Played {
    report: Report,
    again: Option<String>,
    repeated: bool,
}

fn main() -> anyhow::Result<ExitCode> {
    let arguments = Arguments::parse();
    arguments.plan(0)?;
    let bar = ProgressBar::new(arguments.seeds);
    bar.set_style(ProgressStyle::with_template("{bar:40} {pos}/{len} seeds, {elapsed} gone, {eta} left, {msg}")?);
    bar.set_message("no rule broken");
    let summary = play_all(&arguments, &bar)?;
    bar.finish_and_clear();
    let text = serde_json::to_string_pretty(&summary)?;
    println!("{text}");
    if let Some(path) = arguments.json {
        std::fs::write(path, text)?;
    }
    Ok(if summary.violations.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// Every seed. A seed is a world of its own on one thread, so that as many are played at once as there are cores.
fn play_all(arguments: &Arguments, bar: &ProgressBar) -> anyhow::Result<Summary> {
    let next = AtomicU64::new(arguments.first);
    let end = arguments.first + arguments.seeds;
    let summary = Mutex::new(Summary::default());
    let work = || -> anyhow::Result<()> {
        while let Some(seed) = Some(next.fetch_add(1, Ordering::Relaxed)).filter(|seed| *seed < end) {
            let played = play_one(&arguments.plan(seed)?, arguments, bar)?;
            let mut summary = summary.lock().unwrap_or_else(PoisonError::into_inner);
            summary.add(played);
            if !summary.violations.is_empty() {
                bar.set_message(format!("{} broken rules", summary.violations.len()));
            }
            bar.inc(1);
        }
        Ok(())
    };
    let cores = || std::thread::available_parallelism().map_or(1, NonZeroUsize::get);
    let jobs = arguments.jobs.map_or_else(cores, NonZeroUsize::get);
    std::thread::scope(|scope| {
        let workers: Vec<_> = (0..jobs).map(|_| scope.spawn(work)).collect();
        workers.into_iter().try_for_each(|worker| worker.join().expect("a seed does not panic"))
    })?;
    let mut summary = summary.into_inner().unwrap_or_else(PoisonError::into_inner);
    summary.violations.sort();
    summary.again.sort();
    Ok(summary)
}

fn play_one(plan: &Plan, arguments: &Arguments, bar: &ProgressBar) -> anyhow::Result<Played> {
    let mut report = play(plan)?;
    if arguments.steps {
        bar.suspend(|| report.steps.iter().for_each(|step| println!("{step}")));
    }
    let again = if report.violations.is_empty() { None } else { Some(tell(plan, &report, arguments, bar)?) };
    let repeated = plan.seed.is_multiple_of(10);
    if repeated {
        let again = play(plan)?;
        if again.trace != report.trace {
            report.violations.push(format!("the run is not the same again: {} and {}", report.trace, again.trace));
        }
    }
    Ok(Played { report, again, repeated })
}

/// What a seed broke, as soon as it is known, and the shortest run found that breaks it too.
fn tell(plan: &Plan, report: &Report, arguments: &Arguments, bar: &ProgressBar) -> anyhow::Result<String> {
    let mut lines: Vec<String> = report.violations.iter().map(|wrong| format!("seed {}: {wrong}", report.seed)).collect();
    lines.push(format!("again: {}", plan.command()));
    bar.suspend(|| eprintln!("{}", lines.join("\n")));
    if arguments.as_it_is {
        return Ok(plan.command());
    }
    let shrunk = shrink::shrink(plan, report, &play)?;
    let (donors, faults) = (shrunk.plan.donors.len(), shrunk.report.injected.len());
    let mut lines =
        vec![format!("seed {}, brought down in {} runs to {donors} donors and {faults} faults:", plan.seed, shrunk.tries)];
    lines.extend(story(&shrunk.report.steps, &shrunk.report.violations));
    lines.extend(shrunk.report.violations);
    lines.push(format!("again: {}", shrunk.plan.command()));
    bar.suspend(|| eprintln!("{}", lines.join("\n")));
    Ok(shrunk.plan.command())
}
