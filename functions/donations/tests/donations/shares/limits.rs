//! How many shares one giver may have.

use domain::sacrifice::{Fairness, Species};
use serde_json::{Value, json};
use testkit::faults::NoFaults;

use super::{
    CAMELS, Calls, MOBILE, all_at_once, change, claimed, key, limited, lots, mobile, offer, request, shares_of, shuffle,
    used,
};
use crate::scene::{Reply, Scene, call, run};

const SHEEP: &str = "sheep-makkah";
const LIMIT: u8 = 5;

/// A signed-in donor's request.
fn donors(scene: &Scene, key: &str, body: &Value) -> Value {
    let mut event = scene.gift_event(key, body);
    event["headers"].as_object_mut().unwrap().remove("guest-token");
    event["headers"]["authorization"] = json!(format!("Bearer {}", scene.words["bearer"]));
    event
}

fn is_beyond_the_limit(reply: &Reply) -> bool {
    (reply.status, reply.body["code"].as_str()) == (409, Some("limit_reached"))
}

/// Forty gifts of one giver at once, of two offerings: of each as many as the limit has, whether it is the donor who is known or the mobile.
#[test]
fn forty_gifts_of_one_giver_take_the_limit_of_each_offering_and_no_more() {
    for (seed, is_signed_in) in (0..2).zip([true, false]) {
        run(async {
            let scene = Scene::bare().await;
            offer(&scene, CAMELS, Species::Camel, 70, limited(LIMIT)).await;
            offer(&scene, SHEEP, Species::Sheep, 48, limited(LIMIT)).await;
            let of = |n: usize| if n.is_multiple_of(2) { CAMELS } else { SHEEP };
            let events: Vec<Value> = (0..40)
                .map(|n| {
                    if is_signed_in {
                        donors(&scene, &key(n), &shares_of(of(n), 1, &mobile(n)))
                    } else {
                        request(&scene, &key(n), &shares_of(of(n), 1, MOBILE), &[])
                    }
                })
                .collect();
            shuffle(&scene, seed);
            let replies = all_at_once(&scene, &events).await;
            scene.stage.cloud.services().set_faults(NoFaults);
            for id in [CAMELS, SHEEP] {
                let of_this: Vec<&Reply> =
                    replies.iter().enumerate().filter(|(n, _)| of(*n) == id).map(|(_, reply)| reply).collect();
                let served = of_this.iter().filter(|reply| reply.status == 201).count();
                assert_eq!(served, usize::from(LIMIT), "seed {seed}, {id}");
                for reply in of_this.iter().filter(|reply| reply.status != 201) {
                    assert!(is_beyond_the_limit(reply), "seed {seed}: {}", reply.body);
                    assert_eq!(reply.body["errors"][0]["remains"], "0");
                }
                assert_eq!(claimed(&lots(&scene, id).await), u32::from(LIMIT), "seed {seed}, {id}");
            }
            let used = used(&scene).await;
            assert!(used.iter().all(|used| *used <= u32::from(LIMIT)), "{used:?}");
            // Each donor's gift is counted for its mobile as well.
            let counted = if is_signed_in { 4 } else { 2 } * u32::from(LIMIT);
            assert_eq!(used.iter().sum::<u32>(), counted, "seed {seed}: {used:?}");
        });
    }
}

#[test]
fn who_is_refused_is_told_how_many_are_allowed_and_left_and_nothing_is_written() {
    run(async {
        let scene = Scene::bare().await;
        offer(&scene, CAMELS, Species::Camel, 14, limited(3)).await;
        assert_eq!(scene.give(&key(0), &shares_of(CAMELS, 2, MOBILE)).await.status, 201);
        let calls = Calls::watch(&scene);
        let reply = scene.give(&key(1), &shares_of(CAMELS, 2, MOBILE)).await;
        assert!(is_beyond_the_limit(&reply), "{}", reply.body);
        let told = &reply.body["errors"][0];
        assert_eq!((&told["pointer"], &told["remains"]), (&json!("/lines/0/sacrifice/shares"), &json!("1")));
        assert!(told["detail"].as_str().unwrap().contains("(3)"), "{told}");
        let more = scene.give(&key(2), &shares_of(CAMELS, 4, &mobile(1))).await;
        assert_eq!((is_beyond_the_limit(&more), &more.body["errors"][0]["remains"]), (true, &json!("3")), "{}", more.body);
        assert_eq!(calls.writes(), Vec::<String>::new());
        assert_eq!(scene.give(&key(3), &shares_of(CAMELS, 1, MOBILE)).await.status, 201);
        let items = Value::from(scene.stage.items("GIVER#").await.unwrap()).to_string();
        assert!(!items.contains("551234567"), "a hash says nothing of a mobile: {items}");
    });
}

/// A gift was cancelled, and whoever is to give back what it had has not come yet: it is in nobody's way. Nor is one that is left over of a gift that was given up.
#[test]
fn what_was_given_up_is_not_in_the_way_even_if_nobody_gave_it_back() {
    run(async {
        let scene = Scene::bare().await;
        offer(&scene, CAMELS, Species::Camel, 14, limited(2)).await;
        let first = scene.give(&key(0), &shares_of(CAMELS, 2, MOBILE)).await;
        let (id, token) = (first.body["id"].as_str().unwrap(), first.body["access_token"].as_str().unwrap());
        assert!(is_beyond_the_limit(&scene.give(&key(1), &shares_of(CAMELS, 1, MOBILE)).await));
        assert_eq!(scene.hold("POST /v1/donations/{id}/cancel", id, token, &json!({})).await.status, 200);
        assert_eq!(used(&scene).await, [2]);
        let second = scene.give(&key(2), &shares_of(CAMELS, 2, MOBILE)).await;
        assert_eq!(second.status, 201, "{}", second.body);
        assert_eq!(used(&scene).await, [2]);
        let counted = scene.stage.items("GIVER#").await.unwrap();
        assert!(counted[0]["gifts"].get(second.body["id"].as_str().unwrap()).is_some(), "{counted:?}");
    });
}

#[test]
fn a_limit_counts_from_when_it_is_set_and_where_there_is_none_nothing_is_kept() {
    run(async {
        let scene = Scene::bare().await;
        let offering = offer(&scene, CAMELS, Species::Camel, 21, Fairness::default()).await;
        assert_eq!(scene.give(&key(0), &shares_of(CAMELS, 7, MOBILE)).await.status, 201);
        assert_eq!(used(&scene).await, Vec::<u32>::new());
        let offering = change(&scene, &offering, limited(2)).await;
        let within = request(&scene, &key(1), &shares_of(CAMELS, 2, MOBILE), &[]);
        assert_eq!(call(&scene.deps, within.clone()).await.status, 201);
        assert!(is_beyond_the_limit(&scene.give(&key(2), &shares_of(CAMELS, 1, MOBILE)).await));
        let offering = change(&scene, &offering, limited(1)).await;
        let again = call(&scene.another(), within.clone()).await;
        assert_eq!((again.status, &again.body["state"]), (201, &json!("awaiting")), "what is held stays: {}", again.body);
        change(&scene, &offering, Fairness::default()).await;
        assert_eq!(scene.give(&key(3), &shares_of(CAMELS, 7, MOBILE)).await.status, 201);
        assert_eq!(used(&scene).await, [2]);
    });
}
