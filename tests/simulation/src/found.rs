//! Payments whose metadata were lost at the provider, so that nobody knows whose they are: somebody finds out, puts the metadata right there, and has the case replayed. Now and then two do that at once, or
//! too early.

use std::sync::Arc;
use std::time::Duration;

use domain::case::{Case, Reason};
use domain::id::DonationId;
use domain::money::Money;
use domain::payment::{PaymentRef, Provider};
use moyasar_sandbox::{PaymentFacts, Status};
use serde_json::{Map, Value, json};
use stage::event;
use testkit::chance::Chance;
use uuid::Uuid;

use crate::app;
use crate::checks::payments::charged;
use crate::world::World;

/// The provider loses what a payment is for.
pub const LOST: &str = "provider: loses metadata";

const REPLAY: &str = "POST /v1/operations/replays";
const CLOSE: &str = "POST /v1/operations/cases/{id}/close";

/// How often it is looked whether there is a case: longer than the provider is down.
const LOOKS: u32 = 90;
/// Between two looks.
const LOOK: Duration = Duration::from_secs(60);

/// Whose payment it was before that was forgotten.
pub struct Forgotten {
    invoice: Uuid,
    donation: DonationId,
    metadata: Map<String, Value>,
}

impl Forgotten {
    /// Has the provider lose what is paid by this invoice from now on; none where it knows nothing.
    pub fn at(world: &World, invoice: Uuid) -> Option<Forgotten> {
        let metadata = world.stage.sandbox.invoice(invoice)?.metadata?;
        let donation = metadata.get("donation")?.as_str()?.parse().ok()?;
        world.stage.sandbox.describe_invoice(invoice, None).ok()?;
        world.trace.count(LOST);
        world.trace.note("provider", || format!("loses what invoice {invoice} is for"));
        Some(Forgotten { invoice, donation, metadata })
    }

    /// Somebody looks into it once a person was told of it, some time later; or at once, as soon as the money is taken, while looks that found no donation are on their way still.
    pub async fn find(self, world: Arc<World>, chance: Chance) {
        let (too_early, twice, closes) = (chance.happens(200), chance.happens(300), chance.happens(300));
        let is_hasty = chance.happens(400);
        let mut chosen = Vec::new();
        for payment in self.nameless(&world) {
            let is_its_time = if is_hasty { is_taken(&world, &payment) } else { wait_for_case(&world, &payment).await };
            if is_its_time {
                chosen.push(payment);
            }
        }
        if chosen.is_empty() {
            return;
        }
        tokio::time::sleep(Duration::from_secs(chance.below(if is_hasty { 5 } else { 600 }))).await;
        if too_early && !is_hasty {
            for payment in &chosen {
                replay(&world, &chance, "operator-1", &case(&world, payment.id)).await;
            }
        }
        for payment in &chosen {
            // A donation's payments stay apart in the books, whichever of them is found first.
            if world.stage.sandbox.describe(payment.id, Some(self.metadata.clone())).is_ok() {
                world.trace.note("provider", || format!("payment {} is put right: {}", payment.id, self.donation));
                world.deeds.put_right(payment.id, self.donation);
            }
        }
        tokio::time::sleep(Duration::from_secs(chance.below(120))).await;
        for payment in &chosen {
            let others = Chance::seeded(world.plan.seed, &format!("another about {}", payment.id));
            let case = case(&world, payment.id);
            if !is_told(&world, &case).await {
                // It was put right before anybody had looked.
                continue;
            }
            let one = replay(&world, &chance, "operator-1", &case);
            if twice {
                tokio::join!(one, replay(&world, &others, "operator-2", &case));
            } else {
                one.await;
            }
            if closes {
                let key = chance.uuid();
                let body = json!({"note": "The payment names its donation again."});
                act(&world, &chance, (CLOSE, "operator-1", &case, &key), &body).await;
            }
        }
    }

    /// The payments of the invoice that were made since.
    fn nameless(&self, world: &World) -> Vec<PaymentFacts> {
        let sandbox = &world.stage.sandbox;
        let payments = sandbox.invoice(self.invoice).map(|invoice| invoice.payments).unwrap_or_default();
        let payments = payments.into_iter().filter_map(|id| sandbox.payment(id));
        payments.filter(|payment| payment.metadata.is_none() && payment.status != Status::Failed).collect()
    }
}

/// Until a person is told of it; `false` where nobody ever is, because it took nothing.
async fn wait_for_case(world: &World, payment: &PaymentFacts) -> bool {
    for _ in 0..LOOKS {
        if is_told(world, &case(world, payment.id)).await {
            return true;
        }
        if !is_taken(world, payment) {
            return false;
        }
        tokio::time::sleep(LOOK).await;
    }
    false
}

async fn is_told(world: &World, case: &str) -> bool {
    world.stage.table.case(case).await.is_ok_and(|case| case.is_some())
}

fn is_taken(world: &World, payment: &PaymentFacts) -> bool {
    let stands = world.stage.sandbox.payment(payment.id).map(|payment| payment.status);
    matches!(stands, Some(Status::Paid | Status::Captured | Status::Refunded))
}

/// The case in which settlement sets such a payment aside.
fn case(world: &World, payment: Uuid) -> String {
    let id = payment.to_string().parse().expect("a payment's id is one");
    let amount = world.stage.sandbox.payment(payment).map_or(0, |payment| charged(&payment));
    let opened_at = world.stage.now();
    let case = Case {
        reason: Reason::DonationUnknown,
        payment: Some(PaymentRef { provider: Provider::Moyasar, payment: id }),
        donation: None,
        refund: None,
        amount_minor: Money::from_halalas(amount).unwrap_or(Money::ZERO),
        evidence: String::new(),
        opened_at,
    };
    case.id()
}

async fn replay(world: &World, chance: &Chance, subject: &str, case: &str) {
    let (key, body) = (chance.uuid(), json!({ "case": case }));
    act(world, chance, (REPLAY, subject, case, &key), &body).await;
}

async fn act(world: &World, chance: &Chance, (route, subject, case, key): (&str, &str, &str, &str), body: &Value) {
    let mut event = event::http(route, json!({ "id": case }), json!({"idempotency-key": key}), &body.to_string());
    event["requestContext"]["authorizer"] = json!({"jwt": {"claims": {"sub": subject, "role": "operator"}, "scopes": null}});
    app::call(world, chance, "operations", route, event).await;
}
