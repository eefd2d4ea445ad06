//! Lists that are not out, and should be: their animals may be slaughtered in two hours, or could be by now.
//!
//! One sale of a slaughterhouse and a day that is not closed, or waits for something, keeps all others of the two from their list. From when the list is due on
//! ([`list_due`]) each run looks which offerings those are, counts the list as late (`ListsLate`, which wakes somebody), and has a matter for a person of each of them, whose evidence names
//! the slaughterhouse, the day and the offering. A list that nobody has a share on is awaited by nobody.

use std::collections::BTreeMap;

use domain::case::{Case, Reason};
use domain::id::{OpportunityId, SlaughterhouseId};
use domain::moment::Moment;
use domain::money::Money;
use domain::sacrifice::close::watched_until;
use domain::sacrifice::deadline::list_due;
use domain::sacrifice::{ListDay, Lot, Offering, Stage, Stock};
use serde_json::{Value, json};

use crate::{Deps, ExecutionError};

/// A list that is due: whose it is, of which day, and what is to be on it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct DueList {
    house: Option<SlaughterhouseId>,
    day: ListDay,
    offerings: Vec<OpportunityId>,
}

impl DueList {
    /// What it is called.
    pub(crate) fn name(&self) -> String {
        format!("{}, {}", self.house.as_ref().map_or("nobody", |house| house.as_str()), self.day)
    }

    /// As the run tells it.
    pub(crate) fn told(&self, waits_for: &[OpportunityId]) -> Value {
        json!({"slaughterhouse": self.house, "day": self.day, "waits_for": waits_for})
    }
}

/// The lists that are due, of which something is not out; of one offering, if that is asked for.
pub(crate) fn of(standing: &[Offering], asked: Option<&OpportunityId>, now: Moment) -> Vec<DueList> {
    let mut lists: BTreeMap<(Option<SlaughterhouseId>, ListDay), Vec<&Offering>> = BTreeMap::new();
    for offering in standing.iter().filter(|of| of.stock != Stock::Preparing && now < watched_until(of)) {
        lists.entry((offering.place.slaughterhouse.clone(), ListDay::of(offering))).or_default().push(offering);
    }
    let list = |((house, day), offerings): ((Option<SlaughterhouseId>, ListDay), Vec<&Offering>)| {
        let offerings = offerings.into_iter().map(|of| of.id.clone()).collect();
        DueList { house, day, offerings }
    };
    let is_wanted = |of: &[&Offering]| {
        let is_asked = asked.is_none_or(|asked| of.iter().any(|offering| offering.id == *asked));
        is_asked && is_due(of, now) && !of.iter().all(|offering| offering.stage == Stage::Listed)
    };
    lists.into_iter().filter(|(_, of)| is_wanted(of)).map(list).collect()
}

/// What is tied to a day is due as soon as the first of its places may begin; what is not, once the last of them is closed and decided about.
fn is_due(offerings: &[&Offering], now: Moment) -> bool {
    let due = |is_dated: bool| offerings.iter().filter(move |of| of.day.is_some() == is_dated).map(|of| list_due(of));
    due(true).min().into_iter().chain(due(false).max()).any(|due| now >= due)
}

/// Which offerings hold the list back, each a matter for a person; none where it went out meanwhile, or nobody has a share of what is on it. A matter that a person has closed stays closed.
///
/// # Errors
/// When the table cannot be reached; the next run looks again.
pub(crate) async fn tell(deps: &Deps, list: &DueList) -> Result<Option<Vec<OpportunityId>>, ExecutionError> {
    let standing = deps.table.offerings_by_id(&list.offerings).await?;
    let out = standing.iter().filter(|offering| offering.stage == Stage::Listed).count();
    if out == standing.len() {
        return Ok(None);
    }
    let mut is_awaited = out > 0;
    for offering in &standing {
        is_awaited = is_awaited || deps.table.all_lots(&offering.id).await?.iter().any(is_had);
    }
    if !is_awaited {
        return Ok(None);
    }
    let waits_for = holding_back(&standing);
    for offering in &waits_for {
        open(deps, list, offering).await?;
    }
    Ok(Some(waits_for))
}

/// Whether anybody has a share of it.
fn is_had(lot: &Lot) -> bool {
    !lot.claims.is_empty()
}

/// Those whose animals are not packed; where all are, those that are not on a list yet.
fn holding_back(standing: &[Offering]) -> Vec<OpportunityId> {
    let at = |is: fn(Stage) -> bool| -> Vec<OpportunityId> {
        standing.iter().filter(|offering| is(offering.stage)).map(|offering| offering.id.clone()).collect()
    };
    let unpacked = at(|stage| matches!(stage, Stage::Sale | Stage::Closing));
    if unpacked.is_empty() { at(|stage| stage == Stage::Packed) } else { unpacked }
}

async fn open(deps: &Deps, list: &DueList, offering: &OpportunityId) -> Result<(), ExecutionError> {
    let case = Case {
        reason: Reason::ListLate,
        payment: None,
        donation: None,
        refund: None,
        amount_minor: Money::ZERO,
        evidence: format!("{}: the list waits for {offering}", list.name()),
        opened_at: deps.clock.now(),
    };
    if deps.table.case(&case.id()).await?.is_none() {
        tracing::error!(case = case.id(), offering = offering.as_str(), "a list is not out, and the slaughter is near");
        deps.table.open_case(&case).await?;
    }
    Ok(())
}
