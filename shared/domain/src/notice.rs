//! What a donor is told: thanks with the receipt, that a payment failed, that money was given back, that their animal was slaughtered, that this is taken back.
//!
//! A notice names ids and sums, never a person: who is told, where and in which words is found out by whoever sends it. It is told at least once,
//! and its name ([`Notice::name`]) is how a second telling is recognised.

use std::collections::BTreeSet;
use std::fmt;

use serde::{Deserialize, Serialize};

use crate::donation::{Donation, State};
use crate::id::{CorrectionId, DonationId, OpportunityId};
use crate::moment::Moment;
use crate::money::{Money, halalas};
use crate::payment::PaymentRef;

/// When the day of telling begins in Riyadh, in seconds after midnight: eight in the morning.
const MORNING_SECS: i64 = 8 * 3_600;
/// When it ends: ten in the evening.
const NIGHT_SECS: i64 = 22 * 3_600;

/// The kinds of notices, each of which a donor may do without.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// A gift arrived; here is its receipt.
    Thanks,
    /// A payment failed.
    Failure,
    /// Money was given back.
    Refund,
    /// An animal was slaughtered.
    Sacrifice,
}

impl Kind {
    /// Every kind.
    pub const ALL: [Kind; 4] = [Kind::Thanks, Kind::Failure, Kind::Refund, Kind::Sacrifice];

    /// The stable code.
    pub const fn code(self) -> &'static str {
        match self {
            Kind::Thanks => "thanks",
            Kind::Failure => "failure",
            Kind::Refund => "refund",
            Kind::Sacrifice => "sacrifice",
        }
    }

    /// Whether it can wait until people are awake. What answers to something that the donor has just done cannot, nor can what they are awake for: many break their fast
    /// only when their sacrifice is done.
    pub const fn can_wait(self) -> bool {
        match self {
            Kind::Refund => true,
            Kind::Thanks | Kind::Failure | Kind::Sacrifice => false,
        }
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}

/// How a donor wants to be told: of one gift, or of all of theirs.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Telling {
    /// Amount and project are not to be seen by whoever sees the telephone.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub discreet: bool,
    /// What is not to be told at all.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub mute: BTreeSet<Kind>,
}

impl Telling {
    /// Whether nothing particular is wanted.
    pub fn is_ordinary(&self) -> bool {
        *self == Telling::default()
    }

    /// Both wishes at once: a wish to hear less is never undone by the other.
    ///
    /// ```
    /// use domain::notice::{Kind, Telling};
    /// let of_the_gift = Telling { discreet: true, mute: [Kind::Thanks].into() };
    /// let of_all = Telling { discreet: false, mute: [Kind::Refund].into() };
    /// assert_eq!(of_the_gift.and(&of_all), Telling { discreet: true, mute: [Kind::Thanks, Kind::Refund].into() });
    /// ```
    #[must_use]
    pub fn and(&self, other: &Telling) -> Telling {
        Telling { discreet: self.discreet || other.discreet, mute: &self.mute | &other.mute }
    }
}

/// Something to tell the donor of a donation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "what", rename_all = "snake_case")]
pub enum Notice {
    /// The gift is settled.
    Thanks {
        /// The donation.
        donation: DonationId,
    },
    /// An attempt to pay failed.
    Failure {
        /// The donation.
        donation: DonationId,
        /// The attempt's number.
        attempt: u32,
    },
    /// Something of the gift was given back.
    Refund {
        /// The donation.
        donation: DonationId,
        /// How much was given back in all.
        #[serde(with = "halalas")]
        refunded_minor: Money,
    },
    /// A payment that was not the gift's (paid twice, or too late) was given back.
    ChargeReturned {
        /// The donation that the payment names.
        donation: DonationId,
        /// The payment.
        #[serde(flatten)]
        payment: PaymentRef,
        /// How much of it was given back in all.
        #[serde(with = "halalas")]
        refunded_minor: Money,
    },
    /// An animal of which the donation has shares was slaughtered.
    Sacrifice {
        /// The donation.
        donation: DonationId,
        /// Of which offering it is.
        offering: OpportunityId,
        /// The animal's number within it.
        number: u32,
        /// When that was told to us.
        received_at: Moment,
        /// How often it had been told before and was taken back: each time is news.
        #[serde(default, skip_serializing_if = "is_first")]
        again: u32,
    },
    /// The slaughter of an animal of which the donation has shares, which was told, was taken back: it is not so.
    SacrificeTakenBack {
        /// The donation.
        donation: DonationId,
        /// Of which offering it is.
        offering: OpportunityId,
        /// The animal's number within it.
        number: u32,
        /// By what: it is told once that is done.
        retraction: CorrectionId,
    },
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "as serde asks")]
const fn is_first(again: &u32) -> bool {
    *again == 0
}

impl Notice {
    /// Whose donor is told.
    pub const fn donation(&self) -> &DonationId {
        match self {
            Notice::Thanks { donation }
            | Notice::Failure { donation, .. }
            | Notice::Refund { donation, .. }
            | Notice::ChargeReturned { donation, .. }
            | Notice::Sacrifice { donation, .. }
            | Notice::SacrificeTakenBack { donation, .. } => donation,
        }
    }

    /// The kind, as a donor may do without it.
    pub const fn kind(&self) -> Kind {
        match self {
            Notice::Thanks { .. } => Kind::Thanks,
            Notice::Failure { .. } => Kind::Failure,
            Notice::Refund { .. } | Notice::ChargeReturned { .. } => Kind::Refund,
            Notice::Sacrifice { .. } | Notice::SacrificeTakenBack { .. } => Kind::Sacrifice,
        }
    }

    /// Its name among the notices of its donation: the same for the same notice.
    ///
    /// ```
    /// use domain::{id::DonationId, money::Money, notice::Notice};
    /// let donation = DonationId::from_bytes([7; 16]);
    /// let back = |riyals| Notice::Refund { donation, refunded_minor: Money::from_riyals(riyals).unwrap() };
    /// assert_eq!(back(20).name(), "refund#2000");
    /// assert_ne!(back(20).name(), back(30).name(), "more was given back: that is news");
    /// ```
    pub fn name(&self) -> String {
        match self {
            Notice::Thanks { .. } => "thanks".to_owned(),
            Notice::Failure { attempt, .. } => format!("failure#{attempt}"),
            Notice::Refund { refunded_minor, .. } => format!("refund#{}", refunded_minor.halalas()),
            Notice::ChargeReturned { payment, refunded_minor, .. } => {
                format!("returned#{}#{}#{}", payment.provider, payment.payment, refunded_minor.halalas())
            }
            // When it was told is not in it: told again it is the same news.
            Notice::Sacrifice { offering, number, again: 0, .. } => format!("sacrifice#{offering}#{number}"),
            Notice::Sacrifice { offering, number, again, .. } => format!("sacrifice#{offering}#{number}#{again}"),
            Notice::SacrificeTakenBack { retraction, .. } => format!("taken_back#{}", retraction.as_str()),
        }
    }

    /// Whether it is still so: a donor who has paid after all is not told that a payment failed, and one whose gift was given back is not thanked for
    /// it. Each of these is told by a notice of its own.
    pub fn is_still_so(&self, donation: &Donation) -> bool {
        match (self, &donation.state) {
            (Notice::Thanks { .. }, State::Settled { .. } | State::PartlyRefunded { .. }) => true,
            (Notice::Failure { attempt, .. }, State::Failed { .. }) => {
                donation.attempt().is_some_and(|latest| latest.number == *attempt)
            }
            (Notice::Refund { refunded_minor: told, .. }, state) => !told.is_zero() && *told == state.refunded(),
            (Notice::ChargeReturned { .. }, _) => true,
            (Notice::Sacrifice { .. } | Notice::SacrificeTakenBack { .. }, _) => donation.keeps_shares(),
            (Notice::Thanks { .. } | Notice::Failure { .. }, _) => false,
        }
    }
}

/// When people may be told again what can wait, if they may not now: between ten in the evening and eight in the morning in Riyadh.
///
/// ```
/// use domain::{moment::Moment, notice::quiet_until};
/// let at = |text: &str| text.parse::<Moment>().unwrap();
/// assert_eq!(quiet_until(at("2026-11-23T21:59:59+03:00")), None);
/// assert_eq!(quiet_until(at("2026-11-23T22:00:00+03:00")), Some(at("2026-11-24T08:00:00+03:00")));
/// assert_eq!(quiet_until(at("2026-11-24T03:00:00+03:00")), Some(at("2026-11-24T08:00:00+03:00")));
/// assert_eq!(quiet_until(at("2026-11-24T08:00:00+03:00")), None);
/// ```
pub fn quiet_until(now: Moment) -> Option<Moment> {
    let midnight = now.day().start();
    if now < midnight.plus_seconds(MORNING_SECS) {
        Some(midnight.plus_seconds(MORNING_SECS))
    } else if now >= midnight.plus_seconds(NIGHT_SECS) {
        Some(now.day().next().start().plus_seconds(MORNING_SECS))
    } else {
        None
    }
}
