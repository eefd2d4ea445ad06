//! What a gift leaves in the table, the queue and at the provider.

use domain::message::Message;
use donations::hold::HOLD_SECS;
use donations::make::WAIT_SECS;
use moyasar_sandbox::{Deed, Mischief};
use serde_json::json;

use crate::scene::{KEY, Scene, gift, money, run};

const ATTEMPTS: &str = "POST /v1/donations/{id}/attempts";
const CANCEL: &str = "POST /v1/donations/{id}/cancel";
const SHOW: &str = "GET /v1/donations/{id}";

#[test]
fn an_uncapped_gift_is_one_write_and_no_message() {
    run(async {
        let scene = Scene::bare().await;
        let made = scene.give(KEY, &gift(&[("wells-jazan", "10")])).await;
        assert_eq!(made.status, 201);
        let donation = scene.donation(made.body["id"].as_str().unwrap()).await.unwrap();
        assert_eq!(donation.version, 0);
        assert_eq!(donation.expires_at, donation.made_at.plus_seconds(WAIT_SECS));
        assert!(donation.hold.is_empty() && donation.personal.is_none());
        assert!(scene.stage.take_messages("holds").await.unwrap().is_empty());
    });
}

#[test]
fn a_capped_gift_holds_before_its_checkout_and_its_end_is_told() {
    run(async {
        let scene = Scene::bare().await;
        let made = scene.give(KEY, &gift(&[("roof-qassim", "20"), ("wells-jazan", "1")])).await;
        assert_eq!(made.status, 201, "{}", made.body);
        let id = made.body["id"].as_str().unwrap();
        let donation = scene.donation(id).await.unwrap();
        assert_eq!(donation.expires_at, donation.made_at.plus_seconds(HOLD_SECS));
        let escrow = scene.stage.table.escrow(&"roof-qassim".parse().unwrap(), 1).await.unwrap();
        assert_eq!(escrow[0].free_minor, money("100"));
        assert_eq!(escrow[0].claims.get(&donation.id), Some(&2_000));
        assert!(scene.stage.take_messages("holds").await.unwrap().is_empty(), "not before the hold's end");
        tokio::time::sleep(std::time::Duration::from_secs(HOLD_SECS.unsigned_abs() + 1)).await;
        let told = scene.stage.take_messages("holds").await.unwrap();
        assert_eq!(told, [Message::HoldDue { donation: donation.id }]);
    });
}

#[test]
fn a_gift_larger_than_any_shard_holds_on_several() {
    run(async {
        let scene = Scene::bare().await;
        let made = scene.give(KEY, &gift(&[("orphans-riyadh", "49999.99")])).await;
        assert_eq!(made.status, 201, "{}", made.body);
        let donation = scene.donation(made.body["id"].as_str().unwrap()).await.unwrap();
        assert_eq!(donation.hold.len(), 16);
        let next = scene.give(&KEY.replace('6', "7"), &gift(&[("orphans-riyadh", "1")])).await;
        assert_eq!((next.status, &next.body["errors"][0]["remains"]), (409, &json!("0.01")));
    });
}

#[test]
fn the_same_request_again_is_the_same_answer() {
    run(async {
        let scene = Scene::bare().await;
        for lines in [vec![("wells-jazan", "10")], vec![("roof-qassim", "120")]] {
            let key = format!("{}-{KEY}", lines[0].0);
            let first = scene.give(&key, &gift(&lines)).await;
            let again = scene.give(&key, &gift(&lines)).await;
            assert_eq!((first.status, &first.body), (again.status, &again.body));
            assert_eq!(first.headers["idempotent-replayed"], json!(null));
            assert_eq!(again.headers["idempotent-replayed"], "true");
        }
    });
}

#[test]
fn another_guest_with_the_same_key_makes_another_gift() {
    run(async {
        let mut scene = Scene::bare().await;
        let first = scene.give(KEY, &gift(&[("wells-jazan", "10")])).await;
        let (other, _) = scene.identifiers().await.guest_token(&platform::Random::seeded(99), scene.stage.now());
        scene.words.insert("guest_token".to_owned(), other);
        let second = scene.give(KEY, &gift(&[("wells-jazan", "10")])).await;
        assert_ne!(first.body["id"], second.body["id"]);
    });
}

#[test]
fn a_provider_that_is_down_costs_the_gift_nothing() {
    run(async {
        let scene = Scene::bare().await;
        let body = gift(&[("roof-qassim", "50")]);
        scene.stage.sandbox.set_mischief(Mischief::default().with(Deed::Fail, 10_000));
        let down = scene.give(KEY, &body).await;
        assert_eq!((down.status, &down.body["code"]), (503, &json!("provider_unavailable")));
        assert_eq!(down.headers["retry-after"], "5");
        scene.stage.sandbox.set_mischief(Mischief::default());
        let again = scene.give(KEY, &body).await;
        assert_eq!(again.status, 201, "{}", again.body);
        assert_eq!(again.headers["idempotent-replayed"], "true");
        let escrow = scene.stage.table.escrow(&"roof-qassim".parse().unwrap(), 1).await.unwrap();
        assert_eq!((escrow[0].free_minor, escrow[0].claims.len()), (money("70"), 1));
    });
}

#[test]
fn a_checkout_whose_answer_was_lost_is_found_again() {
    run(async {
        let scene = Scene::bare().await;
        scene.stage.sandbox.set_mischief(Mischief::default().with(Deed::LoseReply, 10_000));
        let lost = scene.give(KEY, &gift(&[("wells-jazan", "10")])).await;
        assert_eq!(lost.status, 503);
        scene.stage.sandbox.set_mischief(Mischief::default());
        let first = scene.give(KEY, &gift(&[("wells-jazan", "10")])).await;
        let second = scene.give(KEY, &gift(&[("wells-jazan", "10")])).await;
        assert_eq!(first.status, 201);
        assert_eq!(first.body["checkout_url"], second.body["checkout_url"]);
    });
}

#[test]
fn what_was_cancelled_is_told_and_is_not_paid_again() {
    run(async {
        let scene = Scene::bare().await;
        let made = scene.give(KEY, &gift(&[("roof-qassim", "50")])).await;
        let (id, token) = (made.body["id"].as_str().unwrap(), made.body["access_token"].as_str().unwrap());
        for _ in 0..2 {
            let cancelled = scene.hold(CANCEL, id, token, &json!({})).await;
            assert_eq!((cancelled.status, &cancelled.body["state"]), (200, &json!("cancelled")));
            let told = scene.stage.take_messages("holds").await.unwrap();
            assert_eq!(told, [Message::HoldDropped { donation: id.parse().unwrap() }]);
        }
        let attempt = scene.hold(ATTEMPTS, id, token, &json!({"after": 1})).await;
        assert_eq!((attempt.status, &attempt.body["code"]), (409, &json!("cancelled")));
        let again = scene.give(KEY, &gift(&[("roof-qassim", "50")])).await;
        assert_eq!((&again.body["state"], &again.body["checkout_url"]), (&json!("cancelled"), &json!(null)));
    });
}

#[test]
fn attempts_follow_one_another_up_to_the_last() {
    run(async {
        let scene = Scene::bare().await;
        let made = scene.give(KEY, &gift(&[("wells-jazan", "50")])).await;
        let (id, token) = (made.body["id"].as_str().unwrap(), made.body["access_token"].as_str().unwrap());
        let mut urls = vec![made.body["checkout_url"].clone()];
        for after in 1..5 {
            let attempt = scene.hold(ATTEMPTS, id, token, &json!({"after": after})).await;
            let click = scene.hold(ATTEMPTS, id, token, &json!({"after": after})).await;
            assert_eq!((attempt.status, &attempt.body["attempt"]), (201, &json!(after + 1)));
            assert_eq!(attempt.body["checkout_url"], click.body["checkout_url"]);
            urls.push(attempt.body["checkout_url"].clone());
        }
        let last = scene.hold(ATTEMPTS, id, token, &json!({"after": 5})).await;
        assert_eq!((last.status, &last.body["code"]), (409, &json!("too_many_attempts")));
        urls.sort_by_key(|url| url.to_string());
        urls.dedup();
        assert_eq!(urls.len(), 5, "each attempt has a checkout of its own");
        assert_eq!(scene.donation(id).await.unwrap().attempts.len(), 5);
    });
}

#[test]
fn after_the_hold_there_is_no_checkout() {
    run(async {
        let scene = Scene::bare().await;
        let made = scene.give(KEY, &gift(&[("roof-qassim", "50")])).await;
        let (id, token) = (made.body["id"].as_str().unwrap(), made.body["access_token"].as_str().unwrap());
        tokio::time::sleep(std::time::Duration::from_secs(HOLD_SECS.unsigned_abs())).await;
        assert_eq!(scene.hold(SHOW, id, token, &json!({})).await.body["state"], "expired");
        assert_eq!(scene.hold(ATTEMPTS, id, token, &json!({"after": 1})).await.body["code"], "expired");
        assert_eq!(scene.hold(CANCEL, id, token, &json!({})).await.body["code"], "expired");
        let again = scene.give(KEY, &gift(&[("roof-qassim", "50")])).await;
        assert_eq!((&again.body["state"], &again.body["checkout_url"]), (&json!("expired"), &json!(null)));
    });
}

#[test]
fn a_person_is_sealed_and_shown_to_nobody_but_the_holder() {
    run(async {
        let scene = Scene::bare().await;
        let mut body = gift(&[("wells-jazan", "50")]);
        body["donor"] = json!({"name": "أحمد", "mobile": "0551234567"});
        let made = scene.give(KEY, &body).await;
        assert!(!made.body.to_string().contains("966551234567"));
        let (id, token) = (made.body["id"].as_str().unwrap(), made.body["access_token"].as_str().unwrap());
        let donation = scene.donation(id).await.unwrap();
        let kept = serde_json::to_string(&donation).unwrap();
        assert!(!kept.contains("أحمد") && !kept.contains("551234567"));
        let shown = scene.hold(SHOW, id, token, &json!({})).await;
        assert_eq!(shown.body["donor"], json!({"name": "أحمد", "mobile": "+966551234567"}));
        body["donor"]["mobile"] = json!("0557654321");
        assert_eq!(scene.give(KEY, &body).await.status, 422, "another mobile is another request");
    });
}

/// One write unit is 1 KB: an ordinary gift, with as long ids as there are, is within it.
#[test]
fn an_ordinary_gift_is_within_one_write_unit() {
    run(async {
        let scene = Scene::bare().await;
        let mut body = gift(&[("wells-jazan", "100")]);
        body["donor"] = json!({"name": "أحمد بن محمد الحربي", "mobile": "0551234567"});
        let units = || scene.stage.cloud.services().dynamo.usage().total().write_units;
        let before = units();
        assert_eq!(scene.give(KEY, &body).await.status, 201);
        // The donation, and the key of its donor's data.
        assert_eq!(units() - before, 2);
    });
}

#[test]
fn a_donors_preferences_are_theirs_and_the_last_word_holds() {
    run(async {
        let scene = Scene::bare().await;
        let ask = |method: &str, donor: &str, body: &serde_json::Value| {
            let route = format!("{method} /v1/notice-preferences");
            let mut event = stage::event::http(&route, json!({}), json!({}), &body.to_string());
            event["requestContext"]["authorizer"] = json!({"jwt": {"claims": {"sub": donor, "role": "donor"}}});
            scene.call(event)
        };
        let said = json!({"discreet": true, "mute": ["refund", "thanks"]});
        assert_eq!(ask("PUT", "donor-1", &said).await.status, 200);
        assert_eq!(ask("GET", "donor-1", &json!({})).await.body, json!({"discreet": true, "mute": ["thanks", "refund"]}));
        assert_eq!(ask("GET", "donor-2", &json!({})).await.body, json!({"discreet": false, "mute": []}));
        assert_eq!(ask("PUT", "donor-1", &json!({"mute": ["failure"]})).await.status, 200);
        assert_eq!(ask("GET", "donor-1", &json!({})).await.body, json!({"discreet": false, "mute": ["failure"]}));
    });
}
