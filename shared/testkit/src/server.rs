//! The emulators over HTTP on the loopback interface.
//!
//! Promise: HTTP/1.1 with keep-alive on one port, for the real SDK clients of other processes and of functions under test.
//! It binds 127.0.0.1 only and refuses a request whose `Host` is neither that nor `localhost`, so that a page in a browser
//! cannot reach it under another name. Stopping lets answers under way finish for a moment and closes the rest.
//! Bounds: bodies up to 256 MB: the largest video that is uploaded by a form, and more. A lost connection is closed without an answer; a crash of the caller is silence.

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use bytes::Bytes;
use http::{StatusCode, header};
use http_body_util::{BodyExt, Full, Limited};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulShutdown;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use crate::services::{Outcome, SILENCE, Services};
use crate::wire::{Request, Response};

/// The largest body taken, in bytes.
const BODY_BYTES: usize = 256 * 1024 * 1024;

/// How long answers under way have to finish when the server stops. A long poll may take 20 s: it is cut off.
const GRACE: Duration = Duration::from_millis(500);

/// A running server. Dropping it stops it without waiting.
#[derive(Debug)]
pub struct Server {
    address: SocketAddr,
    stop: Option<oneshot::Sender<()>>,
    running: JoinHandle<()>,
}

impl Server {
    /// Serves `services` on a port of 127.0.0.1; 0 takes a free one.
    pub async fn start(services: Services, port: u16) -> io::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).await?;
        Self::serve(listener, services)
    }

    /// Serves `services` on a listener that is bound already.
    pub fn serve(listener: TcpListener, services: Services) -> io::Result<Self> {
        let address = listener.local_addr()?;
        let (stop, stopped) = oneshot::channel();
        let running = tokio::spawn(accept(listener, services, stopped));
        Ok(Self { address, stop: Some(stop), running })
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The endpoint URL, without a slash at the end.
    pub fn endpoint(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Stops, and returns when the port is free and no connection is served any more.
    pub async fn stop(mut self) {
        self.stop.take();
        let _ = (&mut self.running).await;
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.running.abort();
    }
}

async fn accept(listener: TcpListener, services: Services, mut stopped: oneshot::Receiver<()>) {
    let connections = GracefulShutdown::new();
    let mut serving = tokio::task::JoinSet::new();
    loop {
        let stream = tokio::select! {
            biased;
            _ = &mut stopped => break,
            accepted = listener.accept() => accepted,
            Some(_) = serving.join_next() => continue,
        };
        // A connection that broke before it was taken is nobody's loss.
        let Ok((stream, _)) = stream else { continue };
        serving.spawn(connection(stream, services.clone(), &connections));
    }
    drop(listener);
    let _ = tokio::time::timeout(GRACE, connections.shutdown()).await;
    serving.shutdown().await;
}

fn connection(
    stream: TcpStream,
    services: Services,
    connections: &GracefulShutdown,
) -> impl Future<Output = ()> + Send + 'static + use<> {
    // Small answers wait for nothing.
    let _ = stream.set_nodelay(true);
    let service = service_fn(move |request| answer(services.clone(), request));
    let serving =
        hyper::server::conn::http1::Builder::new().timer(TokioTimer::new()).serve_connection(TokioIo::new(stream), service);
    let watched = connections.watch(serving);
    async move {
        // A client that goes away is no error here.
        let _ = watched.await;
    }
}

/// Closes the connection without an answer.
#[derive(Debug, thiserror::Error)]
#[error("the connection is broken on purpose")]
struct Broken;

async fn answer(services: Services, request: http::Request<Incoming>) -> Result<http::Response<Full<Bytes>>, Broken> {
    if !is_local(&request) {
        return Ok(plain(StatusCode::FORBIDDEN));
    }
    let Some(request) = whole(request).await else {
        return Ok(plain(StatusCode::PAYLOAD_TOO_LARGE));
    };
    match services.call(request).await {
        Outcome::Answered(response) => Ok(response.map(Full::new)),
        Outcome::Disconnected => Err(Broken),
        Outcome::Crashed => {
            tokio::time::sleep(SILENCE).await;
            Err(Broken)
        }
    }
}

async fn whole(request: http::Request<Incoming>) -> Option<Request> {
    let (parts, body) = request.into_parts();
    let body = Limited::new(body, BODY_BYTES).collect().await.ok()?;
    Some(Request::from_parts(parts, body.to_bytes()))
}

fn is_local(request: &http::Request<Incoming>) -> bool {
    let host = request.headers().get(header::HOST).and_then(|host| host.to_str().ok()).unwrap_or_default();
    let name = host.rsplit_once(':').map_or(host, |(name, _)| name);
    name == "127.0.0.1" || name == "localhost"
}

fn plain(status: StatusCode) -> http::Response<Full<Bytes>> {
    let mut response: Response = Response::default();
    *response.status_mut() = status;
    response.map(Full::new)
}
