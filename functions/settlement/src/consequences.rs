//! What follows from what was booked, told to the queues of those who carry on.
//!
//! Told after the commit and before the message is let go, so that a crash between the two tells it again and never not at all. A new
//! consumer is a new queue here.

use domain::donation::Donation;
use domain::journal::Page;
use domain::message::Message;
use platform::queue::QueueError;
use platform::telemetry;

use crate::Deps;
use crate::plan::Plan;

/// What is to be told, by queue.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Consequences {
    /// To the follower of the journal.
    pub journal: Vec<Message>,
    /// To the keeper of holds.
    pub holds: Vec<Message>,
    /// To the payer of refunds.
    pub refunds: Vec<Message>,
    settled: u64,
}

impl Consequences {
    /// Of a plan that stands, on this page if it booked anything.
    pub fn of(plan: &Plan, page: Option<&Page>) -> Consequences {
        let mut told = Consequences::default();
        if let Some(page) = page {
            told.journal.push(Message::page_committed(page.chain, page.seq));
        }
        for (donation, _, settles) in &plan.booked {
            if settles.is_some() {
                told.settled += 1;
                told.spend_hold(donation);
            }
        }
        for donation in &plan.repeated {
            told.spend_hold(donation);
            if let Some((place, chain)) = donation.place.and_then(|place| Some((place, place.chain_id()?))) {
                told.journal.push(Message::page_committed(chain, place.seq));
            }
        }
        for charge in plan.charges.iter().chain(&plan.repeated_charges) {
            if !charge.due().is_zero() {
                let (payment, refunded_minor) = (charge.payment.clone(), charge.captured_minor);
                told.refunds.push(Message::RefundDue { payment, refunded_minor });
            }
        }
        told.journal.dedup();
        told
    }

    fn spend_hold(&mut self, donation: &Donation) {
        if !donation.hold.is_empty() {
            self.holds.push(Message::HoldSpent { donation: donation.id });
        }
    }
}

/// Tells the queues.
///
/// # Errors
/// When a queue did not confirm; others may have been told.
pub async fn tell(deps: &Deps, told: Consequences) -> Result<(), QueueError> {
    deps.journal.send_all(told.journal).await?;
    deps.holds.send_all(told.holds).await?;
    deps.refunds.send_all(told.refunds).await?;
    if told.settled > 0 {
        telemetry::count("settlement", "SettledGifts", told.settled);
    }
    Ok(())
}
