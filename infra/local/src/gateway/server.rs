//! Connections and requests: accepts, checks, routes, invokes, answers.

use std::convert::Infallible;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::header::{self, HeaderValue};
use http::{Request, Response, StatusCode};
use http_body_util::{BodyExt as _, Full, LengthLimitError, Limited};
use hyper::body::Incoming as Body;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulShutdown;
use serde_json::Value;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Semaphore, watch};

use super::event::{self, Incoming};
use super::{Api, BODY_LIMIT_BYTES, HEADER_LIMIT_BYTES, INTEGRATION_TIMEOUT, PageRequest, RequestId, Route, STOP_GRACE};
use super::{answer, choose};
use crate::authorizer::Refusal;
use crate::function::InvokeError;

/// How long a client may take to send its headers, and then its body: whoever is slower holds a place for nothing.
const READ_TIMEOUT: Duration = Duration::from_secs(30);

/// Serves until `stopped` turns true or its sender is gone.
pub(super) async fn serve(listener: TcpListener, api: Arc<Api>, mut stopped: watch::Receiver<bool>) {
    let places = Arc::new(Semaphore::new(api.connections));
    let connections = GracefulShutdown::new();
    loop {
        let Ok(place) = Arc::clone(&places).acquire_owned().await else { break };
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            _ = stopped.wait_for(|stopped| *stopped) => break,
        };
        match accepted {
            Ok((stream, peer)) => connect(&connections, &api, stream, peer, place),
            Err(error) => {
                // Out of file descriptors, as a rule: the next try comes when a connection may have ended.
                tracing::warn!(%error, "a connection could not be accepted");
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
        }
    }
    drop(listener);
    let _ = tokio::time::timeout(STOP_GRACE, connections.shutdown()).await;
}

fn connect(
    connections: &GracefulShutdown,
    api: &Arc<Api>,
    stream: TcpStream,
    peer: SocketAddr,
    place: tokio::sync::OwnedSemaphorePermit,
) {
    // Small answers wait for nothing: without this, the kernel holds them back up to 40 ms.
    let _ = stream.set_nodelay(true);
    let api = Arc::clone(api);
    let service = service_fn(move |request| {
        let api = Arc::clone(&api);
        async move { Ok::<_, Infallible>(answer_request(&api, request, peer.ip()).await) }
    });
    let mut http = http1::Builder::new();
    http.timer(TokioTimer::new()).header_read_timeout(READ_TIMEOUT);
    let connection = connections.watch(http.serve_connection(TokioIo::new(stream), service));
    tokio::spawn(async move {
        if let Err(error) = connection.await {
            tracing::debug!(%error, "a connection broke");
        }
        drop(place);
    });
}

async fn answer_request(api: &Api, request: Request<Body>, source: IpAddr) -> Response<Full<Bytes>> {
    let id = RequestId::random();
    let mut response = respond(api, request, source, &id).await.unwrap_or_else(Refused::response);
    if let Ok(value) = HeaderValue::from_str(id.as_str()) {
        response.headers_mut().insert("apigw-requestid", value);
    }
    response.map(Full::new)
}

/// A request that got no further, with its answer.
struct Refused(Box<Response<Bytes>>);

impl Refused {
    fn new(status: StatusCode, message: &str) -> Self {
        Self(Box::new(answer::own(status, message)))
    }

    fn response(self) -> Response<Bytes> {
        *self.0
    }
}

async fn respond(api: &Api, request: Request<Body>, source: IpAddr, id: &RequestId) -> Result<Response<Bytes>, Refused> {
    let (parts, body) = request.into_parts();
    check_host(api, &parts)?;
    check_header_size(&parts)?;
    let path = event::decoded_path(parts.uri.path()).ok_or(Refused::new(StatusCode::BAD_REQUEST, "Bad Request"))?;
    if let Some((page, below)) = page_for(api, &path) {
        let query = url::form_urlencoded::parse(parts.uri.query().unwrap_or_default().as_bytes());
        let query = query.into_owned().collect();
        let request = PageRequest { method: parts.method, path: below.to_owned(), query, body: read(body).await? };
        return Ok(page.answer(request).await);
    }
    let chosen = choose(&api.routes, |route| &route.key, parts.method.as_str(), &path);
    let (route, path_parameters) = chosen.ok_or(Refused::new(StatusCode::NOT_FOUND, "Not Found"))?;
    let time = api.clock.now();
    let jwt = authorize(api, route, &parts)?;
    let body = read(body).await?;
    let route_key = route.key.to_string();
    let incoming =
        Incoming { parts: &parts, body: &body, path: &path, source, id, time, route_key: &route_key, path_parameters, jwt };
    invoke(route, event::payload(&api.identity, &incoming)).await
}

/// A page on the web may point a name of its own at this machine and have a visitor's browser call it; the browser then
/// sends that name. So only our own names are served.
fn check_host(api: &Api, parts: &http::request::Parts) -> Result<(), Refused> {
    let host = parts.headers.get(header::HOST).and_then(|host| host.to_str().ok()).unwrap_or_default();
    let port = api.identity.port;
    let ours = host == format!("127.0.0.1:{port}") || host.eq_ignore_ascii_case(&format!("localhost:{port}"));
    if ours { Ok(()) } else { Err(Refused::new(StatusCode::FORBIDDEN, "Forbidden")) }
}

fn check_header_size(parts: &http::request::Parts) -> Result<(), Refused> {
    let line = parts.uri.path_and_query().map_or(0, |target| target.as_str().len());
    let headers: usize = parts.headers.iter().map(|(name, value)| name.as_str().len() + value.len()).sum();
    let fits = line + headers <= HEADER_LIMIT_BYTES;
    let status = StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE;
    if fits { Ok(()) } else { Err(Refused::new(status, "Request Header Fields Too Large")) }
}

fn page_for<'a, 'p>(api: &'a Api, path: &'p str) -> Option<(&'a super::Page, &'p str)> {
    let pages = api.pages.iter().filter_map(|page| Some((page, page.below(path)?)));
    pages.max_by_key(|(page, _)| page.prefix().len())
}

fn authorize(api: &Api, route: &Route, parts: &http::request::Parts) -> Result<Option<Value>, Refused> {
    let Some(authorizer) = &route.authorizer else { return Ok(None) };
    let token = parts.headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
    let allowed = authorizer.authorize(token, &route.scopes, api.clock.now());
    allowed.map(Some).map_err(|refusal| refused_by_authorizer(&refusal))
}

fn refused_by_authorizer(refusal: &Refusal) -> Refused {
    let (status, message) = match refusal {
        Refusal::NoToken | Refusal::BadToken(_) => (StatusCode::UNAUTHORIZED, "Unauthorized"),
        Refusal::NoScope(_) => (StatusCode::FORBIDDEN, "Forbidden"),
    };
    let mut refused = Refused::new(status, message);
    if let Ok(challenge) = HeaderValue::from_str(&refusal.challenge()) {
        refused.0.headers_mut().insert(header::WWW_AUTHENTICATE, challenge);
    }
    refused
}

async fn read(body: Body) -> Result<Bytes, Refused> {
    let limited = Limited::new(body, BODY_LIMIT_BYTES).collect();
    match tokio::time::timeout(READ_TIMEOUT, limited).await {
        Ok(Ok(body)) => Ok(body.to_bytes()),
        Ok(Err(error)) if error.is::<LengthLimitError>() => Err(too_large()),
        Ok(Err(_)) => Err(Refused::new(StatusCode::BAD_REQUEST, "Bad Request")),
        Err(_) => Err(Refused::new(StatusCode::REQUEST_TIMEOUT, "Request Timeout")),
    }
}

fn too_large() -> Refused {
    Refused::new(StatusCode::PAYLOAD_TOO_LARGE, "Request Entity Too Large")
}

async fn invoke(route: &Route, event: Value) -> Result<Response<Bytes>, Refused> {
    let unavailable = || Refused::new(StatusCode::SERVICE_UNAVAILABLE, "Service Unavailable");
    let failed = || Refused::new(StatusCode::INTERNAL_SERVER_ERROR, "Internal Server Error");
    let said = match tokio::time::timeout(INTEGRATION_TIMEOUT, route.function.invoke(event)).await {
        Ok(Ok(said)) => said,
        Ok(Err(InvokeError::Throttled { .. })) | Err(_) => return Err(unavailable()),
        Ok(Err(InvokeError::TooLarge { what: "event", .. })) => return Err(too_large()),
        Ok(Err(_)) => return Err(failed()),
    };
    answer::from_function(said).map_err(|error| {
        tracing::warn!(function = route.function.name(), %error, "an answer was not sent on");
        failed()
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::function::Function;

    #[tokio::test(start_paused = true)]
    async fn a_function_that_takes_too_long_is_unavailable() {
        let slow = Function::new("slow", Duration::from_secs(120), async |seconds: Value| {
            tokio::time::sleep(Duration::from_secs(seconds.as_u64().unwrap())).await;
            Ok(Value::Null)
        });
        let key = "$default".parse().unwrap();
        let route = Route { key, function: slow, authorizer: None, scopes: Vec::new() };
        assert!(invoke(&route, 29.into()).await.is_ok());
        let refused = invoke(&route, 31.into()).await.err().unwrap().response();
        assert_eq!(refused.status(), StatusCode::SERVICE_UNAVAILABLE);
        assert_eq!(refused.body(), r#"{"message":"Service Unavailable"}"#);
    }
}
