//! The sale as it stood at every moment: each lot is looked at right after each write of it, before anything else happens, and whatever is told of the sale is held against
//! what stood then.
//!
//! **At every write of a lot.** What is free, held and confirmed is what the lot has, and no more than an animal or sixteen heads. All lots together never have more than the quota
//! that is shown: while it is raised or lowered that is the larger of the two. Who claims has named the lot before, so that no claim is ever without a donation by which it is
//! found again. Nothing is taken from under a gift that is paid and stands, or that still may be paid for this hold.
//!
//! **At every answer.** See `honest`.
//!
//! **Bounds.** It reads past the calls that are counted, an item or two for each write.

mod honest;
mod window;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use domain::donation::Donation;
use domain::id::{DonationId, OpportunityId};
use domain::moment::Moment;
use domain::sacrifice::lot::segment;
use domain::sacrifice::{Claim, Lot, Offering, Standing};
use platform::table::key::OFFERINGS;
use serde::de::DeserializeOwned;
use serde_json::Value;
use stage::Stage;

use crate::trace::LOTS;
pub use honest::Heard;
use window::Free;

/// The partitions that are watched: lots, offerings, donations.
const WATCHED: [&str; 3] = [LOTS, OFFERINGS, "DON#"];

/// Reads an item by its keys.
type Read<'a> = &'a dyn Fn(&str, &str) -> Option<Value>;

/// What is known of one lot.
#[derive(Debug)]
struct Seen {
    lot: Lot,
    free: Free,
    /// The most that was ever taken of it: what is taken within that was somebody's before.
    most_taken: u8,
    /// How many of a donation's shares were somebody's before.
    again: BTreeMap<DonationId, u8>,
}

/// What is known of one offering.
#[derive(Debug, Default)]
struct Shelf {
    /// How it stood, from each moment on.
    past: Vec<(Moment, Offering)>,
    lots: BTreeMap<u32, Seen>,
}

#[derive(Debug, Default)]
struct Watched {
    shelves: BTreeMap<OpportunityId, Shelf>,
    lost: BTreeSet<DonationId>,
    wrong: Vec<String>,
    counts: BTreeMap<&'static str, u64>,
}

/// What was seen of the sale. Clones share it.
#[derive(Debug, Clone, Default)]
pub struct Sale(Arc<Mutex<Watched>>);

impl Sale {
    /// Watches the sale on this stage.
    pub fn watch(stage: &Stage) -> Sale {
        let sale = Sale::default();
        for partitions in WATCHED {
            let (watching, clock) = (sale.clone(), stage.clock.clone());
            stage.watch(partitions, move |peek, (pk, _), item| {
                let at = Moment::from_millis(clock.now_millis());
                watching.lock().wrote(&|pk: &str, sk: &str| peek.item(pk, sk), (pk, item), at);
            });
        }
        sale
    }

    fn lock(&self) -> MutexGuard<'_, Watched> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Holds an answer against what stood.
    pub fn heard(&self, heard: &Heard<'_>) {
        let mut watched = self.lock();
        let wrong = honest::dishonest(&watched.shelves, heard);
        watched.wrong.extend(wrong);
    }

    /// What was wrong so far.
    pub fn wrong(&self) -> Vec<String> {
        self.lock().wrong.clone()
    }

    /// Shares that were given up by the clock or a donor, given back after they were paid, and sold again.
    pub fn counts(&self) -> BTreeMap<String, u64> {
        self.lock().counts.iter().map(|(name, count)| ((*name).to_owned(), *count)).collect()
    }

    /// The lots of an offering as they were seen last.
    pub fn lots(&self, offering: &OpportunityId) -> Vec<Lot> {
        let watched = self.lock();
        let seen = watched.shelves.get(offering).into_iter().flat_map(|shelf| shelf.lots.values());
        seen.map(|seen| seen.lot.clone()).collect()
    }
}

impl Watched {
    fn wrote(&mut self, read: Read<'_>, (pk, item): (&str, Value), at: Moment) {
        if let Some((offering, _)) = pk.strip_prefix(LOTS).and_then(|rest| rest.rsplit_once('#')) {
            let (offering, lot) = (offering.parse::<OpportunityId>().ok(), self.read::<Lot>(pk, item));
            if let (Some(offering), Some(lot)) = (offering, lot) {
                self.saw_lot(read, &offering, lot, at);
            }
        } else if pk == OFFERINGS {
            if let Some(offering) = self.read::<Offering>(pk, item) {
                self.saw_offering(offering, at);
            }
        } else if item["reservation"]["is_lost"] == true
            && let Some(donation) = self.read::<Donation>(pk, item)
        {
            self.saw_donation(&donation, at);
        }
    }

    /// An item that was just written.
    fn read<T: DeserializeOwned>(&mut self, pk: &str, item: Value) -> Option<T> {
        serde_json::from_value(item).map_err(|error| self.wrong.push(format!("{pk} cannot be read: {error}"))).ok()
    }

    fn saw_offering(&mut self, offering: Offering, at: Moment) {
        let shelf = self.shelves.entry(offering.id.clone()).or_default();
        shelf.past.push((at, offering));
        self.wrong.extend(shelf.beyond_quota());
    }

    fn saw_lot(&mut self, read: Read<'_>, id: &OpportunityId, lot: Lot, at: Moment) {
        let shelf = self.shelves.entry(id.clone()).or_default();
        let most = shelf.past.last().map(|(_, offering)| offering.species.lot_shares());
        if !lot.is_whole() || most.is_some_and(|most| lot.shares > most) {
            self.wrong.push(format!("lot {} of {id} is not whole: {lot:?}", lot.lot));
        }
        let empty = Seen { lot: Lot::new(lot.lot, 0), free: Free::default(), most_taken: 0, again: BTreeMap::new() };
        let seen = shelf.lots.entry(lot.lot).or_insert(empty);
        let before = std::mem::replace(&mut seen.lot, lot.clone());
        seen.free.is(at, lot.free);
        let mut donation = |id: &DonationId| {
            let item = read(&format!("DON#{id}"), "DON")?;
            serde_json::from_value::<Donation>(item).map_err(|error| self.wrong.push(format!("{id}: {error}"))).ok()
        };
        let changes = changes(&before, &lot);
        let mut wrong = Vec::new();
        for Change { id: of, had, has } in &changes {
            let donation = donation(of);
            let donation = donation.as_ref();
            wrong.extend(match (had, has) {
                (Some(had), None) => taken_from_under(donation, had, &lot),
                (None | Some(_), Some(_)) if is_named(donation, id, lot.lot) => None,
                (None | Some(_), _) => {
                    Some(format!("a claim on lot {} of {id} is of {of}, which does not name it", lot.lot))
                }
            });
        }
        self.wrong.extend(wrong);
        for (name, shares) in seen.counted(&before, &changes) {
            *self.counts.entry(name).or_default() += u64::from(shares);
        }
        // Of a transaction the lots are seen one after another: where they are too many, what stands is looked at.
        let stands = |lot: u32| {
            let item = read(&format!("{LOTS}{id}#{}", segment(lot)), &format!("LOT#{lot:06}"))?;
            serde_json::from_value::<Lot>(item).ok()
        };
        let is_beyond = |shelf: &Shelf| {
            let shares = |(lot, seen): (&u32, &Seen)| stands(*lot).map_or(seen.lot.shares, |lot| lot.shares);
            let quota = shelf.past.last().map(|(_, offering)| offering.quota);
            quota.is_some_and(|quota| shelf.lots.iter().map(shares).map(u32::from).sum::<u32>() > quota)
        };
        self.wrong.extend(shelf.beyond_quota().filter(|_| is_beyond(shelf)));
    }

    /// Whoever pays late is told that nothing is left only where nothing was.
    fn saw_donation(&mut self, donation: &Donation, at: Moment) {
        let Some(lost) = donation.reservation.as_ref().filter(|reservation| reservation.is_lost) else { return };
        let Some(shelf) = self.shelves.get(&lost.offering).filter(|_| self.lost.insert(donation.id)) else { return };
        if let Some(place) = honest::lost_in_vain(shelf, lost, at) {
            let id = donation.id;
            self.wrong.push(format!("{id} lost {} shares of {} while {place} had them", lost.shares, lost.offering));
        }
    }
}

impl Shelf {
    fn beyond_quota(&self) -> Option<String> {
        let (_, offering) = self.past.last()?;
        let shares: u32 = self.lots.values().map(|seen| u32::from(seen.lot.shares)).sum();
        let is_beyond = shares > offering.quota;
        is_beyond.then(|| format!("the lots of {} have {shares} shares, and its quota is {}", offering.id, offering.quota))
    }
}

/// What became of a donation's claim by one write.
struct Change {
    id: DonationId,
    had: Option<Claim>,
    has: Option<Claim>,
}

fn changes(before: &Lot, after: &Lot) -> Vec<Change> {
    let ids: BTreeSet<&DonationId> = before.claims.keys().chain(after.claims.keys()).collect();
    let change = |id: &DonationId| {
        let (had, has) = (before.claims.get(id).copied(), after.claims.get(id).copied());
        (had != has).then_some(Change { id: *id, had, has })
    };
    ids.into_iter().filter_map(change).collect()
}

/// Whether a donation names a lot, or has named it before.
fn is_named(donation: Option<&Donation>, offering: &OpportunityId, lot: u32) -> bool {
    let named = donation.and_then(|donation| donation.reservation.as_ref());
    named.is_some_and(|named| named.offering == *offering && named.lots().any(|other| other == lot))
}

/// A claim is taken away from the lot that its donation names, though it is paid for, or still may be and was not given up.
fn taken_from_under(donation: Option<&Donation>, had: &Claim, lot: &Lot) -> Option<String> {
    let donation = donation?;
    let named = donation.reservation.as_ref().filter(|named| named.places().iter().any(|part| part.lot == lot.lot))?;
    // The claim of a hold before this one is nobody's any more.
    let is_of_this_hold = match had.standing {
        Standing::Held(until) => until.seconds() >= donation.expires_at.seconds(),
        Standing::Confirmed => true,
    };
    let stands = donation.may_claim() || donation.keeps_shares();
    let (id, state) = (donation.id, donation.state.code());
    let taken = is_of_this_hold && stands;
    taken.then(|| format!("{had} on lot {} of {} was taken from under {id}, which is {state}", lot.lot, named.offering))
}

impl Seen {
    /// What of the changes is counted, in shares.
    fn counted(&mut self, before: &Lot, changes: &[Change]) -> Vec<(&'static str, u8)> {
        let mut counted = Vec::new();
        for Change { id, had, has } in changes {
            match (had, has) {
                (Some(Claim { shares, standing: Standing::Held(_) }), None) => counted.push(("released", *shares)),
                (Some(Claim { shares, standing: Standing::Confirmed }), None) => counted.push(("given back", *shares)),
                (None, Some(claim)) => {
                    let taken = before.shares.saturating_sub(before.free).saturating_add(claim.shares);
                    let fresh = taken.saturating_sub(self.most_taken);
                    self.again.insert(*id, claim.shares.saturating_sub(fresh));
                }
                (Some(_), Some(_)) | (None, None) => {}
            }
            if has.is_some_and(|claim| claim.standing == Standing::Confirmed) {
                counted.push(("sold again", self.again.remove(id).unwrap_or(0)));
            }
        }
        self.most_taken = self.most_taken.max(self.lot.shares.saturating_sub(self.lot.free));
        counted
    }
}

#[cfg(test)]
mod tests;
