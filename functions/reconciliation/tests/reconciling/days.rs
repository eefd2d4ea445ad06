//! A sealed day, three ways: each payment matched or one case, the same document each time.

use std::path::Path;

use domain::case::Reason;
use domain::money::Money;
use domain::payment::Happening;
use moyasar_sandbox::Down;
use reconciliation::{ReconcileError, day};
use serde_json::{Value, json};

use crate::scene::{FAULTS, Scene, reference};

fn document(scene: &Scene) -> Option<Vec<u8>> {
    let of_day = |(key, bytes): (String, Vec<u8>)| key.ends_with(&day::key("2026-11-23".parse().unwrap())).then_some(bytes);
    scene.stage.documents().unwrap().into_iter().find_map(of_day)
}

fn read(scene: &Scene) -> Value {
    serde_json::from_slice(&document(scene).unwrap()).unwrap()
}

fn asked() -> Value {
    json!({"compare": "day", "time": "2026-11-23T22:30:00Z"})
}

/// A statement of the day on which the provider pays out what it owes for a gift of fifty riyals, less its fee.
fn payout(riyals: &str) -> Vec<u8> {
    format!(
        ":20:S\r\n:25:SA1\r\n:28C:1\r\n:60F:C261122SAR0,\r\n:61:261123C{riyals}NTRFMOYASAR-1\r\n:62F:C261123SAR{riyals}\r\n"
    )
    .into_bytes()
}

#[tokio::test(start_paused = true)]
async fn a_day_on_which_all_agree_has_no_case_and_the_same_document_each_time() {
    let scene = Scene::new().await;
    let (donation, first) = scene.pay(1).await;
    let (_, refunded) = scene.pay(2).await;
    scene.stage.sandbox.refund(refunded.id, Some(1_000)).unwrap();
    let second = scene.pay_for(&donation, 5_000).await;
    for paid in [&first, &refunded, &second] {
        scene.book(paid).await;
    }
    scene.document("1", &payout("40,")).await;
    scene.compare("bank").await;
    scene.night().await;
    let answer = scene.run(asked()).await.unwrap();
    assert_eq!(answer, json!({"day": "2026-11-23", "document": "reconciliation/day/2026-11-23.json", "differences": 0}));
    let said = read(&scene);
    let fee = scene.fetch(&first).await.facts.into_iter().find_map(|fact| match fact.happening {
        Happening::Captured { fee_minor, .. } => Some(fee_minor.halalas()),
        _ => None,
    });
    let expected = json!({"payments": 3, "captured_minor": 15_000, "refunded_minor": 1_000, "fee_minor": 3 * fee.unwrap()});
    for side in ["told", "booked", "matched"] {
        assert_eq!(said["begun_on_the_day"][side], expected, "{side}");
    }
    assert_eq!(said["bank"]["paid_out_minor"], 4_000);
    assert_eq!(said["balances"]["bank_by_books_minor"], said["balances"]["bank_by_statements_minor"]);
    assert_eq!(
        said["balances"]["held_by_provider_minor"],
        15_000 - 1_000 - 3 * i64::try_from(fee.unwrap()).unwrap() - 4_000
    );
    let before = document(&scene);
    scene.stage.sandbox.go_down(1_000, Down::Refuse);
    assert_eq!(scene.run(asked()).await.unwrap(), answer, "it is read from then on");
    assert_eq!(document(&scene), before);
    assert!(scene.cases().await.is_empty());
}

#[tokio::test(start_paused = true)]
async fn every_difference_is_one_case() {
    let scene = Scene::new().await;
    let (_, missing) = scene.pay(1).await;
    let (donation, paid) = scene.pay(2).await;
    scene.book(&paid).await;
    let other_amount = scene.pay_for(&donation, 4_900).await;
    let (_, refunded) = scene.pay(3).await;
    scene.book(&refunded).await;
    scene.stage.sandbox.refund(refunded.id, Some(700)).unwrap();
    let (_, cheap) = scene.pay(4).await;
    let mut fact = scene.fetch(&cheap).await.facts.remove(0);
    if let Happening::Captured { fee_minor, .. } = &mut fact.happening {
        *fee_minor = fee_minor.plus(Money::from_halalas(3).unwrap()).unwrap();
    }
    scene.book_fact(&fact).await;
    // A gift that a payment settled which the provider does not know.
    let unknown = stage::sample::gift(9, scene.stage.now());
    scene.stage.table.make_donation(&unknown).await.unwrap();
    scene.stage.settle(&unknown.id).await.unwrap();
    scene.night().await;
    let answer = scene.run(asked()).await.unwrap();
    assert_eq!(answer["differences"], 5);
    let of = |reason: Reason, amount, payment: String| (reason.code().to_owned(), amount, Some(payment));
    let mut expected = vec![
        of(Reason::PaymentMissing, 5_000, missing.id.to_string()),
        of(Reason::AmountDiffers, 4_900, other_amount.id.to_string()),
        of(Reason::RefundDiffers, 700, refunded.id.to_string()),
        of(Reason::FeeDiffers, 3, cheap.id.to_string()),
        of(Reason::PaymentUnknown, 5_000, format!("p-{}", unknown.id)),
    ];
    expected.sort();
    assert_eq!(scene.cases().await, expected);
    let said = read(&scene);
    assert_eq!(said["cases"].as_array().unwrap().len(), 5);
    assert_eq!(
        (&said["begun_on_the_day"]["differences"], &said["begun_on_the_day"]["matched"]["payments"]),
        (&json!(4), &json!(1))
    );
    let mut told = vec![missing.id.to_string(), refunded.id.to_string()];
    told.sort();
    assert_eq!(scene.told().await, told, "what telling again may put right is told again, besides");
}

#[tokio::test(start_paused = true)]
async fn a_payment_booked_on_another_day_than_it_was_begun_matches_on_both() {
    let scene = Scene::new().await;
    let (_, paid) = scene.pay(1).await;
    scene.book(&paid).await;
    scene.night().await;
    assert_eq!(scene.run(asked()).await.unwrap()["differences"], 0);
    scene.stage.sandbox.refund(paid.id, None).unwrap();
    scene.book(&paid).await;
    scene.night().await;
    let answer = scene.run(json!({"compare": "day", "day": "2026-11-24"})).await.unwrap();
    assert_eq!(answer["differences"], 0);
    let documents = scene.stage.documents().unwrap();
    let (_, said) = documents.iter().find(|(key, _)| key.ends_with("2026-11-24.json")).unwrap();
    let said: Value = serde_json::from_slice(said).unwrap();
    assert_eq!(said["booked_on_the_day_begun_before"]["matched"]["refunded_minor"], 5_000);
    assert_eq!(said["begun_on_the_day"]["told"]["payments"], 0);
}

#[tokio::test(start_paused = true)]
async fn more_paid_out_than_was_collected_is_a_case() {
    let scene = Scene::new().await;
    let (_, paid) = scene.pay(1).await;
    scene.book(&paid).await;
    scene.document("1", &payout("60,")).await;
    scene.compare("bank").await;
    scene.night().await;
    scene.run(asked()).await.unwrap();
    let cases = scene.cases().await;
    assert_eq!(cases.len(), 1);
    let fee = scene.fetch(&paid).await.facts.into_iter().find_map(|fact| match fact.happening {
        Happening::Captured { fee_minor, .. } => Some(fee_minor.halalas()),
        _ => None,
    });
    assert!(fee.unwrap() > 0);
    assert_eq!(
        cases[0],
        ("payout_differs".to_owned(), 1_000, None),
        "what was kept of it on the same day is not held against it"
    );
}

/// Collected on the first day and not paid out for a week: from the eighth night on a person is told of what is older at the least.
#[tokio::test(start_paused = true)]
async fn what_is_not_paid_out_within_a_week_is_a_case() {
    let scene = Scene::new().await;
    let (_, paid) = scene.pay(1).await;
    scene.book(&paid).await;
    let fee = scene.fetch(&paid).await.facts.iter().find_map(|fact| match &fact.happening {
        Happening::Captured { fee_minor, .. } => Some(fee_minor.halalas()),
        _ => None,
    });
    let held = 5_000 - fee.unwrap();
    for night in 1..=8 {
        let day = scene.night().await;
        scene.run(json!({"compare": "day", "day": day})).await.unwrap();
        let late = scene.cases().await;
        match night {
            8 => assert_eq!(late, [("payout_late".to_owned(), held, None)]),
            _ => assert_eq!(late, [], "night {night}"),
        }
    }
    // What came today is no reason, and what is paid out is late no more.
    let (_, fresh) = scene.pay(2).await;
    scene.book(&fresh).await;
    scene.document("1", &payout(&format!("{},{:02}", held / 100, held % 100))).await;
    scene.compare("bank").await;
    let day = scene.night().await;
    scene.run(json!({"compare": "day", "day": day})).await.unwrap();
    assert_eq!(scene.cases().await.iter().filter(|(reason, ..)| reason == "payout_late").count(), 1);
}

#[tokio::test(start_paused = true)]
async fn money_that_left_the_bank_without_a_statements_line_is_a_case() {
    let scene = Scene::new().await;
    let (_, paid) = scene.pay(1).await;
    scene.book(&paid).await;
    let wells = stage::sample::wells();
    let owed = domain::journal::Account::Payable(wells.fund, wells.charity.clone());
    let kind = domain::journal::MovementKind::Paid;
    let amount = Money::from_riyals(3).unwrap();
    let transfer = domain::journal::Transfer::new(owed, domain::journal::Account::Bank, amount).unwrap();
    let reference = domain::journal::Movement::reference(kind, &["1"]);
    let movement = domain::journal::Movement {
        kind,
        reference,
        happened_at: scene.stage.now(),
        transfers: vec![transfer],
        payment: None,
    };
    scene.move_money(&movement).await;
    scene.night().await;
    scene.run(asked()).await.unwrap();
    assert_eq!(scene.cases().await, [("bank_differs".to_owned(), 300, None)]);
}

#[tokio::test(start_paused = true)]
async fn what_is_not_at_rest_is_waited_for() {
    let scene = Scene::new().await;
    assert!(matches!(scene.run(asked()).await, Err(ReconcileError::NotSealed(_))));
    let (_, paid) = scene.pay(1).await;
    scene.book(&paid).await;
    scene.night().await;
    scene.stage.sandbox.refund(paid.id, Some(100)).unwrap();
    assert!(matches!(scene.run(asked()).await, Err(ReconcileError::InFlight(1))));
    scene.book(&paid).await;
    assert!(matches!(scene.run(asked()).await, Err(ReconcileError::Behind)), "that page is not folded");
    scene.follow().await;
    scene.stage.sandbox.go_down(1_000_000, Down::Unavailable);
    assert!(matches!(scene.run(asked()).await, Err(ReconcileError::Provider(_))));
    scene.stage.sandbox.come_up();
    assert!(document(&scene).is_none() && scene.cases().await.is_empty());
    assert_eq!(scene.run(asked()).await.unwrap()["differences"], 0);
}

#[tokio::test(start_paused = true)]
async fn whatever_breaks_the_day_ends_the_same() {
    let mut expected: Option<Vec<u8>> = None;
    for fault in FAULTS {
        for number in 0.. {
            let scene = Scene::new().await;
            let (_, missing) = scene.pay(1).await;
            let (_, paid) = scene.pay(2).await;
            scene.book(&paid).await;
            scene.night().await;
            let was_met = scene.break_call(number, fault);
            scene.run_broken(asked()).await;
            let met = was_met();
            scene.run(asked()).await.unwrap();
            let case = (Reason::PaymentMissing.code().to_owned(), 5_000, Some(missing.id.to_string()));
            assert_eq!(scene.cases().await, [case], "{fault:?} {number}");
            let document = document(&scene).unwrap();
            assert_eq!(*expected.get_or_insert_with(|| document.clone()), document, "{fault:?} {number}");
            assert_eq!(scene.told().await, [reference(&missing).payment.as_str()], "{fault:?} {number}");
            if !met {
                assert!(number > 2, "a message, a case and the document at least");
                break;
            }
        }
    }
}

#[tokio::test(start_paused = true)]
async fn events_say_what_to_compare_or_are_refused() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../events/schedule/reconciliation");
    let mut met = 0;
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        let scene = Scene::new().await;
        scene.night().await;
        let event = serde_json::from_str(&std::fs::read_to_string(&path).unwrap()).unwrap();
        let answer = scene.run(event).await;
        let refused = matches!(answer, Err(ReconcileError::What(_) | ReconcileError::Event(_)));
        assert_eq!(refused, !name.starts_with("good-"), "{name}: {answer:?}");
        met += 1;
    }
    assert!(met > 5);
}
