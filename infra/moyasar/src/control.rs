//! The control API under `/sandbox`: what the real provider's payers, merchants and bad days do.
//!
//! Not Moyasar's. It needs no key: the server lets only the machine itself in.

use bytes::Bytes;
use http::{Method as Verb, Request, Response};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::event::EventType;
use crate::mischief::{Down, Mischief, OneShot};
use crate::payer::{Payer, Refusal};
use crate::sandbox::{Sandbox, respond};
use crate::settings::{Readings, WebhookTarget};
use crate::source::Ending;
use crate::time;

/// Messages shown of those that wait.
const SHOWN: usize = 100;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Amount {
    amount: Option<u64>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Finish {
    ending: Option<Ending>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Tell {
    event: EventType,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct DownFor {
    for_ms: u64,
    #[serde(default)]
    how: Down,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct PointTo {
    url: String,
    secret_token: String,
}

/// What went wrong with a control request.
enum Wrong {
    Path,
    Body(String),
    Refused(Refusal),
}

impl From<Refusal> for Wrong {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(refusal)
    }
}

/// Answers a request; `path` is what follows `/sandbox`.
pub(crate) fn answer(sandbox: &Sandbox, request: &Request<Bytes>, path: &str) -> Response<Bytes> {
    let (status, body) = match act(sandbox, request.method(), path, request.body()) {
        Ok(body) => (200, body),
        Err(Wrong::Path) => (404, problem("there is no such path")),
        Err(Wrong::Body(text)) => (400, problem(&text)),
        Err(Wrong::Refused(Refusal::Unknown)) => (404, problem(&Refusal::Unknown.to_string())),
        Err(Wrong::Refused(refusal)) => (409, problem(&refusal.to_string())),
    };
    respond(status, "application/json; charset=utf-8", body.to_string())
}

fn problem(text: &str) -> Value {
    json!({ "error": text })
}

fn act(sandbox: &Sandbox, verb: &Verb, path: &str, body: &[u8]) -> Result<Value, Wrong> {
    let parts: Vec<&str> = path.split('/').filter(|part| !part.is_empty()).collect();
    match (verb.as_str(), parts.as_slice()) {
        ("GET", []) => Ok(overview(sandbox)),
        ("GET", ["tally"]) => shown(sandbox.tally()),
        ("POST", ["invoices", id, "pay"]) => shown(sandbox.pay(uuid(id)?, &read::<Payer>(body)?)?),
        ("POST", ["payments", id, act]) => dashboard(sandbox, uuid(id)?, act, body),
        ("GET", ["payments", id]) => shown(sandbox.payment(uuid(id)?).ok_or(Refusal::Unknown)?),
        ("GET", ["invoices", id]) => shown(sandbox.invoice(uuid(id)?).ok_or(Refusal::Unknown)?),
        (_, ["mischief", ..] | ["down"]) => mischief(sandbox, verb, &parts, body),
        ("GET", ["outbox"]) => Ok(outbox(sandbox)),
        ("POST", ["outbox", "hurry"]) => {
            sandbox.hurry();
            Ok(outbox(sandbox))
        }
        ("PUT", ["readings"]) => {
            sandbox.set_readings(read::<Readings>(body)?);
            shown(sandbox.readings())
        }
        ("PUT", ["webhook"]) => {
            let PointTo { url, secret_token } = read(body)?;
            sandbox.set_webhook(WebhookTarget { url, secret_token });
            Ok(overview(sandbox))
        }
        _ => Err(Wrong::Path),
    }
}

/// What the merchant does in the dashboard, and what the payer does on the bank's page.
fn dashboard(sandbox: &Sandbox, id: Uuid, act: &str, body: &[u8]) -> Result<Value, Wrong> {
    match act {
        "finish" => shown(sandbox.finish(id, read::<Finish>(body)?.ending)?),
        "refund" => shown(sandbox.refund(id, read::<Amount>(body)?.amount)?),
        "capture" => shown(sandbox.capture(id, read::<Amount>(body)?.amount)?),
        "void" => shown(sandbox.void(id)?),
        "tell" => {
            sandbox.tell(id, read::<Tell>(body)?.event)?;
            Ok(outbox(sandbox))
        }
        _ => Err(Wrong::Path),
    }
}

fn mischief(sandbox: &Sandbox, verb: &Verb, parts: &[&str], body: &[u8]) -> Result<Value, Wrong> {
    match (verb.as_str(), parts) {
        ("GET", ["mischief"]) => {}
        ("PUT", ["mischief"]) => sandbox.set_mischief(read::<Mischief>(body)?),
        ("DELETE", ["mischief"]) => sandbox.behave(),
        ("POST", ["mischief", "next"]) => sandbox.arm(read::<OneShot>(body)?),
        ("POST", ["down"]) => {
            let DownFor { for_ms, how } = read(body)?;
            sandbox.go_down(for_ms, how);
        }
        ("DELETE", ["down"]) => sandbox.come_up(),
        _ => return Err(Wrong::Path),
    }
    Ok(asked(sandbox))
}

fn asked(sandbox: &Sandbox) -> Value {
    sandbox.at_once(|state, at| {
        json!({
            "mischief": state.mischief.asked,
            "armed": state.mischief.armed,
            "down": state.mischief.down(at.now),
        })
    })
}

fn overview(sandbox: &Sandbox) -> Value {
    sandbox.at_once(|state, at| {
        let webhooks: Vec<&str> = state.webhooks.iter().map(|webhook| webhook.url.as_str()).collect();
        json!({
            "public_url": at.settings.public_url,
            "now": time::write(at.now),
            "webhooks": webhooks,
            "readings": at.settings.readings,
            "invoices": state.invoices.len(),
            "payments": state.payments.len(),
            "messages_waiting": state.outbox.len(),
            "next_due": state.outbox.next_due().map(time::write),
            "tally": state.tally,
        })
    })
}

fn outbox(sandbox: &Sandbox) -> Value {
    sandbox.at_once(|state, _| {
        let rows = state.outbox.waiting().take(SHOWN).map(|parcel| {
            json!({
                "event": parcel.event,
                "event_id": parcel.event_id,
                "due": time::write(parcel.due),
                "attempt": parcel.attempt,
                "forged": parcel.forged,
            })
        });
        let rows: Vec<Value> = rows.collect();
        json!({ "messages": state.outbox.len(), "waiting": rows })
    })
}

fn uuid(text: &str) -> Result<Uuid, Wrong> {
    Uuid::try_parse(text).map_err(|_| Wrong::Refused(Refusal::Unknown))
}

/// No body is an empty object.
fn read<T: DeserializeOwned>(body: &[u8]) -> Result<T, Wrong> {
    let body = if body.trim_ascii().is_empty() { b"{}" } else { body };
    serde_json::from_slice(body).map_err(|error| Wrong::Body(error.to_string()))
}

fn shown(value: impl Serialize) -> Result<Value, Wrong> {
    serde_json::to_value(value).map_err(|error| Wrong::Body(error.to_string()))
}
