//! `/v1/payments`.

use serde_json::json;
use uuid::Uuid;

use super::{Done, Query, page};
use crate::error::ApiError;
use crate::input::{self, Change, NewPayment};
use crate::mischief::Deed;
use crate::payment::{Payment, PaymentView};
use crate::state::{Moment, State};

impl State {
    pub(super) fn post_payment(&mut self, at: Moment<'_>, body: &[u8]) -> Result<Done, ApiError> {
        let asked = NewPayment::read(body)?;
        let (id, new) = self.create_payment(at, asked)?;
        let mut done = Done::created(&self.payment(id)?.view());
        if new && self.do_on(Deed::EarlyWebhook, "create_payment") {
            // A payment that has ended already has sent its message; another is concluded now.
            let _ = self.finish(at, id, None);
            done.hold_ms = self.mischief.asked.early_ms + at.settings.latency_ms.1;
        }
        Ok(done)
    }

    pub(super) fn show_payment(&self, id: Uuid) -> Result<Done, ApiError> {
        Ok(Done::ok(&self.payment(id)?.view()))
    }

    pub(super) fn put_payment(&mut self, at: Moment<'_>, id: Uuid, body: &[u8]) -> Result<Done, ApiError> {
        let payment = self.payments.get_mut(id).ok_or_else(ApiError::not_found)?;
        let change = Change::read(body)?;
        payment.description = change.description.or_else(|| payment.description.take());
        payment.metadata = change.metadata.or_else(|| payment.metadata.take());
        payment.updated_at = at.now;
        self.show_payment(id)
    }

    pub(super) fn post_refund(&mut self, at: Moment<'_>, id: Uuid, body: &[u8]) -> Result<Done, ApiError> {
        self.payment(id)?;
        self.refund(at, id, input::amount_or_all(body)?)?;
        self.show_payment(id)
    }

    pub(super) fn post_capture(&mut self, at: Moment<'_>, id: Uuid, body: &[u8]) -> Result<Done, ApiError> {
        self.payment(id)?;
        self.capture(at, id, input::amount_or_all(body)?)?;
        self.show_payment(id)
    }

    pub(super) fn post_void(&mut self, at: Moment<'_>, id: Uuid) -> Result<Done, ApiError> {
        self.void(at, id)?;
        self.show_payment(id)
    }

    pub(super) fn list_payments(&self, query: &Query) -> Result<Done, ApiError> {
        let made = self.payments.made_between(query.time("created[gt]")?, query.time("created[lt]")?);
        let (after, before) = (query.time("updated[gt]")?, query.time("updated[lt]")?);
        let keep = |payment: &Payment| {
            query.get("id").is_none_or(|id| id == payment.id.to_string())
                && query.get("status").is_none_or(|status| status == payment.status.name())
                && after.is_none_or(|after| payment.updated_at > after)
                && before.is_none_or(|before| payment.updated_at < before)
                && query
                    .get("card_last_digits")
                    .is_none_or(|digits| payment.source.number.as_ref().is_some_and(|number| number.ends_with(digits)))
                && query.get("receipt_no").is_none_or(|receipt| payment.source.reference_number.as_deref() == Some(receipt))
                && query.holds_for(payment.metadata.as_ref())
        };
        let (found, meta) = page::page(made, query, keep);
        let rows: Vec<PaymentView<'_>> = found.into_iter().map(Payment::view).collect();
        Ok(Done::ok(&json!({ "payments": rows, "meta": meta })))
    }

    fn payment(&self, id: Uuid) -> Result<&Payment, ApiError> {
        self.payments.get(id).ok_or_else(ApiError::not_found)
    }
}
