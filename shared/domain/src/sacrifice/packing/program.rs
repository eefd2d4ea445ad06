//! Choices for many lots at once, such that what they make together comes out: the best ones, and a proof.
//!
//! **Shape.** Lots are of kinds; for each lot one of the ways of its kind is chosen. A way costs something and adds to rows, whole numbers; the sums of all that is chosen must be what the rows
//! want. That is an integer program, and [`microlp`] solves it.
//!
//! **Its word is not taken.** It reckons with floats, and the best solvers have been wrong. What it chooses is held against every row in integers; what does not come out is no answer. Of the
//! cost it is asked for a price for each row, and from prices, good or bad, a bound follows in integers that no choice can undercut ([`Program::least`]). Where the two meet, no other choice is
//! better, whatever a float may have been.

use std::time::Duration;

use microlp::{ComparisonOp, LinearExpr, OptimizationDirection, Problem, SolveOptions};
use rust_decimal::Decimal;
use rust_decimal::prelude::{FromPrimitive, ToPrimitive};

/// Nodes of its search before it has to tell the best that it has found: thousands of times what was seen to be needed.
const MOST_NODES: u64 = 100_000;

/// How long it may take for either question. It takes milliseconds; but a search that goes in circles, as that of a simplex may, would go on for ever.
const MOST_TIME: Duration = Duration::from_secs(10);

/// Parts of one that prices are rounded to.
const PRECISION: i128 = 1 << 30;

/// Prices are sought in these bounds, in moves, and what a way costs less what it adds in those: no piece is worth more. Without bounds the search was seen to go in circles.
const PRICES: (f64, f64) = (-16.0, 16.0);
const LESS: (f64, f64) = (-400.0, 400.0);

/// What may become of a lot.
#[derive(Debug, Clone)]
pub(super) struct Way {
    /// Of which kind the lot is.
    pub(super) kind: usize,
    /// What it costs.
    pub(super) cost: i32,
    /// What it adds, and to which rows.
    pub(super) adds: Vec<(usize, i32)>,
}

/// What the sum over all that is chosen has to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Row {
    /// Just so much.
    Just(i32),
    /// So much or more.
    AtLeast(i32),
}

impl Row {
    fn wants(self) -> i32 {
        match self {
            Row::Just(wants) | Row::AtLeast(wants) => wants,
        }
    }

    fn has(self, sum: i64) -> bool {
        match self {
            Row::Just(wants) => sum == i64::from(wants),
            Row::AtLeast(wants) => sum >= i64::from(wants),
        }
    }

    fn comparison(self) -> ComparisonOp {
        match self {
            Row::Just(_) => ComparisonOp::Eq,
            Row::AtLeast(_) => ComparisonOp::Ge,
        }
    }
}

/// Which choices there are.
#[derive(Debug, Clone, Default)]
pub(super) struct Program {
    /// How many lots there are of each kind.
    pub(super) lots: Vec<u32>,
    /// What may become of them.
    pub(super) ways: Vec<Way>,
    /// What has to come out.
    pub(super) rows: Vec<Row>,
}

impl Program {
    /// How often each way is chosen, at the least cost that was found; none where nothing was found that comes out.
    pub(super) fn best(&self) -> Option<Vec<u32>> {
        let mut problem = Problem::new(OptimizationDirection::Minimize);
        let most = |way: &Way| i32::try_from(self.lots[way.kind]).unwrap_or(i32::MAX);
        let add = |way: &Way| problem.add_integer_var(f64::from(way.cost), (0, most(way)));
        let chosen: Vec<_> = self.ways.iter().map(add).collect();
        for (kind, lots) in self.lots.iter().enumerate() {
            let of_kind = self.ways.iter().zip(&chosen).filter(|(way, _)| way.kind == kind);
            let all: LinearExpr = of_kind.map(|(_, times)| (*times, 1.0)).collect();
            problem.add_constraint(all, ComparisonOp::Eq, f64::from(*lots));
        }
        for (number, row) in self.rows.iter().enumerate() {
            let adds = self.ways.iter().zip(&chosen).map(|(way, times)| (*times, f64::from(way.adds_to(number))));
            problem.add_constraint(adds.collect::<LinearExpr>(), row.comparison(), f64::from(row.wants()));
        }
        let mut options = SolveOptions::default();
        options.node_limit = Some(MOST_NODES);
        options.time_limit = Some(MOST_TIME);
        let solution = problem.solve_with(options).ok()?.into_solution().ok()?;
        let times = |times| u32::try_from(Decimal::from_f64(solution.var_value(times))?.round().to_i64()?).ok();
        let times: Option<Vec<u32>> = chosen.into_iter().map(times).collect();
        times.filter(|times| self.comes_out(times))
    }

    /// Whether a way is chosen for every lot and each row has what it wants.
    fn comes_out(&self, times: &[u32]) -> bool {
        let mut left: Vec<i64> = self.lots.iter().map(|lots| i64::from(*lots)).collect();
        let mut sums = vec![0; self.rows.len()];
        for (way, times) in self.ways.iter().zip(times) {
            left[way.kind] -= i64::from(*times);
            way.adds.iter().for_each(|(row, adds)| sums[*row] += i64::from(*adds) * i64::from(*times));
        }
        left.iter().all(|left| *left == 0) && self.rows.iter().zip(sums).all(|(row, sum)| row.has(sum))
    }

    /// What no choice can cost less than.
    ///
    /// Say that every row has a price and its sum is paid for by it: then a choice that comes out costs what it did, less what all rows want at their prices; and no lot can do with less than the
    /// cheapest of its kind's ways. That is true of any prices, but those of rows that may have more than they want must not be below nothing.
    pub(super) fn least(&self) -> i128 {
        self.bound(&self.prices().unwrap_or_else(|| vec![0; self.rows.len()]))
    }

    fn bound(&self, prices: &[i128]) -> i128 {
        let wanted: i128 = self.rows.iter().zip(prices).map(|(row, price)| i128::from(row.wants()) * price).sum();
        let of_kind = |(kind, lots): (usize, &u32)| {
            let ways = self.ways.iter().filter(|way| way.kind == kind);
            i128::from(*lots) * ways.map(|way| way.less(prices)).min().unwrap_or(0)
        };
        let cheapest: i128 = self.lots.iter().enumerate().map(of_kind).sum();
        // Costs are whole.
        -(-(wanted + cheapest)).div_euclid(PRECISION)
    }

    /// A price for each row: those at which the bound is highest, as far as floats go.
    fn prices(&self) -> Option<Vec<i128>> {
        let mut problem = Problem::new(OptimizationDirection::Maximize);
        let cheapest: Vec<_> = self.lots.iter().map(|lots| problem.add_var(f64::from(*lots), LESS)).collect();
        let price = |row: &Row| {
            let least = if matches!(row, Row::Just(_)) { PRICES.0 } else { 0.0 };
            problem.add_var(f64::from(row.wants()), (least, PRICES.1))
        };
        let prices: Vec<_> = self.rows.iter().map(price).collect();
        for way in &self.ways {
            let mut pays = LinearExpr::empty();
            pays.add(cheapest[way.kind], 1.0);
            way.adds.iter().for_each(|(row, adds)| pays.add(prices[*row], f64::from(*adds)));
            problem.add_constraint(pays, ComparisonOp::Le, f64::from(way.cost));
        }
        problem.set_time_limit(MOST_TIME);
        let solution = problem.solve().ok()?.into_solution().ok()?;
        let rounded = |(price, row): (_, &Row)| {
            let parts = (Decimal::from_f64(solution.var_value(price))? * Decimal::from(PRECISION)).round().to_i64()?;
            Some(i128::from(if matches!(row, Row::Just(_)) { parts } else { parts.max(0) }))
        };
        prices.into_iter().zip(&self.rows).map(rounded).collect()
    }
}

impl Way {
    fn adds_to(&self, row: usize) -> i32 {
        self.adds.iter().filter(|(of, _)| *of == row).map(|(_, adds)| adds).sum()
    }

    /// What it costs less what it adds at these prices.
    fn less(&self, prices: &[i128]) -> i128 {
        let paid: i128 = self.adds.iter().map(|(row, adds)| i128::from(*adds) * prices[*row]).sum();
        i128::from(self.cost) * PRECISION - paid
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use proptest::prelude::*;

    fn way(kind: usize, cost: i32, adds: &[(usize, i32)]) -> Way {
        Way { kind, cost, adds: adds.to_vec() }
    }

    /// Three lots that each give a share away or take one, at some cost, or stay.
    fn exchange(rows: Vec<Row>) -> Program {
        Program {
            lots: vec![2, 1],
            ways: vec![way(0, 0, &[]), way(0, 2, &[(0, 1)]), way(1, 0, &[]), way(1, 1, &[(0, -1)]), way(1, 3, &[(0, -2)])],
            rows,
        }
    }

    #[test]
    fn the_best_way_is_chosen_for_each_lot() {
        for (row, best, cost) in [
            (Row::Just(0), vec![2, 0, 1, 0, 0], 0),
            (Row::Just(1), vec![1, 1, 1, 0, 0], 2),
            (Row::Just(-1), vec![2, 0, 0, 1, 0], 1),
            (Row::AtLeast(-2), vec![2, 0, 1, 0, 0], 0),
            (Row::AtLeast(2), vec![0, 2, 1, 0, 0], 4),
            (Row::Just(-2), vec![2, 0, 0, 0, 1], 3),
        ] {
            let program = exchange(vec![row]);
            assert_eq!((program.best(), program.least()), (Some(best), cost), "{row:?}");
        }
        let program = exchange(vec![Row::Just(3)]);
        assert_eq!(program.best(), None, "two lots give two shares at the most");
    }

    #[test]
    fn what_does_not_come_out_is_no_answer() {
        let program = exchange(vec![Row::Just(0), Row::AtLeast(0)]);
        for (times, comes_out) in [
            ([2, 0, 1, 0, 0], true),
            ([1, 1, 0, 1, 0], true),
            ([0, 2, 0, 0, 1], true),
            ([1, 0, 1, 0, 0], false),
            ([3, 0, 1, 0, 0], false),
            ([2, 0, 0, 0, 0], false),
            ([1, 1, 1, 0, 0], false),
            ([2, 0, 0, 1, 0], false),
        ] {
            assert_eq!(program.comes_out(&times), comes_out, "{times:?}");
        }
        let at_least = |wants| exchange(vec![Row::AtLeast(wants)]);
        assert_eq!([-1, 0, 1, 2].map(|wants| at_least(wants).comes_out(&[1, 1, 1, 0, 0])), [true, true, true, false]);
    }

    /// Half a lot would do: the bound is below what whole ones cost.
    #[test]
    fn the_bound_is_of_whole_costs() {
        let program =
            Program { lots: vec![1], ways: vec![way(0, 0, &[]), way(0, 3, &[(0, 2)])], rows: vec![Row::AtLeast(1)] };
        assert_eq!((program.best(), program.least()), (Some(vec![0, 1]), 2));
    }

    /// Every choice there is: the least cost of those that come out.
    fn brute(program: &Program) -> Option<i128> {
        let mut choices = vec![Vec::new()];
        for way in &program.ways {
            let with = |before: &Vec<u32>| {
                (0..=program.lots[way.kind]).map(|times| [before.clone(), vec![times]].concat()).collect::<Vec<_>>()
            };
            choices = choices.iter().flat_map(with).collect();
        }
        choices.iter().filter(|times| program.comes_out(times)).map(|times| cost(program, times)).min()
    }

    fn cost(program: &Program, times: &[u32]) -> i128 {
        program.ways.iter().zip(times).map(|(way, times)| i128::from(way.cost) * i128::from(*times)).sum()
    }

    fn any_program() -> impl Strategy<Value = Program> {
        let row = prop_oneof![(-2..3).prop_map(Row::Just), (-2..3).prop_map(Row::AtLeast)];
        let ways = prop::collection::vec((0..2_usize, 0..5, prop::array::uniform2(-2..3)), 1..5);
        (prop::array::uniform2(1..4_u32), ways, prop::array::uniform2(row)).prop_map(|(lots, ways, rows)| {
            let adds = |adds: [i32; 2]| adds.into_iter().enumerate().collect();
            let ways = ways.into_iter().map(|(kind, cost, of)| Way { kind, cost, adds: adds(of) });
            // Each kind may stay as it is.
            let stays = (0..2).map(|kind| way(kind, 0, &[]));
            Program { lots: lots.to_vec(), ways: stays.chain(ways).collect(), rows: rows.to_vec() }
        })
    }

    proptest! {
        #[test]
        fn no_choice_is_better_and_none_is_below_the_bound(program in any_program()) {
            let least = brute(&program);
            prop_assert_eq!(program.best().map(|times| cost(&program, &times)), least);
            if let Some(least) = least {
                prop_assert!(program.least() <= least, "{} and {}", program.least(), least);
            }
        }

        /// Bad prices make a low bound and never a wrong one.
        #[test]
        fn whatever_the_prices_nothing_is_below_the_bound(program in any_program(), prices in prop::array::uniform2(-4 * PRECISION..4 * PRECISION)) {
            let is_price = |(row, price): (&Row, i128)| if matches!(row, Row::Just(_)) { price } else { price.max(0) };
            let prices: Vec<i128> = program.rows.iter().zip(prices).map(is_price).collect();
            if let Some(least) = brute(&program) {
                prop_assert!(program.bound(&prices) <= least);
            }
        }
    }
}
