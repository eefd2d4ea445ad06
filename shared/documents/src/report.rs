//! The report of a day.
//!
//! [`DayReport`] is everything that it says; [`json()`], [`csv()`] and [`html()`] write it down. All three have the same tables in the same order
//! ([`tables`]), so that a figure that is found in one is found in the others. Amounts are riyals with two places; a net may be below zero.

mod chart;
mod page;
mod sheet;
pub mod tables;

use std::collections::BTreeMap;

use domain::catalogue::Bilingual;
use domain::hijri::{HijriDate, Sighted};
use domain::id::{CharityId, OpportunityId};
use domain::moment::Day;
use domain::report::DayFigures;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::amount::riyals;

/// The form of the JSON. Programs read it: a change that they must know of is a new number.
pub const FORM: u8 = 3;
/// How many opportunities are told by name: as many as fit on a page beside the rest.
pub const TOP_OPPORTUNITIES: usize = 10;

/// The names of what was given to, as they stood when the report was first made. It keeps them, so that making it again after a name was
/// changed gives the same bytes.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Names {
    /// Of charities.
    pub charities: BTreeMap<CharityId, Bilingual>,
    /// Of the opportunities that are told by name.
    pub opportunities: BTreeMap<OpportunityId, Bilingual>,
}

/// What a day has of one chain of the books, as its seal says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ChainSpan {
    /// The chain's number.
    pub chain: u8,
    /// The first page of the day.
    pub first: u64,
    /// The seal.
    pub seal: u64,
    /// The seal's hash, in hex.
    pub hash: String,
}

/// Everything that the report of a day says. Whoever makes one has checked the figures ([`DayFigures::check`]), every page against the one
/// before it, and the figures against the follower's totals: the report says that it was done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DayReport {
    /// The day.
    pub day: Day,
    /// Its figures.
    pub figures: DayFigures,
    /// Names.
    pub names: Names,
    /// The chains, in the order of their numbers.
    pub chains: Vec<ChainSpan>,
}

impl DayReport {
    /// The day in the calendar of Umm al-Qura.
    pub fn hijri(&self) -> HijriDate {
        HijriDate::of(self.day, Sighted::AsPublished)
    }
}

/// The report as JSON, with a line feed at its end.
pub fn json(report: &DayReport) -> Vec<u8> {
    let figures = &report.figures;
    let tables: BTreeMap<&str, Value> = tables::all(report)
        .into_iter()
        .map(|table| (table.key, Value::from(table.rows.iter().map(tables::Row::json).collect::<Vec<_>>())))
        .collect();
    let accounts: Vec<Value> = figures
        .accounts
        .iter()
        .map(|(account, moved)| {
            json!({"account": account, "debit": riyals(moved.debit_minor), "credit": riyals(moved.credit_minor)})
        })
        .collect();
    let apart = &figures.apart;
    let document = json!({
        "form": FORM,
        "day": report.day.to_string(),
        "hijri": report.hijri().to_string(),
        "currency": "SAR",
        "all": tables::of_figures(&figures.all),
        "unassigned": riyals(figures.unassigned_minor),
        "disputed": riyals(figures.disputed_minor),
        "apart": {
            "second_charges": riyals(apart.second_minor),
            "late_charges": riyals(apart.late_minor),
            "orphans": riyals(apart.orphan_minor),
            "returned": riyals(apart.returned_minor),
        },
        "providers": {
            "fees": riyals(figures.fees_minor),
            "paid_out": riyals(figures.paid_out_minor),
        },
        "tables": tables,
        "names": report.names,
        "proof": {
            "pages": figures.pages,
            "entries": figures.entries,
            "movements": figures.movements,
            "accounts": accounts,
            "chains": report.chains,
            "pages_linked": true,
            "figures_balance": true,
            "totals_agree": true,
            "provider_statement_compared": false,
        },
    });
    let mut bytes = serde_json::to_vec_pretty(&document).expect("figures and names can be written as JSON");
    bytes.push(b'\n');
    bytes
}

/// What an earlier report of the day has kept.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Kept {
    /// The form in which it was written: in another than [`FORM`], its bytes are not those of today.
    pub form: u8,
    /// The names.
    pub names: Names,
}

/// Reads what an earlier report has kept.
///
/// # Errors
/// When the bytes are no report.
pub fn kept_in(json: &[u8]) -> Result<Kept, serde_json::Error> {
    serde_json::from_slice(json)
}

/// The report as CSV: RFC 4180, UTF-8 with a byte order mark, so that spreadsheets show Arabic.
pub fn csv(report: &DayReport) -> Vec<u8> {
    sheet::csv(report)
}

/// The report as a page of HTML that needs nothing beside it: right to left, Arabic with English, made to be printed on A4.
pub fn html(report: &DayReport) -> Vec<u8> {
    page::html(report)
}
