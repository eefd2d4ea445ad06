//! One debit, one credit, one amount.

use super::Account;
use crate::catalogue::Purpose;
use crate::money::Money;
use crate::purpose::Fund;

/// Why two accounts and an amount are not a transfer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum TransferError {
    /// Nothing would move.
    #[error("a transfer moves something")]
    Nothing,
    /// Both sides are the same account.
    #[error("a transfer has two different accounts")]
    SameAccount,
    /// The two accounts belong to different funds.
    #[error("money of the fund {0} cannot enter the fund {1}")]
    FundsMixed(Fund, Fund),
}

/// Money moved from one account to another. It balances because it has one amount, and it cannot cross from one fund into
/// another because [`Transfer::new`] is the only way to make one and [`super::Page::verify`] repeats its check.
///
/// ```
/// use domain::journal::{Account, Transfer, TransferError};
/// use domain::purpose::Fund;
///
/// let zakat = Account::Opportunity(Fund::Zakat, "families".parse().unwrap());
/// let waqf = Account::Opportunity(Fund::Waqf, "clinic".parse().unwrap());
/// let amount = "10".parse().unwrap();
/// assert_eq!(Transfer::new(zakat, waqf, amount).unwrap_err(), TransferError::FundsMixed(Fund::Zakat, Fund::Waqf));
/// ```
#[derive(Debug, Clone, PartialEq, Eq, minicbor::Encode, minicbor::Decode)]
#[cbor(array)]
pub struct Transfer {
    #[n(0)]
    debit: Account,
    #[n(1)]
    credit: Account,
    #[n(2)]
    amount: Money,
    #[n(3)]
    line: Option<u8>,
    #[n(4)]
    purpose: Option<Purpose>,
}

impl Transfer {
    /// Moves `amount` from `debit` to `credit`.
    ///
    /// # Errors
    /// When nothing would move, both accounts are the same, or the funds differ.
    pub fn new(debit: Account, credit: Account, amount: Money) -> Result<Transfer, TransferError> {
        let transfer = Transfer { debit, credit, amount, line: None, purpose: None };
        transfer.check().map(|()| transfer)
    }

    /// The same transfer, made for a line of the donation (counted from zero) and what the line is for.
    pub fn for_line(self, line: u8, purpose: Purpose) -> Transfer {
        Transfer { line: Some(line), purpose: Some(purpose), ..self }
    }

    /// Repeats the checks of [`Transfer::new`], for a transfer that was read.
    ///
    /// # Errors
    /// As [`Transfer::new`].
    pub fn check(&self) -> Result<(), TransferError> {
        if self.amount.is_zero() {
            return Err(TransferError::Nothing);
        }
        if self.debit == self.credit {
            return Err(TransferError::SameAccount);
        }
        match (self.debit.fund(), self.credit.fund()) {
            (Some(from), Some(to)) if from != to => Err(TransferError::FundsMixed(from, to)),
            _ => Ok(()),
        }
    }

    /// Whether it is what a provider keeps for collecting, or takes such a fee back that was booked a second time.
    pub const fn is_fee(&self) -> bool {
        matches!((&self.debit, &self.credit), (Account::Fees(_), _) | (_, Account::Fees(_)))
    }

    /// Whether it moves what is of payments whose donation is not known.
    pub fn is_of_suspense(&self) -> bool {
        [&self.debit, &self.credit].contains(&&Account::Suspense)
    }

    /// What it books as a provider's fee, in halalas: below nothing where it takes back what was booked a second time.
    pub const fn fee_minor(&self) -> i64 {
        match (&self.debit, &self.credit) {
            (Account::Fees(_), _) => self.amount.signed_halalas(),
            (_, Account::Fees(_)) => -self.amount.signed_halalas(),
            _ => 0,
        }
    }

    /// The account that is debited.
    pub const fn debit(&self) -> &Account {
        &self.debit
    }

    /// The account that is credited.
    pub const fn credit(&self) -> &Account {
        &self.credit
    }

    /// How much moves.
    pub const fn amount(&self) -> Money {
        self.amount
    }

    /// The donation's line, counted from zero, if the transfer belongs to one.
    pub const fn line(&self) -> Option<u8> {
        self.line
    }

    /// What the line is for.
    pub const fn purpose(&self) -> Option<&Purpose> {
        self.purpose.as_ref()
    }
}
