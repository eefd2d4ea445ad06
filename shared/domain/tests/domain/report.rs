//! A day's figures explain every halala that moved, and are what the follower's totals say.

use std::collections::BTreeMap;

use domain::catalogue::Purpose;
use domain::donation::{Decision, Donation, State, decide};
use domain::journal::{Account, ChainId, Entry, EntryKind, Movement, MovementKind, Page, Tail, Transfer};
use domain::moment::Day;
use domain::payment::{Happening, Method, Provider};
use domain::purpose::Fund;
use domain::report::{Apart, DayFigures, Disagreement, Figures, Turnover};
use domain::totals;
use proptest::prelude::*;

use crate::chains::salts;
use crate::conservation::any_entries;
use crate::given::{NOON, captured, captured_for, donation, fact, line, payment, purpose, riyals};

fn page(chain: u8, entries: Vec<Entry>) -> Page {
    let salts = salts(entries.len());
    Tail::empty(ChainId::new(chain).unwrap()).write(entries, &salts, NOON)
}

fn figures(pages: &[Page]) -> Result<DayFigures, Disagreement> {
    let mut figures = DayFigures::default();
    pages.iter().try_for_each(|page| figures.add(NOON.day(), page))?;
    figures.check().map(|()| figures)
}

fn booked(donation: &mut Donation, happening: Happening) -> Entry {
    match decide(Some(donation), None, &fact("p-1", donation.total(), happening), NOON).unwrap() {
        Decision::Book { state, back, entry, .. } => {
            donation.state = state;
            donation.back = back;
            entry
        }
        other => panic!("{other:?}"),
    }
}

fn refunded(amount: u64) -> Happening {
    Happening::Refunded { refunded_minor: riyals(amount) }
}

/// SAR 10 for the wells in two lines, SAR 30 of zakat for the clinic.
fn basket() -> Donation {
    let lines = vec![
        line(Fund::Sadaqa, "wells", riyals(4)),
        line(Fund::Sadaqa, "wells", riyals(6)),
        line(Fund::Zakat, "clinic", riyals(30)),
    ];
    donation(State::Awaiting, lines)
}

fn some(given_minor: i64, returned_minor: i64, gifts: u64, lines: u64) -> Figures {
    Figures { given_minor, returned_minor, gifts, lines }
}

#[test]
fn a_gift_counts_once_for_each_thing_that_its_lines_are_for() {
    let mut basket = basket();
    let day = figures(&[page(0, vec![booked(&mut basket, captured())])]).unwrap();
    assert_eq!(day.all, some(4_000, 0, 1, 3));
    assert_eq!(day.funds[&Fund::Sadaqa], some(1_000, 0, 1, 2));
    assert_eq!(day.funds[&Fund::Zakat], some(3_000, 0, 1, 1));
    let top: Vec<(&str, i64)> = day.top(10).into_iter().map(|(id, figures)| (id.as_str(), figures.given_minor)).collect();
    assert_eq!(top, [("clinic", 3_000), ("wells", 1_000)]);
    assert_eq!(day.top(1).len(), 1);
}

#[test]
fn a_refund_whose_line_is_not_known_stands_apart_until_the_rest_goes_back() {
    let mut basket = basket();
    let settled = booked(&mut basket, captured());
    let part = booked(&mut basket, refunded(5));
    let day = figures(&[page(0, vec![settled.clone(), part.clone()])]).unwrap();
    assert_eq!((day.all.returned_minor, day.unassigned_minor), (0, 500));
    let rest = booked(&mut basket, refunded(40));
    let day = figures(&[page(0, vec![settled, part, rest.clone()])]).unwrap();
    assert_eq!((day.all.net_minor(), day.unassigned_minor), (0, 0));
    // On a day of its own the rest takes back more than it gives, and says so.
    let day = figures(&[page(0, vec![rest])]).unwrap();
    assert_eq!((day.all.net_minor(), day.unassigned_minor), (-4_000, -500));
}

#[test]
fn payments_that_are_nobodys_gift_stand_apart() {
    let clearing = || Account::Clearing(Provider::Moyasar);
    let entry = |kind, debit, credit, amount| Entry {
        kind,
        donation: None,
        payment: payment("p-9"),
        method: Method::Visa,
        happened_at: NOON,
        transfers: vec![Transfer::new(debit, credit, riyals(amount)).unwrap()],
    };
    let entries = vec![
        entry(EntryKind::SecondCharge, clearing(), Account::RefundsPayable, 10),
        entry(EntryKind::LateCharge, clearing(), Account::RefundsPayable, 20),
        entry(EntryKind::Orphan, clearing(), Account::Suspense, 40),
        entry(EntryKind::ChargeReturned, Account::RefundsPayable, clearing(), 30),
    ];
    let day = figures(&[page(0, entries)]).unwrap();
    let apart = Apart { second_minor: 1_000, late_minor: 2_000, orphan_minor: 4_000, returned_minor: 3_000 };
    assert_eq!((day.apart, day.all), (apart, Figures::default()));
}

#[test]
fn what_is_not_of_the_day_or_says_not_what_it_is_for_is_refused() {
    let tomorrow: Day = NOON.day().next();
    let mut day = DayFigures::default();
    let other = page(0, vec![booked(&mut basket(), captured())]);
    assert_eq!(day.add(tomorrow, &other), Err(Disagreement::OtherDay { expected: tomorrow, found: NOON.day() }));
    let mut entry = booked(&mut basket(), captured());
    let wells = Account::Opportunity(Fund::Sadaqa, "wells".parse().unwrap());
    entry.transfers = vec![Transfer::new(Account::Clearing(Provider::Moyasar), wells, riyals(1)).unwrap()];
    assert_eq!(figures(&[page(0, vec![entry])]), Err(Disagreement::Purposeless("wells".parse().unwrap())));
}

#[test]
fn figures_that_do_not_agree_are_named() {
    let whole = figures(&[page(0, vec![booked(&mut basket(), captured())])]).unwrap();
    let mut wrong = whole.clone();
    wrong.funds.remove(&Fund::Zakat);
    assert_eq!(wrong.check(), Err(Disagreement::Slices("funds")));
    let mut wrong = whole.clone();
    wrong.apart.late_minor += 1;
    assert_eq!(wrong.check(), Err(Disagreement::Unexplained { moved_minor: 4_000, explained_minor: 4_001 }));
    let mut wrong = whole;
    wrong.accounts.clear();
    wrong.accounts.entry("suspense".to_owned()).or_default().debit_minor = 1;
    assert_eq!(wrong.check(), Err(Disagreement::Unbalanced { debit_minor: 1, credit_minor: 0 }));
}

/// Three gifts of SAR 40: the provider keeps SAR 3 of the first, told in two steps, and a dispute about SAR 10 of it is won; one about SAR 12 of the second is open; the whole
/// third is lost to one. SAR 50 are paid out, of which SAR 20 turn out to be a mistake; nobody knows yet what SAR 7 are.
#[test]
fn a_day_on_which_everything_happens() {
    let disputed = |amount| Happening::Disputed { disputed_minor: riyals(amount) };
    let (mut first, mut second, mut third) = (basket(), basket(), basket());
    let entries = vec![
        booked(&mut first, captured_for(riyals(2))),
        booked(&mut first, captured_for(riyals(3))),
        booked(&mut first, disputed(10)),
        booked(&mut first, Happening::DisputeWon { disputed_minor: riyals(10) }),
        booked(&mut second, captured()),
        booked(&mut second, disputed(12)),
        booked(&mut third, captured()),
        booked(&mut third, disputed(40)),
        booked(&mut third, Happening::DisputeLost { disputed_minor: riyals(40) }),
    ];
    let clearing = || Account::Clearing(Provider::Moyasar);
    let movement = |kind, debit, credit, amount| Movement {
        kind,
        reference: Movement::reference(kind, &["1"]),
        happened_at: NOON,
        transfers: vec![Transfer::new(debit, credit, riyals(amount)).unwrap()],
        payment: None,
    };
    let movements = vec![
        movement(MovementKind::PaidOut, Account::Bank, clearing(), 50),
        movement(MovementKind::Corrected, clearing(), Account::Bank, 20),
        movement(MovementKind::Unexplained, Account::Bank, Account::BankSuspense, 7),
    ];
    let tail = Tail::empty(ChainId::new(1).unwrap());
    let pages = [page(0, entries), tail.write_movements(movements, NOON), tail.seal(NOON)];
    let day = figures(&pages).unwrap();
    assert_eq!((day.pages, day.entries, day.movements), (3, 9, 3));
    assert_eq!(day.all, some(12_000, 4_000, 3, 9));
    let sadaqa = some(3_000, 1_000, 3, 6);
    let zakat = some(9_000, 3_000, 3, 3);
    assert_eq!((day.funds[&Fund::Sadaqa], day.funds[&Fund::Zakat]), (sadaqa, zakat));
    let wells = &"wells".parse().unwrap();
    assert_eq!((day.opportunities[wells], day.opportunities[&"clinic".parse().unwrap()]), (sadaqa, zakat));
    // All lines are for one programme, track, region and charity, and were paid in one way.
    let Purpose { programme, track, region, charity } = purpose();
    assert_eq!((day.programmes[&programme], day.tracks[&track], day.regions[&region]), (day.all, day.all, day.all));
    assert_eq!((day.charities[&charity], day.methods[&Method::Mada]), (day.all, day.all));
    assert_eq!((day.fees_minor, day.disputed_minor, day.paid_out_minor, day.unassigned_minor), (300, 1_200, 3_000, 0));
    let turnover = |debit_minor, credit_minor| Turnover { debit_minor, credit_minor };
    let accounts = [
        ("bank", turnover(5_700, 2_000)),
        ("bank_suspense", turnover(0, 700)),
        ("clearing:moyasar", turnover(12_000 + 1_000 + 2_000, 300 + 1_000 + 1_200 + 4_000 + 5_000)),
        ("disputes:moyasar", turnover(1_000 + 1_200 + 4_000, 1_000 + 4_000)),
        ("fees:moyasar", turnover(300, 0)),
        ("fund:sadaqa", turnover(1_000, 3_000)),
        ("fund:zakat", turnover(3_000, 9_000)),
    ];
    assert_eq!(day.accounts, accounts.map(|(name, turnover)| (name.to_owned(), turnover)).into());
}

/// Whatever two people correct between accounts of no fund, the day explains what moved at the providers and can be reported.
#[test]
fn a_day_with_corrections_is_explained() {
    let moyasar = Provider::Moyasar;
    let accounts = [
        Account::Clearing(moyasar),
        Account::Fees(moyasar),
        Account::Disputes(moyasar),
        Account::Bank,
        Account::BankSuspense,
        Account::Suspense,
        Account::RefundsSuspense,
        Account::RefundsPayable,
        Account::Own,
    ];
    for debit in &accounts {
        for credit in accounts.iter().filter(|credit| *credit != debit) {
            let movement = Movement {
                kind: MovementKind::Corrected,
                reference: Movement::reference(MovementKind::Corrected, &["a"]),
                happened_at: NOON,
                transfers: vec![Transfer::new(debit.clone(), credit.clone(), riyals(10)).unwrap()],
                payment: None,
            };
            let page = Tail::empty(ChainId::new(3).unwrap()).write_movements(vec![movement], NOON);
            let figures = figures(&[page]);
            let moved = figures.as_ref().map(|figures| figures.accounts[&debit.balance()].debit_minor);
            assert_eq!(moved, Ok(1_000), "{debit} to {credit}");
            assert_eq!(figures.map(|figures| figures.disputed_minor), Ok(0), "{debit} to {credit}");
        }
    }
}

#[test]
fn the_most_given_to_comes_first_and_of_equals_the_first_by_its_id() {
    let lines =
        ["wells", "clinic", "orphans"].map(|name| line(Fund::Sadaqa, name, riyals(if name == "orphans" { 7 } else { 5 })));
    let mut gift = donation(State::Awaiting, lines.to_vec());
    let day = figures(&[page(0, vec![booked(&mut gift, captured())])]).unwrap();
    let top: Vec<&str> = day.top(3).into_iter().map(|(id, _)| id.as_str()).collect();
    assert_eq!(top, ["orphans", "clinic", "wells"]);
}

/// Each table of slices, and each figure that explains what moved: one halala more or less is found.
#[test]
fn a_halala_too_much_anywhere_is_found() {
    let whole = figures(&[page(0, vec![booked(&mut basket(), captured())])]).unwrap();
    fn first<K>(table: &mut BTreeMap<K, Figures>) -> &mut Figures {
        table.values_mut().next().unwrap()
    }
    type Slice = fn(&mut DayFigures) -> &mut Figures;
    let tables: [(&str, Slice); 7] = [
        ("funds", |day| first(&mut day.funds)),
        ("programmes", |day| first(&mut day.programmes)),
        ("tracks", |day| first(&mut day.tracks)),
        ("regions", |day| first(&mut day.regions)),
        ("charities", |day| first(&mut day.charities)),
        ("opportunities", |day| first(&mut day.opportunities)),
        ("methods", |day| first(&mut day.methods)),
    ];
    for (name, slice) in tables {
        for change in [
            |figures: &mut Figures| figures.given_minor += 1,
            |figures: &mut Figures| figures.returned_minor += 1,
            |figures: &mut Figures| figures.lines += 1,
        ] {
            let mut wrong = whole.clone();
            change(slice(&mut wrong));
            assert_eq!(wrong.check(), Err(Disagreement::Slices(name)));
        }
    }
    type Change = fn(&mut DayFigures);
    let explained: [(Change, i64); 8] = [
        (|day| day.apart.second_minor += 1, 4_001),
        (|day| day.apart.late_minor += 1, 4_001),
        (|day| day.apart.orphan_minor += 1, 4_001),
        (|day| day.apart.returned_minor += 1, 3_999),
        (|day| day.unassigned_minor += 1, 3_999),
        (|day| day.disputed_minor += 1, 3_999),
        (|day| day.fees_minor += 1, 3_999),
        (|day| day.paid_out_minor += 1, 3_999),
    ];
    for (change, explained_minor) in explained {
        let mut wrong = whole.clone();
        change(&mut wrong);
        assert_eq!(wrong.check(), Err(Disagreement::Unexplained { moved_minor: 4_000, explained_minor }));
    }
}

fn any_pages() -> impl Strategy<Value = Vec<Page>> {
    let books = prop::collection::vec(any_entries().prop_filter("something is booked", |e| !e.is_empty()), 1..5);
    books.prop_map(|books| (0..).zip(books).map(|(chain, entries)| page(chain, entries)).collect())
}

proptest! {
    /// Whatever happened, in whatever order it was told: the figures hold, the order of pages makes no difference, and the running
    /// totals that the follower keeps for the day are the same.
    #[test]
    fn every_halala_is_explained(pages in any_pages()) {
        let day = figures(&pages).unwrap();
        let backwards: Vec<Page> = pages.iter().rev().cloned().collect();
        prop_assert_eq!(&figures(&backwards).unwrap(), &day);

        let totals = totals::fold(&pages);
        let running = totals.get(&format!("DAY#{}", NOON.day())).cloned().unwrap_or_default();
        let of = |name: &str| running.get(name).copied().unwrap_or_default();
        prop_assert_eq!(of("s:all"), day.all.net_minor());
        prop_assert_eq!(of("n:all"), i64::try_from(day.all.gifts).unwrap());
        for (fund, figures) in &day.funds {
            prop_assert_eq!(of(&format!("s:{fund}")), figures.net_minor());
            prop_assert_eq!(of(&format!("n:{fund}")), i64::try_from(figures.gifts).unwrap());
        }
    }
}
