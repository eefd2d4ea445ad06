//! What a close makes of lots and donations.

use domain::donation::State;
use domain::message::Message;
use domain::sacrifice::{Part, Species, Stage, Stock};
use platform::table::Resizing;
use serde_json::json;

use crate::scene::{CAMELS, OVER_SECS, Sale, Scene, gift};

#[tokio::test(start_paused = true)]
async fn animals_are_filled_by_the_fewest_moves_and_each_is_written_down() {
    let scene = Scene::set(1).await;
    let gifts = scene.sell(&CAMELS, 1).await;
    scene.wait(OVER_SECS).await;
    let told = scene.run().await.unwrap();
    assert_eq!(told["offerings"], json!([{"offering": "camels-makkah", "outcome": "packed"}]));
    scene.holds_packed("camels-makkah", &gifts).await;
    // 3 + 4, 6 + 1, and the two that are left with the platform's five.
    assert_eq!(scene.moves("camels-makkah").await, 2);
    let animals = scene.animals("camels-makkah").await;
    assert_eq!(animals.iter().map(|(_, shares, own)| shares.iter().sum::<u8>() + own).collect::<Vec<_>>(), [7, 7, 7, 7]);
    assert_eq!(animals.iter().map(|(.., own)| own).sum::<u8>(), 5);
    let round = scene.stage.table.last_round(&"camels-makkah".parse().unwrap()).await.unwrap().unwrap();
    assert_eq!((round.round, round.splits, round.least), (1, 0, 2));
}

#[tokio::test(start_paused = true)]
async fn nothing_is_done_before_the_last_hold_has_ended_nor_when_the_day_is_over() {
    let scene = Scene::set(1).await;
    scene.sell(&CAMELS, 1).await;
    scene.wait(OVER_SECS - 2).await;
    assert_eq!(scene.run().await.unwrap(), json!({"offerings": [], "lists": []}));
    assert!(scene.standing("camels-makkah").await.stage.is_sale());
    scene.wait(30 * 24 * 3_600).await;
    assert_eq!(scene.run().await.unwrap(), json!({"offerings": [], "lists": []}));
    assert!(scene.standing("camels-makkah").await.stage.is_sale(), "what is of last year is left alone");
}

#[tokio::test(start_paused = true)]
async fn what_was_paid_and_not_confirmed_yet_is_confirmed_and_for_what_is_held_it_is_waited() {
    let scene = Scene::set(1).await;
    let mut gifts = scene.sell(&CAMELS, 1).await;
    let offering = scene.standing("camels-makkah").await;
    // Paid in the last second: the message that confirms it is late. Another is still being paid.
    scene.give(50, (&offering, 5, 2)).await;
    scene.stage.settle(&gift(50)).await.unwrap();
    let waiting = scene.give(51, (&offering, 5, 3)).await;
    scene.wait(OVER_SECS).await;
    let told = scene.run().await.unwrap();
    assert_eq!(told["offerings"], json!([{"offering": "camels-makkah", "outcome": "waits_for_holds", "of": 3}]));
    assert_eq!(scene.standing("camels-makkah").await.stage, Stage::Closing);
    scene.holds_always("camels-makkah").await;
    assert_eq!(scene.moves("camels-makkah").await, 0, "nothing is moved while something is held");
    assert_eq!(scene.lots("camels-makkah").await[5].confirmed_shares(), 2);
    // A dead hold is not taken away here either.
    assert!(scene.stage.table.move_donation(&waiting, &State::Expired).await.unwrap());
    assert_eq!(scene.run().await.unwrap()["offerings"][0]["outcome"], "waits_for_holds");
    scene.free(&waiting.id).await;
    assert_eq!(scene.run().await.unwrap()["offerings"][0]["outcome"], "packed");
    gifts.push(gift(50));
    scene.holds_packed("camels-makkah", &gifts).await;
}

#[tokio::test(start_paused = true)]
async fn whoever_was_changing_the_quota_is_shut_out() {
    let scene = Scene::set(1).await;
    scene.sell_as(&CAMELS, 1, |offering| domain::sacrifice::Offering { stock: Stock::Changing, ..offering }).await;
    let before = scene.standing("camels-makkah").await;
    scene.wait(OVER_SECS).await;
    scene.run().await.unwrap();
    let late = domain::sacrifice::Offering { revision: before.revision + 1, mark: 77, ..before.clone() };
    assert!(!scene.stage.table.put_offering(&late).await.unwrap(), "its revision was taken");
    let change = domain::sacrifice::quota::Change { lot: 5, from: 0, to: 7 };
    let resizing = scene.stage.table.resize_lot(&before.id, &change, before.revision).await.unwrap();
    assert_eq!(resizing, Resizing::Overtaken);
    assert_eq!(scene.stage.table.rooms(&before.id).await.unwrap(), [], "nobody finds room any more");
}

/// A lowered quota has left animals that were begun with fewer shares than seven.
#[tokio::test(start_paused = true)]
async fn lots_of_fewer_than_seven_shares_are_filled_too() {
    let scene = Scene::set(1).await;
    let sale = Sale { lots: &[&[3, 2], &[4], &[2, 2], &[1]], ..CAMELS };
    let gifts = scene.sell(&sale, 1).await;
    for lot in scene.lots("camels-makkah").await {
        let change = domain::sacrifice::quota::Change { lot: lot.lot, from: 7, to: 7 - lot.free };
        assert_eq!(
            scene.stage.table.resize_lot(&"camels-makkah".parse().unwrap(), &change, 0).await.unwrap(),
            Resizing::Done
        );
    }
    scene.wait(OVER_SECS).await;
    scene.run().await.unwrap();
    scene.holds_packed("camels-makkah", &gifts).await;
    let animals = scene.animals("camels-makkah").await;
    assert_eq!((animals.len(), animals.iter().map(|(.., own)| own).sum::<u8>()), (2, 0));
}

#[tokio::test(start_paused = true)]
async fn a_gift_is_split_only_where_nothing_else_fills_and_says_where_it_is() {
    let scene = Scene::set(1).await;
    let gifts = scene.sell(&Sale { lots: &[&[4], &[4], &[4]], ..CAMELS }, 1).await;
    scene.wait(OVER_SECS).await;
    scene.run().await.unwrap();
    scene.holds_packed("camels-makkah", &gifts).await;
    let mut split = Vec::new();
    for id in &gifts {
        let named = scene.donation(id).await.reservation.unwrap();
        assert!(named.before.is_empty(), "a lot that was left with the claim is not one of before");
        if named.places().len() > 1 {
            split.push(named.places());
        }
    }
    let [places] = split.as_slice() else { panic!("{split:?}") };
    assert_eq!(places.iter().map(|Part { shares, .. }| shares).sum::<u8>(), 4);
}

#[tokio::test(start_paused = true)]
async fn heads_are_told_apart_and_nothing_moves() {
    let scene = Scene::set(1).await;
    let gifts = scene.sell(&Sale { id: "sheep-makkah", species: Species::Sheep, lots: &[&[3, 1, 7], &[2], &[]] }, 1).await;
    scene.wait(OVER_SECS).await;
    scene.run().await.unwrap();
    scene.holds_packed("sheep-makkah", &gifts).await;
    assert_eq!(scene.moves("sheep-makkah").await, 0);
    let heads: Vec<(u32, Vec<Vec<u8>>)> =
        scene.lots("sheep-makkah").await.into_iter().map(|lot| (lot.lot, lot.heads.into_values().collect())).collect();
    assert_eq!(heads, [(0, vec![vec![0, 1, 2], vec![3], vec![4, 5, 6, 7, 8, 9, 10]]), (1, vec![vec![0, 1]]), (2, vec![])]);
    let before = scene.lots("sheep-makkah").await;
    scene.run().await.unwrap();
    assert_eq!(scene.lots("sheep-makkah").await, before, "again changes nothing");
}

/// One offering's fault is not another's.
#[tokio::test(start_paused = true)]
async fn what_fails_of_one_offering_leaves_the_others_alone() {
    let scene = Scene::set(1).await;
    scene.sell(&CAMELS, 1).await;
    let others = scene.sell(&Sale { id: "cows-makkah", species: Species::Cow, lots: &[&[5], &[2]] }, 100).await;
    scene.wait(OVER_SECS).await;
    scene.stage.cloud.services().set_faults(|call: &testkit::faults::Call<'_>| {
        let is_of_camels = String::from_utf8_lossy(call.body).contains("SEG#camels-makkah");
        if is_of_camels {
            testkit::faults::Fault::Before(testkit::faults::Failure::Internal)
        } else {
            testkit::faults::Fault::Pass
        }
    });
    let error = scene.run().await.unwrap_err().to_string();
    assert_eq!(error, "1 of the offerings and lists failed, camels-makkah first");
    scene.stage.cloud.services().set_faults(testkit::faults::NoFaults);
    scene.holds_packed("cows-makkah", &others).await;
}

/// The message that would have ended its hold is lost; somebody else's hold has not ended.
#[tokio::test(start_paused = true)]
async fn a_hold_that_was_missed_is_asked_for_again_while_the_sale_is_open() {
    let scene = Scene::set(1).await;
    scene.sell(&CAMELS, 1).await;
    let offering = scene.standing("camels-makkah").await;
    let missed = scene.give(51, (&offering, 5, 3)).await;
    let _ = scene.stage.take_messages("holds").await.unwrap();
    scene.wait(900 + 600 - 1).await;
    scene.run().await.unwrap();
    assert_eq!(scene.stage.take_messages("holds").await.unwrap(), []);
    scene.give(52, (&offering, 5, 1)).await;
    scene.wait(2).await;
    assert_eq!(scene.run().await.unwrap(), json!({"offerings": [], "lists": []}));
    assert_eq!(scene.stage.take_messages("holds").await.unwrap(), [Message::HoldDue { donation: missed.id }]);
}
