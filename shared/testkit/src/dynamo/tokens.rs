//! Client tokens that expire by our clock.
//!
//! DynamoDB remembers a transaction's token for ten minutes after it was first completed. The database does so too, but by
//! the machine's clock, which a simulation does not move. So each use of a caller's token is given a token of our own, the
//! same one while the ten minutes run and a new one after.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// How long a token is good for.
const LIFETIME_MILLIS: i64 = 10 * 60 * 1000;

/// When this many tokens are remembered, the expired ones are dropped.
const SWEEP_AT: usize = 10_000;

#[derive(Default)]
pub(super) struct Tokens {
    seen: Mutex<Seen>,
}

#[derive(Default)]
struct Seen {
    uses: HashMap<String, Use>,
    issued: u64,
    sweep_at: usize,
}

struct Use {
    own: String,
    used_at_millis: i64,
    completed_at_millis: Option<i64>,
}

impl Tokens {
    /// Our token for the caller's, and whether its transaction was completed within the ten minutes.
    pub fn own(&self, token: &str, now_millis: i64) -> (String, bool) {
        let mut seen = self.lock();
        seen.sweep(now_millis);
        if let Some(known) = seen.uses.get_mut(token).filter(|known| known.is_live(now_millis)) {
            known.used_at_millis = now_millis;
            return (known.own.clone(), known.completed_at_millis.is_some());
        }
        seen.issued += 1;
        let own = format!("use-{}", seen.issued);
        let fresh = Use { own: own.clone(), used_at_millis: now_millis, completed_at_millis: None };
        seen.uses.insert(token.to_owned(), fresh);
        (own, false)
    }

    /// The transaction of `token` was answered with success.
    pub fn completed(&self, token: &str, now_millis: i64) {
        if let Some(known) = self.lock().uses.get_mut(token) {
            known.completed_at_millis.get_or_insert(now_millis);
        }
    }

    fn lock(&self) -> MutexGuard<'_, Seen> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Use {
    fn is_live(&self, now_millis: i64) -> bool {
        let since = self.completed_at_millis.unwrap_or(self.used_at_millis);
        now_millis - since < LIFETIME_MILLIS
    }
}

impl Seen {
    fn sweep(&mut self, now_millis: i64) {
        if self.uses.len() >= self.sweep_at.max(SWEEP_AT) {
            self.uses.retain(|_, known| known.is_live(now_millis));
            self.sweep_at = self.uses.len() * 2;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_good_for_ten_minutes_after_completion() {
        let tokens = Tokens::default();
        let (first, replay) = tokens.own("t", 0);
        assert!(!replay);
        tokens.completed("t", 1_000);
        assert_eq!(tokens.own("t", LIFETIME_MILLIS), (first.clone(), true));
        let (second, replay) = tokens.own("t", LIFETIME_MILLIS + 1_000);
        assert_ne!(first, second);
        assert!(!replay);
    }

    #[test]
    fn a_failed_transaction_may_be_tried_again_under_its_token() {
        let tokens = Tokens::default();
        let (first, _) = tokens.own("t", 0);
        assert_eq!(tokens.own("t", 5_000), (first, false));
    }
}
