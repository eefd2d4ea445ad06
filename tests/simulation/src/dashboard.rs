//! What goes on at the provider without us: the merchant's dashboard, payments that are none of ours, and an hour without it.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use data_encoding::BASE64;
use moyasar_sandbox::{Down, Ending, Payer, PaymentFacts, Status};
use serde_json::{Value, json};
use testkit::chance::Chance;
use uuid::Uuid;

use crate::held::{self, HELD};
use crate::world::World;

/// A payment that the provider said was paid, and later undoes.
pub const DENIED: &str = "provider: says paid, later denies";
/// Money given back from the dashboard.
pub const GIVEN_BACK: &str = "provider: refunds from the dashboard";
/// A payment that names no donation.
pub const STRANGER: &str = "provider: payment of a stranger";
/// An hour in which the provider answers nothing and tells nothing.
pub const OUTAGE: &str = "provider: down for an hour";

/// How long the provider is down.
const HOUR: Duration = Duration::from_secs(3_600);
/// Seeds in a thousand with such an hour: each costs as much as two others.
const OUTAGES: u32 = 150;

/// What becomes of a payment at the provider, some time after it was paid.
pub async fn follow(world: Arc<World>, chance: Chance, payment: PaymentFacts) {
    tokio::time::sleep(Duration::from_millis(chance.below(90_000))).await;
    let (denies, gives_back, part) = (chance.happens(40), chance.happens(40), chance.below(payment.taken));
    if denies && world.trace.storms(DENIED) && world.stage.sandbox.void(payment.id).is_ok() {
        world.trace.count(DENIED);
        world.trace.note("provider", || format!("denies payment {}", payment.id));
    } else if gives_back
        && world.trace.storms(GIVEN_BACK)
        && world.stage.sandbox.refund(payment.id, Some(part.max(1))).is_ok()
    {
        world.trace.count(GIVEN_BACK);
        world.trace.note("provider", || format!("{} of payment {} go back from the dashboard", part.max(1), payment.id));
        world.deeds.gave_back(payment.id, part.max(1));
    }
}

/// Somebody pays by a page that the merchant made on the dashboard: no donation is named.
pub async fn stranger(world: Arc<World>, chance: Chance) {
    tokio::time::sleep(Duration::from_millis(chance.below(240_000))).await;
    let amount = 100 + chance.below(100_000);
    if !world.trace.storms(STRANGER) {
        return;
    }
    if let Some(invoice) = invoice(&world, amount).await
        && let Ok(payment) = world.stage.sandbox.pay(invoice, &payer(&world, &chance))
    {
        world.trace.count(STRANGER);
        world.trace.note("provider", || format!("a stranger pays {amount} as payment {}", payment.id));
        if payment.status == Status::Authorized {
            held::decide(world, chance, payment).await;
        }
    }
}

/// Some strangers only authorise what they pay.
fn payer(world: &World, chance: &Chance) -> Payer {
    let is_held = chance.happens(150) && world.trace.storms(HELD);
    if is_held {
        world.trace.count(HELD);
        return Payer::default().ending(Ending::Authorized);
    }
    Payer::default()
}

async fn invoice(world: &World, amount: u64) -> Option<Uuid> {
    let key = BASE64.encode(format!("{}:", stage::API_KEY).as_bytes());
    let body = json!({"amount": amount, "currency": "SAR", "description": "from the dashboard"});
    let request = http::Request::post("/v1/invoices")
        .header("authorization", format!("Basic {key}"))
        .header("content-type", "application/json")
        .body(Bytes::from(body.to_string()))
        .ok()?;
    let answer = world.stage.sandbox.call(request).await.ok()?;
    serde_json::from_slice::<Value>(answer.body()).ok()?["id"].as_str()?.parse().ok()
}

/// In some seeds the provider goes down for an hour in the middle of the donors' visits.
pub async fn outage(world: Arc<World>, chance: Chance) {
    if !chance.happens(OUTAGES) {
        return;
    }
    tokio::time::sleep(Duration::from_millis(chance.below(240_000))).await;
    let how = if chance.happens(500) { Down::Refuse } else { Down::Unavailable };
    if !world.trace.storms(OUTAGE) {
        return;
    }
    world.trace.count(OUTAGE);
    world.trace.note("provider", || "goes down for an hour".to_owned());
    world.stage.sandbox.go_down(u64::try_from(HOUR.as_millis()).unwrap_or(u64::MAX), how);
    world.is_silent(true);
    tokio::time::sleep(HOUR).await;
    world.is_silent(false);
}
