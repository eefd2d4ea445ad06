//! Every change is told to the webhooks, and what is told goes wrong as it was asked to.

use uuid::Uuid;

use super::{Moment, State, Webhook};
use crate::event::{Event, EventType, Forgery, to_text};
use crate::mischief::Deed;
use crate::outbox::{Parcel, Target};

impl State {
    /// Lets the invoice follow its payment, and tells the world.
    pub(super) fn changed(&mut self, at: Moment<'_>, id: Uuid, event: EventType) {
        self.tally.happened(event.name());
        let Some(payment) = self.payments.get(id) else {
            return;
        };
        let invoice = payment.invoice_id.and_then(|invoice| self.invoices.get_mut(invoice));
        if let Some(invoice) = invoice {
            let unpaid = invoice.paid_by.is_none();
            invoice.follow(payment, at.now);
            let paid = unpaid && invoice.paid_by.is_some();
            if paid && !at.settings.readings.no_invoice_callback {
                let invoice_id = invoice.id;
                self.call_back(at, invoice_id);
            }
        }
        self.raise(at, id, event);
    }

    /// Posts the paid invoice to its `callback_url`: once, and without a secret.
    fn call_back(&mut self, at: Moment<'_>, invoice_id: Uuid) {
        let event_id = self.ids.uuid();
        let due = at.now + self.latency(at);
        let Some(invoice) = self.invoices.get(invoice_id) else {
            return;
        };
        let Some(url) = invoice.callback_url.clone() else {
            return;
        };
        let body = to_text(&self.shown(at, invoice));
        let target = Target::Callback(url);
        self.outbox.post(parcel(due, event_id, "invoice_paid", target, body, false));
    }

    fn latency(&mut self, at: Moment<'_>) -> u64 {
        let (low, high) = at.settings.latency_ms;
        if high == 0 { 0 } else { self.mischief.chance.between(low, high) }
    }

    /// Tells every webhook that wants to know.
    pub(crate) fn raise(&mut self, at: Moment<'_>, payment_id: Uuid, kind: EventType) {
        let event_id = self.ids.uuid();
        let wanted = |webhook: &&Webhook| webhook.events.is_empty() || webhook.events.iter().any(|name| name == kind.name());
        let told: Vec<(Uuid, String)> =
            self.webhooks.iter().filter(wanted).map(|webhook| (webhook.id, webhook.secret_token.clone())).collect();
        for (webhook, secret) in told {
            self.tell(at, payment_id, kind, event_id, webhook, &secret);
        }
    }

    fn tell(&mut self, at: Moment<'_>, payment_id: Uuid, kind: EventType, event_id: Uuid, webhook: Uuid, secret: &str) {
        let misspelt =
            at.settings.readings.spell_faild || (kind == EventType::PaymentFailed && self.do_to(Deed::Misspell, kind));
        let due = at.now + self.latency(at);
        let forgeries = self.forgeries(kind);
        let Some(payment) = self.payments.get(payment_id) else {
            return;
        };
        let event = Event { id: event_id, kind, at: at.now, payment, misspelt };
        let name = event.name();
        let body = event.write(at.settings, secret);
        let forged: Vec<String> = forgeries.iter().map(|forgery| event.forge(at.settings, secret, *forgery)).collect();
        let instead = self.mischief.asked.forged_instead && !forged.is_empty();
        for body in forged {
            self.outbox.post(parcel(due, event_id, name, Target::Webhook(webhook), body, true));
        }
        if !instead {
            self.send(kind, parcel(due, event_id, name, Target::Webhook(webhook), body, false));
        }
    }

    /// Sends the true message: lost, late, twice, out of order, or simply.
    fn send(&mut self, kind: EventType, mut parcel: Parcel) {
        if self.do_to(Deed::Lose, kind) {
            return;
        }
        if self.do_to(Deed::Delay, kind) {
            parcel.due += self.mischief.up_to(self.mischief.asked.delay_ms);
        }
        if self.do_to(Deed::Duplicate, kind) {
            let later = self.mischief.up_to(self.mischief.asked.duplicate_ms);
            let again = Parcel { due: parcel.due + later, ..parcel.clone() };
            self.outbox.post(again);
        }
        if self.do_to(Deed::Reorder, kind) {
            parcel.due += self.mischief.asked.reorder_ms;
            self.outbox.keep_back(parcel);
        } else {
            self.outbox.post(parcel);
        }
    }

    fn forgeries(&mut self, kind: EventType) -> Vec<Forgery> {
        let mut drawn = Vec::new();
        for deed in Deed::FORGERIES {
            if self.do_to(deed, kind) {
                drawn.push(match deed {
                    Deed::ForgeAmount => Forgery::Amount,
                    Deed::ForgeSecret => Forgery::Secret,
                    Deed::ForgeJson => Forgery::Json,
                    Deed::ForgeStatus => Forgery::Status,
                    _ => Forgery::Payment(self.mischief.chance.uuid()),
                });
            }
        }
        drawn
    }

    fn do_to(&mut self, deed: Deed, kind: EventType) -> bool {
        self.do_on(deed, kind.name())
    }

    /// Decides whether to do `deed` on `what`, and counts it if so.
    pub(crate) fn do_on(&mut self, deed: Deed, what: &str) -> bool {
        let doing = self.mischief.does(deed, what);
        if doing {
            self.tally.did(deed);
        }
        doing
    }
}

fn parcel(due: u64, event_id: Uuid, event: &str, target: Target, body: String, forged: bool) -> Parcel {
    Parcel { seq: 0, due, attempt: 1, event_id, event: event.to_owned(), target, body, forged }
}
