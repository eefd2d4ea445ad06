//! What is asked to be taken back of an animal, held against what was told of it: everything that is wrong is told at once, with its place.

use std::collections::BTreeSet;

use domain::id::{EvidenceId, ReceiverId};
use domain::sacrifice::carrying::carried::{MOST_DISTRIBUTIONS, MOST_EVIDENCE};
use domain::sacrifice::carrying::{Carried, Distribution, Evidence, Retraction, Words};
use domain::sacrifice::{AnimalName, Country};
use platform::http::{Faults, Problem};
use serde::Deserialize;

use crate::note;

/// The body of `POST /v1/operations/retractions`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RetractionDraft {
    animal: String,
    #[serde(default)]
    slaughter: bool,
    #[serde(default)]
    evidence: Vec<String>,
    #[serde(default)]
    distributed: Vec<ReceiverDraft>,
    note: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ReceiverDraft {
    to: String,
    country: String,
}

/// What is asked for, as far as it can be read without a look at the animal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wanted {
    /// The animal.
    pub animal: AnimalName,
    slaughter: bool,
    evidence: Vec<EvidenceId>,
    distributed: Vec<(ReceiverId, Country)>,
    /// Why.
    pub note: String,
}

/// What a retraction without a word is told.
const WHY: (&str, &str) = ("اكتب لماذا يُسحب القول", "Say why it is taken back");

impl RetractionDraft {
    /// What is asked for.
    ///
    /// # Errors
    /// 422, with each fault and its place.
    pub fn check(self, mut faults: Faults) -> Result<Wanted, Problem> {
        let animal: Option<AnimalName> = self.animal.parse().ok();
        if animal.is_none() {
            unknown(&mut faults);
        }
        if !self.slaughter && self.evidence.is_empty() && self.distributed.is_empty() {
            let english = "Say what is taken back: the slaughter, evidence, or receivers";
            faults.add("/slaughter", "nothing_taken_back", "اذكر ما يُسحب: الذبح أو الصور أو التوزيع", english);
        }
        let evidence = read("/evidence", &self.evidence, MOST_EVIDENCE, |id| id.parse().ok(), &mut faults);
        let receiver = |draft: &ReceiverDraft| Some((draft.to.parse().ok()?, draft.country.parse().ok()?));
        let distributed = read("/distributed", &self.distributed, MOST_DISTRIBUTIONS, receiver, &mut faults);
        let note = note::check(&self.note, WHY, &mut faults);
        faults.tell()?;
        match (animal, note) {
            (Some(animal), Some(note)) => Ok(Wanted { animal, slaughter: self.slaughter, evidence, distributed, note }),
            _ => Err(Problem::ours("a part that is missing was told as a fault")),
        }
    }
}

/// Each of a list, once; what cannot be read was never told.
fn read<D, T: Ord + Clone>(
    at: &str,
    drafts: &[D],
    most: usize,
    read: impl Fn(&D) -> Option<T>,
    faults: &mut Faults,
) -> Vec<T> {
    if drafts.len() > most {
        faults.add(at, "too_many", &format!("{most} على الأكثر"), &format!("At most {most}"));
        return Vec::new();
    }
    let mut found = BTreeSet::new();
    for (number, draft) in drafts.iter().enumerate() {
        match read(draft) {
            Some(one) => drop(found.insert(one)),
            None => not_told(&format!("{at}/{number}"), faults),
        }
    }
    found.into_iter().collect()
}

fn not_told(at: &str, faults: &mut Faults) {
    faults.add(at, "not_told", "لم يُذكر هذا عن هذا الرأس", "This was not told of the animal");
}

fn unknown(faults: &mut Faults) {
    faults.add("/animal", "animal_unknown", "لم يُذكر شيء عن هذا الرأس", "Nothing was told of such an animal");
}

impl Wanted {
    /// The words themselves, as they stand.
    ///
    /// # Errors
    /// 422, with what was never told.
    pub fn words(&self, known: Option<&Carried>, mut faults: Faults) -> Result<Words, Problem> {
        let Some(known) = known else {
            unknown(&mut faults);
            return faults.tell().map(|()| Words::default());
        };
        if known.is_taken_back_too_often() {
            let english = "As much was taken back of this animal as is kept; see to it as a case";
            faults.add("/animal", "taken_back_too_often", "سُحب عن هذا الرأس كل ما يُحفظ سحبه؛ عالجه حالةً", english);
        }
        let slaughter = known.slaughter.as_ref().filter(|_| self.slaughter).map(|told| (told.at, told.by.clone()));
        if self.slaughter && slaughter.is_none() {
            not_told("/slaughter", &mut faults);
        }
        let mut words = Words { slaughter, ..Words::default() };
        for (number, id) in self.evidence.iter().enumerate() {
            match known.evidence.iter().find(|one| one.id == *id) {
                Some(one) => words.evidence.push(one.clone()),
                None => not_told(&format!("/evidence/{number}"), &mut faults),
            }
        }
        for (number, (to, country)) in self.distributed.iter().enumerate() {
            match known.distributed.iter().find(|one| one.to == *to && one.country == *country) {
                Some(one) => words.distributed.push(one.clone()),
                None => not_told(&format!("/distributed/{number}"), &mut faults),
            }
        }
        faults.tell().map(|()| words)
    }

    /// Whether this is what was asked for before.
    pub fn is(&self, before: &Retraction) -> bool {
        let evidence = before.words.evidence.iter().map(|one: &Evidence| &one.id);
        let given = before.words.distributed.iter().map(|one: &Distribution| (one.to.clone(), one.country));
        self.animal == before.animal()
            && self.slaughter == before.words.slaughter.is_some()
            && self.evidence.iter().eq(evidence)
            && self.distributed.iter().cloned().eq(given)
            && self.note == before.note
    }
}
