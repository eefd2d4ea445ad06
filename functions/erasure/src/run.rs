//! One message: as many donations as it holds, and a message for the rest.

use std::time::Duration;

use domain::donation::Donation;
use domain::message::{Message, Reached};
use domain::owner::{Owner, erased_until};
use domain::receipt;
use platform::batch::{Delivery, Failure};
use platform::bucket::BucketError;
use platform::http::chain;
use platform::queue::QueueError;
use platform::table::{OfDonor, TableError};
use platform::telemetry;

use crate::Deps;

/// Donations that one message deals with at most: a few seconds of work.
pub const MOST_DONATIONS: i32 = 25;
/// Listings of one donation's receipts at most, each of a thousand versions: a receipt is set anew once a month or when something went back.
const MOST_LISTINGS: usize = 10;

#[derive(Debug, thiserror::Error)]
enum ErasureError {
    #[error("the table")]
    Table(#[from] TableError),
    #[error("the documents")]
    Bucket(#[from] BucketError),
    #[error("the queue")]
    Queue(#[from] QueueError),
    #[error("the donation stands in the books where there is no page")]
    NoPage,
    #[error("a donation has more than {MOST_LISTINGS} listings of receipts")]
    TooMany,
}

/// Takes away what a message asks for; gives it back if it has to come again.
pub(crate) async fn run(deps: &Deps, delivery: &Delivery) -> Option<Failure> {
    let Message::ErasureDue { owner, after } = &delivery.message else {
        tracing::error!(message_id = delivery.id, "a message is not for erasure");
        return Some(delivery.failure());
    };
    match erase(deps, owner, after.as_ref()).await {
        Ok(()) => None,
        Err(error) => {
            tracing::warn!(message_id = delivery.id, error = chain(&error), "an erasure comes again");
            Some(delivery.failure())
        }
    }
}

async fn erase(deps: &Deps, owner: &Owner, after: Option<&Reached>) -> Result<(), ErasureError> {
    let Some(erased_at) = deps.table.data_key(&owner.to_string()).await?.erased_at else { return Ok(()) };
    let until = erased_until(erased_at);
    let OfDonor { donations, reached } = match owner {
        Owner::Donor(donor) => {
            if after.is_none() {
                deps.table.forget_telling(donor, until).await?;
            }
            deps.table.donations_until((donor, until), after, MOST_DONATIONS).await?
        }
        Owner::Donation(donation) => OfDonor { donations: vec![*donation], reached: None },
    };
    for donation in deps.table.donations(&donations).await? {
        // One that was refused may have been made anew since, under the same id.
        if donation.made_at <= until {
            clean(deps, &donation).await?;
        }
    }
    if reached.is_some() {
        let rest = Message::ErasureDue { owner: owner.clone(), after: reached };
        deps.erasures.send(rest, Duration::ZERO).await?;
    } else {
        telemetry::count("erasure", "Erasures", 1);
    }
    Ok(())
}

async fn clean(deps: &Deps, donation: &Donation) -> Result<(), ErasureError> {
    if donation.leaf_key.is_none() {
        forget(deps, donation).await?;
    }
    let folder = receipt::folder(&donation.id);
    for _ in 0..MOST_LISTINGS {
        let versions = deps.bucket.versions(&folder).await?;
        for version in &versions.found {
            deps.bucket.delete_version(version).await?;
        }
        if !versions.more {
            return Ok(());
        }
    }
    Err(ErasureError::TooMany)
}

/// The salts that are kept for a donation's entries. It is marked first: what was booked of it until then has its place, and of what is booked from then on none is kept.
async fn forget(deps: &Deps, donation: &Donation) -> Result<(), ErasureError> {
    let Some(Donation { place, back, .. }) = deps.table.forget_donation(&donation.id).await? else { return Ok(()) };
    for place in place.into_iter().chain(back.booked) {
        let chain = place.chain_id().ok_or(ErasureError::NoPage)?;
        let page = deps.table.page(chain, place.seq).await?.ok_or(ErasureError::NoPage)?;
        // A page without a key keeps no salt of any entry.
        if let Some(key) = page.key() {
            deps.table.forget_salt(&key, place.index).await?;
        }
    }
    Ok(())
}
