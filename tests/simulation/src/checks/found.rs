//! Payments that were nobody's and whose donation was found: each is its donation's settlement, or stands in suspense, and counts once.

use domain::donation::{Charge, ChargeKind, Donation, State};
use domain::journal::{Account, EntryKind, Page};
use moyasar_sandbox::Status;

use super::payments::by_hand;
use crate::world::World;

/// What was an orphan and names its donation again settles it, if it still can at once, or has settled it; otherwise it stays in suspense. All that stands there is of orphans.
pub fn found(world: &World, pages: &[Page], (donations, charges): (&[Donation], &[Charge]), wrong: &mut Vec<String>) {
    for (payment, donation) in world.deeds.found() {
        let id = payment.to_string();
        let is_of = |kind: EntryKind| {
            let mut entries = pages.iter().flat_map(Page::entries);
            entries.any(|entry| entry.kind == kind && entry.payment.payment.as_str() == id)
        };
        let charge = charges.iter().find(|charge| charge.payment.payment.as_str() == id);
        if !is_of(EntryKind::Orphan) {
            // It was put right before anybody had looked.
            continue;
        }
        let Some(charge) = charge else {
            wrong.push(format!("payment {id} was nobody's, and is kept nowhere"));
            continue;
        };
        let Some(donation) = donations.iter().find(|known| known.id == donation) else {
            wrong.push(format!("payment {id} is of {donation}, which is not in the table"));
            continue;
        };
        let is_assigned = is_of(EntryKind::Assigned);
        let settles = donation.state.settled_by().is_some_and(|by| by.payment == charge.payment);
        let named = charge.kind == ChargeKind::Assigned && charge.donation == Some(donation.id);
        // Of what had come in besides nothing may be left to take out.
        let is_out = is_assigned || (settles && !charge.stands());
        if is_out != settles || is_assigned != named {
            wrong.push(format!(
                "payment {id} was nobody's: assigned is {is_assigned}, and it settles {} {settles}",
                donation.id
            ));
        }
        let is_there = world.stage.sandbox.payment(payment).is_some_and(|payment| payment.status != Status::Voided);
        if !is_assigned
            && is_there
            && charge.is_orphan()
            && could_settle(donation)
            && charge.captured_minor == donation.total()
        {
            wrong.push(format!("payment {id} stands in suspense, and {} still waits for it", donation.id));
        }
    }
    suspense(pages, charges, wrong);
}

/// Whether a payment would settle it at once. What is given up is never claimed anew by itself, so that whoever could at the end could when the case was replayed.
fn could_settle(donation: &Donation) -> bool {
    match donation.state {
        State::Awaiting | State::Failed { .. } => !donation.dropped,
        State::Cancelled | State::Expired => !donation.holds(),
        State::Settled { .. } | State::PartlyRefunded { .. } | State::Disputed { .. } | State::Refunded { .. } => false,
    }
}

fn suspense(pages: &[Page], charges: &[Charge], wrong: &mut Vec<String>) {
    let mut stands = 0;
    for transfer in pages.iter().flat_map(Page::transfers) {
        let amount = transfer.amount().signed_halalas();
        stands += amount * i64::from(*transfer.credit() == Account::Suspense);
        stands -= amount * i64::from(*transfer.debit() == Account::Suspense);
    }
    let orphans = charges.iter().filter(|charge| charge.kind == ChargeKind::Orphan);
    let left: i64 = orphans.map(|charge| charge.rest().signed_halalas()).sum();
    if stands != left {
        wrong.push(format!("{stands} stand in suspense, and {left} are nobody's"));
    }
    let mut by_hand = by_hand(pages);
    for charge in charges {
        let (id, taken) = (charge.payment.payment.as_str(), charge.out().signed_halalas());
        let booked = by_hand.remove(id).unwrap_or(0);
        if booked != taken {
            wrong.push(format!("{booked} were taken out of suspense of payment {id}, which says {taken}"));
        }
    }
    wrong.extend(by_hand.into_keys().map(|id| format!("payment {id} left suspense by hand, and never came there")));
}
