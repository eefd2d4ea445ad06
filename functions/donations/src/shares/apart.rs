//! Claiming shares on several lots.
//!
//! **A round.** Wait, because little is left where shares are parted; read each lot that the donation names and claim the part there, one conditional update each; if all are there, the donation is read
//! again, as for one lot. If one is gone, what is claimed stays, and others are named for the rest ([`domain::sacrifice::parting::again`]). Only where nothing else has room for it all of it is laid out anew, the donation's own claims counted as
//! free; one of another number than is named then is changed to that, in a transaction with the donation's version.
//!
//! **Too few** is said only if all lots together, with what the donation has itself, have too few. Two gifts of which each has a part of the last may both be told so: what they had is free as soon as that is said.
//!
//! **Cost.** A read for each part, a write for each that is not there yet, a read. Where a part is gone a read more, and a write of the donation.

use data_encoding::HEXLOWER;
use domain::donation::Donation;
use domain::sacrifice::lot::largest;
use domain::sacrifice::{Claim, Part, Reservation, Room, parting};
use platform::http::Problem;
use platform::table::Guarded;

use super::stock::{self, Tries};
use super::{Asked, Round, none_left, read, take, written};
use crate::Deps;

/// What became of claiming.
enum Claims {
    All,
    Gone,
    /// The donation is no longer as it was read.
    Moved,
}

/// Claims each part that the donation names, or names others.
///
/// # Errors
/// When the table cannot be reached, little is left and this request has waited often enough, or too many lots were named.
pub async fn round(
    deps: &Deps,
    asked: &Asked,
    donation: &Donation,
    named: &Reservation,
    tries: &mut Tries,
) -> Result<Round, Problem> {
    stock::pause(deps, asked, tries).await?;
    match claim(deps, asked, donation, named).await? {
        Claims::All => Ok(Round::Taken),
        Claims::Moved => Ok(Round::Look(Box::new(read(deps, &donation.id).await?))),
        Claims::Gone => elsewhere(deps, asked, donation, named).await,
    }
}

async fn claim(deps: &Deps, asked: &Asked, donation: &Donation, named: &Reservation) -> Result<Claims, Problem> {
    for part in named.places() {
        // Each right before it is claimed: while the one before was written, others may have been quicker here.
        let Some(lot) = stock::see(deps, asked, &[part.lot]).await?.pop() else { return Ok(Claims::Gone) };
        let is_held = match lot.claims.get(&donation.id) {
            Some(claim) if claim.holds(part.shares, donation.expires_at) => true,
            Some(claim) if claim.shares != part.shares => match resize(deps, donation, named, (part, *claim)).await? {
                Guarded::Done => true,
                Guarded::Gone => false,
                Guarded::Moved => return Ok(Claims::Moved),
            },
            // It is held for too short a time: claiming again holds it longer.
            Some(_) => take(deps, donation, &named.offering, part).await?,
            None => lot.free >= part.shares && take(deps, donation, &named.offering, part).await?,
        };
        if !is_held {
            return Ok(Claims::Gone);
        }
    }
    Ok(Claims::All)
}

/// Makes the donation's claim of another number into this part.
///
/// # Errors
/// When the table cannot be reached.
pub async fn resize(
    deps: &Deps,
    donation: &Donation,
    named: &Reservation,
    (part, has): (Part, Claim),
) -> Result<Guarded, Problem> {
    let token = HEXLOWER.encode(&deps.random.bytes::<16>());
    Ok(deps.table.resize_claim_while(donation, (&named.offering, part), has, &token).await?)
}

/// Names other lots for what is not claimed, the donation's own claims minded.
///
/// # Errors
/// When the table cannot be reached, or too many lots were named.
pub async fn elsewhere(deps: &Deps, asked: &Asked, donation: &Donation, named: &Reservation) -> Result<Round, Problem> {
    let lots = stock::see(deps, asked, &named.lots().collect::<Vec<_>>()).await?;
    let mine = parting::mine(&lots, &donation.id);
    let kept = parting::kept(&named.places(), &mine);
    let (rooms, began) = stock::rooms(deps, asked).await?;
    let chance = deps.random.number();
    match parting::again((&kept, &mine), &rooms, (asked.shares, asked.may_part()), (asked.species, chance)) {
        Some(places) => Ok(Round::Look(Box::new(written(deps, donation, named.parted(&places)).await?))),
        None => {
            let largest = largest(&parting::all(&rooms, &mine));
            Ok(Round::None(none_left(asked, (largest, parting::left(&rooms, &mine)), began)))
        }
    }
}

/// Gives back what a gift that was refused, or has given up, has on lots, once it says so: nobody claims for it any more, but for the same request that was sent again and is slow. What it is asked for anew is held longer.
///
/// # Errors
/// When the table cannot be reached; what is left is given back at the end of the hold.
pub async fn give_back(deps: &Deps, donation: &Donation, named: &Reservation) -> Result<(), Problem> {
    let numbers: Vec<u32> = named.lots().collect();
    for lot in deps.table.lots(&named.offering, &numbers).await? {
        if lot.claims.contains_key(&donation.id) {
            let is_over = |claim: &Claim| claim.is_over(donation.expires_at);
            let freed = deps.table.give_shares_back(&named.offering, lot.lot, &donation.id, is_over).await?;
            let room = Room { free: lot.free.saturating_add(freed), ..lot.room() };
            deps.stock.gave_back(&named.offering, room, deps.clock.now());
        }
    }
    Ok(())
}
