//! A row held against what it speaks of: whose animal it is, when it may be slaughtered, whether its evidence is there.

use std::collections::BTreeMap;

use super::evidence::{Evidence, MediaType};
use super::refusal::Refusal;
use super::update::{Distribution, Update};
use crate::id::{DonationId, EvidenceId, SlaughterhouseId};
use crate::moment::Moment;
use crate::sacrifice::animal::{self, AnimalName};
use crate::sacrifice::lot::Lot;
use crate::sacrifice::offering::{Offering, Stage, Stock};
use crate::sacrifice::rite::Meat;
use crate::sacrifice::season;
use crate::sacrifice::site::Country;

/// How far clocks of a slaughterhouse may be ahead of ours, in seconds.
pub const SKEW_SECS: i64 = 300;
/// How long after the season's end updates are waited for before an animal counts as not slaughtered, in seconds: some send their day's rows in the evening.
pub const WAITED_FOR_SECS: i64 = 6 * 3_600;
/// How long that is looked at, in seconds.
pub const LOOKED_AT_SECS: i64 = 48 * 3_600;

/// What there is of evidence under an id.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Found {
    /// Nothing.
    Missing,
    /// Something of a type that is not taken.
    Another,
    /// A photo or video, and the bucket's tag of its bytes.
    Is(MediaType, Option<String>),
}

/// Whose an animal is, if it is on a list of this slaughterhouse: `offering` is on a list that went out to it, and still its own; `lot` is the animal's.
///
/// # Errors
/// When there is no such animal for this slaughterhouse.
pub fn owners(
    animal: &AnimalName,
    slaughterhouse: &SlaughterhouseId,
    offering: Option<&Offering>,
    lot: Option<&Lot>,
) -> Result<Vec<DonationId>, Refusal> {
    let is_listed = |offering: &&Offering| match offering.stage {
        Stage::Listed => offering.place.slaughterhouse.as_ref() == Some(slaughterhouse),
        Stage::Sale | Stage::Closing | Stage::Packed => false,
    };
    let offering = offering.filter(is_listed).ok_or(Refusal::AnimalUnknown)?;
    let (number, head) = animal::place(offering.species, animal.number).ok_or(Refusal::AnimalUnknown)?;
    let lot = lot.filter(|lot| lot.lot == number).ok_or(Refusal::AnimalUnknown)?;
    let owners = animal::owners(offering.species, lot, head);
    if owners.is_empty() { Err(Refusal::AnimalUnknown) } else { Ok(owners) }
}

/// Whether an animal of the offering may have been slaughtered then, as was told at `received_at`. What is tied to no day may be from the close of its sale on.
///
/// # Errors
/// When it was outside the season, or that is not known; or when it is yet to come.
pub fn time(offering: &Offering, at: Moment, received_at: Moment) -> Result<(), Refusal> {
    let is_within = match &offering.day {
        Some(day) => season::season(&offering.place, day.year, day.sighted).ok_or(Refusal::PlaceUnlocated)?.has(at),
        None => at >= offering.closes_at,
    };
    if !is_within {
        Err(Refusal::OutsideSeason)
    } else if at > received_at.plus_seconds(SKEW_SECS) {
        Err(Refusal::InTheFuture)
    } else {
        Ok(())
    }
}

/// Whether meat of the offering's animals may be given there, as its rite has it.
///
/// # Errors
/// When it is for the poor of Makkah, and the country is another.
pub fn meat(offering: &Offering, given: &Distribution) -> Result<(), Refusal> {
    match offering.rite.rules().meat {
        Meat::PoorOfMakkah if given.country != Country::SAUDI_ARABIA => Err(Refusal::MeatElsewhere),
        Meat::PoorOfMakkah | Meat::Household | Meat::Poor => Ok(()),
    }
}

/// The evidence that a row names.
///
/// # Errors
/// When some of it is not there, or of another type.
pub fn evidence(update: &Update, found: &BTreeMap<EvidenceId, Found>) -> Result<Vec<Evidence>, Refusal> {
    let one = |id: &EvidenceId| match found.get(id).cloned().unwrap_or(Found::Missing) {
        Found::Missing => Err(Refusal::EvidenceMissing),
        Found::Another => Err(Refusal::EvidenceTypeUnknown),
        Found::Is(media_type, etag) => Ok(Evidence { id: id.clone(), media_type, etag }),
    };
    update.evidence.iter().map(one).collect()
}

/// When an offering's animals have to be slaughtered at the latest: by the end of the season at its place, or where that is not known of the day after its last day; what is tied to no day within the time for
/// which it is looked after.
pub fn ends(offering: &Offering) -> Moment {
    let dated = offering.day.as_ref().and_then(|day| {
        let season = season::season(&offering.place, day.year, day.sighted).map(|season| season.until);
        let last = super::super::feast::FeastDay { day: *super::super::feast::DAYS.end(), ..*day };
        season.or_else(|| Some(last.gregorian()?.next().next().start()))
    });
    dated.unwrap_or_else(|| super::super::close::undated_until(offering))
}

/// Whether it is time to look which animals of an offering were never told as slaughtered, however far it has come: of one that was never on a list nothing can have been told.
pub fn is_to_be_counted(offering: &Offering, now: Moment) -> bool {
    let from = ends(offering).plus_seconds(WAITED_FOR_SECS);
    let is_in_time = now >= from && now < from.plus_seconds(LOOKED_AT_SECS);
    // A sale whose lots never stood has sold nothing.
    offering.stock != Stock::Preparing && is_in_time
}

#[cfg(test)]
mod tests;
