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
}

impl std::fmt::Debug for Person {
    /// Not what it is: it may end in a log.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Person(…)")
    }
}
