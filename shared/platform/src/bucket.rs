//! Documents in S3.

use aws_sdk_s3::Client;
use aws_sdk_s3::config::Builder;
use aws_sdk_s3::primitives::ByteStream;
use aws_types::SdkConfig;

use crate::config::{ConfigError, Settings};

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
}
