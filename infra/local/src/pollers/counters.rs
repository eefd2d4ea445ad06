//! What a mapping's pollers did, in numbers.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

/// A reading of a mapping's counters.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counts {
    /// Calls to SQS: receives and deletes.
    pub sqs_calls: u64,
    /// Receives that failed.
    pub outages: u64,
    /// Receives that brought nothing.
    pub empty_receives: u64,
    /// Messages received.
    pub received: u64,
    /// Batches given to the function.
    pub batches: u64,
    /// Messages in those batches.
    pub delivered: u64,
    /// Batches for which the invocation itself failed.
    pub failed_batches: u64,
    /// Messages deleted.
    pub deleted: u64,
    /// Messages left to their visibility timeout.
    pub left: u64,
}

#[derive(Debug, Default)]
pub(super) struct Counters {
    sqs_calls: AtomicU64,
    outages: AtomicU64,
    empty_receives: AtomicU64,
    received: AtomicU64,
    batches: AtomicU64,
    delivered: AtomicU64,
    failed_batches: AtomicU64,
    deleted: AtomicU64,
    left: AtomicU64,
}

impl Counters {
    pub(super) fn counts(&self) -> Counts {
        Counts {
            sqs_calls: self.sqs_calls.load(Relaxed),
            outages: self.outages.load(Relaxed),
            empty_receives: self.empty_receives.load(Relaxed),
            received: self.received.load(Relaxed),
            batches: self.batches.load(Relaxed),
            delivered: self.delivered.load(Relaxed),
            failed_batches: self.failed_batches.load(Relaxed),
            deleted: self.deleted.load(Relaxed),
            left: self.left.load(Relaxed),
        }
    }

    pub(super) fn call(&self) {
        self.sqs_calls.fetch_add(1, Relaxed);
    }

    pub(super) fn outage(&self) {
        self.outages.fetch_add(1, Relaxed);
    }

    pub(super) fn received(&self, messages: usize) {
        self.received.fetch_add(messages as u64, Relaxed);
        self.empty_receives.fetch_add(u64::from(messages == 0), Relaxed);
    }

    pub(super) fn batch(&self, messages: usize) {
        self.batches.fetch_add(1, Relaxed);
        self.delivered.fetch_add(messages as u64, Relaxed);
    }

    pub(super) fn failed_batch(&self) {
        self.failed_batches.fetch_add(1, Relaxed);
    }

    pub(super) fn deleted(&self, messages: usize) {
        self.deleted.fetch_add(messages as u64, Relaxed);
    }

    pub(super) fn left(&self, messages: usize) {
        self.left.fetch_add(messages as u64, Relaxed);
    }
}
