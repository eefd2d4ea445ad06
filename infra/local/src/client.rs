//! A client of the gateway: JSON over kept connections, for the seed, the scenario, the load and tests.

use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, Method, Request, header};
use http_body_util::{BodyExt as _, Full, Limited};
use hyper_util::client::legacy::Client as Pool;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::{TokioExecutor, TokioTimer};
use serde_json::Value;

/// Longer than the gateway ever waits for a function.
const PATIENCE: Duration = Duration::from_secs(40);
/// More than Lambda can answer.
const ANSWER_LIMIT: usize = 8 * 1024 * 1024;
/// A kept connection is dropped before the server would drop it, so that none is used in the moment of its end.
const IDLE: Duration = Duration::from_secs(20);

/// Calls one server. Clones share its connections.
#[derive(Debug, Clone)]
pub struct Client {
    base: String,
    pool: Pool<HttpConnector, Full<Bytes>>,
}

/// An answer.
#[derive(Debug, Clone)]
pub struct Reply {
    /// The status.
    pub status: u16,
    /// The headers.
    pub headers: HeaderMap,
    /// The body, when it is JSON; else its text.
    pub body: Value,
}

/// There was no answer.
#[derive(Debug, thiserror::Error)]
#[error("{method} {url}: {reason}")]
pub struct NoAnswer {
    method: Method,
    url: String,
    reason: String,
}

impl Client {
    /// A client of the server at this URL, without a slash at its end.
    pub fn new(base: &str) -> Self {
        let mut connector = HttpConnector::new();
        // Small requests wait for nothing.
        connector.set_nodelay(true);
        let pool =
            Pool::builder(TokioExecutor::new()).pool_timer(TokioTimer::new()).pool_idle_timeout(IDLE).build(connector);
        Self { base: base.to_owned(), pool }
    }

    /// Calls a path with these headers, and a body of JSON unless it is null.
    ///
    /// # Errors
    /// When no answer came; the server may have acted all the same.
    pub async fn call(&self, method: Method, path: &str, headers: &[(&str, &str)], body: &Value) -> Result<Reply, NoAnswer> {
        let url = format!("{}{path}", self.base);
        let failed = |reason: String| NoAnswer { method: method.clone(), url: url.clone(), reason };
        let mut request = Request::builder().method(&method).uri(&url);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let bytes = if body.is_null() { Bytes::new() } else { Bytes::from(body.to_string()) };
        if !body.is_null() {
            request = request.header(header::CONTENT_TYPE, "application/json");
        }
        let request = request.body(Full::new(bytes)).map_err(|error| failed(error.to_string()))?;
        let answered = tokio::time::timeout(PATIENCE, self.exchange(request)).await;
        answered.map_err(|_| failed("no answer in time".to_owned()))?.map_err(failed)
    }

    /// Fetches what lies at a URL, on whatever server, as it is.
    ///
    /// # Errors
    /// When no answer came, or one that is not 200.
    pub async fn fetch(&self, url: &str) -> Result<Bytes, NoAnswer> {
        let failed = |reason: String| NoAnswer { method: Method::GET, url: without_query(url).to_owned(), reason };
        let request = Request::get(url).body(Full::new(Bytes::new())).map_err(|error| failed(error.to_string()))?;
        let answered = tokio::time::timeout(PATIENCE, self.whole(request)).await;
        let (parts, bytes) = answered.map_err(|_| failed("no answer in time".to_owned()))?.map_err(failed)?;
        if parts.status == 200 { Ok(bytes) } else { Err(failed(parts.status.to_string())) }
    }

    async fn whole(&self, request: Request<Full<Bytes>>) -> Result<(http::response::Parts, Bytes), String> {
        let response = self.pool.request(request).await.map_err(|error| error.to_string())?;
        let (parts, body) = response.into_parts();
        let bytes = Limited::new(body, ANSWER_LIMIT).collect().await.map_err(|error| error.to_string())?.to_bytes();
        Ok((parts, bytes))
    }

    async fn exchange(&self, request: Request<Full<Bytes>>) -> Result<Reply, String> {
        let (parts, bytes) = self.whole(request).await?;
        let text = || Value::String(String::from_utf8_lossy(&bytes).into_owned());
        let body = serde_json::from_slice(&bytes).unwrap_or_else(|_| text());
        Ok(Reply { status: parts.status.as_u16(), headers: parts.headers, body })
    }
}

/// A signature in a URL is nobody's business.
fn without_query(url: &str) -> &str {
    url.split('?').next().unwrap_or_default()
}
