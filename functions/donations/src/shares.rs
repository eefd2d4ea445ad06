//! Reserving shares of an offering, before there is a checkout.
//!
//! **Promise.** A donation that is answered with a checkout has, on the lot that it names, exactly the shares that it asks for; or on several, where no lot had room for all of them and they may be [`apart`].
//! *Sold out* is said only when a look at every lot, begun less than [`stock::LOOK_AGE_MS`] ago, found none with room: within two seconds before the answer each lot was seen without it. Where they may be apart, it
//! found too little on all lots together.
//!
//! **Order of writes.** The donation first, naming its lot and its givers; then the givers' [`allowance`]s, where the offering has a limit; then the claim on that lot, one conditional
//! update; then the donation is read again, because the same request, sent twice, may have named another. Only the named lot counts. Whatever is claimed elsewhere on the way is swept at the hold's end, of which a message was sent before the first
//! claim.
//!
//! **Where to claim.** [`stock`] remembers what this environment has seen: it stays with one lot as long as it knows it to have room, reads before it writes to one that it does not
//! know, and where little is left waits a moment first.
//!
//! **Again.** A gift whose claims all stand is only looked at: its retry writes nothing and sends nothing. One that was refused is as if it had never been made: asked for again it looks
//! anew, so that of two equal requests at once both are told the same.
//!
//! **Bounds.** [`MOST_ROUNDS`] rounds and [`stock::MOST_WAITS`] waits for one request, then "one moment": the donation stays, and the same request goes on.

pub mod allowance;
pub mod apart;
pub mod stock;

use domain::donation::{Donation, State};
use domain::id::{DonationId, OpportunityId};
use domain::moment::Moment;
use domain::money::Money;
use domain::purpose::Language;
use domain::sacrifice::{Fairness, Offering, Part, Reservation, Selling, Species};
use platform::http::Problem;
use platform::table::{Guarded, Limit, Taking};

use crate::Deps;
use crate::command::Wanted;
use crate::fault::{
    Found, NO_ROOM_IN_ONE, OFFERING_UNKNOWN, PRICE_DIFFERS, SALE_CLOSED, SALE_NOT_OPEN, SHARES_NEEDED, SOLD_OUT,
    TOO_FEW_LEFT, WAKALA_REFUSED, WHOLE_ANIMALS, problem,
};
use crate::gate::limit_reached;
use crate::ground::Ground;
use stock::{Found as Lots, Ready, Tries};

/// Rounds of one request: each is lost to somebody who took the last of a lot.
pub const MOST_ROUNDS: usize = 6;

/// Shares that a donation asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Asked {
    /// The number of the line.
    pub line: usize,
    /// The offering.
    pub offering: OpportunityId,
    /// The kind of animal.
    pub species: Species,
    /// How many.
    pub shares: u8,
    /// Whether shares of an animal of seven may be in several animals.
    pub apart: bool,
    /// The offering's rules of fairness.
    pub fairness: Fairness,
    /// When its sale closes.
    pub closes_at: Moment,
}

impl Asked {
    fn of(line: usize, (shares, apart): (u8, bool), offering: &Offering) -> Asked {
        Asked {
            line,
            offering: offering.id.clone(),
            species: offering.species,
            shares,
            apart,
            fairness: offering.fairness.clone(),
            closes_at: offering.closes_at,
        }
    }

    /// Whether they may be on several lots. Heads have no reason to be on one.
    pub const fn may_part(&self) -> bool {
        self.apart || self.species.shares() == 1
    }

    /// The limit of shares for one giver, where there is one.
    pub fn limit(&self) -> Option<Limit> {
        self.fairness.limit.map(|shares| Limit { shares, closes_at: self.closes_at })
    }
}

/// How reserving went.
#[derive(Debug)]
pub enum Reserving {
    /// The donation has its shares, or asks for none.
    Reserved(Donation),
    /// The donation cannot be paid any more.
    Over(Donation),
    /// Too few are left; the donation is cancelled.
    Refused(Vec<Found>),
}

/// What the line costs: for a sacrifice the price of its shares, if it can be had now; otherwise what is given.
///
/// # Errors
/// What is wrong with it.
pub fn price(wanted: &Wanted, number: usize, ground: &Ground, now: Moment) -> Result<Option<Money>, Found> {
    let at = |member: &str| format!("/lines/{number}{member}");
    let offering = ground.offerings.get(&wanted.opportunity);
    let (asks, offering) = match (&wanted.sacrifice, offering) {
        (None, None) => return Ok(wanted.amount),
        (None, Some(_)) => return Err(SHARES_NEEDED.at(at("/sacrifice"))),
        // That there is no such opportunity is told by its own fault.
        (Some(_), None) if !ground.opportunities.contains_key(&wanted.opportunity) => return Ok(wanted.amount),
        (Some(_), None) => return Err(OFFERING_UNKNOWN.at(at("/sacrifice"))),
        (Some(asks), Some(offering)) => (asks, offering),
    };
    if let Some(closed) = closed(offering, now, &at("/opportunity")) {
        return Err(closed);
    }
    if !offering.rite.rules().takes(offering.species, asks.shares) {
        return Err(WHOLE_ANIMALS.at(at("/sacrifice/shares")));
    }
    // Seven shares of several animals are no whole one.
    if asks.apart && !offering.rite.rules().takes(offering.species, 1) {
        return Err(WHOLE_ANIMALS.at(at("/sacrifice/apart")));
    }
    if asks.wakala != offering.wakala.version {
        return Err(WAKALA_REFUSED.at(at("/sacrifice/wakala/version")));
    }
    let price = offering.price(asks.shares);
    if wanted.amount.is_some() && wanted.amount != price {
        let remains = price.map(|price| price.to_string());
        return Err(Found { remains, ..PRICE_DIFFERS.at(at("/amount")) });
    }
    Ok(price)
}

/// That the sale is not open now, said there; nothing while it is.
pub fn closed(offering: &Offering, now: Moment, pointer: &str) -> Option<Found> {
    match offering.selling(now) {
        Selling::Open => None,
        Selling::Opens(opens) => Some(Found { at: Some(opens), day: offering.day, ..SALE_NOT_OPEN.at(pointer) }),
        Selling::Closed(closed) => Some(Found { at: Some(closed), day: offering.day, ..SALE_CLOSED.at(pointer) }),
    }
}

/// The shares that a line asks for.
pub fn asked(wanted: &Wanted, line: usize, ground: &Ground) -> Option<Asked> {
    let (asks, offering) = (wanted.sacrifice.as_ref()?, ground.offerings.get(&wanted.opportunity)?);
    Some(Asked::of(line, (asks.shares, asks.apart), offering))
}

/// The lot that a new donation is to name, or several, or what is left instead.
///
/// # Errors
/// When the table cannot be reached.
pub async fn first(deps: &Deps, asked: &Asked) -> Result<Result<Reservation, Vec<Found>>, Problem> {
    let on = |lot| Reservation { apart: asked.apart, ..Reservation::new(asked.offering.clone(), lot, asked.shares) };
    Ok(match stock::find(deps, asked).await? {
        Lots::Room(lot) => Ok(on(lot)),
        Lots::Apart(parts) => Ok(on(0).placed(&parts)),
        Lots::None { largest, left, began } => Err(vec![none_left(asked, (largest, left), began)]),
    })
}

/// So many are not to be had, in one animal or in all; or none at all.
fn none_left(asked: &Asked, (largest, left): (u8, u32), began: Moment) -> Found {
    let at = format!("/lines/{}/sacrifice/shares", asked.line);
    let found = match (left, asked.may_part()) {
        (0, _) => SOLD_OUT.at(at),
        (left, true) => Found { remains: Some(left.to_string()), ..TOO_FEW_LEFT.at(at) },
        (_, false) => Found { remains: Some(largest.to_string()), ..NO_ROOM_IN_ONE.at(at) },
    };
    Found { seen_at: Some(began), ..found }
}

/// The answer to what was refused, at the moment when it is given: between the look at the lots and that moment lie calls of the table, and on a busy day seconds. Of a look that is too old by
/// then nothing is said but "one moment".
pub fn told(deps: &Deps, found: Vec<Found>, language: Language) -> Problem {
    let is_old = |began: Moment| deps.clock.now().millis_since(began) > stock::SAID_WITHIN_MS;
    if found.iter().filter_map(|found| found.seen_at).any(is_old) {
        return Problem::try_again("it took too long to say of a look at the lots that nothing is left");
    }
    problem(found, language)
}

/// Whether the donation has everything that it names, by a look: nothing is written.
///
/// # Errors
/// When the table cannot be reached.
pub async fn stand(deps: &Deps, donation: &Donation) -> Result<bool, Problem> {
    let Some(named) = &donation.reservation else { return Ok(false) };
    if !is_held(deps, donation, named).await? || !allowance::stands(deps, donation, named).await? {
        return Ok(false);
    }
    // Somebody may have named another lot before the claim on this one was seen.
    Ok(read(deps, &donation.id).await?.version == donation.version)
}

/// Whether all that the donation names is claimed for it, as long as it waits.
async fn is_held(deps: &Deps, donation: &Donation, named: &Reservation) -> Result<bool, Problem> {
    let places = named.places();
    let lots = deps.table.lots(&named.offering, &places.iter().map(|part| part.lot).collect::<Vec<_>>()).await?;
    Ok(places.iter().all(|part| {
        let claim = lots.iter().find(|lot| lot.lot == part.lot).and_then(|lot| lot.claims.get(&donation.id));
        claim.is_some_and(|claim| claim.holds(part.shares, donation.expires_at))
    }))
}

/// Counts the donation's shares against the limit, and claims them, on other lots where the named one has not enough. What is `asked` is read where the caller does not know it.
///
/// # Errors
/// When the table cannot be reached, or others kept being quicker.
pub async fn reserve(deps: &Deps, mut donation: Donation, asked: Option<&Asked>) -> Result<Reserving, Problem> {
    let Some(first) = donation.reservation.clone() else { return Ok(Reserving::Reserved(donation)) };
    let asked = match asked {
        Some(asked) => asked.clone(),
        None => asked_by(deps, &donation, &first).await?,
    };
    let (mut tries, mut is_counted) = (Tries::default(), false);
    for _ in 0..MOST_ROUNDS {
        let Some(reservation) = donation.reservation.clone() else { return Ok(Reserving::Reserved(donation)) };
        if !donation.may_claim() || !donation.state_at(deps.clock.now()).is_payable() {
            if is_counted {
                undo(deps, &donation, &reservation).await?;
            }
            return Ok(Reserving::Over(donation));
        }
        if !is_counted {
            if let Some(left) = allowance::count(deps, &donation, &asked).await? {
                if refuse(deps, &donation, &reservation).await? {
                    return Ok(Reserving::Refused(vec![limit_reached(&asked, left)]));
                }
                donation = read(deps, &donation.id).await?;
                continue;
            }
            is_counted = true;
        }
        let round = if reservation.parts.is_empty() {
            together(deps, &asked, &donation, &reservation, &mut tries).await?
        } else {
            apart::round(deps, &asked, &donation, &reservation, &mut tries).await?
        };
        donation = match round {
            Round::Taken => {
                let now = read(deps, &donation.id).await?;
                // Another request for the same donation may have named other lots meanwhile, or let it wait longer: what is claimed for that is what counts.
                let is_mine = now.reservation.as_ref().is_some_and(|named| named.places() == reservation.places());
                if is_mine && now.may_claim() && now.expires_at == donation.expires_at {
                    return Ok(Reserving::Reserved(now));
                }
                now
            }
            Round::Look(now) => *now,
            Round::None(found) => {
                if refuse(deps, &donation, &reservation).await? {
                    return Ok(Reserving::Refused(vec![found]));
                }
                read(deps, &donation.id).await?
            }
        };
    }
    Err(Problem::try_again("others were quicker on every lot"))
}

/// How a round went.
#[derive(Debug)]
pub enum Round {
    /// All that the donation names is claimed.
    Taken,
    /// It names other lots, or has moved on: as it stands now.
    Look(Box<Donation>),
    /// There is too little.
    None(Found),
}

/// Claims on the one lot that the donation names, or names another; or several, where none has room for all.
async fn together(
    deps: &Deps,
    asked: &Asked,
    donation: &Donation,
    named: &Reservation,
    tries: &mut Tries,
) -> Result<Round, Problem> {
    let part = Part { lot: named.lot, shares: named.shares };
    let is_taken = match stock::is_ready(deps, asked, donation, named, tries).await? {
        Ready::Mine => true,
        Ready::Room => take(deps, donation, &named.offering, part).await?,
        Ready::Other(claim) => match apart::resize(deps, donation, named, (part, claim)).await? {
            Guarded::Done => true,
            Guarded::Gone => false,
            Guarded::Moved => return Ok(Round::Look(Box::new(read(deps, &donation.id).await?))),
        },
        Ready::Gone => false,
    };
    if is_taken {
        return Ok(Round::Taken);
    }
    match stock::other(deps, asked, named, tries).await? {
        // The same request, sent again, may have claimed it after this one looked.
        Lots::Apart(_) | Lots::None { .. } if is_held(deps, donation, named).await? => Ok(Round::Taken),
        Lots::Room(lot) => Ok(Round::Look(Box::new(written(deps, donation, named.moved(lot)).await?))),
        // What it has elsewhere counts before it is refused.
        Lots::Apart(_) | Lots::None { .. } if !named.before.is_empty() => {
            apart::elsewhere(deps, asked, donation, named).await
        }
        Lots::Apart(parts) => Ok(Round::Look(Box::new(written(deps, donation, named.parted(&parts)).await?))),
        Lots::None { largest, left, began } => Ok(Round::None(none_left(asked, (largest, left), began))),
    }
}

/// Takes back that a donation was counted, and what was claimed for it, which somebody else gave up meanwhile: they may have done so before it was counted and claimed here.
async fn undo(deps: &Deps, donation: &Donation, named: &Reservation) -> Result<(), Problem> {
    match donation.state {
        State::Cancelled | State::Expired | State::Failed { .. } if !donation.may_claim() => {
            apart::give_back(deps, donation, named).await?;
            allowance::give_back(deps, donation).await
        }
        State::Awaiting
        | State::Failed { .. }
        | State::Cancelled
        | State::Expired
        | State::Settled { .. }
        | State::PartlyRefunded { .. }
        | State::Disputed { .. }
        | State::Refunded { .. } => Ok(()),
    }
}

/// Whether a gift that is refused may be asked for anew with the same key: nobody was shown where to pay for it. Another attempt to pay tells that somebody was, and so does what was given up.
pub fn may_be_asked_anew(donation: &Donation) -> bool {
    donation.attempts.len() == 1 && !donation.has_given_up() && !donation.sought
}

/// Cancels the donation and says that it was refused, so that it may be asked for anew if nobody was shown where to pay; only then its givers may have their shares elsewhere. `false` when it has moved on.
async fn refuse(deps: &Deps, donation: &Donation, named: &Reservation) -> Result<bool, Problem> {
    let refused = Reservation { is_refused: may_be_asked_anew(donation), ..named.clone() };
    let is_mine = deps.table.end_reservation(donation, &State::Cancelled, &refused).await?;
    if is_mine {
        apart::give_back(deps, donation, named).await?;
        allowance::give_back(deps, donation).await?;
    }
    Ok(is_mine)
}

/// Whether the shares are the donation's on this lot.
async fn take(deps: &Deps, donation: &Donation, offering: &OpportunityId, part: Part) -> Result<bool, Problem> {
    let (sent, until) = (deps.clock.now(), donation.expires_at);
    let taking = deps.table.take_shares(offering, part.lot, &donation.id, (part.shares, until)).await?;
    let (Taking::Held(free) | Taking::Gone(free)) = taking;
    let is_held = matches!(taking, Taking::Held(_));
    deps.stock.claimed(offering, (part.lot, free), is_held, (sent, deps.clock.now()));
    Ok(is_held)
}

/// Names other lots. Whether it was this request that did or another one: what stands is read.
async fn written(deps: &Deps, donation: &Donation, moved: Option<Reservation>) -> Result<Donation, Problem> {
    let Some(moved) = moved else { return Err(Problem::try_again("the donation has named too many lots")) };
    if deps.table.name_lot(donation, &moved).await? {
        return Ok(Donation { reservation: Some(moved), version: donation.version + 1, ..donation.clone() });
    }
    read(deps, &donation.id).await
}

async fn read(deps: &Deps, id: &DonationId) -> Result<Donation, Problem> {
    deps.table.donation(id).await?.ok_or_else(Problem::not_found)
}

/// What a donation asks for. The offering is read only where something of it is needed that this environment does not know.
async fn asked_by(deps: &Deps, donation: &Donation, named: &Reservation) -> Result<Asked, Problem> {
    let line = donation.lines.iter().position(|line| line.sacrifice.is_some()).unwrap_or(0);
    let species = deps.stock.species(&named.offering).filter(|_| named.givers.is_empty());
    if let Some(species) = species {
        let (offering, shares) = (named.offering.clone(), named.shares);
        // Without givers nothing is counted, whatever the limit.
        let (fairness, closes_at) = (Fairness::default(), donation.expires_at);
        return Ok(Asked { line, offering, species, shares, apart: named.apart, fairness, closes_at });
    }
    let offering = deps.table.offering(&named.offering).await?.ok_or_else(Problem::not_found)?;
    Ok(Asked::of(line, (named.shares, named.apart), &offering))
}
