//! What is known of an animal's carrying out: one item each, to which is added. What two people have taken back of it stands in its history, and nothing is lost.

use serde::{Deserialize, Serialize};

use super::evidence::Evidence;
use super::refusal::Refusal;
use super::retraction::Words;
use super::update::{Distribution, Update};
use crate::id::{BatchId, CorrectionId, EvidenceId, OpportunityId, SlaughterhouseId, StaffNumber};
use crate::moment::Moment;
use crate::sacrifice::animal::AnimalName;

/// Pieces of evidence that are kept of one animal at most.
pub const MOST_EVIDENCE: usize = 12;
/// Receivers of one animal's meat at most.
pub const MOST_DISTRIBUTIONS: usize = 8;

/// How often words about one animal are taken back at most: its item stays small.
pub const MOST_TAKEN_BACK: usize = 10;

/// What was told before, and two people have taken back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Earlier {
    /// By which retraction: who asked and who agreed stands there.
    pub retraction: CorrectionId,
    /// When.
    pub taken_back_at: Moment,
    /// The slaughter that was told.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub slaughter: Option<Slaughter>,
    /// The evidence that was told.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub evidence: Vec<Evidence>,
    /// The receivers that were told.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub distributed: Vec<Distribution>,
}

/// A slaughter, and by which row it was told.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Slaughter {
    /// When.
    pub at: Moment,
    /// By whom.
    pub by: StaffNumber,
    /// The batch that told it first.
    pub batch: BatchId,
    /// The row of it.
    pub row: u32,
    /// When that was received.
    pub received_at: Moment,
}

/// What is known of an animal.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Carried {
    /// Of which offering it is.
    pub offering: OpportunityId,
    /// Its number within it.
    pub number: u32,
    /// Whose word it is.
    pub slaughterhouse: SlaughterhouseId,
    /// How often something was added.
    pub version: u64,
    /// Its slaughter, once told.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub slaughter: Option<Slaughter>,
    /// Photos and videos.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub evidence: Vec<Evidence>,
    /// To whom its meat was given.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub distributed: Vec<Distribution>,
    /// What was told before and taken back, the first first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub earlier: Vec<Earlier>,
}

/// By which row something is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Source<'a> {
    /// The slaughterhouse.
    pub slaughterhouse: &'a SlaughterhouseId,
    /// Its batch.
    pub batch: &'a BatchId,
    /// The row.
    pub row: u32,
    /// When the batch was received.
    pub received_at: Moment,
}

impl Carried {
    /// An animal of which nothing is known.
    pub fn nothing(animal: &AnimalName, slaughterhouse: &SlaughterhouseId) -> Carried {
        Carried {
            offering: animal.offering.clone(),
            number: animal.number,
            slaughterhouse: slaughterhouse.clone(),
            version: 0,
            slaughter: None,
            evidence: Vec::new(),
            distributed: Vec::new(),
            earlier: Vec::new(),
        }
    }

    /// How often a slaughter of it was told and taken back.
    pub fn slaughters_taken_back(&self) -> u32 {
        u32::try_from(self.earlier.iter().filter(|earlier| earlier.slaughter.is_some()).count()).unwrap_or(u32::MAX)
    }

    /// Whether as much was taken back of it as is kept.
    pub fn is_taken_back_too_often(&self) -> bool {
        self.earlier.len() >= MOST_TAKEN_BACK
    }

    /// Without these words, which stand in its history from then on; none where not all of them stand any more, or more was taken back than is kept.
    pub fn without(&self, words: &Words, retraction: &CorrectionId, taken_back_at: Moment) -> Option<Carried> {
        let told = self.slaughter.as_ref().map(|told| (told.at, &told.by));
        let wanted = words.slaughter.as_ref().map(|(at, by)| (*at, by));
        let stands = (wanted.is_none() || told == wanted)
            && words.evidence.iter().all(|one| self.evidence.contains(one))
            && words.distributed.iter().all(|one| self.distributed.contains(one));
        if !stands || words.is_empty() || self.is_taken_back_too_often() {
            return None;
        }
        let mut next = self.clone();
        let slaughter = if wanted.is_some() { next.slaughter.take() } else { None };
        next.evidence.retain(|one| !words.evidence.contains(one));
        next.distributed.retain(|one| !words.distributed.contains(one));
        let (evidence, distributed) = (words.evidence.clone(), words.distributed.clone());
        next.earlier.push(Earlier { retraction: retraction.clone(), taken_back_at, slaughter, evidence, distributed });
        Some(Carried { version: self.version + 1, ..next })
    }

    /// Whether a row that was received then says something of a kind that was taken back since: it was sent before anybody knew.
    fn is_overtaken(&self, update: &Update, received_at: Moment) -> bool {
        self.earlier.iter().filter(|earlier| received_at <= earlier.taken_back_at).any(|earlier| {
            let slaughter = update.slaughtered.is_some() && earlier.slaughter.is_some();
            let evidence = earlier.evidence.iter().any(|one| update.evidence.contains(&one.id));
            let is_given = |given: &Distribution| {
                earlier.distributed.iter().any(|one| (&one.to, &one.country) == (&given.to, &given.country))
            };
            slaughter || evidence || update.distribution.as_ref().is_some_and(is_given)
        })
    }

    /// What it is called.
    pub fn name(&self) -> AnimalName {
        AnimalName { offering: self.offering.clone(), number: self.number }
    }

    /// Whether its slaughter was told.
    pub const fn is_slaughtered(&self) -> bool {
        self.slaughter.is_some()
    }

    /// Whether its slaughter was told, and to whom its meat was given.
    pub fn is_distributed(&self) -> bool {
        self.is_slaughtered() && !self.distributed.is_empty()
    }

    /// Whether a row tells the slaughter that stands.
    pub fn says_slaughter(&self, update: &Update) -> bool {
        let told = self.slaughter.as_ref().map(|told| (told.at, &told.by));
        told.is_some() && told == update.slaughtered.as_ref().map(|(at, by)| (*at, by))
    }

    /// Whether the row says nothing but what is known already. Nothing of it is held against the rules again: what was written once is told, whatever has changed since.
    pub fn says(&self, update: &Update) -> bool {
        let is_told = update.slaughtered.is_none() || self.says_slaughter(update);
        let has = |id: &EvidenceId| self.evidence.iter().any(|known| known.id == *id);
        let is_given = update.distribution.as_ref().is_none_or(|given| self.distributed.contains(given));
        is_told && update.evidence.iter().all(has) && is_given
    }

    /// With what a row adds; the same where the row says what is known already.
    ///
    /// # Errors
    /// When the row says something else than a row before, or there is more than is kept of one animal. Nothing of the row is taken then.
    pub fn with(&self, update: &Update, evidence: &[Evidence], source: Source<'_>) -> Result<Carried, Refusal> {
        if self.is_overtaken(update, source.received_at) {
            return Err(Refusal::TakenBack);
        }
        let mut next = self.clone();
        match (&self.slaughter, &update.slaughtered) {
            (_, None) => {}
            (Some(told), Some((at, by))) if told.at == *at && told.by == *by => {}
            (Some(_), Some(_)) => return Err(Refusal::Differs),
            (None, Some((at, by))) => {
                let (batch, row, received_at) = (source.batch.clone(), source.row, source.received_at);
                next.slaughter = Some(Slaughter { at: *at, by: by.clone(), batch, row, received_at });
            }
        }
        for one in evidence {
            match self.evidence.iter().find(|known| known.id == one.id) {
                None => next.evidence.push(one.clone()),
                Some(known) if known.is_still(one.etag.as_deref()) => {}
                Some(_) => return Err(Refusal::EvidenceDiffers),
            }
        }
        if let Some(given) = &update.distribution {
            match self.distributed.iter().find(|known| known.to == given.to && known.country == given.country) {
                None => next.distributed.push(given.clone()),
                Some(known) if known == given => {}
                Some(_) => return Err(Refusal::Differs),
            }
        }
        if next.evidence.len() > MOST_EVIDENCE || next.distributed.len() > MOST_DISTRIBUTIONS {
            return Err(Refusal::TooMuchTold);
        }
        if next == *self { Ok(next) } else { Ok(Carried { version: self.version + 1, ..next }) }
    }
}

#[cfg(test)]
mod tests;
