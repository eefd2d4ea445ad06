//! Figures of a run: whole numbers, and thousandths written as decimals. Nothing is computed with a fraction.

use std::fmt;

use serde_json::{Number, Value, json};

/// A decimal with three places, kept as its thousandths.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Thousandths(pub u64);

impl Thousandths {
    /// `whole / parts`, rounded down; 0 when there are no parts.
    pub fn ratio(whole: u64, parts: u64) -> Self {
        Self(whole.saturating_mul(1_000).checked_div(parts).unwrap_or(0))
    }
}

impl fmt::Display for Thousandths {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{:03}", self.0 / 1_000, self.0 % 1_000)
    }
}

/// One figure.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Figure {
    /// A number of things.
    Count(u64),
    /// A number with a fraction.
    Decimal(Thousandths),
    /// It was not taken.
    Unknown,
}

impl Figure {
    /// As a number of JSON; null where there is none.
    pub fn json(self) -> Value {
        match self {
            Figure::Count(count) => json!(count),
            // Read as a number from its text.
            Figure::Decimal(decimal) => decimal.to_string().parse::<Number>().map_or(Value::Null, Value::Number),
            Figure::Unknown => Value::Null,
        }
    }

    /// In a column, with the decimal points below each other.
    pub fn aligned(self) -> String {
        match self {
            Figure::Count(count) => format!("{count:>12}"),
            Figure::Decimal(decimal) => format!("{:>16}", decimal.to_string()),
            Figure::Unknown => format!("{:>12}", "-"),
        }
    }
}

/// The smallest value that `percent` in a hundred do not exceed; 0 of none.
pub fn percentile(sorted: &[u64], percent: usize) -> u64 {
    let rank = (sorted.len() * percent).div_ceil(100).max(1) - 1;
    sorted.get(rank).copied().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_are_values_that_were_measured() {
        let hundred: Vec<u64> = (1..=100).collect();
        assert_eq!((percentile(&hundred, 50), percentile(&hundred, 99), percentile(&hundred, 100)), (50, 99, 100));
        assert_eq!((percentile(&[7], 99), percentile(&[], 99)), (7, 0));
    }

    #[test]
    fn ratios_are_written_with_three_places() {
        let text = |whole, parts| Thousandths::ratio(whole, parts).to_string();
        assert_eq!([text(7, 2), text(1, 3), text(0, 5), text(5, 0)], ["3.500", "0.333", "0.000", "0.000"]);
        assert_eq!(Figure::Decimal(Thousandths::ratio(7, 2)).json().to_string(), "3.5");
        assert_eq!(Figure::Unknown.json(), Value::Null);
    }

    #[test]
    fn columns_have_their_points_below_each_other() {
        let lines = [Figure::Count(17), Figure::Decimal(Thousandths(17_250)), Figure::Unknown].map(Figure::aligned);
        assert_eq!(lines, ["          17", "          17.250", "           -"]);
    }
}
