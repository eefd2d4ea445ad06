//! Which shares are to be carried out, and on whose behalf.
//!
//! Names are opened here and nowhere else of this function, for the documents alone.

use std::collections::{BTreeMap, BTreeSet};

use documents::list::{Behalf, Row};
use domain::donation::Donation;
use domain::id::DonationId;
use domain::person::Person;
use domain::sacrifice::close::is_packed;
use domain::sacrifice::{Lot, Offering, animal, season};
use futures_util::{FutureExt as _, StreamExt as _, TryStreamExt as _, stream};
use platform::privacy::PrivacyError;

use crate::{Deps, ExecutionError};

/// Donors whose names are opened at the same time: each is a read and a call of the key service.
const AT_ONCE: usize = 16;

/// Whose a share is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Owner {
    /// A donation's: which of its shares, from zero.
    Donation(DonationId, usize),
    /// The platform's own.
    Platform,
}

/// A share of an animal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Share {
    /// Which of the list's offerings, from zero.
    pub(crate) offering: usize,
    /// The animal's number within it.
    pub(crate) animal: u32,
    /// Which of the animal's shares, from one.
    pub(crate) share: u8,
    /// Whose it is.
    pub(crate) owner: Owner,
}

/// The shares of these offerings, animal by animal; none where the animals of one are not packed any more.
///
/// # Errors
/// When the table cannot be reached.
pub(crate) async fn shares(deps: &Deps, offerings: &[Offering]) -> Result<Option<Vec<Share>>, ExecutionError> {
    let mut shares = Vec::new();
    for (index, offering) in offerings.iter().enumerate() {
        let lots = deps.table.all_lots(&offering.id).await?;
        if !is_packed(&lots, offering.species) {
            return Ok(None);
        }
        shares.extend(of_lots(index, offering, &lots));
    }
    Ok(Some(shares))
}

/// Names are given to a donation's shares in the order of its animals.
fn of_lots(index: usize, offering: &Offering, lots: &[Lot]) -> Vec<Share> {
    let mut had: BTreeMap<DonationId, usize> = BTreeMap::new();
    let mut next = |donation: &DonationId| {
        let number = had.entry(*donation).or_default();
        *number += 1;
        Owner::Donation(*donation, *number - 1)
    };
    let mut shares = Vec::new();
    for lot in lots {
        let at = |head, share, owner| {
            let animal = animal::number(offering.species, lot.lot, head);
            Share { offering: index, animal, share, owner }
        };
        if offering.species.shares() == 1 {
            let mut heads: Vec<(u8, DonationId)> =
                lot.heads.iter().flat_map(|(donation, heads)| heads.iter().map(|head| (*head, *donation))).collect();
            heads.sort_unstable();
            shares.extend(heads.into_iter().map(|(head, donation)| at(head, 1, next(&donation))));
        } else {
            let of_donors = lot.confirmed().flat_map(|(donation, count)| (0..count).map(|_| *donation));
            let owners: Vec<Owner> = of_donors.map(|donation| next(&donation)).collect();
            let all = owners.into_iter().chain((0..lot.own).map(|_| Owner::Platform));
            shares.extend((1..).zip(all).map(|(share, owner)| at(0, share, owner)));
        }
    }
    shares
}

/// What a donation says of on whose behalf its shares are.
enum Names {
    Told(Vec<String>),
    Erased,
}

/// The rows of these shares, with names.
///
/// # Errors
/// When donations or keys cannot be read. What was erased is no error.
pub(crate) async fn rows(deps: &Deps, offerings: &[Offering], shares: &[Share]) -> Result<Vec<Row>, ExecutionError> {
    let owners = shares.iter().filter_map(|share| match share.owner {
        Owner::Donation(donation, _) => Some(donation),
        Owner::Platform => None,
    });
    let ids: Vec<DonationId> = owners.collect::<BTreeSet<_>>().into_iter().collect();
    let donations = deps.table.donations(&ids).await?;
    let mut work = Vec::new();
    for donation in &donations {
        work.push(names(deps, donation).boxed());
    }
    let names: BTreeMap<DonationId, Names> = stream::iter(work).buffer_unordered(AT_ONCE).try_collect().await?;
    let spans: Vec<Option<(String, String)>> = offerings.iter().map(span).collect();
    let row = |share: &Share| {
        let offering = &offerings[share.offering];
        Row {
            animal: animal::name(&offering.id, share.animal),
            species: offering.species,
            rite: offering.rite,
            share: share.share,
            behalf: behalf(share.owner, &names),
            span: spans[share.offering].clone(),
        }
    };
    Ok(shares.iter().map(row).collect())
}

fn behalf(owner: Owner, names: &BTreeMap<DonationId, Names>) -> Behalf {
    match owner {
        Owner::Platform => Behalf::Platform,
        Owner::Donation(donation, index) => match names.get(&donation) {
            Some(Names::Told(names)) => names.get(index).map_or(Behalf::Unnamed, |name| Behalf::Name(name.clone())),
            Some(Names::Erased) => Behalf::Erased,
            None => Behalf::Unnamed,
        },
    }
}

async fn names(deps: &Deps, donation: &Donation) -> Result<(DonationId, Names), ExecutionError> {
    let Some(sealed) = &donation.personal else { return Ok((donation.id, Names::Told(Vec::new()))) };
    match deps.privacy.open::<Person>(sealed).await {
        Ok(person) => Ok((donation.id, Names::Told(person.on_behalf_of))),
        Err(PrivacyError::Erased) => Ok((donation.id, Names::Erased)),
        Err(error) => Err(error.into()),
    }
}

/// When the animals of an offering are to be slaughtered, on the clocks of its place: on the day that it promises, by daylight. None for what is tied to no day, or where it is not known where the place lies.
pub(crate) fn span(offering: &Offering) -> Option<(String, String)> {
    let span = season::daylight(&offering.place, offering.day.as_ref()?)?;
    let offset = offering.place.utc_offset?;
    Some((offset.local(span.from), offset.local(span.until)))
}
