//! A waiting room before an offering: one admission, one gift.

use std::time::Duration;

use domain::sacrifice::{Fairness, Species};
use serde_json::json;

use super::{CAMELS, Calls, MOBILE, admission, change, claimed, key, lots, mobile, offer, request, shares_of, with_room};
use crate::scene::{Scene, call, run};

#[test]
fn nobody_gives_without_a_turn_of_their_own() {
    run(async {
        let scene = Scene::bare().await;
        offer(&scene, CAMELS, Species::Camel, 14, with_room(&scene)).await;
        let now = scene.stage.now();
        let mine = admission(&scene, CAMELS, &key(0), now.plus_seconds(600)).await;
        let of_another_gift = admission(&scene, CAMELS, &key(1), now.plus_seconds(600)).await;
        let of_another_offering = admission(&scene, "sheep-makkah", &key(0), now.plus_seconds(600)).await;
        let over = admission(&scene, CAMELS, &key(0), now).await;
        let longer = mine.replacen(&format!(".{}.", now.plus_seconds(600).seconds()), ".9999999999.", 1);
        assert_ne!(mine, longer);
        let calls = Calls::watch(&scene);
        let table = [
            (None, "admission_required"),
            (Some(""), "admission_foreign"),
            (Some(of_another_gift.as_str()), "admission_foreign"),
            (Some(of_another_offering.as_str()), "admission_foreign"),
            (Some(longer.as_str()), "admission_foreign"),
            (Some(over.as_str()), "admission_over"),
        ];
        for (token, code) in table {
            let headers: Vec<(&str, &str)> = token.into_iter().map(|token| ("admission-token", token)).collect();
            let reply = call(&scene.deps, request(&scene, &key(0), &shares_of(CAMELS, 1, &mobile(9)), &headers)).await;
            assert_eq!((reply.status, &reply.body["code"]), (403, &json!(code)), "{}", reply.body);
            assert_eq!(reply.body["detail"], "POST /v1/sacrifice/offerings/camels-makkah/tickets");
        }
        // Six attempts of one mobile are more than an ordinary person's: those are counted, and nothing else is written.
        assert!(calls.writes().iter().all(|call| call.contains("BRAKE#")));
        let donor = json!({"authorization": format!("Bearer {}", scene.words["bearer"]), "idempotency-key": key(0), "admission-token": mine});
        let event = stage::event::http("POST /v1/donations", json!({}), donor, &shares_of(CAMELS, 1, MOBILE).to_string());
        assert_eq!(call(&scene.deps, event).await.body["code"], "admission_foreign", "the same key of another caller");
        let reply =
            call(&scene.deps, request(&scene, &key(0), &shares_of(CAMELS, 1, MOBILE), &[("admission-token", &mine)])).await;
        assert_eq!(reply.status, 201, "{}", reply.body);
    });
}

#[test]
fn one_admission_is_good_for_one_gift_however_often_that_is_sent() {
    run(async {
        let scene = Scene::bare().await;
        offer(&scene, CAMELS, Species::Camel, 14, with_room(&scene)).await;
        let token = admission(&scene, CAMELS, &key(0), scene.stage.now().plus_seconds(600)).await;
        let headers = [("admission-token", token.as_str())];
        let event = request(&scene, &key(0), &shares_of(CAMELS, 1, MOBILE), &headers);
        let first = call(&scene.deps, event.clone()).await;
        assert_eq!(first.status, 201, "{}", first.body);
        let second = call(&scene.deps, request(&scene, &key(1), &shares_of(CAMELS, 1, MOBILE), &headers)).await;
        assert_eq!((second.status, &second.body["code"]), (403, &json!("admission_foreign")));
        let other = call(&scene.deps, request(&scene, &key(0), &shares_of(CAMELS, 2, MOBILE), &headers)).await;
        assert_eq!((other.status, &other.body["code"]), (422, &json!("idempotency_key_reused")));
        scene.stage.clock.sleep(Duration::from_secs(700)).await;
        let late = call(&scene.another(), event).await;
        assert_eq!((late.status, &late.body["id"]), (201, &first.body["id"]), "a gift that is known is asked for nothing");
        assert_eq!(claimed(&lots(&scene, CAMELS).await), 1);
    });
}

#[test]
fn a_waiting_room_is_switched_on_and_off_while_it_sells() {
    run(async {
        let scene = Scene::bare().await;
        let offering = offer(&scene, CAMELS, Species::Camel, 14, Fairness::default()).await;
        let before = request(&scene, &key(0), &shares_of(CAMELS, 1, MOBILE), &[("admission-token", "whatever")]);
        assert_eq!(call(&scene.deps, before.clone()).await.status, 201, "where nobody waits nobody is asked");
        let offering = change(&scene, &offering, with_room(&scene)).await;
        assert_eq!(scene.give(&key(1), &shares_of(CAMELS, 1, MOBILE)).await.body["code"], "admission_required");
        assert_eq!(call(&scene.deps, before).await.status, 201);
        change(&scene, &offering, Fairness::default()).await;
        assert_eq!(scene.give(&key(1), &shares_of(CAMELS, 1, MOBILE)).await.status, 201);
    });
}
