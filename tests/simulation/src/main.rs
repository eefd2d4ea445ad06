//! Plays seeds of the simulation and says what they broke.

use std::collections::BTreeMap;
use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::atomic::{AtomicU64, Ordering};

use clap::Parser;
use indicatif::{ProgressBar, ProgressStyle};
use serde::Serialize;
use simulation::{Report, run};

/// Plays the platform against itself: production code, hundreds of donors, every fault, all from a seed.
///
/// Ends with exit code 1 when a rule was broken, and prints the command that breaks it again.
#[derive(Parser)]
struct Arguments {
    /// How many seeds to play.
    #[arg(long, default_value_t = 10)]
    seeds: u64,
    /// The first seed.
    #[arg(long, default_value_t = 1)]
    first: u64,
    /// Donors in each.
    #[arg(long, default_value_t = 120)]
    donors: u64,
    /// Where to write what came of it, as JSON.
    #[arg(long)]
    json: Option<PathBuf>,
}

/// What came of all seeds.
#[derive(Default, Serialize)]
struct Summary {
    seeds: u64,
    events: u64,
    entries: u64,
    /// Notices that donors were sent, and how many of them had been sent before.
    told: usize,
    told_again: usize,
    faults: BTreeMap<String, u64>,
    answers: BTreeMap<String, u64>,
    donations: BTreeMap<String, u64>,
    violations: Vec<String>,
}

impl Summary {
    fn add(&mut self, report: Report) {
        self.seeds += 1;
        self.events += report.events;
        self.entries += report.entries;
        self.told += report.told.0;
        self.told_again += report.told.1;
        for (name, count) in report.faults {
            *self.faults.entry(name).or_default() += count;
        }
        for (answer, count) in report.answers {
            *self.answers.entry(answer).or_default() += count;
        }
        for (state, count) in report.donations {
            *self.donations.entry(state).or_default() += count;
        }
        self.violations.extend(report.violations.into_iter().map(|wrong| format!("seed {}: {wrong}", report.seed)));
    }
}

fn main() -> anyhow::Result<ExitCode> {
    let arguments = Arguments::parse();
    let bar = ProgressBar::new(arguments.seeds);
    bar.set_style(ProgressStyle::with_template("{bar:40} {pos}/{len} seeds, {eta} left")?);
    let mut summary = Summary::default();
    for report in play_all(&arguments, &bar) {
        summary.add(report?);
    }
    bar.finish_and_clear();
    let text = serde_json::to_string_pretty(&summary)?;
    println!("{text}");
    if let Some(path) = arguments.json {
        std::fs::write(path, text)?;
    }
    Ok(if summary.violations.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// Every seed, in order of the seeds. A seed is a world of its own on one thread, so that as many are played at once as there are cores.
fn play_all(arguments: &Arguments, bar: &ProgressBar) -> Vec<anyhow::Result<Report>> {
    let next = AtomicU64::new(arguments.first);
    let end = arguments.first + arguments.seeds;
    let work = || {
        let mut reports = Vec::new();
        while let Some(seed) = Some(next.fetch_add(1, Ordering::Relaxed)).filter(|seed| *seed < end) {
            let report = play(seed, arguments.donors);
            if let Ok(report) = &report {
                tell(bar, report, arguments.donors);
            }
            bar.inc(1);
            reports.push((seed, report));
        }
        reports
    };
    let cores = std::thread::available_parallelism().map_or(1, NonZeroUsize::get);
    let mut reports = std::thread::scope(|scope| {
        let workers: Vec<_> = (0..cores).map(|_| scope.spawn(work)).collect();
        let done = workers.into_iter().map(|worker| worker.join().expect("a seed does not panic"));
        done.flatten().collect::<Vec<_>>()
    });
    reports.sort_by_key(|(seed, _)| *seed);
    reports.into_iter().map(|(_, report)| report).collect()
}

/// What a seed broke, as soon as it is known, and the command that breaks it again.
fn tell(bar: &ProgressBar, report: &Report, donors: u64) {
    for wrong in &report.violations {
        bar.println(format!("seed {}: {wrong}", report.seed));
    }
    if !report.violations.is_empty() {
        bar.println(format!(
            "again: cargo run --release -p simulation -- --seeds 1 --first {} --donors {donors}",
            report.seed
        ));
    }
}

/// Every tenth seed is played twice: a run that is not the same again is broken itself.
fn play(seed: u64, donors: u64) -> anyhow::Result<Report> {
    let mut report = run(seed, donors)?;
    if seed.is_multiple_of(10) {
        let again = run(seed, donors)?;
        if again.trace != report.trace {
            report.violations.push(format!("the run is not the same again: {} and {}", report.trace, again.trace));
        }
    }
    Ok(report)
}
