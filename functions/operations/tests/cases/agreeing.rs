//! Corrections with faults: at every call in turn it does not come through, its answer is lost, the environment dies before or after it; two who agree at once, and one who
//! declines meanwhile. A correction that is done is booked once; one that is not, is not booked.

use std::time::Duration;

use domain::case::Reason;
use domain::correction::Correction;
use domain::message::Message;
use serde_json::{Value, json};
use stage::Options;
use testkit::connector::invocation;
use testkit::dynamo::DynamoOptions;
use testkit::faults::{Call, Failure, Fault, Service};

use crate::scene::{APPROVE, APPROVER, ASK, CORRECTION, CORRECTIONS, DECLINE, KEY, OPERATOR, Reply, Scene, call, moved};

const NONE: Value = Value::Null;

impl Scene {
    /// The only correction as it is kept, if there is one, and whether its movement stands: it does if and only if it is done, at the place that it names.
    async fn consistent(&self, id: &str, context: &str) -> Option<Correction> {
        let kept = self.stage.table.correction(&id.parse().unwrap()).await.unwrap()?;
        let (_, shown) = self.act(OPERATOR, CORRECTION, KEY, (id, &NONE)).await;
        match &self.movements().await[..] {
            [] => assert_ne!(shown["state"], "done", "{context}: done and not booked"),
            [(place, movement)] => {
                assert_eq!((&shown["state"], &shown["place"]), (&json!("done"), &json!(place)), "{context}: {shown}");
                assert_eq!(movement.reference, kept.movement(self.stage.now()).reference);
            }
            many => panic!("{context}: booked {} times", many.len()),
        }
        Some(kept)
    }

    async fn listed(&self, state: &str) -> usize {
        let mut event = self.event(OPERATOR, CORRECTIONS, KEY, ("", &NONE));
        event["queryStringParameters"] = json!({"state": state});
        call(&self.deps(), event).await.1["corrections"].as_array().unwrap().len()
    }
}

#[tokio::test(start_paused = true)]
async fn an_agreement_is_finished_by_the_same_request_wherever_it_broke_off() {
    for broken in 0.. {
        let scene = Scene::set().await;
        let (_, id) = scene.asked().await;
        let event = scene.event(APPROVER, APPROVE, KEY, (&id, &json!({})));
        scene.break_at(broken);
        let deps = scene.deps();
        let first = invocation(call(&deps, event.clone())).await;
        scene.mend();
        let context = format!("call {broken}");
        let kept = scene.consistent(&id, &context).await.unwrap();
        let is_done = kept.stage.code() == "done";
        assert_eq!((scene.listed("asked").await, scene.listed("done").await), (usize::from(!is_done), usize::from(is_done)));
        assert!(!is_done || scene.acts().await.len() >= 2, "{context}: done and not in the log");
        scene.sent("journal").await;
        let (status, done) = call(&scene.deps(), event).await;
        assert_eq!((status, &done["state"]), (200, &json!("done")), "{context}: {done}");
        scene.consistent(&id, &context).await.unwrap();
        let [(place, _)] = scene.movements().await[..] else { panic!("{context}: one movement stands") };
        let committed = Message::PageCommitted { chain: place.chain, seq: place.seq };
        assert_eq!(scene.sent("journal").await, [committed], "{context}: the follower is told");
        if matches!(first, Ok((200, _))) && broken % 4 == 0 {
            assert!(broken >= 5 * 4, "every call was broken");
            return;
        }
    }
}

/// Another approver goes on with what the first left halfway, and breaks off at the same call.
#[tokio::test(start_paused = true)]
async fn an_agreement_that_broke_off_twice_is_one() {
    for broken in 0..5 * 4 {
        let scene = Scene::set().await;
        let (_, id) = scene.asked().await;
        for who in [APPROVER, ("approver-2", "approver")] {
            scene.break_at(broken);
            let deps = scene.deps();
            drop(invocation(call(&deps, scene.event(who, APPROVE, KEY, (&id, &json!({}))))).await);
            scene.mend();
            scene.consistent(&id, &format!("call {broken}")).await.unwrap();
        }
        assert_eq!(scene.act(("approver-3", "approver"), APPROVE, KEY, (&id, &NONE)).await.1["state"], "done");
        scene.consistent(&id, &format!("call {broken}")).await.unwrap();
        assert_eq!(scene.movements().await.len(), 1);
    }
}

#[tokio::test(start_paused = true)]
async fn asking_is_finished_by_the_same_request_wherever_it_broke_off() {
    for broken in 0.. {
        let scene = Scene::set().await;
        scene.furnish().await;
        let case = scene.open_for(Reason::VoidAfterCapture).await;
        let event = scene.event(OPERATOR, ASK, KEY, ("", &moved(&case, "12.50")));
        scene.break_at(broken);
        let deps = scene.deps();
        let first = invocation(call(&deps, event.clone())).await;
        scene.mend();
        let asked = scene.listed("asked").await;
        assert!(asked == 0 || !scene.acts().await.is_empty(), "call {broken}: asked for and not in the log");
        let (status, correction) = call(&scene.deps(), event).await;
        assert!(matches!(status, 200 | 201), "call {broken}: {correction}");
        assert_eq!((scene.listed("asked").await, scene.movements().await.len()), (1, 0), "call {broken}");
        if matches!(first, Ok((201, _))) && broken % 4 == 0 {
            assert!(broken >= 5 * 4, "every call was broken");
            return;
        }
    }
}

#[tokio::test(start_paused = true)]
async fn declining_is_finished_by_the_same_request_wherever_it_broke_off() {
    for broken in 0.. {
        let scene = Scene::set().await;
        let (_, id) = scene.asked().await;
        let event = scene.event(OPERATOR, DECLINE, KEY, (&id, &json!({})));
        scene.break_at(broken);
        let deps = scene.deps();
        let first = invocation(call(&deps, event.clone())).await;
        scene.mend();
        let (status, declined) = call(&scene.deps(), event).await;
        assert_eq!((status, &declined["state"]), (200, &json!("declined")), "call {broken}");
        assert_eq!((scene.listed("asked").await, scene.listed("declined").await), (0, 1), "call {broken}");
        assert!(scene.movements().await.is_empty());
        if matches!(first, Ok((200, _))) && broken % 4 == 0 {
            assert!(broken >= 3 * 4, "every call was broken");
            return;
        }
    }
}

/// On a table whose writes take their time and refuse each other, as DynamoDB's do.
async fn busy(seed: u64) -> (Scene, String) {
    let dynamo = DynamoOptions { service_time: Duration::from_millis(10), ..DynamoOptions::plain() };
    let scene = Scene::of(Options { seed, dynamo, ..Options::default() }).await;
    let (_, id) = scene.asked().await;
    (scene, id)
}

/// The same request, begun so much later, again while it is answered with "one moment".
async fn until_heard(scene: &Scene, (who, route): ((&str, &str), &str), id: &str, after_ms: u64) -> Reply {
    tokio::time::sleep(Duration::from_millis(after_ms)).await;
    loop {
        let reply = scene.act(who, route, KEY, (id, &NONE)).await;
        if reply.0 != 503 {
            return reply;
        }
    }
}

#[tokio::test(start_paused = true)]
async fn of_two_who_agree_at_once_one_movement_stands() {
    for apart_ms in (0..40).step_by(2) {
        let (scene, id) = busy(apart_ms).await;
        let agree = |who, after_ms| until_heard(&scene, (who, APPROVE), &id, after_ms);
        let (one, other) = tokio::join!(agree(APPROVER, 0), agree(("approver-2", "approver"), apart_ms));
        assert_eq!((one.0, other.0), (200, 200), "{apart_ms} ms apart: {} {}", one.1, other.1);
        assert_eq!(one.1, other.1, "{apart_ms} ms apart: both are told the same");
        scene.consistent(&id, &format!("{apart_ms} ms apart")).await.unwrap();
        assert_eq!(scene.movements().await.len(), 1);
    }
}

#[tokio::test(start_paused = true)]
async fn of_one_who_agrees_and_one_who_takes_back_at_once_one_is_heard() {
    let (mut booked, mut taken_back) = (0, 0);
    for number in 0..20 {
        let apart_ms = number * 2;
        let (scene, id) = busy(apart_ms).await;
        // Sometimes the one comes first, sometimes the other.
        let agree_after = if number % 2 == 0 { apart_ms } else { 0 };
        let agree = until_heard(&scene, (APPROVER, APPROVE), &id, agree_after);
        let decline = until_heard(&scene, (OPERATOR, DECLINE), &id, apart_ms - agree_after);
        let (agreed, declined) = tokio::join!(agree, decline);
        scene.consistent(&id, &format!("{apart_ms} ms apart")).await.unwrap();
        match (agreed.0, declined.0) {
            (200, 409) => booked += 1,
            (409, 200) => taken_back += 1,
            other => panic!("{apart_ms} ms apart: {other:?} {} {}", agreed.1, declined.1),
        }
        assert_eq!(scene.movements().await.len(), usize::from(agreed.0 == 200));
    }
    assert!(booked > 0 && taken_back > 0, "both were met: {booked} and {taken_back}");
}

/// Where the item was brought back from before it was booked, its movement is found and it is marked as what it is.
#[tokio::test(start_paused = true)]
async fn a_correction_that_is_booked_already_is_marked_and_not_booked_again() {
    let scene = Scene::set().await;
    let (_, id) = scene.asked().await;
    let kept = scene.stage.table.correction(&id.parse().unwrap()).await.unwrap().unwrap();
    let platform = scene.stage.platform("operations").unwrap();
    let movement = kept.movement(scene.stage.now());
    let place = scene.stage.table.book_movement(&movement, &platform.clock, &platform.random).await.unwrap();
    let (status, done) = scene.act(APPROVER, APPROVE, KEY, (&id, &NONE)).await;
    assert_eq!((status, &done["state"], &done["place"]), (200, &json!("done"), &json!(place)));
    assert_eq!(scene.movements().await.len(), 1);
}

/// The follower's queue is down: the answer says "one moment", what is booked stays booked, and the same request tells it.
#[tokio::test(start_paused = true)]
async fn a_queue_that_is_down_undoes_nothing() {
    let scene = Scene::set().await;
    let (_, id) = scene.asked().await;
    let down = |call: &Call<'_>| {
        if call.service == Service::Sqs { Fault::Before(Failure::Throttled) } else { Fault::Pass }
    };
    scene.stage.cloud.services().set_faults(down);
    let (status, problem) = scene.act(APPROVER, APPROVE, KEY, (&id, &NONE)).await;
    assert_eq!((status, &problem["code"]), (503, &json!("try_again")));
    scene.mend();
    assert_eq!(scene.consistent(&id, "down").await.unwrap().stage.code(), "done");
    assert_eq!(scene.act(APPROVER, APPROVE, KEY, (&id, &NONE)).await.0, 200);
    assert_eq!((scene.sent("journal").await.len(), scene.movements().await.len()), (1, 1));
}
