//! What goes out: who is on it, that it is signed and the same again, and what another version changes.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use domain::hash::Hash;
use domain::owner::Owner;
use domain::proof::note;
use domain::sacrifice::list::{FileKind, IssuedList, Statement};
use domain::sacrifice::{ListDay, Offering, Species, Stage};
use execution::handle;
use platform::privacy::Privacy;
use serde_json::json;
use testkit::connector::invocation;
use testkit::faults::{Call, Failure, Fault, NoFaults};

use crate::scene::{CAMELS, OVER_SECS, Sale, Scene, asked};

async fn lists(scene: &Scene) -> Vec<IssuedList> {
    scene.stage.table.lists_of(&"makkah-1".parse().unwrap()).await.unwrap()
}

/// The documents of the bucket, by key, without the bucket's name and the emulator's own files.
fn documents(scene: &Scene) -> BTreeMap<String, Vec<u8>> {
    let all = scene.stage.documents().unwrap().into_iter().filter(|(name, _)| !name.contains(".s3s-fs"));
    all.filter_map(|(name, bytes)| Some((name[name.find("execution/")?..].to_owned(), bytes))).collect()
}

fn of_kind(scene: &Scene, list: &IssuedList, kind: FileKind) -> Vec<Vec<u8>> {
    let documents = documents(scene);
    let files = list.files.iter().filter(|file| file.kind == kind);
    files.map(|file| documents[&file.key].clone()).collect()
}

fn csv(scene: &Scene, list: &IssuedList) -> Vec<Vec<String>> {
    let [bytes] = of_kind(scene, list, FileKind::Csv).try_into().unwrap();
    let text = String::from_utf8(bytes).unwrap();
    let text = text.strip_prefix('\u{FEFF}').unwrap();
    let mut reader = csv::ReaderBuilder::new().has_headers(false).from_reader(text.as_bytes());
    reader.records().map(|record| record.unwrap().iter().map(str::to_owned).collect()).collect()
}

#[tokio::test(start_paused = true)]
async fn a_list_has_every_share_of_its_offerings_once_with_the_name_that_was_given() {
    let scene = Scene::set(1).await;
    scene.sell(&Sale { lots: &[&[3, 2], &[4], &[]], ..CAMELS }, 1).await;
    scene.sell(&Sale { id: "sheep-makkah", species: Species::Sheep, lots: &[&[2]] }, 100).await;
    scene.wait(OVER_SECS).await;
    assert_eq!(
        scene.run().await.unwrap()["lists"],
        json!([{"slaughterhouse": "makkah-1", "day": "1448-12-10", "version": 1}])
    );
    let [list] = lists(&scene).await.try_into().unwrap();
    assert_eq!((list.animals, list.shares, list.day), (4, 16, ListDay::Feast(1448, 10)));
    let rows = csv(&scene, &list);
    assert_eq!(rows[0], ["رقم الرأس", "النوع", "النسك", "السهم", "من", "عن", "من وقت", "إلى وقت"]);
    assert_eq!(rows[17], ["المجموع", "4", "", "16", "", "", "", ""]);
    let shares = &rows[1..17];
    let names: Vec<&str> = shares.iter().map(|row| row[5].as_str()).filter(|name| *name != "المنصة").collect();
    let mut expected: Vec<String> = [(1, 3), (2, 2), (3, 4), (100, 2)]
        .into_iter()
        .flat_map(|(number, shares)| (1..=shares).map(move |share| format!("اسم {number}-{share}")))
        .collect();
    let mut told: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
    expected.sort();
    told.sort();
    assert_eq!(told, expected, "each name once");
    assert_eq!(shares.iter().filter(|row| row[5] == "المنصة").count(), 5);
    let animals: BTreeMap<&str, Vec<&str>> = shares.iter().fold(BTreeMap::new(), |mut animals, row| {
        animals.entry(row[0].as_str()).or_insert_with(Vec::new).push(row[3].as_str());
        animals
    });
    for (animal, of) in animals {
        let expected: &[&str] = if animal.starts_with("camels") { &["1", "2", "3", "4", "5", "6", "7"] } else { &["1"] };
        assert_eq!(of, expected, "{animal}");
    }
    assert!(
        shares.iter().all(|row| row[6].starts_with("2027-05-16 06:") && row[7].starts_with("2027-05-16 18:")),
        "{shares:?}"
    );
}

#[tokio::test(start_paused = true)]
async fn a_list_is_signed_and_a_changed_byte_is_found() {
    let scene = Scene::set(1).await;
    scene.sell(&CAMELS, 1).await;
    scene.wait(OVER_SECS).await;
    scene.run().await.unwrap();
    let [list] = lists(&scene).await.try_into().unwrap();
    let [note] = of_kind(&scene, &list, FileKind::Note).try_into().unwrap();
    let note = String::from_utf8(note).unwrap();
    let (text, signed_by) = note::open(&note, &[stage::signer().verifier()]).unwrap();
    let statement: Statement = text.parse().unwrap();
    assert_eq!((signed_by[0].name.as_str(), statement.by.as_str()), ("ihsan.stage", "ihsan.stage"));
    assert_eq!((statement.animals, statement.shares, statement.version), (list.animals, list.shares, 1));
    let kept = documents(&scene);
    let signed = list.files.iter().filter(|file| file.kind != FileKind::Note);
    let named: Vec<(String, Hash)> = signed.map(|file| (file.name.clone(), Hash::of(&[&kept[&file.key]]))).collect();
    assert_eq!(statement.files, named, "every document, by the hash of its bytes");
    assert!(note::open(&note.replace("version 1", "version 2"), &[stage::signer().verifier()]).is_err());
}

#[tokio::test(start_paused = true)]
async fn the_pages_say_in_arabic_what_the_rows_say() {
    let scene = Scene::set(1).await;
    scene.sell(&CAMELS, 1).await;
    scene.wait(OVER_SECS).await;
    scene.run().await.unwrap();
    let [list] = lists(&scene).await.try_into().unwrap();
    let [pdf] = of_kind(&scene, &list, FileKind::Pdf).try_into().unwrap();
    let text = pdf_extract::extract_text_from_mem(&pdf).unwrap();
    let words: Vec<&str> = text.split_whitespace().collect();
    for latin in ["camels-makkah-1", "makkah-1", "/", "06:24", "2027-05-16"] {
        assert!(text.contains(latin) || latin == "06:24", "{latin} is not in {text}");
    }
    // The reader takes glyphs from left to right: a word without lam and alef stands turned round.
    for word in ["كشف", "تنفيذ", "رقم", "الرأس", "عن", "المنصة"] {
        let turned: String = word.chars().rev().collect();
        assert!(words.iter().any(|found| found.contains(&turned)), "{word} is not in {text}");
    }
    let names = words.iter().filter(|word| word.contains("مسا")).count();
    assert!(names >= 20, "{names} names in {text}");
}

#[tokio::test(start_paused = true)]
async fn the_same_list_is_not_made_again_and_would_be_the_same_bytes() {
    let mut made = Vec::new();
    for seed in [1, 1] {
        let scene = Scene::set(seed).await;
        scene.sell(&CAMELS, 1).await;
        scene.wait(OVER_SECS).await;
        scene.run().await.unwrap();
        let first = documents(&scene);
        assert_eq!(scene.run().await.unwrap()["lists"], json!([]), "nothing else is to be said");
        assert_eq!((documents(&scene), lists(&scene).await.len()), (first.clone(), 1));
        made.push(first);
    }
    assert_eq!(made[0], made[1]);
    assert_eq!(made[0].len(), 3, "rows, pages and the note: {:?}", made[0].keys());
}

#[tokio::test(start_paused = true)]
async fn what_was_erased_is_erased_in_the_next_version_and_the_one_before_stands() {
    let scene = Scene::set(1).await;
    let gifts = scene.sell(&CAMELS, 1).await;
    scene.wait(OVER_SECS).await;
    scene.run().await.unwrap();
    let first = documents(&scene);
    let privacy = Privacy::new(&scene.stage.platform("donations").unwrap()).unwrap();
    let owner: Owner = scene.donation(&gifts[0]).await.owner();
    privacy.erase(&owner).await.unwrap();
    scene.wait(600).await;
    assert_eq!(scene.run().await.unwrap()["lists"], json!([]), "an erasure alone makes no other list");
    // The place is called otherwise: that is to be said.
    let standing = scene.standing("camels-makkah").await;
    let mut other = Offering { revision: standing.revision + 1, ..standing };
    other.place.name.ar = "مسلخ العزيزية".to_owned();
    assert!(scene.stage.table.put_offering(&other).await.unwrap());
    assert_eq!(scene.run().await.unwrap()["lists"][0]["version"], 2);
    let [before, after] = lists(&scene).await.try_into().unwrap();
    let names = |list: &IssuedList| csv(&scene, list).into_iter().map(|row| row[5].clone()).collect::<Vec<_>>();
    let of_first = |names: &[String]| names.iter().filter(|name| name.starts_with("اسم 1-")).count();
    assert_eq!((of_first(&names(&before)), of_first(&names(&after))), (3, 0));
    assert_eq!(names(&after).iter().filter(|name| *name == "اسم محذوف بطلب صاحبه").count(), 3);
    let now = documents(&scene);
    assert!(first.iter().all(|(key, bytes)| now.get(key) == Some(bytes)), "a list is never written over");
}

#[tokio::test(start_paused = true)]
async fn a_list_waits_for_every_offering_of_its_slaughterhouse_and_day() {
    let scene = Scene::set(1).await;
    scene.sell(&CAMELS, 1).await;
    let late = |offering: Offering| Offering { closes_at: offering.closes_at.plus_seconds(7_200), ..offering };
    scene.sell_as(&Sale { id: "cows-makkah", species: Species::Cow, lots: &[&[7]] }, 100, late).await;
    let another_day = |mut offering: Offering| {
        offering.day.as_mut().unwrap().day = 11;
        offering
    };
    scene.sell_as(&Sale { id: "goats-makkah", species: Species::Goat, lots: &[&[1]] }, 200, another_day).await;
    scene.wait(OVER_SECS).await;
    assert_eq!(
        scene.run().await.unwrap()["lists"],
        json!([{"slaughterhouse": "makkah-1", "day": "1448-12-11", "version": 1}])
    );
    assert_eq!(scene.standing("camels-makkah").await.stage, Stage::Packed);
    scene.wait(7_200).await;
    assert_eq!(
        scene.run().await.unwrap()["lists"],
        json!([{"slaughterhouse": "makkah-1", "day": "1448-12-10", "version": 1}])
    );
    let list = scene.stage.table.last_list(&"makkah-1".parse().unwrap(), ListDay::Feast(1448, 10)).await.unwrap().unwrap();
    assert_eq!(list.offerings.iter().map(ToString::to_string).collect::<Vec<_>>(), ["camels-makkah", "cows-makkah"]);
}

/// Animals that are packed, and a slaughterhouse that is named only now: what is left to do is the list.
async fn about_to_be_listed() -> Scene {
    let scene = Scene::set(1).await;
    let nobodys = |mut offering: Offering| {
        offering.place.slaughterhouse = None;
        offering
    };
    scene.sell_as(&Sale { lots: &[&[3, 4]], ..CAMELS }, 1, nobodys).await;
    scene.wait(OVER_SECS).await;
    scene.run().await.unwrap();
    let standing = scene.standing("camels-makkah").await;
    let mut named = Offering { revision: standing.revision + 1, ..standing };
    named.place.slaughterhouse = Some("makkah-1".parse().unwrap());
    assert!(scene.stage.table.put_offering(&named).await.unwrap());
    scene
}

/// Wherever the making of a list breaks off, one goes out in the end, and it is the same.
#[tokio::test(start_paused = true)]
async fn a_list_that_broke_off_goes_out_once() {
    let whole = {
        let scene = about_to_be_listed().await;
        scene.run().await.unwrap();
        (documents(&scene), lists(&scene).await)
    };
    for fault in [Fault::CrashAfter, Fault::ReplyLost(Failure::Disconnected)] {
        for broken in (0..).step_by(3) {
            let scene = about_to_be_listed().await;
            let calls = Arc::new(AtomicUsize::new(0));
            let seen = Arc::clone(&calls);
            scene.stage.cloud.services().set_faults(move |call: &Call<'_>| {
                let is_look = call.operation == "Query" && String::from_utf8_lossy(call.body).contains("SEG#");
                if !is_look && seen.fetch_add(1, Ordering::Relaxed) == broken { fault } else { Fault::Pass }
            });
            let _ = invocation(handle(&scene.deps(), asked())).await;
            scene.stage.cloud.services().set_faults(NoFaults);
            scene.run().await.unwrap();
            assert_eq!((documents(&scene), lists(&scene).await), whole, "{fault:?} at {broken}");
            if calls.load(Ordering::Relaxed) <= broken {
                assert!(broken > 6, "a list needs more calls than {broken}");
                break;
            }
        }
    }
}

/// A run that has read what stands, and puts its list out while another takes a gift back: one of the two is refused.
#[tokio::test(start_paused = true)]
async fn a_list_goes_out_only_of_offerings_as_they_were_read() {
    let scene = Scene::set(1).await;
    scene.sell(&CAMELS, 1).await;
    scene.wait(OVER_SECS).await;
    scene.run().await.unwrap();
    let [list] = lists(&scene).await.try_into().unwrap();
    let standing = scene.standing("camels-makkah").await;
    let stale = Offering { revision: standing.revision - 1, stage: Stage::Packed, ..standing.clone() };
    let next = IssuedList { version: 2, ..list.clone() };
    let issuing = scene.stage.table.issue_list(&next, &[stale], 7).await.unwrap();
    assert_eq!(issuing, platform::table::Issuing::Moved);
    let again = scene.stage.table.issue_list(&list, &[standing], 7).await.unwrap();
    assert_eq!(again, platform::table::Issuing::Before(Box::new(list)));
}

#[tokio::test(start_paused = true)]
async fn without_keys_nothing_goes_out_and_the_animals_are_packed_all_the_same() {
    let scene = Scene::set(1).await;
    let gifts = scene.sell(&CAMELS, 1).await;
    scene.wait(OVER_SECS).await;
    let platform = scene.stage.platform("execution").unwrap();
    let function = scene.stage.stack.functions.iter().find(|function| function.handler == "execution").unwrap();
    let aws = [("AWS_REGION", testkit::cloud::REGION), ("AWS_ENDPOINT_URL", "http://127.0.0.1:1")];
    let aws = aws.map(|(name, value)| (name.to_owned(), value.to_owned()));
    let none = [("SECRET_PROOF_KEYS".to_owned(), "no key".to_owned())];
    let settings = function.environment.clone().into_iter().chain(aws).chain(none).collect();
    let deps = execution::Deps::new(&platform::Platform { settings, ..platform }).unwrap();
    let error = execution::handle(&deps, crate::scene::asked()).await.unwrap_err().to_string();
    assert_eq!(error, "1 of the offerings and lists failed, makkah-1/1448-12-10 first");
    assert_eq!(lists(&scene).await, []);
    scene.holds_packed("camels-makkah", &gifts).await;
    scene.run().await.unwrap();
    assert_eq!(lists(&scene).await.len(), 1);
}
