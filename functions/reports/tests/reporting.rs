//! Reports against the emulated cloud: a sealed day, proven, in the same bytes each time; anything else writes nothing.

#![allow(clippy::unwrap_used)]

use std::collections::BTreeMap;
use std::sync::Mutex;

use domain::catalogue::{Bilingual, Charity, Opportunity, Purpose, Standing};
use domain::id::DonationId;
use domain::journal::{Account, ChainId, Entry, EntryKind, Page, Tail, Transfer};
use domain::moment::{Day, Moment};
use domain::money::Money;
use domain::payment::{Method, PaymentRef, Provider};
use domain::purpose::{Fund, Programme, Region, Track};
use domain::totals;
use platform::table::{Cursors, DaySeal, Folding, Span};
use reports::{BooksError, Deps, ReportError, handle, key};
use serde_json::{Value, json};
use stage::{Options, Stage};
use testkit::connector::invocation;
use testkit::faults::{Call, Failure, Fault, NoFaults};

/// A quarter of an hour before a midnight in Riyadh.
const BEGINS: &str = "2026-11-23T20:45:00Z";

async fn stage() -> Stage {
    Stage::new(Options { begins: BEGINS.parse::<Moment>().unwrap(), ..Options::default() }).await.unwrap()
}

fn deps(stage: &Stage) -> Deps {
    Deps::new(&stage.platform("reports").unwrap()).unwrap()
}

fn day() -> Day {
    "2026-11-23".parse().unwrap()
}

fn asked() -> Value {
    json!({"time": "2026-11-23T21:15:00Z"})
}

fn purpose() -> Purpose {
    Purpose {
        programme: Programme::Projects,
        track: Track::Development,
        region: Region::Jazan,
        charity: "water".parse().unwrap(),
    }
}

fn gift(number: u32, amount: &str) -> Entry {
    let wells = Account::Opportunity(Fund::Sadaqa, "wells".parse().unwrap());
    let given = Transfer::new(Account::Clearing(Provider::Moyasar), wells, amount.parse::<Money>().unwrap()).unwrap();
    let mut id = [0; 16];
    id[..4].copy_from_slice(&number.to_be_bytes());
    Entry {
        kind: EntryKind::Settled,
        donation: Some(DonationId::from_bytes(id)),
        payment: PaymentRef { provider: Provider::Moyasar, payment: format!("p-{number}").parse().unwrap() },
        method: Method::Mada,
        happened_at: BEGINS.parse().unwrap(),
        transfers: vec![given.for_line(0, purpose())],
    }
}

/// The books of a stage, as settlement, closing and the follower write them.
struct Books<'s> {
    stage: &'s Stage,
    tails: BTreeMap<ChainId, Tail>,
    first: BTreeMap<ChainId, u64>,
    pages: Vec<Page>,
}

impl<'s> Books<'s> {
    fn of(stage: &'s Stage) -> Books<'s> {
        let tails = ChainId::all().map(|chain| (chain, Tail::empty(chain))).collect();
        Books { stage, tails, first: BTreeMap::new(), pages: Vec::new() }
    }

    async fn write(&mut self, page: Page) {
        assert!(self.stage.table.write_seal(&page).await.unwrap());
        self.tails.insert(page.chain, page.tail());
        self.pages.push(page);
    }

    async fn book(&mut self, chain: u8, entries: Vec<Entry>) {
        let chain = ChainId::new(chain).unwrap();
        let salts = vec![vec![1; 16]; entries.len()];
        let page = self.tails[&chain].write(entries, &salts, BEGINS.parse().unwrap());
        self.write(page).await;
    }

    /// A seal on every chain, and the day written down.
    async fn close(&mut self, day: Day) {
        let mut chains = Vec::new();
        for chain in ChainId::all() {
            let tail = Tail { day: Some(self.tails[&chain].day.unwrap_or(day)), ..self.tails[&chain] };
            let seal = tail.seal(day.next().start());
            chains.push(Span::new(self.first.get(&chain).copied().unwrap_or(0), &seal));
            self.first.insert(chain, seal.seq + 1);
            self.write(seal).await;
        }
        let closed_at = day.next().start();
        self.stage.table.close_day(&DaySeal::new(day, chains, closed_at)).await.unwrap();
    }

    /// The follower folds all that is there.
    async fn follow(&mut self) {
        let from = self.stage.table.cursors().await.unwrap();
        let mut to: Cursors = from.clone();
        let fresh: Vec<Page> = std::mem::take(&mut self.pages);
        fresh.iter().for_each(|page| to.set(page.chain, to.of(page.chain).max(page.seq + 1)));
        assert_eq!(self.stage.table.fold(&from, &to, &totals::fold(&fresh)).await.unwrap(), Folding::Folded);
    }
}

async fn a_day_of_two_gifts(stage: &Stage) {
    catalogue(stage, "آبار جازان").await;
    let mut books = Books::of(stage);
    books.book(3, vec![gift(1, "50"), gift(2, "10.50")]).await;
    books.book(3, vec![gift(3, "100")]).await;
    books.close(day()).await;
    books.follow().await;
}

async fn catalogue(stage: &Stage, title: &str) {
    let both = |ar: &str, en: &str| Bilingual { ar: ar.to_owned(), en: en.to_owned() };
    let charity = Charity {
        id: "water".parse().unwrap(),
        name: both("جمعية المياه", "Water society"),
        licence: "1001".to_owned(),
        region: Region::Jazan,
    };
    stage.table.put_charity(&charity).await.unwrap();
    let opportunity = Opportunity {
        id: "wells".parse().unwrap(),
        charity: charity.id,
        title: both(title, "Wells"),
        description: both("وصف", "Description"),
        licence: "2002".to_owned(),
        fund: Fund::Sadaqa,
        programme: Programme::Projects,
        track: Track::Development,
        region: Region::Jazan,
        target_minor: None,
        standing: Standing::Open,
    };
    stage.table.put_opportunity(&opportunity).await.unwrap();
}

/// The documents of the day, by their endings.
fn documents(stage: &Stage) -> BTreeMap<String, Vec<u8>> {
    let of = |(name, bytes): (String, Vec<u8>)| {
        name.split_once(&format!("{}.", key(day()))).map(|(_, end)| (end.to_owned(), bytes))
    };
    stage.documents().unwrap().into_iter().filter_map(of).collect()
}

#[tokio::test(start_paused = true)]
async fn a_sealed_day_is_reported_in_three_forms() {
    let stage = stage().await;
    a_day_of_two_gifts(&stage).await;
    let answer = handle(&deps(&stage), asked()).await.unwrap();
    assert_eq!(answer, json!({"day": "2026-11-23", "report": key(day()), "gifts": 3, "net_minor": 16_050}));
    let documents = documents(&stage);
    assert_eq!(documents.keys().collect::<Vec<_>>(), ["csv", "html", "json"]);
    let report: Value = serde_json::from_slice(&documents["json"]).unwrap();
    assert_eq!(report["all"], json!({"given": "160.50", "returned": "0.00", "net": "160.50", "gifts": 3, "lines": 3}));
    assert_eq!(report["tables"]["top_opportunities"][0]["ar"], "آبار جازان");
    assert_eq!(report["proof"]["chains"].as_array().unwrap().len(), ChainId::all().count(), "idle chains too");
    assert_eq!((&report["proof"]["pages"], &report["proof"]["entries"]), (&json!(18), &json!(3)));
}

fn charge(kind: EntryKind, number: u32, debit: Account, credit: Account, amount: &str) -> Entry {
    let transfers = vec![Transfer::new(debit, credit, amount.parse().unwrap()).unwrap()];
    Entry { kind, transfers, ..gift(number, amount) }
}

/// What is nobody's gift is told apart from gifts, and given back it is gone from them; all of it moved through accounts that are told.
#[tokio::test(start_paused = true)]
async fn refunds_and_payments_that_are_nobodys_gift_are_told_apart() {
    use Account::{Clearing, RefundsPayable, Suspense};
    let stage = stage().await;
    catalogue(&stage, "آبار جازان").await;
    let moyasar = || Clearing(Provider::Moyasar);
    let mut books = Books::of(&stage);
    books.book(3, vec![gift(1, "50"), gift(2, "30")]).await;
    let wells = Account::Opportunity(Fund::Sadaqa, "wells".parse().unwrap());
    let mut back = charge(EntryKind::Refunded, 2, wells, moyasar(), "12.50");
    back.transfers = back.transfers.into_iter().map(|transfer| transfer.for_line(0, purpose())).collect();
    let apart = vec![
        back,
        charge(EntryKind::SecondCharge, 3, moyasar(), RefundsPayable, "50"),
        charge(EntryKind::LateCharge, 4, moyasar(), RefundsPayable, "7"),
        charge(EntryKind::Orphan, 5, moyasar(), Suspense, "9"),
        charge(EntryKind::ChargeReturned, 3, RefundsPayable, moyasar(), "50"),
    ];
    books.book(9, apart).await;
    books.close(day()).await;
    books.follow().await;
    handle(&deps(&stage), asked()).await.unwrap();
    let report: Value = serde_json::from_slice(&documents(&stage)["json"]).unwrap();
    assert_eq!(report["all"], json!({"given": "80.00", "returned": "12.50", "net": "67.50", "gifts": 2, "lines": 2}));
    let apart = json!({"second_charges": "50.00", "late_charges": "7.00", "orphans": "9.00", "returned": "50.00"});
    assert_eq!(report["apart"], apart);
    let clearing = json!({"account": "clearing:moyasar", "debit": "146.00", "credit": "62.50"});
    assert_eq!(report["proof"]["accounts"][0], clearing);
    let csv = String::from_utf8(documents(&stage).remove("csv").unwrap()).unwrap();
    let counted = csv.lines().find(|line| line.starts_with("books,entries,")).unwrap();
    assert!(counted.ends_with(",7"), "{counted}");
}

/// A charge that the follower left out moves nothing of what was given, and is found all the same.
#[tokio::test(start_paused = true)]
async fn a_charge_that_is_not_in_the_totals_is_found() {
    let stage = stage().await;
    let mut books = Books::of(&stage);
    let (clearing, payable) = (Account::Clearing(Provider::Moyasar), Account::RefundsPayable);
    books.book(3, vec![gift(1, "50"), charge(EntryKind::LateCharge, 2, clearing, payable, "50")]).await;
    // What the follower folds in its place.
    let charged = books.pages.remove(0);
    let lone = Tail::empty(charged.chain).write(vec![gift(1, "50")], &[vec![1; 16]], BEGINS.parse().unwrap());
    books.pages.push(lone);
    books.close(day()).await;
    books.follow().await;
    let error = handle(&deps(&stage), asked()).await.unwrap_err();
    assert!(matches!(&error, ReportError::Totals { name, .. } if name == "c:refunds_payable"), "{error}");
}

/// A seal that names all chains but one, or one twice, is no seal of the day.
#[tokio::test(start_paused = true)]
async fn a_chain_that_the_seal_leaves_out_is_missed() {
    for twice in [false, true] {
        let stage = stage().await;
        let mut books = Books::of(&stage);
        books.book(3, vec![gift(1, "50")]).await;
        let mut chains = Vec::new();
        for chain in ChainId::all() {
            let seal = Tail { day: Some(day()), ..books.tails[&chain] }.seal(day().next().start());
            chains.push(Span::new(0, &seal));
            books.write(seal).await;
        }
        if twice {
            chains[3] = chains[4].clone()
        } else {
            drop(chains.remove(3))
        }
        stage.table.close_day(&DaySeal::new(day(), chains, stage.now())).await.unwrap();
        books.follow().await;
        let error = handle(&deps(&stage), asked()).await.unwrap_err();
        let found = if twice { BooksError::NoChain(4) } else { BooksError::Unnamed(3) };
        assert_eq!(std::error::Error::source(&error).unwrap().to_string(), found.to_string());
    }
}

/// A chain that began on a later day has nothing of this one.
#[tokio::test(start_paused = true)]
async fn a_chain_that_began_later_is_not_missed() {
    let stage = stage().await;
    let mut books = Books::of(&stage);
    books.book(3, vec![gift(1, "50")]).await;
    let mut chains = Vec::new();
    for chain in ChainId::all().filter(|chain| chain.number() != 5) {
        let seal = Tail { day: Some(day()), ..books.tails[&chain] }.seal(day().next().start());
        chains.push(Span::new(0, &seal));
        books.write(seal).await;
    }
    let first = Tail { day: Some(day().next()), ..Tail::empty(ChainId::new(5).unwrap()) }.seal(day().next().start());
    books.write(first).await;
    stage.table.close_day(&DaySeal::new(day(), chains, stage.now())).await.unwrap();
    books.follow().await;
    assert_eq!(handle(&deps(&stage), asked()).await.unwrap()["gifts"], 1);
}

#[tokio::test(start_paused = true)]
async fn a_second_run_writes_the_same_bytes_also_after_a_new_name() {
    let stage = stage().await;
    a_day_of_two_gifts(&stage).await;
    handle(&deps(&stage), asked()).await.unwrap();
    let first = documents(&stage);
    catalogue(&stage, "اسم آخر").await;
    handle(&deps(&stage), json!({"day": "2026-11-23"})).await.unwrap();
    assert_eq!(documents(&stage), first);
}

#[tokio::test(start_paused = true)]
async fn a_run_before_the_seal_says_so_and_writes_nothing() {
    let stage = stage().await;
    let mut books = Books::of(&stage);
    books.book(0, vec![gift(1, "50")]).await;
    let error = handle(&deps(&stage), asked()).await.unwrap_err();
    assert!(matches!(error, ReportError::NotSealed(_)) && error.to_string() == "2026-11-23 is not sealed yet");
    assert!(documents(&stage).is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_follower_that_is_behind_is_waited_for() {
    let stage = stage().await;
    let mut books = Books::of(&stage);
    books.book(0, vec![gift(1, "50")]).await;
    books.follow().await;
    books.close(day()).await;
    let error = handle(&deps(&stage), asked()).await.unwrap_err();
    assert!(matches!(error, ReportError::Behind { chain: 0, .. }), "{error}");
    assert!(documents(&stage).is_empty());
    books.follow().await;
    handle(&deps(&stage), asked()).await.unwrap();
    assert_eq!(documents(&stage).len(), 3);
}

#[tokio::test(start_paused = true)]
async fn each_day_has_its_own_pages_and_no_others() {
    let stage = stage().await;
    let mut books = Books::of(&stage);
    books.book(5, vec![gift(1, "50")]).await;
    books.close(day()).await;
    books.book(5, vec![gift(2, "7"), gift(3, "8")]).await;
    books.close(day().next()).await;
    books.book(5, vec![gift(4, "1000")]).await;
    books.follow().await;
    let of = async |day: &str| handle(&deps(&stage), json!({ "day": day })).await.unwrap()["net_minor"].as_i64();
    assert_eq!((of("2026-11-23").await, of("2026-11-24").await), (Some(5_000), Some(1_500)));
}

#[tokio::test(start_paused = true)]
async fn a_day_is_read_a_few_pages_at_a_time() {
    let stage = stage().await;
    let mut books = Books::of(&stage);
    for page in 0..40 {
        books.book(2, (0..50).map(|number| gift(page * 50 + number, "1")).collect()).await;
    }
    books.close(day()).await;
    books.follow().await;
    let queries = std::sync::Arc::new(Mutex::new(0));
    let counted = std::sync::Arc::clone(&queries);
    stage.cloud.services().set_faults(move |call: &Call<'_>| {
        let body = String::from_utf8_lossy(call.body);
        if call.operation == "Query" && body.contains("JP#02") {
            assert!(body.contains("\"Limit\":"), "no query without an end: {body}");
            *counted.lock().unwrap() += 1;
        }
        Fault::Pass
    });
    let answer = handle(&deps(&stage), asked()).await.unwrap();
    assert_eq!((&answer["gifts"], &answer["net_minor"]), (&json!(2_000), &json!(200_000)));
    assert_eq!(*queries.lock().unwrap(), 41_u64.div_ceil(platform::books::PAGES as u64));
}

#[tokio::test(start_paused = true)]
async fn books_that_were_tampered_with_are_named_and_not_reported() {
    // Another page in the place of a true one; a page gone; another seal than the one that was written down.
    let stage = stage().await;
    let mut books = Books::of(&stage);
    books.book(3, vec![gift(1, "50")]).await;
    let forged = Tail::empty(ChainId::new(3).unwrap()).write(vec![gift(1, "5")], &[vec![1; 16]], BEGINS.parse().unwrap());
    books.tails.insert(forged.chain, forged.tail());
    books.close(day()).await;
    let error = handle(&deps(&stage), asked()).await.unwrap_err();
    assert!(matches!(error, ReportError::Books(_, BooksError::Changed { chain: 3, seq: 0 })), "{error:?}");

    // A span that begins after a page of gifts.
    let stage = self::stage().await;
    let mut books = Books::of(&stage);
    books.book(3, vec![gift(1, "50")]).await;
    books.first.insert(ChainId::new(3).unwrap(), 1);
    books.close(day()).await;
    let error = handle(&deps(&stage), asked()).await.unwrap_err();
    assert!(matches!(error, ReportError::Books(_, BooksError::OtherSeal { chain: 3, seq: 0 })), "{error:?}");

    let stage = self::stage().await;
    let chains = vec![Span { chain: 7, first: 0, seal: 0, hash: String::new() }];
    stage.table.close_day(&DaySeal::new(day(), chains, stage.now())).await.unwrap();
    let error = handle(&deps(&stage), asked()).await.unwrap_err();
    assert!(matches!(error, ReportError::Books(_, BooksError::Missing { chain: 7, seq: 0 })), "{error:?}");

    let stage = self::stage().await;
    let seal = Tail { day: Some(day()), ..Tail::empty(ChainId::new(7).unwrap()) }.seal(stage.now());
    assert!(stage.table.write_seal(&seal).await.unwrap());
    let chains = vec![Span { chain: 7, first: 0, seal: 0, hash: "00".repeat(32) }];
    stage.table.close_day(&DaySeal::new(day(), chains, stage.now())).await.unwrap();
    let error = handle(&deps(&stage), asked()).await.unwrap_err();
    assert!(matches!(error, ReportError::Books(_, BooksError::OtherSeal { chain: 7, seq: 0 })), "{error:?}");
    assert!(documents(&stage).is_empty());
}

#[tokio::test(start_paused = true)]
async fn totals_that_differ_from_the_books_are_named() {
    let stage = stage().await;
    a_day_of_two_gifts(&stage).await;
    let cursors = stage.table.cursors().await.unwrap();
    let mut further = cursors.clone();
    further.set(ChainId::new(0).unwrap(), cursors.of(ChainId::new(0).unwrap()) + 1);
    let wrong = totals::Delta::from([("DAY#2026-11-23".to_owned(), BTreeMap::from([("s:sadaqa".to_owned(), 1)]))]);
    assert_eq!(stage.table.fold(&cursors, &further, &wrong).await.unwrap(), Folding::Folded);
    let error = handle(&deps(&stage), asked()).await.unwrap_err();
    assert_eq!(error.to_string(), "s:sadaqa of 2026-11-23 is 16051 in the totals and 16050 in the books");
    assert!(documents(&stage).is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_report_that_says_something_else_is_not_written_over() {
    let stage = stage().await;
    a_day_of_two_gifts(&stage).await;
    handle(&deps(&stage), asked()).await.unwrap();
    let bucket =
        platform::bucket::Bucket::new(&stage.cloud.sdk_config(), &stage.platform("reports").unwrap().settings).unwrap();
    let said = String::from_utf8(documents(&stage)["json"].clone()).unwrap().replace("160.50", "160.51");
    bucket.keep(&format!("{}.json", key(day())), "application/json", said.clone().into_bytes()).await.unwrap();
    let error = handle(&deps(&stage), asked()).await.unwrap_err();
    assert!(matches!(error, ReportError::Differs(_)), "{error:?}");
    assert_eq!(documents(&stage)["json"], said.into_bytes());
}

#[tokio::test(start_paused = true)]
async fn a_run_that_breaks_off_is_taken_up_by_the_next() {
    let whole = {
        let stage = stage().await;
        a_day_of_two_gifts(&stage).await;
        handle(&deps(&stage), asked()).await.unwrap();
        documents(&stage)
    };
    // Wherever it breaks off: before each call, after it, or with its reply lost.
    for broken in 0..200 {
        let stage = stage().await;
        a_day_of_two_gifts(&stage).await;
        let calls = Mutex::new(0);
        stage.cloud.services().set_faults(move |_: &Call<'_>| {
            let mut calls = calls.lock().unwrap();
            *calls += 1;
            match *calls - 1 {
                call if call * 3 == broken => Fault::CrashBefore,
                call if call * 3 + 1 == broken => Fault::CrashAfter,
                call if call * 3 + 2 == broken => Fault::ReplyLost(Failure::Disconnected),
                _ => Fault::Pass,
            }
        });
        let first = invocation(handle(&deps(&stage), asked())).await;
        stage.cloud.services().set_faults(NoFaults);
        assert!(documents(&stage).get("json").is_none_or(|json| *json == whole["json"]), "no JSON, or all");
        handle(&deps(&stage), asked()).await.unwrap();
        assert_eq!(documents(&stage), whole);
        if first.is_ok() && broken % 3 == 0 {
            assert!(broken > 60, "every call was broken");
            return;
        }
    }
    panic!("a run makes fewer calls");
}

/// Every file of `events/schedule/reports`: good ones report the day, the others are refused and write nothing.
#[tokio::test(start_paused = true)]
async fn every_event_is_answered_as_its_name_says() {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../events/schedule/reports");
    let mut files: Vec<_> = std::fs::read_dir(folder).unwrap().map(|file| file.unwrap().path()).collect();
    files.sort();
    assert!(files.len() >= 6);
    for file in files {
        let stage = stage().await;
        a_day_of_two_gifts(&stage).await;
        let event: Value = serde_json::from_slice(&std::fs::read(&file).unwrap()).unwrap();
        let name = file.file_stem().unwrap().to_string_lossy().into_owned();
        let answer = handle(&deps(&stage), event).await;
        if name.starts_with("good-") {
            assert_eq!(answer.unwrap()["day"], "2026-11-23", "{name}");
        } else {
            let error = answer.unwrap_err();
            assert!(matches!(error, ReportError::Event(_) | ReportError::NotSealed(_)), "{name}: {error}");
            assert!(documents(&stage).is_empty(), "{name}");
        }
    }
}
