//! A provider's list, read window by window.
//!
//! **Promise.** What is given for a window is every payment that was in it when it was read, and each at least once. The pages of a list shift when a payment leaves the
//! window meanwhile; then the number of all payments is another on a later page, and the window is read again. A payment that left it changed later, and is in a later
//! window.
//!
//! **Bounds.** [`MOST_PAGES`] pages of a window are held at once; a window with more is halved, down to a second. [`AT_ONCE`] calls at the same time.

use domain::id::PaymentId;
use domain::moment::Moment;
use futures_util::{StreamExt as _, TryStreamExt as _, stream};
use providers::{Payment, PaymentPage, PaymentProvider, Time, Window};

use crate::ReconcileError;

/// The longest window, in seconds.
pub const LONGEST_SECS: i64 = 900;
/// The shortest.
const SHORTEST_SECS: i64 = 1;
/// Pages of one window: a thousand payments.
pub const MOST_PAGES: u32 = 25;
/// Pages of the shortest window: what a provider takes in one second is never more.
const MOST_PAGES_OF_A_SECOND: u32 = 1_000;
/// Calls at the same time.
pub const AT_ONCE: usize = 8;
/// How often a window is read before the run gives up.
const ROUNDS: u32 = 4;

/// What a window holds.
#[derive(Debug)]
pub struct Slice {
    /// The moment after the window's last.
    pub until: Moment,
    /// Its payments.
    pub payments: Vec<Payment>,
    /// The ids of payments that cannot be read.
    pub unreadable: Vec<PaymentId>,
}

/// Reads a span of a provider's list, window by window.
pub struct Reader<'a> {
    provider: &'a dyn PaymentProvider,
    by: Time,
    from: Moment,
    until: Moment,
    secs: i64,
}

impl<'a> Reader<'a> {
    /// From the first moment of `from` until the one before `until`.
    pub fn new(provider: &'a dyn PaymentProvider, by: Time, from: Moment, until: Moment) -> Reader<'a> {
        Reader { provider, by, from, until, secs: LONGEST_SECS }
    }

    /// The next window; none when the span is at its end.
    ///
    /// # Errors
    /// When the provider does not answer, or its list does not hold still.
    pub async fn next(&mut self) -> Result<Option<Slice>, ReconcileError> {
        let mut rounds = 0;
        while self.from < self.until {
            let until = self.from.plus_seconds(self.secs).min(self.until);
            let window = Window { by: self.by, from: self.from, until };
            let first = self.provider.payments(window, 1).await?;
            if first.pages > MOST_PAGES && self.secs > SHORTEST_SECS {
                self.secs = (self.secs / 2).max(SHORTEST_SECS);
                continue;
            }
            if first.pages > MOST_PAGES_OF_A_SECOND {
                return Err(ReconcileError::List("a second of it has too many pages"));
            }
            if let Some(slice) = self.rest(window, first).await? {
                self.from = until;
                self.secs = (self.secs * 2).min(LONGEST_SECS);
                return Ok(Some(slice));
            }
            rounds += 1;
            if rounds == ROUNDS {
                return Err(ReconcileError::List("it keeps changing while it is read"));
            }
        }
        Ok(None)
    }

    /// The other pages; none when the list changed meanwhile.
    async fn rest(&self, window: Window, first: PaymentPage) -> Result<Option<Slice>, ReconcileError> {
        let PaymentPage { mut payments, mut unreadable, all, pages } = first;
        let calls = stream::iter((2..=pages).map(|page| self.provider.payments(window, page)));
        let rest: Vec<PaymentPage> = calls.buffered(AT_ONCE).try_collect().await?;
        if rest.iter().any(|page| page.all != all) {
            return Ok(None);
        }
        for page in rest {
            payments.extend(page.payments);
            unreadable.extend(page.unreadable);
        }
        Ok(Some(Slice { until: window.until, payments, unreadable }))
    }
}
