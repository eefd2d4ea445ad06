//! After an erasure nothing of the person's is found anywhere, and everything of everybody else's is what it was.

use std::collections::BTreeMap;
use std::time::Duration;

use domain::donation::{Giver, Sealed};
use domain::id::DonationId;
use domain::journal::{ChainId, Tail};
use domain::notice::Telling;
use domain::proof::gift::ProofFile;
use domain::proof::log::Log;
use platform::privacy::PrivacyError;
use privacy::found;
use serde_json::{Value, json};
use stage::{event, sample};
use testkit::faults::{Call, Fault, NoFaults};

use crate::scene::{OTHERS, Reply, Scene, THEIRS, run, signed_in};

fn person() -> Value {
    json!({"name": THEIRS[0], "mobile": THEIRS[1], "email": THEIRS[2]})
}

fn file(reply: &Reply) -> ProofFile {
    assert_eq!(reply.status, 200, "{}", reply.body);
    serde_json::from_value(reply.body.clone()).unwrap()
}

/// Every page, verified one after another; the sums of all accounts come to nothing.
async fn the_books_stand(scene: &Scene) {
    let mut balance = 0_i64;
    for chain in ChainId::all() {
        let mut tail = Tail::empty(chain);
        while let Some(page) = scene.stage.table.page(chain, tail.next_seq).await.unwrap() {
            page.verify(&tail).unwrap();
            let mut accounts: BTreeMap<String, i64> = BTreeMap::new();
            for transfer in page.transfers() {
                *accounts.entry(format!("{:?}", transfer.debit())).or_default() += transfer.amount().signed_halalas();
                *accounts.entry(format!("{:?}", transfer.credit())).or_default() -= transfer.amount().signed_halalas();
            }
            balance += accounts.values().sum::<i64>();
            tail = page.tail();
        }
    }
    assert_eq!(balance, 0);
}

/// A donor's gifts, another's, and all that there is to know of them before the erasure.
struct Before {
    /// The donor's: one with name and mobile, one without, and one of before the donor had a data key, whose salts are kept.
    theirs: [DonationId; 3],
    others: DonationId,
    others_proof: ProofFile,
    /// What the first sealed.
    sealed: Sealed,
    /// The salts of the donor's leaves.
    salts: Vec<Vec<u8>>,
    backup: Vec<(String, Vec<u8>)>,
    log: Log,
}

async fn given(scene: &Scene) -> Before {
    let first = scene.give("donor-1", 1, Some(person())).await;
    let silent = scene.give("donor-1", 2, None).await;
    let others = scene.give("donor-2", 3, Some(json!({"name": OTHERS, "mobile": "+966559999999"}))).await;
    let mut old = sample::gift(77, scene.stage.now());
    old.giver = Giver::Donor("donor-1".parse().unwrap());
    assert!(scene.stage.table.make_donation(&old).await.unwrap().is_none());
    let quiet = Telling { discreet: true, ..Telling::default() };
    scene.stage.table.keep_telling(&"donor-1".parse().unwrap(), &quiet, scene.stage.now()).await.unwrap();
    scene.settle(&[first, silent, others, old.id]).await;
    let log = scene.stage.publish_day(scene.stage.now().day(), Log::default()).await.unwrap();
    let theirs = [first, silent, old.id];
    let mut salts = Vec::new();
    for id in theirs {
        let proof = file(&scene.proof_of("donor-1", id).await);
        assert_eq!(proof.verify(&[stage::signer().verifier()]).unwrap().len(), 1);
        salts.push(proof.proofs[0].salt.as_bytes().chunks(2).map(hex).collect());
        assert_eq!(scene.receipt_of("donor-1", id).await.status, 200);
    }
    let others_proof = file(&scene.proof_of("donor-2", others).await);
    assert_eq!(scene.receipt_of("donor-2", others).await.status, 200);
    let sealed = scene.donation(first).await.personal.unwrap();
    assert_eq!(scene.privacy().open::<Value>(&sealed).await.unwrap(), person());
    let backup = scene.everything().await;
    Before { theirs, others, others_proof, sealed, salts, backup, log }
}

fn hex(pair: &[u8]) -> u8 {
    u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap()
}

fn names() -> Vec<Vec<u8>> {
    THEIRS.iter().map(|text| text.as_bytes().to_vec()).collect()
}

fn receipts_of(all: &[(String, Vec<u8>)], id: DonationId) -> usize {
    all.iter().filter(|(key, _)| key.contains(&format!("receipts/{id}"))).count()
}

async fn erased_twice(scene: &Scene) {
    let erased = scene.erase("donor-1").await;
    assert_eq!(erased.status, 202, "{}", erased.body);
    assert!(erased.body["what_stays"].as_str().unwrap().contains("without a name"));
    assert!(scene.work().await > 0);
    assert_eq!(scene.erase("donor-1").await.status, 202);
    scene.wait().await;
    assert!(scene.work().await > 0);
}

#[test]
fn nothing_of_the_person_is_left_anywhere() {
    run(async {
        let scene = Scene::set().await;
        let before = given(&scene).await;
        assert!(found(&before.backup, &before.salts[..2]).is_empty(), "no salt stands anywhere that follows from a key");
        let kept = found(&before.backup, &before.salts[2..]);
        assert!(kept.len() == 1 && kept[0].starts_with("KeysTable \"SALTS#"), "what is kept is in no backup: {kept:?}");
        assert!(found(&before.backup, &names()).is_empty(), "what is sealed was never in clear");
        erased_twice(&scene).await;
        let sought = [names(), before.salts].concat();
        let mut after = scene.everything().await;
        for id in before.theirs {
            assert_eq!((receipts_of(&before.backup, id), receipts_of(&after, id)), (1, 0));
        }
        assert!(scene.stage.items("DONOR#donor-1").await.unwrap().is_empty());
        // What was sealed is there, the same as in the backup, and does not open with the keys of after.
        assert_eq!(scene.donation(before.theirs[0]).await.personal.unwrap(), before.sealed);
        assert!(matches!(scene.privacy().open::<Value>(&before.sealed).await, Err(PrivacyError::Erased)));
        assert!(scene.privacy().existing("donor#donor-1").await.unwrap().is_none());
        for id in before.theirs {
            let refused = scene.proof_of("donor-1", id).await;
            assert_eq!((refused.status, &refused.body["code"]), (410, &json!("proof_erased")));
            assert_eq!(scene.receipt_of("donor-1", id).await.status, 200, "a receipt without a name");
        }
        // What goes back of an erased gift is booked as ever, and nobody can show whose it was.
        for id in [before.theirs[0], before.theirs[2]] {
            scene.give_back(id, "10".parse().unwrap()).await;
            assert_eq!(scene.stage.kept_salts(&id).await.unwrap(), Vec::<[u8; 16]>::new());
        }
        scene.stage.publish_day(scene.stage.now().day().next(), before.log).await.unwrap();
        for id in [before.theirs[0], before.theirs[2]] {
            assert_eq!(scene.proof_of("donor-1", id).await.status, 410);
        }
        the_books_stand(&scene).await;
        after.extend(scene.everything().await);
        after.extend(scene.queues().await);
        assert_eq!(found(&after, &sought), Vec::<String>::new());
    });
}

/// A gift is being paid while its donor is erased: settlement has read it before it was marked, and has to read it again.
#[test]
fn of_what_is_booked_at_the_moment_of_an_erasure_no_salt_is_kept() {
    run(async {
        let scene = Scene::set().await;
        let id = scene.give("donor-1", 1, None).await;
        scene.stage.cloud.services().set_faults(|call: &Call<'_>| match call.operation {
            "TransactWriteItems" => Fault::Delay(Duration::from_secs(20)),
            _ => Fault::Pass,
        });
        let paid = [id];
        tokio::join!(scene.settle(&paid), async {
            tokio::time::sleep(Duration::from_secs(5)).await;
            assert_eq!(scene.erase("donor-1").await.status, 202);
            assert!(scene.work().await > 0);
            assert!(scene.donation(id).await.forgotten && scene.donation(id).await.place.is_none());
        });
        scene.stage.cloud.services().set_faults(NoFaults);
        assert!(scene.donation(id).await.place.is_some());
        assert!(scene.stage.kept_salts(&id).await.unwrap().is_empty(), "by the first message that comes, whichever that is");
        scene.stage.publish_day(scene.stage.now().day(), Log::default()).await.unwrap();
        assert_eq!(scene.proof_of("donor-1", id).await.status, 410);
    });
}

#[test]
fn everything_of_others_is_what_it_was() {
    run(async {
        let scene = Scene::set().await;
        let before = given(&scene).await;
        erased_twice(&scene).await;
        assert_eq!(file(&scene.proof_of("donor-2", before.others).await), before.others_proof);
        assert_eq!(before.others_proof.verify(&[stage::signer().verifier()]).unwrap().len(), 1);
        assert_eq!(receipts_of(&scene.everything().await, before.others), 1);
        the_books_stand(&scene).await;
        // Notices that waited are dropped quietly; the other donor is told.
        let notices = scene.stage.take_messages("notices").await.unwrap();
        assert!(!notices.is_empty());
        let deps = notifications::Deps::new(&scene.platform("notifications")).unwrap();
        let told = notifications::handle(&deps, serde_json::from_value(event::messages(&notices)).unwrap()).await;
        assert!(told.batch_item_failures.is_empty());
        let messages = scene.stage.outbox.messages();
        assert_eq!(messages.len(), 1);
        assert!(messages[0].to_string().contains("+966559999999"));
    });
}

#[test]
fn whoever_gives_again_has_another_key_and_what_was_stays_erased() {
    run(async {
        let scene = Scene::set().await;
        let before = scene.give("donor-1", 1, Some(person())).await;
        scene.erase("donor-1").await;
        scene.work().await;
        tokio::time::advance(std::time::Duration::from_secs(90)).await;
        let again = scene.give("donor-1", 2, Some(json!({"name": "سارة"}))).await;
        let quiet = Telling { discreet: true, ..Telling::default() };
        scene.stage.table.keep_telling(&"donor-1".parse().unwrap(), &quiet, scene.stage.now()).await.unwrap();
        scene.settle(&[before, again]).await;
        assert_eq!(scene.receipt_of("donor-1", again).await.status, 200);
        scene.stage.publish_day(scene.stage.now().day(), Log::default()).await.unwrap();
        // The sweep of the erasure, and a replay of it after a restore, leave what came afterwards.
        scene.wait().await;
        assert_eq!(scene.work().await, 1);
        let (was, is) = (scene.donation(before).await, scene.donation(again).await);
        assert_eq!(is.personal.as_ref().unwrap().key, "donor#donor-1#1");
        assert!(is.leaf_key.is_some() && is.leaf_key != was.leaf_key);
        let privacy = scene.privacy();
        assert!(matches!(privacy.open::<Value>(&was.personal.unwrap()).await, Err(PrivacyError::Erased)));
        assert_eq!(privacy.open::<Value>(&is.personal.unwrap()).await.unwrap(), json!({"name": "سارة"}));
        assert_eq!(scene.stage.items("DONOR#donor-1").await.unwrap().len(), 1);
        assert_eq!(file(&scene.proof_of("donor-1", again).await).verify(&[stage::signer().verifier()]).unwrap().len(), 1);
        assert_eq!(scene.proof_of("donor-1", before).await.status, 410);
        let kept = scene.stage.documents().unwrap();
        assert!(kept.keys().any(|key| key.contains(&format!("receipts/{again}/"))));
    });
}

#[test]
fn a_guest_erases_one_gift_and_a_donor_all_or_none() {
    run(async {
        let scene = Scene::set().await;
        let (id, token) = scene.give_as_guest(person()).await;
        let route = "DELETE /v1/donations/{id}/personal-data";
        let path = json!({"id": id.to_string()});
        let ask =
            |token: &str| event::http(route, path.clone(), json!({"access-token": token, "accept-language": "ar"}), "");
        assert_eq!(scene.donations(ask("not it")).await.status, 404);
        let sealed = scene.donation(id).await.personal.unwrap();
        assert!(scene.privacy().open::<Value>(&sealed).await.is_ok());
        for _ in 0..2 {
            let erased = scene.donations(ask(&token)).await;
            assert_eq!(erased.status, 202, "{}", erased.body);
            assert!(erased.body["what_stays"].as_str().unwrap().contains("دون اسم"));
        }
        assert!(scene.work().await >= 2);
        assert!(matches!(scene.privacy().open::<Value>(&sealed).await, Err(PrivacyError::Erased)));
        let shown = event::http("GET /v1/donations/{id}", path.clone(), json!({"access-token": token}), "");
        assert_eq!(scene.donations(shown).await.body["donor"], Value::Null);
        let donors = scene.give("donor-1", 1, Some(person())).await;
        let path = json!({"id": donors.to_string()});
        let refused = scene.donations(signed_in(&scene.stage, "donor-1", (route, path), "", "")).await;
        assert_eq!((refused.status, &refused.body["code"]), (409, &json!("erased_together")));
        assert_eq!(refused.body["detail"], "DELETE /v1/personal-data");
        let sealed = scene.donation(donors).await.personal.unwrap();
        assert!(scene.privacy().open::<Value>(&sealed).await.is_ok());
    });
}

/// Nobody seals under a key that is gone, however recently an environment has used it; and it reads with it for a bounded time.
#[test]
fn another_environment_forgets_the_key_in_time() {
    run(async {
        let scene = Scene::set().await;
        let (here, there) = (scene.privacy(), scene.privacy());
        let sealed = there.seal("donor#donor-1", &person()).await.unwrap();
        here.open::<Value>(&sealed).await.unwrap();
        here.erase(&"donor#donor-1".parse().unwrap()).await.unwrap();
        assert!(matches!(here.open::<Value>(&sealed).await, Err(PrivacyError::Erased)), "its own copy is dropped at once");
        let anew = there.seal("donor#donor-1", &person()).await.unwrap();
        assert_eq!(anew.key, "donor#donor-1#1");
        tokio::time::advance(std::time::Duration::from_secs(301)).await;
        assert!(matches!(there.open::<Value>(&sealed).await, Err(PrivacyError::Erased)));
        assert!(scene.privacy().open::<Value>(&anew).await.is_ok());
    });
}
