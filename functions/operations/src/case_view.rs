//! What is answered of a case.

use domain::case::kept::{Closing, Kept, Replay, State};
use domain::money::Money;
use domain::payment::{CURRENCY, PaymentRef};
use serde::Serialize;
use serde_json::Value;

use crate::replays::is_replayable;

/// A case as listings have it.
#[derive(Serialize)]
pub struct CaseView<'a> {
    id: String,
    state: &'static str,
    reason: &'static str,
    owner: &'static str,
    action: ActionView,
    amount: Money,
    currency: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    payment: Option<&'a PaymentRef>,
    #[serde(skip_serializing_if = "Option::is_none")]
    donation: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    refund: Option<&'a str>,
    replayable: bool,
    opened_at: String,
    told_at: String,
    reopened: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    reopened_at: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    closed: Option<ClosingView<'a>>,
}

#[derive(Serialize)]
struct ActionView {
    code: &'static str,
    ar: &'static str,
    en: &'static str,
}

#[derive(Serialize)]
struct ClosingView<'a> {
    by: &'a str,
    at: String,
    note: &'a str,
}

#[derive(Serialize)]
struct ReplayView<'a> {
    by: &'a str,
    at: String,
}

/// A case with its evidence and all that was done about it.
#[derive(Serialize)]
pub struct WholeCase<'a> {
    #[serde(flatten)]
    case: CaseView<'a>,
    evidence: Value,
    closed_before: Vec<ClosingView<'a>>,
    replays: Vec<ReplayView<'a>>,
}

impl<'a> CaseView<'a> {
    /// Of a case.
    pub fn of(kept: &'a Kept) -> CaseView<'a> {
        let (case, reason) = (&kept.case, kept.reason());
        let (ar, en) = reason.action().texts();
        let closed = match &kept.state {
            State::Open => None,
            State::Closed(closing) => Some(ClosingView::of(closing)),
        };
        CaseView {
            id: case.id(),
            state: kept.standing().code(),
            reason: reason.code(),
            owner: reason.owner().code(),
            action: ActionView { code: reason.action().code(), ar, en },
            amount: case.amount_minor,
            currency: CURRENCY,
            payment: case.payment.as_ref(),
            donation: case.donation.map(|donation| donation.to_string()),
            refund: case.refund.as_ref().map(|refund| refund.as_str()),
            replayable: is_replayable(case),
            opened_at: case.opened_at.to_string(),
            told_at: kept.last_told().to_string(),
            reopened: kept.reopened,
            reopened_at: kept.reopened_at.map(|at| at.to_string()),
            closed,
        }
    }
}

impl<'a> ClosingView<'a> {
    fn of(closing: &'a Closing) -> ClosingView<'a> {
        ClosingView { by: &closing.by, at: closing.at.to_string(), note: &closing.note }
    }
}

impl<'a> WholeCase<'a> {
    /// Of a case.
    pub fn of(kept: &'a Kept) -> WholeCase<'a> {
        let replay = |Replay { by, at, .. }: &'a Replay| ReplayView { by, at: at.to_string() };
        let evidence = &kept.case.evidence;
        WholeCase {
            case: CaseView::of(kept),
            // A fact or what was told and answered; else the name of a document.
            evidence: serde_json::from_str(evidence).unwrap_or_else(|_| Value::String(evidence.clone())),
            closed_before: kept.closed_before.iter().map(ClosingView::of).collect(),
            replays: kept.replays.iter().map(replay).collect(),
        }
    }
}
