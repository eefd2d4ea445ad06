//! Fairness of a sale that opens in a burst: rules of each offering, as data.
//!
//! A **limit** says how many shares one giver may hold and have paid; an [`allowance`] keeps what a giver has used of it. A **waiting room** lets those who wait in one by one, in the
//! order of their tickets; whose turn it is follows from the time alone ([`room`]). A **brake** says how often anyone may try ([`bucket`]); it is there without being asked for.
//!
//! Nothing here reads or writes.

pub mod allowance;
pub mod bucket;
pub mod room;

use serde::{Deserialize, Serialize};

pub use allowance::{Allowance, Counting, GiverHash};
pub use bucket::Bucket;
pub use room::{Pace, Turn, WaitingRoom};

/// The largest limit: an allowance of so many gifts of one share is still an item of a few kilobytes.
pub const MOST_LIMIT: u8 = 100;
/// The most admissions a second: twice what the whole gateway takes.
pub const MOST_RATE: u32 = 10_000;
/// The most attempts a minute that a brake may allow: as good as no brake.
pub const MOST_ATTEMPTS: u32 = 1_000_000;

/// Attempts that are let through each minute.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Attempts {
    /// From one address. Carriers put hundreds of mobiles behind one.
    pub source: u32,
    /// With one mobile number.
    pub mobile: u32,
}

/// What is let through where an offering says nothing: a street behind one address, or a person who mistypes again and again; not a machine that tries cards.
pub const USUAL_ATTEMPTS: Attempts = Attempts { source: 300, mobile: 10 };

/// The rules of one offering. By default there are none but the usual brake.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fairness {
    /// Shares that one giver may hold and have paid.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limit: Option<u8>,
    /// The waiting room, while there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub room: Option<WaitingRoom>,
    /// The brake, where it is another than the usual.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub brake: Option<Attempts>,
}

impl Fairness {
    /// Whether there are no rules of its own.
    pub fn is_usual(&self) -> bool {
        *self == Fairness::default()
    }

    /// How many attempts are let through.
    pub fn attempts(&self) -> Attempts {
        self.brake.unwrap_or(USUAL_ATTEMPTS)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::moment::Moment;

    #[test]
    fn rules_that_are_not_set_leave_no_trace_and_are_read_from_none() {
        assert_eq!(serde_json::to_string(&Fairness::default()).unwrap(), "{}");
        assert_eq!(serde_json::from_str::<Fairness>("{}").unwrap(), Fairness::default());
        assert_eq!(Fairness::default().attempts(), USUAL_ATTEMPTS);
        let room = WaitingRoom::opened(50, Moment::from_millis(0), 0, Moment::from_millis(1_000));
        let rules = Fairness { limit: Some(7), room: Some(room), brake: Some(Attempts { source: 60, mobile: 3 }) };
        let text = serde_json::to_string(&rules).unwrap();
        assert_eq!(
            text,
            r#"{"limit":7,"room":{"paces":[{"since":1000,"base":0,"rate":50}]},"brake":{"source":60,"mobile":3}}"#
        );
        assert_eq!(serde_json::from_str::<Fairness>(&text).unwrap(), rules);
        assert!(!rules.is_usual() && Fairness::default().is_usual());
    }
}
