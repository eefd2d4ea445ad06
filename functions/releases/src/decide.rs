//! What a message makes of the donation that it is about: pure.
//!
//! | donation | `HoldDue`, early | `HoldDue`, due | `HoldSpent` | `HoldDropped` |
//! |---|---|---|---|---|
//! | absent | nothing was named | the same | comes again | nothing was named |
//! | awaiting, failed | comes again at the end | expire, then sweep | comes again | nothing: `HoldDue` will come |
//! | cancelled, expired | comes again at the end | sweep | comes again | release what is named |
//! | settled, refunded or partly | comes again at the end | sweep | spend what is named | spend what is named |

use std::time::Duration;

use domain::donation::{Donation, State};
use domain::id::DonationId;
use domain::message::Message;
use domain::moment::Moment;

/// How long after a hold's end it is given back. Whoever pays in its last second has paid in time, and the news of it (webhook, verification,
/// settlement) takes seconds; so does a call that began before the end and still claims. A minute outlasts both, and clocks that differ.
pub const GRACE_SECS: i64 = 60;

/// How a claim ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ending {
    /// What it held is free again.
    Release,
    /// What it held is paid.
    Spend,
}

/// What to do about a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// Nothing, now or later.
    Nothing,
    /// The same message again, after a while.
    Again(Duration),
    /// Move the donation to expired, then as [`Step::Sweep`].
    Expire,
    /// Look for every claim of the donation and end it.
    Sweep,
    /// End the claims that the donation names.
    End(Ending),
    /// The message is ahead of the table, or not for this queue: it fails, and comes again.
    Fail(&'static str),
}

/// The donation that a message is about, if it is one for this queue.
pub const fn subject(message: &Message) -> Option<DonationId> {
    match message {
        Message::HoldDue { donation } | Message::HoldSpent { donation } | Message::HoldDropped { donation } => {
            Some(*donation)
        }
        Message::PaymentReported(_)
        | Message::LookRequested { .. }
        | Message::PaymentTold(_)
        | Message::PageCommitted { .. }
        | Message::FoldRequested {}
        | Message::NoticeDue(_)
        | Message::ErasureDue { .. }
        | Message::UpdatesKept { .. }
        | Message::SharesMoved { .. }
        | Message::SharesSought(_)
        | Message::RefundDue { .. }
        | Message::RefundApproved { .. } => None,
    }
}

/// What to do about a message, the donation being as it was read.
pub fn step(message: &Message, donation: Option<&Donation>, now: Moment) -> Step {
    match message {
        Message::HoldDue { .. } => donation.map_or(Step::Nothing, |donation| due(donation, now)),
        Message::HoldSpent { .. } => spent(donation),
        Message::HoldDropped { .. } => {
            donation.and_then(|donation| ending(&donation.state)).map_or(Step::Nothing, Step::End)
        }
        Message::PaymentReported(_)
        | Message::LookRequested { .. }
        | Message::PaymentTold(_)
        | Message::PageCommitted { .. }
        | Message::FoldRequested {}
        | Message::NoticeDue(_)
        | Message::ErasureDue { .. }
        | Message::UpdatesKept { .. }
        | Message::SharesMoved { .. }
        | Message::SharesSought(_)
        | Message::RefundDue { .. }
        | Message::RefundApproved { .. } => Step::Fail("not for this queue"),
    }
}

fn due(donation: &Donation, now: Moment) -> Step {
    let left = donation.expires_at.plus_seconds(GRACE_SECS).millis_since(now);
    match u64::try_from(left) {
        // Whole seconds, upwards: a message that comes again a moment too early would only be sent a third time.
        Ok(left @ 1..) => Step::Again(Duration::from_secs(left.div_ceil(1_000))),
        _ if donation.state.is_payable() => Step::Expire,
        _ => Step::Sweep,
    }
}

fn spent(donation: Option<&Donation>) -> Step {
    match donation.and_then(|donation| ending(&donation.state)) {
        Some(Ending::Spend) => Step::End(Ending::Spend),
        Some(Ending::Release) | None => Step::Fail("told as paid, and does not read so"),
    }
}

/// How what a donation in this state holds is to end; not at all while it may be paid.
pub const fn ending(state: &State) -> Option<Ending> {
    match state {
        State::Awaiting | State::Failed { .. } => None,
        State::Cancelled | State::Expired => Some(Ending::Release),
        State::Settled { .. } | State::PartlyRefunded { .. } | State::Disputed { .. } | State::Refunded { .. } => {
            Some(Ending::Spend)
        }
    }
}
