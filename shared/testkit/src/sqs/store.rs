//! Queues and their messages in a file, for a local cloud that is stopped and started again.
//!
//! The file is written whole beside the old one and then takes its place, so that a crash leaves the one or the other.
//! Messages in flight stay out of sight until their time, as the service would have it.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::message::Message;
use super::queue::Queue;
use super::settings::Settings;
use super::{Sqs, SqsOptions};
use crate::clock::Clock;

/// The state could not be written or read.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The file system refused.
    #[error("{}: {source}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The file holds something else.
    #[error("{} is not a state of the local cloud: {source}", path.display())]
    Content {
        /// The file.
        path: PathBuf,
        /// Why.
        source: serde_json::Error,
    },
}

#[derive(Serialize, Deserialize)]
struct Saved {
    queues: Vec<SavedQueue>,
}

#[derive(Serialize, Deserialize)]
struct SavedQueue {
    name: String,
    settings: Settings,
    next_number: u64,
    messages: Vec<(u64, Message)>,
}

impl Sqs {
    /// Writes all queues and messages to `path`.
    pub fn save(&self, path: &Path) -> Result<(), StoreError> {
        let saved = {
            let state = self.parts.lock();
            Saved { queues: state.queues.values().map(SavedQueue::of).collect() }
        };
        write_file(path, &saved)
    }

    /// An SQS with what was saved at `path`; with nothing if there is no such file.
    pub fn load(path: &Path, options: SqsOptions, clock: Clock) -> Result<Self, StoreError> {
        let sqs = Self::new(options, clock);
        if let Some(saved) = read_file::<Saved>(path)? {
            let mut state = sqs.parts.lock();
            state.queues = saved.queues.into_iter().map(|queue| (queue.name.clone(), queue.restored())).collect();
        }
        Ok(sqs)
    }
}

impl SavedQueue {
    fn of(queue: &Queue) -> Self {
        Self {
            name: queue.name.clone(),
            settings: queue.settings.clone(),
            next_number: queue.next_number,
            messages: queue.messages.iter().map(|(number, message)| (*number, message.clone())).collect(),
        }
    }

    fn restored(self) -> Queue {
        let mut queue = Queue::new(self.name, self.settings);
        queue.next_number = self.next_number;
        for (number, message) in self.messages {
            queue.keep(number, message);
        }
        queue
    }
}

/// Writes `content` as JSON in place of what is at `path`.
pub(crate) fn write_file<T: Serialize>(path: &Path, content: &T) -> Result<(), StoreError> {
    let failed = |source| StoreError::File { path: path.to_owned(), source };
    let text = serde_json::to_vec(content).map_err(|source| StoreError::Content { path: path.to_owned(), source })?;
    let beside = path.with_extension("new");
    fs::write(&beside, text).map_err(failed)?;
    fs::rename(&beside, path).map_err(failed)
}

/// Reads what [`write_file`] wrote; `None` if there is no file.
pub(crate) fn read_file<T: for<'a> Deserialize<'a>>(path: &Path) -> Result<Option<T>, StoreError> {
    let text = match fs::read(path) {
        Ok(text) => text,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(source) => return Err(StoreError::File { path: path.to_owned(), source }),
    };
    let content = serde_json::from_slice(&text);
    content.map(Some).map_err(|source| StoreError::Content { path: path.to_owned(), source })
}
