//! A receipt as the template reads it: every text ready to be set.

use std::collections::BTreeMap;

use domain::hijri::{HijriDate, Sighted};
use domain::purpose::Language;
use domain::words;
use serde::Serialize;

use super::labels::{self, Both};
use super::{Receipt, SHOWN_OF_REFERENCE, qr};
use crate::amount::grouped;
use crate::names;
use crate::press::runs;

#[derive(Serialize)]
struct View {
    labels: BTreeMap<&'static str, Both>,
    serial: String,
    code: String,
    check_url: String,
    square: Vec<String>,
    named: bool,
    donor: Both,
    donor_runs: &'static str,
    date: String,
    hijri: Both,
    method: Both,
    reference: String,
    lines: Vec<LineView>,
    total: String,
    words: String,
    back: Option<BackView>,
}

#[derive(Serialize)]
struct LineView {
    project: Both,
    licence: String,
    charity: Both,
    charity_licence: String,
    fund: Both,
    amount: String,
}

#[derive(Serialize)]
struct BackView {
    whole: bool,
    returned: String,
    stands: String,
}

/// The receipt as JSON.
pub(super) fn json(receipt: &Receipt) -> String {
    serde_json::to_string(&view(receipt)).expect("a receipt can be written as JSON")
}

fn view(receipt: &Receipt) -> View {
    let donor = match &receipt.donor {
        Some(name) => Both::of((&name.0, &name.0)),
        None => Both::of(labels::ANONYMOUS),
    };
    let back = (!receipt.refunded.is_zero()).then(|| BackView {
        whole: receipt.stands().is_zero(),
        returned: grouped(receipt.refunded.signed_halalas()),
        stands: grouped(receipt.stands().signed_halalas()),
    });
    View {
        labels: labels::ALL.iter().map(|(name, ar, en)| (*name, Both::of((ar, en)))).collect(),
        serial: receipt.serial.to_string(),
        code: receipt.code.to_string(),
        check_url: receipt.check_url.clone(),
        square: qr::rows(&receipt.check_url),
        named: receipt.donor.is_some(),
        donor_runs: runs(&donor.ar),
        donor,
        date: receipt.day().to_string(),
        hijri: hijri(receipt),
        method: Both::of(names::method(receipt.method)),
        reference: masked(receipt.payment.payment.as_str()),
        lines: receipt.lines.iter().map(line).collect(),
        total: grouped(receipt.total().signed_halalas()),
        words: words::in_arabic(receipt.total()),
        back,
    }
}

fn line(line: &super::Line) -> LineView {
    LineView {
        project: Both::of((&line.project.ar, &line.project.en)),
        licence: line.licence.clone(),
        charity: Both::of((&line.charity.ar, &line.charity.en)),
        charity_licence: line.charity_licence.clone(),
        fund: Both::of(names::fund(line.fund)),
        amount: grouped(line.amount.signed_halalas()),
    }
}

/// Day and year as numbers around the month's name, in both languages.
fn hijri(receipt: &Receipt) -> Both {
    let date = HijriDate::of(receipt.day(), Sighted::AsPublished);
    let (year, _, day) = date.parts();
    let arabic = format!("{day} {} {year} هـ", date.month_name(Language::Arabic));
    let english = format!("{day} {} {year} AH", date.month_name(Language::English));
    Both::of((&arabic, &english))
}

/// `…7f3a`
fn masked(reference: &str) -> String {
    let skipped = reference.chars().count().saturating_sub(SHOWN_OF_REFERENCE);
    format!("…{}", reference.chars().skip(skipped).collect::<String>())
}
