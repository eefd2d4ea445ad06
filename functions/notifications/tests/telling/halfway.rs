//! A carrier that is down, and calls that die between any two of their calls: nobody stays untold, and twice is rare.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use domain::message::Message;
use domain::notice::Notice;
use testkit::connector::invocation;
use testkit::faults::{Call, Failure, Fault, NoFaults};

use crate::scene::{Scene, hand, somebody};

#[tokio::test(start_paused = true)]
async fn a_carrier_that_is_down_is_waited_for_without_telling_the_others_twice() {
    let scene = Scene::set().await;
    let (id, message) = scene.settled(1, somebody(), |_| {}).await;
    scene.stage.outbox.misbehave(1_000, 0);
    assert_eq!(scene.hand(std::slice::from_ref(&message)).await, 0, "the page is done, the donor is not");
    tokio::time::advance(std::time::Duration::from_secs(31)).await;
    let thanks = Message::NoticeDue(Notice::Thanks { donation: id });
    assert_eq!(scene.stage.take_messages("notices").await.unwrap(), std::slice::from_ref(&thanks));
    assert_eq!(scene.hand(std::slice::from_ref(&thanks)).await, 1, "it comes again while the carrier is down");
    scene.stage.outbox.misbehave(0, 0);
    assert_eq!(scene.hand(&[thanks, message]).await, 0);
    assert_eq!(scene.texts().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn whatever_call_fails_nobody_stays_untold() {
    let faults =
        [Fault::CrashBefore, Fault::CrashAfter, Fault::Before(Failure::Internal), Fault::ReplyLost(Failure::Disconnected)];
    let scene = Scene::set().await;
    let (mut most, mut twice) = (0, 0);
    for (kind, fault) in (0..).zip(faults) {
        // Was it told, the page, its donations, the catalogue, the data key, KMS, the note; beyond them nothing fails.
        for at in 0..8_u8 {
            let (id, message) = scene.settled(40 * kind + at + 1, somebody(), |_| {}).await;
            let calls = Arc::new(AtomicUsize::new(0));
            let counted = Arc::clone(&calls);
            scene.stage.cloud.services().set_faults(move |_: &Call<'_>| {
                if counted.fetch_add(1, Ordering::Relaxed) == usize::from(at) { fault } else { Fault::Pass }
            });
            let deps = scene.another();
            let _died_is_fine = invocation(hand(&deps, std::slice::from_ref(&message))).await;
            most = most.max(calls.load(Ordering::Relaxed));
            scene.stage.cloud.services().set_faults(NoFaults);
            // What was left for later, and the page again.
            tokio::time::advance(std::time::Duration::from_secs(60)).await;
            let mut rest = scene.stage.take_messages("notices").await.unwrap();
            rest.push(message);
            assert_eq!(scene.hand(&rest).await, 0);
            let reference = format!("{id}/thanks");
            let told = scene.stage.outbox.messages().iter().filter(|message| message["reference"] == reference).count();
            assert!((1..=2).contains(&told), "{fault:?} at {at}: told {told} times");
            twice += usize::from(told == 2);
        }
    }
    assert!(most >= 7, "every call was broken: {most}");
    assert!(twice <= 4, "twice is rare: {twice}");
}
