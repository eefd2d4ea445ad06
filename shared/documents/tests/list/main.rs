//! Lists as they are set and written: every share is there, in Arabic, in whole animals on parts of bounded size, and the same list is the same bytes.
#![allow(clippy::unwrap_used)]

#[path = "../receipt/page.rs"]
#[allow(dead_code, reason = "receipts look at more of a page")]
mod page;

use documents::list::{Behalf, ExecutionList, Fonts, Press, ROWS_OF_A_PART, Row};
use domain::catalogue::Bilingual;
use domain::sacrifice::{ListDay, Rite, Species};
use page::Page;

fn row(animal: usize, share: u8, behalf: Behalf) -> Row {
    Row {
        animal: format!("camel-makkah-{animal}"),
        species: Species::Camel,
        rite: Rite::Adahi,
        share,
        behalf,
        span: Some(("2027-05-16 06:27".to_owned(), "2027-05-16 18:52".to_owned())),
    }
}

fn name(animal: usize, share: u8) -> Behalf {
    Behalf::Name(format!("سعيد {animal}-{share}"))
}

fn list(animals: usize) -> ExecutionList {
    let of = |animal: usize| (1..=7_u8).map(move |share| row(animal, share, name(animal, share)));
    ExecutionList {
        slaughterhouse: "makkah-1".to_owned(),
        places: vec![Bilingual { ar: "مسلخ مكة".to_owned(), en: "Makkah slaughterhouse".to_owned() }],
        day: ListDay::Feast(1448, 10),
        version: 3,
        rows: (1..=animals).flat_map(of).collect(),
    }
}

fn set(list: &ExecutionList, part: usize) -> Page {
    Page::read(&Press::new(Fonts::embedded()).list(list, part).unwrap(), false)
}

#[test]
fn everything_that_a_list_must_say_stands_on_it() {
    let mut of = list(2);
    of.rows[12] = row(2, 6, Behalf::Platform);
    of.rows[13] = row(2, 7, Behalf::Erased);
    of.rows.push(Row {
        species: Species::Sheep,
        animal: "sheep-makkah-38".to_owned(),
        span: None,
        ..row(9, 1, Behalf::Unnamed)
    });
    let page = set(&of, 0);
    for phrase in [
        "كشف تنفيذ",
        "ذو الحجة",
        "مسلخ مكة",
        "رقم الرأس",
        "النوع",
        "النسك",
        "وقت الذبح",
        "أضحية",
        "المنصة",
        "محذوف بطلب صاحبه",
        "غنم",
        "سعيد",
    ] {
        page.assert_arabic(phrase);
    }
    for text in [
        "makkah-1",
        "camel-makkah-2",
        "sheep-makkah-38",
        "1 / 7",
        "7 / 7",
        "1 / 1",
        "2027-05-16 06:27 – 2027-05-16 18:52",
        "1448",
    ] {
        page.assert_latin(text);
    }
    assert_eq!((of.sums().animals, of.sums().shares), (3, 15));
}

#[test]
fn a_long_list_is_several_documents_of_whole_animals() {
    let of = list(150);
    let parts = of.parts();
    assert_eq!(parts.iter().map(|part| part.len()).sum::<usize>(), 150 * 7);
    assert!(
        parts.iter().all(|part| part.len() <= ROWS_OF_A_PART && part.len() % 7 == 0),
        "{:?}",
        parts.iter().map(|part| part.len()).collect::<Vec<_>>()
    );
    let last = set(&of, parts.len() - 1);
    last.assert_latin("camel-makkah-150");
    last.assert_latin("1050");
    last.assert_latin(&format!("{0} / {0}", parts.len()));
    assert!(last.pages() > 1 && last.pages() < 20, "{}", last.pages());
    assert!(!last.has_latin("camel-makkah-2 "), "another part has it");
    assert_eq!(list(0).parts().len(), 1, "an empty list is one document");
}

#[test]
fn the_same_list_is_the_same_bytes_and_names_are_not_in_the_metadata() {
    let (of, press) = (list(3), Press::new(Fonts::embedded()));
    let first = press.list(&of, 0).unwrap();
    press.list(&list(5), 0).unwrap();
    assert!(press.list(&of, 0).unwrap() == first && Press::new(Fonts::embedded()).list(&of, 0).unwrap() == first);
    assert_eq!(of.csv(), list(3).csv());
    let has = |bytes: &[u8]| first.windows(bytes.len()).any(|window| window == bytes);
    let utf16: Vec<u8> = "سعيد".encode_utf16().flat_map(u16::to_be_bytes).collect();
    assert!(!has("سعيد".as_bytes()) && !has(&utf16));
}

#[test]
fn what_was_written_is_set_and_written_as_it_was_and_never_run() {
    let mut of = list(1);
    for (row, text) in of.rows.iter_mut().zip([
        "#panic()",
        "=HYPERLINK(\"x\")",
        "a,b\"c",
        "Jean-Luc [x] $y$",
        "@SUM(A1)",
        "أحمد, محمد",
        "😀",
    ]) {
        row.behalf = Behalf::Name(text.to_owned());
    }
    let page = set(&of, 0);
    page.assert_latin("#panic()");
    page.assert_latin("Jean-Luc [x] $y$");
    let text = String::from_utf8(of.csv()).unwrap();
    let mut reader = csv::Reader::from_reader(text.trim_start_matches('\u{FEFF}').as_bytes());
    let names: Vec<String> = reader.records().map(|record| record.unwrap()[5].to_owned()).collect();
    assert_eq!(names, ["#panic()", "'=HYPERLINK(\"x\")", "a,b\"c", "Jean-Luc [x] $y$", "'@SUM(A1)", "أحمد, محمد", "😀", ""]);
}
