//! Plays seeds of the simulation and says what they broke.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::process::ExitCode;

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
    for seed in arguments.first..arguments.first + arguments.seeds {
        let report = play(seed, arguments.donors)?;
        for wrong in &report.violations {
            bar.println(format!("seed {seed}: {wrong}"));
        }
        if !report.violations.is_empty() {
            let donors = arguments.donors;
            bar.println(format!("again: cargo run --release -p simulation -- --seeds 1 --first {seed} --donors {donors}"));
        }
        summary.add(report);
        bar.inc(1);
    }
    bar.finish_and_clear();
    let text = serde_json::to_string_pretty(&summary)?;
    println!("{text}");
    if let Some(path) = arguments.json {
        std::fs::write(path, text)?;
    }
    Ok(if summary.violations.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
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
