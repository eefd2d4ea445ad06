//! What comes by our own queues and our own clock: from outside of every function all the same.

use aws_lambda_events::event::sqs::SqsEvent;
use domain::message::Envelope;
use domain::moment::Day;
use platform::batch::Batch;
use reconciliation::Asked;
use serde_json::Value;

/// A message of a queue.
pub fn message(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    if let Ok(message) = Envelope::read(text) {
        let written = Envelope::from(message.clone()).write();
        assert_eq!(Envelope::read(&written).as_ref().ok(), Some(&message), "{written}");
    }
}

/// A batch of a queue's. What is read of it is no more than came, and each message is written the same again.
pub fn batch(bytes: &[u8]) {
    let Ok(event) = serde_json::from_slice::<SqsEvent>(bytes) else { return };
    let came = event.records.len();
    let batch = Batch::read(event);
    assert!(batch.deliveries.len() <= came);
    for delivery in batch.deliveries {
        let written = Envelope::from(delivery.message.clone()).write();
        assert_eq!(Envelope::read(&written).ok(), Some(delivery.message), "{written}");
    }
}

/// An event of the schedule, about a day.
pub fn schedule(bytes: &[u8]) {
    let Ok(event) = serde_json::from_slice::<Value>(bytes) else { return };
    if let Ok(day) = platform::schedule::day(event) {
        assert_eq!(day.to_string().parse::<Day>().ok(), Some(day));
    }
}

/// An event of the schedule that asks for a comparison.
pub fn comparison(bytes: &[u8]) {
    let Ok(event) = serde_json::from_slice::<Value>(bytes) else { return };
    match Asked::of(event.clone()) {
        Ok(Asked::Payments) => assert_eq!(event["compare"], "payments"),
        Ok(Asked::Bank) => assert_eq!(event["compare"], "bank"),
        Ok(Asked::Day(day)) => assert_eq!(platform::schedule::day(event).ok(), Some(day)),
        Err(_) => {}
    }
}

/// An event of the schedule that looks at offerings. One that names an offering is about no other.
pub fn execution(bytes: &[u8]) {
    let Ok(event) = serde_json::from_slice::<Value>(bytes) else { return };
    if let Ok(offering) = execution::event::offering(event.clone()) {
        assert_eq!(offering.as_ref().map(|id| id.as_str()), event.get("offering").and_then(Value::as_str));
    }
}
