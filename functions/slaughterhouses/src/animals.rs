//! Which animals of a day are not done yet: those of the day's latest list that are somebody's, held against what was told of them.
//!
//! **Cost.** A query for the lists, a query for each segment of an offering's lots, a batch read for each hundred animals: asked for by people, a few times a day.

use std::collections::BTreeMap;

use domain::id::OpportunityId;
use domain::sacrifice::{Carried, ListDay, animal};
use platform::http::{Answer, Call, Faults, Parameters, Problem};
use serde::Serialize;

use crate::{Deps, house, kept_by_nobody};

/// Animals of one answer at most, for each offering.
pub const MOST_SHOWN: usize = 1_000;

#[derive(Serialize)]
struct Animals<'a> {
    slaughterhouse: &'a str,
    day: String,
    offerings: Vec<OfferingView>,
}

/// The animals of an offering.
#[derive(Serialize)]
struct OfferingView {
    offering: OpportunityId,
    animals: usize,
    slaughtered: usize,
    with_evidence: usize,
    distributed: usize,
    /// The first of those that were not told as slaughtered.
    left: Vec<String>,
}

/// `GET /v1/sacrifice/slaughterhouses/{id}/animals?day=1448-12-10`.
///
/// # Errors
/// 401, 403; 404 where no list went out for the day; 422 without a day; 503 when the table is busy.
pub(crate) async fn left(deps: &Deps, call: &Call) -> Result<Answer, Problem> {
    let house = house(call)?;
    let day = day(call)?;
    let list = deps.table.last_list(&house, day).await?.ok_or_else(Problem::not_found)?;
    let mut offerings = Vec::new();
    for id in &list.offerings {
        offerings.push(of(deps, id).await?);
    }
    let answer = Animals { slaughterhouse: house.as_str(), day: day.to_string(), offerings };
    Ok(kept_by_nobody(Answer::json(200, &answer)))
}

async fn of(deps: &Deps, id: &OpportunityId) -> Result<OfferingView, Problem> {
    let offering = deps.table.offering(id).await?;
    let lots = deps.table.all_lots(id).await?;
    let numbers = offering.map(|offering| animal::numbers(offering.species, &lots)).unwrap_or_default();
    let keys: Vec<(OpportunityId, u32)> = numbers.iter().map(|number| (id.clone(), *number)).collect();
    let known: BTreeMap<u32, Carried> =
        deps.table.carried(&keys).await?.into_iter().map(|carried| (carried.number, carried)).collect();
    let count = |is: fn(&Carried) -> bool| known.values().filter(|carried| is(carried)).count();
    let is_done = |number: &&u32| known.get(*number).is_some_and(Carried::is_slaughtered);
    let left = numbers.iter().filter(|number| !is_done(number)).take(MOST_SHOWN);
    Ok(OfferingView {
        offering: id.clone(),
        animals: numbers.len(),
        slaughtered: count(Carried::is_slaughtered),
        with_evidence: count(|carried| carried.is_slaughtered() && !carried.evidence.is_empty()),
        distributed: count(Carried::is_distributed),
        left: left.map(|number| animal::name(id, *number)).collect(),
    })
}

fn day(call: &Call) -> Result<ListDay, Problem> {
    let mut faults = Faults::new(call.language());
    let parameters = Parameters::of(call, &["day"], &mut faults);
    let day = parameters.get("day").and_then(|day| day.parse().ok());
    if day.is_none() {
        let english = "A day of the feast such as 1448-12-10, or a date";
        faults.add("?day", "day_unreadable", "يوم من أيام النحر مثل 1448-12-10 أو تاريخ", english);
    }
    faults.tell()?;
    day.ok_or_else(Problem::not_found)
}
