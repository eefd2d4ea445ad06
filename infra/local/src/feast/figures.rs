//! What the feast took, as figures.

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use domain::sacrifice::Carried;
use serde_json::{Map, Value, json};

use super::{Order, Stand};
use crate::figure::{Figure, percentile};
use crate::stack::Inside;

/// What was noted while it went on.
pub(super) struct Taken {
    /// When each animal's first row was sent.
    pub(super) sent: BTreeMap<String, i64>,
    /// When each donor was told of each animal.
    pub(super) notes: BTreeMap<(String, String), i64>,
    /// What is known of the animals.
    pub(super) carried: Vec<Carried>,
    /// Rows that were sent.
    pub(super) rows: u64,
    /// Batches that were sent.
    pub(super) batches: u64,
    /// Milliseconds until all of them were taken.
    pub(super) took: i64,
    /// By how much the clock went forward.
    pub(super) skipped: Duration,
}

/// The figures of a feast.
#[derive(Debug, Clone)]
pub struct Figures {
    figures: Vec<(&'static str, Figure)>,
    wrong: Vec<String>,
}

impl Figures {
    pub(super) fn new(order: &Order, inside: &Inside, stand: &Stand, taken: Taken) -> Figures {
        let mut waits = Vec::new();
        let mut lost = 0;
        for (note, animal) in stand.expected() {
            match (taken.notes.get(&note), taken.sent.get(&animal)) {
                (Some(told), Some(sent)) => waits.push(u64::try_from(told - sent).unwrap_or(0)),
                _ => lost += 1,
            }
        }
        waits.sort_unstable();
        let slaughtered = taken.carried.iter().filter(|carried| carried.is_slaughtered()).count() as u64;
        let rewritten = taken.carried.iter().filter(|carried| carried.version > 1).count() as u64;
        let failed: u64 = inside.functions().map(|function| function.counts().errors).sum();
        let ms = |percent| Figure::Count(percentile(&waits, percent));
        let figures = vec![
            ("animals", Figure::Count(order.animals.into())),
            ("donors_of_animals", Figure::Count(stand.donors() as u64)),
            ("batches", Figure::Count(taken.batches)),
            ("rows", Figure::Count(taken.rows)),
            ("seed", Figure::Count(order.seed)),
            ("invocations_failed", Figure::Count(failed)),
            ("clock_forward_s", Figure::Count(taken.skipped.as_secs())),
            ("taken_ms", Figure::Count(u64::try_from(taken.took).unwrap_or(0))),
            ("slaughtered", Figure::Count(slaughtered)),
            ("written_again", Figure::Count(rewritten)),
            ("lost", Figure::Count(lost)),
            ("told_twice", Figure::Count(twice(&inside.told()))),
            ("p50_ms", ms(50)),
            ("p90_ms", ms(90)),
            ("p99_ms", ms(99)),
            ("longest_ms", ms(100)),
        ];
        let dead = inside.troubles().into_iter().filter(|trouble| trouble.contains("set aside"));
        Figures { figures, wrong: dead.collect() }
    }

    /// A figure by its name.
    pub fn get(&self, name: &str) -> Option<Figure> {
        self.figures.iter().find(|(known, _)| *known == name).map(|(_, figure)| *figure)
    }

    /// Whether every animal was written once, and every donor heard of theirs.
    pub fn is_whole(&self) -> bool {
        let is = |name, count| self.get(name) == Some(Figure::Count(count));
        let animals = self.get("animals");
        self.wrong.is_empty() && is("lost", 0) && is("written_again", 0) && self.get("slaughtered") == animals
    }

    /// The figures as one JSON object.
    pub fn json(&self) -> Value {
        let figures = self.figures.iter().map(|(name, figure)| ((*name).to_owned(), figure.json()));
        let mut object: Map<String, Value> = figures.collect();
        object.insert("wrong".to_owned(), json!(self.wrong));
        Value::Object(object)
    }
}

/// Messages beyond the first about one animal to one donor.
fn twice(messages: &[Value]) -> u64 {
    let mut times: BTreeMap<&str, u64> = BTreeMap::new();
    for reference in messages.iter().filter_map(|message| message["reference"].as_str()) {
        *times.entry(reference).or_default() += 1;
    }
    times.values().map(|times| times - 1).sum()
}

impl fmt::Display for Figures {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (name, figure) in &self.figures {
            writeln!(f, "  {name:<32} {}", figure.aligned())?;
        }
        self.wrong.iter().try_for_each(|wrong| writeln!(f, "  ! {wrong}"))
    }
}
