//! Against the local cloud's SQS, through the real client, in process and in paused time.
#![allow(clippy::unwrap_used)]

use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

use aws_sdk_sqs::types::SendMessageBatchRequestEntry;
use serde_json::{Value, json};
use testkit::faults::{Call, Failure, Fault};
use testkit::{LocalAws, LocalOptions};

use super::*;

const SECOND: Duration = Duration::from_secs(1);

struct Bench {
    cloud: LocalAws,
    client: Client,
    url: String,
}

impl Bench {
    /// A queue that hides messages for a minute and sets them aside after three receives.
    async fn new() -> Self {
        let clock = testkit::Clock::starting_at(1_772_366_400_000);
        let cloud = LocalAws::in_process(LocalOptions { seed: Some(7), clock: Some(clock), ..LocalOptions::default() });
        let cloud = cloud.unwrap();
        let client = Client::new(&cloud.sdk_config());
        let dead = client.create_queue().queue_name("payments-dlq").send().await.unwrap();
        let arn = Queue::ask(client.clone(), dead.queue_url().unwrap()).await.unwrap().arn;
        let redrive = json!({"deadLetterTargetArn": arn, "maxReceiveCount": 3}).to_string();
        let queue = client.create_queue().queue_name("payments").attributes(QueueAttributeName::VisibilityTimeout, "60");
        let queue = queue.attributes(QueueAttributeName::RedrivePolicy, redrive).send().await.unwrap();
        Self { cloud, client, url: queue.queue_url().unwrap().to_owned() }
    }

    async fn send(&self, bodies: impl IntoIterator<Item = String>) {
        let bodies: Vec<String> = bodies.into_iter().collect();
        for chunk in bodies.chunks(10) {
            let entry = |(n, body): (usize, &String)| {
                SendMessageBatchRequestEntry::builder().id(n.to_string()).message_body(body).build().unwrap()
            };
            let entries = chunk.iter().enumerate().map(entry).collect();
            self.client.send_message_batch().queue_url(&self.url).set_entries(Some(entries)).send().await.unwrap();
        }
    }

    fn mapping(&self, function: &Function) -> Mapping {
        Mapping { reports_failures: true, ..Mapping::new(&self.url, function.clone()) }
    }

    async fn start(&self, mapping: Mapping) -> Pollers {
        Pollers::start(self.client.clone(), mapping).await.unwrap()
    }

    fn depth(&self, queue: &str) -> usize {
        self.cloud.services().sqs.depths()[queue].total()
    }
}

type Events = Arc<Mutex<Vec<Value>>>;

/// A function that notes its events and names those messages as failed whose body is `bad`.
fn noting() -> (Events, Function) {
    let events = Events::default();
    let noted = Arc::clone(&events);
    let function = Function::new("noting", SECOND * 30, move |event: Value| {
        let records = event["Records"].as_array().unwrap().iter();
        let failed = records.filter(|record| record["body"] == "bad");
        let failures: Vec<Value> = failed.map(|record| json!({"itemIdentifier": record["messageId"]})).collect();
        noted.lock().unwrap().push(event);
        async move { Ok(json!({ "batchItemFailures": failures })) }
    });
    (events, function)
}

fn sizes(events: &Events) -> Vec<usize> {
    events.lock().unwrap().iter().map(|event| event["Records"].as_array().unwrap().len()).collect()
}

#[tokio::test(start_paused = true)]
async fn a_message_arrives_as_lambda_hands_it_over_and_is_deleted() {
    let bench = Bench::new().await;
    let (events, function) = noting();
    let pollers = bench.start(bench.mapping(&function)).await;
    bench.send(["{\"version\":1}".to_owned()]).await;
    tokio::time::sleep(SECOND).await;
    let record = events.lock().unwrap()[0]["Records"][0].clone();
    assert_eq!(record["body"], "{\"version\":1}");
    assert_eq!(record["eventSource"], "aws:sqs");
    assert_eq!(record["eventSourceARN"], "arn:aws:sqs:me-south-1:000000000000:payments");
    assert_eq!(record["awsRegion"], "me-south-1");
    assert_eq!(record["md5OfBody"], "77efb8e3fa276d4674932392a66555e4");
    assert_eq!(record["attributes"]["ApproximateReceiveCount"], "1");
    assert!(record["attributes"]["SentTimestamp"].as_str().unwrap().starts_with("17723664"));
    assert_eq!(bench.depth("payments"), 0);
    let counts = pollers.stop().await;
    assert_eq!((counts.received, counts.batches, counts.delivered, counts.deleted, counts.left), (1, 1, 1, 1, 0));
}

#[tokio::test(start_paused = true)]
async fn a_batch_is_gathered_over_several_receives() {
    let bench = Bench::new().await;
    let (events, function) = noting();
    bench.send((0..25).map(|n| n.to_string())).await;
    let mapping = Mapping { batch_size: 100, window: SECOND, pollers: 1, ..bench.mapping(&function) };
    let pollers = bench.start(mapping).await;
    tokio::time::sleep(SECOND * 3).await;
    assert_eq!(sizes(&events), [25]);
    assert_eq!(bench.depth("payments"), 0);
    // Three receives that bring something, a few more within the window, the poll that is under way, three deletes.
    assert!(pollers.counts().sqs_calls <= 11, "{:?}", pollers.counts());
    pollers.stop().await;
}

#[tokio::test(start_paused = true)]
async fn a_full_batch_does_not_wait_for_its_window() {
    let bench = Bench::new().await;
    let (events, function) = noting();
    bench.send((0..40).map(|n| n.to_string())).await;
    let mapping = Mapping { batch_size: 20, window: SECOND * 300, pollers: 1, ..bench.mapping(&function) };
    let pollers = bench.start(mapping).await;
    tokio::time::sleep(SECOND).await;
    assert_eq!(sizes(&events), [20, 20]);
    pollers.stop().await;
}

#[tokio::test(start_paused = true)]
async fn failures_come_again_and_are_set_aside_in_the_end() {
    let bench = Bench::new().await;
    let (events, function) = noting();
    bench.send(["good", "bad", "fine"].map(str::to_owned)).await;
    let pollers = bench.start(bench.mapping(&function)).await;
    tokio::time::sleep(SECOND * 10).await;
    assert_eq!(bench.depth("payments"), 1);
    tokio::time::sleep(SECOND * 300).await;
    assert_eq!((bench.depth("payments"), bench.depth("payments-dlq")), (0, 1));
    let noted = events.lock().unwrap().clone();
    let counts_seen = noted.iter().flat_map(|event| event["Records"].as_array().unwrap().clone());
    let of_bad: Vec<Value> = counts_seen
        .filter(|record| record["body"] == "bad")
        .map(|record| record["attributes"]["ApproximateReceiveCount"].clone())
        .collect();
    assert_eq!(of_bad, ["1", "2", "3"]);
    let counts = pollers.stop().await;
    assert_eq!((counts.deleted, counts.left, counts.failed_batches), (2, 3, 0));
}

#[tokio::test(start_paused = true)]
async fn without_reporting_a_failed_invocation_fails_the_batch() {
    let bench = Bench::new().await;
    let failing = AtomicUsize::new(1);
    let function = Function::new("moody", SECOND, move |_| {
        let fails = failing.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |left| left.checked_sub(1)).is_ok();
        // What the function answers does not count when the mapping does not report.
        async move { if fails { Err("not now".to_owned()) } else { Ok(json!("anything")) } }
    });
    bench.send(["a".to_owned()]).await;
    let pollers = bench.start(Mapping { reports_failures: false, ..bench.mapping(&function) }).await;
    tokio::time::sleep(SECOND * 10).await;
    assert_eq!(bench.depth("payments"), 1);
    tokio::time::sleep(SECOND * 60).await;
    assert_eq!(bench.depth("payments"), 0);
    let counts = pollers.stop().await;
    assert_eq!((counts.failed_batches, counts.left, counts.deleted), (1, 1, 1));
}

#[tokio::test(start_paused = true)]
async fn never_more_at_once_than_allowed() {
    let bench = Bench::new().await;
    let (now, most) = (Arc::new(AtomicU64::new(0)), Arc::new(AtomicU64::new(0)));
    let (busy, peak) = (Arc::clone(&now), Arc::clone(&most));
    let function = Function::new("busy", SECOND * 30, move |_| {
        let (busy, peak) = (Arc::clone(&busy), Arc::clone(&peak));
        async move {
            peak.fetch_max(busy.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
            tokio::time::sleep(SECOND).await;
            busy.fetch_sub(1, Ordering::SeqCst);
            Ok(Value::Null)
        }
    });
    bench.send((0..60).map(|n| n.to_string())).await;
    let pollers = bench.start(Mapping { maximum_concurrency: Some(2), ..bench.mapping(&function) }).await;
    tokio::time::sleep(SECOND * 10).await;
    assert_eq!((most.load(Ordering::SeqCst), bench.depth("payments")), (2, 0));
    pollers.stop().await;
}

#[tokio::test(start_paused = true)]
async fn a_throttled_batch_waits_and_then_goes_back_to_the_queue() {
    let bench = Bench::new().await;
    let function = Function::new("shut", SECOND, async |_| Ok(Value::Null)).with_reserved_concurrency(0);
    bench.send(["a".to_owned()]).await;
    let pollers = bench.start(bench.mapping(&function)).await;
    tokio::time::sleep(SECOND * 59).await;
    assert_eq!((pollers.counts().left, bench.depth("payments")), (0, 1));
    tokio::time::sleep(SECOND * 2).await;
    assert_eq!((pollers.counts().left, bench.depth("payments")), (1, 1));
    assert!(function.counts().throttles > 50);
    pollers.stop().await;
}

#[tokio::test(start_paused = true)]
async fn a_queue_that_is_down_is_waited_for() {
    let bench = Bench::new().await;
    let (events, function) = noting();
    let until = bench.cloud.services().clock().now_millis() + 30_000;
    let clock = bench.cloud.services().clock().clone();
    let pollers = bench.start(bench.mapping(&function)).await;
    bench.cloud.services().set_faults(move |call: &Call<'_>| match call.operation {
        "ReceiveMessage" if clock.now_millis() < until => Fault::Before(Failure::Disconnected),
        _ => Fault::Pass,
    });
    bench.send(["a".to_owned()]).await;
    tokio::time::sleep(SECOND * 25).await;
    bench.send(["b".to_owned()]).await;
    tokio::time::sleep(SECOND * 10).await;
    assert_eq!(sizes(&events).iter().sum::<usize>(), 2);
    let counts = pollers.stop().await;
    assert!(counts.outages > 0, "{counts:?}");
}

#[tokio::test(start_paused = true)]
async fn a_lost_delete_is_made_again() {
    let bench = Bench::new().await;
    let (_, function) = noting();
    let failing = AtomicUsize::new(2);
    bench.cloud.services().set_faults(move |call: &Call<'_>| {
        let fails = call.operation == "DeleteMessageBatch"
            && failing.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |left| left.checked_sub(1)).is_ok();
        if fails { Fault::Before(Failure::Internal) } else { Fault::Pass }
    });
    bench.send(["a".to_owned()]).await;
    let pollers = bench.start(bench.mapping(&function)).await;
    tokio::time::sleep(SECOND * 5).await;
    assert_eq!((bench.depth("payments"), pollers.stop().await.deleted), (0, 1));
}

#[tokio::test(start_paused = true)]
async fn an_event_stays_within_six_megabytes() {
    let bench = Bench::new().await;
    let (events, function) = noting();
    let large = "x".repeat(1_000_000);
    for _ in 0..9 {
        bench.send([large.clone()]).await;
    }
    let mapping = Mapping { batch_size: 100, window: SECOND * 2, pollers: 1, ..bench.mapping(&function) };
    let pollers = bench.start(mapping).await;
    tokio::time::sleep(SECOND * 10).await;
    assert_eq!(bench.depth("payments"), 0);
    assert_eq!(sizes(&events).iter().sum::<usize>(), 9);
    assert!(sizes(&events).iter().all(|&size| size <= 6), "{:?}", sizes(&events));
    assert_eq!(pollers.stop().await.failed_batches, 0);
}

#[tokio::test(start_paused = true)]
async fn stopping_lets_a_batch_in_hand_finish() {
    let bench = Bench::new().await;
    let function = Function::new("slow", SECOND * 30, async |_| {
        tokio::time::sleep(SECOND * 5).await;
        Ok(Value::Null)
    });
    bench.send(["a".to_owned()]).await;
    let pollers = bench.start(bench.mapping(&function)).await;
    tokio::time::sleep(SECOND).await;
    let asked = Instant::now();
    assert_eq!(pollers.stop().await.deleted, 1);
    assert!(asked.elapsed() < SECOND * 6, "{:?}", asked.elapsed());
    assert_eq!(bench.depth("payments"), 0);
}

#[tokio::test(start_paused = true)]
async fn stopping_in_the_middle_of_a_window_hands_over_what_was_received() {
    let bench = Bench::new().await;
    let (events, function) = noting();
    bench.send(["a".to_owned(), "b".to_owned()]).await;
    let mapping = Mapping { batch_size: 100, window: SECOND * 60, pollers: 1, ..bench.mapping(&function) };
    let pollers = bench.start(mapping).await;
    tokio::time::sleep(SECOND * 2).await;
    assert_eq!(pollers.stop().await.deleted, 2);
    assert_eq!((sizes(&events), bench.depth("payments")), (vec![2], 0));
}

#[tokio::test(start_paused = true)]
async fn a_queue_that_is_not_there_is_an_error() {
    let bench = Bench::new().await;
    let (_, function) = noting();
    let url = bench.url.replace("payments", "nowhere");
    let error = Pollers::start(bench.client.clone(), Mapping::new(&url, function)).await.unwrap_err();
    assert!(error.to_string().contains("nowhere does not answer"), "{error}");
}
