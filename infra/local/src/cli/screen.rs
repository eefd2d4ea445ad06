//! The progress bar, lines above it, and the logs.

use std::io::IsTerminal as _;
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressStyle};
use tracing_subscriber::filter::LevelFilter;

use crate::load;
use crate::scenario;

/// How often the bar is drawn anew while nothing moves.
const TICK: Duration = Duration::from_millis(200);
const STYLE: &str = "{prefix:<10} [{bar:40}] {pos}/{len}  {elapsed}";

/// One bar at a time; without a terminal a line for each phase, so that a long run can be followed in its log.
pub(super) struct Screen {
    bar: ProgressBar,
    began: Instant,
}

impl Screen {
    pub(super) fn new() -> Self {
        let bar = ProgressBar::new(0);
        if let Ok(style) = ProgressStyle::with_template(STYLE) {
            bar.set_style(style.progress_chars("=> "));
        }
        bar.enable_steady_tick(TICK);
        Self { bar, began: Instant::now() }
    }

    pub(super) fn phase(&self, name: &str, steps: u64) {
        self.bar.reset();
        self.bar.set_prefix(name.to_owned());
        self.bar.set_length(steps);
        if !std::io::stderr().is_terminal() {
            eprintln!("{:>5} s  {name} {steps}", self.began.elapsed().as_secs());
        }
    }

    pub(super) fn advance(&self, steps: u64) {
        self.bar.inc(steps);
    }

    pub(super) fn clear(&self) {
        self.bar.finish_and_clear();
    }

    /// A line that stays; without a terminal the bar prints nothing, and the line must not be lost with it.
    fn line(&self, text: &str) {
        self.bar.suspend(|| println!("{text}"));
    }
}

impl scenario::Told for Screen {
    fn step(&self, title: &str, outcome: Result<(), &str>) {
        match outcome {
            Ok(()) => self.line(&format!("  ok  {title}")),
            Err(wrong) => self.line(&format!("  !!  {title}: {wrong}")),
        }
    }

    fn ended(&self) {
        self.advance(1);
    }
}

impl load::Told for Screen {
    fn phase(&self, name: &str, steps: u64) {
        Screen::phase(self, name, steps);
    }

    fn done(&self, steps: u64) {
        self.advance(steps);
    }
}

/// The functions' logs go to the standard error stream, when they are asked for: what matters of them is told in words.
pub(super) fn start_logging(verbose: u8) {
    let level = match verbose {
        0 => LevelFilter::OFF,
        1 => LevelFilter::WARN,
        _ => LevelFilter::INFO,
    };
    let started = tracing_subscriber::fmt().with_max_level(level).with_writer(std::io::stderr).try_init();
    if started.is_err() {
        eprintln!("local: logging was started before");
    }
}
