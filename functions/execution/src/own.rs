//! What the platform gives itself: the shares that it has of animals, so that they are full.
//!
//! **Booked once the list is out.** Until then animals may be filled anew, and the platform have other shares or none. From then on nothing is moved any more: what it has of an animal grows, until nobody else has a share of it.
//! Each share of each animal is a movement of its own, `completed`, by its animal and its number: so it is booked once, however often this is done and whatever breaks off.
//!
//! What was booked stays booked, also where all gifts of an animal have gone back since: what the platform gave is its gift, and serves the poor like any other. Finance is told of each share by a case,
//! before it is booked, so that none is booked and not told; and brings the money in: on the bank's statement it is in suspense until two people book it to `own`.

use std::time::Duration;

use domain::case::{Case, Reason};
use domain::journal::{Account, Movement, MovementKind, Transfer};
use domain::message::Message;
use domain::sacrifice::{Lot, Offering, animal};

use crate::{Deps, ExecutionError};

/// Books what is not booked yet of the platform's shares. Where it has none nothing is read.
///
/// # Errors
/// When the table or the queue cannot be reached; the next run goes on.
pub(crate) async fn book(deps: &Deps, offering: &Offering, lots: &[Lot]) -> Result<(), ExecutionError> {
    let own: Vec<&Lot> = lots.iter().filter(|lot| lot.own > 0).collect();
    if own.is_empty() {
        return Ok(());
    }
    let opportunity = deps.table.opportunity(&offering.id).await?;
    let opportunity = opportunity.ok_or_else(|| ExecutionError::NotDue(offering.id.clone()))?;
    let account = Account::Opportunity(opportunity.fund, opportunity.id);
    for lot in own {
        let name = animal::name(&offering.id, animal::number(offering.species, lot.lot, 0));
        for share in 1..=lot.own {
            let movement = completed(deps, offering, &account, (&name, share))?;
            if deps.table.movement(&movement).await?.is_some() {
                continue;
            }
            tell(deps, offering, (&name, share)).await?;
            let place = deps.table.book_movement(&movement, &deps.clock, &deps.random).await?;
            tracing::info!(animal = name, share, "the platform gives a share of an animal itself");
            // Where this breaks off the clock's request to fold finds the page.
            deps.journal.send(Message::PageCommitted { chain: place.chain, seq: place.seq }, Duration::ZERO).await?;
        }
    }
    Ok(())
}

/// Tells finance of a share, once. Whoever has closed the matter is not told again.
async fn tell(deps: &Deps, offering: &Offering, (animal, share): (&str, u8)) -> Result<(), ExecutionError> {
    let case = Case {
        reason: Reason::OwnShares,
        payment: None,
        donation: None,
        refund: None,
        amount_minor: offering.price_minor,
        evidence: format!("share {share} of the platform's own of {animal}"),
        opened_at: deps.clock.now(),
    };
    if deps.table.case(&case.id()).await?.is_none() {
        tracing::warn!(case = case.id(), animal, share, "the platform has a share of an animal itself");
        deps.table.open_case(&case).await?;
    }
    Ok(())
}

fn completed(
    deps: &Deps,
    offering: &Offering,
    account: &Account,
    (animal, share): (&str, u8),
) -> Result<Movement, ExecutionError> {
    let kind = MovementKind::Completed;
    let transfer = Transfer::new(Account::Own, account.clone(), offering.price_minor);
    Ok(Movement {
        kind,
        reference: Movement::reference(kind, &[animal, &share.to_string()]),
        happened_at: deps.clock.now(),
        transfers: vec![transfer.map_err(ExecutionError::Transfer)?],
        payment: None,
    })
}
