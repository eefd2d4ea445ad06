//! Forms by which others upload a document straight to S3 (POST Object), signed here.
//!
//! The SDK signs no such form. What may be uploaded stands in a policy: the key, the kind, how many bytes, until when, and where it is known the hash of them; S3 refuses whatever differs. The policy is signed with
//! the key that Signature Version 4 derives: <https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-UsingHTTPPOST.html>.

use std::time::{Duration, SystemTime};

use aws_credential_types::provider::ProvideCredentials as _;
use aws_sigv4::sign::v4::{calculate_signature, generate_signing_key};
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use domain::hash::Hash;
use domain::moment::Moment;
use serde_json::{Value, json};

use super::{Bucket, BucketError};

/// What signs.
const ALGORITHM: &str = "AWS4-HMAC-SHA256";

/// A document that somebody is to upload.
#[derive(Debug, Clone, Copy)]
pub struct Wanted<'a> {
    /// The key under which it will stand.
    pub key: &'a str,
    /// Its kind, as `Content-Type` has it.
    pub content_type: &'a str,
    /// How many bytes it has.
    pub bytes: u64,
    /// The hash of them, where it is known.
    pub sha256: Option<Hash>,
}

/// A form: where it is posted to, and its fields, behind which the file stands as `file`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Upload {
    /// The address.
    pub url: String,
    /// Names and values.
    pub fields: Vec<(String, String)>,
}

impl Bucket {
    /// A form by which whoever has it can upload this document, from `now` on until then. It is signed here: no call is made.
    ///
    /// # Errors
    /// When there are no credentials or there is no region to sign with.
    pub async fn upload(&self, wanted: Wanted<'_>, now: Moment, until: Moment) -> Result<Upload, BucketError> {
        let missing = |what: &str| BucketError(format!("there is no {what} to sign with").into());
        let provider = self.aws.credentials_provider().ok_or_else(|| missing("credential"))?;
        let credentials = provider.provide_credentials().await.map_err(|error| BucketError(error.into()))?;
        let region = self.aws.region().ok_or_else(|| missing("region"))?.as_ref();
        let date = compact(now);
        let scope = format!("{}/{}/{region}/s3/aws4_request", credentials.access_key_id(), &date[..8]);
        let mut fields = vec![
            ("key".to_owned(), wanted.key.to_owned()),
            ("Content-Type".to_owned(), wanted.content_type.to_owned()),
            ("x-amz-algorithm".to_owned(), ALGORITHM.to_owned()),
            ("x-amz-credential".to_owned(), scope),
            ("x-amz-date".to_owned(), date),
        ];
        fields.extend(credentials.session_token().map(|token| ("x-amz-security-token".to_owned(), token.to_owned())));
        if let Some(hash) = wanted.sha256 {
            fields.push(("x-amz-checksum-algorithm".to_owned(), "SHA256".to_owned()));
            fields.push(("x-amz-checksum-sha256".to_owned(), BASE64_STANDARD.encode(hash.bytes())));
        }
        let policy = BASE64_STANDARD.encode(policy(&self.name, wanted.bytes, &fields, until).to_string());
        let since = Duration::from_millis(u64::try_from(now.millis()).unwrap_or(0));
        let time = SystemTime::UNIX_EPOCH + since;
        let key = generate_signing_key(credentials.secret_access_key(), time, region, "s3");
        fields.push(("x-amz-signature".to_owned(), calculate_signature(key, policy.as_bytes())));
        fields.push(("policy".to_owned(), policy));
        let url = match self.aws.endpoint_url() {
            Some(endpoint) => format!("{}/{}", endpoint.trim_end_matches('/'), self.name),
            None => format!("https://{}.s3.{region}.amazonaws.com/", self.name),
        };
        Ok(Upload { url, fields })
    }
}

/// What may be uploaded: each field as it stands in the form, and exactly so many bytes.
fn policy(bucket: &str, bytes: u64, fields: &[(String, String)], until: Moment) -> Value {
    let mut conditions = vec![json!({ "bucket": bucket }), json!(["content-length-range", bytes, bytes])];
    conditions.extend(fields.iter().map(|(name, value)| json!(["eq", format!("${name}"), value])));
    json!({"expiration": whole(until).to_string(), "conditions": conditions})
}

/// Without parts of a second.
fn whole(at: Moment) -> Moment {
    Moment::from_millis(at.seconds() * 1_000)
}

/// A time as signatures have it: `20270516T040500Z`.
fn compact(at: Moment) -> String {
    whole(at).to_string().chars().filter(|sign| !matches!(sign, '-' | ':')).collect()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn a_policy_names_every_field_and_the_bytes_and_ends() {
        let at: Moment = "2027-05-16T04:05:00.750Z".parse().unwrap();
        assert_eq!(compact(at), "20270516T040500Z");
        let fields = [("key".to_owned(), "evidence/a/b".to_owned()), ("Content-Type".to_owned(), "image/png".to_owned())];
        let expected = json!({
            "expiration": "2027-05-16T04:05:00Z",
            "conditions": [
                {"bucket": "documents"},
                ["content-length-range", 7, 7],
                ["eq", "$key", "evidence/a/b"],
                ["eq", "$Content-Type", "image/png"],
            ],
        });
        assert_eq!(policy("documents", 7, &fields, at), expected);
    }

    /// The key and signature of the example in AWS's documentation of POST uploads.
    #[test]
    fn the_signature_is_that_of_the_published_example() {
        let policy = "eyAiZXhwaXJhdGlvbiI6ICIyMDE1LTEyLTMwVDEyOjAwOjAwLjAwMFoiLA0KICAiY29uZGl0aW9ucyI6IFsNCiAgICB7ImJ1Y2tldCI6ICJzaWd2NGV4YW1wbGVidWNrZXQifSwNCiAgICBbInN0YXJ0cy13aXRoIiwgIiRrZXkiLCAidXNlci91c2VyMS8iXSwNCiAgICB7ImFjbCI6ICJwdWJsaWMtcmVhZCJ9LA0KICAgIHsic3VjY2Vzc19hY3Rpb25fcmVkaXJlY3QiOiAiaHR0cDovL3NpZ3Y0ZXhhbXBsZWJ1Y2tldC5zMy5hbWF6b25hd3MuY29tL3N1Y2Nlc3NmdWxfdXBsb2FkLmh0bWwifSwNCiAgICBbInN0YXJ0cy13aXRoIiwgIiRDb250ZW50LVR5cGUiLCAiaW1hZ2UvIl0sDQogICAgeyJ4LWFtei1tZXRhLXV1aWQiOiAiMTQzNjUxMjM2NTEyNzQifSwNCiAgICB7IngtYW16LXNlcnZlci1zaWRlLWVuY3J5cHRpb24iOiAiQUVTMjU2In0sDQogICAgWyJzdGFydHMtd2l0aCIsICIkeC1hbXotbWV0YS10YWciLCAiIl0sDQoNCiAgICB7IngtYW16LWNyZWRlbnRpYWwiOiAiQUtJQUlPU0ZPRE5ON0VYQU1QTEUvMjAxNTEyMjkvdXMtZWFzdC0xL3MzL2F3czRfcmVxdWVzdCJ9LA0KICAgIHsieC1hbXotYWxnb3JpdGhtIjogIkFXUzQtSE1BQy1TSEEyNTYifSwNCiAgICB7IngtYW16LWRhdGUiOiAiMjAxNTEyMjlUMDAwMDAwWiIgfQ0KICBdDQp9";
        let at: Moment = "2015-12-29T00:00:00Z".parse().unwrap();
        let time = SystemTime::UNIX_EPOCH + Duration::from_secs(at.seconds().unsigned_abs());
        let key = generate_signing_key("wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY", time, "us-east-1", "s3");
        let signature = calculate_signature(key, policy.as_bytes());
        assert_eq!(signature, "8afdbf4008c03f22c2cd3cdb72e4afbb1f6a588f3255ac628749a66d7f09699e");
    }
}
