//! What a step makes of lots and donations, as they stand when it is made.
//!
//! A plan is made of what lots had at one moment. Until a step is made a gift may have gone back; then it is not made, and what is left is planned again.

use std::collections::{BTreeMap, BTreeSet};

use super::Move;
use super::blocks::ANIMAL;
use crate::donation::Donation;
use crate::id::DonationId;
use crate::sacrifice::lot::{Lot, Standing};
use crate::sacrifice::reservation::{Part, Reservation};

/// How a donation's confirmed shares on a lot change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClaimChange {
    /// The donation.
    pub donation: DonationId,
    /// What it has there; nothing where it has no claim.
    pub was: u8,
    /// What it is to have there; nothing where its claim goes.
    pub is: u8,
}

/// How a lot changes: what it has of each donation, and with it how many shares it has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LotChange {
    /// The lot.
    pub lot: u32,
    /// The claims that change.
    pub claims: Vec<ClaimChange>,
}

impl LotChange {
    /// By how many shares the lot grows.
    pub fn added(&self) -> i16 {
        self.claims.iter().map(|claim| i16::from(claim.is) - i16::from(claim.was)).sum()
    }
}

/// What a step changes, all of it or nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rearrangement {
    /// The lots.
    pub lots: Vec<LotChange>,
    /// The donations, as they were read, with what they name from then on.
    pub donations: Vec<(Donation, Reservation)>,
}

/// Why a step cannot be made any more.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Obstacle {
    /// A donation is not paid any more, has fewer shares on the lot, or says that they are elsewhere.
    #[error("the shares of {0} are not there any more")]
    Gone(DonationId),
    /// A lot has no room.
    #[error("lot {0} has no room")]
    NoRoom(u32),
}

/// What a step changes of these lots and donations.
///
/// # Errors
/// When it cannot be made as they stand.
pub fn rearrange(step: &[Move], lots: &[Lot], donations: &[Donation]) -> Result<Rearrangement, Obstacle> {
    let owners: BTreeSet<DonationId> = step.iter().map(|one| one.donation).collect();
    let mut named = Vec::new();
    for id in &owners {
        let donation = donations.iter().find(|donation| donation.id == *id).ok_or(Obstacle::Gone(*id))?;
        named.push((donation.clone(), placed(step, lots, donation)?));
    }
    let touched: BTreeSet<u32> = step.iter().flat_map(|one| [one.from, one.to]).collect();
    let changes = touched.into_iter().map(|number| change(step, lots, number));
    Ok(Rearrangement { lots: changes.collect::<Result<_, _>>()?, donations: named })
}

/// What the donation names after the step, if it stands and its shares are where it says.
fn placed(step: &[Move], lots: &[Lot], donation: &Donation) -> Result<Reservation, Obstacle> {
    let gone = Obstacle::Gone(donation.id);
    let reservation = donation.reservation.as_ref().filter(|_| donation.keeps_shares()).ok_or(gone)?;
    let named: BTreeMap<u32, u8> = reservation.places().into_iter().map(|part| (part.lot, part.shares)).collect();
    let mut places = named.clone();
    // Several moves may leave one lot: what it has is held against what was named before all of them.
    for one in step.iter().filter(|one| one.donation == donation.id) {
        let is_true = claim(lots, one.from, &donation.id) == named.get(&one.from).copied();
        let has = places.get_mut(&one.from).filter(|_| is_true).ok_or(gone)?;
        *has = has.checked_sub(one.shares).ok_or(gone)?;
        *places.entry(one.to).or_default() += one.shares;
    }
    let places: Vec<Part> =
        places.into_iter().filter(|(_, shares)| *shares > 0).map(|(lot, shares)| Part { lot, shares }).collect();
    Ok(reservation.placed(&places))
}

fn claim(lots: &[Lot], number: u32, donation: &DonationId) -> Option<u8> {
    let lot = lots.iter().find(|lot| lot.lot == number)?;
    lot.claims.get(donation).filter(|claim| claim.standing == Standing::Confirmed).map(|claim| claim.shares)
}

/// What the step makes of one lot.
fn change(step: &[Move], lots: &[Lot], number: u32) -> Result<LotChange, Obstacle> {
    let lot = lots.iter().find(|lot| lot.lot == number).ok_or(Obstacle::NoRoom(number))?;
    let mut claims: BTreeMap<DonationId, (u8, u8)> = BTreeMap::new();
    for one in step.iter().filter(|one| [one.from, one.to].contains(&number)) {
        let was = lot.claims.get(&one.donation).map_or(0, |claim| claim.shares);
        let (_, is) = claims.entry(one.donation).or_insert((was, was));
        *is = if one.from == number {
            is.checked_sub(one.shares).ok_or(Obstacle::Gone(one.donation))?
        } else {
            *is + one.shares
        };
    }
    let claims = claims.into_iter().map(|(donation, (was, is))| ClaimChange { donation, was, is });
    let change = LotChange { lot: number, claims: claims.collect() };
    let after = i32::from(lot.shares) + i32::from(change.added());
    if (0..=i32::try_from(ANIMAL).unwrap_or(0)).contains(&after) { Ok(change) } else { Err(Obstacle::NoRoom(number)) }
}
