//! Objects, and who comes first.

use std::time::Duration;

use aws_sdk_s3::Client;
use aws_sdk_s3::error::ProvideErrorMetadata;
use aws_sdk_s3::presigning::PresigningConfig;
use aws_sdk_s3::primitives::ByteStream;
use testkit::LocalAws;

use crate::both;

async fn bucket(cloud: &LocalAws) -> Client {
    let client = Client::new(&cloud.sdk_config());
    client.create_bucket().bucket("documents").send().await.unwrap();
    client
}

#[tokio::test]
async fn what_is_put_is_got_and_listed_and_gone_when_deleted() {
    both(async |cloud: &LocalAws| {
        let client = bucket(cloud).await;
        let body = vec![7; 300_000];
        let put = client.put_object().bucket("documents").key("a/receipt.pdf").content_type("application/pdf");
        put.body(ByteStream::from(body.clone())).send().await.unwrap();
        let got = client.get_object().bucket("documents").key("a/receipt.pdf").send().await.unwrap();
        assert_eq!(got.content_type(), Some("application/pdf"));
        assert_eq!(got.body.collect().await.unwrap().to_vec(), body);
        let listed = client.list_objects_v2().bucket("documents").prefix("a/").send().await.unwrap();
        assert_eq!(listed.contents()[0].key(), Some("a/receipt.pdf"));
        client.delete_object().bucket("documents").key("a/receipt.pdf").send().await.unwrap();
        let error = client.get_object().bucket("documents").key("a/receipt.pdf").send().await.unwrap_err();
        assert!(error.into_service_error().is_no_such_key());
        let error = client.head_object().bucket("documents").key("a/receipt.pdf").send().await.unwrap_err();
        assert!(error.into_service_error().is_not_found());
    })
    .await;
}

#[tokio::test]
async fn of_many_who_create_one_wins() {
    both(async |cloud: &LocalAws| {
        let client = bucket(cloud).await;
        let tries = (0..8).map(|number| {
            let put = client.put_object().bucket("documents").key("one").if_none_match("*");
            tokio::spawn(put.body(ByteStream::from(vec![number; 50_000])).send())
        });
        let mut winners = 0;
        for attempt in tries.collect::<Vec<_>>() {
            match attempt.await.unwrap() {
                Ok(_) => winners += 1,
                Err(error) => assert_eq!(error.code(), Some("PreconditionFailed")),
            }
        }
        assert_eq!(winners, 1);
    })
    .await;
}

#[tokio::test]
async fn streams_and_presigned_urls_arrive_whole() {
    both(async |cloud: &LocalAws| {
        let client = bucket(cloud).await;
        let file = tempfile::NamedTempFile::new().unwrap();
        let content: Vec<u8> = (0..200_000u32).map(|number| (number % 251) as u8).collect();
        std::fs::write(file.path(), &content).unwrap();
        let stream = ByteStream::from_path(file.path()).await.unwrap();
        client.put_object().bucket("documents").key("stream").body(stream).send().await.unwrap();
        let got = client.get_object().bucket("documents").key("stream").send().await.unwrap();
        assert_eq!(got.body.collect().await.unwrap().to_vec(), content);
        let presigning = PresigningConfig::expires_in(Duration::from_secs(60)).unwrap();
        let url = client.get_object().bucket("documents").key("stream").presigned(presigning).await.unwrap();
        let request = http::Request::get(url.uri()).body(bytes::Bytes::new()).unwrap();
        assert_eq!(cloud.services().s3.call(request).into_body(), content);
    })
    .await;
}
