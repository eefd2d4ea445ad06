//! What people are given to read and keep.
//!
//! Pure: what a document says comes in as a value, its bytes go out; the same value gives the same bytes. Nothing here reads the table,
//! the clock or the network.
//!
//! - [`report`]: the report of a day, as JSON for programs, CSV for spreadsheets, and HTML for people and their printers.

pub mod report;
