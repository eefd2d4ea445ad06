//! What SQS refuses, and under which name.

use aws_sdk_sqs::Client;
use aws_sdk_sqs::error::ProvideErrorMetadata;
use aws_sdk_sqs::types::SendMessageBatchRequestEntry;
use testkit::LocalAws;

use crate::{both, plain, queue};

const MEBIBYTE: usize = 1_048_576;

fn entry(id: &str, body: &str) -> SendMessageBatchRequestEntry {
    SendMessageBatchRequestEntry::builder().id(id).message_body(body).build().unwrap()
}

async fn refusal(client: &Client, url: &str, entries: Vec<SendMessageBatchRequestEntry>) -> String {
    let call = client.send_message_batch().queue_url(url).set_entries(Some(entries));
    call.send().await.unwrap_err().code().unwrap().to_owned()
}

#[tokio::test]
async fn batches_are_held_to_their_rules() {
    both(async |cloud: &LocalAws| {
        let (client, url) = queue(cloud, "q", &[]).await;
        let named = |name: &str| format!("AWS.SimpleQueueService.{name}");
        assert_eq!(refusal(&client, &url, vec![]).await, named("EmptyBatchRequest"));
        let eleven = (0..11).map(|number| entry(&number.to_string(), "x")).collect();
        assert_eq!(refusal(&client, &url, eleven).await, named("TooManyEntriesInBatchRequest"));
        let twice = vec![entry("a", "x"), entry("a", "y")];
        assert_eq!(refusal(&client, &url, twice).await, named("BatchEntryIdsNotDistinct"));
        assert_eq!(refusal(&client, &url, vec![entry("a b", "x")]).await, named("InvalidBatchEntryId"));
        assert_eq!(refusal(&client, &url, vec![entry(&"a".repeat(81), "x")]).await, named("InvalidBatchEntryId"));
        let half = "x".repeat(MEBIBYTE / 2 + 1);
        let heavy = vec![entry("a", &half), entry("b", &half)];
        assert_eq!(refusal(&client, &url, heavy).await, named("BatchRequestTooLong"));
        assert_eq!(cloud.services().sqs.depths()["q"].total(), 0);
    })
    .await;
}

#[tokio::test]
async fn messages_are_held_to_size_characters_and_delay() {
    both(async |cloud: &LocalAws| {
        let (client, url) = queue(cloud, "q", &[]).await;
        let send = |body: &str| client.send_message().queue_url(&url).message_body(body);
        send(&"x".repeat(MEBIBYTE)).send().await.unwrap();
        let error = send(&"x".repeat(MEBIBYTE + 1)).send().await.unwrap_err();
        assert_eq!(error.code(), Some("InvalidParameterValue"));
        let error = send("").send().await.unwrap_err();
        assert_eq!(error.code(), Some("MissingParameter"));
        for bad in ["\u{0}", "\u{b}", "\u{1f}", "\u{fffe}", "\u{ffff}"] {
            let error = send(bad).send().await.unwrap_err();
            assert!(error.into_service_error().is_invalid_message_contents());
        }
        send("\t\r\n ~\u{d7ff}\u{e000}\u{fffd}\u{10ffff}").send().await.unwrap();
        send("x").delay_seconds(900).send().await.unwrap();
        let error = send("x").delay_seconds(901).send().await.unwrap_err();
        assert_eq!(error.code(), Some("InvalidParameterValue"));
    })
    .await;
}

#[tokio::test]
async fn receives_and_visibility_are_held_to_theirs() {
    let cloud = LocalAws::in_process(plain()).unwrap();
    let (client, url) = queue(&cloud, "q", &[]).await;
    client.send_message().queue_url(&url).message_body("x").send().await.unwrap();
    let receive = || client.receive_message().queue_url(&url);
    for call in [
        receive().max_number_of_messages(11),
        receive().max_number_of_messages(0),
        receive().wait_time_seconds(21),
        receive().visibility_timeout(43_201),
    ] {
        assert_eq!(call.send().await.unwrap_err().code(), Some("InvalidParameterValue"));
    }
    let got = receive().visibility_timeout(43_200).send().await.unwrap();
    let handle = got.messages()[0].receipt_handle().unwrap();
    cloud.services().clock().skip(std::time::Duration::from_secs(10));
    let change = client.change_message_visibility().queue_url(&url).receipt_handle(handle).visibility_timeout(43_200);
    // Twelve hours from the receive, not from now.
    assert_eq!(change.send().await.unwrap_err().code(), Some("InvalidParameterValue"));
    let change = client.change_message_visibility().queue_url(&url).receipt_handle("nonsense").visibility_timeout(1);
    assert!(change.send().await.unwrap_err().into_service_error().is_receipt_handle_is_invalid());
}

#[tokio::test]
async fn queues_are_held_to_names_and_attributes() {
    both(async |cloud: &LocalAws| {
        let (client, url) = queue(cloud, "q", &[("VisibilityTimeout", "60")]).await;
        let create = |name: &str| client.create_queue().queue_name(name);
        let again = create("q").attributes("VisibilityTimeout".into(), "60").send().await.unwrap();
        assert_eq!(again.queue_url(), Some(url.as_str()));
        let other = create("q").attributes("VisibilityTimeout".into(), "61").send().await.unwrap_err();
        assert!(other.into_service_error().is_queue_name_exists());
        for (name, value, code) in [
            ("VisibilityTimeout", "43201", "InvalidAttributeValue"),
            ("MessageRetentionPeriod", "59", "InvalidAttributeValue"),
            ("DelaySeconds", "901", "InvalidAttributeValue"),
            ("RedrivePolicy", "{}", "InvalidAttributeValue"),
            ("Colour", "green", "InvalidAttributeName"),
            ("FifoQueue", "true", "AWS.SimpleQueueService.UnsupportedOperation"),
        ] {
            let error = create("r").attributes(name.into(), value).send().await.unwrap_err();
            assert_eq!(error.code(), Some(code), "{name}");
        }
        let policy = "{\"deadLetterTargetArn\":\"arn:aws:sqs:me-south-1:000000000000:none\",\"maxReceiveCount\":3}";
        let error = create("r").attributes("RedrivePolicy".into(), policy).send().await.unwrap_err();
        assert_eq!(error.code(), Some("InvalidParameterValue"));
        let error = create("a b").send().await.unwrap_err();
        assert_eq!(error.code(), Some("InvalidParameterValue"));
        let error = client.get_queue_url().queue_name("none").send().await.unwrap_err();
        assert!(error.into_service_error().is_queue_does_not_exist());
        let listed = client.list_queues().send().await.unwrap();
        assert_eq!(listed.queue_urls(), std::slice::from_ref(&url));
        client.purge_queue().queue_url(&url).send().await.unwrap();
        let error = client.purge_queue().queue_url(&url).send().await.unwrap_err();
        assert!(error.into_service_error().is_purge_queue_in_progress());
        client.delete_queue().queue_url(&url).send().await.unwrap();
        let error = client.receive_message().queue_url(&url).send().await.unwrap_err();
        assert!(error.into_service_error().is_queue_does_not_exist());
    })
    .await;
}
