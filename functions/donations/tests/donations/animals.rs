//! A donor sees which animals are theirs once every share of the sale has one, and not before.

use domain::donation::Donation;
use domain::id::DonationId;
use domain::sacrifice::{Lot, Offering, Part, Reservation, Species, Stage as Closed};
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
