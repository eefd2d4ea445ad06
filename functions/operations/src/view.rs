//! What is answered.

use domain::donation::{Donation, Part, Refund, RefundStage};
use domain::moment::Moment;
use domain::money::Money;
use domain::payment::CURRENCY;
use serde::Serialize;

/// So much of a line.
#[derive(Serialize)]
struct PartView {
    line: u8,
    amount: Money,
}

/// A refund that was asked for.
#[derive(Serialize)]
pub struct Asking<'a> {
    id: &'a str,
    state: &'static str,
    amount: Money,
    lines: Vec<PartView>,
    reason: &'static str,
    asked_by: &'a str,
    asked_at: String,
    /// Who agreed or declined.
    #[serde(skip_serializing_if = "Option::is_none")]
    decided_by: Option<&'a str>,
    /// When; of a refund that the provider refused, when that was.
    #[serde(skip_serializing_if = "Option::is_none")]
    decided_at: Option<String>,
}

impl<'a> Asking<'a> {
    /// Of a refund.
    pub fn of(refund: &'a Refund) -> Asking<'a> {
        let decided = decided(&refund.stage);
        Asking {
            id: refund.id.as_str(),
            state: refund.stage.code(),
            amount: refund.amount(),
            lines: refund
                .parts
                .iter()
                .map(|Part { line, amount_minor }| PartView { line: *line, amount: *amount_minor })
                .collect(),
            reason: refund.reason.code(),
            asked_by: &refund.asked_by,
            asked_at: refund.asked_at.to_string(),
            decided_by: decided.map(|(by, _)| by),
            decided_at: decided.map(|(_, at)| at.to_string()),
        }
    }
}

fn decided(stage: &RefundStage) -> Option<(&str, Moment)> {
    match stage {
        RefundStage::Asked => None,
        RefundStage::Approved { by, at, .. }
        | RefundStage::Done { by, at }
        | RefundStage::Declined { by, at }
        | RefundStage::Refused { by, at } => Some((by, *at)),
    }
}

/// A line, and what stands of it.
#[derive(Serialize)]
struct LineView<'a> {
    line: u8,
    opportunity: &'a str,
    amount: Money,
    stands: Money,
}

/// What stands of a donation, and what was asked for of it.
#[derive(Serialize)]
pub struct Standing<'a> {
    donation: String,
    state: &'static str,
    currency: &'static str,
    total: Money,
    refunded: Money,
    disputed: Money,
    lost: Money,
    stands: Money,
    lines: Vec<LineView<'a>>,
    refunds: Vec<Asking<'a>>,
}

impl<'a> Standing<'a> {
    /// Of a donation. What is not paid has nothing that stands.
    pub fn of(donation: &'a Donation) -> Standing<'a> {
        let is_paid = donation.state.settled_by().is_some();
        let paid = |amount: Money| if is_paid { amount } else { Money::ZERO };
        let lines = (0..).zip(&donation.lines).zip(donation.lines_standing());
        Standing {
            donation: donation.id.to_string(),
            state: donation.state.code(),
            currency: CURRENCY,
            total: donation.total(),
            refunded: donation.refunded(),
            disputed: donation.back.disputed(),
            lost: donation.back.lost(),
            stands: paid(donation.stands()),
            lines: lines
                .map(|((line, given), stands)| LineView {
                    line,
                    opportunity: given.opportunity.as_str(),
                    amount: given.amount_minor,
                    stands: paid(stands),
                })
                .collect(),
            refunds: donation.back.refunds.iter().map(Asking::of).collect(),
        }
    }
}
