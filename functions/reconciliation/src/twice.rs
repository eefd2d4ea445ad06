//! A payment that came into the books twice.
//!
//! A fact names its donation by the payment's metadata, and nothing marks a payment as used but the donation that it settled. So metadata that somebody changes at the provider after the payment was booked, to
//! another donation that waits for as much, or to none, has it booked again: each of the two agrees with the provider, and the money is there once. An orphan beside its own gift leaves the books by itself, as
//! soon as the payment names its donation and is told again; what has left them is not told of.
//!
//! **Found** where it came in twice on one day, and where it came in on this day and was begun on another: then the books of the days since are looked through for it, at most [`MOST_DAYS`] of them and
//! for [`BUDGET_SECS`] at most. What was begun in the hour before this day and came in within its first hour is not looked for, so that on an ordinary day no other day is read. When a payment was begun is the
//! provider's word, because what it tells of when it was taken moves with the metadata. Of what could not be looked for the day's document says how much it is; `rebuild check` finds that too.
//!
//! **Memory**: some eighty bytes for each payment that came in, and the entries of those that were begun on another day.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry as Slot;

use domain::case::Case;
use domain::donation::{Charge, ChargeKind, Place, is_first};
use domain::id::DonationId;
use domain::journal::{Entry, EntryKind, Page};
use domain::moment::{Day, Moment};
use platform::books;
use platform::bucket::BucketError;
use serde_json::json;

use crate::day::fingerprint;
use crate::{Deps, ReconcileError};

/// What was begun so long before midnight may come in for the first time so long after it.
const MIDNIGHT_SECS: i64 = 3_600;
/// So many days before this one are looked through at most.
const MOST_DAYS: usize = 31;
/// After so long no further day is looked through: a third of the function's time.
const BUDGET_SECS: i64 = 300;

/// An entry by which a payment came in.
#[derive(Debug, Clone)]
struct Income {
    entry: Entry,
    place: Place,
    written_at: Moment,
}

/// What is remembered of how a payment came in.
#[derive(Debug, Clone, Copy)]
struct First {
    place: Place,
    kind: EntryKind,
    donation: Option<DonationId>,
}

/// What came in on a day.
#[derive(Debug, Default)]
pub(crate) struct Incomes {
    seen: BTreeMap<u64, First>,
    /// What came in again, and how it had come in first.
    again: Vec<(Income, First)>,
    /// By payment, what was begun on another day.
    others: BTreeMap<u64, Income>,
}

/// What was found.
#[derive(Debug, Default)]
pub(crate) struct Twice {
    /// The matter of each payment that came in twice.
    pub(crate) cases: Vec<Case>,
    /// Payments that may have come in before the days that were looked through.
    pub(crate) not_looked_for: usize,
}

impl Incomes {
    /// What came in by a page of the day; `is_of_day` says of a payment whether it was begun on the day.
    pub(crate) fn take(&mut self, page: &Page, is_of_day: impl Fn(&u64) -> bool) {
        for (entry, place) in incomes(page) {
            let payment = fingerprint(&entry.payment);
            let income = || Income { entry: entry.clone(), place, written_at: page.written_at };
            let first = First { place, kind: entry.kind, donation: entry.donation };
            match self.seen.entry(payment) {
                Slot::Occupied(first) => self.again.push((income(), *first.get())),
                Slot::Vacant(slot) => {
                    slot.insert(first);
                    if !is_of_day(&payment) {
                        self.others.insert(payment, income());
                    }
                }
            }
        }
    }

    /// The matter of each that had come in before, when it is known when payments were begun.
    ///
    /// # Errors
    /// When the table cannot be reached, or the books of a day before are not what they must be.
    pub(crate) async fn twice(
        mut self,
        deps: &Deps,
        day: Day,
        begun_at: &BTreeMap<u64, Moment>,
    ) -> Result<Twice, ReconcileError> {
        let (from, until) = (day.start().plus_seconds(-MIDNIGHT_SECS), day.start().plus_seconds(MIDNIGHT_SECS));
        let is_ordinary = |begun: &Moment, income: &Income| *begun >= from && income.written_at < until;
        self.others.retain(|payment, income| begun_at.get(payment).is_none_or(|begun| !is_ordinary(begun, income)));
        let begun_on = |payment: &u64| begun_at.get(payment).map(|begun| begun.day());
        let (mut before, began_at) = (day.previous(), deps.clock.now());
        for _ in 0..MOST_DAYS {
            // Whoever was begun later than this day cannot have come in on it.
            let first = self.others.keys().filter_map(begun_on).min();
            let took = deps.clock.now().millis_since(began_at);
            if first.is_none_or(|first| before < first) || took > BUDGET_SECS * 1_000 {
                break;
            }
            let Some(seal) = deps.table.day_seal(before).await? else {
                // Of days before the first that was sealed there are no books.
                self.others.clear();
                break;
            };
            let read = books::read(&deps.table, &seal, &mut Earlier(&mut self)).await;
            read.map_err(|error| ReconcileError::Books(before, error))?;
            before = before.previous();
        }
        let is_left = |payment: &&u64| begun_on(payment).is_none_or(|begun| begun <= before);
        let not_looked_for = self.others.keys().filter(is_left).count();
        let mut cases = Vec::new();
        for (income, first) in &self.again {
            if !has_left(deps, income, *first).await? {
                cases.push(matter(income, first.place, deps.clock.now()));
            }
        }
        Ok(Twice { cases, not_looked_for })
    }
}

/// Looks for what came in on the day among what came in on a day before.
struct Earlier<'i>(&'i mut Incomes);

impl books::Reader for Earlier<'_> {
    async fn page(&mut self, page: Page) -> Result<(), BucketError> {
        for (entry, place) in incomes(&page) {
            let again = self.0.others.remove(&fingerprint(&entry.payment));
            let first = First { place, kind: entry.kind, donation: entry.donation };
            self.0.again.extend(again.map(|income| (income, first)));
        }
        Ok(())
    }
}

/// The entries of a page by which money came in. What stood in suspense settles its donation, once that is found, on the page on which it leaves suspense: it came in before.
fn incomes(page: &Page) -> impl Iterator<Item = (&Entry, Place)> {
    let place = |index| Place { chain: page.chain.number(), seq: page.seq, index };
    let is_found = |entry: &Entry| {
        let is_of = |other: &Entry| (&other.payment, other.donation) == (&entry.payment, entry.donation);
        page.entries().iter().any(|other| other.kind == EntryKind::Assigned && is_of(other))
    };
    let is_income = move |entry: &Entry| is_first(entry.kind) && (entry.kind != EntryKind::Settled || !is_found(entry));
    page.entries()
        .iter()
        .zip(0..)
        .filter(move |(entry, _)| is_income(entry))
        .map(move |(entry, index)| (entry, place(index)))
}

/// Whether one of the two was an orphan that has left the books since, because the other settled its donation; or of which nothing stands any more, because all of it went back. What people took out of it did not
/// go to where it had come from.
async fn has_left(deps: &Deps, income: &Income, first: First) -> Result<bool, ReconcileError> {
    let gift = match (first.kind, income.entry.kind) {
        (EntryKind::Orphan, EntryKind::Settled) => income.entry.donation,
        (EntryKind::Settled, EntryKind::Orphan) => first.donation,
        _ => return Ok(false),
    };
    let charges = deps.table.charges(std::slice::from_ref(&income.entry.payment)).await?;
    let is_as_it_was = |charge: &&Charge| charge.out().is_zero();
    Ok(charges.iter().filter(is_as_it_was).any(|charge| match charge.kind {
        ChargeKind::Assigned => charge.donation == gift,
        ChargeKind::Orphan => !charge.stands(),
        ChargeKind::Second | ChargeKind::Late => false,
    }))
}

fn matter(Income { entry, place, .. }: &Income, first: Place, now: Moment) -> Case {
    let evidence = json!({ "first": first, "again": place, "kind": entry.kind.code() });
    Case::booked_twice(entry, evidence.to_string(), now)
}
