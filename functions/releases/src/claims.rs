//! Which claims a donation has on the shards that were read, and how each of them ends: pure.

use std::collections::BTreeMap;

use domain::donation::{Donation, HoldPart};
use domain::id::{DonationId, OpportunityId};
use domain::moment::Moment;
use domain::money::Money;
use domain::sacrifice::fairness::GiverHash;
use platform::table::Escrow;

use crate::decide::{Ending, ending};

/// The shards of some opportunities, as they were read.
pub type Shards = BTreeMap<OpportunityId, Vec<Escrow>>;

/// The opportunities on whose shards a donation may have claims: those of its lines, and those that its hold names.
pub fn opportunities(donation: &Donation) -> impl Iterator<Item = &OpportunityId> {
    let of_lines = donation.lines.iter().map(|line| &line.opportunity);
    of_lines.chain(donation.hold.iter().map(|part| &part.opportunity))
}

/// The lots on which a donation may have shares that are not its own any more: of one that was not paid all that it has named, of a paid one those before the last ones.
pub fn lots(donation: &Donation) -> Vec<Lot> {
    let Some(named) = &donation.reservation else { return Vec::new() };
    let given_up = match ending(&donation.state) {
        None => 0..0,
        Some(Ending::Release) => 0..usize::MAX,
        Some(Ending::Spend) => named.places().len()..usize::MAX,
    };
    let lots = named.lots().enumerate().filter(|(number, _)| given_up.contains(number));
    lots.map(|(_, lot)| Lot { donation: donation.id, offering: named.offering.clone(), lot, until: donation.expires_at })
        .collect()
}

/// The allowances in which a donation may be counted and is not to be any more: those of all its givers, where it was not paid.
pub fn counted(donation: &Donation) -> Vec<Counted> {
    match ending(&donation.state) {
        None | Some(Ending::Spend) => Vec::new(),
        Some(Ending::Release) => {
            let givers = donation.reservation.iter().flat_map(|named| &named.givers);
            givers.map(|giver| Counted { donation: donation.id, giver: *giver, until: donation.expires_at }).collect()
        }
    }
}

/// The claims that stand. Of a paid donation only what is named is spent: a claim that is not named was left behind on the way to the one
/// that is, and what it holds is nobody's. A donation that may still be paid has none to end, because it may name another tomorrow.
pub fn standing(donation: &Donation, shards: &Shards) -> Vec<(HoldPart, Ending)> {
    let Some(ending) = ending(&donation.state) else { return Vec::new() };
    let claims = shards
        .iter()
        .flat_map(|(opportunity, escrows)| escrows.iter().filter_map(move |escrow| claim(donation, opportunity, escrow)));
    claims.map(|part| if is_named(donation, &part) { (part, ending) } else { (part, Ending::Release) }).collect()
}

/// A lot on which a donation's claim is over, if it was held no longer than until then.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lot {
    /// The donation.
    pub donation: DonationId,
    /// The offering.
    pub offering: OpportunityId,
    /// The lot.
    pub lot: u32,
    /// The end of the hold: a claim that is held longer belongs to a later one.
    pub until: Moment,
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
