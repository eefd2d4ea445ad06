//! What people tell of themselves: personal data.
//!
//! Never logged, never in a queue's message; sealed before it is kept, and opened only by those who need it: for the donor's own eyes, for
//! the receipt, for telling the donor.

use serde::{Deserialize, Serialize};

/// What a donor tells of themselves.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Person {
    /// The name, as it was written.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// The mobile number in E.164: `+9665…`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mobile: Option<String>,
    /// The address for letters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub email: Option<String>,
    /// The device on which the platform's app may show messages.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub device: Option<Device>,
    /// On whose behalf an animal is slaughtered: a name for each share.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub on_behalf_of: Vec<String>,
}

/// A device with the platform's app on it.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Device {
    /// The network that reaches it.
    pub service: PushNetwork,
    /// The token by which that network knows it.
    pub token: String,
}

/// The networks that carry messages to devices.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PushNetwork {
    /// Firebase Cloud Messaging.
    Fcm,
    /// Apple Push Notification service.
    Apns,
}

impl std::fmt::Debug for Device {
    /// Not what it is: it may end in a log.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Device(…)")
    }
}

impl Person {
    /// Whether there is a way to tell them anything.
    pub const fn can_be_told(&self) -> bool {
        self.mobile.is_some() || self.email.is_some() || self.device.is_some()
    }
}

impl std::fmt::Debug for Person {
    /// Not what it is: it may end in a log.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Person(…)")
    }
}
