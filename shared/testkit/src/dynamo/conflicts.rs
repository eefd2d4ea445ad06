//! The conflicts of writes that are in flight together.
//!
//! The database answers one call at a time, so nothing ever collides in it. Here a write is in flight for the service time
//! before it is applied, and meanwhile holds its items:
//! - a transaction conflicts with any write in flight on one of its items, condition checks included;
//! - a plain write conflicts with a transaction in flight on its item, and waits for nobody else: plain writes on one
//!   item follow each other.
//!
//! Whoever comes second is refused, as in DynamoDB, after the same service time. A caller that goes away in the meantime
//! lets go of its items and changes nothing.

use std::collections::{HashMap, HashSet};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use super::tables::ItemKey;

pub(super) struct InFlight {
    service_time: Duration,
    held: Mutex<Held>,
}

#[derive(Default)]
struct Held {
    items: HashMap<ItemKey, Writers>,
    tokens: HashSet<String>,
}

#[derive(Default)]
struct Writers {
    plain: usize,
    transactions: usize,
}

/// A write in flight. Dropping it lets its items go.
pub(super) struct Flight<'a> {
    owner: &'a InFlight,
    keys: Vec<ItemKey>,
    transactional: bool,
    token: Option<String>,
}

/// Why a transaction may not fly.
pub(super) enum Collision {
    /// For each key, whether another write holds it.
    Items(Vec<bool>),
    /// The same transaction is in flight already.
    Token,
}

impl InFlight {
    pub fn new(service_time: Duration) -> Self {
        Self { service_time, held: Mutex::default() }
    }

    pub fn len(&self) -> usize {
        self.lock().items.len()
    }

    pub fn is_off(&self) -> bool {
        self.service_time.is_zero()
    }

    /// Takes the time that a write takes.
    pub async fn serve(&self) {
        if !self.is_off() {
            tokio::time::sleep(self.service_time).await;
        }
    }

    /// Takes off with plain writes: for each key, whether it may go. Only those that may are held.
    pub fn plain(&self, keys: &[Option<ItemKey>]) -> (Flight<'_>, Vec<bool>) {
        let mut held = self.lock();
        let free = |key: &Option<ItemKey>| {
            key.as_ref().and_then(|key| held.items.get(key)).is_none_or(|writers| writers.transactions == 0)
        };
        let may_go: Vec<bool> = keys.iter().map(free).collect();
        let going = keys.iter().zip(&may_go).filter(|(_, may)| **may).filter_map(|(key, _)| key.clone()).collect();
        (self.take_off(&mut held, going, false, None), may_go)
    }

    /// Takes off with a transaction over `keys`, in the order of its actions.
    pub fn transaction(&self, keys: &[Option<ItemKey>], token: Option<String>) -> Result<Flight<'_>, Collision> {
        let mut held = self.lock();
        if token.as_ref().is_some_and(|token| held.tokens.contains(token)) {
            return Err(Collision::Token);
        }
        let taken: Vec<bool> = keys.iter().map(|key| held.is_taken(key.as_ref())).collect();
        if taken.contains(&true) {
            return Err(Collision::Items(taken));
        }
        Ok(self.take_off(&mut held, keys.iter().flatten().cloned().collect(), true, token))
    }

    /// For each key, whether a write in flight holds it.
    pub fn taken(&self, keys: &[Option<ItemKey>]) -> Vec<bool> {
        let held = self.lock();
        keys.iter().map(|key| held.is_taken(key.as_ref())).collect()
    }

    fn take_off(&self, held: &mut Held, keys: Vec<ItemKey>, transactional: bool, token: Option<String>) -> Flight<'_> {
        // With no service time nothing is ever in flight together, and nothing need be remembered.
        let keys = if self.is_off() { Vec::new() } else { keys };
        for key in &keys {
            let writers = held.items.entry(key.clone()).or_default();
            *writers.of(transactional) += 1;
        }
        held.tokens.extend(token.clone());
        Flight { owner: self, keys, transactional, token }
    }

    fn lock(&self) -> MutexGuard<'_, Held> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Held {
    fn is_taken(&self, key: Option<&ItemKey>) -> bool {
        key.is_some_and(|key| self.items.contains_key(key))
    }
}

impl Writers {
    fn of(&mut self, transactional: bool) -> &mut usize {
        if transactional { &mut self.transactions } else { &mut self.plain }
    }

    fn is_nobody(&self) -> bool {
        self.plain == 0 && self.transactions == 0
    }
}

impl Drop for Flight<'_> {
    fn drop(&mut self) {
        let mut held = self.owner.lock();
        for key in &self.keys {
            let Some(writers) = held.items.get_mut(key) else { continue };
            let count = writers.of(self.transactional);
            *count = count.saturating_sub(1);
            if writers.is_nobody() {
                held.items.remove(key);
            }
        }
        if let Some(token) = &self.token {
            held.tokens.remove(token);
        }
    }
}
