//! Which claims a donation has on the shards that were read, and how each of them ends: pure.

use std::collections::BTreeMap;

use domain::donation::{Donation, HoldPart};
use domain::id::{DonationId, OpportunityId};
use domain::moment::Moment;
use domain::money::Money;
use domain::sacrifice::fairness::GiverHash;
use domain::sacrifice::{Claim, Lot, Standing};
use platform::table::Escrow;

use crate::decide::{Ending, ending};

/// The shards of some opportunities, as they were read.
pub type Shards = BTreeMap<OpportunityId, Vec<Escrow>>;

/// The opportunities on whose shards a donation may have claims: those of its lines, and those that its hold names.
pub fn opportunities(donation: &Donation) -> impl Iterator<Item = &OpportunityId> {
    let of_lines = donation.lines.iter().map(|line| &line.opportunity);
    of_lines.chain(donation.hold.iter().map(|part| &part.opportunity))
}

/// The lots on which a donation that was not paid may have shares: all that it has named. What one that is paid has left behind is told by [`strays`], at the hold's end.
pub fn lots(donation: &Donation) -> Vec<Claimed> {
    match ending(donation) {
        None | Some(Ending::Spend) => Vec::new(),
        Some(Ending::Release | Ending::ReleaseDropped) => claimed(donation, |_| Some(Meant::HeldUntil(donation.expires_at))),
    }
}

/// What a paid donation has on lots that it does not name any more.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Strays {
    /// These claims are nobody's.
    Free(Vec<Claimed>),
    /// Its claim is not confirmed where it should be, and one of these may be the one that it paid for: whoever confirms comes first.
    Wanted,
}

/// Whether there may be any.
pub fn may_have_strays(donation: &Donation) -> bool {
    let is_paid = ending(donation) == Some(Ending::Spend);
    is_paid && donation.reservation.as_ref().is_some_and(|named| !named.before.is_empty())
}

/// What a paid donation has left behind on its way to the lot that it names, its lots being as they were read. Of one whose sacrifice was given back nothing is its own.
pub fn strays(donation: &Donation, lots: &[Lot]) -> Strays {
    let Some(named) = &donation.reservation else { return Strays::Free(Vec::new()) };
    let claim = |number: u32| lots.iter().find(|lot| lot.lot == number)?.claims.get(&donation.id);
    let (places, stands) = (named.places(), donation.keeps_shares());
    let mut own = places.iter().map(|place| claim(place.lot));
    let is_confirmed = own.all(|claim| claim.is_some_and(|claim| claim.standing == Standing::Confirmed));
    let is_place = |lot: u32| places.iter().any(|place| place.lot == lot);
    let left = claimed(donation, |lot| {
        let read = *claim(lot)?;
        if stands { Some(Meant::Just(read)).filter(|_| !is_place(lot)) } else { Some(Meant::Any) }
    });
    if left.is_empty() || is_confirmed || !stands { Strays::Free(left) } else { Strays::Wanted }
}

fn claimed(donation: &Donation, meant: impl Fn(u32) -> Option<Meant>) -> Vec<Claimed> {
    let lots = donation.reservation.iter().flat_map(|named| named.lots().map(|lot| (&named.offering, lot)));
    let of = |(offering, lot): (&OpportunityId, u32)| {
        Some(Claimed { donation: donation.id, offering: offering.clone(), lot, meant: meant(lot)? })
    };
    lots.filter_map(of).collect()
}

/// The allowances in which a donation may be counted and is not to be any more: those of all its givers, where it was not paid.
pub fn counted(donation: &Donation) -> Vec<Counted> {
    match ending(donation) {
        None | Some(Ending::Spend) => Vec::new(),
        Some(Ending::Release | Ending::ReleaseDropped) => {
            let givers = donation.reservation.iter().flat_map(|named| &named.givers);
            givers.map(|giver| Counted { donation: donation.id, giver: *giver, until: donation.expires_at }).collect()
        }
    }
}

/// The claims that stand. Of a paid donation only what is named is spent: a claim that is not named was left behind on the way to the one
/// that is, and what it holds is nobody's. A donation that may still be paid has none to end, because it may name another tomorrow.
pub fn standing(donation: &Donation, shards: &Shards) -> Vec<(HoldPart, Ending)> {
    let Some(ending) = ending(donation) else { return Vec::new() };
    let claims = shards
        .iter()
        .flat_map(|(opportunity, escrows)| escrows.iter().filter_map(move |escrow| claim(donation, opportunity, escrow)));
    claims.map(|part| if is_named(donation, &part) { (part, ending) } else { (part, Ending::Release) }).collect()
}

/// A lot on which a donation's claim is over.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Claimed {
    /// The donation.
    pub donation: DonationId,
    /// The offering.
    pub offering: OpportunityId,
    /// The lot.
    pub lot: u32,
    /// Which claim it is that is over.
    pub meant: Meant,
}

/// Which claim of a donation on a lot is over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Meant {
    /// One that is held no longer than until then: what is held longer belongs to a later hold, and what is confirmed to a gift that is paid.
    HeldUntil(Moment),
    /// Just the one that was read: the gift stands, and before this is done its own shares may be moved there.
    Just(Claim),
    /// Whichever there is: the gift does not stand any more.
    Any,
}

impl Claimed {
    /// Whether this claim is meant.
    pub fn is_meant(&self, claim: &Claim) -> bool {
        match self.meant {
            Meant::HeldUntil(until) => claim.is_over(until),
            Meant::Just(read) => *claim == read,
            Meant::Any => true,
        }
    }
}

/// An allowance in which a donation is counted no more, if it was counted for a hold that ended no later than until then.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Counted {
    /// The donation.
    pub donation: DonationId,
    /// Whose allowance it is.
    pub giver: GiverHash,
    /// The end of the hold.
    pub until: Moment,
}

fn claim(donation: &Donation, opportunity: &OpportunityId, escrow: &Escrow) -> Option<HoldPart> {
    let amount_minor = escrow.claims.get(&donation.id).copied().and_then(Money::from_halalas)?;
    Some(HoldPart { opportunity: opportunity.clone(), shard: escrow.shard, amount_minor })
}

/// By place: a shard has at most one claim of a donation.
fn is_named(donation: &Donation, part: &HoldPart) -> bool {
    donation.hold.iter().any(|named| named.opportunity == part.opportunity && named.shard == part.shard)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use domain::donation::{SettledBy, State};
    use domain::payment::{Method, PaymentRef, Provider};
    use stage::sample;

    /// A donation of two shares on lot 1 that named lot 0 before, paid, with these claims on the two.
    fn told(claims: [&str; 2], refunded: u64) -> (Donation, Strays) {
        let now = Moment::from_millis(1_795_467_600_000);
        let mut donation = sample::sacrifice(9, 2, 0, now);
        donation.reservation = donation.reservation.unwrap().moved(1);
        let payment = PaymentRef { provider: Provider::Moyasar, payment: "p-1".parse().unwrap() };
        let settled_by = SettledBy { payment, method: Method::Mada, captured_at: now, fee_minor: Money::ZERO };
        donation.state = State::PartlyRefunded { settled_by, refunded_minor: Money::from_riyals(refunded).unwrap() };
        let lot = |(number, claim): (u32, &str)| {
            let claims = claim.parse().ok().map(|claim| (donation.id, claim));
            Lot { claims: claims.into_iter().collect(), ..Lot::new(number, 7) }
        };
        let lots: Vec<Lot> = (0..).zip(claims).map(lot).collect();
        let strays = strays(&donation, &lots);
        (donation, strays)
    }

    #[test]
    fn what_a_paid_donation_left_behind_is_free_once_its_own_is_confirmed() {
        let held = "2h1795468500";
        // The claims on lots 0 and 1, how much went back, and which lots are free of it.
        type Row<'a> = ([&'a str; 2], u64, Option<&'a [u32]>);
        let table: [Row<'_>; 8] = [
            ([held, "2c"], 0, Some(&[0])),
            (["2c", "2c"], 0, Some(&[0])),
            (["", "2c"], 0, Some(&[])),
            (["", held], 0, Some(&[])),
            (["", ""], 0, Some(&[])),
            ([held, ""], 0, None),
            (["2c", held], 1, None),
            ([held, "2c"], 1_000, Some(&[1, 0])),
        ];
        for (claims, refunded, free) in table {
            let (donation, strays) = told(claims, refunded);
            let lots = match &strays {
                Strays::Free(left) => Some(left.iter().map(|left| left.lot).collect::<Vec<_>>()),
                Strays::Wanted => None,
            };
            assert_eq!(lots.as_deref(), free, "{claims:?}, {refunded} back");
            assert!(may_have_strays(&donation) && super::lots(&donation).is_empty());
        }
    }
}
