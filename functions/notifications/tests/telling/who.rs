//! Who is told what, where and when, and who is not.

use std::time::Duration;

use domain::donation::Giver;
use domain::id::DonorId;
use domain::message::Message;
use domain::money::Money;
use domain::notice::{Kind, Notice, Telling};
use domain::payment::{PaymentRef, Provider};
use domain::purpose::Language;
use serde_json::json;

use crate::scene::{MOBILE, Scene, hand, somebody};

#[tokio::test(start_paused = true)]
async fn a_settled_gift_is_thanked_for_once_with_its_receipt() {
    let scene = Scene::set().await;
    let (id, message) = scene.settled(1, somebody(), |_| {}).await;
    assert_eq!(scene.hand(std::slice::from_ref(&message)).await, 0);
    let told = scene.stage.outbox.messages();
    assert_eq!((told[0]["channel"].as_str(), told[0]["to"].as_str()), (Some("sms"), Some(MOBILE)));
    assert_eq!(told[0]["reference"], format!("{id}/thanks"));
    let text = told[0]["text"].as_str().unwrap();
    for said in ["50.00", "حفر آبار في جازان", "http://api.stage/v1/receipts/"] {
        assert!(text.contains(said), "{said} is not in {text}");
    }
    assert!(!text.contains("أحمد"), "a name is in nobody's pocket: {text}");
    // Again, in this environment and in another: it was told.
    assert_eq!(scene.hand(&[message.clone(), message.clone()]).await, 0);
    assert_eq!(hand(&scene.another(), &[message]).await, 0);
    assert_eq!(scene.texts().len(), 1);
    // And so it stays: the payment may be told of again after months, by a refund or a dispute.
    let notes = scene.stage.items("TOLD#").await.unwrap();
    assert!(notes.len() == 1 && notes[0]["ttl"].is_null(), "the note is not cleaned away: {notes:?}");
}

#[tokio::test(start_paused = true)]
async fn everyone_is_told_where_they_can_be_told_and_in_their_language() {
    let scene = Scene::set().await;
    let device = json!({"service": "fcm", "token": "token-1"});
    let people = [
        (json!({"email": "a@example.org"}), Some(("email", "a@example.org"))),
        (json!({"device": device, "email": "a@example.org"}), Some(("push", "token-1"))),
        (json!({"mobile": MOBILE, "device": device}), Some(("sms", MOBILE))),
        (json!({"name": "أحمد"}), None),
    ];
    for (number, (person, way)) in (1..).zip(people) {
        let english = |gift: &mut domain::donation::Donation| gift.language = Language::English;
        let (_, message) = scene.settled(number, person, english).await;
        let before = scene.texts().len();
        assert_eq!(scene.hand(&[message]).await, 0);
        let told = scene.stage.outbox.messages().split_off(before);
        let found: Vec<_> = told.iter().map(|m| (m["channel"].as_str().unwrap(), m["to"].as_str().unwrap())).collect();
        assert_eq!(found, way.into_iter().collect::<Vec<_>>());
        assert!(told.iter().all(|message| message["text"].as_str().unwrap().contains("Wells in Jazan")));
    }
}

#[tokio::test(start_paused = true)]
async fn what_is_discreet_hides_amount_and_project() {
    let scene = Scene::set().await;
    let (_, message) = scene.settled(1, somebody(), |gift| gift.telling.discreet = true).await;
    scene.hand(&[message]).await;
    let text = scene.texts().remove(0);
    assert!(!text.contains("50") && !text.contains("جازان") && !text.contains("http"), "{text}");
}

#[tokio::test(start_paused = true)]
async fn who_does_without_a_kind_or_was_erased_is_not_told() {
    let scene = Scene::set().await;
    let (muted, thanks) = scene.settled(1, somebody(), |gift| gift.telling.mute = [Kind::Thanks].into()).await;
    let erased = |gift: &mut domain::donation::Donation| {
        let sealed = gift.personal.take().unwrap();
        // Sealed under a key that is there no more.
        gift.personal = Some(domain::donation::Sealed { key: "donation#gone".to_owned(), ..sealed });
    };
    let (_, other) = scene.settled(2, somebody(), erased).await;
    assert_eq!(scene.hand(&[thanks, other]).await, 0);
    assert!(scene.texts().is_empty());
    // The other kinds are told.
    scene.stage.give_back(&muted, "20".parse().unwrap()).await.unwrap();
    let refund = Message::NoticeDue(Notice::Refund { donation: muted, refunded_minor: "20".parse().unwrap() });
    assert_eq!(scene.hand(&[refund]).await, 0);
    assert!(scene.texts()[0].contains("20.00"));
}

/// What a signed-in donor said for all their gifts holds for those of before too, beside what they said with the gift.
#[tokio::test(start_paused = true)]
async fn a_donors_wish_for_all_their_gifts_holds_beside_the_one_for_this() {
    let scene = Scene::set().await;
    let donor: DonorId = "donor-1".parse().unwrap();
    let of = |gift: &mut domain::donation::Donation| gift.giver = Giver::Donor("donor-1".parse().unwrap());
    let (first, thanks) = scene.settled(1, somebody(), of).await;
    let quiet = Telling { discreet: true, mute: [Kind::Thanks].into() };
    scene.stage.table.keep_telling(&donor, &quiet, scene.stage.now()).await.unwrap();
    let (_, others) = scene.settled(2, somebody(), |gift| gift.giver = Giver::Donor("donor-2".parse().unwrap())).await;
    let (_, guests) = scene.settled(3, somebody(), |_| {}).await;
    assert_eq!(scene.hand(&[thanks, others, guests]).await, 0);
    let texts = scene.texts();
    assert_eq!(texts.len(), 2, "another donor and a guest");
    assert!(texts.iter().all(|text| text.contains("50.00")), "{texts:?}");
    scene.stage.give_back(&first, "20".parse().unwrap()).await.unwrap();
    let refund = Message::NoticeDue(Notice::Refund { donation: first, refunded_minor: "20".parse().unwrap() });
    assert_eq!(scene.hand(&[refund]).await, 0);
    assert!(!scene.texts()[2].contains("20"), "discreetly: {}", scene.texts()[2]);
    // Said anew: what was said before is forgotten, and what was said with a gift is not.
    scene.stage.table.keep_telling(&donor, &Telling::default(), scene.stage.now()).await.unwrap();
    let muted = |gift: &mut domain::donation::Donation| {
        of(gift);
        gift.telling.mute = [Kind::Thanks].into();
    };
    let (_, silent) = scene.settled(4, somebody(), muted).await;
    let (_, told) = scene.settled(5, somebody(), of).await;
    assert_eq!(scene.hand(&[silent, told]).await, 0);
    assert_eq!(scene.texts().len(), 4);
}

#[tokio::test(start_paused = true)]
async fn a_failed_payment_is_told_unless_it_was_paid_after_all() {
    let scene = Scene::set().await;
    let id = scene.give(1, somebody(), |_| {}).await;
    let failure = scene.failed(id).await;
    assert_eq!(scene.hand(std::slice::from_ref(&failure)).await, 0);
    assert_eq!(scene.hand(&[failure]).await, 0);
    let texts = scene.texts().len();
    assert_eq!(texts, 1);
    let id = scene.give(2, somebody(), |_| {}).await;
    let failure = scene.failed(id).await;
    scene.stage.settle(&id).await.unwrap();
    assert_eq!(scene.hand(&[failure]).await, 0);
    assert_eq!(scene.texts().len(), texts, "paid after all");
}

/// The webhook and whoever asked for the refund say the same at the same moment.
#[tokio::test(start_paused = true)]
async fn two_who_are_asked_at_once_tell_it_once() {
    let scene = Scene::set().await;
    let (id, _) = scene.settled(1, somebody(), |_| {}).await;
    scene.stage.give_back(&id, "20".parse().unwrap()).await.unwrap();
    let refund = [Message::NoticeDue(Notice::Refund { donation: id, refunded_minor: "20".parse().unwrap() })];
    let (one, other) = (scene.another(), scene.another());
    // Slow enough for the two to meet.
    let slow = |_: &testkit::faults::Call<'_>| testkit::faults::Fault::Delay(Duration::from_millis(5));
    scene.stage.cloud.services().set_faults(slow);
    let left = tokio::join!(hand(&one, &refund), hand(&other, &refund));
    assert_eq!(left.0 + left.1, 1, "one of them waits");
    tokio::time::advance(Duration::from_secs(21)).await;
    assert_eq!(hand(&other, &refund).await, 0);
    assert_eq!(scene.texts().len(), 1);
}

/// A refund that grew is told as it is now; the older notice says nothing any more.
#[tokio::test(start_paused = true)]
async fn money_given_back_is_told_as_it_stands() {
    let scene = Scene::set().await;
    let (id, _) = scene.settled(1, somebody(), |_| {}).await;
    let notice =
        |amount: &str| Message::NoticeDue(Notice::Refund { donation: id, refunded_minor: amount.parse::<Money>().unwrap() });
    scene.stage.give_back(&id, "20".parse().unwrap()).await.unwrap();
    scene.stage.give_back(&id, "50".parse().unwrap()).await.unwrap();
    assert_eq!(scene.hand(&[notice("20"), notice("50")]).await, 0);
    assert_eq!(scene.texts().len(), 1);
    assert!(scene.texts()[0].contains("50.00"));
    let payment = PaymentRef { provider: Provider::Moyasar, payment: "p-2".parse().unwrap() };
    let returned = Notice::ChargeReturned { donation: id, payment, refunded_minor: "50".parse().unwrap() };
    assert_eq!(scene.hand(&[Message::NoticeDue(returned)]).await, 0);
    assert_eq!(scene.texts().len(), 2);
}

/// Thanks come at once, at any hour; money given back is told in the morning.
#[tokio::test(start_paused = true)]
async fn the_night_is_quiet() {
    let scene = Scene::set_at("2026-11-23T23:30:00+03:00").await;
    let (id, thanks) = scene.settled(1, somebody(), |_| {}).await;
    scene.stage.give_back(&id, "20".parse().unwrap()).await.unwrap();
    let refund = Message::NoticeDue(Notice::Refund { donation: id, refunded_minor: "20".parse().unwrap() });
    assert_eq!(scene.hand(&[thanks, refund.clone()]).await, 1);
    assert_eq!(scene.texts().len(), 1, "the thanks alone");
    tokio::time::advance(Duration::from_secs(8 * 3_600 + 1_799)).await;
    assert_eq!(scene.hand(std::slice::from_ref(&refund)).await, 1, "not yet eight");
    tokio::time::advance(Duration::from_secs(1)).await;
    assert_eq!(scene.hand(&[refund]).await, 0);
    assert_eq!(scene.texts().len(), 2);
}
