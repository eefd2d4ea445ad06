//! Totals recounted and put right, and the books restored from what the functions archived.

#![allow(clippy::unwrap_used)]

use domain::catalogue::Purpose;
use domain::id::DonationId;
use domain::journal::{Account, ChainId, Entry, EntryKind, Movement, MovementKind, Page, Tail, Transfer};
use domain::message::Message;
use domain::moment::{Day, Moment};
use domain::money::Money;
use domain::payment::{Method, PaymentRef, Provider};
use domain::purpose::{Fund, Programme, Region, Track};
use platform::table::{Cursors, DaySeal, Table};
use rebuild::{Archive, Difference, RebuildError, mend, recount, restore};
use serde_json::json;
use stage::{Options, Stage, event};
use testkit::faults::{Call, Failure, Fault, NoFaults};

/// A quarter of an hour before a midnight in Riyadh.
const BEGINS: &str = "2026-11-23T20:45:00Z";

fn gift(stage: &Stage, number: u32) -> Entry {
    let purpose = Purpose {
        programme: Programme::Projects,
        track: Track::Care,
        region: Region::Hail,
        charity: "birr".parse().unwrap(),
    };
    let wells = Account::Opportunity(Fund::Sadaqa, format!("wells-{}", number % 7).parse().unwrap());
    let amount = Money::from_riyals(u64::from(number) + 1).unwrap();
    let given = Transfer::new(Account::Clearing(Provider::Moyasar), wells, amount).unwrap();
    let mut id = [0; 16];
    id[..4].copy_from_slice(&number.to_be_bytes());
    Entry {
        kind: EntryKind::Settled,
        donation: Some(DonationId::from_bytes(id)),
        payment: PaymentRef { provider: Provider::Moyasar, payment: format!("p-{number}").parse().unwrap() },
        method: Method::Mada,
        happened_at: stage.now(),
        transfers: vec![given.for_line(0, purpose)],
    }
}

/// Books gifts and a payout, closes the day, folds and reports it, by the functions that do so in truth.
async fn a_day(stage: &Stage, day: Day, first: u32) {
    for number in first..first + 80 {
        // Most on one chain, so that it has more than one file in the archive.
        let chain = ChainId::new(if number % 10 == 0 { 5 } else { 2 }).unwrap();
        let page = stage.table.tail(chain).await.unwrap().write(vec![gift(stage, number)], &[vec![1]], stage.now());
        assert!(stage.table.write_seal(&page).await.unwrap());
    }
    let platform = stage.platform("totals").unwrap();
    let kind = MovementKind::PaidOut;
    let amount = Money::from_riyals(10).unwrap();
    let transfers = vec![Transfer::new(Account::Bank, Account::Clearing(Provider::Moyasar), amount).unwrap()];
    let reference = Movement::reference(kind, &[&day.to_string()]);
    let movement = Movement { kind, reference, happened_at: stage.now(), transfers, payment: None };
    stage.table.book_movement(&movement, &platform.clock, &platform.random).await.unwrap();
    stage.clock.skip(std::time::Duration::from_secs(3_600));
    let event = json!({"day": day.to_string()});
    closing::handle(&closing::Deps::new(&stage.platform("closing").unwrap()).unwrap(), event.clone()).await.unwrap();
    follow(stage).await;
    reports::handle(&reports::Deps::new(&stage.platform("reports").unwrap()).unwrap(), event).await.unwrap();
    stage.clock.skip(std::time::Duration::from_secs(23 * 3_600));
}

async fn follow(stage: &Stage) {
    let deps = totals::Deps::new(&stage.platform("totals").unwrap()).unwrap();
    let event = serde_json::from_value(event::messages(&[Message::FoldRequested {}])).unwrap();
    assert!(totals::handle(&deps, event).await.batch_item_failures.is_empty());
}

async fn two_days() -> Stage {
    let stage = Stage::new(Options { begins: BEGINS.parse::<Moment>().unwrap(), ..Options::default() }).await.unwrap();
    a_day(&stage, "2026-11-23".parse().unwrap(), 0).await;
    a_day(&stage, "2026-11-24".parse().unwrap(), 100).await;
    stage
}

async fn pages(table: &Table) -> Vec<Page> {
    let mut all = Vec::new();
    for chain in ChainId::all() {
        let mut tail = Tail::empty(chain);
        loop {
            let pages = table.pages(chain, tail.next_seq, 100).await.unwrap();
            let Some(last) = pages.last() else { break };
            tail = last.tail();
            all.extend(pages);
        }
    }
    all
}

#[tokio::test(start_paused = true)]
async fn totals_that_are_right_differ_in_nothing_and_wrong_ones_are_named_and_put_right() {
    let stage = two_days().await;
    let found = recount(&stage.table, |_| {}).await.unwrap();
    assert_eq!((found.differences, found.behind), (Vec::new(), 0));
    assert_eq!(found.pages, 2 * (80 + 1 + 16));
    assert_eq!(found.entries, 2 * (80 + 1));

    let cursors = stage.table.cursors().await.unwrap();
    let mut wrong = stage.table.totals("ACC").await.unwrap();
    *wrong.get_mut("ACC").unwrap().get_mut("d:bank").unwrap() += 1;
    wrong.insert("DAY#2026-11-22".to_owned(), [("n:all".to_owned(), 3)].into());
    assert!(stage.table.put_totals(&cursors, &wrong).await.unwrap());
    let difference =
        |item: &str, name: &str, kept, counted| Difference { item: item.to_owned(), name: name.to_owned(), kept, counted };
    let expected = vec![difference("ACC", "d:bank", 2_001, 2_000), difference("DAY#2026-11-22", "n:all", 3, 0)];
    assert_eq!(recount(&stage.table, |_| {}).await.unwrap().differences, expected);
    assert_eq!(mend(&stage.table, |_| {}).await.unwrap(), expected);
    assert_eq!(recount(&stage.table, |_| {}).await.unwrap().differences, []);
    assert!(!stage.table.totals("DAY#").await.unwrap().contains_key("DAY#2026-11-22"), "an item of nothing is gone");
}

#[tokio::test(start_paused = true)]
async fn what_the_follower_has_not_folded_is_verified_and_counted_apart() {
    let stage = two_days().await;
    let chain = ChainId::new(7).unwrap();
    let page = stage.table.tail(chain).await.unwrap().write(vec![gift(&stage, 900)], &[vec![1]], stage.now());
    assert!(stage.table.write_seal(&page).await.unwrap());
    let found = recount(&stage.table, |_| {}).await.unwrap();
    assert_eq!((found.differences, found.behind), (Vec::new(), 1));
    follow(&stage).await;
    assert_eq!(recount(&stage.table, |_| {}).await.unwrap().behind, 0);
}

#[tokio::test(start_paused = true)]
async fn totals_that_moved_meanwhile_are_not_written_over() {
    let stage = two_days().await;
    let stale = Cursors::START;
    let nothing = [("ACC".to_owned(), [("d:bank".to_owned(), 0)].into())].into();
    assert!(!stage.table.put_totals(&stale, &nothing).await.unwrap());
    assert_eq!(recount(&stage.table, |_| {}).await.unwrap().differences, []);
}

#[tokio::test(start_paused = true)]
async fn the_books_are_restored_from_the_archive_page_by_page() {
    let stage = two_days().await;
    let (table, bucket) = (stage.empty_table("restored").await.unwrap(), stage.bucket().unwrap());
    let mut days = Vec::new();
    let restored = restore(&table, &bucket, |day| days.push(day.to_string())).await.unwrap();
    let all = pages(&stage.table).await;
    assert_eq!(restored, Archive { days: 2, written: all.len() as u64, stood: 0 });
    assert_eq!(days, ["2026-11-23", "2026-11-24"]);
    assert_eq!(pages(&table).await, all);
    assert_eq!(table.totals("").await.unwrap(), stage.table.totals("").await.unwrap());
    for day in &days {
        let day = day.parse().unwrap();
        assert_eq!(table.day_seal(day).await.unwrap(), stage.table.day_seal(day).await.unwrap());
    }
    assert_eq!(recount(&table, |_| {}).await.unwrap().differences, []);
    // Again, over what stands: nothing is written.
    let again = restore(&table, &bucket, |_| {}).await.unwrap();
    assert_eq!(again, Archive { days: 2, written: 0, stood: all.len() as u64 });
    // Into the table it came from, too.
    assert_eq!(restore(&stage.table, &bucket, |_| {}).await.unwrap(), again);
}

#[tokio::test(start_paused = true)]
async fn a_restoring_that_broke_off_goes_on() {
    let stage = two_days().await;
    let (table, bucket) = (stage.empty_table("restored").await.unwrap(), stage.bucket().unwrap());
    // The first half of one chain stands, unfolded.
    for page in pages(&stage.table).await.into_iter().filter(|page| page.chain.number() == 2 && page.seq < 40) {
        table.restore_page(&page).await.unwrap();
    }
    let restored = restore(&table, &bucket, |_| {}).await.unwrap();
    assert_eq!((restored.days, restored.stood), (2, 40));
    assert_eq!(recount(&table, |_| {}).await.unwrap().differences, []);
    assert_eq!(table.totals("").await.unwrap(), stage.table.totals("").await.unwrap());
}

#[tokio::test(start_paused = true)]
async fn a_day_without_its_seal_is_left_out_and_what_was_changed_is_named() {
    let stage = two_days().await;
    let bucket = stage.bucket().unwrap();
    let keys = bucket.list("archive/2026-11-23/chain-02/").await.unwrap();
    assert_eq!(keys.len(), 2, "{keys:?}");
    let whole = bucket.fetch(&keys[1]).await.unwrap().unwrap();
    let mut changed = whole.clone();
    let place = changed.len() / 2;
    changed[place] ^= 1;
    bucket.keep(&keys[1], "application/cbor-seq", changed).await.unwrap();
    let table = stage.empty_table("changed").await.unwrap();
    let error = restore(&table, &bucket, |_| {}).await.unwrap_err();
    assert!(matches!(error, RebuildError::File { .. } | RebuildError::Page { .. } | RebuildError::Seal { .. }), "{error:?}");
    // A file that is missing is a gap, and the seal does not come out.
    bucket.keep(&keys[1], "application/cbor-seq", Vec::new()).await.unwrap();
    let table = stage.empty_table("missing").await.unwrap();
    let error = restore(&table, &bucket, |_| {}).await.unwrap_err();
    assert!(matches!(error, RebuildError::Seal { chain, .. } if chain.number() == 2), "{error:?}");
    bucket.keep(&keys[1], "application/cbor-seq", whole).await.unwrap();
    // Other books are not written over.
    let table = stage.empty_table("other").await.unwrap();
    let other = Tail::empty(ChainId::new(5).unwrap()).write(vec![gift(&stage, 555)], &[vec![1]], stage.now());
    table.restore_page(&other).await.unwrap();
    let error = restore(&table, &bucket, |_| {}).await.unwrap_err();
    assert!(matches!(error, RebuildError::OtherBooks { chain, seq: 0 } if chain.number() == 5), "{error:?}");
}

#[tokio::test(start_paused = true)]
async fn reporting_again_archives_the_same_and_a_broken_run_is_made_good() {
    let stage = two_days().await;
    let bucket = stage.bucket().unwrap();
    let mut before = Vec::new();
    for key in bucket.list("archive/").await.unwrap() {
        before.push((key.clone(), bucket.fetch(&key).await.unwrap()));
    }
    let event = json!({"day": "2026-11-24"});
    let deps = reports::Deps::new(&stage.platform("reports").unwrap()).unwrap();
    stage.cloud.services().set_faults(|call: &Call<'_>| {
        if call.operation.starts_with("PUT ") { Fault::Before(Failure::Internal) } else { Fault::Pass }
    });
    reports::handle(&deps, event.clone()).await.unwrap_err();
    stage.cloud.services().set_faults(NoFaults);
    reports::handle(&deps, event).await.unwrap();
    for (key, bytes) in before {
        assert_eq!(bucket.fetch(&key).await.unwrap(), bytes, "{key}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_day_that_was_archived_before_it_was_published_says_again_what_was_signed() {
    let stage = two_days().await;
    let bucket = stage.bucket().unwrap();
    let day: Day = "2026-11-24".parse().unwrap();
    let whole = stage.table.day_seal(day).await.unwrap().unwrap();
    assert!(whole.stated.is_some() && whole.checkpoint.is_some());
    let bare = DaySeal { stated: None, checkpoint: None, ..whole.clone() };
    let key = "archive/2026-11-24/seal.json";
    bucket.keep(key, "application/json", serde_json::to_vec(&bare).unwrap()).await.unwrap();
    let table = stage.empty_table("restored").await.unwrap();
    assert_eq!(restore(&table, &bucket, |_| {}).await.unwrap().days, 2);
    assert_eq!(table.day_seal(day).await.unwrap(), Some(whole));
    // What was published and does not follow from the pages is not believed.
    let published = domain::proof::key::day(day);
    let document = String::from_utf8(bucket.fetch(&published).await.unwrap().unwrap()).unwrap();
    let other = document.replacen("2026-11-24", "2026-11-25", 1);
    assert_ne!(other, document);
    bucket.keep(&published, "application/json", other.into_bytes()).await.unwrap();
    // A client token is remembered for ten minutes, whatever table it was for.
    stage.clock.skip(std::time::Duration::from_secs(3_600));
    let table = stage.empty_table("other").await.unwrap();
    let error = restore(&table, &bucket, |_| {}).await.unwrap_err();
    assert!(matches!(error, RebuildError::Published(of) if of == day), "{error:?}");
}
