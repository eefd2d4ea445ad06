//! A donor sees which animals are theirs once every share of the sale has one, and not before.

use domain::donation::Donation;
use domain::id::DonationId;
use domain::sacrifice::carrying::{Distribution, Evidence, MediaType, Slaughter};
use domain::sacrifice::{AnimalName, Carried, Lot, Offering, Part, Reservation, Species, Stage as Closed};
use platform::table::Adding;
use serde_json::{Value, json};
use stage::sample;

use crate::scene::{Scene, run};

/// An offering that has come so far, with a paid gift of three shares.
async fn paid(scene: &Scene, offering: Offering, named: impl FnOnce(Reservation) -> Reservation) -> Donation {
    scene.stage.offer(&sample::camels(), &offering).await.unwrap();
    let gift = sample::sacrifice(7, 3, 4, scene.stage.now());
    let gift = Donation { reservation: gift.reservation.clone().map(named), ..gift };
    assert!(scene.stage.table.make_donation(&gift).await.unwrap().is_none());
    scene.stage.settle(&gift.id).await.unwrap()
}

async fn shown(scene: &Scene, id: &DonationId) -> Value {
    let token = scene.identifiers().await.access_token(id);
    let reply = scene.hold("GET /v1/donations/{id}", &id.to_string(), &token, &json!({})).await;
    assert_eq!(reply.status, 200, "{}", reply.body);
    reply.body["animals"].clone()
}

fn at(scene: &Scene, stage: Closed) -> Offering {
    Offering { stage, ..sample::offering(35, scene.stage.now()) }
}

#[test]
fn an_animal_is_shown_once_the_sale_is_packed() {
    run(async {
        for (stage, is_shown) in
            [(Closed::Sale, false), (Closed::Closing, false), (Closed::Packed, true), (Closed::Listed, true)]
        {
            let scene = Scene::bare().await;
            let gift = paid(&scene, at(&scene, stage), |named| named).await;
            let expected =
                if is_shown { json!([{"name": "camels-makkah-5", "number": 5, "shares": 3}]) } else { Value::Null };
            assert_eq!(shown(&scene, &gift.id).await, expected, "{stage:?}");
        }
    });
}

#[test]
fn parts_are_shown_apart_and_nothing_of_a_gift_that_went_back() {
    run(async {
        let scene = Scene::bare().await;
        let parts = [Part { lot: 0, shares: 1 }, Part { lot: 2, shares: 2 }];
        let gift = paid(&scene, at(&scene, Closed::Packed), |named| named.placed(&parts)).await;
        let expected = json!([
            {"name": "camels-makkah-1", "number": 1, "shares": 1},
            {"name": "camels-makkah-3", "number": 3, "shares": 2},
        ]);
        assert_eq!(shown(&scene, &gift.id).await, expected);
        scene.stage.give_back(&gift.id, gift.total()).await.unwrap();
        assert_eq!(shown(&scene, &gift.id).await, Value::Null);
    });
}

#[test]
fn heads_are_shown_by_the_numbers_that_their_lot_keeps() {
    run(async {
        let scene = Scene::bare().await;
        let sheep = Offering { species: Species::Sheep, ..at(&scene, Closed::Listed) };
        let gift = paid(&scene, sheep, |named| Reservation { lot: 1, ..named }).await;
        let offering = sample::camels().id;
        let held = scene.stage.table.take_shares(&offering, 1, &gift.id, (3, gift.expires_at)).await.unwrap();
        assert!(matches!(held, platform::table::Taking::Held(_)));
        let was = scene.stage.table.lots(&offering, &[1]).await.unwrap().pop().unwrap();
        let is = Lot { heads: [(gift.id, vec![2, 5, 6])].into(), ..was.clone() };
        assert!(scene.stage.table.adjust_lot(&offering, &was, &is).await.unwrap());
        let numbers: Vec<u64> = shown(&scene, &gift.id)
            .await
            .as_array()
            .unwrap()
            .iter()
            .map(|animal| animal["number"].as_u64().unwrap())
            .collect();
        assert_eq!(numbers, [19, 22, 23]);
    });
}

/// What `carrying` writes of an animal.
fn carried(scene: &Scene, name: &str, is_slaughtered: bool) -> Carried {
    let name: AnimalName = name.parse().unwrap();
    let id = |number: u8| format!("{number:032x}").parse().unwrap();
    let slaughter = Slaughter {
        at: "2027-05-16T07:15:00+03:00".parse().unwrap(),
        by: "LIC-2041".parse().unwrap(),
        batch: "a".repeat(32).parse().unwrap(),
        row: 1,
        received_at: scene.stage.now(),
    };
    let evidence = [(1, MediaType::Jpeg), (2, MediaType::Mp4)].map(|(number, media_type)| Evidence {
        id: id(number),
        media_type,
        etag: None,
    });
    let given = Distribution { to: "birr-jazan".parse().unwrap(), country: "SA".parse().unwrap(), portions: 120 };
    Carried {
        version: 1,
        slaughter: is_slaughtered.then_some(slaughter),
        evidence: evidence.into(),
        distributed: vec![given],
        ..Carried::nothing(&name, &"makkah-1".parse().unwrap())
    }
}

#[test]
fn a_donor_sees_when_theirs_was_done_with_evidence_and_to_whom_it_went() {
    run(async {
        let scene = Scene::bare().await;
        let gift = paid(&scene, at(&scene, Closed::Listed), |named| named).await;
        let done = carried(&scene, "camels-makkah-5", true);
        assert_eq!(scene.stage.table.add_carried(&done).await.unwrap(), Adding::Done);
        let mut animals = shown(&scene, &gift.id).await;
        for (evidence, name) in animals[0]["evidence"].as_array_mut().unwrap().iter_mut().zip(["1.jpg", "2.mp4"]) {
            let url = evidence["url"].as_str().unwrap().to_owned();
            assert!(url.contains("/evidence/makkah-1/0000") && url.contains("X-Amz-Signature="), "{url}");
            assert!(
                url.contains(name) && url.contains(&format!("X-Amz-Expires={}", donations::animals::LINK_SECS)),
                "{url}"
            );
            evidence.as_object_mut().unwrap().remove("url");
        }
        let until = scene.stage.now().plus_seconds(donations::animals::LINK_SECS.into()).to_string();
        let expected = json!([{
            "name": "camels-makkah-5",
            "number": 5,
            "shares": 3,
            "slaughtered_at": "2027-05-16T04:15:00Z",
            "evidence": [
                {"kind": "photo", "content_type": "image/jpeg", "expires_at": until},
                {"kind": "video", "content_type": "video/mp4", "expires_at": until},
            ],
            "distributed": [{"to": "birr-jazan", "country": "SA", "portions": 120}],
        }]);
        assert_eq!(animals, expected);
    });
}

#[test]
fn what_was_told_before_the_slaughter_is_not_shown_before_it() {
    run(async {
        let scene = Scene::bare().await;
        let gift = paid(&scene, at(&scene, Closed::Listed), |named| named).await;
        let early = carried(&scene, "camels-makkah-5", false);
        assert_eq!(scene.stage.table.add_carried(&early).await.unwrap(), Adding::Done);
        assert_eq!(shown(&scene, &gift.id).await, json!([{"name": "camels-makkah-5", "number": 5, "shares": 3}]));
    });
}

/// The form by which a photo was uploaded serves for an hour: somebody puts another in its place.
#[test]
fn evidence_that_was_replaced_is_shown_to_nobody_and_is_a_case_once() {
    run(async {
        let scene = Scene::bare().await;
        let gift = paid(&scene, at(&scene, Closed::Listed), |named| named).await;
        let bucket = scene.stage.bucket().unwrap();
        let mut done = carried(&scene, "camels-makkah-5", true);
        for (number, one) in (1..).zip(&mut done.evidence) {
            let key = domain::sacrifice::carrying::evidence::key(&done.slaughterhouse, &one.id);
            bucket.keep(&key, one.media_type.code(), vec![number]).await.unwrap();
            one.etag = bucket.kind(&key).await.unwrap().unwrap().etag;
        }
        assert_eq!(scene.stage.table.add_carried(&done).await.unwrap(), Adding::Done);
        let kinds = async || -> Vec<Value> {
            let animals = shown(&scene, &gift.id).await;
            animals[0]["evidence"].as_array().into_iter().flatten().map(|one| one["kind"].clone()).collect()
        };
        assert_eq!(kinds().await, ["photo", "video"]);
        let key = domain::sacrifice::carrying::evidence::key(&done.slaughterhouse, &done.evidence[0].id);
        bucket.keep(&key, "image/jpeg", vec![9]).await.unwrap();
        for _ in 0..2 {
            assert_eq!(kinds().await, ["video"]);
        }
        let cases = scene.stage.items("CASE#").await.unwrap();
        assert_eq!(cases.len(), 1);
        let told = format!("makkah-1, evidence {} of camels-makkah-5", done.evidence[0].id);
        assert_eq!((&cases[0]["reason"], &cases[0]["evidence"]), (&json!("evidence_differs"), &json!(told)));
    });
}
