//! What is known of an animal's carrying out: one item each, to which is added and from which nothing is taken.

use serde::{Deserialize, Serialize};

use super::evidence::Evidence;
use super::refusal::Refusal;
use super::update::{Distribution, Update};
use crate::id::{BatchId, EvidenceId, OpportunityId, SlaughterhouseId, StaffNumber};
use crate::moment::Moment;
use crate::sacrifice::animal::AnimalName;

/// Pieces of evidence that are kept of one animal at most.
pub const MOST_EVIDENCE: usize = 12;
/// Receivers of one animal's meat at most.
pub const MOST_DISTRIBUTIONS: usize = 8;

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
        }
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

    /// Whether the row says nothing but what is known already. Nothing of it is held against the rules again: what was written once is told, whatever has changed since.
    pub fn says(&self, update: &Update) -> bool {
        let is_told = match (&self.slaughter, &update.slaughtered) {
            (_, None) => true,
            (None, Some(_)) => false,
            (Some(told), Some((at, by))) => told.at == *at && told.by == *by,
        };
        let has = |id: &EvidenceId| self.evidence.iter().any(|known| known.id == *id);
        let is_given = update.distribution.as_ref().is_none_or(|given| self.distributed.contains(given));
        is_told && update.evidence.iter().all(has) && is_given
    }

    /// With what a row adds; the same where the row says what is known already.
    ///
    /// # Errors
    /// When the row says something else than a row before, or there is more than is kept of one animal. Nothing of the row is taken then.
    pub fn with(&self, update: &Update, evidence: &[Evidence], source: Source<'_>) -> Result<Carried, Refusal> {
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
