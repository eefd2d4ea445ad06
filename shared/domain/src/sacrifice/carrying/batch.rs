//! Updates that came together: how they are kept, parted and counted.
//!
//! Ten thousand rows are more than one invocation should depend on, so a batch is worked off in parts of [`PART_ROWS`], each by itself. What became of a part is written once.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use super::form::Form;
use super::refusal::Refusal;
use crate::case::{Case, Reason};
use crate::hash::Hash;
use crate::id::{BatchId, SlaughterhouseId};
use crate::moment::Moment;
use crate::money::Money;

/// Rows of one part: a second of work, and one batch of reads.
pub const PART_ROWS: u32 = 100;

/// A body of updates that was received.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Batch {
    /// Whose it is.
    pub slaughterhouse: SlaughterhouseId,
    /// Its id.
    pub batch: BatchId,
    /// Its form.
    pub form: Form,
    /// The hash of its bytes.
    pub sha256: Hash,
    /// How many rows it has.
    pub rows: u32,
    /// The name and id of the key that has signed it.
    pub signed_by: String,
    /// When it was received.
    pub received_at: Moment,
}

impl Batch {
    /// The id of what a slaughterhouse sends under an idempotency key: the same for a retry.
    ///
    /// # Panics
    /// Never: hex digits are an id.
    pub fn id(slaughterhouse: &SlaughterhouseId, key: &str) -> BatchId {
        let hash = Hash::of(&[b"updates\0", slaughterhouse.as_str().as_bytes(), b"\0", key.as_bytes()]);
        hash.to_string()[..32].parse().expect("hex digits are an id")
    }

    /// Where in the bucket its body stands. The hash is in the name: nothing else can be written in its place.
    pub fn key(&self) -> String {
        format!("updates/{}/{}/{}.{}", self.slaughterhouse, self.batch, self.sha256, self.form)
    }

    /// Where the signed note over it stands.
    pub fn note_key(&self) -> String {
        format!("updates/{}/{}/{}.note", self.slaughterhouse, self.batch, self.sha256)
    }

    /// The first rows of its parts, counted from zero.
    pub fn parts(&self) -> impl Iterator<Item = u32> + use<> {
        let rows = self.rows;
        (0..rows).step_by(usize::try_from(PART_ROWS).unwrap_or(usize::MAX))
    }

    /// Whether these are all its parts.
    pub fn is_done(&self, parts: &[Part]) -> bool {
        parts.iter().map(|part| part.rows).sum::<u32>() >= self.rows
    }

    /// The matters for a person that refused rows of it are: one for each reason, however many rows there are and whichever part finds them first. Which they are is told by the batch, where it is asked for.
    pub fn cases(&self, refused: &[RefusedRow], now: Moment) -> Vec<Case> {
        let reasons: BTreeSet<Reason> = refused.iter().filter_map(|row| row.why.reason()).collect();
        let case = |reason: Reason| Case {
            reason,
            payment: None,
            donation: None,
            refund: None,
            amount_minor: Money::ZERO,
            evidence: format!("{}, updates {}", self.slaughterhouse, self.batch),
            opened_at: now,
        };
        reasons.into_iter().map(case).collect()
    }
}

/// A row that was refused.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RefusedRow {
    /// Its number, from one.
    pub row: u32,
    /// The animal it speaks of, where that could be read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub animal: Option<String>,
    /// Why.
    pub why: Refusal,
}

/// What became of a part of a batch.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Part {
    /// Its first row, counted from zero.
    pub from: u32,
    /// How many rows it has.
    pub rows: u32,
    /// Those that were refused.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub refused: Vec<RefusedRow>,
    /// When it was done.
    pub done_at: Moment,
}

impl Part {
    /// How many rows were taken.
    pub fn taken(&self) -> u32 {
        self.rows.saturating_sub(u32::try_from(self.refused.len()).unwrap_or(u32::MAX))
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn batch(rows: u32) -> Batch {
        let slaughterhouse: SlaughterhouseId = "makkah-1".parse().unwrap();
        Batch {
            batch: Batch::id(&slaughterhouse, "key"),
            slaughterhouse,
            form: Form::Csv,
            sha256: Hash::of(&[b"a"]),
            rows,
            signed_by: "makkah-1+00000000".to_owned(),
            received_at: Moment::from_millis(0),
        }
    }

    fn part(from: u32) -> Part {
        Part { from, rows: 100, refused: Vec::new(), done_at: Moment::from_millis(0) }
    }

    #[test]
    fn parts_cover_every_row_once() {
        assert_eq!(batch(1).parts().collect::<Vec<_>>(), [0]);
        assert_eq!(batch(100).parts().collect::<Vec<_>>(), [0]);
        assert_eq!(batch(201).parts().collect::<Vec<_>>(), [0, 100, 200]);
        assert!(!batch(200).is_done(&[part(0)]) && batch(200).is_done(&[part(0), part(100)]));
    }

    #[test]
    fn a_batch_is_one_case_for_each_reason_whichever_rows_are_refused() {
        let rows = |rows: &[(u32, Refusal)]| {
            let row = |(row, why): &(u32, Refusal)| RefusedRow { row: *row, animal: None, why: *why };
            rows.iter().map(row).collect::<Vec<_>>()
        };
        let first = rows(&[(1, Refusal::OutsideSeason), (2, Refusal::OutsideSeason), (3, Refusal::AnimalUnknown)]);
        let second = rows(&[(101, Refusal::Differs), (102, Refusal::OutsideSeason), (103, Refusal::TakenBack)]);
        let of = |refused: &[RefusedRow], millis| batch(200).cases(refused, Moment::from_millis(millis));
        let reasons = |cases: &[Case]| cases.iter().map(|case| case.reason).collect::<Vec<_>>();
        assert_eq!(reasons(&of(&first, 5)), [Reason::OutsideSeason]);
        assert_eq!(reasons(&of(&second, 5)), [Reason::OutsideSeason, Reason::SlaughterDiffers]);
        assert_eq!(of(&first, 5)[0].id(), of(&second, 9)[0].id(), "the same matter, whichever part finds it first");
        assert_eq!(of(&first, 5)[0].evidence, format!("makkah-1, updates {}", batch(1).batch));
        assert_eq!(of(&rows(&[(3, Refusal::AnimalUnknown)]), 5), []);
    }

    #[test]
    fn a_body_and_the_note_over_it_stand_beside_each_other_under_its_hash() {
        let batch = batch(1);
        let stem = format!("updates/makkah-1/{}/{}", batch.batch, batch.sha256);
        assert_eq!((batch.key(), batch.note_key()), (format!("{stem}.csv"), format!("{stem}.note")));
        assert_eq!(Batch { form: Form::Json, ..batch }.key(), format!("{stem}.json"));
    }

    #[test]
    fn what_was_not_refused_of_a_part_was_taken() {
        let row = |row| RefusedRow { row, animal: None, why: Refusal::AnimalUnknown };
        let taken = |rows: u32| Part { refused: (1..=rows).map(row).collect(), ..part(0) }.taken();
        assert_eq!([0, 3, 99, 100].map(taken), [100, 97, 1, 0]);
    }

    #[test]
    fn ids_are_a_slaughterhouses_own() {
        let id = |house: &str, key| Batch::id(&house.parse().unwrap(), key);
        assert_eq!(id("makkah-1", "k"), id("makkah-1", "k"));
        assert_ne!(id("makkah-1", "k"), id("makkah-2", "k"));
        assert_ne!(id("makkah-1", "k"), id("makkah-1", "l"));
    }
}
