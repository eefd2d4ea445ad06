//! A call that dies between any two of its calls, or is not answered by one of them, forgets nothing; and many gifts are many messages.

use std::sync::atomic::{AtomicUsize, Ordering};

use domain::donation::{Donation, Giver, Place, Sealed};
use domain::id::DonationId;
use domain::message::Message;
use domain::notice::Telling;
use domain::owner::Owner;
use platform::bucket::Bucket;
use platform::privacy::PrivacyError;
use serde_json::Value;
use stage::{event, sample};
use testkit::connector::invocation;
use testkit::faults::{Call, Fault, NoFaults};

use crate::scene::{Scene, run};

/// The call of this number fails.
fn at(number: usize, fault: Fault) -> impl Fn(&Call<'_>) -> Fault {
    let calls = AtomicUsize::new(0);
    move |_| if calls.fetch_add(1, Ordering::Relaxed) == number { fault } else { Fault::Pass }
}

/// Two gifts of a donor's without a data key, one of which is paid and in part given back, with two versions of a receipt each.
async fn given(scene: &Scene) -> (Vec<DonationId>, Sealed) {
    let sealed = scene.privacy().seal("donor#donor-1", &"somebody").await.unwrap();
    let bucket = Bucket::new(&scene.stage.cloud.sdk_config(), &scene.stage.platform("receipts").unwrap().settings).unwrap();
    let mut ids = Vec::new();
    for number in 1..=2 {
        let mut gift = sample::gift(number, scene.stage.now());
        gift.giver = Giver::Donor("donor-1".parse().unwrap());
        gift.personal = Some(sealed.clone());
        scene.stage.table.make_donation(&gift).await.unwrap();
        for text in ["one", "two"] {
            let key = format!("receipts/{}/0.pdf", gift.id);
            bucket.keep(&key, "application/pdf", text.as_bytes().to_vec()).await.unwrap();
        }
        ids.push(gift.id);
    }
    scene.stage.settle(&ids[0]).await.unwrap();
    scene.stage.give_back(&ids[0], "5".parse().unwrap()).await.unwrap();
    assert_eq!(scene.stage.kept_salts(&ids[0]).await.unwrap().len(), 2);
    scene.stage.table.keep_telling(&"donor-1".parse().unwrap(), &Telling::default(), scene.stage.now()).await.unwrap();
    (ids, sealed)
}

async fn nothing_is_left(scene: &Scene, (ids, sealed): &(Vec<DonationId>, Sealed), when: &str) {
    assert!(matches!(scene.privacy().open::<Value>(sealed).await, Err(PrivacyError::Erased)), "{when}");
    assert!(scene.stage.versions().unwrap().iter().all(|(key, _)| !key.contains("receipts/")), "{when}");
    assert!(scene.stage.items("DONOR#").await.unwrap().is_empty(), "{when}");
    for id in ids {
        assert!(scene.donation(*id).await.forgotten && scene.stage.kept_salts(id).await.unwrap().is_empty(), "{when}");
    }
}

#[test]
fn whatever_call_of_the_function_fails_the_message_comes_again_and_ends_it() {
    for fault in Fault::EACH {
        // Tombstone, wish, index, donations, for each a mark, a listing and two deletions, and for each of two entries its page and its salt.
        for number in 0..17 {
            run(async {
                let when = format!("{fault:?} at {number}");
                let scene = Scene::set().await;
                let given = given(&scene).await;
                let owner = "donor#donor-1".parse().unwrap();
                scene.privacy().erase(&owner).await.unwrap();
                let message = Message::ErasureDue { owner, after: None };
                let deps = erasure::Deps::new(&scene.platform("erasure")).unwrap();
                scene.stage.cloud.services().set_faults(at(number, fault));
                let event = serde_json::from_value(event::messages(std::slice::from_ref(&message))).unwrap();
                let first = invocation(erasure::handle(&deps, event)).await;
                scene.stage.cloud.services().set_faults(NoFaults);
                if !first.is_ok_and(|answer| answer.batch_item_failures.is_empty()) {
                    scene.work_on(&message).await;
                }
                nothing_is_left(&scene, &given, &when).await;
            });
        }
    }
}

#[test]
fn a_donor_of_many_gifts_is_many_messages() {
    run(async {
        let scene = Scene::set().await;
        let most = u8::try_from(erasure::MOST_DONATIONS).unwrap();
        let many = 2 * most + 3;
        for number in 1..=many {
            // All of them in the same moment: the moment alone does not say where to go on.
            let mut gift = sample::gift(number, scene.stage.now());
            gift.giver = Giver::Donor("donor-1".parse().unwrap());
            scene.stage.table.make_donation(&gift).await.unwrap();
        }
        let owner: Owner = "donor#donor-1".parse().unwrap();
        scene.privacy().erase(&owner).await.unwrap();
        scene.work_on(&Message::ErasureDue { owner, after: None }).await;
        assert_eq!(scene.work().await, 2, "two more for the rest");
        for number in 1..=many {
            assert!(scene.donation(DonationId::from_bytes([number; 16])).await.forgotten);
        }
    });
}

#[test]
fn without_a_tombstone_and_for_others_nothing_is_done() {
    run(async {
        let scene = Scene::set().await;
        let (ids, _) = given(&scene).await;
        for owner in ["donor#donor-1".to_owned(), format!("donation#{}", ids[0]), "donor#nobody".to_owned()] {
            scene.work_on(&Message::ErasureDue { owner: owner.parse().unwrap(), after: None }).await;
        }
        assert_eq!(scene.stage.versions().unwrap().len(), 4);
        // A message of another queue's fails, and nothing else of its batch.
        let deps = erasure::Deps::new(&scene.platform("erasure")).unwrap();
        let batch = [Message::FoldRequested {}, Message::ErasureDue { owner: "donor#nobody".parse().unwrap(), after: None }];
        let answer = erasure::handle(&deps, serde_json::from_value(event::messages(&batch)).unwrap()).await;
        assert_eq!(answer.batch_item_failures.len(), 1);
    });
}

/// A gift that was refused is made anew under the same id: after the erasure, it is somebody's who gives again.
#[test]
fn what_is_made_anew_after_the_erasure_stays() {
    run(async {
        let scene = Scene::set().await;
        let owner = |id: DonationId| -> Owner { format!("donation#{id}").parse().unwrap() };
        let erased_at = scene.stage.now();
        for (number, later, goes) in [(1, 59, true), (2, 60, true), (3, 61, false)] {
            let gift = Donation { made_at: erased_at.plus_seconds(later), ..sample::gift(number, erased_at) };
            scene.stage.table.make_donation(&gift).await.unwrap();
            scene.privacy().erase(&owner(gift.id)).await.unwrap();
            scene.work_on(&Message::ErasureDue { owner: owner(gift.id), after: None }).await;
            assert_eq!(scene.donation(gift.id).await.forgotten, goes, "{later} s after it");
        }
        // Who was about to make it anew has read it before it was marked, and has to read it again.
        let refused = sample::gift(4, erased_at);
        scene.stage.table.make_donation(&refused).await.unwrap();
        scene.privacy().erase(&owner(refused.id)).await.unwrap();
        scene.work_on(&Message::ErasureDue { owner: owner(refused.id), after: None }).await;
        let anew = Donation { version: 1, ..refused.clone() };
        assert!(!scene.stage.table.remake_donation(&refused, &anew).await.unwrap());
        // The mark is set once: told again, it is in nobody's way.
        let read = scene.donation(refused.id).await;
        scene.work_on(&Message::ErasureDue { owner: owner(refused.id), after: None }).await;
        assert_eq!(scene.donation(refused.id).await, read);
    });
}

/// After a restore, before the pages are there again: nobody says that it is done.
#[test]
fn where_the_page_is_missing_the_message_comes_again() {
    run(async {
        let scene = Scene::set().await;
        for (number, chain) in [(1, 3), (2, 99)] {
            let mut gift = sample::gift(number, scene.stage.now());
            gift.place = Some(Place { chain, seq: 999, index: 0 });
            scene.stage.table.make_donation(&gift).await.unwrap();
            let owner: Owner = format!("donation#{}", gift.id).parse().unwrap();
            scene.privacy().erase(&owner).await.unwrap();
            let deps = erasure::Deps::new(&scene.platform("erasure")).unwrap();
            let batch = [Message::ErasureDue { owner, after: None }];
            let answer = erasure::handle(&deps, serde_json::from_value(event::messages(&batch)).unwrap()).await;
            assert_eq!(answer.batch_item_failures.len(), 1, "chain {chain}");
        }
    });
}
