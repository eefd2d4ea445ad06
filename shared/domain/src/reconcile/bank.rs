//! A bank's statement, whatever form it came in, and what its lines mean for the books.
//!
//! A statement is believed when its opening balance and its lines add up to its closing balance, and when it begins where the one before ended. Each
//! line is booked once: its reference is made of the document, the statement and the line. A line whose references name a provider, and that
//! brings money in, is a payout of that provider's; anything else is unexplained, stands in suspense and is a matter for a person. Of what a bank tells about
//! people (names, texts) nothing is kept here: it stays in the document.

use serde::{Deserialize, Serialize};

use crate::journal::{Account, Movement, MovementKind, Transfer};
use crate::moment::Day;
use crate::money::{Money, halalas};
use crate::payment::Provider;

/// The most lines of one statement: a platform's account has some dozens a day.
pub const MOST_LINES: usize = 10_000;
/// The most that a balance may be, either way, in halalas: sums of lines stay far within 64 bits.
pub const MOST_BALANCE_MINOR: i64 = 100 * crate::money::MOST_HALALAS.cast_signed();

/// Which way money went.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Direction {
    /// Into the account.
    In,
    /// Out of it.
    Out,
}

/// A line of a statement.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BankLine {
    /// How much, in halalas.
    #[serde(with = "halalas")]
    pub amount_minor: Money,
    /// Which way, a reversal's own way: what reverses a credit goes out.
    pub direction: Direction,
    /// Whether it takes back an earlier line.
    pub is_reversal: bool,
    /// The day on which the bank booked it.
    pub booked_on: Day,
    /// The day from which it counts.
    pub value_on: Day,
    /// What it refers to: the customer's, the bank's and the other end's references, and the words of the remittance. Used to tell what it is, and not kept.
    #[serde(skip)]
    pub references: Vec<String>,
}

impl BankLine {
    /// What it adds to the balance, in halalas.
    pub const fn signed_minor(&self) -> i64 {
        match self.direction {
            Direction::In => self.amount_minor.signed_halalas(),
            Direction::Out => -self.amount_minor.signed_halalas(),
        }
    }
}

/// A statement of one account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Statement {
    /// The account, as the bank writes it.
    pub account: String,
    /// The day up to which it goes.
    pub closes_on: Day,
    /// The balance before its first line, in halalas; below zero when overdrawn.
    pub opening_minor: i64,
    /// The balance after its last line.
    pub closing_minor: i64,
    /// What moved, in the bank's order.
    pub lines: Vec<BankLine>,
}

/// A statement that cannot be one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum StatementError {
    /// The lines do not lead from the one balance to the other.
    #[error("the lines lead to {found_minor} halalas, and the statement closes with {closing_minor}")]
    DoesNotAddUp {
        /// Opening balance and lines.
        found_minor: i64,
        /// As the statement says.
        closing_minor: i64,
    },
    /// More lines than are read.
    #[error("more than {MOST_LINES} lines")]
    TooLong,
    /// A balance is larger than any that is believed.
    #[error("a balance is too large")]
    TooLarge,
}

impl Statement {
    /// Whether it adds up.
    ///
    /// # Errors
    /// When it does not, or is too large to be one.
    pub fn check(&self) -> Result<(), StatementError> {
        if self.lines.len() > MOST_LINES {
            return Err(StatementError::TooLong);
        }
        if [self.opening_minor, self.closing_minor]
            .iter()
            .any(|balance| balance.unsigned_abs() > MOST_BALANCE_MINOR.unsigned_abs())
        {
            return Err(StatementError::TooLarge);
        }
        let found_minor = self.opening_minor + self.lines.iter().map(BankLine::signed_minor).sum::<i64>();
        let closing_minor = self.closing_minor;
        if found_minor == closing_minor { Ok(()) } else { Err(StatementError::DoesNotAddUp { found_minor, closing_minor }) }
    }
}

/// How the providers name themselves in the references of what they pay out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Payers(Vec<(Provider, String)>);

impl Payers {
    /// Of these names: a reference begins with one, in capitals or not. An empty name is nobody's.
    pub fn new(names: impl IntoIterator<Item = (Provider, String)>) -> Payers {
        let names = names.into_iter().map(|(provider, name)| (provider, name.to_ascii_lowercase()));
        Payers(names.filter(|(_, name)| !name.is_empty()).collect())
    }

    /// Whose payout a line is, if any provider's. A reversal is nobody's: what it takes back, a person finds out.
    ///
    /// ```
    /// use domain::payment::Provider;
    /// use domain::reconcile::bank::{BankLine, Direction, Payers};
    ///
    /// let payers = Payers::new([(Provider::Moyasar, "MOYASAR".to_owned())]);
    /// let day = "2026-11-24".parse().unwrap();
    /// let line = BankLine {
    ///     amount_minor: "4800.50".parse().unwrap(),
    ///     direction: Direction::In,
    ///     is_reversal: false,
    ///     booked_on: day,
    ///     value_on: day,
    ///     references: vec!["Moyasar-20261123".to_owned()],
    /// };
    /// assert_eq!(payers.payer(&line), Some(Provider::Moyasar));
    /// assert_eq!(payers.payer(&BankLine { direction: Direction::Out, ..line }), None);
    /// ```
    pub fn payer(&self, line: &BankLine) -> Option<Provider> {
        if line.direction == Direction::Out || line.is_reversal {
            return None;
        }
        let names = |reference: &String, name: &str| {
            reference.get(..name.len()).is_some_and(|start| start.eq_ignore_ascii_case(name))
        };
        let named = |(_, name): &&(Provider, String)| line.references.iter().any(|reference| names(reference, name));
        self.0.iter().find(named).map(|(provider, _)| *provider)
    }
}

/// Where a line stands: enough to find it again, and to book it once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LinePlace<'a> {
    /// The document: a hash of its bytes.
    pub document: &'a str,
    /// The statement within it, from zero.
    pub statement: usize,
    /// The line within that, from one; zero is the opening balance of the first statement of an account.
    pub line: usize,
}

/// What is booked for a line; nothing for one that moves nothing.
pub fn movement(place: LinePlace<'_>, line: &BankLine, payer: Option<Provider>) -> Option<Movement> {
    let (kind, debit, credit) = match (payer, line.direction) {
        (Some(provider), _) => (MovementKind::PaidOut, Account::Bank, Account::Clearing(provider)),
        (None, Direction::In) => (MovementKind::Unexplained, Account::Bank, Account::BankSuspense),
        (None, Direction::Out) => (MovementKind::Unexplained, Account::BankSuspense, Account::Bank),
    };
    let transfer = Transfer::new(debit, credit, line.amount_minor).ok()?;
    let parts = [place.document, &place.statement.to_string(), &place.line.to_string()];
    Some(Movement {
        kind,
        reference: Movement::reference(kind, &parts),
        happened_at: line.booked_on.start(),
        transfers: vec![transfer],
        payment: None,
    })
}
