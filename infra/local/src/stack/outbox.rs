//! `/local/outbox`: what donors would be told. Kept in memory alone, for it holds their numbers; the latest [`MOST`].

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use http::{Method, Response, StatusCode};
use serde_json::{Value, json};

use super::pages::of_type;
use crate::gateway::{PageRequest, answer};

/// How many messages are kept: more than a person looks at.
const MOST: usize = 1_000;

/// The outbox. Clones are the same.
#[derive(Clone)]
pub(super) struct Outbox {
    kept: Arc<Mutex<VecDeque<Value>>>,
    most: usize,
}

impl Default for Outbox {
    fn default() -> Self {
        Self::keeping(MOST)
    }
}

impl Outbox {
    /// One that keeps so many messages.
    pub(super) fn keeping(most: usize) -> Self {
        Self { kept: Arc::default(), most }
    }

    /// What was put into it, the latest first.
    pub(super) fn messages(&self) -> Vec<Value> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner).iter().rev().cloned().collect()
    }

    /// `POST` puts a message, `GET` shows all.
    pub(super) fn answer(&self, request: &PageRequest) -> Response<Bytes> {
        match request.method {
            Method::GET => of_type("application/json", format!("{:#}\n", json!({ "messages": self.messages() }))),
            Method::POST => match serde_json::from_slice(&request.body) {
                Ok(message) => {
                    self.put(message);
                    answer::own(StatusCode::ACCEPTED, "Put")
                }
                Err(_) => answer::own(StatusCode::BAD_REQUEST, "Not JSON"),
            },
            _ => answer::own(StatusCode::NOT_FOUND, "Not Found"),
        }
    }

    fn put(&self, message: Value) {
        let mut messages = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        if messages.len() == self.most {
            messages.pop_front();
        }
        messages.push_back(message);
    }
}
