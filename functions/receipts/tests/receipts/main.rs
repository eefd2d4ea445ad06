//! The receipts function against the emulated cloud, in process.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod events;
mod halfway;
mod proving;
mod scene;
mod what_it_says;
