//! What Lambda does between an SQS queue and a function: an event source mapping.
//!
//! Each mapping has a few pollers (five unless told, as Lambda begins). Each of them, over and over:
//! 1. **gathers**: long-polls until a message comes, then goes on receiving until the batch is full, the batching window is
//!    over, or the next message would make the event larger than 6 MB;
//! 2. **invokes** the function with the batch as an SQS event, one invocation at a time;
//! 3. **settles**: deletes what succeeded ([`report::Outcome`]), and leaves the rest to its visibility timeout. There is
//!    nothing to do for a failure: the queue shows the message again, and after `maxReceiveCount` moves it to the dead-letter queue.
//!
//! Bounds: at most `maximum_concurrency` batches of a mapping are in hand at once. A function that is throttled is tried
//! again with growing pauses until the messages' visibility timeout would pass; then they are left to the queue. When the
//! queue itself does not answer, a poller waits a second and asks again, for ever: queues come back.
//!
//! In the window a poller that drained the queue pauses for a quarter of the window before it asks again, so that a window costs a
//! few calls and not as many as fit. How often Lambda asks is not published; the calls are counted ([`counters::Counts`]).
//!
//! Stopping lets a batch in hand finish. A batch still being gathered is dropped: its messages come back by themselves.

pub mod counters;
mod gather;
pub mod record;
pub mod report;

use std::sync::Arc;
use std::time::Duration;

use aws_sdk_sqs::Client;
use aws_sdk_sqs::types::{DeleteMessageBatchRequestEntry, QueueAttributeName};
use serde_json::json;
use tokio::sync::{Semaphore, watch};
use tokio::task::JoinSet;
use tokio::time::Instant;

use crate::function::{Function, InvokeError};
use counters::{Counters, Counts};
use gather::Gatherer;
use record::Record;
use report::Outcome;

/// With how many pollers Lambda begins on a standard queue.
pub const POLLERS: usize = 5;
/// SQS's limit for a batch call.
const SQS_BATCH: usize = 10;
/// How long to wait after the queue did not answer.
const OUTAGE_PAUSE: Duration = Duration::from_secs(1);
/// The first pause after a throttled invocation; it doubles up to [`OUTAGE_PAUSE`].
const THROTTLE_PAUSE: Duration = Duration::from_millis(50);
/// How often a delete is tried: what is not deleted is delivered again, which every function must bear.
const DELETE_TRIES: usize = 3;

/// One event source mapping, as the template has it.
#[derive(Debug, Clone)]
pub struct Mapping {
    /// The queue's URL.
    pub queue_url: String,
    /// What is called with its messages.
    pub function: Function,
    /// `BatchSize`: how many messages at most (1 to 10,000).
    pub batch_size: usize,
    /// `MaximumBatchingWindowInSeconds`.
    pub window: Duration,
    /// Whether `FunctionResponseTypes` has `ReportBatchItemFailures`.
    pub reports_failures: bool,
    /// `ScalingConfig.MaximumConcurrency`, if set.
    pub maximum_concurrency: Option<usize>,
    /// How many pollers.
    pub pollers: usize,
}

impl Mapping {
    /// A mapping with Lambda's defaults: batches of 10, no window, whole batches only, five pollers.
    pub fn new(queue_url: &str, function: Function) -> Self {
        Self {
            queue_url: queue_url.to_owned(),
            function,
            batch_size: 10,
            window: Duration::ZERO,
            reports_failures: false,
            maximum_concurrency: None,
            pollers: POLLERS,
        }
    }
}

/// What Lambda asks of the queue once, when a mapping begins.
#[derive(Debug, Clone)]
struct Queue {
    client: Client,
    url: String,
    arn: String,
    region: String,
    visibility_timeout: Duration,
}

/// Why a mapping did not begin.
#[derive(Debug, thiserror::Error)]
pub enum MappingError {
    /// The queue could not be asked for its attributes.
    #[error("the queue {url} does not answer: {reason}")]
    Unreachable {
        /// Which queue.
        url: String,
        /// What the SDK says.
        reason: String,
    },
    /// The queue's attributes are not there, or not of their form.
    #[error("the queue {url} has no usable {attribute}")]
    Attribute {
        /// Which queue.
        url: String,
        /// Which attribute.
        attribute: &'static str,
    },
}

/// The pollers of one mapping at work. Dropping them stops them, without waiting.
#[derive(Debug)]
pub struct Pollers {
    mapping: Arc<Mapping>,
    counters: Arc<Counters>,
    stop: watch::Sender<bool>,
    work: JoinSet<()>,
}

impl Pollers {
    /// Asks the queue for its name and visibility timeout, and begins.
    pub async fn start(client: Client, mapping: Mapping) -> Result<Self, MappingError> {
        let queue = Queue::ask(client, &mapping.queue_url).await?;
        let concurrency = mapping.maximum_concurrency.unwrap_or(mapping.pollers).max(1);
        let (stop, stopped) = watch::channel(false);
        let mapping = Arc::new(mapping);
        let counters = Arc::<Counters>::default();
        let slots = Arc::new(Semaphore::new(concurrency));
        let mut work = JoinSet::new();
        for _ in 0..mapping.pollers.max(1) {
            let poller = Poller {
                queue: queue.clone(),
                mapping: Arc::clone(&mapping),
                counters: Arc::clone(&counters),
                slots: Arc::clone(&slots),
            };
            work.spawn(poller.run(stopped.clone()));
        }
        Ok(Self { mapping, counters, stop, work })
    }

    /// What the pollers did so far.
    pub fn counts(&self) -> Counts {
        self.counters.counts()
    }

    /// A way to look at the counters that needs nothing else of the pollers.
    pub fn gauge(&self) -> Gauge {
        Gauge { mapping: Arc::clone(&self.mapping), counters: Arc::clone(&self.counters) }
    }

    /// Lets batches in hand finish, and ends.
    pub async fn stop(mut self) -> Counts {
        self.stop.send_replace(true);
        while let Some(ended) = self.work.join_next().await {
            if let Err(error) = ended {
                tracing::warn!(%error, queue = self.mapping.queue_url, "a poller did not end well");
            }
        }
        self.counters.counts()
    }
}

/// Looks at a mapping's counters. Clones look at the same.
#[derive(Debug, Clone)]
pub struct Gauge {
    mapping: Arc<Mapping>,
    counters: Arc<Counters>,
}

impl Gauge {
    /// The mapping.
    pub fn mapping(&self) -> &Mapping {
        &self.mapping
    }

    /// What its pollers did so far.
    pub fn counts(&self) -> Counts {
        self.counters.counts()
    }
}

impl Queue {
    async fn ask(client: Client, url: &str) -> Result<Self, MappingError> {
        let names = [QueueAttributeName::QueueArn, QueueAttributeName::VisibilityTimeout];
        let asked = client.get_queue_attributes().queue_url(url).set_attribute_names(Some(names.to_vec())).send().await;
        let answer = asked.map_err(|error| MappingError::Unreachable {
            url: url.to_owned(),
            reason: aws_sdk_sqs::error::DisplayErrorContext(error).to_string(),
        })?;
        let attribute = |name| answer.attributes().and_then(|attributes| attributes.get(&name)).cloned();
        let missing = |attribute| MappingError::Attribute { url: url.to_owned(), attribute };
        let arn = attribute(QueueAttributeName::QueueArn).ok_or(missing("QueueArn"))?;
        let region = arn.split(':').nth(3).unwrap_or_default().to_owned();
        let seconds = attribute(QueueAttributeName::VisibilityTimeout).and_then(|text| text.parse().ok());
        let visibility_timeout = Duration::from_secs(seconds.ok_or(missing("VisibilityTimeout"))?);
        Ok(Self { client, url: url.to_owned(), arn, region, visibility_timeout })
    }
}

struct Poller {
    queue: Queue,
    mapping: Arc<Mapping>,
    counters: Arc<Counters>,
    slots: Arc<Semaphore>,
}

impl Poller {
    async fn run(self, mut stopped: watch::Receiver<bool>) {
        let mut gatherer = Gatherer::new(&self.queue, &self.mapping, &self.counters);
        loop {
            // The place is taken before messages are, so that none wait out their visibility timeout for one.
            let place = tokio::select! {
                place = self.slots.acquire() => place.ok(),
                _ = stopped.wait_for(|stopped| *stopped) => None,
            };
            let Some(_place) = place else { return self.finish(&mut gatherer).await };
            let batch = tokio::select! {
                batch = gatherer.next() => Some(batch),
                _ = stopped.wait_for(|stopped| *stopped) => None,
            };
            let Some(batch) = batch else { return self.finish(&mut gatherer).await };
            self.process(batch).await;
        }
    }

    /// What is in hand when it is told to stop: nobody else would see it before its visibility timeout.
    async fn finish(&self, gatherer: &mut Gatherer<'_>) {
        loop {
            let batch = gatherer.cut();
            if batch.is_empty() {
                return;
            }
            self.process(batch).await;
        }
    }

    async fn process(&self, batch: Vec<Record>) {
        self.counters.batch(batch.len());
        let succeeded = match self.invoke(&batch).await {
            Ok(answer) if self.mapping.reports_failures => report::outcome(&answer, &batch),
            Ok(_) => Outcome::Succeeded,
            Err(_) => Outcome::Failed,
        };
        let done = succeeded.to_delete(&batch);
        self.counters.left(batch.len() - done.len());
        for chunk in done.chunks(SQS_BATCH) {
            self.delete(chunk).await;
        }
    }

    async fn invoke(&self, batch: &[Record]) -> Result<serde_json::Value, InvokeError> {
        let event = json!({ "Records": batch.iter().map(Record::json).collect::<Vec<_>>() });
        let until = Instant::now() + self.queue.visibility_timeout;
        let mut pause = THROTTLE_PAUSE;
        loop {
            match self.mapping.function.invoke(event.clone()).await {
                Err(InvokeError::Throttled { .. }) if Instant::now() + pause < until => {
                    tokio::time::sleep(pause).await;
                    pause = (pause * 2).min(OUTAGE_PAUSE);
                }
                outcome => {
                    if outcome.is_err() {
                        self.counters.failed_batch();
                    }
                    return outcome;
                }
            }
        }
    }

    async fn delete(&self, records: &[&Record]) {
        let entry = |(n, record): (usize, &&Record)| {
            let entry = DeleteMessageBatchRequestEntry::builder().id(n.to_string());
            entry.receipt_handle(&record.receipt_handle).build().ok()
        };
        let mut left: Vec<_> = records.iter().enumerate().filter_map(entry).collect();
        for _ in 0..DELETE_TRIES {
            let call = self.queue.client.delete_message_batch().queue_url(&self.queue.url);
            self.counters.call();
            match call.set_entries(Some(left.clone())).send().await {
                Ok(answer) => left.retain(|entry| answer.failed().iter().any(|failed| failed.id() == entry.id())),
                Err(error) => {
                    let error = aws_sdk_sqs::error::DisplayErrorContext(error);
                    tracing::warn!(queue = self.queue.url, %error, "messages could not be deleted");
                    tokio::time::sleep(THROTTLE_PAUSE).await;
                }
            }
            if left.is_empty() {
                break;
            }
        }
        self.counters.deleted(records.len() - left.len());
    }
}

#[cfg(test)]
mod tests;
