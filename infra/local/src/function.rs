//! One Lambda function in this process: JSON in, JSON or an error out.
//!
//! Promises, all of them Lambda's:
//! - an invocation that was started goes on to its end even when its caller goes away;
//! - it is cut off at the function's timeout, and that is an error ([`InvokeError::TimedOut`]);
//! - a panic is an error of that one invocation ([`InvokeError::Panicked`]);
//! - with reserved concurrency, an invocation beyond it is refused at once ([`InvokeError::Throttled`]): the caller
//!   decides whether to wait;
//! - an event or an answer over 6 MB is refused.
//!
//! Where a function has so many environments ([`Function::in_line`]), whoever finds none idle waits in line, as a request waits for a processor: in the cloud each environment
//! has one of its own, here they share a few, and what an invocation reads would be seconds old when it writes if all ran at once. The time in line is not the function's.
//!
//! Not imitated: separate processes, cold starts, the freezing of an environment between two invocations.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use serde_json::Value;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// Lambda's limit for the event and for the answer of a synchronous invocation, in bytes.
pub const PAYLOAD_LIMIT_BYTES: usize = 6 * 1024 * 1024;

/// Why an invocation gave no answer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InvokeError {
    /// The function answered with an error.
    #[error("{function} failed: {message}")]
    Failed {
        /// The function's name.
        function: String,
        /// What it said.
        message: String,
    },
    /// The function panicked.
    #[error("{function} panicked: {message}")]
    Panicked {
        /// The function's name.
        function: String,
        /// The panic's message, when it was text.
        message: String,
    },
    /// The function ran into its timeout and was cut off.
    #[error("{function} timed out after {} s", after.as_secs())]
    TimedOut {
        /// The function's name.
        function: String,
        /// Its timeout.
        after: Duration,
    },
    /// All of the function's reserved concurrency is in use.
    #[error("{function} was throttled: its reserved concurrency is in use")]
    Throttled {
        /// The function's name.
        function: String,
    },
    /// The event or the answer is larger than Lambda takes.
    #[error("{function}: the {what} of {bytes} bytes is over the limit of {PAYLOAD_LIMIT_BYTES}")]
    TooLarge {
        /// The function's name.
        function: String,
        /// `event` or `answer`.
        what: &'static str,
        /// Its size as JSON.
        bytes: usize,
    },
}

/// How often a function was called, and how that ended.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counts {
    /// Invocations that were started.
    pub invocations: u64,
    /// Invocations that ended in an error, a panic or a timeout.
    pub errors: u64,
    /// Invocations that were refused for want of concurrency.
    pub throttles: u64,
}

#[derive(Default)]
struct Counters {
    invocations: AtomicU64,
    errors: AtomicU64,
    throttles: AtomicU64,
    running: AtomicU64,
}

/// An invocation that runs; it is counted until it ends, however it ends.
struct Running<'a>(&'a AtomicU64);

impl<'a> Running<'a> {
    fn begin(counter: &'a AtomicU64) -> Self {
        counter.fetch_add(1, Ordering::Relaxed);
        Self(counter)
    }
}

impl Drop for Running<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

/// Places for invocations that run at the same time.
#[derive(Clone)]
enum Slots {
    /// Whoever finds none is refused.
    Reserved(Arc<Semaphore>),
    /// Whoever finds none waits, in the order in which they came.
    InLine(Arc<Semaphore>),
}

type Code = dyn Fn(Value) -> BoxFuture<'static, Result<Value, String>> + Send + Sync;

type Watch = dyn Fn(&str, &Value, &Value) + Send + Sync;

/// Is shown each invocation that gave an answer: the function's name, the event and the answer, at the moment of the answer.
#[derive(Clone)]
pub struct Watcher(Arc<Watch>);

impl Watcher {
    /// A watcher that does this. It runs within the invocation, so it must be quick.
    pub fn new(see: impl Fn(&str, &Value, &Value) + Send + Sync + 'static) -> Self {
        Self(Arc::new(see))
    }
}

impl std::fmt::Debug for Watcher {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Watcher")
    }
}

/// A function that can be invoked by any number of callers. Clones are the same function.
#[derive(Clone)]
pub struct Function {
    name: Arc<str>,
    timeout: Duration,
    slots: Option<Slots>,
    code: Arc<Code>,
    counters: Arc<Counters>,
    watcher: Option<Watcher>,
}

impl Function {
    /// A function of unlimited concurrency.
    pub fn new<C, F>(name: &str, timeout: Duration, code: C) -> Self
    where
        C: Fn(Value) -> F + Send + Sync + 'static,
        F: Future<Output = Result<Value, String>> + Send + 'static,
    {
        Self {
            name: name.into(),
            timeout,
            slots: None,
            code: Arc::new(move |event| code(event).boxed()),
            counters: Arc::default(),
            watcher: None,
        }
    }

    /// The same function, watched.
    #[must_use]
    pub fn watched_by(mut self, watcher: Option<Watcher>) -> Self {
        self.watcher = watcher;
        self
    }

    /// The same function with `ReservedConcurrentExecutions`.
    #[must_use]
    pub fn with_reserved_concurrency(mut self, executions: usize) -> Self {
        self.slots = Some(Slots::Reserved(Arc::new(Semaphore::new(executions))));
        self
    }

    /// The same function in so many environments; whoever finds none idle waits in line.
    #[must_use]
    pub fn in_line(mut self, environments: usize) -> Self {
        self.slots = Some(Slots::InLine(Arc::new(Semaphore::new(environments))));
        self
    }

    /// The function's name, as in the template.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The function's timeout.
    pub fn timeout(&self) -> Duration {
        self.timeout
    }

    /// What happened so far.
    pub fn counts(&self) -> Counts {
        Counts {
            invocations: self.counters.invocations.load(Ordering::Relaxed),
            errors: self.counters.errors.load(Ordering::Relaxed),
            throttles: self.counters.throttles.load(Ordering::Relaxed),
        }
    }

    /// How many invocations run now.
    pub fn running(&self) -> u64 {
        self.counters.running.load(Ordering::Relaxed)
    }

    /// Invokes the function and waits for its answer. Dropping the returned future does not stop the invocation.
    pub async fn invoke(&self, event: Value) -> Result<Value, InvokeError> {
        self.check_size("event", &event)?;
        let slot = self.slot().await?;
        self.counters.invocations.fetch_add(1, Ordering::Relaxed);
        let this = self.clone();
        let work = tokio::spawn(async move { this.run(event, slot).await });
        // The invocation catches its own panics, so a failed join means that the runtime is going down.
        let outcome = work.await.unwrap_or_else(|stopped| Err(self.failed(stopped.to_string())));
        if let Err(error) = &outcome {
            self.counters.errors.fetch_add(1, Ordering::Relaxed);
            tracing::warn!(function = %self.name, %error, "an invocation failed");
        }
        outcome
    }

    async fn run(&self, event: Value, _slot: Option<OwnedSemaphorePermit>) -> Result<Value, InvokeError> {
        let _running = Running::begin(&self.counters.running);
        let seen = self.watcher.is_some().then(|| event.clone());
        let invocation = AssertUnwindSafe(async { (self.code)(event).await }).catch_unwind();
        let answer = match tokio::time::timeout(self.timeout, invocation).await {
            Ok(Ok(Ok(answer))) => answer,
            Ok(Ok(Err(message))) => return Err(self.failed(message)),
            Ok(Err(panic)) => return Err(self.panicked(panic.as_ref())),
            Err(_) => return Err(InvokeError::TimedOut { function: self.name.to_string(), after: self.timeout }),
        };
        self.check_size("answer", &answer)?;
        if let (Some(Watcher(see)), Some(event)) = (&self.watcher, &seen) {
            see(&self.name, event, &answer);
        }
        Ok(answer)
    }

    async fn slot(&self) -> Result<Option<OwnedSemaphorePermit>, InvokeError> {
        match &self.slots {
            None => Ok(None),
            // It is never closed.
            Some(Slots::InLine(slots)) => Ok(Arc::clone(slots).acquire_owned().await.ok()),
            Some(Slots::Reserved(slots)) => Arc::clone(slots).try_acquire_owned().map(Some).map_err(|_| {
                self.counters.throttles.fetch_add(1, Ordering::Relaxed);
                InvokeError::Throttled { function: self.name.to_string() }
            }),
        }
    }

    fn failed(&self, message: String) -> InvokeError {
        InvokeError::Failed { function: self.name.to_string(), message }
    }

    fn panicked(&self, panic: &(dyn std::any::Any + Send)) -> InvokeError {
        let text = panic.downcast_ref::<&str>().map(|text| (*text).to_owned());
        let message = text.or_else(|| panic.downcast_ref::<String>().cloned()).unwrap_or_default();
        InvokeError::Panicked { function: self.name.to_string(), message }
    }

    fn check_size(&self, what: &'static str, payload: &Value) -> Result<(), InvokeError> {
        let bytes = json_bytes(payload);
        if bytes <= PAYLOAD_LIMIT_BYTES {
            return Ok(());
        }
        Err(InvokeError::TooLarge { function: self.name.to_string(), what, bytes })
    }
}

impl std::fmt::Debug for Function {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Function").field("name", &self.name).field("counts", &self.counts()).finish_non_exhaustive()
    }
}

/// How many bytes a value takes as JSON text, without making the text.
pub(crate) fn json_bytes(value: &Value) -> usize {
    struct Count(usize);
    impl std::io::Write for Count {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            self.0 += bytes.len();
            Ok(bytes.len())
        }
        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }
    let mut count = Count(0);
    // Counting cannot fail, and a `Value` can always be written.
    let _ = serde_json::to_writer(&mut count, value);
    count.0
}

#[cfg(test)]
mod tests;
