//! What this environment has seen of offerings' lots, and how it comes to claim on one.
//!
//! **Staying.** A lot that was claimed on less than [`FRESH_MS`] ago is claimed on again: after each claim the table tells what is left. Of an animal of seven only a lot that fits
//! exactly is stayed with; where others would fit better, they are read.
//!
//! **Reading first.** Of the lots that had room when they were last seen, up to [`CANDIDATES`] at random are read at once, strongly consistent, and the best is chosen. What they
//! have tells how much is left in all.
//!
//! **Looking.** Where those have no room, every segment is asked, unless this environment did so less than [`LOOK_AGE_MS`] ago; one look at a time, which serves all who wait for it.
//! A look finds lots that were full and have room again, because somebody did not pay.
//!
//! **Right before the claim** ([`is_ready`]) the lot is read once more, unless it was seen a moment ago with shares to spare: between finding it and claiming on it the gift is written.
//! Where no more than [`SCARCE_TURNS`] requests find room, an environment waits first, as [`patience`] draws it, and takes any lot with room instead of the best. If the lot is gone
//! when it wakes, it aims at another, waits again, and names that one only if it has room then ([`other`]). So the last shares cost hardly a write that is refused, however many want them. Whoever has waited
//! [`MOST_WAITS`] times in vain is told "one moment": there was room.
//!
//! **Apart.** Only where no lot has room for all that is asked for, and it may be parted, it is parted over those that are known by that look, at no further cost ([`domain::sacrifice::parting`]).
//!
//! *Sold out* is said only of a look that is not older than [`SAID_WITHIN_MS`] when it is said.

mod known;
pub mod patience;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use domain::donation::Donation;
use domain::id::OpportunityId;
use domain::moment::Moment;
use domain::sacrifice::{Claim, Lot, Part, Reservation, Room, Species, parting};
use platform::http::Problem;

use super::Asked;
use crate::Deps;
use known::{Aim, Known, Next, Step};

/// How long what was seen of a lot is relied on, in milliseconds: longer, and others have taken it.
pub const FRESH_MS: i64 = 100;
/// How long ago a look at all lots may have begun for *sold out* to be said of it, in milliseconds. Whoever is told so at a moment is told what was so within two seconds
/// before.
pub const LOOK_AGE_MS: i64 = 1_000;
/// How long after a look began *sold out* may be said of it, in milliseconds: within two seconds, and nothing lies between this and the answer. On a slow day "one moment" is said instead.
pub const SAID_WITHIN_MS: i64 = 1_900;
/// Lots that are read at once.
pub const CANDIDATES: usize = 10;
/// How often some are read before all are looked at: what was seen of them may be old.
const READS: u32 = 3;
/// So many shares are left on a lot that is claimed on without another look at it: as many as others may take in the moment since.
const SLACK_SHARES: u8 = 4;
/// Little is left when no more than so many requests find room. Hundreds of environments may be at the same point of the same second when a sale opens; where there is room for
/// more than they are, few of them meet. Not more, because who comes then waits, on a quiet day too.
pub const SCARCE_TURNS: usize = 1_024;
/// How often one request waits where little is left.
pub const MOST_WAITS: u32 = 3;

/// What was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Found {
    /// This lot had room a moment ago.
    Room(u32),
    /// None had, and these had together.
    Apart(Vec<Part>),
    /// None has, nor have all together where that would serve.
    None {
        /// The most that one could still take, in shares.
        largest: u8,
        /// How many are left in all.
        left: u32,
        /// When the look began by which that is known.
        began: Moment,
    },
}

/// Whether the named lot is to be claimed on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ready {
    /// It had room a moment ago.
    Room,
    /// It has too little.
    Gone,
    /// The donation has its claim there already.
    Mine,
    /// It has another number there than it names.
    Other(Claim),
}

/// How far one request has come.
#[derive(Debug, Default)]
pub struct Tries {
    /// Lots that were named in vain.
    tried: Vec<u32>,
    /// How often it has waited.
    waits: u32,
    /// It has waited for the lot that it names.
    has_waited: bool,
}

impl Tries {
    /// Waits, unless it has done so often enough: then "one moment" is said.
    async fn wait(&mut self, millis: u64) -> Result<(), Problem> {
        if self.waits == MOST_WAITS {
            return Err(Problem::try_again("little is left, and many want it"));
        }
        self.waits += 1;
        self.has_waited = true;
        tokio::time::sleep(Duration::from_millis(millis)).await;
        Ok(())
    }
}

/// What an environment has seen of all offerings.
#[derive(Debug, Default)]
pub struct Stock(Mutex<BTreeMap<OpportunityId, Entry>>);

/// One offering's.
#[derive(Debug, Default)]
struct Entry {
    known: Known,
    /// Held by whoever looks at all lots.
    looking: Arc<tokio::sync::Mutex<()>>,
}

impl Stock {
    /// The kind of animal of an offering, if it was asked for here before.
    pub fn species(&self, offering: &OpportunityId) -> Option<Species> {
        self.with(offering, |known| known.species)
    }

    /// A claim that was sent at that time went through on a lot, or was refused there, and so much is free.
    pub fn claimed(
        &self,
        offering: &OpportunityId,
        (lot, free): (u32, u8),
        went_through: bool,
        (sent, now): (Moment, Moment),
    ) {
        self.with(offering, |known| {
            known.claimed(Room { lot, free }, now);
            known.pace.claimed(u64::try_from(now.millis_since(sent)).unwrap_or(0));
            if went_through { known.pace.won() } else { known.pace.refused() }
        });
    }

    /// So much is free on a lot once a claim was given back.
    pub fn gave_back(&self, offering: &OpportunityId, room: Room, now: Moment) {
        self.with(offering, |known| known.saw(room, now));
    }

    fn with<T>(&self, offering: &OpportunityId, act: impl FnOnce(&mut Known) -> T) -> T {
        let mut entries = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        act(&mut entries.entry(offering.clone()).or_default().known)
    }

    fn looking(&self, offering: &OpportunityId) -> Arc<tokio::sync::Mutex<()>> {
        let mut entries = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(&entries.entry(offering.clone()).or_default().looking)
    }
}

/// A lot with room for what is asked for.
///
/// # Errors
/// When the table cannot be reached, or is too slow for what it tells to be believed.
pub async fn find(deps: &Deps, asked: &Asked) -> Result<Found, Problem> {
    deps.stock.with(&asked.offering, |known| known.species = Some(asked.species));
    seek(deps, asked, &[], 0).await
}

/// Another lot with room than the named one, which has too little; one that was tried in vain only where there is no other. Where little is left it is named only if it still has
/// room after a wait.
///
/// # Errors
/// As [`find`]; and when little is left and this request has waited often enough.
pub async fn other(deps: &Deps, asked: &Asked, named: &Reservation, tries: &mut Tries) -> Result<Found, Problem> {
    tries.tried.push(named.lot);
    loop {
        let at = (deps.clock.now(), deps.random.number());
        match deps.stock.with(&asked.offering, |known| known.aim(asked, &tries.tried, at)) {
            Aim::Best => return seek(deps, asked, &tries.tried, 0).await,
            Aim::At { lot, wait_ms } => {
                tries.wait(wait_ms).await?;
                if look_at(deps, asked, lot).await?.is_some_and(|lot| lot.free >= asked.shares) {
                    return Ok(Found::Room(lot));
                }
            }
            Aim::Nowhere => match seek(deps, asked, &tries.tried, READS).await? {
                Found::Room(_) => {}
                found @ (Found::Apart(_) | Found::None { .. }) => return Ok(found),
            },
        }
    }
}

async fn seek(deps: &Deps, asked: &Asked, tried: &[u32], mut reads: u32) -> Result<Found, Problem> {
    loop {
        let at = (deps.clock.now(), deps.random.number());
        match deps.stock.with(&asked.offering, |known| known.next(asked, tried, reads, at)) {
            Next::Stay(lot) => return Ok(Found::Room(lot)),
            Next::Read { lots, among } => {
                reads += 1;
                if let Some(lot) = read(deps, asked, &lots, among).await? {
                    return Ok(Found::Room(lot));
                }
            }
            Next::Look => return look(deps, asked, tried).await,
            Next::Nothing { largest, began } => return Ok(beyond(deps, asked, largest, began)),
        }
    }
}

/// Reads a lot, and in the same call others that may serve if it is gone.
async fn look_at(deps: &Deps, asked: &Asked, lot: u32) -> Result<Option<Lot>, Problem> {
    let chance = deps.random.number();
    let wanted = deps.stock.with(&asked.offering, |known| known.beside(asked, lot, chance));
    let lots = see(deps, asked, &wanted).await?;
    Ok(lots.into_iter().find(|read| read.lot == lot))
}

/// Reads some lots and chooses among them.
async fn read(deps: &Deps, asked: &Asked, candidates: &[u32], among: usize) -> Result<Option<u32>, Problem> {
    let rooms: Vec<Room> = lots(deps, asked, candidates).await?.iter().map(Lot::room).collect();
    let at = (deps.clock.now(), deps.random.number());
    Ok(deps.stock.with(&asked.offering, |known| known.saw_some(asked, &rooms, among, at)))
}

/// Reads lots, and minds how long that took.
async fn lots(deps: &Deps, asked: &Asked, numbers: &[u32]) -> Result<Vec<Lot>, Problem> {
    let began = deps.clock.now();
    let lots = deps.table.lots(&asked.offering, numbers).await?;
    let took = u64::try_from(deps.clock.now().millis_since(began)).unwrap_or(0);
    deps.stock.with(&asked.offering, |known| known.pace.read(took));
    Ok(lots)
}

/// Looks at every lot, or waits for somebody who does. Where none has room, every lot has been seen without it since the look began.
async fn look(deps: &Deps, asked: &Asked, tried: &[u32]) -> Result<Found, Problem> {
    let began = look_at_all(deps, asked).await?;
    let chance = deps.random.number();
    match deps.stock.with(&asked.offering, |known| known.after_look(asked, tried, chance)) {
        Ok(lot) => Ok(Found::Room(lot)),
        Err(_) if deps.clock.now().millis_since(began) > SAID_WITHIN_MS => {
            Err(Problem::try_again("the look at the lots took too long to say of it that nothing is left"))
        }
        Err(largest) => Ok(beyond(deps, asked, largest, began)),
    }
}

/// Gives back since when all of it has been so.
async fn look_at_all(deps: &Deps, asked: &Asked) -> Result<Moment, Problem> {
    let came = deps.clock.now();
    let looking = deps.stock.looking(&asked.offering);
    let _alone = looking.lock().await;
    if deps.stock.with(&asked.offering, |known| known.is_looked_since(came)) {
        return Ok(came);
    }
    let began = deps.clock.now();
    let rooms = deps.table.rooms(&asked.offering).await?;
    deps.stock.with(&asked.offering, |known| known.saw_all(&rooms, began));
    Ok(began)
}

/// What there is where no lot has room for all: several, if that serves.
fn beyond(deps: &Deps, asked: &Asked, largest: u8, began: Moment) -> Found {
    let chance = deps.random.number();
    let rooms = deps.stock.with(&asked.offering, |known| known.rooms());
    let parts = asked.may_part().then(|| parting::part(&rooms, asked.shares, asked.species, chance)).flatten();
    parts.map_or_else(|| Found::None { largest, left: parting::left(&rooms, &[]), began }, Found::Apart)
}

/// Every lot with room, by a look that began less than [`LOOK_AGE_MS`] ago, and when that was.
///
/// # Errors
/// When the table cannot be reached, or is too slow for what it tells to be believed.
pub async fn rooms(deps: &Deps, asked: &Asked) -> Result<(Vec<Room>, Moment), Problem> {
    let now = deps.clock.now();
    let began = match deps.stock.with(&asked.offering, |known| known.looked(now)) {
        Some(began) => began,
        None => look_at_all(deps, asked).await?,
    };
    Ok((deps.stock.with(&asked.offering, |known| known.rooms()), began))
}

/// Waits before shares are claimed apart, unless that was done just now: that they are says that little is left.
///
/// # Errors
/// When this request has waited often enough.
pub async fn pause(deps: &Deps, asked: &Asked, tries: &mut Tries) -> Result<(), Problem> {
    if !tries.has_waited {
        let chance = deps.random.number();
        tries.wait(deps.stock.with(&asked.offering, |known| known.pace.wait_ms(chance))).await?;
    }
    tries.has_waited = false;
    Ok(())
}

/// Reads some lots, and remembers what is free on them.
///
/// # Errors
/// When the table cannot be reached.
pub async fn see(deps: &Deps, asked: &Asked, numbers: &[u32]) -> Result<Vec<Lot>, Problem> {
    let lots = lots(deps, asked, numbers).await?;
    let now = deps.clock.now();
    deps.stock.with(&asked.offering, |known| lots.iter().for_each(|lot| known.saw(lot.room(), now)));
    Ok(lots)
}

/// Makes sure of the lot that the donation names, right before it is claimed on.
///
/// # Errors
/// When the table cannot be reached; and when little is left and this request has waited often enough.
pub async fn is_ready(
    deps: &Deps,
    asked: &Asked,
    donation: &Donation,
    named: &Reservation,
    tries: &mut Tries,
) -> Result<Ready, Problem> {
    let mut step = step(deps, asked, named, tries);
    if step == Step::Meet {
        match check(deps, asked, donation, named).await? {
            Ready::Room => {}
            ready @ (Ready::Gone | Ready::Mine | Ready::Other(_)) => return Ok(ready),
        }
        step = match self::step(deps, asked, named, tries) {
            wait @ Step::Wait(_) => wait,
            // It was read just now.
            Step::Claim | Step::Meet | Step::Read => Step::Claim,
        };
    }
    match step {
        Step::Claim => return Ok(Ready::Room),
        Step::Meet | Step::Read => {}
        Step::Wait(millis) => tries.wait(millis).await?,
    }
    tries.has_waited = false;
    check(deps, asked, donation, named).await
}

fn step(deps: &Deps, asked: &Asked, named: &Reservation, tries: &Tries) -> Step {
    let at = (deps.clock.now(), deps.random.number());
    deps.stock.with(&asked.offering, |known| known.step(asked, named.lot, tries.has_waited, at))
}

/// Reads the named lot.
async fn check(deps: &Deps, asked: &Asked, donation: &Donation, named: &Reservation) -> Result<Ready, Problem> {
    let Some(lot) = look_at(deps, asked, named.lot).await? else { return Ok(Ready::Gone) };
    Ok(match lot.claims.get(&donation.id) {
        Some(claim) if claim.shares != named.shares => Ready::Other(*claim),
        Some(claim) if claim.holds(named.shares, donation.expires_at) => Ready::Mine,
        // It is held for too short a time: claiming again holds it longer.
        Some(_) => Ready::Room,
        None if lot.free >= named.shares => Ready::Room,
        None => Ready::Gone,
    })
}
