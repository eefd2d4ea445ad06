//! `/v1/invoices`.

use serde_json::json;
use uuid::Uuid;

use super::{Done, Query, page};
use crate::error::ApiError;
use crate::input::{Change, NewInvoice};
use crate::invoice::{Invoice, InvoiceView};
use crate::mischief::Deed;
use crate::payer::Payer;
use crate::payment::Payment;
use crate::state::{Moment, State};

impl State {
    pub(super) fn post_invoice(&mut self, at: Moment<'_>, body: &[u8]) -> Result<Done, ApiError> {
        let asked = NewInvoice::read(body)?;
        let (id, new) = self.create_invoice(at, asked)?;
        let mut done = Done::created(&self.invoice_view(at, id)?);
        if new && self.do_on(Deed::EarlyWebhook, "create_invoice") {
            // A new invoice can be paid: it is not closed.
            let _ = self.pay(at, id, &Payer::default());
            done.hold_ms = self.mischief.asked.early_ms + at.settings.latency_ms.1;
        }
        Ok(done)
    }

    pub(super) fn show_invoice(&self, at: Moment<'_>, id: Uuid) -> Result<Done, ApiError> {
        Ok(Done::ok(&self.invoice_view(at, id)?))
    }

    pub(super) fn put_invoice(&mut self, at: Moment<'_>, id: Uuid, body: &[u8]) -> Result<Done, ApiError> {
        let invoice = self.invoices.get_mut(id).ok_or_else(ApiError::not_found)?;
        let change = Change::read(body)?;
        invoice.description = change.description.unwrap_or_else(|| std::mem::take(&mut invoice.description));
        invoice.metadata = change.metadata.or_else(|| invoice.metadata.take());
        invoice.updated_at = at.now;
        self.show_invoice(at, id)
    }

    pub(super) fn cancel_invoice(&mut self, at: Moment<'_>, id: Uuid) -> Result<Done, ApiError> {
        self.invoices.get_mut(id).ok_or_else(ApiError::not_found)?.cancel(at.now)?;
        self.show_invoice(at, id)
    }

    pub(super) fn list_invoices(&self, at: Moment<'_>, query: &Query) -> Result<Done, ApiError> {
        let made = self.invoices.made_between(query.time("created[gt]")?, query.time("created[lt]")?);
        let keep = |invoice: &Invoice| {
            query.get("id").is_none_or(|id| id == invoice.id.to_string())
                && query.get("status").is_none_or(|status| status == invoice.status(at.now).name())
                && query.holds_for(invoice.metadata.as_ref())
        };
        let (found, meta) = page::page(made, query, keep);
        let rows: Vec<InvoiceView<'_>> = found.into_iter().map(|invoice| self.shown(at, invoice)).collect();
        Ok(Done::ok(&json!({ "invoices": rows, "meta": meta })))
    }

    fn invoice_view<'a>(&'a self, at: Moment<'a>, id: Uuid) -> Result<InvoiceView<'a>, ApiError> {
        let invoice = self.invoices.get(id).ok_or_else(ApiError::not_found)?;
        Ok(self.shown(at, invoice))
    }

    pub(crate) fn shown<'a>(&'a self, at: Moment<'_>, invoice: &'a Invoice) -> InvoiceView<'a> {
        let payments = invoice.payments.iter().filter_map(|id| self.payments.get(*id));
        invoice.view(payments.map(Payment::view).collect(), &at.settings.public_url, at.now)
    }
}
