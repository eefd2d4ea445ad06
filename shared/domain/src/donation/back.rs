//! What goes back of a gift, or may: refunds that operators ask for, and disputes that donors open at their bank.
//!
//! A refund needs two people. One asks, for parts of lines that still stand; another agrees, and from then on it has a **target**: the sum that all refunds of
//! the payment are to come to. It is done when the provider reports that sum, or more. One at a time is open, and what is refunded, disputed and asked for
//! together is never more than the gift.
//!
//! ```text
//! asked ──▶ approved ──▶ done
//!   │           └──────▶ refused by the provider
//!   └──▶ declined
//! ```
//!
//! What is refunded on the provider's dashboard between the agreement and the refund counts towards the target, because a provider tells sums and not refunds: the donor
//! then has back what was agreed to, though not twice.
//!
//! Where the money that went back came from follows from [`allocate`] alone: the same at the end, in whatever order refunds and disputes are told.

use serde::{Deserialize, Serialize};

use super::{Donation, HoldPart, Line, Place, State};
use crate::id::RefundId;
use crate::moment::Moment;
use crate::money::{Money, halalas};
use crate::purpose::codes;

/// Refunds that one donation keeps at most, with those that were declined: more is not a matter of refunds any more.
pub const MOST_REFUNDS: usize = 20;

codes!(
    /// Why an operator asks for a refund. A list, not a text: a text would hold what donors tell of themselves.
    RefundReason, "refund reason" {
        /// The donor wants it back.
        DonorAsked = 0 "donor_asked",
        /// The gift was a mistake: an amount, a project, a double gift.
        Mistake = 1 "mistake",
        /// What it was given to will not be carried out.
        ProjectEnded = 2 "project_ended",
        /// The payment was not its holder's.
        Fraud = 3 "fraud",
        /// What a court or the regulator orders.
        Ordered = 4 "ordered",
    }
);

/// So much of a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Part {
    /// The line's number, from zero.
    pub line: u8,
    /// How much of it.
    #[serde(with = "halalas")]
    pub amount_minor: Money,
}

/// How far a refund has come.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "stage", rename_all = "snake_case")]
pub enum RefundStage {
    /// It waits for another person.
    Asked,
    /// It is being given back at the provider.
    Approved {
        /// By whom: the subject of the token.
        by: String,
        /// When.
        at: Moment,
        /// The sum that all refunds of the payment are to come to.
        #[serde(with = "halalas")]
        target_minor: Money,
    },
    /// It was given back.
    Done {
        /// Who had agreed.
        by: String,
        /// When that was.
        at: Moment,
    },
    /// Somebody did not agree, or took it back before anybody had.
    Declined {
        /// Who.
        by: String,
        /// When.
        at: Moment,
    },
    /// The provider does not give it back; a case says why.
    Refused {
        /// Who had agreed.
        by: String,
        /// When the provider was given up.
        at: Moment,
    },
}

impl RefundStage {
    /// The stable code.
    pub const fn code(&self) -> &'static str {
        match self {
            RefundStage::Asked => "asked",
            RefundStage::Approved { .. } => "approved",
            RefundStage::Done { .. } => "done",
            RefundStage::Declined { .. } => "declined",
            RefundStage::Refused { .. } => "refused",
        }
    }
}

/// A refund that an operator asked for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Refund {
    /// Its id, derived from the operator's key.
    pub id: RefundId,
    /// What of which lines.
    pub parts: Vec<Part>,
    /// Whether everything that stood was asked for, without naming lines.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub everything: bool,
    /// Why.
    pub reason: RefundReason,
    /// Who asked: the subject of the token.
    pub asked_by: String,
    /// When.
    pub asked_at: Moment,
    /// How far it has come.
    #[serde(flatten)]
    pub stage: RefundStage,
}

impl Refund {
    /// The sum of its parts.
    pub fn amount(&self) -> Money {
        // Checked when it is asked for: no more than the donation.
        Money::sum(self.parts.iter().map(|part| part.amount_minor)).unwrap_or(Money::ZERO)
    }

    /// Whether it may still be given back.
    pub const fn is_open(&self) -> bool {
        match self.stage {
            RefundStage::Asked | RefundStage::Approved { .. } => true,
            RefundStage::Done { .. } | RefundStage::Declined { .. } | RefundStage::Refused { .. } => false,
        }
    }

    const fn is_done(&self) -> bool {
        matches!(self.stage, RefundStage::Done { .. })
    }
}

/// How a dispute stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// The provider has taken the money back until it is decided.
    Open,
    /// The money is ours again.
    Won,
    /// The money is the donor's again.
    Lost,
}

/// A dispute about a gift's payment: a donor asked their bank for the money. One payment has one at most.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Dispute {
    /// How much of the payment it is about.
    #[serde(with = "halalas")]
    pub disputed_minor: Money,
    /// How it stands.
    pub outcome: Outcome,
}

/// What goes back of a gift, or may.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Back {
    /// What operators asked for, the earliest first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub refunds: Vec<Refund>,
    /// The dispute, if there was one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dispute: Option<Dispute>,
    /// Where in the books it stands, the earliest first: each refund and what became of a dispute, as far as money moved. Written with the page, not decided before.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub booked: Vec<Place>,
    /// What of each line has gone back and can be given by others again: the room in a capped opportunity that the gift no longer takes. Nothing of lines that took none.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub freed: Vec<Part>,
    /// What of which lines went back by refunds whose asking was lost with the table, as the books say it: written by `rebuild` after a restore, and by nobody else.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub traced: Vec<Part>,
}

/// Room that a gift no longer takes in capped opportunities.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Freeing {
    /// On which shards it is to be free, and how much.
    pub parts: Vec<HoldPart>,
    /// What of each line is free again, once it is.
    pub freed: Vec<Part>,
}

/// Why a refund cannot be asked for, agreed to, or declined.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RefundFault {
    /// There is no money in the donation.
    #[error("the donation is not paid")]
    NotPaid,
    /// Another refund is open.
    #[error("another refund of the donation is open")]
    AnotherOpen,
    /// There were [`MOST_REFUNDS`].
    #[error("the donation has {MOST_REFUNDS} refunds already")]
    TooMany,
    /// Nothing is to be given back.
    #[error("nothing is to be given back")]
    Nothing,
    /// There is no such line, or it is named twice.
    #[error("there is no line {0}, or it is named twice")]
    NoSuchLine(u8),
    /// Less stands of the line.
    #[error("of line {line} only {stands} stands")]
    LineExceeded {
        /// The line.
        line: u8,
        /// What stands of it.
        stands: Money,
    },
    /// Less stands of the donation, by what was refunded without it being known for which line, and what is disputed.
    #[error("of the donation only {stands} stands")]
    DonationExceeded {
        /// What stands of it.
        stands: Money,
    },
    /// No such refund was asked for.
    #[error("no such refund was asked for")]
    NoSuchRefund,
    /// Whoever asked cannot agree.
    #[error("whoever asked cannot agree")]
    SamePerson,
    /// It has come too far, or was declined.
    #[error("the refund is {0}")]
    Over(&'static str),
}

/// What is asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Asked {
    /// The refund's id.
    pub id: RefundId,
    /// What of which lines; without any, everything that stands.
    pub parts: Vec<Part>,
    /// Why.
    pub reason: RefundReason,
    /// Who asks.
    pub by: String,
    /// When.
    pub at: Moment,
}

impl Back {
    /// What was lost in a dispute.
    pub fn lost(&self) -> Money {
        self.dispute.filter(|dispute| dispute.outcome == Outcome::Lost).map_or(Money::ZERO, |dispute| dispute.disputed_minor)
    }

    /// What a dispute is about that is not decided.
    pub fn disputed(&self) -> Money {
        self.dispute.filter(|dispute| dispute.outcome == Outcome::Open).map_or(Money::ZERO, |dispute| dispute.disputed_minor)
    }

    /// The refund of this id.
    pub fn refund(&self, id: &RefundId) -> Option<&Refund> {
        self.refunds.iter().find(|refund| refund.id == *id)
    }

    /// The refund that is being given back.
    pub fn approved(&self) -> Option<(&Refund, Money)> {
        self.refunds.iter().find_map(|refund| match refund.stage {
            RefundStage::Approved { target_minor, .. } => Some((refund, target_minor)),
            RefundStage::Asked | RefundStage::Done { .. } | RefundStage::Declined { .. } | RefundStage::Refused { .. } => {
                None
            }
        })
    }

    /// The same after the provider has reported so much in refunds.
    pub(super) fn reported(&self, refunded: Money) -> Back {
        let mut back = self.clone();
        for refund in &mut back.refunds {
            if let RefundStage::Approved { by, at, target_minor } = &refund.stage
                && *target_minor <= refunded
            {
                refund.stage = RefundStage::Done { by: by.clone(), at: *at };
            }
        }
        back
    }

    fn with(&self, id: &RefundId, stage: RefundStage) -> Back {
        let mut back = self.clone();
        back.refunds.iter_mut().filter(|refund| refund.id == *id).for_each(|refund| refund.stage = stage.clone());
        back
    }

    /// What refunds that are done took of each line, and those of which only the books know.
    pub(super) fn wished(&self, lines: &[Line]) -> Vec<Money> {
        let done = || self.refunds.iter().filter(|refund| refund.is_done()).flat_map(|refund| &refund.parts);
        let parts = || done().chain(&self.traced);
        let of = |line: usize| parts().filter(move |part| usize::from(part.line) == line).map(|part| part.amount_minor);
        (0..lines.len()).map(|line| Money::sum(of(line)).unwrap_or(Money::ZERO)).collect()
    }
}

/// Where the money came from that went back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Allocation {
    /// From each line.
    pub(super) lines: Vec<Money>,
    /// From none that is known.
    pub(super) suspended: Money,
}

/// Where `gone` of a gift of these lines came from: from the lines that done refunds name; the rest from the only line there is, or from every line once the
/// whole gift is gone. Of what remains nobody told from which line it came, or it is more than was given.
pub(super) fn allocate(lines: &[Line], back: &Back, gone: Money) -> Allocation {
    let total = Money::sum(lines.iter().map(|line| line.amount_minor)).unwrap_or(Money::ZERO);
    let mut taken = back.wished(lines);
    if gone >= total {
        taken = lines.iter().map(|line| line.amount_minor).collect();
    } else if let [only] = taken.as_mut_slice() {
        *only = gone;
    }
    let known = Money::sum(taken.iter().copied()).unwrap_or(Money::ZERO);
    Allocation { lines: taken, suspended: gone.minus(known).unwrap_or(Money::ZERO) }
}

impl Donation {
    /// What went back in all: by refunds, and by a dispute that was lost.
    pub fn gone(&self) -> Money {
        self.refunded().plus(self.back.lost()).unwrap_or(Money::ZERO)
    }

    /// What stands of the gift: neither gone nor disputed.
    pub fn stands(&self) -> Money {
        let left = self.total().minus(self.gone()).unwrap_or(Money::ZERO);
        left.minus(self.back.disputed()).unwrap_or(Money::ZERO)
    }

    /// What stands of each line, as far as it is known from which line money went back.
    pub fn lines_standing(&self) -> Vec<Money> {
        let taken = allocate(&self.lines, &self.back, self.gone()).lines;
        self.lines.iter().zip(taken).map(|(line, taken)| line.amount_minor.minus(taken).unwrap_or(Money::ZERO)).collect()
    }

    /// The room in capped opportunities that it took, and has not given up yet though the money has gone back: from the lines that it is known to come from. Each line's on the first shard on which the gift held
    /// some of its opportunity; a line that held nothing took no room.
    pub fn freeing(&self) -> Option<Freeing> {
        let mut parts: Vec<HoldPart> = Vec::new();
        let mut freed = self.back.freed.clone();
        let taken = allocate(&self.lines, &self.back, self.gone()).lines;
        for ((number, line), gone) in (0..).zip(&self.lines).zip(taken) {
            let Some(held) = self.hold.iter().find(|part| part.opportunity == line.opportunity) else { continue };
            let known = freed.iter().position(|part| part.line == number);
            let before = known.map_or(Money::ZERO, |place| freed[place].amount_minor);
            let Some(more) = gone.minus(before).filter(|more| !more.is_zero()) else { continue };
            match parts.iter_mut().find(|part| part.opportunity == held.opportunity) {
                Some(part) => part.amount_minor = part.amount_minor.plus(more)?,
                None => parts.push(HoldPart { amount_minor: more, ..held.clone() }),
            }
            match known {
                Some(place) => freed[place].amount_minor = gone,
                None => freed.push(Part { line: number, amount_minor: gone }),
            }
        }
        (!parts.is_empty()).then_some(Freeing { parts, freed })
    }

    /// Asks for a refund. The same id again is the same refund: whoever compares the two finds out whether the same was asked for.
    ///
    /// # Errors
    /// Why not.
    pub fn ask_refund(&self, asked: Asked) -> Result<Back, RefundFault> {
        match &self.state {
            State::Settled { .. } | State::PartlyRefunded { .. } | State::Disputed { .. } => {}
            State::Refunded { .. } => return Err(RefundFault::DonationExceeded { stands: Money::ZERO }),
            State::Awaiting | State::Failed { .. } | State::Cancelled | State::Expired => return Err(RefundFault::NotPaid),
        }
        if self.back.refunds.iter().any(Refund::is_open) {
            return Err(RefundFault::AnotherOpen);
        }
        if self.back.refunds.len() >= MOST_REFUNDS {
            return Err(RefundFault::TooMany);
        }
        let Asked { id, parts, reason, by, at } = asked;
        let everything = parts.is_empty();
        let parts = self.parts(parts)?;
        let mut back = self.back.clone();
        let stage = RefundStage::Asked;
        back.refunds.push(Refund { id, parts, everything, reason, asked_by: by, asked_at: at, stage });
        Ok(back)
    }

    fn parts(&self, asked: Vec<Part>) -> Result<Vec<Part>, RefundFault> {
        let mut standing = self.lines_standing();
        if let [only] = standing.as_mut_slice() {
            // What is disputed of it does not stand either.
            *only = self.stands();
        }
        let all = || {
            let parts = (0..).zip(&standing).map(|(line, stands)| Part { line, amount_minor: *stands });
            parts.filter(|part| !part.amount_minor.is_zero()).collect()
        };
        let parts: Vec<Part> = if asked.is_empty() { all() } else { asked };
        for (number, part) in parts.iter().enumerate() {
            let is_twice = parts[..number].iter().any(|other| other.line == part.line);
            let stands = standing.get(usize::from(part.line)).copied().filter(|_| !is_twice);
            let stands = stands.ok_or(RefundFault::NoSuchLine(part.line))?;
            if part.amount_minor > stands {
                return Err(RefundFault::LineExceeded { line: part.line, stands });
            }
            if part.amount_minor.is_zero() {
                return Err(RefundFault::Nothing);
            }
        }
        let stands = self.stands();
        match Money::sum(parts.iter().map(|part| part.amount_minor)) {
            Some(sum) if sum.is_zero() => Err(RefundFault::Nothing),
            Some(sum) if sum <= stands => Ok(parts),
            Some(_) | None => Err(RefundFault::DonationExceeded { stands }),
        }
    }

    /// Another person agrees to a refund. Looked at again: what stands may have become less since it was asked for.
    ///
    /// # Errors
    /// Why not.
    pub fn approve_refund(&self, id: &RefundId, by: &str, at: Moment) -> Result<Back, RefundFault> {
        let refund = self.asked(id)?;
        if refund.asked_by == by {
            return Err(RefundFault::SamePerson);
        }
        self.parts(refund.parts.clone())?;
        let target_minor = self.refunded().plus(refund.amount());
        let target_minor = target_minor.ok_or(RefundFault::DonationExceeded { stands: self.stands() })?;
        Ok(self.back.with(id, RefundStage::Approved { by: by.to_owned(), at, target_minor }))
    }

    /// Somebody does not agree to a refund, or takes back what they asked for.
    ///
    /// # Errors
    /// When it has come too far, or there is none such.
    pub fn decline_refund(&self, id: &RefundId, by: &str, at: Moment) -> Result<Back, RefundFault> {
        self.asked(id)?;
        Ok(self.back.with(id, RefundStage::Declined { by: by.to_owned(), at }))
    }

    fn asked(&self, id: &RefundId) -> Result<&Refund, RefundFault> {
        let refund = self.back.refund(id).ok_or(RefundFault::NoSuchRefund)?;
        match refund.stage {
            RefundStage::Asked => Ok(refund),
            RefundStage::Approved { .. }
            | RefundStage::Done { .. }
            | RefundStage::Declined { .. }
            | RefundStage::Refused { .. } => Err(RefundFault::Over(refund.stage.code())),
        }
    }

    /// The provider does not give back what was agreed to. None when nothing is being given back.
    pub fn refuse_refund(&self, at: Moment) -> Option<Back> {
        let (refund, _) = self.back.approved()?;
        let RefundStage::Approved { by, .. } = &refund.stage else { return None };
        Some(self.back.with(&refund.id, RefundStage::Refused { by: by.clone(), at }))
    }
}
