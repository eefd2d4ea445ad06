//! The log of operators' acts: it grows, and is never changed.

use domain::moment::{Day, Moment};
use serde::{Deserialize, Serialize};

use super::key::{Key, operations_partition};
use super::{Table, TableError};
use crate::auth::Officer;
use crate::http::{Call, Problem};

/// An act of an operator.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Operation {
    /// When.
    pub at: Moment,
    /// Who: the subject of the token.
    pub by: String,
    /// In which role.
    pub role: String,
    /// What: a stable code, such as `put_opportunity`.
    pub act: String,
    /// On what: an id.
    pub on: String,
    /// The gateway's id of the request.
    pub request: String,
    /// What it was made: the parsed command; never personal data.
    pub to: serde_json::Value,
}

impl Operation {
    /// What an officer is about to do by this call.
    ///
    /// # Errors
    /// When what it is to be made cannot be written as JSON: a fault of ours.
    pub fn new(
        call: &Call,
        by: Officer,
        at: Moment,
        act: &str,
        on: &str,
        to: &impl Serialize,
    ) -> Result<Operation, Problem> {
        Ok(Operation {
            at,
            by: by.subject,
            role: by.role,
            act: act.to_owned(),
            on: on.to_owned(),
            request: call.id().to_owned(),
            to: serde_json::to_value(to).map_err(Problem::ours)?,
        })
    }
}

impl Table {
    /// Writes an act down. `chance` keeps two acts of one millisecond apart.
    ///
    /// # Errors
    /// When the table cannot be reached; the act itself must not be done then.
    pub async fn log_operation(&self, operation: &Operation, chance: u64) -> Result<(), TableError> {
        self.put_new(&Key::operation(operation.at, chance), operation).await.map(|_| ())
    }

    /// The acts of a day, the earliest first.
    ///
    /// # Errors
    /// When the table cannot be reached.
    pub async fn operations(&self, day: Day) -> Result<Vec<Operation>, TableError> {
        self.partition(&operations_partition(day)).await
    }
}
