//! The pages under `/local`: what exists on one machine only.
//!
//! | page | answer |
//! |---|---|
//! | `GET /local` | the parts, their counters, what went wrong |
//! | `GET /local/outbox` | what donors were told, the latest first |
//! | `GET /local/thanks` | where a donor comes back to after paying |
//! | `POST /local/schedules/{name}?time=…` | fires a schedule as if that time had come; now, without one |
//! | `GET /local/token`, `GET /local/issuer/…` | the issuer's: see [`crate::issuer`] |

use std::sync::Arc;

use bytes::Bytes;
use http::header::{self, HeaderValue};
use http::{Method, Response, StatusCode};
use jiff::Timestamp;

use super::Inside;
use super::parts::{OUTBOX_PATH, THANKS_PATH};
use crate::gateway::{Page, PageRequest, answer};

/// All of them.
pub(super) fn all(inside: &Arc<Inside>) -> Vec<Page> {
    let (about, ringer) = (Arc::clone(inside), Arc::clone(inside));
    let outbox = inside.outbox.clone();
    let mut pages = vec![
        Page::new("/local", move |request| std::future::ready(overview(&about, &request))),
        Page::new(THANKS_PATH, |request| std::future::ready(thanks(&request))),
        Page::new(OUTBOX_PATH, move |request| std::future::ready(outbox.answer(&request))),
        Page::new("/local/schedules", move |request| {
            let inside = Arc::clone(&ringer);
            async move { fire(&inside, &request).await }
        }),
    ];
    pages.extend(inside.issuer.pages());
    pages
}

fn overview(inside: &Inside, request: &PageRequest) -> Response<Bytes> {
    if request.method != Method::GET || !request.path.trim_matches('/').is_empty() {
        return answer::own(StatusCode::NOT_FOUND, "Not Found");
    }
    of_type("application/json", format!("{:#}\n", inside.overview()))
}

fn thanks(request: &PageRequest) -> Response<Bytes> {
    let text = "شكرًا لك. وصلت حالة الدفع إلى المنصة.\nThank you. The platform is being told of the payment.\n";
    match request.method {
        Method::GET => of_type("text/plain;charset=UTF-8", text.to_owned()),
        _ => answer::own(StatusCode::NOT_FOUND, "Not Found"),
    }
}

async fn fire(inside: &Inside, request: &PageRequest) -> Response<Bytes> {
    if request.method != Method::POST {
        return answer::own(StatusCode::NOT_FOUND, "Not Found");
    }
    let time = request.parameter("time").map_or_else(|| Ok(inside.now()), str::parse::<Timestamp>);
    let Ok(time) = time else {
        return answer::own(StatusCode::BAD_REQUEST, "`time` is like 2026-03-01T21:00:00Z");
    };
    match inside.fire(request.path.trim_matches('/'), time).await {
        Some(Ok(())) => answer::own(StatusCode::OK, "Fired"),
        Some(Err(error)) => answer::own(StatusCode::BAD_GATEWAY, &error.to_string()),
        None => answer::own(StatusCode::NOT_FOUND, "There is no such schedule"),
    }
}

pub(super) fn of_type(content_type: &'static str, body: String) -> Response<Bytes> {
    let mut response = Response::new(Bytes::from(body));
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(content_type));
    response
}
