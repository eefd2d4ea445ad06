//! Guests who have what they told of themselves erased, in the middle of it all: before they pay, after it, while money goes back, some of them with a receipt in hand.

use std::sync::Arc;
use std::time::Duration;

use domain::id::DonationId;
use serde_json::{Value, json};
use stage::event;
use testkit::chance::Chance;

use crate::app;
use crate::world::World;

const ERASE: &str = "DELETE /v1/donations/{id}/personal-data";
const RECEIPT: &str = "GET /v1/donations/{id}/receipt";

/// Of a thousand donors so many want to be forgotten.
const DONORS: u32 = 70;
/// Of a thousand of those so many ask for a receipt before: setting one costs as much as many gifts.
const RECEIPTS: u32 = 150;

/// Whoever has this gift's access token may want to be forgotten later.
pub fn may_want(world: &Arc<World>, seed: u64, donation: DonationId, access_token: Value) {
    let chance = Chance::seeded(seed, &format!("forgetting {donation}"));
    if chance.happens(DONORS) {
        world.send_out(want(Arc::clone(world), chance, donation, access_token));
    }
}

async fn want(world: Arc<World>, chance: Chance, donation: DonationId, access_token: Value) {
    let id = donation.to_string();
    let receipt = chance.happens(RECEIPTS);
    tokio::time::sleep(Duration::from_secs(5 + chance.below(if receipt { 60 } else { 400 }))).await;
    let event = |route| event::http(route, json!({ "id": id }), json!({ "access-token": access_token }), "");
    if receipt {
        app::call(&world, &chance, "receipts", RECEIPT, event(RECEIPT)).await;
        tokio::time::sleep(Duration::from_secs(chance.below(60))).await;
    }
    world.deeds.erasing(donation);
    let one = app::call(&world, &chance, "donations", ERASE, event(ERASE));
    let (status, _) = if chance.happens(250) {
        let others = Chance::seeded(world.plan.seed, &format!("forgetting {donation} once more"));
        let (one, _) = tokio::join!(one, app::call(&world, &others, "donations", ERASE, event(ERASE)));
        one
    } else {
        one.await
    };
    if status == 202 {
        world.deeds.erased(donation);
    }
}
