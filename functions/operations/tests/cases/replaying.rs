//! Sending what was set aside on its way again.

use std::time::Duration;

use domain::case::{Case, Reason};
use domain::id::DonationId;
use domain::message::{Envelope, Message};
use domain::payment::Happening;
use serde_json::json;
use testkit::connector::invocation;
use testkit::faults::{Call, Fault};

use crate::scene::{APPROVER, KEY, OPERATOR, OTHER_KEY, REPLAY, Scene, call, fact, money, payment};

#[tokio::test(start_paused = true)]
async fn a_replay_goes_where_it_would_have_gone_and_the_case_stays_open() {
    let scene = Scene::set().await;
    let looked = scene.open_for(Reason::AmountDiffers).await;
    let (status, replayed) = scene.replay(&looked, KEY).await;
    let expected = json!({"case": looked, "queue": "verification", "by": "operator-1", "at": replayed["at"]});
    assert_eq!((status, replayed.clone()), (202, expected));
    let asked = Message::LookRequested { payment: payment("p-1"), case: looked.clone() };
    assert_eq!(scene.sent("verification").await, std::slice::from_ref(&asked));
    // The same key sends nothing more; another does.
    assert_eq!(scene.replay(&looked, KEY).await, (202, replayed));
    assert!(scene.sent("verification").await.is_empty());
    assert_eq!(scene.replay(&looked, OTHER_KEY).await.0, 202);
    assert_eq!(scene.sent("verification").await, [asked]);
    let shown = scene.show(&looked).await;
    assert_eq!((&shown["state"], shown["replays"].as_array().unwrap().len()), (&json!("open"), 2));
    // That it did not help is seen.
    assert_ne!(shown["told_at"], json!(scene.stage.now().to_string()));
    scene.stage.table.reopen_case(&looked, scene.stage.now()).await.unwrap();
    assert_eq!(scene.show(&looked).await["told_at"], json!(scene.stage.now().to_string()));
    assert_eq!(scene.kept(&looked).await.reopened, 0);

    let told = scene.open_for(Reason::Unwritable).await;
    assert_eq!(scene.replay(&told, KEY).await.0, 202);
    assert_eq!(scene.sent("payments").await, [Message::PaymentTold(fact(Happening::Voided))]);
    assert_eq!(scene.acts().await.len(), 3);
}

/// What waited for a capture in vain: of a refund the provider is asked, and a dispute, which no provider answers with, is told again.
#[tokio::test(start_paused = true)]
async fn a_dispute_that_came_without_its_capture_is_told_again() {
    let scene = Scene::set().await;
    let refund = Happening::Refunded { refunded_minor: money("5") };
    let dispute = Happening::Disputed { disputed_minor: money("7") };
    for (happening, amount_minor, queue) in [(refund, "5", "verification"), (dispute, "7", "payments")] {
        let evidence = serde_json::to_string(&fact(happening.clone())).unwrap();
        let case = Case { amount_minor: money(amount_minor), ..scene.case(Reason::RefundWithoutCapture, &evidence) };
        let id = scene.open(&case).await;
        assert_eq!(scene.show(&id).await["replayable"], json!(true));
        let (status, replayed) = scene.replay(&id, KEY).await;
        assert_eq!((status, &replayed["queue"]), (202, &json!(queue)));
        let sent = scene.sent(queue).await;
        let is_told = sent == [Message::PaymentTold(fact(happening))];
        assert_eq!((sent.len(), is_told), (1, queue == "payments"), "{sent:?}");
    }
}

/// What could not be read when it came is read again once the code can: it goes the way of every webhook.
#[tokio::test(start_paused = true)]
async fn a_document_is_read_again() {
    let scene = Scene::set().await;
    let data = json!({"id": "p-9", "status": "paid", "amount": 5_000, "currency": "SAR", "source": {"name": "[redacted]"}});
    let readable = json!({"id": "e-1", "type": "payment_paid", "secret_token": "[redacted]", "data": data});
    let id = scene.open_document(&readable).await;
    assert_eq!(scene.replay(&id, KEY).await.0, 202);
    let [Message::PaymentReported(reported)] = &scene.sent("verification").await[..] else { panic!("one report") };
    assert_eq!((reported.payment.clone(), reported.amount_minor), (payment("p-9"), money("50")));
    // Of a body that was no JSON and had nothing whole in it only length and hash are kept.
    let broken = scene.open_document(&json!({"bytes": 12, "sha256": "00"})).await;
    let (status, problem) = scene.replay(&broken, KEY).await;
    assert_eq!((status, &problem["code"]), (409, &json!("still_unreadable")));
    // A document that is gone, or an evidence that names none.
    let case = Case { payment: None, donation: None, ..scene.case(Reason::TypeUnknown, "set-aside/moyasar/gone.json") };
    let gone = scene.open(&case).await;
    let (status, problem) = scene.replay(&gone, KEY).await;
    assert_eq!((status, &problem["code"]), (409, &json!("nothing_to_replay")));
}

#[tokio::test(start_paused = true)]
async fn what_two_people_agreed_to_is_not_given_back_by_one() {
    let scene = Scene::set().await;
    let agreed = scene.case(Reason::RefundRefused, r#"{"owed_minor":5000}"#);
    let named = Case { refund: Some("0".repeat(32).parse().unwrap()), ..agreed.clone() };
    for (case, code) in [(agreed, "nothing_to_replay"), (named, "replay_cannot_help")] {
        let id = scene.open(&case).await;
        let (status, problem) = scene.replay(&id, KEY).await;
        assert_eq!((status, &problem["code"]), (409, &json!(code)));
    }
    // Nor what somebody wrote into the evidence.
    let forged =
        json!({"message": Envelope::from(Message::RefundApproved { donation: DonationId::from_bytes([1; 16]) }).write()});
    let id =
        scene.open(&Case { payment: Some(payment("p-3")), ..scene.case(Reason::RefundRefused, &forged.to_string()) }).await;
    assert_eq!(scene.replay(&id, KEY).await.1["code"], "nothing_to_replay");
    assert!(scene.sent("refunds").await.is_empty() && scene.acts().await.is_empty());
}

/// For every reason: a replay says plainly whether it can help, and sends only then.
#[tokio::test(start_paused = true)]
async fn every_reason_is_replayed_or_says_why_not() {
    let scene = Scene::set().await;
    for reason in Reason::ALL {
        let id = scene.open_for(*reason).await;
        let can_help = scene.show(&id).await["replayable"].as_bool().unwrap();
        let (status, body) = scene.replay(&id, KEY).await;
        let sent =
            scene.sent("verification").await.len() + scene.sent("payments").await.len() + scene.sent("refunds").await.len();
        match status {
            202 => assert_eq!((can_help, sent), (true, 1), "{reason}"),
            409 => assert_eq!((can_help, sent), (false, 0), "{reason}: {body}"),
            _ => panic!("{reason}: {status} {body}"),
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_replay_is_finished_by_the_same_request_wherever_it_broke_off() {
    for broken in 0.. {
        let scene = Scene::set().await;
        let id = scene.open_for(Reason::AmountDiffers).await;
        let event = scene.event(OPERATOR, REPLAY, KEY, ("", &json!({"case": id})));
        scene.break_at(broken);
        let deps = scene.deps();
        let first = invocation(call(&deps, event.clone())).await;
        scene.mend();
        let noted = scene.kept(&id).await.replays.len();
        let mut sent = scene.sent("verification").await.len();
        assert!(noted == 0 || sent > 0, "call {broken}: noted and not sent");
        assert!(sent == 0 || !scene.acts().await.is_empty(), "call {broken}: sent and not in the log");
        assert_eq!(call(&scene.deps(), event).await.0, 202, "call {broken}");
        sent += scene.sent("verification").await.len();
        assert!((1..=2).contains(&sent), "call {broken}: sent {sent} times");
        assert_eq!(scene.kept(&id).await.replays.len(), 1, "call {broken}");
        if matches!(first, Ok((202, _))) && broken % 4 == 0 {
            assert!(broken >= 4 * 4, "every call was broken");
            return;
        }
    }
}

#[tokio::test(start_paused = true)]
async fn two_who_replay_at_once_and_one_who_closes_meanwhile_lose_nothing() {
    let scene = Scene::set().await;
    let id = scene.open_for(Reason::AmountDiffers).await;
    scene.stage.cloud.services().set_faults(|_: &Call<'_>| Fault::Delay(Duration::from_millis(5)));
    let (one, other, closed) =
        tokio::join!(scene.replay(&id, KEY), scene.replay(&id, OTHER_KEY), scene.close(APPROVER, &id, KEY, "Done."));
    scene.mend();
    assert_eq!(closed.0, 200, "{}", closed.1);
    let replays = [&one, &other].iter().filter(|reply| reply.0 == 202).count();
    let kept = scene.kept(&id).await;
    assert_eq!((kept.replays.len(), kept.closed_before.len()), (replays, 0), "{} {}", one.1, other.1);
    assert_eq!(scene.sent("verification").await.len(), replays);
}
