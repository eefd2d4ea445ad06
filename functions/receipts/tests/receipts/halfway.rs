//! A call that dies between any two of its calls, or that is not answered by one of them: the same request gives the receipt.

use std::sync::atomic::{AtomicUsize, Ordering};

use testkit::connector::invocation;
use testkit::faults::{Call, Failure, Fault, NoFaults};

use crate::scene::{Scene, call, run};

#[test]
fn whatever_call_fails_the_same_request_gives_the_same_receipt() {
    let faults =
        [Fault::CrashBefore, Fault::CrashAfter, Fault::Before(Failure::Throttled), Fault::ReplyLost(Failure::Disconnected)];
    run(async {
        let mut scene = Scene::set().await;
        let mut most = 0;
        for (number, fault) in (0..).zip(faults) {
            // Donation, page, two of the catalogue, data key, KMS, HEAD and PUT; beyond them nothing fails.
            for at in 0..9 {
                let word = format!("gift-{number}-{at}");
                let id = scene.give(&word, 50 + number * 10 + at, Some(&format!("donation#{word}")), |_| {}).await;
                scene.settle(&word, &id).await;
                let before = scene.kept().len();
                let calls = std::sync::Arc::new(AtomicUsize::new(0));
                let counted = std::sync::Arc::clone(&calls);
                scene.stage.cloud.services().set_faults(move |_: &Call<'_>| {
                    if counted.fetch_add(1, Ordering::Relaxed) == usize::from(at) { fault } else { Fault::Pass }
                });
                if let Ok(reply) = invocation(call(&scene.deps, scene.asked(&word))).await {
                    assert!(matches!(reply.status, 200 | 503), "{fault:?} at {at}: {}", reply.text);
                }
                most = most.max(calls.load(Ordering::Relaxed));
                scene.stage.cloud.services().set_faults(NoFaults);
                let reply = call(&scene.deps, scene.asked(&word)).await;
                assert_eq!(reply.status, 200, "{fault:?} at {at}: {}", reply.text);
                assert_eq!(scene.kept().len(), before + 1, "{fault:?} at {at}");
            }
        }
        assert_eq!(most, 8, "every call of a receipt was broken");
    });
}
