//! What is answered of a retraction.

use domain::moment::Moment;
use domain::sacrifice::carrying::{Distribution, Retraction, RetractionStage};
use serde::Serialize;

/// What is taken back of an animal.
#[derive(Serialize)]
pub struct RetractionView<'a> {
    id: &'a str,
    state: &'static str,
    animal: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    slaughter: Option<SlaughterView<'a>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    evidence: Vec<&'a str>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    distributed: Vec<ReceiverView<'a>>,
    note: &'a str,
    asked_by: &'a str,
    asked_at: String,
    /// Who agreed or declined.
    #[serde(skip_serializing_if = "Option::is_none")]
    decided_by: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    decided_at: Option<String>,
}

#[derive(Serialize)]
struct SlaughterView<'a> {
    at: String,
    by: &'a str,
}

#[derive(Serialize)]
struct ReceiverView<'a> {
    to: &'a str,
    country: String,
    portions: u32,
}

impl<'a> RetractionView<'a> {
    /// Of a retraction.
    pub fn of(of: &'a Retraction) -> RetractionView<'a> {
        let decided = decided(&of.stage);
        let slaughter = of.words.slaughter.as_ref().map(|(at, by)| SlaughterView { at: at.to_string(), by: by.as_str() });
        let receiver = |given: &'a Distribution| ReceiverView {
            to: given.to.as_str(),
            country: given.country.to_string(),
            portions: given.portions,
        };
        RetractionView {
            id: of.id.as_str(),
            state: of.stage.code(),
            animal: of.animal().to_string(),
            slaughter,
            evidence: of.words.evidence.iter().map(|one| one.id.as_str()).collect(),
            distributed: of.words.distributed.iter().map(receiver).collect(),
            note: &of.note,
            asked_by: &of.asked_by,
            asked_at: of.asked_at.to_string(),
            decided_by: decided.map(|(by, _)| by),
            decided_at: decided.map(|(_, at)| at.to_string()),
        }
    }
}

fn decided(stage: &RetractionStage) -> Option<(&str, Moment)> {
    match stage {
        RetractionStage::Asked => None,
        RetractionStage::Done { by, at } | RetractionStage::Declined { by, at } => Some((by, *at)),
    }
}
