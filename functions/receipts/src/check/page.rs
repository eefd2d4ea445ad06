//! The check as a page: what a phone shows that has scanned a receipt's square.

use domain::purpose::{Fund, Language};
use maud::{DOCTYPE, Markup, PreEscaped, html};
use platform::http::{Answer, HeaderName};

use super::Checked;

/// The page needs its own style, and nothing from anywhere.
const POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'";
const POLICY_HEADER: HeaderName = HeaderName::from_static("content-security-policy");
/// Who keeps the answer must tell pages from JSON.
pub(super) const VARY: HeaderName = HeaderName::from_static("vary");

const STYLE: &str = include_str!("page.css");

/// A page as an answer.
pub(super) fn answer(status: u16, page: &Markup) -> Answer {
    Answer::text(status, "text/html; charset=utf-8", page.0.clone()).with_header(POLICY_HEADER, POLICY)
}

/// Of a code that is ours.
pub(super) fn genuine(checked: &Checked) -> Markup {
    let (year, _, day) = checked.hijri_date.parts();
    let rows = [
        ("المبلغ القائم", "Amount that stands", html! { bdi dir="ltr" { (checked.amount) } " ريال سعودي" }),
        ("التاريخ", "Date", html! { bdi dir="ltr" { (checked.date) } }),
        (
            "التاريخ الهجري",
            "Hijri date",
            html! { bdi { (day) } " " (checked.hijri_date.month_name(Language::Arabic)) " " bdi { (year) } " هـ" },
        ),
        (
            "وعاء المال",
            "Fund",
            html! { @for fund in &checked.funds { span.fund { (documents::fund_name(*fund).0) " · " bdi lang="en" dir="ltr" { (name(*fund)) } } } },
        ),
    ];
    around(&html! {
        main {
            h1 { "إيصال صحيح" span lang="en" dir="ltr" { "This receipt is genuine" } }
            dl {
                @for (ar, en, value) in &rows {
                    dt { (ar) span lang="en" dir="ltr" { (en) } }
                    dd { (value) }
                }
            }
        }
    })
}

/// Of a code that is not ours.
pub(super) fn unknown() -> Markup {
    around(&html! {
        main.unknown {
            h1 { "لا يوجد إيصال بهذا الرمز" span lang="en" dir="ltr" { "There is no receipt with this code" } }
            p { "تأكد من الرمز كما هو مطبوع على الإيصال. فإن كان كذلك فالإيصال ليس صادرًا عنا." }
            p lang="en" dir="ltr" { "Check the code as it is printed on the receipt. If it is the same, the receipt is not ours." }
        }
    })
}

fn around(main: &Markup) -> Markup {
    html! {
        (DOCTYPE)
        html lang="ar" dir="rtl" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="robots" content="noindex";
                title { "التحقق من إيصال — Receipt check" }
                style { (PreEscaped(STYLE)) }
            }
            body { (main) }
        }
    }
}

fn name(fund: Fund) -> &'static str {
    documents::fund_name(fund).1
}
