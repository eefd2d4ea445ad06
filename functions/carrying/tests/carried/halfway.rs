//! Whatever breaks off, comes twice, late or out of order: facts are written once, and every donor hears of theirs.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use domain::message::Message;
use domain::sacrifice::carrying::update::Told;
use domain::sacrifice::carrying::{Refusal, Words};
use platform::table::Adding;
use testkit::chance::Chance;
use testkit::faults::{Call, Failure, Fault, NoFaults, RandomFaults, Rates};

use crate::scene::{Scene, all_done, done, owners};

/// All animals, one of them outside the season, one twice with two words.
fn rows() -> Vec<Told> {
    let mut rows = all_done();
    rows.push(Told { by: "LIC-9".to_owned(), ..done("camel-makkah-2") });
    rows.push(Told { slaughtered_at: "2027-05-14T07:00:00+03:00".to_owned(), ..done("sheep-makkah-3") });
    rows
}

/// Works a message off as Lambda does: what failed or died comes again, and so does what is done now and then.
async fn deliver(scene: &Scene, first: Message) {
    let mut waiting = vec![first];
    for _ in 0..200 {
        let Some(message) = waiting.pop() else { return };
        match scene.run(std::slice::from_ref(&message)).await {
            Ok(failed) if failed.is_empty() => {}
            Ok(_) | Err(_) => waiting.insert(0, message),
        }
        waiting.extend(scene.stage.take_messages("carrying").await.unwrap());
    }
    panic!("it does not end");
}

/// What stands in the end, whatever happened on the way.
async fn holds(scene: &Scene, what: &str) {
    assert_eq!(scene.told().await, owners(), "{what}: every donor of every animal");
    for animal in ["camel-makkah-1", "camel-makkah-2", "sheep-makkah-1", "sheep-makkah-2", "sheep-makkah-3"] {
        let carried = scene.animal(animal).await.unwrap();
        assert_eq!(carried.version, 1, "{what}: {animal} is written once");
        assert_eq!(carried.slaughter.unwrap().by.as_str(), "LIC-2041", "{what}: {animal}");
    }
    let reasons: Vec<String> = scene.cases().await.into_iter().map(|(reason, _)| reason).collect();
    assert_eq!(reasons, ["outside_season", "slaughter_differs"], "{what}");
}

#[tokio::test(start_paused = true)]
async fn a_part_that_breaks_off_at_any_call_is_finished() {
    let faults = [
        Fault::CrashBefore,
        Fault::CrashAfter,
        Fault::ReplyLost(Failure::Disconnected),
        Fault::Before(Failure::Throttled),
        Fault::Duplicate,
    ];
    for fault in faults {
        for broken in 0.. {
            let scene = Scene::set(1).await;
            let (batch, message) = scene.receive("key", &rows()).await;
            let calls = Arc::new(AtomicUsize::new(0));
            let seen = Arc::clone(&calls);
            scene.stage.cloud.services().set_faults(move |_: &Call<'_>| {
                if seen.fetch_add(1, Ordering::Relaxed) == broken { fault } else { Fault::Pass }
            });
            deliver(&scene, message).await;
            scene.stage.cloud.services().set_faults(NoFaults);
            let what = format!("{fault:?} at {broken}");
            holds(&scene, &what).await;
            assert_eq!(scene.refused(&batch).await, [(6, Refusal::Differs), (7, Refusal::OutsideSeason)], "{what}");
            if calls.load(Ordering::Relaxed) <= broken {
                assert!(broken > 15, "a batch needs more calls than {broken}");
                break;
            }
        }
    }
}

/// Several batches that say the same in parts and pieces, their messages doubled and shuffled, with faults at every call.
#[tokio::test(start_paused = true)]
async fn duplicates_disorder_and_faults_change_nothing() {
    for seed in 0..25 {
        let scene = Scene::set(seed).await;
        let chance = Chance::seeded(seed, "rows");
        let mut waiting = Vec::new();
        for number in 0..4 {
            let mut told = all_done();
            told.retain(|_| number == 0 || chance.happens(500));
            if told.is_empty() {
                continue;
            }
            let (_, message) = scene.receive(&format!("key-{number}"), &told).await;
            waiting.extend([message.clone(), message]);
        }
        let rates = Rates {
            throttled: 20,
            failed: 20,
            reply_lost: 40,
            duplicated: 20,
            crash_before: 20,
            crash_after: 40,
            ..Rates::default()
        };
        scene.stage.cloud.services().set_faults(RandomFaults::new(rates, seed));
        for round in 0.. {
            assert!(round < 2_000, "{seed}: it does not end");
            if round == 1_000 {
                scene.stage.cloud.services().set_faults(NoFaults);
            }
            if waiting.is_empty() {
                break;
            }
            let place = usize::try_from(chance.below(waiting.len() as u64)).unwrap();
            let message = waiting.swap_remove(place);
            match scene.run(std::slice::from_ref(&message)).await {
                Ok(failed) if failed.is_empty() => {
                    // Now and then it comes again all the same.
                    if chance.happens(200) {
                        waiting.push(message);
                    }
                }
                Ok(_) | Err(_) => waiting.push(message),
            }
            waiting.extend(scene.stage.take_messages("carrying").await.unwrap());
        }
        scene.stage.cloud.services().set_faults(NoFaults);
        assert_eq!(scene.told().await, owners(), "{seed}");
        for animal in ["camel-makkah-1", "camel-makkah-2", "sheep-makkah-1", "sheep-makkah-2", "sheep-makkah-3"] {
            assert_eq!(scene.animal(animal).await.unwrap().version, 1, "{seed}: {animal} is written once");
        }
        assert_eq!(scene.cases().await, [], "{seed}");
    }
}

/// While the queue of notices refuses, nothing is let go: the fact stands, and the news follows.
#[tokio::test(start_paused = true)]
async fn no_part_is_done_before_its_news_is_on_its_way() {
    let scene = Scene::set(1).await;
    let (batch, message) = scene.receive("key", &all_done()).await;
    assert_eq!(scene.run(&[message]).await.unwrap(), Vec::<usize>::new());
    let parts = scene.stage.take_messages("carrying").await.unwrap();
    scene.stage.cloud.services().set_faults(|call: &Call<'_>| match call.operation {
        "SendMessageBatch" => Fault::Before(Failure::Throttled),
        _ => Fault::Pass,
    });
    assert_eq!(scene.run(&parts).await.unwrap(), [0]);
    scene.stage.cloud.services().set_faults(NoFaults);
    assert!(scene.animal("camel-makkah-1").await.unwrap().is_slaughtered());
    assert_eq!(scene.stage.table.parts(&batch).await.unwrap(), []);
    assert_eq!(scene.run(&parts).await.unwrap(), Vec::<usize>::new());
    assert_eq!(scene.told().await, owners());
}

/// A part that never comes to its end: what it has found is a person's matter all the same, and whoever's animal is written hears of it.
#[tokio::test(start_paused = true)]
async fn a_part_that_never_succeeds_hides_nothing() {
    let scene = Scene::set(1).await;
    let (batch, message) = scene.receive("key", &rows()).await;
    assert_eq!(scene.run(&[message]).await.unwrap(), Vec::<usize>::new());
    let parts = scene.stage.take_messages("carrying").await.unwrap();
    scene.stage.cloud.services().set_faults(|call: &Call<'_>| {
        let is_it = call.operation == "PutItem" && String::from_utf8_lossy(call.body).contains("ANIMALS#camel-makkah#");
        if is_it { Fault::Before(Failure::Throttled) } else { Fault::Pass }
    });
    for _ in 0..2 {
        assert_eq!(scene.run(&parts).await.unwrap(), [0]);
    }
    scene.stage.cloud.services().set_faults(NoFaults);
    assert_eq!(scene.stage.table.parts(&batch).await.unwrap(), []);
    let reasons: Vec<String> = scene.cases().await.into_iter().map(|(reason, _)| reason).collect();
    assert_eq!(reasons, ["outside_season"], "once, however often it is tried");
    let told = scene.told().await;
    assert!(told.len() == 3 && told.iter().all(|(animal, _)| animal.starts_with("sheep")), "{told:?}");
    assert_eq!(scene.run(&parts).await.unwrap(), Vec::<usize>::new());
    holds(&scene, "in the end").await;
}

/// A run has written, and told nobody; then an operator corrects where the place lies or how the moon was seen. What was written is told.
#[tokio::test(start_paused = true)]
async fn what_was_written_is_told_though_a_rule_has_changed_meanwhile() {
    let changes: [fn(&mut domain::sacrifice::Offering); 3] = [
        |of| of.day.as_mut().unwrap().sighted = domain::hijri::Sighted::DayAfter,
        |of| of.place.coordinates = None,
        |of| of.place.slaughterhouse = Some("makkah-2".parse().unwrap()),
    ];
    for (number, change) in changes.into_iter().enumerate() {
        let scene = Scene::set(1).await;
        let (batch, message) = scene.receive("key", &all_done()).await;
        assert_eq!(scene.run(&[message]).await.unwrap(), Vec::<usize>::new());
        let parts = scene.stage.take_messages("carrying").await.unwrap();
        scene.stage.cloud.services().set_faults(|call: &Call<'_>| match call.operation {
            "SendMessageBatch" => Fault::CrashBefore,
            _ => Fault::Pass,
        });
        assert!(scene.run(&parts).await.is_err());
        scene.stage.cloud.services().set_faults(NoFaults);
        assert!(scene.animal("camel-makkah-1").await.unwrap().is_slaughtered());
        for id in ["camel-makkah", "sheep-makkah"] {
            let was = scene.stage.table.offering(&id.parse().unwrap()).await.unwrap().unwrap();
            let mut is = domain::sacrifice::Offering { revision: was.revision + 1, ..was };
            change(&mut is);
            assert!(scene.stage.table.put_offering(&is).await.unwrap());
        }
        assert_eq!(scene.run(&parts).await.unwrap(), Vec::<usize>::new());
        assert_eq!(scene.told().await, owners(), "change {number}");
        assert_eq!((scene.refused(&batch).await, scene.cases().await), (vec![], vec![]), "change {number}");
        // What nobody has written is held against the rules as they are.
        if number == 0 {
            let late = Told { slaughtered_at: "2027-05-16T07:20:00+03:00".to_owned(), ..done("camel-makkah-1") };
            let (batch, message) = scene.receive("later", &[late]).await;
            scene.carry(message).await;
            assert_eq!(scene.refused(&batch).await, [(1, Refusal::OutsideSeason)]);
        }
    }
}

/// The animal was written and nobody told, because the run died; then two people took back a receiver that the same row had named. The row is refused, and its slaughter stands and is told.
#[tokio::test(start_paused = true)]
async fn a_slaughter_that_stands_is_told_though_other_words_of_its_row_were_taken_back() {
    let scene = Scene::set(1).await;
    let row = Told {
        distributed_to: "birr-jazan".to_owned(),
        country: "SA".to_owned(),
        portions: Some(90),
        ..done("camel-makkah-1")
    };
    let (batch, message) = scene.receive("key", std::slice::from_ref(&row)).await;
    scene.stage.cloud.services().set_faults(|call: &Call<'_>| {
        let tells = call.operation == "SendMessageBatch" && String::from_utf8_lossy(call.body).contains("notices");
        if tells { Fault::CrashBefore } else { Fault::Pass }
    });
    let mut waiting = vec![message];
    while let Some(message) = waiting.pop() {
        match scene.run(std::slice::from_ref(&message)).await {
            Ok(_) => waiting.extend(scene.stage.take_messages("carrying").await.unwrap()),
            Err(_) => {
                waiting.push(message);
                break;
            }
        }
    }
    scene.stage.cloud.services().set_faults(NoFaults);
    let known = scene.animal("camel-makkah-1").await.unwrap();
    assert!(known.is_slaughtered() && scene.news().await.is_empty());
    let words = Words { distributed: known.distributed.clone(), ..Words::default() };
    let without = known.without(&words, &"b".repeat(32).parse().unwrap(), scene.stage.now()).unwrap();
    assert_eq!(scene.stage.table.add_carried(&without).await.unwrap(), Adding::Done);
    deliver(&scene, waiting.pop().unwrap()).await;
    let of_it = owners().into_iter().filter(|(animal, _)| animal == "camel-makkah-1").collect();
    assert_eq!(scene.told().await, of_it);
    assert_eq!(scene.refused(&batch).await, [(1, Refusal::TakenBack)]);
}
