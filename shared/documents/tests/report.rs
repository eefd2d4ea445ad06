//! The report of a day in its three forms: what one says the others say, the same each time, and nothing in it runs.

#![allow(clippy::unwrap_used)]

use std::collections::BTreeMap;

use documents::report::{ChainSpan, DayReport, FORM, Kept, Names, csv, html, json, kept_in, tables};
use domain::catalogue::{Bilingual, Purpose};
use domain::hash::Hash;
use domain::id::DonationId;
use domain::journal::{Account, ChainId, Entry, EntryKind, Tail, Transfer};
use domain::moment::Moment;
use domain::money::Money;
use domain::payment::{Method, PaymentRef, Provider};
use domain::purpose::{Fund, Programme, Region, Track};
use domain::report::DayFigures;

/// 23 November 2026, noon in Riyadh.
const NOON: Moment = Moment::from_millis(1_795_424_400_000);

fn entry(number: u8, kind: EntryKind, method: Method, transfers: Vec<Transfer>) -> Entry {
    let payment = PaymentRef { provider: Provider::Moyasar, payment: format!("p-{number}").parse().unwrap() };
    Entry { kind, donation: Some(DonationId::from_bytes([number; 16])), payment, method, happened_at: NOON, transfers }
}

fn opportunity(fund: Fund, id: &str) -> Account {
    Account::Opportunity(fund, id.parse().unwrap())
}

fn clearing() -> Account {
    Account::Clearing(Provider::Moyasar)
}

fn purpose(programme: Programme, track: Track, region: Region, charity: &str) -> Purpose {
    Purpose { programme, track, region, charity: charity.parse().unwrap() }
}

/// A small day: two gifts of three lines, a refund, a payment that came too late.
fn day() -> DayReport {
    let money = |text: &str| text.parse::<Money>().unwrap();
    let water = || purpose(Programme::Projects, Track::Development, Region::Jazan, "water");
    let kin = || purpose(Programme::Zakat, Track::Care, Region::Riyadh, "kin");
    let give =
        |account, purpose, amount, line| Transfer::new(clearing(), account, money(amount)).unwrap().for_line(line, purpose);
    let wells = || opportunity(Fund::Sadaqa, "wells");
    let families = || opportunity(Fund::Zakat, "families");
    let back = Transfer::new(wells(), clearing(), money("10.50")).unwrap().for_line(0, water());
    let late = Transfer::new(clearing(), Account::RefundsPayable, money("7")).unwrap();
    let entries = vec![
        entry(
            1,
            EntryKind::Settled,
            Method::Mada,
            vec![give(wells(), water(), "1250.75", 0), give(families(), kin(), "12000", 1)],
        ),
        entry(2, EntryKind::Settled, Method::ApplePay, vec![give(wells(), water(), "10.50", 0)]),
        entry(2, EntryKind::Refunded, Method::ApplePay, vec![back]),
        entry(3, EntryKind::LateCharge, Method::Visa, vec![late]),
    ];
    let salts = vec![vec![1; 16]; entries.len()];
    let page = Tail::empty(ChainId::new(3).unwrap()).write(entries, &salts, NOON);
    let seal = page.tail().seal(NOON);
    let mut figures = DayFigures::default();
    [&page, &seal].into_iter().try_for_each(|page| figures.add(NOON.day(), page)).unwrap();
    figures.check().unwrap();
    let name = |ar: &str, en: &str| Bilingual { ar: ar.to_owned(), en: en.to_owned() };
    let names = Names {
        charities: BTreeMap::from([
            ("water".parse().unwrap(), name("جمعية المياه", "Water society")),
            ("kin".parse().unwrap(), name("<b>صلة</b> & بر", "Kin <script>alert(1)</script>")),
        ]),
        opportunities: BTreeMap::from([("wells".parse().unwrap(), name("=آبار جازان", "=1+1"))]),
    };
    let span = ChainSpan { chain: 3, first: 0, seal: 1, hash: Hash::to_string(&seal.hash()) };
    DayReport { day: NOON.day(), figures, names, chains: vec![span] }
}

#[test]
fn the_day_as_json() {
    insta::assert_snapshot!(String::from_utf8(json(&day())).unwrap());
}

#[test]
fn the_day_as_csv() {
    let bytes = csv(&day());
    assert_eq!(&bytes[..3], [0xEF, 0xBB, 0xBF], "a byte order mark");
    insta::assert_snapshot!(String::from_utf8(bytes[3..].to_vec()).unwrap().replace('\r', ""));
}

#[test]
fn the_day_as_a_page() {
    let page = String::from_utf8(html(&day())).unwrap();
    assert!(!page.contains("<script"), "what is put into the page is escaped");
    assert!(page.contains("Kin &lt;script&gt;"));
    let without_its_name = page.replace("xmlns=\"http://www.w3.org/2000/svg\"", "");
    for outside in ["http://", "https://", "url(", "@import", "src="] {
        assert!(!without_its_name.contains(outside), "the page needs nothing beside it: {outside}");
    }
    for (text, why) in [
        ("<html lang=\"ar\" dir=\"rtl\">", "right to left"),
        ("<bdi dir=\"ltr\">2026-11-23</bdi>", "a date is isolated"),
        ("<bdi dir=\"ltr\">13,261.25</bdi>", "what was given, isolated"),
        ("جمادى الآخرة", "the Hijri month"),
    ] {
        assert!(page.contains(text), "{why}: {text}");
    }
    insta::assert_snapshot!(page.replace("><", ">\n<"));
}

#[test]
fn the_same_day_is_the_same_bytes() {
    for form in [json, csv, html] {
        assert_eq!(form(&day()), form(&day()));
    }
}

#[test]
fn the_report_keeps_the_names_that_it_was_made_with() {
    assert_eq!(kept_in(&json(&day())).unwrap(), Kept { form: FORM, names: day().names });
    assert!(kept_in(b"{}").is_err());
}

#[test]
fn every_figure_stands_in_every_form() {
    let report = day();
    let [json, csv, html] = [json, csv, html].map(|form| String::from_utf8(form(&report)).unwrap());
    let rows: Vec<_> = tables::all(&report).into_iter().flat_map(|table| table.rows).collect();
    assert!(rows.iter().filter(|row| row.code.starts_with("SA-")).count() == 13, "every region is told");
    for row in rows.iter().filter(|row| row.figures.given_minor > 0) {
        let plain = format!("{}.{:02}", row.figures.given_minor / 100, row.figures.given_minor % 100);
        assert!(json.contains(&format!("\"given\": \"{plain}\"")) && csv.contains(&format!(",{plain},")), "{plain}");
        assert!(html.replace(',', "").contains(&format!(">{plain}<")), "{plain}");
    }
}

#[test]
fn a_day_without_gifts_is_a_report_too() {
    let empty = DayReport { figures: DayFigures::default(), names: Names::default(), chains: Vec::new(), ..day() };
    let page = String::from_utf8(html(&empty)).unwrap();
    assert!(page.contains("لا شيء في هذا اليوم"));
    assert!(String::from_utf8(json(&empty)).unwrap().contains("\"gifts\": 0"));
}
