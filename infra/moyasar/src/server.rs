//! The sandbox behind a socket: HTTP/1.1 on one listener, and the courier beside it.
//!
//! It is for the machine it runs on. Only requests whose `Host` names that machine (or the public
//! URL's host) are answered, and none that another site's page sends: the control API has no key.

use std::future::Future;
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, Request, Response, header};
use http_body_util::{BodyExt, Full, Limited};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;

use crate::courier;
use crate::sandbox::{NoReply, Sandbox, respond};

/// No request of Moyasar's is near this.
const BODY_LIMIT: usize = 1024 * 1024;
/// A client that says nothing for so long is gone.
const HEADER_TIMEOUT: Duration = Duration::from_secs(60);
/// After a failed accept (out of descriptors, mostly): let some connections end.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

/// Serves the sandbox and delivers its messages until `shutdown` ends. Everything it started ends
/// with it; messages that were in flight are due again when the state is loaded.
pub async fn serve(sandbox: Sandbox, listener: TcpListener, shutdown: impl Future<Output = ()>) {
    let mut tasks = JoinSet::new();
    tasks.spawn(courier::deliver(sandbox.clone()));
    tokio::pin!(shutdown);
    loop {
        tokio::select! {
            () = &mut shutdown => break,
            accepted = listener.accept() => match accepted {
                Ok((stream, _)) => { tasks.spawn(converse(sandbox.clone(), stream)); }
                Err(_) => tokio::time::sleep(ACCEPT_PAUSE).await,
            },
            Some(_) = tasks.join_next() => {}
        }
    }
    tasks.shutdown().await;
}

/// One connection, to its end. An answer that is to be lost ends it early.
async fn converse(sandbox: Sandbox, stream: TcpStream) {
    // Answers are small and awaited: they must not wait for a second packet.
    let _ = stream.set_nodelay(true);
    let service = service_fn(move |request| respond_to(sandbox.clone(), request));
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEADER_TIMEOUT)
        .serve_connection(TokioIo::new(stream), service);
    // The other side went away, or was made to believe that we did: nothing is left to be told.
    let _ = connection.await;
}

async fn respond_to(sandbox: Sandbox, request: Request<Incoming>) -> Result<Response<Full<Bytes>>, NoReply> {
    let (head, body) = request.into_parts();
    let body = Limited::new(body, BODY_LIMIT).collect().await;
    let response = match (stranger(&sandbox, &head.headers), body) {
        (Some(why), _) => respond(403, "text/plain", why),
        (None, Err(_)) => respond(413, "text/plain", "the body is too large, or broke off"),
        (None, Ok(body)) => sandbox.call(Request::from_parts(head, body.to_bytes())).await?,
    };
    Ok(response.map(Full::new))
}

/// Why a request is not from this machine's own clients and pages, if it is not.
fn stranger(sandbox: &Sandbox, headers: &HeaderMap) -> Option<&'static str> {
    let public = url::Url::parse(&sandbox.public_url()).ok();
    let public = public.as_ref().and_then(url::Url::host_str);
    let local = |host: &str| matches!(host, "localhost" | "127.0.0.1" | "[::1]") || Some(host) == public;
    let host = text(headers, header::HOST).map(host_of);
    if !host.is_some_and(local) {
        return Some("this sandbox answers to its own host only");
    }
    let origin = text(headers, header::ORIGIN).map(|origin| origin.split("://").nth(1).map_or("", host_of));
    origin.is_some_and(|origin| !local(origin)).then_some("this sandbox answers its own pages only")
}

fn text(headers: &HeaderMap, name: header::HeaderName) -> Option<&str> {
    headers.get(name)?.to_str().ok()
}

/// `127.0.0.1:8080` → `127.0.0.1`, `[::1]:8080` → `[::1]`.
fn host_of(authority: &str) -> &str {
    match authority.rfind(':') {
        Some(colon) if !authority.ends_with(']') => authority.get(..colon).unwrap_or(authority),
        _ => authority,
    }
}
