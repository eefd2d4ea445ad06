//! The HTTP front: what an HTTP API of API Gateway does, for functions in this process.
//!
//! Promises:
//! - a request takes the route that API Gateway would choose ([`RouteKey`]) and reaches the function as payload format 2.0
//!   ([`event`]); the function's answer becomes HTTP by response format 2.0 ([`answer`]);
//! - refusals have API Gateway's status and `{"message": …}`:
//!
//! | what | answer |
//! |---|---|
//! | no route | 404 Not Found |
//! | no token, or one that is not right | 401 Unauthorized |
//! | a token without the route's scope | 403 Forbidden |
//! | a `Host` that is not ours (a page elsewhere, using a name that points here) | 403 Forbidden |
//! | a path that is no UTF-8 | 400 Bad Request |
//! | a body over 10 MB, or an event over Lambda's 6 MB | 413 Request Entity Too Large |
//! | headers over 10 KB in all | 431 Request Header Fields Too Large |
//! | the function failed, or answered what does not fit | 500 Internal Server Error |
//! | the function was throttled, or took over 30 s | 503 Service Unavailable |
//!
//! - it listens on 127.0.0.1 and nowhere else; connections are kept alive; stopping lets requests in hand finish, for at most
//!   [`STOP_GRACE`].
//!
//! [`Page`]s stand beside the API under their own prefixes, for what is local only; they are no part of what is imitated.
//!
//! A gateway is bound first and served later, because functions want to know its address before they exist:
//!
//! ```no_run
//! # use local::gateway::{Bound, Api, Identity};
//! # async fn example(api: Api) -> std::io::Result<()> {
//! let bound = Bound::on(0).await?;
//! println!("http://{}", bound.address());
//! let gateway = bound.serve(api);
//! gateway.stop().await;
//! # Ok(()) }
//! ```

pub mod answer;
pub mod event;
mod identity;
mod page;
mod route;
mod server;

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinHandle;

pub use identity::{Identity, RequestId};
pub use page::{Page, PageRequest};
pub use route::{BadRouteKey, PathParameters, RouteKey, Segment, choose};

use crate::authorizer::Authorizer;
use crate::clock::Clock;
use crate::function::Function;

/// API Gateway's limit for a request's body, in bytes.
pub const BODY_LIMIT_BYTES: usize = 10 * 1024 * 1024;
/// API Gateway's limit for the request line and all headers together, in bytes.
pub const HEADER_LIMIT_BYTES: usize = 10_240;
/// API Gateway's longest wait for an integration of an HTTP API.
pub const INTEGRATION_TIMEOUT: Duration = Duration::from_secs(30);
/// Connections served at once unless told: enough for a load test, few enough for the usual limit on open files.
pub const CONNECTIONS: usize = 512;
/// How long requests in hand may take once the gateway is told to stop.
pub const STOP_GRACE: Duration = Duration::from_secs(5);

/// One route of the API.
#[derive(Debug, Clone)]
pub struct Route {
    /// When it applies.
    pub key: RouteKey,
    /// What it calls.
    pub function: Function,
    /// Who may call it; `None` for everybody.
    pub authorizer: Option<Arc<Authorizer>>,
    /// The scopes of which a token must have one; empty when the route asks for none.
    pub scopes: Vec<String>,
}

/// Everything that a gateway serves.
#[derive(Debug, Clone)]
pub struct Api {
    /// The account and API named in events.
    pub identity: Identity,
    /// The API's routes.
    pub routes: Vec<Route>,
    /// The local pages.
    pub pages: Vec<Page>,
    /// Where the time comes from.
    pub clock: Clock,
    /// Connections served at once; others wait to be accepted.
    pub connections: usize,
}

/// A port that is taken but not yet served.
#[derive(Debug)]
pub struct Bound {
    listener: TcpListener,
    address: SocketAddr,
}

impl Bound {
    /// Takes the port on 127.0.0.1; 0 takes any that is free.
    pub async fn on(port: u16) -> std::io::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).await?;
        let address = listener.local_addr()?;
        Ok(Self { listener, address })
    }

    /// The address that clients will find.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Serves the API from now on.
    pub fn serve(self, api: Api) -> Gateway {
        let (stop, stopped) = watch::channel(false);
        let serving = tokio::spawn(server::serve(self.listener, Arc::new(api), stopped));
        Gateway { address: self.address, stop, serving }
    }
}

/// A gateway at work. Dropping it stops it, without waiting.
#[derive(Debug)]
pub struct Gateway {
    address: SocketAddr,
    stop: watch::Sender<bool>,
    serving: JoinHandle<()>,
}

impl Gateway {
    /// The address that clients find.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Takes no more requests, lets those in hand finish, and gives the port back.
    pub async fn stop(self) {
        self.stop.send_replace(true);
        if let Err(error) = self.serving.await {
            tracing::warn!(%error, "the gateway did not end well");
        }
    }
}

#[cfg(test)]
mod tests;
