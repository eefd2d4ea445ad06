//! A call that dies between any two of its calls, or that is not answered by one of them: the same request goes on from there.

use std::sync::atomic::{AtomicUsize, Ordering};

use domain::money::Money;
use testkit::connector::invocation;
use testkit::faults::{Call, Fault, Faults, NoFaults};

use crate::scene::{KEY, Scene, call, gift, money, run};

/// The one call that fails, by its number.
struct Once {
    calls: AtomicUsize,
    at: usize,
    fault: Fault,
}

impl Faults for Once {
    fn decide(&self, _: &Call<'_>) -> Fault {
        if self.calls.fetch_add(1, Ordering::Relaxed) == self.at { self.fault } else { Fault::Pass }
    }
}

#[test]
fn whatever_call_fails_the_same_request_goes_on() {
    for fault in Fault::EACH {
        // An ordinary capped gift makes eight calls or so; beyond them nothing fails.
        for at in 0..10 {
            run(async {
                let scene = Scene::bare().await;
                let mut body = gift(&[("roof-qassim", "120"), ("wells-jazan", "10")]);
                body["donor"] = serde_json::json!({"name": "أحمد"});
                let event = scene.gift_event(KEY, &body);
                scene.stage.cloud.services().set_faults(Once { calls: AtomicUsize::new(0), at, fault });
                let first = invocation(call(&scene.another(), event.clone())).await;
                if let Ok(reply) = first {
                    assert!(matches!(reply.status, 201 | 503), "{fault:?} at {at}: {}", reply.body);
                }
                scene.stage.cloud.services().set_faults(NoFaults);
                let again = call(&scene.another(), event).await;
                assert_eq!(again.status, 201, "{fault:?} at {at}: {}", again.body);
                assert!(again.body["checkout_url"].is_string(), "{fault:?} at {at}: {}", again.body);
                let escrow = scene.stage.table.escrow(&"roof-qassim".parse().unwrap(), 1).await.unwrap();
                assert_eq!(escrow[0].free_minor, Money::ZERO, "{fault:?} at {at}");
                let claimed: Vec<_> = escrow[0].claims.values().copied().collect();
                assert_eq!(claimed, [money("120").halalas()], "{fault:?} at {at}");
            });
        }
    }
}
