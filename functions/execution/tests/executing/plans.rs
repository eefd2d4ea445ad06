//! A plan too large for one item is kept whole or not at all, and what is kept is what is carried out.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use domain::id::{DonationId, OpportunityId};
use domain::moment::Moment;
use domain::sacrifice::packing::Move;
use platform::table::{Round, TableError};
use testkit::connector::invocation;
use testkit::faults::{Call, Failure, Fault, NoFaults};

use crate::scene::Scene;

const ITEMS: usize = 4;

fn offering() -> OpportunityId {
    "camels-makkah".parse().unwrap()
}

/// Five thousand moves, some of them at once: three items, and the round's own.
fn large(whose: u8) -> Round {
    let one = |lot| Move { donation: DonationId::from_bytes([whose; 16]), shares: 2, from: lot, to: lot + 1 };
    let steps = (0..3_000).map(|lot| (0..1 + lot % 3).map(|_| one(lot)).collect::<Vec<_>>()).collect::<Vec<_>>();
    let moves = steps.iter().map(Vec::len).sum::<usize>();
    assert!((4_001..6_001).contains(&moves), "{moves}");
    Round { round: 1, steps, splits: 3, least: 6_000, planned_at: Moment::from_millis(0) }
}

#[tokio::test(start_paused = true)]
async fn it_is_whole_or_not_there_whatever_breaks_off() {
    let lost = Fault::ReplyLost(Failure::Disconnected);
    for fault in [Fault::CrashBefore, Fault::CrashAfter, Fault::Before(Failure::Throttled), lost, Fault::Duplicate] {
        for number in 0..=ITEMS {
            let scene = Scene::set(1).await;
            let table = scene.stage.platform("execution").unwrap().table().unwrap();
            let (calls, seen) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
            let counted = Arc::clone(&calls);
            scene.stage.cloud.services().set_faults(move |_: &Call<'_>| {
                if counted.fetch_add(1, Ordering::Relaxed) == number { fault } else { Fault::Pass }
            });
            let work = async {
                table.keep_round(&offering(), large(1)).await?;
                seen.store(1, Ordering::Relaxed);
                Ok::<(), TableError>(())
            };
            let _ = invocation(work).await;
            scene.stage.cloud.services().set_faults(NoFaults);
            assert!(calls.load(Ordering::Relaxed) >= number.min(ITEMS), "{fault:?} at {number}: {calls:?}");
            let stands = table.last_round(&offering()).await.unwrap();
            assert!(stands.is_none() || stands == Some(large(1)), "{fault:?} at {number}");
            assert!(stands.is_some() || seen.load(Ordering::Relaxed) == 0, "{fault:?} at {number}: it was said to be kept");
            // Who comes next has another plan, and keeps it if none stands.
            table.keep_round(&offering(), large(2)).await.unwrap();
            let expected = if stands.is_some() { large(1) } else { large(2) };
            assert_eq!(table.last_round(&offering()).await.unwrap(), Some(expected), "{fault:?} at {number}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn two_who_plan_differently_carry_out_one_plan() {
    let scene = Scene::set(1).await;
    let (table, offering) = (scene.stage.platform("execution").unwrap().table().unwrap(), offering());
    let (one, other) = tokio::join!(table.keep_round(&offering, large(1)), table.keep_round(&offering, large(2)));
    one.unwrap();
    other.unwrap();
    let stands = table.last_round(&offering).await.unwrap().unwrap();
    assert!(stands == large(1) || stands == large(2));
    // The next one has a number of its own.
    table.keep_round(&offering, Round { round: 2, ..large(3) }).await.unwrap();
    assert_eq!(table.last_round(&offering).await.unwrap(), Some(Round { round: 2, ..large(3) }));
}
