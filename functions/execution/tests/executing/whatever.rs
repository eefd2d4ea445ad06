//! Wherever a run breaks off, is throttled or meets another, and whatever goes back meanwhile: no share is lost or had twice, and in the end each has its animal.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use domain::sacrifice::{Offering, Stage};
use execution::handle;
use testkit::connector::invocation;
use testkit::faults::{Call, Failure, Fault, NoFaults, RandomFaults, Rates};

use crate::scene::{OVER_SECS, Sale, Scene, asked, gift};

/// Two animals to be filled, one split, one completed. Nobody slaughters them, so that no list is made, which takes long without optimisation: see [`crate::lists`].
const SALE: Sale<'static> =
    Sale { id: "camels-makkah", species: domain::sacrifice::Species::Camel, lots: &[&[3, 2], &[4], &[6], &[4], &[4, 3]] };

fn nobodys(mut offering: Offering) -> Offering {
    offering.place.slaughterhouse = None;
    offering
}

/// Of the queries of all segments, which are alike, one is as good as another.
fn is_like_another(call: &Call<'_>) -> bool {
    call.operation == "Query" && {
        let body = String::from_utf8_lossy(call.body);
        body.contains("SEG#") && !body.contains("#3\"")
    }
}

/// A fault at one call, and only there.
fn at_call(number: usize, fault: Fault) -> (Arc<AtomicUsize>, impl Fn(&Call<'_>) -> Fault) {
    let calls = Arc::new(AtomicUsize::new(0));
    let seen = Arc::clone(&calls);
    let decide = move |call: &Call<'_>| {
        if !is_like_another(call) && seen.fetch_add(1, Ordering::Relaxed) == number { fault } else { Fault::Pass }
    };
    (calls, decide)
}

/// Tries a whole close with a fault at its first call, its second, and so on to the last; after each the next run finishes it. Every `stride`th call.
async fn with_a_fault_anywhere(fault: Fault, stride: usize) {
    let mut number = 0;
    loop {
        let scene = Scene::set(3).await;
        let gifts = scene.sell_as(&SALE, 1, nobodys).await;
        scene.wait(OVER_SECS).await;
        let (calls, decide) = at_call(number, fault);
        scene.stage.cloud.services().set_faults(decide);
        let _ = invocation(handle(&scene.deps(), asked())).await;
        scene.stage.cloud.services().set_faults(NoFaults);
        scene.holds_always("camels-makkah").await;
        let outcome = scene.run().await.unwrap();
        assert_eq!(outcome["offerings"][0]["outcome"], "packed", "{fault:?} at {number}");
        scene.holds_packed("camels-makkah", &gifts).await;
        // The plan was one, whoever carried it out: as many moves as without any fault.
        assert_eq!(scene.moves("camels-makkah").await, 2, "{fault:?} at {number}");
        if calls.load(Ordering::Relaxed) <= number {
            assert!(number > 30, "a close makes more calls than {number}");
            return;
        }
        number += stride;
    }
}

#[tokio::test(start_paused = true)]
async fn a_run_may_break_off_before_any_call() {
    with_a_fault_anywhere(Fault::CrashBefore, 1).await;
}

#[tokio::test(start_paused = true)]
async fn a_run_may_break_off_after_any_call() {
    with_a_fault_anywhere(Fault::CrashAfter, 1).await;
}

#[tokio::test(start_paused = true)]
async fn any_answer_may_be_lost() {
    with_a_fault_anywhere(Fault::ReplyLost(Failure::Disconnected), 1).await;
}

#[tokio::test(start_paused = true)]
async fn any_call_may_be_throttled_conflict_or_be_made_twice() {
    for fault in [Fault::Before(Failure::Throttled), Fault::Before(Failure::Conflict), Fault::Duplicate] {
        with_a_fault_anywhere(fault, 3).await;
    }
}

/// In a thousand calls. A look asks each segment, and succeeds only as a whole: much more would let none succeed.
const RATES: Rates = Rates {
    throttled: 2,
    failed: 2,
    conflict: 8,
    reply_lost: 12,
    delayed: 20,
    duplicated: 8,
    crash_before: 2,
    crash_after: 3,
    longest_delay: Duration::from_millis(800),
};

/// Runs that overlap, a gift that goes back between any two of their calls, a message that confirms shares late: again and again until it is packed.
#[tokio::test(start_paused = true)]
async fn runs_that_meet_and_gifts_that_go_back_leave_every_share_with_its_animal() {
    for seed in 0..16_u64 {
        let scene = Scene::set_with_conflicts(seed).await;
        let sale = Sale { lots: &[&[3, 2], &[4], &[6], &[4], &[4, 3], &[1, 1, 2], &[5], &[2]], ..SALE };
        let gifts = scene.sell_as(&sale, 1, nobodys).await;
        let offering = scene.standing("camels-makkah").await;
        scene.give(60, (&offering, 7, 1)).await;
        scene.stage.settle(&gift(60)).await.unwrap();
        scene.wait(OVER_SECS).await;
        scene.stage.cloud.services().set_faults(RandomFaults::new(RATES, seed));
        let going = gifts[usize::try_from(seed).unwrap() % gifts.len()];
        let back = async {
            scene.stage.clock.sleep(Duration::from_millis(seed * 90)).await;
            // Booked past the faults, as settlement would in the end; what the lots are told comes later.
            let mut tries = 0;
            while scene.stage.give_back(&going, scene.donation(&going).await.total()).await.is_err() {
                tries += 1;
                assert!(tries < 50, "settlement reads again and books");
            }
            scene.stage.clock.sleep(Duration::from_millis(seed * 40)).await;
            scene.free(&going).await;
        };
        let (one, two) = (scene.deps(), scene.deps());
        let (first, second, ()) = tokio::join!(invocation(handle(&one, asked())), invocation(handle(&two, asked())), back);
        drop((first, second));
        scene.holds_always("camels-makkah").await;
        for _ in 0..12 {
            let _ = invocation(handle(&scene.deps(), asked())).await;
            scene.holds_always("camels-makkah").await;
        }
        scene.stage.cloud.services().set_faults(NoFaults);
        assert_eq!(scene.run().await.unwrap()["offerings"][0]["outcome"], "packed", "seed {seed}");
        let all: Vec<_> = gifts.iter().copied().chain([gift(60)]).collect();
        scene.holds_packed("camels-makkah", &all).await;
    }
}

#[tokio::test(start_paused = true)]
async fn two_runs_at_once_carry_out_one_plan() {
    let scene = Scene::set_with_conflicts(5).await;
    let gifts = scene.sell_as(&SALE, 1, nobodys).await;
    scene.wait(OVER_SECS).await;
    let (one, two) = (scene.deps(), scene.deps());
    let (first, second) = tokio::join!(handle(&one, asked()), handle(&two, asked()));
    assert!(first.is_ok() || second.is_ok());
    scene.run().await.unwrap();
    scene.holds_packed("camels-makkah", &gifts).await;
    assert_eq!(scene.moves("camels-makkah").await, 2);
}

/// A refund that is booked between the plan and its step: the step is left, and what is left is planned anew.
#[tokio::test(start_paused = true)]
async fn a_gift_that_goes_back_before_its_step_is_not_moved() {
    let scene = Scene::set(4).await;
    let gifts = scene.sell_as(&SALE, 1, nobodys).await;
    scene.wait(OVER_SECS).await;
    // The first run ends before any step is made: every transaction fails.
    scene.stage.cloud.services().set_faults(|call: &Call<'_>| {
        if call.operation == "TransactWriteItems" { Fault::Before(Failure::Throttled) } else { Fault::Pass }
    });
    assert!(scene.run().await.is_err());
    scene.stage.cloud.services().set_faults(NoFaults);
    let round = scene.stage.table.last_round(&"camels-makkah".parse().unwrap()).await.unwrap().unwrap();
    let moving = round.steps[0][0].donation;
    let total = scene.donation(&moving).await.total();
    // Booked, but the lots do not know it yet.
    scene.stage.give_back(&moving, total).await.unwrap();
    let named = scene.donation(&moving).await.reservation;
    assert_eq!(scene.run().await.unwrap()["offerings"][0]["outcome"], "packed");
    assert_eq!(scene.donation(&moving).await.reservation, named, "it was not moved");
    scene.holds_packed("camels-makkah", &gifts).await;
    let steps = scene.stage.table.steps(&"camels-makkah".parse().unwrap(), 1).await.unwrap();
    assert!(steps.iter().any(|step| !step.is_made), "a step was left");
    // What fulfilment is told later finds nothing to free.
    scene.free(&moving).await;
    scene.holds_packed("camels-makkah", &gifts).await;
}

/// A fault of each kind at each call of the run that books what the platform gives; the next run finishes it.
#[tokio::test(start_paused = true)]
async fn what_the_platform_gives_is_booked_once_whatever_breaks_off() {
    let faults = [Fault::CrashBefore, Fault::CrashAfter, Fault::ReplyLost(Failure::Disconnected), Fault::Duplicate];
    for fault in faults {
        let mut number = 0;
        loop {
            let scene = Scene::set(3).await;
            scene.sell_as(&Sale { lots: &[&[5, 2], &[3, 1]], ..SALE }, 1, nobodys).await;
            scene.wait(OVER_SECS).await;
            scene.run().await.unwrap();
            let packed = scene.standing("camels-makkah").await;
            let listed = Offering { stage: Stage::Listed, revision: packed.revision + 1, ..packed };
            assert!(scene.stage.table.put_offering(&listed).await.unwrap());
            let (calls, decide) = at_call(number, fault);
            scene.stage.cloud.services().set_faults(decide);
            let _ = invocation(handle(&scene.deps(), asked())).await;
            scene.stage.cloud.services().set_faults(NoFaults);
            scene.run().await.unwrap();
            assert_eq!(scene.given_by_the_platform().await.len(), 3, "{fault:?} at {number}");
            assert_eq!(scene.cases(domain::case::Reason::OwnShares).await.len(), 3, "{fault:?} at {number}");
            if calls.load(Ordering::Relaxed) <= number {
                assert!(number > 12, "three bookings make more calls than {number}");
                break;
            }
            number += 1;
        }
    }
}
