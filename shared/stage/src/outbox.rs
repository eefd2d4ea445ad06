//! The outbox of a stage: what donors would be told, where a test can look at it.

use std::sync::{Arc, Mutex, PoisonError};

use platform::Outbound;
use platform::outbound::{Answer, OutboundError};
use serde_json::Value;
use testkit::chance::Chance;

/// Where it is.
pub const URL: &str = "http://outbox.stage/messages";

/// What was put into the outbox. Clones are the same.
#[derive(Clone)]
pub struct Outbox {
    messages: Arc<Mutex<Vec<Value>>>,
    /// How often in a thousand it does not take a message, and how often it takes one without saying so.
    mischief: Arc<Mutex<(u32, u32)>>,
    done: Arc<Mutex<(u64, u64)>>,
    chance: Arc<Chance>,
}

impl Outbox {
    pub(crate) fn new(seed: u64) -> Outbox {
        Outbox {
            messages: Arc::default(),
            mischief: Arc::default(),
            done: Arc::default(),
            chance: Arc::new(Chance::seeded(seed, "outbox")),
        }
    }

    /// Every message that was taken, oldest first.
    pub fn messages(&self) -> Vec<Value> {
        self.messages.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// From now on it refuses, or loses its answer, so often in a thousand.
    pub fn misbehave(&self, refuses_per_mille: u32, silent_per_mille: u32) {
        *self.mischief.lock().unwrap_or_else(PoisonError::into_inner) = (refuses_per_mille, silent_per_mille);
    }

    /// How often it has refused a message, and how often it took one without saying so.
    pub fn misbehaved(&self) -> (u64, u64) {
        *self.done.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn take(&self, body: &[u8]) -> Result<Answer, OutboundError> {
        let (refuses, silent) = *self.mischief.lock().unwrap_or_else(PoisonError::into_inner);
        let mut done = self.done.lock().unwrap_or_else(PoisonError::into_inner);
        if self.chance.happens(refuses) {
            done.0 += 1;
            return Ok(Answer { status: 503, body: Vec::new() });
        }
        let message = serde_json::from_slice(body).map_err(|_| OutboundError::Malformed)?;
        self.messages.lock().unwrap_or_else(PoisonError::into_inner).push(message);
        if self.chance.happens(silent) {
            done.1 += 1;
            return Err(OutboundError::Late);
        }
        Ok(Answer { status: 202, body: Vec::new() })
    }

    /// The way out, with the outbox on it.
    pub(crate) fn beside(&self, others: Outbound) -> Outbound {
        let outbox = self.clone();
        Outbound::InProcess(Arc::new(move |request| {
            let (others, outbox) = (others.clone(), outbox.clone());
            Box::pin(async move { if request.url == URL { outbox.take(&request.body) } else { others.call(request).await } })
        }))
    }
}
