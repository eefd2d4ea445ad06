//! Many at once.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use domain::donation::{HoldPart, State};
use domain::id::DonationId;
use domain::money::Money;
use futures_util::future::join_all;
use platform::table::Claiming;
use serde_json::json;
use testkit::faults::{Call, Fault};

use crate::scene::{KEY, Scene, call, gift, money, run};

#[test]
fn fifty_posts_of_one_key_are_one_donation() {
    for lines in [vec![("wells-jazan", "10")], vec![("roof-qassim", "120")], vec![("orphans-riyadh", "40000")]] {
        run(async {
            let scene = Scene::bare().await;
            let environments: Vec<_> = (0..50).map(|_| scene.another()).collect();
            let event = scene.gift_event(KEY, &gift(&lines));
            let replies = join_all(environments.iter().map(|deps| call(deps, event.clone()))).await;
            let made: Vec<_> = replies.iter().filter(|reply| reply.status == 201).collect();
            let ids: BTreeSet<String> = made.iter().map(|reply| reply.body["id"].to_string()).collect();
            assert_eq!(ids.len(), 1);
            for reply in replies.iter().filter(|reply| reply.status != 201) {
                assert_eq!(reply.status, 503, "{}", reply.body);
            }
            let first = made.iter().filter(|reply| reply.headers["idempotent-replayed"].is_null()).count();
            assert!(first <= 1, "{first} were first");
            assert!(!made.is_empty());
            let again = call(&scene.deps, event.clone()).await;
            assert_eq!((again.status, &again.body["id"]), (201, &made[0].body["id"]));
            assert_held_exactly(&scene, &again.body, lines[0].0).await;
        });
    }
}

async fn assert_held_exactly(scene: &Scene, body: &serde_json::Value, opportunity: &str) {
    let donation = scene.donation(body["id"].as_str().unwrap()).await.unwrap();
    if donation.hold.is_empty() {
        return;
    }
    let escrow = scene.stage.table.escrow(&opportunity.parse().unwrap(), 16).await.unwrap();
    let claims = escrow.iter().flat_map(|shard| shard.claims.values().copied());
    let claimed = Money::sum(claims.filter_map(Money::from_halalas)).unwrap();
    let free = Money::sum(escrow.iter().map(|shard| shard.free_minor)).unwrap();
    let granted = Money::sum(escrow.iter().map(|shard| shard.granted_minor)).unwrap();
    assert_eq!(claimed, donation.total());
    assert_eq!(free.plus(claimed), Some(granted));
    for part in &donation.hold {
        let shard = escrow.iter().find(|shard| shard.shard == part.shard).unwrap();
        assert_eq!(shard.claims.get(&donation.id), Some(&part.amount_minor.halalas()));
    }
}

#[test]
fn the_remainder_is_given_once_and_no_halala_beyond_it() {
    run(async {
        let scene = Scene::bare().await;
        let environments: Vec<_> = (0..30).map(|_| scene.another()).collect();
        let events = (0..30).map(|n| scene.gift_event(&format!("{KEY}-{n}"), &gift(&[("roof-qassim", "50")])));
        let replies = join_all(environments.iter().zip(events).map(|(deps, event)| call(deps, event))).await;
        let taken = replies.iter().filter(|reply| reply.status == 201).count();
        assert_eq!(taken, 2, "two times fifty fit into 120");
        for reply in replies.iter().filter(|reply| reply.status != 201) {
            assert_eq!((reply.status, &reply.body["code"]), (409, &json!("over_funded")));
        }
        let escrow = scene.stage.table.escrow(&"roof-qassim".parse().unwrap(), 1).await.unwrap();
        assert_eq!((escrow[0].free_minor, escrow[0].claims.len()), (money("20"), 2));
    });
}

#[test]
fn gifts_that_meet_on_many_shards_fill_them_to_the_last_riyal() {
    run(async {
        let scene = Scene::bare().await;
        let environments: Vec<_> = (0..24).map(|_| scene.another()).collect();
        let events: Vec<_> = (0..24)
            .map(|n| scene.gift_event(&format!("{KEY}-{n}"), &gift(&[("orphans-riyadh", "2500"), ("wells-jazan", "1")])))
            .collect();
        let mut taken = BTreeSet::new();
        // Who was told to wait a moment comes again.
        for _ in 0..20 {
            let replies = join_all(environments.iter().zip(&events).map(|(deps, event)| call(deps, event.clone()))).await;
            taken.extend(
                replies
                    .iter()
                    .enumerate()
                    .filter(|(_, reply)| reply.status == 201 && reply.body["state"] == "awaiting")
                    .map(|(n, _)| n),
            );
            if replies.iter().all(|reply| reply.status != 503) {
                break;
            }
        }
        let escrow = scene.stage.table.escrow(&"orphans-riyadh".parse().unwrap(), 16).await.unwrap();
        let claims: Vec<u64> = escrow.iter().flat_map(|shard| shard.claims.values().copied()).collect();
        let free = Money::sum(escrow.iter().map(|shard| shard.free_minor)).unwrap();
        let claimed = Money::sum(claims.into_iter().filter_map(Money::from_halalas)).unwrap();
        assert_eq!(free.plus(claimed), Some(money("50000")), "nothing is lost or made");
        assert_eq!(
            claimed,
            Money::from_halalas(250_000 * taken.len() as u64).unwrap(),
            "who was taken holds, nobody else does"
        );
        assert!(taken.len() <= 20);
    });
}

#[test]
fn two_clicks_for_another_attempt_make_one() {
    run(async {
        let scene = Scene::set().await;
        let headers = json!({"access-token": scene.words["failed_token"]});
        let path = json!({"id": scene.words["failed"]});
        let event = stage::event::http("POST /v1/donations/{id}/attempts", path, headers, r#"{"after":1}"#);
        let environments: Vec<_> = (0..5).map(|_| scene.another()).collect();
        let replies = join_all(environments.iter().map(|deps| call(deps, event.clone()))).await;
        for reply in &replies {
            assert_eq!((reply.status, &reply.body["attempt"]), (201, &json!(2)), "{}", reply.body);
            assert_eq!(reply.body["checkout_url"], replies[0].body["checkout_url"]);
        }
        assert_eq!(scene.donation(&scene.words["failed"]).await.unwrap().attempts.len(), 2);
    });
}

/// Two hundred ask at once for more than remains, of what is spread over many shards; whoever is refused gives what is left, as they are told. In the end everything is
/// given and nothing beyond it, and whoever was refused had asked for more than could be taken at that moment.
#[test]
fn two_hundred_gifts_at_once_fund_what_remains_exactly() {
    run(async {
        let scene = Scene::bare().await;
        let environments: Vec<_> = (0..200).map(|_| scene.another()).collect();
        // SAR 50,000 remain, on sixteen shards of SAR 3,125; SAR 94,000 are asked for. The largest gifts take from two shards each.
        let mut wanted: Vec<u64> = (0..200).map(|n| [25, 50, 75, 100, 130, 175, 220, 3_000][n % 8]).collect();
        assert!(wanted.iter().sum::<u64>() > 50_000);
        let mut open: Vec<usize> = (0..200).collect();
        let mut taken = 0;
        for round in 0.. {
            if open.is_empty() {
                break;
            }
            assert!(round < 40, "{} are still waiting", open.len());
            let events: Vec<_> = open
                .iter()
                .map(|n| {
                    let body = gift(&[("orphans-riyadh", &wanted[*n].to_string())]);
                    scene.gift_event(&format!("{KEY}-{n}-{}", wanted[*n]), &body)
                })
                .collect();
            let calls = open.iter().zip(events).map(|(n, event)| call(&environments[*n], event));
            let replies = join_all(calls).await;
            let mut left = Vec::new();
            for (n, reply) in open.iter().zip(&replies) {
                match reply.status {
                    201 if reply.body["state"] == "awaiting" => taken += wanted[*n],
                    // One moment: the same again.
                    503 => left.push(*n),
                    409 => {
                        assert_eq!(reply.body["code"], "over_funded", "{}", reply.body);
                        let remains = reply.body["errors"][0]["remains"].as_str().unwrap();
                        let remains = money(remains).halalas() / 100;
                        assert!(remains < wanted[*n], "refused {} while {remains} remain", wanted[*n]);
                        if remains > 0 {
                            wanted[*n] = remains;
                            left.push(*n);
                        }
                    }
                    other => panic!("{other}: {}", reply.body),
                }
            }
            let escrow = scene.stage.table.escrow(&"orphans-riyadh".parse().unwrap(), 16).await.unwrap();
            let free = Money::sum(escrow.iter().map(|shard| shard.free_minor)).unwrap();
            assert_eq!(free.halalas() / 100 + taken, 50_000, "what is not taken is free");
            let refused: Vec<&serde_json::Value> =
                replies.iter().filter(|reply| reply.status == 409).map(|reply| &reply.body).collect();
            for body in refused {
                let asked = money(body["errors"][0]["remains"].as_str().unwrap());
                assert!(free <= asked, "{free} are free and only {asked} were said to remain");
            }
            open = left;
        }
        assert_eq!(taken, 50_000, "funded exactly");
    });
}

/// A gift that gets only a part of what it is to take gives that back in a moment: nobody is refused for that moment.
#[test]
fn nobody_is_refused_for_what_another_gives_back_in_a_moment() {
    run(async {
        let scene = Scene::bare().await;
        let (table, clock) = (&scene.stage.table, &scene.stage);
        let other = DonationId::from_bytes([7; 16]);
        let part = HoldPart { opportunity: "roof-qassim".parse().unwrap(), shard: 0, amount_minor: money("100") };
        assert_eq!(scene.stage.claim(other, &part).await.unwrap(), Claiming::Held);
        let began = clock.now();
        let give_back = async {
            tokio::time::sleep(Duration::from_millis(60)).await;
            table.release_claim(&other, &part).await.unwrap();
        };
        let wanted = gift(&[("roof-qassim", "50")]);
        let (reply, ()) = futures_util::join!(scene.give(KEY, &wanted), give_back);
        assert_eq!((reply.status, &reply.body["state"]), (201, &json!("awaiting")), "{}", reply.body);
        // What is held for good is not waited for long, and what could never be enough not at all.
        assert_eq!(scene.stage.claim(other, &HoldPart { amount_minor: money("60"), ..part }).await.unwrap(), Claiming::Held);
        let key = |n: u32| format!("{KEY}-{n}");
        let reply = scene.give(&key(1), &wanted).await;
        assert_eq!((reply.status, &reply.body["errors"][0]["remains"]), (409, &json!("10.00")), "{}", reply.body);
        let looked = clock.now();
        assert!(looked.millis_since(began) < 2_000, "{} ms", looked.millis_since(began));
        assert_eq!(scene.give(&key(2), &gift(&[("roof-qassim", "121")])).await.status, 409);
        assert!(clock.now().millis_since(looked) < 20, "nothing to wait for");
    });
}

/// The request that made a gift is held up on its way to the escrow; the same request, sent again, holds it, and it is paid and its claim spent. What was
/// held up then takes nothing.
#[test]
fn a_claim_that_was_held_up_takes_nothing_from_a_gift_that_is_paid() {
    run(async {
        let scene = Scene::bare().await;
        let held_up = AtomicBool::new(false);
        scene.stage.cloud.services().set_faults(move |call: &Call<'_>| {
            let is_claim = call.operation == "UpdateItem" && String::from_utf8_lossy(call.body).contains("CAP#");
            let is_first = is_claim && !held_up.swap(true, Ordering::Relaxed);
            if is_first { Fault::Delay(Duration::from_secs(60)) } else { Fault::Pass }
        });
        let event = scene.gift_event(KEY, &gift(&[("roof-qassim", "50")]));
        let table = &scene.stage.table;
        let again = async {
            tokio::time::sleep(Duration::from_secs(1)).await;
            let reply = call(&scene.another(), event.clone()).await;
            assert_eq!((reply.status, &reply.body["state"]), (201, &json!("awaiting")), "{}", reply.body);
            let donation = scene.donation(reply.body["id"].as_str().unwrap()).await.unwrap();
            assert!(table.move_donation(&donation, &State::Settled { settled_by: scene.paid() }).await.unwrap());
            table.spend_claim((&donation).into(), &donation.hold[0]).await.unwrap();
        };
        let (reply, ()) = futures_util::join!(call(&scene.deps, event.clone()), again);
        assert_eq!((reply.status, &reply.body["state"]), (201, &json!("settled")), "{}", reply.body);
        let escrow = table.escrow(&"roof-qassim".parse().unwrap(), 1).await.unwrap();
        assert_eq!((escrow[0].free_minor, escrow[0].claims.len()), (money("70"), 0));
    });
}
