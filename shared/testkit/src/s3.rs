//! S3 on this machine: `s3s-fs` over a directory.
//!
//! Promise: buckets and objects as files, through the real protocol. `If-None-Match` and `If-Match` decide atomically:
//! `s3s-fs` alone checks first and writes later, so two creators could both win; here one writes at a time.
//!
//! Uploads by forms are checked against their policy ([`post`]).
//!
//! Shape: [`S3::call`] takes a whole request and gives a whole response. It runs on the calling thread from beginning to
//! end, so that a single-threaded run is the same each time; files are small here (receipts, reports).
//! Objects have versions, the earlier of which are in memory ([`versions`]).
//! Bounds: no lifecycle; signatures of requests, expiry of presigned URLs and checksums in trailers are not checked. Failure: a broken request is S3's XML error.

mod post;
mod unsigned;
mod versions;

use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use http::{HeaderName, HeaderValue, Method, StatusCode};
use http_body_util::BodyExt;
use s3s::service::{S3Service, S3ServiceBuilder};
use s3s_fs::FileSystem;
use tempfile::TempDir;

use crate::wire::{Request, Response};
use versions::{Asked, Versions};

/// The emulated S3. Clones share it; a temporary directory goes with the last of them.
#[derive(Clone)]
pub struct S3 {
    parts: Arc<Parts>,
}

struct Parts {
    service: S3Service,
    root: PathBuf,
    /// Held while an object changes.
    versions: Mutex<Versions>,
    _temporary: Option<TempDir>,
}

/// The directory could not be made or opened.
#[derive(Debug, thiserror::Error)]
#[error("the local S3 cannot use {}: {source}", path.display())]
pub struct S3Error {
    path: PathBuf,
    source: io::Error,
}

impl S3 {
    /// An S3 in a temporary directory.
    pub fn temporary() -> Result<Self, S3Error> {
        let made = tempfile::Builder::new().prefix("local-s3-").tempdir();
        let directory = made.map_err(|source| S3Error { path: std::env::temp_dir(), source })?;
        let path = directory.path().to_owned();
        Self::over(path, Some(directory))
    }

    /// An S3 in the directory at `path`, which is created if absent.
    pub fn on_disk(path: &Path) -> Result<Self, S3Error> {
        std::fs::create_dir_all(path).map_err(|source| S3Error { path: path.to_owned(), source })?;
        Self::over(path.to_owned(), None)
    }

    fn over(root: PathBuf, temporary: Option<TempDir>) -> Result<Self, S3Error> {
        let files = FileSystem::new(&root)
            .map_err(|error| S3Error { path: root.clone(), source: io::Error::other(format!("{error:?}")) })?;
        let service = S3ServiceBuilder::new(files).build();
        Ok(Self { parts: Arc::new(Parts { service, root, versions: Mutex::default(), _temporary: temporary }) })
    }

    /// Where the objects are.
    pub fn root(&self) -> &Path {
        &self.parts.root
    }

    /// Answers one call. Needs a tokio runtime around it, for the file system, but never yields to it.
    pub fn call(&self, request: Request, now_millis: i64) -> Response {
        if post::is_form(&request) {
            return self.post(&request, now_millis);
        }
        let Some(request) = unsigned::unsigned(request) else {
            return error(StatusCode::BAD_REQUEST, "IncompleteBody", "The body is not framed as its headers say.");
        };
        let asked = Asked::of(&request);
        let changes = !matches!(*request.method(), http::Method::GET | http::Method::HEAD);
        let mut held =
            (changes || asked.is_some()).then(|| self.parts.versions.lock().unwrap_or_else(PoisonError::into_inner));
        match (asked, held.as_deref_mut()) {
            (Some(asked), Some(versions)) => self.with_versions(asked, versions, request),
            _ => self.now(request),
        }
    }

    /// Puts what a form uploads, if its policy lets it.
    fn post(&self, request: &Request, now_millis: i64) -> Response {
        let posted = match post::read(request, now_millis) {
            Ok(posted) => posted,
            Err(refused) => return *refused,
        };
        let mut put = plain(Method::PUT, &format!("/{}/{}", posted.bucket, posted.key), posted.body);
        put.headers_mut().extend(HeaderValue::from_str(&posted.content_type).map(|kind| (http::header::CONTENT_TYPE, kind)));
        let mut response = self.call(put, now_millis);
        if response.status().is_success() {
            *response.status_mut() = StatusCode::NO_CONTENT;
        }
        response
    }

    /// The bodies of objects' versions that are not the latest, with their keys.
    pub fn earlier_versions(&self) -> Vec<(String, Bytes)> {
        self.parts.versions.lock().unwrap_or_else(PoisonError::into_inner).earlier()
    }

    fn with_versions(&self, asked: Asked, versions: &mut Versions, request: Request) -> Response {
        let root = &self.parts.root;
        match asked {
            Asked::List(listing) => versions.list(root, &listing),
            Asked::Put(name) => {
                let before = versions::latest(root, &name);
                let mut response = self.now(request);
                if response.status().is_success() {
                    let id = versions.put(name, before);
                    response.headers_mut().extend(id.parse().map(|id| (HeaderName::from_static("x-amz-version-id"), id)));
                }
                response
            }
            Asked::Delete(name) => {
                let before = versions::latest(root, &name);
                let response = self.now(request);
                if response.status().is_success() {
                    versions.mark(name, before);
                }
                response
            }
            Asked::DeleteVersion(name, id) => {
                let path = request.uri().path().to_owned();
                if versions.is_latest(root, &name, &id) {
                    self.now(plain(Method::DELETE, &path, Bytes::new()));
                }
                if let Some(body) = versions.delete(root, &name, &id) {
                    self.now(plain(Method::PUT, &path, body));
                }
                versions::deleted()
            }
        }
    }

    fn now(&self, request: Request) -> Response {
        let is_head = request.method() == http::Method::HEAD;
        // Unconstrained: tokio's budget for one turn would never be renewed in here.
        let mut response = pollster::block_on(tokio::task::unconstrained(self.answer(request)));
        if is_head {
            // Over the wire there is none either.
            response.body_mut().clear();
        }
        response
    }

    async fn answer(&self, request: Request) -> Response {
        let Ok(response) = self.parts.service.call(request.map(s3s::Body::from)).await else {
            return internal_error();
        };
        let (parts, body) = response.into_parts();
        match body.collect().await {
            Ok(body) => Response::from_parts(parts, body.to_bytes()),
            Err(_) => internal_error(),
        }
    }
}

/// A request of the emulator's own.
fn plain(method: Method, path: &str, body: Bytes) -> Request {
    let mut request = Request::new(body);
    *request.method_mut() = method;
    *request.uri_mut() = path.parse().unwrap_or_default();
    let length = HeaderValue::from(request.body().len());
    request.headers_mut().insert(http::header::CONTENT_LENGTH, length);
    request.headers_mut().insert(http::header::HOST, HeaderValue::from_static("s3"));
    request
}

/// An error in S3's form.
pub(crate) fn error(status: StatusCode, code: &str, message: &str) -> Response {
    let body =
        format!("<?xml version=\"1.0\" encoding=\"UTF-8\"?><Error><Code>{code}</Code><Message>{message}</Message></Error>");
    let mut response = Response::new(Bytes::from(body));
    *response.status_mut() = status;
    response
}

fn internal_error() -> Response {
    error(StatusCode::INTERNAL_SERVER_ERROR, "InternalError", "We encountered an internal error. Please try again.")
}
