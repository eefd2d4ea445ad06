//! The follower against the emulated cloud: the totals equal the journal up to the cursors, whatever happens.

#![allow(clippy::unwrap_used)]

use std::collections::BTreeMap;
use std::sync::Mutex;

use ::totals::{Deps, handle};
use domain::catalogue::Purpose;
use domain::id::DonationId;
use domain::journal::{Account, ChainId, Entry, EntryKind, Page, Tail, Transfer};
use domain::message::Message;
use domain::money::Money;
use domain::payment::{Method, PaymentRef, Provider};
use domain::purpose::{Fund, Programme, Region, Track};
use domain::totals::{Delta, fold};
use platform::table::{Committed, Group};
use stage::{Options, Stage, event};
use testkit::connector::invocation;
use testkit::faults::{Call, Failure, Fault};

fn entry(stage: &Stage, number: u8, opportunity: &str) -> Entry {
    let purpose = Purpose {
        programme: Programme::Projects,
        track: Track::Care,
        region: Region::Hail,
        charity: "birr".parse().unwrap(),
    };
    let credit = Account::Opportunity(Fund::Sadaqa, opportunity.parse().unwrap());
    let transfer = Transfer::new(Account::Clearing(Provider::Moyasar), credit, Money::from_riyals(10).unwrap()).unwrap();
    Entry {
        kind: EntryKind::Settled,
        donation: Some(DonationId::from_bytes([number; 16])),
        payment: PaymentRef { provider: Provider::Moyasar, payment: format!("p-{number}").parse().unwrap() },
        method: Method::Mada,
        happened_at: stage.now(),
        transfers: vec![transfer.for_line(0, purpose)],
    }
}

/// Writes a page with one entry to a chain.
async fn book(stage: &Stage, chain: u8, number: u8, opportunity: &str) -> Page {
    let tail: Tail = stage.table.tail(ChainId::new(chain).unwrap()).await.unwrap();
    let page = tail.write(vec![entry(stage, number, opportunity)], &[Vec::new()], stage.now());
    let group = Group { page: page.clone(), donations: Vec::new(), charges: Vec::new() };
    assert!(matches!(stage.table.commit(&group).await.unwrap(), Committed::Done));
    page
}

async fn follow(deps: &Deps, messages: &[Message]) -> usize {
    handle(deps, serde_json::from_value(event::messages(messages)).unwrap()).await.batch_item_failures.len()
}

fn deps(stage: &Stage) -> Deps {
    Deps::new(&stage.platform("totals").unwrap()).unwrap()
}

async fn kept(stage: &Stage) -> Delta {
    let mut totals = stage.table.totals("").await.unwrap();
    totals.values_mut().for_each(|names: &mut BTreeMap<String, i64>| names.retain(|_, sum| *sum != 0));
    totals
}

fn told(page: &Page) -> Message {
    Message::page_committed(page.chain, page.seq)
}

fn once(operation: &'static str, fault: Fault) -> impl Fn(&Call<'_>) -> Fault + Send + Sync {
    let left = Mutex::new(Some(fault));
    move |call| if call.operation == operation { left.lock().unwrap().take().unwrap_or(Fault::Pass) } else { Fault::Pass }
}

#[tokio::test(start_paused = true)]
async fn pages_are_folded_once_however_often_they_are_told_of() {
    let stage = Stage::new(Options::default()).await.unwrap();
    let pages = [book(&stage, 0, 1, "wells").await, book(&stage, 3, 2, "wells").await, book(&stage, 0, 3, "clinic").await];
    let deps = deps(&stage);
    for _ in 0..3 {
        assert_eq!(follow(&deps, &pages.each_ref().map(told)).await, 0);
        assert_eq!(kept(&stage).await, fold(&pages));
    }
}

#[tokio::test(start_paused = true)]
async fn the_clock_finds_pages_that_nobody_told_of() {
    let stage = Stage::new(Options::default()).await.unwrap();
    let pages = [book(&stage, 7, 1, "wells").await, book(&stage, 15, 2, "clinic").await];
    assert_eq!(follow(&deps(&stage), &[Message::FoldRequested {}]).await, 0);
    assert_eq!(kept(&stage).await, fold(&pages));
}

#[tokio::test(start_paused = true)]
async fn a_page_that_is_told_of_early_is_folded_with_the_one_before_it() {
    let stage = Stage::new(Options::default()).await.unwrap();
    let pages = [book(&stage, 0, 1, "wells").await, book(&stage, 0, 2, "wells").await];
    assert_eq!(follow(&deps(&stage), &[told(&pages[1])]).await, 0);
    assert_eq!(kept(&stage).await, fold(&pages));
}

#[tokio::test(start_paused = true)]
async fn a_lost_reply_or_a_crash_is_not_a_second_fold() {
    for fault in [Fault::ReplyLost(Failure::Disconnected), Fault::CrashAfter, Fault::CrashBefore, Fault::Duplicate] {
        let stage = Stage::new(Options::default()).await.unwrap();
        let page = book(&stage, 0, 1, "wells").await;
        stage.cloud.services().set_faults(once("TransactWriteItems", fault));
        let messages = [told(&page)];
        let _either = invocation(follow(&deps(&stage), &messages)).await;
        assert_eq!(follow(&deps(&stage), &messages).await, 0, "{fault:?}");
        assert_eq!(kept(&stage).await, fold([&page]), "{fault:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn two_followers_fold_each_page_once() {
    let stage = Stage::new(Options::default()).await.unwrap();
    let mut pages = Vec::new();
    for number in 0..24 {
        pages.push(book(&stage, number % 4, number, "wells").await);
    }
    let (one, two) = (deps(&stage), deps(&stage));
    let messages: Vec<Message> = pages.iter().map(told).collect();
    let (first, second) = tokio::join!(follow(&one, &messages[..16]), follow(&two, &messages[8..]));
    if first + second > 0 {
        assert_eq!(follow(&one, &messages).await, 0);
    }
    assert_eq!(kept(&stage).await, fold(&pages));
}

#[tokio::test(start_paused = true)]
async fn more_than_one_transaction_takes_is_folded_in_several() {
    let stage = Stage::new(Options::default()).await.unwrap();
    let mut pages = Vec::new();
    for number in 0..120 {
        pages.push(book(&stage, 0, number, &format!("opportunity-{number}")).await);
    }
    assert_eq!(follow(&deps(&stage), &[Message::FoldRequested {}]).await, 0);
    assert_eq!(kept(&stage).await, fold(&pages));
}
