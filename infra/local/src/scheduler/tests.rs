#![allow(clippy::unwrap_used)]

use std::sync::Mutex;

use super::*;
use serde_json::json;

type Calls = Arc<Mutex<Vec<Value>>>;

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

/// A clock that is moved by hand.
fn movable(text: &str) -> (Arc<Mutex<Timestamp>>, Clock) {
    let hand = Arc::new(Mutex::new(at(text)));
    let seen = Arc::clone(&hand);
    (hand, Clock::new(move || *seen.lock().unwrap()))
}

/// A function that notes its events and fails the first `failures` times.
fn noting(failures: usize) -> (Calls, Function) {
    let calls = Calls::default();
    let noted = Arc::clone(&calls);
    let function = Function::new("closing", Duration::from_secs(1), move |event| {
        let mut calls = noted.lock().unwrap();
        calls.push(event);
        let fails = calls.len() <= failures;
        async move { if fails { Err("not now".to_owned()) } else { Ok(Value::Null) } }
    });
    (calls, function)
}

fn closing(function: Function, expression: &str) -> Schedule {
    Schedule {
        name: "closing".to_owned(),
        arn: "arn:aws:scheduler:me-south-1:123456789012:schedule/default/closing".to_owned(),
        expression: expression.parse().unwrap(),
        time_zone: TimeZone::UTC,
        target: Target::Function(function),
        input: Some(r#"{"time":"<aws.scheduler.scheduled-time>","attempt":"<aws.scheduler.attempt-number>"}"#.to_owned()),
    }
}

#[tokio::test(start_paused = true)]
async fn fires_once_when_its_time_comes() {
    let (hand, clock) = movable("2026-03-18T20:59:00Z");
    let (calls, function) = noting(0);
    let scheduler = Scheduler::start(&clock, vec![closing(function, "cron(0 21 * * ? *)")]);
    tokio::time::sleep(LOOK * 4).await;
    assert!(calls.lock().unwrap().is_empty());

    *hand.lock().unwrap() = at("2026-03-18T21:00:00Z");
    tokio::time::sleep(LOOK * 4).await;
    assert_eq!(*calls.lock().unwrap(), [json!({"time": "2026-03-18T21:00:00Z", "attempt": "1"})]);
    assert_eq!(scheduler.bell().counts(), [("closing", Counts { fired: 1, failed: 0 })]);
    scheduler.stop().await;
}

#[tokio::test(start_paused = true)]
async fn a_clock_set_back_fires_nothing_twice() {
    let (hand, clock) = movable("2026-03-18T20:59:00Z");
    let (calls, function) = noting(0);
    let scheduler = Scheduler::start(&clock, vec![closing(function, "cron(0 21 * * ? *)")]);
    for time in ["2026-03-18T21:00:01Z", "2026-03-18T20:59:59Z", "2026-03-18T21:00:02Z"] {
        *hand.lock().unwrap() = at(time);
        tokio::time::sleep(LOOK * 2).await;
    }
    assert_eq!(calls.lock().unwrap().len(), 1);
    scheduler.stop().await;
}

#[tokio::test(start_paused = true)]
async fn a_failing_target_is_tried_again_and_then_given_up() {
    let (_, clock) = movable("2026-03-18T12:00:00Z");
    let (calls, function) = noting(2);
    let scheduler = Scheduler::start(&clock, vec![closing(function, "rate(1 day)")]);
    assert!(scheduler.bell().fire("closing", at("2026-03-18T21:00:00Z")).await.unwrap().is_ok());
    let attempts: Vec<Value> = calls.lock().unwrap().iter().map(|event| event["attempt"].clone()).collect();
    assert_eq!(attempts, ["1", "2", "3"]);
    scheduler.stop().await;

    let (_, function) = noting(usize::MAX);
    let scheduler = Scheduler::start(&clock, vec![closing(function, "rate(1 day)")]);
    let error = scheduler.bell().fire("closing", at("2026-03-18T21:00:00Z")).await.unwrap().unwrap_err();
    assert!(error.to_string().contains("closing failed: not now"), "{error}");
    assert_eq!(scheduler.bell().counts(), [("closing", Counts { fired: 0, failed: 1 })]);
    assert!(scheduler.bell().fire("opening", at("2026-03-18T21:00:00Z")).await.is_none());
    scheduler.stop().await;
}

#[test]
fn missed_times_are_made_up_for_within_bounds() {
    let (_, function) = noting(0);
    let minutely = closing(function.clone(), "cron(* * * * ? *)");
    let begun = at("2026-03-18T12:00:00Z");
    assert_eq!(minutely.due(begun, begun, at("2026-03-18T12:03:30Z")).len(), 3);
    let after_a_night = minutely.due(begun, begun, at("2026-03-18T22:00:00Z"));
    assert_eq!((after_a_night.len(), *after_a_night.back().unwrap()), (MISSED, at("2026-03-18T22:00:00Z")));

    let daily = closing(function, "cron(0 21 * * ? *)");
    assert_eq!(daily.due(begun, begun, at("2026-03-25T12:00:00Z")), [at("2026-03-24T21:00:00Z")]);
}
