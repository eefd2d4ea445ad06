//! Shares of a sacrifice, from the payment to the lot.

#![allow(clippy::unwrap_used)]

mod apart;
mod events;
mod given_up;
mod limits;
mod moving;
mod scene;
mod whatever;
