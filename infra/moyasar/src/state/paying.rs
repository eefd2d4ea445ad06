//! Invoices are made and paid, payments begin and end, money is held, taken and given back.

use uuid::Uuid;

use super::{Moment, State};
use crate::error::ApiError;
use crate::event::EventType;
use crate::input::{NewInvoice, NewPayment};
use crate::invoice::Invoice;
use crate::mischief::Deed;
use crate::payer::{Payer, Refusal};
use crate::payment::{Payment, Status};
use crate::source::{Ending, Source};

impl State {
    /// Makes an invoice, or finds the one that was made with this `given_id`.
    pub(crate) fn create_invoice(&mut self, at: Moment<'_>, asked: NewInvoice) -> Result<(Uuid, bool), ApiError> {
        let given = asked.given_id.filter(|_| !at.settings.readings.ignore_invoice_given_id);
        if let Some(known) = given.and_then(|id| self.invoices.get(id)) {
            return match known.answers(&asked) {
                true => Ok((known.id, false)),
                false => Err(ApiError::field("given_id", "has already been used for another invoice")),
            };
        }
        if asked.expired_at.is_some_and(|end| end <= at.now) {
            return Err(ApiError::field("expired_at", "must be in the future"));
        }
        let id = given.unwrap_or_else(|| self.ids.uuid());
        self.invoices.put(Invoice::new(id, asked, at.now));
        self.tally.invoices += 1;
        Ok((id, true))
    }

    /// Somebody on the checkout page. Answers with the first payment they made.
    pub(crate) fn pay(&mut self, at: Moment<'_>, invoice_id: Uuid, payer: &Payer) -> Result<Uuid, Refusal> {
        let invoice = self.invoices.get(invoice_id).ok_or(Refusal::Unknown)?;
        let status = invoice.status(at.now);
        if status.name() != "initiated" && !payer.insist {
            return Err(Refusal::Closed(status));
        }
        let mut times = payer.times.max(1);
        if payer.ending == Ending::Paid && self.mischief.does(Deed::PayTwice, "pay") {
            self.tally.did(Deed::PayTwice);
            times += 1;
        }
        let first = self.pay_once(at, invoice_id, payer).ok_or(Refusal::Unknown)?;
        for _ in 1..times {
            self.pay_once(at, invoice_id, payer);
        }
        Ok(first)
    }

    fn pay_once(&mut self, at: Moment<'_>, invoice_id: Uuid, payer: &Payer) -> Option<Uuid> {
        let id = self.ids.uuid();
        let source = Source::payer(payer.method, &mut self.people);
        let ip = Some(format!("198.51.100.{}", self.people.between(1, 254)));
        let invoice = self.invoices.get_mut(invoice_id)?;
        invoice.payments.push(id);
        let payment = Payment {
            id,
            status: Status::Initiated,
            amount: payer.amount.unwrap_or(invoice.amount),
            fee: 0,
            currency: payer.currency.clone().unwrap_or_else(|| invoice.currency.clone()),
            refunded: 0,
            refunded_at: None,
            captured: 0,
            captured_at: None,
            voided_at: None,
            description: Some(invoice.description.clone()),
            invoice_id: Some(invoice_id),
            ip,
            callback_url: Some(format!("{}/invoices/{invoice_id}", at.settings.public_url)),
            created_at: at.now,
            updated_at: at.now,
            metadata: invoice.metadata.clone().filter(|_| !at.settings.readings.no_metadata_on_payments),
            source,
            ending: payer.ending,
        };
        self.begin(at, payment, payer.ending == Ending::Pending);
        Some(id)
    }

    /// Makes a payment without an invoice, or finds the one that was made with this `given_id`.
    pub(crate) fn create_payment(&mut self, at: Moment<'_>, asked: NewPayment) -> Result<(Uuid, bool), ApiError> {
        if let Some(known) = asked.given_id.and_then(|id| self.payments.get(id)) {
            let same = known.amount == asked.amount
                && known.currency == asked.currency
                && known.description == asked.description
                && known.metadata == asked.metadata
                && known.source.method == asked.source.method
                && known.source.number == asked.source.number;
            return match same && !at.settings.readings.refuse_repeated_given_id {
                true => Ok((known.id, false)),
                false => Err(ApiError::field("given_id", "has already been taken")),
            };
        }
        let id = asked.given_id.unwrap_or_else(|| self.ids.uuid());
        let by_page = asked.source.by_page;
        let payment = self.payment_asked(at, id, asked);
        self.begin(at, payment, by_page);
        Ok((id, true))
    }

    fn payment_asked(&mut self, at: Moment<'_>, id: Uuid, asked: NewPayment) -> Payment {
        let NewPayment { source: given, .. } = asked;
        let page = format!("{}/transactions/{id}", at.settings.public_url);
        let source = Source {
            name: given.name,
            number: given.number,
            mobile: given.mobile,
            branch: given.branch,
            cashier: given.cashier,
            token: given.token,
            manual: given.manual,
            transaction_url: given.by_page.then_some(page),
            ..Source::payer(given.method, &mut self.people)
        };
        Payment {
            id,
            status: Status::Initiated,
            amount: asked.amount,
            fee: 0,
            currency: asked.currency,
            refunded: 0,
            refunded_at: None,
            captured: 0,
            captured_at: None,
            voided_at: None,
            description: asked.description,
            invoice_id: None,
            ip: None,
            callback_url: asked.callback_url,
            created_at: at.now,
            updated_at: at.now,
            metadata: asked.metadata,
            source,
            ending: given.ending,
        }
    }

    /// Files a new payment; unless the payer has to go to the bank's page, it ends at once.
    fn begin(&mut self, at: Moment<'_>, payment: Payment, by_page: bool) {
        let (id, ending) = (payment.id, payment.ending);
        self.payments.put(payment);
        self.tally.payments += 1;
        if !by_page {
            self.conclude(at, id, ending);
        }
    }

    /// The payer comes back from the bank's page, or walks away from it.
    pub(crate) fn finish(&mut self, at: Moment<'_>, id: Uuid, ending: Option<Ending>) -> Result<(), Refusal> {
        let payment = self.payments.get(id).ok_or(Refusal::Unknown)?;
        if payment.status != Status::Initiated {
            return Err(Refusal::State(format!("the payment is {}", payment.status.name())));
        }
        let ending = ending.unwrap_or(payment.ending);
        self.conclude(at, id, ending);
        Ok(())
    }

    fn conclude(&mut self, at: Moment<'_>, id: Uuid, ending: Ending) {
        let event = match ending {
            Ending::Paid => EventType::PaymentPaid,
            Ending::Declined(_) => EventType::PaymentFailed,
            Ending::Authorized => EventType::PaymentAuthorized,
            Ending::Abandoned => EventType::PaymentAbandoned,
            Ending::Pending => return,
        };
        if let Some(payment) = self.payments.get_mut(id) {
            payment.source.answered(ending, &mut self.people);
            payment.end(ending, at.now);
            self.tally.taken += payment.taken();
        }
        self.changed(at, id, event);
    }

    /// Gives money back, by the API or from the dashboard.
    pub(crate) fn refund(&mut self, at: Moment<'_>, id: Uuid, amount: Option<u64>) -> Result<(), ApiError> {
        let payment = self.payments.get_mut(id).ok_or_else(ApiError::not_found)?;
        let before = payment.refunded;
        payment.refund(amount, &at.settings.readings, at.now)?;
        self.tally.refunded += payment.refunded - before;
        self.changed(at, id, EventType::PaymentRefunded);
        Ok(())
    }

    pub(crate) fn capture(&mut self, at: Moment<'_>, id: Uuid, amount: Option<u64>) -> Result<(), ApiError> {
        let payment = self.payments.get_mut(id).ok_or_else(ApiError::not_found)?;
        payment.capture(amount, at.now)?;
        self.tally.taken += payment.captured;
        self.changed(at, id, EventType::PaymentCaptured);
        Ok(())
    }

    pub(crate) fn void(&mut self, at: Moment<'_>, id: Uuid) -> Result<(), ApiError> {
        let payment = self.payments.get_mut(id).ok_or_else(ApiError::not_found)?;
        let taken = payment.taken();
        payment.void(at.now)?;
        self.tally.taken -= taken;
        self.changed(at, id, EventType::PaymentVoided);
        Ok(())
    }
}
