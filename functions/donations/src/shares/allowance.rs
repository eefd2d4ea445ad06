//! Counting a gift's shares against its offering's limit, for each of its givers.
//!
//! The donation names its givers before they are counted, and is counted before it claims a lot. An entry is given back with the lot's claim; where that was forgotten, it is
//! found out as soon as it is in somebody's way ([`platform::table::Table::count_shares`]).

use domain::donation::Donation;
use domain::id::DonationId;
use domain::sacrifice::fairness::{Allowance, GiverHash};
use domain::sacrifice::{Claim, Reservation};
use platform::http::Problem;
use platform::table::{Allowing, Limit};

use super::Asked;
use crate::Deps;

/// How many shares of a limit are left to the giver with the least, for a donation of so many. What counts no more is looked for only where somebody would be refused for it.
///
/// # Errors
/// When the table cannot be reached.
pub async fn left(
    deps: &Deps,
    (donation, shares): (&DonationId, u8),
    givers: &[GiverHash],
    limit: Limit,
) -> Result<u8, Problem> {
    let of_one = |allowance: &Allowance| allowance.left(limit.shares, donation);
    let least = |used: &[Allowance]| used.iter().map(of_one).min().unwrap_or(limit.shares);
    let used = deps.table.allowances(givers).await?;
    let mut is_cleared = false;
    for allowance in used.iter().filter(|allowance| of_one(allowance) < shares) {
        is_cleared |= deps.table.clear_allowance(allowance).await?;
    }
    Ok(if is_cleared { least(&deps.table.allowances(givers).await?) } else { least(&used) })
}

/// Counts the donation's shares for each of its givers; how many are left to the one who has too few, where one has.
///
/// # Errors
/// When the table cannot be reached.
pub async fn count(deps: &Deps, donation: &Donation, asked: &Asked) -> Result<Option<u8>, Problem> {
    let (Some(named), Some(limit)) = (&donation.reservation, asked.limit()) else { return Ok(None) };
    for giver in &named.givers {
        let held = (named.shares, donation.expires_at);
        match deps.table.count_shares(giver, &donation.id, held, limit).await? {
            Allowing::Counted => {}
            Allowing::Full(allowance) => return Ok(Some(allowance.left(limit.shares, &donation.id))),
        }
    }
    Ok(None)
}

/// Takes the donation out of its givers' allowances, as far as it is counted there for its hold or an earlier one.
///
/// # Errors
/// When the table cannot be reached; what is left is given back at the end of the hold.
pub async fn give_back(deps: &Deps, donation: &Donation) -> Result<(), Problem> {
    for giver in donation.reservation.iter().flat_map(|named| &named.givers) {
        let is_over = |claim: &Claim| claim.is_over(donation.expires_at);
        deps.table.uncount_shares(giver, &donation.id, is_over).await?;
    }
    Ok(())
}

/// Whether the donation is counted for each of its givers, by a look.
///
/// # Errors
/// When the table cannot be reached.
pub async fn stands(deps: &Deps, donation: &Donation, named: &Reservation) -> Result<bool, Problem> {
    if named.givers.is_empty() {
        return Ok(true);
    }
    let used = deps.table.allowances(&named.givers).await?;
    let counts = |allowance: &Allowance| {
        allowance.gifts.get(&donation.id).is_some_and(|claim| claim.holds(named.shares, donation.expires_at))
    };
    Ok(used.len() == named.givers.len() && used.iter().all(counts))
}
