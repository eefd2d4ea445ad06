//! Checking a receipt by its code: what anyone who is shown it may see.

use std::collections::BTreeSet;

use domain::donation::{Donation, SettledBy};
use domain::hijri::{HijriDate, Sighted};
use domain::moment::Day;
use domain::money::Money;
use domain::payment::CURRENCY;
use domain::purpose::Fund;
use domain::receipt::Code;
use platform::http::{Answer, Call, Problem};
use serde::Serialize;

use crate::Deps;

mod page;

/// What a check shows: amount, date and fund, and nothing else.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Checked {
    /// What stands of the gift, in [`Checked::currency`]; nothing after it was given back.
    #[serde(serialize_with = "decimal")]
    amount: Money,
    /// The currency.
    currency: &'static str,
    /// The day on which the money was taken, in Riyadh.
    date: Day,
    /// The same day by the calendar of Umm al-Qura.
    #[serde(serialize_with = "display")]
    hijri_date: HijriDate,
    /// The funds that it is in, each once.
    funds: BTreeSet<Fund>,
}

fn decimal<S: serde::Serializer>(amount: &Money, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(amount)
}

fn display<S: serde::Serializer>(date: &HijriDate, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(date)
}

/// The receipt of the path's code: as a page for a browser, as JSON for everyone else.
pub async fn check(deps: &Deps, call: &Call) -> Result<Answer, Problem> {
    let found = find(deps, call.path("code")).await;
    let answer = match (call.header("accept").is_some_and(prefers_a_page), found) {
        (true, Ok(checked)) => page::answer(200, &page::genuine(&checked)),
        (true, Err(problem)) if problem.status() == 404 => page::answer(404, &page::unknown()),
        (_, found) => Answer::json(200, &found?),
    };
    Ok(answer.with_header(page::VARY, "Accept"))
}

/// A code that is not ours costs no read.
async fn find(deps: &Deps, code: &str) -> Result<Checked, Problem> {
    let code: Code = code.parse().map_err(|_| Problem::not_found())?;
    if !deps.door.identifiers().await?.confirms(&code) {
        return Err(Problem::not_found());
    }
    checked(&donation(deps, &code).await?)
}

/// A browser names pages first.
fn prefers_a_page(accept: &str) -> bool {
    let place = |kind: &str| accept.to_ascii_lowercase().find(kind).unwrap_or(usize::MAX);
    place("text/html") < place("application/json")
}

/// The donation that stands at the code's place: the page says which.
async fn donation(deps: &Deps, code: &Code) -> Result<Donation, Problem> {
    let place = code.place();
    let chain = place.chain_id().ok_or_else(Problem::not_found)?;
    let page = deps.table.page(chain, place.seq).await?.ok_or_else(Problem::not_found)?;
    let entry = page.entries().get(usize::from(place.index)).ok_or_else(Problem::not_found)?;
    let id = entry.donation.ok_or_else(Problem::not_found)?;
    let donation = deps.table.donation(&id).await?;
    donation.filter(|donation| donation.place == Some(place)).ok_or_else(Problem::not_found)
}

fn checked(donation: &Donation) -> Result<Checked, Problem> {
    let SettledBy { captured_at, .. } = donation.state.settled_by().ok_or_else(Problem::not_found)?;
    let date = captured_at.day();
    Ok(Checked {
        amount: donation.total().minus(donation.gone()).unwrap_or(Money::ZERO),
        currency: CURRENCY,
        date,
        hijri_date: HijriDate::of(date, Sighted::AsPublished),
        funds: donation.lines.iter().map(|line| line.fund).collect(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_browser_is_shown_a_page_and_a_program_json() {
        for accept in ["text/html,application/xhtml+xml,*/*;q=0.8", "TEXT/HTML, application/json"] {
            assert!(prefers_a_page(accept), "{accept}");
        }
        for accept in ["", "*/*", "application/json", "application/json, text/html"] {
            assert!(!prefers_a_page(accept), "{accept}");
        }
    }
}
