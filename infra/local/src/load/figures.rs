//! The figures of a load: whole numbers, and thousandths written as decimals.

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use moyasar_sandbox::Deed;
use serde_json::{Map, Value, json};
use testkit::dynamo::usage::Usage;
use testkit::sqs::SqsUsage;
use tokio::time::Instant;

use super::Order;
use super::tally::Tally;
use crate::figure::{Figure, Thousandths, percentile};
use crate::proof::Proof;
use crate::stack::Inside;

/// What a load gave.
#[derive(Debug, Clone)]
pub struct Figures {
    figures: Vec<(&'static str, Figure)>,
    by_operation: BTreeMap<String, u64>,
    wrong: Vec<String>,
    failures: Vec<String>,
}

/// What was done on purpose.
#[derive(Debug, Clone, Copy, Default)]
pub struct Done {
    duplicated: u64,
    lost: u64,
    failed_invocations: u64,
    skipped_secs: u64,
}

impl Done {
    pub(super) fn of(inside: &Inside, skipped: Duration) -> Self {
        let deeds = inside.sandbox().tally().deeds;
        let of = |deed| deeds.get(&deed).copied().unwrap_or_default();
        let failed_invocations = inside.functions().map(|function| function.counts().errors).sum();
        Self { duplicated: of(Deed::Duplicate), lost: of(Deed::Lose), failed_invocations, skipped_secs: skipped.as_secs() }
    }
}

impl Figures {
    #[expect(clippy::too_many_arguments, reason = "each is another source of figures, and there is one caller")]
    pub(super) fn new(
        order: &Order,
        tally: &Tally,
        begun: Instant,
        done: &Done,
        usage: &Usage,
        sqs: &SqsUsage,
        proof: &Proof,
        booked: &BTreeMap<String, u64>,
    ) -> Self {
        let paid = tally.paid_ids();
        let settled = paid.iter().filter(|id| booked.contains_key(*id)).count() as u64;
        let doubled = booked.values().filter(|times| **times > 1).count() as u64;
        let units = usage.total();
        let (posts, settles) = (tally.post_micros(), tally.settle_micros());
        let ran = tally.last_settled().map_or(0, |last| micros(last.duration_since(begun)));
        let per_settled = |whole: u64| Figure::Decimal(Thousandths::ratio(whole, settled));
        let ms = |times: &[u64], percent| Figure::Count(percentile(times, percent).div_ceil(1_000));
        let figures = vec![
            ("gifts", Figure::Count(order.gifts)),
            ("rate", Figure::Count(order.rate)),
            ("opportunities", Figure::Count(order.opportunities)),
            ("capped_percent", Figure::Count(order.capped_percent)),
            ("seed", Figure::Count(order.seed)),
            ("webhooks_duplicated", Figure::Count(done.duplicated)),
            ("webhooks_lost", Figure::Count(done.lost)),
            ("invocations_failed", Figure::Count(done.failed_invocations)),
            ("clock_forward_s", Figure::Count(done.skipped_secs)),
            ("failed", Figure::Count(tally.failures())),
            ("paid", Figure::Count(paid.len() as u64)),
            ("settled", Figure::Count(settled)),
            ("lost", Figure::Count(paid.len() as u64 - settled)),
            ("doubled", Figure::Count(doubled)),
            ("write_units_per_settled", per_settled(units.write_units + units.refused_write_units)),
            ("refused_write_units_per_settled", per_settled(units.refused_write_units)),
            ("read_units_per_settled", Figure::Decimal(Thousandths::ratio(units.read_half_units, settled * 2))),
            ("sqs_calls_per_settled", per_settled(sqs.total_calls())),
            ("sqs_billed_per_settled", per_settled(sqs.billed_requests.values().sum())),
            ("gifts_per_page", Figure::Decimal(Thousandths::ratio(settled, proof.pages as u64))),
            ("gifts_per_second", Figure::Decimal(Thousandths::ratio(settled.saturating_mul(1_000_000), ran))),
            ("p50_ms", ms(&posts, 50)),
            ("p99_ms", ms(&posts, 99)),
            ("settle_p50_ms", ms(&settles, 50)),
            ("settle_p99_ms", ms(&settles, 99)),
        ];
        let mut by_operation = BTreeMap::new();
        for ((operation, _), units) in &usage.units {
            *by_operation.entry(operation.clone()).or_default() += units.write_units + units.refused_write_units;
        }
        by_operation.retain(|_, units| *units > 0);
        Self { figures, by_operation, wrong: proof.wrong.clone(), failures: tally.words() }
    }

    /// Whether nothing was lost, doubled or failed, and the books agree with the provider.
    pub fn is_clean(&self) -> bool {
        let none = |name| self.figures.iter().any(|(known, figure)| *known == name && matches!(figure, Figure::Count(0)));
        self.wrong.is_empty() && none("lost") && none("doubled") && none("failed")
    }

    /// The figures as one JSON object.
    pub fn json(&self) -> Value {
        let mut object = Map::new();
        for (name, figure) in &self.figures {
            object.insert((*name).to_owned(), figure.json());
        }
        object.insert("write_units_by_operation".to_owned(), json!(self.by_operation));
        object.insert("wrong".to_owned(), json!(self.wrong));
        object.insert("failures".to_owned(), json!(self.failures));
        Value::Object(object)
    }
}

impl fmt::Display for Figures {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (name, figure) in &self.figures {
            writeln!(f, "  {name:<32} {}", figure.aligned())?;
        }
        for wrong in self.wrong.iter().chain(&self.failures) {
            writeln!(f, "  ! {wrong}")?;
        }
        Ok(())
    }
}

fn micros(time: std::time::Duration) -> u64 {
    u64::try_from(time.as_micros()).unwrap_or(u64::MAX)
}
