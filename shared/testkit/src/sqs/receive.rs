//! Receiving: the one call that may wait.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::error::SqsError;
use super::limits;
use super::message::{self, Attributes, Message};
use super::operations::Answer;
use super::protocol::{ReceiveMessage, Received, ReceivedMessages, parse, write};
use super::queue::Taken;
use super::receipt::Receipt;
use super::{ACCOUNT, Parts, State};

/// What to do next for a receive.
enum Step {
    Answer(Vec<Received>),
    /// Nothing there: look again when told, or when the next message comes back.
    Wait {
        arrived: Arc<tokio::sync::Notify>,
        until: i64,
    },
}

pub(super) async fn receive_message(parts: &Parts, body: &[u8]) -> Answer {
    let call: ReceiveMessage = parse(body)?;
    let max = check(&call)?;
    let deadline = deadline(parts, &call)?;
    loop {
        let waiting = {
            let mut state = parts.lock();
            match look(parts, &mut state, &call, max, deadline)? {
                Step::Answer(messages) => return answer(&mut state, &call, messages),
                // Made under the lock, so that nothing arrives unheard in between.
                Step::Wait { arrived, until } => (arrived.notified_owned(), until),
            }
        };
        let (arrival, until) = waiting;
        tokio::select! {
            biased;
            () = arrival => {}
            () = parts.clock.sleep_until(until) => {}
        }
    }
}

fn check(call: &ReceiveMessage) -> Result<usize, SqsError> {
    let max = call.max_number_of_messages.unwrap_or(1);
    let count = usize::try_from(max).ok().filter(|count| (1..=limits::BATCH_ENTRIES).contains(count));
    if let Some(seconds) = call.visibility_timeout {
        limits::check_seconds("VisibilityTimeout", seconds, limits::VISIBILITY_SECS)?;
    }
    if let Some(seconds) = call.wait_time_seconds {
        limits::check_seconds("WaitTimeSeconds", seconds, limits::WAIT_SECS)?;
    }
    count.ok_or_else(|| {
        SqsError::invalid_value(&format!(
            "Value {max} for parameter MaxNumberOfMessages is invalid. Reason: Must be between 1 and 10, if provided."
        ))
    })
}

fn deadline(parts: &Parts, call: &ReceiveMessage) -> Result<i64, SqsError> {
    let mut state = parts.lock();
    let wait_secs = match call.wait_time_seconds {
        Some(seconds) => seconds,
        None => state.queue(&call.queue_url)?.settings.wait_secs,
    };
    Ok(parts.clock.now_millis() + wait_secs * 1000)
}

fn look(parts: &Parts, state: &mut State, call: &ReceiveMessage, max: usize, deadline: i64) -> Result<Step, SqsError> {
    let now = parts.clock.now_millis();
    let queue = state.queue(&call.queue_url)?;
    let visibility_secs = call.visibility_timeout.unwrap_or(queue.settings.visibility_secs);
    let Taken { received, dead, duplicated, reordered } =
        queue.receive(max, visibility_secs, now, &parts.chance, &parts.options.disorder)?;
    let name = queue.name.clone();
    let shown = received.into_iter().map(|(receipt, message)| show(call, &name, &receipt, message)).collect();
    let next = Step::Wait {
        arrived: Arc::clone(&queue.arrived),
        until: queue.next_due().map_or(deadline, |due| due.min(deadline)),
    };
    let target = queue.settings.redrive.as_ref().map(|redrive| redrive.target_arn.clone());
    set_aside(parts, state, &name, target.as_deref(), dead, now);
    state.usage.duplicated += duplicated;
    state.usage.reordered += reordered;
    let shown: Vec<Received> = shown;
    let ends = !shown.is_empty() || now >= deadline;
    Ok(if ends { Step::Answer(shown) } else { next })
}

/// Puts messages that were received too often into the queue for such.
fn set_aside(parts: &Parts, state: &mut State, from: &str, target: Option<&str>, dead: Vec<Message>, now: i64) {
    if dead.is_empty() {
        return;
    }
    state.changes += 1;
    let target = state.queues.values_mut().find(|queue| Some(parts.arn(&queue.name).as_str()) == target);
    let Some(target) = target else { return };
    for mut message in dead {
        message.source_arn = Some(parts.arn(from));
        target.send(message, 0, now);
    }
}

fn answer(state: &mut State, call: &ReceiveMessage, messages: Vec<Received>) -> Answer {
    if messages.is_empty() {
        *state.usage.empty_receives.entry(super::name_of(&call.queue_url).to_owned()).or_default() += 1;
    } else {
        state.changes += 1;
    }
    let body = write(&ReceivedMessages { messages })?;
    state.count_call("ReceiveMessage", &call.queue_url, body.len());
    Ok(body)
}

fn show(call: &ReceiveMessage, queue: &str, receipt: &Receipt, message: Message) -> Received {
    let attributes = wanted_attributes(call, &message);
    let message_attributes = wanted_message_attributes(call, message.attributes);
    Received {
        receipt_handle: receipt.handle(queue),
        md5_of_body: message::md5_of_body(&message.body),
        md5_of_message_attributes: message::md5_of_attributes(&message_attributes),
        message_id: message.id,
        body: message.body,
        attributes,
        message_attributes,
    }
}

fn wanted_attributes(call: &ReceiveMessage, message: &Message) -> BTreeMap<String, String> {
    let names: Vec<&String> = call.attribute_names.iter().chain(&call.message_system_attribute_names).collect();
    let all = names.iter().any(|name| *name == "All");
    let known = [
        ("ApproximateReceiveCount", Some(message.receives.to_string())),
        ("SentTimestamp", Some(message.sent_at.to_string())),
        ("ApproximateFirstReceiveTimestamp", message.first_received_at.map(|at| at.to_string())),
        ("SenderId", Some(ACCOUNT.to_owned())),
        ("DeadLetterQueueSourceArn", message.source_arn.clone()),
    ];
    let wanted = known.into_iter().filter(|(name, _)| all || names.iter().any(|wanted| wanted == name));
    wanted.filter_map(|(name, value)| Some((name.to_owned(), value?))).collect()
}

fn wanted_message_attributes(call: &ReceiveMessage, attributes: Attributes) -> Attributes {
    let is_wanted = |name: &String| {
        call.message_attribute_names.iter().any(|wanted| match wanted.strip_suffix(".*") {
            Some(prefix) => name.starts_with(prefix),
            None => wanted == "All" || wanted == name,
        })
    };
    attributes.into_iter().filter(|(name, _)| is_wanted(name)).collect()
}
