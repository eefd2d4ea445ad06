//! Which status of a payment may follow which: a provider tells of a change and shows it, and the two may be apart in time.
//!
//! The statuses are those that Moyasar documents, and those that its webhooks have in their names. A provider's status that is not among them
//! agrees with itself and with nothing else.

/// How what was fetched stands to what was told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// It is the same, or what may have become of it since.
    Agrees,
    /// What was told may still become of it.
    Behind,
    /// Neither can have become of the other.
    Contradicts,
}

/// Compares the status that was fetched with the one that was told.
///
/// ```
/// use verification::status::{Standing, compare};
/// assert_eq!(compare("paid", "refunded"), Standing::Agrees);
/// assert_eq!(compare("paid", "initiated"), Standing::Behind);
/// assert_eq!(compare("paid", "failed"), Standing::Contradicts);
/// ```
pub fn compare(told: &str, fetched: &str) -> Standing {
    if told == fetched || may_become(told).contains(&fetched) {
        Standing::Agrees
    } else if may_become(fetched).contains(&told) {
        Standing::Behind
    } else {
        Standing::Contradicts
    }
}

/// Everything that a payment of this status may yet become.
fn may_become(status: &str) -> &'static [&'static str] {
    match status {
        "initiated" => &[
            "verified",
            "authorized",
            "paid",
            "captured",
            "refunded",
            "voided",
            "failed",
            "abandoned",
            "canceled",
            "expired",
        ],
        "verified" => &["voided"],
        "authorized" => &["paid", "captured", "refunded", "voided", "failed", "canceled", "expired"],
        // Two names for money that was taken; which of them is shown depends on how it was taken.
        "paid" => &["captured", "refunded", "voided"],
        "captured" => &["paid", "refunded", "voided"],
        _ => &[],
    }
}
