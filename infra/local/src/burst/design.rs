//! What a design cost, in the words that are the same for all of them.

use serde_json::{Map, Value, json};

use super::heat::Heat;
use crate::figure::{Figure, Thousandths, percentile};

/// A design that was played.
#[derive(Debug, Clone, Default)]
pub struct Design {
    /// What it is.
    pub name: String,
    /// How long its sale took, in microseconds.
    pub micros_taken: u64,
    /// Claims that went through, and their shares.
    pub claims: u64,
    /// Shares that were claimed.
    pub shares: u64,
    /// How often somebody was told that nothing is left, or not so much.
    pub told_sold_out: u64,
    /// Who met others too often.
    pub gave_up: u64,
    /// Who was not served before the sale was broken off.
    pub unserved: u64,
    /// Write units of the claims, refused ones included.
    pub units: u64,
    /// Writes that a condition refused.
    pub refused: u64,
    /// Writes that met a transaction.
    pub conflicts: u64,
    /// How long answers took, in microseconds, in order.
    pub answer_micros: Vec<u64>,
    /// The hottest key.
    pub heat: Heat,
    /// What went wrong, in words.
    pub failures: Vec<String>,
}

impl Design {
    /// Its figures.
    pub fn figures(&self) -> Vec<(&'static str, Figure)> {
        let per_share = |whole| Figure::Decimal(Thousandths::ratio(whole, self.shares));
        let ms = |percent| Figure::Count(percentile(&self.answer_micros, percent).div_ceil(1_000));
        vec![
            ("claims", Figure::Count(self.claims)),
            ("shares", Figure::Count(self.shares)),
            ("told_sold_out", Figure::Count(self.told_sold_out)),
            ("gave_up", Figure::Count(self.gave_up)),
            ("unserved", Figure::Count(self.unserved)),
            ("seconds", Figure::Decimal(Thousandths(self.micros_taken / 1_000))),
            ("claims_per_second", self.claims_per_second()),
            ("p50_ms", ms(50)),
            ("p99_ms", ms(99)),
            ("claim_units_per_share", per_share(self.units)),
            ("conditional_failures_per_share", per_share(self.refused)),
            ("conflicts_per_share", per_share(self.conflicts)),
            ("hottest_key_units_per_second", Figure::Count(self.heat.units_per_second)),
        ]
    }

    /// How many claims went through in a second.
    pub fn claims_per_second(&self) -> Figure {
        Figure::Decimal(Thousandths::ratio(self.claims.saturating_mul(1_000_000), self.micros_taken))
    }

    /// As one JSON object.
    pub fn json(&self) -> Value {
        let mut object = Map::new();
        object.insert("design".to_owned(), json!(self.name));
        object.extend(self.figures().into_iter().map(|(name, figure)| (name.to_owned(), figure.json())));
        object.insert("hottest_key".to_owned(), json!(self.heat.key));
        object.insert("failures".to_owned(), json!(self.failures));
        Value::Object(object)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_are_for_each_share_that_was_claimed() {
        let design = Design {
            micros_taken: 2_500_000,
            claims: 500,
            shares: 800,
            units: 1_000,
            refused: 40,
            conflicts: 8,
            answer_micros: (1..=100).map(|n| n * 1_000).collect(),
            ..Design::default()
        };
        let json = design.json();
        let of = |name: &str| json[name].to_string();
        assert_eq!((of("claims_per_second"), of("seconds")), ("200.0".to_owned(), "2.5".to_owned()));
        assert_eq!(
            (of("claim_units_per_share"), of("conditional_failures_per_share")),
            ("1.25".to_owned(), "0.05".to_owned())
        );
        assert_eq!(
            (of("conflicts_per_share"), of("p50_ms"), of("p99_ms")),
            ("0.01".to_owned(), "50".to_owned(), "99".to_owned())
        );
    }
}
