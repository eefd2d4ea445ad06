//! The payment provider's side: its webhooks on their way to us, and its mischief.

use std::sync::Arc;
use std::time::Duration;

use moyasar_sandbox::{Deed, Delivery, Mischief, OneShot, Sandbox};
use serde_json::{Value, json};

use crate::environment::Environment;
use crate::plan::Plan;
use crate::world::World;

/// How often due webhooks are looked for.
const LOOK: Duration = Duration::from_millis(100);

/// What a deed is called among the faults.
pub fn named(deed: Deed) -> String {
    format!("provider: {deed:?}")
}

/// What the provider does while the storm lasts, in parts of 10,000.
pub fn misbehave(sandbox: &Sandbox, plan: &Plan) {
    let mischief = [
        (Deed::Duplicate, 800),
        (Deed::Delay, 800),
        (Deed::Reorder, 500),
        (Deed::Lose, 300),
        (Deed::ForgeAmount, 100),
        (Deed::ForgeSecret, 100),
        (Deed::ForgeJson, 100),
        (Deed::ForgeStatus, 100),
        (Deed::ForgePayment, 100),
        (Deed::Misspell, 500),
        (Deed::Slow, 200),
        (Deed::Fail, 200),
        (Deed::Throttle, 100),
        (Deed::LoseReply, 300),
        (Deed::EarlyWebhook, 300),
        (Deed::PayTwice, 300),
    ];
    let mischief = mischief.into_iter().filter(|(deed, _)| plan.has(&named(*deed)));
    sandbox.set_mischief(mischief.fold(Mischief::default(), |mischief, (deed, odds)| mischief.with(deed, odds)));
    if plan.has(&named(Deed::ForgeStatus)) {
        // Says paid of a payment that was refused, and says otherwise when it is asked.
        sandbox.arm(OneShot { deed: Deed::ForgeStatus, times: 1, on: Some("payment_failed".to_owned()) });
    }
}

/// Posts every webhook as it is due; runs until the world ends.
pub fn start(world: &Arc<World>) {
    let world = Arc::clone(world);
    tokio::task::spawn_local(async move {
        loop {
            let due = if world.may_tell() { world.stage.sandbox.take_due(20) } else { Vec::new() };
            for delivery in due {
                let world = Arc::clone(&world);
                tokio::task::spawn_local(async move { post(&world, delivery).await });
            }
            tokio::time::sleep(LOOK).await;
        }
    });
}

async fn post(world: &World, delivery: Delivery) {
    let platform = world.platform("payment-callbacks").expect("the template has the function");
    let environment = Environment::start("payment-callbacks", &platform).expect("it starts with the template's settings");
    let status = match world.invoke("payment-callbacks", &environment, event(&delivery)).await {
        Ok(Ok(answer)) => answer["statusCode"].as_u64().and_then(|status| u16::try_from(status).ok()),
        // What the gateway answers for a function that failed or died.
        Ok(Err(_)) | Err(_) => Some(500),
    };
    world.trace.note("provider", || told(&delivery, status));
    if delivery.forged {
        world.deeds.forged(&delivery, status.is_some_and(|status| status < 300));
    }
    world.stage.sandbox.acknowledge(&delivery, status);
}

fn told(delivery: &Delivery, status: Option<u16>) -> String {
    let body = serde_json::from_slice::<Value>(&delivery.body).unwrap_or_default();
    let forged = if delivery.forged { ", forged," } else { "" };
    let (payment, stands) = (body["data"]["id"].as_str(), body["data"]["status"].as_str());
    let answer = status.map_or("no answer".to_owned(), |status| status.to_string());
    format!("tells {}{forged} of {}, {}: {answer}", delivery.event, payment.unwrap_or("?"), stands.unwrap_or("?"))
}

fn event(delivery: &Delivery) -> Value {
    let body = String::from_utf8_lossy(&delivery.body);
    stage::event::http(
        "POST /v1/payments/{provider}/callbacks",
        json!({"provider": "moyasar"}),
        json!({"content-type": "application/json"}),
        &body,
    )
}
