//! Documents in S3.

mod upload;

pub use upload::{Upload, Wanted};

use std::time::{Duration, SystemTime};

use aws_sdk_s3::Client;
use aws_sdk_s3::config::Builder;
use aws_sdk_s3::error::ProvideErrorMetadata;
use aws_sdk_s3::presigning::PresigningConfig;
use aws_sdk_s3::primitives::ByteStream;
use aws_types::SdkConfig;
use domain::moment::Moment;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

use crate::config::{ConfigError, Settings};

/// The most bytes of a document that is fetched whole: a report is a hundredth of it.
const MOST_BYTES: i64 = 16 * 1024 * 1024;
/// What is escaped in a path: all but what every URL has plainly.
const NOT_IN_A_PATH: &AsciiSet = &NON_ALPHANUMERIC.remove(b'/').remove(b'-').remove(b'_').remove(b'.');
/// What is said of a document that is one person's: nobody on the way keeps it.
const NOT_KEPT: &str = "private, no-store";

/// A document was not kept, or could not be fetched.
#[derive(Debug, thiserror::Error)]
#[error("the bucket could not be reached")]
pub struct BucketError(#[source] Box<dyn std::error::Error + Send + Sync>);

/// A document that a person takes home: its name on their device, and its kind.
#[derive(Debug, Clone, Copy)]
pub struct Download<'a> {
    /// The name of the file: letters, digits, `-` and `.`, so that it needs no quoting anywhere.
    pub file: &'a str,
    /// The kind, as `Content-Type` has it.
    pub content_type: &'a str,
}

impl Download<'_> {
    fn disposition(&self) -> String {
        format!("attachment; filename=\"{}\"", self.file)
    }
}

/// One version of a document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Version {
    /// Its document's key.
    pub key: String,
    /// The bucket's id of it.
    pub id: String,
}

/// Some versions of documents.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Versions {
    /// Which.
    pub found: Vec<Version>,
    /// Whether there are more.
    pub more: bool,
}

/// What a document is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Kind {
    /// As `Content-Type` has it.
    pub content_type: String,
    /// The tag of its bytes.
    pub etag: Option<String>,
}

/// The bucket of documents.
#[derive(Clone)]
pub struct Bucket {
    client: Client,
    name: String,
    /// What forms that others upload by are signed with.
    aws: SdkConfig,
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
        Ok(Bucket { client: Client::from_conf(config), name, aws: aws.clone() })
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

    /// Keeps a document that a person takes home, so that it is saved and never shown in place, nor kept by anyone on the way.
    ///
    /// # Errors
    /// When S3 did not confirm it.
    pub async fn keep_download(&self, key: &str, download: Download<'_>, bytes: Vec<u8>) -> Result<(), BucketError> {
        let call = self.client.put_object().bucket(&self.name).key(key).content_type(download.content_type);
        let call = call.content_disposition(download.disposition()).cache_control(NOT_KEPT);
        call.body(ByteStream::from(bytes)).send().await.map_err(|error| BucketError(error.into()))?;
        Ok(())
    }

    /// Whether a document is there. Tells absence from refusal only to a role that may list the bucket.
    ///
    /// # Errors
    /// When S3 did not say.
    pub async fn has(&self, key: &str) -> Result<bool, BucketError> {
        match self.client.head_object().bucket(&self.name).key(key).send().await {
            Ok(_) => Ok(true),
            Err(error) if error.as_service_error().is_some_and(|error| error.is_not_found()) => Ok(false),
            Err(error) => Err(BucketError(error.into())),
        }
    }

    /// A URL by which anyone who has it can fetch the document, from `now` on for `serves`. It is signed here: no call is made, and
    /// whether the document is there is not asked.
    ///
    /// # Errors
    /// When there are no credentials to sign with.
    pub async fn link(
        &self,
        key: &str,
        download: Download<'_>,
        now: Moment,
        serves: Duration,
    ) -> Result<String, BucketError> {
        let since = Duration::from_millis(u64::try_from(now.millis()).unwrap_or(0));
        let signing = PresigningConfig::builder().start_time(SystemTime::UNIX_EPOCH + since).expires_in(serves).build();
        let call = self.client.get_object().bucket(&self.name).key(key);
        // The object says the same of itself; here it is said again for one that was kept by an earlier form of this code.
        let call = call.response_content_disposition(download.disposition()).response_cache_control(NOT_KEPT);
        let signed = call.presigned(signing.map_err(|error| BucketError(error.into()))?).await;
        Ok(signed.map_err(|error| BucketError(error.into()))?.uri().to_owned())
    }

    /// The keys of all documents whose keys begin so, in order.
    ///
    /// # Errors
    /// When S3 did not say.
    pub async fn list(&self, prefix: &str) -> Result<Vec<String>, BucketError> {
        let mut keys = Vec::new();
        let mut from = None;
        loop {
            let call = self.client.list_objects_v2().bucket(&self.name).prefix(prefix).set_continuation_token(from);
            let answer = call.send().await.map_err(|error| BucketError(error.into()))?;
            keys.extend(answer.contents.unwrap_or_default().into_iter().filter_map(|object| object.key));
            from = answer.next_continuation_token;
            if from.is_none() {
                keys.sort_unstable();
                return Ok(keys);
            }
        }
    }

    /// Versions of documents whose keys begin so, those that are hidden and marks of deletion among them: up to a page, and whether there are more.
    ///
    /// # Errors
    /// When S3 did not say.
    pub async fn versions(&self, prefix: &str) -> Result<Versions, BucketError> {
        let call = self.client.list_object_versions().bucket(&self.name).prefix(prefix);
        let answer = call.send().await.map_err(|error| BucketError(error.into()))?;
        let documents = answer.versions.unwrap_or_default().into_iter().map(|version| (version.key, version.version_id));
        let marks = answer.delete_markers.unwrap_or_default().into_iter().map(|mark| (mark.key, mark.version_id));
        let found = documents.chain(marks).filter_map(|(key, id)| Some(Version { key: key?, id: id? })).collect();
        Ok(Versions { found, more: answer.is_truncated == Some(true) })
    }

    /// Deletes one version of a document, for good.
    ///
    /// # Errors
    /// When S3 did not confirm it; one that is gone is no error.
    pub async fn delete_version(&self, version: &Version) -> Result<(), BucketError> {
        let call = self.client.delete_object().bucket(&self.name).key(&version.key).version_id(&version.id);
        call.send().await.map_err(|error| BucketError(error.into()))?;
        Ok(())
    }

    /// How many bytes a document has, if it is there. Tells absence from refusal only to a role that may list the bucket.
    ///
    /// # Errors
    /// When S3 did not say.
    pub async fn length(&self, key: &str) -> Result<Option<u64>, BucketError> {
        match self.client.head_object().bucket(&self.name).key(key).send().await {
            Ok(answer) => Ok(Some(answer.content_length().and_then(|bytes| u64::try_from(bytes).ok()).unwrap_or(0))),
            Err(error) if error.as_service_error().is_some_and(|error| error.is_not_found()) => Ok(None),
            Err(error) => Err(BucketError(error.into())),
        }
    }

    /// The kind of a document, as `Content-Type` has it, and its tag, if it is there. Other bytes under the same key have another tag; the same have the same, since the bucket's own key encrypts them. Tells absence from refusal only to a role that may list the bucket.
    ///
    /// # Errors
    /// When S3 did not say.
    pub async fn kind(&self, key: &str) -> Result<Option<Kind>, BucketError> {
        match self.client.head_object().bucket(&self.name).key(key).send().await {
            Ok(answer) => {
                let etag = answer.e_tag.map(|tag| tag.trim_matches('"').to_owned());
                Ok(Some(Kind { content_type: answer.content_type.unwrap_or_default(), etag }))
            }
            Err(error) if error.as_service_error().is_some_and(|error| error.is_not_found()) => Ok(None),
            Err(error) => Err(BucketError(error.into())),
        }
    }

    /// Copies a document to another key, whatever its size, without fetching it. The copy again changes nothing.
    ///
    /// # Errors
    /// When S3 did not confirm it.
    pub async fn copy(&self, from: &str, to: &str) -> Result<(), BucketError> {
        // The source is part of a URL: whatever is in a name that somebody else chose.
        let source = format!("{}/{}", self.name, utf8_percent_encode(from, NOT_IN_A_PATH));
        let call = self.client.copy_object().bucket(&self.name).copy_source(source).key(to);
        call.send().await.map_err(|error| BucketError(error.into()))?;
        Ok(())
    }

    /// Removes a document; one that is not there is removed already.
    ///
    /// # Errors
    /// When S3 did not confirm it.
    pub async fn remove(&self, key: &str) -> Result<(), BucketError> {
        let call = self.client.delete_object().bucket(&self.name).key(key);
        match call.send().await {
            Ok(_) => Ok(()),
            Err(error) if error.as_service_error().and_then(ProvideErrorMetadata::code) == Some("NoSuchKey") => Ok(()),
            Err(error) => Err(BucketError(error.into())),
        }
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
