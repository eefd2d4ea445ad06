//! Movements without a donor: booked once under every fault, and folded like anything else.

#![allow(clippy::unwrap_used)]

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use ::totals::{Deps, handle};
use domain::donation::Place;
use domain::journal::{Account, ChainId, Movement, MovementKind, Page, Tail, Transfer};
use domain::message::Message;
use domain::money::Money;
use domain::payment::Provider;
use stage::{Options, Stage, event};
use testkit::faults::{Call, Failure, Fault};

fn paid_out(stage: &Stage, line: &str) -> Movement {
    let kind = MovementKind::PaidOut;
    let amount = Money::from_riyals(500).unwrap();
    Movement {
        kind,
        reference: Movement::reference(kind, &["statement-7", line]),
        happened_at: stage.now(),
        transfers: vec![Transfer::new(Account::Bank, Account::Clearing(Provider::Moyasar), amount).unwrap()],
        payment: None,
    }
}

async fn book(stage: &Stage, movement: &Movement) -> Result<Place, platform::table::TableError> {
    let platform = stage.platform("reconciliation").unwrap();
    // The function's own client: what a test asks of the stage's is never broken.
    platform.table().unwrap().book_movement(movement, &platform.clock, &platform.random).await
}

async fn pages(stage: &Stage) -> Vec<Page> {
    let mut all = Vec::new();
    for chain in ChainId::all() {
        let mut tail = Tail::empty(chain);
        for page in stage.table.pages(chain, 0, 100).await.unwrap() {
            page.verify(&tail).unwrap();
            tail = page.tail();
            all.push(page);
        }
    }
    all
}

#[tokio::test(start_paused = true)]
async fn a_movement_is_booked_once_whatever_breaks() {
    for number in 0.. {
        let stage = Stage::new(Options::default()).await.unwrap();
        let movement = paid_out(&stage, "1");
        let services = stage.cloud.services();
        let calls = Arc::new(AtomicU32::new(0));
        let counted = Arc::clone(&calls);
        let (at, fault) = (number / 3, number % 3);
        services.set_faults(move |_: &Call<'_>| {
            let is_it = counted.fetch_add(1, Ordering::Relaxed) == at;
            match fault {
                _ if !is_it => Fault::Pass,
                0 => Fault::Before(Failure::Internal),
                1 => Fault::ReplyLost(Failure::Internal),
                _ => Fault::Before(Failure::Conflict),
            }
        });
        let first = book(&stage, &movement).await;
        let was_met = calls.load(Ordering::Relaxed) > at;
        services.set_faults(|_: &Call<'_>| Fault::Pass);
        let place = book(&stage, &movement).await.unwrap();
        if let Ok(first) = first {
            assert_eq!(first, place, "fault {number}");
        }
        let pages = pages(&stage).await;
        assert_eq!(pages.iter().flat_map(Page::movements).collect::<Vec<_>>(), [&movement], "fault {number}");
        assert_eq!(stage.table.movement(&movement).await.unwrap(), Some(place));
        if !was_met {
            assert!(number > 3, "at least the reading of the tail and the writing can break");
            return;
        }
    }
}

#[tokio::test(start_paused = true)]
async fn of_many_who_book_the_same_at_once_one_does() {
    let stage = Stage::new(Options::default()).await.unwrap();
    let movements = [paid_out(&stage, "1"), paid_out(&stage, "2")];
    let calls = (0..20).map(|number| book(&stage, &movements[number % 2]));
    let places = futures_util::future::join_all(calls).await;
    let places: Vec<Place> = places.into_iter().map(Result::unwrap).collect();
    assert!(places.iter().step_by(2).all(|place| *place == places[0]));
    assert!(places.iter().skip(1).step_by(2).all(|place| *place == places[1]));
    assert_eq!(pages(&stage).await.iter().flat_map(Page::movements).count(), 2);
}

#[tokio::test(start_paused = true)]
async fn the_follower_folds_movements() {
    let stage = Stage::new(Options::default()).await.unwrap();
    book(&stage, &paid_out(&stage, "1")).await.unwrap();
    let deps = Deps::new(&stage.platform("totals").unwrap()).unwrap();
    let event = serde_json::from_value(event::messages(&[Message::FoldRequested {}])).unwrap();
    assert!(handle(&deps, event).await.batch_item_failures.is_empty());
    let kept = stage.table.totals("ACC").await.unwrap();
    assert_eq!(kept["ACC"]["d:bank"], 50_000);
    assert_eq!(kept["ACC"]["c:clearing:moyasar"], 50_000);
}
