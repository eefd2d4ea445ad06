//! A document from the bank, as statements: camt.053 (ISO 20022, XML) or MT940 (SWIFT, text).
//!
//! **Judged**, of what crates.io has (looked at in November 2026):
//! - MT940: `mt940` 1.1.1 (MIT, kept since 2016, exact decimals, strict, property tests of its own) is used. Two things of it are made up for in [`mt940`]: it panics
//!   on an entry date that is none, and names the two reversals the wrong way round. `swift-mt-message` 3.1.5 (Apache-2.0) reads amounts as floats.
//! - camt.053: `quick-xml` 0.42 (MIT, the XML reader of the ecosystem) with serde is used; of the message a dozen elements matter, which are the same from version 2 to 12.
//!   `camt053` 0.4.2 (MIT) is young, of one author, reads two versions only and forgives half a halala in a balance. `open-payments-iso20022-camt` 1.0.10 (Apache-2.0) and
//!   `mx-message` 3.1.4 (Apache-2.0) read amounts as floats. `iso20022` 0.1.9 has no camt.053.
//!
//! **Hostile documents** give an [`Unreadable`] that says why and repeats nothing of them: too large, of another encoding, with a document type (there entity bombs
//! live), cut off, with amounts that are none. Nothing recurses over what a document nests.

mod camt;
mod mt940;

use domain::money::Money;
use domain::reconcile::bank::{Statement, StatementError};
use rust_decimal::Decimal;

/// The largest document that is read, in bytes: ten thousand lines of camt.053 with all that banks write into them.
pub const MOST_BYTES: u64 = 16 * 1024 * 1024;
/// The longest name of an account, and the longest reference: ISO 20022 has 35, remittance lines 140.
const LONGEST_TEXT: usize = 140;

/// A document that is no statement. Says why, and repeats nothing of it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Unreadable(String);

impl Unreadable {
    pub(crate) fn because(why: impl Into<String>) -> Unreadable {
        Unreadable(why.into())
    }
}

impl From<StatementError> for Unreadable {
    fn from(error: StatementError) -> Unreadable {
        Unreadable(error.to_string())
    }
}

/// The statements of a document, in its order, each of which adds up.
///
/// # Errors
/// Why it is none, or which of its statements is none. Nothing of it is to be booked then.
pub fn read(bytes: &[u8]) -> Result<Vec<Statement>, Unreadable> {
    let bytes = bytes.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(bytes);
    let statements = match bytes.trim_ascii_start().first() {
        None => return Err(Unreadable::because("the document is empty")),
        Some(b'<') => camt::read(bytes)?,
        Some(_) => mt940::read(bytes)?,
    };
    if statements.is_empty() {
        return Err(Unreadable::because("the document has no statement"));
    }
    statements.iter().try_for_each(Statement::check)?;
    Ok(statements)
}

/// An amount as a statement has it: never negative, never less than a halala exact.
fn money(amount: Decimal) -> Result<Money, Unreadable> {
    Money::from_decimal(amount).map_err(|error| Unreadable(format!("an amount: {error}")))
}

fn riyals(currency: &str) -> Result<(), Unreadable> {
    if currency == domain::payment::CURRENCY { Ok(()) } else { Err(Unreadable::because("a currency is not SAR")) }
}

/// The account's letters and digits; of one that holds a Saudi IBAN only that, so that it is the same in either form.
fn account(text: &str) -> Result<String, Unreadable> {
    const IBAN: usize = 24;
    let plain: String = text.chars().filter(char::is_ascii_alphanumeric).map(|c| c.to_ascii_uppercase()).collect();
    let checked = |iban: &&str| iban.bytes().skip(2).take(2).all(|byte| byte.is_ascii_digit());
    let found = plain.match_indices("SA").filter_map(|(at, _)| plain.get(at..at + IBAN)).find(checked);
    match found.unwrap_or(&plain) {
        "" => Err(Unreadable::because("an account has no name")),
        long if long.len() > LONGEST_TEXT => Err(Unreadable::because("an account's name is too long")),
        name => Ok(name.to_owned()),
    }
}

/// The words of a text that could be references.
fn words(text: &str) -> impl Iterator<Item = String> {
    let is_apart = |c: char| c.is_whitespace() || matches!(c, '/' | ':' | ',' | ';' | '?');
    text.split(is_apart).filter(|word| !word.is_empty() && word.len() <= LONGEST_TEXT).map(str::to_owned)
}

#[cfg(test)]
mod tests;
