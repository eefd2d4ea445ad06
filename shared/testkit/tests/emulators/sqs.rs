//! The life of a message.

use std::time::{Duration, Instant};

use aws_sdk_sqs::Client;
use aws_sdk_sqs::types::{
    DeleteMessageBatchRequestEntry, Message, MessageAttributeValue, MessageSystemAttributeName, QueueAttributeName,
    SendMessageBatchRequestEntry,
};
use testkit::sqs::{Depth, Disorder};
use testkit::{Clock, LocalAws, LocalOptions};

use crate::{both, plain, queue};

/// In process, on the time of a paused runtime.
fn simulated() -> LocalAws {
    let clock = Some(Clock::starting_at(1_700_000_000_000));
    LocalAws::in_process(LocalOptions { clock, ..plain() }).unwrap()
}

async fn send(client: &Client, url: &str, body: &str) {
    client.send_message().queue_url(url).message_body(body).send().await.unwrap();
}

async fn receive(client: &Client, url: &str) -> Vec<Message> {
    let call = client.receive_message().queue_url(url).max_number_of_messages(10);
    call.message_system_attribute_names(MessageSystemAttributeName::All).send().await.unwrap().messages.unwrap_or_default()
}

fn bodies(messages: &[Message]) -> Vec<&str> {
    messages.iter().map(|message| message.body().unwrap()).collect()
}

#[tokio::test]
async fn a_message_is_sent_received_and_deleted() {
    both(async |cloud: &LocalAws| {
        let (client, url) = queue(cloud, "payments", &[]).await;
        let attribute = MessageAttributeValue::builder().data_type("String").string_value("7").build().unwrap();
        let call = client.send_message().queue_url(&url).message_body("مرحبا").message_attributes("trace", attribute);
        let sent = call.send().await.unwrap();
        let call = client.receive_message().queue_url(&url).message_attribute_names("All");
        let got = call.message_system_attribute_names(MessageSystemAttributeName::All).send().await.unwrap();
        let [message] = got.messages() else { panic!("{got:?}") };
        assert_eq!(message.body(), Some("مرحبا"));
        assert_eq!(message.message_id(), sent.message_id());
        assert_eq!(message.md5_of_body(), sent.md5_of_message_body());
        assert_eq!(message.md5_of_message_attributes(), sent.md5_of_message_attributes());
        assert_eq!(message.message_attributes().unwrap()["trace"].string_value(), Some("7"));
        let attributes = message.attributes().unwrap();
        assert_eq!(attributes[&MessageSystemAttributeName::ApproximateReceiveCount], "1");
        assert!(attributes.contains_key(&MessageSystemAttributeName::SentTimestamp));
        assert!(attributes.contains_key(&MessageSystemAttributeName::ApproximateFirstReceiveTimestamp));
        let handle = message.receipt_handle().unwrap();
        client.delete_message().queue_url(&url).receipt_handle(handle).send().await.unwrap();
        client.delete_message().queue_url(&url).receipt_handle(handle).send().await.unwrap();
        assert_eq!(cloud.services().sqs.depths()["payments"].total(), 0);
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn a_message_comes_back_when_its_visibility_ends() {
    let cloud = simulated();
    let (client, url) = queue(&cloud, "q", &[("VisibilityTimeout", "30")]).await;
    send(&client, &url, "again").await;
    let first = receive(&client, &url).await;
    assert!(receive(&client, &url).await.is_empty());
    tokio::time::sleep(Duration::from_secs(30)).await;
    let second = receive(&client, &url).await;
    assert_eq!(bodies(&second), ["again"]);
    assert_eq!(second[0].attributes().unwrap()[&MessageSystemAttributeName::ApproximateReceiveCount], "2");
    // The first receipt is stale: the message has been received since.
    let stale = first[0].receipt_handle().unwrap();
    client.delete_message().queue_url(&url).receipt_handle(stale).send().await.unwrap();
    assert_eq!(cloud.services().sqs.depths()["q"], Depth { in_flight: 1, ..Depth::default() });
    // A late receipt still deletes, if nobody has received since.
    tokio::time::sleep(Duration::from_secs(31)).await;
    let late = second[0].receipt_handle().unwrap();
    client.delete_message().queue_url(&url).receipt_handle(late).send().await.unwrap();
    assert_eq!(cloud.services().sqs.depths()["q"].total(), 0);
}

#[tokio::test(start_paused = true)]
async fn visibility_is_changed_both_ways() {
    let cloud = simulated();
    let (client, url) = queue(&cloud, "q", &[]).await;
    send(&client, &url, "x").await;
    let got = receive(&client, &url).await;
    let handle = got[0].receipt_handle().unwrap().to_owned();
    let change =
        |seconds| client.change_message_visibility().queue_url(&url).receipt_handle(&handle).visibility_timeout(seconds);
    change(60).send().await.unwrap();
    tokio::time::sleep(Duration::from_secs(59)).await;
    assert!(receive(&client, &url).await.is_empty());
    change(0).send().await.unwrap();
    let error = change(5).send().await.unwrap_err().into_service_error();
    assert!(error.is_message_not_inflight(), "{error:?}");
    assert_eq!(receive(&client, &url).await.len(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_delayed_message_waits() {
    let cloud = simulated();
    let (client, url) = queue(&cloud, "q", &[("DelaySeconds", "5")]).await;
    send(&client, &url, "queue's delay").await;
    client.send_message().queue_url(&url).message_body("own delay").delay_seconds(900).send().await.unwrap();
    assert_eq!(cloud.services().sqs.depths()["q"], Depth { delayed: 2, ..Depth::default() });
    tokio::time::sleep(Duration::from_secs(5)).await;
    assert_eq!(bodies(&receive(&client, &url).await), ["queue's delay"]);
    tokio::time::sleep(Duration::from_secs(895)).await;
    assert!(bodies(&receive(&client, &url).await).contains(&"own delay"));
}

#[tokio::test(start_paused = true)]
async fn a_message_received_too_often_is_set_aside() {
    let cloud = simulated();
    let (client, dead) = queue(&cloud, "q-dlq", &[]).await;
    let arn = client.get_queue_attributes().queue_url(&dead).attribute_names(QueueAttributeName::QueueArn);
    let arn = arn.send().await.unwrap().attributes.unwrap()[&QueueAttributeName::QueueArn].clone();
    let policy = format!("{{\"deadLetterTargetArn\":\"{arn}\",\"maxReceiveCount\":\"2\"}}");
    let (client, url) = queue(&cloud, "q", &[("RedrivePolicy", &policy), ("VisibilityTimeout", "1")]).await;
    send(&client, &url, "poison").await;
    for _ in 0..2 {
        assert_eq!(receive(&client, &url).await.len(), 1);
        tokio::time::sleep(Duration::from_secs(1)).await;
    }
    assert!(receive(&client, &url).await.is_empty());
    assert_eq!(cloud.services().sqs.bodies("q-dlq"), ["poison"]);
    let aside = receive(&client, &dead).await;
    let attributes = aside[0].attributes().unwrap();
    assert_eq!(attributes[&MessageSystemAttributeName::DeadLetterQueueSourceArn], "arn:aws:sqs:me-south-1:000000000000:q");
    // In flight there it stays; once it is seen again it is sent back as a new message.
    client.start_message_move_task().source_arn(&arn).send().await.unwrap();
    assert_eq!(cloud.services().sqs.bodies("q-dlq"), ["poison"]);
    let handle = aside[0].receipt_handle().unwrap();
    client.change_message_visibility().queue_url(&dead).receipt_handle(handle).visibility_timeout(0).send().await.unwrap();
    client.start_message_move_task().source_arn(&arn).send().await.unwrap();
    assert!(cloud.services().sqs.bodies("q-dlq").is_empty());
    let back = receive(&client, &url).await;
    assert_eq!(back[0].attributes().unwrap()[&MessageSystemAttributeName::ApproximateReceiveCount], "1");
    assert_ne!(back[0].message_id(), aside[0].message_id());
    // What sets nothing aside can be moved by nobody.
    let own = arn.replace("q-dlq", "q");
    assert!(client.start_message_move_task().source_arn(own).send().await.is_err());
    assert!(client.start_message_move_task().source_arn(arn.replace("q-dlq", "x")).send().await.is_err());
}

#[tokio::test(start_paused = true)]
async fn a_long_poll_waits_for_a_message_in_simulated_time() {
    let cloud = simulated();
    let (client, url) = queue(&cloud, "q", &[]).await;
    let clock = cloud.services().clock();
    let started = clock.now_millis();
    let poll = || client.receive_message().queue_url(&url).wait_time_seconds(20).send();
    assert!(poll().await.unwrap().messages().is_empty());
    assert_eq!(clock.now_millis() - started, 20_000);
    let sender = async {
        tokio::time::sleep(Duration::from_secs(7)).await;
        send(&client, &url, "arrived").await;
    };
    let (got, ()) = tokio::join!(poll(), sender);
    assert_eq!(bodies(got.unwrap().messages()), ["arrived"]);
    assert_eq!(clock.now_millis() - started, 27_000);
    // One that comes back from out of sight ends a poll too.
    let got = poll().await.unwrap();
    assert!(got.messages().is_empty());
    let got = poll().await.unwrap();
    assert_eq!(bodies(got.messages()), ["arrived"]);
    assert_eq!(clock.now_millis() - started, 57_000);
}

#[tokio::test]
async fn a_long_poll_over_http_answers_when_a_message_comes() {
    let cloud = LocalAws::start(plain()).await.unwrap();
    let (client, url) = queue(&cloud, "q", &[("ReceiveMessageWaitTimeSeconds", "20")]).await;
    let started = Instant::now();
    let poll = client.receive_message().queue_url(&url).send();
    let sender = async {
        tokio::time::sleep(Duration::from_millis(200)).await;
        send(&client, &url, "arrived").await;
    };
    let (got, ()) = tokio::join!(poll, sender);
    assert_eq!(bodies(got.unwrap().messages()), ["arrived"]);
    assert!(started.elapsed() < Duration::from_secs(5));
    cloud.stop().await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn messages_are_kept_as_long_as_the_queue_says() {
    let cloud = simulated();
    let (client, url) = queue(&cloud, "q", &[("MessageRetentionPeriod", "60")]).await;
    send(&client, &url, "old").await;
    tokio::time::sleep(Duration::from_secs(59)).await;
    assert_eq!(cloud.services().sqs.depths()["q"].ready, 1);
    tokio::time::sleep(Duration::from_secs(1)).await;
    assert!(receive(&client, &url).await.is_empty());
    assert_eq!(cloud.services().sqs.depths()["q"].total(), 0);
}

#[tokio::test]
async fn batches_answer_entry_by_entry() {
    both(async |cloud: &LocalAws| {
        let (client, url) = queue(cloud, "q", &[]).await;
        let entry =
            |id: &str, body: &str| SendMessageBatchRequestEntry::builder().id(id).message_body(body).build().unwrap();
        let batch = client.send_message_batch().queue_url(&url);
        let sent = batch.entries(entry("a", "one")).entries(entry("b", "bad \u{1}")).entries(entry("c", "two"));
        let sent = sent.send().await.unwrap();
        assert_eq!(sent.successful().len(), 2);
        assert_eq!((sent.failed()[0].id(), sent.failed()[0].code()), ("b", "InvalidMessageContents"));
        assert!(sent.failed()[0].sender_fault());
        let got = receive(&client, &url).await;
        assert_eq!(bodies(&got), ["one", "two"]);
        let handle = |index: usize| got[index].receipt_handle().unwrap();
        let entry = |id: &str, handle: &str| {
            DeleteMessageBatchRequestEntry::builder().id(id).receipt_handle(handle).build().unwrap()
        };
        let batch = client.delete_message_batch().queue_url(&url).entries(entry("a", handle(0)));
        let batch = batch.entries(entry("b", "nonsense")).entries(entry("c", handle(1))).send().await.unwrap();
        assert_eq!(batch.successful().len(), 2);
        assert_eq!(batch.failed()[0].code(), "ReceiptHandleIsInvalid");
        assert_eq!(cloud.services().sqs.depths()["q"].total(), 0);
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn disorder_repeats_and_shuffles_but_loses_nothing() {
    let clock = Some(Clock::starting_at(1_700_000_000_000));
    let disorder = Disorder { reorder: true, duplicate_per_mille: 300 };
    let cloud = LocalAws::in_process(LocalOptions { clock, disorder, ..plain() }).unwrap();
    let (client, url) = queue(&cloud, "q", &[]).await;
    for number in 0..100 {
        send(&client, &url, &number.to_string()).await;
    }
    let mut seen = Vec::new();
    while cloud.services().sqs.depths()["q"].ready > 0 {
        for message in receive(&client, &url).await {
            seen.push(message.body().unwrap().parse::<u32>().unwrap());
        }
    }
    assert!(seen.len() > 100, "some twice");
    assert!(!seen.is_sorted(), "not in order");
    seen.sort_unstable();
    seen.dedup();
    assert_eq!(seen.len(), 100, "none lost");
}

#[tokio::test]
async fn queues_and_messages_are_kept_on_disk() {
    let directory = tempfile::tempdir().unwrap();
    let options = || LocalOptions { data: Some(directory.path().to_owned()), ..plain() };
    let cloud = LocalAws::start(options()).await.unwrap();
    let (client, url) = queue(&cloud, "q", &[("VisibilityTimeout", "120")]).await;
    send(&client, &url, "in flight").await;
    let got = receive(&client, &url).await;
    send(&client, &url, "waiting").await;
    cloud.stop().await.unwrap();
    let cloud = LocalAws::start(options()).await.unwrap();
    let client = Client::new(&cloud.sdk_config());
    let url = client.get_queue_url().queue_name("q").send().await.unwrap().queue_url.unwrap();
    assert_eq!(cloud.services().sqs.depths()["q"], Depth { ready: 1, in_flight: 1, delayed: 0 });
    assert_eq!(bodies(&receive(&client, &url).await), ["waiting"]);
    client.delete_message().queue_url(&url).receipt_handle(got[0].receipt_handle().unwrap()).send().await.unwrap();
    assert_eq!(cloud.services().sqs.depths()["q"].total(), 1);
    cloud.stop().await.unwrap();
}

#[tokio::test]
async fn calls_are_counted_by_queue_and_operation() {
    both(async |cloud: &LocalAws| {
        let (client, url) = queue(cloud, "counted", &[]).await;
        let before = cloud.services().sqs.usage();
        send(&client, &url, &"x".repeat(70_000)).await;
        receive(&client, &url).await;
        receive(&client, &url).await;
        let usage = cloud.services().sqs.usage().since(&before);
        let key = |operation: &str| ("counted".to_owned(), operation.to_owned());
        assert_eq!(usage.calls[&key("SendMessage")], 1);
        assert_eq!(usage.billed_requests[&key("SendMessage")], 2);
        assert_eq!(usage.calls[&key("ReceiveMessage")], 2);
        assert_eq!((usage.empty_receives["counted"], usage.messages_sent["counted"]), (1, 1));
        assert_eq!(usage.total_calls(), 3);
    })
    .await;
}
