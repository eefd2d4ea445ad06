//! What its holder is given as a gift's proof, and what others' erasing does to it.

use data_encoding::BASE64;
use domain::proof::gift::{EntryProof, ProofFile};
use domain::proof::log::Log;
use domain::proof::{key, pages};
use testkit::faults::{Call, Failure, Fault, NoFaults};

use crate::scene::{Reply, Scene, call, money, run};

async fn asked(scene: &Scene, word: &str) -> Reply {
    call(&scene.deps, scene.asked_of("proof", word)).await
}

fn file(reply: &Reply) -> ProofFile {
    assert_eq!(reply.status, 200, "{}", reply.text);
    serde_json::from_str(&reply.text).unwrap()
}

fn keys() -> Vec<domain::proof::note::Verifier> {
    vec![stage::signer().verifier()]
}

#[test]
fn every_entry_of_a_gift_is_proven_once_its_day_is_published() {
    run(async {
        let mut scene = Scene::set().await;
        let half = file(&asked(&scene, "half").await);
        assert_eq!(half.proofs.iter().map(|proof| proof.kind.as_str()).collect::<Vec<_>>(), ["settled"]);
        assert_eq!(half.waiting.iter().map(|waiting| waiting.kind.as_str()).collect::<Vec<_>>(), ["refunded"]);
        assert_eq!(asked(&scene, "late").await.json()["code"], "not_yet_published");
        // The day after is published, too.
        let day = scene.stage.now().day().next();
        scene.log = scene.stage.publish_day(day, scene.log.clone()).await.unwrap();
        let half = file(&asked(&scene, "half").await);
        assert_eq!((half.proofs.len(), half.waiting.len()), (2, 0));
        let proven = half.verify(&keys()).unwrap();
        assert_eq!((proven[1].record.day, proven[1].entry.moved_minor()), (day, 2_000));
        // Its own checkpoint and that of the day after are of one log.
        assert_eq!((proven[0].checkpoint.size, proven[1].checkpoint.size), (1, 2));
        assert_eq!(file(&asked(&scene, "late").await).verify(&keys()).unwrap().len(), 1);
    });
}

#[test]
fn a_dispute_that_follows_a_refund_is_proven_too() {
    use domain::payment::Happening;
    run(async {
        let mut scene = Scene::set().await;
        let id = scene.give("contested", 30, None, |_| {}).await;
        scene.settle("contested", &id).await;
        let disputed_minor = money("50");
        scene.stage.book(&id, Happening::Disputed { disputed_minor }).await.unwrap();
        scene.stage.book(&id, Happening::DisputeLost { disputed_minor }).await.unwrap();
        let day = scene.stage.now().day().next();
        scene.stage.publish_day(day, scene.log.clone()).await.unwrap();
        let kinds: Vec<String> =
            file(&asked(&scene, "contested").await).proofs.into_iter().map(|EntryProof { kind, .. }| kind).collect();
        assert_eq!(kinds, ["settled", "disputed", "dispute_lost"]);
    });
}

/// On one page stand several gifts; one donor's salt is erased, and the others' proofs are what they were.
#[test]
fn an_erased_salt_takes_one_proof_with_it_and_no_other() {
    run(async {
        let mut scene = Scene::set().await;
        let ids = scene.settle_together(&["one", "two", "three"], 40).await;
        let day = scene.stage.now().day().next();
        scene.log = scene.stage.publish_day(day, scene.log.clone()).await.unwrap();
        let before = file(&asked(&scene, "one").await);
        assert_eq!((before.proofs[0].page.entries, before.proofs[0].page.path.len()), (3, 2));
        scene.stage.erase_salts(&ids[1]).await.unwrap();
        let refused = asked(&scene, "two").await;
        assert_eq!((refused.status, refused.json()["code"].as_str()), (410, Some("proof_erased")));
        for (word, id) in [("one", ids[0]), ("three", ids[2])] {
            let after = file(&asked(&scene, word).await);
            assert_eq!((after.donation, after.verify(&keys()).unwrap().len()), (id, 1));
        }
        assert_eq!(file(&asked(&scene, "one").await), before);
        // Erased before the day was published: no salt is needed for that.
        let ids = scene.settle_together(&["four", "five"], 50).await;
        scene.stage.erase_salts(&ids[0]).await.unwrap();
        scene.stage.publish_day(day.next(), scene.log.clone()).await.unwrap();
        assert_eq!(asked(&scene, "four").await.status, 410);
        assert_eq!(file(&asked(&scene, "five").await).verify(&keys()).unwrap().len(), 1);
    });
}

/// A salt that is not there though nobody was erased is for an operator, and is not said to be the donor's own wish.
#[test]
fn a_salt_that_is_lost_is_our_fault() {
    run(async {
        let mut scene = Scene::set().await;
        let ids = scene.settle_together(&["one", "two"], 40).await;
        scene.stage.publish_day(scene.stage.now().day().next(), scene.log.clone()).await.unwrap();
        scene.stage.lose_salts(&ids[0]).await.unwrap();
        assert_eq!(asked(&scene, "one").await.status, 500);
        assert_eq!(asked(&scene, "two").await.status, 200);
    });
}

/// The proof itself tells nobody else's donation, payment or amount.
#[test]
fn a_proof_shows_nothing_of_its_neighbours() {
    run(async {
        let mut scene = Scene::set().await;
        let ids = scene.settle_together(&["one", "two"], 40).await;
        let day = scene.stage.now().day().next();
        scene.stage.publish_day(day, scene.log.clone()).await.unwrap();
        let told = asked(&scene, "one").await;
        let entry = BASE64.decode(file(&told).proofs[0].entry.as_bytes()).unwrap();
        let other = ids[1].to_string();
        assert!(!told.text.contains(&other) && !String::from_utf8_lossy(&entry).contains(&format!("p-{other}")));
    });
}

#[test]
fn what_does_not_fit_is_our_fault_and_proves_nothing() {
    run(async {
        let scene = Scene::set().await;
        let bucket = scene.stage.bucket().unwrap();
        let day = scene.stage.now().day();
        let leaves = std::fs::read(scene.published(&key::pages(day))).unwrap();
        let mut others = pages::read(&leaves).unwrap();
        others.swap(0, 1);
        for bytes in [pages::bytes(&others), leaves[1..].to_vec(), leaves[32..].to_vec()] {
            bucket.keep(&key::pages(day), "application/octet-stream", bytes).await.unwrap();
            let reply = asked(&scene, "paid").await;
            assert_eq!((reply.status, reply.json()["code"].as_str()), (500, Some("internal")));
        }
        bucket.keep(&key::pages(day), "application/octet-stream", leaves).await.unwrap();
        assert_eq!(asked(&scene, "paid").await.status, 200);
        assert_eq!(scene.log, serde_json::from_slice::<Log>(&std::fs::read(scene.published(key::LOG)).unwrap()).unwrap());
    });
}

#[test]
fn whatever_call_fails_the_same_request_gives_the_same_proof() {
    run(async {
        let scene = Scene::set().await;
        let whole = asked(&scene, "paid").await.text;
        for fault in [Fault::Before(Failure::Throttled), Fault::ReplyLost(Failure::Disconnected)] {
            // The donation, its page, and two documents of the day.
            for at in 0..4 {
                let calls = std::sync::atomic::AtomicUsize::new(0);
                scene.stage.cloud.services().set_faults(move |_: &Call<'_>| {
                    if calls.fetch_add(1, std::sync::atomic::Ordering::Relaxed) == at { fault } else { Fault::Pass }
                });
                let reply = asked(&scene, "paid").await;
                assert!(matches!(reply.status, 200 | 503), "{fault:?} at {at}: {}", reply.text);
                scene.stage.cloud.services().set_faults(NoFaults);
                assert_eq!(asked(&scene, "paid").await.text, whole, "{fault:?} at {at}");
            }
        }
    });
}
