//! The figures of a burst, and whether they hold.
//!
//! What must hold: no share sold twice, nobody told that nothing is left while something was, no share stranded, everyone who paid has exactly their shares or their money, the
//! books agree with the provider. What is aimed at is told, and breaks nothing.

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use serde_json::{Map, Value, json};

use super::design::Design;
use super::heat::{Heat, hottest};
use super::record::{Cost, LotWrite, Notes, Stand};
use super::told::{Refusal, false_ones};
use super::{Opening, Order, Outcome};
use crate::figure::{Figure, Thousandths, percentile};

/// Points of the time line at most.
const POINTS: i64 = 400;
/// Aims: write units a share over the opening, refused writes a share to the last one, units a second on the hottest key.
const MOST_UNITS: Thousandths = Thousandths(1_200);
const MOST_REFUSED: Thousandths = Thousandths(100);
const MOST_HEAT: u64 = 1_000;
/// How many sentences are shown.
const SHOWN: usize = 20;

/// The clock went forward.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Skip {
    /// When, in milliseconds of the emulated clock.
    pub at_millis: i64,
    /// By how much.
    pub by: Duration,
}

/// How the lots stood at a moment of the run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Point {
    run_millis: i64,
    stand: Stand,
}

/// What a burst gave.
#[derive(Debug, Clone)]
pub struct Figures {
    order: Vec<(&'static str, Value)>,
    figures: Vec<(&'static str, Figure)>,
    counts: BTreeMap<&'static str, u64>,
    calls: BTreeMap<String, u64>,
    aims: Vec<(&'static str, bool)>,
    designs: Vec<Design>,
    line: Vec<Point>,
    forward: Vec<i64>,
    wrong: Vec<String>,
    failures: Vec<String>,
    broken: Vec<&'static str>,
}

/// What the lots were made to write while the sale opened.
struct Claims {
    at_millis: Vec<i64>,
    shares: u64,
    units: u64,
    refused: u64,
    renamed: u64,
}

impl Claims {
    fn of(notes: &Notes, opening: &Opening) -> Self {
        let is_in = |at: i64| (opening.began_millis..=opening.ended_millis).contains(&at);
        let claims = || notes.writes.iter().filter(|write| write.claimed() > 0 && is_in(write.at_millis));
        let cost = |list: &[Cost]| -> (u64, u64) {
            let within: Vec<u64> = list.iter().filter(|cost| is_in(cost.at_millis)).map(|cost| cost.units).collect();
            (within.len() as u64, within.iter().sum())
        };
        let ((refused, refused_units), (renamed, renamed_units)) = (cost(&notes.refused), cost(&notes.renamed));
        Self {
            at_millis: claims().map(|claim| claim.at_millis).collect(),
            shares: claims().map(|claim| u64::from(claim.claimed())).sum(),
            units: claims().map(|claim| claim.units).sum::<u64>() + refused_units + renamed_units,
            refused,
            renamed,
        }
    }

    /// From the first to the last.
    fn micros(&self) -> u64 {
        let span = self.at_millis.first().zip(self.at_millis.last()).map_or(0, |(first, last)| last - first);
        u64::try_from(span).unwrap_or(0) * 1_000
    }
}

impl Figures {
    pub(super) fn new(order: &Order, outcome: Outcome) -> Self {
        let Outcome { opening, notes, tally, refusals, payers, proof, .. } = &outcome;
        let claims = Claims::of(notes, opening);
        let false_ones = false_ones(&notes.writes, refusals);
        let mut answers = tally.answer_micros.clone();
        answers.sort_unstable();
        let heat = hottest(&opening.key_writes, &claims.at_millis);
        let lots = design_of_lots(&claims, refusals, opening, answers, heat);
        let wrong = payers.wrong.iter().chain(&proof.wrong).take(SHOWN).cloned();
        let falsely = false_ones.iter().take(SHOWN).map(|told| format!("told falsely that it is sold out: {told:?}"));
        let checks = checks(&outcome, false_ones.len());
        Self {
            order: ordered(order),
            figures: figures(&outcome, &claims, &lots, false_ones.len() as u64),
            counts: tally.counts.clone(),
            calls: opening.calls.clone(),
            aims: aims(&outcome, &claims, &lots),
            line: line(&notes.writes, &outcome.skips),
            forward: forward(&notes.writes, &outcome.skips),
            wrong: wrong.chain(falsely).collect(),
            failures: tally.failures.clone(),
            broken: checks.into_iter().filter(|(_, holds)| !holds).map(|(name, _)| name).collect(),
            designs: std::iter::once(lots).chain(outcome.beside).collect(),
        }
    }

    /// Whether everything held that must.
    pub fn is_sound(&self) -> bool {
        self.broken.is_empty()
    }

    fn hottest_key(&self) -> &str {
        self.designs.first().map_or("", |lots| &lots.heat.key)
    }

    /// One of the figures.
    pub fn get(&self, name: &str) -> Option<Figure> {
        self.figures.iter().find(|(known, _)| *known == name).map(|(_, figure)| *figure)
    }

    /// The figures as one JSON object.
    pub fn json(&self) -> Value {
        let mut object: Map<String, Value> =
            self.figures.iter().map(|(name, figure)| ((*name).to_owned(), figure.json())).collect();
        object
            .insert("order".to_owned(), self.order.iter().cloned().map(|(name, value)| (name.to_owned(), value)).collect());
        object.insert("hottest_key".to_owned(), json!(self.hottest_key()));
        object.insert("buyers".to_owned(), json!(self.counts));
        object.insert("opening_calls".to_owned(), json!(self.calls));
        object.insert("side_by_side".to_owned(), self.designs.iter().map(Design::json).collect());
        object.insert("time_line".to_owned(), self.line.iter().map(|point| point.json()).collect());
        object.insert("clock_forward_ms".to_owned(), json!(self.forward));
        object.insert("wrong".to_owned(), json!(self.wrong));
        object.insert("failures".to_owned(), json!(self.failures));
        object.insert("broken".to_owned(), json!(self.broken));
        Value::Object(object)
    }
}

impl Point {
    fn json(self) -> Value {
        let Stand { free, held, sold } = self.stand;
        json!({"ms": self.run_millis, "sold": sold, "held": held, "free": free})
    }
}

fn ordered(order: &Order) -> Vec<(&'static str, Value)> {
    vec![
        ("sheep", json!(order.sheep)),
        ("camels", json!(order.camels)),
        ("buyers", json!(order.buyers)),
        ("in_flight", json!(order.in_flight)),
        ("environments", json!(order.environments)),
        ("abandoned_per_million", json!(order.abandoned_per_million)),
        ("retried_per_million", json!(order.retried_per_million)),
        ("late_per_million", json!(order.late_per_million)),
        ("crashed_per_million", json!(order.crashed_per_million)),
        ("seed", json!(order.seed)),
    ]
}

/// Write units of the opening for each share that was claimed in it.
fn units_per_share(claims: &Claims) -> Thousandths {
    Thousandths::ratio(claims.units, claims.shares)
}

/// Writes on lots that were refused until the last share was sold, for each share that was sold.
fn refused_per_share(outcome: &Outcome) -> Thousandths {
    Thousandths::ratio(outcome.notes.refused.len() as u64, outcome.held.sold)
}

fn figures(outcome: &Outcome, claims: &Claims, lots: &Design, false_sold_out: u64) -> Vec<(&'static str, Figure)> {
    let Outcome { notes, held, payers, .. } = outcome;
    let claimed: u64 = notes.writes.iter().map(|write| u64::from(write.claimed())).sum();
    let ms = |percent| Figure::Count(percentile(&lots.answer_micros, percent).div_ceil(1_000));
    vec![
        ("sold", Figure::Count(held.sold)),
        ("oversold", Figure::Count(held.oversold)),
        ("false_sold_out", Figure::Count(false_sold_out)),
        ("stranded", Figure::Count(held.stranded)),
        ("unsold", Figure::Count(held.free)),
        ("partial_animals", outcome.partial_animals.map_or(Figure::Unknown, Figure::Count)),
        ("claims_per_second", lots.claims_per_second()),
        ("p50_ms", ms(50)),
        ("p99_ms", ms(99)),
        ("claim_units_per_share", Figure::Decimal(units_per_share(claims))),
        ("conditional_failures_per_share", Figure::Decimal(refused_per_share(outcome))),
        ("hottest_key_units_per_second", Figure::Count(lots.heat.units_per_second)),
        ("opening_claims", Figure::Count(lots.claims)),
        ("opening_shares", Figure::Count(claims.shares)),
        ("opening_conditional_failures", Figure::Count(claims.refused)),
        ("opening_renamed", Figure::Count(claims.renamed)),
        ("shares_claimed_in_all", Figure::Count(claimed)),
        ("conditional_failures", Figure::Count(notes.refused.len() as u64)),
        ("conditional_failures_on_gifts", Figure::Count(notes.refused_on_gifts)),
        ("renamed", Figure::Count(notes.renamed.len() as u64)),
        ("waves", Figure::Count(outcome.waves)),
        ("paid_gifts", Figure::Count(payers.paid)),
        ("with_their_shares", Figure::Count(payers.with_shares)),
        ("with_their_money_back", Figure::Count(payers.money_back)),
        ("neither_or_both", Figure::Count(payers.wrong.len() as u64)),
        ("invocations_failed", Figure::Count(outcome.failed_invocations)),
    ]
}

/// What must hold.
fn checks(outcome: &Outcome, false_sold_outs: usize) -> [(&'static str, bool); 9] {
    let failed = outcome.tally.counts.get("failed").copied().unwrap_or_default();
    [
        ("oversold", outcome.held.oversold == 0),
        ("false_sold_out", false_sold_outs == 0),
        ("stranded", outcome.held.stranded == 0),
        ("unsold", outcome.held.free == 0),
        ("neither_or_both", outcome.payers.wrong.is_empty()),
        ("partial_animals", outcome.partial_animals.is_none_or(|partial| partial == 0)),
        ("the books", outcome.proof.holds()),
        ("coming to rest", outcome.rested),
        ("what buyers were answered", failed == 0),
    ]
}

/// What is aimed at, and whether it was met.
fn aims(outcome: &Outcome, claims: &Claims, lots: &Design) -> Vec<(&'static str, bool)> {
    vec![
        ("claim_units_per_share", units_per_share(claims) <= MOST_UNITS),
        ("conditional_failures_per_share", refused_per_share(outcome) <= MOST_REFUSED),
        ("hottest_key_units_per_second", lots.heat.units_per_second < MOST_HEAT),
    ]
}

/// The opening in the words of the designs beside.
fn design_of_lots(claims: &Claims, refusals: &[Refusal], opening: &Opening, answers: Vec<u64>, heat: Heat) -> Design {
    let is_in = |told: &&Refusal| (opening.began_millis..=opening.ended_millis).contains(&told.at_millis);
    Design {
        name: "lots".to_owned(),
        micros_taken: claims.micros(),
        claims: claims.at_millis.len() as u64,
        shares: claims.shares,
        told_sold_out: refusals.iter().filter(is_in).count() as u64,
        units: claims.units,
        refused: claims.refused,
        answer_micros: answers,
        heat,
        ..Design::default()
    }
}

/// The time of the run: that of the emulated clock without what it went forward by.
fn run_millis(at_millis: i64, began_millis: i64, skips: &[Skip]) -> i64 {
    let past = skips.iter().filter(|skip| skip.at_millis < at_millis);
    let forward: i64 = past.map(|skip| i64::try_from(skip.by.as_millis()).unwrap_or(0)).sum();
    at_millis - began_millis - forward
}

/// How all lots stood in the course of the run, at so many points as can be drawn.
fn line(writes: &[LotWrite], skips: &[Skip]) -> Vec<Point> {
    let (Some(first), Some(last)) = (writes.first(), writes.last()) else { return Vec::new() };
    let began = first.at_millis;
    let step = (run_millis(last.at_millis, began, skips) / POINTS).max(1);
    let (mut all, mut line, mut next) = (BTreeMap::new(), Vec::new(), 0);
    let sum = |all: &BTreeMap<_, Stand>| {
        all.values().fold(Stand::default(), |sum, stand| Stand {
            free: sum.free + stand.free,
            held: sum.held + stand.held,
            sold: sum.sold + stand.sold,
        })
    };
    for write in writes {
        let now = run_millis(write.at_millis, began, skips);
        if now >= next && !all.is_empty() {
            line.push(Point { run_millis: now, stand: sum(&all) });
            next = now + step;
        }
        all.insert((write.kind, write.lot), write.now);
    }
    line.push(Point { run_millis: run_millis(last.at_millis, began, skips), stand: sum(&all) });
    line
}

/// When in the run the clock went forward.
fn forward(writes: &[LotWrite], skips: &[Skip]) -> Vec<i64> {
    let began = writes.first().map_or(0, |first| first.at_millis);
    skips.iter().map(|skip| run_millis(skip.at_millis, began, skips)).collect()
}

impl fmt::Display for Figures {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (name, figure) in &self.figures {
            let aim = match self.aims.iter().find(|(aimed, _)| aimed == name) {
                Some((_, true)) => "  as aimed at",
                Some((_, false)) => "  BEYOND THE AIM",
                None => "",
            };
            writeln!(f, "  {name:<34} {}{aim}", figure.aligned())?;
        }
        writeln!(f, "  {:<34} {:>12}", "hottest_key", self.hottest_key())?;
        for (name, count) in &self.counts {
            writeln!(f, "  buyers {name:<27} {:>12}", count)?;
        }
        for (operation, count) in &self.calls {
            writeln!(f, "  opening {operation:<26} {count:>12}")?;
        }
        writeln!(f)?;
        for (row, (name, _)) in Design::default().figures().iter().enumerate() {
            let cells = self.designs.iter().map(|design| design.figures()[row].1.aligned());
            let cells: Vec<String> = cells.map(|cell| format!("{cell:<17}")).collect();
            writeln!(f, "  {name:<34} {}", cells.join(" ").trim_end())?;
        }
        let names: Vec<&str> = self.designs.iter().map(|design| design.name.as_str()).collect();
        writeln!(f, "  ({})", names.join(", "))?;
        for wrong in self.wrong.iter().chain(&self.failures) {
            writeln!(f, "  ! {wrong}")?;
        }
        match self.broken.as_slice() {
            [] => write!(f, "  everything held that must"),
            broken => write!(f, "  DOES NOT HOLD: {}", broken.join(", ")),
        }
    }
}

#[cfg(test)]
mod tests;
