//! One act of giving.
//!
//! ```text
//!                  ┌──▶ disputed ◀──┐ won: back to where it was; lost: partly refunded or refunded
//!                  ▼                ▼
//! awaiting ──▶ settled ──▶ partly refunded ──▶ refunded
//!    │ ▲  ╲________▲ ▲
//!    ▼ │           │ │   paid after all: settled late, if it holds what it names or the same is
//!  failed ─────────┘ │   claimed anew, else the charge is owed back
//!    ▼               │
//!  cancelled, expired┘
//! ```
//!
//! What a gift holds is given up when it is cancelled or expires, and when a payment of it fails: shares of an offering at once, amounts after two minutes ([`Donation::dropped`]). Whoever tries
//! again claims anew; so does a payment that succeeds on the page where one has failed.
//!
//! A donation is written once when it is made and once for each change of state; every write is on condition of the version that
//! was read, so that of two writers one wins and the other looks again. Who decides what a payment fact makes of it is
//! [`decide`].

use serde::{Deserialize, Serialize};

mod back;
mod charge;
mod decide;
mod dispute;
mod rebuilt;
mod refund;

pub use back::{Asked, Back, Dispute, Freeing, MOST_REFUNDS, Outcome, Part, Refund, RefundFault, RefundReason, RefundStage};
pub use charge::{Charge, ChargeKind};
pub use decide::{Decision, decide, donation_of, needs_charge};
pub use rebuilt::{Contradiction, History, Later, REBUILT, has_left_suspense, is_first};

use crate::catalogue::Purpose;
use crate::id::{DonationId, DonorId, OpportunityId};
use crate::journal::ChainId;
use crate::leaf_key::LeafKey;
use crate::moment::Moment;
use crate::money::{Money, halalas};
use crate::notice::Telling;
use crate::payment::{Method, PaymentRef, Provider};
use crate::purpose::{Fund, Language};
use crate::sacrifice::{Reservation, Shares};

/// The most lines of one donation. A basket of twenty covers what givers do, and keeps the item within a few KB and a page of
/// [`crate::journal::page::MOST_ENTRIES`] such gifts within an item's 400 KB.
pub const MOST_LINES: usize = 20;

/// The least that a line may give: one riyal, by the rules of the field.
pub const LEAST_LINE: Money = match Money::from_riyals(1) {
    Some(riyal) => riyal,
    None => Money::ZERO,
};

/// The most that one donation may give: fifty million riyals, above the largest gift ever made through a platform of this kind; more
/// goes by bank transfer, with a person's help.
pub const MOST_DONATION: Money = match Money::from_riyals(50_000_000) {
    Some(riyals) => riyals,
    None => Money::ZERO,
};

/// Checkout attempts of one donation at most: enough for a mistyped card, too few for testing stolen ones.
pub const MOST_ATTEMPTS: usize = 5;

/// Who gives.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Giver {
    /// A donor who is signed in.
    Donor(DonorId),
    /// Someone who is not; the donation is reached by its access token.
    Guest,
}

/// The part of a donation that goes to one opportunity.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Line {
    /// The opportunity.
    pub opportunity: OpportunityId,
    /// The fund that restricts the money, as the opportunity stood when the gift was made.
    pub fund: Fund,
    /// What the line is for, as the opportunity stood when the gift was made.
    #[serde(flatten)]
    pub purpose: Purpose,
    /// How much.
    #[serde(with = "halalas")]
    pub amount_minor: Money,
    /// What it asks for of an offering, if it is a sacrifice.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sacrifice: Option<Shares>,
}

/// A checkout made at a provider. Its reference is derived from the donation and the attempt's number before the provider is
/// called, so that a lost reply is asked for again and never makes a second checkout.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Attempt {
    /// Its number, from one.
    pub number: u32,
    /// The provider.
    pub provider: Provider,
    /// Our reference at the provider: its idempotency key.
    pub reference: String,
}

/// Money that is held for a line on one shard of a capped opportunity's escrow.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct HoldPart {
    /// The opportunity.
    pub opportunity: OpportunityId,
    /// The shard of its escrow.
    pub shard: u8,
    /// How much.
    #[serde(with = "halalas")]
    pub amount_minor: Money,
}

/// The payment that settled a donation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SettledBy {
    /// The payment.
    #[serde(flatten)]
    pub payment: PaymentRef,
    /// How it was paid.
    pub method: Method,
    /// When the provider took the money.
    pub captured_at: Moment,
    /// What the provider keeps of it, as far as that is booked.
    #[serde(default, with = "halalas", skip_serializing_if = "halalas::is_nothing")]
    pub fee_minor: Money,
}

/// Where a donation stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "state", rename_all = "snake_case")]
pub enum State {
    /// Made, and not paid yet.
    Awaiting,
    /// The last attempt to pay failed; another may follow.
    Failed {
        /// The provider's reason, shortened.
        reason: String,
    },
    /// The donor gave it up, or what it asked for was gone when it was made.
    Cancelled,
    /// Not paid in time.
    Expired,
    /// Paid and booked.
    Settled {
        /// By which payment.
        settled_by: SettledBy,
    },
    /// Paid, booked, and partly given back.
    PartlyRefunded {
        /// By which payment.
        settled_by: SettledBy,
        /// How much was given back so far.
        #[serde(with = "halalas")]
        refunded_minor: Money,
    },
    /// Paid and booked; the donor has asked their bank for money back, and that is not decided yet.
    Disputed {
        /// By which payment.
        settled_by: SettledBy,
        /// How much was refunded so far.
        #[serde(with = "halalas")]
        refunded_minor: Money,
    },
    /// Paid, booked, and gone back whole, by refunds or by a dispute that was lost.
    Refunded {
        /// By which payment.
        settled_by: SettledBy,
        /// How much was refunded: less than the whole after a dispute, more after a mistake.
        #[serde(with = "halalas")]
        refunded_minor: Money,
    },
}

impl State {
    /// The state's code, as the API and the table write it.
    pub const fn code(&self) -> &'static str {
        match self {
            State::Awaiting => "awaiting",
            State::Failed { .. } => "failed",
            State::Cancelled => "cancelled",
            State::Expired => "expired",
            State::Settled { .. } => "settled",
            State::PartlyRefunded { .. } => "partly_refunded",
            State::Disputed { .. } => "disputed",
            State::Refunded { .. } => "refunded",
        }
    }

    /// The payment that settled it, once one has.
    pub const fn settled_by(&self) -> Option<&SettledBy> {
        match self {
            State::Settled { settled_by }
            | State::PartlyRefunded { settled_by, .. }
            | State::Disputed { settled_by, .. }
            | State::Refunded { settled_by, .. } => Some(settled_by),
            State::Awaiting | State::Failed { .. } | State::Cancelled | State::Expired => None,
        }
    }

    /// The same state with so much booked as the provider's fee; the state as it is when it is not paid.
    #[must_use]
    pub(crate) fn with_fee(&self, fee: Money) -> State {
        let mut state = self.clone();
        match &mut state {
            State::Settled { settled_by }
            | State::PartlyRefunded { settled_by, .. }
            | State::Disputed { settled_by, .. }
            | State::Refunded { settled_by, .. } => settled_by.fee_minor = fee,
            State::Awaiting | State::Failed { .. } | State::Cancelled | State::Expired => {}
        }
        state
    }

    /// What was refunded in this state.
    pub const fn refunded(&self) -> Money {
        match self {
            State::PartlyRefunded { refunded_minor, .. }
            | State::Disputed { refunded_minor, .. }
            | State::Refunded { refunded_minor, .. } => *refunded_minor,
            State::Awaiting | State::Failed { .. } | State::Cancelled | State::Expired | State::Settled { .. } => {
                Money::ZERO
            }
        }
    }

    /// Whether a payment may still be begun.
    pub const fn is_payable(&self) -> bool {
        match self {
            State::Awaiting | State::Failed { .. } => true,
            State::Cancelled
            | State::Expired
            | State::Settled { .. }
            | State::PartlyRefunded { .. }
            | State::Disputed { .. }
            | State::Refunded { .. } => false,
        }
    }
}

/// Where in the books a settled donation stands; the receipt's serial follows from it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Place {
    /// The number of the chain.
    pub chain: u8,
    /// The number of the page.
    pub seq: u64,
    /// The entry's index on the page.
    pub index: u16,
}

impl Place {
    /// The chain.
    pub const fn chain_id(&self) -> Option<ChainId> {
        ChainId::new(self.chain)
    }
}

/// Personal data under the key of its owner: without the key it is noise.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sealed {
    /// Whose key: the name of an item in the table of keys.
    pub key: String,
    /// Nonce and ciphertext, in base64.
    pub text: String,
}

/// How the leaves of a donation are salted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Secrecy {
    /// By salts that follow from this key and the page's: who has the owner's data key makes them again.
    Agreed(LeafKey),
    /// By salts of chance, one for each entry, which are kept with the data keys and like them in no backup: its owner has no data key.
    Kept,
    /// By salts that are gone: none of its entries can be shown to be this gift's any more.
    Erased,
}

/// One act of giving: one payment, one or more lines.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Donation {
    /// Its id, derived from the caller and the caller's key.
    pub id: DonationId,
    /// How often it was written; each write is on condition of the version before.
    pub version: u32,
    /// Where it stands.
    #[serde(flatten)]
    pub state: State,
    /// Who gives.
    pub giver: Giver,
    /// Whether the donor's name stays hidden. It belongs to the donation, not to the donor.
    pub anonymous: bool,
    /// The language to answer in.
    pub language: Language,
    /// What it gives to.
    pub lines: Vec<Line>,
    /// The checkouts made for it, oldest first.
    pub attempts: Vec<Attempt>,
    /// What it holds of capped opportunities. Only what is named here counts.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub hold: Vec<HoldPart>,
    /// The shares that it holds of an offering. Only the lot that is named here counts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reservation: Option<Reservation>,
    /// What it held was given up for others. While it reads as failed nothing is claimed for it; once it waits again, for another attempt to pay or a payment that came all the same, what
    /// it names is being claimed anew. No payment settles it before all of that is claimed, and this is taken back.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub dropped: bool,
    /// A payment came after it had given up what it held, which is claimed anew for that one. Until then, and until the next attempt, a failure of another changes nothing: on one page several cards may be tried, and
    /// be told of in any order.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub sought: bool,
    /// A hash of the parsed command that made it: the same key with another command is refused.
    pub command: String,
    /// Where the donor's browser goes after paying; on the allow-list.
    pub return_url: String,
    /// When it was made.
    pub made_at: Moment,
    /// When it stops waiting for a payment.
    pub expires_at: Moment,
    /// Its donor was erased, and it has no [`Donation::leaf_key`]: the salts that were kept for it are gone, and none is kept any more. Read it by [`Donation::secrecy`].
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub forgotten: bool,
    /// What the salts of its leaves follow from, if its owner has a data key. See [`crate::leaf_key`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub leaf_key: Option<LeafKey>,
    /// What its donor told of themselves, if anything.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub personal: Option<Sealed>,
    /// How its donor wants to be told of it.
    #[serde(flatten)]
    pub telling: Telling,
    /// Where in the books it stands, once settled.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub place: Option<Place>,
    /// What goes back of it, or may.
    #[serde(flatten)]
    pub back: Back,
}

impl Donation {
    /// The sum of its lines.
    pub fn total(&self) -> Money {
        // Checked when the donation is made: the sum of its lines is at most MOST_DONATION.
        Money::sum(self.lines.iter().map(|line| line.amount_minor)).unwrap_or(Money::ZERO)
    }

    /// How the leaves of its entries in the books are salted: of its own entry and of those of what went back of it.
    pub const fn secrecy(&self) -> Secrecy {
        match (self.leaf_key, self.forgotten) {
            (Some(key), _) => Secrecy::Agreed(key),
            (None, false) => Secrecy::Kept,
            (None, true) => Secrecy::Erased,
        }
    }

    /// The state as a reader should see it at `now`: one that was not paid in time reads as expired, even before a release has
    /// written it so.
    pub fn state_at(&self, now: Moment) -> State {
        if self.state.is_payable() && self.expires_at <= now { State::Expired } else { self.state.clone() }
    }

    /// What was refunded of it. What was lost in a dispute is not in it.
    pub const fn refunded(&self) -> Money {
        self.state.refunded()
    }

    /// Whether it holds something that others can have once it is given up.
    pub const fn holds(&self) -> bool {
        !self.hold.is_empty() || self.reservation.is_some()
    }

    /// Whether a payment of it failed, and what it held was given up since: nothing may be claimed for it before it waits again.
    pub const fn has_given_up(&self) -> bool {
        self.dropped && matches!(self.state, State::Failed { .. })
    }

    /// Whether what it names may be claimed for it.
    pub const fn may_claim(&self) -> bool {
        self.state.is_payable() && !self.has_given_up()
    }

    /// Whether a payment of its amount would settle it at once. One that has given up what it held would have to look for it again.
    pub fn can_settle(&self) -> bool {
        match self.state {
            State::Awaiting | State::Failed { .. } => !self.dropped,
            State::Cancelled | State::Expired => !self.holds(),
            State::Settled { .. } | State::PartlyRefunded { .. } | State::Disputed { .. } | State::Refunded { .. } => false,
        }
    }

    /// Whether it was cancelled only because nothing was left for it, before anybody was shown where to pay: it may be asked for anew. Not once a payment has come for it all the same.
    pub fn was_refused(&self) -> bool {
        self.state == State::Cancelled && self.reservation.as_ref().is_some_and(|named| named.is_refused && !named.is_lost)
    }

    /// Whether it is paid and something of its sacrifice still stands: what is given back in part keeps its animal.
    pub fn keeps_shares(&self) -> bool {
        let lines = self.lines.iter().zip(self.lines_standing());
        let stands = lines.filter(|(line, _)| line.sacrifice.is_some()).any(|(_, stands)| stands > Money::ZERO);
        self.state.settled_by().is_some() && stands
    }

    /// The latest checkout attempt.
    pub fn attempt(&self) -> Option<&Attempt> {
        self.attempts.last()
    }
}
