//! A correction of the books: a mistake made good by new transfers, which one person asks for and another agrees to.
//!
//! The mistake itself stays on its page. A correction is about a case, and moves money between accounts of no fund, or within one fund: [`rules::of_movement`] holds every
//! transfer of it to that, and all of them are of the same fund, so that whoever agrees looks at one matter. It is booked as one movement, whose reference is made of
//! the correction's id.
//!
//! | it is | whoever asked agrees | another agrees | the same who declined, again | anybody declines |
//! |---|---|---|---|---|
//! | asked | refused: the same person | booked and done, in one write | | declined |
//! | done | refused: the same person | as it is | | refused: done |
//! | declined | refused: declined | refused: declined | as it is | refused: declined |
//!
//! What stands in suspense is of payments, each of which knows of itself how much it is: it leaves when its donation is found, or when it goes back at its provider. By hand it leaves only of the payment
//! that the correction's case is about, at most as much as stands there of it, and the payment's charge says so from then on ([`Charge::taken_out`](crate::donation::Charge::taken_out)), in the same write: so that
//! neither leaves twice. What was taken out by mistake comes back in the same way, at most as much as that.
//!
//! There is no state between asked and done: the movement, its page and the new state are written in one transaction, so that no correction is booked and declined, and none
//! waits half done for somebody to finish it.

use serde::{Deserialize, Serialize};

use crate::donation::Place;
use crate::id::CorrectionId;
use crate::journal::{Account, Movement, MovementKind, Transfer, TransferError, rules};
use crate::moment::Moment;
use crate::money::Money;
use crate::payment::PaymentRef;
use crate::purpose::Fund;

/// Transfers of one correction at most: what another person can look through before they agree.
pub const MOST_TRANSFERS: usize = 20;

/// How far a correction has come.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "stage", rename_all = "snake_case")]
pub enum CorrectionStage {
    /// It waits for another person.
    Asked,
    /// Another person agreed, and it is booked.
    Done {
        /// Who agreed: the subject of the token.
        by: String,
        /// When.
        at: Moment,
        /// Where it stands in the books.
        place: Place,
    },
    /// Somebody did not agree, or took it back.
    Declined {
        /// Who.
        by: String,
        /// When.
        at: Moment,
    },
}

impl CorrectionStage {
    /// The stable codes of all stages.
    pub const CODES: [&str; 3] = ["asked", "done", "declined"];

    /// The stable code.
    pub const fn code(&self) -> &'static str {
        match self {
            CorrectionStage::Asked => "asked",
            CorrectionStage::Done { .. } => "done",
            CorrectionStage::Declined { .. } => "declined",
        }
    }
}

/// A correction that was asked for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Correction {
    /// Its id, derived from the operator's key.
    pub id: CorrectionId,
    /// The case it is about.
    pub case: String,
    /// The payment that it moves out of suspense, or back, if it does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub payment: Option<PaymentRef>,
    /// The money that is to move.
    #[serde(with = "written")]
    pub transfers: Vec<Transfer>,
    /// Why, in a person's words; never personal data.
    pub note: String,
    /// Who asked: the subject of the token.
    pub asked_by: String,
    /// When.
    pub asked_at: Moment,
    /// Grows with each change.
    pub version: u64,
    /// How far it has come.
    #[serde(flatten)]
    pub stage: CorrectionStage,
}

/// What a person may do about it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Act {
    /// Agree to it.
    Approve,
    /// Not agree, or take it back.
    Decline,
}

/// What follows from an act.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// It is booked, and done with it.
    Book,
    /// It is declined.
    Decline,
    /// It was done before; nothing changes.
    Repeat,
}

/// Why an act is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum CorrectionFault {
    /// Whoever asked cannot agree.
    #[error("whoever asked cannot agree")]
    SamePerson,
    /// It has come too far, or was declined.
    #[error("the correction is {0}")]
    Over(&'static str),
}

/// Why a transfer is none that a correction may make.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Unfit {
    /// It is no transfer at all.
    #[error("it is no transfer")]
    Transfer(#[from] TransferError),
    /// A fund restricts the one account and not the other: money would leave the fund, or enter it without a gift.
    #[error("the fund {0} is on one side only")]
    OneSided(Fund),
    /// The transfers of one correction are of different funds.
    #[error("it is of another fund than the first transfer")]
    AnotherFund,
}

/// A transfer that a correction may make; `first` is the first transfer of the same correction, if this is another.
///
/// # Errors
/// Why it may not.
pub fn transfer(debit: Account, credit: Account, amount: Money, first: Option<&Transfer>) -> Result<Transfer, Unfit> {
    let transfer = Transfer::new(debit, credit, amount)?;
    let (from, to) = (transfer.debit(), transfer.credit());
    if !rules::of_movement(MovementKind::Corrected, from, to)
        && let Some(fund) = from.fund().or(to.fund())
    {
        return Err(Unfit::OneSided(fund));
    }
    if first.is_some_and(|first| first.debit().fund() != from.fund()) {
        return Err(Unfit::AnotherFund);
    }
    Ok(transfer)
}

/// What the transfers take out of suspense in all, in halalas; below nothing where it comes back.
pub fn out_of_suspense(transfers: &[Transfer]) -> i64 {
    let side = |account: &Account| i64::from(*account == Account::Suspense);
    let net = |transfer: &Transfer| side(transfer.debit()) - side(transfer.credit());
    transfers.iter().map(|transfer| transfer.amount().signed_halalas() * net(transfer)).sum()
}

impl Correction {
    /// What an act of this person's makes of it. Who may decline what others asked for is a matter of roles, and not of the correction.
    ///
    /// # Errors
    /// Why nothing.
    pub fn act(&self, act: Act, person: &str) -> Result<Step, CorrectionFault> {
        let is_asker = self.asked_by == person;
        match (&self.stage, act) {
            (CorrectionStage::Asked | CorrectionStage::Done { .. }, Act::Approve) if is_asker => {
                Err(CorrectionFault::SamePerson)
            }
            (CorrectionStage::Asked, Act::Approve) => Ok(Step::Book),
            (CorrectionStage::Asked, Act::Decline) => Ok(Step::Decline),
            (CorrectionStage::Done { .. }, Act::Approve) => Ok(Step::Repeat),
            (CorrectionStage::Declined { by, .. }, Act::Decline) if by == person => Ok(Step::Repeat),
            (CorrectionStage::Done { .. }, Act::Decline)
            | (CorrectionStage::Declined { .. }, Act::Approve | Act::Decline) => {
                Err(CorrectionFault::Over(self.stage.code()))
            }
        }
    }

    /// The same in another stage.
    pub fn turned(&self, stage: CorrectionStage) -> Correction {
        Correction { stage, version: self.version + 1, ..self.clone() }
    }

    /// What is booked when somebody agrees at this moment. However often, it has one reference.
    pub fn movement(&self, agreed_at: Moment) -> Movement {
        let kind = MovementKind::Corrected;
        let reference = Movement::reference(kind, &[self.id.as_str()]);
        let (transfers, payment) = (self.transfers.clone(), self.payment.clone());
        Movement { kind, reference, happened_at: agreed_at, transfers, payment }
    }

    /// Since when it stands so: listings are in this order.
    pub const fn since(&self) -> Moment {
        match &self.stage {
            CorrectionStage::Asked => self.asked_at,
            CorrectionStage::Done { at, .. } | CorrectionStage::Declined { at, .. } => *at,
        }
    }
}

/// Transfers as they are kept: accounts by their names, amounts in halalas. Read, they are held to the rules again.
mod written {
    use serde::de::Error as _;
    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    use super::transfer;
    use crate::journal::{Account, Transfer};
    use crate::money::{Money, halalas};

    #[derive(Serialize, Deserialize)]
    struct Row {
        debit: Account,
        credit: Account,
        #[serde(with = "halalas")]
        amount_minor: Money,
    }

    pub(super) fn serialize<S: Serializer>(transfers: &[Transfer], to: S) -> Result<S::Ok, S::Error> {
        let row = |transfer: &Transfer| Row {
            debit: transfer.debit().clone(),
            credit: transfer.credit().clone(),
            amount_minor: transfer.amount(),
        };
        to.collect_seq(transfers.iter().map(row))
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Vec<Transfer>, D::Error> {
        let mut transfers: Vec<Transfer> = Vec::new();
        for Row { debit, credit, amount_minor } in Vec::<Row>::deserialize(from)? {
            transfers.push(transfer(debit, credit, amount_minor, transfers.first()).map_err(D::Error::custom)?);
        }
        if transfers.is_empty() { Err(D::Error::custom("a correction moves something")) } else { Ok(transfers) }
    }
}
