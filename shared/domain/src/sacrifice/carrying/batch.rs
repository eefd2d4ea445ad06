//! Updates that came together: how they are kept, parted and counted.
//!
//! Ten thousand rows are more than one invocation should depend on, so a batch is worked off in parts of [`PART_ROWS`], each by itself. What became of a part is written once.

use std::collections::BTreeMap;

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
/// Animals that a case names, the first of them.
const NAMED: usize = 5;

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

    /// The matters for a person that its refused rows are: one for each reason, however many rows there are, with the first animals named. The same parts give the same matters.
    pub fn cases(&self, parts: &[Part], now: Moment) -> Vec<Case> {
        let mut animals: BTreeMap<Reason, Vec<&str>> = BTreeMap::new();
        let mut parts: Vec<&Part> = parts.iter().collect();
        parts.sort_by_key(|part| part.from);
        for row in parts.iter().flat_map(|part| &part.refused) {
            if let Some(reason) = row.why.reason() {
                let named = animals.entry(reason).or_default();
                let animal = row.animal.as_deref().unwrap_or_default();
                if !named.contains(&animal) {
                    named.push(animal);
                }
            }
        }
        let case = |(reason, animals): (Reason, Vec<&str>)| Case {
            reason,
            payment: None,
            donation: None,
            refund: None,
            amount_minor: Money::ZERO,
            evidence: format!(
                "{}, batch {}: {} of its animals, such as {}",
                self.slaughterhouse,
                self.batch,
                animals.len(),
                animals[..animals.len().min(NAMED)].join(", ")
            ),
            opened_at: now,
        };
        animals.into_iter().map(case).collect()
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

    fn part(from: u32, refused: &[(u32, u32, Refusal)]) -> Part {
        let row = |(row, animal, why): &(u32, u32, Refusal)| RefusedRow {
            row: *row,
            animal: Some(format!("camel-makkah-{animal}")),
            why: *why,
        };
        Part { from, rows: 100, refused: refused.iter().map(row).collect(), done_at: Moment::from_millis(0) }
    }

    #[test]
    fn parts_cover_every_row_once() {
        assert_eq!(batch(1).parts().collect::<Vec<_>>(), [0]);
        assert_eq!(batch(100).parts().collect::<Vec<_>>(), [0]);
        assert_eq!(batch(201).parts().collect::<Vec<_>>(), [0, 100, 200]);
        assert!(!batch(200).is_done(&[part(0, &[])]) && batch(200).is_done(&[part(0, &[]), part(100, &[])]));
    }

    #[test]
    fn a_batch_is_one_case_for_each_reason_however_many_rows_are_refused() {
        let many: Vec<(u32, u32, Refusal)> = (1..=90).map(|row| (row, row, Refusal::OutsideSeason)).collect();
        let second = [(101, 7, Refusal::OutsideSeason), (102, 200, Refusal::Differs), (103, 9, Refusal::AnimalUnknown)];
        let parts = [part(100, &second), part(0, &many)];
        let cases = batch(200).cases(&parts, Moment::from_millis(5));
        let told: Vec<(Reason, &str)> = cases.iter().map(|case| (case.reason, case.evidence.as_str())).collect();
        let id = batch(1).batch;
        let outside = format!(
            "makkah-1, batch {id}: 90 of its animals, such as camel-makkah-1, camel-makkah-2, camel-makkah-3, camel-makkah-4, camel-makkah-5"
        );
        let differs = format!("makkah-1, batch {id}: 1 of its animals, such as camel-makkah-200");
        assert_eq!(told, [(Reason::OutsideSeason, outside.as_str()), (Reason::SlaughterDiffers, differs.as_str())]);
        let again = batch(200).cases(&parts.clone().into_iter().rev().collect::<Vec<_>>(), Moment::from_millis(9));
        assert_eq!(cases.iter().map(Case::id).collect::<Vec<_>>(), again.iter().map(Case::id).collect::<Vec<_>>());
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
        let refused = |rows: u32| (1..=rows).map(|row| (row, row, Refusal::AnimalUnknown)).collect::<Vec<_>>();
        assert_eq!([0, 3, 99, 100].map(|rows| part(0, &refused(rows)).taken()), [100, 97, 1, 0]);
    }

    #[test]
    fn ids_are_a_slaughterhouses_own() {
        let id = |house: &str, key| Batch::id(&house.parse().unwrap(), key);
        assert_eq!(id("makkah-1", "k"), id("makkah-1", "k"));
        assert_ne!(id("makkah-1", "k"), id("makkah-2", "k"));
        assert_ne!(id("makkah-1", "k"), id("makkah-1", "l"));
    }
}
