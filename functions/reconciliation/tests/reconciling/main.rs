//! Reconciliation against the emulated cloud and the provider to play against.

#![allow(clippy::unwrap_used)]

mod banking;
mod days;
mod minutes;
mod recalling;
mod scene;
mod twice;
