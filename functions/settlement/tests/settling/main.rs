//! Settlement against the emulated cloud: what is booked, once, whatever happens.

#![allow(clippy::unwrap_used)]

mod chains;
mod finding;
mod salting;
mod telling;

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use domain::catalogue::Purpose;
use domain::donation::{Attempt, Back, Donation, Giver, HoldPart, Line, State};
use domain::id::DonationId;
use domain::journal::{ChainId, EntryKind, Page, PageKind, Tail};
use domain::message::Message;
use domain::money::Money;
use domain::notice::Telling;
use domain::payment::{Happening, Method, PaymentFact, PaymentRef, Provider};
use domain::purpose::{Fund, Language, Programme, Region, Track};
use settlement::{Deps, handle};
use stage::{Options, Stage, event};
use testkit::connector::invocation;
use testkit::dynamo::DynamoOptions;
use testkit::faults::{Call, Failure, Fault};

fn riyals(amount: u64) -> Money {
    Money::from_riyals(amount).unwrap()
}

fn line(opportunity: &str, fund: Fund, amount: u64) -> Line {
    let purpose = Purpose {
        programme: Programme::Projects,
        track: Track::Care,
        region: Region::Jazan,
        charity: "birr".parse().unwrap(),
    };
    Line { opportunity: opportunity.parse().unwrap(), fund, purpose, amount_minor: riyals(amount), sacrifice: None }
}

fn donation(stage: &Stage, number: u8, lines: Vec<Line>) -> Donation {
    Donation {
        id: DonationId::from_bytes([number; 16]),
        version: 1,
        state: State::Awaiting,
        giver: Giver::Guest,
        anonymous: false,
        language: Language::Arabic,
        lines,
        attempts: vec![Attempt { number: 1, provider: Provider::Moyasar, reference: format!("r-{number}") }],
        hold: Vec::new(),
        reservation: None,
        dropped: false,
        sought: false,
        command: "command".to_owned(),
        return_url: "https://give.example".to_owned(),
        made_at: stage.now(),
        expires_at: stage.now().plus_seconds(86_400),
        forgotten: false,
        leaf_key: None,
        personal: None,
        telling: Telling::default(),
        place: None,
        back: Back::default(),
    }
}

async fn make(stage: &Stage, number: u8, amount: u64) -> Donation {
    let donation = donation(stage, number, vec![line("wells", Fund::Sadaqa, amount)]);
    assert!(stage.table.make_donation(&donation).await.unwrap().is_none());
    donation
}

fn fact(donation: &Donation, payment: &str, happening: Happening) -> Message {
    Message::PaymentTold(PaymentFact {
        payment: PaymentRef { provider: Provider::Moyasar, payment: payment.parse().unwrap() },
        donation: Some(donation.id),
        attempt: 1,
        amount_minor: donation.total(),
        currency: "SAR".to_owned(),
        happening,
    })
}

fn captured(stage: &Stage, donation: &Donation, payment: &str) -> Message {
    fact(donation, payment, Happening::Captured { method: Method::Mada, captured_at: stage.now(), fee_minor: Money::ZERO })
}

fn refunded(donation: &Donation, payment: &str, amount: u64) -> Message {
    fact(donation, payment, Happening::Refunded { refunded_minor: riyals(amount) })
}

/// Settles the messages; gives back the ids of those that have to come again.
async fn settle(deps: &Deps, messages: &[Message]) -> Vec<String> {
    let event = serde_json::from_value(event::messages(messages)).unwrap();
    let answer = handle(deps, event).await;
    answer.batch_item_failures.into_iter().map(|failure| failure.item_identifier).collect()
}

fn deps(stage: &Stage) -> Deps {
    Deps::new(&stage.platform("settlement").unwrap()).unwrap()
}

/// Every page of every chain, verified.
async fn pages(stage: &Stage) -> Vec<Page> {
    let mut all = Vec::new();
    for chain in ChainId::all() {
        let mut tail = Tail::empty(chain);
        for page in stage.table.pages(chain, 0, 1_000).await.unwrap() {
            page.verify(&tail).unwrap();
            tail = page.tail();
            all.push(page);
        }
    }
    all
}

async fn kinds(stage: &Stage) -> Vec<EntryKind> {
    pages(stage).await.iter().flat_map(Page::entries).map(|entry| entry.kind).collect()
}

/// A fault for the first call of an operation, and none afterwards.
fn once(operation: &'static str, fault: Fault) -> impl Fn(&Call<'_>) -> Fault + Send + Sync {
    let left = Mutex::new(Some(fault));
    move |call| if call.operation == operation { left.lock().unwrap().take().unwrap_or(Fault::Pass) } else { Fault::Pass }
}

#[tokio::test(start_paused = true)]
async fn a_group_is_one_page_and_the_follower_is_told() {
    let stage = Stage::new(Options::default()).await.unwrap();
    let mut messages = Vec::new();
    for number in 1..=3 {
        let donation = make(&stage, number, 10).await;
        messages.push(captured(&stage, &donation, &format!("p-{number}")));
    }
    assert!(settle(&deps(&stage), &messages).await.is_empty());
    let pages = pages(&stage).await;
    assert_eq!((pages.len(), pages[0].entries().len()), (1, 3));
    let told = stage.take_messages("journal").await.unwrap();
    assert_eq!(told, [Message::page_committed(pages[0].chain, 0)]);
    for (index, number) in (0..).zip(1..=3) {
        let settled = stage.table.donation(&DonationId::from_bytes([number; 16])).await.unwrap().unwrap();
        let place = settled.place.unwrap();
        assert_eq!((settled.state.code(), settled.version), ("settled", 2));
        assert_eq!((place.chain, place.seq, place.index), (pages[0].chain.number(), 0, index));
    }
}

#[tokio::test(start_paused = true)]
async fn what_is_told_twice_is_booked_once_and_told_on_again() {
    let stage = Stage::new(Options::default()).await.unwrap();
    let donation = make(&stage, 1, 10).await;
    let message = captured(&stage, &donation, "p-1");
    assert!(settle(&deps(&stage), &[message.clone(), message.clone()]).await.is_empty());
    assert!(settle(&deps(&stage), &[message]).await.is_empty());
    assert_eq!(kinds(&stage).await, [EntryKind::Settled]);
    assert_eq!(stage.take_messages("journal").await.unwrap().len(), 2, "the repeat is told on as well");
}

/// However often it changes in one batch, it is written once.
#[tokio::test(start_paused = true)]
async fn a_charge_counts_how_often_it_was_written() {
    let stage = Stage::new(Options::default()).await.unwrap();
    let (deps, gift) = (deps(&stage), make(&stage, 1, 10).await);
    assert!(settle(&deps, &[captured(&stage, &gift, "p-1")]).await.is_empty());
    let payment = PaymentRef { provider: Provider::Moyasar, payment: "p-2".parse().unwrap() };
    let batches = [
        vec![captured(&stage, &gift, "p-2"), refunded(&gift, "p-2", 3), refunded(&gift, "p-2", 4)],
        vec![refunded(&gift, "p-2", 6), refunded(&gift, "p-2", 7)],
        vec![refunded(&gift, "p-2", 10)],
    ];
    for (version, batch) in (0..).zip(batches) {
        assert!(settle(&deps, &batch).await.is_empty());
        let charge = stage.table.charges(std::slice::from_ref(&payment)).await.unwrap().pop().unwrap();
        assert_eq!(charge.version, version);
    }
}

/// Settles the facts; gives back the chain of the one page that was written.
async fn pages_chain(stage: &Stage, facts: &[Message]) -> u8 {
    assert!(settle(&deps(stage), facts).await.is_empty());
    pages(stage).await[0].chain.number()
}

#[tokio::test(start_paused = true)]
async fn a_lost_reply_is_not_a_second_page() {
    for failure in [Failure::Disconnected, Failure::Internal, Failure::Throttled, Failure::Conflict] {
        let stage = Stage::new(Options::default()).await.unwrap();
        let donation = make(&stage, 1, 10).await;
        stage.cloud.services().set_faults(once("TransactWriteItems", Fault::ReplyLost(failure)));
        assert!(settle(&deps(&stage), &[captured(&stage, &donation, "p-1")]).await.is_empty(), "{failure:?}");
        assert_eq!(kinds(&stage).await, [EntryKind::Settled], "{failure:?}");
    }
}

/// The reply was lost, and when the same page is written again its token is forgotten: it is known by its hash.
#[tokio::test(start_paused = true)]
async fn a_page_that_stands_is_known_when_its_token_is_forgotten() {
    let stage = Stage::new(Options::default()).await.unwrap();
    let donation = make(&stage, 1, 10).await;
    let (clock, calls) = (stage.clock.clone(), Arc::new(AtomicUsize::new(0)));
    let counter = Arc::clone(&calls);
    stage.cloud.services().set_faults(move |call: &Call<'_>| match call.operation {
        "TransactWriteItems" => match counter.fetch_add(1, Ordering::Relaxed) {
            0 => Fault::ReplyLost(Failure::Disconnected),
            _ => {
                clock.skip(Duration::from_secs(660));
                Fault::Pass
            }
        },
        _ => Fault::Pass,
    });
    assert!(settle(&deps(&stage), &[captured(&stage, &donation, "p-1")]).await.is_empty());
    assert_eq!(calls.load(Ordering::Relaxed), 2, "nothing is planned again");
    assert_eq!(kinds(&stage).await, [EntryKind::Settled]);
    assert_eq!(stage.take_messages("journal").await.unwrap().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_crash_after_the_commit_is_told_on_by_the_next_delivery() {
    let stage = Stage::new(Options::default()).await.unwrap();
    let mut held = donation(&stage, 1, vec![line("wells", Fund::Sadaqa, 10)]);
    let amount_minor = riyals(10);
    held.hold = vec![HoldPart { opportunity: "wells".parse().unwrap(), shard: 0, amount_minor }];
    stage.table.make_donation(&held).await.unwrap();
    let message = captured(&stage, &held, "p-1");
    stage.cloud.services().set_faults(once("TransactWriteItems", Fault::CrashAfter));
    assert!(invocation(settle(&deps(&stage), std::slice::from_ref(&message))).await.is_err());
    assert!(stage.take_messages("journal").await.unwrap().is_empty());
    assert!(settle(&deps(&stage), &[message]).await.is_empty());
    assert_eq!(kinds(&stage).await, [EntryKind::Settled]);
    assert_eq!(stage.take_messages("journal").await.unwrap().len(), 1);
    assert_eq!(stage.take_messages("holds").await.unwrap(), [Message::HoldSpent { donation: held.id }]);
}

#[tokio::test(start_paused = true)]
async fn a_queue_that_does_not_answer_brings_the_message_back() {
    let stage = Stage::new(Options::default()).await.unwrap();
    let donation = make(&stage, 1, 10).await;
    let message = captured(&stage, &donation, "p-1");
    stage.cloud.services().set_faults(once("SendMessageBatch", Fault::Before(Failure::Disconnected)));
    assert_eq!(settle(&deps(&stage), std::slice::from_ref(&message)).await, ["0"]);
    assert!(settle(&deps(&stage), &[message]).await.is_empty());
    assert_eq!(kinds(&stage).await, [EntryKind::Settled]);
    assert_eq!(stage.take_messages("journal").await.unwrap().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_second_charge_is_kept_apart_and_owed_back() {
    let stage = Stage::new(Options::default()).await.unwrap();
    let donation = make(&stage, 1, 10).await;
    let deps = deps(&stage);
    assert!(settle(&deps, &[captured(&stage, &donation, "p-1"), captured(&stage, &donation, "p-2")]).await.is_empty());
    assert_eq!(kinds(&stage).await, [EntryKind::Settled, EntryKind::SecondCharge]);
    let due = stage.take_messages("refunds").await.unwrap();
    let payment = PaymentRef { provider: Provider::Moyasar, payment: "p-2".parse().unwrap() };
    assert_eq!(due, [Message::RefundDue { payment: payment.clone(), refunded_minor: riyals(10) }]);
    // The provider gave it back.
    assert!(settle(&deps, &[refunded(&donation, "p-2", 10)]).await.is_empty());
    let charge = stage.table.charges(&[payment]).await.unwrap().remove(0);
    assert!(charge.due().is_zero());
    assert_eq!(kinds(&stage).await.last(), Some(&EntryKind::ChargeReturned));
}

#[tokio::test(start_paused = true)]
async fn a_late_charge_told_twice_in_one_batch_is_owed_back_once_and_spends_no_hold() {
    let stage = Stage::new(Options::default()).await.unwrap();
    let hold = vec![HoldPart { opportunity: "wells".parse().unwrap(), shard: 0, amount_minor: riyals(10) }];
    let expired = Donation { state: State::Expired, hold, ..donation(&stage, 1, vec![line("wells", Fund::Sadaqa, 10)]) };
    assert!(stage.table.make_donation(&expired).await.unwrap().is_none());
    let late = captured(&stage, &expired, "p-late");
    assert!(settle(&deps(&stage), &[late.clone(), late]).await.is_empty());
    assert_eq!(kinds(&stage).await, [EntryKind::LateCharge]);
    assert_eq!(stage.take_messages("holds").await.unwrap(), []);
    assert_eq!(stage.take_messages("refunds").await.unwrap().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_capture_and_its_refund_in_one_batch_are_two_entries_and_one_change() {
    let stage = Stage::new(Options::default()).await.unwrap();
    let donation = make(&stage, 1, 10).await;
    let messages = [captured(&stage, &donation, "p-1"), refunded(&donation, "p-1", 4), refunded(&donation, "p-1", 10)];
    assert!(settle(&deps(&stage), &messages).await.is_empty());
    assert_eq!(kinds(&stage).await, [EntryKind::Settled, EntryKind::Refunded, EntryKind::Refunded]);
    let refunded = stage.table.donation(&donation.id).await.unwrap().unwrap();
    assert_eq!((refunded.state.code(), refunded.version), ("refunded", 2));
}

#[tokio::test(start_paused = true)]
async fn a_refund_before_its_capture_waits() {
    let stage = Stage::new(Options::default()).await.unwrap();
    let donation = make(&stage, 1, 10).await;
    let deps = deps(&stage);
    assert_eq!(settle(&deps, &[refunded(&donation, "p-1", 10)]).await, ["0"]);
    assert!(settle(&deps, &[captured(&stage, &donation, "p-1"), refunded(&donation, "p-1", 10)]).await.is_empty());
    assert_eq!(kinds(&stage).await, [EntryKind::Settled, EntryKind::Refunded]);
}

#[tokio::test(start_paused = true)]
async fn another_amount_or_currency_is_never_credited() {
    let stage = Stage::new(Options::default()).await.unwrap();
    let donation = make(&stage, 1, 10).await;
    let (Message::PaymentTold(more), Message::PaymentTold(foreign)) =
        (captured(&stage, &donation, "p-1"), captured(&stage, &donation, "p-2"))
    else {
        unreachable!("both are facts");
    };
    let more = PaymentFact { amount_minor: riyals(100), ..more };
    let foreign = PaymentFact { currency: "USD".to_owned(), ..foreign };
    assert!(settle(&deps(&stage), &[Message::PaymentTold(more), Message::PaymentTold(foreign)]).await.is_empty());
    assert!(pages(&stage).await.is_empty());
    assert_eq!(stage.table.donation(&donation.id).await.unwrap().unwrap().state, State::Awaiting);
    let cases = stage.items("CASE#").await.unwrap();
    assert_eq!(cases.len(), 2, "a person is told of each: {cases:?}");
    let tells = |word: &str| cases.iter().any(|case| case.to_string().contains(word));
    assert!(tells("USD") && tells("p-1"), "with the fact as it came: {cases:?}");
}

#[tokio::test(start_paused = true)]
async fn an_unknown_donation_is_money_in_suspense() {
    let stage = Stage::new(Options::default()).await.unwrap();
    let nobody = donation(&stage, 9, vec![line("wells", Fund::Sadaqa, 10)]);
    let message = captured(&stage, &nobody, "p-1");
    assert!(settle(&deps(&stage), std::slice::from_ref(&message)).await.is_empty());
    assert!(settle(&deps(&stage), &[message]).await.is_empty());
    assert_eq!(kinds(&stage).await, [EntryKind::Orphan]);
    assert!(stage.take_messages("refunds").await.unwrap().is_empty(), "an orphan waits for a person");
}

#[tokio::test(start_paused = true)]
async fn a_failed_attempt_changes_the_donation_and_books_nothing() {
    let stage = Stage::new(Options::default()).await.unwrap();
    let donation = make(&stage, 1, 10).await;
    let failed = fact(&donation, "p-1", Happening::Failed { reason: "declined".to_owned() });
    let deps = deps(&stage);
    assert!(settle(&deps, &[failed.clone(), failed]).await.is_empty());
    let declined = stage.table.donation(&donation.id).await.unwrap().unwrap();
    assert_eq!((declined.state.code(), declined.version), ("failed", 2));
    assert!(pages(&stage).await.is_empty());
    // The same checkout takes another card.
    assert!(settle(&deps, &[captured(&stage, &donation, "p-2")]).await.is_empty());
    assert_eq!(stage.table.donation(&donation.id).await.unwrap().unwrap().state.code(), "settled");
}

#[tokio::test(start_paused = true)]
async fn environments_that_are_given_the_same_facts_book_each_once() {
    let options = Options { dynamo: DynamoOptions::default(), ..Options::default() };
    let stage = Stage::new(options).await.unwrap();
    let mut messages = Vec::new();
    for number in 1..=60 {
        let donation = make(&stage, number, 10).await;
        messages.push(captured(&stage, &donation, &format!("p-{number}")));
    }
    let environments: Vec<Deps> = (0..6).map(|_| deps(&stage)).collect();
    for _ in 0..30 {
        let rounds = environments.iter().zip(messages.chunks(10).cycle().skip(1)).map(|(deps, some)| {
            let mut batch = some.to_vec();
            batch.extend(messages.iter().take(5).cloned());
            async move { settle(deps, &batch).await }
        });
        let mut failed = 0;
        for failures in futures_of(rounds.collect()).await {
            failed += failures.len();
        }
        if failed == 0 {
            break;
        }
        tokio::time::sleep(Duration::from_secs(1)).await;
    }
    assert_eq!(kinds(&stage).await, vec![EntryKind::Settled; 60]);
}

/// All at the same time, on one thread.
async fn futures_of<F: Future<Output = Vec<String>>>(futures: Vec<F>) -> Vec<Vec<String>> {
    let mut pinned: Vec<_> = futures.into_iter().map(|future| (Box::pin(future), None)).collect();
    std::future::poll_fn(|context| {
        for (future, done) in &mut pinned {
            if done.is_none()
                && let std::task::Poll::Ready(answer) = future.as_mut().poll(context)
            {
                *done = Some(answer);
            }
        }
        if pinned.iter().all(|(_, done)| done.is_some()) { std::task::Poll::Ready(()) } else { std::task::Poll::Pending }
    })
    .await;
    pinned.into_iter().filter_map(|(_, done)| done).collect()
}

#[tokio::test(start_paused = true)]
async fn a_page_that_loses_to_a_seal_is_booked_in_the_next_day() {
    let stage = Stage::new(Options::default()).await.unwrap();
    let (deps, donation) = (deps(&stage), make(&stage, 1, 10).await);
    assert!(settle(&deps, &[captured(&stage, &donation, "p-1")]).await.is_empty());
    let first = pages(&stage).await.remove(0);
    // The closer seals behind the environment's back; its next page finds the place taken.
    assert!(stage.table.write_seal(&first.tail().seal(stage.now())).await.unwrap());
    let next = make(&stage, 2, 10).await;
    assert!(settle(&deps, &[captured(&stage, &next, "p-2")]).await.is_empty());
    let pages = pages(&stage).await;
    assert!(matches!(pages[1].kind, PageKind::Seal));
    assert_eq!((pages[2].seq, pages[2].day), (2, first.day.next()));
}

/// Makes a donation that is just below the limit of an item: the change of its state puts it beyond.
async fn fill(stage: &Stage, donation: &mut Donation) {
    for length in (0..400 * 1024).rev().step_by(40) {
        donation.return_url = "x".repeat(length);
        if stage.table.make_donation(donation).await.is_ok() {
            return;
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_donation_that_can_never_be_written_is_set_aside_and_the_others_are_settled() {
    let stage = Stage::new(Options::default()).await.unwrap();
    let mut messages = Vec::new();
    for number in 1..=4 {
        let mut donation = donation(&stage, number, vec![line("wells", Fund::Sadaqa, 10)]);
        if number == 3 {
            fill(&stage, &mut donation).await;
        } else {
            assert!(stage.table.make_donation(&donation).await.unwrap().is_none());
        }
        messages.push(captured(&stage, &donation, &format!("p-{number}")));
    }
    assert!(settle(&deps(&stage), &messages).await.is_empty());
    assert_eq!(kinds(&stage).await.len(), 3);
    let large = stage.table.donation(&DonationId::from_bytes([3; 16])).await.unwrap().unwrap();
    assert_eq!(large.state, State::Awaiting);
}

#[tokio::test(start_paused = true)]
async fn what_can_never_be_written_is_tried_once() {
    let stage = Stage::new(Options::default()).await.unwrap();
    let mut large = donation(&stage, 1, vec![line("wells", Fund::Sadaqa, 10)]);
    fill(&stage, &mut large).await;
    let calls = counted(&stage);
    let told = captured(&stage, &large, "p-1");
    assert!(settle(&deps(&stage), std::slice::from_ref(&told)).await.is_empty());
    assert_eq!(calls.lock().unwrap()["TransactWriteItems"], 1);
    let cases = stage.items("CASE#").await.unwrap();
    assert!(cases.iter().any(|case| case.to_string().contains("unwritable")), "{cases:?}");
    // Where the case cannot be opened, the message has to come again.
    stage.cloud.services().set_faults(|call: &Call<'_>| match call.operation {
        "PutItem" => Fault::Before(Failure::Disconnected),
        _ => Fault::Pass,
    });
    assert_eq!(settle(&deps(&stage), &[told]).await, ["0"]);
}

/// Counts the calls of each operation from now on.
fn counted(stage: &Stage) -> Arc<Mutex<BTreeMap<String, usize>>> {
    let calls = Arc::new(Mutex::new(BTreeMap::new()));
    let counter = Arc::clone(&calls);
    stage.cloud.services().set_faults(move |call: &Call<'_>| {
        *counter.lock().unwrap().entry(call.operation.to_owned()).or_default() += 1;
        Fault::Pass
    });
    calls
}

#[tokio::test(start_paused = true)]
async fn a_gift_is_two_reads_its_salts_and_a_transaction_and_a_failure_is_a_read_and_a_write() {
    let stage = Stage::new(Options::default()).await.unwrap();
    let deps = deps(&stage);
    let first = make(&stage, 1, 10).await;
    assert!(settle(&deps, &[captured(&stage, &first, "p-1")]).await.is_empty());
    let (paid, failing) = (make(&stage, 2, 10).await, make(&stage, 3, 10).await);
    let failed = fact(&failing, "p-3", Happening::Failed { reason: "05".to_owned() });
    // Whether the payment is kept apart is asked only where it makes a difference.
    let cases =
        [(captured(&stage, &paid, "p-2"), 2, vec!["PutItem", "TransactWriteItems"]), (failed, 1, vec!["UpdateItem"])];
    for (told, reads, writes) in cases {
        let calls = counted(&stage);
        assert!(settle(&deps, &[told]).await.is_empty());
        let mut calls = calls.lock().unwrap().clone();
        calls.remove("SendMessageBatch");
        let expected = writes.into_iter().map(|write| (write, 1)).chain([("BatchGetItem", reads)]);
        assert_eq!(calls, expected.map(|(operation, times)| (operation.to_owned(), times)).collect());
    }
}

#[tokio::test(start_paused = true)]
async fn what_cannot_be_read_fails_alone() {
    let stage = Stage::new(Options::default()).await.unwrap();
    let donation = make(&stage, 1, 10).await;
    let good = serde_json::to_string(&domain::message::Envelope::from(captured(&stage, &donation, "p-1"))).unwrap();
    let bodies = ["{".to_owned(), good, r#"{"version":1,"fold_requested":{}}"#.to_owned()];
    let event = serde_json::from_value(event::sqs(&bodies)).unwrap();
    let failed = handle(&deps(&stage), event).await.batch_item_failures;
    let failed: Vec<&str> = failed.iter().map(|failure| failure.item_identifier.as_str()).collect();
    assert_eq!(failed, ["0", "2"]);
    assert_eq!(kinds(&stage).await, [EntryKind::Settled]);
}
