//! Payments whose metadata was changed at the provider after they were booked, so that they came in again.

use serde_json::json;

use crate::scene::{FAULTS, Scene, reference};

/// On one day: the day's comparison tells of it once, however often it is asked.
#[tokio::test(start_paused = true)]
async fn what_comes_in_twice_on_a_day_is_a_case() {
    for fault in FAULTS {
        for number in 0..6 {
            let scene = Scene::new().await;
            let ((_, paid), (other, unpaid)) = (scene.pay(1).await, scene.pay(2).await);
            scene.stage.sandbox.void(unpaid.id).unwrap();
            scene.book(&paid).await;
            scene.name(&paid, &other).await;
            scene.book(&paid).await;
            let day = scene.night().await;
            let event = json!({"compare": "day", "day": day});
            let _was_met = scene.break_call(number, fault);
            scene.run_broken(event.clone()).await;
            let answer = scene.run(event).await.unwrap();
            let case = ("booked_twice".to_owned(), 5_000, Some(paid.id.to_string()));
            assert_eq!((scene.cases().await, answer["differences"].as_u64()), (vec![case], Some(1)), "{fault:?} {number}");
            let kept = scene.stage.items("CASE#").await.unwrap();
            assert_eq!(kept[0]["donation"], other.id.to_string().as_str());
            assert!(kept[0]["evidence"].as_str().unwrap().contains("\"kind\":\"settled\""), "{}", kept[0]["evidence"]);
        }
    }
}

/// Days after it was booked: the books of those days are looked through.
#[tokio::test(start_paused = true)]
async fn what_comes_in_again_days_later_is_a_case() {
    let scene = Scene::new().await;
    let ((_, paid), (other, unpaid)) = (scene.pay(1).await, scene.pay(2).await);
    scene.stage.sandbox.void(unpaid.id).unwrap();
    scene.book(&paid).await;
    for _ in 0..3 {
        let day = scene.night().await;
        let answer = scene.run(json!({"compare": "day", "day": day})).await.unwrap();
        assert_eq!(answer["differences"], 0);
    }
    scene.name(&paid, &other).await;
    scene.book(&paid).await;
    scene.later(1_000);
    let day = scene.night().await;
    scene.run(json!({"compare": "day", "day": day})).await.unwrap();
    assert_eq!(scene.cases().await, [("booked_twice".to_owned(), 5_000, Some(paid.id.to_string()))]);
}

/// A webhook that never came, an orphan whose donation was found, and a second payment of the same gift: each came in once.
#[tokio::test(start_paused = true)]
async fn what_comes_in_late_is_none() {
    let scene = Scene::new().await;
    let (gift, paid) = scene.pay(1).await;
    let (_, late) = scene.pay(2).await;
    scene.book(&paid).await;
    let day = scene.night().await;
    // The day tells of what is missing; it comes in on the next.
    scene.run(json!({"compare": "day", "day": day})).await.unwrap();
    assert_eq!(scene.told().await, [reference(&late).payment.as_str()]);
    scene.book(&late).await;
    let second = scene.pay_for(&gift, 5_000).await;
    scene.book(&second).await;
    // One stands in suspense on one day, and settles its donation on the next.
    let (found, orphan) = scene.pay(3).await;
    scene.write(&orphan, json!({"note": "no donation"})).await;
    scene.book_as(&orphan, None).await;
    let day = scene.night().await;
    scene.run(json!({"compare": "day", "day": day})).await.unwrap();
    scene.name(&orphan, &found).await;
    scene.book(&orphan).await;
    scene.later(1_000);
    let day = scene.night().await;
    scene.run(json!({"compare": "day", "day": day})).await.unwrap();
    assert_eq!(scene.stage.table.donation(&found.id).await.unwrap().unwrap().state.code(), "settled");
    assert!(scene.cases().await.iter().all(|(reason, ..)| reason == "payment_missing"), "{:?}", scene.cases().await);
}

/// Metadata that name no donation any more: the payment is an orphan beside its gift.
#[tokio::test(start_paused = true)]
async fn what_is_booked_as_an_orphan_beside_its_gift_is_a_case() {
    let scene = Scene::new().await;
    let (_, paid) = scene.pay(1).await;
    scene.book(&paid).await;
    scene.book_as(&paid, None).await;
    let day = scene.night().await;
    scene.run(json!({"compare": "day", "day": day})).await.unwrap();
    let case = ("booked_twice".to_owned(), 5_000, Some(paid.id.to_string()));
    assert!(scene.cases().await.contains(&case), "{:?}", scene.cases().await);
}
