//! What goes wrong between a caller and the cloud.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use aws_sdk_dynamodb::error::{ProvideErrorMetadata, SdkError};
use testkit::connector::{Crashed, invocation};
use testkit::faults::{Call, Failure, Fault, RandomFaults, Rates, Service};
use testkit::{Clock, LocalAws, LocalOptions};

use crate::dynamo::{exists, put};
use crate::{plain, queue, s, table};

fn simulated(seed: u64) -> LocalAws {
    let clock = Some(Clock::starting_at(1_700_000_000_000));
    LocalAws::in_process(LocalOptions { clock, seed: Some(seed), ..plain() }).unwrap()
}

/// Does `fault` to writes of DynamoDB and lets the rest pass.
fn on_writes(cloud: &LocalAws, fault: Fault) {
    cloud.services().set_faults(
        move |call: &Call<'_>| {
            if call.service == Service::DynamoDb && call.is_write() { fault } else { Fault::Pass }
        },
    );
}

#[tokio::test(start_paused = true)]
async fn a_call_fails_before_it_is_made() {
    let cloud = simulated(1);
    let client = table(&cloud).await;
    let write = || client.transact_write_items().transact_items(put("a", 1)).transact_items(put("b", 1)).send();
    for (failure, code) in [
        (Failure::Throttled, "ThrottlingException"),
        (Failure::Internal, "InternalServerError"),
        (Failure::Conflict, "TransactionCanceledException"),
    ] {
        on_writes(&cloud, Fault::Before(failure));
        assert_eq!(write().await.unwrap_err().code(), Some(code));
    }
    on_writes(&cloud, Fault::Before(Failure::Disconnected));
    assert!(matches!(write().await.unwrap_err(), SdkError::DispatchFailure(_)));
    on_writes(&cloud, Fault::Before(Failure::Conflict));
    let single = client.put_item().table_name("items").item("pk", s("p")).item("sk", s("a")).send().await.unwrap_err();
    assert!(single.into_service_error().is_transaction_conflict_exception());
    assert!(!exists(&client, "a").await);
    let counts = cloud.services().fault_counts();
    assert_eq!((counts["throttled"], counts["failed"], counts["conflict"], counts["request lost"]), (1, 1, 2, 1));
}

#[tokio::test(start_paused = true)]
async fn a_reply_is_lost_after_the_call_was_made() {
    let cloud = simulated(1);
    let client = table(&cloud).await;
    on_writes(&cloud, Fault::ReplyLost(Failure::Disconnected));
    let error = client.transact_write_items().transact_items(put("a", 1)).send().await.unwrap_err();
    assert!(matches!(error, SdkError::DispatchFailure(_)));
    assert!(exists(&client, "a").await);
}

#[tokio::test(start_paused = true)]
async fn calls_are_delayed_and_doubled() {
    let cloud = simulated(1);
    let (client, url) = queue(&cloud, "q", &[]).await;
    let send = || client.send_message().queue_url(&url).message_body("x").send();
    cloud.services().set_faults(|_: &Call<'_>| Fault::Delay(Duration::from_secs(3)));
    let before = cloud.services().clock().now_millis();
    send().await.unwrap();
    assert_eq!(cloud.services().clock().now_millis() - before, 3000);
    cloud.services().set_faults(|_: &Call<'_>| Fault::Duplicate);
    send().await.unwrap();
    assert_eq!(cloud.services().sqs.depths()["q"].ready, 3);
}

#[tokio::test(start_paused = true)]
async fn a_crash_ends_the_invocation_before_or_after_the_call() {
    for (fault, done) in [(Fault::CrashBefore, false), (Fault::CrashAfter, true)] {
        let cloud = simulated(1);
        let client = table(&cloud).await;
        on_writes(&cloud, fault);
        let went_on = Arc::new(AtomicUsize::new(0));
        let function = async {
            let _ = client.transact_write_items().transact_items(put("a", 1)).send().await;
            went_on.fetch_add(1, Ordering::SeqCst);
        };
        assert_eq!(invocation(function).await, Err(Crashed));
        assert_eq!(went_on.load(Ordering::SeqCst), 0);
        cloud.services().set_faults(testkit::faults::NoFaults);
        assert_eq!(exists(&client, "a").await, done);
        assert_eq!(invocation(async { 7 }).await, Ok(7));
    }
}

#[tokio::test(start_paused = true)]
async fn a_crash_kills_only_its_own_invocation() {
    let cloud = simulated(1);
    let client = table(&cloud).await;
    let first = Arc::new(AtomicUsize::new(0));
    cloud.services().set_faults(move |call: &Call<'_>| match call.operation {
        "TransactWriteItems" if first.fetch_add(1, Ordering::SeqCst) == 0 => Fault::CrashBefore,
        _ => Fault::Pass,
    });
    let write = |sort: &'static str| client.transact_write_items().transact_items(put(sort, 1)).send();
    let (dead, alive) = tokio::join!(invocation(write("a")), invocation(write("b")));
    assert!(dead.is_err() && alive.unwrap().is_ok());
    assert!(!exists(&client, "a").await && exists(&client, "b").await);
}

/// Every call with its canonical body, and what became of it.
async fn trace(seed: u64) -> Vec<String> {
    let cloud = simulated(seed);
    let client = table(&cloud).await;
    let (queues, url) = queue(&cloud, "q", &[]).await;
    let rates = Rates {
        throttled: 50,
        failed: 50,
        conflict: 50,
        reply_lost: 50,
        delayed: 100,
        duplicated: 50,
        longest_delay: Duration::from_secs(2),
        ..Rates::default()
    };
    let random = RandomFaults::new(rates, seed);
    let trace = Arc::new(Mutex::new(Vec::new()));
    let seen = Arc::clone(&trace);
    let clock = cloud.services().clock().clone();
    cloud.services().set_faults(move |call: &Call<'_>| {
        let fault = testkit::faults::Faults::decide(&random, call);
        let body = String::from_utf8_lossy(&call.canonical_body()).into_owned();
        seen.lock().unwrap().push(format!("{} {} {body} {fault:?}", clock.now_millis(), call.operation));
        fault
    });
    let worker = |name: &'static str| {
        let (client, queues, url) = (client.clone(), queues.clone(), url.clone());
        async move {
            for number in 0..30 {
                let sort = format!("{name}{number}");
                let write = client.transact_write_items().transact_items(put(&sort, number));
                let _ = write.client_request_token(&sort).send().await;
                let _ = queues.send_message().queue_url(&url).message_body(&sort).send().await;
                if let Ok(got) = queues.receive_message().queue_url(&url).wait_time_seconds(1).send().await {
                    for message in got.messages() {
                        let handle = message.receipt_handle().unwrap();
                        let _ = queues.delete_message().queue_url(&url).receipt_handle(handle).send().await;
                    }
                }
            }
        }
    };
    tokio::join!(worker("a"), worker("b"), worker("c"));
    trace.lock().unwrap().clone()
}

#[tokio::test(start_paused = true)]
async fn one_seed_is_one_run() {
    let first = trace(42).await;
    assert!(first.len() > 200);
    assert_eq!(first, trace(42).await);
    assert_ne!(first, trace(43).await);
}

#[tokio::test]
async fn over_http_a_lost_reply_is_a_broken_connection() {
    let cloud = LocalAws::start(plain()).await.unwrap();
    let client = table(&cloud).await;
    on_writes(&cloud, Fault::ReplyLost(Failure::Disconnected));
    let off = aws_sdk_dynamodb::config::Builder::new();
    let off = off.retry_config(aws_sdk_dynamodb::config::retry::RetryConfig::disabled());
    let write = client.transact_write_items().transact_items(put("a", 1)).customize().config_override(off).send();
    assert!(matches!(write.await.unwrap_err(), SdkError::DispatchFailure(_)));
    assert!(exists(&client, "a").await);
    cloud.stop().await.unwrap();
}
