//! What becomes of rows: taken, found to say what is known, or refused; and who hears of it.

use std::collections::BTreeSet;

use domain::id::DonationId;
use domain::sacrifice::carrying::update::Told;
use domain::sacrifice::carrying::{Form, MediaType, Refusal};
use domain::sacrifice::{Offering, Species};

use crate::scene::{Scene, all_done, done, gift, house, owners, photo};

#[tokio::test(start_paused = true)]
async fn every_donor_of_every_animal_hears_of_it() {
    for form in [Form::Json, Form::Csv] {
        let scene = Scene::set(1).await;
        let (batch, message) = scene.receive_of(&house(), "key", form, &all_done()).await;
        scene.carry(message).await;
        assert_eq!(scene.refused(&batch).await, []);
        assert_eq!(scene.told().await, owners());
        let camel = scene.animal("camel-makkah-1").await.unwrap();
        let slaughter = camel.slaughter.unwrap();
        assert_eq!((camel.version, slaughter.at.to_string().as_str()), (1, "2027-05-16T04:15:00Z"));
        assert_eq!((slaughter.batch, slaughter.row, slaughter.received_at), (batch, 1, scene.stage.now()));
        assert_eq!(scene.cases().await, []);
    }
}

#[tokio::test(start_paused = true)]
async fn evidence_and_distribution_are_added_and_nobody_hears_of_them() {
    let scene = Scene::set(1).await;
    scene.upload(&house(), &photo(1), "image/jpeg").await;
    scene.upload(&house(), &photo(2), "video/mp4").await;
    let with = |told: Told, number| Told { evidence: vec![photo(number).to_string()], ..told };
    let given =
        Told { distributed_to: "birr-jazan".to_owned(), country: "SA".to_owned(), portions: Some(90), ..Told::default() };
    let (first, message) = scene.receive("1", &[with(done("camel-makkah-1"), 1)]).await;
    scene.carry(message).await;
    assert_eq!(scene.news().await.len(), 3);
    let later = [
        with(Told { animal: "camel-makkah-1".to_owned(), ..Told::default() }, 2),
        Told { animal: "camel-makkah-1".to_owned(), ..given },
    ];
    let (second, message) = scene.receive("2", &later).await;
    scene.carry(message).await;
    assert!(scene.news().await.is_empty());
    assert_eq!((scene.refused(&first).await, scene.refused(&second).await), (vec![], vec![]));
    let camel = scene.animal("camel-makkah-1").await.unwrap();
    assert_eq!(camel.evidence.iter().map(|one| one.media_type).collect::<Vec<_>>(), [MediaType::Jpeg, MediaType::Mp4]);
    assert_eq!((camel.distributed[0].portions, camel.version), (90, 2), "several rows are one writing");
}

#[tokio::test(start_paused = true)]
async fn what_was_slaughtered_outside_the_season_is_a_case_and_nobody_hears_of_it() {
    let scene = Scene::set(1).await;
    let at = |animal: &str, at: &str| Told { slaughtered_at: at.to_owned(), ..done(animal) };
    let rows = [
        at("camel-makkah-1", "2027-05-16T05:30:00+03:00"),
        at("camel-makkah-2", "2027-05-15T12:00:00+03:00"),
        at("sheep-makkah-1", "2027-05-16T07:00:00+03:00"),
        at("sheep-makkah-2", "2027-05-16T07:40:00+03:00"),
    ];
    let (batch, message) = scene.receive("1", &rows).await;
    scene.carry(message).await;
    let outside = Refusal::OutsideSeason;
    assert_eq!(scene.refused(&batch).await, [(1, outside), (2, outside), (4, Refusal::InTheFuture)]);
    assert_eq!(scene.told().await, BTreeSet::from([("sheep-makkah-1".to_owned(), gift(5))]));
    assert_eq!(scene.animal("camel-makkah-1").await, None);
    let told = format!("makkah-1, updates {batch}");
    assert_eq!(scene.cases().await, [("outside_season".to_owned(), told)]);
    // The clock was wrong: what is right is taken, and the case stands for the person.
    let (batch, message) = scene.receive("2", &[done("camel-makkah-1")]).await;
    scene.carry(message).await;
    assert_eq!((scene.refused(&batch).await, scene.told().await.len(), scene.cases().await.len()), (vec![], 3, 1));
}

#[tokio::test(start_paused = true)]
async fn a_place_that_is_nowhere_is_a_case_and_what_has_no_day_needs_no_place() {
    let scene = Scene::bare(1).await;
    let nowhere = |mut offering: Offering| {
        offering.place.coordinates = None;
        offering
    };
    scene.sell_as("camel-sudan", Species::Camel, &[&[(1, 7)]], nowhere).await;
    scene.sell_as("aqiqa-sudan", Species::Sheep, &[&[(2, 1)]], |offering| Offering { day: None, ..nowhere(offering) }).await;
    scene.list(&house(), &["camel-sudan", "aqiqa-sudan"]).await;
    let (batch, message) = scene.receive("1", &[done("camel-sudan-1"), done("aqiqa-sudan-1")]).await;
    scene.carry(message).await;
    assert_eq!(scene.refused(&batch).await, [(1, Refusal::PlaceUnlocated)]);
    assert_eq!(scene.told().await, BTreeSet::from([("aqiqa-sudan-1".to_owned(), gift(2))]));
    assert_eq!(scene.cases().await[0].0, "place_unlocated");
}

#[tokio::test(start_paused = true)]
async fn only_ones_own_animals_that_are_somebodys_are_taken() {
    let scene = Scene::set(1).await;
    scene.sell("goat-riyadh", Species::Goat, &[&[(7, 1)]]).await;
    let unlisted = scene
        .receive("1", &[done("goat-riyadh-1"), done("camel-makkah-3"), done("sheep-makkah-4"), done("no-such-1")])
        .await;
    let (batch, message) = unlisted;
    scene.carry(message).await;
    let unknown = Refusal::AnimalUnknown;
    assert_eq!(scene.refused(&batch).await, [(1, unknown), (2, unknown), (3, unknown), (4, unknown)]);
    let other = "makkah-2".parse().unwrap();
    let (batch, message) = scene.receive_of(&other, "1", Form::Csv, &[done("camel-makkah-1")]).await;
    scene.carry(message).await;
    assert_eq!(scene.refused(&batch).await, [(1, unknown)]);
    assert!(scene.news().await.is_empty() && scene.animal("camel-makkah-1").await.is_none());
}

#[tokio::test(start_paused = true)]
async fn evidence_has_to_be_there_be_ones_own_and_be_of_a_type_that_is_taken() {
    let scene = Scene::set(1).await;
    scene.upload(&house(), &photo(1), "image/png").await;
    scene.upload(&house(), &photo(2), "application/pdf").await;
    scene.upload(&"makkah-2".parse().unwrap(), &photo(3), "image/png").await;
    let with = |animal: &str, ids: &[u8]| {
        let evidence = ids.iter().map(|id| photo(*id).to_string()).collect();
        Told { evidence, ..done(animal) }
    };
    let rows = [
        with("camel-makkah-1", &[1, 2]),
        with("camel-makkah-2", &[3]),
        with("sheep-makkah-1", &[4]),
        with("sheep-makkah-2", &[1]),
    ];
    let (batch, message) = scene.receive("1", &rows).await;
    scene.carry(message).await;
    let missing = Refusal::EvidenceMissing;
    assert_eq!(scene.refused(&batch).await, [(1, Refusal::EvidenceTypeUnknown), (2, missing), (3, missing)]);
    assert_eq!(scene.told().await.len(), 1);
    // It is uploaded, and the same rows are sent again.
    scene.upload(&house(), &photo(4), "image/webp").await;
    let (batch, message) = scene.receive("2", &rows).await;
    scene.carry(message).await;
    assert_eq!(scene.refused(&batch).await.len(), 2);
    assert!(scene.animal("sheep-makkah-1").await.unwrap().is_slaughtered());
}

#[tokio::test(start_paused = true)]
async fn another_word_is_refused_and_a_case_and_the_first_one_stands() {
    let scene = Scene::set(1).await;
    let (_, message) = scene.receive("1", &all_done()).await;
    scene.carry(message).await;
    let first = scene.animal("camel-makkah-1").await;
    assert_eq!(scene.news().await.len(), 7);
    let other = Told { slaughtered_at: "2027-05-16T07:20:00+03:00".to_owned(), ..done("camel-makkah-1") };
    let (batch, message) = scene.receive("2", &[other, done("camel-makkah-2")]).await;
    scene.carry(message).await;
    assert_eq!(scene.refused(&batch).await, [(1, Refusal::Differs)]);
    assert_eq!(scene.animal("camel-makkah-1").await, first);
    let told = format!("makkah-1, updates {batch}");
    assert_eq!(scene.cases().await, [("slaughter_differs".to_owned(), told)]);
    let news: BTreeSet<DonationId> = scene.news().await.into_keys().map(|(_, donation)| donation).collect();
    assert_eq!(news, [gift(4)].into(), "the same again may be told again, which notifications find out; the other is not");
}

#[tokio::test(start_paused = true)]
async fn a_gift_that_went_back_is_nobodys_news() {
    let scene = Scene::set(1).await;
    let sheep = "sheep-makkah".parse().unwrap();
    scene.stage.table.give_shares_back(&sheep, 0, &gift(5), |_| true).await.unwrap();
    let was = scene.stage.table.lots(&sheep, &[0]).await.unwrap().pop().unwrap();
    let is = domain::sacrifice::Lot { heads: domain::sacrifice::animal::heads(&was), ..was.clone() };
    assert!(scene.stage.table.adjust_lot(&sheep, &was, &is).await.unwrap());
    let (batch, message) = scene.receive("1", &all_done()).await;
    scene.carry(message).await;
    let unknown = Refusal::AnimalUnknown;
    assert_eq!(scene.refused(&batch).await, [(3, unknown), (4, unknown)], "struck off");
    assert!(scene.told().await.iter().all(|(_, donation)| *donation != gift(5)));
}

#[tokio::test(start_paused = true)]
async fn evidence_that_was_replaced_is_told_and_what_was_told_stands() {
    let scene = Scene::set(1).await;
    scene.upload(&house(), &photo(1), "image/jpeg").await;
    let with = |animal: &str| Told { evidence: vec![photo(1).to_string()], ..done(animal) };
    let (_, message) = scene.receive("1", &[with("camel-makkah-1")]).await;
    scene.carry(message).await;
    let first = scene.animal("camel-makkah-1").await.unwrap();
    assert!(first.evidence[0].etag.as_ref().is_some_and(|tag| tag.len() == 32), "{first:?}");
    assert_eq!(scene.news().await.len(), 3);
    // The same bytes again are the same.
    scene.upload(&house(), &photo(1), "image/jpeg").await;
    let (batch, message) = scene.receive("2", &[with("camel-makkah-1")]).await;
    scene.carry(message).await;
    assert_eq!((scene.refused(&batch).await, scene.cases().await), (vec![], vec![]));
    // Others are not.
    let key = domain::sacrifice::carrying::evidence::key(&house(), &photo(1));
    scene.stage.bucket().unwrap().keep(&key, "image/jpeg", vec![2]).await.unwrap();
    let _ = scene.news().await;
    let more = Told { evidence: vec![photo(1).to_string()], distributed_to: "birr-jazan".to_owned(), ..Told::default() };
    let more = Told { animal: "camel-makkah-1".to_owned(), country: "SA".to_owned(), portions: Some(9), ..more };
    let (batch, message) = scene.receive("3", &[with("camel-makkah-1"), more]).await;
    scene.carry(message).await;
    assert_eq!(scene.refused(&batch).await, [(1, Refusal::EvidenceDiffers), (2, Refusal::EvidenceDiffers)]);
    assert_eq!(scene.animal("camel-makkah-1").await, Some(first));
    assert_eq!(scene.cases().await, [("evidence_differs".to_owned(), format!("makkah-1, updates {batch}"))]);
    assert_eq!(scene.news().await.len(), 3, "its slaughter stands, and may be told again");
}
