//! Taking back what a slaughterhouse told of an animal: a word that was wrong, though it lay within the season. One person asks, another agrees.
//!
//! What is taken back is named by its own words, as they stood when it was asked for. So whoever agrees sees what goes, and where something else stands by then nothing is taken back.
//!
//! | it is | whoever asked agrees | another agrees | the same who declined, again | anybody declines |
//! |---|---|---|---|---|
//! | asked | refused: the same person | written into the animal and done, in one write | | declined |
//! | done | refused: the same person | as it is | | refused: done |
//! | declined | refused: declined | refused: declined | as it is | refused: declined |
//!
//! Nothing is lost by it: what was taken back stands in the animal's history ([`Earlier`](super::carried::Earlier)) and here. The slaughterhouse may tell again from then on; what it had sent before does not bring a word back.

use serde::{Deserialize, Serialize};

use super::evidence::Evidence;
use super::update::Distribution;
use crate::correction::{Act, CorrectionFault, Step};
use crate::id::{CorrectionId, OpportunityId, StaffNumber};
use crate::moment::Moment;
use crate::sacrifice::animal::AnimalName;

/// The words that are taken back.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Words {
    /// When it was slaughtered, and by whom.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub slaughter: Option<(Moment, StaffNumber)>,
    /// Photos and videos.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub evidence: Vec<Evidence>,
    /// To whom its meat was given.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub distributed: Vec<Distribution>,
}

impl Words {
    /// Whether nothing is taken back.
    pub const fn is_empty(&self) -> bool {
        self.slaughter.is_none() && self.evidence.is_empty() && self.distributed.is_empty()
    }
}

/// How far it has come.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "stage", rename_all = "snake_case")]
pub enum RetractionStage {
    /// It waits for another person.
    Asked,
    /// Another person agreed, and it is taken back.
    Done {
        /// Who agreed: the subject of the token.
        by: String,
        /// When.
        at: Moment,
    },
    /// Somebody did not agree, or took it back.
    Declined {
        /// Who.
        by: String,
        /// When.
        at: Moment,
    },
}

impl RetractionStage {
    /// The stable codes of all stages.
    pub const CODES: [&str; 3] = ["asked", "done", "declined"];

    /// The stable code.
    pub const fn code(&self) -> &'static str {
        match self {
            RetractionStage::Asked => "asked",
            RetractionStage::Done { .. } => "done",
            RetractionStage::Declined { .. } => "declined",
        }
    }
}

/// What one person asks to be taken back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Retraction {
    /// Its id, derived from the operator's key.
    pub id: CorrectionId,
    /// Of which offering the animal is.
    pub offering: OpportunityId,
    /// The animal's number within it.
    pub number: u32,
    /// What is taken back.
    pub words: Words,
    /// Why, in a person's words; never personal data.
    pub note: String,
    /// Who asked: the subject of the token.
    pub asked_by: String,
    /// When.
    pub asked_at: Moment,
    /// Grows with each change.
    pub version: u64,
    /// How far it has come.
    #[serde(flatten)]
    pub stage: RetractionStage,
}

impl Retraction {
    /// What the animal is called.
    pub fn animal(&self) -> AnimalName {
        AnimalName { offering: self.offering.clone(), number: self.number }
    }

    /// What an act of this person's makes of it; [`Step::Book`] is to write it into the animal. Who may decline what others asked for is a matter of roles.
    ///
    /// # Errors
    /// Why nothing.
    pub fn act(&self, act: Act, person: &str) -> Result<Step, CorrectionFault> {
        let is_asker = self.asked_by == person;
        match (&self.stage, act) {
            (RetractionStage::Asked | RetractionStage::Done { .. }, Act::Approve) if is_asker => {
                Err(CorrectionFault::SamePerson)
            }
            (RetractionStage::Asked, Act::Approve) => Ok(Step::Book),
            (RetractionStage::Asked, Act::Decline) => Ok(Step::Decline),
            (RetractionStage::Done { .. }, Act::Approve) => Ok(Step::Repeat),
            (RetractionStage::Declined { by, .. }, Act::Decline) if by == person => Ok(Step::Repeat),
            (RetractionStage::Done { .. }, Act::Decline)
            | (RetractionStage::Declined { .. }, Act::Approve | Act::Decline) => {
                Err(CorrectionFault::Over(self.stage.code()))
            }
        }
    }

    /// The same in another stage.
    pub fn turned(&self, stage: RetractionStage) -> Retraction {
        Retraction { stage, version: self.version + 1, ..self.clone() }
    }

    /// Whether it is done.
    pub const fn is_done(&self) -> bool {
        matches!(self.stage, RetractionStage::Done { .. })
    }

    /// Since when it stands so: listings are in this order.
    pub const fn since(&self) -> Moment {
        match &self.stage {
            RetractionStage::Asked => self.asked_at,
            RetractionStage::Done { at, .. } | RetractionStage::Declined { at, .. } => *at,
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn two_people_take_back_and_one_does_not() {
        let asked = Retraction {
            id: "0a".repeat(16).parse().unwrap(),
            offering: "camel-makkah".parse().unwrap(),
            number: 7,
            words: Words::default(),
            note: "Another animal was meant.".to_owned(),
            asked_by: "operator-1".to_owned(),
            asked_at: Moment::from_millis(1),
            version: 1,
            stage: RetractionStage::Asked,
        };
        let at = Moment::from_millis(2);
        let by = "approver-1".to_owned();
        let done = asked.turned(RetractionStage::Done { by: by.clone(), at });
        let declined = asked.turned(RetractionStage::Declined { by, at });
        let (same, over) = (Err(CorrectionFault::SamePerson), |code| Err(CorrectionFault::Over(code)));
        let table = [
            (&asked, Act::Approve, "operator-1", same),
            (&asked, Act::Approve, "approver-1", Ok(Step::Book)),
            (&asked, Act::Decline, "operator-1", Ok(Step::Decline)),
            (&done, Act::Approve, "operator-1", same),
            (&done, Act::Approve, "approver-2", Ok(Step::Repeat)),
            (&done, Act::Decline, "approver-1", over("done")),
            (&declined, Act::Approve, "approver-1", over("declined")),
            (&declined, Act::Decline, "approver-1", Ok(Step::Repeat)),
            (&declined, Act::Decline, "operator-1", over("declined")),
        ];
        for (what, act, person, expected) in table {
            assert_eq!(what.act(act, person), expected, "{act:?} by {person} of {}", what.stage.code());
        }
        assert_eq!((done.version, done.since(), asked.since()), (2, at, Moment::from_millis(1)));
        for one in [&asked, &done, &declined] {
            assert_eq!(serde_json::from_str::<Retraction>(&serde_json::to_string(one).unwrap()).unwrap(), *one);
        }
    }
}
