//! A payment that came into the books twice.
//!
//! A fact names its donation by the payment's metadata, and nothing marks a payment as used but the donation that it settled. So metadata that somebody changes at the provider after the payment was booked, to
//! another donation that waits for as much, or to none, has it booked again: each of the two agrees with the provider, and the money is there once.
//!
//! **Found** where it came in twice on one day, and where it came in on this day later than [`MIDNIGHT_SECS`] after its beginning and was begun on another: then the books of the days since are looked through
//! for it, at most [`MOST_DAYS`] of them. A payment is booked within minutes of its beginning, so that on an ordinary day no other day is read. What is left, an hour after midnight and what is older, is found by
//! `rebuild check`, which reads all pages. When a payment was begun is the provider's word, because what it tells of when it was taken moves with the metadata.
//!
//! **Memory**: eight bytes for each payment that came in.

use std::collections::{BTreeMap, BTreeSet};

use domain::case::{Case, Reason};
use domain::donation::is_first;
use domain::journal::{Entry, EntryKind, Page};
use domain::moment::{Day, Moment};
use domain::money::Money;
use domain::reconcile::payment::Difference;
use platform::books;
use platform::bucket::BucketError;
use serde_json::json;

use crate::day::{case, fingerprint};
use crate::{Deps, ReconcileError};

/// What was begun on the day before may come in for the first time so long after midnight.
const MIDNIGHT_SECS: i64 = 3_600;
/// So many days before this one are looked through at most.
const MOST_DAYS: usize = 31;

/// An entry by which a payment came in.
#[derive(Debug, Clone)]
struct Income {
    entry: Entry,
    /// Chain, number and index.
    place: (u8, u64, u16),
}

/// What came in on a day.
#[derive(Debug, Default)]
pub(crate) struct Incomes {
    seen: BTreeSet<u64>,
    again: Vec<Income>,
    /// By payment, what was begun on another day and may have come in before.
    late: BTreeMap<u64, Income>,
}

impl Incomes {
    /// What came in by a page of the day, on which these payments were begun.
    pub(crate) fn take(&mut self, page: &Page, begun: &BTreeSet<u64>) {
        let is_late = page.written_at > page.day.start().plus_seconds(MIDNIGHT_SECS);
        for (entry, index) in page.entries().iter().zip(0..).filter(|(entry, _)| is_income(page, entry)) {
            let payment = fingerprint(&entry.payment);
            let income = || Income { entry: entry.clone(), place: (page.chain.number(), page.seq, index) };
            if !self.seen.insert(payment) {
                self.again.push(income());
            } else if is_late && !begun.contains(&payment) {
                self.late.insert(payment, income());
            }
        }
    }

    /// The matter of each that had come in before, when it is known on which days payments were begun.
    ///
    /// # Errors
    /// When the books of a day before cannot be read.
    pub(crate) async fn twice(
        mut self,
        deps: &Deps,
        day: Day,
        begun_on: &BTreeMap<u64, Day>,
    ) -> Result<Vec<Case>, ReconcileError> {
        let first = self.late.keys().filter_map(|payment| begun_on.get(payment)).min().copied();
        let mut before = day.previous();
        for _ in 0..MOST_DAYS {
            if first.is_none_or(|first| before < first) || self.late.is_empty() {
                break;
            }
            // Of days before the first that was sealed there are no books.
            let Some(seal) = deps.table.day_seal(before).await? else { break };
            let read = books::read(&deps.table, &seal, &mut Earlier(&mut self)).await;
            read.map_err(|error| ReconcileError::Books(before, error))?;
            before = before.previous();
        }
        Ok(self.again.iter().map(|income| matter(income, deps.clock.now())).collect())
    }
}

/// Looks for what came in late on the day among what came in on a day before.
struct Earlier<'i>(&'i mut Incomes);

impl books::Reader for Earlier<'_> {
    async fn page(&mut self, page: Page) -> Result<(), BucketError> {
        for entry in page.entries().iter().filter(|entry| is_income(&page, entry)) {
            self.0.again.extend(self.0.late.remove(&fingerprint(&entry.payment)));
        }
        Ok(())
    }
}

/// Whether money came in by it. What stood in suspense settles its donation, once that is found, on the page on which it leaves suspense: it came in before.
fn is_income(page: &Page, entry: &Entry) -> bool {
    let is_found = || page.entries().iter().any(|other| other.kind == EntryKind::Assigned && other.payment == entry.payment);
    is_first(entry.kind) && (entry.kind != EntryKind::Settled || !is_found())
}

fn matter(income: &Income, now: Moment) -> Case {
    let Income { entry, place: (chain, seq, index) } = income;
    let amount_minor = u64::try_from(entry.moved_minor()).ok().and_then(Money::from_halalas);
    let difference = Difference { reason: Reason::BookedTwice, amount_minor: amount_minor.unwrap_or(Money::ZERO) };
    let evidence = json!({ "again": { "kind": entry.kind.code(), "chain": chain, "seq": seq, "index": index } });
    case(Some(&entry.payment), entry.donation, difference, evidence.to_string(), now)
}
