//! The donations function against the emulated cloud and the provider's sandbox, in process.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
#![recursion_limit = "256"]

mod again;
mod animals;
mod events;
mod gifts;
mod halfway;
mod patience;
mod races;
mod scene;
mod shares;
