//! What changed at the provider lately: what the books lack is found by the list, once it is old enough, however long nobody looked.

use domain::donation::State;
use domain::money::Money;
use domain::payment::{Happening, Method as PaidBy, PaymentFact, Provider};
use moyasar_sandbox::{Decline, Down, Method, Payer};
use serde_json::json;

use crate::scene::{FAULTS, Scene};

#[tokio::test(start_paused = true)]
async fn a_webhook_that_never_came_is_made_up_for_after_its_grace() {
    let scene = Scene::new().await;
    let (_, booked) = scene.pay(1).await;
    let (_, lost) = scene.pay(2).await;
    scene.book(&booked).await;
    scene.compare("payments").await;
    assert!(scene.told().await.is_empty(), "both are left to their webhooks yet");
    scene.later(121);
    let answer = scene.compare("payments").await;
    assert_eq!((&answer["payments"], &answer["missed"]), (&json!(2), &json!(1)));
    assert_eq!(scene.told().await, [lost.id.to_string()]);
    scene.book(&lost).await;
    scene.later(300);
    assert_eq!(scene.compare("payments").await["missed"], 0, "it is in the window once more, and booked by now");
    assert!(scene.cases().await.is_empty());
}

#[tokio::test(start_paused = true)]
async fn refunds_fees_and_second_charges_are_missed_too() {
    let scene = Scene::new().await;
    let (donation, first) = scene.pay(1).await;
    scene.book(&first).await;
    let second = scene.pay_for(&donation, 5_000).await;
    let (_, dear) = scene.pay(2).await;
    let mut cheap = scene.fetch(&dear).await.facts.remove(0);
    if let domain::payment::Happening::Captured { fee_minor, .. } = &mut cheap.happening {
        *fee_minor = domain::money::Money::ZERO;
    }
    scene.book_fact(&cheap).await;
    scene.later(3_000);
    scene.stage.sandbox.refund(first.id, Some(1_000)).unwrap();
    scene.later(121);
    assert_eq!(scene.compare("payments").await["missed"], 3);
    let mut expected = [first.id, second.id, dear.id].map(|id| id.to_string());
    expected.sort();
    assert_eq!(scene.told().await, expected);
    for paid in [&first, &second, &dear] {
        scene.book(paid).await;
    }
    assert_eq!(scene.compare("payments").await["missed"], 0);
}

#[tokio::test(start_paused = true)]
async fn an_hour_of_the_providers_is_caught_up_with() {
    let scene = Scene::new().await;
    scene.later(121);
    scene.compare("payments").await;
    let (_, before) = scene.pay(1).await;
    scene.stage.sandbox.go_down(3_600_000, Down::Refuse);
    for _ in 0..12 {
        scene.later(299);
        assert!(scene.run(json!({"compare": "payments"})).await.is_err());
    }
    scene.later(600);
    let (_, after) = scene.pay(2).await;
    scene.later(121);
    assert_eq!(scene.compare("payments").await["missed"], 2);
    let mut expected = [before.id, after.id].map(|id| id.to_string());
    expected.sort();
    assert_eq!(scene.told().await, expected);
}

#[tokio::test(start_paused = true)]
async fn what_settlement_set_aside_is_not_told_again() {
    let scene = Scene::new().await;
    let (donation, _) = scene.pay(1).await;
    let other = scene.pay_for(&donation, 4_900).await;
    let first = scene.stage.sandbox.payments().remove(0);
    scene.book(&first).await;
    scene.later(121);
    assert_eq!(scene.compare("payments").await["missed"], 1, "nobody was told that it cannot be booked");
    let fact = scene.fetch(&other).await.facts.remove(0);
    let case = domain::case::Case {
        reason: domain::case::Reason::AmountDiffers,
        payment: Some(fact.payment.clone()),
        donation: fact.donation,
        refund: None,
        amount_minor: fact.amount_minor,
        evidence: "as settlement writes it".to_owned(),
        opened_at: scene.stage.now(),
    };
    scene.stage.table.open_case(&case).await.unwrap();
    assert_eq!(scene.compare("payments").await["missed"], 0);
}

#[tokio::test(start_paused = true)]
async fn a_long_list_is_read_window_by_window() {
    let scene = Scene::new().await;
    let donation = stage::sample::gift(1, scene.stage.now());
    scene.stage.table.make_donation(&donation).await.unwrap();
    for number in 0..1_100 {
        scene.pay_for(&donation, 5_000).await;
        if number % 10 == 0 {
            scene.later(1);
        }
    }
    scene.later(121);
    let answer = scene.compare("payments").await;
    assert_eq!(answer["missed"], 1_100, "{answer}");
    assert_eq!(scene.told().await.len(), 1_100);
}

#[tokio::test(start_paused = true)]
async fn whatever_breaks_nothing_is_missed() {
    for fault in FAULTS {
        for number in 0.. {
            let scene = Scene::new().await;
            // The very first run looks a day back; this one does not.
            scene.stage.table.note_compared(Provider::Moyasar, scene.stage.now()).await.unwrap();
            let (_, lost) = scene.pay(1).await;
            scene.later(121);
            let was_met = scene.break_call(number, fault);
            let ended = scene.run_broken(json!({"compare": "payments"})).await;
            let met = was_met();
            if !ended {
                scene.later(300);
                scene.compare("payments").await;
            }
            assert_eq!(scene.told().await, [lost.id.to_string()], "{fault:?} {number}");
            if !met {
                assert!(number > 1, "a message and the cursor at least");
                break;
            }
        }
    }
}

/// Booked a moment before the provider undid it, as the books see it.
#[tokio::test(start_paused = true)]
async fn a_refund_that_the_provider_undoes_is_a_case_within_minutes() {
    let scene = Scene::new().await;
    let (donation, paid) = scene.pay(1).await;
    scene.book(&paid).await;
    let fact = scene.fetch(&paid).await.facts.remove(0);
    let refunded_minor = Money::from_halalas(1_000).unwrap();
    scene.book_fact(&PaymentFact { happening: Happening::Refunded { refunded_minor }, ..fact }).await;
    scene.later(121);
    let answer = scene.compare("payments").await;
    assert_eq!((&answer["missed"], &answer["differ"]), (&json!(0), &json!(1)));
    let id = Some(paid.id.to_string());
    assert_eq!(scene.cases().await, [("refund_differs".to_owned(), 1_000, id)]);
    assert!(scene.told().await.is_empty(), "telling it again would not put it right");
    // Nothing is corrected, and nobody is told twice.
    let state = scene.stage.table.donation(&donation.id).await.unwrap().unwrap().state;
    assert!(matches!(state, State::PartlyRefunded { refunded_minor: booked, .. } if booked == refunded_minor));
    scene.later(200);
    assert_eq!(scene.compare("payments").await["differ"], 0);
}

#[tokio::test(start_paused = true)]
async fn what_was_paid_and_is_denied_later_is_a_case_within_minutes() {
    let scene = Scene::new().await;
    let donation = stage::sample::gift(1, scene.stage.now());
    scene.stage.table.make_donation(&donation).await.unwrap();
    let refused = Payer::with(Method::Mada).declined(Decline::default());
    let denied = scene.pay_with(&donation, 5_000, &refused).await;
    let fact = scene.fetch(&denied).await.facts.remove(0);
    assert!(matches!(fact.happening, Happening::Failed { .. }), "{fact:?}");
    let happening = Happening::Captured { method: PaidBy::Mada, captured_at: scene.stage.now(), fee_minor: Money::ZERO };
    scene.book_fact(&PaymentFact { happening, ..fact }).await;
    scene.later(121);
    assert_eq!(scene.compare("payments").await["differ"], 1);
    assert_eq!(scene.cases().await, [("capture_differs".to_owned(), 5_000, Some(denied.id.to_string()))]);
}
