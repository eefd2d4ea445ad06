//! What people are given to read and keep: receipts and reports.
//!
//! Pure: what a document says comes in as a value, its bytes go out; the same value gives the same bytes. Nothing here reads the table,
//! the clock or the network.

#[cfg(feature = "receipt")]
pub mod receipt;
#[cfg(feature = "report")]
pub mod report;
