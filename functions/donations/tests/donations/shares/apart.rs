//! Shares on several lots: of heads always, of animals of seven where their donor lets them be apart.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use domain::donation::Donation;
use domain::id::DonationId;
use domain::sacrifice::{Fairness, Part, Reservation, Species};
use futures_util::future::join_all;
use platform::table::Taking;
use serde_json::Value;
use testkit::connector::invocation;
use testkit::faults::{Call, Failure, Fault, NoFaults};

use super::claims::Once;
use super::{
    CAMELS, Calls, MOBILE, all_at_once, apart_of, claimed, key, limited, lots, mobile, offer, request, shares_of, shuffle,
    used,
};
use crate::scene::{KEY, Reply, Scene, call, run};

/// A scene in which so much is free on each lot, the rest being somebody else's.
async fn left(species: Species, free: &[u8], fairness: Fairness) -> Scene {
    let scene = Scene::bare().await;
    let each = species.lot_shares();
    offer(&scene, CAMELS, species, u32::from(each) * u32::try_from(free.len()).unwrap(), fairness).await;
    for (lot, free) in (0..).zip(free) {
        take(&scene, lot, each - free).await;
    }
    scene
}

fn rival(lot: u32) -> DonationId {
    DonationId::from_bytes([200 + u8::try_from(lot).unwrap(); 16])
}

async fn take(scene: &Scene, lot: u32, shares: u8) {
    let until = scene.stage.now().plus_seconds(900);
    if shares > 0 {
        let taking =
            scene.stage.table.take_shares(&CAMELS.parse().unwrap(), lot, &rival(lot), (shares, until)).await.unwrap();
        assert!(matches!(taking, Taking::Held(_)), "{taking:?}");
    }
}

fn told(reply: &Reply) -> (i64, Option<&str>, Option<&str>) {
    (reply.status, reply.body["code"].as_str(), reply.body["errors"][0]["remains"].as_str())
}

async fn made(scene: &Scene, reply: &Reply) -> (Donation, Reservation) {
    assert_eq!((reply.status, reply.body["state"].as_str()), (201, Some("awaiting")), "{}", reply.body);
    let donation = scene.donation(reply.body["id"].as_str().unwrap()).await.unwrap();
    let named = donation.reservation.clone().unwrap();
    (donation, named)
}

/// The shares that the gift has, by lots: just those that it names.
async fn has(scene: &Scene, reply: &Reply) -> Vec<(u32, u8)> {
    let (donation, named) = made(scene, reply).await;
    let lots = lots(scene, CAMELS).await;
    let has = lots.iter().filter_map(|lot| Some((lot.lot, lot.claims.get(&donation.id)?)));
    let held: Vec<(u32, u8)> = has
        .filter(|(_, claim)| claim.holds(claim.shares, donation.expires_at))
        .map(|(lot, claim)| (lot, claim.shares))
        .collect();
    let places: Vec<(u32, u8)> = named.places().iter().map(|part| (part.lot, part.shares)).collect();
    assert_eq!(held, places, "{named:?}");
    held
}

#[test]
fn heads_come_from_several_lots_where_none_has_so_many() {
    run(async {
        let scene = left(Species::Sheep, &[1, 0, 2, 1], Fairness::default()).await;
        let reply = scene.give(KEY, &shares_of(CAMELS, 5, MOBILE)).await;
        assert_eq!(told(&reply), (409, Some("too_few_left"), Some("4")), "{}", reply.body);
        let pair = scene.give(&key(1), &shares_of(CAMELS, 2, MOBILE)).await;
        assert_eq!(has(&scene, &pair).await, [(2, 2)], "together where there is room");
        let apart = scene.give(&key(2), &shares_of(CAMELS, 2, MOBILE)).await;
        assert_eq!(has(&scene, &apart).await, [(0, 1), (3, 1)]);
        let none = scene.give(&key(3), &shares_of(CAMELS, 2, MOBILE)).await;
        assert_eq!(told(&none), (409, Some("sold_out"), None), "{}", none.body);
    });
}

#[test]
fn shares_of_camels_are_apart_only_where_their_donor_lets_them() {
    run(async {
        let scene = left(Species::Camel, &[2, 0, 3, 1], Fairness::default()).await;
        let together = scene.give(KEY, &shares_of(CAMELS, 4, MOBILE)).await;
        assert_eq!(told(&together), (409, Some("no_room_in_one"), Some("3")), "{}", together.body);
        let many = scene.give(&key(1), &apart_of(CAMELS, 7, MOBILE)).await;
        assert_eq!(told(&many), (409, Some("too_few_left"), Some("6")), "{}", many.body);
        let event = request(&scene, &key(2), &apart_of(CAMELS, 4, MOBILE), &[]);
        let apart = call(&scene.deps, event.clone()).await;
        assert_eq!(has(&scene, &apart).await, [(2, 3), (3, 1)], "on as few as can be, the last one filled");
        // Again it costs nothing, in this environment and in another.
        let calls = Calls::watch(&scene);
        for deps in [&scene.deps, &scene.another()] {
            let again = call(deps, event.clone()).await;
            assert_eq!((again.status, &again.body["id"]), (201, &apart.body["id"]), "{}", again.body);
        }
        assert_eq!(calls.writes(), Vec::<String>::new());
        scene.stage.cloud.services().set_faults(NoFaults);
        let otherwise = scene.give(&key(2), &shares_of(CAMELS, 4, MOBILE)).await;
        assert_eq!(
            told(&otherwise).1,
            Some("idempotency_key_reused"),
            "whether they may be apart is part of what is asked for"
        );
    });
}

/// A rival takes a part between the gift's being written and its claim there: what is claimed is kept, and the rest comes from elsewhere.
#[test]
fn a_part_that_is_gone_is_found_elsewhere_and_the_others_stay() {
    for (free, expected) in [
        (vec![3, 2, 1, 1], vec![(0, 3), (2, 1), (3, 1)]),
        // Only its own lot has room for more: its claim there grows.
        (vec![3, 2, 0, 0], vec![(0, 5)]),
        (vec![3, 2, 1, 0], vec![]),
    ] {
        run(async {
            let scene = left(Species::Camel, &free, limited(7)).await;
            let grows = expected == [(0, 5)];
            let is_second = AtomicUsize::new(0);
            scene.stage.cloud.services().set_faults(move |call: &Call<'_>| {
                let is_claim = call.operation == "UpdateItem" && String::from_utf8_lossy(call.body).contains("SEG#");
                let is_late = is_claim && is_second.fetch_add(1, Ordering::Relaxed) == 1;
                if is_late { Fault::Delay(Duration::from_secs(30)) } else { Fault::Pass }
            });
            let comes_between = async {
                tokio::time::sleep(Duration::from_secs(25)).await;
                let table = &scene.stage.table;
                let (offering, until) = (CAMELS.parse().unwrap(), scene.stage.now().plus_seconds(900));
                let other = DonationId::from_bytes([7; 16]);
                table.take_shares(&offering, 1, &other, (2, until)).await.unwrap();
                if grows {
                    table.give_shares_back(&offering, 0, &rival(0), |_| true).await.unwrap();
                }
            };
            let body = apart_of(CAMELS, 5, MOBILE);
            let (reply, ()) = futures_util::join!(scene.give(KEY, &body), comes_between);
            scene.stage.cloud.services().set_faults(NoFaults);
            if expected.is_empty() {
                assert_eq!(told(&reply), (409, Some("too_few_left"), Some("4")), "{}", reply.body);
                let lots = lots(&scene, CAMELS).await;
                assert_eq!(lots.iter().map(|lot| lot.free).collect::<Vec<_>>(), [3, 0, 1, 0], "what it had is free at once");
                assert_eq!(used(&scene).await, [0]);
                let fewer = scene.give(KEY, &apart_of(CAMELS, 4, MOBILE)).await;
                assert_eq!(has(&scene, &fewer).await, [(0, 3), (2, 1)]);
            } else {
                assert_eq!(has(&scene, &reply).await, expected);
                assert_eq!(used(&scene).await, [5]);
            }
        });
    }
}

#[test]
fn whatever_call_of_a_gift_apart_fails_the_same_request_goes_on() {
    let faults = [
        Fault::CrashBefore,
        Fault::CrashAfter,
        Fault::Before(Failure::Throttled),
        Fault::Before(Failure::Conflict),
        Fault::ReplyLost(Failure::Disconnected),
        Fault::Duplicate,
    ];
    for fault in faults {
        for at in 0.. {
            let (was_met, context) = (AtomicBool::new(false), format!("{fault:?} at {at}"));
            run(async {
                let scene = left(Species::Sheep, &[1, 1, 2], limited(7)).await;
                let event = request(&scene, KEY, &shares_of(CAMELS, 4, MOBILE), &[]);
                let once = Arc::new(Once { seen: AtomicUsize::new(0), has_looked: AtomicBool::new(false), at, fault });
                let hook = Arc::clone(&once);
                scene
                    .stage
                    .cloud
                    .services()
                    .set_faults(move |call: &Call<'_>| testkit::faults::Faults::decide(&*hook, call));
                if let Ok(reply) = invocation(call(&scene.another(), event.clone())).await {
                    assert!(matches!(reply.status, 201 | 503), "{context}: {}", reply.body);
                }
                was_met.store(once.seen.load(Ordering::Relaxed) > at, Ordering::Relaxed);
                scene.stage.cloud.services().set_faults(NoFaults);
                let again = call(&scene.another(), event).await;
                assert!(again.body["checkout_url"].is_string(), "{context}: {}", again.body);
                assert_eq!(has(&scene, &again).await, [(0, 1), (1, 1), (2, 2)], "{context}");
                assert_eq!(used(&scene).await, [4], "{context}");
            });
            if !was_met.load(Ordering::Relaxed) {
                assert!(at > 12, "a gift apart has more calls than {at}");
                break;
            }
        }
    }
}

#[test]
fn many_posts_of_one_key_are_one_gift_with_all_its_parts() {
    for seed in 0..3 {
        run(async {
            let scene = left(Species::Camel, &[2, 1, 3, 1, 1], limited(7)).await;
            let event = request(&scene, KEY, &apart_of(CAMELS, 7, MOBILE), &[]);
            shuffle(&scene, seed);
            let environments: Vec<_> = (0..20).map(|_| scene.another()).collect();
            let replies = join_all(environments.iter().map(|deps| call(deps, event.clone()))).await;
            scene.stage.cloud.services().set_faults(NoFaults);
            assert!(replies.iter().all(|reply| matches!(reply.status, 201 | 503)), "seed {seed}");
            let again = call(&scene.another(), event).await;
            let has: u8 = has(&scene, &again).await.iter().map(|(_, shares)| shares).sum();
            assert_eq!((has, used(&scene).await), (7, vec![7]), "seed {seed}");
        });
    }
}

/// Everybody takes what is left, in one animal or in several. None is sold beyond it, each who was told so has just what the gift names, and whoever was refused was refused for what was not there.
#[test]
fn many_who_take_them_apart_share_what_remains_to_the_last() {
    let apart = AtomicUsize::new(0);
    for (seed, species) in (0..4).zip([Species::Camel, Species::Sheep].into_iter().cycle()) {
        run(async {
            let scene = left(species, &[3, 1, 2, 5, 1, 1, 4, 2, 6, 1], Fairness::default()).await;
            let wanted: Vec<u8> = (0..15).map(|n| [7, 2, 5, 3, 6][n % 5]).collect();
            let body = |n: usize, shares: u8| match n % 2 {
                0 => apart_of(CAMELS, shares, &mobile(n)),
                _ => shares_of(CAMELS, shares, &mobile(n)),
            };
            let events: Vec<Value> =
                wanted.iter().enumerate().map(|(n, shares)| request(&scene, &key(n), &body(n, *shares), &[])).collect();
            shuffle(&scene, seed);
            let replies = all_at_once(&scene, &events).await;
            scene.stage.cloud.services().set_faults(NoFaults);
            let mut sold = 0;
            for (n, (shares, reply)) in wanted.iter().zip(&replies).enumerate() {
                let may_part = n % 2 == 0 || species == Species::Sheep;
                match (reply.status, reply.body["code"].as_str()) {
                    (201, None) => {
                        let (donation, named) = made(&scene, reply).await;
                        let lots = lots(&scene, CAMELS).await;
                        for Part { lot, shares } in named.places() {
                            let claim = lots[lot as usize].claims.get(&donation.id);
                            assert!(claim.is_some_and(|claim| claim.shares == shares), "seed {seed}: {named:?} {lots:?}");
                        }
                        sold += u32::from(*shares);
                        apart.fetch_add(usize::from(!named.parts.is_empty()), Ordering::Relaxed);
                    }
                    (409, Some("sold_out")) => {}
                    (409, Some("too_few_left")) => {
                        let (_, _, remains) = told(reply);
                        assert!(may_part && remains.unwrap().parse::<u8>().unwrap() < *shares, "{}", reply.body);
                    }
                    (409, Some("no_room_in_one")) => assert!(!may_part, "{}", reply.body),
                    other => panic!("seed {seed}: {other:?} {}", reply.body),
                }
            }
            let all = lots(&scene, CAMELS).await;
            let rivals: u32 = all
                .iter()
                .flat_map(|lot| lot.claims.iter().filter(|(id, _)| **id == rival(lot.lot)))
                .map(|(_, claim)| u32::from(claim.shares))
                .sum();
            // What was claimed on the way to other lots is swept at the hold's end.
            assert!(sold <= claimed(&all) - rivals && sold <= 26 && sold > 0, "seed {seed}: {sold} sold");
        });
    }
    assert!(apart.into_inner() > 0, "nobody has them apart");
}
