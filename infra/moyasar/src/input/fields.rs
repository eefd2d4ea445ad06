//! Reading a JSON body field by field, remembering what is wrong with each.

use serde_json::{Map, Value};
use uuid::Uuid;

use crate::error::ApiError;
use crate::payment::Metadata;
use crate::time;

/// Moyasar's limits on metadata.
const METADATA_KEYS: usize = 30;
const METADATA_KEY_CHARS: usize = 40;
const METADATA_VALUE_CHARS: usize = 500;

/// The most that is taken as an amount: far above any gift, far below where sums overflow.
const MOST: u64 = 100_000_000_000_000;

/// A body being read, and what was wrong with it so far.
pub(super) struct Fields {
    pub(super) map: Map<String, Value>,
    pub(super) errors: Map<String, Value>,
}

impl Fields {
    pub(super) fn read(body: &[u8]) -> Result<Self, ApiError> {
        let map = if body.trim_ascii().is_empty() {
            Map::new()
        } else {
            serde_json::from_slice(body).map_err(|_| ApiError::refused("The request body is not a JSON object"))?
        };
        Ok(Self { map, errors: Map::new() })
    }

    pub(super) fn finish<T>(self, read: T) -> Result<T, ApiError> {
        if self.errors.is_empty() { Ok(read) } else { Err(ApiError::invalid(self.errors)) }
    }

    pub(super) fn wrong(&mut self, name: &str, problem: &str) {
        self.errors.insert(name.to_owned(), Value::from(vec![problem]));
    }

    /// The field, unless it is absent or null.
    pub(super) fn value(&self, name: &str) -> Option<&Value> {
        self.map.get(name).filter(|value| !value.is_null())
    }

    pub(super) fn text(&mut self, name: &str) -> Option<String> {
        match self.value(name)?.as_str() {
            Some(text) => Some(text.to_owned()),
            None => {
                self.wrong(name, "must be a string");
                None
            }
        }
    }

    pub(super) fn required(&mut self, name: &str) -> String {
        let text = self.text(name).unwrap_or_default();
        if text.is_empty() && !self.errors.contains_key(name) {
            self.wrong(name, "is required");
        }
        text
    }

    pub(super) fn texts(&mut self, name: &str) -> Vec<String> {
        let Some(value) = self.value(name).cloned() else {
            return Vec::new();
        };
        serde_json::from_value(value).unwrap_or_else(|_| {
            self.wrong(name, "must be a list of strings");
            Vec::new()
        })
    }

    pub(super) fn amount(&mut self, least: u64) -> u64 {
        let problem = match self.value("amount") {
            None => "is required".to_owned(),
            Some(value) => match value.as_u64() {
                Some(amount) if amount >= least && amount <= MOST => return amount,
                Some(_) => format!("must be from {least} to {MOST}"),
                None => "must be an integer".to_owned(),
            },
        };
        self.wrong("amount", &problem);
        0
    }

    pub(super) fn currency(&mut self) -> String {
        let currency = self.text("currency").unwrap_or_else(|| "SAR".to_owned());
        if currency.len() != 3 || !currency.bytes().all(|letter| letter.is_ascii_uppercase()) {
            self.wrong("currency", "must be a 3-letter ISO code");
        }
        currency
    }

    pub(super) fn uuid(&mut self, name: &str) -> Option<Uuid> {
        let text = self.text(name)?;
        let id = Uuid::try_parse(&text).ok();
        if id.is_none() {
            self.wrong(name, "must be a UUID");
        }
        id
    }

    pub(super) fn url(&mut self, name: &str) -> Option<String> {
        let text = self.text(name)?;
        let web = url::Url::parse(&text).is_ok_and(|url| matches!(url.scheme(), "http" | "https"));
        if !web {
            self.wrong(name, "must be a URL");
        }
        Some(text)
    }

    pub(super) fn time(&mut self, name: &str) -> Option<u64> {
        let text = self.text(name)?;
        let at = time::read(&text);
        if at.is_none() {
            self.wrong(name, "must be an ISO 8601 date or time");
        }
        at
    }

    pub(super) fn metadata(&mut self) -> Option<Metadata> {
        let value = self.value("metadata")?.clone();
        let Value::Object(map) = value else {
            self.wrong("metadata", "must be an object");
            return None;
        };
        let long = |value: &Value| match value {
            Value::String(text) => text.chars().count() > METADATA_VALUE_CHARS,
            Value::Array(_) | Value::Object(_) => true,
            Value::Null | Value::Bool(_) | Value::Number(_) => false,
        };
        if map.len() > METADATA_KEYS {
            self.wrong("metadata", "must have at most 30 keys");
        } else if map.iter().any(|(key, value)| key.chars().count() > METADATA_KEY_CHARS || long(value)) {
            self.wrong("metadata", "must have keys of at most 40 and values of at most 500 characters");
        }
        Some(map)
    }
}
