//! Calls to servers that are not AWS: payment providers, the identity provider's keys, the secrets extension.
//!
//! An enum of two back ends: the network, and a function in process for tests and simulations. Calls are bounded in time and in the size
//! of the answer. A failed call says whether the server may have acted.

use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use bytes::Bytes;
use http_body_util::{BodyExt as _, Full, Limited};
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::{TokioExecutor, TokioTimer};

/// Longest wait for one answer. Payment providers answer within two seconds, or not at all.
const ANSWER: Duration = Duration::from_secs(8);
/// The largest answer that is read: a page of a hundred payments is a tenth of it.
const MOST_BYTES: usize = 2 * 1024 * 1024;

/// A call to make.
#[derive(Debug, Clone)]
pub struct Request {
    /// The method.
    pub method: http::Method,
    /// The whole URL.
    pub url: String,
    /// Header names, in lower case, and values.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: Vec<u8>,
}

/// An answer.
#[derive(Debug, Clone)]
pub struct Answer {
    /// Its status.
    pub status: u16,
    /// Its body.
    pub body: Vec<u8>,
}

/// There was no answer; the server may have acted all the same.
#[derive(Debug, thiserror::Error)]
pub enum OutboundError {
    /// The URL or a header is not well formed.
    #[error("the request is not well formed")]
    Malformed,
    /// No connection, or it broke.
    #[error("the server cannot be reached")]
    Unreachable(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// No answer in time.
    #[error("the server did not answer in time")]
    Late,
}

impl Request {
    /// A GET.
    pub fn get(url: &str) -> Request {
        Request { method: http::Method::GET, url: url.to_owned(), headers: Vec::new(), body: Vec::new() }
    }

    /// A POST of JSON.
    pub fn post_json(url: &str, body: &serde_json::Value) -> Request {
        let headers = vec![("content-type".to_owned(), "application/json".to_owned())];
        Request { method: http::Method::POST, url: url.to_owned(), headers, body: body.to_string().into_bytes() }
    }

    /// The same with a header more.
    pub fn with_header(mut self, name: &str, value: &str) -> Request {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }
}

/// The future of an answer.
pub type Answering = Pin<Box<dyn Future<Output = Result<Answer, OutboundError>> + Send>>;

type Network = Client<HttpsConnector<HttpConnector>, Full<Bytes>>;

/// How servers that are not AWS are reached.
#[derive(Clone)]
pub enum Outbound {
    /// Over the network; the client is made at the first call, because many invocations need none.
    Network(Arc<OnceLock<Network>>),
    /// In process.
    InProcess(Arc<dyn Fn(Request) -> Answering + Send + Sync>),
}

impl Outbound {
    /// Over the network.
    pub fn network() -> Outbound {
        Outbound::Network(Arc::default())
    }

    /// Makes a call.
    ///
    /// # Errors
    /// When there was no answer. Any status is an answer.
    pub async fn call(&self, request: Request) -> Result<Answer, OutboundError> {
        match self {
            Outbound::InProcess(server) => server(request).await,
            Outbound::Network(client) => {
                let client = client.get_or_init(client_with_public_roots);
                tokio::time::timeout(ANSWER, over_network(client, request)).await.map_err(|_| OutboundError::Late)?
            }
        }
    }
}

fn client_with_public_roots() -> Network {
    let roots = rustls::RootCertStore { roots: webpki_roots::TLS_SERVER_ROOTS.to_vec() };
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let tls = rustls::ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .expect("ring supports the default protocol versions")
        .with_root_certificates(roots)
        .with_no_client_auth();
    let connector = HttpsConnectorBuilder::new().with_tls_config(tls).https_or_http().enable_http1().build();
    Client::builder(TokioExecutor::new())
        .pool_idle_timeout(Duration::from_secs(20))
        .pool_timer(TokioTimer::new())
        .build(connector)
}

async fn over_network(client: &Network, request: Request) -> Result<Answer, OutboundError> {
    let mut builder = http::Request::builder().method(request.method).uri(request.url);
    for (name, value) in request.headers {
        builder = builder.header(name, value);
    }
    let request = builder.body(Full::from(request.body)).map_err(|_| OutboundError::Malformed)?;
    let answer = client.request(request).await.map_err(|error| OutboundError::Unreachable(error.into()))?;
    let status = answer.status().as_u16();
    let body = Limited::new(answer.into_body(), MOST_BYTES).collect().await.map_err(OutboundError::Unreachable)?;
    Ok(Answer { status, body: body.to_bytes().to_vec() })
}
