//! Every call that answers at once.

use serde_json::json;

use super::error::SqsError;
use super::limits;
use super::protocol::{
    Batch, ChangeMessageVisibility, CreateQueue, DeleteMessage, Done, GetQueueAttributes, GetQueueUrl, Handle, ListQueues,
    OnQueue, SetQueueAttributes, Visibility, parse, write,
};
use super::queue::Queue;
use super::receipt::Receipt;
use super::settings::Settings;
use super::{Parts, moving, send};

pub(super) type Answer = Result<Vec<u8>, SqsError>;

pub(super) fn run(parts: &Parts, operation: &str, body: &[u8]) -> Answer {
    let url = queue_url(body);
    {
        let mut state = parts.lock();
        state.count_call(operation, &url, body.len());
        state.changes += 1;
    }
    match operation {
        "CreateQueue" => create_queue(parts, &parse(body)?),
        "DeleteQueue" => delete_queue(parts, &parse(body)?),
        "GetQueueUrl" => get_queue_url(parts, &parse(body)?),
        "ListQueues" => list_queues(parts, &parse(body)?),
        "GetQueueAttributes" => get_queue_attributes(parts, &parse(body)?),
        "SetQueueAttributes" => set_queue_attributes(parts, &parse(body)?),
        "SendMessage" => send::send_message(parts, parse(body)?),
        "SendMessageBatch" => send::send_message_batch(parts, parse(body)?),
        "DeleteMessage" => delete_message(parts, &parse(body)?),
        "DeleteMessageBatch" => delete_message_batch(parts, parse(body)?),
        "ChangeMessageVisibility" => change_visibility(parts, &parse(body)?),
        "ChangeMessageVisibilityBatch" => change_visibility_batch(parts, parse(body)?),
        "StartMessageMoveTask" => moving::start(parts, &parse(body)?),
        "PurgeQueue" => purge_queue(parts, &parse(body)?),
        _ => Err(SqsError::unsupported(&format!("The operation {operation} is not emulated."))),
    }
}

/// The queue that a call is about, for counting it; empty if it names none.
fn queue_url(body: &[u8]) -> String {
    parse::<OnQueue>(body).map(|call| call.queue_url).unwrap_or_default()
}

fn create_queue(parts: &Parts, call: &CreateQueue) -> Answer {
    let name = &call.queue_name;
    if !limits::is_name(name) {
        return Err(SqsError::invalid_value(
            "Can only include alphanumeric characters, hyphens, or underscores. 1 to 80 in length",
        ));
    }
    let mut state = parts.lock();
    if let Some(queue) = state.queues.get(name) {
        if queue.settings.with(&call.attributes)? != queue.settings {
            return Err(SqsError::queue_exists(name));
        }
    } else {
        let settings = Settings::default().with(&call.attributes)?;
        check_redrive(parts, &state, &settings)?;
        state.queues.insert(name.clone(), Queue::new(name.clone(), settings));
    }
    write(&json!({ "QueueUrl": parts.url(name) }))
}

fn check_redrive(parts: &Parts, state: &super::State, settings: &Settings) -> Result<(), SqsError> {
    let Some(redrive) = &settings.redrive else { return Ok(()) };
    match state.queues.keys().any(|name| parts.arn(name) == redrive.target_arn) {
        true => Ok(()),
        false => Err(SqsError::invalid_value(&format!(
            "Value {} for parameter RedrivePolicy is invalid. Reason: Dead letter target does not exist.",
            redrive.target_arn
        ))),
    }
}

fn delete_queue(parts: &Parts, call: &OnQueue) -> Answer {
    let mut state = parts.lock();
    let queue = state.queue(&call.queue_url)?;
    queue.arrived.notify_waiters();
    let name = queue.name.clone();
    state.queues.remove(&name);
    write(&Done {})
}

fn get_queue_url(parts: &Parts, call: &GetQueueUrl) -> Answer {
    let mut state = parts.lock();
    let queue = state.queue(&call.queue_name)?;
    write(&json!({ "QueueUrl": parts.url(&queue.name) }))
}

fn list_queues(parts: &Parts, call: &ListQueues) -> Answer {
    let state = parts.lock();
    let named = |name: &&String| name.starts_with(&call.queue_name_prefix);
    let urls: Vec<String> = state.queues.keys().filter(named).map(|name| parts.url(name)).collect();
    write(&json!({ "QueueUrls": urls }))
}

fn get_queue_attributes(parts: &Parts, call: &GetQueueAttributes) -> Answer {
    let now = parts.clock.now_millis();
    let mut state = parts.lock();
    let queue = state.queue(&call.queue_url)?;
    queue.tick(now);
    let depth = queue.depth();
    let mut shown = queue.settings.shown();
    let mut show = |name: &str, value: String| shown.insert(name.to_owned(), value);
    show("ApproximateNumberOfMessages", depth.ready.to_string());
    show("ApproximateNumberOfMessagesNotVisible", depth.in_flight.to_string());
    show("ApproximateNumberOfMessagesDelayed", depth.delayed.to_string());
    show("QueueArn", parts.arn(&queue.name));
    if !call.attribute_names.iter().any(|name| name == "All") {
        shown.retain(|name, _| call.attribute_names.contains(name));
    }
    write(&json!({ "Attributes": shown }))
}

fn set_queue_attributes(parts: &Parts, call: &SetQueueAttributes) -> Answer {
    let mut state = parts.lock();
    let settings = state.queue(&call.queue_url)?.settings.with(&call.attributes)?;
    check_redrive(parts, &state, &settings)?;
    state.queue(&call.queue_url)?.settings = settings;
    write(&Done {})
}

fn delete_message(parts: &Parts, call: &DeleteMessage) -> Answer {
    let mut state = parts.lock();
    delete(state.queue(&call.queue_url)?, &call.receipt)?;
    write(&Done {})
}

fn delete_message_batch(parts: &Parts, batch: Batch<Handle>) -> Answer {
    batch.check()?;
    let mut state = parts.lock();
    let queue = state.queue(&batch.queue_url)?;
    write(&batch.answer(|receipt| delete(queue, &receipt)))
}

fn delete(queue: &mut Queue, receipt: &Handle) -> Result<Done, SqsError> {
    let receipt = Receipt::parse(&receipt.receipt_handle, &queue.name)?;
    queue.delete(&receipt);
    Ok(Done {})
}

fn change_visibility(parts: &Parts, call: &ChangeMessageVisibility) -> Answer {
    let now = parts.clock.now_millis();
    let mut state = parts.lock();
    change(state.queue(&call.queue_url)?, &call.change, now)?;
    write(&Done {})
}

fn change_visibility_batch(parts: &Parts, batch: Batch<Visibility>) -> Answer {
    batch.check()?;
    let now = parts.clock.now_millis();
    let mut state = parts.lock();
    let queue = state.queue(&batch.queue_url)?;
    write(&batch.answer(|visibility| change(queue, &visibility, now)))
}

fn change(queue: &mut Queue, change: &Visibility, now: i64) -> Result<Done, SqsError> {
    let seconds = change.visibility_timeout.ok_or_else(|| SqsError::missing("VisibilityTimeout"))?;
    limits::check_seconds("VisibilityTimeout", seconds, limits::VISIBILITY_SECS)?;
    let receipt = Receipt::parse(&change.receipt_handle, &queue.name)?;
    queue.change_visibility(&receipt, seconds, now)?;
    Ok(Done {})
}

fn purge_queue(parts: &Parts, call: &OnQueue) -> Answer {
    let now = parts.clock.now_millis();
    parts.lock().queue(&call.queue_url)?.purge(now)?;
    write(&Done {})
}
