//! Holds that were missed: their message was lost, or lies among dead letters, and shares that nobody pays for are kept from being sold.
//!
//! While an offering is sold, and while it is waited for its last holds, each run looks at its lots for claims that are held longer than their time, and asks `releases` for each gift once more. Nothing is
//! released here: whether a gift was paid is read there, as for any other message, and asking twice does nothing.

use std::collections::BTreeSet;

use domain::id::DonationId;
use domain::message::Message;
use domain::moment::Moment;
use domain::sacrifice::offering::Stage;
use domain::sacrifice::{Lot, Offering, Standing, Stock};
use platform::telemetry;

use crate::{Deps, ExecutionError};

/// How long after its end a hold counts as missed, in seconds: the message that ends it comes within a minute or two, and then again for some.
pub const MISSED_SECS: i64 = 600;

/// Whether an offering may have holds: it has been sold, and its animals are not packed yet.
pub(crate) fn may_hold(offering: &Offering, now: Moment) -> bool {
    let is_sold = match offering.stage {
        Stage::Sale | Stage::Closing => offering.stock != Stock::Preparing,
        Stage::Packed | Stage::Listed => false,
    };
    is_sold && now >= offering.opens_at
}

/// Asks for each gift whose hold was missed once more; gives back how many there are.
///
/// # Errors
/// When the table or the queue cannot be reached; the next run asks again.
pub(crate) async fn ask(deps: &Deps, offering: &Offering) -> Result<usize, ExecutionError> {
    let missed = missed(&deps.table.all_lots(&offering.id).await?, deps.clock.now());
    if !missed.is_empty() {
        tracing::warn!(offering = offering.id.as_str(), gifts = missed.len(), "holds have ended and still stand");
        telemetry::count("execution", "HoldsMissed", missed.len() as u64);
        let due: Vec<Message> = missed.iter().map(|donation| Message::HoldDue { donation: *donation }).collect();
        deps.holds.send_all(due).await?;
    }
    Ok(missed.len())
}

fn missed(lots: &[Lot], now: Moment) -> BTreeSet<DonationId> {
    let is_over = |standing| match standing {
        Standing::Held(until) => now >= until.plus_seconds(MISSED_SECS),
        Standing::Confirmed => false,
    };
    let held = lots.iter().flat_map(Lot::held);
    held.filter(|(_, claim)| is_over(claim.standing)).map(|(donation, _)| *donation).collect()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn a_hold_is_missed_ten_minutes_after_its_end() {
        let id = |number| DonationId::from_bytes([number; 16]);
        let claims = [(id(1), "2h1795500000"), (id(2), "1c"), (id(3), "1h1795500001")];
        let claims = claims.map(|(id, claim)| (id, claim.parse().unwrap())).into();
        let lots = [Lot { free: 3, claims, ..Lot::new(0, 7) }];
        let at = |secs: i64| missed(&lots, Moment::from_millis((1_795_500_000 + secs) * 1_000));
        assert_eq!(at(MISSED_SECS - 1), BTreeSet::new());
        assert_eq!(at(MISSED_SECS), [id(1)].into());
        assert_eq!(at(MISSED_SECS + 1), [id(1), id(3)].into());
    }
}
