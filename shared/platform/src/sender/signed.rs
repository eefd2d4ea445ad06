//! Requests to AWS that are signed here (Signature Version 4).

use std::time::{Duration, SystemTime};

use aws_credential_types::provider::{ProvideCredentials as _, SharedCredentialsProvider};
use aws_sigv4::http_request::{SignableBody, SignableRequest, SigningSettings, sign};
use aws_sigv4::sign::v4;

use super::SendError;
use crate::Platform;
use crate::clock::Clock;
use crate::config::ConfigError;
use crate::outbound::{Answer, Outbound, Request};

/// Signs and sends requests to one service.
pub(super) struct Signed {
    service: &'static str,
    url: String,
    region: String,
    credentials: SharedCredentialsProvider,
    outbound: Outbound,
    clock: Clock,
}

impl Signed {
    /// For the service of this name, at this host's beginning (`sns`, `email`).
    pub(super) fn new(platform: &Platform, service: &'static str, host: &str) -> Result<Signed, ConfigError> {
        let region = platform.settings.required("AWS_REGION")?.to_owned();
        let credentials = platform.aws.credentials_provider().ok_or(ConfigError::Missing("AWS_ACCESS_KEY_ID"))?;
        let url = match platform.settings.get("AWS_ENDPOINT_URL") {
            Some(url) => url.trim_end_matches('/').to_owned(),
            None => format!("https://{host}.{region}.amazonaws.com"),
        };
        let (outbound, clock) = (platform.outbound.clone(), platform.clock.clone());
        Ok(Signed { service, url, region, credentials, outbound, clock })
    }

    /// Posts a body to a path.
    pub(super) async fn post(&self, path: &str, content_type: &str, body: Vec<u8>) -> Result<Answer, SendError> {
        let url = format!("{}{path}", self.url);
        let headers = vec![("content-type".to_owned(), content_type.to_owned())];
        let request = Request { method: http::Method::POST, url, headers, body };
        Ok(self.outbound.call(self.signed(request).await?).await?)
    }

    async fn signed(&self, mut request: Request) -> Result<Request, SendError> {
        let wrong = |why: &dyn std::fmt::Display| SendError::NotTaken(format!("it could not be signed: {why}"));
        let credentials = self.credentials.provide_credentials().await.map_err(|error| wrong(&error))?;
        let identity = credentials.into();
        let since = Duration::from_millis(u64::try_from(self.clock.now().millis()).unwrap_or(0));
        let parameters = v4::SigningParams::builder()
            .identity(&identity)
            .region(&self.region)
            .name(self.service)
            .time(SystemTime::UNIX_EPOCH + since)
            .settings(SigningSettings::default())
            .build()
            .map_err(|error| wrong(&error))?;
        let headers = request.headers.iter().map(|(name, value)| (name.as_str(), value.as_str()));
        let body = SignableBody::Bytes(&request.body);
        let signable = SignableRequest::new("POST", &request.url, headers, body).map_err(|error| wrong(&error))?;
        let (instructions, _) = sign(signable, &parameters.into()).map_err(|error| wrong(&error))?.into_parts();
        let (added, _) = instructions.into_parts();
        request.headers.extend(added.iter().map(|header| (header.name().to_owned(), header.value().to_owned())));
        Ok(request)
    }
}
