//! The tables of a day's report: one for each thing that a line is for.

use std::collections::BTreeMap;

use domain::catalogue::Bilingual;
use domain::payment::Method;
use domain::purpose::{Fund, Programme, Region, Track};
use domain::report::Figures;
use serde_json::{Value, json};

use super::{DayReport, TOP_OPPORTUNITIES};
use crate::amount::riyals;
use crate::names::{self, Pair};

/// A table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Table {
    /// Its key in JSON and its section in CSV.
    pub key: &'static str,
    /// Its title in Arabic and in English.
    pub title: (&'static str, &'static str),
    /// Its rows.
    pub rows: Vec<Row>,
}

/// A row of a table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    /// A code or an id of ours.
    pub code: String,
    /// Its name in Arabic; the code when no name is known.
    pub arabic: String,
    /// Its name in English; likewise.
    pub english: String,
    /// Its figures.
    pub figures: Figures,
}

impl Row {
    pub(super) fn json(&self) -> Value {
        let mut row = of_figures(&self.figures);
        row["code"] = self.code.clone().into();
        row["ar"] = self.arabic.clone().into();
        row["en"] = self.english.clone().into();
        row
    }
}

pub(super) fn of_figures(figures: &Figures) -> Value {
    json!({
        "given": riyals(figures.given_minor),
        "returned": riyals(figures.returned_minor),
        "net": riyals(figures.net_minor()),
        "gifts": figures.gifts,
        "lines": figures.lines,
    })
}

/// All tables, in the order in which they are told. Closed lists are told whole, so that a nothing is told too; charities and opportunities only
/// if something was given to them, or given back.
pub fn all(report: &DayReport) -> Vec<Table> {
    let figures = &report.figures;
    let charities = figures.charities.iter();
    let charities = charities.map(|(id, figures)| named(id.as_str(), report.names.charities.get(id), *figures));
    let top = figures.top(TOP_OPPORTUNITIES).into_iter();
    let top = top.map(|(id, figures)| named(id.as_str(), report.names.opportunities.get(id), figures));
    vec![
        table(
            "programmes",
            ("بحسب البرنامج", "By programme"),
            closed(Programme::ALL, &figures.programmes, Programme::code, names::programme),
        ),
        table("funds", ("بحسب وعاء المال", "By fund"), closed(Fund::ALL, &figures.funds, Fund::code, names::fund)),
        table("tracks", ("بحسب المسار", "By track"), closed(Track::ALL, &figures.tracks, Track::code, names::track)),
        table("regions", ("بحسب المنطقة", "By region"), closed(Region::ALL, &figures.regions, Region::code, Region::names)),
        table(
            "methods",
            ("بحسب وسيلة الدفع", "By method"),
            closed(Method::ALL, &figures.methods, Method::code, names::method),
        ),
        table("charities", ("بحسب الجهة", "By charity"), charities.collect()),
        table("top_opportunities", ("أكثر الفرص عطاءً", "Top opportunities"), top.collect()),
    ]
}

const fn table(key: &'static str, title: Pair, rows: Vec<Row>) -> Table {
    Table { key, title, rows }
}

fn closed<T: Copy + Ord>(
    all: &[T],
    figures: &BTreeMap<T, Figures>,
    code: fn(T) -> &'static str,
    names: fn(T) -> Pair,
) -> Vec<Row> {
    let row = |member: &T| {
        let (arabic, english) = names(*member);
        let figures = figures.get(member).copied().unwrap_or_default();
        Row { code: code(*member).to_owned(), arabic: arabic.to_owned(), english: english.to_owned(), figures }
    };
    all.iter().map(row).collect()
}

fn named(id: &str, name: Option<&Bilingual>, figures: Figures) -> Row {
    let (arabic, english) = name.map_or((id, id), |name| (name.ar.as_str(), name.en.as_str()));
    Row { code: id.to_owned(), arabic: arabic.to_owned(), english: english.to_owned(), figures }
}
