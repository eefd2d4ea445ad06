//! Donations, charges and notes of movements, held against the pages and put right by them.
//!
//! **Why.** A backup of the table may be older than pages that the archive brings back. Then a donation waits for a payment that stands in the books, and would be paid a second time once the payment is
//! told again: a payment is booked once because its donation, or a charge, says that it was. So donations are brought to what the pages say before anything is told.
//!
//! **Phases**, all pages being read twice, each time verified:
//! 1. from every chain the entries that are not the first of their payment (refunds, disputes, fees told later), and what people took out of suspense, by payment: they may stand on any chain, and years later;
//! 2. each first entry of a payment with all that followed from it ([`History`]), held against the donation or the charge, and each movement against its note; what is behind is written, if that is asked for;
//! 3. when nothing is to be written, the whole table the other way round: a donation that says it is paid has its entry where it says, and a charge has one at all.
//!
//! **What is newer** than the pages that were read is let be: a page may be written meanwhile. What contradicts the pages is told and never written over.
//!
//! **Memory**: some 150 bytes for each entry that is not the first of its payment, some thirty for each payment, eight for each entry and four for each page for the third phase, a hundred pages with their donations, and what is found.

mod beyond;
mod finding;
mod reverse;

pub use finding::{About, Anew, Compared, Field, Finding, What};

use std::collections::{BTreeSet, HashMap, HashSet};

use domain::case::{Case, kept::Standing};
use domain::donation::{Charge, Donation, History, Later, Place, has_left_suspense, is_first};
use domain::hash::Hash;
use domain::id::DonationId;
use domain::journal::{ChainId, Entry, EntryKind, Movement, Page, Tail};
use domain::payment::PaymentRef;
use futures_util::stream::{self, StreamExt as _, TryStreamExt as _};
use platform::table::Table;

use crate::{RebuildError, pages};
use beyond::Beyond;
use finding::{differing, differing_charge};
use reverse::Stands;

/// Donations and charges looked at or written at the same time.
const AT_ONCE: usize = 16;
/// How often one is read again that moved on meanwhile.
const ROUNDS: u32 = 5;

/// A payment, in little memory: of a hundred million no two are taken for one another.
pub(crate) type Print = [u8; 16];

/// Holds every donation, charge and note of a movement against the pages. Writes nothing. `told` hears of each portion of pages, each of which is read twice.
///
/// # Errors
/// When the table does not answer, or a page is unreadable, missing, or not what it must be.
pub async fn compare(table: &Table, told: impl FnMut(u64)) -> Result<Compared, RebuildError> {
    Work::new(table, false, told).done().await
}

/// Brings donations, charges and notes of movements to what the pages say, where they are behind; makes those that are not there. Can be broken off anywhere and begun again.
///
/// # Errors
/// As [`compare`]; [`RebuildError::Moving`] when others kept writing the same donation.
pub async fn mend_donations(table: &Table, told: impl FnMut(u64)) -> Result<Compared, RebuildError> {
    Work::new(table, true, told).done().await
}

struct Work<'w, T> {
    table: &'w Table,
    is_mending: bool,
    told: T,
    /// By payment, what is not its first entry.
    later: HashMap<Print, Vec<Later>>,
    /// Of these, whose first entry was met.
    met: HashSet<Print>,
    /// Payments that came in, and whether it was to their donation from suspense.
    came_in: HashSet<(Print, bool)>,
    /// Those that came in once more.
    again: Vec<(Entry, Place)>,
    /// Where each chain ended when it was read first.
    ends: Vec<Tail>,
    stands: Stands,
    found: Compared,
}

impl<'w, T: FnMut(u64)> Work<'w, T> {
    fn new(table: &'w Table, is_mending: bool, told: T) -> Work<'w, T> {
        let (later, met, came_in, ends) = (HashMap::new(), HashSet::new(), HashSet::new(), Vec::new());
        let (again, stands, found) = (Vec::new(), Stands::default(), Compared::default());
        Work { table, is_mending, told, later, met, came_in, again, ends, stands, found }
    }

    async fn done(mut self) -> Result<Compared, RebuildError> {
        for chain in ChainId::all() {
            let end = self.gather(chain).await?;
            self.ends.push(end);
        }
        for end in self.ends.clone() {
            self.hold_chain(end).await?;
        }
        let alone = self.later.iter().filter(|(payment, _)| !self.met.contains(*payment));
        for (_, later) in alone {
            let first = later.first().map(Later::place);
            self.found.findings.extend(first.map(|place| Finding::of(About::Entry(place), What::Alone)));
        }
        for (entry, place) in std::mem::take(&mut self.again) {
            let matter = Case::booked_twice(&entry, String::new(), entry.happened_at);
            let is_closed = self.table.case(&matter.id()).await?.is_some_and(|kept| kept.standing() == Standing::Closed);
            let finding = Finding::of(About::Entry(place), What::Again);
            self.found.findings.push(Finding { is_mended: is_closed, ..finding });
        }
        let mut beyond = Beyond::after(self.ends);
        if !self.is_mending {
            self.stands.hold_all(self.table, &mut self.found).await?;
        }
        self.found.without_newer(self.table, &mut beyond).await?;
        Ok(self.found)
    }

    /// What a chain has that is not the first of its payment; gives back where the chain ends.
    async fn gather(&mut self, chain: ChainId) -> Result<Tail, RebuildError> {
        let mut tail = Tail::empty(chain);
        loop {
            let pages = pages::after(self.table, tail).await?;
            let Some(last) = pages.last() else { return Ok(tail) };
            tail = last.tail();
            (self.told)(pages.len() as u64);
            for page in &pages {
                for (entry, place) in entries(page).filter(|(entry, _)| is_gathered(entry.kind)) {
                    let later = Later::of(entry, place, page.written_at);
                    self.later.entry(print(&entry.payment)).or_default().push(later);
                }
                for (movement, place) in movements(page) {
                    let later = Later::of_movement(movement, place, page.written_at);
                    let Some((payment, later)) = movement.payment.as_ref().zip(later) else { continue };
                    self.later.entry(print(payment)).or_default().push(later);
                }
            }
        }
    }

    async fn hold_chain(&mut self, end: Tail) -> Result<(), RebuildError> {
        let mut tail = Tail::empty(end.chain);
        while tail.next_seq < end.next_seq {
            let mut pages = pages::after(self.table, tail).await?;
            pages.retain(|page| page.seq < end.next_seq);
            let missing = || RebuildError::Beyond { chain: end.chain, seq: tail.next_seq };
            tail = pages.last().ok_or_else(missing)?.tail();
            (self.told)(pages.len() as u64);
            let mut histories = Vec::new();
            for page in &pages {
                if !self.is_mending {
                    self.stands.add(page);
                }
                for (entry, place) in entries(page).filter(|(entry, _)| is_first(entry.kind)) {
                    histories.push(self.history(entry, place));
                }
            }
            let (gifts, charges) = histories.into_iter().partition(|one| one.first().kind == EntryKind::Settled);
            self.hold_gifts(gifts).await?;
            self.hold_charges(charges).await?;
            self.hold_movements(&pages).await?;
        }
        Ok(())
    }

    /// A first entry with all that followed from it. An orphan whose donation was found has two; so has one that is booked beside its gift.
    fn history(&mut self, first: &Entry, place: Place) -> History {
        let payment = print(&first.payment);
        let later = self.later.get(&payment).map_or(&[][..], Vec::as_slice);
        // What was an orphan settles its donation once, before or later.
        let is_found = first.kind == EntryKind::Settled && has_left_suspense(later);
        if !self.came_in.insert((payment, is_found)) {
            self.again.push((first.clone(), place));
        }
        if !later.is_empty() {
            self.met.insert(payment);
        }
        History::of(first.clone(), place, later)
    }

    async fn hold_gifts(&mut self, gifts: Vec<History>) -> Result<(), RebuildError> {
        self.found.gifts += gifts.len() as u64;
        let ids: BTreeSet<DonationId> = gifts.iter().filter_map(|gift| gift.first().donation).collect();
        let kept = self.table.donations(&ids.into_iter().collect::<Vec<_>>()).await?;
        let kept: HashMap<DonationId, Donation> = kept.into_iter().map(|donation| (donation.id, donation)).collect();
        let (table, is_mending) = (self.table, self.is_mending);
        let held = gifts.into_iter().filter_map(|gift| {
            let id = gift.first().donation?;
            let kept = kept.get(&id).cloned();
            Some(async move {
                let what = hold_gift(table, is_mending, &gift, kept).await?;
                Ok::<_, RebuildError>(what.map(|what| (id, gift, what)))
            })
        });
        let held: Vec<_> = stream::iter(held).buffered(AT_ONCE).try_collect().await?;
        for (id, gift, what) in held.into_iter().flatten() {
            if what == What::Absent {
                self.found.anew.add(id, gift.first());
            }
            self.found.findings.push(Finding::about(About::Donation(id), what, is_mending, gift.first()));
        }
        Ok(())
    }

    async fn hold_charges(&mut self, charges: Vec<History>) -> Result<(), RebuildError> {
        self.found.charges += charges.len() as u64;
        let payments: BTreeSet<PaymentRef> = charges.iter().map(|charge| charge.first().payment.clone()).collect();
        let kept = self.table.charges(&payments.into_iter().collect::<Vec<_>>()).await?;
        let kept: HashMap<PaymentRef, Charge> = kept.into_iter().map(|charge| (charge.payment.clone(), charge)).collect();
        for charge in charges {
            let payment = charge.first().payment.clone();
            let what = hold_charge(self.table, self.is_mending, &charge, kept.get(&payment).cloned()).await?;
            let finding = what.map(|what| Finding::about(About::Charge(payment), what, self.is_mending, charge.first()));
            self.found.findings.extend(finding);
        }
        Ok(())
    }

    async fn hold_movements(&mut self, pages: &[Page]) -> Result<(), RebuildError> {
        let movements = || pages.iter().flat_map(movements);
        let references: BTreeSet<_> = movements().map(|(movement, _)| *movement.reference.bytes()).collect();
        let references: Vec<Hash> = references.iter().filter_map(|bytes| Hash::from_bytes(bytes)).collect();
        let mut noted = self.table.noted(&references).await?;
        for (movement, place) in movements() {
            self.found.movements += 1;
            let mut what = match noted.get(&movement.reference) {
                Some(there) if *there == place => continue,
                Some(there) => What::NotedElsewhere(*there),
                None => What::Absent,
            };
            if self.is_mending && what == What::Absent {
                match self.table.restore_note(movement, place).await? {
                    Some(there) if there != place => what = What::NotedElsewhere(there),
                    Some(_) | None => {}
                }
                noted.insert(movement.reference, place);
            }
            let is_mended = self.is_mending && what == What::Absent;
            let finding = Finding::of(About::Movement(movement.reference), what);
            self.found.findings.push(Finding { is_mended, ..finding });
        }
        Ok(())
    }
}

/// What is wrong with a donation, if anything; put right, if that is asked for and can be done.
async fn hold_gift(
    table: &Table,
    is_mending: bool,
    gift: &History,
    mut kept: Option<Donation>,
) -> Result<Option<What>, RebuildError> {
    let mut was = None;
    for _ in 0..ROUNDS {
        let rebuilt = match &kept {
            Some(kept) => Some(gift.donation(kept)),
            None => gift.donation_anew(),
        };
        let mut rebuilt = match rebuilt {
            None => return Ok(None),
            Some(Err(contradiction)) => return Ok(Some(What::Contradicts(contradiction))),
            Some(Ok(rebuilt)) => rebuilt,
        };
        if is_mending && kept.is_none() {
            // If none is kept its donor had a data key, which nobody finds any more, or was erased.
            rebuilt.forgotten = !is_salt_kept(table, rebuilt.place).await?;
        }
        let what = match &kept {
            Some(kept) => What::of(differing(kept, &rebuilt)),
            None => Some(What::Absent),
        };
        // Written by a call whose reply was lost, it does not differ any more.
        let Some(what) = what else { return Ok(was) };
        let what = was.get_or_insert(what).clone();
        let is_written = match &kept {
            _ if !is_mending => true,
            Some(kept) => table.restore_donation(kept, &rebuilt).await?,
            None => table.make_donation(&rebuilt).await?.is_none(),
        };
        if is_written {
            return Ok(Some(what));
        }
        kept = table.donation(&rebuilt.id).await?;
    }
    Err(RebuildError::Moving)
}

async fn is_salt_kept(table: &Table, place: Option<Place>) -> Result<bool, RebuildError> {
    let Some((place, chain)) = place.and_then(|place| Some((place, place.chain_id()?))) else { return Ok(false) };
    let key = table.page(chain, place.seq).await?.and_then(|page| page.key());
    Ok(match key {
        Some(key) => table.kept_salt(&key, place.index).await?.is_some(),
        None => false,
    })
}

/// The same of a charge.
async fn hold_charge(
    table: &Table,
    is_mending: bool,
    history: &History,
    mut kept: Option<Charge>,
) -> Result<Option<What>, RebuildError> {
    let mut was = None;
    for _ in 0..ROUNDS {
        let rebuilt = match history.charge(kept.as_ref()) {
            Ok(rebuilt) => rebuilt,
            Err(contradiction) => return Ok(Some(What::Contradicts(contradiction))),
        };
        let what = match &kept {
            Some(kept) => What::of(differing_charge(kept, &rebuilt)),
            None => Some(What::Absent),
        };
        let Some(what) = what else { return Ok(was) };
        let what = was.get_or_insert(what).clone();
        if !is_mending || table.restore_charge(&rebuilt).await? {
            return Ok(Some(what));
        }
        kept = table.charges(std::slice::from_ref(&rebuilt.payment)).await?.pop();
    }
    Err(RebuildError::Moving)
}

/// Whether it is kept from the first reading on: what is no first entry, and orphans, which may be found to be a donation's.
const fn is_gathered(kind: EntryKind) -> bool {
    !is_first(kind) || matches!(kind, EntryKind::Orphan)
}

fn entries(page: &Page) -> impl Iterator<Item = (&Entry, Place)> {
    page.entries().iter().zip(0..).map(|(entry, index)| (entry, at(page, index)))
}

fn movements(page: &Page) -> impl Iterator<Item = (&Movement, Place)> {
    page.movements().iter().zip(0..).map(|(movement, index)| (movement, at(page, index)))
}

const fn at(page: &Page, index: u16) -> Place {
    Place { chain: page.chain.number(), seq: page.seq, index }
}

pub(crate) fn print(payment: &PaymentRef) -> Print {
    let hash = Hash::of(&[payment.provider.to_string().as_bytes(), b"#", payment.payment.to_string().as_bytes()]);
    let mut print = Print::default();
    print.copy_from_slice(&hash.bytes()[..size_of::<Print>()]);
    print
}
