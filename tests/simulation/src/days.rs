//! The day that was sealed, compared three ways: tried once too early now and then, each hour, and in the morning until its document stands.
//!
//! What was true at the provider when the document was written is kept beside it.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use domain::moment::Day;
use moyasar_sandbox::PaymentFacts;
use serde_json::{Value, json};
use testkit::chance::Chance;

use crate::reconciling;
use crate::world::World;

/// Between two tries, as the schedule has it.
const HOUR: Duration = Duration::from_secs(3_600);
/// Seeds in a thousand in which somebody asks for the day a moment after it was sealed, when much of it is still under way.
const TOO_EARLY: u32 = 200;
/// Begins what a list of a whole day is asked with: see `trace`.
pub const LISTS_A_DAY: &str = "created%5Bgt%5D";

/// A document, and what was so when it was written.
#[derive(Debug, Clone)]
pub struct Told {
    /// The document.
    pub document: Value,
    /// The provider's payments, if none of them changed while it was written.
    pub payments: Option<Vec<PaymentFacts>>,
    /// Payments of which the books lacked something then.
    pub behind: BTreeSet<String>,
    /// Payments that were in the books twice before it was written, and after.
    pub twice: [BTreeSet<String>; 2],
    /// Whether everything was at rest.
    pub is_late: bool,
}

/// What was told of the day.
#[derive(Debug, Default)]
pub struct Days(Mutex<Option<Told>>, Mutex<BTreeSet<String>>);

impl Days {
    /// Has it be told so, or not at all.
    pub fn tell(&self, told: Option<Told>) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = told;
    }

    /// What was told, once it was.
    pub fn told(&self) -> Option<Told> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Payments that were in the books twice while the day was compared, whether or not that came to its end.
    fn saw_twice(&self, payments: impl IntoIterator<Item = String>) {
        self.1.lock().unwrap_or_else(PoisonError::into_inner).extend(payments);
    }

    /// Whether a payment was in the books twice while the day was compared.
    pub fn was_twice(&self, payment: &str) -> bool {
        self.1.lock().unwrap_or_else(PoisonError::into_inner).contains(payment)
    }

    /// Whether the books lacked something of a payment when it was written.
    pub fn was_behind(&self, payment: &str) -> bool {
        self.told().is_some_and(|told| told.behind.contains(payment))
    }
}

/// Each hour from the seal on.
pub async fn schedule(world: Arc<World>) {
    let chance = Chance::seeded(world.plan.seed, "the day's schedule");
    let closes = world.stage.now().day().next().start();
    world.stage.clock.sleep_until(closes.millis()).await;
    let too_early = chance.happens(TOO_EARLY);
    tokio::time::sleep(if too_early { Duration::from_secs(chance.below(240)) } else { HOUR }).await;
    loop {
        compare(&world, closes.day().previous(), false).await;
        tokio::time::sleep(HOUR).await;
    }
}

/// The day before the midnight is compared, with faults, and once more without any where that failed: a try reads the provider's list of a whole day. The document stands afterwards.
pub async fn finish(world: &World, wrong: &mut Vec<String>) {
    let day = world.stage.now().day().previous();
    world.trace.storm_again();
    let is_done = compare(world, day, true).await;
    world.trace.calm();
    if !is_done && !compare(world, day, true).await {
        wrong.push(format!("{day} could not be compared, and nothing was in its way"));
    }
}

/// One try; whether it answered.
async fn compare(world: &World, day: Day, is_late: bool) -> bool {
    let stands = || async { world.stage.bucket().ok()?.fetch(&reconciliation::day::key(day)).await.ok()? };
    let before = stands().await;
    let (payments, behind, twice) = (world.stage.sandbox.payments(), behind(world), world.ledger.twice());
    let answer = reconciling::run(world, json!({"compare": "day", "day": day.to_string()})).await;
    if before.is_none()
        && let Some(document) = stands().await
    {
        let payments = Some(payments).filter(|payments| *payments == world.stage.sandbox.payments());
        let document = serde_json::from_slice(&document).unwrap_or_default();
        let stood = [twice.clone(), world.ledger.twice()];
        world.days.tell(Some(Told { document, payments, behind, twice: stood, is_late }));
    }
    // A run that writes none may have told of it.
    world.days.saw_twice(twice.into_iter().chain(world.ledger.twice()));
    answer.is_some()
}

/// Payments of which something has not come into the books.
fn behind(world: &World) -> BTreeSet<String> {
    let lacks = |payment: &PaymentFacts| {
        let (came_in, returned) = world.ledger.of_payment(&payment.id.to_string());
        payment.taken > 0 && (!came_in || returned < payment.refunded)
    };
    world.stage.sandbox.payments().iter().filter(|payment| lacks(payment)).map(|payment| payment.id.to_string()).collect()
}
