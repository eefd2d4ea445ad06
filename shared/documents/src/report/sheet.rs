//! The report as CSV.
//!
//! One header for all sections, so that a spreadsheet filters by the first column:
//!
//! | column | is |
//! |---|---|
//! | `section` | `all`, a table's key, `unassigned`, `disputed`, `apart`, `account`, `books` |
//! | `code` | a code or an id |
//! | `name_ar`, `name_en` | its names |
//! | `given_sar`, `returned_sar`, `net_sar` | riyals with two places |
//! | `gifts`, `lines` | counts |
//! | `debit_sar`, `credit_sar` | of an account |
//! | `count` | of the pages and entries of the books that all this is from |
//!
//! A text that a spreadsheet would take for a formula is led by an apostrophe (OWASP, "CSV injection"); numbers stay numbers.

use domain::report::Figures;

use super::{DayReport, tables};
use crate::amount::riyals;
use crate::spreadsheet::guarded;

const HEADER: [&str; 12] = [
    "section",
    "code",
    "name_ar",
    "name_en",
    "given_sar",
    "returned_sar",
    "net_sar",
    "gifts",
    "lines",
    "debit_sar",
    "credit_sar",
    "count",
];

type Record = [String; 12];

pub(super) fn csv(report: &DayReport) -> Vec<u8> {
    crate::spreadsheet::csv(std::iter::once(HEADER.map(str::to_owned)).chain(records(report)))
}

fn records(report: &DayReport) -> Vec<Record> {
    let figures = &report.figures;
    let day = report.day.to_string();
    let mut records = vec![of_figures("all", &day, ("اليوم", "The day"), &figures.all)];
    for table in tables::all(report) {
        let row = |row: &tables::Row| of_figures(table.key, &row.code, (&row.arabic, &row.english), &row.figures);
        records.extend(table.rows.iter().map(row));
    }
    records.push(of_sum(
        "unassigned",
        "refunds",
        ("مبالغ مردودة لم يُعرف سطرها", "Given back, line not known"),
        0,
        figures.unassigned_minor,
    ));
    let disputed = ("محجوز في اعتراضات لم تُحسم", "Held in open disputes");
    records.push(of_sum("disputed", "disputes", disputed, 0, figures.disputed_minor));
    let apart = &figures.apart;
    for (code, names, given, returned) in [
        ("second_charges", ("دُفع مرتين", "Paid twice"), apart.second_minor, 0),
        ("late_charges", ("دُفع بعد انتهاء المهلة", "Paid too late"), apart.late_minor, 0),
        ("orphans", ("مبالغ لا يُعرف تبرعها", "No donation known"), apart.orphan_minor, 0),
        ("returned", ("رُدّ منها", "Given back of these"), 0, apart.returned_minor),
    ] {
        records.push(of_sum("apart", code, names, given, returned));
    }
    for (code, names, sum) in [
        ("fees", ("رسوم مزوّدي الدفع", "Fees of payment providers"), figures.fees_minor),
        ("paid_out", ("حُوِّل إلى البنك", "Paid out to the bank"), figures.paid_out_minor),
    ] {
        records.push(of_sum("providers", code, names, sum, 0));
    }
    for (account, moved) in &figures.accounts {
        let mut record = named("account", account, (account, account));
        record[9] = riyals(moved.debit_minor);
        record[10] = riyals(moved.credit_minor);
        records.push(record);
    }
    for (code, names, counted) in [
        ("pages", ("صفحات الدفاتر", "Pages of the books"), figures.pages),
        ("entries", ("القيود", "Entries"), figures.entries),
        ("movements", ("الحركات بلا متبرع", "Movements without a donor"), figures.movements),
    ] {
        let mut record = named("books", code, names);
        record[11] = counted.to_string();
        records.push(record);
    }
    records
}

fn named(section: &str, code: &str, (arabic, english): (&str, &str)) -> Record {
    let mut record = Record::default();
    record[0] = section.to_owned();
    record[1] = guarded(code);
    record[2] = guarded(arabic);
    record[3] = guarded(english);
    record
}

fn of_sum(section: &str, code: &str, names: (&str, &str), given_minor: i64, returned_minor: i64) -> Record {
    let mut record = named(section, code, names);
    record[4] = riyals(given_minor);
    record[5] = riyals(returned_minor);
    record[6] = riyals(given_minor - returned_minor);
    record
}

fn of_figures(section: &str, code: &str, names: (&str, &str), figures: &Figures) -> Record {
    let mut record = of_sum(section, code, names, figures.given_minor, figures.returned_minor);
    record[7] = figures.gifts.to_string();
    record[8] = figures.lines.to_string();
    record
}
