//! One payment, as its provider tells it and as it is booked.
//!
//! | at the provider | in the books | then |
//! |---|---|---|
//! | took nothing | nothing | no money |
//! | took nothing, or voided | booked | differs |
//! | took money in another currency, or another amount than the donation's | nothing | differs: it is never booked by itself |
//! | took money | nothing | behind |
//! | took money | its donation settled by it, and as an orphan besides | behind: booked twice |
//! | took money, and names a donation that waits for as much | as an orphan | behind: that donation is not known yet |
//! | gave back more, or keeps more | less | behind |
//! | gave back more | as an orphan, of which people took the rest out of suspense | differs |
//! | took money | its donation settled by it, and people took some of it out of suspense besides | differs: booked twice |
//! | took another sum, gave back less, or keeps less | otherwise | differs |
//! | the same | the same | matches |
//!
//! *Behind* is what telling the books again puts right by itself, as a webhook that came would have; *differs* is for a person. Figures of a provider are
//! cumulative, so that neither the order nor the day of booking makes a difference.

use serde::{Deserialize, Serialize};

use crate::case::Reason;
use crate::donation::{Charge, ChargeKind, Donation};
use crate::id::DonationId;
use crate::money::{Money, halalas};
use crate::payment::{CURRENCY, PaymentRef};

/// The three figures of a payment that both sides have, in halalas.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Figures {
    /// Taken from the donor.
    #[serde(with = "halalas")]
    pub captured_minor: Money,
    /// Given back since, in all.
    #[serde(with = "halalas")]
    pub refunded_minor: Money,
    /// Kept by the provider.
    #[serde(with = "halalas")]
    pub fee_minor: Money,
}

/// A payment as its provider tells it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Told {
    /// The payment.
    pub payment: PaymentRef,
    /// The donation that its metadata names.
    pub donation: Option<DonationId>,
    /// What it was for, whether or not it was taken.
    pub amount_minor: Money,
    /// Its currency, as the provider writes it.
    pub currency: String,
    /// What became of it; all nothing when nothing was taken.
    pub figures: Figures,
    /// Whether it was given up before any money moved.
    pub is_voided: bool,
}

/// What is known of a payment here.
#[derive(Debug, Clone, Copy, Default)]
pub struct Known<'a> {
    /// The donation that it names, whoever paid it.
    pub donation: Option<&'a Donation>,
    /// The payment, kept apart from its donation.
    pub charge: Option<&'a Charge>,
}

impl Known<'_> {
    /// What is booked of the payment; none when nothing is.
    pub fn booked(&self, payment: &PaymentRef) -> Option<Figures> {
        let settled = self.donation.and_then(|donation| Some((donation, donation.state.settled_by()?)));
        match settled.filter(|(_, by)| by.payment == *payment) {
            Some((donation, by)) => Some(Figures {
                captured_minor: donation.total(),
                refunded_minor: donation.refunded(),
                fee_minor: by.fee_minor,
            }),
            None => self.charge.map(|charge| Figures {
                captured_minor: charge.captured_minor,
                refunded_minor: charge.refunded_minor,
                fee_minor: charge.fee_minor,
            }),
        }
    }

    /// Whether the payment settled the donation that it names, and stands as an orphan besides.
    fn is_booked_twice(&self, payment: &PaymentRef) -> bool {
        self.is_own(payment) && self.charge.is_some_and(Charge::stands)
    }

    /// Whether the payment settled the donation that it names.
    fn is_own(&self, payment: &PaymentRef) -> bool {
        let by = self.donation.and_then(|donation| donation.state.settled_by());
        by.is_some_and(|by| by.payment == *payment)
    }

    /// Whether nothing of an orphan is left that could go back, because people took it out of suspense.
    fn is_spent(&self, payment: &PaymentRef) -> bool {
        let is_taken =
            |charge: &Charge| charge.kind == ChargeKind::Orphan && !charge.out().is_zero() && charge.rest().is_zero();
        !self.is_own(payment) && self.charge.is_some_and(is_taken)
    }

    /// Whether the payment is kept as an orphan, and would settle the donation that it names by now.
    fn is_found(&self, captured: Money) -> bool {
        let waits = self.donation.is_some_and(|donation| donation.can_settle() && donation.total() == captured);
        waits && self.charge.is_some_and(Charge::is_orphan)
    }
}

/// Why the two sides do not agree, and by how much.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Difference {
    /// Why.
    pub reason: Reason,
    /// The money it is about.
    pub amount_minor: Money,
}

/// How the two sides stand to each other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// No money moved on either side.
    NoMoney,
    /// They agree.
    Matches,
    /// The books lack something that telling them again brings.
    Behind(Difference),
    /// One of them is wrong: a person finds out which.
    Differs(Difference),
}

impl Standing {
    /// The difference, if there is one.
    pub const fn difference(&self) -> Option<Difference> {
        match self {
            Standing::NoMoney | Standing::Matches => None,
            Standing::Behind(difference) | Standing::Differs(difference) => Some(*difference),
        }
    }
}

/// Holds what the provider tells against what is known. The reasons that settlement itself has for setting a payment aside are named with the same amount, so
/// that the matter is the same case.
pub fn compare(told: &Told, known: Known<'_>) -> Standing {
    let Figures { captured_minor: captured, .. } = told.figures;
    match known.booked(&told.payment) {
        None if captured.is_zero() => Standing::NoMoney,
        None => Standing::unbooked(told, known),
        Some(_) if told.is_voided => differs(Reason::VoidAfterCapture, told.amount_minor),
        Some(booked) if booked.captured_minor != captured => {
            differs(Reason::CaptureDiffers, apart(booked.captured_minor, captured))
        }
        Some(_) if known.is_booked_twice(&told.payment) => {
            Standing::Behind(Difference { reason: Reason::BookedTwice, amount_minor: captured })
        }
        Some(_) if known.is_found(captured) => {
            Standing::Behind(Difference { reason: Reason::DonationUnknown, amount_minor: captured })
        }
        Some(booked) => match Standing::later(told, booked, known.is_spent(&told.payment)) {
            Standing::Matches
                if known.is_own(&told.payment) && known.charge.is_some_and(|charge| !charge.out().is_zero()) =>
            {
                differs(Reason::BookedTwice, captured)
            }
            standing => standing,
        },
    }
}

impl Standing {
    fn unbooked(told: &Told, known: Known<'_>) -> Standing {
        let captured = told.figures.captured_minor;
        if told.currency != CURRENCY {
            differs(Reason::CurrencyDiffers, captured)
        } else if known.donation.is_some_and(|donation| donation.total() != captured) {
            differs(Reason::AmountDiffers, captured)
        } else {
            Standing::Behind(Difference { reason: Reason::PaymentMissing, amount_minor: captured })
        }
    }

    /// What may have become of a capture that both sides have.
    fn later(told: &Told, booked: Figures, is_spent: bool) -> Standing {
        let Figures { captured_minor, refunded_minor, fee_minor } = told.figures;
        let more = |reason, amount_minor| Standing::Behind(Difference { reason, amount_minor });
        if refunded_minor != booked.refunded_minor {
            return match refunded_minor.minus(booked.refunded_minor) {
                // Never booked: a refund is at most what was taken.
                Some(_) if refunded_minor > captured_minor => differs(Reason::AmountDiffers, refunded_minor),
                Some(_) if is_spent => differs(Reason::RefundBeyondCapture, refunded_minor),
                Some(fresh) => more(Reason::RefundDiffers, fresh),
                None => differs(Reason::RefundDiffers, apart(refunded_minor, booked.refunded_minor)),
            };
        }
        match fee_minor.minus(booked.fee_minor) {
            Some(Money::ZERO) => Standing::Matches,
            Some(_) if fee_minor > captured_minor => differs(Reason::FeeBeyondCapture, captured_minor),
            Some(fresh) => more(Reason::FeeDiffers, fresh),
            None => differs(Reason::FeeDiffers, apart(fee_minor, booked.fee_minor)),
        }
    }
}

const fn differs(reason: Reason, amount_minor: Money) -> Standing {
    Standing::Differs(Difference { reason, amount_minor })
}

fn apart(one: Money, other: Money) -> Money {
    one.minus(other).or_else(|| other.minus(one)).unwrap_or(Money::ZERO)
}
