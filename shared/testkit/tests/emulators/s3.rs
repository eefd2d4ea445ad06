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
        assert_eq!(cloud.services().s3.call(request, 0).into_body(), content);
    })
    .await;
}

/// Key, id and whether it is a mark of deletion, as they are listed.
async fn versions(client: &Client, prefix: &str) -> Vec<(String, String, bool)> {
    let listed = client.list_object_versions().bucket("documents").prefix(prefix).send().await.unwrap();
    let row = |key: Option<&str>, id: Option<&str>, is_mark| (key.unwrap().to_owned(), id.unwrap().to_owned(), is_mark);
    let objects = listed.versions().iter().map(|version| row(version.key(), version.version_id(), false));
    objects.chain(listed.delete_markers().iter().map(|mark| row(mark.key(), mark.version_id(), true))).collect()
}

#[tokio::test]
async fn what_is_put_over_or_deleted_stays_until_its_version_is_deleted() {
    both(async |cloud: &LocalAws| {
        let client = bucket(cloud).await;
        let put = |key: &str, byte: u8| {
            client.put_object().bucket("documents").key(key).body(ByteStream::from(vec![byte; 9])).send()
        };
        for (key, byte) in [("a/one", 1), ("a/one", 2), ("a/two", 3), ("b", 4)] {
            put(key, byte).await.unwrap();
        }
        client.delete_object().bucket("documents").key("a/two").send().await.unwrap();
        let found = versions(&client, "a/").await;
        assert_eq!(found.iter().map(|(key, ..)| key.as_str()).collect::<Vec<_>>(), ["a/one", "a/one", "a/two", "a/two"]);
        assert_eq!(found.iter().filter(|(.., is_mark)| *is_mark).count(), 1);
        assert_eq!(cloud.services().s3.earlier_versions().len(), 2, "the first of one, and two");
        // The latest goes: the one before it is there again.
        let delete = |key: &str, id: &str| client.delete_object().bucket("documents").key(key).version_id(id).send();
        delete("a/one", &found[0].1).await.unwrap();
        let got = client.get_object().bucket("documents").key("a/one").send().await.unwrap();
        assert_eq!(got.body.collect().await.unwrap().to_vec(), [1; 9]);
        for (key, id, _) in versions(&client, "a/").await {
            delete(&key, &id).await.unwrap();
            delete(&key, &id).await.unwrap();
        }
        assert!(versions(&client, "a/").await.is_empty() && cloud.services().s3.earlier_versions().is_empty());
        assert_eq!(versions(&client, "").await.len(), 1);
    })
    .await;
}

#[tokio::test]
async fn a_listing_of_versions_goes_on_where_it_ended() {
    both(async |cloud: &LocalAws| {
        let client = bucket(cloud).await;
        for byte in 0..5 {
            let put = client.put_object().bucket("documents").key("one").body(ByteStream::from(vec![byte; 9]));
            put.send().await.unwrap();
        }
        let first = client.list_object_versions().bucket("documents").max_keys(3).send().await.unwrap();
        assert_eq!((first.versions().len(), first.is_truncated()), (3, Some(true)));
        let rest = client.list_object_versions().bucket("documents").set_key_marker(first.next_key_marker);
        let rest = rest.set_version_id_marker(first.next_version_id_marker).send().await.unwrap();
        assert_eq!((rest.versions().len(), rest.is_truncated()), (2, Some(false)));
    })
    .await;
}
