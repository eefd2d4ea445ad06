//! The notifications function against the emulated cloud, in process: who is told what, once, whatever happens.

#![allow(clippy::unwrap_used, clippy::panic)]

mod carriers;
mod events;
mod halfway;
mod sacrifice;
mod scene;
mod who;
