//! Logs as JSON lines, and metrics as log lines in CloudWatch's embedded format: no agent, no call, nothing on the way of a gift.
//!
//! Neither ever carries personal data: a log line names ids of ours, codes and counts.

use std::sync::atomic::{AtomicBool, Ordering};

use tracing_subscriber::filter::LevelFilter;

use crate::config::Settings;

/// The namespace of every metric.
const NAMESPACE: &str = "Ihsan";

/// Whether this process is a function's, whose standard output CloudWatch reads.
static STARTED: AtomicBool = AtomicBool::new(false);

/// Starts logging, at the level of the setting `LOG`: `error`, `warn`, `info`, `debug`, `trace` or `off`; `info` without one that is known. A
/// second start changes nothing.
pub fn start(settings: &Settings) {
    STARTED.store(true, Ordering::Relaxed);
    let level = settings.get("LOG").and_then(|level| level.parse().ok()).unwrap_or(LevelFilter::INFO);
    let started = tracing_subscriber::fmt()
        .json()
        .flatten_event(true)
        .with_current_span(false)
        .without_time()
        .with_target(false)
        .with_max_level(level)
        .try_init();
    if started.is_err() {
        tracing::debug!("logging was started before");
    }
}

/// Counts something: one metric, as one line. `name` is the metric's, such as `SettledGifts`.
pub fn count(function: &'static str, name: &'static str, value: u64) {
    print(&line(function, name, "Count", value));
}

/// Measures how long something took or how old it is: one metric, as one line.
pub fn milliseconds(function: &'static str, name: &'static str, value: u64) {
    print(&line(function, name, "Milliseconds", value));
}

/// CloudWatch finds a metric only in a line that is nothing but the metric, so it goes past the log's own form.
fn print(line: &serde_json::Value) {
    if STARTED.load(Ordering::Relaxed) {
        println!("{line}");
    }
}

fn line(function: &str, name: &str, unit: &str, value: u64) -> serde_json::Value {
    serde_json::json!({
        "_aws": {"CloudWatchMetrics": [{
            "Namespace": NAMESPACE,
            "Dimensions": [["function"]],
            "Metrics": [{"Name": name, "Unit": unit}],
        }]},
        "function": function,
        name: value,
    })
}
