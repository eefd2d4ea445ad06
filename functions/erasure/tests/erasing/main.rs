//! What is left of an erased person's, and what has to come again.

#![allow(clippy::unwrap_used)]

mod events;
mod halfway;
mod scene;
