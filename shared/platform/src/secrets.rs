//! Secret values, from one source named by the setting `SECRETS`.
//!
//! - `environment`: settings named `SECRET_…`; for one machine and for emulators.
//! - `extension`: the AWS Parameters and Secrets Lambda extension, which listens on the loopback interface, caches, and needs no client of
//!   ours; each secret's name is the setting `SECRET_…_NAME`.

use zeroize::Zeroizing;

use crate::config::{ConfigError, Settings};
use crate::outbound::{Outbound, Request};

/// Where the extension listens, by its documentation.
const EXTENSION: &str = "http://127.0.0.1:2773";

/// A secret could not be read.
#[derive(Debug, thiserror::Error)]
#[error("the secret {name} could not be read: {why}")]
pub struct SecretError {
    name: &'static str,
    why: String,
}

/// A secret value: wiped when it is dropped, and never printed.
#[derive(Clone)]
pub struct Secret(Zeroizing<String>);

impl Secret {
    /// Its bytes.
    pub fn bytes(&self) -> &[u8] {
        self.0.as_bytes()
    }

    /// Its text.
    pub fn text(&self) -> &str {
        &self.0
    }
}

impl From<String> for Secret {
    fn from(value: String) -> Secret {
        Secret(Zeroizing::new(value))
    }
}

impl std::fmt::Debug for Secret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Secret(…)")
    }
}

/// The source of secrets.
#[derive(Clone)]
pub enum Secrets {
    /// Settings.
    Environment(Settings),
    /// The Lambda extension.
    Extension {
        /// The names of the secrets.
        settings: Settings,
        /// How it is reached.
        outbound: Outbound,
        /// Its proof that the caller is the function.
        token: String,
    },
}

impl Secrets {
    /// The source that the settings name.
    ///
    /// # Errors
    /// When they name none that is known.
    pub fn new(settings: &Settings, outbound: Outbound) -> Result<Secrets, ConfigError> {
        match settings.required("SECRETS")? {
            "environment" => Ok(Secrets::Environment(settings.clone())),
            "extension" => {
                let token = settings.required("AWS_SESSION_TOKEN")?.to_owned();
                Ok(Secrets::Extension { settings: settings.clone(), outbound, token })
            }
            _ => Err(ConfigError::Unusable { name: "SECRETS", why: "neither environment nor extension".to_owned() }),
        }
    }

    /// Reads a secret; `name` is the setting's, such as `SECRET_IDENTIFIERS`.
    ///
    /// # Errors
    /// When it is missing or its source cannot be reached.
    pub async fn read(&self, name: &'static str) -> Result<Secret, SecretError> {
        let error = |why: &str| SecretError { name, why: why.to_owned() };
        match self {
            Secrets::Environment(settings) => {
                settings.get(name).map(|value| Secret::from(value.to_owned())).ok_or_else(|| error("it is not set"))
            }
            Secrets::Extension { settings, outbound, token } => {
                let id = settings.get(&format!("{name}_NAME")).ok_or_else(|| error("its name is not set"))?;
                let id: String = url::form_urlencoded::byte_serialize(id.as_bytes()).collect();
                let url = format!("{EXTENSION}/secretsmanager/get?secretId={id}");
                let request = Request::get(&url).with_header("x-aws-parameters-secrets-token", token);
                let answer = outbound.call(request).await.map_err(|e| error(&e.to_string()))?;
                let body: serde_json::Value = serde_json::from_slice(&answer.body).map_err(|_| error("no JSON"))?;
                let value = body.get("SecretString").and_then(|value| value.as_str());
                value.map(|value| Secret::from(value.to_owned())).ok_or_else(|| error("no SecretString"))
            }
        }
    }
}
