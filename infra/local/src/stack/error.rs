//! Why a local platform did not start, or did not stop well: each in one line.

use std::io;
use std::path::PathBuf;

use platform::ConfigError;
use testkit::LocalError;
use testkit::template::{CreateError, TemplateError};

use crate::gateway::BadRouteKey;
use crate::issuer::KeyError;
use crate::pollers::MappingError;
use crate::scheduler::BadExpression;

/// A local platform could not be started or stopped.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The gateway's port is taken, or may not be used.
    #[error("port {port} of 127.0.0.1 cannot be used: {source}")]
    Port {
        /// The port.
        port: u16,
        /// Why.
        source: io::Error,
    },
    /// A file of the data folder cannot be used.
    #[error("{} cannot be used: {source}", file.display())]
    File {
        /// The file.
        file: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// No secrets could be made.
    #[error("no secrets could be made: {0}")]
    Secrets(io::Error),
    /// The payment provider has no port.
    #[error("the payment provider cannot listen: {0}")]
    Provider(io::Error),
    /// The emulated cloud.
    #[error(transparent)]
    Cloud(#[from] LocalError),
    /// The template.
    #[error(transparent)]
    Template(#[from] TemplateError),
    /// Something that the template names could not be made.
    #[error(transparent)]
    Create(#[from] CreateError),
    /// The issuer's key.
    #[error("{}", with_source(.0))]
    Key(#[from] KeyError),
    /// A mapping.
    #[error(transparent)]
    Mapping(#[from] MappingError),
    /// A route.
    #[error(transparent)]
    Route(#[from] BadRouteKey),
    /// A schedule's expression.
    #[error(transparent)]
    Expression(#[from] BadExpression),
    /// A schedule's time zone.
    #[error("the schedule {schedule} stands in an unknown time zone: {zone}")]
    TimeZone {
        /// The schedule.
        schedule: String,
        /// What it says.
        zone: String,
    },
    /// A function's settings.
    #[error("the function {function}: {source}")]
    Settings {
        /// The function.
        function: String,
        /// What is wrong.
        source: ConfigError,
    },
    /// The template names something that is not there.
    #[error("the template names {0}, which is not there")]
    Unknown(String),
}

/// An error with what is behind it, in one line.
fn with_source(error: &dyn std::error::Error) -> String {
    match error.source() {
        Some(source) => format!("{error}: {}", with_source(source)),
        None => error.to_string(),
    }
}
