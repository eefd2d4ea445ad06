//! What follows from what was booked, told to the queues of those who carry on.
//!
//! Told after the commit and before the message is let go, so that a crash between the two tells it again and never not at all. A new
//! consumer is a new queue here.

use std::time::Duration;

use domain::donation::{Charge, ChargeKind, Donation, State};
use domain::journal::{ChainId, Page};
use domain::message::Message;
use domain::notice::Notice;
use platform::queue::QueueError;
use platform::telemetry;

use crate::Deps;
use crate::plan::{Indexes, Plan, Turn};

/// How long a failed payment is not told of: the donor saw it fail, and most try again at once. Whoever has paid by then hears nothing of it.
pub const FAILURE_WAIT: Duration = Duration::from_secs(120);

/// How long a failed payment keeps what it held of capped opportunities: most who try again do so on the same page, at once, and then nothing has to be claimed anew. Shares of an offering are
/// free at once, because others wait for them.
pub const DROP_WAIT: Duration = FAILURE_WAIT;

/// What is to be told, by queue.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Consequences {
    /// To the follower of the journal.
    pub journal: Vec<Message>,
    /// To the keeper of holds.
    pub holds: Vec<Message>,
    /// The same, but not at once: see [`DROP_WAIT`].
    pub drops: Vec<Message>,
    /// To whoever keeps the shares of offerings.
    pub shares: Vec<Message>,
    /// To the payer of refunds.
    pub refunds: Vec<Message>,
    /// To whoever tells donors.
    pub notices: Vec<Message>,
    /// The same, but not at once: see [`FAILURE_WAIT`].
    pub failures: Vec<Message>,
    /// How many gifts are settled by it, for the metric.
    pub settled: u64,
}

impl Consequences {
    /// Of a plan that stands, on this page if it booked anything.
    pub fn of(plan: &Plan, page: Option<&Page>) -> Consequences {
        let settled = plan.booked.iter().filter(|(_, indexes)| indexes.settles.is_some()).count() as u64;
        let mut told = Consequences { settled, ..Consequences::default() };
        if let Some(page) = page {
            told.journal.push(Message::page_committed(page.chain, page.seq));
        }
        for (Turn { read: donation, state, .. }, Indexes { settles, .. }) in &plan.booked {
            // Paid: it is spent. Gone back: others may give it.
            told.spend_hold(donation);
            if settles.is_some() {
                told.move_shares(donation);
                told.thank(donation, page.map(|page| (page.chain, page.seq)));
            }
            // What moves nothing back, such as a dispute, is no news of a refund.
            if state.refunded() > donation.refunded() {
                told.tell_of_refund(donation, state);
            }
            if settles.is_none() {
                told.move_shares(donation);
            }
        }
        told.shares.extend(plan.sought.iter().cloned().map(Message::SharesSought));
        for donation in &plan.repeated {
            told.spend_hold(donation);
            told.move_shares(donation);
            if let Some((place, chain)) = donation.place.and_then(|place| Some((place, place.chain_id()?))) {
                told.journal.push(Message::page_committed(chain, place.seq));
                told.thank(donation, Some((chain, place.seq)));
            }
            told.tell_of_refund(donation, &donation.state);
        }
        for charge in plan.charges.iter().chain(&plan.repeated_charges) {
            if !charge.due().is_zero() {
                let (payment, refunded_minor) = (charge.payment.clone(), charge.captured_minor);
                told.refunds.push(Message::RefundDue { payment, refunded_minor });
            }
            told.tell_of_return(charge);
        }
        let failed_now = plan.changed.iter().filter(|turn| matches!(turn.state, State::Failed { .. }));
        for donation in failed_now.map(|turn| &turn.read).chain(&plan.failed_before) {
            told.drop_hold(donation);
            told.tell_of_failure(donation);
        }
        for list in [&mut told.journal, &mut told.shares, &mut told.notices, &mut told.failures, &mut told.drops] {
            without_repeats(list);
        }
        told
    }

    /// One message for all gifts of a page, and none where nobody can be told.
    fn thank(&mut self, donation: &Donation, page: Option<(ChainId, u64)>) {
        if let Some((chain, seq)) = page.filter(|_| donation.personal.is_some()) {
            self.notices.push(Message::page_committed(chain, seq));
        }
    }

    fn tell_of_refund(&mut self, donation: &Donation, state: &State) {
        let refunded_minor = state.refunded();
        if donation.personal.is_some() && !refunded_minor.is_zero() {
            self.notices.push(Message::NoticeDue(Notice::Refund { donation: donation.id, refunded_minor }));
        }
    }

    /// Whether its donation has anybody to tell is not known here: a charge is rare enough to look.
    /// Of what was found to be its donation's, that donation tells.
    fn tell_of_return(&mut self, charge: &Charge) {
        let Charge { payment, donation: Some(donation), refunded_minor, .. } = charge.clone() else { return };
        if !refunded_minor.is_zero() && charge.kind != ChargeKind::Assigned {
            self.notices.push(Message::NoticeDue(Notice::ChargeReturned { donation, payment, refunded_minor }));
        }
    }

    fn tell_of_failure(&mut self, donation: &Donation) {
        if let Some(attempt) = donation.attempt().filter(|_| donation.personal.is_some()) {
            let (donation, attempt) = (donation.id, attempt.number);
            self.failures.push(Message::NoticeDue(Notice::Failure { donation, attempt }));
        }
    }

    /// What it held is for others, until somebody tries again.
    fn drop_hold(&mut self, donation: &Donation) {
        let dropped = Message::HoldDropped { donation: donation.id };
        if donation.reservation.is_some() {
            self.holds.push(dropped);
        } else if !donation.hold.is_empty() {
            self.drops.push(dropped);
        }
    }

    /// Whether they are paid, or go back, whoever keeps them reads.
    fn move_shares(&mut self, donation: &Donation) {
        if donation.reservation.is_some() {
            self.shares.push(Message::SharesMoved { donation: donation.id });
        }
    }

    fn spend_hold(&mut self, donation: &Donation) {
        if !donation.hold.is_empty() {
            self.holds.push(Message::HoldSpent { donation: donation.id });
        }
    }
}

/// The messages, each once, the first of each.
fn without_repeats(messages: &mut Vec<Message>) {
    let mut seen = Vec::with_capacity(messages.len());
    messages.retain(|message| {
        let is_new = !seen.contains(message);
        seen.push(message.clone());
        is_new
    });
}

/// Tells the queues.
///
/// # Errors
/// When a queue did not confirm; others may have been told.
pub async fn tell(deps: &Deps, told: Consequences) -> Result<(), QueueError> {
    deps.journal.send_all(told.journal).await?;
    let holds = told.holds.into_iter().map(|hold| (hold, Duration::ZERO));
    let drops = told.drops.into_iter().map(|hold| (hold, DROP_WAIT));
    deps.holds.send_all_later(holds.chain(drops)).await?;
    deps.shares.send_all(told.shares).await?;
    deps.refunds.send_all(told.refunds).await?;
    let notices = told.notices.into_iter().map(|notice| (notice, Duration::ZERO));
    let failures = told.failures.into_iter().map(|failure| (failure, FAILURE_WAIT));
    deps.notices.send_all_later(notices.chain(failures)).await?;
    telemetry::count("settlement", "SettledGifts", told.settled);
    Ok(())
}
