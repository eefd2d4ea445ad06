//! What a refund makes of a donation, or of a charge that is kept apart from one.
//!
//! A refund is told as the sum of all refunds of the payment so far, so what is booked is `reported − booked`, if anything. Which
//! line of several is given back is not told. A part of such a gift therefore stands in suspense, with a case, until the whole has been
//! given back: then every line is, and the suspense of that gift is cleared. The books end the same, whether a refund
//! was told in steps or at once.

use super::decide::{Decision, entry};
use super::{Charge, Donation, Line, State};
use crate::case::Reason;
use crate::journal::{Account, EntryKind, Transfer, TransferError};
use crate::moment::Moment;
use crate::money::Money;
use crate::payment::PaymentFact;

/// Decides about a refund of `reported` in all, told by `fact`.
pub(super) fn refunded(
    donation: Option<&Donation>,
    charge: Option<&Charge>,
    fact: &PaymentFact,
    reported: Money,
    now: Moment,
) -> Result<Decision, TransferError> {
    if reported.is_zero() {
        return Ok(Decision::Nothing);
    }
    let own = donation.filter(|d| d.state.settled_by().is_some_and(|by| by.payment == fact.payment));
    let captured = match (own, charge) {
        (Some(donation), _) => Some(donation.total()),
        (None, Some(charge)) => Some(charge.captured_minor),
        // Not captured yet as far as we know; when it is, it must be for the whole of the donation.
        (None, None) => donation.map(Donation::total),
    };
    if reported > fact.amount_minor || captured.is_some_and(|captured| captured != fact.amount_minor) {
        return Ok(Decision::SetAside(Reason::AmountDiffers));
    }
    match (own, charge) {
        (Some(donation), _) => refund_donation(donation, fact, reported, now),
        (None, Some(charge)) => return_charge(charge, fact, reported, now),
        (None, None) => Ok(Decision::Wait),
    }
}

fn refund_donation(
    donation: &Donation,
    fact: &PaymentFact,
    reported: Money,
    now: Moment,
) -> Result<Decision, TransferError> {
    let (settled_by, booked) = match &donation.state {
        State::Settled { settled_by } => (settled_by, Money::ZERO),
        State::PartlyRefunded { settled_by, refunded_minor } => (settled_by, *refunded_minor),
        State::Refunded { .. } => return Ok(Decision::Repeat),
        State::Awaiting | State::Failed { .. } | State::Cancelled | State::Expired => return Ok(Decision::Wait),
    };
    let Some(fresh) = reported.minus(booked).filter(|fresh| !fresh.is_zero()) else { return Ok(Decision::Repeat) };
    let (transfers, case) = refund_transfers(donation, fact, booked, fresh)?;
    let settled_by = settled_by.clone();
    let method = settled_by.method;
    let state = if reported == donation.total() {
        State::Refunded { settled_by }
    } else {
        State::PartlyRefunded { settled_by, refunded_minor: reported }
    };
    let entry = entry(EntryKind::Refunded, Some(donation.id), fact, method, now, transfers);
    Ok(Decision::Book { state, entry, case })
}

/// Back from where the money went: from the only line, or from every line once the whole is given back. Otherwise nobody told which
/// line was meant: the refund stands in suspense, and a person looks at it.
fn refund_transfers(
    donation: &Donation,
    fact: &PaymentFact,
    booked: Money,
    fresh: Money,
) -> Result<(Vec<Transfer>, Option<Reason>), TransferError> {
    let clearing = Account::Clearing(fact.payment.provider);
    match donation.lines.as_slice() {
        [only] => Ok((vec![back(0, only, clearing, fresh)?], None)),
        lines if booked.plus(fresh) == Some(donation.total()) => Ok((back_whole(lines, &clearing, booked)?, None)),
        _ => {
            let transfer = Transfer::new(Account::RefundsSuspense, clearing, fresh)?;
            Ok((vec![transfer], Some(Reason::RefundUnassigned)))
        }
    }
}

/// Every line back in full. What was given back before left the clearing account then, from suspense: the first lines make
/// up for it there, the others go back through clearing now.
fn back_whole(lines: &[Line], clearing: &Account, booked: Money) -> Result<Vec<Transfer>, TransferError> {
    let mut suspended = booked;
    let mut transfers = Vec::new();
    for (number, line) in (0..).zip(lines) {
        let before = line.amount_minor.min(suspended);
        suspended = suspended.minus(before).unwrap_or(Money::ZERO);
        let now = line.amount_minor.minus(before).unwrap_or(Money::ZERO);
        for (account, amount) in [(Account::RefundsSuspense, before), (clearing.clone(), now)] {
            if !amount.is_zero() {
                transfers.push(back(number, line, account, amount)?);
            }
        }
    }
    Ok(transfers)
}

fn back(number: u8, line: &Line, to: Account, amount: Money) -> Result<Transfer, TransferError> {
    let from = Account::Opportunity(line.fund, line.opportunity.clone());
    Transfer::new(from, to, amount).map(|transfer| transfer.for_line(number, line.purpose.clone()))
}

fn return_charge(charge: &Charge, fact: &PaymentFact, reported: Money, now: Moment) -> Result<Decision, TransferError> {
    let Some(fresh) = reported.minus(charge.refunded_minor).filter(|fresh| !fresh.is_zero()) else {
        return Ok(Decision::Repeat);
    };
    let transfer = Transfer::new(charge.account(), Account::Clearing(fact.payment.provider), fresh)?;
    let entry = entry(EntryKind::ChargeReturned, charge.donation, fact, charge.method, now, vec![transfer]);
    let charge = Charge { refunded_minor: reported, version: charge.version + 1, ..charge.clone() };
    Ok(Decision::Keep { charge, entry, case: None })
}
