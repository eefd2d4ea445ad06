//! The catalogue over the emulated cloud: every event in `events/api/catalogue`, readers, operators, and what goes wrong between them.

#![allow(clippy::unwrap_used)]

mod events;
mod publishing;
mod reading;
mod scene;
