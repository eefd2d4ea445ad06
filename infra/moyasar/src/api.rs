//! Moyasar's API: which operation a request is, who may ask for it, and what it answers.
//!
//! The order is the real one's: the key first, then the path, then the body. Mischief on calls sits
//! between: a call may be refused before anything is done, or answered late, or not at all.

mod invoices;
mod page;
mod payments;
mod webhooks;

use http::Method as Verb;
use serde::Serialize;
use uuid::Uuid;

use crate::error::ApiError;
use crate::event::to_text;
use crate::mischief::{Deed, Down};
use crate::state::{Moment, State};

pub(crate) use page::Query;

/// An operation of the API, and the object it is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Operation {
    CreateInvoice,
    ListInvoices,
    FetchInvoice(Uuid),
    UpdateInvoice(Uuid),
    CancelInvoice(Uuid),
    CreatePayment,
    ListPayments,
    FetchPayment(Uuid),
    UpdatePayment(Uuid),
    RefundPayment(Uuid),
    CapturePayment(Uuid),
    VoidPayment(Uuid),
    CreateWebhook,
    ListWebhooks,
    FetchWebhook(Uuid),
    DeleteWebhook(Uuid),
    AvailableEvents,
    ListAttempts(Option<Uuid>),
    FetchAttempt(Uuid),
}

impl Operation {
    /// Reads the path after `/v1`. An id that is no UUID is an unknown path: 404, as for an unknown one.
    fn find(verb: &Verb, path: &str) -> Option<Self> {
        let parts: Vec<&str> = path.trim_matches('/').split('/').collect();
        let (get, post, put) = (verb == Verb::GET, verb == Verb::POST, verb == Verb::PUT);
        let delete = verb == Verb::DELETE;
        Some(match *parts.as_slice() {
            ["invoices"] if post => Self::CreateInvoice,
            ["invoices"] if get => Self::ListInvoices,
            ["invoices", id] if get => Self::FetchInvoice(uuid(id)?),
            ["invoices", id] if put => Self::UpdateInvoice(uuid(id)?),
            ["invoices", id, "cancel"] if put => Self::CancelInvoice(uuid(id)?),
            ["payments"] if post => Self::CreatePayment,
            ["payments"] if get => Self::ListPayments,
            ["payments", id] if get => Self::FetchPayment(uuid(id)?),
            ["payments", id] if put => Self::UpdatePayment(uuid(id)?),
            ["payments", id, "refund"] if post => Self::RefundPayment(uuid(id)?),
            ["payments", id, "capture"] if post => Self::CapturePayment(uuid(id)?),
            ["payments", id, "void"] if post => Self::VoidPayment(uuid(id)?),
            ["webhooks"] if post => Self::CreateWebhook,
            ["webhooks"] if get => Self::ListWebhooks,
            ["webhooks", "available_events"] if get => Self::AvailableEvents,
            ["webhooks", "attempts"] if get => Self::ListAttempts(None),
            ["webhooks", "attempts", id] if get => Self::FetchAttempt(uuid(id)?),
            ["webhooks", id] if get => Self::FetchWebhook(uuid(id)?),
            ["webhooks", id] if delete => Self::DeleteWebhook(uuid(id)?),
            ["webhooks", id, "attempts"] if get => Self::ListAttempts(Some(uuid(id)?)),
            _ => return None,
        })
    }

    /// The name that one-shots and counters go by.
    fn name(self) -> &'static str {
        match self {
            Self::CreateInvoice => "create_invoice",
            Self::ListInvoices => "list_invoices",
            Self::FetchInvoice(_) => "fetch_invoice",
            Self::UpdateInvoice(_) => "update_invoice",
            Self::CancelInvoice(_) => "cancel_invoice",
            Self::CreatePayment => "create_payment",
            Self::ListPayments => "list_payments",
            Self::FetchPayment(_) => "fetch_payment",
            Self::UpdatePayment(_) => "update_payment",
            Self::RefundPayment(_) => "refund_payment",
            Self::CapturePayment(_) => "capture_payment",
            Self::VoidPayment(_) => "void_payment",
            Self::CreateWebhook => "create_webhook",
            Self::ListWebhooks => "list_webhooks",
            Self::FetchWebhook(_) => "fetch_webhook",
            Self::DeleteWebhook(_) => "delete_webhook",
            Self::AvailableEvents => "available_events",
            Self::ListAttempts(_) => "list_attempts",
            Self::FetchAttempt(_) => "fetch_attempt",
        }
    }
}

fn uuid(text: &str) -> Option<Uuid> {
    Uuid::try_parse(text).ok()
}

/// A call as it came in; the path begins after `/v1`.
pub(crate) struct Call<'a> {
    pub(crate) verb: &'a Verb,
    pub(crate) path: &'a str,
    pub(crate) query: &'a str,
    pub(crate) authorization: Option<&'a str>,
    pub(crate) body: &'a [u8],
}

/// What is answered, and when.
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) body: String,
    /// Milliseconds to wait before it is sent.
    pub(crate) hold_ms: u64,
    /// It is never sent.
    pub(crate) lost: bool,
}

/// A finished operation: the status, the body, and how long to hold it back.
pub(crate) struct Done {
    status: u16,
    body: String,
    hold_ms: u64,
}

impl Done {
    fn ok(body: &impl Serialize) -> Self {
        Self::with(200, body)
    }

    fn created(body: &impl Serialize) -> Self {
        Self::with(201, body)
    }

    fn with(status: u16, body: &impl Serialize) -> Self {
        Self { status, body: to_text(body), hold_ms: 0 }
    }
}

impl State {
    /// Answers a call of `/v1`.
    pub(crate) fn answer(&mut self, at: Moment<'_>, call: &Call<'_>) -> Answer {
        if let Some(down) = self.mischief.down(at.now) {
            self.tally.down += 1;
            return Answer { lost: down == Down::Refuse, ..refusal(&ApiError::offline()) };
        }
        let operation = match allowed(at, call) {
            Ok(operation) => operation,
            Err(error) => return refusal(&error),
        };
        self.tally.called(operation.name());
        if let Err(error) = self.unwell(operation.name()) {
            return refusal(&error);
        }
        let mut answer = match self.perform(at, operation, call) {
            Ok(done) => Answer { status: done.status, body: done.body, hold_ms: done.hold_ms, lost: false },
            Err(error) => refusal(&error),
        };
        if self.do_on(Deed::Slow, operation.name()) {
            answer.hold_ms += self.mischief.up_to(self.mischief.asked.slow_ms);
        }
        answer.lost = self.do_on(Deed::LoseReply, operation.name());
        answer
    }

    fn unwell(&mut self, operation: &str) -> Result<(), ApiError> {
        if self.do_on(Deed::Throttle, operation) {
            return Err(ApiError::throttled());
        }
        if self.do_on(Deed::Fail, operation) {
            return Err(ApiError::broken());
        }
        Ok(())
    }

    fn perform(&mut self, at: Moment<'_>, operation: Operation, call: &Call<'_>) -> Result<Done, ApiError> {
        match operation {
            Operation::CreateInvoice => self.post_invoice(at, call.body),
            Operation::ListInvoices => self.list_invoices(at, &Query::read(call.query)),
            Operation::FetchInvoice(id) => self.show_invoice(at, id),
            Operation::UpdateInvoice(id) => self.put_invoice(at, id, call.body),
            Operation::CancelInvoice(id) => self.cancel_invoice(at, id),
            Operation::CreatePayment => self.post_payment(at, call.body),
            Operation::ListPayments => self.list_payments(&Query::read(call.query)),
            Operation::FetchPayment(id) => self.show_payment(id),
            Operation::UpdatePayment(id) => self.put_payment(at, id, call.body),
            Operation::RefundPayment(id) => self.post_refund(at, id, call.body),
            Operation::CapturePayment(id) => self.post_capture(at, id, call.body),
            Operation::VoidPayment(id) => self.post_void(at, id),
            Operation::CreateWebhook => self.post_webhook(at, call.body),
            Operation::ListWebhooks => Ok(self.list_webhooks()),
            Operation::FetchWebhook(id) => self.show_webhook(id),
            Operation::DeleteWebhook(id) => self.delete_webhook(id),
            Operation::AvailableEvents => Ok(webhooks::available()),
            Operation::ListAttempts(webhook) => self.list_attempts(webhook, &Query::read(call.query)),
            Operation::FetchAttempt(id) => self.show_attempt(id),
        }
    }
}

fn refusal(error: &ApiError) -> Answer {
    Answer { status: error.status, body: to_text(error), hold_ms: 0, lost: false }
}

/// The key decides first: an unknown path with a wrong key is 401.
fn allowed(at: Moment<'_>, call: &Call<'_>) -> Result<Operation, ApiError> {
    let key = call.authorization.and_then(basic_user).ok_or_else(ApiError::unauthorized)?;
    let secret = key == at.settings.secret_key;
    let publishable = at.settings.publishable_key.as_ref() == Some(&key);
    if !secret && !publishable {
        return Err(ApiError::unauthorized());
    }
    let operation = Operation::find(call.verb, call.path).ok_or_else(ApiError::not_found)?;
    if !secret && operation != Operation::CreatePayment {
        return Err(ApiError::forbidden());
    }
    Ok(operation)
}

/// The user of `Basic …`, when the password is empty.
fn basic_user(header: &str) -> Option<String> {
    use base64::Engine as _;
    let (scheme, coded) = header.split_once(' ')?;
    if !scheme.eq_ignore_ascii_case("basic") {
        return None;
    }
    let plain = base64::engine::general_purpose::STANDARD.decode(coded.trim()).ok()?;
    let plain = String::from_utf8(plain).ok()?;
    let (user, password) = plain.split_once(':')?;
    password.is_empty().then(|| user.to_owned())
}
