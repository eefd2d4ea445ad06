//! A day is closed on every chain, once, whatever happens.

use std::sync::Mutex;

use closing::{ClosingError, handle};
use domain::journal::{ChainId, PageKind, Tail};
use domain::message::Message;
use domain::moment::Day;
use serde_json::json;
use stage::Stage;
use testkit::connector::invocation;
use testkit::faults::{Call, Fault, NoFaults};

use crate::scene::{day, deps, stage};

/// Every chain's days, each with the number of its pages.
async fn check_closed(stage: &Stage, day: Day) {
    let seal = stage.table.day_seal(day).await.unwrap().unwrap();
    assert_eq!(seal.chains.len(), ChainId::all().count());
    for span in seal.chains {
        let chain = ChainId::new(span.chain).unwrap();
        let page = stage.table.page(chain, span.seal).await.unwrap().unwrap();
        assert!(matches!(page.kind, PageKind::Seal) && page.day == day && page.hash().to_string() == span.hash);
        let tail = stage.table.tail(chain).await.unwrap();
        assert!(tail.day.unwrap() > day, "chain {chain} has left the day");
        assert!(span.first <= span.seal);
    }
}

#[tokio::test(start_paused = true)]
async fn midnight_closes_the_day_that_is_over_idle_chains_too() {
    let stage = stage().await;
    let closed = handle(&deps(&stage), json!({"time": "2026-11-23T21:00:00Z"})).await.unwrap();
    assert_eq!(closed, json!({"closed": ["2026-11-23"], "published": ["2026-11-23"]}));
    check_closed(&stage, day("2026-11-23")).await;
    assert_eq!(stage.take_messages("journal").await.unwrap(), [Message::FoldRequested {}]);
    // Again: nothing is written twice.
    let before = stage.table.tail(ChainId::new(0).unwrap()).await.unwrap();
    handle(&deps(&stage), json!({"day": "2026-11-23"})).await.unwrap();
    assert_eq!(stage.table.tail(ChainId::new(0).unwrap()).await.unwrap(), before);
}

#[tokio::test(start_paused = true)]
async fn a_day_that_is_not_over_stays_open() {
    let stage = stage().await;
    let error = handle(&deps(&stage), json!({"day": "2026-11-24"})).await.unwrap_err();
    assert!(matches!(error, ClosingError::NotOver(_)));
    assert_eq!(stage.table.tail(ChainId::new(0).unwrap()).await.unwrap().next_seq, 0);
}

#[tokio::test(start_paused = true)]
async fn missed_midnights_are_caught_up_in_order() {
    let stage = stage().await;
    // A chain that has stood open since the twentieth.
    let open = Tail { day: Some(day("2026-11-20")), ..Tail::empty(ChainId::new(5).unwrap()) };
    assert!(stage.table.write_seal(&open.seal(stage.now())).await.unwrap());
    let closed = handle(&deps(&stage), json!({"day": "2026-11-23"})).await.unwrap();
    assert_eq!(closed["closed"].as_array().unwrap().last().unwrap(), "2026-11-23");
    for missed in ["2026-11-21", "2026-11-22", "2026-11-23"] {
        check_closed(&stage, day(missed)).await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_run_that_breaks_off_is_taken_up_by_the_next() {
    // Wherever it breaks off: before or after each of the writes.
    for crash in 0..40 {
        let stage = stage().await;
        let writes = Mutex::new(0);
        stage.cloud.services().set_faults(move |call: &Call<'_>| {
            if call.operation != "PutItem" {
                return Fault::Pass;
            }
            let mut writes = writes.lock().unwrap();
            *writes += 1;
            match *writes - 1 {
                write if write * 2 == crash => Fault::CrashBefore,
                write if write * 2 + 1 == crash => Fault::CrashAfter,
                _ => Fault::Pass,
            }
        });
        let first = invocation(handle(&deps(&stage), json!({"day": "2026-11-23"}))).await;
        assert_eq!(first.is_err(), crash < 34, "seventeen writes: a seal a chain, and the day");
        stage.cloud.services().set_faults(NoFaults);
        handle(&deps(&stage), json!({"day": "2026-11-23"})).await.unwrap();
        check_closed(&stage, day("2026-11-23")).await;
    }
}
