//! What is true at the provider, held against the books.

use std::collections::{BTreeMap, HashMap};

use domain::correction::out_of_suspense;
use domain::donation::{Charge, ChargeKind, Donation, is_first};
use domain::journal::{Entry, EntryKind, Page, Transfer};
use moyasar_sandbox::{PaymentFacts, Sandbox, Status};

use super::cases::Cases;
use crate::world::World;

/// Why money of this payment is not to be booked: it is not the money that was asked for.
pub fn refused(sandbox: &Sandbox, payment: &PaymentFacts) -> Option<&'static str> {
    let invoice = payment.invoice_id.and_then(|id| sandbox.invoice(id))?;
    if payment.currency != "SAR" {
        return Some("currency_differs");
    }
    // Of a stranger's payment no amount is known. One that lost whose it is and was put right names its donation itself.
    let is_named = invoice.metadata.is_some() || payment.metadata.is_some();
    (is_named && charged(payment) != invoice.amount).then_some("amount_differs")
}

/// What is told of as taken, whatever became of it since: less than the payment was for, where less was captured than was held.
pub fn charged(payment: &PaymentFacts) -> u64 {
    if payment.captured > 0 { payment.captured } else { payment.amount }
}

/// Each payment of the provider's is booked exactly once, with what was taken, what was kept of it and what was given back; nothing else is booked. What differs from what was
/// asked for is not booked, and what the provider took back without us stays booked; either has its case.
pub fn payments(world: &World, pages: &[Page], cases: &Cases, wrong: &mut Vec<String>) {
    let by_hand = by_hand(pages);
    let mut entries: HashMap<String, Vec<&Entry>> = HashMap::new();
    for entry in pages.iter().flat_map(Page::entries) {
        entries.entry(entry.payment.payment.to_string()).or_default().push(entry);
    }
    for payment in world.stage.sandbox.payments() {
        let id = payment.id.to_string();
        let booked = entries.remove(&id).unwrap_or_default();
        let of = |is_so: fn(EntryKind) -> bool| booked.iter().filter(|entry| is_so(entry.kind)).count();
        let by_hand = by_hand.get(&id).copied().unwrap_or(0);
        // What was an orphan comes in as its donation's instead.
        let came_in = of(is_income) - usize::from(is_found(&booked, by_hand)).min(of(is_income));
        // What was nobody's when it came in is kept as that, whatever it names since.
        let was_nobodys = booked.iter().any(|entry| entry.kind == EntryKind::Orphan);
        let refused = refused(&world.stage.sandbox, &payment).filter(|_| !was_nobodys);
        // What was let go while it was only held is no denial: nothing may be booked of it.
        let is_denied = payment.status == Status::Voided && came_in == 1 && !world.deeds.was_let_go(payment.id);
        if let Some(reason) = refused.filter(|_| payment.taken > 0)
            && !cases.about(reason, &id)
        {
            wrong.push(format!("payment {id} is of {} {}, and there is no case {reason}", payment.taken, payment.currency));
        }
        if is_denied && !cases.about("void_after_capture", &id) {
            wrong.push(format!("payment {id} was booked and denied later, and there is no case"));
        }
        let expected = usize::from(is_denied || (payment.taken > 0 && refused.is_none()));
        if came_in != expected {
            wrong.push(format!("payment {id} of {} was booked {came_in} times", payment.taken));
        }
        let is_dear = payment.fee > charged(&payment);
        let fee = if is_dear || came_in == 0 { 0 } else { payment.fee };
        let kept: i64 = booked.iter().flat_map(|entry| &entry.transfers).map(Transfer::fee_minor).sum();
        if u64::try_from(kept) != Ok(fee) {
            wrong.push(format!("payment {id}: a fee of {kept} is booked, and {} was kept", payment.fee));
        }
        if is_dear && came_in == 1 && !cases.about("fee_beyond_capture", &id) && !cases.about("donation_unknown", &id) {
            wrong.push(format!("payment {id} of {} cost {}, and there is no case", payment.amount, payment.fee));
        }
        let has = |of: EntryKind| booked.iter().any(|entry| entry.kind == of);
        if by_hand != 0 && has(EntryKind::Settled) && has(EntryKind::Orphan) && !cases.about("booked_twice", &id) {
            wrong.push(format!("payment {id} was given back by hand and stands as a gift, and nobody is told"));
        }
        let (taken, returned) = (taken(&booked, by_hand), returned(&booked, by_hand));
        let (took, gave_back) = (payment.taken.cast_signed(), payment.refunded.cast_signed());
        // It had gone back by another way before.
        let is_spent = by_hand > 0 && returned < gave_back && cases.about("refund_beyond_capture", &id);
        if came_in == 1 && ((taken != took && !is_denied) || (returned != gave_back && !is_spent)) {
            wrong.push(format!(
                "payment {id}: {taken} in and {returned} back are booked, {} and {} are true",
                payment.taken, payment.refunded
            ));
        }
    }
    wrong.extend(entries.into_keys().map(|payment| format!("payment {payment} is booked, but the provider knows none")));
}

/// What people took out of suspense, in halalas, by payment.
pub fn by_hand(pages: &[Page]) -> BTreeMap<String, i64> {
    let mut sums = BTreeMap::new();
    for movement in pages.iter().flat_map(Page::movements) {
        if let Some(payment) = &movement.payment {
            *sums.entry(payment.payment.to_string()).or_default() += out_of_suspense(&movement.transfers);
        }
    }
    sums
}

/// What was taken by these entries of a payment, in halalas. What was booked twice leaves the books but for what went back of it, which is told of its gift too, and for what people took out of it.
pub fn taken(entries: &[&Entry], by_hand: i64) -> i64 {
    let of = |is: fn(EntryKind) -> bool| sum(entries, is).cast_signed();
    let gone = if is_found(entries, by_hand) { by_hand } else { 0 };
    of(is_income) - of(|kind| kind == EntryKind::Assigned) - back_of_twice(entries, by_hand) - gone
}

/// Whether what came in as an orphan is its gift's, and out of suspense: it left when that was found, or nothing of it was left there.
fn is_found(entries: &[&Entry], by_hand: i64) -> bool {
    let has = |of: EntryKind| entries.iter().any(|entry| entry.kind == of);
    let of = |of: EntryKind| sum(entries, |kind| kind == of).cast_signed();
    let is_beside = has(EntryKind::Settled) && has(EntryKind::Orphan);
    has(EntryKind::Assigned) || (is_beside && of(EntryKind::Orphan) == of(EntryKind::ChargeReturned) + by_hand)
}

/// What went back by these entries of a payment, in halalas.
pub fn returned(entries: &[&Entry], by_hand: i64) -> i64 {
    sum(entries, is_refund).cast_signed() - back_of_twice(entries, by_hand)
}

/// What went back of an orphan before it was found that its own gift was settled by it.
fn back_of_twice(entries: &[&Entry], by_hand: i64) -> i64 {
    if is_found(entries, by_hand) { sum(entries, |kind| kind == EntryKind::ChargeReturned).cast_signed() } else { 0 }
}

/// Whether the entry says that money came in.
pub const fn is_income(kind: EntryKind) -> bool {
    is_first(kind)
}

/// Whether the entry says that money went back.
pub const fn is_refund(kind: EntryKind) -> bool {
    matches!(kind, EntryKind::Refunded | EntryKind::ChargeReturned)
}

/// What moved at the provider by the entries of a kind, without what it kept: a refund whose line becomes known later moves nothing there again.
pub fn sum(entries: &[&Entry], of: impl Fn(EntryKind) -> bool) -> u64 {
    entries.iter().filter(|entry| of(entry.kind)).map(|entry| entry.moved_minor().unsigned_abs()).sum()
}

/// What is owed back by itself has been given back, unless the provider refuses to. Gives back what is kept apart.
///
/// # Errors
/// When the table cannot be read.
pub async fn charges(world: &World, pages: &[Page], cases: &Cases, wrong: &mut Vec<String>) -> anyhow::Result<Vec<Charge>> {
    // By payment: one that is booked twice is told of elsewhere, and is still one charge.
    let kept: BTreeMap<_, _> = pages
        .iter()
        .flat_map(Page::entries)
        .filter(|entry| matches!(entry.kind, EntryKind::SecondCharge | EntryKind::LateCharge | EntryKind::Orphan))
        .map(|entry| (entry.payment.payment.to_string(), entry.payment.clone()))
        .collect();
    let kept: Vec<_> = kept.into_values().collect();
    let charges = world.stage.table.charges(&kept).await?;
    for charge in &charges {
        let payment = charge.payment.payment.as_str();
        let is_refused = || cases.about("refund_refused", payment) && cases.about("void_after_capture", payment);
        match charge.kind {
            ChargeKind::Second | ChargeKind::Late if !charge.due().is_zero() && !is_refused() => {
                wrong.push(format!("charge {payment} still owes {}", charge.due()));
            }
            ChargeKind::Second | ChargeKind::Late | ChargeKind::Orphan | ChargeKind::Assigned => {}
        }
    }
    Ok(charges)
}

/// Every refund was made once: what the provider gave back of a gift is what two people agreed to and what was given back from the dashboard, and of
/// a charge never more than was taken.
pub fn refunds(world: &World, donations: &[Donation], wrong: &mut Vec<String>) {
    let truth: HashMap<String, PaymentFacts> =
        world.stage.sandbox.payments().into_iter().map(|payment| (payment.id.to_string(), payment)).collect();
    for donation in donations {
        let Some(payment) = donation.state.settled_by().and_then(|by| truth.get(by.payment.payment.as_str())) else {
            continue;
        };
        let done = donation.back.refunds.iter().filter(|refund| refund.stage.code() == "done");
        let agreed: u64 = done.map(|refund| refund.amount().halalas()).sum();
        let elsewhere = world.deeds.given_back(payment.id);
        // What goes back from the dashboard counts towards what was agreed to.
        let (least, most) = (agreed.max(elsewhere), agreed + elsewhere);
        if !(least..=most).contains(&payment.refunded) || (elsewhere == 0 && payment.refunded != agreed) {
            wrong.push(format!(
                "{} went back of payment {} of donation {}; {agreed} were agreed to, {elsewhere} went from the dashboard",
                payment.refunded, payment.id, donation.id
            ));
        }
    }
    for payment in truth.values().filter(|payment| payment.refunded > payment.amount) {
        wrong.push(format!("{} of {} went back of payment {}", payment.refunded, payment.amount, payment.id));
    }
}
