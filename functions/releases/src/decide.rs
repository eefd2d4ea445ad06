//! What a message makes of the donation that it is about: pure.
//!
//! | donation | `HoldDue`, early | `HoldDue`, due | `HoldSpent` | `HoldDropped` |
//! |---|---|---|---|---|
//! | absent | nothing was named | the same | comes again | nothing was named |
//! | awaiting | comes again at the end | expire, then sweep | comes again | nothing: somebody tries again, and `HoldDue` will come |
//! | failed | comes again at the end | expire, then sweep | comes again | say in the donation that it has given up what it held, then release what is named |
//! | failed, and says so | comes again at the end | expire, then sweep | comes again | release what is named |
//! | cancelled, expired | comes again at the end | sweep | comes again | release what is named |
//! | settled, refunded or partly | comes again at the end | sweep | spend what is named | spend what is named |
//!
//! Whenever a paid gift is looked at, what of it has gone back meanwhile is free again for others.

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
    /// What it held is free again: nothing is claimed for the donation any more.
    Release,
    /// The same, as long as the donation has given it up: somebody may try again and claim anew.
    ReleaseDropped,
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
    /// Say in the donation that it gives up what it holds, then release what it names.
    Drop,
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
        Message::HoldDropped { .. } => donation.map_or(Step::Nothing, dropped),
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

fn dropped(donation: &Donation) -> Step {
    match (ending(donation), &donation.state) {
        (Some(ending), _) => Step::End(ending),
        (None, State::Failed { .. }) => Step::Drop,
        (
            None,
            State::Awaiting
            | State::Cancelled
            | State::Expired
            | State::Settled { .. }
            | State::PartlyRefunded { .. }
            | State::Disputed { .. }
            | State::Refunded { .. },
        ) => Step::Nothing,
    }
}

fn spent(donation: Option<&Donation>) -> Step {
    match donation.and_then(ending) {
        Some(Ending::Spend) => Step::End(Ending::Spend),
        Some(Ending::Release | Ending::ReleaseDropped) | None => Step::Fail("told as paid, and does not read so"),
    }
}

/// How what a donation holds is to end; not at all while it waits for a payment and keeps what it holds.
pub const fn ending(donation: &Donation) -> Option<Ending> {
    match donation.state {
        State::Failed { .. } if donation.dropped => Some(Ending::ReleaseDropped),
        State::Awaiting | State::Failed { .. } => None,
        State::Cancelled | State::Expired => Some(Ending::Release),
        State::Settled { .. } | State::PartlyRefunded { .. } | State::Disputed { .. } | State::Refunded { .. } => {
            Some(Ending::Spend)
        }
    }
}
