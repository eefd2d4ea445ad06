//! After an erasure nothing of the person's is found anywhere, and everything of everybody else's is what it was.

use std::collections::BTreeMap;

use data_encoding::{BASE64, HEXLOWER};
use domain::donation::Giver;
use domain::journal::{ChainId, Tail};
use domain::notice::Telling;
use domain::proof::gift::ProofFile;
use domain::proof::log::Log;
use platform::privacy::PrivacyError;
use serde_json::{Value, json};
use stage::{event, sample};

use crate::scene::{OTHERS, Reply, Scene, THEIRS, run, signed_in};

fn person() -> Value {
    json!({"name": THEIRS[0], "mobile": THEIRS[1], "email": THEIRS[2]})
}

fn file(reply: &Reply) -> ProofFile {
    assert_eq!(reply.status, 200, "{}", reply.body);
    serde_json::from_value(reply.body.clone()).unwrap()
}

/// A text in every form in which it could stand in bytes: itself, as JSON escapes it, in base64 and in hex.
fn forms(bytes: &[u8]) -> Vec<Vec<u8>> {
    let mut forms = vec![bytes.to_vec(), HEXLOWER.encode(bytes).into_bytes()];
    let base64 = BASE64.encode(bytes);
    forms.push(base64.trim_end_matches('=').as_bytes()[..base64.len() / 4 * 4 - 4].to_vec());
    if let Ok(text) = std::str::from_utf8(bytes) {
        let escaped: String = text.encode_utf16().map(|unit| format!("\\u{unit:04x}")).collect();
        forms.push(escaped.into_bytes());
    }
    forms
}

fn holds(haystack: &[u8], needle: &[u8]) -> bool {
    haystack.windows(needle.len()).any(|window| window == needle)
}

/// Where any of it stands.
fn found(all: &[(String, Vec<u8>)], sought: &[Vec<u8>]) -> Vec<String> {
    let needles: Vec<Vec<u8>> = sought.iter().flat_map(|bytes| forms(bytes)).collect();
    all.iter()
        .filter(|(_, bytes)| needles.iter().any(|needle| holds(bytes, needle)))
        .map(|(place, _)| place.clone())
        .collect()
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

#[test]
fn nothing_of_the_person_is_left_anywhere_and_everything_of_others() {
    run(async {
        let scene = Scene::set().await;
        let first = scene.give("donor-1", 1, Some(person())).await;
        let silent = scene.give("donor-1", 2, None).await;
        let others = scene.give("donor-2", 3, Some(json!({"name": OTHERS, "mobile": "+966559999999"}))).await;
        // Of before: its salt stands in clear.
        let old_salt = "a5".repeat(16);
        let mut old = sample::gift(77, scene.stage.now());
        old.giver = Giver::Donor("donor-1".parse().unwrap());
        old.salt = old_salt.clone();
        assert!(scene.stage.table.make_donation(&old).await.unwrap().is_none());
        let quiet = Telling { discreet: true, ..Telling::default() };
        scene.stage.table.keep_telling(&"donor-1".parse().unwrap(), &quiet, scene.stage.now()).await.unwrap();
        let theirs = [first, silent, old.id];
        scene.settle(&[first, silent, others, old.id]).await;
        let log = scene.stage.publish_day(scene.stage.now().day(), Log::default()).await.unwrap();

        // What stands before.
        let mut sought: Vec<Vec<u8>> = THEIRS.iter().map(|text| text.as_bytes().to_vec()).collect();
        let mut salts = Vec::new();
        for id in theirs {
            let proof = file(&scene.proof_of("donor-1", id).await);
            assert_eq!(proof.verify(&[stage::signer().verifier()]).unwrap().len(), 1);
            salts.push(HEXLOWER.decode(proof.proofs[0].salt.as_bytes()).unwrap());
            assert_eq!(scene.receipt_of("donor-1", id).await.status, 200);
        }
        assert_eq!(HEXLOWER.encode(&salts[2]), old_salt);
        let others_proof = file(&scene.proof_of("donor-2", others).await);
        assert_eq!(scene.receipt_of("donor-2", others).await.status, 200);
        let receipts_of = |all: &[(String, Vec<u8>)], id: &str| all.iter().filter(|(key, _)| key.contains(id)).count();
        let backup = scene.everything().await;
        assert!(found(&backup, &salts[..2]).is_empty(), "no salt stands anywhere that follows from a key");
        assert!(found(&backup, &sought).is_empty(), "what is sealed was never in clear");
        assert_eq!(found(&backup, &salts[2..]).len(), 1, "the search finds what is there");
        let sealed = scene.donation(first).await.personal.unwrap();
        assert_eq!(scene.privacy().open::<Value>(&sealed).await.unwrap(), person());

        // The erasure, twice.
        let erased = scene.erase("donor-1").await;
        assert_eq!(erased.status, 202, "{}", erased.body);
        assert!(erased.body["what_stays"].as_str().unwrap().contains("without a name"));
        assert!(scene.work().await > 0);
        assert_eq!(scene.erase("donor-1").await.status, 202);
        scene.wait().await;
        assert!(scene.work().await > 0);

        sought.extend(salts);
        let after = scene.everything().await;
        assert_eq!(found(&after, &sought), Vec::<String>::new());
        for id in theirs {
            let name = format!("receipts/{id}");
            assert_eq!((receipts_of(&backup, &name), receipts_of(&after, &name)), (1, 0));
        }
        assert_eq!(receipts_of(&after, &format!("receipts/{others}")), 1);
        assert!(scene.stage.items("DONOR#donor-1").await.unwrap().is_empty());

        // What was sealed is there and does not open, nor does it with the keys of after from a backup.
        assert_eq!(scene.donation(first).await.personal.unwrap(), sealed);
        assert!(matches!(scene.privacy().open::<Value>(&sealed).await, Err(PrivacyError::Erased)));
        assert!(scene.privacy().existing("donor#donor-1").await.unwrap().is_none());
        for id in theirs {
            let refused = scene.proof_of("donor-1", id).await;
            assert_eq!((refused.status, &refused.body["code"]), (410, &json!("proof_erased")));
            assert_eq!(scene.receipt_of("donor-1", id).await.status, 200, "a receipt without a name");
        }

        // The others, and the books.
        assert_eq!(file(&scene.proof_of("donor-2", others).await), others_proof);
        assert_eq!(others_proof.verify(&[stage::signer().verifier()]).unwrap().len(), 1);
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

        // What goes back of an erased gift is booked as ever, and nobody can show whose it was.
        scene.give_back(first, "10".parse().unwrap()).await;
        assert_eq!(scene.proof_of("donor-1", first).await.status, 410);
        scene.stage.publish_day(scene.stage.now().day().next(), log).await.unwrap();
        the_books_stand(&scene).await;
        let mut all = scene.everything().await;
        all.extend(scene.queues().await);
        assert_eq!(found(&all, &sought), Vec::<String>::new());
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
