//! Payments whose metadata was changed at the provider after they were booked, so that they came in again.

use domain::payment::Happening;
use moyasar_sandbox::PaymentFacts;
use serde_json::{Value, json};
use testkit::faults::Fault;

use crate::scene::{FAULTS, Scene, reference};

/// The day's comparison, broken off once, has one case about a payment in the end. Whether the call that was to break was met.
async fn is_one_case(scene: &Scene, paid: &PaymentFacts, (number, fault): (u32, Fault)) -> bool {
    let day = scene.night().await;
    let event = json!({"compare": "day", "day": day});
    let was_met = scene.break_call(number, fault);
    scene.run_broken(event.clone()).await;
    let met = was_met();
    let answer = scene.run(event).await.unwrap();
    let case = ("booked_twice".to_owned(), 5_000, Some(paid.id.to_string()));
    assert_eq!((scene.cases().await, answer["differences"].as_u64()), (vec![case], Some(1)), "{fault:?} {number}");
    met
}

/// On one day: the day's comparison tells of it once, however often it is asked.
#[tokio::test(start_paused = true)]
async fn what_comes_in_twice_on_a_day_is_a_case() {
    for fault in FAULTS {
        for number in 0.. {
            let scene = Scene::new().await;
            let ((_, paid), (other, unpaid)) = (scene.pay(1).await, scene.pay(2).await);
            scene.stage.sandbox.void(unpaid.id).unwrap();
            scene.book(&paid).await;
            scene.name(&paid, &other).await;
            scene.book(&paid).await;
            let met = is_one_case(&scene, &paid, (number, fault)).await;
            let kept = scene.stage.items("CASE#").await.unwrap();
            let evidence: Value = serde_json::from_str(kept[0]["evidence"].as_str().unwrap()).unwrap();
            let places = json!({
                "first": {"chain": 3, "seq": 0, "index": 0}, "again": {"chain": 3, "seq": 1, "index": 0}, "kind": "settled",
            });
            assert_eq!(evidence, places, "{fault:?} {number}");
            if !met {
                assert!(number > 1, "a case and the document at least");
                break;
            }
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
    // Whatever call fails while the days before are read, it is told once.
    let (event, case) =
        (json!({"compare": "day", "day": day}), ("booked_twice".to_owned(), 5_000, Some(paid.id.to_string())));
    let bucket = scene.stage.bucket().unwrap();
    for fault in FAULTS {
        for number in 0.. {
            let was_met = scene.break_call(number, fault);
            scene.run_broken(event.clone()).await;
            let met = was_met();
            scene.run(event.clone()).await.unwrap();
            assert_eq!(scene.cases().await, std::slice::from_ref(&case), "{fault:?} {number}");
            for version in bucket.versions(&reconciliation::day::key(day)).await.unwrap().found {
                bucket.delete_version(&version).await.unwrap();
            }
            if !met {
                assert!(number > 0, "the document at least");
                break;
            }
        }
    }
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
    scene.forget(&orphan).await;
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

/// Metadata that name no donation any more: the payment is an orphan beside its gift, and nothing says whose.
#[tokio::test(start_paused = true)]
async fn what_is_an_orphan_beside_its_gift_and_names_none_is_a_case() {
    let scene = Scene::new().await;
    let (_, paid) = scene.pay(1).await;
    scene.book(&paid).await;
    scene.forget(&paid).await;
    scene.book_as(&paid, None).await;
    let day = scene.night().await;
    let answer = scene.run(json!({"compare": "day", "day": day})).await.unwrap();
    let case = ("booked_twice".to_owned(), 5_000, Some(paid.id.to_string()));
    assert_eq!((scene.cases().await, answer["differences"].as_u64()), (vec![case], Some(1)));
    assert_eq!(scene.told().await, Vec::<String>::new());
}

/// A look that found no donation came after the gift was settled. Within minutes the payment is told again, and leaves the books once; the day's comparison has nothing to say of it.
#[tokio::test(start_paused = true)]
async fn what_is_an_orphan_beside_the_gift_that_it_names_leaves_the_books() {
    let scene = Scene::new().await;
    let (_, paid) = scene.pay(1).await;
    scene.book(&paid).await;
    scene.book_as(&paid, None).await;
    scene.later(300);
    let answer = scene.run(json!({"compare": "payments"})).await.unwrap();
    assert_eq!((answer["missed"].as_u64(), answer["differ"].as_u64()), (Some(1), Some(0)), "{answer}");
    assert_eq!(scene.told().await, [paid.id.to_string()]);
    scene.book(&paid).await;
    let answer = scene.run(json!({"compare": "payments"})).await.unwrap();
    assert_eq!(answer["missed"], 0, "{answer}");
    let day = scene.night().await;
    let answer = scene.run(json!({"compare": "day", "day": day})).await.unwrap();
    assert_eq!((scene.cases().await, answer["differences"].as_u64()), (Vec::new(), Some(0)));
}

/// It left the books, and its metadata were lost once more: it is compared as its donation's, with its fee and what went back since.
#[tokio::test(start_paused = true)]
async fn what_has_left_is_its_donations_whatever_its_metadata_say() {
    let scene = Scene::new().await;
    let ((gift, paid), (other, unpaid)) = (scene.pay(1).await, scene.pay(2).await);
    scene.stage.sandbox.void(unpaid.id).unwrap();
    scene.book(&paid).await;
    scene.book_as(&paid, None).await;
    scene.book(&paid).await;
    for metadata in [json!({"note": "no donation"}), json!({"donation": other.id.to_string(), "attempt": "1"})] {
        scene.write(&paid, metadata).await;
        scene.later(300);
        let answer = scene.run(json!({"compare": "payments"})).await.unwrap();
        assert_eq!((answer["missed"].as_u64(), answer["differ"].as_u64()), (Some(0), Some(0)), "{answer}");
    }
    let day = scene.night().await;
    let answer = scene.run(json!({"compare": "day", "day": day})).await.unwrap();
    assert_eq!((scene.cases().await, answer["differences"].as_u64()), (Vec::new(), Some(0)));
    assert_eq!(scene.stage.table.donation(&gift.id).await.unwrap().unwrap().state.code(), "settled");
}

/// It settled two gifts, and an orphan besides is out of the books: of the two somebody is told.
#[tokio::test(start_paused = true)]
async fn what_settled_two_gifts_is_a_case_though_an_orphan_of_it_has_left() {
    for is_on_one_day in [true, false] {
        let scene = Scene::new().await;
        let ((_, paid), (other, unpaid)) = (scene.pay(1).await, scene.pay(2).await);
        scene.stage.sandbox.void(unpaid.id).unwrap();
        scene.book(&paid).await;
        if !is_on_one_day {
            let day = scene.night().await;
            scene.run(json!({"compare": "day", "day": day})).await.unwrap();
        }
        scene.name(&paid, &other).await;
        scene.book(&paid).await;
        scene.book_as(&paid, None).await;
        scene.book(&paid).await;
        scene.later(1_000);
        let day = scene.night().await;
        let answer = scene.run(json!({"compare": "day", "day": day})).await.unwrap();
        let case = ("booked_twice".to_owned(), 5_000, Some(paid.id.to_string()));
        assert_eq!((scene.cases().await, answer["differences"].as_u64()), (vec![case], Some(1)), "{is_on_one_day}");
    }
}

/// It was an orphan before somebody wrote whose it is into its metadata: within minutes it is told again, and settles that donation.
#[tokio::test(start_paused = true)]
async fn an_orphan_that_names_its_donation_by_now_is_told_again() {
    let scene = Scene::new().await;
    let (gift, paid) = scene.pay(1).await;
    scene.book_as(&paid, None).await;
    scene.later(300);
    let answer = scene.run(json!({"compare": "payments"})).await.unwrap();
    assert_eq!((answer["missed"].as_u64(), scene.told().await), (Some(1), vec![paid.id.to_string()]), "{answer}");
    scene.book(&paid).await;
    assert_eq!(scene.run(json!({"compare": "payments"})).await.unwrap()["missed"], 0);
    assert_eq!(scene.stage.table.donation(&gift.id).await.unwrap().unwrap().state.code(), "settled");
}

/// Nobody looked at it within minutes: the day tells of it, once, and has it told again. Of the next day it is none, though it leaves the books only then.
#[tokio::test(start_paused = true)]
async fn what_is_an_orphan_beside_its_gift_at_night_is_one_case_and_is_told_again() {
    for fault in FAULTS {
        for number in 0.. {
            let scene = Scene::new().await;
            let (_, paid) = scene.pay(1).await;
            scene.book(&paid).await;
            scene.book_as(&paid, None).await;
            let met = is_one_case(&scene, &paid, (number, fault)).await;
            assert!(scene.told().await.contains(&paid.id.to_string()), "{fault:?} {number}");
            scene.book(&paid).await;
            scene.later(1_000);
            let day = scene.night().await;
            let answer = scene.run(json!({"compare": "day", "day": day})).await.unwrap();
            assert_eq!((scene.cases().await.len(), answer["differences"].as_u64()), (1, Some(0)), "{fault:?} {number}");
            if !met {
                assert!(number > 2, "a message, a case and the document at least");
                break;
            }
        }
    }
}

/// Around midnight: what was begun in the hour before it comes in after it every night, and is not looked for; what was begun long before is.
#[tokio::test(start_paused = true)]
async fn what_comes_in_after_midnight_is_looked_for_where_it_was_begun_long_before() {
    let scene = Scene::new().await;
    let ((_, early), (other, unpaid)) = (scene.pay(1).await, scene.pay(2).await);
    scene.stage.sandbox.void(unpaid.id).unwrap();
    scene.book(&early).await;
    let to_midnight = scene.stage.now().day().next().start().millis_since(scene.stage.now()) / 1_000;
    scene.later(to_midnight.unsigned_abs() - 60);
    let (_, ordinary) = scene.pay(3).await;
    let first = scene.night().await;
    // An hour and a half after midnight everything of the first day is at rest.
    assert_eq!(scene.run(json!({"compare": "day", "day": first})).await.unwrap()["differences"], 1, "it is not booked yet");
    scene.book(&ordinary).await;
    scene.name(&early, &other).await;
    scene.book(&early).await;
    scene.later(1_000);
    let day = scene.night().await;
    scene.run(json!({"compare": "day", "day": day})).await.unwrap();
    let cases = scene.cases().await;
    let twice: Vec<_> = cases.iter().filter(|(reason, ..)| reason == "booked_twice").collect();
    assert_eq!(twice, [&("booked_twice".to_owned(), 5_000, Some(early.id.to_string()))], "{cases:?}");
}

/// Begun more days ago than are looked through: the document says so.
#[tokio::test(start_paused = true)]
async fn what_is_older_than_is_looked_through_is_counted() {
    let scene = Scene::new().await;
    let ((_, paid), (other, unpaid)) = (scene.pay(1).await, scene.pay(2).await);
    scene.stage.sandbox.void(unpaid.id).unwrap();
    scene.book(&paid).await;
    for _ in 0..40 {
        scene.night().await;
    }
    scene.name(&paid, &other).await;
    let fact = scene.fetch(&paid).await.facts.into_iter().find(|fact| matches!(fact.happening, Happening::Captured { .. }));
    scene.book_fact(&fact.unwrap()).await;
    scene.later(1_000);
    let day = scene.night().await;
    scene.run(json!({"compare": "day", "day": day})).await.unwrap();
    assert!(scene.cases().await.iter().all(|(reason, ..)| reason != "booked_twice"));
    let document = scene.stage.bucket().unwrap().fetch(&reconciliation::day::key(day)).await.unwrap().unwrap();
    assert_eq!(serde_json::from_slice::<Value>(&document).unwrap()["not_looked_for_before"], 1);
}
