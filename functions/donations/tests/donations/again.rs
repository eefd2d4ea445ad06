//! Another attempt to pay, after what the gift held was given up.

use std::time::Duration;

use domain::donation::{Donation, State};
use domain::sacrifice::{Fairness, Offering, Species};
use platform::table::Guarded;
use serde_json::{Value, json};
use testkit::faults::{Call, Failure, Fault, NoFaults};

use crate::scene::{KEY, Reply, Scene, gift, run};
use crate::shares::{CAMELS, MOBILE, claimed, limited, lots, offer, shares_of, used};

const ATTEMPTS: &str = "POST /v1/donations/{id}/attempts";

/// As settlement and `releases` do: the payment failed, the donation says that it has given up what it held, and that is given back.
async fn given_up(scene: &Scene, body: &Value) -> Donation {
    let table = &scene.stage.table;
    let read = async || scene.donation(body["id"].as_str().unwrap()).await.unwrap();
    let failed = State::Failed { reason: "05 DECLINED".to_owned() };
    assert!(table.move_donation(&read().await, &failed).await.unwrap());
    assert!(table.drop_hold(&read().await).await.unwrap());
    let donation = read().await;
    for part in &donation.hold {
        let token = format!("{}-{}", donation.id, donation.version);
        assert_eq!(table.release_while(&donation, part, &token[27..]).await.unwrap(), Guarded::Done);
    }
    let is_over = |claim: &domain::sacrifice::Claim| claim.is_over(donation.expires_at);
    if let Some(named) = &donation.reservation {
        assert_ne!(table.give_shares_back(&named.offering, named.lot, &donation.id, is_over).await.unwrap(), 0);
        for giver in &named.givers {
            assert!(table.uncount_shares(giver, &donation.id, is_over).await.unwrap());
        }
    }
    donation
}

/// Asks for the attempt after this one, until it is not told to try again.
async fn try_again(scene: &Scene, made: &Value, after: u32) -> Reply {
    let (id, token) = (made["id"].as_str().unwrap(), made["access_token"].as_str().unwrap());
    for _ in 0..40 {
        let reply = scene.hold(ATTEMPTS, id, token, &json!({"after": after})).await;
        if reply.status != 503 {
            return reply;
        }
        scene.stage.clock.sleep(Duration::from_millis(50)).await;
    }
    panic!("told to try again for good")
}

#[test]
fn an_amount_that_was_given_up_is_held_again_for_another_attempt() {
    run(async {
        let scene = Scene::bare().await;
        let event = scene.gift_event(KEY, &gift(&[("roof-qassim", "120")]));
        let made = scene.call(event.clone()).await;
        assert_eq!(made.status, 201, "{}", made.body);
        let was = given_up(&scene, &made.body).await;
        let free = async || scene.stage.table.escrow(&"roof-qassim".parse().unwrap(), 1).await.unwrap()[0].free_minor;
        assert_eq!(free().await, was.total());
        // Nobody is sent to a page of a gift that holds nothing, and the request that made it claims nothing.
        let known = scene.call(event).await;
        assert_eq!((known.status, &known.body["state"], &known.body["checkout_url"]), (201, &json!("failed"), &Value::Null));
        assert_eq!(free().await, was.total());
        for _ in 0..2 {
            let again = try_again(&scene, &made.body, 1).await;
            assert_eq!((again.status, &again.body["attempt"]), (201, &json!(2)), "{}", again.body);
            assert_eq!(again.body["state"], "awaiting");
            assert_ne!(again.body["checkout_url"], made.body["checkout_url"]);
            assert!(free().await.is_zero());
        }
        let now = scene.donation(made.body["id"].as_str().unwrap()).await.unwrap();
        assert!(now.may_claim() && now.expires_at > was.expires_at);
        // The second fails as well.
        given_up(&scene, &made.body).await;
        let old = try_again(&scene, &made.body, 1).await;
        assert_eq!((old.status, &old.body["code"]), (409, &json!("attempt_failed")), "{}", old.body);
        assert_eq!(try_again(&scene, &made.body, 2).await.body["attempt"], 3);
    });
}

#[test]
fn what_somebody_else_has_taken_meanwhile_is_not_held_again() {
    run(async {
        let scene = Scene::bare().await;
        let made = scene.give(KEY, &gift(&[("roof-qassim", "120")])).await;
        given_up(&scene, &made.body).await;
        assert_eq!(scene.give(&format!("{KEY}-2"), &gift(&[("roof-qassim", "100")])).await.status, 201);
        let again = try_again(&scene, &made.body, 1).await;
        assert_eq!((again.status, &again.body["code"]), (409, &json!("over_funded")), "{}", again.body);
        assert_eq!(again.body["errors"][0]["remains"], "20.00");
        assert_eq!(scene.donation(made.body["id"].as_str().unwrap()).await.unwrap().state, State::Cancelled);
    });
}

/// A gift of two shares of the one giver who may have two, and its offering.
async fn of_shares(scene: &Scene) -> (Offering, Reply) {
    let offering = offer(scene, CAMELS, Species::Camel, 7, Fairness { ..limited(2) }).await;
    let made = scene.give(KEY, &shares_of(CAMELS, 2, MOBILE)).await;
    assert_eq!(made.status, 201, "{}", made.body);
    given_up(scene, &made.body).await;
    assert_eq!((claimed(&lots(scene, CAMELS).await), used(scene).await), (0, vec![0]));
    (offering, made)
}

/// Whatever call is lost on the way: asked again, there is one claim, counted once.
#[test]
fn shares_that_were_given_up_are_claimed_and_counted_again() {
    for lost in 0..40 {
        run(async move {
            let scene = Scene::bare().await;
            let (_, made) = of_shares(&scene).await;
            let calls = std::sync::atomic::AtomicU32::new(0);
            scene.stage.cloud.services().set_faults(move |_: &Call<'_>| {
                let number = calls.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
                if number == lost { Fault::ReplyLost(Failure::Disconnected) } else { Fault::Pass }
            });
            let again = try_again(&scene, &made.body, 1).await;
            scene.stage.cloud.services().set_faults(NoFaults);
            assert_eq!((again.status, &again.body["state"]), (201, &json!("awaiting")), "{lost}: {}", again.body);
            assert_eq!((claimed(&lots(&scene, CAMELS).await), used(&scene).await), (2, vec![2]), "{lost}");
        });
    }
}

#[test]
fn who_finds_their_shares_sold_is_told_and_their_key_serves_no_more() {
    run(async {
        let scene = Scene::bare().await;
        let (_, made) = of_shares(&scene).await;
        for (number, shares) in [(1, 2), (2, 2), (3, 2)] {
            let other =
                scene.give(&format!("{KEY}-{number}"), &shares_of(CAMELS, shares, &format!("055000000{number}"))).await;
            assert_eq!(other.status, 201, "{}", other.body);
        }
        let again = try_again(&scene, &made.body, 1).await;
        assert_eq!((again.status, &again.body["code"]), (409, &json!("no_room_in_one")), "{}", again.body);
        assert_eq!((claimed(&lots(&scene, CAMELS).await), used(&scene).await.iter().sum::<u32>()), (6, 6));
        // Its first page may be open still: what it asks for is not changed under it.
        let key = scene.give(KEY, &shares_of(CAMELS, 2, MOBILE)).await;
        assert_eq!((key.status, &key.body["state"]), (201, &json!("cancelled")), "{}", key.body);
    });
}

/// A payment came on its page and looks for what was given up; the same request, sent again, finds that nothing is left: the gift is over, and its key asks for nothing new.
#[test]
fn a_gift_whose_payment_came_is_not_made_anew() {
    run(async {
        let scene = Scene::bare().await;
        let (_, made) = of_shares(&scene).await;
        let read = async || scene.donation(made.body["id"].as_str().unwrap()).await.unwrap();
        for (number, shares) in [(1, 4), (2, 3)] {
            let other =
                scene.give(&format!("{KEY}-{number}"), &shares_of(CAMELS, shares, &format!("055000000{number}"))).await;
            assert_eq!(other.status, 409, "two shares are all that one giver may have: {}", other.body);
            let other = scene.give(&format!("{KEY}-{number}"), &shares_of(CAMELS, 2, &format!("055000000{number}"))).await;
            assert_eq!(other.status, 201, "{}", other.body);
        }
        let other = scene.give(&format!("{KEY}-3"), &shares_of(CAMELS, 2, "0550000003")).await;
        assert_eq!(other.status, 201, "{}", other.body);
        let gift = read().await;
        let until = scene.stage.now().plus_seconds(900).max(gift.expires_at.plus_seconds(1));
        let named = gift.reservation.as_ref();
        assert!(scene.stage.table.renew_donation(&gift, (&[], named), until).await.unwrap());
        let again = scene.give(KEY, &shares_of(CAMELS, 2, MOBILE)).await;
        assert_eq!((again.status, &again.body["code"]), (409, &json!("no_room_in_one")), "{}", again.body);
        let over = read().await;
        assert!(over.state == State::Cancelled && !over.was_refused(), "{over:?}");
    });
}

#[test]
fn after_the_sale_nothing_is_claimed_again() {
    run(async {
        let scene = Scene::bare().await;
        let (offering, made) = of_shares(&scene).await;
        let closes_at = scene.stage.now().plus_seconds(60);
        let shorter = Offering { closes_at, revision: offering.revision + 1, ..offering };
        assert!(scene.stage.table.put_offering(&shorter).await.unwrap());
        scene.stage.clock.sleep(Duration::from_secs(60)).await;
        let again = try_again(&scene, &made.body, 1).await;
        assert_eq!((again.status, &again.body["code"]), (409, &json!("sale_closed")), "{}", again.body);
        assert_eq!(claimed(&lots(&scene, CAMELS).await), 0);
        let donation = scene.donation(made.body["id"].as_str().unwrap()).await.unwrap();
        assert!(donation.dropped && donation.attempts.len() == 1);
    });
}
