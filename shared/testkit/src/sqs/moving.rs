//! Sending back what was set aside: `StartMessageMoveTask`.
//!
//! A task is over at once here; the service moves some hundreds of messages a second. A message that is moved is a new one: another id, sent now, never received.

use serde_json::json;

use super::error::SqsError;
use super::message::Message;
use super::operations::Answer;
use super::protocol::{StartMessageMoveTask, write};
use super::{Parts, State};

pub(super) fn start(parts: &Parts, call: &StartMessageMoveTask) -> Answer {
    let now = parts.clock.now_millis();
    let mut state = parts.lock();
    let source = by_arn(parts, &state, &call.source_arn).ok_or_else(SqsError::no_resource)?;
    let sets_aside =
        |queue: &super::Queue| queue.settings.redrive.as_ref().is_some_and(|to| to.target_arn == call.source_arn);
    if !state.queues.values().any(sets_aside) {
        return Err(SqsError::invalid_value("Source queue must be configured as a Dead Letter Queue."));
    }
    let destination = match &call.destination_arn {
        Some(arn) => Some(by_arn(parts, &state, arn).ok_or_else(SqsError::no_resource)?),
        None => None,
    };
    let taken = state.queues.get_mut(&source).map(|queue| queue.take_ready(now)).unwrap_or_default();
    for message in taken {
        let back = || message.source_arn.as_ref().and_then(|arn| by_arn(parts, &state, arn));
        let to = destination.clone().or_else(back).unwrap_or_else(|| source.clone());
        let moved = Message::new(parts.chance.uuid(), message.body, message.attributes, now);
        if let Some(queue) = state.queues.get_mut(&to) {
            queue.send(moved, 0, now);
        }
    }
    write(&json!({ "TaskHandle": parts.chance.uuid() }))
}

fn by_arn(parts: &Parts, state: &State, arn: &str) -> Option<String> {
    state.queues.keys().find(|name| parts.arn(name) == arn).cloned()
}
