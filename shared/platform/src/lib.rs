//! The only place that touches AWS, the clock, randomness and the environment.
//!
//! A function's `main` makes one [`Platform`] from what Lambda gives it, and its `Deps` from that; everything else is handed on.
//! A test or the local cloud assembles a [`Platform`] from its own parts and runs the very same code.

pub mod auth;
pub mod batch;
pub mod books;
pub mod brake;
pub mod bucket;
pub mod clock;
pub mod config;
pub mod http;
pub mod outbound;
pub mod privacy;
pub mod queue;
pub mod random;
pub mod schedule;
pub mod secrets;
pub mod sender;
pub mod table;
pub mod telemetry;

mod aws;

use aws_types::SdkConfig;

pub use clock::Clock;
pub use config::{ConfigError, Settings};
pub use outbound::Outbound;
pub use random::Random;

/// Everything that a function is given from outside: its settings, time, chance, AWS and the way to other servers.
#[derive(Clone)]
pub struct Platform {
    /// Its environment.
    pub settings: Settings,
    /// What time it is.
    pub clock: Clock,
    /// Chance.
    pub random: Random,
    /// How AWS is reached; one for all clients, so that they share connections.
    pub aws: SdkConfig,
    /// How servers that are not AWS are reached.
    pub outbound: Outbound,
}

impl Platform {
    /// What Lambda gives: the process's environment, the system's clock and chance, the credentials of the function's role.
    ///
    /// # Errors
    /// When the environment lacks what Lambda always sets.
    pub fn of_lambda() -> Result<Platform, ConfigError> {
        let settings = Settings::from_environment();
        telemetry::start(&settings);
        let aws = aws::sdk_config(&settings)?;
        let (clock, random, outbound) = (Clock::System, Random::System, Outbound::network());
        Ok(Platform { settings, clock, random, aws, outbound })
    }

    /// The table and its keys' table, as the settings name them.
    ///
    /// # Errors
    /// When `TABLE` is not set.
    pub fn table(&self) -> Result<table::Table, ConfigError> {
        table::Table::new(&self.aws, &self.settings)
    }

    /// A queue by the name of the setting that holds its URL.
    ///
    /// # Errors
    /// When the setting is missing.
    pub fn queue(&self, setting: &'static str) -> Result<queue::Queue, ConfigError> {
        Ok(queue::Queue::new(&self.aws, self.settings.required(setting)?))
    }

    /// The secret values, from the source that the settings name.
    ///
    /// # Errors
    /// When the source is not known or a setting of it is missing.
    pub fn secrets(&self) -> Result<secrets::Secrets, ConfigError> {
        secrets::Secrets::new(&self.settings, self.outbound.clone())
    }
}
