//! A statement as the bank writes it, in either form.

use domain::hash::Hash;
use domain::journal::{Account, Movement, MovementKind, Transfer};
use domain::moment::Day;
use domain::money::Money;
use domain::payment::Provider;

/// The platform's account.
pub const ACCOUNT: &str = "SA0000000000000000000000";
/// How the references of the provider's payouts begin.
const PAYER: &str = "MOYASAR";

/// What moved on the account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    /// Halalas, below zero for what went out.
    pub halalas: i64,
    /// Whether the provider paid it out: nobody explains the others.
    pub is_payout: bool,
}

/// A stretch of the account's history.
#[derive(Debug, Clone)]
pub struct Statement {
    /// Its number, from one.
    pub number: u32,
    /// The day that it was written on.
    pub day: Day,
    /// Halalas before its first line.
    pub opening: i64,
    /// What moved.
    pub lines: Vec<Line>,
}

/// How it is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// ISO 20022.
    Camt,
    /// SWIFT.
    Mt940,
}

impl Form {
    /// The other one.
    pub const fn other(self) -> Form {
        match self {
            Form::Camt => Form::Mt940,
            Form::Mt940 => Form::Camt,
        }
    }
}

impl Statement {
    /// Halalas after its last line.
    pub fn closing(&self) -> i64 {
        self.opening + self.lines.iter().map(|line| line.halalas).sum::<i64>()
    }

    /// The document.
    pub fn write(&self, form: Form) -> Vec<u8> {
        match form {
            Form::Camt => self.camt(),
            Form::Mt940 => self.mt940(),
        }
        .into_bytes()
    }

    fn camt(&self) -> String {
        let (day, number) = (self.day, self.number);
        let balance = |kind: &str, halalas: i64| {
            let (amount, side) = (riyals(halalas, '.'), if halalas < 0 { "DBIT" } else { "CRDT" });
            format!(
                "<Bal><Tp><CdOrPrtry><Cd>{kind}</Cd></CdOrPrtry></Tp><Amt Ccy=\"SAR\">{amount}</Amt><CdtDbtInd>{side}</CdtDbtInd><Dt><Dt>{day}</Dt></Dt></Bal>"
            )
        };
        let line = |(index, line): (usize, &Line)| {
            let (amount, side) = (riyals(line.halalas, '.'), if line.halalas < 0 { "DBIT" } else { "CRDT" });
            let reference = self.reference(index, line);
            format!(
                "<Ntry><Amt Ccy=\"SAR\">{amount}</Amt><CdtDbtInd>{side}</CdtDbtInd><Sts><Cd>BOOK</Cd></Sts><BookgDt><Dt>{day}</Dt></BookgDt><ValDt><Dt>{day}</Dt></ValDt><AcctSvcrRef>B-{number}-{index}</AcctSvcrRef><NtryDtls><TxDtls><Refs><EndToEndId>{reference}</EndToEndId></Refs></TxDtls></NtryDtls></Ntry>"
            )
        };
        let lines: String = self.lines.iter().enumerate().map(line).collect();
        let (opening, closing) = (balance("OPBD", self.opening), balance("CLBD", self.closing()));
        format!(
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Document xmlns=\"urn:iso:std:iso:20022:tech:xsd:camt.053.001.08\"><BkToCstmrStmt><GrpHdr><MsgId>S-{number}</MsgId></GrpHdr><Stmt><Id>{number}</Id><Acct><Id><IBAN>{ACCOUNT}</IBAN></Id><Ccy>SAR</Ccy></Acct>{opening}{closing}{lines}</Stmt></BkToCstmrStmt></Document>\n"
        )
    }

    fn mt940(&self) -> String {
        let number = self.number;
        // Two digits each of year, month and day.
        let day = self.day.to_string().replace('-', "")[2..].to_owned();
        let balance = |halalas: i64| {
            let side = if halalas < 0 { 'D' } else { 'C' };
            format!("{side}{day}SAR{}", riyals(halalas, ','))
        };
        let line = |(index, line): (usize, &Line)| {
            let (side, reference) = (if line.halalas < 0 { 'D' } else { 'C' }, self.reference(index, line));
            format!(":61:{day}{side}{}NTRF{reference}//B-{number}-{index}\r\n", riyals(line.halalas, ','))
        };
        let lines: String = self.lines.iter().enumerate().map(line).collect();
        let (opening, closing) = (balance(self.opening), balance(self.closing()));
        format!(":20:S-{number}\r\n:25:{ACCOUNT}\r\n:28C:{number}/1\r\n:60F:{opening}\r\n{lines}:62F:{closing}\r\n")
    }

    fn reference(&self, index: usize, line: &Line) -> String {
        if line.is_payout { format!("{PAYER}-{}-{index}", self.number) } else { "NONREF".to_owned() }
    }

    /// What is to be booked of it, line by line, when it is read from the document of this hash: of an account's first statement what it opens with, too.
    pub fn movements(&self, document: &str) -> Vec<(u32, Movement)> {
        let opening = Line { halalas: self.opening, is_payout: false };
        let opening = Some((0, &opening)).filter(|_| self.number == 1 && self.opening != 0);
        let lines = opening.into_iter().chain((1..).zip(&self.lines));
        lines.filter_map(|(index, line)| Some((index, self.movement(document, index, line)?))).collect()
    }

    fn movement(&self, document: &str, index: u32, line: &Line) -> Option<Movement> {
        let amount = Money::from_halalas(line.halalas.unsigned_abs())?;
        let (kind, debit, credit) = match (line.is_payout, line.halalas > 0) {
            (true, _) => (MovementKind::PaidOut, Account::Bank, Account::Clearing(Provider::Moyasar)),
            (false, true) => (MovementKind::Unexplained, Account::Bank, Account::BankSuspense),
            (false, false) => (MovementKind::Unexplained, Account::BankSuspense, Account::Bank),
        };
        Some(Movement {
            kind,
            reference: Movement::reference(kind, &[document, "0", &index.to_string()]),
            happened_at: self.day.start(),
            transfers: vec![Transfer::new(debit, credit, amount).ok()?],
            payment: None,
        })
    }
}

/// The hash under which a document is kept.
pub fn hash(document: &[u8]) -> String {
    Hash::of(&[document]).to_string()
}

fn riyals(halalas: i64, point: char) -> String {
    let halalas = halalas.unsigned_abs();
    format!("{}{point}{:02}", halalas / 100, halalas % 100)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn both_forms_say_the_same() {
        let line = |halalas, is_payout| Line { halalas, is_payout };
        let lines = vec![line(480_050, true), line(-2_500, false), line(7, false)];
        let statement = Statement { number: 1, day: "2026-11-24".parse().unwrap(), opening: -70, lines };
        let read = |form| reconciliation::statement::read(&statement.write(form)).unwrap();
        let (camt, mt940) = (read(Form::Camt), read(Form::Mt940));
        for read in [&camt[0], &mt940[0]] {
            assert_eq!((read.account.as_str(), read.opening_minor, read.closing_minor), (ACCOUNT, -70, 477_487));
            let signed: Vec<i64> = read.lines.iter().map(|line| line.signed_minor()).collect();
            assert_eq!(signed, [480_050, -2_500, 7]);
            assert!(read.lines.iter().all(|line| line.booked_on == statement.day));
        }
        let kinds: Vec<MovementKind> = statement.movements("d").into_iter().map(|(_, movement)| movement.kind).collect();
        let unexplained = MovementKind::Unexplained;
        assert_eq!(kinds, [unexplained, MovementKind::PaidOut, unexplained, unexplained]);
    }
}
