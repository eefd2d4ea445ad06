//! What happened to one payment, as it stands in the books.

use super::{Account, Transfer};
use crate::hash::{self, Hash};
use crate::id::DonationId;
use crate::moment::Moment;
use crate::payment::{Method, PaymentRef};

/// What kind of thing an entry records.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, minicbor::Encode, minicbor::Decode)]
#[cbor(index_only)]
pub enum EntryKind {
    /// A donation was paid.
    #[n(0)]
    Settled,
    /// A donation that another payment had settled was paid again; the money is owed back.
    #[n(1)]
    SecondCharge,
    /// A donation was paid after what it held had been given up; the money is owed back.
    #[n(2)]
    LateCharge,
    /// Money came in whose donation is not known.
    #[n(3)]
    Orphan,
    /// Part or all of a settled donation was given back.
    #[n(4)]
    Refunded,
    /// A charge that was owed back has been given back.
    #[n(5)]
    ChargeReturned,
    /// The provider has taken money back until a dispute is decided.
    #[n(6)]
    Disputed,
    /// A dispute was decided for us: the money is with the provider again.
    #[n(7)]
    DisputeWon,
    /// A dispute was decided for the donor: the money has gone back.
    #[n(8)]
    DisputeLost,
    /// The provider keeps more for a payment than it had told before.
    #[n(9)]
    FeeCharged,
    /// The donation of a payment that stood in suspense was found: it leaves suspense, and settles the donation by an entry of its own. If it had settled it before, the payment was booked twice: what is left
    /// of the second time leaves the books, with its fee.
    #[n(10)]
    Assigned,
}

impl EntryKind {
    /// Every kind, in the order of their numbers.
    pub const ALL: [EntryKind; 11] = [
        EntryKind::Settled,
        EntryKind::SecondCharge,
        EntryKind::LateCharge,
        EntryKind::Orphan,
        EntryKind::Refunded,
        EntryKind::ChargeReturned,
        EntryKind::Disputed,
        EntryKind::DisputeWon,
        EntryKind::DisputeLost,
        EntryKind::FeeCharged,
        EntryKind::Assigned,
    ];

    /// The stable code.
    pub const fn code(self) -> &'static str {
        match self {
            EntryKind::Settled => "settled",
            EntryKind::SecondCharge => "second_charge",
            EntryKind::LateCharge => "late_charge",
            EntryKind::Orphan => "orphan",
            EntryKind::Refunded => "refunded",
            EntryKind::ChargeReturned => "charge_returned",
            EntryKind::Disputed => "disputed",
            EntryKind::DisputeWon => "dispute_won",
            EntryKind::DisputeLost => "dispute_lost",
            EntryKind::FeeCharged => "fee_charged",
            EntryKind::Assigned => "assigned",
        }
    }
}

/// What happened to one payment: one or more transfers that belong together.
#[derive(Debug, Clone, PartialEq, Eq, minicbor::Encode, minicbor::Decode)]
#[cbor(array)]
pub struct Entry {
    /// What kind of thing it records.
    #[n(0)]
    pub kind: EntryKind,
    /// The donation; none for money whose donation is not known.
    #[n(1)]
    pub donation: Option<DonationId>,
    /// The payment.
    #[n(2)]
    pub payment: PaymentRef,
    /// How it was paid.
    #[n(3)]
    pub method: Method,
    /// When the provider took or gave back the money. The day of the books is the page's, not this one's.
    #[n(4)]
    pub happened_at: Moment,
    /// The money that moved.
    #[n(5)]
    pub transfers: Vec<Transfer>,
}

impl Entry {
    /// What moved for the payment itself: all but the provider's fee.
    pub fn principal(&self) -> impl Iterator<Item = &Transfer> {
        self.transfers.iter().filter(|transfer| !transfer.is_fee())
    }

    /// The entry's bytes, the same for the same entry.
    pub fn bytes(&self) -> Vec<u8> {
        minicbor::to_vec(self).expect("every field can be written, and memory takes it")
    }

    /// Reads an entry; none for bytes that are not the very ones that an entry is written as.
    pub fn read(bytes: &[u8]) -> Option<Entry> {
        let entry: Entry = minicbor::decode(bytes).ok()?;
        (entry.bytes() == bytes).then_some(entry)
    }

    /// What moved at the provider for the payment, in halalas: the fee is in it only where nothing else moved. Money that is only told of another account of
    /// ours meanwhile is not in it.
    pub fn moved_minor(&self) -> i64 {
        let at_provider = |account: &Account| matches!(account, Account::Clearing(_) | Account::Disputes(_));
        let counts = |transfer: &&Transfer| {
            let is_due = self.kind == EntryKind::FeeCharged || !transfer.is_fee();
            is_due && (at_provider(transfer.debit()) || at_provider(transfer.credit()))
        };
        self.transfers.iter().filter(counts).map(|transfer| transfer.amount().signed_halalas()).sum()
    }

    /// The entry's leaf in the page's tree.
    pub fn leaf(&self, salt: &[u8]) -> Hash {
        hash::leaf(salt, &self.bytes())
    }
}
