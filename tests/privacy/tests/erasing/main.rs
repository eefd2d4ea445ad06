//! A person's data, from the gift to its erasure, through the functions that keep it.

#![allow(clippy::unwrap_used)]

mod halfway;
mod scene;
mod whole;
