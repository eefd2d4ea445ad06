//! The whole catalogue as it stood a moment ago, kept between calls.
//!
//! A season's nights bring thousands of readers a second to a few hundred opportunities that change by the minute. They are read once in
//! [`FRESH_SECS`] seconds and environment, together with the totals, and every listing is answered from that.
//!
//! Failure: when the table cannot be read the caller is told to try again; an older snapshot is not passed off as the present.

use std::collections::BTreeMap;
use std::sync::Arc;

use domain::catalogue::{Charity, Opportunity};
use domain::id::{CharityId, OpportunityId};
use domain::moment::Moment;
use domain::money::Money;
use domain::totals::{Delta, bucket};
use platform::Clock;
use platform::table::{Revised, Shelf, Table, TableError};
use tokio::sync::Mutex;

/// How long a snapshot serves. Totals follow gifts by seconds anyway, so a reader notices nothing; a hundred environments then read the
/// catalogue twenty times a second together instead of thousands of times.
pub const FRESH_SECS: u32 = 5;

/// What is collected for an opportunity.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Sums {
    /// Collected and not given back.
    pub collected: Money,
    /// Gifts settled.
    pub gifts: u64,
}

impl Sums {
    /// The opportunity's sums among the totals.
    pub fn of(totals: &Delta, opportunity: &OpportunityId) -> Sums {
        let item = totals.get(&total_item(opportunity));
        let sum = |name: char| item.and_then(|sums| sums.get(&format!("{name}:{opportunity}"))).copied().unwrap_or(0);
        let halalas = u64::try_from(sum('s')).unwrap_or(0);
        let collected = Money::from_halalas(halalas).unwrap_or(Money::ZERO);
        Sums { collected, gifts: u64::try_from(sum('n')).unwrap_or(0) }
    }

    /// What remains to the target; nothing where there is more than it, `None` without one.
    pub fn remains(&self, target: Option<Money>) -> Option<Money> {
        target.map(|target| target.minus(self.collected).unwrap_or(Money::ZERO))
    }
}

/// The item of totals that keeps an opportunity's sums.
pub fn total_item(opportunity: &OpportunityId) -> String {
    format!("OPP#{:02}", bucket(opportunity))
}

/// An opportunity with all that is shown of it.
#[derive(Debug, Clone)]
pub struct Listed {
    /// Itself.
    pub revised: Revised<Opportunity>,
    /// Who carries it out.
    pub charity: Charity,
    /// What is collected.
    pub sums: Sums,
}

impl Listed {
    /// What remains to its target.
    pub fn remains(&self) -> Option<Money> {
        self.sums.remains(self.revised.value.target_minor)
    }
}

/// The whole catalogue at a moment, each list by id.
#[derive(Debug, Clone, Default)]
pub struct Snapshot {
    /// What can be given to.
    pub opportunities: Vec<Listed>,
    /// Who carries it out.
    pub charities: Vec<Revised<Charity>>,
}

impl Snapshot {
    /// Joins what was read. An opportunity whose charity was not read with it is left out until the next time: an appeal is never shown
    /// without the licensed body behind it.
    pub fn of(shelf: Shelf, totals: &Delta) -> Snapshot {
        let charities: BTreeMap<&CharityId, &Charity> =
            shelf.charities.iter().map(|charity| (&charity.value.id, &charity.value)).collect();
        let listed = shelf.opportunities.into_iter().filter_map(|revised| {
            let charity = (*charities.get(&revised.value.charity)?).clone();
            let sums = Sums::of(totals, &revised.value.id);
            Some(Listed { revised, charity, sums })
        });
        let opportunities = listed.collect();
        Snapshot { opportunities, charities: shelf.charities }
    }

    /// An opportunity by its id.
    pub fn opportunity(&self, id: &str) -> Option<&Listed> {
        let found = self.opportunities.binary_search_by(|listed| listed.revised.value.id.as_str().cmp(id)).ok()?;
        self.opportunities.get(found)
    }

    /// A charity by its id.
    pub fn charity(&self, id: &str) -> Option<&Revised<Charity>> {
        let found = self.charities.binary_search_by(|charity| charity.value.id.as_str().cmp(id)).ok()?;
        self.charities.get(found)
    }
}

/// The snapshot that an environment keeps.
#[derive(Debug, Default)]
pub struct Kept(Mutex<Option<(Arc<Snapshot>, Moment)>>);

impl Kept {
    /// A snapshot that is at most [`FRESH_SECS`] old. Of callers who come at the same time one reads and the others wait for it.
    ///
    /// # Errors
    /// When the table cannot be reached.
    pub async fn fresh(&self, table: &Table, clock: &Clock) -> Result<Arc<Snapshot>, TableError> {
        let mut kept = self.0.lock().await;
        let now = clock.now();
        if let Some((snapshot, at)) = kept.as_ref()
            && (0..i64::from(FRESH_SECS) * 1_000).contains(&now.millis_since(*at))
        {
            return Ok(Arc::clone(snapshot));
        }
        let (shelf, totals) = futures_util::future::try_join(table.shelf(), table.totals("OPP#")).await?;
        let snapshot = Arc::new(Snapshot::of(shelf, &totals));
        *kept = Some((Arc::clone(&snapshot), now));
        Ok(snapshot)
    }

    /// Lets go of the snapshot, so that a change is seen at once where it was made.
    pub async fn forget(&self) {
        *self.0.lock().await = None;
    }
}
