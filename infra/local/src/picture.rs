//! A picture of a burst: what was sold, held and free in the course of the run, drawn from its figures.
//!
//! Areas lie on each other: sold at the bottom, held above it, free on top. Where the clock went forward to the holds' ends stands a line. Everything is whole pixels, reckoned in whole
//! numbers; text is left to whoever shows it, which shapes Arabic.

use std::path::{Path, PathBuf};

use serde::Deserialize;
use svg::node::element::{Description, Line, Polygon, Rectangle, Text, Title};
use svg::{Document, node};

/// The width and height of the whole, and what is left around the areas.
const WIDTH: i64 = 900;
const HEIGHT: i64 = 420;
const LEFT: i64 = 70;
const RIGHT: i64 = 20;
const TOP: i64 = 50;
const BOTTOM: i64 = 50;
/// The marks on each axis.
const MARKS: i64 = 5;
/// A share's three states, from the bottom up: the colour, and the word in both languages.
const STATES: [(&str, &str); 3] = [("#1b6e4b", "مباع · sold"), ("#e0a526", "محجوز · held"), ("#b9d7ea", "متاح · free")];

/// The picture could not be drawn.
#[derive(Debug, thiserror::Error)]
pub enum PictureError {
    /// A file could not be read or written.
    #[error("{} cannot be used: {source}", file.display())]
    File {
        /// The file.
        file: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// The file has no figures of a burst.
    #[error("{} has no figures of a burst: {source}", file.display())]
    Form {
        /// The file.
        file: PathBuf,
        /// Why.
        source: serde_json::Error,
    },
    /// There is nothing to draw.
    #[error("nothing happened in that burst")]
    Empty,
}

/// What of the figures is drawn.
#[derive(Debug, Deserialize)]
struct Burst {
    time_line: Vec<Point>,
    clock_forward_ms: Vec<i64>,
    order: Order,
}

#[derive(Debug, Deserialize)]
struct Order {
    sheep: u64,
    camels: u64,
    buyers: u64,
}

#[derive(Debug, Clone, Copy, Deserialize)]
struct Point {
    ms: i64,
    sold: i64,
    held: i64,
    free: i64,
}

impl Point {
    /// How high the areas reach, from the bottom up.
    fn heights(self) -> [i64; 4] {
        [0, self.sold, self.sold + self.held, self.sold + self.held + self.free]
    }
}

/// Draws the burst whose figures stand in one file into the other.
///
/// # Errors
/// When a file cannot be read or written, or is not of a burst.
pub fn draw(json: &Path, svg: &Path) -> Result<(), PictureError> {
    let failed = |file: &Path, source| PictureError::File { file: file.to_owned(), source };
    let text = std::fs::read_to_string(json).map_err(|source| failed(json, source))?;
    let burst: Burst = serde_json::from_str(&text).map_err(|source| PictureError::Form { file: json.to_owned(), source })?;
    let picture = burst.picture().ok_or(PictureError::Empty)?;
    std::fs::write(svg, format!("{picture}\n")).map_err(|source| failed(svg, source))
}

impl Burst {
    fn picture(&self) -> Option<Document> {
        let span = self.time_line.last()?.ms.max(1);
        let most = self.time_line.iter().map(|point| point.heights()[3]).max()?.max(1);
        let x = |ms: i64| LEFT + ms.clamp(0, span) * (WIDTH - LEFT - RIGHT) / span;
        let y = |shares: i64| HEIGHT - BOTTOM - shares * (HEIGHT - TOP - BOTTOM) / most;
        let Order { sheep, camels, buyers } = self.order;
        let described = format!(
            "{sheep} sheep and {camels} camels, {buyers} buyers: shares sold, held and free over the run, in seconds"
        );
        let mut picture = Document::new()
            .set("viewBox", (0, 0, WIDTH, HEIGHT))
            .set("role", "img")
            .set("font-family", "sans-serif")
            .set("font-size", 13)
            .add(Title::new("افتتاح البيع — The opening of a sale"))
            .add(Description::new().add(node::Text::new(described)))
            .add(Rectangle::new().set("width", WIDTH).set("height", HEIGHT).set("fill", "#ffffff"));
        for (state, (colour, word)) in STATES.into_iter().enumerate() {
            let edge = |level: usize| self.time_line.iter().map(move |point| (x(point.ms), y(point.heights()[level])));
            let around: Vec<String> = edge(state + 1).chain(edge(state).rev()).map(|(x, y)| format!("{x},{y}")).collect();
            let place = LEFT + i64::try_from(state).unwrap_or(0) * 150;
            picture = picture
                .add(Polygon::new().set("points", around.join(" ")).set("fill", colour))
                .add(Rectangle::new().set("x", place).set("y", 16).set("width", 14).set("height", 14).set("fill", colour))
                .add(text(word, place + 20, 24, "start"));
        }
        for forward in self.clock_forward_ms.iter().filter(|forward| **forward <= span) {
            let line = Line::new().set("x1", x(*forward)).set("x2", x(*forward)).set("y1", TOP).set("y2", HEIGHT - BOTTOM);
            picture = picture.add(line.set("stroke", "#7a1f1f").set("stroke-dasharray", "3 3"));
        }
        for mark in 0..=MARKS {
            let (ms, shares) = (span * mark / MARKS, most * mark / MARKS);
            picture = picture.add(text(&format!("{}", ms / 1_000), x(ms), HEIGHT - BOTTOM + 18, "middle")).add(text(
                &format!("{shares}"),
                LEFT - 8,
                y(shares),
                "end",
            ));
        }
        let below = "ثوانٍ · seconds; at each broken line the clock went forward to the holds' ends";
        Some(picture.add(text(below, (LEFT + WIDTH - RIGHT) / 2, HEIGHT - 12, "middle")))
    }
}

fn text(content: &str, x: i64, y: i64, anchor: &'static str) -> Text {
    Text::new(content).set("x", x).set("y", y).set("dominant-baseline", "central").set("text-anchor", anchor)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    const FIGURES: &str = r#"{"sold": 20, "order": {"sheep": 20, "camels": 0, "buyers": 60},
        "time_line": [{"ms": 0, "sold": 0, "held": 0, "free": 20}, {"ms": 5000, "sold": 5, "held": 15, "free": 0}, {"ms": 10000, "sold": 20, "held": 0, "free": 0}],
        "clock_forward_ms": [5000, 99000]}"#;

    #[test]
    fn areas_lie_on_each_other_and_fill_the_height() {
        let burst: Burst = serde_json::from_str(FIGURES).unwrap();
        let picture = burst.picture().unwrap().to_string();
        let polygons: Vec<&str> = picture.lines().filter(|line| line.contains("<polygon")).collect();
        assert_eq!(polygons.len(), 3);
        // Sold: from nothing at the bottom to everything at the top.
        assert!(polygons[0].contains("70,370 475,290 880,50 880,370 475,370 70,370"), "{}", polygons[0]);
        assert!(polygons[2].contains("70,50 475,50 880,50 880,50 475,50 70,370"), "{}", polygons[2]);
        assert_eq!(picture.matches("stroke-dasharray").count(), 1, "what lies beyond the run is not drawn");
    }

    #[test]
    fn what_is_no_burst_is_told_in_a_line() {
        let folder = tempfile::tempdir().unwrap();
        let (json, svg) = (folder.path().join("burst.json"), folder.path().join("burst.svg"));
        assert!(draw(&json, &svg).unwrap_err().to_string().contains("cannot be used"));
        std::fs::write(&json, r#"{"gifts": 5}"#).unwrap();
        assert!(draw(&json, &svg).unwrap_err().to_string().contains("no figures of a burst"));
        std::fs::write(
            &json,
            r#"{"time_line": [], "clock_forward_ms": [], "order": {"sheep": 1, "camels": 1, "buyers": 1}}"#,
        )
        .unwrap();
        assert!(matches!(draw(&json, &svg).unwrap_err(), PictureError::Empty));
        std::fs::write(&json, FIGURES).unwrap();
        draw(&json, &svg).unwrap();
        assert!(std::fs::read_to_string(&svg).unwrap().starts_with("<svg"));
    }
}
