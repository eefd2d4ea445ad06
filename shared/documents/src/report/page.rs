//! The report as a page.
//!
//! Right to left; what runs the other way in it (numbers, dates, ids, English) is isolated, or its parts would change places. Everything that is put
//! into the page is escaped by `maud`; the charts are made by us and escape their own text.

use domain::purpose::Language;
use domain::report::Figures;
use maud::{DOCTYPE, Markup, PreEscaped, html};

use super::tables::{self, Table};
use super::{DayReport, chart};
use crate::amount::{count, grouped};

const STYLE: &str = include_str!("page.css");
/// The tables that are drawn as well: where the money goes to, and through what.
const DRAWN: [&str; 2] = ["regions", "programmes"];

pub(super) fn html(report: &DayReport) -> Vec<u8> {
    let tables = tables::all(report);
    let page = html! {
        (DOCTYPE)
        html lang="ar" dir="rtl" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                title { "تقرير يوم " (report.day) " — Day report" }
                style { (PreEscaped(STYLE)) }
            }
            body {
                (head(report))
                (cards(&report.figures.all))
                @for table in tables.iter().filter(|table| DRAWN.contains(&table.key)) {
                    section.drawn { (title(table.title)) (PreEscaped(chart::bars(table))) }
                }
                @for table in &tables { (figures(table)) }
                (apart(report))
                (providers(report))
                (proof(report))
            }
        }
    };
    page.into_string().into_bytes()
}

fn head(report: &DayReport) -> Markup {
    let hijri = report.hijri();
    let (year, _, day) = hijri.parts();
    html! {
        header {
            h1 { "تقرير يوم التبرعات" span.en lang="en" dir="ltr" { "Day report of giving" } }
            p.day {
                time datetime=(report.day) { (ltr(&report.day.to_string())) }
                span { (ltr(&day.to_string())) " " (hijri.month_name(Language::Arabic)) " " (ltr(&year.to_string())) " هـ" }
            }
        }
    }
}

fn cards(all: &Figures) -> Markup {
    let mean = all.given_minor.checked_div(i64::try_from(all.gifts).unwrap_or_default()).unwrap_or_default();
    html! {
        section.cards {
            (card(("ما أُعطي", "Given"), &grouped(all.given_minor), true))
            (card(("ما رُدّ", "Given back"), &grouped(all.returned_minor), true))
            (card(("الصافي", "Net"), &grouped(all.net_minor()), true))
            (card(("عدد التبرعات", "Gifts"), &count(all.gifts), false))
            (card(("متوسط التبرع", "Mean gift"), &grouped(mean), true))
        }
    }
}

fn card((arabic, english): (&str, &str), value: &str, is_money: bool) -> Markup {
    html! {
        div.card {
            span.name { (arabic) span.en lang="en" dir="ltr" { (english) } }
            strong { (ltr(value)) @if is_money { " " span.unit { "ريال" } } }
        }
    }
}

fn title((arabic, english): (&str, &str)) -> Markup {
    html! { h2 { (arabic) span.en lang="en" dir="ltr" { (english) } } }
}

fn figures(table: &Table) -> Markup {
    html! {
        section {
            (title(table.title))
            @if table.rows.is_empty() {
                p.none { "لا شيء في هذا اليوم" }
            } @else {
                div.wide { table {
                    thead { tr {
                        (column("الاسم", "Name"))
                        (column("ما أُعطي", "Given"))
                        (column("ما رُدّ", "Given back"))
                        (column("الصافي", "Net"))
                        (column("التبرعات", "Gifts"))
                        (column("الأسطر", "Lines"))
                    } }
                    tbody { @for row in &table.rows {
                        tr.nothing[row.figures == Figures::default()] {
                            th scope="row" { bdi { (row.arabic) } span.en lang="en" dir="ltr" { (row.english) } }
                            td { (ltr(&grouped(row.figures.given_minor))) }
                            td { (ltr(&grouped(row.figures.returned_minor))) }
                            td { (ltr(&grouped(row.figures.net_minor()))) }
                            td { (ltr(&count(row.figures.gifts))) }
                            td { (ltr(&count(row.figures.lines))) }
                        }
                    } }
                } }
            }
        }
    }
}

fn apart(report: &DayReport) -> Markup {
    let apart = &report.figures.apart;
    let rows = [
        ("دُفع مرتين، ويُرَدّ", "Paid twice, owed back", apart.second_minor),
        ("دُفع بعد انتهاء المهلة، ويُرَدّ", "Paid too late, owed back", apart.late_minor),
        ("مبالغ لا يُعرف تبرعها", "No donation known", apart.orphan_minor),
        ("رُدّ من هذه", "Given back of these", apart.returned_minor),
        ("رُدّ ولم يُعرف سطره", "Given back, line not known", report.figures.unassigned_minor),
        ("محجوز لدى المزوّد في اعتراضات لم تُحسم", "Held by the provider in open disputes", report.figures.disputed_minor),
    ];
    sums(("ما ليس تبرعًا لأحد", "Payments that are nobody's gift"), &rows)
}

fn providers(report: &DayReport) -> Markup {
    let figures = &report.figures;
    let rows = [
        ("رسوم مزوّدي الدفع، ولا يتحمّلها أي صندوق", "Fees of payment providers, borne by no fund", figures.fees_minor),
        ("حُوِّل إلى البنك", "Paid out to the bank", figures.paid_out_minor),
    ];
    sums(("مزوّدو الدفع", "Payment providers"), &rows)
}

fn sums(heading: (&str, &str), rows: &[(&str, &str, i64)]) -> Markup {
    html! {
        section {
            (title(heading))
            table { tbody { @for (arabic, english, sum) in rows {
                tr.nothing[*sum == 0] {
                    th scope="row" { (arabic) span.en lang="en" dir="ltr" { (english) } }
                    td { (ltr(&grouped(*sum))) }
                }
            } } }
        }
    }
}

fn proof(report: &DayReport) -> Markup {
    let figures = &report.figures;
    html! {
        section.proof {
            (title(("برهان الاتفاق", "Proof of agreement")))
            p {
                "من " (ltr(&count(figures.pages))) " صفحة و" (ltr(&count(figures.entries))) " قيدًا في دفاتر مختومة: كل صفحة موصولة بما قبلها حتى الختم،"
                " والمدين يساوي الدائن، ومجاميع كل جدول تساوي الكل، وما تحرّك لدى مزوّدي الدفع مفسَّر بالكامل، والمجاميع الجارية توافق الدفاتر."
                " ولم يُقارَن بعدُ بكشف مزوّد الدفع نفسه."
            }
            p.en lang="en" dir="ltr" {
                "From " (count(figures.pages)) " pages and " (count(figures.entries)) " entries of sealed books: every page is linked to the one before it up to the seal, "
                "debits equal credits, every table adds up to the whole, what moved at the payment providers is explained, and the running totals agree. "
                "It has not been compared with the provider's own statement yet."
            }
            table.small {
                thead { tr {
                    (column("الحساب", "Account"))
                    (column("مدين", "Debit"))
                    (column("دائن", "Credit"))
                } }
                tbody { @for (account, moved) in &figures.accounts {
                    tr {
                        th scope="row" { (ltr(account)) }
                        td { (ltr(&grouped(moved.debit_minor))) }
                        td { (ltr(&grouped(moved.credit_minor))) }
                    }
                } }
            }
            table.small.seals {
                thead { tr {
                    (column("السلسلة", "Chain"))
                    (column("الصفحات", "Pages"))
                    (column("بصمة الختم", "Hash of the seal"))
                } }
                tbody { @for span in &report.chains {
                    tr {
                        th scope="row" { (ltr(&format!("{:02}", span.chain))) }
                        td { (ltr(&format!("{}–{}", span.first, span.seal))) }
                        td.hash { (ltr(&span.hash)) }
                    }
                } }
            }
        }
    }
}

/// The head of a column.
fn column(arabic: &str, english: &str) -> Markup {
    html! { th scope="col" { (arabic) span.en lang="en" dir="ltr" { (english) } } }
}

/// What runs from left to right, so that nothing around it changes its order.
fn ltr(text: &str) -> Markup {
    html! { bdi dir="ltr" { (text) } }
}
