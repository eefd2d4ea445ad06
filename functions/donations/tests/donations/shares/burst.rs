//! Everybody at once, for what is not enough.

use std::time::Duration;

use domain::donation::State;
use domain::id::DonationId;
use domain::sacrifice::{Fairness, Species};
use platform::table::Taking;
use serde_json::Value;
use testkit::faults::{Call, Fault, NoFaults};

use super::{CAMELS, MOBILE, all_at_once, claimed, key, limited, lots, mobile, offer, request, shares_of, shuffle, used};
use crate::scene::{KEY, Reply, Scene, call, run};

/// Sixty ask at once for one to three shares of what is left. None is sold beyond it, and nobody is refused who could have been served: what is free is less and less, and in the end no
/// lot has room for any of those who were refused.
#[test]
fn sixty_buyers_share_what_remains_to_the_last() {
    for (seed, species) in (0..2).zip([Species::Camel, Species::Sheep]) {
        run(async {
            let scene = Scene::bare().await;
            let quota = if species == Species::Camel { 42 } else { 48 };
            offer(&scene, CAMELS, species, quota, Fairness::default()).await;
            let wanted: Vec<u8> = (0..60).map(|n| [1, 2, 1, 3][n % 4]).collect();
            let events: Vec<Value> = wanted
                .iter()
                .enumerate()
                .map(|(n, shares)| request(&scene, &key(n), &shares_of(CAMELS, *shares, &mobile(n)), &[]))
                .collect();
            shuffle(&scene, seed);
            let replies = all_at_once(&scene, &events).await;
            scene.stage.cloud.services().set_faults(NoFaults);
            let lots = lots(&scene, CAMELS).await;
            let largest = lots.iter().map(|lot| lot.free).max().unwrap();
            let mut sold = 0;
            for (shares, reply) in wanted.iter().zip(&replies) {
                match (reply.status, reply.body["code"].as_str()) {
                    (201, None) => {
                        assert_eq!(reply.body["state"], "awaiting");
                        sold += u32::from(*shares);
                    }
                    (409, Some("sold_out")) => assert!(largest == 0, "told sold out, and {largest} are left"),
                    (409, Some("no_room_in_one")) => {
                        let told: u8 = reply.body["errors"][0]["remains"].as_str().unwrap().parse().unwrap();
                        assert!(told < *shares && largest <= told, "{shares} asked, {told} told, {largest} left");
                    }
                    (409, Some("too_few_left")) => {
                        let told: u32 = reply.body["errors"][0]["remains"].as_str().unwrap().parse().unwrap();
                        let left: u32 = lots.iter().map(|lot| u32::from(lot.free)).sum();
                        let is_true = told < u32::from(*shares) && left <= told && species == Species::Sheep;
                        assert!(is_true, "{shares} asked, {told} told, {left} left");
                    }
                    other => panic!("seed {seed}: {other:?} {}", reply.body),
                }
            }
            assert_eq!(claimed(&lots), sold, "seed {seed}: who was told so has it, and nobody else");
            // What is left is on lots of which each has too few for whoever was refused.
            assert!(sold <= quota && sold + 6 >= quota, "seed {seed}: {sold} of {quota}");
        });
    }
}

fn told(reply: &Reply) -> (i64, Option<&str>, Option<&str>) {
    (reply.status, reply.body["code"].as_str(), reply.body["state"].as_str())
}

/// Two equal requests and a rival, for the last share: the two are told the same, whoever has it. When the rival gives it back, the same key finds it.
#[test]
fn two_equal_requests_of_which_nothing_is_left_are_told_the_same() {
    let (mut refused, mut made_first) = (0, 0);
    for seed in 0..24 {
        let (was_refused, was_made) = race(seed);
        refused += u32::from(was_refused);
        made_first += u32::from(was_made);
    }
    assert!(refused > 3 && refused < 24, "the race is not a race: {refused} of 24 lost");
    assert!(made_first > 0, "no gift was made before it was refused");
}

/// One request is slow to claim the last share. Meanwhile a rival has it, the same request sent again is refused, and the rival gives it back: what the slow one then claims for the gift that was refused is nobody's, and free at once.
#[test]
fn what_is_claimed_for_a_gift_that_was_refused_meanwhile_is_free_again() {
    run(async {
        let scene = Scene::bare().await;
        offer(&scene, CAMELS, Species::Sheep, 1, limited(1)).await;
        let camels: domain::id::OpportunityId = CAMELS.parse().unwrap();
        let twin = request(&scene, KEY, &shares_of(CAMELS, 1, MOBILE), &[]);
        let (slow, slept) = (std::sync::atomic::AtomicBool::new(true), Duration::from_secs(1));
        scene.stage.cloud.services().set_faults(move |call: &Call<'_>| {
            let takes = call.operation == "UpdateItem" && String::from_utf8_lossy(call.body).contains("LOT#");
            let is_first = takes && slow.swap(false, std::sync::atomic::Ordering::Relaxed);
            if is_first { Fault::Delay(slept) } else { Fault::Pass }
        });
        let meanwhile = async {
            scene.stage.clock.sleep(Duration::from_millis(100)).await;
            let (rival, until) = (DonationId::from_bytes([9; 16]), scene.stage.now().plus_seconds(900));
            scene.stage.table.take_shares(&camels, 0, &rival, (1, until)).await.unwrap();
            // Another environment looks for itself, and there is nothing.
            let again = call(&scene.another(), twin.clone()).await;
            assert_eq!(told(&again), (409, Some("sold_out"), None), "{}", again.body);
            assert_eq!(scene.stage.table.give_shares_back(&camels, 0, &rival, |_| true).await.unwrap(), 1);
        };
        let deps = scene.another();
        let (first, ()) = tokio::join!(call(&deps, twin.clone()), meanwhile);
        // So free that the slow one has it after all, for the gift as it is asked for anew.
        assert_eq!(told(&first), (201, None, Some("awaiting")), "{}", first.body);
        let donation = scene.donation(first.body["id"].as_str().unwrap()).await.unwrap();
        let lot = lots(&scene, CAMELS).await.remove(0);
        assert!(lot.claims[&donation.id].holds(1, donation.expires_at), "{lot:?}, {donation:?}");
        assert_eq!(used(&scene).await.iter().sum::<u32>(), 1);
    });
}

fn race(seed: u64) -> (bool, bool) {
    let outcome = std::cell::Cell::new((false, false));
    run(async {
        let scene = Scene::bare().await;
        offer(&scene, CAMELS, Species::Sheep, 1, limited(1)).await;
        let twin = request(&scene, KEY, &shares_of(CAMELS, 1, MOBILE), &[]);
        let rival = request(&scene, &key(1), &shares_of(CAMELS, 1, &mobile(1)), &[]);
        shuffle(&scene, seed);
        let replies = all_at_once(&scene, &[twin.clone(), rival, twin.clone()]).await;
        scene.stage.cloud.services().set_faults(NoFaults);
        assert_eq!(told(&replies[0]), told(&replies[2]), "seed {seed}");
        assert_ne!(replies[0].status, replies[1].status, "seed {seed}: one of both has it");
        if replies[0].status == 201 {
            return;
        }
        assert_eq!(told(&replies[0]), (409, Some("sold_out"), None), "seed {seed}");
        let made = scene.stage.items("DON#").await.unwrap().len() > 1;
        outcome.set((true, made));
        assert_eq!(used(&scene).await.iter().sum::<u32>(), 1, "seed {seed}: whoever was refused has used nothing");
        let winner = scene.donation(replies[1].body["id"].as_str().unwrap()).await.unwrap();
        let given_back =
            scene.stage.table.give_shares_back(&CAMELS.parse().unwrap(), 0, &winner.id, |_| true).await.unwrap();
        assert_eq!(given_back, 1);
        scene.stage.clock.sleep(Duration::from_secs(2)).await;
        let again = call(&scene.another(), twin).await;
        assert_eq!(told(&again), (201, None, Some("awaiting")), "seed {seed}: {}", again.body);
        let donation = scene.donation(again.body["id"].as_str().unwrap()).await.unwrap();
        assert!(lots(&scene, CAMELS).await[0].claims.contains_key(&donation.id), "seed {seed}");
        assert!(
            !donation.reservation.as_ref().unwrap().is_refused && donation.attempt().unwrap().number == 1 + u32::from(made)
        );
    });
    outcome.get()
}

/// Lets a rival take so many of the first lot between a gift's being written and its claim.
async fn lose_to_a_rival(scene: &Scene, body: &Value, shares: u8) -> Reply {
    let rival = DonationId::from_bytes([7; 16]);
    let (offering, until) = (CAMELS.parse().unwrap(), scene.stage.now().plus_seconds(900));
    scene.stage.cloud.services().set_faults(|call: &Call<'_>| {
        let is_claim = call.operation == "UpdateItem" && String::from_utf8_lossy(call.body).contains("SEG#");
        if is_claim { Fault::Delay(Duration::from_secs(1)) } else { Fault::Pass }
    });
    let comes_between = async {
        tokio::time::sleep(Duration::from_millis(500)).await;
        let taking = scene.stage.table.take_shares(&offering, 0, &rival, (shares, until)).await.unwrap();
        assert!(matches!(taking, Taking::Held(_)), "{taking:?}");
    };
    let (reply, ()) = futures_util::join!(scene.give(KEY, body), comes_between);
    scene.stage.cloud.services().set_faults(NoFaults);
    reply
}

/// A gift that also gives to a capped opportunity is told the same again, and holds nothing; when shares are back it needs another key.
#[test]
fn a_refused_gift_of_shares_and_more_is_told_the_same_and_not_made_again() {
    run(async {
        let scene = Scene::bare().await;
        offer(&scene, CAMELS, Species::Camel, 7, Fairness::default()).await;
        let mut body = shares_of(CAMELS, 1, MOBILE);
        body["lines"].as_array_mut().unwrap().push(serde_json::json!({"opportunity": "roof-qassim", "amount": "20"}));
        let refused = lose_to_a_rival(&scene, &body, 7).await;
        assert_eq!(told(&refused), (409, Some("sold_out"), None), "{}", refused.body);
        let again = scene.give(KEY, &body).await;
        assert_eq!(told(&again), told(&refused), "{}", again.body);
        let rival = DonationId::from_bytes([7; 16]);
        scene.stage.table.give_shares_back(&CAMELS.parse().unwrap(), 0, &rival, |_| true).await.unwrap();
        scene.stage.clock.sleep(Duration::from_secs(2)).await;
        assert_eq!(told(&scene.give(KEY, &body).await), (409, Some("cancelled"), None));
        let other_key = scene.give(&key(1), &body).await;
        assert_eq!(told(&other_key), (201, None, Some("awaiting")), "{}", other_key.body);
        let escrow = scene.stage.table.escrow(&"roof-qassim".parse().unwrap(), 1).await.unwrap();
        assert_eq!(escrow[0].free_minor, crate::scene::money("100"));
    });
}

/// Somebody takes shares between the gift's being written and its claim, so that too few are left: the key may ask for what is left, but not for something else.
#[test]
fn a_refused_gift_may_ask_for_fewer_under_its_key() {
    run(async {
        let scene = Scene::bare().await;
        offer(&scene, CAMELS, Species::Camel, 7, limited(7)).await;
        offer(&scene, "camels-jazan", Species::Camel, 7, Fairness::default()).await;
        let refused = lose_to_a_rival(&scene, &shares_of(CAMELS, 4, MOBILE), 6).await;
        assert_eq!(told(&refused), (409, Some("no_room_in_one"), None), "{}", refused.body);
        assert_eq!(refused.body["errors"][0]["remains"], "1");
        assert_eq!(used(&scene).await, [0], "its givers may ask again");
        let cancelled = scene.stage.items("DON#").await.unwrap();
        assert_eq!((cancelled.len(), cancelled[0]["state"].as_str()), (1, Some("cancelled")));
        let elsewhere = scene.give(KEY, &shares_of("camels-jazan", 1, MOBILE)).await;
        assert_eq!(told(&elsewhere), (422, Some("idempotency_key_reused"), None), "{}", elsewhere.body);
        let fewer = scene.give(KEY, &shares_of(CAMELS, 1, MOBILE)).await;
        assert_eq!(told(&fewer), (201, None, Some("awaiting")), "{}", fewer.body);
        assert_eq!((&fewer.body["total"], &fewer.body["attempt"]), (&"500.00".into(), &2.into()));
        assert_eq!((claimed(&lots(&scene, CAMELS).await), used(&scene).await), (7, vec![1]));
        let before = scene.donation(fewer.body["id"].as_str().unwrap()).await.unwrap();
        assert!(matches!(before.state, State::Awaiting) && before.version > 1);
        let again = scene.give(KEY, &shares_of(CAMELS, 1, MOBILE)).await;
        assert_eq!((told(&again), &again.body["checkout_url"]), (told(&fewer), &fewer.body["checkout_url"]));
    });
}
