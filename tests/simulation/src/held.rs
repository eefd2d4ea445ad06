//! Money that is only held: the bank agreed, and the merchant captures it later at the provider, or in part, or never, or lets it go.

use std::sync::Arc;
use std::time::Duration;

use moyasar_sandbox::PaymentFacts;
use testkit::chance::Chance;

use crate::dashboard;
use crate::world::World;

/// A payment that the payer only authorises.
pub const HELD: &str = "provider: only holds the money";
/// Less is captured than was held.
pub const IN_PART: &str = "provider: captures in part";
/// What was held is let go.
pub const LET_GO: &str = "provider: lets held money go";

/// A gift holds what it names for so long.
const HOLD: Duration = Duration::from_secs(900);

/// What the merchant does about a payment that is only authorised.
enum Deed {
    All,
    Part,
    LetGo,
    Nothing,
}

/// What becomes of it, some time after it was authorised: within a minute, within the hold, or beyond its end.
pub async fn decide(world: Arc<World>, chance: Chance, payment: PaymentFacts) {
    let deed = match chance.below(100) {
        0..58 => Deed::All,
        58..70 => Deed::Part,
        70..86 => Deed::LetGo,
        _ => Deed::Nothing,
    };
    let wait = match chance.below(10) {
        0..5 => chance.below(60_000),
        5..8 => chance.below(900_000),
        _ => u64::try_from(HOLD.as_millis()).unwrap_or(0) + chance.below(400_000),
    };
    let part = chance.below(payment.amount).max(1);
    tokio::time::sleep(Duration::from_millis(wait)).await;
    match deed {
        Deed::Part if world.plan.has(IN_PART) => {
            world.trace.count(IN_PART);
            capture(world, chance, &payment, Some(part)).await;
        }
        Deed::LetGo if world.plan.has(LET_GO) => {
            if world.stage.sandbox.void(payment.id).is_ok() {
                world.trace.count(LET_GO);
                world.trace.note("provider", || format!("lets go of payment {}", payment.id));
                world.deeds.let_go(payment.id);
            }
        }
        Deed::All | Deed::Part | Deed::LetGo => capture(world, chance, &payment, None).await,
        Deed::Nothing => {}
    }
}

/// From then on it is a payment like any other.
async fn capture(world: Arc<World>, chance: Chance, payment: &PaymentFacts, part: Option<u64>) {
    let Ok(captured) = world.stage.sandbox.capture(payment.id, part) else { return };
    world.trace.note("provider", || format!("captures {} of payment {}", captured.captured, captured.id));
    dashboard::follow(world, chance, captured).await;
}
