//! What a refund makes of a donation, or of a charge that is kept apart from one.
//!
//! A refund is told as the sum of all refunds of the payment so far, so what is booked is `reported − booked`, if anything. Which
//! line of several is given back is not told; a refund that was asked for here says it ([`super::back`]). A part of a gift of several lines that was
//! given back otherwise stands in suspense, with a case, until the whole has been given back: then every line is, and the suspense of that gift is
//! cleared. The books end the same, whether a refund was told in steps or at once.
//!
//! Of a payment in suspense no more goes back than people left there; the rest is for a person.

use super::back::{Back, allocate};
use super::decide::{Decision, entry};
use super::{Charge, ChargeKind, Donation, Line, SettledBy, State};
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
        // It is another donation's, whose metadata it had when that was settled.
        (None, Some(charge)) if charge.kind == ChargeKind::Assigned => Ok(Decision::SetAside(Reason::ProviderDisagrees)),
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
    let Some(settled_by) = donation.state.settled_by() else { return Ok(Decision::Wait) };
    if reported <= donation.refunded() {
        return Ok(Decision::Repeat);
    }
    let back = donation.back.reported(reported);
    let gone = reported.plus(back.lost()).unwrap_or(Money::ZERO);
    let (transfers, case) = gone_back(donation, &back, gone, &Account::Clearing(fact.payment.provider))?;
    let state = standing(donation, settled_by, reported, &back);
    let entry = entry(EntryKind::Refunded, Some(donation.id), fact, settled_by.method, now, transfers);
    Ok(Decision::Book { state, back, entry, case })
}

/// How a paid donation stands when so much was refunded and `back` is so.
pub(super) fn standing(donation: &Donation, settled_by: &SettledBy, refunded_minor: Money, back: &Back) -> State {
    let settled_by = settled_by.clone();
    let gone = refunded_minor.plus(back.lost()).unwrap_or(Money::ZERO);
    if !back.disputed().is_zero() {
        State::Disputed { settled_by, refunded_minor }
    } else if gone >= donation.total() {
        State::Refunded { settled_by, refunded_minor }
    } else if gone.is_zero() {
        State::Settled { settled_by }
    } else {
        State::PartlyRefunded { settled_by, refunded_minor }
    }
}

/// The transfers after which `gone` has gone back in all, the money leaving the account `from`; and what a person must look at, if more of it is from no line that
/// is known than before. What was in suspense before and is known now makes up for it there first.
pub(super) fn gone_back(
    donation: &Donation,
    back: &Back,
    gone: Money,
    from: &Account,
) -> Result<(Vec<Transfer>, Option<Reason>), TransferError> {
    let before = allocate(&donation.lines, &donation.back, donation.gone());
    let after = allocate(&donation.lines, back, gone);
    let mut cleared = before.suspended.minus(after.suspended).unwrap_or(Money::ZERO);
    let mut transfers = Vec::new();
    for ((number, line), (before, after)) in (0..).zip(&donation.lines).zip(before.lines.iter().zip(&after.lines)) {
        let fresh = after.minus(*before).unwrap_or(Money::ZERO);
        let suspended = fresh.min(cleared);
        cleared = cleared.minus(suspended).unwrap_or(Money::ZERO);
        let rest = fresh.minus(suspended).unwrap_or(Money::ZERO);
        for (account, amount) in [(Account::RefundsSuspense, suspended), (from.clone(), rest)] {
            if !amount.is_zero() {
                transfers.push(self::back(number, line, account, amount)?);
            }
        }
    }
    let unknown = after.suspended.minus(before.suspended).filter(|unknown| !unknown.is_zero());
    if let Some(unknown) = unknown {
        transfers.push(Transfer::new(Account::RefundsSuspense, from.clone(), unknown)?);
    }
    // What is disputed may go back besides.
    let is_beyond = gone.plus(back.disputed()).is_none_or(|gone| gone > donation.total());
    let case = if is_beyond { Some(Reason::RefundBeyondCapture) } else { unknown.map(|_| Reason::RefundUnassigned) };
    Ok((transfers, case))
}

fn back(number: u8, line: &Line, to: Account, amount: Money) -> Result<Transfer, TransferError> {
    let from = Account::Opportunity(line.fund, line.opportunity.clone());
    Transfer::new(from, to, amount).map(|transfer| transfer.for_line(number, line.purpose.clone()))
}

fn return_charge(charge: &Charge, fact: &PaymentFact, reported: Money, now: Moment) -> Result<Decision, TransferError> {
    let Some(fresh) = reported.minus(charge.refunded_minor).filter(|fresh| !fresh.is_zero()) else {
        return Ok(Decision::Repeat);
    };
    // What people took out of suspense is not there a second time.
    let back = fresh.min(charge.rest());
    if back.is_zero() {
        return Ok(Decision::SetAside(Reason::RefundBeyondCapture));
    }
    let case = (back < fresh).then_some(Reason::RefundBeyondCapture);
    let transfer = Transfer::new(charge.account(), Account::Clearing(fact.payment.provider), back)?;
    let entry = entry(EntryKind::ChargeReturned, charge.donation, fact, charge.method, now, vec![transfer]);
    let refunded_minor = charge.refunded_minor.plus(back).unwrap_or(reported);
    let charge = Charge { refunded_minor, version: charge.version + 1, ..charge.clone() };
    Ok(Decision::Keep { charge, entry, case })
}
