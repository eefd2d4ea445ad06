//! How often anyone may try.

use std::time::Duration;

use domain::sacrifice::fairness::Attempts;
use domain::sacrifice::{Fairness, Species};
use donations::Deps;
use serde_json::{Value, json};

use super::{CAMELS, Calls, MOBILE, key, mobile, offer, request, shares_of};
use crate::scene::{Reply, Scene, call, run};

const SHEEP: &str = "sheep-makkah";

/// A request from an address.
fn from(scene: &Scene, address: &str, number: usize, mobile: &str) -> Value {
    let mut event = request(scene, &key(number), &shares_of(SHEEP, 1, mobile), &[]);
    event["requestContext"]["http"]["sourceIp"] = json!(address);
    event
}

fn is_braked(reply: &Reply) -> bool {
    (reply.status, reply.body["code"].as_str()) == (429, Some("slow_down"))
}

#[test]
fn ten_attempts_a_minute_with_one_mobile_and_no_more() {
    run(async {
        let scene = Scene::bare().await;
        offer(&scene, SHEEP, Species::Sheep, 48, Fairness::default()).await;
        for number in 0..10 {
            let reply = scene.give(&key(number), &shares_of(SHEEP, 1, MOBILE)).await;
            assert_eq!(reply.status, 201, "{number}: {}", reply.body);
        }
        let calls = Calls::watch(&scene);
        let braked = scene.give(&key(10), &shares_of(SHEEP, 1, MOBILE)).await;
        assert!(is_braked(&braked), "{}", braked.body);
        let wait: u64 = braked.headers["retry-after"].as_str().unwrap().parse().unwrap();
        assert!((1..=60).contains(&wait), "{wait}");
        assert_eq!(calls.writes(), Vec::<String>::new(), "who is braked is counted no more");
        for _ in 0..20 {
            let again = scene.give(&key(3), &shares_of(SHEEP, 1, MOBILE)).await;
            assert_eq!(again.status, 201, "a gift that is known is no attempt: {}", again.body);
        }
        assert_eq!(scene.give(&key(11), &shares_of(SHEEP, 1, &mobile(1))).await.status, 201, "another mobile");
        scene.stage.clock.sleep(Duration::from_secs(wait)).await;
        assert_eq!(scene.give(&key(10), &shares_of(SHEEP, 1, MOBILE)).await.status, 201);
    });
}

/// An environment that has seen more of one address than of an ordinary person tells the others by the table; a header tells nobody anything.
#[test]
fn one_address_is_counted_in_all_environments_together() {
    run(async {
        let scene = Scene::bare().await;
        let brake = Some(Attempts { source: 8, mobile: 100 });
        offer(&scene, SHEEP, Species::Sheep, 80, Fairness { brake, ..Fairness::default() }).await;
        let environments: Vec<Deps> = (0..3).map(|_| scene.another()).collect();
        let mut passed = 0;
        for number in 0..30 {
            let mut event = from(&scene, "198.51.100.7", number, &mobile(number));
            event["headers"]["x-forwarded-for"] = json!(format!("203.0.113.{number}"));
            let reply = call(&environments[number % 3], event).await;
            assert!(reply.status == 201 || is_braked(&reply), "{}", reply.body);
            passed += u32::from(reply.status == 201);
        }
        // Eight together, and of each environment what is not worth telling.
        assert!((8..=8 + 3 * 3).contains(&passed), "{passed} of 30");
        assert!(is_braked(&call(&environments[0], from(&scene, "::ffff:198.51.100.7", 40, &mobile(40))).await));
        let other = call(&environments[0], from(&scene, "198.51.100.8", 41, &mobile(41))).await;
        assert_eq!(other.status, 201, "another address: {}", other.body);
        let kept = Value::from(scene.stage.items("BRAKE#").await.unwrap()).to_string();
        assert!(kept.contains("ttl") && !kept.contains("198.51"), "{kept}");
        scene.stage.clock.sleep(Duration::from_secs(61)).await;
        assert_eq!(call(&environments[0], from(&scene, "198.51.100.7", 42, &mobile(42))).await.status, 201);
    });
}

/// What would not be given anyway is no attempt: whoever comes too early is not kept out when the sale opens.
#[test]
fn a_request_that_cannot_be_served_is_no_attempt() {
    run(async {
        let scene = Scene::bare().await;
        let offering = offer(&scene, CAMELS, Species::Camel, 14, Fairness::default()).await;
        let opens_at = scene.stage.now().plus_seconds(30);
        let later = domain::sacrifice::Offering { opens_at, revision: offering.revision + 1, ..offering };
        assert!(scene.stage.table.put_offering(&later).await.unwrap());
        for number in 0..30 {
            let early = scene.give(&key(number), &shares_of(CAMELS, 1, MOBILE)).await;
            assert_eq!(early.body["code"], "sale_not_open", "{}", early.body);
        }
        scene.stage.clock.sleep(Duration::from_secs(30)).await;
        assert_eq!(scene.give(&key(0), &shares_of(CAMELS, 1, MOBILE)).await.status, 201);
    });
}
