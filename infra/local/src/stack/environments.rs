//! What a function is given once and keeps between its invocations: an environment for all of them, or one for each that runs at the same time.

use std::sync::{Arc, Mutex, PoisonError};

use platform::ConfigError;

type Make<D> = dyn Fn() -> Result<D, ConfigError> + Send + Sync;

/// The environments of one function.
pub(super) enum Environments<D> {
    /// One for all, at the same time.
    Shared(Arc<D>),
    /// One for each invocation that runs; the one that was idle for the shortest time is taken first, and a new one where none is.
    Each { idle: Mutex<Vec<Arc<D>>>, make: Box<Make<D>> },
}

impl<D> Environments<D> {
    /// The first environment is made at once, so that a missing setting is found at the start.
    pub fn new(
        is_shared: bool,
        make: impl Fn() -> Result<D, ConfigError> + Send + Sync + 'static,
    ) -> Result<Self, ConfigError> {
        let first = Arc::new(make()?);
        Ok(if is_shared { Self::Shared(first) } else { Self::Each { idle: Mutex::new(vec![first]), make: Box::new(make) } })
    }

    /// An environment for an invocation.
    pub fn take(&self) -> Result<Arc<D>, ConfigError> {
        match self {
            Self::Shared(one) => Ok(Arc::clone(one)),
            Self::Each { idle, make } => {
                let taken = idle.lock().unwrap_or_else(PoisonError::into_inner).pop();
                taken.map_or_else(|| make().map(Arc::new), Ok)
            }
        }
    }

    /// It is idle again. One whose invocation crashed or was cut off is not given back, as in Lambda.
    pub fn give_back(&self, environment: Arc<D>) {
        match self {
            Self::Shared(_) => {}
            Self::Each { idle, .. } => idle.lock().unwrap_or_else(PoisonError::into_inner).push(environment),
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use std::sync::atomic::{AtomicU32, Ordering};

    fn numbered(is_shared: bool) -> Environments<u32> {
        let next = AtomicU32::new(0);
        Environments::new(is_shared, move || Ok(next.fetch_add(1, Ordering::Relaxed))).unwrap()
    }

    #[test]
    fn one_serves_all_where_it_is_shared() {
        let shared = numbered(true);
        let (one, two) = (shared.take().unwrap(), shared.take().unwrap());
        assert_eq!((*one, *two), (0, 0));
        shared.give_back(one);
        assert_eq!(*shared.take().unwrap(), 0);
    }

    #[test]
    fn each_has_its_own_and_the_last_one_is_taken_again() {
        let each = numbered(false);
        let (one, two) = (each.take().unwrap(), each.take().unwrap());
        assert_eq!((*one, *two), (0, 1));
        each.give_back(two);
        each.give_back(one);
        assert_eq!([*each.take().unwrap(), *each.take().unwrap(), *each.take().unwrap()], [0, 1, 2]);
    }
}
