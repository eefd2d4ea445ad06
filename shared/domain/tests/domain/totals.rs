//! Sums are what a recount with pencil and paper finds, in any order and in any portions.

use std::collections::{BTreeMap, BTreeSet};

use domain::donation::{Decision, State, decide};
use domain::journal::{Account, Entry, EntryKind, Page, Transfer};
use domain::purpose::Fund;
use domain::totals::{BUCKETS, Delta, bucket, fold};
use proptest::prelude::*;

use crate::chains::{first_tail, salts};
use crate::given::{NOON, accounts, any_entry, any_movement, captured_for, donation, fact, line, riyals};

/// A few pages over a few days.
fn any_pages() -> impl Strategy<Value = Vec<Page>> {
    let day = |days: i64| NOON.plus_seconds(days * 86_400);
    let entries = (prop::collection::vec(any_entry(), 1..6), 0i64..3).prop_map(move |(entries, days)| {
        let salts = salts(entries.len());
        first_tail().write(entries, &salts, day(days))
    });
    let movements = (prop::collection::vec(any_movement(), 1..6), 0i64..3)
        .prop_map(move |(movements, days)| first_tail().write_movements(movements, day(days)));
    prop::collection::vec(prop_oneof![4 => entries, 1 => movements], 0..6)
}

fn figure(delta: &Delta, item: &str, name: &str) -> i64 {
    delta.get(item).and_then(|names| names.get(name)).copied().unwrap_or_default()
}

/// Without the figures that came out as nothing.
fn significant(delta: &Delta) -> Delta {
    let mut delta = delta.clone();
    delta.values_mut().for_each(|names| names.retain(|_, figure| *figure != 0));
    delta.retain(|_, names| !names.is_empty());
    delta
}

fn plus(a: &Delta, b: &Delta) -> Delta {
    let mut sum = a.clone();
    for (item, names) in b {
        for (name, figure) in names {
            *sum.entry(item.clone()).or_default().entry(name.clone()).or_default() += figure;
        }
    }
    sum
}

/// Every figure counted for itself, by looking through all the pages for what belongs to it.
fn recount(pages: &[Page]) -> Delta {
    let days: BTreeSet<String> = pages.iter().map(|page| page.day.to_string()).collect();
    let opportunities = ["wells", "clinic", "orphans"];
    let mut delta = Delta::new();
    let mut put = |item: String, name: String, figure: i64| {
        delta.entry(item).or_default().insert(name, figure);
    };
    for name in opportunities {
        let here = |account: &Account| matches!(account, Account::Opportunity(_, id) if id.as_str() == name);
        let item = format!("OPP#{:02}", bucket(&name.parse().unwrap()));
        put(item.clone(), format!("s:{name}"), net_credit(given(pages), here));
        put(item.clone(), format!("p:{name}"), -net_credit(moved(pages), here));
        put(item, format!("n:{name}"), gifts(pages, here));
    }
    for day in days {
        let pages: Vec<Page> = pages.iter().filter(|page| page.day.to_string() == day).cloned().collect();
        let is_opportunity = |account: &Account| matches!(account, Account::Opportunity(..));
        for fund in Fund::ALL {
            let here = |account: &Account| is_opportunity(account) && account.fund() == Some(*fund);
            put(format!("DAY#{day}"), format!("s:{fund}"), net_credit(given(&pages), here));
            put(format!("DAY#{day}"), format!("n:{fund}"), gifts(&pages, here));
        }
        put(format!("DAY#{day}"), "s:all".to_owned(), net_credit(given(&pages), is_opportunity));
        put(format!("DAY#{day}"), "n:all".to_owned(), gifts(&pages, |_| true));
        recount_accounts(&pages, |name, figure| put(format!("DAY#{day}"), name, figure));
    }
    recount_accounts(pages, |name, figure| put("ACC".to_owned(), name, figure));
    significant(&delta)
}

fn recount_accounts(pages: &[Page], mut put: impl FnMut(String, i64)) {
    let names: BTreeSet<String> = accounts().iter().map(Account::balance).collect();
    for name in names {
        let all = || given(pages).chain(moved(pages));
        put(format!("d:{name}"), debits(all(), |account| account.balance() == name));
        put(format!("c:{name}"), credits(all(), |account| account.balance() == name));
    }
}

fn entries(pages: &[Page]) -> impl Iterator<Item = &Entry> + Clone {
    pages.iter().flat_map(Page::entries)
}

/// What moved for donors' payments.
fn given(pages: &[Page]) -> impl Iterator<Item = &Transfer> + Clone {
    entries(pages).flat_map(|entry| &entry.transfers)
}

/// What moved without them.
fn moved(pages: &[Page]) -> impl Iterator<Item = &Transfer> + Clone {
    pages.iter().flat_map(Page::movements).flat_map(|movement| &movement.transfers)
}

fn debits<'p>(transfers: impl Iterator<Item = &'p Transfer>, here: impl Fn(&Account) -> bool) -> i64 {
    transfers.filter(|transfer| here(transfer.debit())).map(|transfer| transfer.amount().signed_halalas()).sum()
}

fn credits<'p>(transfers: impl Iterator<Item = &'p Transfer>, here: impl Fn(&Account) -> bool) -> i64 {
    transfers.filter(|transfer| here(transfer.credit())).map(|transfer| transfer.amount().signed_halalas()).sum()
}

fn net_credit<'p>(transfers: impl Iterator<Item = &'p Transfer> + Clone, here: impl Fn(&Account) -> bool) -> i64 {
    credits(transfers.clone(), &here) - debits(transfers, &here)
}

fn gifts(pages: &[Page], here: impl Fn(&Account) -> bool) -> i64 {
    let settled = entries(pages).filter(|entry| entry.kind == EntryKind::Settled);
    settled.filter(|entry| entry.transfers.iter().any(|transfer| here(transfer.credit()))).count() as i64
}

proptest! {
    #[test]
    fn the_fold_is_what_a_recount_finds(pages in any_pages()) {
        prop_assert_eq!(significant(&fold(&pages)), recount(&pages));
    }

    #[test]
    fn the_order_makes_no_difference(pages in any_pages(), shuffled in any_pages().prop_shuffle(), cut: prop::sample::Index) {
        let mut turned = pages.clone();
        turned.rotate_left(if pages.is_empty() { 0 } else { cut.index(pages.len()) });
        prop_assert_eq!(fold(&pages), fold(&turned));
        prop_assert_eq!(fold(&shuffled), fold(shuffled.iter().rev()));
    }

    #[test]
    fn portions_add_up_to_the_whole(pages in any_pages(), cut in 0usize..6) {
        let (a, b) = pages.split_at(cut.min(pages.len()));
        prop_assert_eq!(plus(&fold(a), &fold(b)), fold(&pages));
    }

    /// Debits and credits of all accounts are the same sum: the books balance, and so do their totals.
    #[test]
    fn all_debits_are_all_credits(pages in any_pages()) {
        let delta = fold(&pages);
        let sum = |side: &str| {
            let names = delta.get("ACC").cloned().unwrap_or_default();
            names.iter().filter(|(name, _)| name.starts_with(side)).map(|(_, figure)| figure).sum::<i64>()
        };
        prop_assert_eq!(sum("d:"), sum("c:"));
    }

    #[test]
    fn a_bucket_is_within_bounds(name in "[a-z0-9]{3,40}") {
        prop_assert!(bucket(&name.parse().unwrap()) < BUCKETS);
    }
}

/// Two lines for wells, of two funds, and one for the clinic: one gift to each, whatever the number of lines.
#[test]
fn a_gift_counts_once_for_each_it_gives_to() {
    let lines = vec![
        line(Fund::Zakat, "wells", riyals(10)),
        line(Fund::Sadaqa, "wells", riyals(20)),
        line(Fund::Zakat, "clinic", riyals(30)),
    ];
    let gift = donation(State::Awaiting, lines);
    let Decision::Book { entry, .. } =
        decide(Some(&gift), None, &fact("p", riyals(60), captured_for(riyals(1))), NOON).unwrap()
    else {
        panic!("not booked")
    };
    let delta = fold(&[first_tail().write(vec![entry], &salts(1), NOON)]);
    let (wells, clinic) = (bucket(&"wells".parse().unwrap()), bucket(&"clinic".parse().unwrap()));
    let day = "DAY#2026-11-23";
    let expected: BTreeMap<(String, &str), i64> = BTreeMap::from([
        ((format!("OPP#{wells:02}"), "n:wells"), 1),
        ((format!("OPP#{wells:02}"), "s:wells"), 3_000),
        ((format!("OPP#{clinic:02}"), "n:clinic"), 1),
        ((format!("OPP#{clinic:02}"), "s:clinic"), 3_000),
        ((day.to_owned(), "n:all"), 1),
        ((day.to_owned(), "n:zakat"), 1),
        ((day.to_owned(), "n:sadaqa"), 1),
        ((day.to_owned(), "s:zakat"), 4_000),
        ((day.to_owned(), "s:all"), 6_000),
        (("ACC".to_owned(), "d:clearing:moyasar"), 6_000),
        (("ACC".to_owned(), "c:clearing:moyasar"), 100),
        (("ACC".to_owned(), "d:fees:moyasar"), 100),
        (("ACC".to_owned(), "c:fund:zakat"), 4_000),
    ]);
    for ((item, name), expected) in expected {
        assert_eq!(figure(&delta, &item, name), expected, "{item} {name}");
    }
}

/// The items in which opportunities stand are fixed: another bucket would split an opportunity's sum in two.
#[test]
fn an_opportunity_stays_in_its_bucket() {
    let buckets = ["wells", "clinic", "orphans", "wells-jazan-2026"].map(|name| (name, bucket(&name.parse().unwrap())));
    insta::assert_debug_snapshot!(buckets);
}
