//! What the ground makes of a command: its lines and where to hold, or what is wrong with each; pure.

use domain::cap;
use domain::catalogue::{Opportunity, Standing};
use domain::donation::{HoldPart, Line};
use domain::id::{DonationId, OpportunityId};
use domain::money::Money;

use crate::command::{Command, Wanted};
use crate::fault::{Found, NOT_LICENSED, OPPORTUNITY_CLOSED, OPPORTUNITY_UNKNOWN, OVER_FUNDED, Wrong};
use crate::ground::Ground;

/// What a donation is to have.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Plan {
    /// Its lines, with what each opportunity was when it was made.
    pub lines: Vec<Line>,
    /// Where it is to hold what of capped opportunities.
    pub hold: Vec<HoldPart>,
}

/// Plans a donation.
///
/// # Errors
/// What is wrong with each line.
pub fn plan(command: &Command, ground: &Ground, donation: &DonationId) -> Result<Plan, Vec<Found>> {
    let mut plan = Plan { lines: Vec::new(), hold: Vec::new() };
    let mut faults = Vec::new();
    for (number, wanted) in command.lines.iter().enumerate() {
        match ground.opportunities.get(&wanted.opportunity) {
            Some(opportunity) => match wrong_with(opportunity) {
                None => plan.lines.push(line(opportunity, wanted.amount)),
                Some(wrong) => faults.push(wrong.at(format!("/lines/{number}/opportunity"))),
            },
            None => faults.push(OPPORTUNITY_UNKNOWN.at(format!("/lines/{number}/opportunity"))),
        }
        match parts(wanted, ground, donation) {
            Ok(parts) => plan.hold.extend(parts),
            Err(remains) => faults.push(over_funded(number, remains)),
        }
    }
    if faults.is_empty() { Ok(plan) } else { Err(faults) }
}

/// Whether nothing is wrong but that too little remains, and enough would if others gave back what they claimed.
pub fn may_come_back(command: &Command, ground: &Ground, faults: &[Found]) -> bool {
    let is_enough = |wanted: &Wanted| {
        let free = ground.escrows.get(&wanted.opportunity).into_iter().flatten().map(|shard| shard.free);
        let claimed = ground.claimed.get(&wanted.opportunity).copied();
        Money::sum(free.chain(claimed)).is_none_or(|all| all >= wanted.amount)
    };
    let capped = command.lines.iter().filter(|wanted| ground.escrows.contains_key(&wanted.opportunity));
    faults.iter().all(|found| *found.wrong == OVER_FUNDED) && capped.clone().all(is_enough)
}

/// Less remains than a line is to give.
pub fn over_funded(line: usize, remains: Money) -> Found {
    Found { remains: Some(remains), ..OVER_FUNDED.at(format!("/lines/{line}/amount")) }
}

fn wrong_with(opportunity: &Opportunity) -> Option<&'static Wrong> {
    match opportunity.standing {
        Standing::Closed => Some(&OPPORTUNITY_CLOSED),
        // By law an appeal shows the number of its licence; without one it may take nothing.
        Standing::Open if opportunity.licence.trim().is_empty() => Some(&NOT_LICENSED),
        Standing::Open => None,
    }
}

fn line(opportunity: &Opportunity, amount: Money) -> Line {
    Line {
        opportunity: opportunity.id.clone(),
        fund: opportunity.fund,
        purpose: opportunity.purpose(),
        amount_minor: amount,
    }
}

fn parts(wanted: &Wanted, ground: &Ground, donation: &DonationId) -> Result<Vec<HoldPart>, Money> {
    let Some(shards) = ground.escrows.get(&wanted.opportunity) else { return Ok(Vec::new()) };
    hold_parts(&wanted.opportunity, shards, wanted.amount, donation)
}

/// Where to hold an amount, or what remains where that is less.
///
/// # Errors
/// What remains.
pub fn hold_parts(
    opportunity: &OpportunityId,
    shards: &[cap::Shard],
    amount: Money,
    donation: &DonationId,
) -> Result<Vec<HoldPart>, Money> {
    // Any number that differs from donation to donation spreads them over the shards.
    let start = usize::from(donation.bytes()[0]);
    let parts = cap::plan(shards, amount, start).map_err(|over| over.remains)?;
    let part = |(shard, amount_minor)| HoldPart { opportunity: opportunity.clone(), shard, amount_minor };
    Ok(parts.into_iter().map(part).collect())
}
