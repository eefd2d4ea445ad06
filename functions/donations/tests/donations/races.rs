//! Many at once.

use std::collections::BTreeSet;

use domain::money::Money;
use futures_util::future::join_all;
use serde_json::json;

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
