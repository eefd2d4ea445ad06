//! The log of operators' acts, for operators and auditors: a day at a time, the earliest first.

use domain::moment::Day;
use platform::auth::Officer;
use platform::http::{Answer, Call, Faults, Page, Parameters, Problem};
use platform::table::Operation;
use serde::Serialize;

use crate::Deps;

/// Who may read the log.
const READERS: &[&str] = &["operator", "auditor"];

#[derive(Serialize)]
struct Log<'a> {
    day: Day,
    operations: Vec<OperationView<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    next: Option<String>,
}

#[derive(Serialize)]
struct OperationView<'a> {
    at: String,
    by: &'a str,
    role: &'a str,
    act: &'a str,
    on: &'a str,
    request: &'a str,
    to: &'a serde_json::Value,
}

/// `GET /v1/operations/audit?day=`: the acts of a day in Riyadh, today's without one.
///
/// # Errors
/// 401, 403; 422 for what is no day; 503 when the table is busy.
pub async fn day(deps: &Deps, call: &Call) -> Result<Answer, Problem> {
    Officer::of(call, READERS)?;
    let mut faults = Faults::new(call.language());
    let known: Vec<&str> = ["day"].into_iter().chain(Page::NAMES).collect();
    let parameters = Parameters::of(call, &known, &mut faults);
    let day = read_day(&parameters, &mut faults).unwrap_or_else(|| deps.clock.now().day());
    let page = Page::read(&parameters, format!("audit/{day}"), &mut faults);
    faults.tell()?;
    let numbered = numbered(deps.table.operations(day).await?);
    let (shown, next) = page.cut(numbered.iter(), |(number, _)| number.as_str());
    let operations = shown.into_iter().map(|(_, operation)| view(operation)).collect();
    Ok(Answer::json(200, &Log { day, operations, next }))
}

fn read_day(parameters: &Parameters<'_>, faults: &mut Faults) -> Option<Day> {
    let text = parameters.get("day")?;
    let day = text.parse().ok();
    if day.is_none() {
        faults.add("?day", "day_unreadable", "يوم بهذه الصورة: 2026-11-23", "A day such as 2026-11-23");
    }
    day
}

/// The log only grows at its end, so an act's place in it is a name that lasts; in digits enough that names are in the same order.
fn numbered(operations: Vec<Operation>) -> Vec<(String, Operation)> {
    operations.into_iter().enumerate().map(|(number, operation)| (format!("{number:09}"), operation)).collect()
}

fn view(operation: &Operation) -> OperationView<'_> {
    OperationView {
        at: operation.at.to_string(),
        by: &operation.by,
        role: &operation.role,
        act: &operation.act,
        on: &operation.on,
        request: &operation.request,
        to: &operation.to,
    }
}
