//! Gifts of shares: whatever happens on the way, many at once, and the rules that make a sale fair.

mod apart;
mod burst;
mod claims;
mod limits;
mod tries;
mod turns;

use std::sync::{Arc, Mutex};
use std::time::Duration;

use domain::catalogue::Opportunity;
use domain::id::OpportunityId;
use domain::moment::Moment;
use domain::sacrifice::fairness::WaitingRoom;
use domain::sacrifice::quota::lots_for;
use domain::sacrifice::{Fairness, Lot, Offering, Rite, Species};
use platform::auth::Ticket;
use serde_json::{Value, json};
use stage::sample;
use testkit::chance::Chance;
use testkit::faults::{Call, Fault};

use crate::scene::{Reply, Scene, call};

/// What is sold where a test does not say.
pub const CAMELS: &str = "camels-makkah";
pub const MOBILE: &str = "0551234567";

/// Puts an offering on sale, from now on.
pub async fn offer(scene: &Scene, id: &str, species: Species, quota: u32, fairness: Fairness) -> Offering {
    let opportunity = Opportunity { id: id.parse().unwrap(), ..sample::camels() };
    let lots = lots_for(species, quota, 0);
    let offering = sample::offering(quota, scene.stage.now());
    let offering = Offering { id: opportunity.id.clone(), species, lots, fairness, ..offering };
    scene.stage.offer(&opportunity, &offering).await.unwrap();
    offering
}

/// Puts animals of an aqiqa on sale, which are given whole.
pub async fn offer_whole(scene: &Scene, id: &str, species: Species, quota: u32) -> Offering {
    let shared = offer(scene, id, species, quota, Fairness::default()).await;
    let whole = Offering { rite: Rite::Aqiqa, day: None, revision: shared.revision + 1, ..shared };
    assert!(scene.stage.table.put_offering(&whole).await.unwrap());
    whole
}

/// Writes other rules over an offering's.
pub async fn change(scene: &Scene, offering: &Offering, fairness: Fairness) -> Offering {
    let changed = Offering { fairness, revision: offering.revision + 1, ..offering.clone() };
    assert!(scene.stage.table.put_offering(&changed).await.unwrap());
    changed
}

pub fn limited(limit: u8) -> Fairness {
    Fairness { limit: Some(limit), ..Fairness::default() }
}

pub fn with_room(scene: &Scene) -> Fairness {
    let now = scene.stage.now();
    Fairness { room: Some(WaitingRoom::opened(10, now, 0, now)), ..Fairness::default() }
}

/// The body of a gift of shares.
pub fn shares_of(id: &str, shares: u8, mobile: &str) -> Value {
    let names: Vec<&str> = (0..shares).map(|_| "أحمد").collect();
    let sacrifice = json!({"shares": shares, "on_behalf_of": names, "wakala": {"accepted": true, "version": "1"}});
    json!({
        "lines": [{"opportunity": id, "sacrifice": sacrifice}],
        "donor": {"mobile": mobile},
        "return_url": "https://give.example/thanks",
    })
}

/// The same, where they may be in several animals.
pub fn apart_of(id: &str, shares: u8, mobile: &str) -> Value {
    let mut body = shares_of(id, shares, mobile);
    body["lines"][0]["sacrifice"]["apart"] = json!(true);
    body
}

pub fn mobile(number: usize) -> String {
    format!("055{number:07}")
}

/// A key of its own.
pub fn key(number: usize) -> String {
    format!("{}-{number}", crate::scene::KEY)
}

/// The guest's request, with headers more.
pub fn request(scene: &Scene, key: &str, body: &Value, more: &[(&str, &str)]) -> Value {
    let mut event = scene.gift_event(key, body);
    for (name, value) in more {
        event["headers"][*name] = json!(value);
    }
    event
}

/// The guest's admission for the gift under this key.
pub async fn admission(scene: &Scene, id: &str, key: &str, until: Moment) -> String {
    let ids = scene.identifiers().await;
    let caller = ids.guest(&scene.words["guest_token"], scene.stage.now()).unwrap();
    let ticket = Ticket { number: 1, donation: ids.donation(&caller, key) };
    ids.admission(&id.parse().unwrap(), &ticket, until)
}

pub async fn lots(scene: &Scene, id: &str) -> Vec<Lot> {
    let offering: OpportunityId = id.parse().unwrap();
    let lots = scene.stage.table.all_lots(&offering).await.unwrap();
    assert!(lots.iter().all(Lot::is_whole), "{lots:?}");
    lots
}

/// The shares of an offering that somebody has.
pub fn claimed(lots: &[Lot]) -> u32 {
    lots.iter().map(|lot| u32::from(lot.shares - lot.free)).sum()
}

/// How much the givers of an offering's limit have used: all of them together, and each whole.
pub async fn used(scene: &Scene) -> Vec<u32> {
    let items = scene.stage.items("GIVER#").await.unwrap();
    let mut used = Vec::new();
    for item in &items {
        let giver = item["giver"].as_str().unwrap().parse().unwrap();
        let allowances = scene.stage.table.allowances(&[giver]).await.unwrap();
        assert!(allowances.iter().all(domain::sacrifice::fairness::Allowance::is_whole), "{item}");
        used.extend(allowances.iter().map(|allowance| allowance.taken));
    }
    used
}

/// Gives every call a delay of its own, so that callers meet in another order for each seed.
pub fn shuffle(scene: &Scene, seed: u64) {
    let chance = Chance::seeded(seed, "delays");
    let delay = move |_: &Call<'_>| Fault::Delay(Duration::from_millis(1 + chance.below(9)));
    scene.stage.cloud.services().set_faults(delay);
}

/// Makes requests at once, each in an environment of its own, and again as long as they are told to try again. The last reply of each.
pub async fn all_at_once(scene: &Scene, events: &[Value]) -> Vec<Reply> {
    let one = async |event: &Value| {
        let deps = scene.another();
        for _ in 0..40 {
            let reply = call(&deps, event.clone()).await;
            if reply.status != 503 {
                return reply;
            }
            scene.stage.clock.sleep(Duration::from_millis(50)).await;
        }
        panic!("told to try again for good: {event}")
    };
    futures_util::future::join_all(events.iter().map(one)).await
}

/// What was called since: for each call its operation, with the item's kind where it is told.
#[derive(Clone, Default)]
pub struct Calls(Arc<Mutex<Vec<String>>>);

impl Calls {
    pub fn watch(scene: &Scene) -> Calls {
        let calls = Calls::default();
        let seen = calls.clone();
        scene.stage.cloud.services().set_faults(move |call: &Call<'_>| {
            let body = String::from_utf8_lossy(call.body).into_owned();
            let kinds = ["GIVER#", "BRAKE#", "SEG#", "DON#"].into_iter().filter(|kind| body.contains(kind));
            let told = std::iter::once(call.operation).chain(kinds).collect::<Vec<_>>().join(" ");
            seen.0.lock().unwrap().push(if call.is_write() { format!("write: {told}") } else { told });
            Fault::Pass
        });
        calls
    }

    pub fn take(&self) -> Vec<String> {
        std::mem::take(&mut *self.0.lock().unwrap())
    }

    pub fn writes(&self) -> Vec<String> {
        self.take().into_iter().filter(|call| call.starts_with("write")).collect()
    }
}
