//! The local cloud as a whole: all emulators, started and stopped together.
//!
//! Promise: [`LocalAws::start`] answers real SDK clients over HTTP on one port of 127.0.0.1; [`LocalAws::in_process`] answers
//! clients built from its [`sdk_config`](LocalAws::sdk_config) and nobody else, with no socket. Without a data directory
//! nothing is left behind; with one the next start goes on where this one stopped.
//!
//! What is on disk: DynamoDB's answers are there when they are given, S3's too, KMS's keys when they are made; SQS is
//! written every second while it changes and at the stop, so that a power cut may lose a second of queue (messages come
//! again, or the last ones are lost: the platform's sweeps make up for it, as for a queue that is down).
//!
//! Bounds: one process for one data directory, held by a lock. Failure: a taken port, a directory that cannot be written or
//! is in use are errors in one line.

mod data;

use std::path::PathBuf;
use std::time::Duration;

use aws_credential_types::Credentials;
use aws_credential_types::provider::SharedCredentialsProvider;
use aws_smithy_async::rt::sleep::{SharedAsyncSleep, TokioSleep};
use aws_smithy_async::time::SharedTimeSource;
use aws_smithy_runtime_api::client::behavior_version::BehaviorVersion;
use aws_smithy_runtime_api::client::stalled_stream_protection::StalledStreamProtectionConfig;
use aws_smithy_types::retry::RetryConfig;
use aws_types::SdkConfig;
use aws_types::region::Region;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

use crate::chance::fresh_seed;
use crate::clock::Clock;
use crate::connector;
use crate::dynamo::{DatabaseError, DynamoDb, DynamoOptions};
use crate::kms::{Kms, KmsOptions};
use crate::s3::{S3, S3Error};
use crate::server::Server;
use crate::services::Services;
use crate::sqs::{Disorder, Sqs, SqsOptions, StoreError};

use data::Data;

/// The region that the local cloud says it is.
pub const REGION: &str = "me-south-1";

/// The key by which clients of the emulators sign, and its secret: forms of S3 are checked against them, and nothing else.
pub(crate) const KEY_ID: &str = "local";
pub(crate) const SECRET_KEY: &str = "local";

/// Where clients in process say they call: an address, so that the SDK puts buckets in the path. Nothing listens there.
const NOWHERE: &str = "http://127.0.0.1:1";

/// How often changed queues are written to disk.
const SAVE_EVERY: Duration = Duration::from_secs(1);

/// How the local cloud is set up.
#[derive(Clone, Debug, Default)]
pub struct LocalOptions {
    /// The port of 127.0.0.1; 0 takes a free one. Not used in process.
    pub port: u16,
    /// Where the state is kept. Without it, in memory and a temporary directory.
    pub data: Option<PathBuf>,
    /// Seeds ids, keys, lag and disorder; fresh chance if absent.
    pub seed: Option<u64>,
    /// The time; the machine's if absent.
    pub clock: Option<Clock>,
    /// The conflicts and the lag of DynamoDB.
    pub dynamo: DynamoOptions,
    /// What SQS does to the order and number of messages.
    pub disorder: Disorder,
}

/// The local cloud could not be started or stopped.
#[derive(Debug, thiserror::Error)]
pub enum LocalError {
    /// The port is taken, or may not be used.
    #[error("port {port} of 127.0.0.1 cannot be used: {source}")]
    Port {
        /// The port.
        port: u16,
        /// Why.
        source: std::io::Error,
    },
    /// The data directory cannot be made or written.
    #[error("the data directory {} cannot be used: {source}", path.display())]
    Directory {
        /// The directory.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// Another process uses the data directory.
    #[error("the data directory {} is in use by another local cloud", path.display())]
    InUse {
        /// The directory.
        path: PathBuf,
    },
    /// The system gave no randomness.
    #[error("the system gives no random numbers: {0}")]
    Randomness(String),
    /// DynamoDB could not be opened.
    #[error(transparent)]
    Database(#[from] DatabaseError),
    /// S3's directory could not be used.
    #[error(transparent)]
    S3(#[from] S3Error),
    /// Saved state could not be read or written.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// The running local cloud.
pub struct LocalAws {
    services: Services,
    endpoint: String,
    server: Option<Server>,
    data: Option<Data>,
    saving: Option<JoinHandle<()>>,
}

impl LocalAws {
    /// Starts everything behind one port.
    pub async fn start(options: LocalOptions) -> Result<Self, LocalError> {
        let port = options.port;
        let unusable = |source| LocalError::Port { port, source };
        let listener = TcpListener::bind((std::net::Ipv4Addr::LOCALHOST, port)).await.map_err(unusable)?;
        let address = listener.local_addr().map_err(unusable)?;
        let mut cloud = Self::with_endpoint(options, format!("http://{address}"))?;
        cloud.server = Some(Server::serve(listener, cloud.services.clone()).map_err(unusable)?);
        if let Some(data) = &cloud.data {
            cloud.saving = Some(tokio::spawn(save_changes(cloud.services.clone(), data.clone())));
        }
        Ok(cloud)
    }

    /// Starts everything with no socket; only clients with [`sdk_config`](Self::sdk_config) reach it.
    pub fn in_process(options: LocalOptions) -> Result<Self, LocalError> {
        Self::with_endpoint(options, NOWHERE.to_owned())
    }

    fn with_endpoint(options: LocalOptions, endpoint: String) -> Result<Self, LocalError> {
        let data = options.data.as_deref().map(Data::open).transpose()?;
        let services = services(&options, data.as_ref(), &endpoint)?;
        Ok(Self { services, endpoint, server: None, data, saving: None })
    }

    /// The URL of everything: `AWS_ENDPOINT_URL`.
    pub fn endpoint(&self) -> &str {
        &self.endpoint
    }

    /// The emulators themselves, for counters, faults, the clock and looking inside.
    pub fn services(&self) -> &Services {
        &self.services
    }

    /// Configuration for SDK clients: over HTTP if the cloud serves it, else in process without retries, on its clock.
    pub fn sdk_config(&self) -> SdkConfig {
        let builder = SdkConfig::builder()
            .behavior_version(BehaviorVersion::latest())
            .region(Region::from_static(REGION))
            .endpoint_url(&self.endpoint)
            .credentials_provider(SharedCredentialsProvider::new(credentials()))
            .sleep_impl(SharedAsyncSleep::new(TokioSleep::new()))
            .time_source(SharedTimeSource::new(self.services.clock().clone()));
        match &self.server {
            Some(_) => builder.http_client(aws_smithy_http_client::Builder::new().build_http()).build(),
            None => builder
                .http_client(connector::http_client(&self.services))
                .retry_config(RetryConfig::disabled())
                .stalled_stream_protection(StalledStreamProtectionConfig::disabled())
                .build(),
        }
    }

    /// Writes what only memory holds to the data directory, if there is one.
    pub fn save(&self) -> Result<(), LocalError> {
        match &self.data {
            Some(data) => data.save(&self.services),
            None => Ok(()),
        }
    }

    /// Stops the server, saves, and lets go of every file.
    pub async fn stop(mut self) -> Result<(), LocalError> {
        if let Some(saving) = self.saving.take() {
            saving.abort();
        }
        if let Some(server) = self.server.take() {
            server.stop().await;
        }
        self.save()
    }
}

impl Drop for LocalAws {
    fn drop(&mut self) {
        if let Some(saving) = &self.saving {
            saving.abort();
        }
    }
}

fn credentials() -> Credentials {
    Credentials::new(KEY_ID, SECRET_KEY, None, None, "local")
}

fn fresh() -> Result<u64, LocalError> {
    fresh_seed().map_err(|error| LocalError::Randomness(error.to_string()))
}

fn services(options: &LocalOptions, data: Option<&Data>, endpoint: &str) -> Result<Services, LocalError> {
    let seed = options.seed.map_or_else(fresh, Ok)?;
    let clock = options.clock.clone().unwrap_or_else(Clock::system);
    let dynamo = DynamoOptions { seed, ..options.dynamo.clone() };
    let sqs = SqsOptions { endpoint: endpoint.to_owned(), region: REGION.to_owned(), seed, disorder: options.disorder };
    // Keys that are kept must not be drawn twice, whatever the seed.
    let kms_seed = if data.is_some() { fresh()? } else { seed };
    let kms = KmsOptions { region: REGION.to_owned(), seed: kms_seed };
    let (dynamo, sqs, kms, s3) = match data {
        None => (
            DynamoDb::memory_with_clock(&dynamo, clock.clone())?,
            Sqs::new(sqs, clock.clone()),
            Kms::new(kms, clock.clone()),
            S3::temporary()?,
        ),
        Some(data) => (
            DynamoDb::on_disk(&data.dynamo(), &dynamo, clock.clone())?,
            Sqs::load(&data.sqs(), sqs, clock.clone())?,
            Kms::on_disk(&data.kms(), kms, clock.clone())?,
            S3::on_disk(&data.s3())?,
        ),
    };
    Ok(Services::new(dynamo, sqs, kms, s3, clock))
}

async fn save_changes(services: Services, data: Data) {
    let mut saved = services.sqs.changes();
    loop {
        tokio::time::sleep(SAVE_EVERY).await;
        let changes = services.sqs.changes();
        if changes == saved {
            continue;
        }
        match data.save(&services) {
            Ok(()) => saved = changes,
            // The stop tries once more, and says so.
            Err(error) => tracing::warn!(%error, "queues not saved"),
        }
    }
}
