//! camt.053, the bank-to-customer statement of ISO 20022, whatever its version.
//!
//! Read by element names alone: namespaces tell versions apart, and of what is read here they do not differ. Only booked entries count; pending ones and those for
//! information are not part of the balances.

use domain::moment::Day;
use domain::reconcile::bank::{BankLine, Direction, Statement};
use rust_decimal::Decimal;
use serde::Deserialize;

use super::{Unreadable, account, money, riyals, words};

#[derive(Deserialize)]
struct Document {
    #[serde(rename = "BkToCstmrStmt")]
    message: Message,
}

#[derive(Deserialize)]
struct Message {
    #[serde(rename = "Stmt", default)]
    statements: Vec<Stmt>,
}

#[derive(Deserialize)]
struct Stmt {
    #[serde(rename = "Acct")]
    account: Acct,
    #[serde(rename = "Bal", default)]
    balances: Vec<Bal>,
    #[serde(rename = "Ntry", default)]
    entries: Vec<Ntry>,
}

#[derive(Deserialize)]
struct Acct {
    #[serde(rename = "Id")]
    id: AcctId,
}

#[derive(Deserialize)]
struct AcctId {
    #[serde(rename = "IBAN", default)]
    iban: Option<String>,
    #[serde(rename = "Othr", default)]
    other: Option<Other>,
}

#[derive(Deserialize)]
struct Other {
    #[serde(rename = "Id")]
    id: String,
}

#[derive(Deserialize)]
struct Bal {
    #[serde(rename = "Tp")]
    kind: Tp,
    #[serde(rename = "Amt")]
    amount: Amt,
    #[serde(rename = "CdtDbtInd")]
    side: Side,
    #[serde(rename = "Dt")]
    date: DateForm,
}

#[derive(Deserialize)]
struct Tp {
    #[serde(rename = "CdOrPrtry")]
    code: Code,
}

/// A code, as text in the older versions and as an element of its own in the newer.
#[derive(Deserialize)]
struct Code {
    #[serde(rename = "Cd", default)]
    code: Option<String>,
    #[serde(rename = "$text", default)]
    text: Option<String>,
}

impl Code {
    fn name(&self) -> &str {
        self.code.as_deref().or(self.text.as_deref()).unwrap_or_default()
    }
}

#[derive(Deserialize)]
struct Amt {
    #[serde(rename = "@Ccy")]
    currency: String,
    #[serde(rename = "$text")]
    amount: String,
}

impl Amt {
    fn decimal(&self) -> Result<Decimal, Unreadable> {
        riyals(&self.currency)?;
        Decimal::from_str_exact(self.amount.trim()).map_err(|_| Unreadable::because("an amount is not a decimal number"))
    }
}

#[derive(Clone, Copy, PartialEq, Eq, Deserialize)]
enum Side {
    #[serde(rename = "CRDT")]
    Credit,
    #[serde(rename = "DBIT")]
    Debit,
}

#[derive(Deserialize)]
struct DateForm {
    #[serde(rename = "Dt", default)]
    date: Option<String>,
    #[serde(rename = "DtTm", default)]
    time: Option<String>,
}

impl DateForm {
    /// The date as the bank writes it: a time's own date, at whatever distance from UTC.
    fn day(&self) -> Result<Day, Unreadable> {
        let text = self.date.as_deref().or(self.time.as_deref()).unwrap_or_default();
        let date = text.trim().get(..10).and_then(|date| date.parse().ok());
        date.ok_or_else(|| Unreadable::because("a date is none"))
    }
}

#[derive(Deserialize)]
struct Ntry {
    #[serde(rename = "NtryRef", default)]
    reference: Option<String>,
    #[serde(rename = "Amt")]
    amount: Amt,
    #[serde(rename = "CdtDbtInd")]
    side: Side,
    #[serde(rename = "RvslInd", default)]
    is_reversal: Option<String>,
    #[serde(rename = "Sts")]
    status: Code,
    #[serde(rename = "BookgDt", default)]
    booked_on: Option<DateForm>,
    #[serde(rename = "ValDt", default)]
    value_on: Option<DateForm>,
    #[serde(rename = "AcctSvcrRef", default)]
    bank_reference: Option<String>,
    #[serde(rename = "NtryDtls", default)]
    details: Vec<Details>,
    #[serde(rename = "AddtlNtryInf", default)]
    information: Option<String>,
}

#[derive(Deserialize)]
struct Details {
    #[serde(rename = "TxDtls", default)]
    transactions: Vec<Transaction>,
}

#[derive(Deserialize)]
struct Transaction {
    #[serde(rename = "Refs", default)]
    references: Refs,
    #[serde(rename = "RmtInf", default)]
    remittance: Remittance,
}

#[derive(Default, Deserialize)]
struct Refs {
    #[serde(rename = "AcctSvcrRef", default)]
    bank: Option<String>,
    #[serde(rename = "InstrId", default)]
    instruction: Option<String>,
    #[serde(rename = "EndToEndId", default)]
    end_to_end: Option<String>,
    #[serde(rename = "TxId", default)]
    transaction: Option<String>,
}

#[derive(Default, Deserialize)]
struct Remittance {
    #[serde(rename = "Ustrd", default)]
    unstructured: Vec<String>,
}

/// Reads a document.
pub(super) fn read(bytes: &[u8]) -> Result<Vec<Statement>, Unreadable> {
    let text = std::str::from_utf8(bytes).map_err(|_| Unreadable::because("the XML is not UTF-8"))?;
    if text.contains("<!") && (text.contains("<!DOCTYPE") || text.contains("<!ENTITY")) {
        return Err(Unreadable::because("the XML has a document type, which no statement has"));
    }
    let document: Document =
        quick_xml::de::from_str(text).map_err(|_| Unreadable::because("the XML is not of the form of camt.053"))?;
    document.message.statements.iter().map(statement).collect()
}

fn statement(form: &Stmt) -> Result<Statement, Unreadable> {
    let id = form.account.id.iban.as_deref().or(form.account.id.other.as_ref().map(|other| other.id.as_str()));
    let opening = balance(form, &["OPBD", "PRCD"])?.ok_or_else(|| Unreadable::because("there is no opening balance"))?;
    let closing = balance(form, &["CLBD"])?.ok_or_else(|| Unreadable::because("there is no closing balance"))?;
    let booked = form.entries.iter().filter(|entry| entry.status.name().trim() == "BOOK");
    Ok(Statement {
        account: account(id.unwrap_or_default())?,
        closes_on: closing.1,
        opening_minor: opening.0,
        closing_minor: closing.0,
        lines: booked.map(|entry| line(entry, closing.1)).collect::<Result<_, _>>()?,
    })
}

/// The balance of the first of these kinds that is there, and its day.
fn balance(form: &Stmt, kinds: &[&str]) -> Result<Option<(i64, Day)>, Unreadable> {
    for kind in kinds {
        let mut of_kind = form.balances.iter().filter(|balance| balance.kind.code.name().trim() == *kind);
        let Some(balance) = of_kind.next() else { continue };
        if of_kind.next().is_some() {
            return Err(Unreadable::because("a balance stands twice"));
        }
        let amount = money(balance.amount.decimal()?)?.signed_halalas();
        let signed = if balance.side == Side::Credit { amount } else { -amount };
        return Ok(Some((signed, balance.date.day()?)));
    }
    Ok(None)
}

fn line(entry: &Ntry, closes_on: Day) -> Result<BankLine, Unreadable> {
    let booked_on = entry.booked_on.as_ref().map(DateForm::day).transpose()?.unwrap_or(closes_on);
    let value_on = entry.value_on.as_ref().map(DateForm::day).transpose()?.unwrap_or(booked_on);
    let is_reversal = match entry.is_reversal.as_deref().map(str::trim) {
        None | Some("false" | "0") => false,
        Some("true" | "1") => true,
        Some(_) => return Err(Unreadable::because("a line neither is nor is not a reversal")),
    };
    Ok(BankLine {
        amount_minor: money(entry.amount.decimal()?)?,
        // The side is the line's own, also of a reversal.
        direction: if entry.side == Side::Credit { Direction::In } else { Direction::Out },
        is_reversal,
        booked_on,
        value_on,
        references: references(entry),
    })
}

fn references(entry: &Ntry) -> Vec<String> {
    let transactions = entry.details.iter().flat_map(|details| &details.transactions);
    let inner = transactions.flat_map(|transaction| {
        let Refs { bank, instruction, end_to_end, transaction: own } = &transaction.references;
        let refs = [bank, instruction, end_to_end, own].into_iter().flatten();
        refs.chain(&transaction.remittance.unstructured)
    });
    let outer = [&entry.reference, &entry.bank_reference, &entry.information].into_iter().flatten();
    outer.chain(inner).flat_map(|text| words(text)).collect()
}
