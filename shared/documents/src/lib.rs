//! What people are given to read and keep.
//!
//! Pure: what a document says comes in as a value, its bytes go out; the same value gives the same bytes. Nothing here reads the table,
//! the clock or the network.
//!
//! - [`report`]: the report of a day, as JSON for programs, CSV for spreadsheets, and HTML for people and their printers;
//! - [`receipt`]: the receipt of a gift, as PDF. Behind the feature `receipt`, because it brings a typesetter;
//! - [`list`]: what a slaughterhouse is to carry out on a day, as CSV and PDF in Arabic. Behind the feature `list`, for the same reason.

mod amount;
#[cfg(feature = "list")]
pub mod list;
mod names;
#[cfg(feature = "receipt")]
mod press;
#[cfg(feature = "receipt")]
pub mod receipt;
pub mod report;
mod spreadsheet;

pub use names::fund as fund_name;
