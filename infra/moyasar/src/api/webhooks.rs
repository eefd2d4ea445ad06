//! `/v1/webhooks` and the attempts to deliver them.

use serde_json::{Value, json};
use uuid::Uuid;

use super::{Done, Query, page};
use crate::error::ApiError;
use crate::event::EventType;
use crate::input::NewWebhook;
use crate::outbox::Attempt;
use crate::state::{Moment, State, Webhook};
use crate::time;

impl State {
    pub(super) fn post_webhook(&mut self, at: Moment<'_>, body: &[u8]) -> Result<Done, ApiError> {
        let asked = NewWebhook::read(body)?;
        if !asked.url.starts_with("http://") && !asked.url.starts_with("https://") {
            return Err(ApiError::field("url", "must be a URL"));
        }
        let webhook = Webhook {
            id: self.new_id(),
            url: asked.url,
            secret_token: asked.shared_secret,
            events: asked.events,
            created_at: at.now,
            from_settings: false,
        };
        let done = Done::created(&view(&webhook));
        self.webhooks.push(webhook);
        Ok(done)
    }

    pub(super) fn list_webhooks(&self) -> Done {
        let rows: Vec<Value> = self.webhooks.iter().map(view).collect();
        Done::ok(&json!({ "webhooks": rows }))
    }

    pub(super) fn show_webhook(&self, id: Uuid) -> Result<Done, ApiError> {
        let found = self.webhooks.iter().find(|webhook| webhook.id == id);
        found.map(|webhook| Done::ok(&view(webhook))).ok_or_else(ApiError::not_found)
    }

    pub(super) fn delete_webhook(&mut self, id: Uuid) -> Result<Done, ApiError> {
        let before = self.webhooks.len();
        self.webhooks.retain(|webhook| webhook.id != id);
        if self.webhooks.len() == before {
            return Err(ApiError::not_found());
        }
        Ok(Done::ok(&json!({ "success": true })))
    }

    pub(super) fn list_attempts(&self, webhook: Option<Uuid>, query: &Query) -> Result<Done, ApiError> {
        if let Some(id) = webhook {
            self.show_webhook(id)?;
        }
        let wanted = |attempt: &&Attempt| webhook.is_none_or(|id| attempt.webhook_id == id);
        let mut found: Vec<&Attempt> = self.outbox.attempts().filter(wanted).collect();
        found.reverse();
        let (found, meta) = page::page(&found, query, |_| true);
        let rows: Vec<Value> = found.into_iter().map(|attempt| attempt_view(attempt)).collect();
        Ok(Done::ok(&json!({ "webhook_attempts": rows, "meta": meta })))
    }

    pub(super) fn show_attempt(&self, id: Uuid) -> Result<Done, ApiError> {
        let found = self.outbox.attempts().find(|attempt| attempt.id == id);
        found.map(|attempt| Done::ok(&attempt_view(attempt))).ok_or_else(ApiError::not_found)
    }
}

pub(super) fn available() -> Done {
    let names: Vec<&str> = EventType::ALL.iter().map(|event| event.name()).collect();
    Done::ok(&json!({ "events": names }))
}

/// The secret is never told.
fn view(webhook: &Webhook) -> Value {
    let all = EventType::ALL.iter().map(|event| event.name().to_owned());
    let events: Vec<String> = if webhook.events.is_empty() { all.collect() } else { webhook.events.clone() };
    json!({
        "id": webhook.id,
        "http_method": "post",
        "url": webhook.url,
        "created_at": time::write(webhook.created_at),
        "events": events,
    })
}

/// Headers and bodies of answers are not kept here: they are empty, and never null.
fn attempt_view(attempt: &Attempt) -> Value {
    let delivered = attempt.status.is_some_and(|status| (200..300).contains(&status));
    json!({
        "id": attempt.id,
        "webhook_id": attempt.webhook_id,
        "event_id": attempt.event_id,
        "event_type": attempt.event,
        "retry_number": attempt.retry_number,
        "result": if delivered { "success" } else { "failed" },
        "message": if delivered { "Webhook message was delivered successfully" } else { "Webhook message was not delivered" },
        "response_code": attempt.status.unwrap_or(0),
        "response_headers": "{}",
        "response_body": "",
        "created_at": time::write(attempt.at),
    })
}
