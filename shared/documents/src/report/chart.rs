//! A chart of bars, right to left: what was given, one bar a row.
//!
//! Lengths are whole pixels, reckoned in whole numbers; text is left to whoever shows the chart, which shapes Arabic.

use svg::node::element::{Description, Rectangle, Text, Title};
use svg::{Document, node};

use super::tables::Table;
use crate::amount::grouped;

/// The width of the chart, of its labels on the right, and of the sums left of the bars.
const WIDTH: i64 = 720;
const LABELS: i64 = 170;
const SUMS: i64 = 130;
/// The height of a row, and of the bar in it.
const ROW: i64 = 28;
const BAR: i64 = 16;
/// The shortest bar of something that was given at all.
const LEAST_BAR: i64 = 2;

/// The chart of a table.
pub(super) fn bars(table: &Table) -> String {
    let rows = i64::try_from(table.rows.len()).unwrap_or(i64::MAX / ROW);
    let most = table.rows.iter().map(|row| row.figures.given_minor).max().unwrap_or_default();
    let (arabic, english) = table.title;
    let mut chart = Document::new()
        .set("viewBox", (0, 0, WIDTH, rows * ROW))
        .set("role", "img")
        .set("class", "chart")
        .add(Title::new(format!("{arabic} — {english}")))
        .add(Description::new().add(node::Text::new("ما أُعطي بالريال — Given, in SAR")));
    for (place, row) in (0i64..).zip(&table.rows) {
        let top = place * ROW;
        let length = length(row.figures.given_minor, most);
        let right = WIDTH - LABELS;
        let middle = top + ROW / 2;
        chart = chart
            .add(text(&row.arabic, WIDTH, middle).set("direction", "rtl").set("class", "label"))
            .add(
                Rectangle::new()
                    .set("x", right - length)
                    .set("y", top + (ROW - BAR) / 2)
                    .set("width", length)
                    .set("height", BAR)
                    .set("rx", 2)
                    .set("class", "bar"),
            )
            .add(
                text(&grouped(row.figures.given_minor), right - length - 6, middle)
                    .set("direction", "ltr")
                    .set("text-anchor", "end")
                    .set("class", "sum"),
            );
    }
    chart.to_string()
}

fn text(content: &str, x: i64, y: i64) -> Text {
    Text::new(content).set("x", x).set("y", y).set("dominant-baseline", "central")
}

/// In proportion to the longest; never nothing for something.
fn length(given_minor: i64, most_minor: i64) -> i64 {
    if given_minor <= 0 || most_minor <= 0 {
        return 0;
    }
    let longest = i128::from(WIDTH - LABELS - SUMS);
    let length = i128::from(given_minor) * longest / i128::from(most_minor);
    i64::try_from(length).unwrap_or_default().max(LEAST_BAR)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bars_are_in_proportion_and_never_nothing_for_something() {
        assert_eq!([0, -5].map(|given| length(given, 100)), [0, 0]);
        assert_eq!([1, 50, 100].map(|given| length(given, 100)), [4, 210, 420]);
        assert_eq!(length(1, i64::MAX), LEAST_BAR);
        assert_eq!(length(i64::MAX, i64::MAX), 420);
    }
}
