//! Pages beside the API: plain HTTP for what exists on one machine only.

use std::fmt;
use std::sync::Arc;

use bytes::Bytes;
use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use http::{Method, Response};

/// A request to a page.
#[derive(Debug, Clone)]
pub struct PageRequest {
    /// The method.
    pub method: Method,
    /// The path after the page's prefix: empty, or beginning with a slash.
    pub path: String,
    /// The query's names and values, decoded.
    pub query: Vec<(String, String)>,
    /// The body.
    pub body: Bytes,
}

impl PageRequest {
    /// The first value of a query parameter.
    pub fn parameter(&self, name: &str) -> Option<&str> {
        self.query.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }
}

type Answer = dyn Fn(PageRequest) -> BoxFuture<'static, Response<Bytes>> + Send + Sync;

/// Everything under one path prefix.
#[derive(Clone)]
pub struct Page {
    prefix: String,
    answer: Arc<Answer>,
}

impl Page {
    /// Answers every request whose path is `prefix` or lies under it.
    pub fn new<A, F>(prefix: &str, answer: A) -> Self
    where
        A: Fn(PageRequest) -> F + Send + Sync + 'static,
        F: Future<Output = Response<Bytes>> + Send + 'static,
    {
        Self { prefix: prefix.to_owned(), answer: Arc::new(move |request| answer(request).boxed()) }
    }

    /// The path prefix.
    pub fn prefix(&self) -> &str {
        &self.prefix
    }

    /// The path below the prefix, when the page has it.
    pub(super) fn below<'p>(&self, path: &'p str) -> Option<&'p str> {
        path.strip_prefix(self.prefix.as_str()).filter(|rest| rest.is_empty() || rest.starts_with('/'))
    }

    pub(super) async fn answer(&self, request: PageRequest) -> Response<Bytes> {
        (self.answer)(request).await
    }
}

impl fmt::Debug for Page {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Page").field(&self.prefix).finish()
    }
}
