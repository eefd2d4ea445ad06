//! A backup that is older than the pages: what it lacks is named, put right from the pages, and nothing is booked a second time.

#![allow(clippy::unwrap_used)]

mod found;

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use domain::case::Case;
use domain::case::kept::Closing;
use domain::catalogue::Purpose;
use domain::donation::{Donation, Line, Part, Place, Refund, RefundReason, RefundStage, State};
use domain::id::DonationId;
use domain::journal::{Account, ChainId, Movement, MovementKind, Page, Tail, Transfer};
use domain::message::Message;
use domain::money::Money;
use domain::payment::{CURRENCY, Happening, Method, PaymentFact, PaymentRef, Provider};
use domain::purpose::{Fund, Programme, Region, Track};
use platform::table::Table;
use rebuild::{About, Compared, RebuildError, What, compare, mend_donations, tell_payments};
use serde_json::{Value, json};
use stage::{Options, Stage, event, sample};
use testkit::faults::{Call, Failure, Fault, NoFaults};

const FEE: u64 = 50;

fn riyals(amount: u64) -> Money {
    Money::from_riyals(amount).unwrap()
}

fn line(opportunity: &str, amount: u64) -> Line {
    let purpose = Purpose {
        programme: Programme::Projects,
        track: Track::Care,
        region: Region::Hail,
        charity: "birr".parse().unwrap(),
    };
    let (opportunity, amount_minor) = (opportunity.parse().unwrap(), riyals(amount));
    Line { opportunity, fund: Fund::Sadaqa, purpose, amount_minor, sacrifice: None }
}

async fn make(stage: &Stage, number: u8, lines: Vec<Line>) -> Donation {
    let gift = Donation { id: DonationId::from_bytes([number; 16]), lines, ..sample::gift(number, stage.now()) };
    assert!(stage.table.make_donation(&gift).await.unwrap().is_none());
    gift
}

fn told(gift: &Donation, payment: &str, happening: Happening) -> Message {
    Message::PaymentTold(PaymentFact {
        payment: PaymentRef { provider: Provider::Moyasar, payment: payment.parse().unwrap() },
        donation: Some(gift.id),
        attempt: 1,
        amount_minor: gift.total(),
        currency: CURRENCY.to_owned(),
        happening,
    })
}

fn captured(stage: &Stage, fee: u64) -> Happening {
    let fee_minor = Money::from_halalas(fee).unwrap();
    Happening::Captured { method: Method::Mada, captured_at: stage.now(), fee_minor }
}

async fn settle(stage: &Stage, message: &Message) {
    let deps = settlement::Deps::new(&stage.platform("settlement").unwrap()).unwrap();
    let event = serde_json::from_value(event::messages(std::slice::from_ref(message))).unwrap();
    let answer = settlement::handle(&deps, event).await;
    assert!(answer.batch_item_failures.is_empty(), "{message:?}");
}

async fn call(stage: &Stage, operation: &str, mut body: Value) -> Value {
    let table = stage.stack.tables.iter().find(|table| table.logical_id == "Table").unwrap();
    body["TableName"] = Value::from(table.name.clone());
    let target = format!("DynamoDB_20120810.{operation}");
    let reply = stage.cloud.services().dynamo.call(&target, body.to_string().as_bytes()).await;
    let answer: Value = serde_json::from_slice(&reply.body).unwrap();
    assert!(answer.get("__type").is_none(), "{answer}");
    answer
}

/// Donations, charges and notes of movements, as a backup keeps them.
async fn backup(stage: &Stage) -> Vec<Value> {
    let items = call(stage, "Scan", json!({})).await["Items"].as_array().unwrap().clone();
    let is_kept = |item: &Value| {
        let pk = item["pk"]["S"].as_str().unwrap();
        ["DON#", "PAY#", "MOV#"].iter().any(|prefix| pk.starts_with(prefix))
    };
    let mut items: Vec<Value> = items.into_iter().filter(is_kept).collect();
    items.sort_by_key(|item| item["pk"].to_string());
    items
}

/// The backup in the place of what is there; pages stand.
async fn restore(stage: &Stage, items: &[Value]) {
    for item in backup(stage).await {
        call(stage, "DeleteItem", json!({"Key": {"pk": item["pk"], "sk": item["sk"]}})).await;
    }
    for item in items {
        call(stage, "PutItem", json!({"Item": item})).await;
    }
}

/// The same without what counts writes and cannot be the same.
fn without_versions(items: Vec<Value>) -> Vec<Value> {
    let without = |mut item: Value| {
        item.as_object_mut().unwrap().remove("version");
        item
    };
    items.into_iter().map(without).collect()
}

async fn pages(table: &Table) -> Vec<Page> {
    let mut all = Vec::new();
    for chain in ChainId::all() {
        let mut tail = Tail::empty(chain);
        for page in table.pages(chain, 0, 1_000).await.unwrap() {
            page.verify(&tail).unwrap();
            tail = page.tail();
            all.push(page);
        }
    }
    all
}

fn movement(stage: &Stage) -> Movement {
    let kind = MovementKind::PaidOut;
    let transfers = vec![Transfer::new(Account::Bank, Account::Clearing(Provider::Moyasar), riyals(5)).unwrap()];
    Movement { kind, reference: Movement::reference(kind, &["one"]), happened_at: stage.now(), transfers, payment: None }
}

struct Scene {
    stage: Stage,
    /// Before and after everything was booked.
    before: Vec<Value>,
    after: Vec<Value>,
    told: Vec<Message>,
    movement: Movement,
}

/// Six gifts: settled; of two lines and refunded of the second by a refund that is asked for later; paid twice, the second given back; disputed and lost; with a fee that is told later; settled before the backup and
/// refunded after it.
async fn scene() -> Scene {
    let stage = Stage::new(Options::default()).await.unwrap();
    let mut gifts = Vec::new();
    for number in 1..=6 {
        let lines = if number == 2 { vec![line("wells", 30), line("roofs", 20)] } else { vec![line("wells", 40)] };
        gifts.push(make(&stage, number, lines).await);
    }
    let movement = movement(&stage);
    let mut said = vec![told(&gifts[5], "p-6", captured(&stage, FEE))];
    settle(&stage, &said[0]).await;
    let before = backup(&stage).await;
    let name = |number: usize| format!("p-{number}");
    for number in 1..=5 {
        said.push(told(&gifts[number - 1], &name(number), captured(&stage, FEE)));
        settle(&stage, said.last().unwrap()).await;
    }
    // Somebody asks for the second line of the second, and another agrees.
    let read = stage.table.donation(&gifts[1].id).await.unwrap().unwrap();
    let parts = vec![Part { line: 1, amount_minor: riyals(8) }];
    let (id, reason, stage_of) = ("0a".repeat(16).parse().unwrap(), RefundReason::Mistake, RefundStage::Asked);
    let (asked_by, asked_at) = ("operator".to_owned(), stage.now());
    let mut back = read.back.clone();
    back.refunds.push(Refund { id, parts, everything: false, reason, asked_by, asked_at, stage: stage_of });
    assert!(stage.table.turn_donation(&read, &read.state, &back).await.unwrap());
    let read = stage.table.donation(&gifts[1].id).await.unwrap().unwrap();
    let back = read.approve_refund(&back.refunds[0].id, "approver", stage.now()).unwrap();
    assert!(stage.table.turn_donation(&read, &read.state, &back).await.unwrap());
    let later = [
        told(&gifts[1], "p-2", Happening::Refunded { refunded_minor: riyals(8) }),
        told(&gifts[2], "p-3b", captured(&stage, FEE)),
        told(&gifts[2], "p-3b", Happening::Refunded { refunded_minor: riyals(40) }),
        told(&gifts[3], "p-4", Happening::Disputed { disputed_minor: riyals(40) }),
        told(&gifts[3], "p-4", Happening::DisputeLost { disputed_minor: riyals(40) }),
        told(&gifts[4], "p-5", captured(&stage, FEE + 25)),
        told(&gifts[5], "p-6", Happening::Refunded { refunded_minor: riyals(15) }),
        told(&gifts[5], "p-6", Happening::Refunded { refunded_minor: riyals(20) }),
    ];
    for message in later {
        stage.clock.skip(std::time::Duration::from_secs(60));
        settle(&stage, &message).await;
        said.push(message);
    }
    let platform = stage.platform("totals").unwrap();
    stage.table.book_movement(&movement, &platform.clock, &platform.random).await.unwrap();
    let after = backup(&stage).await;
    assert_eq!(compare(&stage.table, |_| {}).await.unwrap().findings, []);
    Scene { stage, before, after, told: said, movement }
}

/// What differs, as the command says it.
fn said(found: &Compared) -> Vec<String> {
    found.findings.iter().map(ToString::to_string).collect()
}

/// Nothing is booked by all that was told, told again in any order of its delivery.
async fn nothing_more(scene: &Scene) {
    let Scene { stage, told, movement, .. } = scene;
    let before = pages(&stage.table).await;
    for message in told.iter().chain(told.iter().rev()) {
        settle(stage, message).await;
    }
    let platform = stage.platform("totals").unwrap();
    stage.table.book_movement(movement, &platform.clock, &platform.random).await.unwrap();
    assert_eq!(pages(&stage.table).await, before);
    assert_eq!(compare(&stage.table, |_| {}).await.unwrap().findings, []);
}

#[tokio::test(start_paused = true)]
async fn what_a_backup_lacks_is_named_put_right_and_not_booked_again() {
    let scene = scene().await;
    let Scene { stage, before, after, .. } = &scene;
    restore(stage, before).await;
    let found = compare(&stage.table, |_| {}).await.unwrap();
    assert_eq!((found.gifts, found.charges, found.movements, found.newer), (6, 1, 1, 0));
    let lines = said(&found);
    for number in 1..=6 {
        let id = DonationId::from_bytes([number; 16]);
        assert_eq!(lines.iter().filter(|line| line.starts_with(&format!("donation {id}: state "))).count(), 1, "{lines:?}");
    }
    assert_eq!(lines.iter().filter(|line| line.starts_with("charge p-3b of moyasar was not")).count(), 1, "{lines:?}");
    assert_eq!(lines.iter().filter(|line| line.starts_with("movement ")).count(), 1, "{lines:?}");
    assert_eq!(lines.len(), 8, "{lines:?}");
    assert!(!found.findings.iter().any(|finding| finding.is_mended));

    let mended = mend_donations(&stage.table, |_| {}).await.unwrap();
    assert_eq!((said(&mended), mended.wrong().count(), mended.anew.gifts), (lines, 0, 0));
    assert_eq!(compare(&stage.table, |_| {}).await.unwrap().findings, []);
    let second = DonationId::from_bytes([2; 16]);
    let traced = stage.table.donation(&second).await.unwrap().unwrap();
    // The request is lost, and the line is not.
    assert_eq!((&traced.back.refunds, &traced.back.traced), (&vec![], &vec![Part { line: 1, amount_minor: riyals(8) }]));
    assert_eq!(traced.lines_standing(), [riyals(30), riyals(12)]);
    let but_second = |items: Vec<Value>| -> Vec<Value> {
        let second = format!("DON#{second}");
        without_versions(items).into_iter().filter(|item| item["pk"]["S"] != second.as_str()).collect()
    };
    assert_eq!(but_second(backup(stage).await), but_second(after.clone()));
    nothing_more(&scene).await;
    // What goes back afterwards comes out of the right lines.
    settle(stage, &told(&traced, "p-2", Happening::Refunded { refunded_minor: riyals(50) })).await;
    assert_eq!(compare(&stage.table, |_| {}).await.unwrap().findings, []);
}

#[tokio::test(start_paused = true)]
async fn a_gift_of_which_nothing_is_left_is_made_anew_for_its_money() {
    let scene = scene().await;
    let Scene { stage, before, .. } = &scene;
    stage.erase_salts(&DonationId::from_bytes([4; 16])).await.unwrap();
    let mut lost = before.clone();
    lost.retain(|item| item["pk"]["S"].as_str().unwrap().ends_with(&"06".repeat(16)));
    restore(stage, &lost).await;
    let found = compare(&stage.table, |_| {}).await.unwrap();
    assert_eq!(found.anew.gifts, 5);
    assert_eq!(found.findings.iter().filter(|finding| finding.what == What::Absent).count(), 7);
    let mended = mend_donations(&stage.table, |_| {}).await.unwrap();
    assert_eq!((mended.wrong().count(), &mended.anew), (0, &found.anew));
    let wells = mended.anew.given_minor.get(&"wells".parse().unwrap());
    assert_eq!((wells, mended.anew.sacrifices.len()), (Some(&19_000), 0));
    let anew = stage.table.donation(&DonationId::from_bytes([4; 16])).await.unwrap().unwrap();
    assert_eq!((anew.state.code(), anew.total(), anew.anonymous), ("refunded", riyals(40), true));
    assert!(anew.forgotten, "its salts are gone, because its donor was erased");
    nothing_more(&scene).await;
    let first = stage.table.donation(&DonationId::from_bytes([1; 16])).await.unwrap().unwrap();
    assert!(
        !first.forgotten && stage.kept_salts(&first.id).await.unwrap().len() == 1,
        "who has its token can be given its proof"
    );
    settle(stage, &told(&first, "p-1", Happening::Refunded { refunded_minor: riyals(10) })).await;
    assert_eq!(compare(&stage.table, |_| {}).await.unwrap().findings, []);
}

#[tokio::test(start_paused = true)]
async fn broken_off_at_any_call_it_is_begun_again_with_the_same_end() {
    let scene = scene().await;
    let Scene { stage, before, .. } = &scene;
    restore(stage, before).await;
    mend_donations(&stage.table, |_| {}).await.unwrap();
    let whole = backup(stage).await;
    let platform = stage.command("donations").unwrap();
    let table = Table::new(&platform.aws, &platform.settings).unwrap();
    for fault in [Fault::Before(Failure::Disconnected), Fault::ReplyLost(Failure::Disconnected)] {
        let mut number = 0;
        loop {
            restore(stage, before).await;
            let calls = Arc::new(AtomicUsize::new(0));
            let counted = Arc::clone(&calls);
            stage.cloud.services().set_faults(move |_: &Call<'_>| {
                // The client asks again by itself: so that it gives up, every call from this one on fails.
                if counted.fetch_add(1, Ordering::Relaxed) >= number { fault } else { Fault::Pass }
            });
            let ended = mend_donations(&table, |_| {}).await;
            stage.cloud.services().set_faults(NoFaults);
            if ended.is_ok() {
                break;
            }
            mend_donations(&table, |_| {}).await.unwrap();
            assert_eq!(without_versions(backup(stage).await), without_versions(whole.clone()), "call {number}");
            number += 1;
        }
        assert!(number > 40, "{number} calls");
    }
    nothing_more(&scene).await;
}

#[tokio::test(start_paused = true)]
async fn what_contradicts_the_pages_is_named_and_let_be() {
    let scene = scene().await;
    let stage = &scene.stage;
    // One says more than the pages, one is settled elsewhere, and one was never settled.
    let ids = [6, 1, 9].map(|number| DonationId::from_bytes([number; 16]));
    let read = stage.table.donation(&ids[0]).await.unwrap().unwrap();
    let settled_by = read.state.settled_by().unwrap().clone();
    let more = State::PartlyRefunded { settled_by: settled_by.clone(), refunded_minor: riyals(39) };
    assert!(stage.table.move_donation(&read, &more).await.unwrap());
    let read = stage.table.donation(&ids[1]).await.unwrap().unwrap();
    let other = State::Settled { settled_by: settled_by.clone() };
    assert!(stage.table.move_donation(&read, &other).await.unwrap());
    let never = make(stage, 9, vec![line("wells", 10)]).await;
    assert!(stage.table.move_donation(&never, &State::Settled { settled_by }).await.unwrap());
    let found = compare(&stage.table, |_| {}).await.unwrap();
    let about = |id: &DonationId| found.findings.iter().filter(|finding| finding.about == About::Donation(*id)).count();
    assert_eq!((ids.each_ref().map(about), found.findings.len()), ([1, 1, 1], 3), "{:?}", said(&found));
    let before = backup(stage).await;
    let mended = mend_donations(&stage.table, |_| {}).await.unwrap();
    assert_eq!(mended.wrong().count(), 2, "{:?}", said(&mended));
    assert_eq!(backup(stage).await, before);
}

/// Its metadata was changed at the provider after it was booked: both donations are as the pages say, and the money is there once.
#[tokio::test(start_paused = true)]
async fn a_payment_that_came_in_twice_is_named() {
    let scene = scene().await;
    let stage = &scene.stage;
    assert_eq!(compare(&stage.table, |_| {}).await.unwrap().findings, []);
    let other = make(stage, 9, vec![line("wells", 40)]).await;
    settle(stage, &told(&other, "p-6", captured(stage, FEE))).await;
    let place = stage.table.donation(&other.id).await.unwrap().unwrap().place.unwrap();
    let first = stage.table.donation(&DonationId::from_bytes([6; 16])).await.unwrap().unwrap().place.unwrap();
    let found = compare(&stage.table, |_| {}).await.unwrap();
    // Chains are read one after another: which of the two comes second is theirs to say.
    let again = |place: Place| format!("entry {:02}/{}/{} has a payment come in again", place.chain, place.seq, place.index);
    let said = said(&found);
    assert!(said.len() == 1 && [place, first].map(again).iter().any(|text| said[0].starts_with(text)), "{said:?}");
    // Pages never change: once a person has dealt with it, it is told and nothing is wrong.
    let page = stage.table.page(place.chain_id().unwrap(), place.seq).await.unwrap().unwrap();
    let matter = Case::booked_twice(&page.entries()[0], "{}".to_owned(), stage.now());
    stage.table.open_case(&matter).await.unwrap();
    assert_eq!(compare(&stage.table, |_| {}).await.unwrap().wrong().count(), 1);
    let kept = stage.table.case(&matter.id()).await.unwrap().unwrap();
    let (id, by, note) = ("1".to_owned(), "operator-1".to_owned(), "covered".to_owned());
    let closed = kept.close(Closing { id, by, at: stage.now(), note }).unwrap();
    assert!(stage.table.turn_case(&kept, &closed).await.unwrap().is_none());
    let found = compare(&stage.table, |_| {}).await.unwrap();
    assert_eq!((found.findings.len(), found.wrong().count()), (1, 0));
}

#[tokio::test(start_paused = true)]
async fn what_is_booked_meanwhile_is_neither_named_nor_written_over() {
    let scene = scene().await;
    let stage = &scene.stage;
    let gift = make(stage, 7, vec![line("wells", 40)]).await;
    let sixth = stage.table.donation(&DonationId::from_bytes([6; 16])).await.unwrap().unwrap();
    let (settles, gives_back) =
        (told(&gift, "p-7", captured(stage, 0)), told(&sixth, "p-6", Happening::Refunded { refunded_minor: riyals(40) }));
    for is_mending in [false, true] {
        let (send, mut due) = tokio::sync::mpsc::unbounded_channel::<()>();
        let books = async {
            due.recv().await;
            settle(stage, if is_mending { &gives_back } else { &settles }).await;
        };
        let told = |_| {
            let _may_be_over = send.send(());
        };
        let looks = async {
            let found: Result<Compared, RebuildError> =
                if is_mending { mend_donations(&stage.table, told).await } else { compare(&stage.table, told).await };
            found.unwrap()
        };
        let (found, ()) = tokio::join!(looks, books);
        assert_eq!(found.findings, [], "{:?}", said(&found));
    }
    assert_eq!(compare(&stage.table, |_| {}).await.unwrap().findings, []);
}

#[tokio::test(start_paused = true)]
async fn what_followed_from_payments_follows_again() {
    let scene = scene().await;
    let stage = &scene.stage;
    restore(stage, &scene.before).await;
    mend_donations(&stage.table, |_| {}).await.unwrap();
    for queue in ["journal", "refunds"] {
        stage.take_messages(queue).await.unwrap();
    }
    let before = pages(&stage.table).await;
    let queue = stage.command("settlement").unwrap().queue("QUEUE_PAYMENTS").unwrap();
    let first = before.iter().map(|page| page.written_at).min().unwrap();
    assert_eq!(tell_payments(&stage.table, &queue, first, |_| {}).await.unwrap(), 7);
    let told = stage.take_messages("payments").await.unwrap();
    assert_eq!(told.len(), 7);
    for message in &told {
        settle(stage, message).await;
    }
    assert_eq!(pages(&stage.table).await, before);
    assert_eq!(compare(&stage.table, |_| {}).await.unwrap().findings, []);
    // Each gift's page is told to the follower again.
    assert_eq!(stage.take_messages("journal").await.unwrap().len(), 6);
    let later = stage.now().plus_seconds(1);
    assert_eq!(tell_payments(&stage.table, &queue, later, |_| {}).await.unwrap(), 0);
}

#[tokio::test(start_paused = true)]
async fn a_refund_that_the_backup_has_is_done_when_its_money_went_back() {
    let stage = Stage::new(Options::default()).await.unwrap();
    let gift = make(&stage, 2, vec![line("wells", 30), line("roofs", 20)]).await;
    settle(&stage, &told(&gift, "p-2", captured(&stage, 0))).await;
    let read = async || stage.table.donation(&gift.id).await.unwrap().unwrap();
    let asks = domain::donation::Asked {
        id: "0a".repeat(16).parse().unwrap(),
        parts: vec![Part { line: 1, amount_minor: riyals(8) }],
        reason: RefundReason::Mistake,
        by: "operator".to_owned(),
        at: stage.now(),
    };
    let settled = read().await;
    assert!(stage.table.turn_donation(&settled, &settled.state, &settled.ask_refund(asks.clone()).unwrap()).await.unwrap());
    let asked = backup(&stage).await;
    let waits = read().await;
    let agreed = waits.approve_refund(&asks.id, "approver", stage.now()).unwrap();
    assert!(stage.table.turn_donation(&waits, &waits.state, &agreed).await.unwrap());
    let approved = backup(&stage).await;
    settle(&stage, &told(&gift, "p-2", Happening::Refunded { refunded_minor: riyals(8) })).await;
    let after = backup(&stage).await;
    for (before, by) in [(&approved, "approver"), (&asked, "rebuild")] {
        restore(&stage, before).await;
        assert_eq!(mend_donations(&stage.table, |_| {}).await.unwrap().findings.len(), 1);
        let mended = read().await;
        let done = matches!(&mended.back.refunds[0].stage, RefundStage::Done { by: who, .. } if who == by);
        assert!(done && mended.back.traced.is_empty(), "{mended:?}");
        assert_eq!((mended.lines_standing(), mended.state.code()), (vec![riyals(30), riyals(12)], "partly_refunded"));
        assert!(by == "rebuild" || without_versions(backup(&stage).await) == without_versions(after.clone()));
        assert_eq!(compare(&stage.table, |_| {}).await.unwrap().findings, []);
        assert!(mended.approve_refund(&asks.id, "another", stage.now()).is_err(), "nobody agrees a second time");
    }
    // Given up in the backup; what went back of the line since was another's.
    restore(&stage, &approved).await;
    let waits = read().await;
    let refused = waits.refuse_refund(stage.now()).unwrap();
    assert!(stage.table.turn_donation(&waits, &waits.state, &refused).await.unwrap());
    assert_eq!(mend_donations(&stage.table, |_| {}).await.unwrap().wrong().count(), 0);
    let mended = read().await;
    assert_eq!((mended.back.refunds[0].stage.code(), mended.back.traced.len()), ("refused", 1));
    assert_eq!(mended.lines_standing(), [riyals(30), riyals(12)]);
}
