//! Animals of seven that are not full when the sale has been closed.
//!
//! Closing is the function `execution`: it is run here as the clock would run it, after the last hold of the sale, and the lots are counted as it leaves them. Where a template has none,
//! nothing is known.

use std::time::Duration;

use domain::sacrifice::reservation::HOLD_SECS;
use domain::sacrifice::{Lot, Species};
use jiff::Timestamp;
use testkit::Clock;
use testkit::template::ScheduleTarget;

use super::buyers::Kind;
use super::{BurstError, CLOSES_AFTER_SECS};
use crate::stack::Inside;

/// The function that closes sales.
const CLOSES_SALES: &str = "execution";
/// How often it is run: one run marks the offering, the next fills its animals, and one more finds nothing left to do.
const RUNS: u32 = 4;

/// How many animals are begun and not full after the sale was closed; nothing where no function closes sales.
///
/// # Errors
/// When the table cannot be read.
pub(super) async fn after_closing(inside: &Inside, clock: &Clock) -> Result<Option<u64>, BurstError> {
    let stack = inside.stack();
    let closes = |name: &String| stack.functions.iter().any(|made| made.logical_id == *name && made.handler == CLOSES_SALES);
    let schedule = stack.schedules.iter().find(|schedule| match &schedule.target {
        ScheduleTarget::Function(name) => closes(name),
        ScheduleTarget::Queue(_) => false,
    });
    let (Some(schedule), Ok(camels)) = (schedule, Kind::Camel.id().parse()) else { return Ok(None) };
    clock.skip(Duration::from_secs((CLOSES_AFTER_SECS + HOLD_SECS).unsigned_abs()));
    for _ in 0..RUNS {
        let now = Timestamp::from_millisecond(clock.now_millis()).unwrap_or(Timestamp::MAX);
        // A run that fails leaves animals that are not full, and those are counted.
        let _ = inside.fire(&schedule.logical_id, now).await;
    }
    Ok(Some(partial(&inside.table().all_lots(&camels).await?)))
}

/// Animals of which something is paid for and something is nobody's. What is free has been withdrawn from lots by then: an animal is full with its species' shares, those that the platform
/// completes it with included.
fn partial(lots: &[Lot]) -> u64 {
    let full = Species::Camel.shares();
    let is_partial = |lot: &&Lot| lot.confirmed_shares() > 0 && lot.confirmed_shares() + lot.own < full;
    lots.iter().filter(is_partial).count() as u64
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use domain::id::DonationId;

    #[test]
    fn an_animal_is_partial_when_it_is_begun_and_not_full() {
        let lot = |claims: &[&str]| {
            let claims = (0u8..).zip(claims).map(|(n, claim)| (DonationId::from_bytes([n; 16]), claim.parse().unwrap()));
            Lot { claims: claims.collect(), ..Lot::new(1, 7) }
        };
        assert_eq!(partial(&[lot(&[]), lot(&["7c"]), lot(&["3c", "4c"]), lot(&["3c"]), lot(&["7h1795500000"])]), 1);
        assert_eq!(partial(&[lot(&["1c"]), lot(&["3c", "3c"])]), 2);
        let sealed = |own| Lot { shares: 5 + own, free: 0, own, ..lot(&["5c"]) };
        assert_eq!(partial(&[sealed(0), sealed(2)]), 1, "the platform completes one of them");
    }
}
