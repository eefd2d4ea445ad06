//! Closing against the emulated cloud.
//!
//! - [`seals`]: a day is closed on every chain, once;
//! - [`publishing`]: what is said of it is signed once and published, whatever breaks off in between;
//! - [`growing`]: the log grows, and does not change; keys follow one another;
//! - [`tampering`]: a single changed byte in any page is found and named, and nothing is signed then.
#![allow(clippy::unwrap_used)]

mod growing;
mod publishing;
mod scene;
mod seals;
mod tampering;
