//! The SDKs' HTTP client without HTTP: production code runs against the emulators in process, with no socket.
//!
//! Promise: a client built with [`http_client`] sends every request to these [`Services`], through their faults, and gets
//! the same response as over the wire. On a single-threaded runtime with paused time one seed gives one run.
//!
//! A crash kills the *invocation* in which the call was made, as Lambda loses an environment between two calls: wrap each in
//! [`invocation`], and it ends with [`Crashed`] while the call never returns. Outside an invocation a crash is a broken
//! connection. Tasks that an invocation spawns are outside it.

use std::fmt;
use std::future::Future;
use std::io;
use std::sync::Arc;

use aws_smithy_runtime_api::client::http::{
    HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpClient, SharedHttpConnector,
};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_types::body::SdkBody;
use http_body_util::BodyExt;
use tokio::sync::Notify;

use crate::roles::Role;
use crate::services::{Outcome, Services};
use crate::wire::{JSON_1_0, Reply, Request, Response};

/// What AWS answers whoever may not.
const ACCESS_DENIED: &str = "com.amazon.coral.service#AccessDeniedException";

tokio::task_local! {
    static CRASH: Arc<Notify>;
}

/// The invocation was killed by a fault.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the invocation crashed")]
pub struct Crashed;

/// Runs one invocation of a function, which a crash fault may kill between any two of its calls.
pub async fn invocation<T>(function: impl Future<Output = T>) -> Result<T, Crashed> {
    let crash = Arc::new(Notify::new());
    let running = CRASH.scope(Arc::clone(&crash), function);
    tokio::select! {
        biased;
        () = crash.notified() => Err(Crashed),
        done = running => Ok(done),
    }
}

/// An HTTP client for the SDKs that calls `services` in process.
pub fn http_client(services: &Services) -> SharedHttpClient {
    SharedHttpClient::new(InProcess { services: services.clone(), role: None })
}

/// The same for a caller who has this role: what it does not allow is refused.
pub fn http_client_as(services: &Services, role: Role) -> SharedHttpClient {
    SharedHttpClient::new(InProcess { services: services.clone(), role: Some(Arc::new(role)) })
}

#[derive(Clone)]
struct InProcess {
    services: Services,
    role: Option<Arc<Role>>,
}

impl fmt::Debug for InProcess {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("InProcess")
    }
}

impl HttpClient for InProcess {
    fn http_connector(&self, _: &HttpConnectorSettings, _: &RuntimeComponents) -> SharedHttpConnector {
        SharedHttpConnector::new(self.clone())
    }
}

impl HttpConnector for InProcess {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let (services, role) = (self.services.clone(), self.role.clone());
        HttpConnectorFuture::new(async move {
            let request = whole(request).await?;
            if let Some(why) = role.and_then(|role| refusal(&role, &request)) {
                return answered(Reply::error(400, ACCESS_DENIED, &why).into_response(JSON_1_0));
            }
            match services.call(request).await {
                Outcome::Answered(response) => answered(response),
                Outcome::Disconnected => Err(broken("the connection broke")),
                Outcome::Crashed => {
                    die().await;
                    Err(broken("the caller crashed"))
                }
            }
        })
    }
}

/// Why a role does not allow a request, if it does not.
fn refusal(role: &Role, request: &Request) -> Option<String> {
    let target = request.headers().get("x-amz-target")?.to_str().ok()?;
    role.refusal(target, request.body())
}

async fn whole(request: HttpRequest) -> Result<Request, ConnectorError> {
    let request = request.try_into_http1x().map_err(|error| ConnectorError::user(error.into()))?;
    let (parts, body) = request.into_parts();
    let body = body.collect().await.map_err(ConnectorError::user)?;
    Ok(Request::from_parts(parts, body.to_bytes()))
}

fn answered(response: Response) -> Result<HttpResponse, ConnectorError> {
    let response = response.map(SdkBody::from);
    response.try_into().map_err(|error| ConnectorError::other(Box::new(error), None))
}

/// Kills the [`invocation`] in which this is called, and never returns to it; returns at once outside of one.
pub async fn die() {
    if CRASH.try_with(|crash| crash.notify_one()).is_ok() {
        std::future::pending::<()>().await;
    }
}

fn broken(reason: &'static str) -> ConnectorError {
    ConnectorError::io(io::Error::new(io::ErrorKind::ConnectionReset, reason).into())
}
