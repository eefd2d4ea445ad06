//! What payers and the merchant's dashboard do, and what is true at the provider afterwards.

use serde_json::{Map, Value};
use uuid::Uuid;

use super::Sandbox;
use crate::error::ApiError;
use crate::event::EventType;
use crate::payer::{InvoiceFacts, Payer, PaymentFacts, Refusal};
use crate::source::Ending;
use crate::state::{Moment, State};

impl Sandbox {
    /// Somebody pays an invoice, or tries to. Answers with the first payment they made.
    ///
    /// # Errors
    /// If there is no such invoice, or it is closed and the payer does not insist.
    pub fn pay(&self, invoice: Uuid, payer: &Payer) -> Result<PaymentFacts, Refusal> {
        self.at_once(|state, at| {
            let id = state.pay(at, invoice, payer)?;
            facts(state, id)
        })
    }

    /// The payer of a pending payment comes back from the bank's page; `None`: as the card decides.
    ///
    /// # Errors
    /// If there is no such payment, or it has ended.
    pub fn finish(&self, payment: Uuid, ending: Option<Ending>) -> Result<PaymentFacts, Refusal> {
        self.at_once(|state, at| {
            state.finish(at, payment, ending)?;
            facts(state, payment)
        })
    }

    /// The merchant gives money back from the dashboard: `amount`, or all that is left.
    ///
    /// # Errors
    /// If there is no such payment, or it has not that much to give back.
    pub fn refund(&self, payment: Uuid, amount: Option<u64>) -> Result<PaymentFacts, Refusal> {
        self.dashboard(payment, |state, at| state.refund(at, payment, amount))
    }

    /// The merchant undoes a payment from the dashboard.
    ///
    /// # Errors
    /// If there is no such payment, or its state does not allow it.
    pub fn void(&self, payment: Uuid) -> Result<PaymentFacts, Refusal> {
        self.dashboard(payment, |state, at| state.void(at, payment))
    }

    /// The merchant takes held money from the dashboard: `amount`, or all of it.
    ///
    /// # Errors
    /// If there is no such payment, or nothing is held.
    pub fn capture(&self, payment: Uuid, amount: Option<u64>) -> Result<PaymentFacts, Refusal> {
        self.dashboard(payment, |state, at| state.capture(at, payment, amount))
    }

    /// The merchant hangs other metadata on a payment from the dashboard, or takes off what there is. No message tells of it.
    ///
    /// # Errors
    /// If there is no such payment.
    pub fn describe(&self, payment: Uuid, metadata: Option<Map<String, Value>>) -> Result<PaymentFacts, Refusal> {
        self.at_once(|state, at| {
            let described = state.payments.get_mut(payment).ok_or(Refusal::Unknown)?;
            described.metadata = metadata;
            described.updated_at = at.now;
            facts(state, payment)
        })
    }

    /// The same with an invoice: payments that are made of it from then on carry what it carries, those of before keep theirs.
    ///
    /// # Errors
    /// If there is no such invoice.
    pub fn describe_invoice(&self, invoice: Uuid, metadata: Option<Map<String, Value>>) -> Result<(), Refusal> {
        self.at_once(|state, at| {
            let described = state.invoices.get_mut(invoice).ok_or(Refusal::Unknown)?;
            described.metadata = metadata;
            described.updated_at = at.now;
            Ok(())
        })
    }

    fn dashboard(
        &self,
        payment: Uuid,
        act: impl FnOnce(&mut State, Moment<'_>) -> Result<(), ApiError>,
    ) -> Result<PaymentFacts, Refusal> {
        self.at_once(|state, at| {
            facts(state, payment)?;
            act(state, at).map_err(|error| Refusal::State(told(&error)))?;
            facts(state, payment)
        })
    }

    /// Sends a message about a payment as it is now, whether or not anything happened to it.
    ///
    /// # Errors
    /// If there is no such payment.
    pub fn tell(&self, payment: Uuid, event: EventType) -> Result<(), Refusal> {
        self.at_once(|state, at| {
            facts(state, payment)?;
            state.raise(at, payment, event);
            Ok(())
        })
    }

    /// An invoice as the provider sees it.
    #[must_use]
    pub fn invoice(&self, id: Uuid) -> Option<InvoiceFacts> {
        self.at_once(|state, at| {
            let invoice = state.invoices.get(id)?;
            Some(InvoiceFacts {
                id,
                status: invoice.status(at.now),
                amount: invoice.amount,
                currency: invoice.currency.clone(),
                payments: invoice.payments.clone(),
                paid_by: invoice.paid_by,
                metadata: invoice.metadata.clone(),
            })
        })
    }

    /// A payment as the provider sees it.
    #[must_use]
    pub fn payment(&self, id: Uuid) -> Option<PaymentFacts> {
        self.room().state.payments.get(id).map(PaymentFacts::from)
    }

    /// Every payment, oldest first.
    #[must_use]
    pub fn payments(&self) -> Vec<PaymentFacts> {
        self.room().state.payments.made_between(None, None).iter().map(PaymentFacts::from).collect()
    }
}

fn facts(state: &State, id: Uuid) -> Result<PaymentFacts, Refusal> {
    state.payments.get(id).map(PaymentFacts::from).ok_or(Refusal::Unknown)
}

/// An API error in one sentence.
fn told(error: &ApiError) -> String {
    match &error.errors {
        None => error.message.clone(),
        Some(errors) => serde_json::to_string(errors).unwrap_or_default(),
    }
}
