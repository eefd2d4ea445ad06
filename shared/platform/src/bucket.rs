//! Documents in S3.

use aws_sdk_s3::Client;
use aws_sdk_s3::config::Builder;
use aws_sdk_s3::primitives::ByteStream;
use aws_types::SdkConfig;

use crate::config::{ConfigError, Settings};

/// The most bytes of a document that is fetched whole: a report is a hundredth of it.
const MOST_BYTES: i64 = 16 * 1024 * 1024;

/// A document was not kept, or could not be fetched.
#[derive(Debug, thiserror::Error)]
#[error("the bucket could not be reached")]
pub struct BucketError(#[source] Box<dyn std::error::Error + Send + Sync>);

/// The bucket of documents.
#[derive(Clone)]
pub struct Bucket {
    client: Client,
    name: String,
}

impl Bucket {
    /// The bucket that the setting `BUCKET` names.
    ///
    /// # Errors
    /// When it is not set.
    pub fn new(aws: &SdkConfig, settings: &Settings) -> Result<Bucket, ConfigError> {
        let name = settings.required("BUCKET")?.to_owned();
        // With an emulator the bucket's name cannot be part of the host's.
        let config = Builder::from(aws).force_path_style(settings.get("AWS_ENDPOINT_URL").is_some()).build();
        Ok(Bucket { client: Client::from_conf(config), name })
    }

    /// Keeps a document under a key that is derived from what it is: the same document again changes nothing.
    ///
    /// # Errors
    /// When S3 did not confirm it.
    pub async fn keep(&self, key: &str, content_type: &str, bytes: Vec<u8>) -> Result<(), BucketError> {
        let call = self.client.put_object().bucket(&self.name).key(key).content_type(content_type);
        call.body(ByteStream::from(bytes)).send().await.map_err(|error| BucketError(error.into()))?;
        Ok(())
    }

    /// A document, if it is there. Tells absence from refusal only to a role that may list the bucket.
    ///
    /// # Errors
    /// When S3 did not give it, or it is larger than what is fetched whole.
    pub async fn fetch(&self, key: &str) -> Result<Option<Vec<u8>>, BucketError> {
        let answer = match self.client.get_object().bucket(&self.name).key(key).send().await {
            Ok(answer) => answer,
            Err(error) if error.as_service_error().is_some_and(|error| error.is_no_such_key()) => return Ok(None),
            Err(error) => return Err(BucketError(error.into())),
        };
        if answer.content_length().is_some_and(|bytes| bytes > MOST_BYTES) {
            return Err(BucketError(format!("{key} is larger than {MOST_BYTES} bytes").into()));
        }
        let body = answer.body.collect().await.map_err(|error| BucketError(error.into()))?;
        Ok(Some(body.into_bytes().to_vec()))
    }
}
