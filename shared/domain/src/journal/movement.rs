//! Money that moves without a donor: at the bank, and to charities and back.

use super::{Transfer, rules};
use crate::hash::Hash;
use crate::moment::Moment;
use crate::payment::PaymentRef;

/// What kind of thing a movement records.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, minicbor::Encode, minicbor::Decode)]
#[cbor(index_only)]
pub enum MovementKind {
    /// A provider has paid to the bank what it had collected.
    #[n(0)]
    PaidOut,
    /// The bank's statement shows money that nobody has explained.
    #[n(1)]
    Unexplained,
    /// Money was granted to a charity for an opportunity.
    #[n(2)]
    Granted,
    /// A charity was paid what it had been granted.
    #[n(3)]
    Paid,
    /// More went back to donors than was left of an opportunity: the charity that was paid owes it.
    #[n(4)]
    Recalled,
    /// A charity has paid back what it owed.
    #[n(5)]
    Repaid,
    /// A mistake is made good, by two people. The mistake itself stays on its page.
    #[n(6)]
    Corrected,
    /// The platform has given what was missing of an animal, so that it is full.
    #[n(7)]
    Completed,
}

impl MovementKind {
    /// Every kind.
    pub const ALL: &[MovementKind] = &[
        MovementKind::PaidOut,
        MovementKind::Unexplained,
        MovementKind::Granted,
        MovementKind::Paid,
        MovementKind::Recalled,
        MovementKind::Repaid,
        MovementKind::Corrected,
        MovementKind::Completed,
    ];

    /// The stable code.
    pub const fn code(self) -> &'static str {
        match self {
            MovementKind::PaidOut => "paid_out",
            MovementKind::Unexplained => "unexplained",
            MovementKind::Granted => "granted",
            MovementKind::Paid => "paid",
            MovementKind::Recalled => "recalled",
            MovementKind::Repaid => "repaid",
            MovementKind::Corrected => "corrected",
            MovementKind::Completed => "completed",
        }
    }
}

/// One movement: one or more transfers that belong together.
#[derive(Debug, Clone, PartialEq, Eq, minicbor::Encode, minicbor::Decode)]
#[cbor(array)]
pub struct Movement {
    /// What kind of thing it records.
    #[n(0)]
    pub kind: MovementKind,
    /// What it is about, hashed: the same matter has the same reference, and is booked once.
    #[n(1)]
    pub reference: Hash,
    /// When it happened. The day of the books is the page's, not this one's.
    #[n(2)]
    pub happened_at: Moment,
    /// The money that moved.
    #[n(3)]
    pub transfers: Vec<Transfer>,
    /// The payment that it moves out of suspense, or back, if it does: only a correction may.
    #[n(4)]
    pub payment: Option<PaymentRef>,
}

impl Movement {
    /// The reference of a matter of this kind, named by parts that together name nothing else: a statement's and its line's, say.
    pub fn reference(kind: MovementKind, parts: &[&str]) -> Hash {
        let lengths: Vec<[u8; 8]> = parts.iter().map(|part| (part.len() as u64).to_be_bytes()).collect();
        let mut all: Vec<&[u8]> = vec![kind.code().as_bytes()];
        for (length, part) in lengths.iter().zip(parts) {
            all.extend([length.as_slice(), part.as_bytes()]);
        }
        Hash::of(&all)
    }

    /// Whether every transfer is one that its kind may make, and it names a payment just if it moves that out of suspense or back.
    pub(super) fn is_of_its_kind(&self) -> bool {
        self.payment.is_some() == self.transfers.iter().any(Transfer::is_of_suspense)
            && self.transfers.iter().all(|transfer| rules::of_movement(self.kind, transfer.debit(), transfer.credit()))
    }
}
