//! What became of a batch: how far it has come, and which rows were refused, with what to do about each.

use std::collections::BTreeMap;

use domain::id::BatchId;
use domain::purpose::Language;
use domain::sacrifice::carrying::{Batch, Part, Refusal, RefusedRow};
use platform::http::{Answer, Call, Faults, Problem};
use serde::Serialize;

use crate::{Deps, house, kept_by_nobody};

/// Refused rows of one answer at most.
pub const MOST_SHOWN: usize = 1_000;

/// A batch and how far it has come.
#[derive(Serialize)]
pub(crate) struct Progress<'a> {
    batch: &'a str,
    url: String,
    /// `received`, `carrying` or `done`.
    state: &'static str,
    form: &'static str,
    sha256: String,
    signed_by: &'a str,
    received_at: String,
    rows: u32,
    /// Rows of which it is known what became of them.
    done: u32,
    taken: u32,
    refused: u32,
    /// What to do about rows that were refused so.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    reasons: Vec<Advice>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    refused_rows: Vec<&'a RefusedRow>,
    /// After which row the next rows that were refused are asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    next_after: Option<u32>,
}

#[derive(Serialize)]
struct Advice {
    why: &'static str,
    rows: u32,
    what_to_do: &'static str,
}

impl<'a> Progress<'a> {
    /// Where it is asked for.
    pub(crate) fn url(batch: &Batch) -> String {
        format!("/v1/sacrifice/slaughterhouses/{}/updates/{}", batch.slaughterhouse, batch.batch)
    }

    /// A batch that has just been received.
    pub(crate) fn begun(batch: &'a Batch) -> Progress<'a> {
        Progress::of(batch, &[], 0, Language::English)
    }

    fn of(batch: &'a Batch, parts: &'a [Part], after: u32, language: Language) -> Progress<'a> {
        let done: u32 = parts.iter().map(|part| part.rows).sum();
        let refused: Vec<&RefusedRow> = parts.iter().flat_map(|part| &part.refused).collect();
        let mut shown: Vec<&RefusedRow> = refused.iter().copied().filter(|row| row.row > after).collect();
        shown.sort_by_key(|row| row.row);
        let next_after = (shown.len() > MOST_SHOWN).then(|| shown[MOST_SHOWN - 1].row);
        shown.truncate(MOST_SHOWN);
        Progress {
            batch: batch.batch.as_str(),
            url: Progress::url(batch),
            state: if batch.is_done(parts) {
                "done"
            } else if parts.is_empty() {
                "received"
            } else {
                "carrying"
            },
            form: batch.form.code(),
            sha256: batch.sha256.to_string(),
            signed_by: &batch.signed_by,
            received_at: batch.received_at.to_string(),
            rows: batch.rows,
            done,
            taken: parts.iter().map(Part::taken).sum(),
            refused: u32::try_from(refused.len()).unwrap_or(u32::MAX),
            reasons: advice(&refused, language),
            refused_rows: shown,
            next_after,
        }
    }
}

fn advice(refused: &[&RefusedRow], language: Language) -> Vec<Advice> {
    let mut counts: BTreeMap<Refusal, u32> = BTreeMap::new();
    for row in refused {
        *counts.entry(row.why).or_default() += 1;
    }
    let of = |(why, rows): (Refusal, u32)| Advice { why: why.code(), rows, what_to_do: why.advice(language) };
    counts.into_iter().map(of).collect()
}

/// `GET /v1/sacrifice/slaughterhouses/{id}/updates/{batch}`.
///
/// # Errors
/// 401, 403, 404; 422 for the parameter; 503 when the table is busy.
pub(crate) async fn show(deps: &Deps, call: &Call) -> Result<Answer, Problem> {
    let house = house(call)?;
    let id: BatchId = call.path("batch").parse().map_err(|_| Problem::not_found())?;
    let after = after(call)?;
    let batch = deps.table.batch(&house, &id).await?.ok_or_else(Problem::not_found)?;
    let parts = deps.table.parts(&id).await?;
    Ok(kept_by_nobody(Answer::json(200, &Progress::of(&batch, &parts, after, call.language()))))
}

fn after(call: &Call) -> Result<u32, Problem> {
    let mut faults = Faults::new(call.language());
    let parameters = platform::http::Parameters::of(call, &["after"], &mut faults);
    let after = match parameters.get("after").map(str::parse) {
        None => 0,
        Some(Ok(after)) => after,
        Some(Err(_)) => {
            faults.add("?after", "number_unusable", "رقم صف", "The number of a row");
            0
        }
    };
    faults.tell().map(|()| after)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use domain::hash::Hash;
    use domain::moment::Moment;
    use domain::sacrifice::carrying::Form;

    use super::*;

    #[test]
    fn refused_rows_come_a_thousand_at_a_time_and_are_counted_all() {
        let house = "makkah-1".parse().unwrap();
        let batch = Batch {
            batch: Batch::id(&house, "k"),
            slaughterhouse: house,
            form: Form::Json,
            sha256: Hash::NONE,
            rows: 1_500,
            signed_by: String::new(),
            received_at: Moment::from_millis(0),
        };
        let refused = |from: u32| (from + 1..=from + 100).map(|row| RefusedRow { row, animal: None, why: Refusal::Differs });
        let part = |from| Part { from, rows: 100, refused: refused(from).collect(), done_at: Moment::from_millis(0) };
        let parts: Vec<Part> = (0..15).rev().map(|number| part(number * 100)).collect();
        let first = Progress::of(&batch, &parts, 0, Language::English);
        assert_eq!((first.state, first.done, first.taken, first.refused), ("done", 1_500, 0, 1_500));
        assert_eq!((first.refused_rows.len(), first.refused_rows[0].row, first.next_after), (1_000, 1, Some(1_000)));
        assert_eq!((first.reasons.len(), first.reasons[0].rows), (1, 1_500));
        let rest = Progress::of(&batch, &parts, 1_000, Language::English);
        assert_eq!((rest.refused_rows.len(), rest.refused_rows[0].row, rest.next_after), (500, 1_001, None));
        assert_eq!(Progress::of(&batch, &parts[..3], 0, Language::Arabic).state, "carrying");
        assert_eq!(Progress::of(&batch, &[], 0, Language::Arabic).state, "received");
    }
}
