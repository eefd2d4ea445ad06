//! Everything the provider knows, and what happens in it: invoices are made and paid, payments end,
//! are given back, and every change is told to the webhooks.
//!
//! No clock, no socket, no lock: a [`Moment`] brings the time and the settings.

mod paying;
mod telling;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::chance::Chance;
use crate::invoice::Invoice;
use crate::mischief::{Mischievous, Tally};
use crate::outbox::Outbox;
use crate::payment::Payment;
use crate::settings::Settings;
use crate::shelf::{Filed, Shelf};

/// When something happens, and under which settings.
#[derive(Clone, Copy)]
pub(crate) struct Moment<'a> {
    pub(crate) settings: &'a Settings,
    pub(crate) now: u64,
}

/// A registered webhook.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Webhook {
    pub(crate) id: Uuid,
    pub(crate) url: String,
    pub(crate) secret_token: String,
    /// Empty means all.
    pub(crate) events: Vec<String>,
    pub(crate) created_at: u64,
    /// The one of the settings, which follows them when a saved state is loaded.
    pub(crate) from_settings: bool,
}

#[derive(Serialize, Deserialize)]
pub(crate) struct State {
    ids: Chance,
    people: Chance,
    traces: Chance,
    last_ms: u64,
    pub(crate) invoices: Shelf<Invoice>,
    pub(crate) payments: Shelf<Payment>,
    pub(crate) webhooks: Vec<Webhook>,
    pub(crate) outbox: Outbox,
    pub(crate) mischief: Mischievous,
    pub(crate) tally: Tally,
}

impl Filed for Invoice {
    fn id(&self) -> Uuid {
        self.id
    }
    fn created_at(&self) -> u64 {
        self.created_at
    }
}

impl Filed for Payment {
    fn id(&self) -> Uuid {
        self.id
    }
    fn created_at(&self) -> u64 {
        self.created_at
    }
}

impl State {
    pub(crate) fn new(seed: u64) -> Self {
        Self {
            ids: Chance::new(seed, 1),
            people: Chance::new(seed, 2),
            traces: Chance::new(seed, 4),
            last_ms: 0,
            invoices: Shelf::default(),
            payments: Shelf::default(),
            webhooks: Vec::new(),
            outbox: Outbox::default(),
            mischief: Mischievous::new(Chance::new(seed, 3)),
            tally: Tally::default(),
        }
    }

    /// The time, which never goes backwards here: the shelves are kept in its order.
    pub(crate) fn tick(&mut self, clock_ms: u64) -> u64 {
        self.last_ms = self.last_ms.max(clock_ms);
        self.last_ms
    }

    pub(crate) fn new_id(&mut self) -> Uuid {
        self.ids.uuid()
    }

    /// An id for an attempt to deliver: from a stream of its own, because mischief makes more of them.
    pub(crate) fn new_attempt_id(&mut self) -> Uuid {
        self.traces.uuid()
    }

    /// Registers the webhook of the settings, or lets the registered one follow them.
    pub(crate) fn follow_settings(&mut self, at: Moment<'_>) {
        let Some(target) = &at.settings.webhook else {
            return;
        };
        if let Some(known) = self.webhooks.iter_mut().find(|webhook| webhook.from_settings) {
            known.url.clone_from(&target.url);
            known.secret_token.clone_from(&target.secret_token);
            return;
        }
        let webhook = Webhook {
            id: self.new_id(),
            url: target.url.clone(),
            secret_token: target.secret_token.clone(),
            events: Vec::new(),
            created_at: at.now,
            from_settings: true,
        };
        self.webhooks.push(webhook);
    }
}
