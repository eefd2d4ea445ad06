//! The sandbox as its users see it: a handle to one provider, called in process or through a socket.

mod acts;
mod messages;
mod wishes;

use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use http::{Request, Response, header};
use tokio::sync::Notify;

use crate::api::Call;
use crate::clock::Clock;
use crate::settings::Settings;
use crate::state::{Moment, State};
pub use messages::Delivery;

use crate::{checkout, control, input, store};

/// A payment provider to play against. Clones are handles to the same one.
#[derive(Clone)]
pub struct Sandbox {
    inner: Arc<Inner>,
}

struct Inner {
    clock: Clock,
    room: Mutex<Room>,
    bell: Notify,
}

struct Room {
    settings: Settings,
    state: State,
}

/// The caller gets no answer, as when a connection breaks: what was asked may be done or not.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the payment provider gave no answer")]
pub struct NoReply;

impl Sandbox {
    /// A new provider.
    #[must_use]
    pub fn new(settings: Settings, clock: Clock) -> Self {
        let state = State::new(settings.seed);
        Self::with_state(settings, clock, state)
    }

    /// The provider saved at `path`, or a new one if there is no such file. The webhook of the
    /// settings replaces the saved one; everything else in the file stays as it was.
    ///
    /// # Errors
    /// If the file cannot be read, or is not one that [`Sandbox::save`] wrote.
    pub fn open(path: &Path, settings: Settings, clock: Clock) -> std::io::Result<Self> {
        let state = store::read(path)?.unwrap_or_else(|| State::new(settings.seed));
        Ok(Self::with_state(settings, clock, state))
    }

    fn with_state(settings: Settings, clock: Clock, state: State) -> Self {
        let room = Mutex::new(Room { settings, state });
        let sandbox = Self { inner: Arc::new(Inner { clock, room, bell: Notify::new() }) };
        sandbox.at_once(|state, at| state.follow_settings(at));
        sandbox
    }

    /// Writes everything to `path`, whole or not at all.
    ///
    /// # Errors
    /// If the file cannot be written.
    pub fn save(&self, path: &Path) -> std::io::Result<()> {
        let text = store::write(&self.room().state)?;
        store::replace(path, &text)
    }

    /// Answers a request to any path: `/v1` is Moyasar's API, `/sandbox` the control API, the rest
    /// is the checkout. Slow answers sleep on tokio's clock.
    ///
    /// # Errors
    /// [`NoReply`] when the answer is to be lost or the connection refused.
    pub async fn call(&self, request: Request<Bytes>) -> Result<Response<Bytes>, NoReply> {
        let path = request.uri().path();
        let Some(path) = path.strip_prefix("/v1/") else {
            return Ok(match path.strip_prefix("/sandbox") {
                Some(path) => control::answer(self, &request, path),
                None => checkout::answer(self, &request),
            });
        };
        let body = input::as_json(text(&request, header::CONTENT_TYPE), request.body());
        let call = Call {
            verb: request.method(),
            path,
            query: request.uri().query().unwrap_or(""),
            authorization: text(&request, header::AUTHORIZATION),
            body: &body,
        };
        let answer = self.at_once(|state, at| state.answer(at, &call));
        if answer.hold_ms > 0 {
            tokio::time::sleep(Duration::from_millis(answer.hold_ms)).await;
        }
        if answer.lost {
            return Err(NoReply);
        }
        Ok(respond(answer.status, "application/json; charset=utf-8", answer.body))
    }

    /// The clock it goes by.
    #[must_use]
    pub fn clock(&self) -> &Clock {
        &self.inner.clock
    }

    /// Where it is reached.
    #[must_use]
    pub fn public_url(&self) -> String {
        self.room().settings.public_url.clone()
    }

    /// Does one thing to the state, at one time, and rings for the courier if a message is now due sooner.
    /// Not otherwise: the courier itself comes through here, and would keep itself awake.
    pub(crate) fn at_once<R>(&self, act: impl FnOnce(&mut State, Moment<'_>) -> R) -> R {
        let clock_ms = self.inner.clock.now_ms();
        let mut room = self.room();
        let Room { settings, state } = &mut *room;
        let now = state.tick(clock_ms);
        let before = state.outbox.next_due();
        let done = act(state, Moment { settings, now });
        let sooner = state.outbox.next_due().is_some_and(|due| before.is_none_or(|before| due < before));
        drop(room);
        if sooner {
            self.inner.bell.notify_one();
        }
        done
    }

    /// A panic inside a test must not take the provider with it: what it held is whole or unused.
    fn room(&self) -> MutexGuard<'_, Room> {
        self.inner.room.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl std::fmt::Debug for Sandbox {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let room = self.room();
        out.debug_struct("Sandbox")
            .field("settings", &room.settings)
            .field("invoices", &room.state.invoices.len())
            .field("payments", &room.state.payments.len())
            .field("pending", &room.state.outbox.len())
            .finish_non_exhaustive()
    }
}

fn text(request: &Request<Bytes>, name: header::HeaderName) -> Option<&str> {
    request.headers().get(name)?.to_str().ok()
}

/// A response whose parts are all ours, so that it cannot be malformed.
pub(crate) fn respond(status: u16, content_type: &'static str, body: impl Into<Bytes>) -> Response<Bytes> {
    let mut response = Response::new(body.into());
    *response.status_mut() = http::StatusCode::from_u16(status).unwrap_or(http::StatusCode::INTERNAL_SERVER_ERROR);
    let value = http::HeaderValue::from_static(content_type);
    response.headers_mut().insert(header::CONTENT_TYPE, value);
    response
}
