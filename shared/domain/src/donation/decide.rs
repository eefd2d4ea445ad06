//! What a payment fact makes of a donation: the whole table, without a catch-all.
//!
//! | state | captured | failed | voided | refunded | disputed, won, lost |
//! |---|---|---|---|---|---|
//! | absent | orphan | nothing | nothing | wait for the capture | likewise |
//! | awaiting | settle; look for what it names if that is being claimed anew | fail, if the attempt is the latest, and no payment came that it waits for | fail, likewise | wait for the capture | likewise |
//! | failed | settle; look for what it held if that was given up | nothing | nothing | wait for the capture | likewise |
//! | cancelled, expired | settle if it held nothing; look for other shares if it held shares and nothing else; else owed back | nothing | nothing | wait for the capture | likewise |
//! | settled, partly refunded, disputed, refunded; by this payment | repeat; if it stands as an orphan besides, what is left of that leaves the books; a case besides, if people took some of it out of suspense | nothing | set aside; an orphan besides leaves the books | book what is new | book what is new |
//! | the same; by another payment | second charge | nothing | nothing | wait for the capture | likewise |
//! | any, the payment being kept apart as a charge | repeat | nothing | set aside | give the charge back, as far as people left it in suspense | set aside |
//! | awaiting, failed, cancelled, expired; nothing given up; the payment being an orphan of which nothing went back and people took nothing | settle it with what stands in suspense | nothing | set aside | give the charge back | set aside |
//! | any other, the payment being an orphan whose donation was found | repeat | nothing | set aside | set aside | set aside |
//!
//! The last rows go before the others, except that of the settling payment: a payment that was once kept apart never settles a
//! donation by itself later, not even the one that had given up its hold. An orphan does, once somebody has found out whose it is and has written that into the payment's metadata at the provider; from then on
//! it settles no other.
//!
//! A payment that settled its donation may be told once more by whoever had looked before its metadata named one: then it is an orphan beside its own gift, booked twice. As soon as the capture is told for the
//! donation again, what is left of the second time leaves the books, with its fee.
//!
//! A capture that is told again with a higher fee of the provider's books the rest of the fee, and is a repeat otherwise. A fee beyond what
//! was captured is not booked and set aside; the gift is booked all the same.
//!
//! Money in another amount than the donation's, and anything in another currency, is set aside before anything else and never credited; an
//! attempt that failed for another amount is not the donation's, and nothing follows from it. Every row stands, cell by cell, in
//! `tests/domain/decisions.md`, which a test holds against this code.

use super::back::{Back, Dispute, Outcome};
use super::{Charge, ChargeKind, Donation, Line, SettledBy, State, dispute, refund};
use crate::case::Reason;
use crate::id::DonationId;
use crate::journal::{Account, Entry, EntryKind, Transfer, TransferError};
use crate::moment::Moment;
use crate::money::Money;
use crate::payment::{CURRENCY, Happening, Method, PaymentFact, PaymentRef};

/// What is to be done about a fact.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Decision {
    /// The donation changes, and the books with it.
    Book {
        /// Its new state.
        state: State,
        /// What is known of what goes back of it.
        back: Back,
        /// What goes into the books.
        entry: Entry,
        /// What a person must look at besides.
        case: Option<Reason>,
    },
    /// A payment is kept apart, one that was is given back, or more is kept of it by its provider, and the books say so.
    Keep {
        /// The charge as it is to stand.
        charge: Charge,
        /// What goes into the books.
        entry: Entry,
        /// What a person must look at besides.
        case: Option<Reason>,
    },
    /// A payment that was kept apart is the donation's: the charge changes and the books with it, and the donation, unless the payment had settled it before.
    Assign {
        /// The donation's state then.
        state: State,
        /// The charge as it is to stand.
        charge: Charge,
        /// What goes into the books: that it is no orphan any more.
        found: Entry,
        /// And that it settles the donation; or, if it had, what is new of its fee.
        follows: Option<Entry>,
        /// What a person must look at besides.
        case: Option<Reason>,
    },
    /// The donation changes; no money moved.
    Change {
        /// Its new state.
        state: State,
        /// What is known of what goes back of it.
        back: Back,
    },
    /// Done before: its consequences are told again, in case they were lost.
    Repeat,
    /// Nothing follows from it.
    Nothing,
    /// It makes sense only after another fact that has not come yet.
    Wait,
    /// The shares that it pays for were given up: others are looked for first, and then it is told again.
    Seek,
    /// It is for a person.
    SetAside(Reason),
}

/// Whether [`decide`] has to know the charge kept for the fact's payment. Where it has not, the charge makes no difference.
///
/// It has to for every capture, and for a void: an orphan whose metadata was put right at the provider is told again, naming a donation
/// that still waits, and would be booked a second time; or it was booked a second time, and is to leave the books. That costs one read a capture, and no write. What settled a donation settles it
/// for good, so the answer stays right while a batch of facts is folded into the donation: it may be asked once, before.
pub fn needs_charge(donation: Option<&Donation>, fact: &PaymentFact) -> bool {
    let own = donation.is_some_and(|donation| is_settled_by(donation, fact));
    match &fact.happening {
        Happening::Failed { .. } => false,
        Happening::Captured { .. } | Happening::Voided => true,
        Happening::Refunded { .. }
        | Happening::Disputed { .. }
        | Happening::DisputeWon { .. }
        | Happening::DisputeLost { .. } => !own,
    }
}

fn is_settled_by(donation: &Donation, fact: &PaymentFact) -> bool {
    donation.state.settled_by().is_some_and(|by| by.payment == fact.payment)
}

/// The donation that what is told of a payment is about: the one that it names, if the payment settled that; else the one that the payment was found to be, because metadata may be lost or changed since, or what is
/// told be older; else the one that it names.
pub fn donation_of(
    payment: &PaymentRef,
    named: Option<DonationId>,
    (donation, charge): (Option<&Donation>, Option<&Charge>),
) -> Option<DonationId> {
    let by = donation.and_then(|donation| donation.state.settled_by());
    let is_own = by.is_some_and(|by| by.payment == *payment);
    charge.filter(|_| !is_own).and_then(Charge::found).or(named)
}

/// Decides what a fact makes of the donation that it names and of the charge kept for its payment.
///
/// `now` is used only as the time of a refund or a dispute, which providers do not always tell.
///
/// # Errors
/// When the amount of a line is nothing; the bounds of making a donation rule it out.
pub fn decide(
    donation: Option<&Donation>,
    charge: Option<&Charge>,
    fact: &PaymentFact,
    now: Moment,
) -> Result<Decision, TransferError> {
    if fact.currency != CURRENCY {
        return Ok(Decision::SetAside(Reason::CurrencyDiffers));
    }
    let charge = charge.filter(|_| needs_charge(donation, fact));
    let disputed = |disputed_minor: Money, outcome: Outcome| {
        dispute::disputed(donation, charge, fact, Dispute { disputed_minor, outcome }, now)
    };
    match &fact.happening {
        Happening::Captured { method, captured_at, fee_minor } => {
            let told = Told { method: *method, at: *captured_at, fee: *fee_minor };
            captured(donation, charge, fact, &told)
        }
        Happening::Refunded { refunded_minor } => refund::refunded(donation, charge, fact, *refunded_minor, now),
        Happening::Failed { reason } => Ok(failed(donation, fact, reason)),
        Happening::Voided => voided(donation, charge, fact, now),
        Happening::Disputed { disputed_minor } => disputed(*disputed_minor, Outcome::Open),
        Happening::DisputeWon { disputed_minor } => disputed(*disputed_minor, Outcome::Won),
        Happening::DisputeLost { disputed_minor } => disputed(*disputed_minor, Outcome::Lost),
    }
}

/// What is told of a capture.
struct Told {
    method: Method,
    at: Moment,
    fee: Money,
}

impl Told {
    /// The fee to book with the capture, and what a person must look at instead when it cannot be one.
    fn fee(&self, fact: &PaymentFact) -> (Money, Option<Reason>) {
        if self.fee > fact.amount_minor { (Money::ZERO, Some(Reason::FeeBeyondCapture)) } else { (self.fee, None) }
    }

    /// What is to be booked of it beyond the `booked` fee of the capture.
    fn fresh_fee(&self, fact: &PaymentFact, booked: Money) -> Option<Money> {
        self.fee(fact).0.minus(booked).filter(|fresh| !fresh.is_zero())
    }
}

fn captured(
    donation: Option<&Donation>,
    charge: Option<&Charge>,
    fact: &PaymentFact,
    told: &Told,
) -> Result<Decision, TransferError> {
    let own = donation.filter(|donation| is_settled_by(donation, fact));
    // What people took out beside a gift was given back, say, and stands as given: that is for a person.
    let by_hand = charge.filter(|charge| own.is_some() && charge.kind == ChargeKind::Orphan && !charge.out().is_zero());
    let by_hand = by_hand.map(|_| Reason::BookedTwice);
    let (twice, charge) = if own.is_some() { (charge.filter(|charge| charge.stands()), None) } else { (None, charge) };
    let expected = charge.map(|charge| charge.captured_minor).or(donation.map(Donation::total));
    if expected.is_some_and(|expected| expected != fact.amount_minor) {
        return Ok(Decision::SetAside(Reason::AmountDiffers));
    }
    if let (Some(donation), Some(charge)) = (own, twice) {
        let fresh = donation.state.settled_by().and_then(|by| told.fresh_fee(fact, by.fee_minor));
        return take_out(donation, charge, fact, told.at, fresh.map(|fresh| (fresh, told.fee)));
    }
    if let Some(charge) = charge {
        if let Some(donation) = donation.filter(|donation| charge.is_orphan() && donation.can_settle()) {
            return assign(donation, charge, fact, told);
        }
        if charge.kind == ChargeKind::Assigned {
            return Ok(Decision::Repeat);
        }
        let Some(fresh) = told.fresh_fee(fact, charge.fee_minor) else { return Ok(Decision::Repeat) };
        let entry = entry(EntryKind::FeeCharged, charge.donation, fact, charge.method, told.at, vec![fee(fact, fresh)?]);
        let charge = Charge { fee_minor: told.fee, version: charge.version + 1, ..charge.clone() };
        return Ok(Decision::Keep { charge, entry, case: None });
    }
    let keep = |kind, case| keep_apart(kind, fact, told, case);
    let Some(donation) = donation else {
        // A provider's check of a card takes nothing: there is no money to keep.
        let nothing = fact.amount_minor.is_zero();
        return if nothing { Ok(Decision::Nothing) } else { keep(ChargeKind::Orphan, Some(Reason::DonationUnknown)) };
    };
    match &donation.state {
        State::Awaiting | State::Failed { .. } if !donation.dropped => settle(donation, fact, told, Money::ZERO),
        // What it held may be somebody else's by now.
        State::Awaiting | State::Failed { .. } => match &donation.reservation {
            Some(reservation) if reservation.is_lost => keep(ChargeKind::Late, None),
            Some(_) | None => Ok(Decision::Seek),
        },
        State::Cancelled | State::Expired if !donation.holds() => settle(donation, fact, told, Money::ZERO),
        State::Cancelled | State::Expired => match &donation.reservation {
            Some(reservation) if donation.hold.is_empty() && !reservation.is_lost => Ok(Decision::Seek),
            Some(_) | None => keep(ChargeKind::Late, None),
        },
        State::Settled { settled_by }
        | State::PartlyRefunded { settled_by, .. }
        | State::Disputed { settled_by, .. }
        | State::Refunded { settled_by, .. } => {
            if settled_by.payment != fact.payment {
                return keep(ChargeKind::Second, None);
            }
            let Some(fresh) = told.fresh_fee(fact, settled_by.fee_minor) else {
                return Ok(by_hand.map_or(Decision::Repeat, Decision::SetAside));
            };
            let transfers = vec![fee(fact, fresh)?];
            let entry = entry(EntryKind::FeeCharged, Some(donation.id), fact, settled_by.method, told.at, transfers);
            let state = donation.state.with_fee(told.fee);
            Ok(Decision::Book { state, back: donation.back.clone(), entry, case: by_hand })
        }
    }
}

/// What the provider keeps leaves what it owes us; a fund never bears it.
fn fee(fact: &PaymentFact, amount: Money) -> Result<Transfer, TransferError> {
    Transfer::new(Account::Fees(fact.payment.provider), Account::Clearing(fact.payment.provider), amount)
}

/// The donation of an orphan was found: the payment names it now. What was booked of it before stays, a new entry takes it out of suspense, and another one settles the donation.
fn assign(donation: &Donation, charge: &Charge, fact: &PaymentFact, told: &Told) -> Result<Decision, TransferError> {
    if donation.total() != fact.amount_minor {
        return Ok(Decision::SetAside(Reason::AmountDiffers));
    }
    let Decision::Book { state, entry: follows, case, .. } = settle(donation, fact, told, charge.fee_minor)? else {
        return Ok(Decision::Repeat);
    };
    let found = Transfer::new(charge.account(), Account::Clearing(fact.payment.provider), charge.captured_minor)?;
    let found = entry(EntryKind::Assigned, Some(donation.id), fact, told.method, told.at, vec![found]);
    let (kind, version) = (ChargeKind::Assigned, charge.version + 1);
    let charge = Charge { kind, donation: Some(donation.id), version, ..charge.clone() };
    Ok(Decision::Assign { state, charge, found, follows: Some(follows), case })
}

/// It has settled its donation, and was booked as an orphan besides by somebody who did not know yet whose it is. What is left of that leaves the books again, and the fee that was booked with it. `fee` is what is
/// new of the donation's own, and what that is in all then.
fn take_out(
    donation: &Donation,
    charge: &Charge,
    fact: &PaymentFact,
    at: Moment,
    fee: Option<(Money, Money)>,
) -> Result<Decision, TransferError> {
    let (clearing, fees) = (Account::Clearing(fact.payment.provider), Account::Fees(fact.payment.provider));
    let moves = [(charge.account(), clearing.clone(), charge.rest()), (clearing, fees, charge.fee_minor)];
    let moves = moves.into_iter().filter(|(.., amount)| !amount.is_zero());
    let transfers = moves.map(|(debit, credit, amount)| Transfer::new(debit, credit, amount)).collect::<Result<_, _>>()?;
    let entry = |kind, transfers| entry(kind, Some(donation.id), fact, charge.method, at, transfers);
    let found = entry(EntryKind::Assigned, transfers);
    let (state, follows) = match fee {
        None => (donation.state.clone(), None),
        Some((fresh, all)) => {
            let charged = entry(EntryKind::FeeCharged, vec![self::fee(fact, fresh)?]);
            (donation.state.with_fee(all), Some(charged))
        }
    };
    // What people took of it besides was given back, say, and the gift stands.
    let case = (!charge.out().is_zero()).then_some(Reason::BookedTwice);
    let (kind, fee_minor, version) = (ChargeKind::Assigned, Money::ZERO, charge.version + 1);
    let charge = Charge { kind, donation: Some(donation.id), fee_minor, version, ..charge.clone() };
    Ok(Decision::Assign { state, charge, found, follows, case })
}

/// The donation is settled. Of the fee so much is booked already.
fn settle(donation: &Donation, fact: &PaymentFact, told: &Told, booked: Money) -> Result<Decision, TransferError> {
    let clearing = Account::Clearing(fact.payment.provider);
    let credit = |(number, line): (u8, &Line)| {
        let account = Account::Opportunity(line.fund, line.opportunity.clone());
        Transfer::new(clearing.clone(), account, line.amount_minor).map(|t| t.for_line(number, line.purpose.clone()))
    };
    let mut transfers = (0..).zip(&donation.lines).map(credit).collect::<Result<Vec<_>, _>>()?;
    let (_, case) = told.fee(fact);
    let fresh = told.fresh_fee(fact, booked).unwrap_or(Money::ZERO);
    if !fresh.is_zero() {
        transfers.push(fee(fact, fresh)?);
    }
    let fee_minor = booked.plus(fresh).unwrap_or(booked);
    let settled_by = SettledBy { payment: fact.payment.clone(), method: told.method, captured_at: told.at, fee_minor };
    let entry = entry(EntryKind::Settled, Some(donation.id), fact, told.method, told.at, transfers);
    Ok(Decision::Book { state: State::Settled { settled_by }, back: donation.back.clone(), entry, case })
}

fn keep_apart(kind: ChargeKind, fact: &PaymentFact, told: &Told, case: Option<Reason>) -> Result<Decision, TransferError> {
    let (payment, donation, captured_minor) = (fact.payment.clone(), fact.donation, fact.amount_minor);
    let (fee_minor, beyond) = told.fee(fact);
    let [refunded_minor, taken_out_minor, brought_back_minor] = [Money::ZERO; 3];
    let (method, version) = (told.method, 0);
    let charge = Charge {
        payment,
        kind,
        donation,
        captured_minor,
        refunded_minor,
        taken_out_minor,
        brought_back_minor,
        fee_minor,
        method,
        version,
    };
    let mut transfers = vec![Transfer::new(Account::Clearing(fact.payment.provider), charge.account(), captured_minor)?];
    if !fee_minor.is_zero() {
        transfers.push(fee(fact, fee_minor)?);
    }
    let entry = entry(charge.entry_kind(), donation, fact, method, told.at, transfers);
    // Whose money it is matters more than what was kept of it.
    Ok(Decision::Keep { charge, entry, case: case.or(beyond) })
}

fn failed(donation: Option<&Donation>, fact: &PaymentFact, reason: &str) -> Decision {
    let Some(donation) = donation else { return Decision::Nothing };
    let latest = donation.attempt().is_some_and(|attempt| attempt.number == fact.attempt);
    let ours = latest && donation.total() == fact.amount_minor;
    match &donation.state {
        State::Awaiting if ours && !donation.sought => {
            Decision::Change { state: State::Failed { reason: reason.to_owned() }, back: donation.back.clone() }
        }
        State::Awaiting
        | State::Failed { .. }
        | State::Cancelled
        | State::Expired
        | State::Settled { .. }
        | State::PartlyRefunded { .. }
        | State::Disputed { .. }
        | State::Refunded { .. } => Decision::Nothing,
    }
}

/// A void of what we have booked, as a gift or apart from one, contradicts the capture: a person finds out whether the money is
/// still with the provider. What was booked twice is not there twice in any case.
fn voided(
    donation: Option<&Donation>,
    charge: Option<&Charge>,
    fact: &PaymentFact,
    now: Moment,
) -> Result<Decision, TransferError> {
    let own = donation.filter(|donation| is_settled_by(donation, fact));
    let reason = Reason::VoidAfterCapture;
    match (own, charge) {
        (Some(donation), Some(charge)) if charge.stands() => Ok(match take_out(donation, charge, fact, now, None)? {
            Decision::Assign { state, charge, found, follows, .. } => {
                Decision::Assign { state, charge, found, follows, case: Some(reason) }
            }
            other => other,
        }),
        (Some(_), _) | (None, Some(_)) => Ok(Decision::SetAside(reason)),
        (None, None) => Ok(failed(donation, fact, "voided")),
    }
}

/// An entry about the fact's payment.
pub(super) fn entry(
    kind: EntryKind,
    donation: Option<DonationId>,
    fact: &PaymentFact,
    method: Method,
    happened_at: Moment,
    transfers: Vec<Transfer>,
) -> Entry {
    Entry { kind, donation, payment: fact.payment.clone(), method, happened_at, transfers }
}
