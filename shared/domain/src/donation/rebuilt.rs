//! A donation or a charge as the pages say that it is: for the command `rebuild`, after a table was restored from a backup that is older than its pages.
//!
//! **Promise.** What follows from the entries of a payment is the same in whatever order they are given: sums, the outcome of a dispute, the lines that money went back from. What pages do
//! not say (who gives, what is held, who asked for a refund) stays as it is kept. What is kept and cannot be the beginning of what the pages say is a [`Contradiction`], and nothing is made of it.
//!
//! **Refunds.** The pages say of which line money went back, and not who asked. A refund that was agreed to is done when its sum has gone back, from the lines that it names; if it went back from others,
//! it had been given up before. One that was only asked for is done by [`REBUILT`] when what it asks for has gone back since, so that nobody agrees to it a second time. What is left is kept as
//! [`Back::traced`](super::Back::traced).
//!
//! **Orphans whose donation was found** have two first entries: one that put them aside, and one that settles the donation, whichever was booked first. The fee of both is the donation's,
//! but for what was taken back because it was booked twice. What people took of one out of suspense, and brought back, is said by the movements that name its payment ([`Later::of_movement`]). Of a payment that settled two gifts, because somebody changed its metadata, each has what names it.

use super::back::{Back, Dispute, Outcome, Part, Refund, RefundStage, allocate};
use super::refund::standing;
use super::{Charge, ChargeKind, Donation, Giver, Line, Place, SettledBy, State};
use crate::correction::out_of_suspense;
use crate::id::DonationId;
use crate::journal::{Account, Entry, EntryKind, Movement, Transfer};
use crate::moment::Moment;
use crate::money::Money;
use crate::notice::Telling;
use crate::purpose::Language;

/// Who stands as having agreed to a refund whose agreement was lost with the table.
pub const REBUILT: &str = "rebuild";

/// What an entry says that is not the first of its payment: all that follows from it, in little memory.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Later {
    place: Place,
    /// None of what people took out of suspense.
    kind: Option<EntryKind>,
    donation: Option<DonationId>,
    written_at: Moment,
    moved: Money,
    /// In halalas; below nothing where it was booked twice and is taken back.
    fee_minor: i64,
    parts: Box<[Part]>,
    into_suspense: Money,
    out_of_suspense: Money,
    /// By people, in halalas; below nothing where they brought it back.
    taken_out: i64,
}

impl Later {
    /// Of an entry at this place, on a page that was written then.
    pub fn of(entry: &Entry, place: Place, written_at: Moment) -> Later {
        let moved = u64::try_from(entry.moved_minor()).ok().and_then(Money::from_halalas).unwrap_or(Money::ZERO);
        let of_line = |transfer: &Transfer| match transfer.debit() {
            Account::Opportunity(..) => transfer.line().map(|line| Part { line, amount_minor: transfer.amount() }),
            _ => None,
        };
        let sum = |into: bool| {
            let side = |transfer: &&Transfer| {
                *(if into { transfer.debit() } else { transfer.credit() }) == Account::RefundsSuspense
            };
            Money::sum(entry.transfers.iter().filter(side).map(Transfer::amount)).unwrap_or(Money::ZERO)
        };
        Later {
            place,
            kind: Some(entry.kind),
            donation: entry.donation,
            written_at,
            moved,
            fee_minor: fee(entry),
            parts: entry.transfers.iter().filter_map(of_line).collect(),
            into_suspense: sum(true),
            out_of_suspense: sum(false),
            taken_out: 0,
        }
    }

    /// Of a movement by which people took its payment out of suspense, or brought it back; none of any other.
    pub fn of_movement(movement: &Movement, place: Place, written_at: Moment) -> Option<Later> {
        movement.payment.as_ref()?;
        let taken_out = out_of_suspense(&movement.transfers);
        let (moved, into_suspense, out_of_suspense, parts) = (Money::ZERO, Money::ZERO, Money::ZERO, Box::default());
        let (kind, donation, fee_minor) = (None, None, 0);
        Some(Later { place, kind, donation, written_at, moved, fee_minor, parts, into_suspense, out_of_suspense, taken_out })
    }

    /// Where it stands.
    pub const fn place(&self) -> Place {
        self.place
    }

    fn is_assignment(&self) -> bool {
        self.kind == Some(EntryKind::Assigned)
    }

    /// Pages of two chains are told apart by the clock.
    const fn order(&self) -> (Moment, u8, u64, u16) {
        (self.written_at, self.place.chain, self.place.seq, self.place.index)
    }
}

/// Why what is kept cannot be brought to what the pages say.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Contradiction {
    /// Another payment settled it, or the same at another place.
    #[error("it says that it was settled elsewhere")]
    Elsewhere,
    /// It says more than the pages.
    #[error("it says more than the pages")]
    Ahead,
    /// The first entry moved other amounts to other opportunities than its lines say.
    #[error("its lines are not what was booked")]
    Lines,
    /// It does not explain from which lines money went back, and cannot be made to.
    #[error("money went back from other lines than it says")]
    Parts,
    /// The entry is not the first of a payment of this kind.
    #[error("the entry is not the first of its payment")]
    NotFirst,
}

/// What the pages say of one payment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct History {
    first: Entry,
    place: Place,
    later: Vec<Later>,
    /// What the provider kept of it while it was an orphan, and still does.
    fee_before_minor: i64,
}

impl History {
    /// Of a first entry of a payment, where that stands, and all that its payment has besides: what are no first entries, and the one by which it came in as an orphan.
    pub fn of(first: Entry, place: Place, all: &[Later]) -> History {
        let is_its = |one: &&Later| match first.kind {
            EntryKind::Settled => one.donation == first.donation && is_gifts(one, all),
            EntryKind::Orphan => !one.kind.is_some_and(is_first) && !is_gifts(one, all),
            EntryKind::SecondCharge | EntryKind::LateCharge => {
                let is_told_of = matches!(one.kind, Some(EntryKind::ChargeReturned | EntryKind::FeeCharged));
                is_told_of && one.donation == first.donation
            }
            EntryKind::Refunded
            | EntryKind::ChargeReturned
            | EntryKind::Disputed
            | EntryKind::DisputeWon
            | EntryKind::DisputeLost
            | EntryKind::FeeCharged
            | EntryKind::Assigned => false,
        };
        let mut later: Vec<Later> = all.iter().filter(is_its).cloned().collect();
        later.sort_by_key(Later::order);
        let is_found = all.iter().any(|one| one.is_assignment() && one.donation == first.donation);
        let was_orphans = all.iter().filter(|one| first.kind == EntryKind::Settled && is_found && !is_gifts(one, all));
        History { fee_before_minor: was_orphans.map(|one| one.fee_minor).sum(), first, place, later }
    }

    /// The first entry.
    pub const fn first(&self) -> &Entry {
        &self.first
    }

    /// Where the first entry stands.
    pub const fn place(&self) -> Place {
        self.place
    }

    /// The donation that is kept so, with all that the pages say of it; the same if nothing is missing.
    ///
    /// # Errors
    /// When what is kept is not the beginning of what the pages say.
    pub fn donation(&self, kept: &Donation) -> Result<Donation, Contradiction> {
        let is_elsewhere = |by: &SettledBy| by.payment != self.first.payment || kept.place != Some(self.place);
        if self.first.kind != EntryKind::Settled {
            return Err(Contradiction::NotFirst);
        }
        if kept.state.settled_by().is_some_and(is_elsewhere) || kept.place.is_some_and(|place| place != self.place) {
            return Err(Contradiction::Elsewhere);
        }
        let fee_minor = self.fee();
        let refunded = self.sum(EntryKind::Refunded);
        let is_ahead = kept.back.booked.iter().any(|place| !self.later.iter().any(|one| one.place == *place));
        let more = kept.refunded() > refunded || kept.state.settled_by().is_some_and(|by| by.fee_minor > fee_minor);
        if is_ahead || more {
            return Err(Contradiction::Ahead);
        }
        if kept.lines.len() != self.lines().len() || !kept.lines.iter().zip(self.lines()).all(|(a, b)| is_same(a, &b)) {
            return Err(Contradiction::Lines);
        }
        let mut back = Back { dispute: self.dispute(kept.back.dispute), ..kept.back.clone() };
        let missing = self.later.iter().map(|one| one.place).filter(|place| !kept.back.booked.contains(place));
        back.booked.extend(missing);
        let back = self.refunds(kept, back, refunded)?;
        let payment = self.first.payment.clone();
        let settled_by = SettledBy { payment, method: self.first.method, captured_at: self.first.happened_at, fee_minor };
        let state = standing(kept, &settled_by, refunded, &back);
        let dropped = kept.dropped && kept.state.settled_by().is_some();
        let rebuilt = Donation { state, back, place: Some(self.place), dropped, ..kept.clone() };
        let came_from = allocate(&rebuilt.lines, &rebuilt.back, rebuilt.gone());
        let is_so = came_from.lines == self.taken(&rebuilt.lines) && Some(came_from.suspended) == self.suspended();
        if is_so { Ok(rebuilt) } else { Err(Contradiction::Parts) }
    }

    /// The donation from the pages alone, when none is kept: its money is right, and whoever gave it is not known any more. None when the first entry settles no donation.
    pub fn donation_anew(&self) -> Option<Result<Donation, Contradiction>> {
        let id = self.first.donation.filter(|_| self.first.kind == EntryKind::Settled)?;
        Some(self.donation(&nobodys(id, self.lines(), self.first.happened_at)))
    }

    /// The charge with all that the pages say of it, whether one is kept or not; the same if nothing is missing.
    ///
    /// # Errors
    /// When what is kept is not the beginning of what the pages say.
    pub fn charge(&self, kept: Option<&Charge>) -> Result<Charge, Contradiction> {
        let kind = match self.first.kind {
            EntryKind::SecondCharge => ChargeKind::Second,
            EntryKind::LateCharge => ChargeKind::Late,
            EntryKind::Orphan => ChargeKind::Orphan,
            EntryKind::Settled
            | EntryKind::Refunded
            | EntryKind::ChargeReturned
            | EntryKind::Disputed
            | EntryKind::DisputeWon
            | EntryKind::DisputeLost
            | EntryKind::FeeCharged
            | EntryKind::Assigned => return Err(Contradiction::NotFirst),
        };
        let found = self.all(EntryKind::Assigned).next();
        let kind = found.map_or(kind, |_| ChargeKind::Assigned);
        let donation = found.map_or(self.first.donation, |found| found.donation);
        let captured_minor = self.first.principal().map(Transfer::amount);
        let rebuilt = Charge {
            payment: self.first.payment.clone(),
            kind,
            donation,
            captured_minor: Money::sum(captured_minor).unwrap_or(Money::ZERO),
            refunded_minor: self.sum(EntryKind::ChargeReturned),
            taken_out_minor: by_hand(&self.later, 1),
            brought_back_minor: by_hand(&self.later, -1),
            fee_minor: self.fee(),
            method: self.first.method,
            version: 0,
        };
        let Some(kept) = kept else { return Ok(rebuilt) };
        let of_first = |charge: &Charge| (charge.captured_minor, charge.method);
        // It may have been an orphan yet, when the backup was made.
        let is_behind = found.is_some() && (kept.kind, kept.donation) == (ChargeKind::Orphan, self.first.donation);
        let is_its = is_behind || (kept.kind, kept.donation) == (kind, donation);
        if !is_its || of_first(kept) != of_first(&rebuilt) {
            return Err(Contradiction::Elsewhere);
        }
        // What was taken back of the fee was kept until then.
        let taken_back = self.later.iter().map(|one| one.fee_minor.min(0)).filter(|_| is_behind).sum::<i64>();
        let fee_until_then = rebuilt.fee_minor.signed_halalas() - taken_back;
        let is_more = kept.refunded_minor > rebuilt.refunded_minor || kept.taken_out_minor > rebuilt.taken_out_minor;
        let is_more = is_more || kept.brought_back_minor > rebuilt.brought_back_minor;
        if is_more || kept.fee_minor.signed_halalas() > fee_until_then {
            return Err(Contradiction::Ahead);
        }
        let rebuilt = Charge { version: kept.version, ..rebuilt };
        let version = kept.version + u32::from(rebuilt != *kept);
        Ok(Charge { version, ..rebuilt })
    }

    fn all(&self, kind: EntryKind) -> impl Iterator<Item = &Later> {
        self.later.iter().filter(move |one| one.kind == Some(kind))
    }

    fn sum(&self, kind: EntryKind) -> Money {
        Money::sum(self.all(kind).map(|one| one.moved)).unwrap_or(Money::ZERO)
    }

    fn fee(&self) -> Money {
        let later = self.later.iter().map(|one| one.fee_minor).sum::<i64>();
        let all = self.fee_before_minor + fee(&self.first) + later;
        u64::try_from(all).ok().and_then(Money::from_halalas).unwrap_or(Money::ZERO)
    }

    /// The lines that the first entry settled; what of them only the donation says is not in them.
    fn lines(&self) -> Vec<Line> {
        let line = |transfer: &Transfer| match (transfer.credit(), transfer.purpose()) {
            (Account::Opportunity(fund, opportunity), Some(purpose)) => {
                let (opportunity, amount_minor) = (opportunity.clone(), transfer.amount());
                Some(Line { opportunity, fund: *fund, purpose: purpose.clone(), amount_minor, sacrifice: None })
            }
            _ => None,
        };
        self.first.transfers.iter().filter_map(line).collect()
    }

    /// How the dispute stands. What was won before its opening was told stands on no page.
    fn dispute(&self, kept: Option<Dispute>) -> Option<Dispute> {
        let outcomes = [
            (EntryKind::DisputeLost, Outcome::Lost),
            (EntryKind::DisputeWon, Outcome::Won),
            (EntryKind::Disputed, Outcome::Open),
        ];
        let told = outcomes
            .into_iter()
            .find_map(|(kind, outcome)| self.all(kind).next().map(|one| Dispute { disputed_minor: one.moved, outcome }));
        told.or(kept.filter(|kept| kept.outcome == Outcome::Won))
    }

    /// What went back of each line.
    fn taken(&self, lines: &[Line]) -> Vec<Money> {
        let parts = || self.later.iter().flat_map(|one| &one.parts);
        let of = |line: usize| parts().filter(move |part| usize::from(part.line) == line).map(|part| part.amount_minor);
        (0..lines.len()).map(|line| Money::sum(of(line)).unwrap_or(Money::ZERO)).collect()
    }

    /// What went back of no line that is known.
    fn suspended(&self) -> Option<Money> {
        let sum = |of: fn(&Later) -> Money| Money::sum(self.later.iter().map(of));
        sum(|one| one.into_suspense)?.minus(sum(|one| one.out_of_suspense)?)
    }

    /// The refunds that are asked for, as far as the pages say that they were given back; see the [module](self).
    fn refunds(&self, kept: &Donation, mut back: Back, refunded: Money) -> Result<Back, Contradiction> {
        let fresh = refunded.minus(kept.refunded()).unwrap_or(Money::ZERO);
        let Some(last) = self.all(EntryKind::Refunded).last().filter(|_| !fresh.is_zero()) else { return Ok(back) };
        // From the only line, or from every line once all has gone back, whatever refunds say.
        let gone = refunded.plus(back.lost()).unwrap_or(Money::ZERO);
        let is_plain = kept.lines.len() == 1 || gone >= kept.total();
        let (taken, wished) = (self.taken(&kept.lines), back.wished(&kept.lines));
        let rest = taken.iter().zip(&wished).map(|(taken, wished)| taken.minus(*wished));
        let mut rest: Vec<Money> = if is_plain {
            rest.map(|rest| rest.unwrap_or(Money::ZERO)).collect()
        } else {
            rest.collect::<Option<_>>().ok_or(Contradiction::Parts)?
        };
        for refund in &mut back.refunds {
            refund.stage = match refund.stage.clone() {
                RefundStage::Approved { by, at, target_minor } if target_minor <= refunded => {
                    if take(&mut rest, refund) || is_plain {
                        RefundStage::Done { by, at }
                    } else {
                        RefundStage::Refused { by, at: last.written_at }
                    }
                }
                RefundStage::Asked if refund.amount() <= fresh && take(&mut rest, refund) => {
                    RefundStage::Done { by: REBUILT.to_owned(), at: last.written_at }
                }
                stage => stage,
            };
        }
        if !is_plain {
            let left = (0..).zip(rest).filter(|(_, left)| !left.is_zero());
            back.traced.extend(left.map(|(line, amount_minor)| Part { line, amount_minor }));
        }
        Ok(back)
    }
}

/// Whether it is the first entry of its payment, or of what its payment was found to be.
pub const fn is_first(kind: EntryKind) -> bool {
    match kind {
        EntryKind::Settled | EntryKind::SecondCharge | EntryKind::LateCharge | EntryKind::Orphan => true,
        EntryKind::Refunded
        | EntryKind::ChargeReturned
        | EntryKind::Disputed
        | EntryKind::DisputeWon
        | EntryKind::DisputeLost
        | EntryKind::FeeCharged
        | EntryKind::Assigned => false,
    }
}

/// Whether, of all that a payment has besides its first entries, what came in as an orphan is out of suspense: its donation was found, or it went back and nothing was kept of it. What
/// people took out did not go to where it had come from.
pub fn has_left_suspense(all: &[Later]) -> bool {
    let sum = |kind: EntryKind| Money::sum(all.iter().filter(|one| one.kind == Some(kind)).map(|one| one.moved));
    let fee_minor: i64 = all.iter().filter(|one| !is_gifts(one, all)).map(|one| one.fee_minor).sum();
    let was_orphan = all.iter().any(|one| one.kind == Some(EntryKind::Orphan));
    let is_gone = sum(EntryKind::Orphan) == sum(EntryKind::ChargeReturned) && fee_minor == 0;
    let is_out = by_hand(all, 1) != by_hand(all, -1);
    was_orphan && !is_out && (is_gone || all.iter().any(Later::is_assignment))
}

/// Whether, of all that is told of a payment that was an orphan and maybe a gift, this is told of the gift. A fee may be told of either: an orphan's names what that names, and comes before its donation is found.
fn is_gifts(one: &Later, all: &[Later]) -> bool {
    let Some(kind) = one.kind else { return false };
    match kind {
        EntryKind::Refunded | EntryKind::Disputed | EntryKind::DisputeWon | EntryKind::DisputeLost => true,
        EntryKind::FeeCharged => {
            let of = |kind: EntryKind| all.iter().find(|other| other.kind == Some(kind));
            let is_orphans = |orphan: &Later| orphan.donation == one.donation && orphan.order() < one.order();
            let is_before = of(EntryKind::Assigned).is_none_or(|found| one.order() < found.order());
            one.donation.is_some() && !(is_before && of(EntryKind::Orphan).is_some_and(is_orphans))
        }
        EntryKind::Settled
        | EntryKind::SecondCharge
        | EntryKind::LateCharge
        | EntryKind::Orphan
        | EntryKind::ChargeReturned
        | EntryKind::Assigned => false,
    }
}

/// What people took out of suspense in all, or, of the sign below nothing, brought back.
fn by_hand(all: &[Later], sign: i64) -> Money {
    let sum: i64 = all.iter().map(|one| (one.taken_out * sign).max(0)).sum();
    u64::try_from(sum).ok().and_then(Money::from_halalas).unwrap_or(Money::ZERO)
}

/// What the provider keeps by an entry, in halalas.
fn fee(entry: &Entry) -> i64 {
    entry.transfers.iter().map(Transfer::fee_minor).sum()
}

/// Takes a refund's parts from what went back and nobody has explained yet, if all of them are in it.
fn take(rest: &mut Vec<Money>, refund: &Refund) -> bool {
    let mut left = rest.clone();
    for part in &refund.parts {
        let Some(line) = left.get_mut(usize::from(part.line)) else { return false };
        let Some(less) = line.minus(part.amount_minor) else { return false };
        *line = less;
    }
    *rest = left;
    true
}

fn is_same(kept: &Line, booked: &Line) -> bool {
    let money = |line: &Line| (line.fund, line.amount_minor);
    (money(kept), &kept.opportunity, &kept.purpose) == (money(booked), &booked.opportunity, &booked.purpose)
}

/// A donation of which only the lines are known, before it was paid. No donor is known of it and nobody is told of it. It reads as forgotten: whoever finds that a salt is kept of it says otherwise.
fn nobodys(id: DonationId, lines: Vec<Line>, at: Moment) -> Donation {
    Donation {
        id,
        version: 0,
        state: State::Awaiting,
        giver: Giver::Guest,
        anonymous: true,
        language: Language::Arabic,
        lines,
        attempts: Vec::new(),
        hold: Vec::new(),
        reservation: None,
        dropped: false,
        sought: false,
        command: String::new(),
        return_url: String::new(),
        made_at: at,
        expires_at: at,
        forgotten: true,
        leaf_key: None,
        personal: None,
        telling: Telling::default(),
        place: None,
        back: Back::default(),
    }
}
