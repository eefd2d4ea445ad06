//! What a gift holds of capped opportunities, claimed anew for a payment that came when it was given up.
//!
//! As when the gift was made: named in the donation before it is claimed, and only what is named counts. Every claim is made and taken back on condition that the donation is as it was
//! read, so that whoever gives back what was held before takes nothing of it.

use std::collections::BTreeSet;

use domain::cap::{MOST_SHARDS, Shard, hold_parts};
use domain::donation::{Donation, HoldPart, State};
use domain::id::OpportunityId;
use domain::money::Money;
use platform::table::{Escrow, Guarded};

use crate::{Deps, FulfilmentError};

/// Where the donation is to hold what it gives to capped opportunities; nothing when less remains of one of them.
///
/// # Errors
/// When the table cannot be reached.
pub async fn plan(deps: &Deps, donation: &Donation) -> Result<Option<Vec<HoldPart>>, FulfilmentError> {
    let opportunities: BTreeSet<&OpportunityId> = donation.hold.iter().map(|part| &part.opportunity).collect();
    let mut hold = Vec::new();
    for opportunity in opportunities {
        let escrow = deps.table.escrow(opportunity, MOST_SHARDS).await?;
        match parts(donation, opportunity, &escrow) {
            Some(parts) => hold.extend(parts),
            None => return Ok(None),
        }
    }
    Ok(Some(hold))
}

/// What the donation still has on a shard counts as free for it.
fn parts(donation: &Donation, opportunity: &OpportunityId, escrow: &[Escrow]) -> Option<Vec<HoldPart>> {
    let free = |escrow: &Escrow| {
        let own = escrow.claims.get(&donation.id).copied().and_then(Money::from_halalas).unwrap_or(Money::ZERO);
        Shard { number: escrow.shard, free: escrow.free_minor.plus(own).unwrap_or(escrow.free_minor) }
    };
    let shards: Vec<Shard> = escrow.iter().map(free).collect();
    let line = donation.lines.iter().find(|line| line.opportunity == *opportunity);
    let amount = line.map_or(Money::ZERO, |line| line.amount_minor);
    hold_parts(opportunity, &shards, amount, &donation.id).ok()
}

/// Claims what the donation names. `false` when it has moved on, or names other parts now, or nothing any more because too little remains: then it is read again.
///
/// # Errors
/// When the table cannot be reached or is busy.
pub async fn claim(deps: &Deps, donation: &Donation) -> Result<bool, FulfilmentError> {
    for part in &donation.hold {
        match deps.table.claim_while(donation, part, &deps.token()).await? {
            Guarded::Done => {}
            Guarded::Moved => return Ok(false),
            Guarded::Gone => {
                name_others(deps, donation.clone(), &part.opportunity).await?;
                return Ok(false);
            }
        }
    }
    Ok(true)
}

/// Gives back what is claimed of an opportunity of which a part was gone, and names others; where too little remains the donation is over.
async fn name_others(deps: &Deps, mut donation: Donation, opportunity: &OpportunityId) -> Result<(), FulfilmentError> {
    let escrow = deps.table.escrow(opportunity, MOST_SHARDS).await?;
    for shard in &escrow {
        let Some(amount_minor) = shard.claims.get(&donation.id).copied().and_then(Money::from_halalas) else { continue };
        let part = HoldPart { opportunity: opportunity.clone(), shard: shard.shard, amount_minor };
        match deps.table.take_back(&mut donation, &part, &deps.token()).await? {
            Guarded::Done => {}
            Guarded::Gone | Guarded::Moved => return Ok(()),
        }
    }
    // Whoever wrote to the donation, what stands is read again.
    match parts(&donation, opportunity, &escrow) {
        Some(parts) => {
            let others = donation.hold.iter().filter(|part| part.opportunity != *opportunity).cloned();
            let hold: Vec<HoldPart> = others.chain(parts).collect();
            deps.table.name_hold(&donation, &hold).await?;
        }
        None => {
            deps.table.move_donation(&donation, &State::Expired).await?;
        }
    }
    Ok(())
}
