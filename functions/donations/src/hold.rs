//! Holding what a gift takes of capped opportunities, before there is a checkout.
//!
//! **Promise.** A donation that is answered with a checkout holds, on the shards that it names, exactly what it gives. It is refused only when
//! all the shards of an opportunity together have too little.
//!
//! **Who may meet here.** The request that made the donation; the same request, sent again; another attempt to pay. The maker claims plainly, one
//! write a part, and then looks whether the donation is still as it made it. Everyone else claims and gives back amounts only while the donation has
//! the version they read ([`platform::table::Guarded`]), so that of two who would name other shards one wins, and the other looks again. Of what was given up
//! when a payment failed, `releases` gives back the claims, and `fulfilment` claims anew for a payment that came all the same: by the same rule; shares are told apart by the second in which
//! their hold ends.
//!
//! **A round.** Claim what is named. If a part is gone: give back what is claimed of that opportunity, read all its shards, plan anew, name the
//! new parts on condition of the version. With the first part that it gives back the donation says that it does not hold what it names (`dropped`), and takes that back once it does: so a payment never settles it in
//! between, whoever ends where. A claim that this leaves unnamed counts for nothing, and is swept at the hold's end, of which a
//! message was sent before the first claim.
//!
//! **Before anything is refused** it is looked again, up to [`LOOKS`] times, as long as others hold enough that could come back: a gift that takes from several
//! shards and does not get all of them gives back in a moment what it had, and nobody is refused for that moment.
//!
//! **Bounds.** [`MOST_ROUNDS`], then "one moment": the donation stays, and the same request goes on.

use std::time::Duration;

use data_encoding::HEXLOWER;
use domain::cap::{MOST_SHARDS, Shard, hold_parts, shards};
use domain::donation::{Donation, HoldPart, State};
use domain::id::OpportunityId;
use domain::message::Message;
use domain::money::Money;
use domain::sacrifice::{Claim, Reservation};
use platform::http::Problem;
use platform::table::{Claiming, Escrow, Guarded};

use crate::Deps;
use crate::fault::Found;
use crate::ground::claimed;
use crate::plan::over_funded;
use crate::shares::{self, Asked, Reserving, allowance};

/// How long a gift holds what it takes: as long as a card's check by its bank takes the slow, and no longer than SQS can delay a message.
/// The same for shares: a gift has one end.
pub const HOLD_SECS: i64 = domain::sacrifice::reservation::HOLD_SECS;

/// Rounds of one request: each is lost to another gift that took the last of a shard, or to the same request sent again.
pub const MOST_ROUNDS: usize = 8;

/// How often it is looked before a gift is refused because others hold what it is to take.
pub const LOOKS: u32 = 4;

/// How long somebody takes to give back what they claimed in vain: a few calls of the table, doubled with each look.
const GIVEN_BACK_WITHIN: Duration = Duration::from_millis(40);

/// Waits before another look.
pub async fn wait_for_look(deps: &Deps, look: u32) {
    let most = GIVEN_BACK_WITHIN * 2u32.saturating_pow(look.min(6));
    let chance = u32::try_from(deps.random.number() % 1_000).unwrap_or(0);
    // Between half of it and all, so that those who wait for the same do not meet again.
    tokio::time::sleep(most / 2 + most / 2_000 * chance).await;
}

/// How holding went.
#[derive(Debug)]
pub enum Holding {
    /// The donation holds all that it is to hold.
    Held(Donation),
    /// The donation cannot be paid any more, or has given up what it held; nothing is to be held.
    Over(Donation),
    /// Too little remains; the donation is cancelled and holds nothing.
    Refused(Vec<Found>),
}

enum Claims {
    All,
    Gone(OpportunityId),
    Moved,
}

enum Naming {
    LookAgain,
    /// Less than is needed remains, and even if others gave back what they claimed.
    TooLittle(Money),
    /// Less remains, but others have claimed what would be enough.
    Claimed(Money),
}

/// Holds what the donation is to hold. Of one that had given it up it is said only then that it may be paid. `fresh` when this request made it; `asked` is what it asks for of an offering, where the caller knows.
///
/// Where it holds nothing but shares and was made before, it is looked at first: what stands costs nothing.
///
/// # Errors
/// When the table or the queue cannot be reached, or others kept being quicker.
pub async fn hold(deps: &Deps, mut donation: Donation, fresh: bool, asked: Option<&Asked>) -> Result<Holding, Problem> {
    for _ in 0..MOST_ROUNDS {
        let held = match claim_all(deps, donation, fresh, asked).await? {
            Holding::Held(held) if held.dropped => held,
            other @ (Holding::Held(_) | Holding::Over(_) | Holding::Refused(_)) => return Ok(other),
        };
        // Whoever wrote it, what stands is looked at again.
        deps.table.keep_hold(&held).await?;
        donation = deps.table.donation(&held.id).await?.ok_or_else(Problem::not_found)?;
    }
    Err(Problem::try_again("the donation kept moving"))
}

/// Claims everything that the donation names.
async fn claim_all(deps: &Deps, mut donation: Donation, mut fresh: bool, asked: Option<&Asked>) -> Result<Holding, Problem> {
    if !donation.holds() && donation.state_at(deps.clock.now()).is_payable() {
        return Ok(Holding::Held(donation));
    }
    if !may_claim(deps, &donation) {
        return Ok(Holding::Over(donation));
    }
    if !fresh && donation.hold.is_empty() && shares::stand(deps, &donation).await? {
        return Ok(Holding::Held(donation));
    }
    tell_when_due(deps, &donation).await?;
    let had = donation.version;
    match shares::reserve(deps, donation, asked).await? {
        Reserving::Reserved(reserved) => donation = reserved,
        Reserving::Over(donation) => return Ok(Holding::Over(donation)),
        Reserving::Refused(faults) => return Ok(Holding::Refused(faults)),
    }
    fresh &= donation.version == had;
    if donation.hold.is_empty() {
        return Ok(Holding::Held(donation));
    }
    let mut looks = 0;
    for _ in 0..MOST_ROUNDS {
        match claim(deps, &donation, fresh).await? {
            Claims::All => return Ok(Holding::Held(donation)),
            Claims::Moved => {}
            Claims::Gone(opportunity) => match name_others(deps, &mut donation, &opportunity).await? {
                Naming::LookAgain => {}
                Naming::Claimed(_) if looks + 1 < LOOKS => {
                    wait_for_look(deps, looks).await;
                    looks += 1;
                }
                Naming::TooLittle(remains) | Naming::Claimed(remains) => {
                    if let Some(refused) = give_up(deps, &donation, &opportunity, remains).await? {
                        return Ok(refused);
                    }
                }
            },
        }
        fresh = false;
        donation = deps.table.donation(&donation.id).await?.ok_or_else(Problem::not_found)?;
        if !may_claim(deps, &donation) {
            return Ok(Holding::Over(donation));
        }
    }
    Err(Problem::try_again("others were quicker in every round"))
}

/// Not when it is over, nor when it has given up what it held: then whoever tries again lets it wait anew first.
fn may_claim(deps: &Deps, donation: &Donation) -> bool {
    donation.may_claim() && donation.state_at(deps.clock.now()).is_payable()
}

/// Before the first claim, so that no claim is ever without it.
async fn tell_when_due(deps: &Deps, donation: &Donation) -> Result<(), Problem> {
    let left = donation.expires_at.millis_since(deps.clock.now());
    let delay = Duration::from_millis(u64::try_from(left).unwrap_or(0));
    Ok(deps.holds.send(Message::HoldDue { donation: donation.id }, delay).await?)
}

async fn claim(deps: &Deps, donation: &Donation, fresh: bool) -> Result<Claims, Problem> {
    if !fresh {
        return claim_guarded(deps, donation).await;
    }
    for part in &donation.hold {
        match deps.table.claim(donation.into(), part).await? {
            Claiming::Held => {}
            // Rare, and then claimed in another way: see `platform::table::Escrow`.
            Claiming::Late => return Ok(Claims::Moved),
            Claiming::Gone => return Ok(Claims::Gone(part.opportunity.clone())),
        }
    }
    let now = deps.table.donation(&donation.id).await?;
    let untouched = now.is_some_and(|now| now.version == donation.version);
    Ok(if untouched { Claims::All } else { Claims::Moved })
}

async fn claim_guarded(deps: &Deps, donation: &Donation) -> Result<Claims, Problem> {
    for part in &donation.hold {
        match deps.table.claim_while(donation, part, &token(deps)).await? {
            Guarded::Done => {}
            Guarded::Gone => return Ok(Claims::Gone(part.opportunity.clone())),
            Guarded::Moved => return Ok(Claims::Moved),
        }
    }
    Ok(Claims::All)
}

/// Names other parts for an opportunity of which one was gone. What the donation claimed of it is given back first, and counts as free: from then on it says that it does not hold all that it names.
async fn name_others(deps: &Deps, donation: &mut Donation, opportunity: &OpportunityId) -> Result<Naming, Problem> {
    let target = deps.table.opportunity(opportunity).await?.and_then(|opportunity| opportunity.target_minor);
    let escrow = deps.table.escrow(opportunity, target.map_or(MOST_SHARDS, shards)).await?;
    let mut free = Vec::new();
    for escrow in &escrow {
        match give_back(deps, donation, opportunity, escrow).await? {
            Some(shard) => free.push(shard),
            None => return Ok(Naming::LookAgain),
        }
    }
    let amount = amount_for(donation, opportunity);
    let parts = match hold_parts(opportunity, &free, amount, &donation.id) {
        Ok(parts) => parts,
        Err(remains) => {
            // My own claims are among what was free by now: counted twice they only make for another look.
            let may_come_back = remains.plus(claimed(&escrow)).is_none_or(|all| all >= amount);
            return Ok(if may_come_back { Naming::Claimed(remains) } else { Naming::TooLittle(remains) });
        }
    };
    let others = donation.hold.iter().filter(|part| part.opportunity != *opportunity).cloned();
    let hold: Vec<HoldPart> = others.chain(parts).collect();
    // Whether it was this request that named them or another one: what stands is looked at again.
    deps.table.name_hold(donation, &hold).await?;
    Ok(Naming::LookAgain)
}

/// A shard without what the donation claimed on it; `None` when somebody else is at work.
async fn give_back(
    deps: &Deps,
    donation: &mut Donation,
    opportunity: &OpportunityId,
    escrow: &Escrow,
) -> Result<Option<Shard>, Problem> {
    let Some(amount_minor) = escrow.claims.get(&donation.id).copied().and_then(Money::from_halalas) else {
        return Ok(Some(escrow.shard()));
    };
    let part = HoldPart { opportunity: opportunity.clone(), shard: escrow.shard, amount_minor };
    match deps.table.take_back(donation, &part, &token(deps)).await? {
        Guarded::Done => {
            let free = escrow.free_minor.plus(amount_minor).unwrap_or(escrow.free_minor);
            Ok(Some(Shard { number: escrow.shard, free }))
        }
        Guarded::Gone | Guarded::Moved => Ok(None),
    }
}

/// What the donation gives to an opportunity: one line at the most does.
fn amount_for(donation: &Donation, opportunity: &OpportunityId) -> Money {
    let line = donation.lines.iter().find(|line| line.opportunity == *opportunity);
    line.map_or(Money::ZERO, |line| line.amount_minor)
}

/// Cancels the donation, and only then gives back the rest: nobody claims for a donation that is cancelled. `None` when it has moved on
/// meanwhile, and is to be looked at again.
async fn give_up(
    deps: &Deps,
    donation: &Donation,
    opportunity: &OpportunityId,
    remains: Money,
) -> Result<Option<Holding>, Problem> {
    let is_mine = match &donation.reservation {
        None => deps.table.move_donation(donation, &State::Cancelled).await?,
        Some(named) => {
            let refused = Reservation { is_refused: shares::may_be_asked_anew(donation), ..named.clone() };
            deps.table.end_reservation(donation, &State::Cancelled, &refused).await?
        }
    };
    if !is_mine {
        return Ok(None);
    }
    for part in &donation.hold {
        deps.table.release_claim(&donation.id, part).await?;
    }
    for (offering, lot) in donation.reservation.iter().flat_map(|named| named.lots().map(|lot| (&named.offering, lot))) {
        let is_over = |claim: &Claim| claim.is_over(donation.expires_at);
        deps.table.give_shares_back(offering, lot, &donation.id, is_over).await?;
    }
    allowance::give_back(deps, donation).await?;
    let line = donation.lines.iter().position(|line| line.opportunity == *opportunity).unwrap_or(0);
    Ok(Some(Holding::Refused(vec![over_funded(line, remains)])))
}

/// A new token for each transaction: the same one again would be answered with what it did before.
fn token(deps: &Deps) -> String {
    HEXLOWER.encode(&deps.random.bytes::<16>())
}
