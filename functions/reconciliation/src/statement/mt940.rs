//! MT940, SWIFT's customer statement, by the crate `mt940`.
//!
//! The crate is strict, and banks are not, so the text is made plain first: SWIFT's envelope and separators are left out, what is no letter of SWIFT's becomes a dot (of a
//! narrative nothing is kept here), and the narrative `:86:` is cut to what the crate takes. Amounts, dates and references are in SWIFT's letters and are not
//! touched by that.
//!
//! Two things of the crate are made up for: an entry date in `:61:` that is no date of the value date's year makes it panic, so each is looked at before; and `RD`, the
//! reversal of a debit, which brings money in, is what it calls a reversed credit.

use domain::moment::Day;
use domain::money::Money;
use domain::reconcile::bank::{BankLine, Direction, Statement};
use mt940::{Balance, DebitOrCredit, ExtDebitOrCredit, InformationToAccountOwner, Message, StatementLine};

use super::{Unreadable, account, money, riyals, words};

/// Lines of a narrative, and characters of one, by SWIFT.
const NARRATIVE_LINES: usize = 6;
const NARRATIVE_CHARS: usize = 65;

/// Reads a document.
pub(super) fn read(bytes: &[u8]) -> Result<Vec<Statement>, Unreadable> {
    let text = plain(bytes)?;
    let messages = mt940::parse_mt940(&text).map_err(|_| Unreadable::because("the text is not of the form of MT940"))?;
    messages.iter().map(statement).collect()
}

/// The text as the crate takes it.
fn plain(bytes: &[u8]) -> Result<String, Unreadable> {
    if bytes.iter().any(|byte| byte.is_ascii_control() && !matches!(byte, b'\r' | b'\n' | b'\t')) {
        return Err(Unreadable::because("the text has control characters"));
    }
    let text: String = bytes.iter().map(|byte| swift_char(*byte)).collect();
    let start = text.find(":20:").ok_or_else(|| Unreadable::because("the document is neither XML nor MT940"))?;
    let (mut plain, mut narrative) = (String::with_capacity(text.len()), None);
    for line in text[start..].lines().map(str::trim_end) {
        if matches!(line, "" | "-" | "-}") || line.starts_with("{1:") {
            continue;
        }
        if let Some(tag) = tag_of(line) {
            if tag == "61" {
                check_entry_date(line)?;
            }
            narrative = (tag == "86").then_some(0);
        }
        let Some(written) = &mut narrative else {
            plain.extend([line, "\r\n"]);
            continue;
        };
        *written += 1;
        if *written <= NARRATIVE_LINES {
            plain.extend([narrative_line(line).as_str(), "\r\n"]);
        }
    }
    Ok(plain)
}

const fn swift_char(byte: u8) -> char {
    match byte {
        b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'\r' | b'\n' => byte as char,
        b'/' | b'-' | b'?' | b':' | b'(' | b')' | b'.' | b',' | b'+' | b'{' | b'}' | b' ' => byte as char,
        b'\t' => ' ',
        _ => '.',
    }
}

/// The tag that a line begins with: `:61:`.
fn tag_of(line: &str) -> Option<&str> {
    let (tag, _) = line.strip_prefix(':')?.split_once(':')?;
    let is_tag = (2..=3).contains(&tag.len()) && tag.as_bytes()[..2].iter().all(u8::is_ascii_digit);
    is_tag.then_some(tag)
}

/// Without the marks of German subfields (`?20`), which say nothing here, and never empty.
fn narrative_line(line: &str) -> String {
    let (tag, text) = line.split_at(if line.starts_with(":86:") { 4 } else { 0 });
    let parts = text.split('?').enumerate().map(|(index, part)| match part.as_bytes() {
        [a, b, ..] if index > 0 && a.is_ascii_digit() && b.is_ascii_digit() => &part[2..],
        _ => part,
    });
    let text: String = parts.collect::<Vec<_>>().join(" ").chars().take(NARRATIVE_CHARS).collect();
    // A narrative's own colons must not look like a tag.
    let text = text.replace(':', " ");
    format!("{tag}{}", if text.trim().is_empty() { "." } else { text.trim() })
}

/// `:61:YYMMDD[MMDD]…`: the entry date, if there is one, is a date in the value date's year.
fn check_entry_date(line: &str) -> Result<(), Unreadable> {
    let none = || Unreadable::because("a date is none");
    let value = line.get(4..10).ok_or_else(none)?;
    let (year, month_and_day) = value.split_at(2);
    day(year, month_and_day).ok_or_else(none)?;
    match line.get(10..14) {
        Some(entry) if entry.bytes().all(|byte| byte.is_ascii_digit()) => day(year, entry).map(drop).ok_or_else(none),
        _ => Ok(()),
    }
}

fn day(year: &str, month_and_day: &str) -> Option<Day> {
    let (month, day) = month_and_day.split_at_checked(2)?;
    format!("20{year}-{month}-{day}").parse().ok()
}

fn statement(message: &Message) -> Result<Statement, Unreadable> {
    Ok(Statement {
        account: account(&message.account_id)?,
        closes_on: day_of(message.closing_balance.date)?,
        opening_minor: balance(&message.opening_balance)?,
        closing_minor: balance(&message.closing_balance)?,
        lines: message.statement_lines.iter().map(line).collect::<Result<_, _>>()?,
    })
}

fn balance(balance: &Balance) -> Result<i64, Unreadable> {
    riyals(&balance.iso_currency_code)?;
    let amount = money(balance.amount)?.signed_halalas();
    Ok(match balance.debit_credit_indicator {
        DebitOrCredit::Credit => amount,
        DebitOrCredit::Debit => -amount,
    })
}

/// Through its text, which both sides write as ISO 8601 has it.
fn day_of(date: impl std::fmt::Display) -> Result<Day, Unreadable> {
    date.to_string().parse().map_err(|_| Unreadable::because("a date is none"))
}

fn line(form: &StatementLine) -> Result<BankLine, Unreadable> {
    let amount_minor: Money = money(form.amount)?;
    let (direction, is_reversal) = match form.ext_debit_credit_indicator {
        ExtDebitOrCredit::Credit => (Direction::In, false),
        ExtDebitOrCredit::Debit => (Direction::Out, false),
        // `RD` and `RC`, in this order: see the module.
        ExtDebitOrCredit::ReverseCredit => (Direction::In, true),
        ExtDebitOrCredit::ReverseDebit => (Direction::Out, true),
    };
    let value_on = day_of(form.value_date)?;
    let booked_on = form.entry_date.map(day_of).transpose()?.map_or(value_on, |entry| near(entry, value_on));
    Ok(BankLine { amount_minor, direction, is_reversal, booked_on, value_on, references: references(form) })
}

/// An entry date has no year: it is the one of the three possible ones that is nearest to the value date.
fn near(entry: Day, value: Day) -> Day {
    let (year, month, day) = entry.parts();
    let in_year = |year: i16| format!("{year:04}-{month:02}-{day:02}").parse::<Day>().ok();
    let candidates = [year - 1, year, year + 1].into_iter().filter_map(in_year);
    let distance = |day: &Day| day.start().millis_since(value.start()).abs();
    candidates.min_by_key(distance).unwrap_or(entry)
}

fn references(form: &StatementLine) -> Vec<String> {
    let narrative = match &form.information_to_account_owner {
        Some(InformationToAccountOwner::Plain(text)) => Some(text.as_str()),
        // Its marks were taken out, so that none is read as structured.
        Some(InformationToAccountOwner::Structured { .. }) | None => None,
    };
    let texts =
        [Some(form.customer_ref.as_str()), form.bank_ref.as_deref(), form.supplementary_details.as_deref(), narrative];
    texts.into_iter().flatten().flat_map(words).collect()
}
