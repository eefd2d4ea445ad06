//! The one animal that is not full.
//!
//! Where the offering has it completed, the platform takes what is missing from its own account ([`crate::own`]). Where what was given for it is to go back, each
//! gift is a matter for a person, because money goes back by two people's will; the offering waits until they have gone back, or the offering says otherwise, or its day is too near.

use std::collections::BTreeMap;

use domain::case::{Case, Reason};
use domain::donation::Donation;
use domain::id::DonationId;
use domain::money::Money;
use domain::sacrifice::close::remainder;
use domain::sacrifice::{Lot, Offering, Remainder};

use crate::close::{Outcome, Turn};
use crate::{Deps, ExecutionError, seal};

/// Completes the animal, or says for how many gifts it is waited.
///
/// # Errors
/// When the table cannot be reached.
pub(crate) async fn decide(deps: &Deps, offering: &Offering, last: &Lot) -> Result<Turn, ExecutionError> {
    let shares: BTreeMap<DonationId, u8> = last.confirmed().map(|(id, shares)| (*id, shares)).collect();
    let donations = deps.table.donations(&shares.keys().copied().collect::<Vec<_>>()).await?;
    let is_split =
        donations.iter().any(|donation| donation.reservation.as_ref().is_some_and(|named| !named.parts.is_empty()));
    match remainder(offering, is_split, deps.clock.now()) {
        Remainder::Complete => {
            let own = offering.species.shares() - last.confirmed_shares();
            let full = Lot { shares: offering.species.shares(), own, ..last.clone() };
            seal::adjust(deps, offering, vec![(last.clone(), full)]).await?;
            Ok(Turn::Again)
        }
        Remainder::Refund => {
            for donation in &donations {
                ask_back(deps, offering, donation, shares.get(&donation.id).copied().unwrap_or(0)).await?;
            }
            Ok(Turn::Rests(Outcome::WaitsForRefunds(donations.len())))
        }
    }
}

/// Tells a person once. Whoever has closed the matter has asked for the refund, and is not told again until it is done.
async fn ask_back(deps: &Deps, offering: &Offering, donation: &Donation, shares: u8) -> Result<(), ExecutionError> {
    let line = (0..).zip(&donation.lines).find(|(_, line)| line.sacrifice.is_some());
    let (number, amount_minor) = line.map_or((0, Money::ZERO), |(number, line)| (number, line.amount_minor));
    let case = Case {
        reason: Reason::AnimalUnfilled,
        payment: None,
        donation: Some(donation.id),
        refund: None,
        amount_minor,
        evidence: format!("line {number}: {shares} of {}", offering.id),
        opened_at: deps.clock.now(),
    };
    if deps.table.case(&case.id()).await?.is_none() {
        tracing::warn!(case = case.id(), offering = offering.id.as_str(), "a gift is to go back: its animal is not full");
        deps.table.open_case(&case).await?;
    }
    Ok(())
}
