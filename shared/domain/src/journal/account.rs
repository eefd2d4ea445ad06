//! The chart of accounts.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::id::{CharityId, OpportunityId};
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
/// | fees of a provider | what the provider keeps for collecting; the platform bears it, never a fund | debit |
/// | bank | what is in the platform's account at its bank | debit |
/// | bank suspense | what the bank's statement shows and nobody has explained; a case for each | credit for money in |
/// | payable to a charity within a fund | what was granted to the charity and not yet paid | credit |
/// | receivable from a charity within a fund | what went back to donors after the charity had been paid; a case for each | debit |
/// | own | what the platform has given itself and not yet brought in: shares that fill an animal | debit |
///
/// Which account may be debited and which credited is a rule of the kind of entry: [`super::rules`].
///
/// People write an account by its name, and it is read back from it:
///
/// ```
/// use domain::journal::Account;
///
/// let wells: Account = "zakat:wells-jazan".parse().unwrap();
/// assert_eq!(wells.to_string(), "zakat:wells-jazan");
/// assert!("zakat".parse::<Account>().is_err());
/// ```
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, minicbor::Encode, minicbor::Decode)]
#[serde(try_from = "String", into = "String")]
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
    /// What a provider keeps for collecting.
    #[n(6)]
    Fees(#[n(0)] Provider),
    /// What is in the platform's account at its bank.
    #[n(7)]
    Bank,
    /// What the bank's statement shows and nobody has explained.
    #[n(8)]
    BankSuspense,
    /// What was granted to a charity, within a fund, and not yet paid.
    #[n(9)]
    Payable(#[n(0)] Fund, #[n(1)] CharityId),
    /// What went back to donors after the charity had been paid.
    #[n(10)]
    Receivable(#[n(0)] Fund, #[n(1)] CharityId),
    /// What the platform has given itself, and not yet brought in.
    #[n(11)]
    Own,
}

impl Account {
    /// The fund that restricts the account's money, if one does.
    pub const fn fund(&self) -> Option<Fund> {
        match self {
            Account::Opportunity(fund, _) | Account::Payable(fund, _) | Account::Receivable(fund, _) => Some(*fund),
            Account::Clearing(_)
            | Account::RefundsPayable
            | Account::RefundsSuspense
            | Account::Suspense
            | Account::Disputes(_)
            | Account::Fees(_)
            | Account::Bank
            | Account::BankSuspense
            | Account::Own => None,
        }
    }

    /// The account's name among the balances, where opportunities and charities are summed by their fund, so that they stay few.
    pub fn balance(&self) -> String {
        match self {
            Account::Opportunity(fund, _) => format!("fund:{fund}"),
            Account::Payable(fund, _) => format!("payable:{fund}"),
            Account::Receivable(fund, _) => format!("receivable:{fund}"),
            Account::Clearing(_)
            | Account::RefundsPayable
            | Account::RefundsSuspense
            | Account::Suspense
            | Account::Disputes(_)
            | Account::Fees(_)
            | Account::Bank
            | Account::BankSuspense
            | Account::Own => self.to_string(),
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
            Account::Fees(provider) => write!(f, "fees:{provider}"),
            Account::Bank => f.write_str("bank"),
            Account::BankSuspense => f.write_str("bank_suspense"),
            Account::Payable(fund, charity) => write!(f, "payable:{fund}:{charity}"),
            Account::Receivable(fund, charity) => write!(f, "receivable:{fund}:{charity}"),
            Account::Own => f.write_str("own"),
        }
    }
}

/// A text names no account of the chart.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("no account of the chart has this name")]
pub struct UnknownAccount;

impl FromStr for Account {
    type Err = UnknownAccount;
    fn from_str(name: &str) -> Result<Account, UnknownAccount> {
        fn part<T: FromStr>(text: &str) -> Result<T, UnknownAccount> {
            text.parse().map_err(|_| UnknownAccount)
        }
        let parts: Vec<&str> = name.split(':').collect();
        match parts.as_slice() {
            ["refunds_payable"] => Ok(Account::RefundsPayable),
            ["refunds_suspense"] => Ok(Account::RefundsSuspense),
            ["suspense"] => Ok(Account::Suspense),
            ["bank"] => Ok(Account::Bank),
            ["bank_suspense"] => Ok(Account::BankSuspense),
            ["own"] => Ok(Account::Own),
            ["clearing", provider] => Ok(Account::Clearing(part(provider)?)),
            ["disputes", provider] => Ok(Account::Disputes(part(provider)?)),
            ["fees", provider] => Ok(Account::Fees(part(provider)?)),
            ["payable", fund, charity] => Ok(Account::Payable(part(fund)?, part(charity)?)),
            ["receivable", fund, charity] => Ok(Account::Receivable(part(fund)?, part(charity)?)),
            [fund, opportunity] => Ok(Account::Opportunity(part(fund)?, part(opportunity)?)),
            _ => Err(UnknownAccount),
        }
    }
}

impl TryFrom<String> for Account {
    type Error = UnknownAccount;
    fn try_from(name: String) -> Result<Account, UnknownAccount> {
        name.parse()
    }
}

impl From<Account> for String {
    fn from(account: Account) -> String {
        account.to_string()
    }
}
