//! Receipts as they are set: what stands on the pages, word by word, and that the same receipt is the same bytes.
//!
//! With the setting `RECEIPT_FONTS` naming a folder, its fonts are set with before those of the crate: `infra/deploy/fonts.py`
//! runs these tests so, over the fonts that a deployment takes.
#![allow(clippy::unwrap_used)]

mod page;
mod sample;

use std::path::Path;

use documents::receipt::{FORM, Fonts, Name, Press, Receipt};
use domain::money::Money;
use domain::purpose::Fund;
use page::{Page, visual};
use sample::{line, plain};

/// The largest receipt of one line, in bytes: it is sent over a phone's network.
const MOST_BYTES: usize = 72 * 1024;
/// The largest receipt there is: twenty lines of the longest names.
const MOST_BYTES_OF_THE_LONGEST: usize = 160 * 1024;

/// The folder of other fonts, if one is named.
#[expect(clippy::disallowed_methods, reason = "which fonts are tested is the caller's choice")]
fn folder() -> Option<String> {
    std::env::var("RECEIPT_FONTS").ok()
}

/// The fonts of the crate, and before them those of the folder that is named.
fn fonts() -> Fonts {
    let Some(folder) = folder() else { return Fonts::embedded() };
    let mut paths: Vec<_> = Path::new(&folder).read_dir().unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.retain(|path| path.extension().is_some_and(|ending| ending == "ttf"));
    paths.sort();
    let fonts = paths.into_iter().fold(Fonts::embedded(), |fonts, path| fonts.and(std::fs::read(path).unwrap()));
    assert!(fonts.count() > Fonts::embedded().count(), "{folder} has no fonts");
    fonts
}

fn set(receipt: &Receipt) -> Page {
    read(&Press::new(fonts()).pdf(receipt).unwrap())
}

/// DejaVu joins lam and alef alone; Plex has a glyph for other pairs, too, such as `بر`.
fn read(pdf: &[u8]) -> Page {
    Page::read(pdf, folder().is_some())
}

#[test]
fn everything_that_a_receipt_must_say_stands_on_it() {
    let page = set(&plain());
    for phrase in [
        "إحسان",
        "إيصال تبرع",
        "رقم الإيصال",
        "المتبرع",
        "عبدالله بن محمد الأحمد",
        "التاريخ الهجري",
        "جمادى الآخرة",
        "طريقة الدفع",
        "مدى",
        "كفالة الأيتام",
        "جمعية البر بجازان",
        "الجهة المرخصة",
        "رقم الترخيص",
        "وعاء المال",
        "الصدقة",
        "الإجمالي",
        "ريال سعودي",
        "المبلغ بالحروف",
        "فقط مئة وخمسة وعشرون",
        "وخمسون هللة لا غير",
        "للتحقق من هذا الإيصال",
    ] {
        page.assert_arabic(phrase);
    }
    for text in [
        "Ihsan",
        "Donation receipt",
        "2026-03-000017-04",
        "2026-11-24",
        "14 Jumada al-Akhirah 1448 AH",
        "mada",
        "…7f3a",
        "Orphan sponsorship",
        "Birr Society of Jazan",
        "C-2026-0417",
        "1058",
        "Sadaqa",
        "125.50",
        "SAR",
        "0C00-0000-2423-0C9J-6CT3-ADHQ-70WG",
        "https://api.example/v1/receipts/0C00000024230C9J6CT3ADHQ70WG",
    ] {
        page.assert_latin(text);
    }
    assert!(!page.has_latin("0f1d7c5e"), "the payment's reference is masked");
}

/// Where extraction goes wrong: lam and alef are one glyph, and the text of that glyph stands in the order of reading while all around it
/// stands in the order of the page. A reader that turns the line round letter by letter (poppler does) gives `اإليصال` for `الإيصال`.
/// Typst gives each of the four ligatures as its two letters, alef with its hamza or madda, and never as a presentation form.
#[test]
fn lam_and_alef_are_one_glyph_with_the_text_of_two_letters() {
    let words = ["لا", "الإيصال", "الأيتام", "لأجل", "بلا", "الآخرة", "إطعام", "للأرامل", "والإغاثة", "سلام"];
    let page = set(&Receipt { lines: vec![line(&words.join(" "), "Words", Fund::Sadaqa, "10")], ..plain() });
    for word in words {
        page.assert_arabic(word);
    }
    assert_eq!(visual("الإيصال"), "لاصيلإا");
    let forms = |c: char| ('\u{FB50}'..='\u{FDFF}').contains(&c) || ('\u{FE70}'..='\u{FEFC}').contains(&c);
    assert!(!page.text().chars().any(forms), "no presentation forms");
}

#[test]
fn the_same_receipt_is_the_same_bytes() {
    let press = Press::new(fonts());
    let first: Vec<Vec<u8>> = sample::all().iter().map(|(_, receipt)| press.pdf(receipt).unwrap()).collect();
    // Set again by a press that remembers, in another order, and by one that remembers nothing.
    for (index, (name, receipt)) in sample::all().iter().enumerate().rev() {
        assert!(press.pdf(receipt).unwrap() == first[index], "{name}");
    }
    assert!(Press::new(fonts()).pdf(&plain()).unwrap() == first[0]);
}

#[test]
fn what_was_written_is_set_as_it_was_written() {
    for name in ["#panic()", "Jean-Luc #1 [x] $y$ \"z\" \\ *b*", "a{b}c // d /* e", "</script>", "أ\\u{0627}"] {
        let page = set(&Receipt { donor: Some(Name(name.to_owned())), ..plain() });
        for word in name.split(' ').filter(|word| word.is_ascii()) {
            page.assert_latin(word);
        }
    }
}

#[test]
fn a_name_in_letters_that_no_font_has_is_no_error() {
    for name in ["山田 太郎", "😀", "Ⰰⰱⰲ", "گلچهره پژمان", "ٹھٹہ"] {
        let page = set(&Receipt { donor: Some(Name(name.to_owned())), ..plain() });
        page.assert_latin("2026-03-000017-04");
    }
}

#[test]
fn whoever_is_not_named_is_anonymous() {
    let page = set(&Receipt { donor: None, ..plain() });
    page.assert_arabic("فاعل خير");
    page.assert_latin("Anonymous");
}

#[test]
fn a_refunded_gift_says_so() {
    assert!(!set(&plain()).has_latin("Given back"));
    let whole = set(&Receipt { refunded: plain().total(), ..plain() });
    whole.assert_latin("This gift was given back whole; the receipt is void.");
    whole.assert_arabic("أُعيد هذا التبرع".trim_start_matches("أُعيد "));
    let part = set(&Receipt { refunded: "25.25".parse().unwrap(), ..plain() });
    part.assert_latin("A part of this gift was given back.");
    part.assert_latin("25.25");
    part.assert_latin("100.25");
}

#[test]
fn as_many_lines_as_a_gift_may_have_fill_pages_that_are_numbered() {
    let (_, long) = sample::all().into_iter().find(|(name, _)| *name == "long").unwrap();
    let pdf = Press::new(fonts()).pdf(&long).unwrap();
    let page = read(&pdf);
    assert!(page.pages() >= 2, "{}", page.pages());
    page.assert_latin(&format!("{0} / {0}", page.pages()));
    for amount in ["1,000.25", "20,000.25", "210,005.00"] {
        page.assert_latin(amount);
    }
    assert!(pdf.len() <= MOST_BYTES_OF_THE_LONGEST, "{}", pdf.len());
}

#[test]
fn a_receipt_is_small() {
    let pdf = Press::new(fonts()).pdf(&plain()).unwrap();
    assert!(pdf.len() <= MOST_BYTES, "{}", pdf.len());
}

#[test]
fn nothing_of_the_donor_stands_in_the_metadata() {
    let pdf = Press::new(fonts()).pdf(&plain()).unwrap();
    let Name(name) = plain().donor.unwrap();
    let utf16: Vec<u8> = name.encode_utf16().flat_map(u16::to_be_bytes).collect();
    let has = |bytes: &[u8]| pdf.windows(bytes.len()).any(|window| window == bytes);
    assert!(!has(name.as_bytes()) && !has(&utf16));
    assert!(has(b"2026-03-000017-04"), "the number does");
}

#[test]
fn what_is_said_differs_exactly_where_the_receipt_does() {
    let said = plain().said();
    assert_eq!(said, plain().said());
    assert!(said.starts_with(&FORM.to_string()));
    for other in [
        Receipt { donor: None, ..plain() },
        Receipt { refunded: Money::from_riyals(1).unwrap(), ..plain() },
        Receipt { check_url: "https://other.example".to_owned(), ..plain() },
    ] {
        assert_ne!(other.said(), said);
    }
}
