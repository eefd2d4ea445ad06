//! Offerings over the emulated cloud: every event in `events/api/sacrifice`, readers, operators, and what goes wrong between them and the buyers.

#![allow(clippy::unwrap_used)]

mod events;
mod meeting;
mod publishing;
mod reading;
mod scene;
mod waiting;
