//! Refunds after the charity was paid: what it owes again is booked once for each overdraft.

use domain::journal::{Account, Movement, MovementKind, Transfer};
use domain::money::Money;
use serde_json::json;
use stage::sample;

use crate::scene::{FAULTS, Scene};

fn granted_and_paid(scene: &Scene, riyals: u64) -> [Movement; 2] {
    let wells = sample::wells();
    let owed = Account::Payable(wells.fund, wells.charity.clone());
    let of = Account::Opportunity(wells.fund, wells.id.clone());
    let amount = Money::from_riyals(riyals).unwrap();
    let movement = |kind, debit: Account, credit: Account| Movement {
        kind,
        reference: Movement::reference(kind, &["payout-1"]),
        happened_at: scene.stage.now(),
        transfers: vec![Transfer::new(debit, credit, amount).unwrap()],
        payment: None,
    };
    [movement(MovementKind::Granted, of, owed.clone()), movement(MovementKind::Paid, owed, Account::Bank)]
}

/// Two gifts of fifty riyals, all of it paid to the charity, and one of them partly given back since.
async fn overdrawn() -> (Scene, [moyasar_sandbox::PaymentFacts; 2]) {
    let scene = Scene::new().await;
    let (_, first) = scene.pay(1).await;
    let (_, second) = scene.pay(2).await;
    scene.book(&first).await;
    scene.book(&second).await;
    for movement in granted_and_paid(&scene, 100) {
        scene.move_money(&movement).await;
    }
    scene.follow().await;
    assert_eq!(scene.compare("bank").await["recalled"], 0, "nothing went back yet");
    give_back(&scene, &first, 2_000).await;
    (scene, [first, second])
}

async fn give_back(scene: &Scene, paid: &moyasar_sandbox::PaymentFacts, amount: u64) {
    scene.stage.sandbox.refund(paid.id, Some(amount)).unwrap();
    scene.book(paid).await;
    scene.follow().await;
}

async fn recalled(scene: &Scene) -> Vec<u64> {
    let movements = scene.movements().await.into_iter().filter(|movement| movement.kind == MovementKind::Recalled);
    let mut amounts: Vec<u64> = movements.map(|movement| movement.transfers[0].amount().halalas()).collect();
    amounts.sort_unstable();
    amounts
}

#[tokio::test(start_paused = true)]
async fn what_went_back_after_the_payout_is_owed_by_the_charity_once() {
    let (scene, [first, second]) = overdrawn().await;
    assert_eq!(scene.compare("bank").await["recalled"], 1);
    assert_eq!(scene.compare("bank").await["recalled"], 0, "the follower is behind: the same overdraft is not met again");
    assert_eq!(recalled(&scene).await, [2_000]);
    assert_eq!(scene.cases().await, [("refund_after_payout".to_owned(), 2_000, None)]);
    // A second refund, folded while the follower has not come to the page of the first matter.
    scene.follow().await;
    assert_eq!(scene.compare("bank").await["recalled"], 0);
    give_back(&scene, &second, 2_000).await;
    assert_eq!(scene.compare("bank").await["recalled"], 1);
    scene.follow().await;
    give_back(&scene, &first, 500).await;
    assert_eq!(scene.compare("bank").await["recalled"], 1);
    assert_eq!(recalled(&scene).await, [500, 2_000, 2_000], "each overdraft is a matter of its own");
    assert_eq!(scene.cases().await.len(), 3);
    scene.follow().await;
    let kept = scene.stage.table.totals("").await.unwrap();
    assert_eq!(kept["ACC"]["d:receivable:sadaqa"], 4_500);
    assert_eq!(scene.compare("bank").await["recalled"], 0);
}

#[tokio::test(start_paused = true)]
async fn whatever_breaks_it_is_owed_once() {
    for fault in FAULTS {
        for number in 0.. {
            let (scene, _) = overdrawn().await;
            let was_met = scene.break_call(number, fault);
            scene.run_broken(json!({"compare": "bank"})).await;
            let met = was_met();
            // Whether or not the follower came by in between.
            if number % 2 == 0 {
                scene.follow().await;
            }
            scene.compare("bank").await;
            scene.follow().await;
            scene.compare("bank").await;
            assert_eq!(recalled(&scene).await, [2_000], "{fault:?} {number}");
            assert_eq!(scene.cases().await, [("refund_after_payout".to_owned(), 2_000, None)], "{fault:?} {number}");
            if !met {
                assert!(number > 3, "a note, a movement, a case, and the note again");
                break;
            }
        }
    }
}
