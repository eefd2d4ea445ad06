//! Asking the functions, as the gateway does.
//!
//! Some things in the document stand for what only the scene knows: the donation, the validator of what a reader has, the provider's secret.
//! They are replaced on the way in, and put back on the way out.

use openapi::{Example, Operation};
use platform::http::{HttpRequest, HttpResponse, MOST_BODY_BYTES};
use serde_json::{Map, Value, json};
use stage::{event, identity};

use crate::scene::{KEY, Scene};

/// The donation of the examples.
pub const DONATION: &str = "5d0c1b7a9e3f48266c1d2e0b7a954f31";
/// The refund of the examples.
const REFUND: &str = "7c1f9b0e2d4a48538e6f5a1b3c2d4e5f";
/// The correction of the examples.
const CORRECTION: &str = "3c9e5a17d2f04b86a1e7c05f8b2d6e94";
/// The code of its receipt in the examples.
const CODE: &str = "0C00000024230C9J6CT3ADHQ70WG";
/// What a reader has seen, in the examples.
pub const SEEN: &str = "\"2.5f2c9b1d07e3a846\"";
/// The ticket of the examples, without its number, and the admission that it became.
const TICKET: &str = ".869f01e14468ffce368845da1beccb33.pV0fZ0x1C8cTgS3m2mRr7xS1uK9Qw5Yb4Jt6NaLd0eU";
const ADMISSION: &str = "5.1795468241.h2WcN7b0gF3mJk9sTqYxZr5LdVuPaE8oQ1iBt4MwKyA";
/// What was agreed on with the provider, in the examples.
const SECRET: &str = "the secret that was agreed on";

/// What a browser asks for.
const PAGE: &str = "text/html";

/// What a function answered.
#[derive(Debug, Clone)]
pub struct Reply {
    pub status: u16,
    pub headers: Value,
    pub body: Value,
}

impl Reply {
    fn of(response: HttpResponse) -> Reply {
        let response = serde_json::to_value(response).unwrap();
        let body = response["body"].as_str().unwrap_or_default();
        let is_page = response["headers"]["content-type"].as_str().is_some_and(|kind| kind.starts_with(PAGE));
        Reply {
            status: response["statusCode"].as_u64().unwrap().try_into().unwrap(),
            headers: response["headers"].clone(),
            body: if is_page { json!(body) } else { serde_json::from_str(body).unwrap_or(Value::Null) },
        }
    }
}

/// Asks what an example asks.
pub async fn ask(scene: &Scene, operation: &Operation, example: &Example) -> Reply {
    let event = event_of(scene, operation, example).await;
    if example.name == "changed_meanwhile" {
        // Two operators at the same moment: what the slower one is told.
        let (one, other) = tokio::join!(call(scene, event.clone()), call(scene, event));
        return if one.status > other.status { one } else { other };
    }
    call(scene, event).await
}

async fn event_of(scene: &Scene, operation: &Operation, example: &Example) -> Value {
    let mut parts = [("path", Map::new()), ("query", Map::new()), ("header", Map::new())];
    for ((place, name), value) in &example.parameters {
        let (_, part) = parts.iter_mut().find(|(known, _)| known == place).unwrap();
        let name = if place == "header" { name.to_lowercase() } else { name.clone() };
        part.insert(name, json!(scene.known(&as_text(value))));
    }
    let [(_, path), (_, query), (_, mut headers)] = parts;
    credentials(scene, operation, example, &mut headers);
    if let Some(media) = &example.media {
        headers.entry("content-type").or_insert_with(|| json!(media));
    }
    match example.name.as_str() {
        "content_type_unknown" => drop(headers.insert("content-type".to_owned(), json!("text/plain"))),
        "too_large" if is_updates(operation) => drop(headers.insert("content-type".to_owned(), json!("text/csv"))),
        _ => {}
    }
    if example.answer.as_ref().is_some_and(|(media, _)| media == PAGE) {
        headers.insert("accept".to_owned(), json!(PAGE));
    }
    let body = scene.known(&body(operation, example));
    let mut event = event::http(&operation.route, json!(path), json!(headers), &body);
    event["queryStringParameters"] = json!(query);
    if let Some(claims) = claims(operation, example) {
        event["requestContext"]["authorizer"] = json!({"jwt": {"claims": claims, "scopes": null}});
    }
    if event.to_string().contains("5f2c9b1d07e3a846") && !example.name.starts_with("precondition") {
        let tag = seen(scene, &operation.route, &event).await;
        for name in ["if-match", "if-none-match"] {
            if event["headers"][name] == SEEN && !tag.is_null() {
                event["headers"][name] = tag.clone();
            }
        }
    }
    event
}

fn is_updates(operation: &Operation) -> bool {
    operation.told["operationId"] == "sendUpdates"
}

fn as_text(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

/// Texts are sent as they stand: what cannot be read is told as a text.
fn body(operation: &Operation, example: &Example) -> String {
    if example.name == "too_large" {
        let most = match () {
            () if operation.told["x-role"] == "provider" => payment_callbacks::MOST_BYTES,
            () if is_updates(operation) => domain::sacrifice::carrying::form::MOST_BYTES,
            () => MOST_BODY_BYTES,
        };
        return "x".repeat(most + 1);
    }
    example.body.as_ref().map(as_text).unwrap_or_default()
}

fn credentials(scene: &Scene, operation: &Operation, example: &Example, headers: &mut Map<String, Value>) {
    if example.name == "without_a_token" {
        return;
    }
    match operation.told["x-role"].as_str() {
        Some("giver") => drop(headers.insert("guest-token".to_owned(), json!(scene.guest))),
        // A signed-in donor's gift.
        Some("holder") if example.name == "erased_together" => {
            let token = identity::token("donor-7", "donor", scene.stage.now().seconds());
            headers.insert("authorization".to_owned(), json!(format!("Bearer {token}")));
        }
        Some("holder") => drop(headers.insert("access-token".to_owned(), json!(scene.access_token))),
        _ => {}
    }
}

/// What the gateway's authorizer found in the token.
fn claims(operation: &Operation, example: &Example) -> Option<Value> {
    let role = operation.told["x-role"].as_str().map(|role| if role == "staff" { "approver" } else { role });
    let role = role.filter(|role| ["donor", "operator", "approver", "auditor", "slaughterhouse"].contains(role))?;
    match example.name.as_str() {
        "without_a_token" => None,
        // An account that is no slaughterhouse's id can have nothing.
        "no_id" if role == "slaughterhouse" => Some(json!({"sub": "no id", "role": role})),
        "in_another_role" if role == "donor" => Some(json!({"sub": "officer-7", "role": "operator"})),
        "in_another_role" => Some(json!({"sub": "donor-7", "role": "donor"})),
        _ => Some(json!({"sub": format!("{role}-7"), "role": role})),
    }
}

/// The validator of what the event is about, as a reader has it now.
async fn seen(scene: &Scene, route: &str, event: &Value) -> Value {
    let mut reading = event.clone();
    let read = route.replace("PUT", "GET");
    reading["routeKey"] = json!(read);
    reading["headers"] = json!({});
    call(scene, reading).await.headers["etag"].clone()
}

impl Scene {
    /// What the examples call something, as it is on this scene.
    fn known(&self, text: &str) -> String {
        let text = if self.donation.is_empty() { text.to_owned() } else { text.replace(DONATION, &self.donation) };
        let text = if self.refund.is_empty() { text } else { text.replace(REFUND, &self.refund) };
        let text = if self.correction.is_empty() { text } else { text.replace(CORRECTION, &self.correction) };
        let text = if self.code.is_empty() { text } else { text.replace(CODE, &self.code) };
        let text = if text == ADMISSION { self.admission.clone() } else { text };
        let text = if text.ends_with(TICKET) { self.ticket.clone() } else { text };
        text.replace(SECRET, stage::WEBHOOK_SECRET)
    }
}

async fn call(scene: &Scene, event: Value) -> Reply {
    let route = event["routeKey"].as_str().unwrap().to_owned();
    let request: HttpRequest = serde_json::from_value(event).unwrap();
    let serves = |routes: &[platform::http::Route]| routes.iter().any(|known| known.key == route);
    Reply::of(match () {
        () if serves(catalogue::ROUTES) => catalogue::handle(&scene.catalogue, request).await,
        () if serves(donations::ROUTES) => donations::handle(&scene.donations, request).await,
        () if serves(operations::ROUTES) => operations::handle(&scene.operations, request).await,
        () if serves(payment_callbacks::ROUTES) => payment_callbacks::handle(&scene.callbacks, request).await,
        () if serves(sacrifice::ROUTES) => sacrifice::handle(&scene.sacrifice, request).await,
        () if serves(slaughterhouses::ROUTES) => slaughterhouses::handle(&scene.slaughterhouses, request).await,
        () if serves(receipts::ROUTES) => receipts::handle(&scene.receipts, request).await,
        () => panic!("no function serves {route}"),
    })
}

/// An operator's change.
pub async fn operator(scene: &Scene, route: &str, id: &str, body: &Value) -> Reply {
    let mut event = event::http(route, json!({"id": id}), json!({}), &body.to_string());
    event["requestContext"]["authorizer"] = json!({"jwt": {"claims": {"sub": "operator-7", "role": "operator"}}});
    call(scene, event).await
}

/// A new guest's token.
pub async fn guest(scene: &Scene) -> String {
    let reply = call(scene, event::http("POST /v1/guests", json!({}), json!({}), "")).await;
    reply.body["guest_token"].as_str().unwrap().to_owned()
}

/// A gift of the scene's guest.
pub async fn gift(scene: &Scene, key: &str, body: &Value) -> Reply {
    let headers = json!({"guest-token": scene.guest, "idempotency-key": key, "accept-language": "en"});
    call(scene, event::http("POST /v1/donations", json!({}), headers, &body.to_string())).await
}

/// What the guest's ticket became.
pub async fn admission(scene: &Scene) -> String {
    let path = json!({"id": "sheep-makkah", "ticket": scene.ticket});
    let shown = call(scene, event::http("GET /v1/sacrifice/offerings/{id}/tickets/{ticket}", path, json!({}), "")).await;
    shown.body["admission_token"].as_str().unwrap().to_owned()
}

/// As many attempts as are let through: two at a gift, with one mobile, and five at a ticket.
pub async fn try_often(scene: &Scene) {
    let sacrifice = json!({"shares": 1, "on_behalf_of": ["أحمد"], "wakala": {"accepted": true, "version": "1448-1"}});
    let lines = json!([{"opportunity": "sheep-makkah", "sacrifice": sacrifice}]);
    let body = json!({"lines": lines, "donor": {"mobile": "0551234567"}, "return_url": "https://give.example/thanks"});
    for number in 0..2 {
        assert_eq!(gift(scene, &format!("{KEY}-{number}"), &body).await.status, 403);
    }
    for number in 0..5 {
        let headers = json!({"guest-token": scene.guest, "idempotency-key": format!("{KEY}-{number}")});
        let take = "POST /v1/sacrifice/offerings/{id}/tickets";
        let taken = call(scene, event::http(take, json!({"id": "sheep-makkah"}), headers, "")).await;
        assert_eq!(taken.status, 201, "{}", taken.body);
    }
}

/// Another attempt to pay the scene's donation.
pub async fn attempt(scene: &Scene, after: usize) -> Reply {
    let headers = json!({"access-token": scene.access_token});
    let body = json!({"after": after}).to_string();
    call(scene, event::http("POST /v1/donations/{id}/attempts", json!({"id": scene.donation}), headers, &body)).await
}

/// Something that a person of the platform's does about a case, as `subject` in `role`, under the key of the examples.
pub async fn on_case(scene: &Scene, (subject, role): (&str, &str), route: &str, id: &str, body: &Value) -> Reply {
    let mut event = event::http(route, json!({"id": id}), json!({"idempotency-key": KEY}), &body.to_string());
    event["requestContext"]["authorizer"] = json!({"jwt": {"claims": {"sub": subject, "role": role}, "scopes": null}});
    call(scene, event).await
}

/// Something that a person of the platform's does about the scene's donation, as `subject` in `role`.
pub async fn officer(scene: &Scene, (subject, role): (&str, &str), route: &str, key: &str, body: &Value) -> Reply {
    let headers = json!({"idempotency-key": key});
    let path = json!({"id": scene.donation, "refund": scene.refund});
    let mut event = event::http(route, path, headers, &body.to_string());
    event["requestContext"]["authorizer"] = json!({"jwt": {"claims": {"sub": subject, "role": role}, "scopes": null}});
    call(scene, event).await
}
