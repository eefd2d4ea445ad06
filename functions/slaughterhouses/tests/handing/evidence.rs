//! What a form lets through to the bucket: what it was asked for, and nothing else, and not for long.

use std::time::Duration;

use bytes::Bytes;
use domain::hash::Hash;
use serde_json::{Value, json};
use stage::Stage;

use crate::{answer, deps, event, stage};

const PHOTO: &[u8] = b"\xFF\xD8\xFF a photo";

/// A form for [`PHOTO`].
async fn asked(stage: &Stage, more: Value) -> Value {
    let mut sent = event("good-evidence-photo");
    let mut body = json!({"kind": "photo", "content_type": "image/jpeg", "bytes": PHOTO.len()});
    body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    sent["body"] = json!(body.to_string());
    let told = answer(&deps(stage), sent).await;
    assert_eq!(told["statusCode"], 201, "{told}");
    told["body"].clone()
}

/// Posts a form with its file, as a browser or `curl -F` does; S3's status.
fn post(stage: &Stage, form: &Value, file: &[u8]) -> u16 {
    let mut body = Vec::new();
    for (name, value) in form["fields"].as_object().unwrap() {
        let value = value.as_str().unwrap();
        body.extend(format!("--limit\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n").into_bytes());
    }
    body.extend(
        b"--limit\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a.jpg\"\r\nContent-Type: image/jpeg\r\n\r\n",
    );
    body.extend(file);
    body.extend(b"\r\n--limit--\r\n");
    let request = http::Request::post(form["url"].as_str().unwrap())
        .header("content-type", "multipart/form-data; boundary=limit")
        .body(Bytes::from(body))
        .unwrap();
    stage.cloud.services().s3.call(request, stage.clock.now_millis()).status().as_u16()
}

fn changed(form: &Value, field: &str, value: &str) -> Value {
    let mut form = form.clone();
    form["fields"][field] = json!(value);
    form
}

async fn kind(stage: &Stage, form: &Value) -> Option<String> {
    let key = format!("evidence/makkah-1/{}", form["evidence"].as_str().unwrap());
    stage.bucket().unwrap().kind(&key).await.unwrap().map(|kind| kind.content_type)
}

#[tokio::test(start_paused = true)]
async fn what_was_asked_for_is_uploaded_under_its_id_and_type() {
    let stage = stage().await;
    let form = asked(&stage, json!({"sha256": Hash::of(&[PHOTO])})).await;
    assert_eq!(kind(&stage, &form).await, None);
    assert_eq!(post(&stage, &form, PHOTO), 204);
    assert_eq!(kind(&stage, &form).await.as_deref(), Some("image/jpeg"));
    let other = asked(&stage, json!({})).await;
    assert_ne!(form["evidence"], other["evidence"]);
}

#[tokio::test(start_paused = true)]
async fn whatever_differs_from_the_form_is_refused() {
    let stage = stage().await;
    let form = asked(&stage, json!({"sha256": Hash::of(&[PHOTO])})).await;
    let longer = [PHOTO, b"!"].concat();
    let mut other = PHOTO.to_vec();
    other[0] = 0;
    let key = form["fields"]["key"].as_str().unwrap();
    let refused = [
        (form.clone(), longer.as_slice(), 400),
        (form.clone(), &PHOTO[1..], 400),
        (form.clone(), other.as_slice(), 400),
        (changed(&form, "Content-Type", "text/html"), PHOTO, 403),
        (changed(&form, "key", "execution/makkah-1/x"), PHOTO, 403),
        (changed(&form, "key", &format!("{key}x")), PHOTO, 403),
        (changed(&form, "acl", "public-read"), PHOTO, 403),
        (changed(&form, "x-amz-signature", &"0".repeat(64)), PHOTO, 403),
        (changed(&form, "policy", "e30="), PHOTO, 403),
    ];
    for (form, file, status) in refused {
        assert_eq!(post(&stage, &form, file), status, "{form}");
    }
    assert_eq!(kind(&stage, &form).await, None);
}

#[tokio::test(start_paused = true)]
async fn a_form_serves_an_hour() {
    let stage = stage().await;
    let form = asked(&stage, json!({})).await;
    tokio::time::advance(Duration::from_secs(3_599)).await;
    assert_eq!(post(&stage, &form, PHOTO), 204);
    tokio::time::advance(Duration::from_secs(1)).await;
    assert_eq!(post(&stage, &form, PHOTO), 403);
}
