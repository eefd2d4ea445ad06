//! How AWS is reached: credentials and region from the environment, TLS by `ring`, only the root certificates that AWS uses.
//!
//! The usual credential chain is left out: a function's credentials stand in its environment and last as long as the environment.
//! `ring` instead of AWS-LC saves the gathering of jitter entropy at the first handshake, some 45 ms of a cold start; both take their
//! randomness from the operating system then.

use aws_credential_types::Credentials;
use aws_credential_types::provider::SharedCredentialsProvider;
use aws_smithy_async::rt::sleep::{SharedAsyncSleep, TokioSleep};
use aws_smithy_http_client::Builder;
use aws_smithy_http_client::tls::rustls_provider::CryptoMode;
use aws_smithy_http_client::tls::{Provider, TlsContext, TrustStore};
use aws_smithy_runtime_api::client::behavior_version::BehaviorVersion;
use aws_smithy_runtime_api::client::http::SharedHttpClient;
use aws_smithy_types::retry::RetryConfig;
use aws_smithy_types::timeout::TimeoutConfig;
use aws_types::SdkConfig;
use aws_types::region::Region;
use std::time::Duration;

use crate::config::{ConfigError, Settings};

/// The certificate authorities behind AWS's endpoints, from <https://www.amazontrust.com/repository/>.
const AMAZON_ROOTS: &str = include_str!("aws/amazon_roots.pem");

/// Longest wait for a connection. Within a region one takes milliseconds.
const CONNECT: Duration = Duration::from_secs(2);
/// Longest wait for one answer. Ten times the slowest that DynamoDB and SQS promise; a retry is better than a longer wait.
const ATTEMPT: Duration = Duration::from_secs(5);
/// Attempts of one call. What still fails then goes back to the queue or to the client, who are more patient than a function.
const ATTEMPTS: u32 = 3;

/// The one configuration that all clients of a function share.
pub(crate) fn sdk_config(settings: &Settings) -> Result<SdkConfig, ConfigError> {
    let region = Region::new(settings.required("AWS_REGION")?.to_owned());
    let credentials = Credentials::new(
        settings.required("AWS_ACCESS_KEY_ID")?,
        settings.required("AWS_SECRET_ACCESS_KEY")?,
        settings.get("AWS_SESSION_TOKEN").map(str::to_owned),
        None,
        "environment",
    );
    let mut config = SdkConfig::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(region)
        .credentials_provider(SharedCredentialsProvider::new(credentials))
        .sleep_impl(SharedAsyncSleep::new(TokioSleep::new()))
        .retry_config(RetryConfig::standard().with_max_attempts(ATTEMPTS))
        .timeout_config(TimeoutConfig::builder().connect_timeout(CONNECT).operation_attempt_timeout(ATTEMPT).build());
    let endpoint = settings.get("AWS_ENDPOINT_URL");
    config.set_endpoint_url(endpoint.map(str::to_owned));
    config.set_http_client(Some(match endpoint {
        Some(url) if url.starts_with("http://") => Builder::new().build_http(),
        _ => https()?,
    }));
    Ok(config.build())
}

fn https() -> Result<SharedHttpClient, ConfigError> {
    let roots = TrustStore::empty().with_pem_certificate(AMAZON_ROOTS);
    let context = TlsContext::builder()
        .with_trust_store(roots)
        .build()
        .map_err(|error| ConfigError::Unusable { name: "AWS roots", why: error.to_string() })?;
    let provider = Provider::Rustls(CryptoMode::Ring);
    Ok(Builder::new().tls_provider(provider).tls_context(context).build_https())
}
