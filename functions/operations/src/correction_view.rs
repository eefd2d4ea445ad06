//! What is answered of a correction.

use domain::correction::{Correction, CorrectionStage};
use domain::donation::Place;
use domain::journal::Transfer;
use domain::moment::Moment;
use domain::money::Money;
use domain::payment::{CURRENCY, PaymentRef};
use serde::Serialize;

/// A correction of the books.
#[derive(Serialize)]
pub struct CorrectionView<'a> {
    id: &'a str,
    state: &'static str,
    case: &'a str,
    /// The payment that it moves out of suspense, or back.
    #[serde(skip_serializing_if = "Option::is_none")]
    payment: Option<&'a PaymentRef>,
    currency: &'static str,
    transfers: Vec<TransferView>,
    note: &'a str,
    asked_by: &'a str,
    asked_at: String,
    /// Who agreed or declined.
    #[serde(skip_serializing_if = "Option::is_none")]
    decided_by: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    decided_at: Option<String>,
    /// Where it stands in the books.
    #[serde(skip_serializing_if = "Option::is_none")]
    place: Option<Place>,
}

#[derive(Serialize)]
struct TransferView {
    debit: String,
    credit: String,
    amount: Money,
}

impl<'a> CorrectionView<'a> {
    /// Of a correction.
    pub fn of(correction: &'a Correction) -> CorrectionView<'a> {
        let decided = decided(&correction.stage);
        let view = |transfer: &Transfer| TransferView {
            debit: transfer.debit().to_string(),
            credit: transfer.credit().to_string(),
            amount: transfer.amount(),
        };
        CorrectionView {
            id: correction.id.as_str(),
            state: correction.stage.code(),
            case: &correction.case,
            payment: correction.payment.as_ref(),
            currency: CURRENCY,
            transfers: correction.transfers.iter().map(view).collect(),
            note: &correction.note,
            asked_by: &correction.asked_by,
            asked_at: correction.asked_at.to_string(),
            decided_by: decided.map(|(by, _)| by),
            decided_at: decided.map(|(_, at)| at.to_string()),
            place: match &correction.stage {
                CorrectionStage::Done { place, .. } => Some(*place),
                CorrectionStage::Asked | CorrectionStage::Declined { .. } => None,
            },
        }
    }
}

fn decided(stage: &CorrectionStage) -> Option<(&str, Moment)> {
    match stage {
        CorrectionStage::Asked => None,
        CorrectionStage::Done { by, at, .. } | CorrectionStage::Declined { by, at } => Some((by, *at)),
    }
}
