//! A call that dies between any two of its calls, or is not answered by one of them, forgets nothing.

use std::sync::atomic::{AtomicUsize, Ordering};

use domain::donation::{Giver, Sealed};
use domain::id::DonationId;
use domain::notice::Telling;
use platform::bucket::Bucket;
use platform::privacy::PrivacyError;
use serde_json::Value;
use stage::sample;
use testkit::connector::invocation;
use testkit::faults::{Call, Fault, NoFaults};

use crate::scene::{Scene, run};

/// The call of this number fails.
fn at(number: usize, fault: Fault) -> impl Fn(&Call<'_>) -> Fault {
    let calls = AtomicUsize::new(0);
    move |_| if calls.fetch_add(1, Ordering::Relaxed) == number { fault } else { Fault::Pass }
}

/// Two gifts of a donor's without a data key, one of them paid, with two versions of a receipt each.
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
    assert_eq!(scene.stage.kept_salts(&ids[0]).await.unwrap().len(), 1);
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

/// If the key is gone, everything goes, whether the request is repeated or not. If it is not, nothing has gone, and the request is repeated.
#[test]
fn whatever_call_of_the_request_fails_nothing_is_forgotten() {
    for fault in Fault::EACH {
        // Two messages and one write; beyond them nothing fails.
        for number in 0..4 {
            run(async {
                let when = format!("{fault:?} at {number}");
                let scene = Scene::set().await;
                let given = given(&scene).await;
                scene.stage.cloud.services().set_faults(at(number, fault));
                let first = invocation(scene.erase("donor-1")).await;
                if let Ok(reply) = &first {
                    assert!(matches!(reply.status, 202 | 503), "{when}: {}", reply.body);
                }
                scene.stage.cloud.services().set_faults(NoFaults);
                scene.work().await;
                scene.wait().await;
                scene.work().await;
                if scene.privacy().open::<Value>(&given.1).await.is_ok() {
                    assert!(!first.is_ok_and(|reply| reply.status == 202), "{when}");
                    assert_eq!(scene.stage.versions().unwrap().len(), 4, "{when}");
                    assert_eq!(scene.stage.items("DONOR#").await.unwrap().len(), 1, "{when}");
                    assert_eq!(scene.erase("donor-1").await.status, 202, "{when}");
                    scene.work().await;
                }
                nothing_is_left(&scene, &given, &when).await;
            });
        }
    }
}
