//! What goes wrong on request: by odds, by one-shots, and for a time.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::chance::Chance;

/// A kind of mischief. Those on messages are drawn once for each message and webhook; those on
/// calls once for each call of `/v1`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Deed {
    /// The message is sent twice, with the same id.
    Duplicate,
    /// The message is late, by up to `delay_ms`.
    Delay,
    /// The message is kept back until the next one has gone, `reorder_ms` at the most.
    Reorder,
    /// The message never comes.
    Lose,
    /// A forged message says ten times the amount.
    ForgeAmount,
    /// A forged message has somebody else's `secret_token`.
    ForgeSecret,
    /// A message is cut off in the middle.
    ForgeJson,
    /// A forged message says paid whatever happened.
    ForgeStatus,
    /// A forged message is about a payment that does not exist.
    ForgePayment,
    /// `payment_failed` is spelled `payment_faild`.
    Misspell,
    /// The answer is late, by up to `slow_ms`; the deed is done at once.
    Slow,
    /// 500, and nothing is done.
    Fail,
    /// 429, and nothing is done.
    Throttle,
    /// The deed is done and the answer is lost.
    LoseReply,
    /// The message is there before the answer of the call that makes the payment. For an invoice, a
    /// payer who is quicker than the answer pays it.
    EarlyWebhook,
    /// The payer pays the invoice twice.
    PayTwice,
}

impl Deed {
    /// The forgeries.
    pub(crate) const FORGERIES: [Self; 5] =
        [Self::ForgeAmount, Self::ForgeSecret, Self::ForgeJson, Self::ForgeStatus, Self::ForgePayment];
}

/// What is asked for. In JSON everything may be left out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Mischief {
    /// How often, in parts of 10,000.
    pub odds: BTreeMap<Deed, u32>,
    /// The longest that `Delay` keeps a message.
    pub delay_ms: u64,
    /// The longest that `Reorder` waits for a message to let pass.
    pub reorder_ms: u64,
    /// The longest between a message and its duplicate.
    pub duplicate_ms: u64,
    /// The longest that `Slow` keeps an answer.
    pub slow_ms: u64,
    /// How long `EarlyWebhook` keeps the answer, so that the message can overtake it.
    pub early_ms: u64,
    /// A forged message is sent instead of the true one, and not before it.
    pub forged_instead: bool,
}

impl Default for Mischief {
    fn default() -> Self {
        Self {
            odds: BTreeMap::new(),
            delay_ms: 30_000,
            reorder_ms: 10_000,
            duplicate_ms: 5_000,
            slow_ms: 8_000,
            early_ms: 250,
            forged_instead: false,
        }
    }
}

impl Mischief {
    /// The same with these odds for a deed, in parts of 10,000.
    #[must_use]
    pub fn with(mut self, deed: Deed, odds: u32) -> Self {
        self.odds.insert(deed, odds);
        self
    }
}

/// A deed that is done for certain, the next time it can be.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OneShot {
    /// What.
    pub deed: Deed,
    /// How many times.
    #[serde(default = "once")]
    pub times: u32,
    /// Only on this: an event (`payment_paid`) or an operation (`create_invoice`).
    #[serde(default)]
    pub on: Option<String>,
}

fn once() -> u32 {
    1
}

/// How the API is down.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Down {
    /// 503.
    #[default]
    Unavailable,
    /// The connection is dropped without an answer.
    Refuse,
}

/// What is asked for and what is armed; decides, deed by deed.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Mischievous {
    pub(crate) asked: Mischief,
    pub(crate) armed: Vec<OneShot>,
    down: Option<(u64, Down)>,
    pub(crate) chance: Chance,
}

impl Mischievous {
    pub(crate) fn new(chance: Chance) -> Self {
        Self { asked: Mischief::default(), armed: Vec::new(), down: None, chance }
    }

    /// Whether to do `deed` on `what` now. Takes from the one-shots first, then draws.
    pub(crate) fn does(&mut self, deed: Deed, what: &str) -> bool {
        let shot = self.armed.iter().position(|shot| shot.deed == deed && shot.on.as_deref().is_none_or(|on| on == what));
        let Some(place) = shot else {
            let odds = self.asked.odds.get(&deed).copied().unwrap_or(0);
            return self.chance.hits(odds);
        };
        if let Some(shot) = self.armed.get_mut(place) {
            shot.times = shot.times.saturating_sub(1);
        }
        self.armed.retain(|shot| shot.times > 0);
        true
    }

    /// From one to `most` milliseconds.
    pub(crate) fn up_to(&mut self, most: u64) -> u64 {
        self.chance.between(1, most.max(1))
    }

    pub(crate) fn go_down(&mut self, until: u64, how: Down) {
        self.down = Some((until, how));
    }

    pub(crate) fn come_up(&mut self) {
        self.down = None;
    }

    pub(crate) fn down(&self, now: u64) -> Option<Down> {
        self.down.filter(|(until, _)| now < *until).map(|(_, how)| how)
    }
}

/// What was done, by kind.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tally {
    /// Mischief, by deed.
    pub deeds: BTreeMap<Deed, u64>,
    /// Calls of `/v1`, by operation.
    pub calls: BTreeMap<String, u64>,
    /// Invoices made.
    pub invoices: u64,
    /// Payments begun.
    pub payments: u64,
    /// Payments by event.
    pub events: BTreeMap<String, u64>,
    /// Minor units taken.
    pub taken: u64,
    /// Minor units given back.
    pub refunded: u64,
    /// Calls refused or left without an answer because the API was down.
    pub down: u64,
    /// Messages answered with 2xx.
    pub delivered: u64,
    /// Attempts answered otherwise, or not at all.
    pub failed_attempts: u64,
    /// Messages dropped after the last attempt.
    pub dropped: u64,
}

impl Tally {
    pub(crate) fn did(&mut self, deed: Deed) {
        *self.deeds.entry(deed).or_default() += 1;
    }

    pub(crate) fn called(&mut self, operation: &'static str) {
        match self.calls.get_mut(operation) {
            Some(count) => *count += 1,
            None => {
                self.calls.insert(operation.to_owned(), 1);
            }
        }
    }

    pub(crate) fn happened(&mut self, event: &'static str) {
        match self.events.get_mut(event) {
            Some(count) => *count += 1,
            None => {
                self.events.insert(event.to_owned(), 1);
            }
        }
    }
}
