//! A payment that came when what its donation held was given up: the same is looked for again, and settlement is told of the payment again.
//!
//! | the donation | then |
//! |---|---|
//! | of shares alone, cancelled or expired; or failed and given up, of whatever it held: the sale open, enough left | it waits again, naming where; then the claims; then it says that it holds them; then the payment is told again, and settles it |
//! | the same, too little left, or the sale closed | it is over, and says of shares that they are lost; then the payment is told again, and is owed back |
//! | the same, and only lots have room that it may not name any more, because it has named two dozen | as where too little is left: the money is not kept waiting |
//! | waits, and what it names is not all claimed: an earlier try ended here, or the donor tries again at this moment | its shares are counted against the limit again, where there is one; then the claims, on other lots and shards where those are full; then as above |
//! | the same, and its giver has too few left of the limit by now | as where too little is left |
//! | paid, over, or its shares lost | the payment is told again: settlement knows what to do |

use std::time::Duration;

use domain::donation::{Donation, State};
use domain::message::Message;
use domain::moment::Moment;
use domain::payment::PaymentFact;
use domain::sacrifice::{Claim, Reservation, Selling};
use platform::table::{Allowing, Guarded, Limit, Taking};
use platform::telemetry;

use crate::confirm::ROUNDS;
use crate::room::{self, Found};
use crate::{Deps, FulfilmentError, caps};

/// How long the shares that were found are held: settlement needs seconds, an outage of its queue minutes.
pub const HOLD_SECS: i64 = domain::sacrifice::reservation::HOLD_SECS;

/// Looks for shares for a payment that came late.
///
/// # Errors
/// See [`FulfilmentError`].
pub async fn seek(deps: &Deps, fact: &PaymentFact) -> Result<(), FulfilmentError> {
    let id = fact.donation.ok_or(FulfilmentError::Gone)?;
    for _ in 0..ROUNDS {
        let donation = deps.table.donation(&id).await?.ok_or(FulfilmentError::Gone)?;
        let named = donation.reservation.clone();
        let is_decided = match &donation.state {
            _ if named.as_ref().is_some_and(|named| named.is_lost) => true,
            State::Cancelled | State::Expired if !donation.hold.is_empty() => {
                // What it claimed on the way is free at once.
                deps.holds.send(Message::HoldDropped { donation: donation.id }, Duration::ZERO).await?;
                true
            }
            State::Cancelled | State::Expired => look(deps, &donation).await?,
            State::Failed { .. } if donation.dropped => look(deps, &donation).await?,
            State::Awaiting if donation.dropped => claim(deps, &donation).await? && deps.table.keep_hold(&donation).await?,
            // It holds what it names.
            State::Awaiting | State::Failed { .. } => true,
            State::Settled { .. } | State::PartlyRefunded { .. } | State::Disputed { .. } | State::Refunded { .. } => true,
        };
        if is_decided {
            return Ok(deps.payments.send(Message::PaymentTold(fact.clone()), Duration::ZERO).await?);
        }
    }
    Err(FulfilmentError::Crowded)
}

/// Whether it is decided: that too little is left. Where enough is, the donation is read again.
async fn look(deps: &Deps, donation: &Donation) -> Result<bool, FulfilmentError> {
    let now = deps.clock.now();
    let other = match &donation.reservation {
        None => None,
        Some(named) => match other(deps, donation, named, now).await? {
            Found::Room(other) => Some(other),
            Found::Nothing | Found::TooMany => return lose(deps, donation).await,
        },
    };
    let Some(hold) = caps::plan(deps, donation).await? else { return lose(deps, donation).await };
    let until = renewed_until(donation, now);
    let delay = Duration::from_secs(HOLD_SECS.unsigned_abs());
    deps.holds.send(Message::HoldDue { donation: donation.id }, delay).await?;
    // Whether it was this message that renewed it: what stands is read.
    if deps.table.renew_donation(donation, (&hold, other.as_ref()), until).await? {
        telemetry::count("fulfilment", "LateHolds", 1);
    }
    Ok(false)
}

/// Other shares, while the sale is open.
async fn other(deps: &Deps, donation: &Donation, named: &Reservation, now: Moment) -> Result<Found, FulfilmentError> {
    let offering = deps.table.offering(&named.offering).await?.ok_or(FulfilmentError::NoOffering)?;
    match offering.selling(now) {
        Selling::Open => room::find(deps, donation, named, &room::named_lots(deps, named).await?).await,
        Selling::Opens(_) | Selling::Closed(_) => Ok(Found::Nothing),
    }
}

/// The end of the new hold: after that of the one before, by which whoever releases tells the claims of the two apart. The clock by which that one was set may have been ahead of
/// this one, and the donation cancelled at once.
fn renewed_until(donation: &Donation, now: Moment) -> Moment {
    now.plus_seconds(HOLD_SECS).max(donation.expires_at.plus_seconds(1))
}

/// Claims what the donation names. `false` when it is to be read again.
async fn claim(deps: &Deps, donation: &Donation) -> Result<bool, FulfilmentError> {
    if let Some(named) = &donation.reservation
        && !hold(deps, donation, named).await?
    {
        return Ok(false);
    }
    caps::claim(deps, donation).await
}

/// The claims on the lots that are named, or on others. Where there is none, the donation is over again.
async fn hold(deps: &Deps, donation: &Donation, named: &Reservation) -> Result<bool, FulfilmentError> {
    if !count(deps, donation, named).await? {
        lose(deps, donation).await?;
        return Ok(false);
    }
    match claim_parts(deps, donation, named).await? {
        Guarded::Done => return Ok(true),
        Guarded::Moved => return Ok(false),
        Guarded::Gone => {}
    }
    match room::find(deps, donation, named, &room::named_lots(deps, named).await?).await? {
        Found::Room(other) => {
            deps.table.name_lot(donation, &other).await?;
        }
        Found::Nothing | Found::TooMany => {
            deps.table.move_donation(donation, &State::Expired).await?;
        }
    }
    Ok(false)
}

/// Each part that the donation names. What it has there of another number, from a hold before this one, is changed to that.
async fn claim_parts(deps: &Deps, donation: &Donation, named: &Reservation) -> Result<Guarded, FulfilmentError> {
    let lots = room::named_lots(deps, named).await?;
    for part in named.places() {
        let claim = lots.iter().find(|lot| lot.lot == part.lot).and_then(|lot| lot.claims.get(&donation.id));
        let done = match claim.filter(|claim| claim.shares != part.shares) {
            Some(claim) => deps.table.resize_claim_while(donation, (&named.offering, part), *claim, &deps.token()).await?,
            None => {
                let held = (part.shares, donation.expires_at);
                match deps.table.take_shares(&named.offering, part.lot, &donation.id, held).await? {
                    Taking::Held(_) => Guarded::Done,
                    Taking::Gone(_) => Guarded::Gone,
                }
            }
        };
        if done != Guarded::Done {
            return Ok(done);
        }
    }
    Ok(Guarded::Done)
}

/// Whether its givers' limit allows the donation its shares, again or still.
async fn count(deps: &Deps, donation: &Donation, named: &Reservation) -> Result<bool, FulfilmentError> {
    if named.givers.is_empty() {
        return Ok(true);
    }
    let offering = deps.table.offering(&named.offering).await?.ok_or(FulfilmentError::NoOffering)?;
    let Some(shares) = offering.fairness.limit else { return Ok(true) };
    let limit = Limit { shares, closes_at: offering.closes_at };
    for giver in &named.givers {
        let held = (named.shares, donation.expires_at);
        match deps.table.count_shares(giver, &donation.id, held, limit).await? {
            Allowing::Counted => {}
            Allowing::Full(_) => return Ok(false),
        }
    }
    Ok(true)
}

/// Too little is left: the donation is over and says so of its shares, and its givers may have as many elsewhere. `false` when it has moved on meanwhile.
async fn lose(deps: &Deps, donation: &Donation) -> Result<bool, FulfilmentError> {
    let is_payable = donation.state.is_payable();
    let Some(named) = &donation.reservation else {
        return Ok(!is_payable || deps.table.move_donation(donation, &State::Expired).await?);
    };
    let lost = Reservation { is_lost: true, ..named.clone() };
    let is_lost = if is_payable {
        deps.table.end_reservation(donation, &State::Expired, &lost).await?
    } else {
        deps.table.name_lot(donation, &lost).await?
    };
    if is_lost {
        // What it has of a part of its shares is free at once.
        for lot in named.lots() {
            let is_over = |claim: &Claim| claim.is_over(donation.expires_at);
            deps.table.give_shares_back(&named.offering, lot, &donation.id, is_over).await?;
        }
        for giver in &named.givers {
            let is_over = |claim: &Claim| claim.is_over(donation.expires_at);
            deps.table.uncount_shares(giver, &donation.id, is_over).await?;
        }
    }
    Ok(is_lost)
}
