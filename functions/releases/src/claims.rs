//! Which claims a donation has on the shards that were read, and how each of them ends: pure.

use std::collections::BTreeMap;

use domain::donation::{Donation, HoldPart};
use domain::id::OpportunityId;
use domain::money::Money;
use platform::table::Escrow;

use crate::decide::{Ending, ending};

/// The shards of some opportunities, as they were read.
pub type Shards = BTreeMap<OpportunityId, Vec<Escrow>>;

/// The opportunities on whose shards a donation may have claims: those of its lines, and those that its hold names.
pub fn opportunities(donation: &Donation) -> impl Iterator<Item = &OpportunityId> {
    let of_lines = donation.lines.iter().map(|line| &line.opportunity);
    of_lines.chain(donation.hold.iter().map(|part| &part.opportunity))
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

fn claim(donation: &Donation, opportunity: &OpportunityId, escrow: &Escrow) -> Option<HoldPart> {
    let amount_minor = escrow.claims.get(&donation.id).copied().and_then(Money::from_halalas)?;
    Some(HoldPart { opportunity: opportunity.clone(), shard: escrow.shard, amount_minor })
}

/// By place: a shard has at most one claim of a donation.
fn is_named(donation: &Donation, part: &HoldPart) -> bool {
    donation.hold.iter().any(|named| named.opportunity == part.opportunity && named.shard == part.shard)
}
