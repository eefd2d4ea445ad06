//! Settings: the only place that reads the environment.

use std::collections::BTreeMap;
use std::sync::Arc;

/// A setting is missing or cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ConfigError {
    /// It is not set.
    #[error("the setting {0} is missing")]
    Missing(&'static str),
    /// It is set to something that cannot be used; the value is not repeated, it may be a secret.
    #[error("the setting {name} cannot be used: {why}")]
    Unusable {
        /// Its name.
        name: &'static str,
        /// Why not.
        why: String,
    },
}

/// A function's settings, read once.
#[derive(Clone, Default)]
pub struct Settings(Arc<BTreeMap<String, String>>);

impl Settings {
    /// The process's environment.
    #[expect(clippy::disallowed_methods, reason = "this is the one place that reads the environment")]
    pub fn from_environment() -> Settings {
        Settings(Arc::new(std::env::vars().collect()))
    }

    /// A setting that may be missing; an empty one counts as missing.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str).filter(|value| !value.is_empty())
    }

    /// A setting that must be there.
    ///
    /// # Errors
    /// When it is not.
    pub fn required(&self, name: &'static str) -> Result<&str, ConfigError> {
        self.get(name).ok_or(ConfigError::Missing(name))
    }
}

impl<K: Into<String>, V: Into<String>> FromIterator<(K, V)> for Settings {
    fn from_iter<I: IntoIterator<Item = (K, V)>>(pairs: I) -> Settings {
        Settings(Arc::new(pairs.into_iter().map(|(name, value)| (name.into(), value.into())).collect()))
    }
}

impl std::fmt::Debug for Settings {
    /// Names only: a value may be a secret.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_set().entries(self.0.keys()).finish()
    }
}
