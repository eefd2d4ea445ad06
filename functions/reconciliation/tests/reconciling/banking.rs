//! The bank's statements: booked once and in order, whatever comes in and whatever breaks.

use std::path::Path;

use domain::journal::{Account, MovementKind};
use serde_json::json;

use crate::scene::{FAULTS, Scene};

fn sample(name: &str) -> Vec<u8> {
    std::fs::read(Path::new(env!("CARGO_MANIFEST_DIR")).join("../../events/statements").join(name)).unwrap()
}

/// A statement in MT940 that begins and ends with these riyals, and has these lines.
fn mt940(number: u32, opening: i64, closing: i64, lines: &str) -> Vec<u8> {
    let balance = |riyals: i64| format!("{}261124SAR{},", if riyals < 0 { "D" } else { "C" }, riyals.abs());
    let (opening, closing) = (balance(opening), balance(closing));
    format!(":20:S\r\n:25:SA1\r\n:28C:{number}\r\n:60F:{opening}\r\n{lines}:62F:{closing}\r\n").into_bytes()
}

/// Halalas in the bank, by the books.
async fn in_bank(scene: &Scene) -> i64 {
    let of_bank = |account: &Account| i64::from(*account == Account::Bank);
    let moved = |transfer: &domain::journal::Transfer| {
        transfer.amount().signed_halalas() * (of_bank(transfer.debit()) - of_bank(transfer.credit()))
    };
    scene.movements().await.iter().flat_map(|movement| &movement.transfers).map(moved).sum()
}

#[tokio::test(start_paused = true)]
async fn payouts_are_booked_and_what_nobody_explains_stands_in_suspense() {
    for name in ["good-camt053.xml", "good-mt940.sta"] {
        let scene = Scene::new().await;
        scene.document(name, &sample(name)).await;
        let answer = scene.compare("bank").await;
        assert_eq!((&answer["documents"], &answer["unexplained"]), (&json!(1), &json!(2)), "{name}");
        assert_eq!(in_bank(&scene).await, 482_550);
        let paid_out = scene.movements().await.into_iter().filter(|movement| movement.kind == MovementKind::PaidOut);
        assert_eq!(paid_out.map(|movement| movement.transfers[0].amount().halalas()).collect::<Vec<_>>(), [480_050]);
        let expected = [("bank_unexplained".to_owned(), 2_500, None), ("bank_unexplained".to_owned(), 5_000, None)];
        assert_eq!(scene.cases().await, expected);
        assert!(scene.documents("statements/incoming/").is_empty());
        assert_eq!(scene.documents("statements/kept/").len(), 1, "the raw document stays");
        // The same document again, under another name.
        scene.document("again", &sample(name)).await;
        scene.compare("bank").await;
        assert_eq!((scene.movements().await.len(), scene.cases().await.len()), (3, 2));
        assert!(scene.documents("statements/incoming/").is_empty());
    }
}

#[tokio::test(start_paused = true)]
async fn the_same_statement_in_the_other_form_is_booked_once() {
    let scene = Scene::new().await;
    scene.document("a.xml", &sample("good-camt053.xml")).await;
    scene.document("b.sta", &sample("good-mt940.sta")).await;
    assert_eq!(scene.compare("bank").await["waiting"], 1);
    scene.compare("bank").await;
    assert_eq!(in_bank(&scene).await, 482_550);
    let gaps = scene.cases().await.into_iter().filter(|(reason, ..)| reason == "statement_gap").count();
    assert_eq!(gaps, 1, "a person is told once that it does not follow");
    assert_eq!(scene.documents("statements/incoming/"), ["b.sta"]);
}

#[tokio::test(start_paused = true)]
async fn statements_are_booked_in_the_order_of_their_balances() {
    let scene = Scene::new().await;
    scene.document("1", &mt940(3, 30, 60, ":61:261124C30,NTRFMOYASAR-3\r\n")).await;
    scene.document("2", &mt940(2, 10, 30, ":61:261124C20,NTRFMOYASAR-2\r\n")).await;
    scene.document("3", &mt940(1, 0, 10, ":61:261124C10,NTRFMOYASAR-1\r\n")).await;
    // The first that is met is the first of its account: nothing says that another came before it.
    let answer = scene.compare("bank").await;
    assert_eq!(answer["waiting"], 2, "{answer}");

    let scene = Scene::new().await;
    scene.document("1", &mt940(1, 0, 10, ":61:261124C10,NTRFMOYASAR-1\r\n")).await;
    scene.compare("bank").await;
    scene.document("3", &mt940(3, 30, 60, ":61:261124C30,NTRFMOYASAR-3\r\n")).await;
    assert_eq!(scene.compare("bank").await["waiting"], 1);
    assert_eq!(in_bank(&scene).await, 1_000);
    scene.document("4", &mt940(2, 10, 30, ":61:261124C20,NTRFMOYASAR-2\r\n")).await;
    let answer = scene.compare("bank").await;
    assert_eq!((&answer["waiting"], &answer["documents"]), (&json!(0), &json!(2)));
    assert_eq!(in_bank(&scene).await, 6_000);
    assert_eq!(scene.cases().await.len(), 1, "the gap, which a person closes");
}

#[tokio::test(start_paused = true)]
async fn what_an_account_held_before_its_first_statement_stands_in_suspense() {
    let scene = Scene::new().await;
    scene.document("1", &mt940(1, -5, 10, ":61:261124C15,NTRFMOYASAR-1\r\n")).await;
    scene.compare("bank").await;
    assert_eq!(in_bank(&scene).await, 1_000);
    assert_eq!(scene.cases().await, [("bank_unexplained".to_owned(), 500, None)]);
}

#[tokio::test(start_paused = true)]
async fn what_cannot_be_read_is_kept_and_told_and_holds_up_nothing() {
    let scene = Scene::new().await;
    let mut unreadable = 0;
    for entry in std::fs::read_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("../../events/statements")).unwrap() {
        let name = entry.unwrap().file_name().to_string_lossy().into_owned();
        if !name.starts_with("good-") {
            scene.document(&name, &sample(&name)).await;
            unreadable += 1;
        }
    }
    scene.document("zz-good name, أ.sta", &sample("good-mt940.sta")).await;
    scene.document("huge", &vec![b' '; 16 * 1024 * 1024 + 1]).await;
    let answer = scene.compare("bank").await;
    assert_eq!((&answer["unreadable"], &answer["documents"]), (&json!(unreadable + 1), &json!(1)), "{answer}");
    let told = scene.cases().await.into_iter().filter(|(reason, ..)| reason == "statement_unreadable").count();
    assert_eq!(told, unreadable + 1);
    assert!(scene.documents("statements/incoming/").is_empty());
    assert_eq!(scene.documents("statements/kept/").len(), unreadable + 2);
    assert_eq!(in_bank(&scene).await, 482_550);
    let cases = serde_json::to_string(&scene.stage.items("CASE#").await.unwrap()).unwrap();
    assert!(!cases.contains("thanks") && !cases.contains("SA00"), "nothing of the bank's texts is kept");
}

#[tokio::test(start_paused = true)]
async fn whatever_breaks_each_line_is_booked_once() {
    for fault in FAULTS {
        for number in 0.. {
            let scene = Scene::new().await;
            scene.document("1", &sample("good-mt940.sta")).await;
            let was_met = scene.break_call(number, fault);
            scene.run_broken(json!({"compare": "bank"})).await;
            let met = was_met();
            scene.compare("bank").await;
            scene.compare("bank").await;
            assert_eq!((in_bank(&scene).await, scene.movements().await.len()), (482_550, 3), "{fault:?} {number}");
            assert_eq!(scene.cases().await.len(), 2, "{fault:?} {number}");
            assert!(scene.documents("statements/incoming/").is_empty(), "{fault:?} {number}");
            let follower = scene.stage.take_messages("journal").await.unwrap();
            assert!(follower.len() >= 3, "the follower is told of each page: {fault:?} {number}");
            if !met {
                assert!(number > 6, "a movement for each line, two cases, and more");
                break;
            }
        }
    }
}
