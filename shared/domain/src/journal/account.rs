//! The chart of accounts.

use std::fmt;

use crate::id::OpportunityId;
use crate::payment::Provider;
use crate::purpose::Fund;

/// An account of the books.
///
/// | account | holds | grows by |
/// |---|---|---|
/// | clearing of a provider | what the provider has collected and not yet paid out | debit |
/// | opportunity within its fund | what was given to it and not yet disbursed | credit |
/// | refunds payable | what is owed back to donors: second charges, late payments | credit |
/// | refunds suspense | refunds from a dashboard whose line is not known; a case for each | debit |
/// | suspense | money in whose donation is not known; a case for each | credit |
/// | disputes of a provider | what the provider has taken back until a dispute is decided | debit |
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, minicbor::Encode, minicbor::Decode)]
pub enum Account {
    /// What a provider has collected and not yet paid out to the bank.
    #[n(0)]
    Clearing(#[n(0)] Provider),
    /// What was given to an opportunity, within the fund that restricts it.
    #[n(1)]
    Opportunity(#[n(0)] Fund, #[n(1)] OpportunityId),
    /// What is owed back to donors.
    #[n(2)]
    RefundsPayable,
    /// Refunds whose line is not known.
    #[n(3)]
    RefundsSuspense,
    /// Money in whose donation is not known.
    #[n(4)]
    Suspense,
    /// What a provider has taken back until a dispute is decided.
    #[n(5)]
    Disputes(#[n(0)] Provider),
}

impl Account {
    /// The fund that restricts the account's money, if one does.
    pub const fn fund(&self) -> Option<Fund> {
        match self {
            Account::Opportunity(fund, _) => Some(*fund),
            Account::Clearing(_)
            | Account::RefundsPayable
            | Account::RefundsSuspense
            | Account::Suspense
            | Account::Disputes(_) => None,
        }
    }
}

impl fmt::Display for Account {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Account::Clearing(provider) => write!(f, "clearing:{provider}"),
            Account::Opportunity(fund, opportunity) => write!(f, "{fund}:{opportunity}"),
            Account::RefundsPayable => f.write_str("refunds_payable"),
            Account::RefundsSuspense => f.write_str("refunds_suspense"),
            Account::Suspense => f.write_str("suspense"),
            Account::Disputes(provider) => write!(f, "disputes:{provider}"),
        }
    }
}
