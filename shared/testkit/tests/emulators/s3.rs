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

/// A form as another signs it: the algorithm written out, apart from the code under test.
fn form(cloud: &LocalAws, key: &str) -> Vec<(String, String)> {
    use base64::Engine as _;
    use base64::prelude::BASE64_STANDARD;
    let day = domain::moment::Moment::from_millis(cloud.services().clock().now_millis()).to_string()[..10].replace('-', "");
    let mut fields = vec![
        ("key".to_owned(), key.to_owned()),
        ("Content-Type".to_owned(), "image/png".to_owned()),
        ("x-amz-credential".to_owned(), format!("local/{day}/me-south-1/s3/aws4_request")),
        ("x-amz-date".to_owned(), format!("{day}T000000Z")),
    ];
    let conditions = serde_json::json!([
        {"bucket": "documents"},
        ["starts-with", "$key", "evidence/"],
        ["eq", "$content-type", "image/png"],
        ["starts-with", "$x-amz-credential", ""],
        ["starts-with", "$x-amz-date", ""],
        ["content-length-range", 2, 4],
    ]);
    let policy = serde_json::json!({"expiration": "2999-01-01T00:00:00Z", "conditions": conditions});
    let policy = BASE64_STANDARD.encode(policy.to_string());
    let noon: domain::moment::Moment = format!("{}-{}-{}T12:00:00Z", &day[..4], &day[4..6], &day[6..]).parse().unwrap();
    let time = std::time::UNIX_EPOCH + Duration::from_secs(noon.seconds().unsigned_abs());
    let signing = aws_sigv4::sign::v4::generate_signing_key("local", time, "me-south-1", "s3");
    fields.push(("x-amz-signature".to_owned(), aws_sigv4::sign::v4::calculate_signature(signing, policy.as_bytes())));
    fields.push(("policy".to_owned(), policy));
    fields
}

fn posted(fields: &[(String, String)], file: &[u8]) -> http::Request<bytes::Bytes> {
    let mut body = Vec::new();
    for (name, value) in fields {
        body.extend(format!("--x\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n").into_bytes());
    }
    body.extend(b"--x\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a\"\r\n\r\n");
    body.extend([file, b"\r\n--x--\r\n"].concat());
    let request = http::Request::post("http://x/documents").header("content-type", "multipart/form-data; boundary=x");
    request.body(bytes::Bytes::from(body)).unwrap()
}

#[tokio::test]
async fn a_form_puts_what_its_policy_lets_it_and_nothing_else() {
    both(async |cloud: &LocalAws| {
        let client = bucket(cloud).await;
        let now = cloud.services().clock().now_millis();
        let post =
            |fields: &[(String, String)], file: &[u8]| cloud.services().s3.call(posted(fields, file), now).status().as_u16();
        let fields = form(cloud, "evidence/a");
        assert_eq!(post(&fields, b"abc"), 204);
        let got = client.get_object().bucket("documents").key("evidence/a").send().await.unwrap();
        assert_eq!(got.content_type(), Some("image/png"));
        assert_eq!(got.body.collect().await.unwrap().to_vec(), b"abc");
        assert_eq!(post(&fields, b"defg"), 204);
        assert_eq!(versions(&client, "evidence/").await.len(), 2, "what is put over stays a version");
        assert_eq!((post(&fields, b"a"), post(&fields, b"abcde")), (400, 400), "of another size");
        assert_eq!(post(&form(cloud, "execution/a"), b"abc"), 403, "under another key");
        for (name, value) in
            [("Content-Type", "text/html"), ("x-amz-signature", "00"), ("policy", "e30="), ("x-amz-date", "1")]
        {
            let changed: Vec<_> = fields
                .iter()
                .map(|(known, was)| (known.clone(), if known == name { value.to_owned() } else { was.clone() }))
                .collect();
            assert_eq!(post(&changed, b"abc"), 403, "{name}");
        }
        let more = [fields.as_slice(), &[("acl".to_owned(), "public-read".to_owned())]].concat();
        assert_eq!(post(&more, b"abc"), 403, "a field that no condition names");
        let mut ignored = fields.clone();
        ignored.push(("x-ignore-me".to_owned(), "x".to_owned()));
        assert_eq!(post(&ignored, b"abc"), 204);
        let ended = 33_000_000_000_000;
        assert_eq!(cloud.services().s3.call(posted(&fields, b"abc"), ended).status().as_u16(), 403, "after its end");
        assert_eq!(post(&[], b"abc"), 403, "unsigned");
    })
    .await;
}
