//! What became of the shares of a donation whose money moved.
//!
//! A claim is confirmed here only where its donation names it at that moment: where it is, by a plain update of a claim that is held; elsewhere together with the donation, in
//! one transaction. So however many look for the same shares at once, and whatever goes back meanwhile, no confirmed claim is left that nobody names.

use domain::case::{Case, Reason};
use domain::donation::{Donation, State};
use domain::id::DonationId;
use domain::money::Money;
use domain::sacrifice::{Reservation, parting};
use platform::table::{Confirming, Placing};
use platform::telemetry;

use crate::room::{self, Found};
use crate::{Deps, FulfilmentError};

/// Rounds of one message: each is lost to somebody who wrote to the donation or took the last of a lot.
pub const ROUNDS: u32 = 8;

/// Confirms what is paid; gives free what has gone back.
///
/// # Errors
/// See [`FulfilmentError`].
pub async fn moved(deps: &Deps, id: &DonationId) -> Result<(), FulfilmentError> {
    for _ in 0..ROUNDS {
        let donation = deps.table.donation(id).await?.ok_or(FulfilmentError::Gone)?;
        let Some(named) = donation.reservation.clone() else { return Ok(()) };
        let is_done = match &donation.state {
            State::Settled { .. } | State::PartlyRefunded { .. } | State::Disputed { .. } | State::Refunded { .. } => {
                if donation.keeps_shares() {
                    confirm(deps, &donation, &named).await?
                } else {
                    give_back(deps, &donation, &named).await?
                }
            }
            State::Awaiting | State::Failed { .. } | State::Cancelled | State::Expired => {
                return Err(FulfilmentError::NotPaid);
            }
        };
        if is_done {
            return Ok(());
        }
    }
    Err(FulfilmentError::Crowded)
}

async fn give_back(deps: &Deps, donation: &Donation, named: &Reservation) -> Result<bool, FulfilmentError> {
    for lot in named.lots() {
        let freed = deps.table.give_shares_back(&named.offering, lot, &donation.id, |_| true).await?;
        telemetry::count("fulfilment", "SharesReturned", freed.into());
    }
    for giver in &named.givers {
        deps.table.uncount_shares(giver, &donation.id, |_| true).await?;
    }
    Ok(true)
}

/// `false` when the donation has moved on and is to be read again.
async fn confirm(deps: &Deps, donation: &Donation, named: &Reservation) -> Result<bool, FulfilmentError> {
    for part in named.places() {
        match deps.table.confirm_shares(&named.offering, part.lot, &donation.id, part.shares).await? {
            Confirming::Confirmed => {}
            Confirming::Missing => return missing(deps, donation, named).await,
        }
    }
    Ok(true)
}

/// There is no claim where the donation says there is, as it was read: its shares may have been moved since, when animals were filled.
async fn missing(deps: &Deps, donation: &Donation, named: &Reservation) -> Result<bool, FulfilmentError> {
    let now = deps.table.donation(&donation.id).await?.ok_or(FulfilmentError::Gone)?;
    // Whatever has moved it, its money that went back above all, decides anew.
    if now.version != donation.version {
        return Ok(false);
    }
    replace(deps, &now, named).await
}

/// A request that named these lots died before it claimed. Its shares may be on a lot that it named before, or on any; those that are where they should be stay. `false` when something has moved meanwhile.
async fn replace(deps: &Deps, donation: &Donation, named: &Reservation) -> Result<bool, FulfilmentError> {
    let lots = room::named_lots(deps, named).await?;
    let mine = parting::mine(&lots, &donation.id);
    // It was claimed where it should be meanwhile.
    if named.places().iter().all(|place| mine.contains(place)) {
        return Ok(false);
    }
    let to = match room::find(deps, donation, named, &lots).await? {
        Found::Room(to) => to,
        Found::Nothing => {
            tell_missing(deps, donation, named, "").await?;
            return Ok(true);
        }
        Found::TooMany => {
            tell_missing(deps, donation, named, ", on a lot that it may not name any more").await?;
            return Ok(true);
        }
    };
    Ok(deps.table.place_shares(donation, (&to, &lots), &deps.token()).await? == Placing::Placed)
}

async fn tell_missing(deps: &Deps, donation: &Donation, named: &Reservation, but: &str) -> Result<(), FulfilmentError> {
    let line = donation.lines.iter().find(|line| line.sacrifice.is_some());
    let case = Case {
        reason: Reason::SharesMissing,
        payment: donation.state.settled_by().map(|by| by.payment.clone()),
        donation: Some(donation.id),
        refund: None,
        amount_minor: line.map_or(Money::ZERO, |line| line.amount_minor),
        evidence: format!("{} of {}{but}", named.shares, named.offering),
        opened_at: deps.clock.now(),
    };
    tracing::error!(case = case.id(), "a donation is paid, and no share is left for it");
    Ok(deps.table.open_case(&case).await?)
}
