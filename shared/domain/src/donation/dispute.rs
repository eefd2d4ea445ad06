//! What a dispute makes of a donation.
//!
//! A donor asks their bank for the money, and the provider takes it back until that is decided. It stands in the account of disputes meanwhile, and the gift
//! stands where it was given to. When the dispute is won the money is with the provider again; when it is lost it comes out of the gift's lines, as with a refund.
//! A decision that is told before the opening counts for both: the books end the same.

use super::back::{Dispute, Outcome};
use super::decide::{Decision, entry};
use super::refund::{gone_back, standing};
use super::{Charge, Donation, SettledBy};
use crate::case::Reason;
use crate::journal::{Account, EntryKind, Transfer, TransferError};
use crate::moment::Moment;
use crate::money::Money;
use crate::payment::PaymentFact;

/// Decides about a dispute of so much that stands so, told by `fact`.
pub(super) fn disputed(
    donation: Option<&Donation>,
    charge: Option<&Charge>,
    fact: &PaymentFact,
    told: Dispute,
    now: Moment,
) -> Result<Decision, TransferError> {
    if told.disputed_minor.is_zero() {
        return Ok(Decision::Nothing);
    }
    let own = donation.and_then(|donation| donation.state.settled_by().map(|by| (donation, by)));
    let own = own.filter(|(_, by)| by.payment == fact.payment);
    let captured = match (own, charge) {
        (None, Some(charge)) => Some(charge.captured_minor),
        (Some(_), _) | (None, None) => donation.map(Donation::total),
    };
    if told.disputed_minor > fact.amount_minor || captured.is_some_and(|captured| captured != fact.amount_minor) {
        return Ok(Decision::SetAside(Reason::AmountDiffers));
    }
    let Some((donation, settled_by)) = own else {
        // What is owed back, or is nobody's: a person sees to it that it does not go back twice.
        return Ok(charge.map_or(Decision::Wait, |_| Decision::SetAside(Reason::DisputeOfCharge)));
    };
    match donation.back.dispute {
        None => first(donation, settled_by, fact, told, now),
        Some(known) if known.disputed_minor != told.disputed_minor => Ok(Decision::SetAside(Reason::DisputeDiffers)),
        Some(known) => match (known.outcome, told.outcome) {
            (Outcome::Open, Outcome::Won | Outcome::Lost) => {
                decided(donation, settled_by, fact, told, Account::Disputes(fact.payment.provider), now)
            }
            // Old news.
            (Outcome::Won | Outcome::Lost, Outcome::Open) => Ok(Decision::Repeat),
            (Outcome::Won, Outcome::Lost) | (Outcome::Lost, Outcome::Won) => Ok(Decision::SetAside(Reason::DisputeDiffers)),
            (Outcome::Open, Outcome::Open) | (Outcome::Won, Outcome::Won) | (Outcome::Lost, Outcome::Lost) => {
                Ok(Decision::Repeat)
            }
        },
    }
}

/// The first that is heard of it.
fn first(
    donation: &Donation,
    settled_by: &SettledBy,
    fact: &PaymentFact,
    told: Dispute,
    now: Moment,
) -> Result<Decision, TransferError> {
    let mut back = donation.back.clone();
    back.dispute = Some(told);
    let provider = fact.payment.provider;
    match told.outcome {
        Outcome::Open => {
            let taken = Transfer::new(Account::Disputes(provider), Account::Clearing(provider), told.disputed_minor)?;
            let entry = entry(EntryKind::Disputed, Some(donation.id), fact, settled_by.method, now, vec![taken]);
            let state = standing(donation, settled_by, donation.refunded(), &back);
            // The bank can still be told that it went back already.
            let is_beyond = told.disputed_minor > donation.stands();
            let case = if is_beyond { Reason::RefundBeyondCapture } else { Reason::DisputeOpened };
            Ok(Decision::Book { state, back, entry, case: Some(case) })
        }
        Outcome::Won => Ok(Decision::Change { state: donation.state.clone(), back }),
        Outcome::Lost => decided(donation, settled_by, fact, told, Account::Clearing(provider), now),
    }
}

/// It was decided; the money is in the account `from` until now.
fn decided(
    donation: &Donation,
    settled_by: &SettledBy,
    fact: &PaymentFact,
    told: Dispute,
    from: Account,
    now: Moment,
) -> Result<Decision, TransferError> {
    let mut back = donation.back.clone();
    back.dispute = Some(told);
    let refunded = donation.refunded();
    let state = standing(donation, settled_by, refunded, &back);
    let (kind, transfers, case) = if told.outcome == Outcome::Lost {
        let gone = refunded.plus(told.disputed_minor).unwrap_or(Money::ZERO);
        let (transfers, case) = gone_back(donation, &back, gone, &from)?;
        (EntryKind::DisputeLost, transfers, case)
    } else {
        let back_again = Transfer::new(Account::Clearing(fact.payment.provider), from, told.disputed_minor)?;
        (EntryKind::DisputeWon, vec![back_again], None)
    };
    let entry = entry(kind, Some(donation.id), fact, settled_by.method, now, transfers);
    Ok(Decision::Book { state, back, entry, case })
}
