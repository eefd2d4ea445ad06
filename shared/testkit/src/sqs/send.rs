//! Sending, one by one and in batches.

use super::Parts;
use super::error::SqsError;
use super::limits;
use super::message::{self, Message};
use super::operations::Answer;
use super::protocol::{Batch, Outgoing, SendMessage, Sent, write};
use super::queue::Queue;

pub(super) fn send_message(parts: &Parts, call: SendMessage) -> Answer {
    let now = parts.clock.now_millis();
    let mut state = parts.lock();
    let sent = send(parts, state.queue(&call.queue_url)?, call.message, now)?;
    count_sent(&mut state, &call.queue_url, 1);
    write(&sent)
}

pub(super) fn send_message_batch(parts: &Parts, batch: Batch<Outgoing>) -> Answer {
    batch.check()?;
    let size = |outgoing: &Outgoing| {
        message::bytes(outgoing.message_body.as_deref().unwrap_or_default(), &outgoing.message_attributes)
    };
    let bytes: usize = batch.entries.iter().map(|entry| size(&entry.content)).sum();
    if bytes > limits::MESSAGE_BYTES {
        return Err(SqsError::batch_too_long(bytes));
    }
    let now = parts.clock.now_millis();
    let url = batch.queue_url.clone();
    let mut state = parts.lock();
    let queue = state.queue(&url)?;
    let answer = batch.answer(|outgoing| send(parts, queue, outgoing, now));
    count_sent(&mut state, &url, answer.successful.len() as u64);
    write(&answer)
}

fn send(parts: &Parts, queue: &mut Queue, outgoing: Outgoing, now: i64) -> Result<Sent, SqsError> {
    message::check(outgoing.message_body.as_deref(), &outgoing.message_attributes, queue.settings.message_bytes)?;
    if !outgoing.message_system_attributes.is_empty() {
        return Err(SqsError::unsupported("Message system attributes are not emulated."));
    }
    if outgoing.message_group_id.is_some() {
        return Err(SqsError::unsupported("Message groups are not emulated."));
    }
    if let Some(seconds) = outgoing.delay_seconds {
        limits::check_seconds("DelaySeconds", seconds, limits::DELAY_SECS)?;
    }
    let delay_secs = outgoing.delay_seconds.unwrap_or(queue.settings.delay_secs);
    let body = outgoing.message_body.unwrap_or_default();
    let sent = Sent {
        message_id: parts.chance.uuid(),
        md5_of_message_body: message::md5_of_body(&body),
        md5_of_message_attributes: message::md5_of_attributes(&outgoing.message_attributes),
    };
    queue.send(Message::new(sent.message_id.clone(), body, outgoing.message_attributes, now), delay_secs, now);
    Ok(sent)
}

fn count_sent(state: &mut super::State, url: &str, count: u64) {
    *state.usage.messages_sent.entry(super::name_of(url).to_owned()).or_default() += count;
}
