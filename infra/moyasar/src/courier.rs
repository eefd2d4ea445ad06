//! Posts the messages that are due, over kept connections, and reports what came back.
//!
//! Bounds: [`IN_FLIGHT`] posts at a time, each at most [`PATIENCE`]; plain HTTP only, for a local
//! merchant. Failure: anything but an answer in time counts as no answer, and is tried again.

use std::time::Duration;

use bytes::Bytes;
use futures_util::StreamExt as _;
use futures_util::stream::FuturesUnordered;
use http::{Request, header};
use http_body_util::{BodyExt, Full, Limited};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;

use crate::sandbox::{Delivery, Sandbox};

/// Posts under way at once.
const IN_FLIGHT: usize = 64;
/// The longest a merchant may take to answer. Moyasar's own is not published.
const PATIENCE: Duration = Duration::from_secs(10);
/// The longest sleep: a clock that is not the machine's may jump.
const LONGEST_SLEEP_MS: u64 = 250;
/// What is read of an answer, so that its connection can be used again.
const ANSWER_LIMIT: usize = 64 * 1024;

type Http = Client<HttpConnector, Full<Bytes>>;

/// Delivers messages for as long as it is polled.
pub async fn deliver(sandbox: Sandbox) {
    let client: Http = Client::builder(TokioExecutor::new()).pool_max_idle_per_host(IN_FLIGHT).build_http();
    let mut posts = FuturesUnordered::new();
    loop {
        let room = IN_FLIGHT - posts.len();
        for delivery in sandbox.take_due(room) {
            posts.push(post(&client, delivery));
        }
        let room = posts.len() < IN_FLIGHT;
        tokio::select! {
            Some((delivery, status)) = posts.next() => sandbox.acknowledge(&delivery, status),
            () = until_due(&sandbox), if room => {}
            () = sandbox.rung(), if room => {}
        }
    }
}

async fn until_due(sandbox: &Sandbox) {
    let now = sandbox.clock().now_ms();
    let wait = sandbox.next_due().map_or(LONGEST_SLEEP_MS, |due| due.saturating_sub(now));
    tokio::time::sleep(Duration::from_millis(wait.clamp(1, LONGEST_SLEEP_MS))).await;
}

async fn post(client: &Http, delivery: Delivery) -> (Delivery, Option<u16>) {
    let status = tokio::time::timeout(PATIENCE, status_of(client, &delivery)).await;
    (delivery, status.ok().flatten())
}

async fn status_of(client: &Http, delivery: &Delivery) -> Option<u16> {
    let request = Request::post(&delivery.url)
        .header(header::CONTENT_TYPE, "application/json")
        .header(header::USER_AGENT, "Moyasar-Sandbox")
        .body(Full::new(delivery.body.clone()))
        .ok()?;
    let response = client.request(request).await.ok()?;
    let status = response.status().as_u16();
    // Only to leave the connection clean; the status has been given.
    let _ = Limited::new(response.into_body(), ANSWER_LIMIT).collect().await;
    Some(status)
}
