//! Which accounts each kind of entry moves money between.
//!
//! **Promise.** Money enters a fund only from a provider's clearing, when a gift is settled, from what the platform gives itself to fill an animal, or back from what a charity of that fund owes; it leaves
//! a fund only towards the donor it came from or the charity it was granted to. So no chain of transfers leads from one fund into another, not
//! even over an account that no fund restricts. Every page is held to this, whoever wrote it.

use super::{Account, EntryKind, MovementKind};
use crate::purpose::Fund;

/// Whether an entry of this kind may debit the one and credit the other.
pub fn of_entry(kind: EntryKind, debit: &Account, credit: &Account) -> bool {
    use Account::{Clearing, Disputes, Fees, Opportunity, RefundsPayable, RefundsSuspense, Suspense};
    let is_fee = matches!((debit, credit), (Fees(of), Clearing(with)) if of == with);
    match kind {
        EntryKind::Settled => is_fee || matches!((debit, credit), (Clearing(_), Opportunity(..))),
        EntryKind::SecondCharge | EntryKind::LateCharge => {
            is_fee || matches!((debit, credit), (Clearing(_), RefundsPayable))
        }
        EntryKind::Orphan => is_fee || matches!((debit, credit), (Clearing(_), Suspense)),
        EntryKind::Refunded => {
            matches!((debit, credit), (Opportunity(..), Clearing(_) | RefundsSuspense) | (RefundsSuspense, Clearing(_)))
        }
        EntryKind::ChargeReturned => matches!((debit, credit), (RefundsPayable | Suspense, Clearing(_))),
        EntryKind::Disputed => matches!((debit, credit), (Disputes(of), Clearing(with)) if of == with),
        EntryKind::DisputeWon => matches!((debit, credit), (Clearing(with), Disputes(of)) if of == with),
        EntryKind::DisputeLost => matches!(
            (debit, credit),
            (Opportunity(..), Clearing(_) | Disputes(_) | RefundsSuspense) | (RefundsSuspense, Clearing(_) | Disputes(_))
        ),
        EntryKind::FeeCharged => is_fee,
        // What was booked a second time goes with its fee.
        EntryKind::Assigned => {
            let is_fee_back = matches!((debit, credit), (Clearing(with), Fees(of)) if of == with);
            is_fee_back || matches!((debit, credit), (Suspense, Clearing(_)))
        }
    }
}

/// Whether a movement of this kind may debit the one and credit the other. That both are of one fund where both are of any is the
/// transfer's own rule.
pub fn of_movement(kind: MovementKind, debit: &Account, credit: &Account) -> bool {
    use Account::{Bank, BankSuspense, Clearing, Opportunity, Own, Payable, Receivable};
    match kind {
        MovementKind::PaidOut => matches!((debit, credit), (Bank, Clearing(_))),
        MovementKind::Unexplained => matches!((debit, credit), (Bank, BankSuspense) | (BankSuspense, Bank)),
        MovementKind::Granted => matches!((debit, credit), (Opportunity(..), Payable(..))),
        MovementKind::Paid => matches!((debit, credit), (Payable(..), Bank)),
        MovementKind::Recalled => matches!((debit, credit), (Receivable(..), Opportunity(..))),
        MovementKind::Repaid => matches!((debit, credit), (Bank, Receivable(..))),
        // Between accounts of no fund, or within one: by two people, but not even they move money across.
        MovementKind::Corrected => debit.fund() == credit.fund(),
        MovementKind::Completed => matches!((debit, credit), (Own, Opportunity(Fund::Adahi | Fund::Kaffara, _))),
    }
}
