//! The animal that is not full, and gifts that go back once animals are packed.

use domain::case::Reason;
use domain::money::Money;
use domain::sacrifice::{Offering, Remainder, Species, Stage};
use serde_json::json;

use crate::scene::{CAMELS, OVER_SECS, Sale, Scene};

fn riyals(riyals: u64) -> Money {
    Money::from_riyals(riyals).unwrap()
}

fn refunded(offering: Offering) -> Offering {
    Offering { remainder: Remainder::Refund, ..offering }
}

const FEW: Sale<'static> = Sale { lots: &[&[5, 2], &[3, 1]], ..CAMELS };

#[tokio::test(start_paused = true)]
async fn the_platform_completes_the_last_animal_and_finance_is_told_once() {
    let scene = Scene::set(1).await;
    let gifts = scene.sell(&FEW, 1).await;
    scene.wait(OVER_SECS).await;
    scene.run().await.unwrap();
    scene.holds_packed("camels-makkah", &gifts).await;
    assert_eq!(scene.animals("camels-makkah").await[1].2, 3);
    let told = [1, 2, 3].map(|share| (riyals(500), format!("share {share} of the platform's own of camels-makkah-2")));
    for _ in 0..2 {
        assert_eq!(scene.cases(Reason::OwnShares).await, told);
        let given = [(); 3].map(|()| ("own → adahi:camels-makkah".to_owned(), riyals(500)));
        assert_eq!(scene.given_by_the_platform().await, given, "once for each share");
        scene.run().await.unwrap();
    }
    assert_eq!(scene.cases(Reason::AnimalUnfilled).await, []);
}

#[tokio::test(start_paused = true)]
async fn gifts_of_an_unfilled_animal_go_back_by_people_and_until_then_it_is_waited() {
    let scene = Scene::set(1).await;
    let gifts = scene.sell_as(&FEW, 1, refunded).await;
    scene.wait(OVER_SECS).await;
    let told = scene.run().await.unwrap();
    assert_eq!(told["offerings"], json!([{"offering": "camels-makkah", "outcome": "waits_for_refunds", "of": 2}]));
    let asked =
        [(riyals(500), "line 0: 1 of camels-makkah".to_owned()), (riyals(1_500), "line 0: 3 of camels-makkah".to_owned())];
    assert_eq!(scene.cases(Reason::AnimalUnfilled).await, asked);
    assert_eq!((scene.standing("camels-makkah").await.stage, told["lists"].clone()), (Stage::Closing, json!([])));
    scene.give_back(&gifts[2]).await;
    assert_eq!(scene.run().await.unwrap()["offerings"][0]["of"], 1, "the other donor is still waited for");
    scene.give_back(&gifts[3]).await;
    assert_eq!(scene.run().await.unwrap()["offerings"][0]["outcome"], "packed");
    scene.holds_packed("camels-makkah", &gifts).await;
    assert_eq!(scene.animals("camels-makkah").await, [(0, vec![5, 2], 0)]);
    assert_eq!(scene.cases(Reason::OwnShares).await, [], "the platform has none");
}

#[tokio::test(start_paused = true)]
async fn the_policy_may_be_changed_while_it_is_waited_and_a_day_too_near_decides() {
    for is_changed in [true, false] {
        let scene = Scene::set(1).await;
        let gifts = scene.sell_as(&FEW, 1, refunded).await;
        scene.wait(OVER_SECS).await;
        assert_eq!(scene.run().await.unwrap()["offerings"][0]["outcome"], "waits_for_refunds");
        if is_changed {
            let standing = scene.standing("camels-makkah").await;
            let other = Offering { remainder: Remainder::Complete, revision: standing.revision + 1, ..standing };
            assert!(scene.stage.table.put_offering(&other).await.unwrap());
        } else {
            // The 15th of May, when the day before the Eid begins.
            scene.wait(5 * 24 * 3_600 - 3 * 3_600).await;
        }
        assert_eq!(scene.run().await.unwrap()["offerings"][0]["outcome"], "packed");
        scene.holds_packed("camels-makkah", &gifts).await;
        assert_eq!(scene.animals("camels-makkah").await[1].2, 3, "nobody is left without an animal");
    }
}

/// Of a gift that had to be split no part can go back alone.
#[tokio::test(start_paused = true)]
async fn an_animal_with_a_part_of_a_gift_is_completed_whatever_the_policy() {
    let scene = Scene::set(1).await;
    let gifts = scene.sell_as(&Sale { lots: &[&[4], &[4]], ..CAMELS }, 1, refunded).await;
    scene.wait(OVER_SECS).await;
    assert_eq!(scene.run().await.unwrap()["offerings"][0]["outcome"], "packed");
    scene.holds_packed("camels-makkah", &gifts).await;
    assert_eq!(scene.animals("camels-makkah").await.iter().map(|(.., own)| own).sum::<u8>(), 6);
}

/// Before a list went out animals are packed again; no list goes out here, because nobody slaughters them.
#[tokio::test(start_paused = true)]
async fn a_gift_that_goes_back_before_the_list_went_out_has_the_animals_packed_again() {
    let scene = Scene::set(1).await;
    let nobodys = |mut offering: Offering| {
        offering.place.slaughterhouse = None;
        offering
    };
    let gifts = scene.sell_as(&Sale { lots: &[&[5, 2], &[3, 4], &[2]], ..CAMELS }, 1, nobodys).await;
    scene.wait(OVER_SECS).await;
    scene.run().await.unwrap();
    assert_eq!(scene.standing("camels-makkah").await.stage, Stage::Packed);
    assert_eq!(scene.animals("camels-makkah").await[2].2, 5);
    // Of the first animal two shares go back: the two of the last come to it, and the platform's five go.
    scene.give_back(&gifts[1]).await;
    let told = scene.run().await.unwrap();
    assert_eq!(told, json!({"offerings": [{"offering": "camels-makkah", "outcome": "packed"}], "lists": []}));
    scene.holds_packed("camels-makkah", &gifts).await;
    assert_eq!(
        scene.animals("camels-makkah").await.iter().map(|(_, of, own)| (of.len(), *own)).collect::<Vec<_>>(),
        [(2, 0), (2, 0)]
    );
}

#[tokio::test(start_paused = true)]
async fn a_gift_that_goes_back_after_the_list_went_out_leaves_its_place_to_the_platform() {
    let scene = Scene::set(1).await;
    let gifts = scene.sell(&Sale { lots: &[&[5, 2], &[7]], ..CAMELS }, 1).await;
    let heads = scene.sell(&Sale { id: "sheep-makkah", species: Species::Sheep, lots: &[&[2, 1, 1]] }, 100).await;
    scene.wait(OVER_SECS).await;
    assert_eq!(scene.run().await.unwrap()["lists"][0]["version"], 1);
    assert_eq!(scene.standing("camels-makkah").await.stage, Stage::Listed);
    for id in [&gifts[1], &gifts[2], &heads[1]] {
        scene.give_back(id).await;
    }
    assert_eq!(scene.run().await.unwrap()["lists"][0]["version"], 2, "another list says so");
    scene.holds_packed("camels-makkah", &gifts).await;
    scene.holds_packed("sheep-makkah", &heads).await;
    assert_eq!(scene.moves("camels-makkah").await, 0, "nothing is moved any more");
    assert_eq!(scene.animals("camels-makkah").await, [(0, vec![5], 2)], "an animal that is nobody's is struck off");
    let told = [1, 2].map(|share| (riyals(500), format!("share {share} of the platform's own of camels-makkah-1")));
    assert_eq!(scene.cases(Reason::OwnShares).await, told);
    let lots = scene.lots("sheep-makkah").await;
    assert_eq!(lots[0].heads.values().flatten().copied().collect::<Vec<_>>(), [0, 1, 3], "no other head is numbered anew");
    let lists = scene.stage.table.lists_of(&"makkah-1".parse().unwrap()).await.unwrap();
    assert_eq!(lists.iter().map(|list| (list.animals, list.shares)).collect::<Vec<_>>(), [(6, 18), (4, 10)]);
    assert_eq!(scene.run().await.unwrap()["lists"], json!([]), "and then it rests");
    assert_eq!(scene.given_by_the_platform().await.len(), 2);
}
