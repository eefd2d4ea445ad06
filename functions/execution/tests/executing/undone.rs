//! After the season: what was never told as slaughtered is a matter for a person, once, and what was all done is looked at no more.

use domain::case::Reason;
use domain::id::OpportunityId;
use domain::sacrifice::AnimalName;
use domain::sacrifice::Carried;
use domain::sacrifice::Species;
use domain::sacrifice::carrying::carried::Source;
use domain::sacrifice::carrying::update::Told;
use platform::table::Adding;
use serde_json::{Value, json};
use testkit::faults::{Call, Failure, Fault, NoFaults};

use crate::scene::{OVER_SECS, Sale, Scene};

/// Seconds from the beginning of a scene to six hours after sunset of the 13th, and an hour more.
const AFTER_SECS: u64 = 10 * 24 * 3_600 + 14 * 3_600;

/// Three camels and two sheep, on a list; the clock after the season.
async fn listed() -> Scene {
    let scene = Scene::set(1).await;
    scene.sell(&Sale { id: "camels-makkah", species: Species::Camel, lots: &[&[7], &[3, 4], &[7]] }, 1).await;
    scene.sell(&Sale { id: "sheep-makkah", species: Species::Sheep, lots: &[&[2]] }, 100).await;
    scene.wait(OVER_SECS).await;
    let told = scene.run().await.unwrap();
    assert_eq!(told["lists"].as_array().unwrap().len(), 1);
    assert_eq!(told["undone"], Value::Null);
    scene
}

async fn slaughter(scene: &Scene, animal: &str) {
    let animal: AnimalName = animal.parse().unwrap();
    let told = Told {
        animal: animal.to_string(),
        slaughtered_at: "2027-05-16T08:00:00+03:00".to_owned(),
        by: "LIC-1".to_owned(),
        ..Told::default()
    };
    let (house, batch) = ("makkah-1".parse().unwrap(), "a".repeat(32).parse().unwrap());
    let source = Source { slaughterhouse: &house, batch: &batch, row: 1, received_at: scene.stage.now() };
    let carried = Carried::nothing(&animal, &house).with(&told.read(animal.clone()).unwrap(), &[], source).unwrap();
    assert_eq!(scene.stage.table.add_carried(&carried).await.unwrap(), Adding::Done);
}

#[tokio::test(start_paused = true)]
async fn animals_that_were_never_told_are_one_case_for_an_offering() {
    let scene = listed().await;
    for animal in ["camels-makkah-1", "camels-makkah-3", "sheep-makkah-1", "sheep-makkah-2"] {
        slaughter(&scene, animal).await;
    }
    scene.wait(AFTER_SECS - OVER_SECS).await;
    assert_eq!(scene.run().await.unwrap()["undone"], json!([{"offering": "camels-makkah", "left": 1}]));
    let cases = scene.cases(Reason::NotSlaughtered).await;
    assert_eq!(cases.len(), 1);
    assert_eq!(cases[0].1, "makkah-1, 1448-12-10: animals of camels-makkah were not told as slaughtered");
    let sheep: OpportunityId = "sheep-makkah".parse().unwrap();
    assert!(scene.stage.table.is_all_carried(&sheep).await.unwrap());
    // The last one is told late: the matter stands for the person, and nobody looks again.
    scene.wait(900).await;
    slaughter(&scene, "camels-makkah-2").await;
    assert_eq!(scene.run().await.unwrap()["undone"], Value::Null);
    assert_eq!(scene.cases(Reason::NotSlaughtered).await.len(), 1);
    assert!(scene.stage.table.is_all_carried(&"camels-makkah".parse().unwrap()).await.unwrap());
}

#[tokio::test(start_paused = true)]
async fn whoever_has_closed_the_matter_is_not_told_again() {
    let scene = listed().await;
    scene.wait(AFTER_SECS - OVER_SECS).await;
    scene.run().await.unwrap();
    let first = scene.stage.items("CASE#").await.unwrap();
    assert_eq!(first.len(), 2, "an offering each");
    scene.wait(900).await;
    scene.run().await.unwrap();
    assert_eq!(scene.stage.items("CASE#").await.unwrap(), first);
}

#[tokio::test(start_paused = true)]
async fn before_the_season_is_over_nobody_is_told() {
    let scene = listed().await;
    scene.wait(8 * 24 * 3_600).await;
    assert_eq!(scene.run().await.unwrap()["undone"], Value::Null);
    assert!(scene.cases(Reason::NotSlaughtered).await.is_empty());
}

#[tokio::test(start_paused = true)]
async fn what_cannot_be_looked_at_is_looked_at_by_the_next_run() {
    let scene = listed().await;
    scene.wait(AFTER_SECS - OVER_SECS).await;
    scene.stage.cloud.services().set_faults(|call: &Call<'_>| {
        let is_animals = String::from_utf8_lossy(call.body).contains("ANIMALS#camels");
        if is_animals { Fault::Before(Failure::Throttled) } else { Fault::Pass }
    });
    assert!(scene.run().await.is_err());
    assert_eq!(scene.cases(Reason::NotSlaughtered).await.len(), 1, "the other offering's");
    scene.stage.cloud.services().set_faults(NoFaults);
    scene.run().await.unwrap();
    assert_eq!(scene.cases(Reason::NotSlaughtered).await.len(), 2);
}

/// A sale whose close never came to its end: its donors are known to nobody who could tell of their animals.
#[tokio::test(start_paused = true)]
async fn shares_that_never_came_onto_a_list_are_a_case_too() {
    let scene = Scene::set(1).await;
    let nobodys = |mut offering: domain::sacrifice::Offering| {
        offering.place.slaughterhouse = None;
        offering
    };
    scene.sell_as(&Sale { id: "camels-makkah", species: Species::Camel, lots: &[&[7]] }, 1, nobodys).await;
    scene.sell_as(&Sale { id: "sheep-makkah", species: Species::Sheep, lots: &[&[]] }, 100, nobodys).await;
    scene.wait(OVER_SECS).await;
    scene.run().await.unwrap();
    // One with a share that is held for ever: it waits, and is never packed.
    let open = scene.offering("cows-makkah", Species::Cow, 7);
    let cows = domain::catalogue::Opportunity { id: open.id.clone(), ..stage::sample::camels() };
    scene.stage.offer(&cows, &open).await.unwrap();
    scene.give(200, (&open, 0, 3)).await;
    scene.wait(AFTER_SECS - OVER_SECS).await;
    let undone = json!([{"offering": "camels-makkah", "left": 7}, {"offering": "cows-makkah", "left": 3}]);
    assert_eq!(scene.run().await.unwrap()["undone"], undone);
    let told = scene.cases(Reason::NotSlaughtered).await.into_iter().map(|(_, evidence)| evidence).collect::<Vec<_>>();
    let expected = [
        "makkah-1, 1448-12-10: cows-makkah never came onto a list, and has shares",
        "nobody, 1448-12-10: camels-makkah never came onto a list, and has shares",
    ];
    assert_eq!(told, expected);
    assert!(!scene.stage.table.is_all_carried(&"sheep-makkah".parse().unwrap()).await.unwrap());
    scene.wait(900).await;
    scene.run().await.unwrap();
    assert_eq!(scene.cases(Reason::NotSlaughtered).await.len(), 2, "once");
}

/// A close that was held up over its day goes on as long as its animals can be slaughtered.
#[tokio::test(start_paused = true)]
async fn a_list_goes_out_late_rather_than_never() {
    let scene = Scene::set(1).await;
    scene.sell(&Sale { id: "camels-makkah", species: Species::Camel, lots: &[&[3, 4]] }, 1).await;
    scene.wait(10 * 24 * 3_600).await;
    let run = scene.run().await.unwrap();
    assert_eq!(run["lists"][0]["version"], 1, "on the 13th, before sunset: {run}");
}
