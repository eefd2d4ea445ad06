#![allow(clippy::unwrap_used)]

use std::collections::BTreeMap;
use std::path::Path;

use proptest::prelude::*;

use super::*;

fn folder() -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../events/statements")
}

/// Each document of `events/statements`: its lines in a few words each, or why it is none. The names say what is expected.
#[test]
fn every_document_is_read_or_refused_as_its_name_says() {
    let mut all = BTreeMap::new();
    for entry in std::fs::read_dir(folder()).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        let read = read(&std::fs::read(&path).unwrap());
        assert_eq!(read.is_ok(), name.starts_with("good-"), "{name}: {read:?}");
        all.insert(name, read.map_or_else(|why| vec![why.to_string()], |statements| shown(&statements)));
    }
    assert!(all.len() > 20);
    insta::assert_json_snapshot!(all);
}

fn shown(statements: &[Statement]) -> Vec<String> {
    let of = |statement: &Statement| {
        let Statement { account, closes_on, opening_minor, closing_minor, .. } = statement;
        let mut shown = vec![format!("{account} until {closes_on}: {opening_minor} to {closing_minor}")];
        shown.extend(statement.lines.iter().map(|line| {
            let reversal = if line.is_reversal { " reversal" } else { "" };
            let (amount, booked, value) = (line.signed_minor(), line.booked_on, line.value_on);
            format!("{amount}{reversal} on {booked}, from {value}: {}", line.references.join(" "))
        }));
        shown
    };
    statements.iter().flat_map(of).collect()
}

/// The same statement in either form is the same to the books, whatever else the forms say.
#[test]
fn both_forms_say_the_same() {
    let of = |name: &str| read(&std::fs::read(folder().join(name)).unwrap()).unwrap().remove(0);
    let plain = |mut statement: Statement| {
        statement.lines.iter_mut().for_each(|line| line.references.clear());
        statement
    };
    assert_eq!(plain(of("good-camt053.xml")), plain(of("good-mt940.sta")));
    assert_eq!(plain(of("good-camt053.xml")), plain(of("good-camt053-v2.xml")));
    assert_eq!(of("good-camt053.xml"), of("good-camt053-prefixed.xml"));
}

#[test]
fn a_refusal_repeats_nothing_of_the_document() {
    for entry in std::fs::read_dir(folder()).unwrap() {
        let path = entry.unwrap().path();
        if let Err(why) = read(&std::fs::read(&path).unwrap()) {
            let why = why.to_string();
            assert!(why.len() < 100 && !why.contains("MOYASAR") && !why.contains("SA0"), "{why}");
        }
    }
}

#[test]
fn accounts_are_named_alike() {
    assert_eq!(account("SA00 0000 0000 0000 0000 0000").unwrap(), "SA0000000000000000000000");
    assert_eq!(account("BANKSARI/SA0000000000000000000000").unwrap(), "SA0000000000000000000000");
    assert_eq!(account("0001-22.3").unwrap(), "0001223");
    assert!(account("--").is_err());
    assert!(account(&"1".repeat(200)).is_err());
}

/// A document made of pieces of real ones and of anything else.
fn any_document() -> impl Strategy<Value = Vec<u8>> {
    let pieces = [
        ":20:",
        "R",
        ":25:",
        "SA1",
        ":28C:",
        "1/1",
        ":60F:",
        "C261123SAR0,00",
        ":61:",
        "2611241124C50,NTRFNONREF//B",
        ":86:",
        "?20x",
        ":62F:",
        "D261124SAR0,00",
        "\r\n",
        "\n",
        "-}",
        "{4:",
        "C",
        "D",
        "RC",
        "0230",
        "9999",
        ",",
        "<",
        "<Document>",
        "<Stmt>",
        "&a;",
        "<Amt Ccy=\"SAR\">",
        "1.5",
        "</Amt>",
        "<!DOCTYPE",
        "م",
    ];
    let piece = prop_oneof![
        8 => proptest::sample::select(pieces.to_vec()).prop_map(|piece| piece.as_bytes().to_vec()),
        1 => proptest::collection::vec(any::<u8>(), 0..6),
    ];
    proptest::collection::vec(piece, 0..60).prop_map(|pieces| pieces.concat())
}

/// A line of MT940 with any digits where its dates and amount are.
fn any_line() -> impl Strategy<Value = String> {
    ("[0-9]{6}", "([0-9]{4})?", "(C|D|RC|RD)", "[A-Z]?", "[0-9]{1,12},[0-9]{0,2}")
        .prop_map(|(value, entry, side, funds, amount)| format!(":61:{value}{entry}{side}{funds}{amount}NTRFNONREF//B\r\n"))
}

proptest! {
    #[test]
    fn anything_is_statements_or_a_refusal_and_never_a_panic(document in any_document()) {
        let _ = read(&document);
    }

    #[test]
    fn any_dates_and_amounts_are_read_or_refused(lines in proptest::collection::vec(any_line(), 0..4), closing in "[0-9]{1,9}") {
        let text = format!(":20:R\r\n:25:SA1\r\n:28C:1\r\n:60F:C261123SAR0,\r\n{}:62F:C261124SAR{closing},\r\n", lines.concat());
        if let Ok(statements) = read(text.as_bytes()) {
            prop_assert_eq!(statements[0].check(), Ok(()));
        }
    }

    #[test]
    fn a_document_cut_anywhere_is_read_as_the_whole_or_refused(name in proptest::sample::select(vec!["good-camt053.xml", "good-mt940.sta"]), cut in any::<proptest::sample::Index>()) {
        let whole = std::fs::read(folder().join(name)).unwrap();
        let end = cut.index(whole.len());
        if let Ok(statements) = read(&whole[..end]) {
            prop_assert_eq!(statements, read(&whole).unwrap());
        }
    }
}
