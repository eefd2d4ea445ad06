//! Payments told again: after a restore of the table, so that what follows from them follows again.

use domain::donation::is_first;
use domain::journal::{ChainId, Entry, Tail};
use domain::message::Message;
use domain::moment::Moment;
use domain::money::Money;
use domain::payment::{CURRENCY, Happening, PaymentFact};
use platform::queue::Queue;
use platform::table::Table;

use crate::{RebuildError, pages};

/// Tells settlement of every payment again whose first entry was written since then; gives back how many. Settlement finds each booked, and tells again what follows from it: what is held is spent, shares are
/// confirmed, what is owed back is given back. Only after [`crate::mend_donations`]: a payment that no donation or charge in the table knows would be booked a second time. A repeat does no harm.
///
/// # Errors
/// When table or queue do not answer, or a page is not what it must be; begin again then.
pub async fn tell_payments(
    table: &Table,
    payments: &Queue,
    since: Moment,
    mut told: impl FnMut(u64),
) -> Result<u64, RebuildError> {
    let mut all = 0;
    for chain in ChainId::all() {
        let mut tail = Tail::empty(chain);
        loop {
            let pages = pages::after(table, tail).await?;
            let Some(last) = pages.last() else { break };
            tail = last.tail();
            let entries = pages.iter().filter(|page| page.written_at >= since).flat_map(domain::journal::Page::entries);
            let due: Vec<Message> = entries.filter(|entry| is_first(entry.kind)).map(captured).collect();
            all += due.len() as u64;
            payments.send_all(due).await?;
            told(pages.len() as u64);
        }
    }
    Ok(all)
}

/// The capture that the entry booked. A fee that was told later is booked already.
fn captured(entry: &Entry) -> Message {
    let sum = |amounts: Vec<Money>| Money::sum(amounts).unwrap_or(Money::ZERO);
    let amount_minor = sum(entry.principal().map(|transfer| transfer.amount()).collect());
    let fees = entry.transfers.iter().filter(|transfer| transfer.is_fee());
    let fee_minor = sum(fees.map(|transfer| transfer.amount()).collect());
    Message::PaymentTold(PaymentFact {
        payment: entry.payment.clone(),
        donation: entry.donation,
        attempt: 1,
        amount_minor,
        currency: CURRENCY.to_owned(),
        happening: Happening::Captured { method: entry.method, captured_at: entry.happened_at, fee_minor },
    })
}
