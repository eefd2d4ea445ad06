//! Shares that are moved while they are confirmed, and shares that were parted.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use domain::message::Message;
use domain::sacrifice::packing::Move;
use domain::sacrifice::packing::rearrange::rearrange;
use domain::sacrifice::{Lot, Standing};
use platform::table::{Rearranging, Stepped};
use stage::{Options, event, sample};
use testkit::faults::{Call, Fault, NoFaults};

use crate::scene::{Scene, paid};

/// Moves shares as `execution` does.
async fn moved(scene: &Scene, moves: &[Move], step: u32) {
    let offering = sample::camels().id;
    let ids: Vec<_> = moves.iter().map(|one| one.donation).collect();
    let donations = scene.stage.table.donations(&ids).await.unwrap();
    let changes = rearrange(moves, &scene.lots().await, &donations).unwrap();
    let record = Stepped { round: 1, step, moves: moves.to_vec(), is_made: true, at: scene.stage.now() };
    assert_eq!(scene.stage.table.rearrange(&offering, &changes, &record).await.unwrap(), Rearranging::Done);
    assert_eq!(scene.stage.table.rearrange(&offering, &changes, &record).await.unwrap(), Rearranging::Done, "the same call");
    let later = Stepped { at: record.at.plus_seconds(1), ..record };
    assert_eq!(
        scene.stage.table.rearrange(&offering, &changes, &later).await.unwrap(),
        Rearranging::Before,
        "another runner's"
    );
}

fn told(number: u8) -> serde_json::Value {
    let donation = domain::id::DonationId::from_bytes([number; 16]);
    event::messages(&[Message::SharesMoved { donation }])
}

/// The lots on which a donation has confirmed shares, with how many.
async fn confirmed(scene: &Scene, number: u8) -> Vec<(u32, u8)> {
    let id = domain::id::DonationId::from_bytes([number; 16]);
    let lots = scene.lots().await;
    assert!(lots.iter().all(Lot::is_whole), "{lots:?}");
    let claims = lots.iter().filter_map(|lot| Some((lot.lot, *lot.claims.get(&id)?)));
    claims.filter(|(_, claim)| claim.standing == Standing::Confirmed).map(|(lot, claim)| (lot, claim.shares)).collect()
}

/// A scene with no free share anywhere, as when animals are filled, and a confirmed gift of three shares on the first lot.
async fn sealed() -> Scene {
    let scene = Scene::set(Options::default(), 3).await;
    scene.make(1, 3, 0, paid(1, scene.stage.now()), true).await;
    assert_eq!(scene.run(&told(1)).await, Vec::<String>::new());
    for was in scene.lots().await {
        let is = Lot { free: 0, shares: was.shares - was.free, ..was.clone() };
        assert!(scene.stage.table.adjust_lot(&sample::camels().id, &was, &is).await.unwrap());
    }
    scene
}

#[tokio::test(start_paused = true)]
async fn shares_that_are_moved_while_they_are_confirmed_are_not_missed() {
    let scene = sealed().await;
    let donation = domain::id::DonationId::from_bytes([1; 16]);
    // The first write of the confirmation comes late: by then the shares are elsewhere, and the donation that was read says where they were.
    let is_first = AtomicBool::new(true);
    scene.stage.cloud.services().set_faults(move |call: &Call<'_>| {
        let is_late = call.operation == "UpdateItem" && is_first.swap(false, Ordering::Relaxed);
        if is_late { Fault::Delay(Duration::from_millis(500)) } else { Fault::Pass }
    });
    let moving = async {
        scene.stage.clock.sleep(Duration::from_millis(100)).await;
        moved(&scene, &[Move { donation, shares: 3, from: 0, to: 2 }], 0).await;
    };
    let event = told(1);
    let (again, ()) = tokio::join!(scene.run(&event), moving);
    scene.stage.cloud.services().set_faults(NoFaults);
    assert_eq!((again, confirmed(&scene, 1).await), (Vec::<String>::new(), vec![(2, 3)]));
    assert!(scene.stage.items("CASE#").await.unwrap().is_empty(), "nobody is told that a share is missing");
}

#[tokio::test(start_paused = true)]
async fn parted_shares_are_confirmed_once_where_they_are_and_freed_together() {
    let scene = sealed().await;
    let donation = domain::id::DonationId::from_bytes([1; 16]);
    moved(&scene, &[Move { donation, shares: 1, from: 0, to: 1 }], 0).await;
    moved(&scene, &[Move { donation, shares: 1, from: 0, to: 2 }], 1).await;
    for _ in 0..2 {
        assert_eq!(scene.run(&told(1)).await, Vec::<String>::new());
        assert_eq!(confirmed(&scene, 1).await, [(0, 1), (1, 1), (2, 1)], "nothing is claimed besides");
    }
    let total = scene.donation(1).await.total();
    scene.stage.give_back(&donation, total).await.unwrap();
    assert_eq!(scene.run(&told(1)).await, Vec::<String>::new());
    assert_eq!(confirmed(&scene, 1).await, []);
    assert_eq!(scene.lots().await.iter().map(|lot| lot.free).collect::<Vec<_>>(), [1, 1, 1]);
}

/// A payment is told of again more often than not lost: what is confirmed already is no write that is refused, and nothing changes.
#[tokio::test(start_paused = true)]
async fn what_is_told_again_is_not_refused() {
    let scene = Scene::set(Options::default(), 1).await;
    scene.make(1, 3, 0, paid(1, scene.stage.now()), true).await;
    let refused = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&refused);
    scene.stage.cloud.services().dynamo.watch("SEG#", move |_, write| {
        counted.fetch_add(usize::from(write.is_refused), Ordering::Relaxed);
    });
    assert!(scene.run(&told(1)).await.is_empty());
    let lots = scene.lots().await;
    assert_eq!(confirmed(&scene, 1).await, [(0, 3)]);
    for _ in 0..3 {
        assert!(scene.run(&told(1)).await.is_empty());
    }
    assert_eq!((scene.lots().await, refused.load(Ordering::Relaxed)), (lots, 0));
}
