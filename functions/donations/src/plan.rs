//! What the ground makes of a command: its lines and where to hold, or what is wrong with each; pure.

use domain::cap;
use domain::catalogue::{Opportunity, Standing};
use domain::donation::{HoldPart, Line, MOST_DONATION};
use domain::id::DonationId;
use domain::moment::Moment;
use domain::money::Money;
use domain::sacrifice::Shares;

use crate::command::{Command, Wanted};
use crate::fault::{AMOUNT_TOO_LARGE, Found, NOT_LICENSED, OPPORTUNITY_CLOSED, OPPORTUNITY_UNKNOWN, OVER_FUNDED, Wrong};
use crate::ground::Ground;
use crate::shares::{self, Asked};

/// What a donation is to have.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Plan {
    /// Its lines, with what each opportunity was when it was made.
    pub lines: Vec<Line>,
    /// Where it is to hold what of capped opportunities.
    pub hold: Vec<HoldPart>,
    /// The shares that it is to have of an offering; on which lot is not known yet.
    pub shares: Option<Asked>,
}

/// Plans a donation.
///
/// # Errors
/// What is wrong with each line.
pub fn plan(command: &Command, ground: &Ground, donation: &DonationId, now: Moment) -> Result<Plan, Vec<Found>> {
    let mut plan = Plan { lines: Vec::new(), hold: Vec::new(), shares: None };
    let mut faults = Vec::new();
    for (number, wanted) in command.lines.iter().enumerate() {
        let amount = shares::price(wanted, number, ground, now).unwrap_or_else(|found| {
            faults.push(found);
            wanted.amount
        });
        match ground.opportunities.get(&wanted.opportunity) {
            Some(opportunity) => match wrong_with(opportunity) {
                None => plan.lines.extend(amount.map(|amount| line(opportunity, wanted, amount, now))),
                Some(wrong) => faults.push(wrong.at(format!("/lines/{number}/opportunity"))),
            },
            None => faults.push(OPPORTUNITY_UNKNOWN.at(format!("/lines/{number}/opportunity"))),
        }
        match amount.map_or(Ok(Vec::new()), |amount| parts(wanted, ground, amount, donation)) {
            Ok(parts) => plan.hold.extend(parts),
            Err(remains) => faults.push(over_funded(number, remains)),
        }
        plan.shares = plan.shares.or_else(|| shares::asked(wanted, number, ground));
    }
    let total = Money::sum(plan.lines.iter().map(|line| line.amount_minor));
    if faults.is_empty() && total.is_none_or(|total| total > MOST_DONATION) {
        faults.push(AMOUNT_TOO_LARGE.at("/lines"));
    }
    if faults.is_empty() { Ok(plan) } else { Err(faults) }
}

/// Whether nothing is wrong but that too little remains, and enough would if others gave back what they claimed.
pub fn may_come_back(command: &Command, ground: &Ground, faults: &[Found]) -> bool {
    let is_enough = |wanted: &Wanted| {
        let free = ground.escrows.get(&wanted.opportunity).into_iter().flatten().map(|shard| shard.free);
        let claimed = ground.claimed.get(&wanted.opportunity).copied();
        Money::sum(free.chain(claimed)).is_none_or(|all| wanted.amount.is_none_or(|amount| all >= amount))
    };
    let capped = command.lines.iter().filter(|wanted| ground.escrows.contains_key(&wanted.opportunity));
    faults.iter().all(|found| *found.wrong == OVER_FUNDED) && capped.clone().all(is_enough)
}

/// Less remains than a line is to give.
pub fn over_funded(line: usize, remains: Money) -> Found {
    Found { remains: Some(remains.to_string()), ..OVER_FUNDED.at(format!("/lines/{line}/amount")) }
}

fn wrong_with(opportunity: &Opportunity) -> Option<&'static Wrong> {
    match opportunity.standing {
        Standing::Closed => Some(&OPPORTUNITY_CLOSED),
        // By law an appeal shows the number of its licence; without one it may take nothing.
        Standing::Open if opportunity.licence.trim().is_empty() => Some(&NOT_LICENSED),
        Standing::Open => None,
    }
}

fn line(opportunity: &Opportunity, wanted: &Wanted, amount: Money, now: Moment) -> Line {
    let sacrifice =
        wanted.sacrifice.as_ref().map(|asks| Shares { shares: asks.shares, wakala: asks.wakala.clone(), accepted_at: now });
    Line {
        opportunity: opportunity.id.clone(),
        fund: opportunity.fund,
        purpose: opportunity.purpose(),
        amount_minor: amount,
        sacrifice,
    }
}

fn parts(wanted: &Wanted, ground: &Ground, amount: Money, donation: &DonationId) -> Result<Vec<HoldPart>, Money> {
    let Some(shards) = ground.escrows.get(&wanted.opportunity) else { return Ok(Vec::new()) };
    cap::hold_parts(&wanted.opportunity, shards, amount, donation)
}
